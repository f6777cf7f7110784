//! The envelope: `{"type","data","user_id","timestamp"}`, one JSON document in
//! each text frame.

use bytes::Bytes;
use proto::UnixMillis;
use proto::catalog::{Lang, sentence};
use proto::error::{ErrorCode, WireError};
use proto::id::UserId;
use serde::Serialize;
use serde_json::{Value, json};

/// What a frame of ours begins with, before its type.
const HEAD: &str = "{\"type\":\"";

#[derive(Serialize)]
struct Envelope<'a, T> {
    #[serde(rename = "type")]
    kind: &'a str,
    data: &'a T,
    user_id: UserId,
    /// In seconds.
    timestamp: i64,
}

/// A frame; `actor` is who did it, `at` when.
///
/// # Errors
///
/// Where the data cannot be written as JSON, which does not happen.
pub(super) fn frame<T: Serialize>(
    kind: &str,
    data: &T,
    actor: UserId,
    at: UnixMillis,
) -> Result<Bytes, WireError> {
    let envelope = Envelope {
        kind,
        data,
        user_id: actor,
        timestamp: at.div_euclid(1000),
    };
    let text = serde_json::to_vec(&envelope).map_err(|error| {
        tracing::error!(%error, "frame not written");
        WireError::from(ErrorCode::Internal)
    })?;
    Ok(text.into())
}

/// The same frame by another type.
pub(super) fn called(text: &Bytes, from: &str, to: &str) -> Bytes {
    let Some(rest) = text
        .strip_prefix(HEAD.as_bytes())
        .and_then(|rest| rest.strip_prefix(from.as_bytes()))
    else {
        return text.clone();
    };
    [HEAD.as_bytes(), to.as_bytes(), rest].concat().into()
}

/// A frame from a page.
#[derive(Debug)]
pub(super) struct Incoming {
    /// What it asks for; empty where it does not say.
    pub(super) kind: String,
    /// The particulars.
    pub(super) data: Value,
    /// What it wants to be answered by.
    id: Value,
}

impl Incoming {
    /// Reads a frame; none where it is no JSON object.
    pub(super) fn read(text: &str) -> Option<Self> {
        let Ok(Value::Object(mut fields)) = serde_json::from_str(text) else {
            return None;
        };
        let kind = fields.get("type").and_then(Value::as_str);
        Some(Self {
            kind: kind.unwrap_or_default().to_owned(),
            data: fields.remove("data").unwrap_or_default(),
            id: fields.remove("id").unwrap_or_default(),
        })
    }

    /// What an answer names; none where none is wanted.
    pub(super) fn id(&self) -> Option<Value> {
        let ids = [&self.id, self.data.get("id").unwrap_or(&Value::Null)];
        let short = |id: &&&Value| match id {
            Value::String(text) => !text.is_empty() && text.len() <= 64,
            Value::Number(_) => true,
            _ => false,
        };
        ids.iter().find(short).map(|id| (*id).clone())
    }

    /// A text of the data; empty counts as absent.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let text = self.data.get(name)?.as_str()?;
        (!text.is_empty()).then_some(text)
    }
}

/// Says what is wrong with a frame that wants an answer.
pub(super) fn refusal(
    id: &Value,
    error: &WireError,
    user: UserId,
    at: UnixMillis,
) -> Result<Bytes, WireError> {
    let mut data = json!({
        "id": id,
        "error": sentence(Lang::En, error),
        "code": error.code.as_str(),
    });
    if let Some(ms) = error.retry_after_ms {
        data["retry_after"] = json!(ms.div_ceil(1000).max(1));
    }
    frame("error", &data, user, at)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_one_document_and_may_be_called_otherwise() {
        let user = UserId::generate();
        let text = frame("new_message", &json!({"a": 1}), user, 1_999).unwrap();
        let value: Value = serde_json::from_slice(&text).unwrap();
        let wanted = json!({
            "type": "new_message", "data": {"a": 1}, "user_id": user, "timestamp": 1,
        });
        assert_eq!(value, wanted);
        let other = called(&text, "new_message", "message_posted");
        let value: Value = serde_json::from_slice(&other).unwrap();
        assert_eq!(value["type"], "message_posted");
        assert_eq!(value["data"], wanted["data"]);
    }

    #[test]
    fn an_answer_names_what_the_frame_named_if_that_is_short() {
        let id = |text: &str| Incoming::read(text).unwrap().id();
        assert_eq!(id(r#"{"type":"x","id":7}"#), Some(json!(7)));
        assert_eq!(id(r#"{"type":"x","data":{"id":"a"}}"#), Some(json!("a")));
        assert_eq!(id(r#"{"type":"x","data":[1]}"#), None);
        assert_eq!(id(r#"{"type":"x"}"#), None);
        assert_eq!(id(r#"{"id":"b"}"#), Some(json!("b")));
        assert!(Incoming::read("[1]").is_none());
        assert!(Incoming::read("{").is_none());
        let long = format!(r#"{{"type":"x","id":"{}"}}"#, "y".repeat(65));
        assert_eq!(id(&long), None);
    }
}
