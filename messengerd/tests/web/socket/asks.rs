//! What pages send.

use futures_util::SinkExt;
use proto::event::Event;
use proto::id::{ChatId, EntryId};
use proto::request::{ChatKind, CreateChat, Cursors, Idle, Status};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::Party;
use super::page::messages;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_from_a_page_reaches_native_clients_and_pages() {
    let mut party = Party::of(&["ada", "bob"]).await;
    let chat = party.chat;
    let (mut ada, mut bob) = (party.page(0).await, party.page(1).await);
    ada.fence().await;
    bob.fence().await;
    let id = EntryId::generate();
    let frame = json!({ "chat_id": chat, "content": "hello", "id": id });
    ada.send("chat", frame.clone()).await;
    let (_, _, text) = party.people[1].next_message().await;
    assert_eq!(text, "hello");
    let told = bob.wait("new_message").await;
    assert_eq!(told["data"]["id"], json!(id));
    assert_eq!(told["data"]["content"], "hello");
    assert_eq!(told["user_id"], json!(party.people[0].id()));
    // The posting session hears of it by another name.
    assert_eq!(ada.wait("message_posted").await["data"]["id"], json!(id));
    // The same id is the same message.
    ada.send("chat", frame).await;
    ada.send("chat", json!({ "chat_id": chat, "content": "again" }))
        .await;
    let (told, before) = bob.upto("new_message").await;
    assert_eq!(told["data"]["content"], "again");
    assert!(messages(&before).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_nothing_of_ours_is_ignored_or_answered() {
    let mut party = Party::of(&["ada", "bob"]).await;
    let chat = party.chat;
    let mut page = party.page(0).await;
    page.fence().await;
    for text in ["{", "[]", "7", "\"x\"", "{}", r#"{"type":7}"#, ""] {
        page.send_text(text).await;
    }
    page.socket
        .send(Message::Binary(vec![1, 2, 3].into()))
        .await
        .unwrap();
    page.send("chat", json!({ "chat_id": chat })).await;
    page.send("call_offer", json!({ "target_user_id": "x" }))
        .await;
    let mut told = page.fence().await;
    // The new chat and who is there are told when they are known, perhaps only now.
    told.retain(|frame| frame["type"] != "user_status" && frame["type"] != "chat_created");
    assert!(told.is_empty(), "{told:?}");
    let wanted = [
        (json!({ "type": "nonsense" }), "bad_request"),
        (
            json!({ "type": "chat", "data": { "chat_id": chat } }),
            "bad_request",
        ),
        (
            json!({ "type": "chat", "data": { "chat_id": chat, "content": "x", "message_type": "system" } }),
            "bad_request",
        ),
        (
            json!({ "type": "chat", "data": { "chat_id": chat, "content": "x", "message_type": "song" } }),
            "bad_request",
        ),
        (
            json!({ "type": "chat", "data": { "chat_id": ChatId::generate(), "content": "x" } }),
            "not_found",
        ),
        (
            json!({ "type": "message_read", "data": { "message_id": EntryId::generate() } }),
            "not_found",
        ),
        (
            json!({ "type": "call_offer", "data": {} }),
            "not_implemented",
        ),
        (
            json!({ "type": "watch", "data": { "user_ids": ["x"] } }),
            "bad_request",
        ),
    ];
    for (number, (mut frame, code)) in wanted.into_iter().enumerate() {
        frame["id"] = json!(number);
        page.send_text(&frame.to_string()).await;
        let answer = page.wait("error").await;
        assert_eq!(answer["data"]["id"], json!(number), "{frame}");
        assert_eq!(answer["data"]["code"], code, "{frame}");
        assert!(!answer["data"]["error"].as_str().unwrap().is_empty());
    }
    party.people[1].say(chat, "still there").await.unwrap();
    let told = page.wait("new_message").await;
    assert_eq!(told["data"]["content"], "still there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typing_is_passed_on_when_it_changes_and_lapses() {
    let party = Party::of(&["ada", "bob", "eve"]).await;
    let chat = party.chat;
    let (mut ada, mut bob, mut other) = (
        party.page(0).await,
        party.page(1).await,
        party.page(0).await,
    );
    for page in [&mut ada, &mut bob, &mut other] {
        page.fence().await;
    }
    let typing = |on: bool| json!({ "chat_id": chat, "is_typing": on });
    ada.send("typing", typing(false)).await;
    ada.send("typing", typing(true)).await;
    ada.send("typing", typing(true)).await;
    let told = bob.wait("typing").await;
    let wanted = json!({
        "chat_id": chat, "is_typing": true, "user_id": party.people[0].id(), "user_name": "ada",
    });
    assert_eq!(told["data"], wanted);
    ada.send("typing", typing(false)).await;
    assert_eq!(bob.wait("typing").await["data"]["is_typing"], false);
    ada.send("typing", typing(true)).await;
    assert_eq!(bob.wait("typing").await["data"]["is_typing"], true);
    // Nobody says that it is over.
    assert_eq!(bob.wait("typing").await["data"]["is_typing"], false);
    // One's own pages know it.
    for page in [&mut ada, &mut other] {
        let told = page.fence().await;
        assert!(told.iter().all(|frame| frame["type"] != "typing"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_is_noted_and_told() {
    let mut party = Party::of(&["ada", "bob"]).await;
    let chat = party.chat;
    let bob_id = party.people[1].id();
    let (mut ada, mut bob) = (party.page(0).await, party.page(1).await);
    ada.fence().await;
    let sent = party.people[0].say(chat, "read me").await.unwrap();
    let told = bob.wait("new_message").await;
    // What a page was sent counts as received.
    let got = ada
        .wait_for("message_delivered", |data| data["seq"] == json!(sent.seq))
        .await;
    assert_eq!(got["data"]["user_id"], json!(bob_id));
    let message = told["data"]["id"].clone();
    bob.send("message_read", json!({ "message_id": message }))
        .await;
    let read = ada
        .wait_for("message_read", |data| data["user_id"] == json!(bob_id))
        .await;
    assert_eq!(read["data"]["message_id"], message);
    assert_eq!(read["data"]["chat_id"], json!(chat));
    assert_eq!(read["data"]["seq"], json!(sent.seq));
    assert!(read["data"]["read_at"].as_str().unwrap().ends_with('Z'));
    // Also one's own other pages, once.
    bob.wait_for("message_read", |data| data["user_id"] == json!(bob_id))
        .await;
    let list = party.people[0].call(Cursors { chat, offset: 0 }).await;
    let cursors = list.unwrap().cursors;
    let cursor = cursors.iter().find(|cursor| cursor.user == bob_id);
    assert_eq!(cursor.unwrap().read, sent.seq);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_counts_as_being_there_and_may_be_idle() {
    let mut party = Party::of(&["ada", "bob"]).await;
    // A session that is no more than its pages.
    let web = party.site.sign_in("bob").await;
    let bob_id = party.people[1].id();
    party.people.truncate(1);
    let mut ada = party.page(0).await;
    ada.wait_for("user_status", |data| {
        data["user_id"] == json!(bob_id) && data["status"] == "offline"
    })
    .await;
    let mut bob = super::page::Page::open(&party.site, &web.token).await;
    let online = ada
        .wait_for("user_status", |data| data["user_id"] == json!(bob_id))
        .await;
    assert_eq!(online["data"]["status"], "online");
    assert_eq!(online["data"]["last_seen"], json!(null));
    bob.send("idle", json!({ "on": true })).await;
    ada.wait_for("user_status", |data| data["status"] == "away")
        .await;
    bob.send("idle", json!({ "on": false })).await;
    ada.wait_for("user_status", |data| data["status"] == "online")
        .await;
    // Whom one may see can be looked at anew.
    ada.send("watch", json!({ "user_ids": [bob_id] })).await;
    let seen = ada.wait("user_status").await;
    assert_eq!(seen["data"]["status"], "online");
    drop(bob);
    let gone = ada
        .wait_for("user_status", |data| data["status"] == "offline")
        .await;
    assert!(gone["data"]["last_seen"].is_string());
    // A native client that is idle is away to pages too.
    let mut native = crate::support::Client::connect(
        &party.site.daemon,
        crate::support::Wire::Quic,
        Some(web.token.as_str().try_into().unwrap()),
        true,
    )
    .await
    .unwrap();
    native.call(Idle { on: true }).await.unwrap();
    ada.wait_for("user_status", |data| {
        data["status"] == Status::Away.as_str()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writing_in_a_public_chat_joins_it() {
    let mut party = Party::of(&["ada", "bob"]).await;
    let chat = ChatId::generate();
    party.people[0]
        .call(CreateChat {
            id: chat,
            kind: ChatKind::Public,
            name: Some("square".try_into().unwrap()),
            description: None,
            members: Vec::new(),
        })
        .await
        .unwrap();
    let (mut ada, mut bob) = (party.page(0).await, party.page(1).await);
    ada.fence().await;
    bob.fence().await;
    bob.send("chat", json!({ "chat_id": chat, "content": "hi" }))
        .await;
    let made = bob.wait("chat_created").await;
    assert_eq!(made["data"]["chat_id"], json!(chat));
    assert_eq!(made["data"]["name"], "square");
    assert_eq!(bob.wait("message_posted").await["data"]["content"], "hi");
    let joined = ada.wait("user_joined").await;
    assert_eq!(joined["data"]["user_id"], json!(party.people[1].id()));
    assert_eq!(joined["data"]["user"]["username"], "bob");
    assert_eq!(ada.wait("new_message").await["data"]["content"], "hi");
    party.people[0]
        .event(|event| matches!(event, Event::Entry(told) if told.chat == chat).then_some(()))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_posted_by_rest_is_not_said_twice() {
    let party = Party::of(&["ada", "bob"]).await;
    let chat = party.chat;
    // Two sessions of one person, and somebody else.
    let web = party.site.sign_in("ada").await;
    let other = party.site.sign_in("ada").await;
    let mut own = super::page::Page::open(&party.site, &web.token).await;
    let mut twin = super::page::Page::open(&party.site, &other.token).await;
    let mut bob = party.page(1).await;
    for page in [&mut own, &mut twin, &mut bob] {
        page.fence().await;
    }
    let said = |text: &str| json!({ "chat_id": chat, "content": text });
    let answer = web.post("/messages", said("once")).await.ok(201);
    // The earlier page says it on its socket as well.
    own.send("chat", said("once")).await;
    // Another session, or another text, is another message.
    twin.send("chat", said("once")).await;
    own.send("chat", said("then")).await;
    let mut texts = Vec::new();
    for _ in 0..3 {
        let told = bob.wait("new_message").await;
        texts.push(told["data"]["content"].as_str().unwrap().to_owned());
    }
    texts.sort();
    assert_eq!(texts, ["once", "once", "then"]);
    assert!(messages(&bob.fence().await).is_empty());
    // The posting session has it from the answer.
    let id = &answer["message"]["id"];
    let posted = own.wait("message_posted").await;
    assert_eq!(&posted["data"]["id"], id);
    let told = twin.wait("new_message").await;
    assert_eq!(&told["data"]["id"], id);
}
