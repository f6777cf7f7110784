//! A community on several daemons, one PostgreSQL and one Redis, and what
//! happens to people in it when parts of that die.
//!
//! `NODES_CLIENTS` (36) is how many people there are, `NODES_MESSAGES` (12) how
//! much each of them writes.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "tests; the servers are shared"
)]

mod community;
mod crowd;
mod faults;
mod guest;
mod presence;
#[path = "../../../messengerd/tests/servers/mod.rs"]
mod servers;
#[path = "../../../messengerd/tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use community::{Community, url};
use crowd::Crowd;

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// Median and maximum.
fn spread(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    (median, times.last().copied().unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_daemon_costs_seconds_and_no_message() {
    let postgres = servers::postgres::database().await;
    let redis = servers::redis::RedisServer::start();
    let mut community = Community::start(3, &url(&postgres.config), &redis.url());
    let home = tempfile::tempdir().unwrap();
    let mut crowd = Crowd::gather(home.path(), &community, number("NODES_CLIENTS", 36)).await;
    let messages = number("NODES_MESSAGES", 12);
    let everybody: Vec<usize> = (0..crowd.guests.len()).collect();
    crowd.talk(&everybody, messages / 2, "before").await;
    for guest in &mut crowd.guests {
        guest.drained().await;
    }

    let victim = community.nodes[1].address.to_string();
    let there: Vec<usize> = everybody
        .iter()
        .copied()
        .filter(|n| crowd.guests[*n].place().as_ref() == Some(&victim))
        .collect();
    let places: Vec<_> = crowd.guests.iter().map(guest::Guest::place).collect();
    assert!(
        there.len() >= crowd.guests.len() / 4,
        "{victim}: {places:?}"
    );
    // Half of those on the victim write into the kill, the others are silent.
    let (busy, idle) = there.split_at(there.len() / 2);
    crowd.talk(busy, messages, "during").await;
    community.nodes[1].kill();
    let killed = Instant::now();
    let watch = |who: &[usize]| -> Vec<_> {
        who.iter()
            .map(|n| crowd.guests[*n].elsewhere(victim.clone(), killed))
            .collect()
    };
    let (busy_moves, idle_moves) = (watch(busy), watch(idle));
    let others: Vec<usize> = everybody
        .iter()
        .copied()
        .filter(|n| !there.contains(n))
        .collect();
    crowd.talk(&others, messages / 2, "after").await;
    let mut times = Vec::new();
    for moves in [busy_moves, idle_moves] {
        let mut moved = Vec::new();
        for client in moves {
            let took = tokio::time::timeout(guest::PATIENCE, client).await;
            moved.push(took.expect("the client finds another daemon").unwrap());
        }
        times.push(spread(moved));
    }
    println!(
        "of {} clients {} with a request outstanding were elsewhere after {:?} (median), {:?} (last), \
         {} idle ones after {:?}, {:?}",
        crowd.guests.len(),
        busy.len(),
        times[0].0,
        times[0].1,
        idle.len(),
        times[1].0,
        times[1].1
    );
    crowd.agree().await;
    community.again(1);
    crowd.talk(&everybody, messages / 2, "again").await;
    crowd.agree().await;
}
