//! The cases of every back end, and those of this one.

#![allow(clippy::unwrap_used, reason = "tests")]

mod behind;
mod faults;
mod hosts;
mod nodes;
#[path = "../../../../tests/servers/proxy.rs"]
mod proxy;
#[path = "../../../../tests/servers/postgres.rs"]
mod server;
mod tls;

use std::sync::Arc;

use proto::digest::{Digest, LogDigest};
use tokio_postgres::{Config, NoTls};

use super::{PostgresStore, Settings, TlsMode};
use crate::store::conformance::{Bed, Recorder, conformance, message};
use crate::store::{ChatNo, StoreError};

fn settings(server: Config) -> Settings {
    Settings {
        server,
        tls: TlsMode::Disable,
        root_certificate: None,
    }
}

/// A store on a database that somebody else keeps.
async fn store_on(server: &Config) -> Bed {
    let feed = Arc::new(Recorder::default());
    let store = PostgresStore::open(&settings(server.clone()), feed.clone()).await;
    Bed {
        store: Arc::new(store.unwrap()),
        feed,
        _guard: Box::new(()),
    }
}

async fn bed() -> Bed {
    let database = server::database().await;
    let bed = store_on(&database.config).await;
    Bed {
        _guard: Box::new(database),
        ..bed
    }
}

conformance!(crate::store::postgres::tests::bed);

/// The `seq` of each entry of a chat and its `msg_no`, checked to be gapless.
async fn gapless(bed: &Bed, chat: ChatNo) -> Vec<proto::entry::Entry> {
    let mut entries: Vec<proto::entry::Entry> = Vec::new();
    loop {
        let after = entries.last().map_or(0, |entry| entry.seq);
        let page = bed.store.entries_after(chat, after, 1000, 1 << 20).await;
        let page = page.unwrap();
        entries.extend(page.entries);
        if !page.more {
            break;
        }
    }
    let mut messages = 0;
    for (entry, seq) in entries.iter().zip(1..) {
        messages += u64::from(entry.kind == proto::entry::kind::MESSAGE);
        assert_eq!((entry.seq, entry.msg_no), (seq, messages));
    }
    entries
}

#[tokio::test]
async fn full_blocks_are_kept_behind_the_append() {
    let database = server::database().await;
    let bed = store_on(&database.config).await;
    let ann = bed.user("ann").await;
    let chat = bed.group(&[&ann]).await;
    let pending: Vec<_> = (0..1500)
        .map(|_| bed.store.append(message(&chat, &ann, "x")).unwrap())
        .collect();
    for landed in pending {
        landed.await.unwrap();
    }
    let (client, connection) = database.config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    let row = loop {
        let sql = "SELECT block, hash FROM chat_blocks";
        if let Some(row) = client.query_opt(sql, &[]).await.unwrap() {
            break row;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(row.get::<_, i64>(0), 0);
    let hash: &[u8] = row.get(1);
    let mut log = LogDigest::new();
    log.block(Digest(hash.try_into().unwrap()));
    let (_, _, digest) = bed.store.digest(chat.no, 0, 1024).await.unwrap();
    assert_eq!(digest, log.finish());
}

#[tokio::test]
async fn text_that_the_database_cannot_hold_is_found_nowhere() {
    let bed = bed().await;
    bed.user("ann").await;
    for login in ["an\0n", "a\0n@example.org"] {
        let found = bed.store.user_by_login(login.to_owned()).await.unwrap();
        assert_eq!(found, None);
    }
    let names = vec!["a\0nn".to_owned()];
    assert_eq!(bed.store.users(Vec::new(), names).await.unwrap(), []);
    let found = bed.store.search_users("a\0n".to_owned(), 10).await;
    assert_eq!(found.unwrap(), []);
}

#[tokio::test]
async fn another_encoding_is_refused() {
    let database = server::database().await;
    database
        .execute(
            "CREATE DATABASE other_encoding LOCALE 'C' ENCODING 'SQL_ASCII' TEMPLATE template0",
        )
        .await;
    let mut server = database.config.clone();
    server.dbname("other_encoding");
    let refused = PostgresStore::open(&settings(server), Arc::new(Recorder::default())).await;
    database
        .execute("DROP DATABASE other_encoding WITH (FORCE)")
        .await;
    let Some(StoreError::Unavailable(why)) = refused.err() else {
        panic!("not refused");
    };
    assert!(why.contains("SQL_ASCII"), "{why}");
}

#[tokio::test]
async fn one_bad_row_fails_alone() {
    let bed = bed().await;
    let ann = bed.user("ann").await;
    let chat = bed.group(&[&ann]).await;
    let pending: Vec<_> = (0..20)
        .map(|number| {
            let mut append = message(&chat, &ann, "x");
            if number == 7 {
                // Out of the range of the column.
                append.at = i64::MAX;
            }
            bed.store.append(append).unwrap()
        })
        .collect();
    let mut landed = 0;
    for (number, outcome) in pending.into_iter().enumerate() {
        match outcome.await {
            Ok(_) => landed += 1,
            Err(error) => assert!(number == 7 && matches!(error, StoreError::Internal(_))),
        }
    }
    assert_eq!(landed, 19);
    assert_eq!(gapless(&bed, chat.no).await.len(), 20);
}
