//! A database that is killed, a network that is cut.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use proto::id::EntryId;

use super::proxy::Proxy;
use super::server::{Options, Server};
use super::{gapless, store_on};
use crate::store::conformance::{AT, Bed, act, actor, message, new_session, new_user};
use crate::store::{Append, Appended, Committed, CursorMove, StoreError};

/// Within this, every call has an answer.
const BOUND: Duration = Duration::from_secs(7);

/// Sends until it is acknowledged, always with the same id.
async fn until_acknowledged(bed: &Bed, append: Append) -> Appended {
    loop {
        match bed.store.append(append.clone()).unwrap().await {
            Ok(landed) => return landed,
            Err(StoreError::Unavailable(_)) => tokio::time::sleep(Duration::from_millis(20)).await,
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_acknowledged_survives_a_killed_database() {
    let options = Options {
        durable: true,
        ..Options::default()
    };
    let mut server = tokio::task::spawn_blocking(move || Server::start(&options))
        .await
        .unwrap();
    let bed = Arc::new(store_on(&server.config()).await);
    let ann = bed.user("ann").await;
    let (one, two) = (bed.group(&[&ann]).await, bed.group(&[&ann]).await);
    let acknowledged = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let senders: Vec<_> = (0..32)
        .map(|number| {
            let (bed, acknowledged) = (Arc::clone(&bed), Arc::clone(&acknowledged));
            let chat = if number % 2 == 0 { &one } else { &two }.clone();
            let ann = ann.clone();
            tokio::spawn(async move {
                let mut landed = Vec::new();
                for _ in 0..60 {
                    let append = message(&chat, &ann, "x");
                    let id = append.id;
                    let at = until_acknowledged(&bed, append).await;
                    landed.push((chat.no, id, at.seq));
                    acknowledged.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                }
                landed
            })
        })
        .collect();
    for kills in 1..=2 {
        while acknowledged.load(std::sync::atomic::Ordering::Relaxed) < kills * 400 {
            tokio::task::yield_now().await;
        }
        server = tokio::task::spawn_blocking(move || {
            server.kill();
            server.restart();
            server
        })
        .await
        .unwrap();
    }
    let mut landed = Vec::new();
    for sender in senders {
        landed.extend(sender.await.unwrap());
    }
    let mut entries = 0;
    for chat in [one.no, two.no] {
        let log = gapless(&bed, chat).await;
        entries += log.len();
        for (_, id, seq) in landed.iter().filter(|(of, ..)| *of == chat) {
            assert_eq!(log[*seq as usize - 1].id, *id);
        }
    }
    assert_eq!(entries, 32 * 60 + 2);
}

async fn behind_a_proxy() -> (Bed, Proxy, Server) {
    let options = Options {
        tcp: true,
        ..Options::default()
    };
    let server = tokio::task::spawn_blocking(move || Server::start(&options))
        .await
        .unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], server.port()));
    let proxy = Proxy::start(address).await;
    let mut config = tokio_postgres::Config::new();
    config
        .host("127.0.0.1")
        .port(proxy.address().port())
        .user("postgres")
        .dbname("postgres");
    (store_on(&config).await, proxy, server)
}

fn unavailable<T>(outcome: &Result<T, StoreError>) -> bool {
    matches!(outcome, Err(StoreError::Unavailable(_)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_hangs_on_a_silent_network() {
    let (bed, proxy, _server) = behind_a_proxy().await;
    let ann = bed.user("ann").await;
    let (one, two) = (bed.group(&[&ann]).await, bed.group(&[&ann]).await);
    proxy.silence();
    let started = Instant::now();
    let shift = CursorMove {
        chat: one.no,
        user: ann.no,
        read: 1,
        delivered: 1,
        shown: true,
    };
    let unknown = [message(&one, &ann, "x"), message(&two, &ann, "x")];
    let (a, b, read, moved, made, group) = tokio::join!(
        bed.store.append(unknown[0].clone()).unwrap(),
        bed.store.append(unknown[1].clone()).unwrap(),
        bed.store.heads(ann.no),
        bed.store.move_cursors(vec![shift]),
        bed.store.create_user(new_user("bob"), new_session()),
        bed.store.setting("name"),
    );
    assert!(unavailable(&a) && unavailable(&b) && unavailable(&read));
    assert!(unavailable(&moved) && unavailable(&made) && unavailable(&group));
    assert!(started.elapsed() < BOUND, "{:?}", started.elapsed());
    // Without a connection, at once.
    let again = Instant::now();
    assert!(unavailable(&bed.say(&one, &ann, "y").await));
    assert!(again.elapsed() < Duration::from_secs(1));

    proxy.open();
    for append in unknown {
        until_acknowledged(&bed, append).await;
    }
    bed.store.heads(ann.no).await.unwrap();
    for chat in [one.no, two.no] {
        assert_eq!(gapless(&bed, chat).await.len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_connection_is_replaced_at_once() {
    let (bed, proxy, _server) = behind_a_proxy().await;
    let ann = bed.user("ann").await;
    let chat = bed.group(&[&ann]).await;
    for _ in 0..5 {
        proxy.cut();
        bed.say(&chat, &ann, "x").await.unwrap();
        bed.store.heads(ann.no).await.unwrap();
    }
    proxy.close();
    assert!(unavailable(&bed.say(&chat, &ann, "x").await));
    assert!(unavailable(&bed.store.heads(ann.no).await));
    proxy.open();
    until_acknowledged(&bed, message(&chat, &ann, "y")).await;
    assert_eq!(gapless(&bed, chat.no).await.len(), 7);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_feed_hears_of_what_nobody_could_acknowledge() {
    let (bed, proxy, server) = behind_a_proxy().await;
    let ann = bed.user("ann").await;
    let chat = bed.group(&[&ann]).await;
    let direct = store_on(&server.config()).await;
    bed.feed.take();
    // The statement arrives, its answer does not.
    let sent = bed.store.append(message(&chat, &ann, "x")).unwrap();
    let sent = tokio::spawn(sent);
    loop {
        let head = direct.store.head(chat.no, ann.no).await.unwrap().unwrap();
        if head.seq == 2 {
            break;
        }
        tokio::task::yield_now().await;
    }
    proxy.close();
    let acknowledged = sent.await.unwrap().is_ok();
    proxy.open();
    // Some other append brings the connection back.
    until_acknowledged(&bed, message(&chat, &ann, "y")).await;
    let told = bed.feed.take().len();
    assert!(told >= 2, "told of {told}, acknowledged: {acknowledged}");
}

/// Makes the next commits of some table take long enough to lose the connection
/// in the middle.
async fn slow_commits(server: &Server, table: &str) -> tokio_postgres::Client {
    let (client, connection) = server
        .config()
        .connect(tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    let sql = format!(
        "CREATE OR REPLACE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END $$;
         CREATE CONSTRAINT TRIGGER dawdle AFTER INSERT ON {table}
           DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION dawdle()"
    );
    client.batch_execute(&sql).await.unwrap();
    client
}

async fn until_one_commits(client: &tokio_postgres::Client) {
    let sql = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    while client.query_opt(sql, &[]).await.unwrap().is_none() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_feed_is_unsure_after_a_change_that_was_done_twice() {
    let (bed, proxy, server) = behind_a_proxy().await;
    let (ann, bob) = (bed.user("ann").await, bed.user("bob").await);
    let chat = bed.group(&[&ann, &bob]).await;
    let client = slow_commits(&server, "messages").await;
    bed.feed.take();
    let removed = bed.store.remove_member(act(&chat, &ann), actor(&bob));
    let removed = tokio::spawn(removed);
    until_one_commits(&client).await;
    assert!(!bed.feed.is_unsure());
    proxy.cut();
    removed.await.unwrap().unwrap();
    assert!(bed.feed.is_unsure());
    assert_eq!(gapless(&bed, chat.no).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_feed_is_unsure_after_a_write_whose_answer_was_lost() {
    let (bed, proxy, server) = behind_a_proxy().await;
    let ann = bed.user("ann").await;
    let session = bed.store.sessions(ann.no).await.unwrap()[0].id;
    let client = slow_commits(&server, "account_log").await;
    let ended = bed.store.end_session(ann.no, session, AT);
    let ended = tokio::spawn(ended);
    until_one_commits(&client).await;
    proxy.cut();
    assert!(unavailable(&ended.await.unwrap()));
    assert!(bed.feed.is_unsure());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_feed_is_unsure_once_a_lost_connection_is_back() {
    let (bed, proxy, _server) = behind_a_proxy().await;
    let ann = bed.user("ann").await;
    let chat = bed.group(&[&ann]).await;
    proxy.close();
    assert!(unavailable(&bed.say(&chat, &ann, "x").await));
    assert!(!bed.feed.is_unsure());
    proxy.open();
    until_acknowledged(&bed, message(&chat, &ann, "y")).await;
    assert!(bed.feed.is_unsure());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_what_is_written_and_nothing_after_it() {
    let database = super::server::database().await;
    let bed = store_on(&database.config).await;
    let ann = bed.user("ann").await;
    let chat = bed.group(&[&ann]).await;
    database
        .execute(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
               RAISE EXCEPTION 'could not extend file: No space left on device'
                 USING ERRCODE = 'disk_full';
             END $$;
             CREATE TRIGGER full_disk BEFORE INSERT ON messages
               FOR EACH ROW EXECUTE FUNCTION full_disk();
             CREATE TRIGGER full_disk BEFORE INSERT ON account_log
               FOR EACH ROW EXECUTE FUNCTION full_disk()",
        )
        .await;
    let appends: Vec<Append> = (0..20).map(|_| message(&chat, &ann, "x")).collect();
    let pending: Vec<_> = appends
        .iter()
        .map(|append| bed.store.append(append.clone()).unwrap())
        .collect();
    for outcome in pending {
        assert!(matches!(outcome.await, Err(StoreError::Full)));
    }
    let left = bed.store.remove_member(act(&chat, &ann), actor(&ann)).await;
    assert!(matches!(left, Err(StoreError::Full)), "{left:?}");
    let made = bed.store.create_user(new_user("bob"), new_session()).await;
    assert!(matches!(made, Err(StoreError::Full)), "{made:?}");
    database
        .execute("DROP TRIGGER full_disk ON messages; DROP TRIGGER full_disk ON account_log")
        .await;
    for append in appends {
        bed.store.append(append).unwrap().await.unwrap();
    }
    bed.user("bob").await;
    assert_eq!(gapless(&bed, chat.no).await.len(), 21);
    assert!(!bed.feed.is_unsure());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_committed_while_the_connection_was_lost_is_told_once_it_is_back() {
    let (bed, proxy, server) = behind_a_proxy().await;
    let ann = bed.user("ann").await;
    let chat = bed.group(&[&ann]).await;
    let client = slow_commits(&server, "messages").await;
    let append = message(&chat, &ann, "x");
    let sent = tokio::spawn(bed.store.append(append.clone()).unwrap());
    until_one_commits(&client).await;
    proxy.close();
    assert!(unavailable(&sent.await.unwrap()));
    let sql = "DROP TRIGGER dawdle ON messages";
    // Waits for the commit.
    client.batch_execute(sql).await.unwrap();
    bed.feed.take();
    proxy.open();
    let other = message(&chat, &ann, "y");
    let later = until_acknowledged(&bed, other.clone()).await;
    assert_eq!(later.seq, 3);
    let told: Vec<_> = bed.feed.take().iter().filter_map(entry_id).collect();
    assert_eq!(told, [append.id, other.id]);
}

fn entry_id(told: &Committed) -> Option<EntryId> {
    match told {
        Committed::Entry { entry, .. } => Some(entry.id),
        _ => None,
    }
}
