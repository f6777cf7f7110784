//! What scripts wait with: `watch`, `wait-for`, `hook run`.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use mchat::cli::schema;
use rustix::process::{Pid, Signal, kill_process};

use crate::daemon::Daemon;
use crate::person::Person;

/// Nothing takes longer here unless it hangs.
const LONG: Duration = Duration::from_secs(20);

fn pair(home: &std::path::Path, daemon: &Daemon) -> (Person, Person) {
    let anna = Person::new(home, "anna", &daemon.url());
    let bob = Person::new(home, "bob", &daemon.url());
    anna.run(&["new", "@bob"]).ok();
    bob.run(&["sync"]).ok();
    (anna, bob)
}

#[test]
fn watch_prints_events_as_documented() {
    let daemon = Daemon::start();
    let home = tempfile::tempdir().unwrap();
    let (anna, bob) = pair(home.path(), &daemon);
    let watch = bob.watch(&[]);
    assert!(watch.said().contains("connected"));
    anna.run(&["send", "@bob", "hello"]).ok();
    anna.run(&["edit", "@bob", "mine", "hello again"]).ok();
    let mut types = Vec::new();
    while types.last().is_none_or(|last| last != "edited") {
        let event = watch.next();
        schema::check("watch", &event).unwrap();
        types.push(event["type"].as_str().unwrap().to_owned());
    }
    assert_eq!(types, ["message", "edited"]);
}

#[test]
fn wait_for_ends_with_the_message_that_is_meant() {
    let daemon = Daemon::start();
    let home = tempfile::tempdir().unwrap();
    let (anna, bob) = pair(home.path(), &daemon);
    // From before what is sent, so that it does not matter which is first.
    anna.run(&["send", "@bob", "earlier"]).ok();
    let from = ["--json", "--timeout", "20", "wait-for", "--from", "@anna"];
    let waiting = bob
        .command(&["--json", "--timeout", "20", "wait-for", "--text", "DEPLÓY"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut done = waiting;
    // Said again until it is heard: when the other one listens is not known.
    let until = Instant::now() + LONG;
    while done.try_wait().unwrap().is_none() {
        assert!(Instant::now() < until);
        anna.run(&["send", "@bob", "unrelated"]).ok();
        anna.run(&["send", "@bob", "time to deploy now"]).ok();
    }
    let output = done.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let event: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    schema::check("wait-for", &event).unwrap();
    assert_eq!(event["text"], "time to deploy now");

    // What came meanwhile is not missed with the cursor.
    bob.run(&["sync"]).ok();
    let cursor = event["cursor"].as_str().unwrap().to_owned();
    anna.run(&["send", "@bob", "later"]).ok();
    let mut args = from.to_vec();
    args.extend(["--since", &cursor, "--text", "later"]);
    assert_eq!(bob.run(&args).ok().one()["text"], "later");
}

#[test]
fn waiting_in_vain_has_its_own_exit_code() {
    let mut daemon = Daemon::start();
    let home = tempfile::tempdir().unwrap();
    let (_, bob) = pair(home.path(), &daemon);
    let vain = bob
        .run(&["--timeout", "2", "wait-for", "--from", "@anna"])
        .code(6);
    assert!(vain.out.is_empty());
    daemon.stop();
    bob.run(&["--timeout", "0.5", "wait-for"]).code(3);
}

/// A running hook that is ended with the test.
struct Hook {
    child: Child,
    lines: std::sync::mpsc::Receiver<String>,
}

impl Hook {
    fn run(person: &Person, args: &[&str]) -> Self {
        let mut all = vec!["hook", "run"];
        all.extend(args);
        let mut child = person
            .command(&all)
            .env("PATH", std::env::var_os("PATH").unwrap())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (send, lines) = std::sync::mpsc::channel();
        let out = child.stdout.take().unwrap();
        let err = child.stderr.take().unwrap();
        for stream in [
            Box::new(out) as Box<dyn std::io::Read + std::marker::Send>,
            Box::new(err),
        ] {
            let send = send.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    if send.send(line).is_err() {
                        return;
                    }
                }
            });
        }
        let hook = Self { child, lines };
        hook.said("connected");
        hook
    }

    /// The next line that contains a text.
    #[track_caller]
    fn said(&self, text: &str) -> String {
        let until = Instant::now() + LONG;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).unwrap();
            if line.contains(text) {
                return line;
            }
        }
    }
}

impl Drop for Hook {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_hook_gets_each_event_and_never_hangs() {
    let daemon = Daemon::start();
    let home = tempfile::tempdir().unwrap();
    let (anna, bob) = pair(home.path(), &daemon);
    let hook = Hook::run(&bob, &["--exec", "sh", "-c", "cat; exit 3"]);
    anna.run(&["send", "@bob", "one"]).ok();
    // One's own entries would make a loop of a hook that answers.
    bob.run(&["send", "@anna", "own"]).ok();
    anna.run(&["send", "@bob", "two"]).ok();
    for text in ["one", "two"] {
        let line = hook.said("\"message\"");
        let event = serde_json::from_str(&line).unwrap();
        schema::check("hook run", &event).unwrap();
        assert_eq!(event["text"], text);
        hook.said("exit status: 3");
    }
    drop(hook);

    // One that leaves its input unread, however much it is.
    let hook = Hook::run(&bob, &["--exec", "echo", "ran"]);
    let long = "x".repeat(60_000);
    anna.input(&["send", "@bob", "-"], &long).ok();
    hook.said("ran");
    anna.input(&["send", "@bob", "-"], &long).ok();
    hook.said("ran");
}

/// Whether a process runs; one that only waits for its parent does not.
fn runs(pid: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[test]
fn a_hook_that_takes_too_long_is_killed_with_all_it_started() {
    let daemon = Daemon::start();
    let home = tempfile::tempdir().unwrap();
    let (anna, bob) = pair(home.path(), &daemon);
    let script = "sleep 600 & echo pid $!; wait";
    let hook = Hook::run(&bob, &["--limit", "1s", "--exec", "sh", "-c", script]);
    anna.run(&["send", "@bob", "one"]).ok();
    let gone = |line: String| {
        let pid: i32 = line.strip_prefix("pid ").unwrap().parse().unwrap();
        let until = Instant::now() + LONG;
        while runs(pid) {
            assert!(Instant::now() < until, "{pid} is still there");
            std::thread::yield_now();
        }
    };
    let line = hook.said("pid ");
    hook.said("killed");
    gone(line);

    // So is what runs when the hook itself is told to end.
    drop(hook);
    let mut hook = Hook::run(&bob, &["--limit", "1h", "--exec", "sh", "-c", script]);
    anna.run(&["send", "@bob", "two"]).ok();
    let line = hook.said("pid ");
    let pid = Pid::from_child(&hook.child);
    kill_process(pid, Signal::TERM).unwrap();
    assert_eq!(hook.child.wait().unwrap().code(), Some(143));
    gone(line);
}

#[test]
fn a_hook_that_cannot_be_started_is_said_once() {
    let daemon = Daemon::start();
    let home = tempfile::tempdir().unwrap();
    let (anna, bob) = pair(home.path(), &daemon);
    let mut hook = Hook::run(&bob, &["--exec", "/no/such/program"]);
    anna.run(&["send", "@bob", "one"]).ok();
    hook.said("/no/such/program");
    assert_eq!(hook.child.wait().unwrap().code(), Some(1));
}
