//! The daemon end to end, each figure beside a bare loop in the same run.
//!
//! The daemon runs as a process of its own; the clients are in this one. The
//! bare loops are this program started again, so that both sides have the same
//! shape. JSON lines go to standard output, a table to standard error.
//! `BENCH_CLIENTS` (1000) is the size of the crowd.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

#[path = "../tests/support/mod.rs"]
mod support;

#[path = "server/bare.rs"]
mod bare;
#[path = "store/raw.rs"]
mod raw;

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use proto::id::{ChatId, EntryId, UserId};
use proto::request::{AddMembers, Login, Mark};
use support::{Client, Wire, message, password};
use tokio::sync::Semaphore;

fn main() {
    if let Ok(kind) = std::env::var("BENCH_BARE") {
        return bare::serve(&kind);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let only = std::env::var("BENCH_ONLY").ok();
    let wanted = |name: &str| only.as_deref().is_none_or(|only| name.contains(only));
    runtime.block_on(async {
        if wanted("ack") {
            acknowledgements().await;
        }
        if wanted("fanout") {
            for wire in [Wire::Quic, Wire::PlainWebSocket] {
                fan_out(wire).await;
            }
        }
        if wanted("memory") {
            for wire in [Wire::Quic, Wire::PlainWebSocket, Wire::WebSocket] {
                idle_memory(wire).await;
            }
        }
        if wanted("signin") {
            sign_in_rate().await;
        }
    });
}

fn crowd() -> usize {
    std::env::var("BENCH_CLIENTS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(1000)
}

fn report(name: &str, fields: serde_json::Value) {
    let mut line = fields.clone();
    line["bench"] = name.into();
    println!("{line}");
    eprintln!("{name:<34} {fields}");
}

/// A daemon or a bare loop in a process of its own.
struct Process {
    child: Child,
    stdin: ChildStdin,
    listen: SocketAddr,
    http: Option<SocketAddr>,
    _home: tempfile::TempDir,
}

impl Process {
    fn daemon() -> Self {
        let home = tempfile::tempdir().unwrap();
        let settings = home.path().join("messengerd.toml");
        std::fs::write(
            &settings,
            "[limits]\nsend_burst = 1000000000\nsends_per_second = 1e9\n",
        )
        .unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_messengerd"));
        command
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--http",
                "127.0.0.1:0",
                "--data-dir",
            ])
            .arg(home.path().join("data"))
            .arg("--config")
            .arg(settings)
            .env("MESSENGERD_LOG", "warn");
        Self::start(command, home)
    }

    fn bare(kind: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.env("BENCH_BARE", kind);
        Self::start(command, tempfile::tempdir().unwrap())
    }

    fn start(mut command: Command, home: tempfile::TempDir) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines
            .find_map(|line| line.unwrap().strip_prefix("ready ").map(str::to_owned))
            .unwrap();
        std::thread::spawn(move || lines.for_each(drop));
        let field = |name: &str| {
            ready
                .split(' ')
                .find_map(|part| part.strip_prefix(name).map(str::to_owned))
        };
        Self {
            child,
            stdin,
            listen: field("listen=").unwrap().parse().unwrap(),
            http: field("http=").map(|http| http.parse().unwrap()),
            _home: home,
        }
    }

    fn rss_kib(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// User and system time so far, in seconds.
    fn cpu(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat
            .rsplit_once(')')
            .unwrap()
            .1
            .split_whitespace()
            .collect();
        (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
    }

    async fn open(&self, wire: Wire) -> Client {
        Client::open_at(self.listen, self.http, wire).await
    }

    async fn user(&self, wire: Wire, name: &str, live: bool) -> Client {
        let mut client = self.open(wire).await;
        client.hello(None, live).await.unwrap();
        client.register(name).await.unwrap();
        client
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Registers many at once without drowning the password queue.
async fn users(
    daemon: &Arc<Process>,
    wire: Wire,
    count: usize,
    prefix: &str,
    live: bool,
) -> Vec<Client> {
    let gate = Arc::new(Semaphore::new(32));
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..count {
        let (daemon, gate, name) = (daemon.clone(), gate.clone(), format!("{prefix}{n}"));
        tasks.spawn(async move {
            let _turn = gate.acquire().await.unwrap();
            daemon.user(wire, &name, live).await
        });
    }
    let mut users = tasks.join_all().await;
    users.sort_by_key(name_number);
    users
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// Send → acknowledgement with 64 clients, one outstanding each, 1 000 chats in
/// all, beside the raw group-commit loop at 64 outstanding.
async fn acknowledgements() {
    const CLIENTS: usize = 64;
    const ROUND: Duration = Duration::from_secs(2);
    for online in [false, true] {
        let daemon = Arc::new(Process::daemon());
        let mut clients = users(&daemon, Wire::Quic, CLIENTS, "sender", false).await;
        let mut peers = users(&daemon, Wire::Quic, 8, "peer", online).await;
        let mut chats = Vec::new();
        for (n, client) in clients.iter_mut().enumerate() {
            let mut own = Vec::new();
            for m in 0..16 {
                let peer = peers[(n + m) % peers.len()].id();
                own.push(client.group(&format!("{n}-{m}"), vec![peer]).await.id);
            }
            chats.push(own);
        }
        let (mut ratios, mut rates, mut raws) = (Vec::new(), Vec::new(), Vec::new());
        let (mut cpu, mut sent_in_all) = (0.0, 0);
        let mut times = Histogram::<u64>::new(3).unwrap();
        let mut single = Histogram::<u64>::new(3).unwrap();
        let drain = peers
            .drain(..)
            .map(|peer| tokio::spawn(hear(peer)))
            .collect::<Vec<_>>();
        for _ in 0..200 {
            let start = Instant::now();
            clients[0].say(chats[0][0], &"x".repeat(60)).await.unwrap();
            single.record(start.elapsed().as_micros() as u64).unwrap();
        }
        for _ in 0..5 {
            let raw = raw_rate(64, ROUND).await;
            let cpu_before = daemon.cpu();
            let start = Instant::now();
            let mut tasks = tokio::task::JoinSet::new();
            for (mut client, own) in clients.drain(..).zip(chats.clone()) {
                tasks.spawn(async move {
                    let text = "x".repeat(60);
                    let mut times = Vec::new();
                    while start.elapsed() < ROUND {
                        let chat = own[times.len() % own.len()];
                        let sent = Instant::now();
                        client
                            .call(message(chat, EntryId::generate(), &text))
                            .await
                            .unwrap();
                        times.push(sent.elapsed().as_micros() as u64);
                    }
                    (client, times)
                });
            }
            let done = tasks.join_all().await;
            let elapsed = start.elapsed().as_secs_f64();
            let mut count = 0;
            for (client, taken) in done {
                count += taken.len();
                taken
                    .into_iter()
                    .for_each(|time| times.record(time).unwrap());
                clients.push(client);
            }
            // The order of the clients changed; their chats go with them.
            clients.sort_by_key(name_number);
            cpu += daemon.cpu() - cpu_before;
            sent_in_all += count;
            let rate = count as f64 / elapsed;
            ratios.push(rate / raw);
            rates.push(rate);
            raws.push(raw);
        }
        drain.iter().for_each(tokio::task::JoinHandle::abort);
        report(
            if online {
                "ack_quic_64_peers_online"
            } else {
                "ack_quic_64_peers_offline"
            },
            serde_json::json!({
                "per_second": median(rates).round(), "raw_per_second": median(raws).round(),
                "ratio": rounded(median(ratios)), "target_ratio": 0.5,
                "p50_us": times.value_at_quantile(0.5), "p99_us": times.value_at_quantile(0.99),
                "server_cpu_us_each": rounded(cpu * 1e6 / sent_in_all as f64),
                "single_p50_us": single.value_at_quantile(0.5),
            }),
        );
    }
}

/// Durable appends a second of the bare loop, with as many outstanding.
async fn raw_rate(outstanding: usize, time: Duration) -> f64 {
    const CHATS: usize = 1_000;
    let home = tempfile::tempdir().unwrap();
    let loop_ = Arc::new(raw::Raw::open(&home.path().join("raw.db"), CHATS));
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..outstanding {
        let loop_ = loop_.clone();
        tasks.spawn(async move {
            // A fixed step through the chats is as uniform as chance here.
            let (mut chat, mut count) = (task * 15, 0_usize);
            while start.elapsed() < time {
                chat = (chat + 389) % CHATS;
                let (answer, done) = tokio::sync::oneshot::channel();
                loop_.append(raw::Append {
                    chat: chat as i64 + 1,
                    id: EntryId::generate(),
                    body: bytes::Bytes::from_static(&[b'x'; 60]),
                    answer,
                });
                done.await.unwrap();
                count += 1;
            }
            count
        });
    }
    let count: usize = tasks.join_all().await.into_iter().sum();
    count as f64 / start.elapsed().as_secs_f64()
}

fn name_number(client: &Client) -> usize {
    let name = &client.me.as_ref().unwrap().account.username;
    name.trim_start_matches(|c: char| !c.is_ascii_digit())
        .parse()
        .unwrap()
}

async fn hear(mut client: Client) {
    while client.recv().await.is_ok() {}
}

/// Hears until `count` events have come since the last call.
async fn hear_entries(client: &mut Client, count: usize) {
    for _ in 0..count {
        client.next_message().await;
    }
}

/// One message to many online members, beside a bare write loop to as many.
async fn fan_out(wire: Wire) {
    const EVENTS: usize = 40;
    let size = crowd();
    let daemon = Arc::new(Process::daemon());
    // Accounts first, as their passwords take a while to hash, then the
    // connections: a server may drop those that stay silent.
    let accounts = users(&daemon, wire, size, "member", false).await;
    let tokens: Vec<_> = accounts
        .into_iter()
        .map(|account| account.me.unwrap())
        .collect();
    let mut members = Vec::with_capacity(size);
    for me in tokens {
        let mut member = daemon.open(wire).await;
        member.hello(Some(me.token.clone()), true).await.unwrap();
        member.me = Some(me);
        members.push(member);
    }
    let mut author = daemon.user(wire, "author", false).await;
    let chat = author.group("crowd", vec![]).await.id;
    for part in members.chunks(500) {
        let users: Vec<UserId> = part.iter().map(Client::id).collect();
        author.call(AddMembers { chat, users }).await.unwrap();
    }
    let bare = Arc::new(Process::bare(if wire == Wire::Quic {
        "quic"
    } else {
        "websocket"
    }));
    let mut listeners = bare::connect(&bare.listen, wire, size).await;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let (ours_cpu, theirs_cpu) = (daemon.cpu(), bare.cpu());
    for _ in 0..EVENTS {
        let hearing = bare::hear(listeners);
        tokio::task::yield_now().await;
        let start = Instant::now();
        (&bare.stdin).write_all(b"1\n").unwrap();
        listeners = hearing.join_all().await;
        theirs.push(start.elapsed().as_secs_f64());
        let text = "x".repeat(60);
        let mut tasks = tokio::task::JoinSet::new();
        for mut member in members.drain(..) {
            tasks.spawn(async move {
                hear_entries(&mut member, 1).await;
                member
            });
        }
        tokio::task::yield_now().await;
        let start = Instant::now();
        author.say(chat, &text).await.unwrap();
        members = tasks.join_all().await;
        ours.push(start.elapsed().as_secs_f64());
    }
    let ours_cpu = (daemon.cpu() - ours_cpu) * 1e6 / (EVENTS * size) as f64;
    let theirs_cpu = (bare.cpu() - theirs_cpu) * 1e6 / (EVENTS * size) as f64;
    let ratios = ours
        .iter()
        .zip(&theirs)
        .map(|(ours, theirs)| theirs / ours)
        .collect();
    report(
        &format!("fanout_{}_{size}", wire_name(wire)),
        serde_json::json!({
            "deliveries_per_second": (size as f64 / median(ours)).round(),
            "bare_per_second": (size as f64 / median(theirs)).round(),
            "ratio": rounded(median(ratios)), "target_ratio": 0.7,
            "server_cpu_us_each": rounded(ours_cpu), "bare_cpu_us_each": rounded(theirs_cpu),
        }),
    );
    everybody_reads(&daemon, chat, members).await;
}

/// What it costs when all members of a large group read at once.
async fn everybody_reads(daemon: &Process, chat: ChatId, members: Vec<Client>) {
    let size = members.len();
    let (cpu, start) = (daemon.cpu(), Instant::now());
    let mut tasks = tokio::task::JoinSet::new();
    for mut member in members {
        tasks.spawn(async move {
            member
                .call(Mark {
                    chat,
                    read: Some(u64::MAX >> 1),
                    delivered: None,
                })
                .await
                .unwrap();
            let me = member.id();
            member
                .event(|event| match event {
                    proto::event::Event::Cursor(moved) if moved.user == me && moved.read > 0 => {
                        Some(())
                    }
                    _ => None,
                })
                .await;
        });
    }
    tasks.join_all().await;
    report(
        &format!("read_by_{size}"),
        serde_json::json!({
            "seconds_until_all_stored": rounded(start.elapsed().as_secs_f64()),
            "server_cpu_us_each": rounded((daemon.cpu() - cpu) * 1e6 / size as f64),
        }),
    );
}

fn wire_name(wire: Wire) -> &'static str {
    match wire {
        Wire::Quic => "quic",
        Wire::WebSocket => "websocket_tls",
        Wire::PlainWebSocket => "websocket_plain",
    }
}

/// Resident memory of one more idle, signed-in, live connection.
async fn idle_memory(wire: Wire) {
    let size = crowd();
    let daemon = Arc::new(Process::daemon());
    // What the first connections load stays out of the figure.
    let warm = users(&daemon, wire, 50, "warm", true).await;
    let before = daemon.rss_kib();
    let token = warm[0].token();
    let gate = Arc::new(Semaphore::new(32));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..size {
        let (daemon, gate, token) = (daemon.clone(), gate.clone(), token.clone());
        tasks.spawn(async move {
            let _turn = gate.acquire().await.unwrap();
            let mut client = daemon.open(wire).await;
            client.hello(Some(token), true).await.unwrap();
            client
        });
    }
    let clients = tasks.join_all().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let each = (daemon.rss_kib() - before) / clients.len() as f64;
    let target = match wire {
        Wire::Quic => 50,
        Wire::WebSocket => 40,
        Wire::PlainWebSocket => 16,
    };
    report(
        &format!("idle_memory_{}", wire_name(wire)),
        serde_json::json!({ "kib_each": rounded(each), "target_kib": target, "connections": size }),
    );
}

/// Sign-ins by password a second: what argon2id on its one thread allows.
async fn sign_in_rate() {
    let daemon = Arc::new(Process::daemon());
    users(&daemon, Wire::Quic, 20, "user", false).await;
    let start = Instant::now();
    let gate = Arc::new(Semaphore::new(16));
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..100 {
        let (daemon, gate) = (daemon.clone(), gate.clone());
        tasks.spawn(async move {
            let _turn = gate.acquire().await.unwrap();
            let mut client = daemon.open(Wire::Quic).await;
            client.hello(None, false).await.unwrap();
            let login = Login {
                login: format!("user{}", n % 20),
                password: password(),
                device: "b".try_into().unwrap(),
            };
            client.call(login).await.unwrap();
        });
    }
    tasks.join_all().await;
    report(
        "sign_in",
        serde_json::json!({ "per_second": rounded(100.0 / start.elapsed().as_secs_f64()) }),
    );
}
