//! The daemon's disk is full: the sender is told, the outbox keeps the message,
//! and once there is space it is delivered, once.
#![allow(clippy::unwrap_used, dead_code, reason = "tests; the person is shared")]

#[path = "flow/person.rs"]
mod person;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use person::Person;

/// Ends with the test.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Daemon {
    /// A limit on the size of files stands in for the disk's end.
    fn limit(&self, bytes: &str) {
        let pid = self.0.id().to_string();
        let limited = Command::new("prlimit")
            .args(["--pid", &pid, &format!("--fsize={bytes}:")])
            .status();
        assert!(limited.unwrap().success());
    }
}

#[test]
fn a_full_disk_is_told_and_nothing_is_lost() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("daemon");
    let program = Path::new(env!("CARGO_BIN_EXE_mchat")).with_file_name("messengerd");
    let child = Command::new("sh")
        .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
        .arg(&program)
        .args([
            "serve",
            "--http",
            "off",
            "--listen",
            "127.0.0.1:0",
            "--data-dir",
        ])
        .arg(&data)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut daemon = Daemon(child);
    let mut lines = BufReader::new(daemon.0.stdout.take().unwrap()).lines();
    let ready = lines.find_map(|line| {
        line.unwrap()
            .strip_prefix("ready listen=")
            .map(str::to_owned)
    });
    let listen = ready.unwrap().split(' ').next().unwrap().to_owned();
    let server = format!("mchat://{listen}");
    let ada = Person::new(home.path(), "ada", &server);
    let bob = Person::new(home.path(), "bob", &server);
    ada.run(&["new", "@bob"]).ok();
    ada.run(&["send", "@bob", "before"]).ok();

    // Less than any commit writes, wherever in the log it goes.
    daemon.limit("4096");
    let refused = ada.run(&["--timeout", "2", "send", "@bob", "kept"]).code(8);
    assert!(
        refused.err.contains("disk is full") || refused.err.contains("right now"),
        "{}",
        refused.err
    );
    assert!(refused.out.contains("\"queued\""), "{}", refused.out);
    // Reading goes on.
    assert!(bob.run(&["history", "@ada"]).ok().out.contains("before"));

    daemon.limit("unlimited");
    ada.run(&["send", "@bob", "after"]).ok();
    let history = bob.run(&["--json", "history", "@ada"]).ok().json();
    let texts: Vec<&str> = history
        .iter()
        .filter_map(|entry| entry["text"].as_str())
        .collect();
    assert_eq!(texts, ["before", "kept", "after"]);
    for person in [&ada, &bob] {
        person.run(&["sync", "--verify"]).ok();
    }
}
