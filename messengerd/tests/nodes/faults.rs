//! A Redis that dies, hangs, forgets, or is not alone.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use messengerd::bus::redis::{RedisBus, Settings};
use messengerd::bus::{Beat, Bus, BusError, Signal};
use proto::entry::{Entry, kind};
use proto::event::{ChatEntry, Event};
use proto::id::{ChatId, EntryId, UserId};
use uuid::Uuid;

use crate::kit::{Probe, connected, numbered, one, publish, until};
use crate::redis_server::RedisServer;

fn probe() -> Arc<Probe> {
    Arc::new(Probe::default())
}

#[tokio::test]
async fn a_redis_that_was_killed_is_found_again_and_the_loss_is_known() {
    let mut server = RedisServer::start();
    let (settings, community, chat) = (one(server.url()), Uuid::now_v7(), ChatId::generate());
    let (left, right) = (probe(), probe());
    let first = connected(&settings, community, left.clone()).await;
    let second = connected(&settings, community, right.clone()).await;
    publish(&first, chat, 0..10);
    until("ten arrive", || right.heard().len() == 10).await;

    server.kill();
    until("both notice", || !first.is_up() && !second.is_up()).await;
    assert!(!left.up.load(Ordering::SeqCst));
    let missed = right.missed();
    publish(&first, chat, 10..20);
    assert_eq!(left.heard().len(), 20, "one's own sink hears all the same");
    assert!(first.counts().dropped >= 10);

    server.restart();
    until("both are back", || first.is_up() && second.is_up()).await;
    until("it is known that something was missed", || {
        right.missed() > missed && right.up.load(Ordering::SeqCst)
    })
    .await;
    publish(&first, chat, 20..30);
    until("ten more arrive", || right.heard().len() == 20).await;
}

#[tokio::test]
async fn the_others_are_told_when_one_node_lost_batches() {
    let server = RedisServer::start();
    let (settings, community) = (one(server.url()), Uuid::now_v7());
    let right = probe();
    let first = connected(&settings, community, probe()).await;
    let _second = connected(&settings, community, right.clone()).await;
    until("the beginning is over", || right.missed() == 1).await;
    // Only the first node's connection is cut.
    let mut client = server.client();
    let list: String = redis::cmd("CLIENT").arg("LIST").query(&mut client).unwrap();
    let oldest = list
        .lines()
        .filter(|line| line.contains("sub=64"))
        .filter_map(|line| {
            line.split(' ')
                .next()?
                .strip_prefix("id=")?
                .parse::<u64>()
                .ok()
        })
        .min()
        .unwrap();
    redis::cmd("CLIENT")
        .arg("KILL")
        .arg("ID")
        .arg(oldest)
        .exec(&mut client)
        .unwrap();
    until("the cut is noticed", || !first.is_up()).await;
    first.publish(vec![numbered(ChatId::generate(), 1)]);
    until("the other node is told of the loss", || right.missed() == 2).await;
}

#[tokio::test]
async fn a_redis_that_hangs_holds_up_nobody() {
    let server = RedisServer::start();
    let (settings, community, chat) = (one(server.url()), Uuid::now_v7(), ChatId::generate());
    let right = probe();
    let first = connected(&settings, community, probe()).await;
    let second = connected(&settings, community, right.clone()).await;
    server.hang();
    let start = Instant::now();
    publish(&first, chat, 0..10_000);
    assert!(start.elapsed() < Duration::from_secs(2));
    let shared = first.shared().unwrap();
    let beat = shared.beat(Beat {
        life: Duration::from_secs(1),
        ..Beat::default()
    });
    assert!(matches!(beat.await, Err(BusError::Unavailable(_))));
    until("both notice", || !first.is_up() && !second.is_up()).await;
    server.resume();
    until("both are back", || first.is_up() && second.is_up()).await;
    let before = right.heard().len();
    publish(&first, chat, 0..10);
    until("ten arrive", || right.heard().len() >= before + 10).await;
}

#[tokio::test]
async fn what_waits_is_bounded() {
    let server = RedisServer::start();
    let (settings, community, chat) = (one(server.url()), Uuid::now_v7(), ChatId::generate());
    let right = probe();
    let first = connected(&settings, community, probe()).await;
    let _second = connected(&settings, community, right.clone()).await;
    until("the beginning is over", || right.missed() == 1).await;
    server.hang();
    let large = Event::Entry(ChatEntry {
        chat,
        entry: Entry {
            seq: 1,
            kind: kind::MESSAGE,
            id: EntryId::generate(),
            msg_no: 1,
            ref_seq: None,
            actor: UserId::generate(),
            at: 1,
            body: Bytes::from(vec![0; 100_000]),
        },
    });
    for _ in 0..300 {
        first.publish(vec![Signal::ToChat {
            chat,
            event: large.clone(),
            except: None,
        }]);
    }
    // 30 MB were published, of which 8 may wait and a few be under way.
    assert!(first.counts().dropped > 150, "{:?}", first.counts());
    server.resume();
    until("the other node is told of the loss", || right.missed() >= 2).await;
}

#[tokio::test]
async fn what_cannot_be_read_is_counted_and_compared() {
    let server = RedisServer::start();
    let community = Uuid::now_v7();
    let right = probe();
    let bus = connected(&one(server.url()), community, right.clone()).await;
    let mut client = server.client();
    let mut newer = vec![200u8];
    newer.extend(Uuid::now_v7().as_bytes());
    newer.extend([0x90]);
    let garbage: [&[u8]; 3] = [b"", b"garbage that is long enough to be read", &newer];
    for (at, bytes) in garbage.iter().enumerate() {
        let channel = format!("messenger:{{{}:{at}}}", community.simple());
        let heard: u32 = redis::cmd("PUBLISH")
            .arg(channel)
            .arg(*bytes)
            .query(&mut client)
            .unwrap();
        assert_eq!(heard, 1);
    }
    until("all are counted", || bus.counts().unreadable == 3).await;
    assert_eq!(right.missed(), 4);
    assert!(bus.is_up());
    assert!(right.heard().is_empty());
}

#[tokio::test]
async fn communities_share_a_redis_without_hearing_each_other() {
    let server = RedisServer::start();
    let settings = one(server.url());
    let (left, right) = (probe(), probe());
    let one = connected(&settings, Uuid::now_v7(), left.clone()).await;
    let other = connected(&settings, Uuid::now_v7(), right.clone()).await;
    publish(&one, ChatId::generate(), 0..10);
    publish(&other, ChatId::generate(), 0..10);
    until("all is published", || {
        one.counts().published == 10 && other.counts().published == 10
    })
    .await;
    assert_eq!(one.counts().received + other.counts().received, 0);
}

#[tokio::test]
async fn a_socket_a_password_and_a_database_are_taken_from_the_url() {
    let server = RedisServer::start_with(&["--requirepass", "geheim"]);
    let community = Uuid::now_v7();
    for url in [
        format!("redis://:geheim@127.0.0.1:{}/3", server.port()),
        format!("redis+unix://{}?pass=geheim&db=3", server.socket()),
    ] {
        let bus = connected(&one(url), community, probe()).await;
        let shared = bus.shared().unwrap();
        let life = Duration::from_secs(60);
        shared
            .beat(Beat {
                life,
                ..Beat::default()
            })
            .await
            .unwrap();
    }
    let client = redis::Client::open(format!("redis://:geheim@127.0.0.1:{}/3", server.port()));
    let keys: u32 = redis::cmd("DBSIZE")
        .query(&mut client.unwrap().get_connection().unwrap())
        .unwrap();
    assert!(keys >= 4, "two nodes, their list and the bus: {keys}");
}

#[tokio::test]
async fn nodes_of_one_redis_know_it_by_one_name_that_outlives_it() {
    let mut server = RedisServer::start();
    let (settings, community) = (one(server.url()), Uuid::now_v7());
    let first = connected(&settings, community, probe()).await;
    let second = connected(&settings, community, probe()).await;
    let beat = async |bus: &RedisBus| {
        let beat = Beat {
            life: Duration::from_secs(60),
            ..Beat::default()
        };
        bus.shared().unwrap().beat(beat).await.unwrap();
        bus.bus_id().unwrap()
    };
    let name = beat(&first).await;
    assert_eq!(beat(&second).await, name);
    server.kill();
    until("both notice", || !first.is_up() && !second.is_up()).await;
    server.restart();
    until("both are back", || first.is_up() && second.is_up()).await;
    assert_eq!(beat(&second).await, name);
    let third = connected(&settings, community, probe()).await;
    assert_eq!(beat(&third).await, name);

    let elsewhere = RedisServer::start();
    let stranger = connected(&one(elsewhere.url()), community, probe()).await;
    assert_ne!(beat(&stranger).await, name);
}

#[tokio::test]
async fn a_wrong_address_is_refused_with_a_sentence_and_without_the_password() {
    let start = |urls: &[&str], cluster| {
        let settings = Settings {
            urls: urls.iter().map(|url| (*url).to_owned()).collect(),
            cluster,
        };
        match RedisBus::start(&settings, Uuid::now_v7(), Uuid::now_v7(), probe()) {
            Ok(_) => panic!("{urls:?} was taken"),
            Err(error) => error.to_string(),
        }
    };
    assert_eq!(start(&[], false), "no URL of a Redis server is given");
    let refused = start(&["http://:geheim@127.0.0.1/"], false);
    assert!(refused.contains("redis://host:6379/0"), "{refused}");
    assert!(!refused.contains("geheim"), "{refused}");
    let refused = start(&["redis://127.0.0.1/", "redis://127.0.0.2/"], false);
    assert!(refused.contains("cluster"), "{refused}");
}

#[tokio::test]
async fn a_rediss_address_is_spoken_to_in_tls() {
    use tokio::io::AsyncReadExt as _;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let settings = one(format!("rediss://127.0.0.1:{port}/"));
    let bus = RedisBus::start(&settings, Uuid::now_v7(), Uuid::now_v7(), probe()).unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();
    // A handshake record of TLS.
    assert_eq!(stream.read_u8().await.unwrap(), 0x16);
    drop(stream);
    bus.stop().await;
    assert!(!bus.is_up());
}
