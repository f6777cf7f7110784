//! What pages are told, and who is not.

use proto::id::{ChatId, EntryId, UserId};
use proto::request::{
    AddContact, AddMembers, ChangeChat, ChatKind, CreateChat, DeleteChat, DeleteMessage,
    EditMessage, PinMessage, React, RemoveMember, Role, Send, SetChatPrefs, SetProfile, SetRole,
};
use proto::text::MessageText;
use serde_json::{Value, json};

use super::Party;
use super::page::{Page, messages};
use crate::support::{Client, Wire, message};

fn data(frame: &Value) -> &Value {
    &frame["data"]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_reach_all_members_once_in_order_and_nobody_else() {
    const MESSAGES: usize = 60;
    let mut party = Party::of(&["ada", "bob", "eve"]).await;
    let mut stranger = party.site.daemon.user(Wire::Quic, "mallory").await;
    let own = stranger.group("own", Vec::new()).await.id;
    let mut outside = Page::open(&party.site, stranger.token().as_str()).await;
    let mut pages = Vec::new();
    for at in [0, 1, 1, 2] {
        let mut page = party.page(at).await;
        page.fence().await;
        pages.push(page);
    }
    outside.fence().await;
    let chat = party.chat;
    let mut running = Vec::new();
    for (at, person) in party.people.iter_mut().enumerate() {
        for number in 0..MESSAGES / 3 {
            let text = format!("{at}/{number}");
            let send = message(chat, EntryId::generate(), &text);
            running.push((at, person.start(&send).await));
        }
    }
    for (at, id) in running {
        party.people[at].finish::<Send>(id).await.unwrap();
    }
    let mut orders = Vec::new();
    for page in &mut pages {
        let mut order = Vec::new();
        while order.len() < MESSAGES {
            let told = page.wait("new_message").await;
            order.push((
                data(&told)["seq"].as_u64().unwrap(),
                told["data"]["id"].clone(),
            ));
        }
        let seqs: Vec<u64> = order.iter().map(|(seq, _)| *seq).collect();
        let first = seqs[0];
        let wanted: Vec<u64> = (first..first + MESSAGES as u64).collect();
        assert_eq!(seqs, wanted);
        assert!(messages(&page.fence().await).is_empty());
        orders.push(order);
    }
    assert!(orders.windows(2).all(|two| two[0] == two[1]));
    // The stranger's own message is behind all of that.
    stranger.say(own, "mine").await.unwrap();
    let (told, before) = outside.upto("new_message").await;
    assert_eq!(data(&told)["content"], "mine");
    assert!(before.is_empty(), "{before:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_has_every_key_and_shows_nothing_of_its_people() {
    let mut party = Party::of(&["ada", "bob"]).await;
    let mut page = party.page(1).await;
    page.fence().await;
    let chat = party.chat;
    let first = party.people[0].say(chat, "first").await.unwrap();
    let mut reply = message(chat, EntryId::generate(), "second");
    reply.reply_to = Some(first.seq);
    party.people[0].call(reply).await.unwrap();
    page.wait("new_message").await;
    let told = page.wait("new_message").await;
    let message = data(&told);
    assert_eq!(message["reply_to"]["content"], "first");
    assert_eq!(message["log_seq"], message["seq"]);
    assert_eq!(message["sender_name"], "ada");
    assert_eq!(message["sender"]["status"], "offline");
    assert_eq!(message["sender"]["email"], "");
    assert_eq!(message["sender"]["last_seen"], Value::Null);
    for key in [
        "id",
        "seq",
        "sender_id",
        "receiver_id",
        "chat_id",
        "content",
        "type",
        "status",
        "is_edited",
        "reply_to_id",
        "created_at",
        "updated_at",
        "sender",
        "receiver",
        "chat",
        "reply_to",
        "replies",
        "files",
        "reactions",
        "sender_name",
    ] {
        assert!(message.get(key).is_some(), "{key} is missing");
    }
    assert!(message.get("password").is_none());
    let at = told["timestamp"].as_i64().unwrap();
    assert!((1_000_000_000..10_000_000_000).contains(&at));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_of_messages_are_told() {
    let mut party = Party::of(&["ada", "bob"]).await;
    let chat = party.chat;
    let mut page = party.page(1).await;
    page.fence().await;
    let sent = party.people[0].say(chat, "frist").await.unwrap();
    let said = page.wait("new_message").await;
    let id = || EntryId::generate();
    let (seq, ada) = (sent.seq, &mut party.people[0]);
    ada.call(EditMessage {
        chat,
        id: id(),
        seq,
        text: MessageText::try_from("first").unwrap(),
    })
    .await
    .unwrap();
    let told = page.wait("message_updated").await;
    assert_eq!(data(&told)["content"], "first");
    assert_eq!(data(&told)["is_edited"], true);
    assert_eq!(data(&told)["seq"], json!(seq));
    assert_eq!(data(&told)["log_seq"], json!(seq + 1));
    for on in [true, false] {
        ada.call(React {
            chat,
            id: id(),
            seq,
            emoji: "👍".try_into().unwrap(),
            on,
        })
        .await
        .unwrap();
        let told = page.wait("reaction").await;
        assert_eq!(data(&told)["message_id"], said["data"]["id"]);
        assert_eq!(data(&told)["emoji"], "👍");
        assert_eq!(data(&told)["removed"], json!(!on));
        assert_eq!(data(&told)["user"]["username"], "ada");
    }
    ada.call(PinMessage {
        chat,
        id: id(),
        seq,
        on: true,
    })
    .await
    .unwrap();
    assert_eq!(data(&page.wait("message_updated").await)["pinned"], true);
    ada.call(DeleteMessage {
        chat,
        id: id(),
        seq,
    })
    .await
    .unwrap();
    let told = page.wait("message_deleted").await;
    assert_eq!(data(&told)["message_id"], said["data"]["id"]);
    assert_eq!(data(&told)["chat_id"], json!(chat));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_and_goes_is_told_to_members_and_to_the_one_concerned() {
    let mut party = Party::of(&["ada", "bob"]).await;
    let chat = party.chat;
    let mut eve = party.site.daemon.user(Wire::Quic, "eve").await;
    let mut pages = [
        party.page(1).await,
        Page::open(&party.site, eve.token().as_str()).await,
    ];
    for page in &mut pages {
        page.fence().await;
    }
    let [bob, hers] = &mut pages;
    let add = AddMembers {
        chat,
        users: vec![eve.id()],
    };
    party.people[0].call(add).await.unwrap();
    let joined = bob.wait("user_joined").await;
    assert_eq!(data(&joined)["user_id"], json!(eve.id()));
    let (made, before) = hers.upto("chat_created").await;
    assert!(before.iter().all(|frame| frame["type"] == "user_status"));
    assert_eq!(data(&made)["id"], json!(chat));
    assert_eq!(data(&made)["members"].as_array().unwrap().len(), 3);
    party.people[0]
        .call(SetRole {
            chat,
            user: eve.id(),
            role: Role::Moderator,
        })
        .await
        .unwrap();
    assert_eq!(data(&hers.wait("chat_updated").await)["role"], "moderator");
    let mut change = ChangeChat {
        chat,
        name: Some("banquet".try_into().unwrap()),
        description: None,
        settings: None,
    };
    party.people[0].call(change.clone()).await.unwrap();
    let told = bob
        .wait_for("chat_updated", |data| data["name"] == "banquet")
        .await;
    assert_eq!(data(&told)["chat_id"], json!(chat));
    party.people[0]
        .call(RemoveMember {
            chat,
            user: eve.id(),
        })
        .await
        .unwrap();
    for page in [&mut *bob, &mut *hers] {
        let left = page.wait("user_left").await;
        assert_eq!(data(&left)["user_id"], json!(eve.id()));
        assert_eq!(data(&left)["chat_id"], json!(chat));
    }
    // From then on it is none of hers.
    party.people[0].say(chat, "secret").await.unwrap();
    change.name = Some("secret".try_into().unwrap());
    party.people[0].call(change).await.unwrap();
    bob.wait_for("chat_updated", |data| data["name"] == "secret")
        .await;
    let own = eve.group("own", Vec::new()).await.id;
    let (made, before) = hers.upto("chat_created").await;
    assert_eq!(data(&made)["id"], json!(own));
    let before: Vec<&Value> = before.iter().map(|frame| &frame["type"]).collect();
    assert!(
        before.iter().all(|kind| **kind == "user_status"),
        "{before:?}"
    );
    party.people[0].call(DeleteChat { chat }).await.unwrap();
    let gone = bob.wait("chat_deleted").await;
    assert_eq!(data(&gone)["chat_id"], json!(chat));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_joined_later_is_not_shown_what_they_may_not_see() {
    let mut party = Party::of(&["ada", "bob"]).await;
    let chat = party.chat;
    let settings = proto::request::ChatSettings {
        history_for_new_members: proto::request::NewMemberHistory::SinceJoin,
        ..Default::default()
    };
    party.people[0]
        .call(ChangeChat {
            chat,
            name: None,
            description: None,
            settings: Some(settings),
        })
        .await
        .unwrap();
    let old = party.people[0].say(chat, "old secret").await.unwrap();
    let mut eve = party.site.daemon.user(Wire::Quic, "eve").await;
    let mut page = Page::open(&party.site, eve.token().as_str()).await;
    let mut bob = party.page(1).await;
    page.fence().await;
    bob.fence().await;
    let add = AddMembers {
        chat,
        users: vec![eve.id()],
    };
    party.people[0].call(add).await.unwrap();
    let mut reply = message(chat, EntryId::generate(), "indeed");
    reply.reply_to = Some(old.seq);
    party.people[0].call(reply).await.unwrap();
    let told = bob.wait("new_message").await;
    assert_eq!(data(&told)["reply_to"]["content"], "old secret");
    party.people[0]
        .call(EditMessage {
            chat,
            id: EntryId::generate(),
            seq: old.seq,
            text: MessageText::try_from("old secret, edited").unwrap(),
        })
        .await
        .unwrap();
    party.people[0].say(chat, "last").await.unwrap();
    bob.wait("message_updated").await;
    let (told, before) = page.upto("new_message").await;
    assert_eq!(data(&told)["content"], "indeed");
    assert_eq!(data(&told)["reply_to"], Value::Null);
    let (told, between) = page.upto("new_message").await;
    assert_eq!(data(&told)["content"], "last");
    for frame in before.iter().chain(&between) {
        assert!(!frame.to_string().contains("secret"), "{frame}");
    }
    let _ = eve.say(chat, "thanks").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_concerns_one_account_is_told_to_its_pages_alone() {
    let mut party = Party::of(&["ada", "bob"]).await;
    let chat = party.chat;
    let (mut ada, mut bob) = (party.page(0).await, party.page(1).await);
    ada.fence().await;
    bob.fence().await;
    let bob_id = party.people[1].id();
    let people = &mut party.people;
    people[0]
        .call(AddContact {
            user: bob_id,
            nickname: Some("Bobby".try_into().unwrap()),
        })
        .await
        .unwrap();
    let told = ada.wait("new_contact").await;
    assert_eq!(data(&told)["contact_id"], json!(bob_id));
    assert_eq!(data(&told)["nickname"], "Bobby");
    assert_eq!(data(&told)["contact"]["username"], "bob");
    // Who is asked has somebody new in the list as well, but no nickname.
    let told = bob.wait("new_contact").await;
    assert_eq!(data(&told)["contact_id"], json!(people[0].id()));
    assert_eq!(data(&told)["nickname"], "");
    people[0]
        .call(SetProfile {
            first_name: Some("Ada".try_into().unwrap()),
            ..SetProfile::default()
        })
        .await
        .unwrap();
    let told = ada.wait("profile_changed").await;
    assert_eq!(data(&told)["user"]["first_name"], "Ada");
    let (told, before) = bob.upto("user_updated").await;
    assert_eq!(data(&told)["user"]["first_name"], "Ada");
    assert!(
        before
            .iter()
            .all(|frame| frame["type"] != "profile_changed")
    );
    people[0]
        .call(SetChatPrefs {
            chat,
            notify: None,
            muted_until: Some(proto::request::FOREVER),
            hidden_upto: None,
        })
        .await
        .unwrap();
    let told = ada.wait("chat_updated").await;
    assert_eq!(data(&told)["chat_id"], json!(chat));
    party.site.sign_in("ada").await;
    ada.wait("sessions_changed").await;
    let told = bob.fence().await;
    let kinds = ["profile_changed", "chat_updated", "sessions_changed"];
    assert!(
        told.iter()
            .all(|frame| !kinds.contains(&frame["type"].as_str().unwrap()))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_chat_made_on_demand_comes_before_its_first_message() {
    let party = Party::of(&["ada", "bob"]).await;
    let mut people = party.people;
    let mut bob = Page::open(&party.site, people[1].token().as_str()).await;
    bob.fence().await;
    let chat = private(&mut people, ChatId::generate()).await;
    people[0].say(chat, "psst").await.unwrap();
    let (told, before) = bob.upto("new_message").await;
    assert_eq!(data(&told)["receiver_id"], json!(people[1].id()));
    assert_eq!(data(&told)["receiver"]["username"], "bob");
    let made: Vec<&Value> = before
        .iter()
        .filter(|frame| frame["type"] == "chat_created")
        .collect();
    assert_eq!(made.len(), 1);
    assert_eq!(made[0]["data"]["type"], "private");
}

async fn private(people: &mut [Client], id: ChatId) -> ChatId {
    let other: UserId = people[1].id();
    let call = CreateChat {
        id,
        kind: ChatKind::Private,
        name: None,
        description: None,
        members: vec![other],
    };
    people[0].call(call).await.unwrap().id
}
