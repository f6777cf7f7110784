//! Every route that takes an id, asked by a stranger: what is somebody else's
//! and what does not exist get the same answer. The routes come from the OpenAPI
//! document, so that a new one is not forgotten.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::kit::{Person, Site};
use crate::rooms::{chat, found, say, text, unknown};

/// Ids of one place: of somebody else's, or of nowhere.
struct Place {
    chat: String,
    message: String,
    member: String,
    invite: String,
    contact: String,
    session: String,
}

impl Place {
    fn nowhere() -> Self {
        Self {
            chat: unknown(),
            message: unknown(),
            member: unknown(),
            invite: unknown(),
            contact: unknown(),
            session: unknown(),
        }
    }
}

/// Routes whose ids tell nobody anything.
const OPEN: [(&str, &str, &str); 6] = [
    ("GET", "/users/{id}", "people are public"),
    (
        "GET",
        "/avatars/{hash}",
        "who knows the name of a picture has it",
    ),
    ("POST", "/contacts", "people are public"),
    (
        "POST",
        "/chats",
        "people are public; an id in use says so to its maker's programs",
    ),
    ("PUT", "/users/me", "who knows the name of a picture has it"),
    (
        "POST",
        "/invites/{token}/accept",
        "a link is what lets one in; tested with the links",
    ),
];

/// One route as a stranger may ask it. A path and a body.
type Try = fn(&Place, &Own) -> (String, Value);

/// What the stranger has.
struct Own {
    chat: String,
}

/// How each of the others is asked. Where one route takes several ids it is
/// there several times.
const TRIES: &[(&str, &str, Try)] = &[
    ("GET", "/chats/{id}", |at, _| {
        (format!("/chats/{}", at.chat), Value::Null)
    }),
    ("PUT", "/chats/{id}", |at, _| {
        (format!("/chats/{}", at.chat), json!({ "name": "mine" }))
    }),
    ("PUT", "/chats/{id}", |at, _| {
        (
            format!("/chats/{}", at.chat),
            json!({ "settings": { "allow_invites": false } }),
        )
    }),
    ("PUT", "/chats/{id}", |at, _| {
        (
            format!("/chats/{}", at.chat),
            json!({ "avatar": "https://example.org/" }),
        )
    }),
    ("DELETE", "/chats/{id}", |at, _| {
        (format!("/chats/{}", at.chat), Value::Null)
    }),
    ("PUT", "/chats/{id}/read", |at, _| {
        (format!("/chats/{}/read", at.chat), json!({}))
    }),
    ("PUT", "/chats/{id}/prefs", |at, _| {
        (
            format!("/chats/{}/prefs", at.chat),
            json!({ "hidden": true }),
        )
    }),
    ("PUT", "/chats/{id}/prefs", |at, _| {
        (
            format!("/chats/{}/prefs", at.chat),
            json!({ "notify": "none" }),
        )
    }),
    ("POST", "/chats/{id}/avatar", |at, _| {
        (format!("/chats/{}/avatar", at.chat), Value::Null)
    }),
    ("GET", "/chats/{id}/pins", |at, _| {
        (format!("/chats/{}/pins", at.chat), Value::Null)
    }),
    ("POST", "/chats/{id}/members", |at, _| {
        (
            format!("/chats/{}/members", at.chat),
            json!({ "username": "eve" }),
        )
    }),
    ("POST", "/chats/{id}/members", |at, _| {
        (
            format!("/chats/{}/members", at.chat),
            json!({ "user_id": at.member }),
        )
    }),
    ("PUT", "/chats/{id}/members/{user_id}", |at, _| {
        (
            format!("/chats/{}/members/{}", at.chat, at.member),
            json!({ "role": "member" }),
        )
    }),
    ("DELETE", "/chats/{id}/members/{user_id}", |at, _| {
        (
            format!("/chats/{}/members/{}", at.chat, at.member),
            Value::Null,
        )
    }),
    ("PUT", "/chats/{id}/members/{user_id}/ban", |at, _| {
        (
            format!("/chats/{}/members/{}/ban", at.chat, at.member),
            json!({}),
        )
    }),
    ("DELETE", "/chats/{id}/members/{user_id}/ban", |at, _| {
        (
            format!("/chats/{}/members/{}/ban", at.chat, at.member),
            Value::Null,
        )
    }),
    ("POST", "/chats/{id}/invites", |at, _| {
        (format!("/chats/{}/invites", at.chat), json!({}))
    }),
    ("GET", "/chats/{id}/invites", |at, _| {
        (format!("/chats/{}/invites", at.chat), Value::Null)
    }),
    ("DELETE", "/chats/{id}/invites/{invite_id}", |at, _| {
        (
            format!("/chats/{}/invites/{}", at.chat, at.invite),
            Value::Null,
        )
    }),
    // Into one's own chat, an id of another's link.
    ("DELETE", "/chats/{id}/invites/{invite_id}", |at, own| {
        (
            format!("/chats/{}/invites/{}", own.chat, at.invite),
            Value::Null,
        )
    }),
    ("GET", "/messages", |at, _| {
        (format!("/messages?chat_id={}", at.chat), Value::Null)
    }),
    ("GET", "/messages/search", |at, _| {
        (
            format!("/messages/search?q=secret&chat_id={}", at.chat),
            Value::Null,
        )
    }),
    ("GET", "/messages/search", |at, _| {
        (
            format!("/messages/search?q=secret&before_id={}", at.message),
            Value::Null,
        )
    }),
    ("POST", "/messages", |at, _| {
        (
            "/messages".to_owned(),
            json!({ "chat_id": at.chat, "content": "a" }),
        )
    }),
    ("POST", "/messages", |at, own| {
        let body = json!({ "chat_id": own.chat, "content": "a", "forward_id": at.message });
        ("/messages".to_owned(), body)
    }),
    ("POST", "/messages", |at, own| {
        let body = json!({ "chat_id": own.chat, "content": "a", "reply_to_id": at.message });
        ("/messages".to_owned(), body)
    }),
    ("POST", "/messages", |at, _| {
        let body = json!({ "chat_id": at.chat, "content": "a", "reply_to_id": at.message });
        ("/messages".to_owned(), body)
    }),
    ("GET", "/messages/{id}", |at, _| {
        (format!("/messages/{}", at.message), Value::Null)
    }),
    ("PUT", "/messages/{id}", |at, _| {
        (
            format!("/messages/{}", at.message),
            json!({ "content": "a" }),
        )
    }),
    ("DELETE", "/messages/{id}", |at, _| {
        (format!("/messages/{}", at.message), Value::Null)
    }),
    ("POST", "/messages/{id}/read", |at, _| {
        (format!("/messages/{}/read", at.message), json!({}))
    }),
    ("PUT", "/messages/{id}/reactions/{emoji}", |at, _| {
        (format!("/messages/{}/reactions/%2B", at.message), json!({}))
    }),
    ("DELETE", "/messages/{id}/reactions/{emoji}", |at, _| {
        (
            format!("/messages/{}/reactions/%2B", at.message),
            Value::Null,
        )
    }),
    ("PUT", "/messages/{id}/pin", |at, _| {
        (format!("/messages/{}/pin", at.message), json!({}))
    }),
    ("DELETE", "/messages/{id}/pin", |at, _| {
        (format!("/messages/{}/pin", at.message), Value::Null)
    }),
    ("PUT", "/contacts/{id}", |at, _| {
        (
            format!("/contacts/{}", at.contact),
            json!({ "nickname": "a" }),
        )
    }),
    ("DELETE", "/contacts/{id}", |at, _| {
        (format!("/contacts/{}", at.contact), Value::Null)
    }),
    ("PUT", "/contacts/{id}/block", |at, _| {
        (format!("/contacts/{}/block", at.contact), json!({}))
    }),
    ("PUT", "/contacts/{id}/unblock", |at, _| {
        (format!("/contacts/{}/unblock", at.contact), json!({}))
    }),
    ("DELETE", "/auth/sessions/{id}", |at, _| {
        (format!("/auth/sessions/{}", at.session), Value::Null)
    }),
];

/// Not there yet for anybody.
fn is_later(path: &str) -> bool {
    path.starts_with("/calls") || path.starts_with("/files") || path == "/upload"
}

/// Whether the name of a parameter or of a field says that it is an id.
fn is_id(name: &str) -> bool {
    name == "id" || name.ends_with("_id") || name.ends_with("_ids") || name == "avatar"
}

/// Method and path of every route that takes an id.
fn with_ids(document: &Value) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let short = path.strip_prefix("/api/v1").unwrap_or(path);
        for (method, operation) in methods.as_object().unwrap() {
            let parameters = operation["parameters"].as_array();
            let mut names: Vec<String> = parameters
                .into_iter()
                .flatten()
                .map(|it| text(it, "name"))
                .collect();
            let content = operation["requestBody"]["content"].as_object();
            for content in content.into_iter().flat_map(|content| content.values()) {
                let mut schema = &content["schema"];
                if let Some(place) = schema["$ref"].as_str() {
                    schema = document.pointer(&place[1..]).unwrap();
                }
                let fields = schema["properties"].as_object();
                names.extend(fields.into_iter().flat_map(|fields| fields.keys().cloned()));
            }
            if path.contains('{') || names.iter().any(|name| is_id(name)) {
                found.insert((method.to_uppercase(), short.to_owned()));
            }
        }
    }
    found
}

async fn place(site: &Site, ada: &Person, bob: &Person, kind: &str) -> Place {
    let chat = chat(ada, kind, &[bob]).await;
    let message = text(&say(ada, &chat, "secret").await, "id");
    let invite = match kind {
        "private" => unknown(),
        _ => {
            let made = ada.post(&format!("/chats/{chat}/invites"), json!({})).await;
            text(&made.ok(201)["invite"], "id")
        }
    };
    let contacts = ada.get("/contacts").await.ok(200);
    let contact = text(&contacts["contacts"][0], "id");
    let session = site.sign_in("ada").await;
    let sessions = session.get("/auth/sessions").await.ok(200);
    Place {
        chat,
        message,
        member: bob.id.clone(),
        invite,
        contact,
        session: text(&sessions["sessions"][0], "id"),
    }
}

#[tokio::test]
async fn a_stranger_cannot_tell_what_exists() {
    let site = Site::start().await;
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    let eve = site.person("eve").await;
    ada.post("/contacts", json!({ "username": "bob" }))
        .await
        .ok(201);
    let own = Own {
        chat: chat(&eve, "group", &[]).await,
    };
    let places = [
        place(&site, &ada, &bob, "group").await,
        place(&site, &ada, &bob, "private").await,
    ];
    found(&ada, "?q=secret", 2).await;
    let document = site.api("GET", "/openapi.json").send().await.ok(200);
    for (method, path) in with_ids(&document) {
        if is_later(&path)
            || OPEN
                .iter()
                .any(|open| (open.0, open.1) == (&*method, &*path))
        {
            continue;
        }
        let tries: Vec<_> = TRIES
            .iter()
            .filter(|it| (it.0, it.1) == (&*method, &*path))
            .collect();
        assert!(!tries.is_empty(), "no try of {method} {path}");
        for (number, (_, _, make)) in tries.iter().enumerate() {
            let mut answers = Vec::new();
            for place in places.iter().chain([&Place::nowhere()]) {
                let (path, body) = make(place, &own);
                let mut ask = eve.ask(&method, &path);
                if path.ends_with("/avatar") {
                    ask = ask.form(Some(("a.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")), &[]);
                } else if !body.is_null() {
                    ask = ask.json(&body);
                }
                let answer = ask.send().await;
                answers.push((answer.status, answer.body));
            }
            let what = format!("{method} {path} ({number})");
            // A reply to what is not in the chat is a bad request, wherever it is.
            let refused =
                [403, 404].contains(&answers[0].0) || (path == "/messages" && answers[0].0 == 400);
            assert!(refused, "{what}: {answers:?}");
            assert!(
                answers.iter().all(|it| *it == answers[0]),
                "{what}: {answers:?}"
            );
        }
    }
    // Nothing of all that happened.
    for place in &places {
        let got = ada.get(&format!("/chats/{}", place.chat)).await.ok(200);
        assert_eq!(got["chat"]["members"].as_array().unwrap().len(), 2);
        assert_eq!(got["chat"]["messages"].as_array().unwrap().len(), 1);
        assert_eq!(got["chat"]["messages"][0]["content"], "secret");
        assert_eq!(got["chat"]["messages"][0]["reactions"], json!([]));
    }
    let mine = eve.get(&format!("/chats/{}", own.chat)).await.ok(200);
    assert_eq!(mine["chat"]["messages"], json!([]));
}

#[tokio::test]
async fn every_try_is_of_a_route() {
    let site = Site::start().await;
    let document = site.api("GET", "/openapi.json").send().await.ok(200);
    let known = with_ids(&document);
    let tried = TRIES.iter().map(|it| (it.0, it.1));
    let open = OPEN.iter().map(|it| (it.0, it.1));
    for (method, path) in tried.chain(open) {
        let route = (method.to_owned(), path.to_owned());
        assert!(known.contains(&route), "{method} {path}");
    }
}

#[tokio::test]
async fn with_a_stranger_one_has_no_messages() {
    let site = Site::start().await;
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    let eve = site.person("eve").await;
    say(&ada, &chat(&ada, "private", &[&bob]).await, "secret").await;
    found(&ada, "?q=secret", 1).await;
    let mut answers = Vec::new();
    for receiver in [ada.id.clone(), bob.id.clone(), unknown()] {
        let answer = eve.get(&format!("/messages?receiver_id={receiver}")).await;
        assert_eq!(answer.ok(200)["messages"], json!([]));
        answers.push(answer.body);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    let found = eve.get("/messages/search?q=secret").await.ok(200);
    assert_eq!(found["messages"], json!([]));
}
