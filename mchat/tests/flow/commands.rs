//! What each command does, and its exit codes.

use std::time::Duration;

use serde_json::Value;

use crate::daemon::Daemon;
use crate::forward::Forward;
use crate::person::Person;

#[test]
fn two_people_talk() {
    let daemon = Daemon::start();
    let home = tempfile::tempdir().unwrap();
    let alice = Person::new(home.path(), "alice", &daemon.url());
    let bob = Person::new(home.path(), "bob", &daemon.url());
    assert_eq!(alice.run(&["whoami"]).ok().out, "alice\n");

    let chat = alice.run(&["new", "@bob"]).ok().out.trim().to_owned();
    assert_eq!(alice.run(&["new", "@Bob"]).ok().out.trim(), chat);
    let watch = bob.watch(&[]);
    assert!(watch.said().contains("connected"));
    let id = alice.run(&["send", "@bob", "hello\u{1b}[2J"]).ok();
    let id = id.out.trim().to_owned();
    assert_eq!(watch.text(), "hello\u{1b}[2J");

    // To a person it comes without what steers a terminal; to a script as it is.
    let shown = bob.run(&["history", "@alice"]).ok().out;
    assert!(shown.contains("alice: hello\u{fffd}[2J"), "{shown:?}");
    let rows = bob.run(&["--json", "history", &chat]).ok().json();
    let last = rows.last().unwrap();
    assert_eq!(last["text"], "hello\u{1b}[2J");
    assert_eq!(last["id"], id.as_str());
    assert_eq!(last["actor_name"], "alice");

    // By the beginning of the id, and by name.
    alice
        .input(&["send", &chat[..13], "-"], "from\nstandard input\n")
        .ok();
    assert_eq!(watch.text(), "from\nstandard input");
    alice.run(&["send", "bob", "third"]).ok();
    assert_eq!(watch.text(), "third");

    let unread = bob.run(&["--json", "unread"]).ok().one();
    assert_eq!(unread["unread"], 3);
    bob.run(&["read", "@alice"]).ok();
    assert_eq!(bob.run(&["unread"]).ok().out, "0\n");

    let group = alice
        .run(&["new", "--group", "Team", "@bob"])
        .ok()
        .out
        .trim()
        .to_owned();
    bob.run(&["send", "Team", "in the group"]).ok();
    assert_eq!(watch.text(), "in the group");
    let chats = alice.run(&["--json", "chats"]).ok().json();
    assert_eq!(chats.len(), 2);
    assert!(
        chats
            .iter()
            .any(|row| row["title"] == "Team" && row["id"] == group.as_str())
    );

    for person in [&alice, &bob] {
        let verified = person.run(&["--json", "sync", "--verify"]).ok().one();
        assert_eq!(verified["chats"], 2);
        assert_eq!(verified["differences"], serde_json::json!([]));
    }
}

#[test]
fn exit_codes() {
    let daemon = Daemon::start();
    let home = tempfile::tempdir().unwrap();
    let nobody = Person::stranger(home.path(), "nobody", &daemon.url());
    for args in [
        &["whoami"][..],
        &["chats"],
        &["unread"],
        &["send", "@x", "y"],
    ] {
        nobody.run(args).code(4);
    }
    let alice = Person::new(home.path(), "alice", &daemon.url());
    alice.run(&["send", "@nobody", "x"]).code(6);
    alice.run(&["history", "no such chat"]).code(6);
    alice.run(&["send", "@alice", " "]).code(2);
    alice.run(&["nonsense"]).code(2);
    alice.run(&["new"]).code(2);
    alice.run(&["-P", "../x", "chats"]).code(2);
    alice.run(&["new", "--group", "Same"]).ok();
    alice.run(&["new", "--group", "Same"]).ok();
    let ambiguous = alice.run(&["send", "Same", "x"]).code(2);
    assert_eq!(ambiguous.err.lines().count(), 3, "{}", ambiguous.err);
    let wrong = nobody
        .input(
            &["login", "--user", "alice", "--password-file", "-"],
            "wrong horse\n",
        )
        .code(1);
    let unknown = nobody
        .input(
            &["login", "--user", "alicia", "--password-file", "-"],
            "wrong horse\n",
        )
        .code(1);
    assert_eq!(wrong.err, unknown.err);
    nobody
        .input(
            &[
                "--json",
                "register",
                "--user",
                "ALICE",
                "--password-file",
                "-",
            ],
            "correct horse\n",
        )
        .code(1);
    alice.run(&["watch", "--since", "nonsense"]).code(2);
    let other = format!("{}-1", "0".repeat(32));
    alice.run(&["watch", "--since", &other]).code(2);
    alice.run(&["logout"]).ok();
    alice.run(&["whoami"]).code(4);
    let login = &["login", "--user", "alice", "--password-file", "-"];
    alice.input(login, "correct horse\n").ok();
    assert_eq!(alice.run(&["--json", "chats"]).ok().json().len(), 2);
}

#[test]
fn watch_resumes_without_missing_or_doubling() {
    let daemon = Daemon::start();
    let home = tempfile::tempdir().unwrap();
    let alice = Person::new(home.path(), "alice", &daemon.url());
    let bob = Person::new(home.path(), "bob", &daemon.url());
    bob.run(&["new", "@alice"]).ok();
    let watch = alice.watch(&[]);
    assert!(watch.said().contains("connected"));
    bob.run(&["send", "@alice", "1"]).ok();
    let cursor = loop {
        let row = watch.next();
        if row["text"] == "1" {
            break row["cursor"].as_str().unwrap().to_owned();
        }
    };
    watch.ended_without();
    for text in ["2", "3", "4"] {
        bob.run(&["send", "@alice", text]).ok();
    }
    // Another process receives them meanwhile.
    alice.run(&["sync"]).ok();
    let watch = alice.watch(&["--since", &cursor, "@bob"]);
    for text in ["2", "3", "4"] {
        assert_eq!(watch.text(), text);
    }
    bob.run(&["send", "@alice", "5"]).ok();
    assert_eq!(watch.text(), "5");
    watch.ended_without();
}

#[test]
fn over_websocket_where_udp_does_not_get_through() {
    let daemon = Daemon::start();
    let home = tempfile::tempdir().unwrap();
    for (silent, one, two) in [(true, "ann", "ben"), (false, "cat", "dan")] {
        let forward = Forward::tcp_only(daemon.address(), silent);
        let url = format!("mchat://{}", forward.address);
        let one = Person::new(home.path(), one, &url);
        let two = Person::new(home.path(), two, &url);
        one.run(&["new", &format!("@{}", two.name)]).ok();
        let watch = two.watch(&[]);
        assert!(watch.said().contains("WebSocket"));
        let sent = one.run(&["send", &format!("@{}", two.name), "hello"]).ok();
        assert_eq!(watch.text(), "hello");
        assert!(sent.took < Duration::from_secs(1), "{:?}", sent.took);
    }
}

#[test]
fn what_steers_a_terminal_reaches_none() {
    let daemon = Daemon::start();
    let home = tempfile::tempdir().unwrap();
    let alice = Person::new(home.path(), "alice", &daemon.url());
    let bob = Person::new(home.path(), "bob", &daemon.url());
    let chat = alice.run(&["new", "@bob"]).ok().out.trim().to_owned();
    let hostile = "a\u{1b}]0;title\u{7}b\u{9b}31mred\u{7f} \u{202e}gnp.exe\u{2066}\u{e0001}\r\tend";
    let watch = bob.watch(&[]);
    assert!(watch.said().contains("connected"));
    alice.run(&["send", &chat, hostile]).ok();
    let live = loop {
        let line = watch.line();
        if line.contains("\"message\"") {
            break line;
        }
    };
    let json = [
        live,
        bob.run(&["--json", "history", &chat]).ok().out,
        bob.run(&["--json", "chats"]).ok().out,
    ];
    for out in &json {
        let bare = out.replace('\n', "");
        assert!(!bare.chars().any(proto::text::is_steering), "{bare:?}");
        // Escaped, not changed: a program reads what was written.
        let read: Vec<Value> = out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let text = |value: &Value| {
            value["text"]
                .as_str()
                .or(value["last"]["text"].as_str())
                .map(str::to_owned)
        };
        assert!(
            read.iter().filter_map(text).any(|text| text == hostile),
            "{out}"
        );
    }
    for out in [
        bob.run(&["history", &chat]).ok().out,
        bob.run(&["chats"]).ok().out,
    ] {
        let bare = out.replace('\n', "");
        assert!(
            !bare
                .chars()
                .any(|c| c != '\t' && proto::text::is_steering(c)),
            "{bare:?}"
        );
    }
}

#[test]
fn nobody_reading_is_no_error() {
    let daemon = Daemon::start();
    let home = tempfile::tempdir().unwrap();
    let alice = Person::new(home.path(), "alice", &daemon.url());
    for name in ["one", "two", "three"] {
        alice.run(&["new", "--group", name]).ok();
    }
    let mut command = alice.command(&["chats"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let child = command
        .stdout(writer)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(command);
    let done = child.wait_with_output().unwrap();
    assert_eq!(done.status.code(), Some(0));
    assert!(done.stderr.is_empty());
}
