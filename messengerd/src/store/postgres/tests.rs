//! The cases of every back end, and those of this one.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../../../tests/servers/postgres.rs"]
mod server;

use std::sync::Arc;

use super::{PostgresStore, Settings, TlsMode};
use crate::store::conformance::{Bed, Recorder, conformance};

fn settings(server: tokio_postgres::Config) -> Settings {
    Settings {
        server,
        tls: TlsMode::Disable,
        root_certificate: None,
    }
}

async fn bed() -> Bed {
    let database = server::database().await;
    let feed = Arc::new(Recorder::default());
    let store = PostgresStore::open(&settings(database.config.clone()), feed.clone())
        .await
        .unwrap();
    Bed {
        store: Arc::new(store),
        feed,
        _guard: Box::new(database),
    }
}

conformance!(crate::store::postgres::tests::bed);
