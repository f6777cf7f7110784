//! Limits that count for all nodes together.

use std::sync::Arc;
use std::time::{Duration, Instant};

use messengerd::bus::Bus;
use messengerd::service::limiter::{Rate, SharedLimiter};
use proto::error::ErrorCode;
use uuid::Uuid;

use crate::kit::{Probe, connected, one, until};
use crate::redis_server::RedisServer;

/// Three at once, then one in a hundred seconds.
fn limiter(bus: &Arc<messengerd::bus::redis::RedisBus>) -> SharedLimiter {
    SharedLimiter::new(
        "test",
        Rate::every(Duration::from_secs(100), 3),
        bus.shared(),
    )
}

#[tokio::test]
async fn nodes_count_together_and_keys_vanish() {
    let server = RedisServer::start();
    let (settings, community) = (one(server.url()), Uuid::now_v7());
    let first = connected(&settings, community, Arc::new(Probe::default())).await;
    let second = connected(&settings, community, Arc::new(Probe::default())).await;
    let (left, right) = (limiter(&first), limiter(&second));
    left.take("a").await.unwrap();
    right.take("a").await.unwrap();
    left.take("a").await.unwrap();
    let refused = right.take("a").await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::RateLimited);
    let wait = refused.retry_after_ms.unwrap();
    assert!((90_000..=100_000).contains(&wait), "{wait}");
    right.take("b").await.unwrap();
    left.give_back("a").await;
    right.take("a").await.unwrap();
    left.take("a").await.unwrap_err();
    let mut client = server.client();
    let keys: Vec<String> = redis::cmd("KEYS")
        .arg("*:limit:*")
        .query(&mut client)
        .unwrap();
    assert_eq!(keys.len(), 2);
    for key in keys {
        let life: i64 = redis::cmd("PTTL").arg(&key).query(&mut client).unwrap();
        assert!((1..=301_000).contains(&life), "{life}");
    }
}

#[tokio::test]
async fn a_redis_that_hangs_or_is_gone_slows_nobody_down() {
    let mut server = RedisServer::start();
    let bus = connected(
        &one(server.url()),
        Uuid::now_v7(),
        Arc::new(Probe::default()),
    )
    .await;
    let limiter = limiter(&bus);
    limiter.take("a").await.unwrap();
    server.hang();
    let start = Instant::now();
    // This node alone counts now, from the beginning.
    for _ in 0..3 {
        limiter.take("a").await.unwrap();
    }
    limiter.take("a").await.unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(1));
    server.resume();
    server.kill();
    until("the bus is down", || !bus.is_up()).await;
    limiter.take("b").await.unwrap();
    server.restart();
    until("the bus is up", || bus.is_up()).await;
    for _ in 0..3 {
        limiter.take("b").await.unwrap();
    }
    limiter.take("b").await.unwrap_err();
}
