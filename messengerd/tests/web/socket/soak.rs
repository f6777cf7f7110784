//! A few seconds of what `make soak` does for minutes.

use std::sync::Arc;
use std::time::Duration;

use messengerd::config::Secret;

use crate::kit::Site;
use crate::soak::{Crowd, Plan, SECRET, World};
use crate::support::Daemon;

async fn soak(plan: Plan) {
    let home = Arc::new(tempfile::tempdir().unwrap());
    let world = World::make(&home.path().join("data"), &plan).await;
    let secret = Some(Secret::new(SECRET));
    let daemon = Daemon::start_in(home, |config| config.token_secret = secret).await;
    let site = Site::of(daemon);
    let crowd = Crowd::open(super::page::address(&site), world, plan).await;
    let report = crowd.run().await;
    assert!(report.sent > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_chats_of_few() {
    soak(Plan {
        name: "many chats",
        people: 20,
        chats: 20,
        members: 10,
        rate: 40,
        length: Duration::from_secs(3),
        slow: 0,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_chat_of_many() {
    soak(Plan {
        name: "one chat",
        people: 100,
        chats: 1,
        members: 100,
        rate: 10,
        length: Duration::from_secs(3),
        slow: 0,
    })
    .await;
}
