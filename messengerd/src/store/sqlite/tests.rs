//! The cases of every back end, and those of this one.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use super::SqliteStore;
use crate::store::conformance::{Bed, Recorder, conformance};

async fn bed() -> Bed {
    let directory = tempfile::tempdir().unwrap();
    let feed = Arc::new(Recorder::default());
    let store = SqliteStore::open(&directory.path().join("store.db"), feed.clone()).unwrap();
    Bed {
        store: Arc::new(store),
        feed,
        _guard: Box::new(directory),
    }
}

conformance!(crate::store::sqlite::tests::bed);
