//! A Redis Cluster of three servers of which one dies.

use std::collections::HashSet;
use std::sync::Arc;

use messengerd::bus::redis::{RedisBus, Settings};
use messengerd::bus::{Bus, Signal};
use proto::id::ChatId;
use uuid::Uuid;

use crate::kit::{Probe, connected, numbered, until};
use crate::redis_server::RedisCluster;

/// Chats for every channel, several times over.
fn chats() -> Vec<ChatId> {
    (0..640).map(|_| ChatId::generate()).collect()
}

fn publish(bus: &RedisBus, chats: &[ChatId], number: u128) {
    bus.publish(chats.iter().map(|chat| numbered(*chat, number)).collect());
}

fn heard(probe: &Probe, number: u128) -> usize {
    let chats: HashSet<ChatId> = probe
        .heard()
        .into_iter()
        .filter_map(|signal| match signal {
            Signal::ToChat { chat, .. } if signal == numbered(chat, number) => Some(chat),
            _ => None,
        })
        .collect();
    chats.len()
}

#[tokio::test]
async fn what_is_left_of_a_cluster_goes_on_and_what_comes_back_is_used() {
    let mut cluster = RedisCluster::start();
    let settings = Settings {
        urls: cluster.urls(),
        cluster: true,
    };
    let (community, chats) = (Uuid::now_v7(), chats());
    let right = Arc::new(Probe::default());
    let first = connected(&settings, community, Arc::new(Probe::default())).await;
    let second = connected(&settings, community, right.clone()).await;
    publish(&first, &chats, 1);
    until("all channels work", || heard(&right, 1) == chats.len()).await;
    assert!(first.counts().published > 40, "a part for each channel");

    cluster.servers[0].kill();
    until("both notice", || !first.is_up() && !second.is_up()).await;
    publish(&first, &chats, 2);
    until("two thirds arrive", || heard(&right, 2) > chats.len() / 2).await;
    assert!(heard(&right, 2) < chats.len());

    let missed = right.missed();
    cluster.servers[0].restart();
    cluster.wait_whole();
    until("both are back", || first.is_up() && second.is_up()).await;
    publish(&first, &chats, 3);
    until("all channels work again", || {
        heard(&right, 3) == chats.len()
    })
    .await;
    assert!(right.missed() > missed);
}

#[tokio::test]
async fn channels_that_move_to_another_server_are_followed() {
    let cluster = RedisCluster::start();
    let settings = Settings {
        urls: vec![cluster.servers[1].url()],
        cluster: true,
    };
    let (community, chats) = (Uuid::now_v7(), chats());
    let right = Arc::new(Probe::default());
    let first = connected(&settings, community, Arc::new(Probe::default())).await;
    let _second = connected(&settings, community, right.clone()).await;

    // All slots of the first server go to the second one.
    let mut target = cluster.servers[1].client();
    let id: String = redis::cmd("CLUSTER")
        .arg("MYID")
        .query(&mut target)
        .unwrap();
    for server in [1, 0] {
        let mut client = cluster.servers[server].client();
        let mut pipe = redis::pipe();
        for slot in 0..5461 {
            pipe.cmd("CLUSTER")
                .arg("SETSLOT")
                .arg(slot)
                .arg("NODE")
                .arg(&id);
        }
        // A server without slots may make itself a replica before the last.
        let _: Result<(), _> = pipe.query(&mut client);
    }
    let mut number = 1;
    until("all channels work", || {
        number += 1;
        publish(&first, &chats, number);
        (number.saturating_sub(20)..number).any(|number| heard(&right, number) == chats.len())
    })
    .await;
}
