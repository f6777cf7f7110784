//! Migrations of the embedded back end.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

use std::sync::Arc;

use messengerd::store::sqlite::{SqliteStore, migrate, schema};
use messengerd::store::{Committed, Feed, Store, StoreError};
use rusqlite::Connection;

struct Deaf;

impl Feed for Deaf {
    fn committed(&self, batch: Vec<Committed>) {
        drop(batch);
    }
}

#[test]
fn steps_are_applied_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let versions: Vec<_> = schema::MIGRATIONS.iter().map(|step| step.version).collect();
    assert_eq!(migrate(&path).unwrap(), versions);
    assert!(migrate(&path).unwrap().is_empty());
    assert_eq!(versions, (1..=versions.len() as u32).collect::<Vec<_>>());
}

#[test]
fn racing_programs_take_turns() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let racing: Vec<_> = (0..4)
        .map(|_| {
            let path = path.clone();
            std::thread::spawn(move || migrate(&path).unwrap().len())
        })
        .collect();
    let applied: usize = racing.into_iter().map(|race| race.join().unwrap()).sum();
    assert_eq!(applied, schema::MIGRATIONS.len());
}

#[test]
fn a_newer_schema_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    migrate(&path).unwrap();
    let conn = Connection::open(&path).unwrap();
    conn.execute(
        "INSERT INTO migrations VALUES (4711, 'later', zeroblob(32), 0)",
        [],
    )
    .unwrap();
    let refused = SqliteStore::open(&path, Arc::new(Deaf)).err();
    assert!(matches!(
        refused,
        Some(StoreError::NewerSchema { found: 4711, .. })
    ));
}

#[test]
fn a_changed_step_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    migrate(&path).unwrap();
    let conn = Connection::open(&path).unwrap();
    conn.execute(
        "UPDATE migrations SET checksum = zeroblob(32) WHERE version = 1",
        [],
    )
    .unwrap();
    let refused = SqliteStore::open(&path, Arc::new(Deaf)).err();
    assert!(matches!(refused, Some(StoreError::ChangedMigration(1))));
}

#[tokio::test]
async fn the_community_stays() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = SqliteStore::open(&path, Arc::new(Deaf)).unwrap();
    let community = store.community();
    store.close().await.unwrap();
    let left: Vec<_> = std::fs::read_dir(directory.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "closing empties the log: {left:?}");
    let store = SqliteStore::open(&path, Arc::new(Deaf)).unwrap();
    assert_eq!(store.community(), community);
}
