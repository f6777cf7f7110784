//! People who meet while a node has not heard yet who is online at the others.

use std::time::Duration;

use messengerd::service::pace::Pace;
use messengerd::store::UserRecord;
use proto::id::ChatId;
use proto::request::{AddContact, ChangeContact, ChatKind, CreateChat, Idle, Request, Status};

use crate::kit::{Session, Shelf, one, quick, until};
use crate::redis_server::RedisServer;

/// Nobody learns from signs of life who is online where.
fn by_word_alone() -> Pace {
    Pace {
        beat: Duration::from_secs(3600),
        life: Duration::from_secs(7200),
        ..quick()
    }
}

fn private(with: &UserRecord) -> Request {
    Request::CreateChat(CreateChat {
        id: ChatId::generate(),
        kind: ChatKind::Private,
        name: None,
        description: None,
        members: vec![with.id],
    })
}

fn online(session: &Session, user: &UserRecord) -> bool {
    session.seen(user).is_some_and(|state| state.online)
}

#[tokio::test]
async fn who_came_before_they_met_is_seen_though_the_news_is_late() {
    let (server, shelf) = (RedisServer::start(), Shelf::new());
    let settings = one(server.url());
    let (anna, bert) = (shelf.user("anna").await, shelf.user("bert").await);
    let (first, behind) = shelf.node_behind(&settings, by_word_alone()).await;
    let second = shelf.node(&settings, by_word_alone()).await;
    let annas = first.connect(&anna).await;
    let berts = second.connect(&bert).await;
    until("the news waits", || behind.kept() > 0).await;
    first.call(&annas, private(&bert)).await.unwrap();
    until("bert sees anna", || online(&berts, &anna)).await;
    until("anna is told of bert", || annas.seen(&bert).is_some()).await;
    assert!(!online(&annas, &bert));
    behind.catch_up();
    until("anna sees bert", || online(&annas, &bert)).await;
    first.stop().await;
    second.stop().await;
}

#[tokio::test]
async fn a_node_that_knows_better_than_the_one_that_told_tells_its_own() {
    let (server, shelf) = (RedisServer::start(), Shelf::new());
    let settings = one(server.url());
    let (anna, bert) = (shelf.user("anna").await, shelf.user("bert").await);
    // Tells of the chat, and has heard of neither.
    let (first, behind) = shelf.node_behind(&settings, by_word_alone()).await;
    let second = shelf.node(&settings, quick()).await;
    let third = shelf.node(&settings, quick()).await;
    let annas = second.connect(&anna).await;
    let berts = third.connect(&bert).await;
    third
        .call(&berts, Request::Idle(Idle { on: true }))
        .await
        .unwrap();
    until("the nodes know", || {
        let bert = second.receiver.roster().idle_elsewhere(bert.id);
        bert == Some(true) && third.sees(&anna) && behind.kept() > 2
    })
    .await;
    first.ask(&anna, private(&bert)).await.unwrap();
    until("they see each other", || {
        let bert = annas.seen(&bert);
        bert.is_some_and(|state| state.status == Some(Status::Away)) && online(&berts, &anna)
    })
    .await;
    assert!(!first.sees(&anna) && !first.sees(&bert));
    first.stop().await;
    second.stop().await;
    third.stop().await;
}

#[tokio::test]
async fn who_accepts_is_seen_though_the_news_is_late() {
    let (server, shelf) = (RedisServer::start(), Shelf::new());
    let settings = one(server.url());
    let (anna, bert) = (shelf.user("anna").await, shelf.user("bert").await);
    let (first, behind) = shelf.node_behind(&settings, by_word_alone()).await;
    let second = shelf.node(&settings, by_word_alone()).await;
    let annas = first.connect(&anna).await;
    let berts = second.connect(&bert).await;
    until("the news waits", || behind.kept() > 0).await;
    let add = |user| {
        Request::AddContact(AddContact {
            user,
            nickname: None,
        })
    };
    second.call(&berts, add(anna.id)).await.unwrap();
    first.call(&annas, add(bert.id)).await.unwrap();
    until("bert sees anna", || online(&berts, &anna)).await;
    let block = |on| {
        Request::ChangeContact(ChangeContact {
            user: bert.id,
            nickname: None,
            clear_nickname: false,
            blocked: Some(on),
        })
    };
    first.call(&annas, block(true)).await.unwrap();
    until("bert sees her no longer", || !online(&berts, &anna)).await;
    first.call(&annas, block(false)).await.unwrap();
    until("bert sees her again", || online(&berts, &anna)).await;
    behind.catch_up();
    until("anna sees bert", || online(&annas, &bert)).await;
    first.stop().await;
    second.stop().await;
}
