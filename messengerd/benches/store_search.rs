//! Searches in a million messages of one account in 500 chats on SQLite, and
//! how fast messages come into its index.
//!
//! JSON lines go to standard output, a table to standard error.
//! `BENCH_MESSAGES` is how many there are (1 000 000), `BENCH_DIR` where the
//! file is made, `BENCH_KEEP` a file that is made once and searched again.

#![allow(clippy::unwrap_used, missing_docs, reason = "a bench ends on errors")]

#[path = "store/corpus.rs"]
mod corpus;
#[path = "store/load.rs"]
#[allow(dead_code, reason = "shared by several benches")]
mod load;

use std::path::PathBuf;
use std::sync::Arc;

use messengerd::store::SharedStore;
use messengerd::store::sqlite::SqliteStore;
use tokio::runtime::Builder;

fn main() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let directory = match std::env::var_os("BENCH_DIR") {
        Some(within) => tempfile::tempdir_in(within),
        None => tempfile::tempdir(),
    }
    .unwrap();
    let kept = std::env::var_os("BENCH_KEEP").map(PathBuf::from);
    let path = kept.unwrap_or_else(|| directory.path().join("store.db"));
    let store: SharedStore = Arc::new(SqliteStore::open(&path, Arc::new(load::Deaf)).unwrap());
    corpus::measure(&runtime, "store_search", &store);
    runtime.block_on(store.close()).unwrap();
    let bytes = std::fs::metadata(&path).unwrap().len();
    eprintln!("{} MB in all", bytes / 1_000_000);
}
