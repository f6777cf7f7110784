//! The cases of every back end, and those of this one.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::{Arc, Mutex, mpsc};

use proto::digest::{Digest, LogDigest};
use rusqlite::{Connection, OptionalExtension};

use super::{Options, SqliteStore};
use crate::store::conformance::{Bed, Recorder, conformance, message, new_session, new_user};
use crate::store::{ChatRecord, Committed, Feed, Store, StoreError, UserRecord};

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

/// A feed that holds the writer until it is let go.
struct Gate {
    entered: mpsc::Sender<()>,
    open: Mutex<mpsc::Receiver<()>>,
}

impl Feed for Gate {
    fn committed(&self, _batch: Vec<Committed>) {
        // Only the first few are waited for.
        let _ = self.entered.send(());
        self.open.lock().unwrap().recv().unwrap();
    }
}

/// A store whose writer is held, with room for `queue` writes and `bytes` of
/// bodies, a chat in it, and the key to the gate.
async fn held(queue: usize, bytes: usize) -> (Bed, mpsc::Sender<()>, ChatRecord, UserRecord) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let (entered, at_gate) = mpsc::channel();
    let (key, open) = mpsc::channel();
    let gate = Gate {
        entered,
        open: Mutex::new(open),
    };
    let options = Options {
        queue,
        queue_bytes: bytes,
        ..Options::default()
    };
    let store = SqliteStore::open_with(&path, Arc::new(gate), &options).unwrap();
    let bed = Bed {
        store: Arc::new(store),
        feed: Arc::default(),
        _guard: Box::new(directory),
    };
    key.send(()).unwrap();
    let ann = bed.user("ann").await;
    key.send(()).unwrap();
    let chat = bed.group(&[&ann]).await;
    at_gate.recv().unwrap();
    at_gate.recv().unwrap();
    let held = bed.store.append(message(&chat, &ann, "held")).unwrap();
    at_gate.recv().unwrap();
    drop(held);
    (bed, key, chat, ann)
}

#[tokio::test]
async fn a_full_queue_is_busy() {
    let (bed, key, chat, ann) = held(3, usize::MAX).await;
    let queued: Vec<_> = (0..3)
        .map(|_| bed.store.append(message(&chat, &ann, "x")).unwrap())
        .collect();
    let refused = bed.store.append(message(&chat, &ann, "x"));
    assert!(matches!(refused.err(), Some(StoreError::Busy)));
    let refused = bed.store.setting_or_insert("name", Vec::new()).await;
    assert!(matches!(refused, Err(StoreError::Busy)));
    // Reads do not wait for the writer.
    bed.store.heads(ann.no).await.unwrap();
    for _ in 0..4 {
        key.send(()).unwrap();
    }
    for (number, landed) in queued.into_iter().enumerate() {
        assert_eq!(landed.await.unwrap().seq, number as u64 + 3);
    }
    assert_eq!(bed.say(&chat, &ann, "x").await.unwrap().seq, 6);
}

#[tokio::test]
async fn waiting_bodies_are_bounded() {
    let (bed, key, chat, ann) = held(1000, 100).await;
    let large = "x".repeat(99);
    let queued = [&large, &large].map(|text| bed.store.append(message(&chat, &ann, text)));
    let refused = bed.store.append(message(&chat, &ann, "x"));
    assert!(matches!(refused.err(), Some(StoreError::Busy)));
    for _ in 0..4 {
        key.send(()).unwrap();
    }
    for landed in queued {
        landed.unwrap().await.unwrap();
    }
    assert_eq!(bed.say(&chat, &ann, "x").await.unwrap().seq, 5);
}

#[tokio::test]
async fn full_blocks_are_kept_behind_the_append() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let feed = Arc::new(Recorder::default());
    let bed = Bed {
        store: Arc::new(SqliteStore::open(&path, feed.clone()).unwrap()),
        feed,
        _guard: Box::new(directory),
    };
    let ann = bed.user("ann").await;
    let chat = bed.group(&[&ann]).await;
    let pending: Vec<_> = (0..1500)
        .map(|_| bed.store.append(message(&chat, &ann, "x")).unwrap())
        .collect();
    for landed in pending {
        landed.await.unwrap();
    }
    let conn = Connection::open(&path).unwrap();
    let kept = || {
        conn.query_row("SELECT block, hash FROM chat_blocks", [], |row| {
            Ok((row.get::<_, i64>(0)?, Digest(row.get(1)?)))
        })
        .optional()
        .unwrap()
    };
    let (block, hash) = loop {
        if let Some(found) = kept() {
            break found;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(block, 0);
    let mut log = LogDigest::new();
    log.block(hash);
    let (_, _, digest) = bed.store.digest(chat.no, 0, 1024).await.unwrap();
    assert_eq!(digest, log.finish());
    // It is what is answered from.
    conn.execute("UPDATE chat_blocks SET hash = zeroblob(32)", [])
        .unwrap();
    let (_, _, other) = bed.store.digest(chat.no, 0, 1024).await.unwrap();
    assert_ne!(other, digest);
}

#[tokio::test]
async fn a_disabled_account_is_hidden() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = SqliteStore::open(&path, Arc::new(Recorder::default())).unwrap();
    let session = new_session();
    let made = store.create_user(new_user("ann"), session.clone()).await;
    made.unwrap();
    assert!(store.session(session.id).await.unwrap().is_some());
    let conn = Connection::open(&path).unwrap();
    conn.execute("UPDATE users SET disabled = 1", []).unwrap();
    assert_eq!(store.session(session.id).await.unwrap(), None);
    let found = store.search_users("ann".to_owned(), 10).await.unwrap();
    assert_eq!(found, []);
    let user = store.user_by_login("ann".to_owned()).await.unwrap();
    assert!(user.unwrap().disabled);
}
