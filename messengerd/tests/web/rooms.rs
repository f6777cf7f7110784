//! What tests of chats and messages say often.

use std::future::Future;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::kit::{Answer, Person};
use crate::support::PATIENCE;

/// A UUID that nothing has.
pub(crate) fn unknown() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// The text of a field.
#[track_caller]
pub(crate) fn text(value: &Value, key: &str) -> String {
    match value[key].as_str() {
        Some(text) => text.to_owned(),
        None => panic!("no text {key} in {value}"),
    }
}

/// Makes a chat of this type and gives back its id.
pub(crate) async fn chat(by: &Person, kind: &str, members: &[&Person]) -> String {
    let ids: Vec<&str> = members.iter().map(|member| member.id.as_str()).collect();
    let body = json!({ "name": "Engines", "type": kind, "member_ids": ids });
    let made = by.post("/chats", body).await.ok(201);
    text(&made["chat"], "id")
}

/// Writes into a chat and gives back the message.
pub(crate) async fn say(by: &Person, chat: &str, content: &str) -> Value {
    let body = json!({ "chat_id": chat, "content": content });
    by.post("/messages", body).await.ok(201)["message"].clone()
}

/// The texts of a list of messages.
#[track_caller]
pub(crate) fn contents(answer: &Answer) -> Vec<String> {
    let list = answer.ok(200);
    let messages = list["messages"].as_array().unwrap().iter();
    messages.map(|message| text(message, "content")).collect()
}

/// Asks again until it is so: cursors are written a little later.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, so: impl Fn() -> F) {
    let start = Instant::now();
    while !so().await {
        assert!(start.elapsed() < PATIENCE, "{what} did not happen");
    }
}

/// The keys of an object.
#[track_caller]
pub(crate) fn has_keys(value: &Value, keys: &str) {
    let object = value.as_object().unwrap_or_else(|| panic!("{value}"));
    for key in keys.split_whitespace() {
        assert!(object.contains_key(key), "{key} is missing: {value}");
    }
}

/// Waits until a search finds this many: what was written is found a little
/// later. It asks no faster than anybody may search.
pub(crate) async fn found(by: &Person, query: &str, count: usize) -> Answer {
    const PACE: Duration = Duration::from_millis(100);
    let path = format!("/messages/search{query}");
    let mut pace = tokio::time::interval(PACE);
    let start = Instant::now();
    loop {
        pace.tick().await;
        let answer = by.get(&path).await;
        if contents(&answer).len() == count {
            return answer;
        }
        assert!(
            start.elapsed() < PATIENCE,
            "{count} were not found: {answer:?}"
        );
    }
}
