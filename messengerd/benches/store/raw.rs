//! The bare loop: one thread, one transaction for all that waits, one table.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;

use bytes::Bytes;
use proto::id::EntryId;
use rusqlite::{Connection, params};
use tokio::sync::{mpsc, oneshot};

const BATCH: usize = 512;

pub(crate) struct Append {
    pub(crate) chat: i64,
    pub(crate) id: EntryId,
    pub(crate) body: Bytes,
    pub(crate) answer: oneshot::Sender<u64>,
}

pub(crate) struct Raw {
    jobs: mpsc::Sender<Append>,
}

impl Raw {
    pub(crate) fn open(path: &Path, chats: usize) -> Self {
        let conn = Connection::open(path).unwrap();
        conn.execute_batch(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             PRAGMA cache_size = -65536;
             PRAGMA wal_autocheckpoint = 16000;
             CREATE TABLE messages (mid INTEGER PRIMARY KEY, id BLOB NOT NULL,
               sender INTEGER NOT NULL, kind INTEGER NOT NULL, body BLOB NOT NULL,
               created_at INTEGER NOT NULL) STRICT;
             CREATE UNIQUE INDEX messages_id ON messages (id);
             CREATE TABLE chats (chat_no INTEGER PRIMARY KEY, head INTEGER NOT NULL) STRICT;
             BEGIN;",
        )
        .unwrap();
        for chat in 1..=chats {
            conn.execute("INSERT INTO chats VALUES (?1, 0)", [chat as i64])
                .unwrap();
        }
        conn.execute_batch("COMMIT").unwrap();
        let (jobs, receiver) = mpsc::channel(16_384);
        let heads = vec![0; chats + 1];
        thread::spawn(move || work(&conn, receiver, heads));
        Self { jobs }
    }

    pub(crate) fn append(&self, append: Append) {
        self.jobs.try_send(append).ok().unwrap();
    }
}

fn work(conn: &Connection, mut jobs: mpsc::Receiver<Append>, mut heads: Vec<i64>) {
    let mut begin = conn.prepare("BEGIN IMMEDIATE").unwrap();
    let mut commit = conn.prepare("COMMIT").unwrap();
    let mut insert = conn
        .prepare("INSERT INTO messages VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO NOTHING")
        .unwrap();
    let mut update = conn
        .prepare("UPDATE chats SET head = ?2 WHERE chat_no = ?1")
        .unwrap();
    let mut batch = Vec::with_capacity(BATCH);
    while jobs.blocking_recv_many(&mut batch, BATCH) > 0 {
        begin.execute([]).unwrap();
        let mut touched = BTreeMap::new();
        let mut answers = Vec::with_capacity(batch.len());
        for append in batch.drain(..) {
            let head = &mut heads[append.chat as usize];
            *head += 1;
            let mid = (append.chat << 32) | *head;
            let (id, body) = (append.id.as_bytes(), &append.body[..]);
            insert
                .execute(params![mid, id, 1, 1, body, 1_700_000_000_000_i64])
                .unwrap();
            touched.insert(append.chat, *head);
            answers.push((append.answer, *head as u64));
        }
        for (chat, head) in touched {
            update.execute([chat, head]).unwrap();
        }
        commit.execute([]).unwrap();
        for (answer, seq) in answers {
            answer.send(seq).unwrap();
        }
    }
}
