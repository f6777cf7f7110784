//! Durable appends through the store beside a bare group-commit loop, and the
//! time of reading a page.
//!
//! The loop has the least that makes an append durable and repeatable: one
//! table with a packed key, a unique id, one head per chat. Both sides share
//! the load (1 000 uniform chats, bodies of 60 bytes, a fixed number of appends
//! outstanding, the next one sent when one is answered), alternate, and are
//! compared by the median of the ratios of neighbouring runs. JSON lines go to
//! standard output, a table to standard error. `BENCH_SECONDS` is the length of
//! one run (2), `BENCH_DIR` where the files are made.

#![allow(clippy::unwrap_used, missing_docs, reason = "a bench ends on errors")]

#[path = "store/raw.rs"]
mod raw;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hdrhistogram::Histogram;
use messengerd::store::sqlite::SqliteStore;
use messengerd::store::{
    Actor, Admission, Append, ChatRecord, Committed, Feed, NewChat, NewSession, NewUser, Store,
};
use proto::entry::kind;
use proto::id::{ChatId, EntryId, SessionId, UserId};
use proto::request::ChatKind;
use proto::text::{ChatName, DeviceName, Username};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use raw::Raw;

const CHATS: usize = 1_000;
const BODY: Bytes = Bytes::from_static(&[b'x'; 60]);
const ROUNDS: usize = 5;
const FETCHES: usize = 20_000;
const AT: i64 = 1_700_000_000_000;

/// One side of the comparison.
enum Side {
    Raw(Raw),
    Store(Ours),
}

struct Ours {
    store: SqliteStore,
    chats: Vec<ChatRecord>,
    actor: Actor,
}

/// Hears and forgets: what is done with it is measured elsewhere.
struct Deaf;

impl Feed for Deaf {
    fn committed(&self, batch: Vec<Committed>) {
        drop(batch);
    }
}

impl Side {
    async fn append(&self, chat: usize) {
        match self {
            Self::Raw(raw) => {
                let (answer, done) = oneshot::channel();
                raw.append(raw::Append {
                    chat: chat as i64 + 1,
                    id: EntryId::generate(),
                    body: BODY,
                    answer,
                });
                done.await.unwrap();
            }
            Self::Store(ours) => {
                let chat = &ours.chats[chat];
                let append = Append {
                    chat: chat.no,
                    chat_id: chat.id,
                    acl_rev: chat.acl_rev,
                    actor: ours.actor,
                    kind: kind::MESSAGE,
                    id: EntryId::generate(),
                    ref_seq: None,
                    at: AT,
                    body: BODY,
                };
                ours.store.append(append).unwrap().await.unwrap();
            }
        }
    }
}

impl Ours {
    async fn open(path: &Path) -> Self {
        let store = SqliteStore::open(path, Arc::new(Deaf)).unwrap();
        let user = NewUser {
            id: UserId::generate(),
            username: Username::try_from("bench").unwrap(),
            email: None,
            password_hash: String::new(),
            admission: Admission::Open {
                first_is_admin: true,
            },
            at: AT,
        };
        let session = NewSession {
            id: SessionId::generate(),
            device: DeviceName::try_from("bench").unwrap(),
            at: AT,
        };
        let user = store.create_user(user, session).await.unwrap();
        let actor = Actor {
            no: user.no,
            id: user.id,
        };
        let making: Vec<_> = (0..CHATS)
            .map(|number| {
                store.create_chat(NewChat {
                    id: ChatId::generate(),
                    kind: ChatKind::Group,
                    name: Some(ChatName::try_from(format!("chat {number}")).unwrap()),
                    creator: actor,
                    others: Vec::new(),
                    entry: EntryId::generate(),
                    at: AT,
                })
            })
            .collect();
        let mut chats = Vec::new();
        for made in making {
            chats.push(made.await.unwrap());
        }
        Self {
            store,
            chats,
            actor,
        }
    }
}

/// Uniform numbers, the same for both sides (xorshift64*).
struct Uniform(u64);

impl Uniform {
    fn chat(&mut self) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % CHATS
    }
}

/// Keeps `outstanding` appends under way for a while; appends per second.
fn run(
    runtime: &Runtime,
    side: &Arc<Side>,
    outstanding: usize,
    length: Duration,
    latency: &mut Histogram<u64>,
) -> f64 {
    let started = Instant::now();
    let end = started + length;
    let clients: Vec<_> = (0..outstanding)
        .map(|client| {
            let side = Arc::clone(side);
            runtime.spawn(async move {
                let mut uniform = Uniform(0x9e37_79b9_7f4a_7c15 ^ (client as u64 + 1));
                let mut micros = Vec::new();
                loop {
                    let sent = Instant::now();
                    if sent >= end {
                        return micros;
                    }
                    side.append(uniform.chat()).await;
                    micros.push(sent.elapsed().as_micros() as u64);
                }
            })
        })
        .collect();
    let mut appends = 0;
    for client in clients {
        let micros = runtime.block_on(client).unwrap();
        appends += micros.len();
        for micros in micros {
            latency.record(micros).unwrap();
        }
    }
    appends as f64 / started.elapsed().as_secs_f64()
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn millis(latency: &Histogram<u64>, quantile: f64) -> f64 {
    latency.value_at_quantile(quantile) as f64 / 1000.0
}

fn appends(runtime: &Runtime, directory: &Path, outstanding: usize, length: Duration) {
    let raw = Raw::open(&directory.join(format!("raw-{outstanding}.db")), CHATS);
    let path = directory.join(format!("store-{outstanding}.db"));
    let ours = Ours::open(&path);
    let sides = [
        Arc::new(Side::Raw(raw)),
        Arc::new(Side::Store(runtime.block_on(ours))),
    ];
    let mut latencies = [(); 2].map(|()| Histogram::<u64>::new(3).unwrap());
    let mut rates = [Vec::new(), Vec::new()];
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        for ((side, latency), rates) in sides.iter().zip(&mut latencies).zip(&mut rates) {
            rates.push(run(runtime, side, outstanding, length, latency));
        }
        ratios.push(rates[1][rates[1].len() - 1] / rates[0][rates[0].len() - 1]);
    }
    let [raw_rate, store_rate] = rates.map(|rates| median(&rates));
    let ratio = median(&ratios);
    let [raw_p50, store_p50] = [0, 1].map(|side: usize| millis(&latencies[side], 0.5));
    let [raw_p99, store_p99] = [0, 1].map(|side: usize| millis(&latencies[side], 0.99));
    println!(
        "{}",
        serde_json::json!({
            "bench": "store.append", "outstanding": outstanding,
            "raw_per_s": raw_rate.round(), "store_per_s": store_rate.round(), "ratio": ratio,
            "ratios": ratios,
            "raw_p50_ms": raw_p50, "raw_p99_ms": raw_p99,
            "store_p50_ms": store_p50, "store_p99_ms": store_p99,
        })
    );
    eprintln!(
        "append   {outstanding:>5} outstanding   raw {raw_rate:>8.0}/s {raw_p50:>7.2}/{raw_p99:<7.2} ms   \
         store {store_rate:>8.0}/s {store_p50:>7.2}/{store_p99:<7.2} ms   ratio {ratio:.2}"
    );
    let [_, side] = sides;
    if let Side::Store(ours) = side.as_ref() {
        if outstanding == 1024 {
            fetches(runtime, &side, ours);
        }
        runtime.block_on(ours.store.close()).unwrap();
    }
}

/// Reads the latest 50 entries of random chats, one after the other.
fn fetches(runtime: &Runtime, side: &Side, ours: &Ours) {
    runtime.block_on(async {
        for chat in 0..CHATS {
            futures_util::future::join_all((0..50).map(|_| side.append(chat))).await;
        }
    });
    let mut latency = Histogram::<u64>::new(3).unwrap();
    let mut uniform = Uniform(42);
    runtime.block_on(async {
        for _ in 0..FETCHES {
            let chat = ours.chats[uniform.chat()].no;
            let asked = Instant::now();
            let page = ours.store.entries_before(chat, None, 50, 192 * 1024);
            assert_eq!(page.await.unwrap().entries.len(), 50);
            latency.record(asked.elapsed().as_micros() as u64).unwrap();
        }
    });
    let (p50, p99) = (millis(&latency, 0.5), millis(&latency, 0.99));
    println!(
        "{}",
        serde_json::json!({"bench": "store.fetch50", "p50_ms": p50, "p99_ms": p99})
    );
    eprintln!("fetch 50 entries       p50 {p50:.3} ms   p99 {p99:.3} ms");
}

fn main() {
    let seconds = std::env::var("BENCH_SECONDS").map_or(2.0, |text| text.parse().unwrap());
    let parent = std::env::var_os("BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let directory = tempfile::tempdir_in(parent).unwrap();
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    for outstanding in [1, 64, 1024] {
        appends(
            &runtime,
            directory.path(),
            outstanding,
            Duration::from_secs_f64(seconds),
        );
    }
}
