//! Two nodes that both commit into one chat, with a store each on one database.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use messengerd::service::feed::commit_queue;
use messengerd::store::postgres::{PostgresStore, Settings, TlsMode};

use crate::kit::{Session, Shelf, one, quick, until};
use crate::postgres_server::{Database, database};
use crate::redis_server::RedisServer;

const LISTENERS: usize = 20;
/// Messages of each side, and how many of them are outstanding.
const MESSAGES: usize = 250;
const OUTSTANDING: usize = 8;

async fn shelf(database: &Database) -> Shelf {
    let settings = Settings::new(database.config.clone(), TlsMode::Disable, None).unwrap();
    let (queue, commits, _) = commit_queue();
    let store = PostgresStore::open(&settings, queue.clone()).await.unwrap();
    Shelf::of(Arc::new(store), (queue, commits))
}

/// What a client does with entries that come before their turn: it holds them.
#[derive(Default)]
struct Held {
    applied: Vec<u64>,
    /// How often an entry was missing, and the longest time until it came.
    gaps: usize,
    longest: Duration,
}

impl Held {
    fn apply(arrivals: &[(Instant, u64)], first: u64) -> Self {
        let mut held = Self::default();
        let mut waiting: BTreeMap<u64, Instant> = BTreeMap::new();
        let (mut next, mut gap): (u64, Option<Instant>) = (first, None);
        for (at, seq) in arrivals {
            let (at, seq) = (*at, *seq);
            assert!(seq >= next, "{seq} came twice");
            assert!(waiting.insert(seq, at).is_none(), "{seq} came twice");
            while waiting.remove(&next).is_some() {
                held.applied.push(next);
                next += 1;
                if let Some(since) = gap.take() {
                    held.longest = held.longest.max(at - since);
                }
            }
            if gap.is_none() && !waiting.is_empty() {
                held.gaps += 1;
                gap = Some(at);
            }
        }
        held
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_that_write_into_one_chat_tell_each_entry_once_and_leave_no_gap() {
    let (server, database) = (RedisServer::start(), database().await);
    let shelves = [shelf(&database).await, shelf(&database).await];
    let mut people = Vec::new();
    for at in 0..2 * LISTENERS {
        people.push(shelves[at % 2].user(&format!("user{at}")).await);
    }
    let chat = shelves[0].group(&people.iter().collect::<Vec<_>>()).await;
    let settings = one(server.url());
    let nodes = [
        shelves[0].node(&settings, quick()).await,
        shelves[1].node(&settings, quick()).await,
    ];
    let mut sessions = Vec::new();
    for (at, user) in people.iter().enumerate() {
        sessions.push(nodes[at % 2].connect(user).await);
    }
    let sends = (0..2 * OUTSTANDING).map(async |lane| {
        let (shelf, user) = (&shelves[lane % 2], &people[lane]);
        let mut number = lane / 2;
        while number < MESSAGES {
            shelf.say(&chat, user, &number.to_string()).await;
            number += OUTSTANDING;
        }
    });
    join_all(sends).await;

    // The first entry is that the chat was made; it may be told late.
    let (first, count) = (2, 2 * MESSAGES);
    let arrivals = |session: &Session| {
        let mut arrivals = session.arrivals();
        arrivals.retain(|(_, seq)| *seq >= first);
        arrivals
    };
    let wanted: Vec<u64> = (first..first + count as u64).collect();
    let mut all = Held::default();
    for session in &sessions {
        until("everything is told", || arrivals(session).len() >= count).await;
        let held = Held::apply(&arrivals(session), first);
        assert_eq!(held.applied, wanted);
        all.gaps += held.gaps;
        all.longest = all.longest.max(held.longest);
    }
    // How long a gap may stay open is the client's to decide: after 50 ms it
    // asks. On a busy machine that may happen, and is no error.
    eprintln!(
        "{} listeners, {count} entries: {} gaps, {:.1} per listener, open for {:?} at most",
        sessions.len(),
        all.gaps,
        all.gaps as f64 / sessions.len() as f64,
        all.longest
    );
    for node in nodes {
        node.stop().await;
    }
}
