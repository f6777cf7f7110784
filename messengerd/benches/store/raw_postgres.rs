//! The bare loop on PostgreSQL: two committers, each with one statement for all
//! that waits; the least that makes an append durable and repeatable.

use std::collections::BTreeMap;

use bytes::Bytes;
use proto::id::EntryId;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::{Client, Config, NoTls};
use uuid::Uuid;

const BATCH: usize = 512;

const LEAN: &str = "WITH u AS (
      UPDATE raw_chats c SET head = c.head + k.n FROM (
        SELECT c2.chat_no, t.n FROM unnest($5::int8[], $6::int8[]) t(chat_no, n)
        JOIN raw_chats c2 USING (chat_no) ORDER BY c2.chat_no FOR UPDATE OF c2) k
      WHERE c.chat_no = k.chat_no RETURNING c.chat_no, c.head - k.n AS base),
    ins AS (
      INSERT INTO raw_messages (chat_no, seq, id, sender, kind, body, created_at)
      SELECT i.chat_no, u.base + i.off, i.id, i.sender, i.kind, i.body, now()
      FROM unnest($1::int8[], $2::uuid[], $3::int8[], $4::bytea[], $7::int8[], $8::int2[])
        i(chat_no, id, sender, body, off, kind) JOIN u USING (chat_no))
    SELECT chat_no, base FROM u";

pub(crate) struct Append {
    pub(crate) chat: i64,
    pub(crate) id: EntryId,
    pub(crate) body: Bytes,
    pub(crate) answer: oneshot::Sender<u64>,
}

pub(crate) struct Raw {
    jobs: [mpsc::Sender<Append>; 2],
}

impl Raw {
    pub(crate) fn open(runtime: &Runtime, config: &Config, chats: usize) -> Self {
        let setup = format!(
            "CREATE TABLE raw_chats (chat_no int8 PRIMARY KEY, head int8 NOT NULL)
               WITH (fillfactor = 50);
             CREATE TABLE raw_messages (chat_no int8 NOT NULL, seq int8 NOT NULL, id uuid NOT NULL,
               sender int8 NOT NULL, kind int2 NOT NULL, body bytea NOT NULL,
               created_at timestamptz NOT NULL, PRIMARY KEY (chat_no, seq));
             CREATE UNIQUE INDEX ON raw_messages (id);
             INSERT INTO raw_chats SELECT n, 0 FROM generate_series(1, {chats}) n"
        );
        let client = runtime.block_on(connect(config));
        runtime.block_on(client.batch_execute(&setup)).unwrap();
        let jobs = [(); 2].map(|()| {
            let (jobs, receiver) = mpsc::channel(16_384);
            let client = runtime.block_on(connect(config));
            runtime.spawn(work(client, receiver));
            jobs
        });
        Self { jobs }
    }

    pub(crate) fn queue(&self, append: Append) {
        let shard = append.chat as usize % 2;
        self.jobs[shard].try_send(append).ok().unwrap();
    }
}

async fn connect(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn work(client: Client, mut jobs: mpsc::Receiver<Append>) {
    let lean = client.prepare(LEAN).await.unwrap();
    let mut batch = Vec::with_capacity(BATCH);
    while jobs.recv_many(&mut batch, BATCH).await > 0 {
        let mut counts: BTreeMap<i64, i64> = BTreeMap::new();
        let mut offsets = Vec::with_capacity(batch.len());
        for append in &batch {
            let count = counts.entry(append.chat).or_default();
            *count += 1;
            offsets.push(*count);
        }
        let chats: Vec<i64> = batch.iter().map(|append| append.chat).collect();
        let ids: Vec<Uuid> = batch.iter().map(|append| append.id.0).collect();
        let senders = vec![1i64; batch.len()];
        let bodies: Vec<&[u8]> = batch.iter().map(|append| &append.body[..]).collect();
        let kinds = vec![1i16; batch.len()];
        let (numbers, totals): (Vec<i64>, Vec<i64>) = counts.into_iter().unzip();
        let rows = client
            .query(
                &lean,
                &[
                    &chats, &ids, &senders, &bodies, &numbers, &totals, &offsets, &kinds,
                ],
            )
            .await
            .unwrap();
        let bases: BTreeMap<i64, i64> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        for (append, offset) in batch.drain(..).zip(offsets) {
            let seq = bases[&append.chat] + offset;
            append.answer.send(seq as u64).unwrap();
        }
    }
}
