//! A server with several nodes, of which one falls silent or dies.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mchat::client::model::Link;
use mchat::client::{Client, Events, Options, Outcome};
use tokio::runtime::Runtime;

use crate::daemon::Daemon;
use crate::front::Front;
use crate::mute::Mute;
use crate::person::Person;

/// Alice, connected to a daemon by its front, who knows what the daemon names.
struct World {
    client: Client,
    _events: Events,
    runtime: Runtime,
    alice: Person,
    front: Front,
    daemon: Daemon,
    _home: tempfile::TempDir,
}

impl World {
    /// `named`: whether the daemon names its own address.
    fn new(udp: bool, named: bool) -> Self {
        let mut daemon = Daemon::start();
        let front = Front::start(daemon.address(), udp);
        let home = tempfile::tempdir().unwrap();
        let alice = Person::new(home.path(), "alice", &front.url());
        alice.run(&["send", "@alice", "one"]).ok();
        if named {
            daemon.advertise(daemon.address().to_string());
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let mut options = Options::new(alice.profile());
        options.server = Some(alice.server.parse().unwrap());
        let (client, events) = runtime.block_on(Client::open(options)).unwrap();
        let world = Self {
            client,
            _events: events,
            runtime,
            alice,
            front,
            daemon,
            _home: home,
        };
        world.online_at(world.front.address(), Duration::from_secs(10));
        world
    }

    /// Waits until the client is online at this address.
    #[track_caller]
    fn online_at(&self, address: SocketAddr, limit: Duration) -> Duration {
        let address = address.to_string();
        let started = Instant::now();
        let mut link = self.client.watch_link();
        let online = link
            .wait_for(|link| matches!(link, Link::Online { address: at, .. } if *at == address));
        let waited = self
            .runtime
            .block_on(async { tokio::time::timeout(limit, online).await.map(drop) });
        assert!(waited.is_ok(), "{:?}", self.client.link());
        started.elapsed()
    }

    /// Sends a message and waits until it is stored.
    #[track_caller]
    fn send(&self, text: &str, limit: Duration) -> Duration {
        let started = Instant::now();
        let outcome = self.runtime.block_on(async {
            let chat = self.client.chats().await.unwrap()[0].id;
            let id = self.client.send(chat, text, None, None).await.unwrap();
            tokio::time::timeout(limit, self.client.outcome(id)).await
        });
        assert!(
            matches!(outcome, Ok(Ok(Outcome::Stored(_)))),
            "{outcome:?} {:?}",
            self.client.link()
        );
        started.elapsed()
    }

    fn close(&self) {
        self.runtime.block_on(self.client.close());
    }
}

#[test]
fn a_message_to_a_silent_node_is_stored_by_another_within_three_seconds() {
    for udp in [true, false] {
        let world = World::new(udp, true);
        world.front.silence();
        let took = world.send("two", Duration::from_secs(10));
        assert!(took >= Duration::from_millis(1_500), "{took:?}");
        assert!(took < Duration::from_secs(3), "udp {udp}: {took:?}");
        world.online_at(world.daemon.address(), Duration::from_secs(1));
        world.close();
        // Nothing was doubled, and the next command knows where to go.
        let history = world
            .alice
            .run(&["--json", "history", "@alice"])
            .ok()
            .json();
        let texts: Vec<_> = history
            .iter()
            .filter_map(|row| row["text"].as_str())
            .collect();
        assert_eq!(texts, ["one", "two"]);
        let whoami = world.alice.run(&["--json", "whoami"]).ok().one();
        assert_eq!(whoami["server"], world.front.url());
        assert_eq!(whoami["address"], world.daemon.address().to_string());
    }
}

#[test]
fn an_idle_client_leaves_a_dead_node() {
    for udp in [true, false] {
        let mut world = World::new(udp, true);
        world.front.kill();
        let took = world.online_at(world.daemon.address(), Duration::from_secs(20));
        assert!(took < Duration::from_secs(10), "udp {udp}: {took:?}");
        world.send("two", Duration::from_secs(3));
        world.close();
        // The node that a person gave stays dead: the other one is known.
        world.alice.run(&["send", "@alice", "three"]).ok();
    }
}

#[test]
fn a_single_silent_address_is_connected_to_anew() {
    for udp in [true, false] {
        let world = World::new(udp, false);
        world.front.silence();
        let took = world.send("two", Duration::from_secs(10));
        assert!(took < Duration::from_secs(3), "udp {udp}: {took:?}");
        world.online_at(world.front.address(), Duration::from_secs(1));
        world.close();
    }
}

#[test]
fn a_named_node_with_another_key_is_passed_over() {
    let mut daemon = Daemon::start();
    let other = Daemon::start();
    let home = tempfile::tempdir().unwrap();
    let alice = Person::new(home.path(), "alice", &daemon.url());
    alice.run(&["send", "@alice", "one"]).ok();
    daemon.advertise(other.address().to_string());
    alice.run(&["sync"]).ok();
    daemon.stop();
    // Neither a changed certificate nor a question: the server is not reached.
    let failed = alice.run(&["sync"]).code(3);
    assert!(!failed.err.contains(&other.fingerprint()), "{}", failed.err);
    let known = std::fs::read_to_string(alice.profile().join("known_servers")).unwrap();
    assert!(!known.contains(&other.address().to_string()), "{known}");
    daemon.again();
    alice.run(&["sync"]).ok();
}

#[test]
fn a_node_that_answers_hello_alone_does_not_hold_a_message() {
    let daemon = Daemon::start();
    let home = tempfile::tempdir().unwrap();
    let alice = Person::new(home.path(), "alice", &daemon.url());
    alice.run(&["send", "@alice", "one"]).ok();
    let mute = Mute::start(daemon.dir.path(), &alice.profile(), daemon.address());
    let server = format!("mchat://{}", mute.address);
    let sent = alice
        .run(&["--server", &server, "send", "@alice", "two"])
        .ok();
    assert!(sent.took >= Duration::from_millis(1_500), "{:?}", sent.took);
    assert!(sent.took < Duration::from_secs(3), "{:?}", sent.took);
    // The node that was named is trusted by the key and tried first from now on.
    let again = alice
        .run(&["--server", &server, "send", "@alice", "three"])
        .ok();
    assert!(
        again.took < Duration::from_millis(1_500),
        "{:?}",
        again.took
    );
    let whoami = alice.run(&["--json", "whoami"]).ok().one();
    assert_eq!(whoami["server"], server);
    assert_eq!(whoami["address"], daemon.address().to_string());
}
