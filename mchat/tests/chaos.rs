//! `kill -9` of daemon and clients at random moments while messages flow:
//! nothing acknowledged is lost, nothing is there twice, all see one order.
//!
//! `CHAOS_ROUNDS` (50) says how often, `CHAOS_SEED` repeats a run.
#![allow(clippy::unwrap_used, dead_code, reason = "tests; the person is shared")]

#[path = "flow/person.rs"]
mod person;

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use person::Person;
use serde_json::Value;
use uuid::Uuid;

/// How long the drained end state may take to be reached.
const PATIENCE: u32 = 60;

/// xorshift64*: chance that can be repeated.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % limit
    }
}

struct Daemon {
    child: Child,
    address: SocketAddr,
}

impl Daemon {
    fn start(data: &Path, listen: &str) -> Self {
        let program = Path::new(env!("CARGO_BIN_EXE_mchat")).with_file_name("messengerd");
        assert!(
            program.exists(),
            "{} is built with the workspace",
            program.display()
        );
        let mut child = Command::new(program)
            .args(["serve", "--http", "off", "--listen", listen, "--data-dir"])
            .arg(data)
            .env("MESSENGERD_LOG", "warn")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines.find_map(|line| {
            line.unwrap()
                .strip_prefix("ready listen=")
                .map(str::to_owned)
        });
        let Some(ready) = ready else {
            panic!("the daemon did not start: {:?}", child.wait());
        };
        // Its later lines need a reader.
        std::thread::spawn(move || lines.for_each(drop));
        let address = ready.split(' ').next().unwrap().parse().unwrap();
        Self { child, address }
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What is known of the messages that were typed.
#[derive(Default)]
struct Ledger {
    /// Id → chat: have to be there once.
    certain: HashMap<String, String>,
    /// Texts of senders that were killed before they said an id.
    unknown: Vec<String>,
    acknowledged: usize,
    queued: usize,
    refused: Vec<String>,
}

struct Sending {
    child: Child,
    chat: String,
    text: String,
}

impl Ledger {
    /// Whatever became of a client: it did not panic, and no lock was in its way.
    fn listen(&mut self, stderr: &[u8]) {
        let talk = String::from_utf8_lossy(stderr);
        if talk.contains("panicked") || talk.contains("locked") {
            self.refused.push(talk.into_owned());
        }
    }

    fn settle(&mut self, sending: Sending, output: Output) {
        self.listen(&output.stderr);
        let out = String::from_utf8(output.stdout).unwrap();
        match output.status.code() {
            Some(0) => {
                let id = out.trim().to_owned();
                assert!(
                    Uuid::parse_str(&id).is_ok(),
                    "an acknowledgement is an id: {out:?}"
                );
                self.acknowledged += 1;
                assert!(self.certain.insert(id, sending.chat).is_none());
            }
            Some(8) => {
                let queued: Value = serde_json::from_str(&out).unwrap();
                assert_eq!(queued["state"], "queued");
                self.queued += 1;
                let id = queued["id"].as_str().unwrap().to_owned();
                assert!(self.certain.insert(id, sending.chat).is_none());
            }
            // Killed: it may have said an id before, which then counts.
            None => match out.trim() {
                "" => self.unknown.push(sending.text),
                said => {
                    let id = match serde_json::from_str::<Value>(said) {
                        Ok(queued) => queued["id"].as_str().unwrap().to_owned(),
                        Err(_) => said.to_owned(),
                    };
                    self.certain.insert(id, sending.chat);
                }
            },
            Some(code) => {
                let err = String::from_utf8_lossy(&output.stderr).into_owned();
                self.refused.push(format!("exit {code}: {err}"));
            }
        }
    }
}

fn history(person: &Person, chat: &str) -> Vec<Value> {
    person
        .run(&["--json", "history", chat, "-n", "1000000"])
        .ok()
        .json()
}

/// Messages in somebody's outbox that the server does not have yet.
fn waiting(person: &Person) -> u64 {
    let cache = rusqlite::Connection::open(person.profile().join("cache.db")).unwrap();
    let count = "SELECT count(*) FROM outbox WHERE state < 2";
    cache.query_row(count, [], |row| row.get(0)).unwrap()
}

#[test]
fn chaos_loses_nothing_doubles_nothing_and_keeps_one_order() {
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .map(|text| text.parse::<u64>().unwrap())
    };
    let rounds = number("CHAOS_ROUNDS").unwrap_or(50);
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = number("CHAOS_SEED").unwrap_or(since_epoch.as_nanos() as u64) | 1;
    println!("CHAOS_SEED={seed} CHAOS_ROUNDS={rounds}");
    let mut chance = Chance(seed);

    let home = tempfile::tempdir().unwrap();
    let data: PathBuf = home.path().join("daemon");
    let mut daemon = Daemon::start(&data, "127.0.0.1:0");
    let listen = daemon.address.to_string();
    let server = format!("mchat://{listen}");
    let people: Vec<Person> = ["ada", "bob", "eve"]
        .iter()
        .map(|name| Person::new(home.path(), name, &server))
        .collect();
    let made = |args: &[&str]| people[0].run(args).ok().out.trim().to_owned();
    let team = made(&["new", "--group", "team", "@bob", "@eve"]);
    let pair = made(&["new", "@bob"]);
    people
        .iter()
        .for_each(|person| drop(person.run(&["sync"]).ok()));

    let mut ledger = Ledger::default();
    let (mut daemons_killed, mut clients_killed) = (0, 0);
    for round in 0..rounds {
        let mut sendings = Vec::new();
        for n in 0..2 + chance.below(4) {
            let who = chance.below(3) as usize;
            let chat = if who < 2 && chance.below(2) == 0 {
                &pair
            } else {
                &team
            };
            let text = format!("{} {round} {n}", people[who].name);
            let timeout = ["1", "3"][chance.below(2) as usize];
            let mut args = vec!["--timeout", timeout, "send", chat, &text];
            if chance.below(5) == 0 {
                args.push("--no-wait");
            }
            let own_id = Uuid::now_v7().to_string();
            if chance.below(3) == 0 {
                args.extend(["--id", &own_id]);
            }
            let mut command = people[who].command(&args);
            let child = command
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            sendings.push(Sending {
                child,
                chat: chat.clone(),
                text,
            });
        }
        let watcher = &people[chance.below(3) as usize];
        let mut watch = watcher
            .command(&["watch"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The moment of the kill is what is left to chance.
        std::thread::sleep(Duration::from_millis(chance.below(250)));
        if chance.below(2) == 0 {
            daemon.kill();
            daemons_killed += 1;
            if chance.below(2) == 0 {
                daemon = Daemon::start(&data, &listen);
            }
        } else {
            let victim = chance.below(sendings.len() as u64 + 1) as usize;
            match sendings.get_mut(victim) {
                Some(sending) => sending.child.kill().unwrap(),
                None => watch.kill().unwrap(),
            }
            clients_killed += 1;
        }
        for mut sending in sendings {
            let (stdout, stderr) = (sending.child.stdout.take(), sending.child.stderr.take());
            let status = sending.child.wait().unwrap();
            let read = |stream: &mut dyn std::io::Read| {
                let mut bytes = Vec::new();
                stream.read_to_end(&mut bytes).unwrap();
                bytes
            };
            let output = Output {
                status,
                stdout: read(&mut stdout.unwrap()),
                stderr: read(&mut stderr.unwrap()),
            };
            ledger.settle(sending, output);
        }
        // It may be the one that was killed already.
        let _ = watch.kill();
        ledger.listen(&watch.wait_with_output().unwrap().stderr);
        if daemon.child.try_wait().unwrap().is_some() {
            daemon = Daemon::start(&data, &listen);
        }
    }
    println!(
        "killed {daemons_killed} daemons and {clients_killed} clients; {} acknowledged, {} queued, {} unknown",
        ledger.acknowledged,
        ledger.queued,
        ledger.unknown.len()
    );
    assert_eq!(ledger.refused, Vec::<String>::new());

    // Whoever connects next drains what waits.
    let mut logs: Vec<HashMap<&str, Vec<Value>>> = Vec::new();
    for attempt in 0.. {
        assert!(attempt < PATIENCE, "the outboxes do not drain");
        people
            .iter()
            .for_each(|person| drop(person.run(&["sync"]).ok()));
        // Before the logs are read: nothing may still come in between them.
        let drained = people.iter().all(|person| waiting(person) == 0);
        logs = people
            .iter()
            .map(|person| {
                let chats = if person.name == "eve" {
                    vec![&team]
                } else {
                    vec![&team, &pair]
                };
                chats
                    .into_iter()
                    .map(|chat| (chat.as_str(), history(person, chat)))
                    .collect()
            })
            .collect();
        let there = |id: &String, chat: &String| {
            logs[0][chat.as_str()]
                .iter()
                .any(|entry| entry["id"] == **id)
        };
        if drained && ledger.certain.iter().all(|(id, chat)| there(id, chat)) {
            break;
        }
    }

    for (person, log) in people.iter().zip(&logs) {
        for (chat, entries) in log {
            let seqs: Vec<u64> = entries
                .iter()
                .map(|entry| entry["seq"].as_u64().unwrap())
                .collect();
            assert_eq!(
                seqs,
                (1..=entries.len() as u64).collect::<Vec<_>>(),
                "{}: {chat}",
                person.name
            );
            let line = |entry: &Value| {
                (
                    entry["id"].clone(),
                    entry["text"].clone(),
                    entry["actor"].clone(),
                )
            };
            let mine: Vec<_> = entries.iter().map(line).collect();
            let first: Vec<_> = logs[0][chat].iter().map(line).collect();
            assert!(
                mine == first,
                "{} and ada see another order of {chat}",
                person.name
            );
        }
        let verified = person.run(&["sync", "--verify"]);
        assert_eq!(
            verified.code, 0,
            "{}: {} {}",
            person.name, verified.out, verified.err
        );
    }
    let mut ids: HashMap<&str, usize> = HashMap::new();
    let mut texts: HashMap<&str, usize> = HashMap::new();
    for entry in logs[0].values().flatten() {
        *ids.entry(entry["id"].as_str().unwrap()).or_default() += 1;
        if let Some(text) = entry["text"].as_str() {
            *texts.entry(text).or_default() += 1;
        }
    }
    assert!(
        ids.values().all(|count| *count == 1),
        "an id is there twice"
    );
    assert!(
        texts.values().all(|count| *count == 1),
        "a message is there twice"
    );
    for (id, chat) in &ledger.certain {
        let found = logs[0][chat.as_str()]
            .iter()
            .filter(|entry| entry["id"] == **id)
            .count();
        assert_eq!(found, 1, "{id} in {chat}");
    }
    let typed = ledger.certain.len() + ledger.unknown.len();
    assert!(
        texts.len() <= typed,
        "{} messages of {typed} typed",
        texts.len()
    );
    println!(
        "{} messages in the end, each once, in one order",
        texts.len()
    );
}
