//! Who is online, when there are several nodes.

use std::time::{Duration, Instant};

use crate::kit::{Node, Shelf, one, quick, until};
use crate::redis_server::RedisServer;

/// Longer than a dead node's users can take to go.
fn later() -> Duration {
    let pace = quick();
    pace.life + pace.grace + 4 * pace.beat
}

/// Waits for as long as something is not to happen.
async fn never(what: &str, time: Duration, mut happens: impl FnMut() -> bool) {
    let start = Instant::now();
    while start.elapsed() < time {
        assert!(!happens(), "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn who_comes_and_goes_is_told_at_every_node_once() {
    let (server, shelf) = (RedisServer::start(), Shelf::new());
    let settings = one(server.url());
    let (anna, bert, carl) = (
        shelf.user("anna").await,
        shelf.user("bert").await,
        shelf.user("carl").await,
    );
    shelf.group(&[&anna, &bert]).await;
    let first = shelf.node(&settings, quick()).await;
    let second = shelf.node(&settings, quick()).await;
    let watching = second.connect(&bert).await;
    let stranger = second.connect(&carl).await;
    let anna_here = first.connect(&anna).await;
    until("bert hears of anna", || {
        watching.presence(&anna) == [false, true]
    })
    .await;
    until("anna is known to be online", || second.sees(&anna)).await;
    assert_eq!(anna_here.presence(&bert), [true]);

    // A second session elsewhere changes nothing.
    let anna_there = second.connect(&anna).await;
    first.disconnect(&anna_here);
    until("anna is off the first node", || {
        first.receiver.roster().elsewhere(anna.id).is_some()
            && second.receiver.roster().elsewhere(anna.id).is_none()
    })
    .await;
    assert!(first.sees(&anna) && second.sees(&anna));
    assert_eq!(watching.presence(&anna), [false, true]);

    second.disconnect(&anna_there);
    until("bert hears that anna went", || {
        watching.presence(&anna) == [false, true, false]
    })
    .await;
    until("all know that anna went", || {
        !first.sees(&anna) && !second.sees(&anna)
    })
    .await;
    assert!(stranger.presence(&anna).is_empty());
    first.stop().await;
    second.stop().await;
}

#[tokio::test]
async fn last_sessions_that_end_at_once_on_two_nodes_leave_nobody_online() {
    let (server, shelf) = (RedisServer::start(), Shelf::new());
    let settings = one(server.url());
    let (anna, bert) = (shelf.user("anna").await, shelf.user("bert").await);
    shelf.group(&[&anna, &bert]).await;
    let nodes = [
        shelf.node(&settings, quick()).await,
        shelf.node(&settings, quick()).await,
    ];
    let watching = nodes[0].connect(&bert).await;
    for round in 1..=10 {
        let sessions = [nodes[0].connect(&anna).await, nodes[1].connect(&anna).await];
        until("both nodes have anna", || {
            nodes[0].receiver.roster().elsewhere(anna.id).is_some()
                && nodes[1].receiver.roster().elsewhere(anna.id).is_some()
        })
        .await;
        for (node, session) in nodes.iter().zip(&sessions) {
            node.disconnect(session);
        }
        until("bert hears that anna went", || {
            watching.presence(&anna).last() == Some(&false)
        })
        .await;
        let told = watching.presence(&anna);
        let went = told[1..].iter().filter(|online| !**online).count();
        assert!(went >= round, "{told:?}");
        until("anna is nowhere", || {
            !nodes[0].sees(&anna) && !nodes[1].sees(&anna)
        })
        .await;
    }
    for node in nodes {
        node.stop().await;
    }
}

#[tokio::test]
async fn a_killed_nodes_users_go_after_its_life_and_not_before() {
    let (server, shelf) = (RedisServer::start(), Shelf::new());
    let settings = one(server.url());
    let (anna, bert, carl) = (
        shelf.user("anna").await,
        shelf.user("bert").await,
        shelf.user("carl").await,
    );
    shelf.group(&[&anna, &bert, &carl]).await;
    let first = shelf.node(&settings, quick()).await;
    let second = shelf.node(&settings, quick()).await;
    let third = shelf.node(&settings, quick()).await;
    let watching = second.connect(&bert).await;
    third.connect(&anna).await;
    third.connect(&carl).await;
    until("both are online", || {
        watching.presence(&anna).last() == Some(&true)
            && watching.presence(&carl).last() == Some(&true)
    })
    .await;
    // Long enough for all to have learnt what the third node holds.
    until("the first node knows", || {
        first.sees(&anna) && first.sees(&carl)
    })
    .await;

    let killed = Instant::now();
    third.kill().await;
    // Carl is back at another node before that.
    let again = first.connect(&carl).await;
    until("bert hears that anna went", || {
        watching.presence(&anna).last() == Some(&false)
    })
    .await;
    let pace = quick();
    assert!(
        killed.elapsed() >= pace.life - pace.beat - Duration::from_millis(100),
        "after {:?}",
        killed.elapsed()
    );
    assert!(!first.sees(&anna) && !second.sees(&anna));
    assert!(first.sees(&carl) && second.sees(&carl));
    assert_eq!(
        watching
            .presence(&carl)
            .iter()
            .skip_while(|online| !**online)
            .count(),
        1,
        "carl never flapped: {:?}",
        watching.presence(&carl)
    );
    assert_eq!(
        watching
            .presence(&anna)
            .iter()
            .filter(|online| !**online)
            .count(),
        2,
        "told once"
    );
    until("it is written when anna was last seen", || {
        let seen = again.presence(&anna);
        seen.last() == Some(&false)
    })
    .await;
    let seen = shelf.store.users(vec![anna.id], vec![]).await.unwrap()[0].last_seen;
    assert!(seen.is_some());
    first.stop().await;
    second.stop().await;
}

#[tokio::test]
async fn a_node_that_stops_says_nothing_of_those_who_come_back_in_time() {
    let (server, shelf) = (RedisServer::start(), Shelf::new());
    let settings = one(server.url());
    let (anna, bert, carl) = (
        shelf.user("anna").await,
        shelf.user("bert").await,
        shelf.user("carl").await,
    );
    shelf.group(&[&anna, &bert, &carl]).await;
    let first = shelf.node(&settings, quick()).await;
    let second = shelf.node(&settings, quick()).await;
    let watching = first.connect(&bert).await;
    let anna_there = second.connect(&anna).await;
    let carl_there = second.connect(&carl).await;
    until("both are online", || first.sees(&anna) && first.sees(&carl)).await;
    second.disconnect(&anna_there);
    second.disconnect(&carl_there);
    let stopped = Instant::now();
    second.stop().await;
    first.connect(&carl).await;
    until("anna goes", || {
        watching.presence(&anna).last() == Some(&false)
    })
    .await;
    assert!(stopped.elapsed() < later());
    assert_eq!(watching.presence(&carl).last(), Some(&true));
    assert!(first.sees(&carl));
    let seen = shelf.store.users(vec![anna.id], vec![]).await.unwrap()[0].last_seen;
    assert!(seen.is_some());
    first.stop().await;
}

#[tokio::test]
async fn a_node_that_starts_again_at_once_lets_its_earlier_users_go() {
    let (server, shelf) = (RedisServer::start(), Shelf::new());
    let settings = one(server.url());
    let (anna, bert) = (shelf.user("anna").await, shelf.user("bert").await);
    shelf.group(&[&anna, &bert]).await;
    let first = shelf.node(&settings, quick()).await;
    let second = shelf.node(&settings, quick()).await;
    let id = second.id;
    let watching = first.connect(&bert).await;
    second.connect(&anna).await;
    until("anna is online", || {
        watching.presence(&anna).last() == Some(&true)
    })
    .await;
    // Its set has to be written before it can be taken over.
    until("the set is written", || {
        let key = format!(
            "messenger:{{{}}}:online:{}",
            shelf.community.simple(),
            id.simple()
        );
        let size: u32 = redis::cmd("SCARD")
            .arg(key)
            .query(&mut server.client())
            .unwrap();
        size == 1
    })
    .await;
    second.kill().await;
    let again = shelf.node_called(id, &settings, quick()).await;
    until("anna goes", || {
        watching.presence(&anna).last() == Some(&false)
    })
    .await;
    until("all know", || !first.sees(&anna) && !again.sees(&anna)).await;
    first.stop().await;
    again.stop().await;
}

#[tokio::test]
async fn without_redis_what_is_known_stays_and_changes_are_told_later() {
    let (mut server, shelf) = (RedisServer::start(), Shelf::new());
    let settings = one(server.url());
    let (anna, bert, carl) = (
        shelf.user("anna").await,
        shelf.user("bert").await,
        shelf.user("carl").await,
    );
    shelf.group(&[&anna, &bert, &carl]).await;
    let first = shelf.node(&settings, quick()).await;
    let second = shelf.node(&settings, quick()).await;
    let watching = first.connect(&bert).await;
    let anna_there = second.connect(&anna).await;
    second.connect(&carl).await;
    until("both are online", || {
        watching.presence(&anna).last() == Some(&true)
            && watching.presence(&carl).last() == Some(&true)
    })
    .await;
    server.kill();
    until("both nodes notice", || {
        use messengerd::bus::Bus as _;
        !first.bus.is_up() && !second.bus.is_up()
    })
    .await;
    second.disconnect(&anna_there);
    never("nobody flaps", later(), || {
        watching.presence(&carl).last() == Some(&false) || !first.sees(&carl)
    })
    .await;
    server.restart();
    until("bert hears that anna went", || {
        watching.presence(&anna).last() == Some(&false)
    })
    .await;
    until("the first node knows", || !first.sees(&anna)).await;
    never("nobody flaps", later(), || {
        watching.presence(&carl).last() == Some(&false) || !first.sees(&carl)
    })
    .await;
    first.stop().await;
    second.stop().await;
}

#[tokio::test]
async fn a_node_that_was_cut_off_is_back_with_its_users() {
    let (server, shelf) = (RedisServer::start(), Shelf::new());
    let settings = one(server.url());
    let (anna, bert) = (shelf.user("anna").await, shelf.user("bert").await);
    shelf.group(&[&anna, &bert]).await;
    let first = shelf.node(&settings, quick()).await;
    let second = shelf.node(&settings, quick()).await;
    let watching = first.connect(&bert).await;
    second.connect(&anna).await;
    until("anna is online", || {
        watching.presence(&anna).last() == Some(&true)
    })
    .await;
    // As if it had given no sign of life for too long.
    let key = format!(
        "messenger:{{{}}}:node:{}",
        shelf.community.simple(),
        second.id.simple()
    );
    until("anna goes", || {
        redis::cmd("DEL")
            .arg(&key)
            .exec(&mut server.client())
            .unwrap();
        watching.presence(&anna).last() == Some(&false)
    })
    .await;
    until("anna is back", || {
        watching.presence(&anna).last() == Some(&true) && first.sees(&anna)
    })
    .await;
    first.stop().await;
    second.stop().await;
}

/// What one user's coming online puts on the bus.
async fn cost(
    node: &Node,
    shelf: &Shelf,
    name: &str,
    groups: &[Vec<&messengerd::store::UserRecord>],
) -> (u64, u64) {
    let user = shelf.user(name).await;
    for others in groups {
        let mut people = vec![&user];
        people.extend(others);
        shelf.group(&people).await;
    }
    let quiet = |node: &Node| node.bus.counts();
    // The commits above have been told.
    let mut before = quiet(node);
    until("the bus is quiet", || {
        let now = quiet(node);
        let same = now == before;
        before = now;
        same
    })
    .await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let before = quiet(node);
    node.connect(&user).await;
    until("the transition is published", || {
        quiet(node).published > before.published
    })
    .await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let after = quiet(node);
    (
        after.published - before.published,
        after.published_bytes - before.published_bytes,
    )
}

#[tokio::test]
async fn coming_online_costs_by_acquaintances_and_a_large_group_is_none() {
    let (server, shelf) = (RedisServer::start(), Shelf::new());
    let node = shelf.node(&one(server.url()), quick()).await;
    let mut crowd = Vec::new();
    let mut sessions = Vec::new();
    for at in 0..150 {
        let user = shelf.user(&format!("user{at}")).await;
        sessions.push(node.connect(&user).await);
        crowd.push(user);
    }
    let large: Vec<_> = crowd.iter().collect();
    let (batches, bytes) = cost(&node, &shelf, "large", &[large]).await;
    eprintln!("one group of 151, all online: {batches} batches, {bytes} bytes");
    // The nodes' books only, and the session that was opened.
    assert!(batches <= 2, "{batches}");
    assert!(bytes < 600, "{bytes}");

    let small: Vec<Vec<_>> = crowd
        .chunks(10)
        .map(|people| people.iter().collect())
        .collect();
    let (batches, bytes) = cost(&node, &shelf, "small", &small).await;
    eprintln!("15 groups of 11, all online: {batches} batches, {bytes} bytes");
    assert!(batches <= 3, "{batches}");
    // An id for each, in one signal.
    assert!(bytes < 600 + 150 * 20, "{bytes}");
    node.stop().await;
}

/// Batches published and bytes that Redis was sent while `online` people, half
/// at each of two nodes, do nothing for some signs of life.
async fn rest(online: usize) -> (u64, u64) {
    let (server, shelf) = (RedisServer::start(), Shelf::new());
    let settings = one(server.url());
    let nodes = [
        shelf.node(&settings, quick()).await,
        shelf.node(&settings, quick()).await,
    ];
    let mut people = Vec::new();
    for at in 0..online {
        people.push(shelf.user(&format!("user{at}")).await);
    }
    shelf.group(&people.iter().collect::<Vec<_>>()).await;
    for (at, user) in people.iter().enumerate() {
        nodes[at % 2].connect(user).await;
    }
    until("all are known at both nodes", || {
        let knows = |node: &Node| people.iter().all(|user| node.sees(user));
        nodes.iter().all(knows)
    })
    .await;
    let mut client = server.client();
    let mut info = redis::cmd("INFO");
    info.arg("stats").arg("commandstats");
    let look_bytes = info.get_packed_command().len() as u64;
    let mut looks = 0;
    // Signs of life, of which each asks for the size of a set, and bytes that
    // Redis was sent by others than this look at it.
    let mut look = || -> (u64, u64) {
        looks += 1;
        let info: String = info.query(&mut client).unwrap();
        let number = |name: &str| -> u64 {
            let line = info.lines().find_map(|line| line.strip_prefix(name));
            line.map_or(0, |rest| rest.split(',').next().unwrap().parse().unwrap())
        };
        (
            number("cmdstat_scard:calls="),
            number("total_net_input_bytes:") - looks * look_bytes,
        )
    };
    let published = || -> u64 {
        let counts = nodes.iter().map(|node| node.bus.counts().published);
        counts.sum()
    };
    // What was changed last is written within the next signs of life.
    let settled = look().0 + 8;
    until("it is quiet", || look().0 >= settled).await;
    let (before, (start, bytes)) = (published(), look());
    until("signs of life are given", || look().0 >= start + 10).await;
    let cost = (published() - before, look().1 - bytes);
    for node in nodes {
        node.stop().await;
    }
    cost
}

#[tokio::test]
async fn at_rest_the_traffic_is_that_of_the_nodes_however_many_are_online() {
    let (few, many) = (rest(4).await, rest(150).await);
    eprintln!("published, bytes sent to Redis: {few:?} of 4, {many:?} of 150");
    assert_eq!((few.0, many.0), (0, 0));
    // Their ids, written anew each time, would be 16 KB more.
    assert!(many.1 < 2 * few.1, "{few:?} {many:?}");
}
