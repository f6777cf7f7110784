//! Chats for one who asks.

use std::collections::HashMap;

use proto::Seq;
use proto::error::WireError;
use proto::id::{ChatId, UserId};
use proto::request::{ChatSettings, NewMemberHistory};

use super::super::error::ApiResult;
use super::super::model::{self, Chat, ChatMember, Message, Time, User};
use super::messages::{Pages, Receipts, status};
use super::{People, derived, picture};
use crate::service::timeline::{Timeline, WholeChat, is_muted};
use crate::service::{Caller, Service, now};
use crate::store::timeline::{ListedChat, MessageRecord};
use crate::store::{ChatRecord, CursorRecord, MemberRecord};

/// The list of the caller's chats.
///
/// # Errors
///
/// Where the store fails.
pub(in super::super) async fn list(
    service: &Service,
    caller: &Caller,
    listed: &[ListedChat],
) -> ApiResult<Vec<Chat>> {
    let mut ids: Vec<UserId> = Vec::new();
    for listed in listed {
        ids.push(listed.chat.created_by);
        ids.extend(listed.chat.members.iter().map(|member| member.user.id));
    }
    let people = People::look_up(service, caller, ids).await?;
    let last: Vec<MessageRecord> = listed.iter().filter_map(|one| one.last.clone()).collect();
    let pages = Pages::look_up(service, caller, &last).await?;
    let chats = listed.iter().map(|listed| {
        let last = listed.last.as_ref().map(|last| {
            let status = status(listed.delivered, listed.read, last.entry.seq);
            pages.message(last, status)
        });
        let chat = chat(caller, &listed.chat, &people, &HashMap::new());
        Chat {
            member_count: listed.members,
            unread_count: listed.head.msg_no.saturating_sub(listed.head.read_no),
            seq: listed.head.seq,
            read_seq: listed.head.read,
            joined: listed.joined,
            muted: is_muted(&listed.prefs),
            ..with_messages(chat, last.into_iter().collect())
        }
    });
    Ok(chats.collect())
}

/// One chat with its newest messages.
///
/// # Errors
///
/// Where the store fails.
pub(in super::super) async fn whole(
    service: &Service,
    caller: &Caller,
    whole: WholeChat,
    timeline: Option<Timeline>,
) -> ApiResult<Chat> {
    let record = &whole.record;
    let mut ids: Vec<UserId> = record.members.iter().map(|it| it.user.id).collect();
    ids.push(record.created_by);
    let people = People::look_up(service, caller, ids).await?;
    let receipts = Receipts::new(&whole.cursors);
    let records = timeline
        .map(|timeline| timeline.messages)
        .unwrap_or_default();
    let pages = Pages::look_up(service, caller, &records).await?;
    let messages = records.iter().map(|record| {
        let status = receipts.status(record.entry.actor, record.entry.seq);
        pages.message(record, status)
    });
    let cursors = whole.cursors.iter();
    let cursors = cursors.map(|cursor| (cursor.user_id, *cursor)).collect();
    let head = &whole.head;
    let read_no = if whole.joined {
        head.read_no
    } else {
        head.msg_no
    };
    Ok(Chat {
        member_count: record.members.len() as u64,
        unread_count: head.msg_no.saturating_sub(read_no),
        seq: head.seq,
        read_seq: if whole.joined { head.read } else { head.seq },
        joined: whole.joined,
        muted: is_muted(&whole.prefs),
        ..with_messages(chat(caller, record, &people, &cursors), messages.collect())
    })
}

/// A chat for all who are told that they are in it: nothing that was written
/// there, and some of its members.
///
/// # Errors
///
/// Where the store fails.
pub(in crate::transport::http) async fn shared(
    service: &Service,
    caller: &Caller,
    record: &ChatRecord,
    members: u64,
    seq: Seq,
) -> Result<Chat, WireError> {
    let mut ids: Vec<UserId> = record.members.iter().map(|it| it.user.id).collect();
    ids.push(record.created_by);
    let people = People::shared(service, ids).await?;
    Ok(Chat {
        member_count: members,
        seq,
        joined: true,
        ..chat(caller, record, &people, &HashMap::new())
    })
}

fn with_messages(chat: Chat, messages: Vec<Message>) -> Chat {
    let last = messages.last();
    Chat {
        last_message: last.map(|last| last.content.clone()).unwrap_or_default(),
        last_message_time: last.map(|last| last.created_at),
        messages,
        ..chat
    }
}

/// A chat without what depends on who asks.
fn chat(
    caller: &Caller,
    record: &ChatRecord,
    people: &People,
    cursors: &HashMap<UserId, CursorRecord>,
) -> Chat {
    let members: Vec<ChatMember> = record
        .members
        .iter()
        .map(|one| member(record.id, one, people, cursors.get(&one.user.id), caller))
        .collect();
    let others = members
        .iter()
        .filter(|member| member.user_id != caller.actor.id.0);
    let is_online = others
        .into_iter()
        .any(|member| member.user.status != "offline");
    Chat {
        id: record.id.0,
        name: record.name.clone().unwrap_or_default(),
        description: record.description.clone(),
        kind: record.kind.as_str().to_owned(),
        avatar: picture(record.avatar, &record.avatar_url),
        created_by: record.created_by.0,
        is_active: true,
        created_at: Time(record.created_at),
        updated_at: Time(record.updated_at),
        creator: people.get(record.created_by).cloned(),
        members,
        member_count: 0,
        messages: Vec::new(),
        last_message: String::new(),
        last_message_time: None,
        unread_count: 0,
        is_online,
        seq: 0,
        read_seq: 0,
        settings: settings(&record.settings),
        joined: false,
        muted: false,
    }
}

/// A member of a chat.
pub(in super::super) fn member(
    chat: ChatId,
    record: &MemberRecord,
    people: &People,
    cursor: Option<&CursorRecord>,
    caller: &Caller,
) -> ChatMember {
    let id = record.user.id;
    let own = id == caller.actor.id;
    let joined_at = Time(record.joined_at);
    let (read, delivered) = match cursor {
        None => (0, 0),
        Some(cursor) if own => (cursor.read, cursor.delivered),
        Some(cursor) => (cursor.shown.read, cursor.shown.delivered),
    };
    ChatMember {
        id: derived("messenger chat member", chat.as_bytes(), id.as_bytes()),
        chat_id: chat.0,
        user_id: id.0,
        role: record.role.as_str().to_owned(),
        is_active: true,
        joined_at,
        left_at: None,
        created_at: joined_at,
        updated_at: joined_at,
        user: people.get(id).cloned().unwrap_or_else(|| User::nobody(id)),
        read_seq: read,
        delivered_seq: delivered,
        muted_until: (record.muted_until > now()).then_some(Time(record.muted_until)),
    }
}

/// What members may do.
pub(in crate::transport::http) fn settings(settings: &ChatSettings) -> model::ChatSettings {
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
