//! The database and the bus die, hang and come back while people talk.

use std::time::{Duration, Instant};

use proto::error::ErrorCode;

use crate::community::{Community, url};
use crate::crowd::Crowd;
use crate::guest::PATIENCE;
use crate::servers::postgres::Options;
use crate::{number, servers};

/// Waits until `true`; what is waited for is said where it does not come.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_database_loses_nothing() {
    let mut postgres = servers::postgres::Server::start(&Options::default());
    let redis = servers::redis::RedisServer::start();
    let community = Community::start(2, &url(&postgres.config()), &redis.url());
    let home = tempfile::tempdir().unwrap();
    let mut crowd = Crowd::gather(home.path(), &community, 12).await;
    let everybody: Vec<usize> = (0..12).collect();
    for round in 0..3 {
        crowd
            .talk(&everybody, 8, &format!("{round} into the kill"))
            .await;
        postgres.kill();
        crowd.talk(&everybody, 4, &format!("{round} without")).await;
        postgres.restart();
        crowd.talk(&everybody, 4, &format!("{round} again")).await;
    }
    crowd.agree().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_to_the_database_that_is_cut_only_delays() {
    let tcp = Options {
        tcp: true,
        ..Options::default()
    };
    let postgres = servers::postgres::Server::start(&tcp);
    let proxy = servers::proxy::Proxy::start(([127, 0, 0, 1], postgres.port()).into()).await;
    let direct = postgres.tcp_config();
    let mut proxied = tokio_postgres::Config::new();
    proxied
        .host("127.0.0.1")
        .port(proxy.address().port())
        .user(direct.get_user().unwrap())
        .dbname(direct.get_dbname().unwrap());
    let redis = servers::redis::RedisServer::start();
    let community = Community::start(2, &url(&proxied), &redis.url());
    let home = tempfile::tempdir().unwrap();
    let mut crowd = Crowd::gather(home.path(), &community, 12).await;
    let everybody: Vec<usize> = (0..12).collect();
    crowd.talk(&everybody, 4, "into the cut").await;
    proxy.silence();
    crowd.talk(&everybody, 2, "cut off").await;
    // Who waits is told why, in words that say it is for now.
    let client = crowd.guests[0].client.clone();
    until("a refusal", async || {
        let waiting = client.outbox().await.unwrap();
        waiting.iter().any(|row| {
            client
                .held_back(row.id)
                .is_some_and(|error| error.code == ErrorCode::Unavailable)
        })
    })
    .await;
    proxy.open();
    crowd.talk(&everybody, 2, "healed").await;
    crowd.agree().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_bus_people_notice_only_a_delay() {
    let database = servers::postgres::database().await;
    let mut redis = servers::redis::RedisServer::start();
    let community = Community::start(2, &url(&database.config), &redis.url());
    let home = tempfile::tempdir().unwrap();
    let mut crowd = Crowd::gather(home.path(), &community, 12).await;
    let everybody: Vec<usize> = (0..12).collect();
    crowd.talk(&everybody, 4, "into the kill").await;
    redis.kill();
    // For so many seconds there is none.
    let gone = Duration::from_secs(number("NODES_WITHOUT_BUS", 6) as u64);
    let (start, mut longest) = (Instant::now(), Duration::ZERO);
    for round in 0.. {
        let (chat, members) = crowd.chats[0].clone();
        let said = Instant::now();
        crowd.guests[members[0]]
            .say(chat, &format!("without {round}"))
            .await;
        crowd.guests[members[0]].drained().await;
        let text = Some(format!("without {round}"));
        for member in &members[1..] {
            let guest = &crowd.guests[*member];
            until("the message", async || {
                guest.log(chat).await.iter().any(|entry| entry.2 == text)
            })
            .await;
        }
        longest = longest.max(said.elapsed());
        if start.elapsed() > gone {
            break;
        }
    }
    println!("without the bus for {gone:?} a message reached everybody within {longest:?}");
    redis.restart();
    crowd.talk(&everybody, 4, "again").await;
    crowd.agree().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bus_that_hangs_holds_up_nobody() {
    let database = servers::postgres::database().await;
    let redis = servers::redis::RedisServer::start();
    let community = Community::start(2, &url(&database.config), &redis.url());
    let home = tempfile::tempdir().unwrap();
    let mut crowd = Crowd::gather(home.path(), &community, 12).await;
    let everybody: Vec<usize> = (0..12).collect();
    redis.hang();
    crowd.talk(&everybody, 8, "stopped").await;
    for guest in &mut crowd.guests {
        guest.drained().await;
    }
    redis.resume();
    crowd.talk(&everybody, 4, "again").await;
    crowd.agree().await;
}
