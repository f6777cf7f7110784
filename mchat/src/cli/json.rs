//! What the client knows as JSON. The words are documented in
//! [`schema`](super::schema) and stable: added to, never changed.

use proto::UnixMillis;
use proto::digest::Digest;
use proto::entry::Body;
use proto::id::UserId;
use proto::request::{ChatInvite, FOREVER, ProfileInfo, PublicChat, SessionInfo, User};
use serde_json::{Map, Value, json};

use crate::client::model::{ChatRow, ContactRow, EntryRow, MemberRow};

/// A chat as JSON.
pub(super) fn chat_json(chat: &ChatRow, now: UnixMillis) -> Value {
    let muted = chat.muted_until > now;
    let silenced = chat.silenced_until > now;
    json!({
        "id": chat.id.to_string(),
        "kind": chat.kind.as_str(),
        "title": chat.title,
        "description": chat.description,
        "peer": chat.peer.map(|peer| peer.to_string()),
        "unread": chat.unread,
        "mentions": chat.mentions,
        "head": chat.head,
        "read": chat.read,
        "last": chat.last.as_ref().map(entry_json),
        "last_at": chat.last_at,
        "members": chat.members,
        "joined": chat.joined,
        "left": chat.left,
        "role": chat.role.as_str(),
        "notify": chat.notify.as_str(),
        "muted": muted,
        "muted_until": if muted { end(chat.muted_until) } else { Value::Null },
        "silenced": silenced,
        "silenced_until": if silenced { end(chat.silenced_until) } else { Value::Null },
        "hidden": chat.hidden,
        "avatar": chat.avatar.map(hex),
    })
}

/// The same with what is asked for rarely.
pub(super) fn chat_details(chat: &ChatRow, now: UnixMillis) -> Value {
    let mut value = chat_json(chat, now);
    let settings = &chat.settings;
    value["created_by"] = json!(chat.created_by.map(|user| user.to_string()));
    value["settings"] = json!({
        "allow_invites": settings.allow_invites,
        "allow_members_add": settings.allow_members_add,
        "allow_file_sharing": settings.allow_file_sharing,
        "allow_voice_calls": settings.allow_voice_calls,
        "allow_video_calls": settings.allow_video_calls,
        "message_retention": settings.message_retention,
        "history_for_new_members": settings.history_for_new_members.as_str(),
    });
    value
}

/// A hash in hexadecimal digits.
fn hex(hash: Digest) -> String {
    hash.0.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The end of a span: null where it has none.
fn end(until: UnixMillis) -> Value {
    if until == FOREVER {
        Value::Null
    } else {
        until.into()
    }
}

/// An entry as JSON, texts as they are.
pub(super) fn entry_json(entry: &EntryRow) -> Value {
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
    let (word, more) = body_json(entry);
    value["type"] = word.into();
    if let (Value::Object(value), Value::Object(more)) = (&mut value, more) {
        value.extend(more);
    }
    value
}

fn body_json(entry: &EntryRow) -> (&'static str, Value) {
    let ids = |users: &[UserId]| -> Vec<String> { users.iter().map(UserId::to_string).collect() };
    match &entry.body {
        Body::Message(_) => ("message", message_json(entry)),
        Body::Created(created) => (
            "created",
            json!({"name": created.name, "members": ids(&created.members)}),
        ),
        Body::MembersAdded(added) => ("members_added", json!({"users": ids(&added.users)})),
        Body::MemberLeft(left) => ("member_left", json!({"user": left.user.to_string()})),
        Body::Edited(edited) => ("edited", json!({"text": edited.text})),
        Body::Deleted(_) => ("deleted", json!({})),
        Body::Reacted(reacted) => ("reacted", json!({"emoji": reacted.emoji, "on": reacted.on})),
        Body::Pinned(pinned) => ("pinned", json!({"on": pinned.on})),
        Body::ChatChanged(changed) => {
            let mut more = Map::new();
            if let Some(name) = &changed.name {
                more.insert("name".into(), name.as_str().into());
            }
            if let Some(description) = &changed.description {
                more.insert("description".into(), description.as_str().into());
            }
            if changed.avatar {
                more.insert("avatar".into(), true.into());
            }
            if let Some(settings) = &changed.settings {
                more.insert("settings".into(), json!(settings));
            }
            ("chat_changed", Value::Object(more))
        }
        Body::RoleChanged(changed) => (
            "role_changed",
            json!({"user": changed.user.to_string(), "role": changed.role.as_str()}),
        ),
        Body::MemberMuted(muted) => {
            let on = muted.until > entry.at;
            let until = if on { end(muted.until) } else { Value::Null };
            (
                "muted",
                json!({"user": muted.user.to_string(), "on": on, "until": until}),
            )
        }
        Body::MemberBanned(banned) => (
            "banned",
            json!({"user": banned.user.to_string(), "on": banned.on}),
        ),
        Body::Unknown => ("unknown", json!({})),
    }
}

/// A message with what was done to it since.
fn message_json(entry: &EntryRow) -> Value {
    let reactions: Vec<Value> = entry
        .reactions
        .iter()
        .map(|reaction| {
            json!({
                "emoji": reaction.emoji,
                "count": reaction.count,
                "mine": reaction.mine,
                "names": reaction.names,
            })
        })
        .collect();
    json!({
        "text": entry.text().unwrap_or_default(),
        "edits": entry.edits,
        "deleted": entry.deleted,
        "pinned": entry.pinned,
        "mention": entry.mention,
        "pending": entry.pending,
        "reactions": reactions,
        "reply_to": entry.quote.as_ref().map(|quote| json!({
            "seq": quote.seq,
            "author": quote.author,
            "text": quote.text,
            "deleted": quote.deleted,
        })),
        "forwarded": entry.forwarded,
        "receipt": entry.receipt.map(|receipt| json!({
            "delivered": receipt.delivered,
            "read": receipt.read,
            "of": receipt.of,
        })),
    })
}

/// A member of a chat as JSON.
pub(super) fn member_json(member: &MemberRow, now: UnixMillis) -> Value {
    let silenced = member.silenced_until > now;
    json!({
        "user": member.user.to_string(),
        "username": member.username,
        "name": member.name,
        "role": member.role.as_str(),
        "silenced": silenced,
        "silenced_until": if silenced { end(member.silenced_until) } else { Value::Null },
        "read": member.read,
        "delivered": member.delivered,
    })
}

/// A person as JSON.
pub(super) fn user_json(user: &User) -> Value {
    json!({
        "user": user.id.to_string(),
        "username": user.username,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "avatar": user.avatar.map(hex),
    })
}

/// A profile as JSON.
pub(super) fn profile_json(profile: &ProfileInfo) -> Value {
    let mut value = user_json(&profile.user);
    value["bio"] = profile.bio.as_str().into();
    value["created_at"] = profile.created_at.into();
    value["status"] = profile.status.as_str().into();
    value["status_text"] = profile.status_text.as_str().into();
    value["status_until"] = json!(profile.status_until);
    if let Some(own) = &profile.own {
        value["email"] = json!(own.email);
        value["receipts"] = own.receipts.into();
    }
    value
}

/// A contact as JSON.
pub(super) fn contact_json(contact: &ContactRow) -> Value {
    json!({
        "user": contact.user.to_string(),
        "username": contact.username,
        "name": contact.name,
        "nickname": contact.nickname,
        "avatar": contact.avatar.map(hex),
        "state": contact.state.as_str(),
        "blocked": contact.blocked,
        "since": contact.since,
    })
}

/// An invite link as JSON.
pub(super) fn invite_json(invite: &ChatInvite, link: &str) -> Value {
    json!({
        "id": invite.id.to_string(),
        "chat": invite.chat.to_string(),
        "link": link,
        "by": invite.by.to_string(),
        "created_at": invite.created_at,
        "expires_at": invite.expires_at,
        "max_uses": invite.max_uses,
        "uses": invite.uses,
    })
}

/// A session as JSON.
pub(super) fn session_json(session: &SessionInfo) -> Value {
    json!({
        "session": session.id.to_string(),
        "device": session.device,
        "created_at": session.created_at,
        "last_used": session.last_used,
        "current": session.current,
    })
}

/// A public chat as JSON.
pub(super) fn public_json(chat: &PublicChat) -> Value {
    json!({
        "chat": chat.id.to_string(),
        "name": chat.name,
        "description": chat.description,
        "avatar": chat.avatar.map(hex),
        "members": chat.members,
        "joined": chat.joined,
    })
}
