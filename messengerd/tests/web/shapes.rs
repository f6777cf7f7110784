//! Every key of every model is there, and texts come back as they were sent.

use serde_json::{Value, json};

use crate::kit::{Answer, Person, Site};
use crate::rooms::{chat, has_keys, say, text};

const USER: &str = "id username email first_name last_name avatar status last_seen is_active \
    created_at updated_at";
const CHAT: &str = "id name description type avatar created_by is_active created_at updated_at \
    creator members messages last_message last_message_time unread_count is_online seq settings";
const MEMBER: &str = "id chat_id user_id role is_active joined_at left_at created_at updated_at \
    user read_seq delivered_seq";
const MESSAGE: &str = "id seq sender_id receiver_id chat_id content type status is_edited \
    reply_to_id created_at updated_at sender receiver chat reply_to replies files reactions \
    sender_name";
const REACTION: &str = "id message_id user_id emoji created_at user";
const CONTACT: &str = "id user_id contact_id nickname is_blocked created_at updated_at contact \
    username first_name last_name avatar status last_seen";
const SETTINGS: &str = "allow_invites allow_members_add allow_file_sharing allow_voice_calls \
    allow_video_calls message_retention history_for_new_members";
const INVITE: &str = "id chat_id invited_by token expires_at max_uses uses";

#[track_caller]
fn is_user(user: &Value) {
    has_keys(user, USER);
    for key in ["email", "first_name", "last_name", "avatar"] {
        assert!(user[key].is_string(), "{key} of {user}");
    }
    is_time(&user["created_at"]);
    is_time(&user["updated_at"]);
}

#[track_caller]
fn is_time(time: &Value) {
    let text = time.as_str().unwrap_or_else(|| panic!("{time}"));
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000Z");
}

#[track_caller]
fn is_message(message: &Value) {
    has_keys(message, MESSAGE);
    is_user(&message["sender"]);
    is_time(&message["created_at"]);
    is_time(&message["updated_at"]);
    for key in ["replies", "files", "reactions"] {
        assert!(message[key].is_array(), "{key}");
    }
    for reaction in message["reactions"].as_array().unwrap() {
        has_keys(reaction, REACTION);
        is_user(&reaction["user"]);
    }
    if !message["receiver"].is_null() {
        is_user(&message["receiver"]);
    }
    if !message["reply_to"].is_null() {
        has_keys(&message["reply_to"], MESSAGE);
    }
}

#[track_caller]
fn is_chat(chat: &Value) {
    has_keys(chat, CHAT);
    has_keys(&chat["settings"], SETTINGS);
    is_user(&chat["creator"]);
    is_time(&chat["created_at"]);
    for member in chat["members"].as_array().unwrap() {
        has_keys(member, MEMBER);
        is_user(&member["user"]);
    }
    for message in chat["messages"].as_array().unwrap() {
        is_message(message);
    }
}

#[tokio::test]
async fn every_key_is_there() {
    let site = Site::start().await;
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    is_user(&ada.get("/users/me").await.ok(200)["user"]);
    for user in ada.get("/users").await.ok(200)["users"].as_array().unwrap() {
        is_user(user);
    }
    let group = chat(&ada, "group", &[&bob]).await;
    let private = chat(&ada, "private", &[&bob]).await;
    let first = say(&ada, &private, "hello").await;
    let reply = json!({ "chat_id": private, "content": "yes", "reply_to_id": first["id"] });
    let reply = bob.post("/messages", reply).await.ok(201)["message"].clone();
    let react = format!("/messages/{}/reactions/%2B1", text(&first, "id"));
    let reaction = bob.put(&react, json!({})).await.ok(200);
    has_keys(&reaction["reaction"], REACTION);
    is_message(&first);
    is_message(&reply);
    assert!(!reply["reply_to"].is_null());
    let one = ada.get(&format!("/messages/{}", text(&first, "id"))).await;
    let one = one.ok(200)["message"].clone();
    is_message(&one);
    has_keys(&one["chat"], CHAT);
    assert_eq!(one["reactions"].as_array().unwrap().len(), 1);
    for id in [&group, &private] {
        is_chat(&ada.get(&format!("/chats/{id}")).await.ok(200)["chat"]);
    }
    let list = ada.get("/chats").await.ok(200);
    assert_eq!(list["chats"].as_array().unwrap().len(), 2);
    for chat in list["chats"].as_array().unwrap() {
        is_chat(chat);
    }
    let defaults = &list["chats"][0]["settings"];
    assert_eq!(defaults["allow_invites"], true);
    assert_eq!(defaults["message_retention"], 0);
    assert_eq!(defaults["history_for_new_members"], "all");
    let contact = ada.post("/contacts", json!({ "username": "bob" })).await;
    has_keys(&contact.ok(201)["contact"], CONTACT);
    let invite = ada
        .post(&format!("/chats/{group}/invites"), json!({}))
        .await;
    has_keys(&invite.ok(201)["invite"], INVITE);
    // What is deleted has the same shape.
    let path = format!("/messages/{}", text(&first, "id"));
    ada.delete(&path).await.ok(200);
    is_message(&bob.get(&path).await.ok(200)["message"]);
}

/// What breaks pages, terminals and databases.
const TEXTS: [&str; 12] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "javascript:alert(1)//",
    "'; DROP TABLE users; --",
    "${{7*7}} {{7*7}} %s %n \\u0000",
    "\u{202e}gnp.exe\u{2066}\u{200b}\u{feff}x",
    "x\u{301}\u{308}\u{489} Zalgo",
    "👩‍👩‍👧‍👦🏳️‍🌈 \u{1f1ea}\u{1f1fa}",
    "مرحبا שלום Привет 你好",
    "\u{fffd}\u{ffff}\u{10ffff}",
    "a\u{0}b",
    "\u{1b}[31mred\u{7}",
];

/// Whether the answer has the text as it was sent, or says clearly that it
/// cannot be.
#[track_caller]
fn is_kept(answer: &Answer, at: &str, sent: &str) {
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    if answer.status == 400 {
        answer.is_refused(400, "bad_request");
        let said = text(&answer.json(), "error");
        assert!(!said.contains(sent), "{said}");
        return;
    }
    assert!([200, 201].contains(&answer.status), "{answer:?}");
    let body = answer.json();
    assert_eq!(body.pointer(at), Some(&json!(sent)), "{at}");
}

#[tokio::test]
async fn texts_come_back_as_they_were_sent() {
    let site = Site::start().await;
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    let group = chat(&ada, "group", &[&bob]).await;
    let contact = ada.post("/contacts", json!({ "username": "bob" })).await;
    let contact = text(&contact.ok(201)["contact"], "id");
    let message = text(&say(&ada, &group, "hello").await, "id");
    let group_path = format!("/chats/{group}");
    let message_path = format!("/messages/{message}");
    let contact_path = format!("/contacts/{contact}");
    for sent in TEXTS {
        for (method, path, body, at) in [
            (
                "POST",
                "/messages",
                json!({ "chat_id": group, "content": sent }),
                "/message/content",
            ),
            (
                "PUT",
                &message_path,
                json!({ "content": sent }),
                "/message/content",
            ),
            (
                "POST",
                "/chats",
                json!({ "name": sent, "type": "group" }),
                "/chat/name",
            ),
            ("PUT", &group_path, json!({ "name": sent }), "/chat/name"),
            (
                "PUT",
                &group_path,
                json!({ "description": sent }),
                "/chat/description",
            ),
            (
                "PUT",
                &group_path,
                json!({ "avatar": sent }),
                "/chat/avatar",
            ),
            (
                "PUT",
                "/users/me",
                json!({ "first_name": sent }),
                "/user/first_name",
            ),
            (
                "PUT",
                "/users/me",
                json!({ "last_name": sent }),
                "/user/last_name",
            ),
            (
                "PUT",
                "/users/me",
                json!({ "avatar": sent }),
                "/user/avatar",
            ),
            ("PUT", "/users/me", json!({ "bio": sent }), "/user/bio"),
            ("PUT", "/users/me", json!({ "email": sent }), "/user/email"),
            (
                "PUT",
                "/users/status",
                json!({ "status": "busy", "text": sent }),
                "/user/status_text",
            ),
            (
                "PUT",
                &contact_path,
                json!({ "nickname": sent }),
                "/contact/nickname",
            ),
        ] {
            let answer = ada.ask(method, path).json(&body).send().await;
            is_kept(&answer, at, sent);
        }
        let encoded: String = sent.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let react = format!("{message_path}/reactions/{encoded}");
        is_kept(&bob.put(&react, json!({})).await, "/reaction/emoji", sent);
        let body = json!({ "username": sent, "password": crate::kit::PASSWORD });
        let answer = site.api("POST", "/auth/register").json(&body).send().await;
        is_kept(&answer, "/user/username", sent);
        for path in [
            format!("/users?search={encoded}"),
            format!("/messages/search?q=a{encoded}"),
            format!("/chats/directory?search={encoded}"),
        ] {
            let answer = ada.get(&path).await;
            assert!([200, 400].contains(&answer.status), "{path} {answer:?}");
        }
    }
    // A lone surrogate is no text.
    let broken = format!(r#"{{"chat_id":"{group}","content":"\ud800"}}"#);
    let refused = ada.ask("POST", "/messages").bytes(broken).send().await;
    refused.is_refused(400, "bad_request");
    let bytes = [br#"{"content":""#.as_slice(), &[0xff, 0xfe], br#""}"#].concat();
    let refused = ada.ask("POST", "/messages").bytes(bytes).send().await;
    refused.is_refused(400, "bad_request");
    all_stand(&bob, &group).await;
}

/// What was taken is in the lists too.
async fn all_stand(by: &Person, chat: &str) {
    let list = by.get(&format!("/messages?chat_id={chat}")).await.ok(200);
    let messages = list["messages"].as_array().unwrap();
    let has = |text: &str| messages.iter().any(|it| it["content"] == text);
    for text in TEXTS.iter().filter(|text| !text.contains(char::is_control)) {
        assert!(has(text), "{text:?}");
    }
}
