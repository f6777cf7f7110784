//! What each command prints with `--json`: the manual is made from this table,
//! and tests hold the commands against it.

use serde_json::{Map, Value};

/// What a value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Any text.
    Text,
    /// An id: a UUID.
    Id,
    /// A whole number, not negative.
    Number,
    /// Milliseconds since 1970-01-01 UTC.
    Time,
    /// True or false.
    Flag,
    /// One of these words; later versions may have more.
    Word(&'static [&'static str]),
    /// An object of this shape.
    Shape(&'static str),
    /// An array of such values.
    List(&'static Type),
    /// Such a value, or null.
    Null(&'static Type),
}

/// A field of an object.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it may be.
    pub of: Type,
    /// Whether it may be missing.
    pub optional: bool,
    /// What it says.
    pub about: &'static str,
}

/// An object.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// The fields of this or another shape, and these.
    pub with: Option<&'static str>,
    /// Its own fields.
    pub fields: &'static [Field],
}

/// What a command prints.
#[derive(Debug, Clone, Copy)]
pub struct Prints {
    /// The command, its words with spaces between.
    pub verb: &'static str,
    /// The shapes of its lines; none: it prints nothing.
    pub shapes: &'static [&'static str],
}

macro_rules! shapes {
    ($($name:literal, $about:literal $(, with $with:literal)? {
        $($field:literal $($mark:ident)?: $of:expr, $says:literal;)*
    })*) => {
        &[$(Shape {
            name: $name,
            about: $about,
            with: shapes!(@with $($with)?),
            fields: &[$(Field {
                name: $field,
                of: $of,
                optional: shapes!(@mark $($mark)?),
                about: $says,
            },)*],
        },)*]
    };
    (@with) => { None };
    (@with $with:literal) => { Some($with) };
    (@mark) => { false };
    (@mark optional) => { true };
}

use Type::{Flag, Id, Number, Text, Time};

const fn null(of: &'static Type) -> Type {
    Type::Null(of)
}

const fn list(of: &'static Type) -> Type {
    Type::List(of)
}

const KINDS: Type = Type::Word(&["private", "group", "public"]);
const ROLES: Type = Type::Word(&["admin", "moderator", "member"]);
const STATUSES: Type = Type::Word(&["online", "away", "busy", "invisible", "offline"]);

/// Every object that is printed.
pub const SHAPES: &[Shape] = shapes! {
    "account", "Who is signed in." {
        "user": Id, "The account.";
        "username": Text, "Its name.";
        "session": Id, "This device's session.";
    }
    "whoami", "Who is signed in, and where.", with "account" {
        "server": null(&Text), "The server of the profile.";
        "address": null(&Text), "HOST:PORT where it was last reached.";
    }
    "done", "Something was done." {
        "done": Text, "The command.";
        "chat" optional: Id, "In which chat.";
        "user" optional: Id, "To whom.";
        "users" optional: list(&Id), "To whom.";
        "session" optional: Id, "To which session.";
    }
    "stored", "What became of what was put into the outbox." {
        "state": Type::Word(&["stored", "queued"]), "On the server, or in the outbox still (exit code 8).";
        "id": Id, "Of the new entry.";
        "chat": Id, "Where it went.";
        "seq" optional: null(&Number), "Its place in the log, once it is stored and where that is known.";
    }
    "made", "A chat that was made or joined." {
        "chat": Id, "Which.";
    }
    "chat", "A chat." {
        "id": Id, "Which.";
        "kind": KINDS, "What sort.";
        "title": Text, "The name of a group, or of the other person.";
        "description": Text, "What it is about; may be empty.";
        "peer": null(&Id), "The other person of a private chat.";
        "unread": Number, "Messages not read yet.";
        "mentions": Number, "Those of them that name the reader, as far as cached.";
        "head": Number, "The latest entry.";
        "read": Number, "Read up to this entry.";
        "last": null(&Type::Shape("entry")), "The latest cached message.";
        "last_at": Time, "When something last happened.";
        "members": Number, "How many are in it.";
        "joined": Flag, "False for a public chat that is only looked at.";
        "left": Flag, "Whether it was left: it can be read, not written.";
        "role": ROLES, "What one may do in it.";
        "notify": Type::Word(&["all", "mentions", "none"]), "What one is told of.";
        "muted": Flag, "Whether one is told of nothing for now.";
        "muted_until": null(&Time), "Until when; null where not, or for good.";
        "silenced": Flag, "Whether one may not write.";
        "silenced_until": null(&Time), "Until when; null where not, or for good.";
        "hidden": Flag, "Whether it is out of the list until something new comes.";
        "avatar": null(&Text), "BLAKE3 of its picture.";
    }
    "chat-details", "A chat with what is rarely needed.", with "chat" {
        "created_by": null(&Id), "Who made it.";
        "settings": Type::Shape("settings"), "What members may do.";
    }
    "chat-export", "The line that a chat begins with in an export.", with "chat-details" {
        "type": Type::Word(&["chat"]), "Tells it from an entry.";
        "people": list(&Type::Shape("member")), "Who is in it.";
    }
    "settings", "What members may do." {
        "allow_invites": Flag, "Make invite links.";
        "allow_members_add": Flag, "Add people.";
        "allow_file_sharing": Flag, "Share files.";
        "allow_voice_calls": Flag, "Start voice calls.";
        "allow_video_calls": Flag, "Start video calls.";
        "message_retention": Number, "Days after which entries are deleted; 0 for never.";
        "history_for_new_members": Type::Word(&["all", "since_join"]), "How much of the log new members see.";
    }
    "entry", "An entry of a chat's log. What it has beside these fields depends on its type." {
        "chat": Id, "Which chat.";
        "seq": Number, "Its place in the log: 1, 2, 3 and so on.";
        "msg_no": Number, "How many messages the log has up to here.";
        "id": Id, "Its identity.";
        "ref_seq": null(&Number), "The entry it refers to.";
        "actor": Id, "Who did it.";
        "actor_name": Text, "Their name as shown.";
        "at": Time, "When.";
        "kind": Number, "Its type as a number.";
        "type": Type::Word(&[
            "message", "created", "members_added", "member_left", "edited", "deleted", "reacted",
            "pinned", "chat_changed", "role_changed", "muted", "banned", "unknown",
        ]), "What happened.";
    }
    "event", "An entry as it arrives.", with "entry" {
        "cursor": Text, "Where to go on behind it, for --since.";
    }
    "entry-details", "A message with all that is known of it.", with "entry" {
        "history": list(&Type::Shape("edit")), "Its texts, the first one first.";
        "reacted": list(&Type::Shape("reacted-by")), "Who reacted.";
        "receipts": list(&Type::Shape("receipt-of")), "Of an own message: how far it got.";
    }
    "message", "Additional fields of an entry of type message, as it is now." {
        "text": Text, "The present text; empty once deleted.";
        "edits": Number, "How many times it was edited.";
        "deleted": Flag, "Whether it was deleted for everybody.";
        "pinned": Flag, "Whether it is pinned.";
        "mention": Flag, "Whether it names the reader.";
        "pending": Flag, "Whether a change of one's own is not stored yet.";
        "reactions": list(&Type::Shape("reaction")), "Reactions.";
        "reply_to": null(&Type::Shape("quote")), "What it replies to.";
        "forwarded": null(&Text), "Who wrote what it forwards.";
        "receipt": null(&Type::Shape("receipt")), "How far an own message got.";
    }
    "reaction", "One sort of reaction." {
        "emoji": Text, "Which.";
        "count": Number, "How many gave it.";
        "mine": Flag, "Whether oneself did.";
        "names": list(&Text), "The first of the others.";
    }
    "quote", "What a message replies to." {
        "seq": Number, "Which message.";
        "author": null(&Text), "Who wrote it, where that is known.";
        "text": Text, "Its beginning.";
        "deleted": Flag, "Whether it was deleted.";
    }
    "receipt", "How far a message got." {
        "delivered": Number, "Others who have received it.";
        "read": Number, "Others who have read it.";
        "of": Number, "Others.";
    }
    "edit", "A text that a message had." {
        "seq": Number, "The entry that brought it.";
        "at": Time, "When.";
        "text": Text, "The text.";
    }
    "reacted-by", "Somebody's reaction." {
        "user": Id, "Whose.";
        "name": Text, "Their name as shown.";
        "emoji": Text, "Which.";
        "at": Time, "When.";
    }
    "receipt-of", "How far a message got with somebody." {
        "user": Id, "With whom.";
        "name": Text, "Their name as shown.";
        "delivered": Flag, "Whether a device of theirs has it.";
        "read": Flag, "Whether they have read it.";
    }
    "created", "Additional fields of type created." {
        "name": null(&Text), "The chat's name.";
        "members": list(&Id), "Its first members.";
    }
    "members_added", "Additional fields of type members_added." {
        "users": list(&Id), "Who was added; the actor alone joined.";
    }
    "member_left", "Additional fields of type member_left." {
        "user": Id, "Who left (the actor) or was removed.";
    }
    "edited", "Additional fields of type edited; ref_seq is the message." {
        "text": Text, "The new text; empty once the message was deleted.";
    }
    "deleted", "Type deleted has no additional fields; ref_seq is the message." {}
    "reacted", "Additional fields of type reacted; ref_seq is the message." {
        "emoji": Text, "Which.";
        "on": Flag, "Whether it was added.";
    }
    "pinned", "Additional fields of type pinned; ref_seq is the message." {
        "on": Flag, "Whether it was pinned.";
    }
    "chat_changed", "Additional fields of type chat_changed: what changed." {
        "name" optional: Text, "The new name.";
        "description" optional: Text, "The new description.";
        "avatar" optional: Flag, "The picture changed.";
        "settings" optional: Type::Shape("settings"), "The new settings.";
    }
    "role_changed", "Additional fields of type role_changed." {
        "user": Id, "Whose.";
        "role": ROLES, "What they may do now.";
    }
    "muted", "Additional fields of type muted." {
        "user": Id, "Who.";
        "on": Flag, "False: they may write again.";
        "until": null(&Time), "Until when they may not; null for good.";
    }
    "banned", "Additional fields of type banned." {
        "user": Id, "Who.";
        "on": Flag, "False: they may come back.";
    }
    "unknown", "Type unknown has no additional fields: it needs a newer mchat." {}
    "member", "A member of a chat." {
        "user": Id, "Who.";
        "username": Text, "Their name to sign in with.";
        "name": Text, "Their name as shown.";
        "role": ROLES, "What they may do.";
        "silenced": Flag, "Whether they may not write.";
        "silenced_until": null(&Time), "Until when; null where they may, or for good.";
        "read": Number, "Read up to this entry, as far as they let others know.";
        "delivered": Number, "Received up to this entry.";
    }
    "user", "A person." {
        "user": Id, "Who.";
        "username": Text, "Their name to sign in with.";
        "first_name": Text, "May be empty.";
        "last_name": Text, "May be empty.";
        "avatar": null(&Text), "BLAKE3 of their picture.";
    }
    "profile", "A profile.", with "user" {
        "bio": Text, "A few words; may be empty.";
        "created_at": Time, "When the account was made.";
        "status": STATUSES, "One's own as chosen, somebody else's as seen.";
        "status_text": Text, "Words beside it; may be empty.";
        "status_until": null(&Time), "When it is plain online again.";
        "email" optional: null(&Text), "Only one's own.";
        "receipts" optional: Flag, "Only one's own: whether others learn what one has read.";
    }
    "contact", "An entry of the contact list." {
        "user": Id, "Who.";
        "username": Text, "Their name to sign in with.";
        "name": Text, "Their name as shown.";
        "nickname": null(&Text), "What they are called here.";
        "avatar": null(&Text), "BLAKE3 of their picture.";
        "state": Type::Word(&["mutual", "outgoing", "incoming", "none"]), "How the two stand.";
        "blocked": Flag, "Whether they are blocked.";
        "since": Time, "Since when they are listed.";
    }
    "invite", "An invite link." {
        "id": Id, "To revoke it.";
        "chat": Id, "Which chat.";
        "link": Text, "The link.";
        "by": Id, "Who made it.";
        "created_at": Time, "When.";
        "expires_at": null(&Time), "Until when it holds.";
        "max_uses": null(&Number), "How many may join with it.";
        "uses": Number, "How many have.";
    }
    "link", "A link." {
        "link": Text, "The link.";
    }
    "public-chat", "A public chat." {
        "chat": Id, "Which.";
        "name": Text, "Its name.";
        "description": Text, "What it is about; may be empty.";
        "avatar": null(&Text), "BLAKE3 of its picture.";
        "members": Number, "How many are in it.";
        "joined": Flag, "Whether oneself is.";
    }
    "session", "A signed-in device." {
        "session": Id, "Which.";
        "device": Text, "What it calls itself.";
        "created_at": Time, "When it signed in.";
        "last_used": Time, "When it was last connected.";
        "current": Flag, "Whether it is this one.";
    }
    "unread", "What is not read yet." {
        "unread": Number, "Messages in all chats.";
        "chats": list(&Type::Shape("unread-chat")), "Where.";
    }
    "unread-chat", "A chat with unread messages." {
        "chat": Id, "Which.";
        "title": Text, "Its name.";
        "unread": Number, "How many.";
    }
    "read", "How far a chat is read." {
        "chat": Id, "Which.";
        "read": Number, "Up to this entry.";
    }
    "synced", "What the cache holds." {
        "chats": Number, "Chats.";
        "entries": Number, "Entries.";
        "differences" optional: list(&Text), "With --verify: what differs from the server.";
    }
};

macro_rules! prints {
    ($($verb:literal: $($shape:literal)*;)*) => {
        &[$(Prints { verb: $verb, shapes: &[$($shape),*] },)*]
    };
}

/// Every command.
pub const VERBS: &[Prints] = prints! {
    "register": "account";
    "login": "account";
    "logout": "done";
    "whoami": "whoami";
    "passwd": "done";
    "sessions list": "session";
    "sessions revoke": "done";
    "send": "stored";
    "reply": "stored";
    "forward": "stored";
    "edit": "stored";
    "delete": "stored";
    "react": "stored";
    "unreact": "stored";
    "pin": "stored";
    "unpin": "stored";
    "pins": "entry";
    "show": "entry-details";
    "search": "entry";
    "history": "entry";
    "watch": "event";
    "wait-for": "event";
    "hook run": "event";
    "export": "chat-export" "entry";
    "read": "read";
    "unread": "unread";
    "sync": "synced";
    "new": "made";
    "chats": "chat";
    "chat show": "chat-details";
    "chat set": "done";
    "members list": "member";
    "members add": "done";
    "members remove": "done";
    "members role": "done";
    "members mute": "done";
    "members unmute": "done";
    "members ban": "done";
    "members unban": "done";
    "members banned": "user";
    "join": "made";
    "leave": "done";
    "rename": "done";
    "describe": "done";
    "delete-chat": "done";
    "directory": "public-chat";
    "invite create": "invite";
    "invite accept": "made";
    "invite list": "invite";
    "invite revoke": "done";
    "invite qr": "link";
    "contacts list": "contact";
    "contacts add": "done";
    "contacts accept": "done";
    "contacts decline": "done";
    "contacts rename": "done";
    "contacts remove": "done";
    "contacts block": "done";
    "contacts unblock": "done";
    "users search": "user";
    "users show": "user";
    "status": "profile";
    "profile show": "profile";
    "profile set": "profile";
    "profile avatar": "done";
};

/// A shape by its name.
pub fn shape(name: &str) -> Option<&'static Shape> {
    SHAPES.iter().find(|shape| shape.name == name)
}

impl Shape {
    /// All its fields, those it takes over first.
    pub fn all_fields(&self) -> Vec<&'static Field> {
        let mut fields = self
            .with
            .and_then(shape)
            .map(Self::all_fields)
            .unwrap_or_default();
        fields.extend(self.fields);
        fields
    }
}

/// Whether a line is what a command is said to print.
///
/// # Errors
///
/// What is wrong with it, in words for developers.
pub fn check(verb: &str, line: &Value) -> Result<(), String> {
    let prints = VERBS
        .iter()
        .find(|prints| prints.verb == verb)
        .ok_or_else(|| format!("{verb} is not in the table"))?;
    let mut why = String::from("it prints nothing");
    for name in prints.shapes {
        match check_shape(name, line) {
            Ok(()) => return Ok(()),
            Err(error) => why = error,
        }
    }
    Err(format!("{verb}: {why}: {line}"))
}

fn check_shape(name: &str, value: &Value) -> Result<(), String> {
    let shape = shape(name).ok_or_else(|| format!("there is no shape {name}"))?;
    let object = value
        .as_object()
        .ok_or_else(|| format!("{name} is no object"))?;
    let mut fields = shape.all_fields();
    // An entry has in addition the fields of its type.
    if fields.iter().any(|field| field.name == "msg_no") {
        let word = object.get("type").and_then(Value::as_str).unwrap_or("");
        let more = self::shape(word).ok_or_else(|| format!("there is no entry type {word}"))?;
        fields.extend(more.fields);
    }
    check_fields(name, &fields, object)
}

fn check_fields(
    shape: &str,
    fields: &[&'static Field],
    object: &Map<String, Value>,
) -> Result<(), String> {
    for field in fields {
        match object.get(field.name) {
            None if field.optional => {}
            None => return Err(format!("{shape} lacks {}", field.name)),
            Some(value) => {
                check_type(field.of, value)
                    .map_err(|error| format!("{shape}.{}: {error}", field.name))?;
            }
        }
    }
    match object
        .keys()
        .find(|key| !fields.iter().any(|field| field.name == key.as_str()))
    {
        Some(key) => Err(format!("{shape}.{key} is not documented")),
        None => Ok(()),
    }
}

fn check_type(of: Type, value: &Value) -> Result<(), String> {
    let fits = match of {
        Type::Text => value.is_string(),
        Type::Id => value
            .as_str()
            .is_some_and(|text| text.parse::<uuid::Uuid>().is_ok()),
        Type::Number => value.is_u64(),
        Type::Time => value.is_i64() || value.is_u64(),
        Type::Flag => value.is_boolean(),
        Type::Word(words) => value.as_str().is_some_and(|word| words.contains(&word)),
        Type::Shape(name) => return check_shape(name, value),
        Type::Null(_) if value.is_null() => true,
        Type::Null(of) => return check_type(*of, value),
        Type::List(of) => {
            let items = value.as_array().ok_or("no array")?;
            return items.iter().try_for_each(|item| check_type(*of, item));
        }
    };
    if fits {
        Ok(())
    } else {
        Err(format!("{value} is not {of:?}"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::collections::HashSet;

    use clap::{Command, CommandFactory};
    use serde_json::json;

    use super::*;
    use crate::cli::Cli;

    fn leaves(command: &Command, path: &str, found: &mut Vec<String>) {
        for sub in command.get_subcommands() {
            let path = format!("{path} {}", sub.get_name()).trim().to_owned();
            if sub.has_subcommands() {
                leaves(sub, &path, found);
            } else {
                found.push(path);
            }
        }
    }

    #[test]
    fn every_command_says_what_it_prints() {
        let mut found = Vec::new();
        leaves(&Cli::command(), "", &mut found);
        let said: Vec<&str> = VERBS.iter().map(|prints| prints.verb).collect();
        assert_eq!(found, said, "in the order of the help");
        let names: HashSet<&str> = SHAPES.iter().map(|shape| shape.name).collect();
        assert_eq!(names.len(), SHAPES.len());
        for name in VERBS.iter().flat_map(|prints| prints.shapes) {
            assert!(names.contains(name), "{name}");
        }
    }

    #[test]
    fn every_entry_type_has_its_fields() {
        let entry = shape("entry").unwrap();
        let of = entry.fields.iter().find(|field| field.name == "type");
        let Type::Word(words) = of.unwrap().of else {
            panic!("type is a word");
        };
        for word in words {
            assert!(shape(word).is_some(), "{word}");
        }
        for (_, name) in proto::entry::kind::ALL {
            let known = words.iter().any(|word| {
                let name = name.to_lowercase();
                *word == name || name.strip_prefix("member_") == Some(word)
            });
            assert!(known, "{name}");
        }
    }

    #[test]
    fn what_is_not_documented_is_seen() {
        let id = "0199aaaa-0000-7000-8000-000000000001";
        assert_eq!(check("new", &json!({"chat": id})), Ok(()));
        for wrong in [
            json!({}),
            json!({"chat": "x"}),
            json!({"chat": id, "more": 1}),
            json!([]),
        ] {
            assert!(check("new", &wrong).is_err(), "{wrong}");
        }
        assert!(check("nonsense", &json!({})).is_err());
    }
}
