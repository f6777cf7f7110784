//! Every command of the command line, with `--json`: what it prints is what the
//! manual says.

use std::cell::RefCell;
use std::collections::BTreeSet;

use mchat::cli::schema::{self, VERBS};
use serde_json::Value;

use crate::daemon::Daemon;
use crate::person::Person;

/// Runs commands and holds what they print against its description.
#[derive(Default)]
struct Told {
    verbs: RefCell<BTreeSet<&'static str>>,
}

impl Told {
    #[track_caller]
    fn by(&self, person: &Person, args: &[&str]) -> Vec<Value> {
        let mut all = vec!["--json"];
        all.extend(args);
        let lines = person.run(&all).ok().json();
        self.check(args, &lines);
        lines
    }

    #[track_caller]
    fn one(&self, person: &Person, args: &[&str]) -> Value {
        let mut lines = self.by(person, args);
        assert_eq!(lines.len(), 1, "{args:?}: {lines:?}");
        lines.remove(0)
    }

    #[track_caller]
    fn check(&self, args: &[&str], lines: &[Value]) {
        let words = args.join(" ");
        let verb = VERBS
            .iter()
            .map(|prints| prints.verb)
            .filter(|verb| words == *verb || words.starts_with(&format!("{verb} ")))
            .max_by_key(|verb| verb.len())
            .unwrap();
        for line in lines {
            schema::check(verb, line).unwrap();
        }
        if !lines.is_empty() {
            self.verbs.borrow_mut().insert(verb);
        }
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

#[test]
fn every_command_prints_what_the_manual_says() {
    let daemon = Daemon::start();
    let home = tempfile::tempdir().unwrap();
    let told = Told::default();
    let anna = Person::new(home.path(), "anna", &daemon.url());
    let bob = Person::new(home.path(), "bob", &daemon.url());
    let carl = Person::new(home.path(), "carl", &daemon.url());
    messages(&told, &anna, &bob);
    chats(&told, &anna, &bob, &carl);
    people(&told, &anna, &bob);
    account(&told, &daemon, home.path(), &anna);
    let seen = told.verbs.into_inner();
    // Those that do not end by themselves have tests of their own.
    let others = ["watch", "wait-for", "hook run"];
    let missing: Vec<&str> = VERBS
        .iter()
        .map(|prints| prints.verb)
        .filter(|verb| !seen.contains(verb) && !others.contains(verb))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

fn messages(told: &Told, anna: &Person, bob: &Person) {
    let chat = told.one(anna, &["new", "@bob"]);
    let chat = text(&chat, "chat");
    let sent = told.one(anna, &["send", "@bob", "first wörds"]);
    assert_eq!(sent["state"], "stored");
    told.one(bob, &["send", chat, "second"]);
    told.one(anna, &["reply", "@bob", "last:@bob", "an answer"]);
    told.one(anna, &["edit", "@bob", "mine", "a better answer"]);
    told.one(bob, &["react", chat, "last", ":+1:"]);
    told.one(bob, &["react", chat, "last", "🎉"]);
    told.one(bob, &["unreact", chat, "last", "🎉"]);
    let id = text(&sent, "id");
    told.one(anna, &["pin", "@bob", &id[..18]]);
    let pins = told.by(bob, &["pins", "@anna"]);
    assert_eq!(text(&pins[0], "id"), id);

    let shown = told.one(anna, &["show", "@bob", "mine"]);
    assert_eq!(shown["text"], "a better answer");
    assert_eq!(shown["edits"], 1);
    assert_eq!(shown["history"][0]["text"], "an answer");
    assert_eq!(shown["reply_to"]["text"], "second");
    assert_eq!(shown["reacted"].as_array().unwrap().len(), 1);
    assert_eq!(shown["reactions"][0]["emoji"], "👍");
    let raw = anna.run(&["show", "@bob", "mine", "--raw"]).ok().out;
    assert_eq!(raw, "a better answer\n");

    told.one(anna, &["unpin", "@bob", id]);
    assert!(bob.run(&["pins", chat]).ok().out.is_empty());
    told.one(anna, &["forward", "@bob", "last:@bob", "@anna"]);
    let notes = told.by(anna, &["history", "@anna"]);
    assert_eq!(notes.last().unwrap()["forwarded"], "bob");
    told.one(bob, &["delete", chat, "mine"]);
    let rows = told.by(anna, &["history", chat]);
    let deleted: Vec<_> = rows.iter().filter(|row| row["deleted"] == true).collect();
    assert_eq!(deleted.len(), 1);
    assert_eq!(deleted[0]["text"], "");
    let log = told.by(anna, &["history", chat, "--log", "-n", "100"]);
    for word in ["edited", "deleted", "reacted", "pinned"] {
        assert!(log.iter().any(|row| row["type"] == word), "{word}");
    }
    let before = log.last().unwrap()["seq"].to_string();
    let part = told.by(
        anna,
        &["history", chat, "--log", "-n", "2", "--before", &before],
    );
    assert_eq!(part, log[log.len() - 3..log.len() - 1]);

    // What a script names from the end is what there is now.
    anna.run(&["edit", "@bob", "last:@bob", "not mine"]).code(6);
    anna.run(&["edit", "@bob", "2000", "none"]).code(6);
    for none in [":no-such-code:", "nonsense", "7"] {
        anna.run(&["react", "@bob", "last", none]).code(2);
    }
    anna.run(&["pin", "@bob", "nonsense"]).code(2);

    told.one(bob, &["sync"]);
    assert_ne!(told.one(bob, &["unread"])["unread"], 0);
    told.one(bob, &["read", chat]);
    assert_eq!(told.one(bob, &["unread"])["unread"], 0);
    found(told, bob);
    exported(told, bob, chat, log.len());
}

/// The server's index is made behind the append path.
#[track_caller]
fn found(told: &Told, person: &Person) {
    let until = std::time::Instant::now() + std::time::Duration::from_secs(15);
    loop {
        let hits = told.by(person, &["search", "WOR"]);
        if let [hit] = hits.as_slice() {
            assert_eq!(hit["text"], "first wörds");
            return;
        }
        assert!(std::time::Instant::now() < until, "{hits:?}");
    }
}

fn exported(told: &Told, person: &Person, chat: &str, entries: usize) {
    let all = told.by(person, &["export", "--all"]);
    assert!(all.iter().any(|line| line["type"] == "chat"));
    let one = told.by(person, &["export", chat]);
    assert_eq!(
        one.len(),
        entries + 1,
        "a line for the chat, one for each entry"
    );
    let numbers: Vec<u64> = one[1..]
        .iter()
        .map(|line| line["seq"].as_u64().unwrap())
        .collect();
    assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]));
    let place = format!("{chat}:{}", numbers[1]);
    let rest = told.by(person, &["export", "--all", "--after", &place]);
    assert_eq!(rest, one[3..]);
    let after = numbers[0].to_string();
    let rest = told.by(person, &["export", chat, "--after", &after]);
    assert_eq!(rest, one[2..]);
    person.run(&["export", "--all", "--after", "3"]).code(2);
    person.run(&["export"]).code(2);
}

fn chats(told: &Told, anna: &Person, bob: &Person, carl: &Person) {
    let team = told.one(anna, &["new", "--group", "Team", "@bob"]);
    let team = text(&team, "chat").to_owned();
    let open = told.one(
        anna,
        &["new", "--public", "Birds", "--description", "What flies"],
    );
    let open = text(&open, "chat").to_owned();
    let rows = told.by(bob, &["directory", "bird"]);
    assert_eq!(rows[0]["chat"], open.as_str());
    told.one(bob, &["join", "Birds"]);
    told.one(bob, &["leave", "Birds"]);
    bob.run(&["join", "No such birds"]).code(6);

    told.one(anna, &["rename", "Team", "Club"]);
    told.one(anna, &["describe", "Club", "All of us"]);
    let dot = "chat set Club --retention 30 --invites off --mute 2h --notify mentions";
    let dot: Vec<&str> = dot.split(' ').collect();
    told.one(anna, &dot);
    let shown = told.one(anna, &["chat", "show", "Club"]);
    assert_eq!(shown["title"], "Club");
    assert_eq!(shown["description"], "All of us");
    assert_eq!(shown["settings"]["message_retention"], 30);
    assert_eq!(shown["settings"]["allow_invites"], false);
    assert_eq!(shown["notify"], "mentions");
    assert_eq!(shown["muted"], true);
    anna.run(&["chat", "set", "Club"]).code(2);
    bob.run(&["rename", &team, "Mine"]).code(1);

    told.one(anna, &["members", "add", "Club", "@carl"]);
    told.one(anna, &["members", "role", "Club", "@bob", "moderator"]);
    told.one(bob, &["members", "mute", &team, "@carl", "--for", "1h"]);
    let rows = told.by(anna, &["members", "list", "Club"]);
    let of = |name: &str| rows.iter().find(|row| row["username"] == name).unwrap();
    assert_eq!(of("bob")["role"], "moderator");
    assert_eq!(of("carl")["silenced"], true);
    carl.run(&["send", &team, "hello"]).code(1);
    told.one(bob, &["members", "unmute", &team, "@carl"]);
    carl.run(&["send", &team, "hello"]).ok();
    told.one(bob, &["members", "ban", &team, "@carl"]);
    assert_eq!(
        told.one(bob, &["members", "banned", &team])["username"],
        "carl"
    );
    carl.run(&["send", &team, "hello"]).code(6);
    told.one(bob, &["members", "unban", &team, "@carl"]);

    let invite = told.one(anna, &["invite", "create", "Club", "--uses", "2"]);
    let link = text(&invite, "link").to_owned();
    assert!(link.starts_with("mchat://"), "{link}");
    assert_eq!(told.one(anna, &["invite", "qr", "Club"])["link"], *link);
    let code = anna.run(&["invite", "qr", &link]).ok().out;
    assert!(code.lines().count() > 15 && code.contains('█'), "{code}");
    told.one(carl, &["invite", "accept", &link]);
    let listed = told.one(anna, &["invite", "list", "Club"]);
    assert_eq!(listed["uses"], 1);
    told.one(anna, &["invite", "revoke", "Club", text(&invite, "id")]);
    carl.run(&["invite", "accept", "nonsense"]).code(1);
    carl.run(&["join", "mchat://localhost:1"]).code(2);
    told.one(anna, &["members", "remove", "Club", "@carl"]);

    told.by(anna, &["chats"]);
    told.one(anna, &["delete-chat", "Club"]);
    bob.run(&["send", &team, "still there?"]).code(6);
}

fn people(told: &Told, anna: &Person, bob: &Person) {
    told.one(anna, &["contacts", "add", "@bob", "--name", "Bobby"]);
    told.one(bob, &["contacts", "accept", "@anna"]);
    let row = told.one(anna, &["contacts", "list"]);
    assert_eq!(
        (text(&row, "name"), text(&row, "state")),
        ("Bobby", "mutual")
    );
    told.one(anna, &["contacts", "rename", "@bob", "Robert"]);
    told.one(anna, &["contacts", "block", "@bob"]);
    assert_eq!(told.one(anna, &["contacts", "list"])["blocked"], true);
    told.one(anna, &["contacts", "unblock", "@bob"]);
    told.one(anna, &["contacts", "remove", "@bob"]);
    told.one(bob, &["contacts", "remove", "@anna"]);
    told.one(anna, &["contacts", "add", "@bob"]);
    told.one(bob, &["contacts", "decline", "@anna"]);
    bob.run(&["contacts", "decline", "@anna"]).code(6);

    told.by(anna, &["users", "search", "bo"]);
    assert_eq!(
        told.one(anna, &["users", "show", "@bob"])["username"],
        "bob"
    );
    anna.run(&["users", "show", "@nobody"]).code(6);
    let args = ["status", "busy", "--text", "writing", "--for", "2h"];
    let status = told.one(anna, &args);
    assert_eq!(status["status"], "busy");
    assert!(status["status_until"].is_i64());
    let set = [
        "profile",
        "set",
        "--first-name",
        "Anna",
        "--bio",
        "I write.",
        "--receipts",
        "off",
    ];
    told.one(anna, &set);
    let own = told.one(anna, &["profile", "show"]);
    assert_eq!(own["receipts"], false);
    let seen = told.one(bob, &["profile", "show", "@anna"]);
    assert_eq!(seen["first_name"], "Anna");
    assert!(seen.get("receipts").is_none());
    anna.run(&["profile", "set"]).code(2);
}

/// One red pixel.
const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, b'I', b'H', b'D', b'R', 0, 0, 0,
    1, 0, 0, 0, 1, 8, 2, 0, 0, 0, 0x90, 0x77, 0x53, 0xde, 0, 0, 0, 0x0c, b'I', b'D', b'A', b'T',
    0x78, 0x9c, 0x63, 0xf8, 0xcf, 0xc0, 0, 0, 3, 1, 1, 0, 0xc9, 0xfe, 0x92, 0xef, 0, 0, 0, 0, b'I',
    b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

fn account(told: &Told, daemon: &Daemon, home: &std::path::Path, anna: &Person) {
    let picture = home.join("picture.png");
    std::fs::write(&picture, PNG).unwrap();
    let picture = picture.to_str().unwrap();
    told.one(anna, &["profile", "avatar", picture]);
    let mut saved = anna.command(&["profile", "avatar", "--of", "@anna"]);
    assert_eq!(saved.output().unwrap().stdout, PNG);
    told.one(anna, &["profile", "avatar", "--none"]);
    anna.run(&["profile", "avatar", "--of", "@anna"]).code(6);
    anna.run(&["profile", "avatar"]).code(2);

    let other = Person::stranger(home, "anna-elsewhere", &daemon.url());
    let login = ["--json", "login", "--user", "anna", "--password-file", "-"];
    let lines = other.input(&login, "correct horse\n").ok().json();
    told.check(&["login"], &lines);
    let sessions = told.by(anna, &["sessions", "list"]);
    assert_eq!(sessions.len(), 2);
    let theirs = sessions.iter().find(|row| row["current"] == false).unwrap();
    told.one(anna, &["sessions", "revoke", text(theirs, "session")]);
    anna.run(&["sessions", "revoke", "00000000"]).code(6);
    other.run(&["chats"]).code(4);

    let passwd = [
        "passwd",
        "--old-password-file",
        "-",
        "--new-password-file",
        "-",
    ];
    let mut json = vec!["--json"];
    json.extend(passwd);
    anna.input(&passwd, "wrong horse\nbetter horse\n").code(1);
    let lines = anna
        .input(&json, "correct horse\nbetter horse\n")
        .ok()
        .json();
    told.check(&["passwd"], &lines);
    anna.run(&["passwd"]).code(2);
    other.input(&login, "correct horse\n").code(1);

    told.one(anna, &["whoami"]);
    told.one(anna, &["logout"]);
    let new = Person::stranger(home, "dora", &daemon.url());
    let register = [
        "--json",
        "register",
        "--user",
        "dora",
        "--password-file",
        "-",
    ];
    let lines = new.input(&register, "correct horse\n").ok().json();
    told.check(&["register"], &lines);
}
