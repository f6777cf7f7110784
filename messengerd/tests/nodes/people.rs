//! What people choose and whom they block, when there are several nodes.

use messengerd::store::UserRecord;
use proto::event::Event;
use proto::id::{ChatId, EntryId};
use proto::request::{
    AddContact, ChangeContact, ChangePassword, ChatKind, CreateChat, Idle, Mark, Reply, Request,
    Send, SetStatus, Status, Typing,
};
use proto::text::{MessageText, Password};

use crate::kit::{Shelf, one, quick, until};
use crate::redis_server::RedisServer;

fn status(status: Status) -> Request {
    Request::SetStatus(SetStatus {
        status,
        text: None,
        until: None,
    })
}

fn idle(on: bool) -> Request {
    Request::Idle(Idle { on })
}

#[tokio::test]
async fn a_status_chosen_at_one_node_is_seen_at_the_others() {
    let (server, shelf) = (RedisServer::start(), Shelf::new());
    let settings = one(server.url());
    let (anna, bert) = (shelf.user("anna").await, shelf.user("bert").await);
    shelf.group(&[&anna, &bert]).await;
    let first = shelf.node(&settings, quick()).await;
    let second = shelf.node(&settings, quick()).await;
    let watching = first.connect(&bert).await;
    let there = second.connect(&anna).await;
    until("anna is online", || {
        watching.seen(&anna).is_some_and(|state| state.online)
    })
    .await;
    second.call(&there, status(Status::Busy)).await.unwrap();
    let sees = |status: Option<Status>| {
        let seen = watching.seen(&anna);
        seen.is_some_and(|state| state.online && state.status == status)
    };
    until("anna is busy", || sees(Some(Status::Busy))).await;
    // Chosen at another node than the one where she is seen from.
    let here = first.connect(&anna).await;
    first.call(&here, status(Status::Online)).await.unwrap();
    until("anna is online", || sees(None)).await;
    let until_then = SetStatus {
        status: Status::Away,
        text: None,
        until: Some(messengerd::service::now() + 700),
    };
    first
        .call(&here, Request::SetStatus(until_then))
        .await
        .unwrap();
    until("anna is away", || sees(Some(Status::Away))).await;
    until("that lapses", || sees(None)).await;
    first.stop().await;
    second.stop().await;
}

#[tokio::test]
async fn who_is_idle_at_all_nodes_is_away() {
    let (server, shelf) = (RedisServer::start(), Shelf::new());
    let settings = one(server.url());
    let (anna, bert) = (shelf.user("anna").await, shelf.user("bert").await);
    shelf.group(&[&anna, &bert]).await;
    let first = shelf.node(&settings, quick()).await;
    let second = shelf.node(&settings, quick()).await;
    let watching = second.connect(&bert).await;
    let desk = first.connect(&anna).await;
    let phone = second.connect(&anna).await;
    let elsewhere = |node: &crate::kit::Node| node.receiver.roster().idle_elsewhere(anna.id);
    until("both nodes know", || {
        elsewhere(&first) == Some(false) && elsewhere(&second) == Some(false)
    })
    .await;
    let sees = |status: Option<Status>| {
        let seen = watching.seen(&anna);
        seen.is_some_and(|state| state.online && state.status == status)
    };
    first.call(&desk, idle(true)).await.unwrap();
    until("the other node knows", || elsewhere(&second) == Some(true)).await;
    assert!(sees(None));
    second.call(&phone, idle(true)).await.unwrap();
    until("anna is away", || sees(Some(Status::Away))).await;
    first.call(&desk, idle(false)).await.unwrap();
    until("anna is back", || sees(None)).await;
    // At the same time, neither knowing of the other.
    for _ in 0..5 {
        let (desk_idle, phone_active) = tokio::join!(
            first.call(&desk, idle(true)),
            second.call(&phone, idle(false))
        );
        desk_idle.unwrap();
        phone_active.unwrap();
        until("anna is back", || sees(None)).await;
        let (desk_active, phone_idle) = tokio::join!(
            first.call(&desk, idle(false)),
            second.call(&phone, idle(true))
        );
        desk_active.unwrap();
        phone_idle.unwrap();
        let (desk_idle, phone_idle) = tokio::join!(
            first.call(&desk, idle(true)),
            second.call(&phone, idle(true))
        );
        desk_idle.unwrap();
        phone_idle.unwrap();
        until("anna is away", || sees(Some(Status::Away))).await;
    }
    // The copy in Redis says so too: a node that starts now knows it.
    let third = shelf.node(&settings, quick()).await;
    until("a new node knows", || elsewhere(&third) == Some(true)).await;
    // Who was at the one node alone is so no more where that has gone.
    first.call(&desk, idle(false)).await.unwrap();
    until("anna is back", || sees(None)).await;
    first.disconnect(&desk);
    until("anna is away", || sees(Some(Status::Away))).await;
    first.stop().await;
    second.stop().await;
    third.stop().await;
}

#[tokio::test]
async fn an_invisible_one_is_nowhere_and_leaves_no_trace_at_any_node() {
    let (server, shelf) = (RedisServer::start(), Shelf::new());
    let settings = one(server.url());
    let (anna, bert, carl) = (
        shelf.user("anna").await,
        shelf.user("bert").await,
        shelf.user("carl").await,
    );
    let chat = shelf.group(&[&anna, &bert, &carl]).await;
    shelf.say(&chat, &bert, "hello").await;
    let first = shelf.node(&settings, quick()).await;
    let second = shelf.node(&settings, quick()).await;
    let watching = first.connect(&bert).await;
    let there = second.connect(&anna).await;
    until("anna is online", || {
        watching.seen(&anna).is_some_and(|state| state.online)
    })
    .await;
    second
        .call(&there, status(Status::Invisible))
        .await
        .unwrap();
    until("anna goes", || {
        watching.seen(&anna).is_some_and(|state| !state.online)
    })
    .await;
    let gone = watching.seen(&anna).unwrap();
    assert!(gone.last_seen.is_some());
    let before = watching.events().len();
    let typing = |on| Request::Typing(Typing { chat: chat.id, on });
    let read = Request::Mark(Mark {
        chat: chat.id,
        read: Some(2),
        delivered: Some(2),
    });
    // The same at the other node, which learned of it from the log.
    let here = first.connect(&anna).await;
    for (node, session) in [(&first, &here), (&second, &there)] {
        node.call(session, typing(true)).await.unwrap();
        node.call(session, read.clone()).await.unwrap();
        node.call(session, idle(true)).await.unwrap();
        node.call(session, idle(false)).await.unwrap();
    }
    first.disconnect(&here);
    second.disconnect(&there);
    // Carl does the same behind her.
    let carls = second.connect(&carl).await;
    second.call(&carls, typing(true)).await.unwrap();
    second.call(&carls, read.clone()).await.unwrap();
    first.call(&watching, read).await.unwrap();
    let reads = |user: &UserRecord| {
        let events = watching.events();
        let mut moved = events.iter().filter_map(|event| match event {
            Event::Cursor(moved) => Some(moved),
            _ => None,
        });
        moved.any(|moved| moved.user == user.id)
    };
    until("cursors are told", || reads(&carl) && reads(&bert)).await;
    second.disconnect(&carls);
    until("carl goes", || {
        watching.presence(&carl).ends_with(&[true, false])
    })
    .await;
    until("all let go of anna", || {
        !first.sees(&anna) && !second.sees(&anna)
    })
    .await;
    let events = watching.events();
    let traces = events[before..].iter().filter(|event| {
        let text = format!("{event:?}");
        text.contains(&format!("{:?}", anna.id))
    });
    assert_eq!(traces.count(), 0, "{:?}", &events[before..]);
    let later = second.connect(&bert).await;
    let seen = later.seen(&anna).unwrap();
    assert_eq!(seen, gone);
    first.stop().await;
    second.stop().await;
}

#[tokio::test]
async fn a_block_holds_at_all_nodes_at_once() {
    let (server, shelf) = (RedisServer::start(), Shelf::new());
    let settings = one(server.url());
    let (anna, bert) = (shelf.user("anna").await, shelf.user("bert").await);
    let first = shelf.node(&settings, quick()).await;
    let second = shelf.node(&settings, quick()).await;
    let annas = first.connect(&anna).await;
    let berts = second.connect(&bert).await;
    let chat = ChatId::generate();
    let create = Request::CreateChat(CreateChat {
        id: chat,
        kind: ChatKind::Private,
        name: None,
        description: None,
        members: vec![bert.id],
    });
    first.call(&annas, create).await.unwrap();
    until("they see each other", || {
        annas.seen(&bert).is_some_and(|state| state.online)
            && berts.seen(&anna).is_some_and(|state| state.online)
    })
    .await;
    let say = |text: &str| {
        Request::Send(Send {
            chat,
            id: EntryId::generate(),
            text: MessageText::try_from(text).unwrap(),
            reply_to: None,
            forward: None,
            media: None,
        })
    };
    second.call(&berts, say("hello")).await.unwrap();
    let block = |on: bool| {
        Request::ChangeContact(ChangeContact {
            user: bert.id,
            nickname: None,
            clear_nickname: false,
            blocked: Some(on),
        })
    };
    first.call(&annas, block(true)).await.unwrap();
    // The store has the last word, whatever the other node knows.
    let refused = second.call(&berts, say("hm")).await.unwrap_err();
    assert_eq!(refused.code.as_str(), "forbidden");
    until("they see each other no longer", || {
        annas.seen(&bert).is_some_and(|state| !state.online)
            && berts.seen(&anna).is_some_and(|state| !state.online)
    })
    .await;
    first.call(&annas, block(false)).await.unwrap();
    until("they see each other again", || {
        annas.seen(&bert).is_some_and(|state| state.online)
            && berts.seen(&anna).is_some_and(|state| state.online)
    })
    .await;
    second.call(&berts, say("again")).await.unwrap();
    first.stop().await;
    second.stop().await;
}

#[tokio::test]
async fn who_accepts_at_another_node_is_seen_at_once() {
    let (server, shelf) = (RedisServer::start(), Shelf::new());
    let settings = one(server.url());
    let (anna, bert) = (shelf.user("anna").await, shelf.user("bert").await);
    let first = shelf.node(&settings, quick()).await;
    let second = shelf.node(&settings, quick()).await;
    let annas = first.connect(&anna).await;
    let berts = second.connect(&bert).await;
    until("the nodes know", || first.sees(&bert) && second.sees(&anna)).await;
    let add = |user| {
        Request::AddContact(AddContact {
            user,
            nickname: None,
        })
    };
    first.call(&annas, add(bert.id)).await.unwrap();
    assert_eq!(annas.seen(&bert), None);
    let Reply::AddContact(contact) = second.call(&berts, add(anna.id)).await.unwrap() else {
        panic!("another reply");
    };
    assert_eq!(contact.state, proto::request::ContactState::Mutual);
    until("they see each other", || {
        annas.seen(&bert).is_some_and(|state| state.online)
            && berts.seen(&anna).is_some_and(|state| state.online)
    })
    .await;
    first.stop().await;
    second.stop().await;
}

#[tokio::test]
async fn a_new_password_ends_sessions_at_the_other_node() {
    let (server, shelf) = (RedisServer::start(), Shelf::new());
    let settings = one(server.url());
    let first = shelf.node(&settings, quick()).await;
    let second = shelf.node(&settings, quick()).await;
    let old = Password::try_from("correct horse").unwrap();
    let anna = shelf.user_with("anna", old.clone()).await;
    let here = first.connect(&anna).await;
    let there = second.connect(&anna).await;
    let change = ChangePassword {
        old,
        new: Password::try_from("battery staple").unwrap(),
    };
    first
        .call(&here, Request::ChangePassword(change))
        .await
        .unwrap();
    until("the other session ends", || there.has_ended()).await;
    assert!(!here.has_ended());
    first.stop().await;
    second.stop().await;
}
