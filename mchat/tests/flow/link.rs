//! A client that stays, over restarts of the daemon.

use std::time::{Duration, Instant};

use mchat::client::model::{Anchor, ClientEvent, Link};
use mchat::client::{Client, Options, Outcome};

use crate::daemon::Daemon;
use crate::person::Person;

fn options(person: &Person) -> Options {
    let mut options = Options::new(person.profile());
    options.server = Some(person.server.parse().unwrap());
    options
}

#[test]
fn a_restart_is_noticed_at_once_and_passed_over() {
    let mut daemon = Daemon::start();
    let home = tempfile::tempdir().unwrap();
    let alice = Person::new(home.path(), "alice", &daemon.url());
    alice.run(&["send", "@alice", "one"]).ok();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let (client, mut events) = runtime.block_on(Client::open(options(&alice))).unwrap();
    let wait = |what: fn(&Link) -> bool, limit: Duration| {
        let mut link = client.watch_link();
        let started = Instant::now();
        runtime
            .block_on(async {
                tokio::time::timeout(limit, async { link.wait_for(what).await.map(|_| ()) }).await
            })
            .unwrap()
            .unwrap();
        started.elapsed()
    };
    let online = |link: &Link| matches!(link, Link::Online { .. });
    wait(online, Duration::from_secs(5));
    let chat = runtime.block_on(client.chats()).unwrap()[0].id;
    let stopping = std::thread::spawn(move || {
        daemon.stop();
        daemon
    });
    wait(
        |link| !matches!(link, Link::Online { .. }),
        Duration::from_secs(5),
    );
    let mut daemon = stopping.join().unwrap();
    // Typed meanwhile.
    let id = runtime
        .block_on(client.send(chat, "two", None, None))
        .unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    daemon.again();
    let took = wait(online, Duration::from_secs(10));
    assert!(took < Duration::from_secs(3), "{took:?}");
    let outcome = runtime
        .block_on(async { tokio::time::timeout(Duration::from_secs(5), client.outcome(id)).await })
        .unwrap()
        .unwrap();
    assert!(matches!(outcome, Outcome::Stored(_)));
    // Until the cache has everything.
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(5), async {
            client.sync(false).await.unwrap();
        })
        .await
        .unwrap();
    });
    let timeline = runtime
        .block_on(client.timeline(chat, Anchor::Latest, 50))
        .unwrap();
    let ids: Vec<_> = timeline.entries.iter().map(|entry| entry.seq).collect();
    assert_eq!(ids, (1..=timeline.head).collect::<Vec<_>>());
    assert!(timeline.outbox.is_empty());
    let mut synced = 0;
    while let Ok(event) = events.try_recv() {
        synced += usize::from(event == ClientEvent::Synced);
    }
    assert!(synced >= 1);
    runtime.block_on(client.close());
}

#[test]
fn typing_presence_and_cursors_arrive() {
    let daemon = Daemon::start();
    let home = tempfile::tempdir().unwrap();
    let alice = Person::new(home.path(), "alice", &daemon.url());
    let bob = Person::new(home.path(), "bob", &daemon.url());
    alice.run(&["send", "@bob", "hello"]).ok();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (a, mut a_events) = Client::open(options(&alice)).await.unwrap();
        let (b, mut b_events) = Client::open(options(&bob)).await.unwrap();
        let until = async |events: &mut mchat::client::Events,
                           what: &dyn Fn(&ClientEvent) -> bool| {
            tokio::time::timeout(Duration::from_secs(10), async {
                while !what(&events.recv().await.unwrap()) {}
            })
            .await
            .unwrap();
        };
        until(&mut a_events, &|event| *event == ClientEvent::Synced).await;
        until(&mut b_events, &|event| *event == ClientEvent::Synced).await;
        let chat = a.chats().await.unwrap()[0].id;
        a.open_chat(Some(chat));
        let bob_id = b.account().unwrap().user;
        // Bob has received it by being there, and is seen.
        loop {
            let timeline = a.timeline(chat, Anchor::Latest, 10).await.unwrap();
            let row = timeline.members.iter().find(|row| row.user == bob_id);
            if row.is_some_and(|row| row.delivered >= timeline.head) {
                break;
            }
            until(&mut a_events, &|event| {
                matches!(event, ClientEvent::Cursors(_))
            })
            .await;
        }
        assert!(a.presence()[&bob_id].online);
        b.typing(chat, true);
        until(&mut a_events, &|event| {
            matches!(event, ClientEvent::Typing { on: true, username, .. } if username == "bob")
        })
        .await;
        let head = b.chat(chat).await.unwrap().unwrap().head;
        b.mark_read(chat, head).await.unwrap();
        assert_eq!(b.chat(chat).await.unwrap().unwrap().unread, 0);
        loop {
            let timeline = a.timeline(chat, Anchor::Latest, 10).await.unwrap();
            let row = timeline.members.iter().find(|row| row.user == bob_id);
            if row.is_some_and(|row| row.read >= head) {
                break;
            }
            until(&mut a_events, &|event| {
                matches!(event, ClientEvent::Cursors(_))
            })
            .await;
        }
        a.close().await;
        b.close().await;
    });
}
