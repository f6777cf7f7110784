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

#[path = "store/load.rs"]
mod load;
#[path = "store/raw.rs"]
mod raw;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use messengerd::store::sqlite::SqliteStore;
use proto::id::EntryId;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use load::{BODY, CHATS, Deaf, Ours, ROUNDS, Side, histogram, median, millis};
use raw::Raw;

const FETCHES: usize = 20_000;

impl Side for Raw {
    async fn append(&self, chat: usize) {
        let (answer, done) = oneshot::channel();
        let append = raw::Append {
            chat: chat as i64 + 1,
            id: EntryId::generate(),
            body: BODY,
            answer,
        };
        self.append(append);
        done.await.unwrap();
    }
}

fn appends(runtime: &Runtime, directory: &Path, outstanding: usize, length: Duration) {
    let bare = directory.join(format!("raw-{outstanding}.db"));
    let bare = [Arc::new(Raw::open(&bare, CHATS))];
    let path = directory.join(format!("store-{outstanding}.db"));
    let store = SqliteStore::open(&path, Arc::new(Deaf)).unwrap();
    let ours = [Arc::new(runtime.block_on(Ours::fill(Arc::new(store))))];
    let mut latencies = [histogram(), histogram()];
    let mut rates = [Vec::new(), Vec::new()];
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let raw = load::run(runtime, &bare, outstanding, length, &mut latencies[0]);
        let store = load::run(runtime, &ours, outstanding, length, &mut latencies[1]);
        rates[0].push(raw);
        rates[1].push(store);
        ratios.push(store / raw);
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
    let [ours] = ours;
    if outstanding == 1024 {
        let (p50, p99) = load::fetches(runtime, &ours, FETCHES);
        println!(
            "{}",
            serde_json::json!({"bench": "store.fetch50", "p50_ms": p50, "p99_ms": p99})
        );
        eprintln!("fetch 50 entries       p50 {p50:.3} ms   p99 {p99:.3} ms");
    }
    runtime.block_on(ours.store.close()).unwrap();
}

fn main() {
    let parent = std::env::var_os("BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let directory = tempfile::tempdir_in(parent).unwrap();
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    for outstanding in [1, 64, 1024] {
        appends(&runtime, directory.path(), outstanding, load::length());
    }
}
