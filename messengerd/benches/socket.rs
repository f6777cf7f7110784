//! Pages on one daemon for a minute each: 200 chats of 10 at 200 messages a
//! second in all, then one chat of 2 000 at 20 a second, and some who do not
//! read. Ends on a gap, a repeat, a message that does not come, or a slow reader
//! that is not cut.
//!
//! The daemon runs as a process of its own, of which the memory and the time on
//! processors are told; the pages are in this one. JSON lines go to standard
//! output. `SOAK_SECONDS` (60) is the length of each.
#![allow(clippy::unwrap_used, missing_docs, reason = "a bench ends on errors")]

#[path = "../tests/soak/mod.rs"]
mod soak;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::json;
use soak::{Crowd, Plan, SECRET, World};

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let seconds = std::env::var("SOAK_SECONDS").unwrap_or_else(|_| "60".to_owned());
    let length = Duration::from_secs(seconds.parse().unwrap());
    let slow = 4;
    runtime.block_on(async {
        soak(Plan {
            name: "many_chats",
            people: 200,
            chats: 200,
            members: 10,
            rate: 200,
            length,
            slow,
        })
        .await;
        soak(Plan {
            name: "one_chat",
            people: 2_000,
            chats: 1,
            members: 2_000,
            rate: 20,
            length,
            slow,
        })
        .await;
    });
}

async fn soak(plan: Plan) {
    let home = tempfile::tempdir().unwrap();
    let world = World::make(&home.path().join("data"), &plan).await;
    let daemon = Daemon::start(home.path());
    let crowd = Crowd::open(daemon.http, world, plan).await;
    let idle_kib = daemon.memory("VmRSS:");
    let busy = daemon.processor_ms();
    let report = crowd.run().await;
    let busy = daemon.processor_ms() - busy;
    assert_eq!(report.cut, plan.slow, "slow readers are cut");
    let line = json!({
        "bench": format!("soak_{}", plan.name),
        "seconds": plan.length.as_secs(),
        "sockets": plan.people,
        "messages": report.sent,
        "told": report.told,
        "p50_ms": report.delays.value_at_quantile(0.5) as f64 / 1000.0,
        "p99_ms": report.delays.value_at_quantile(0.99) as f64 / 1000.0,
        "max_ms": report.delays.max() as f64 / 1000.0,
        "idle_mib": idle_kib / 1024,
        "end_mib": daemon.memory("VmRSS:") / 1024,
        "peak_mib": daemon.memory("VmHWM:") / 1024,
        "cpu_percent": busy / 10 / plan.length.as_secs(),
        "slow_cut": report.cut,
    });
    println!("{line}");
}

struct Daemon {
    child: Child,
    http: SocketAddr,
}

impl Daemon {
    fn start(home: &std::path::Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_messengerd"))
            .args(["serve", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"])
            .arg("--data-dir")
            .arg(home.join("data"))
            .env("JWT_SECRET", SECRET)
            .env("MESSENGERD_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines
            .find_map(|line| line.unwrap().strip_prefix("ready ").map(str::to_owned))
            .unwrap();
        std::thread::spawn(move || lines.for_each(drop));
        let mut fields = ready.split(' ');
        let http = fields.find_map(|part| part.strip_prefix("http=")).unwrap();
        Self {
            child,
            http: http.parse().unwrap(),
        }
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).unwrap()
    }

    /// In KiB.
    fn memory(&self, field: &str) -> u64 {
        let status = self.read("status");
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let mut parts = line.unwrap().split_whitespace();
        parts.next().unwrap().parse().unwrap()
    }

    /// Time spent on processors so far.
    fn processor_ms(&self) -> u64 {
        let stat = self.read("stat");
        let (_, fields) = stat.rsplit_once(')').unwrap();
        let fields: Vec<&str> = fields.split_whitespace().collect();
        // In hundredths of a second.
        let ticks = |at: usize| fields[at].parse::<u64>().unwrap();
        (ticks(11) + ticks(12)) * 10
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended by itself, which has been seen by then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
