//! Data on standard output, talk on standard error.

use std::io::{self, Write};

use proto::catalog::Lang;
use proto::entry::Body;
use proto::id::UserId;
use proto::text::{is_steering, printable_line, printable_text};
use serde_json::{Value, json};

use super::failure::Failure;
use crate::client::model::{ChatRow, EntryRow};

/// Where a command writes to.
pub(super) struct Output {
    json: bool,
    lang: Lang,
}

impl Output {
    /// Output as JSON lines or for a person.
    pub(super) fn new(json: bool, lang: Lang) -> Self {
        Self { json, lang }
    }

    /// Whether JSON is wanted.
    pub(super) fn is_json(&self) -> bool {
        self.json
    }

    /// The language of sentences.
    pub(super) fn lang(&self) -> Lang {
        self.lang
    }

    /// One result: as JSON, or as text.
    ///
    /// # Errors
    ///
    /// [`Failure::BrokenPipe`] where nobody reads.
    pub(super) fn line(&self, value: &Value, text: impl FnOnce() -> String) -> Result<(), Failure> {
        let mut line = if self.json { json_line(value) } else { text() };
        line.push('\n');
        let mut stdout = io::stdout().lock();
        stdout.write_all(line.as_bytes())?;
        Ok(stdout.flush()?)
    }

    /// Something for the person, beside the data.
    pub(super) fn talk(&self, text: &str) {
        // Without standard error there is nowhere to say so.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Says why the command failed.
    pub(super) fn fail(&self, failure: &Failure) {
        let Some(sentence) = failure.sentence(self.lang) else {
            return;
        };
        if self.json {
            self.talk(&json_line(
                &json!({"error": failure.word(), "message": sentence}),
            ));
        } else {
            self.talk(&format!("mchat: {sentence}"));
        }
    }
}

/// JSON on one line that is safe for a terminal. What steers one is written as
/// `\uXXXX` (RFC 8259, 7), which a reader takes for the same text; serde_json
/// does so below U+0020 only. Such characters are found in strings alone.
pub(super) fn json_line(value: &Value) -> String {
    let line = value.to_string();
    if !line.chars().any(is_steering) {
        return line;
    }
    let mut safe = String::with_capacity(line.len() + 16);
    let mut units = [0; 2];
    for c in line.chars() {
        if is_steering(c) {
            for unit in c.encode_utf16(&mut units) {
                safe.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            safe.push(c);
        }
    }
    safe
}

/// A chat as JSON.
pub(super) fn chat_json(chat: &ChatRow) -> Value {
    json!({
        "id": chat.id.to_string(),
        "kind": chat.kind.as_str(),
        "title": chat.title,
        "peer": chat.peer.map(|peer| peer.to_string()),
        "unread": chat.unread,
        "head": chat.head,
        "read": chat.read,
        "last": chat.last.as_ref().map(entry_json),
        "last_at": chat.last_at,
        "members": chat.members,
        "left": chat.left,
    })
}

/// An entry as JSON, texts as they are.
pub(super) fn entry_json(entry: &EntryRow) -> Value {
    let ids = |users: &[UserId]| -> Vec<String> { users.iter().map(UserId::to_string).collect() };
    let mut value = json!({
        "chat": entry.chat.to_string(),
        "seq": entry.seq,
        "msg_no": entry.msg_no,
        "id": entry.id.to_string(),
        "ref_seq": entry.ref_seq,
        "actor": entry.actor.to_string(),
        "actor_name": entry.actor_name,
        "at": entry.at,
        "kind": entry.kind,
    });
    let (word, more) = match &entry.body {
        Body::Message(message) => ("message", json!({"text": message.text})),
        Body::Created(created) => (
            "created",
            json!({"name": created.name, "members": ids(&created.members)}),
        ),
        Body::MembersAdded(added) => ("members_added", json!({"users": ids(&added.users)})),
        Body::MemberLeft(left) => ("member_left", json!({"user": left.user.to_string()})),
        _ => ("unknown", json!({})),
    };
    value["type"] = word.into();
    if let (Value::Object(value), Value::Object(more)) = (&mut value, more) {
        value.extend(more);
    }
    value
}

/// A time of this machine's time zone.
pub(super) fn local_time(at: proto::UnixMillis) -> String {
    match jiff::Timestamp::from_millisecond(at) {
        Ok(time) => time
            .to_zoned(jiff::tz::TimeZone::system())
            .strftime("%Y-%m-%d %H:%M")
            .to_string(),
        // Outside of what calendars can say.
        Err(_) => at.to_string(),
    }
}

/// A name, safe for a terminal.
pub(super) fn name(text: &str) -> String {
    printable_line(text).into_owned()
}

/// A text of several lines, safe for a terminal, its further lines set in.
pub(super) fn paragraph(text: &str) -> String {
    printable_text(text).trim_end().replace('\n', "\n    ")
}
