//! What was typed is delivered exactly once, whatever happens.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::daemon::Daemon;
use crate::person::Person;

fn texts(person: &Person, chat: &str) -> Vec<String> {
    person
        .run(&["--json", "history", "-n", "1000", chat])
        .ok()
        .json()
        .iter()
        .filter_map(|row| row["text"].as_str().map(str::to_owned))
        .collect()
}

#[test]
fn offline_it_waits_and_the_next_one_delivers() {
    let mut daemon = Daemon::start();
    let home = tempfile::tempdir().unwrap();
    let alice = Person::new(home.path(), "alice", &daemon.url());
    let bob = Person::new(home.path(), "bob", &daemon.url());
    alice.run(&["new", "@bob"]).ok();
    alice.run(&["sync"]).ok();
    daemon.stop();
    let at_once = alice.run(&["send", "@bob", "1", "--no-wait"]).code(8);
    assert_eq!(at_once.one()["state"], "queued");
    assert!(at_once.err.contains("outbox"), "{}", at_once.err);
    let waited = alice
        .run(&["--timeout", "1", "--json", "send", "@bob", "2"])
        .code(8);
    assert!(waited.took >= Duration::from_secs(1));
    assert_eq!(waited.one()["state"], "queued");
    alice.run(&["chats"]).code(3);
    bob.run(&["history", "@alice"]).code(3);
    daemon.again();
    // Any command that connects takes it along, in order.
    alice.run(&["chats"]).ok();
    assert_eq!(texts(&bob, "@alice"), ["1", "2"]);
    alice.run(&["send", "@bob", "3"]).ok();
    assert_eq!(texts(&bob, "@alice"), ["1", "2", "3"]);
    alice.run(&["sync", "--verify"]).ok();
}

#[test]
fn the_same_id_is_stored_once() {
    let daemon = Daemon::start();
    let home = tempfile::tempdir().unwrap();
    let alice = Person::new(home.path(), "alice", &daemon.url());
    let id = "01990000-0000-7000-8000-000000000001";
    for _ in 0..3 {
        let done = alice.run(&["send", "@alice", "note", "--id", id]).ok();
        assert_eq!(done.out.trim(), id);
    }
    assert_eq!(texts(&alice, "@alice"), ["note"]);
}

#[test]
fn many_processes_share_one_profile() {
    let daemon = Daemon::start();
    let home = tempfile::tempdir().unwrap();
    let alice = Person::new(home.path(), "alice", &daemon.url());
    let bob = Person::new(home.path(), "bob", &daemon.url());
    alice.run(&["new", "@bob"]).ok();
    alice.run(&["sync"]).ok();
    let watches = [alice.watch(&[]), alice.watch(&[]), bob.watch(&[])];
    for watch in &watches {
        assert!(watch.said().contains("connected"));
    }
    let sent: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|worker| {
                let alice = &alice;
                scope.spawn(move || {
                    (0..5)
                        .map(|n| {
                            let text = format!("{worker}-{n}");
                            let done = alice.run(&["send", "@bob", &text]).ok();
                            assert!(!done.err.contains("locked"));
                            text
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    let mut wanted = sent.clone();
    wanted.sort();
    for watch in watches {
        let mut seen: Vec<String> = wanted.iter().map(|_| watch.text()).collect();
        seen.sort();
        assert_eq!(seen, wanted);
        watch.ended_without();
    }
    let mut stored = texts(&bob, "@alice");
    stored.sort();
    assert_eq!(stored, wanted);
    // Of each worker in order.
    alice.run(&["sync", "--verify"]).ok();
    bob.run(&["sync", "--verify"]).ok();
}

#[test]
fn a_killed_sender_loses_and_doubles_nothing() {
    let daemon = Daemon::start();
    let home = tempfile::tempdir().unwrap();
    let alice = Person::new(home.path(), "alice", &daemon.url());
    let bob = Person::new(home.path(), "bob", &daemon.url());
    alice.run(&["new", "@bob"]).ok();
    alice.run(&["sync"]).ok();
    let mut acknowledged = Vec::new();
    for round in 0u64..24 {
        let text = format!("round {round}");
        let mut child = alice
            .command(&["send", "@bob", &text])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        // From before the outbox to after the answer.
        std::thread::sleep(Duration::from_millis(round * 37 % 120));
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        if !output.stdout.is_empty() {
            acknowledged.push(text);
        }
    }
    // Whatever still waits goes out now, and nothing twice.
    alice.run(&["sync", "--verify"]).ok();
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for text in texts(&bob, "@alice") {
        *counts.entry(text).or_default() += 1;
    }
    assert!(counts.values().all(|count| *count == 1), "{counts:?}");
    for text in acknowledged {
        assert!(counts.contains_key(&text), "{text} is lost");
    }
    let db = mchat::client::cache::Db::open(&alice.profile()).unwrap();
    assert!(db.outbox(None).unwrap().is_empty());
}
