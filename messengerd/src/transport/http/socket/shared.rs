//! People, messages and chats as everybody may see them: what is sent to many is
//! made once. People have no presence and no e-mail address in it.

use std::collections::HashMap;

use proto::Seq;
use proto::entry::{Body, Entry};
use proto::error::WireError;
use proto::id::UserId;
use proto::request::{ChatKind, ChatSettings, NewMemberHistory, Status};
use serde_json::{Value, json};

use super::super::api::model::{self, Message, Reaction, Time, User};
pub(super) use super::super::api::view::avatar;
use crate::service::{Caller, Service};
use crate::store::timeline::MessageRecord;
use crate::store::{ChatRecord, UserRecord};

/// A person.
pub(super) fn user(record: &UserRecord) -> User {
    User {
        id: record.id.0,
        username: record.username.clone(),
        email: String::new(),
        first_name: record.first_name.clone(),
        last_name: record.last_name.clone(),
        avatar: record.avatar.map(avatar).unwrap_or_default(),
        status: Status::Offline.as_str().to_owned(),
        last_seen: None,
        is_active: !record.disabled,
        created_at: Time(record.created_at),
        updated_at: Time(record.updated_at),
        bio: record.bio.clone(),
        status_text: String::new(),
    }
}

/// How to call somebody.
pub(super) fn name(user: &User) -> String {
    let full = format!("{} {}", user.first_name, user.last_name);
    match full.trim() {
        "" => user.username.clone(),
        full => full.to_owned(),
    }
}

/// What members of a chat may do.
pub(super) fn settings(settings: &ChatSettings) -> model::ChatSettings {
    model::ChatSettings {
        allow_invites: settings.allow_invites,
        allow_members_add: settings.allow_members_add,
        allow_file_sharing: settings.allow_file_sharing,
        allow_voice_calls: settings.allow_voice_calls,
        allow_video_calls: settings.allow_video_calls,
        message_retention: settings.message_retention,
        history_for_new_members: match settings.history_for_new_members {
            NewMemberHistory::SinceJoin => "since_join",
            NewMemberHistory::All | NewMemberHistory::Unknown => "all",
        },
    }
}

/// The caller, as they see themselves.
///
/// # Errors
///
/// Where the store fails.
pub(super) async fn own(service: &Service, caller: &Caller) -> Result<Option<User>, WireError> {
    let records = service.people(vec![caller.actor.id]).await?;
    let seen = service.seen_by(caller, &records).await?;
    let own = records.iter().zip(&seen).next();
    Ok(own.map(|(record, seen)| super::super::api::view::user(caller, record, seen)))
}

/// A message with the one that it replies to.
///
/// # Errors
///
/// Where the store fails.
pub(super) async fn message(
    service: &Service,
    record: MessageRecord,
) -> Result<Message, WireError> {
    let replied = match record.entry.ref_seq {
        Some(seq) => service.message_at(record.chat, seq).await?,
        None => None,
    };
    let receiver = receiver(service, &record.entry, &record).await?;
    let all = std::iter::once(&record).chain(&replied);
    let mut ids: Vec<UserId> = all
        .flat_map(|record| {
            let reacted = record.reactions.iter().map(|reaction| reaction.user);
            reacted.chain([record.entry.actor])
        })
        .collect();
    ids.extend(receiver);
    let people = service.people(ids).await?;
    let people: HashMap<UserId, User> = people
        .iter()
        .map(|record| (record.id, user(record)))
        .collect();
    let mut message = plain(&record, &people);
    message.receiver_id = receiver.map(|user| user.0);
    message.receiver = receiver.and_then(|user| people.get(&user).cloned());
    if let Some(replied) = replied {
        message.reply_to_id = Some(replied.entry.id.0);
        message.reply_to = Some(Box::new(plain(&replied, &people)));
    }
    Ok(message)
}

/// The other one of a private chat.
async fn receiver(
    service: &Service,
    entry: &Entry,
    record: &MessageRecord,
) -> Result<Option<UserId>, WireError> {
    let chat = service.chat_access(record.chat).await?;
    let private = chat.filter(|chat| chat.kind == ChatKind::Private);
    Ok(private.and_then(|chat| chat.users().find(|user| *user != entry.actor)))
}

fn plain(record: &MessageRecord, people: &HashMap<UserId, User>) -> Message {
    let entry = &record.entry;
    let written = match Body::decode(entry.kind, &entry.body) {
        Body::Message(message) => message,
        _ => proto::entry::Message::new(""),
    };
    let sender = people
        .get(&entry.actor)
        .cloned()
        .unwrap_or_else(|| nobody(entry.actor));
    let reactions = record.reactions.iter().map(|reaction| Reaction {
        id: reaction.id.0,
        message_id: entry.id.0,
        user_id: reaction.user.0,
        emoji: reaction.emoji.clone(),
        created_at: Time(reaction.at),
        user: people
            .get(&reaction.user)
            .cloned()
            .unwrap_or_else(|| nobody(reaction.user)),
    });
    let edited = record.edited.as_ref().filter(|_| !written.deleted);
    Message {
        id: entry.id.0,
        seq: entry.seq,
        sender_id: entry.actor.0,
        receiver_id: None,
        chat_id: record.chat.0,
        content: edited.map_or(written.text, |edit| edit.text.clone()),
        kind: written
            .media
            .map_or("text", |media| media.as_str())
            .to_owned(),
        status: "sent".to_owned(),
        is_edited: edited.is_some(),
        reply_to_id: None,
        created_at: Time(entry.at),
        updated_at: Time(edited.map_or(entry.at, |edit| edit.at)),
        sender_name: name(&sender),
        sender,
        receiver: None,
        chat: None,
        reply_to: None,
        replies: Vec::new(),
        files: Vec::new(),
        reactions: reactions.collect(),
        deleted: written.deleted,
        edited_at: edited.map(|edit| Time(edit.at)),
        pinned: record.pinned,
        forwarded_from: written.forwarded.map(|from| from.user.0),
        highlight: None,
    }
}

/// Somebody who is not known any more.
fn nobody(id: UserId) -> User {
    User {
        id: id.0,
        username: String::new(),
        email: String::new(),
        first_name: String::new(),
        last_name: String::new(),
        avatar: String::new(),
        status: Status::Offline.as_str().to_owned(),
        last_seen: None,
        is_active: false,
        created_at: Time(0),
        updated_at: Time(0),
        bio: String::new(),
        status_text: String::new(),
    }
}

/// A chat without what was written there; some of its members.
///
/// # Errors
///
/// Where the store fails.
pub(super) async fn chat(
    service: &Service,
    record: &ChatRecord,
    members: u64,
    seq: Seq,
) -> Result<Value, WireError> {
    let mut ids: Vec<UserId> = record.members.iter().map(|member| member.user.id).collect();
    ids.push(record.created_by);
    let people = service.people(ids).await?;
    let people: HashMap<UserId, User> = people
        .iter()
        .map(|record| (record.id, user(record)))
        .collect();
    let listed = record.members.iter().map(|member| {
        let joined = Time(member.joined_at);
        json!({
            "id": member.user.id,
            "chat_id": record.id,
            "user_id": member.user.id,
            "role": member.role.as_str(),
            "is_active": true,
            "joined_at": joined,
            "left_at": null,
            "created_at": joined,
            "updated_at": joined,
            "user": people.get(&member.user.id),
            "read_seq": 0,
            "delivered_seq": 0,
            "muted_until": (member.muted_until > 0).then_some(Time(member.muted_until)),
        })
    });
    Ok(json!({
        "id": record.id,
        "name": record.name.clone().unwrap_or_default(),
        "description": record.description,
        "type": record.kind.as_str(),
        "avatar": record.avatar.map(avatar).unwrap_or_default(),
        "created_by": record.created_by,
        "is_active": true,
        "created_at": Time(record.created_at),
        "updated_at": Time(record.updated_at),
        "creator": people.get(&record.created_by),
        "members": listed.collect::<Vec<Value>>(),
        "member_count": members,
        "messages": [],
        "last_message": "",
        "last_message_time": null,
        "unread_count": 0,
        "is_online": false,
        "seq": seq,
        "read_seq": 0,
        "settings": settings(&record.settings),
        "joined": true,
        "muted": false,
    }))
}
