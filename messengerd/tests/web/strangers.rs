//! Every route of the document that names something, asked by a stranger with
//! what others have and with what nobody has: refused, in the same bytes.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::kit::{Answer, Person, Site};

/// Routes whose id everybody may know.
const OPEN: [&str; 2] = ["/avatars/{hash}", "/users/{id}"];

/// What belongs to others, by the name it has in a route or a body.
struct Others {
    chat: String,
    message: String,
    invite: String,
    contact: String,
    session: String,
    member: String,
}

impl Others {
    /// A group with a message, an invite link, a contact and a session of it.
    async fn of(site: &Site) -> Self {
        let owner = site.person("owner").await;
        let friend = site.person("friend").await;
        let text = |answer: &Value| answer.as_str().unwrap().to_owned();
        let body = json!({ "name": "Secret", "type": "group", "members": ["friend"] });
        let chat = text(&owner.post("/chats", body).await.ok(201)["chat"]["id"]);
        let body = json!({ "chat_id": chat, "content": "a secret word" });
        let message = text(&owner.post("/messages", body).await.ok(201)["message"]["id"]);
        let path = format!("/chats/{chat}/invites");
        let invite = text(&owner.post(&path, json!({})).await.ok(201)["invite"]["id"]);
        let body = json!({ "username": "friend" });
        let contact = text(&owner.post("/contacts", body).await.ok(201)["contact"]["id"]);
        let sessions = owner.get("/auth/sessions").await.ok(200);
        let session = text(&sessions["sessions"][0]["id"]);
        Self {
            chat,
            message,
            invite,
            contact,
            session,
            member: friend.id,
        }
    }

    /// The same with ids of nothing.
    fn nowhere(&self) -> Self {
        let none = || Uuid::now_v7().to_string();
        Self {
            chat: none(),
            message: none(),
            invite: none(),
            contact: none(),
            session: none(),
            // Who somebody is everybody may know.
            member: self.member.clone(),
        }
    }

    /// A route's path with these in it.
    fn path(&self, route: &str) -> String {
        let id = if route.starts_with("/chats/") {
            &self.chat
        } else if route.starts_with("/messages/") {
            &self.message
        } else if route.starts_with("/contacts/") {
            &self.contact
        } else {
            &self.session
        };
        route
            .replace("{id}", id)
            .replace("{user_id}", &self.member)
            .replace("{invite_id}", &self.invite)
            .replace("{emoji}", "%F0%9F%91%8D")
            .replace("{token}", "not-a-link")
    }

    /// A body that every route takes.
    fn body(&self) -> Value {
        json!({
            "content": "mine", "name": "Mine", "role": "admin", "user_id": self.member,
            "notify": "none", "nickname": "mine", "seq": 1, "avatar": "", "settings": {},
        })
    }
}

async fn asked(stranger: &Person, method: &str, path: &str, body: &Value) -> Answer {
    let ask = stranger.ask(method, path);
    let ask = if path.ends_with("/avatar") {
        ask.form(Some(("a.png", b"\x89PNG\r\n\x1a\n....")), &[])
    } else if matches!(method, "GET" | "DELETE") {
        ask
    } else {
        ask.json(body)
    };
    ask.send().await
}

/// Refused, and in the same bytes as what is not there.
fn compare(what: &str, there: &Answer, nowhere: &Answer, wrong: &mut Vec<String>) {
    let shown = |answer: &Answer| {
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        (answer.status, body)
    };
    if !matches!(there.status, 403 | 404) || shown(there) != shown(nowhere) {
        wrong.push(format!("{what}: {:?}, {:?}", shown(there), shown(nowhere)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_learns_nothing_on_any_route() {
    let site = Site::start().await;
    let others = Others::of(&site).await;
    let nowhere = others.nowhere();
    let stranger = site.person("stranger").await;
    let document = site.api("GET", "/openapi.json").send().await.ok(200);
    let mut routes = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let route = path.strip_prefix(crate::kit::BASE).unwrap_or(path);
        if !route.contains('{') || OPEN.contains(&route) {
            continue;
        }
        for (method, about) in methods.as_object().unwrap() {
            // Those that are not built yet refuse everybody with 501.
            if about["responses"].get("501").is_none() {
                routes.insert((method.to_uppercase(), route.to_owned()));
            }
        }
    }
    assert!(routes.len() >= 25, "{routes:?}");
    let mut wrong = Vec::new();
    for (method, route) in &routes {
        let there = asked(&stranger, method, &others.path(route), &others.body()).await;
        let none = asked(&stranger, method, &nowhere.path(route), &nowhere.body()).await;
        compare(&format!("{method} {route}"), &there, &none, &mut wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_learns_nothing_by_queries_and_bodies() {
    let site = Site::start().await;
    let others = Others::of(&site).await;
    let nowhere = others.nowhere();
    let stranger = site.person("stranger").await;
    let own = stranger.post("/chats", json!({ "name": "Own" })).await;
    let own = own.ok(201)["chat"]["id"].as_str().unwrap().to_owned();
    let mut wrong = Vec::new();
    for path in [
        "/messages?chat_id={}",
        "/messages?chat_id={}&after_seq=0",
        "/messages?chat_id={}&before_seq=9",
        "/messages/search?q=secret&chat_id={}",
    ] {
        let there = stranger.get(&path.replace("{}", &others.chat)).await;
        let none = stranger.get(&path.replace("{}", &nowhere.chat)).await;
        compare(path, &there, &none, &mut wrong);
    }
    let written = |of: &Others| json!({ "chat_id": of.chat, "content": "let me in" });
    let there = stranger.post("/messages", written(&others)).await;
    let none = stranger.post("/messages", written(&nowhere)).await;
    compare("POST /messages", &there, &none, &mut wrong);
    // What is not theirs to reply to or to repeat is as good as not there.
    for field in ["reply_to_id", "forward_id"] {
        let written = |of: &Others| json!({ "chat_id": own, "content": "so?", field: of.message });
        let there = stranger.post("/messages", written(&others)).await;
        let none = stranger.post("/messages", written(&nowhere)).await;
        assert!(matches!(there.status, 400 | 403 | 404), "{there:?}");
        assert_eq!((there.status, there.body), (none.status, none.body));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let found = stranger.get("/messages/search?q=secret").await.ok(200);
    assert_eq!(found["messages"], json!([]));
}
