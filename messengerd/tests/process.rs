//! The program itself: its lines, its exit, its settings, and a full disk.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod support;

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use proto::id::EntryId;
use support::{Client, Failure, Wire, message, texts};

struct Process {
    child: Child,
    out: BufReader<ChildStdout>,
    lines: Vec<String>,
}

impl Process {
    fn start(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        // From here on dropping it ends the process.
        let mut process = Self {
            child,
            out,
            lines: Vec::new(),
        };
        loop {
            let mut line = String::new();
            let read = process.out.read_line(&mut line).unwrap();
            assert_ne!(read, 0, "no `ready` but {:?}", process.lines);
            process.lines.push(line.trim_end().to_owned());
            if line.starts_with("ready ") {
                return process;
            }
        }
    }

    fn field(&self, name: &str) -> String {
        let ready = self.lines.last().unwrap();
        ready
            .split(' ')
            .find_map(|part| part.strip_prefix(name))
            .unwrap()
            .to_owned()
    }

    fn listen(&self) -> SocketAddr {
        self.field("listen=").parse().unwrap()
    }

    fn signal(&self, name: &str) {
        let kill = Command::new("kill")
            .args([name, &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(kill.success());
    }

    async fn connect(&self) -> Client {
        let mut client = Client::open_at(self.listen(), None, Wire::Quic).await;
        client.hello(None, true).await.unwrap();
        client
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn messengerd() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_messengerd"));
    for name in [
        "CONFIG",
        "DATA_DIR",
        "LISTEN",
        "HTTP",
        "REGISTRATION",
        "ADVERTISE",
        "LOG",
    ] {
        command.env_remove(format!("MESSENGERD_{name}"));
    }
    for name in [
        "MESSENGERD_DATABASE_URL",
        "MESSENGERD_REDIS_URL",
        "DB_HOST",
        "REDIS_HOST",
        "JWT_SECRET",
        "SERVER_PORT",
    ] {
        command.env_remove(name);
    }
    command
}

fn serve(data: &Path) -> Command {
    let mut command = messengerd();
    command
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--http",
            "127.0.0.1:0",
            "--data-dir",
        ])
        .arg(data);
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_started_daemon_says_where_it_is_and_stops_when_told() {
    let home = tempfile::tempdir().unwrap();
    let mut daemon = Process::start(serve(&home.path().join("data")));
    assert!(daemon.field("http=").starts_with("127.0.0.1:"));
    let address = daemon
        .lines
        .iter()
        .find_map(|line| line.strip_prefix("address"))
        .unwrap()
        .trim()
        .to_owned();
    assert!(
        address.starts_with(&format!("mchat://{}/?fp=", daemon.listen())),
        "{address}"
    );
    let mut client = daemon.connect().await;
    client.register("ada").await.unwrap();
    daemon.signal("-TERM");
    assert_eq!(client.end().await.code(), "shutting_down");
    assert!(daemon.child.wait().unwrap().success());
    let mut rest = String::new();
    daemon.out.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_invite_makes_the_administrator_once() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let invite = |process: &Process| {
        let line = process
            .lines
            .iter()
            .find(|line| line.starts_with("invite "))?;
        Some(proto::text::Token::try_from(line.rsplit_once("invite=").unwrap().1).unwrap())
    };
    let mut command = serve(&data);
    command.env("MESSENGERD_REGISTRATION", "invite");
    let daemon = Process::start(command);
    let token = invite(&daemon).unwrap();
    drop(daemon);
    // The same link after a restart.
    let mut command = serve(&data);
    command.env("MESSENGERD_REGISTRATION", "invite");
    let daemon = Process::start(command);
    assert_eq!(invite(&daemon).unwrap(), token);
    let mut client = daemon.connect().await;
    assert_eq!(
        client.register("eve").await.unwrap_err().code(),
        "invite_required"
    );
    let wrong = Some("0123456789".try_into().unwrap());
    assert_eq!(
        client.register_with("eve", wrong).await.unwrap_err().code(),
        "invite_invalid"
    );
    let admin = client
        .register_with("ada", Some(token.clone()))
        .await
        .unwrap();
    assert!(admin.account.admin);
    let mut other = daemon.connect().await;
    assert_eq!(
        other
            .register_with("eve", Some(token))
            .await
            .unwrap_err()
            .code(),
        "invite_invalid"
    );
    drop(daemon);
    let daemon = Process::start(serve(&data));
    assert!(
        invite(&daemon).is_none(),
        "no link once there is an administrator"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invite_made_beside_the_running_daemon_works() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let invite = || {
        let mut command = messengerd();
        command
            .args(["invite", "--uses", "2", "--days", "1", "--data-dir"])
            .arg(&data);
        command.output().unwrap()
    };
    assert!(
        String::from_utf8(invite().stderr)
            .unwrap()
            .contains("start the daemon once")
    );
    let mut command = serve(&data);
    command.env("MESSENGERD_REGISTRATION", "invite");
    let daemon = Process::start(command);
    let refused = String::from_utf8(invite().stderr).unwrap();
    assert!(refused.contains("there is no account yet"), "{refused}");
    let first = daemon
        .lines
        .iter()
        .find_map(|line| line.rsplit_once("invite="))
        .unwrap()
        .1;
    let mut admin = daemon.connect().await;
    admin
        .register_with("root", Some(first.try_into().unwrap()))
        .await
        .unwrap();
    let fingerprint = daemon
        .lines
        .iter()
        .find_map(|line| line.strip_prefix("fingerprint "))
        .unwrap();
    let made = invite();
    let link = String::from_utf8(made.stdout).unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    assert!(
        link.starts_with("mchat://") && link.contains(&format!("fp={fingerprint}")),
        "{link}"
    );
    let token =
        proto::text::Token::try_from(link.trim().rsplit_once("invite=").unwrap().1).unwrap();
    for (name, works) in [("ada", true), ("bob", true), ("eve", false)] {
        let mut client = daemon.connect().await;
        match client.register_with(name, Some(token.clone())).await {
            Ok(signed_in) => assert!(works && !signed_in.account.admin, "{name}"),
            Err(failure) => assert!(
                !works && failure.code() == "invite_invalid",
                "{name}: {failure:?}"
            ),
        }
    }
}

#[test]
fn the_usual_limit_of_open_files_is_raised() {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new("sh");
    command
        .args([
            "-c",
            "ulimit -S -n 256; exec \"$0\" \"$@\"",
            env!("CARGO_BIN_EXE_messengerd"),
        ])
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--http",
            "off",
            "--data-dir",
        ])
        .arg(home.path().join("data"));
    let daemon = Process::start(command);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", daemon.child.id())).unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))
        .unwrap();
    let numbers: Vec<&str> = line.split_whitespace().skip(3).take(2).collect();
    assert_eq!(numbers[0], numbers[1], "{line}");
}

#[test]
fn settings_are_checked_and_shown() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("bad.toml");
    std::fs::write(&file, "listen = 'nowhere'\nregistration = 'perhaps'\n").unwrap();
    let output = messengerd()
        .args(["config", "check", "--config"])
        .arg(&file)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && said.contains("listen:") && said.contains("registration:"),
        "{said}"
    );
    std::fs::write(&file, "lisen = 'x'\n").unwrap();
    let output = messengerd()
        .args(["config", "check", "--config"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(String::from_utf8(output.stderr).unwrap().contains("lisen"));
    let output = messengerd().args(["config", "example"]).output().unwrap();
    std::fs::write(&file, &output.stdout).unwrap();
    let output = messengerd()
        .args(["config", "check", "--config"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("store  embedded"), "{said}");
    std::fs::write(
        &file,
        "[database]\nurl = 'postgres://ada:hunter2@db/chat'\n[redis]\nurl = 'redis://:hunter2@cache'\n",
    )
    .unwrap();
    let output = messengerd()
        .args(["config", "check", "--config"])
        .arg(&file)
        .output()
        .unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("chat on db:5432") && said.contains("Redis, cache:6379/0"),
        "{said}"
    );
    assert!(
        said.contains("chmod 600") && !said.contains("hunter2"),
        "{said}"
    );
    let output = messengerd()
        .args(["config", "example", "--env"])
        .output()
        .unwrap();
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("DB_HOST")
    );
}

#[test]
fn trouble_at_the_start_is_one_sentence() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let running = Process::start(serve(&data));
    let said = |mut command: Command| {
        let output = command.output().unwrap();
        assert!(!output.status.success());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!said.contains("panicked"), "{said}");
        said
    };
    assert!(said(serve(&data)).contains("another messengerd uses"));
    let mut taken = messengerd();
    taken.args([
        "serve",
        "--http",
        "off",
        "--listen",
        &running.listen().to_string(),
        "--data-dir",
    ]);
    taken.arg(home.path().join("other"));
    assert!(said(taken).contains("is another daemon running?"));
    let blocked = home.path().join("file");
    std::fs::write(&blocked, "").unwrap();
    assert!(said(serve(&blocked.join("below"))).contains("data directory"));
    let mut open = serve(&home.path().join("third"));
    open.args(["--http", "0.0.0.0:0"]);
    assert!(!said(open).is_empty());
}

#[test]
fn migrate_brings_an_empty_store_up_and_says_so() {
    let home = tempfile::tempdir().unwrap();
    for expected in [
        "the store has schema 6 now\n",
        "the store has the newest schema already\n",
    ] {
        let output = messengerd()
            .args(["migrate", "--data-dir"])
            .arg(home.path())
            .output()
            .unwrap();
        assert!(output.status.success());
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    }
}

/// A limit on the size of files stands in for a disk that is full: writes that
/// would grow one fail, and so does every commit, until the limit is raised.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_a_retryable_refusal_and_all_resumes() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let mut command = Command::new("sh");
    command
        .args([
            "-c",
            "trap '' XFSZ; exec \"$0\" \"$@\"",
            env!("CARGO_BIN_EXE_messengerd"),
        ])
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--http",
            "off",
            "--data-dir",
        ])
        .arg(&data);
    let daemon = Process::start(command);
    let mut ada = daemon.connect().await;
    ada.register("ada").await.unwrap();
    let chat = ada.group("notes", vec![]).await.id;
    ada.say(chat, "before").await.unwrap();
    let wal = std::fs::metadata(data.join("messenger.db-wal"))
        .unwrap()
        .len();
    let limit = |bytes: String| {
        let pid = daemon.child.id().to_string();
        assert!(
            Command::new("prlimit")
                .args(["--pid", &pid, &format!("--fsize={bytes}:")])
                .status()
                .unwrap()
                .success()
        );
    };
    limit((wal + 200_000).to_string());
    let text = "x".repeat(30_000);
    let mut stored = vec!["before".to_owned()];
    let refused = loop {
        assert!(stored.len() < 1000, "the disk never filled up");
        let send = message(chat, EntryId::generate(), &text);
        match ada.call(send.clone()).await {
            Ok(_) => stored.push(text.clone()),
            Err(Failure::Refused(error)) => break (send, error),
            Err(other) => panic!("{other:?}"),
        }
    };
    assert!(refused.1.is_retryable(), "{:?}", refused.1);
    assert!(
        matches!(refused.1.code.as_str(), "storage_full" | "unavailable"),
        "{:?}",
        refused.1
    );
    // Reading goes on.
    assert_eq!(
        texts(&ada.history(chat).await.unwrap()).last(),
        stored.last()
    );
    limit("unlimited".into());
    let sent = ada.call(refused.0).await.unwrap();
    assert!(!sent.dup);
    stored.push(text);
    let head = ada
        .call(proto::request::Chats { ids: vec![chat] })
        .await
        .unwrap()
        .chats[0]
        .head
        .clone();
    assert_eq!(head.msg_no, stored.len() as u64);
}
