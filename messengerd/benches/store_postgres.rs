//! Durable appends through one store on PostgreSQL and through two, beside a
//! bare group-commit loop on the same server.
//!
//! A private server with `fsync` on; 1 000 uniform chats, bodies of 60 bytes, a
//! fixed number of appends outstanding per store. What is compared alternates,
//! and the median of the ratios of neighbouring runs counts. JSON lines go to
//! standard output, a table to standard error. `BENCH_SECONDS` is the length of
//! one run (2).

#![allow(clippy::unwrap_used, missing_docs, reason = "a bench ends on errors")]

#[path = "store/load.rs"]
mod load;
#[path = "../tests/servers/postgres.rs"]
mod postgres;
#[path = "store/raw_postgres.rs"]
mod raw;

use std::sync::Arc;
use std::time::{Duration, Instant};

use messengerd::store::SharedStore;
use messengerd::store::postgres::{PostgresStore, Settings, TlsMode};
use proto::id::EntryId;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use load::{BODY, CHATS, Deaf, Ours, ROUNDS, Side, Uniform, histogram, median, millis};
use raw::Raw;

const FETCHES: usize = 5_000;
/// Appends per second of the steady run.
const STEADY: u32 = 500;

/// Appends to the bare loop or to a store, to all chats or to one.
struct Target {
    to: To,
    hot: bool,
}

enum To {
    Raw(Arc<Raw>),
    Store(Ours),
}

impl Side for Target {
    async fn append(&self, chat: usize) {
        let chat = if self.hot { 7 } else { chat };
        match &self.to {
            To::Raw(raw) => {
                let (answer, done) = oneshot::channel();
                raw.queue(raw::Append {
                    chat: chat as i64 + 1,
                    id: EntryId::generate(),
                    body: BODY,
                    answer,
                });
                done.await.unwrap();
            }
            To::Store(ours) => ours.append(chat).await,
        }
    }
}

type Targets = Vec<Arc<Target>>;

struct Bench<'a> {
    runtime: &'a Runtime,
    length: Duration,
}

impl Bench<'_> {
    /// Compares two loads, both with `outstanding` appends per target.
    fn compare(&self, name: &str, outstanding: usize, base: &Targets, measured: &Targets) {
        let mut latencies = [histogram(), histogram()];
        let mut rates = [Vec::new(), Vec::new()];
        let mut ratios = Vec::new();
        for _ in 0..ROUNDS {
            for ((targets, latency), rates) in [base, measured]
                .into_iter()
                .zip(&mut latencies)
                .zip(&mut rates)
            {
                let run = load::run(self.runtime, targets, outstanding, self.length, latency);
                rates.push(run);
            }
            ratios.push(rates[1][rates[1].len() - 1] / rates[0][rates[0].len() - 1]);
        }
        let [base_rate, rate] = rates.map(|rates| median(&rates));
        let ratio = median(&ratios);
        let [base_p50, p50] = [0, 1].map(|side: usize| millis(&latencies[side], 0.5));
        let [base_p99, p99] = [0, 1].map(|side: usize| millis(&latencies[side], 0.99));
        println!(
            "{}",
            serde_json::json!({
                "bench": format!("store_postgres.{name}"), "outstanding": outstanding,
                "base_per_s": base_rate.round(), "per_s": rate.round(), "ratio": ratio,
                "ratios": ratios, "base_p50_ms": base_p50, "base_p99_ms": base_p99,
                "p50_ms": p50, "p99_ms": p99,
            })
        );
        eprintln!(
            "{name:<22} {outstanding:>5} outst.  base {base_rate:>7.0}/s {base_p50:>6.2}/{base_p99:<6.2} ms   \
             {rate:>7.0}/s {p50:>6.2}/{p99:<6.2} ms   ratio {ratio:.2}"
        );
    }

    /// Sends at a fixed rate, whatever has been answered.
    fn steady(&self, target: &Arc<Target>) {
        let total = (self.length.as_secs_f64() * ROUNDS as f64 * f64::from(STEADY)) as u32;
        let latency = self.runtime.block_on(async {
            let mut uniform = Uniform(4711);
            let started = Instant::now();
            let mut sent = Vec::new();
            for number in 0..total {
                let due = started + Duration::from_secs(1) * number / STEADY;
                tokio::time::sleep_until(due.into()).await;
                let (target, chat) = (Arc::clone(target), uniform.chat());
                sent.push(tokio::spawn(async move {
                    target.append(chat).await;
                    due.elapsed()
                }));
            }
            let mut latency = histogram();
            for sent in sent {
                let micros = sent.await.unwrap().as_micros() as u64;
                latency.record(micros).unwrap();
            }
            latency
        });
        let (p50, p99) = (millis(&latency, 0.5), millis(&latency, 0.99));
        println!(
            "{}",
            serde_json::json!({
                "bench": "store_postgres.steady", "per_s": STEADY, "p50_ms": p50, "p99_ms": p99,
            })
        );
        eprintln!("steady {STEADY}/s             p50 {p50:.2} ms   p99 {p99:.2} ms");
    }
}

/// Some of the chats through another store.
fn through(ours: &Ours, store: &SharedStore, chats: std::ops::Range<usize>) -> Ours {
    Ours {
        store: Arc::clone(store),
        chats: ours.chats[chats].to_vec(),
        actor: ours.actor,
    }
}

fn targets(stores: &[Ours], hot: bool) -> Targets {
    stores
        .iter()
        .map(|ours| {
            Arc::new(Target {
                to: To::Store(ours.clone()),
                hot,
            })
        })
        .collect()
}

fn main() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let server = postgres::Server::start(&postgres::Options {
        durable: true,
        settings: ["shared_buffers=512MB", "max_wal_size=4GB"]
            .map(str::to_owned)
            .to_vec(),
        ..postgres::Options::default()
    });
    let open = || -> SharedStore {
        let settings = Settings {
            server: server.config(),
            tls: TlsMode::Disable,
            root_certificate: None,
        };
        let store = PostgresStore::open(&settings, Arc::new(Deaf));
        Arc::new(runtime.block_on(store).unwrap())
    };
    let raw = Arc::new(Raw::open(&runtime, &server.config(), CHATS));
    let bare = |hot| {
        vec![Arc::new(Target {
            to: To::Raw(Arc::clone(&raw)),
            hot,
        })]
    };
    let (one, two) = (open(), open());
    let ours = runtime.block_on(Ours::fill(Arc::clone(&one)));
    let single = targets(std::slice::from_ref(&ours), false);
    let hot = targets(std::slice::from_ref(&ours), true);
    let other = through(&ours, &two, 0..CHATS);
    let halves = [
        through(&ours, &one, 0..CHATS / 2),
        through(&ours, &two, CHATS / 2..CHATS),
    ];
    let bench = Bench {
        runtime: &runtime,
        length: load::length(),
    };
    for outstanding in [1, 64, 1024] {
        bench.compare("append", outstanding, &bare(false), &single);
    }
    bench.compare("hot_chat", 64, &bare(false), &hot);
    bench.compare("hot_chat_of_hot", 64, &bare(true), &hot);
    bench.compare("two_disjoint", 64, &single, &targets(&halves, false));
    bench.compare(
        "two_same",
        64,
        &single,
        &targets(&[ours.clone(), other], false),
    );
    bench.steady(&single[0]);
    let (p50, p99) = load::fetches(&runtime, &ours, FETCHES);
    println!(
        "{}",
        serde_json::json!({"bench": "store_postgres.fetch50", "p50_ms": p50, "p99_ms": p99})
    );
    eprintln!("fetch 50 entries       p50 {p50:.3} ms   p99 {p99:.3} ms");
    for store in [one, two] {
        runtime.block_on(store.close()).unwrap();
    }
}
