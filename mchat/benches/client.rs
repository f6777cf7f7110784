//! How long a person waits for `mchat`: cold starts of short commands, the
//! first screen from a cache of 100 000 messages while the server is away, and
//! the same with reading and searching in a cache of 1 000 000 in 500 chats.
//! JSON lines go to standard output, a table to standard error.
//! `BENCH_MESSAGES` (100 000) and `BENCH_CACHE` (1 000 000) are the sizes; with
//! `BENCH_CACHE_ONLY=1` only the large cache is measured.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

#[path = "client/big_cache.rs"]
mod big_cache;
#[path = "../../messengerd/tests/support/mod.rs"]
mod support;

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mchat::client::{Client, Options, Registration};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use proto::id::{ChatId, EntryId};
use support::{Daemon, Wire, message, password};

const CHATS: usize = 50;
const RUNS: usize = 30;

fn main() {
    let size = std::env::var("BENCH_CACHE").map_or(1_000_000, |text| text.parse().unwrap());
    if std::env::var_os("BENCH_CACHE_ONLY").is_none() {
        small_cache();
    }
    large_cache(size);
}

/// Without a server: it would have nothing of it.
fn large_cache(messages: usize) {
    let home = tempfile::tempdir().unwrap();
    let profile = home.path().join(".local/share/mchat/profiles/default");
    big_cache::make(&profile, messages);
    for (name, target, millis) in big_cache::measure(&profile) {
        report(&name, target, millis);
    }
    let nobody = "mchat://127.0.0.1:9";
    let runs = (0..RUNS)
        .map(|_| first_screen(home.path(), nobody))
        .collect();
    report("first_screen_large", Some(100.0), runs);
}

fn small_cache() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let home = tempfile::tempdir().unwrap();
    let messages = std::env::var("BENCH_MESSAGES").map_or(100_000, |text| text.parse().unwrap());
    let daemon = runtime.block_on(Daemon::start_in(
        Arc::new(tempfile::tempdir().unwrap()),
        |config| {
            config.send_rate.burst = u32::MAX;
        },
    ));
    let server = format!("mchat://{}", daemon.address());
    let (chat, filled) = runtime.block_on(fill(&daemon, home.path(), &server, messages));
    report("sync_the_rest", None, vec![filled.as_secs_f64() * 1000.0]);

    let run = |args: &[&str]| {
        let start = Instant::now();
        let status = Command::new(env!("CARGO_BIN_EXE_mchat"))
            .args(args)
            .env_clear()
            .env("HOME", home.path())
            .env("MCHAT_SERVER", &server)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success());
        start.elapsed().as_secs_f64() * 1000.0
    };
    let runs = |args: &[&str]| (0..RUNS).map(|_| run(args)).collect();
    report("cold_version", Some(50.0), runs(&["--version"]));
    report("cold_unread", Some(50.0), runs(&["unread"]));
    report(
        "cold_send",
        Some(100.0),
        runs(&["send", &chat.to_string(), "cold"]),
    );
    runtime.block_on(daemon.server.stop()).unwrap();
    report(
        "first_screen",
        Some(100.0),
        (0..RUNS)
            .map(|_| first_screen(home.path(), &server))
            .collect(),
    );
}

fn report(name: &str, target_ms: Option<f64>, mut millis: Vec<f64>) {
    millis.sort_by(f64::total_cmp);
    let rounded = |value: f64| (value * 10.0).round() / 10.0;
    let line = serde_json::json!({
        "bench": format!("mchat_{name}"),
        "p50_ms": rounded(millis[millis.len() / 2]),
        "max_ms": rounded(millis[millis.len() - 1]),
        "target_ms": target_ms,
        "runs": millis.len(),
    });
    println!("{line}");
    eprintln!("{line}");
}

/// A profile that has everything of a community with many messages.
async fn fill(daemon: &Daemon, home: &Path, server: &str, messages: usize) -> (ChatId, Duration) {
    let mut options = Options::new(home.join(".local/share/mchat/profiles/default"));
    options.server = Some(server.parse().unwrap());
    let (client, _events) = Client::open(options).await.unwrap();
    client.connected(true, false).await.unwrap();
    let bob = client
        .register(Registration {
            username: "bob".try_into().unwrap(),
            password: password(),
            email: None,
            invite: None,
        })
        .await
        .unwrap();
    let mut ada = daemon.user(Wire::Quic, "ada").await;
    let mut chats = Vec::new();
    for n in 0..CHATS {
        chats.push(ada.group(&format!("group {n}"), vec![bob.user]).await.id);
    }
    let mut unanswered = 0;
    for n in 0..messages {
        let text = format!("message {n}, as long as what people write to each other in a chat");
        ada.start(&message(chats[n % CHATS], EntryId::generate(), &text))
            .await;
        unanswered += 1;
        while unanswered >= if n + 1 == messages { 1 } else { 256 } {
            let frame = ada.recv().await.unwrap();
            assert_ne!(frame.kind, proto::request::REFUSAL);
            unanswered -= usize::from(frame.request_id != 0);
        }
    }
    let start = Instant::now();
    client.sync(true).await.unwrap();
    let filled = start.elapsed();
    client.close().await;
    (chats[0], filled)
}

/// Milliseconds from the start of the program until the chat list is drawn.
fn first_screen(home: &Path, server: &str) -> f64 {
    let size = PtySize {
        rows: 24,
        cols: 80,
        pixel_width: 0,
        pixel_height: 0,
    };
    let pair = native_pty_system().openpty(size).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_mchat"));
    command.env_clear();
    command.env("HOME", home);
    command.env("TERM", "xterm-256color");
    command.env("LANG", "C.UTF-8");
    command.env("MCHAT_SERVER", server);
    let start = Instant::now();
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader().unwrap();
    let mut parser = vt100::Parser::new(24, 80, 0);
    let mut buffer = [0; 4096];
    while !parser.screen().contents().contains("group 4") {
        let count = reader.read(&mut buffer).unwrap();
        assert_ne!(count, 0, "ended:\n{}", parser.screen().contents());
        parser.process(&buffer[..count]);
    }
    let taken = start.elapsed();
    child.kill().unwrap();
    child.wait().unwrap();
    taken.as_secs_f64() * 1000.0
}
