//! Searches in a million messages of one account in 500 chats on PostgreSQL,
//! and how fast messages come into its index.
//!
//! A private server with `fsync` on. JSON lines go to standard output, a table
//! to standard error. `BENCH_MESSAGES` is how many there are (1 000 000).

#![allow(clippy::unwrap_used, missing_docs, reason = "a bench ends on errors")]

#[path = "store/corpus.rs"]
mod corpus;
#[path = "store/load.rs"]
#[allow(dead_code, reason = "shared by several benches")]
mod load;
#[path = "../tests/servers/postgres.rs"]
mod postgres;

use std::sync::Arc;

use messengerd::store::SharedStore;
use messengerd::store::postgres::{PostgresStore, Settings, TlsMode};
use tokio::runtime::Builder;

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
    let settings = Settings {
        server: server.config(),
        tls: TlsMode::Disable,
        root_certificate: None,
    };
    let store = PostgresStore::open(&settings, Arc::new(load::Deaf));
    let store: SharedStore = Arc::new(runtime.block_on(store).unwrap());
    corpus::measure(&runtime, "store_search_postgres", &store);
    runtime.block_on(store.close()).unwrap();
}
