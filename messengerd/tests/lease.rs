//! Nodes on one database: who may come in, and what the others see of it.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

#[path = "servers/postgres.rs"]
mod postgres;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use messengerd::store::postgres::{
    Lease, LeaseError, Node, Pace, Settings, TlsMode, UNKNOWN_BUS, migrate,
};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Fast enough for tests.
const PACE: Pace = Pace {
    renew: Duration::from_millis(200),
    lapse: Duration::from_millis(1500),
};

fn settings(server: tokio_postgres::Config) -> Settings {
    Settings::new(server, TlsMode::Disable, None).unwrap()
}

async fn database() -> (postgres::Database, Settings) {
    let database = postgres::database().await;
    let settings = settings(database.config.clone());
    migrate(&settings).await.unwrap();
    (database, settings)
}

fn node(address: &str, bus: Option<Uuid>) -> Node {
    Node {
        id: Uuid::new_v4(),
        advertise: Some(address.to_owned()),
        bus,
    }
}

/// A lease that is renewed.
struct Held {
    nodes: watch::Receiver<Vec<String>>,
    stop: CancellationToken,
    task: JoinHandle<Result<(), LeaseError>>,
    bus: Arc<Mutex<Option<Uuid>>>,
}

impl Held {
    async fn new(settings: &Settings, node: Node) -> Self {
        Self::renew(Lease::take_at(settings, node, PACE).await.unwrap())
    }

    fn renew(lease: Lease) -> Self {
        let (bus, stop) = (Arc::new(Mutex::new(None)), CancellationToken::new());
        let learned = bus.clone();
        Self {
            nodes: lease.nodes(),
            task: tokio::spawn(lease.run(stop.clone(), move || *learned.lock().unwrap())),
            stop,
            bus,
        }
    }

    /// The bus answers, or is another one now.
    fn learns(&self, bus: Option<Uuid>) {
        *self.bus.lock().unwrap() = bus;
    }

    async fn sees(&mut self, expected: &[&str]) {
        let seen = self.nodes.wait_for(|nodes| nodes == expected);
        let seen = tokio::time::timeout(Duration::from_secs(20), seen).await;
        let in_time = seen.is_ok_and(|seen| seen.is_ok());
        assert!(in_time, "{:?}", *self.nodes.borrow());
    }

    async fn give_back(self) {
        self.stop.cancel();
        self.task.await.unwrap().unwrap();
    }
}

async fn refusal(settings: &Settings, node: Node) -> String {
    match Lease::take_at(settings, node, PACE).await {
        Err(LeaseError::Refused { sentence, .. }) => sentence,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("not refused"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_on_one_bus_see_each_other_come_and_go() {
    let (_database, settings) = database().await;
    let bus = Some(Uuid::new_v4());
    let mut one = Held::new(&settings, node("one:1", bus)).await;
    one.sees(&["one:1"]).await;
    let mut two = Held::new(&settings, node("two:2", bus)).await;
    let silent = Node {
        advertise: None,
        ..node("", bus)
    };
    let silent = Held::new(&settings, silent).await;
    two.sees(&["one:1", "two:2"]).await;
    one.sees(&["one:1", "two:2"]).await;
    one.give_back().await;
    two.sees(&["two:2"]).await;
    silent.give_back().await;
    two.give_back().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_would_not_hear_of_each_other_are_refused() {
    let (_database, settings) = database().await;
    let bus = Some(Uuid::new_v4());
    for (held, new, says) in [
        (None, None, "this one has no Redis"),
        (None, bus, "without Redis"),
        (bus, None, "this one has no Redis"),
        (bus, Some(Uuid::new_v4()), "another Redis"),
    ] {
        let one = Held::new(&settings, node("chat1.example.org:8443", held)).await;
        let said = refusal(&settings, node("two:2", new)).await;
        assert!(
            said.contains("chat1.example.org:8443")
                && said.contains(says)
                && said.contains("stop it"),
            "{said}"
        );
        assert!(!one.task.is_finished());
        one.give_back().await;
        // A node that is gone in order is in nobody's way.
        Held::new(&settings, node("two:2", new))
            .await
            .give_back()
            .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_node_is_waited_for_until_its_lease_lapses() {
    let (_database, settings) = database().await;
    // Never renewed, as after kill -9.
    drop(
        Lease::take_at(&settings, node("one:1", None), PACE)
            .await
            .unwrap(),
    );
    let mut two = Held::new(&settings, node("two:2", None)).await;
    two.sees(&["two:2"]).await;
    two.give_back().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restarted_node_takes_over_its_own_lease_at_once() {
    let (_database, settings) = database().await;
    let one = node("one:1", None);
    let slow = Pace {
        renew: Duration::from_millis(200),
        lapse: Duration::from_secs(3600),
    };
    let earlier = Lease::take_at(&settings, one.clone(), slow).await.unwrap();
    let again = Lease::take_at(&settings, one, slow).await.unwrap();
    // The earlier run, if it still is there, ends.
    match earlier.run(CancellationToken::new(), || None).await {
        Err(LeaseError::Refused { sentence, .. }) => {
            assert!(sentence.contains("node.id"), "{sentence}")
        }
        other => panic!("{other:?}"),
    }
    Held::renew(again).give_back().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_slept_while_another_came_in_ends() {
    let (_database, settings) = database().await;
    let sleeper = Lease::take_at(&settings, node("one:1", None), PACE)
        .await
        .unwrap();
    let two = Held::new(&settings, node("two:2", None)).await;
    match sleeper.run(CancellationToken::new(), || None).await {
        Err(LeaseError::Refused { sentence, other }) => {
            assert_eq!(other, "two:2");
            assert!(sentence.contains("two:2"), "{sentence}");
        }
        other => panic!("{other:?}"),
    }
    assert!(!two.task.is_finished());
    two.give_back().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_slept_alone_goes_on() {
    let (_database, settings) = database().await;
    let bus = Some(Uuid::new_v4());
    let sleeper = Lease::take_at(&settings, node("one:1", bus), PACE)
        .await
        .unwrap();
    // Another one on the same bus has removed the lapsed row.
    let mut two = Held::new(&settings, node("two:2", bus)).await;
    two.sees(&["two:2"]).await;
    let third = Held::new(&settings, node("three:3", bus)).await;
    let mut one = Held::renew(sleeper);
    one.sees(&["one:1", "two:2", "three:3"]).await;
    for held in [one, two, third] {
        held.give_back().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_outlives_the_absence_of_the_database() {
    let mut server = postgres::Server::start(&postgres::Options {
        durable: true,
        ..postgres::Options::default()
    });
    let settings = settings(server.config());
    migrate(&settings).await.unwrap();
    let bus = Some(Uuid::new_v4());
    let mut one = Held::new(&settings, node("one:1", bus)).await;
    server.kill();
    server.restart();
    assert!(!one.task.is_finished());
    let two = Held::new(&settings, node("two:2", bus)).await;
    one.sees(&["one:1", "two:2"]).await;
    two.give_back().await;
    one.give_back().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_bus_has_not_answered_comes_in_and_is_examined_once_it_has() {
    let (_database, settings) = database().await;
    let bus = Some(Uuid::new_v4());
    let one = Held::new(&settings, node("one:1", bus)).await;
    let mut two = Held::new(&settings, node("two:2", Some(UNKNOWN_BUS))).await;
    two.learns(bus);
    two.sees(&["one:1", "two:2"]).await;
    // It is not what one without a bus may run beside, though.
    let said = refusal(&settings, node("three:3", None)).await;
    assert!(said.contains("this one has no Redis"), "{said}");
    // Of two on different buses the younger one ends.
    let four = Held::new(&settings, node("four:4", Some(UNKNOWN_BUS))).await;
    four.learns(Some(Uuid::new_v4()));
    match four.task.await.unwrap() {
        Err(LeaseError::Refused { sentence, .. }) => {
            assert!(
                sentence.contains("one:1") && sentence.contains("another Redis"),
                "{sentence}"
            );
        }
        other => panic!("{other:?}"),
    }
    for held in [one, two] {
        assert!(!held.task.is_finished());
        held.give_back().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bus_that_was_replaced_for_all_is_no_obstacle() {
    let (_database, settings) = database().await;
    let (old, new) = (Some(Uuid::new_v4()), Some(Uuid::new_v4()));
    let one = Held::new(&settings, node("one:1", old)).await;
    let two = Held::new(&settings, node("two:2", old)).await;
    // The third one starts before the others have noticed.
    let starting = tokio::spawn({
        let settings = settings.clone();
        async move { Held::new(&settings, node("three:3", new)).await }
    });
    for held in [&one, &two] {
        held.learns(new);
    }
    let mut three = starting.await.unwrap();
    three.sees(&["one:1", "two:2", "three:3"]).await;
    for held in [one, two, three] {
        held.give_back().await;
    }
}
