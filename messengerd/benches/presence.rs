//! What it costs in Redis that people are online, come and go.
//!
//! Two nodes share a Redis and a store. All people are online, half of them at
//! each node, in one large group or in groups of ten, three each. Bytes are
//! those that Redis counts on its sockets, in both directions, beside what the
//! nodes count as published to each other: while nobody moves, while a fixed
//! number of people leave and come back, and while a fixed share of all does.
//! JSON lines go to standard output, a table to standard error.
//! `BENCH_ONLINE` (1000,5000) are the numbers of people online.
#![allow(clippy::unwrap_used, missing_docs, reason = "a bench ends on errors")]

#[allow(dead_code, reason = "shared with the tests")]
#[path = "../tests/nodes/kit.rs"]
mod kit;
#[path = "presence/people.rs"]
mod people;
#[path = "../tests/servers/redis.rs"]
mod redis_server;
#[path = "presence/traffic.rs"]
mod traffic;

use std::time::{Duration, Instant};

use messengerd::service::pace::Pace;
use serde_json::json;
use tokio::task::JoinSet;

use kit::{Node, Shelf};
use people::{Person, World};
use redis_server::RedisServer;
use traffic::{Meter, Traffic};

/// Long enough for several signs of life of each node.
const LENGTH: Duration = Duration::from_secs(15);
/// How long those who leave are away: longer than the grace.
const AWAY: Duration = Duration::from_secs(2);
/// People who leave in a second, and as many who come back.
const LEAVING: usize = 20;
/// Of so many people one leaves in a second.
const SHARE: usize = 50;
/// From one who leaves to the next: those who are away at once are mostly in
/// different groups.
const STRIDE: usize = 37;

/// The usual times, but for a grace that does not outlast a run.
fn pace() -> Pace {
    Pace {
        grace: Duration::from_secs(1),
        ..Pace::default()
    }
}

fn sizes() -> Vec<usize> {
    let sizes = std::env::var("BENCH_ONLINE").unwrap_or_else(|_| "1000,5000".to_owned());
    sizes.split(',').map(|size| size.parse().unwrap()).collect()
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        for world in [World::Large, World::Small] {
            let mut least: Option<(usize, [Traffic; 2])> = None;
            for size in sizes() {
                let measured = measure(world, size).await;
                match &least {
                    None => least = Some((size, measured)),
                    Some((fewer, of_fewer)) => growth(world, (*fewer, of_fewer), (size, &measured)),
                }
            }
        }
    });
}

/// A bed of two nodes on which everybody is online.
struct Bed {
    server: RedisServer,
    nodes: [Node; 2],
    people: Vec<Person>,
}

impl Bed {
    async fn fill(world: World, size: usize) -> Self {
        let (server, shelf) = (RedisServer::start(), Shelf::new());
        let people = people::make(&shelf, world, size).await;
        let settings = kit::one(server.url());
        let nodes = [
            shelf.node(&settings, pace()).await,
            shelf.node(&settings, pace()).await,
        ];
        let bed = Self {
            server,
            nodes,
            people,
        };
        bed.quiet().await;
        for (at, person) in bed.people.iter().enumerate() {
            person.come(&bed.nodes[at % 2]).await;
        }
        for (at, person) in bed.people.iter().enumerate() {
            let other = bed.nodes[1 - at % 2].receiver.roster();
            kit::until("all are known at both nodes", || {
                other.elsewhere(person.actor.id).is_some()
            })
            .await;
        }
        bed.quiet().await;
        bed
    }

    /// Waits until the nodes have told each other all that there was, and have
    /// given a sign of life since.
    async fn quiet(&self) {
        let told = || self.nodes.each_ref().map(|node| node.bus.counts());
        let (mut before, mut since) = (told(), Instant::now());
        kit::until("the nodes are quiet", || {
            let now = told();
            if now != before {
                (before, since) = (now, Instant::now());
            }
            since.elapsed() > pace().beat + Duration::from_secs(1)
        })
        .await;
    }

    /// Lets people leave one after the other, each to come back at the same
    /// node, for `LENGTH` after a start that is not measured.
    async fn churn(&self, leaving: usize) -> Traffic {
        let start = Instant::now();
        let lead = AWAY.as_secs() as usize * 2 * leaving;
        let total = lead + LENGTH.as_secs() as usize * leaving;
        let mut meter = None;
        for tick in 0..total {
            let due = start + Duration::from_secs(1) * tick as u32 / leaving as u32;
            tokio::time::sleep_until(due.into()).await;
            if tick == lead {
                meter = Some(Meter::start(self));
            }
            let at = tick * STRIDE % self.people.len();
            self.people[at].go(&self.nodes[at % 2]);
            if let Some(back) = tick.checked_sub(AWAY.as_secs() as usize * leaving) {
                let at = back * STRIDE % self.people.len();
                self.people[at].come(&self.nodes[at % 2]).await;
            }
        }
        let mut traffic = meter.unwrap().stop(self);
        traffic.transitions = 2 * (total - lead);
        // Those who are still away come back.
        for tick in total - AWAY.as_secs() as usize * leaving..total {
            let at = tick * STRIDE % self.people.len();
            self.people[at].come(&self.nodes[at % 2]).await;
        }
        self.quiet().await;
        traffic
    }

    async fn stop(self) {
        let mut stopping = JoinSet::new();
        for node in self.nodes {
            stopping.spawn(node.stop());
        }
        stopping.join_all().await;
    }
}

/// The traffic at rest and under churn of the same people per second.
async fn measure(world: World, size: usize) -> [Traffic; 2] {
    let bed = Bed::fill(world, size).await;
    let meter = Meter::start(&bed);
    tokio::time::sleep(LENGTH).await;
    let steady = meter.stop(&bed);
    report("steady", world, size, 0, &steady, &steady);
    let churn = bed.churn(LEAVING).await;
    report("churn", world, size, LEAVING, &steady, &churn);
    if size / SHARE != LEAVING {
        let share = bed.churn(size / SHARE).await;
        report("churn", world, size, size / SHARE, &steady, &share);
    }
    bed.stop().await;
    [steady, churn]
}

fn report(
    name: &str,
    world: World,
    size: usize,
    leaving: usize,
    steady: &Traffic,
    traffic: &Traffic,
) {
    let [input, output, published] = [traffic.input, traffic.output, traffic.published];
    let mut line = json!({
        "bench": format!("presence.{name}"), "world": world.name(), "online": size,
        "leaving_per_s": leaving,
        "redis_in_bytes_per_s": input.round(), "redis_out_bytes_per_s": output.round(),
        "published_bytes_per_s": published.round(),
        "bytes_per_s_per_user": rounded(traffic.bytes() / size as f64),
        "events_told_per_s": traffic.told.round(),
        "cpu_percent_of_both_nodes": rounded(traffic.cpu), "cpu_percent_of_redis": rounded(traffic.redis_cpu),
        "sets_read": traffic.sets_read,
    });
    if traffic.transitions > 0 {
        let rate = traffic.transitions as f64 / traffic.seconds;
        line["transitions_per_s"] = rounded(rate).into();
        line["bytes_per_transition"] = rounded((traffic.bytes() - steady.bytes()) / rate).into();
    }
    println!("{line}");
    eprintln!(
        "{name:<7} {:<6} {size:>5} online  {leaving:>4} leave/s  in {input:>8.0} B/s  out {output:>8.0} B/s  \
         between nodes {published:>8.0} B/s  cpu {:>5.1} %",
        world.name(),
        traffic.cpu,
    );
}

fn growth(world: World, fewer: (usize, &[Traffic; 2]), more: (usize, &[Traffic; 2])) {
    let times = |phase: usize| rounded(more.1[phase].bytes() / fewer.1[phase].bytes());
    println!(
        "{}",
        json!({
            "bench": "presence.growth", "world": world.name(),
            "users": rounded(more.0 as f64 / fewer.0 as f64),
            "steady_bytes": times(0), "churn_bytes": times(1),
        })
    );
    eprintln!(
        "{} to {} online, {}: {} times the bytes at rest, {} times under the same churn",
        fewer.0,
        more.0,
        world.name(),
        times(0),
        times(1)
    );
}

fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
