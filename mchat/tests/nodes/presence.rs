//! Who is online when a daemon dies.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use proto::event::{Event, Presence};
use proto::id::UserId;

use crate::community::{Community, url};
use crate::guest::Guest;
use crate::servers;
use crate::support::{Client, Wire};

async fn stranger(community: &Community, node: usize, name: &str) -> Client {
    let address = community.nodes[node].address;
    let mut client = Client::open_at(address, None, Wire::Quic).await;
    client.hello(None, true).await.unwrap();
    client.register(name).await.unwrap();
    client
}

/// The next news about people.
async fn news(client: &mut Client) -> Vec<Presence> {
    client
        .event(|event| match event {
            Event::Presence(changed) => Some(changed.users),
            _ => None,
        })
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_daemons_users_go_offline_and_those_who_moved_do_not() {
    let database = servers::postgres::database().await;
    let redis = servers::redis::RedisServer::start();
    let mut community = Community::start(2, &url(&database.config), &redis.url());
    let home = tempfile::tempdir().unwrap();
    let mut ada = stranger(&community, 0, "ada").await;
    // Has no other daemon to go to, and one who has.
    let bob = stranger(&community, 1, "bob").await;
    let eve = Guest::register(home.path(), "eve", &community.server(1)).await;
    assert_eq!(eve.place(), Some(community.nodes[1].address.to_string()));
    ada.group("all", vec![bob.id(), eve.user]).await;
    let mut missing: HashSet<UserId> = [bob.id(), eve.user].into();
    while !missing.is_empty() {
        for state in news(&mut ada).await {
            if state.online {
                missing.remove(&state.user);
            }
        }
    }
    community.nodes[1].kill();
    let killed = Instant::now();
    let gone = loop {
        let states = news(&mut ada).await;
        if let Some(gone) = states.into_iter().find(|state| !state.online) {
            break gone;
        }
    };
    let took = killed.elapsed();
    println!("a dead daemon's user is offline after {took:?}");
    assert_eq!(gone.user, bob.id(), "who moved is online all the time");
    assert!(gone.last_seen.is_some());
    // The daemon was given the time to be only slow.
    assert!(took > Duration::from_secs(8), "{took:?}");
    assert_eq!(eve.place(), Some(community.nodes[0].address.to_string()));
    drop(bob);
}
