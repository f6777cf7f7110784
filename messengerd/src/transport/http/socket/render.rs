//! What events look like to pages. All of it is the same for everybody who gets
//! it, so that it is made once on each node; people in it have no presence and
//! no e-mail address.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use proto::entry::{AccountEntry, Body, Entry, account_kind};
use proto::error::{ErrorCode, WireError};
use proto::event::{ChatEntry, CursorMoved, Event, Presence, ReceiptCounts, TypingChanged};
use proto::id::{ChatId, EntryId, UserId};
use proto::request::{ContactState, Status};
use proto::{Seq, UnixMillis};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tokio::time::{Duration, Instant};

use super::super::api::model::{Message, Time, User};
use super::super::api::view::{self, People, chats, messages};
use super::frame::frame;
use crate::service::news::{News, PageFrame};
use crate::service::{Caller, Service, now};
use crate::store::timeline::MessageRecord;

/// Members named where a chat is new to somebody.
const MEMBERS: usize = 100;
/// How long what is shown of a chat to those who come to it is kept: a group of
/// thousands is made at once.
const INTRODUCTION_TIME: Duration = Duration::from_secs(1);
/// Such chats kept.
const INTRODUCTIONS: usize = 64;
/// Cursors remembered before they are forgotten all at once.
const READERS: usize = 10_000;

type Introduction = Arc<OnceCell<Value>>;

/// See the module.
pub(super) struct Renderer {
    service: Arc<Service>,
    introductions: Mutex<HashMap<ChatId, (Instant, Introduction)>>,
    /// How far somebody had read when that was last told, and which message.
    readers: Mutex<HashMap<(ChatId, UserId), (Seq, EntryId)>>,
}

/// A message with the entry that changed it.
#[derive(Serialize)]
struct Changed<'a> {
    #[serde(flatten)]
    message: &'a Message,
    log_seq: Seq,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Renderer {
    /// With nothing kept.
    pub(super) fn new(service: Arc<Service>) -> Self {
        Self {
            service,
            introductions: Mutex::default(),
            readers: Mutex::default(),
        }
    }

    /// The frames of an event, the same for all who get it. `caller` is one of
    /// them: what concerns one account alone is told to nobody else.
    ///
    /// # Errors
    ///
    /// Where the store fails.
    pub(super) async fn frames<'a>(
        &self,
        news: &'a News,
        caller: &Caller,
    ) -> Result<&'a [PageFrame], WireError> {
        news.frames(|| self.render(news.event(), caller)).await
    }

    async fn render(&self, event: &Event, caller: &Caller) -> Result<Vec<PageFrame>, WireError> {
        match event {
            Event::Entry(ChatEntry { chat, entry }) => self.entry(*chat, entry).await,
            Event::Cursor(moved) => self.cursor(moved).await,
            Event::Receipts(counts) => receipts(counts, caller.actor.id),
            Event::Typing(typing) => self.typing(typing).await,
            Event::Presence(changed) => changed.users.iter().map(status).collect(),
            Event::Account(changed) => self.account(caller, &changed.entry).await,
            Event::Floor(raised) => {
                let data = json!({ "chat_id": raised.chat, "floor": raised.floor });
                Ok(vec![told("resync", &data, caller.actor.id, now())?])
            }
            Event::Users(changed) => {
                let ids = changed.users.iter().map(|user| user.id).collect();
                self.users(ids).await
            }
            // No listener is told of these.
            Event::Heads(_) | Event::Resync(_) | Event::Goodbye(_) => Ok(Vec::new()),
        }
    }

    async fn entry(&self, chat: ChatId, entry: &Entry) -> Result<Vec<PageFrame>, WireError> {
        match Body::decode(entry.kind, &entry.body) {
            Body::Message(_) => self.new_message(chat, entry).await,
            // The socket introduces the chat itself: see `introduction`.
            Body::Created(_) => Ok(Vec::new()),
            Body::MembersAdded(added) => {
                let people = self.people(added.users.clone()).await?;
                let joined = added.users.iter().map(|user| {
                    self.membership("user_joined", chat, *user, &people, Cause::of(entry))
                });
                joined.collect()
            }
            Body::MemberLeft(left) => self.left(chat, left.user, Cause::of(entry)).await,
            Body::MemberBanned(banned) if banned.on => {
                self.left(chat, banned.user, Cause::of(entry)).await
            }
            Body::Edited(_) | Body::Pinned(_) => self.updated(chat, entry).await,
            Body::Deleted(_) => {
                let Some(target) = self.target(chat, entry).await? else {
                    return self.unseen(chat, entry);
                };
                let data = json!({
                    "id": target.entry.id,
                    "message_id": target.entry.id,
                    "chat_id": chat,
                    "message_seq": target.entry.seq,
                    "seq": entry.seq,
                    "log_seq": entry.seq,
                });
                told_of("message_deleted", &data, entry, target.entry.seq)
            }
            Body::Reacted(reacted) => {
                let Some(target) = self.target(chat, entry).await? else {
                    return self.unseen(chat, entry);
                };
                let people = self.people(vec![entry.actor]).await?;
                let data = json!({
                    "id": entry.id,
                    "message_id": target.entry.id,
                    "chat_id": chat,
                    "user_id": entry.actor,
                    "emoji": reacted.emoji,
                    "created_at": Time(entry.at),
                    "user": people.get(entry.actor),
                    "added": reacted.on,
                    "removed": !reacted.on,
                    "message_seq": target.entry.seq,
                    "seq": entry.seq,
                    "log_seq": entry.seq,
                });
                told_of("reaction", &data, entry, target.entry.seq)
            }
            Body::RoleChanged(changed) => {
                let also = json!({ "user_id": changed.user, "role": changed.role.as_str() });
                self.chat_updated(chat, entry, also).await
            }
            Body::MemberMuted(muted) => {
                let until = (muted.until > 0).then_some(Time(muted.until));
                let also = json!({ "user_id": muted.user, "muted_until": until });
                self.chat_updated(chat, entry, also).await
            }
            Body::MemberBanned(unbanned) => {
                let also = json!({ "user_id": unbanned.user, "banned": false });
                self.chat_updated(chat, entry, also).await
            }
            Body::ChatChanged(_) => self.chat_updated(chat, entry, json!({})).await,
            // Of a newer version: the page asks.
            Body::Unknown => self.unseen(chat, entry),
        }
    }

    async fn new_message(&self, chat: ChatId, entry: &Entry) -> Result<Vec<PageFrame>, WireError> {
        let Some(access) = self.service.chat_known(chat).await? else {
            return Ok(Vec::new());
        };
        let record = MessageRecord {
            chat,
            chat_no: access.no,
            entry: entry.clone(),
            edited: None,
            reactions: Vec::new(),
            pinned: false,
        };
        self.message("new_message", record, entry).await
    }

    async fn updated(&self, chat: ChatId, entry: &Entry) -> Result<Vec<PageFrame>, WireError> {
        match self.target(chat, entry).await? {
            Some(record) => {
                let shows = record.entry.seq;
                let mut frames = self.message("message_updated", record, entry).await?;
                for frame in &mut frames {
                    frame.shows = frame.shows.min(shows);
                    frame.bare = None;
                }
                Ok(frames)
            }
            None => self.unseen(chat, entry),
        }
    }

    async fn message(
        &self,
        kind: &'static str,
        record: MessageRecord,
        entry: &Entry,
    ) -> Result<Vec<PageFrame>, WireError> {
        let fresh = kind == "new_message";
        let mut message = messages::shared(&self.service, &record, fresh).await?;
        let write = |message: &Message| {
            let data = Changed {
                message,
                log_seq: entry.seq,
            };
            frame(kind, &data, entry.actor, entry.at)
        };
        let text = write(&message)?;
        let Some(replied) = message.reply_to.take() else {
            return Ok(vec![PageFrame::new(kind, text)]);
        };
        Ok(vec![PageFrame {
            kind,
            text,
            shows: replied.seq,
            bare: Some(write(&message)?),
        }])
    }

    /// The message that an entry changes.
    async fn target(
        &self,
        chat: ChatId,
        entry: &Entry,
    ) -> Result<Option<MessageRecord>, WireError> {
        match entry.ref_seq {
            Some(seq) => self.service.message_at(chat, seq).await,
            None => Ok(None),
        }
    }

    /// Says that something happened which has to be asked for.
    fn unseen(&self, chat: ChatId, entry: &Entry) -> Result<Vec<PageFrame>, WireError> {
        let data = json!({ "chat_id": chat, "seq": entry.seq, "log_seq": entry.seq });
        Ok(vec![told("resync", &data, entry.actor, entry.at)?])
    }

    async fn left(
        &self,
        chat: ChatId,
        user: UserId,
        cause: Cause,
    ) -> Result<Vec<PageFrame>, WireError> {
        let people = self.people(vec![user]).await?;
        Ok(vec![self.membership(
            "user_left",
            chat,
            user,
            &people,
            cause,
        )?])
    }

    fn membership(
        &self,
        kind: &'static str,
        chat: ChatId,
        user: UserId,
        people: &People,
        cause: Cause,
    ) -> Result<PageFrame, WireError> {
        let data = json!({
            "chat_id": chat,
            "user_id": user,
            "user": people.get(user),
            "seq": cause.seq,
            "log_seq": cause.seq,
        });
        told(kind, &data, cause.actor, cause.at)
    }

    async fn chat_updated(
        &self,
        chat: ChatId,
        entry: &Entry,
        also: Value,
    ) -> Result<Vec<PageFrame>, WireError> {
        let Some(record) = self.service.chat_record(chat).await? else {
            return Ok(Vec::new());
        };
        let mut data = json!({
            "id": chat,
            "chat_id": chat,
            "name": record.name.clone().unwrap_or_default(),
            "description": record.description,
            "type": record.kind.as_str(),
            "avatar": view::picture(record.avatar, &record.avatar_url),
            "member_count": record.members.len(),
            "settings": chats::settings(&record.settings),
            "seq": entry.seq,
            "log_seq": entry.seq,
        });
        merge(&mut data, also);
        Ok(vec![told("chat_updated", &data, entry.actor, entry.at)?])
    }

    /// What somebody is shown of a chat that is new to them; none where it is
    /// gone again. Nothing that was written there: they may not see all of it.
    ///
    /// # Errors
    ///
    /// Where the store fails.
    pub(super) async fn introduction(
        &self,
        chat: ChatId,
        to: &Caller,
    ) -> Result<Option<Bytes>, WireError> {
        let kept = {
            let mut kept = lock(&self.introductions);
            kept.retain(|_, (since, _)| since.elapsed() < INTRODUCTION_TIME);
            if kept.len() >= INTRODUCTIONS {
                kept.clear();
            }
            let (_, cell) = kept
                .entry(chat)
                .or_insert_with(|| (Instant::now(), Introduction::default()));
            cell.clone()
        };
        let data = kept.get_or_try_init(|| self.introduce(chat, to)).await?;
        if data.is_null() {
            return Ok(None);
        }
        frame("chat_created", data, to.actor.id, now()).map(Some)
    }

    async fn introduce(&self, chat: ChatId, to: &Caller) -> Result<Value, WireError> {
        let Some(mut record) = self.service.chat_record(chat).await? else {
            return Ok(Value::Null);
        };
        let seq = match self.service.head_seq(chat).await {
            Err(error) if error.code == ErrorCode::NotFound => return Ok(Value::Null),
            seq => seq?,
        };
        let count = record.members.len();
        record.members.truncate(MEMBERS);
        let shown = chats::shared(&self.service, to, &record, count as u64, seq).await?;
        let mut data = serde_json::to_value(shown).map_err(|error| {
            tracing::error!(%error, "chat not written");
            WireError::from(ErrorCode::Internal)
        })?;
        data["chat_id"] = json!(chat);
        data["log_seq"] = json!(seq);
        Ok(data)
    }

    async fn cursor(&self, moved: &CursorMoved) -> Result<Vec<PageFrame>, WireError> {
        let at = now();
        let mut frames = Vec::new();
        // Every socket passes over what it was told before.
        if moved.read > 0
            && let Some(message) = self.read_message(moved).await?
        {
            let data = json!({
                "message_id": message,
                "chat_id": moved.chat,
                "user_id": moved.user,
                "seq": moved.read,
                "read_at": Time(at),
            });
            frames.push(told("message_read", &data, moved.user, at)?);
        }
        if moved.delivered > moved.read {
            let data = json!({
                "chat_id": moved.chat,
                "user_id": moved.user,
                "seq": moved.delivered,
            });
            frames.push(told("message_delivered", &data, moved.user, at)?);
        }
        Ok(frames)
    }

    /// The message that a cursor stands at. Most moves are of what was received
    /// alone, and need no look.
    async fn read_message(&self, moved: &CursorMoved) -> Result<Option<EntryId>, WireError> {
        let key = (moved.chat, moved.user);
        let known = lock(&self.readers).get(&key).copied();
        if let Some((seq, message)) = known
            && seq == moved.read
        {
            return Ok(Some(message));
        }
        let found = self.service.message_upto(moved.chat, moved.read).await?;
        let Some(found) = found else {
            return Ok(None);
        };
        let mut readers = lock(&self.readers);
        if readers.len() >= READERS {
            readers.clear();
        }
        readers.insert(key, (moved.read, found.entry.id));
        Ok(Some(found.entry.id))
    }

    /// That somebody types, and that they do not any more.
    async fn typing(&self, typing: &TypingChanged) -> Result<Vec<PageFrame>, WireError> {
        let people = self.people(vec![typing.user]).await?;
        let name = people
            .get(typing.user)
            .map(view::called)
            .unwrap_or_default();
        let at = now();
        let write = |on: bool| {
            let data = json!({
                "chat_id": typing.chat,
                "is_typing": on,
                "user_id": typing.user,
                "user_name": name,
            });
            told("typing", &data, typing.user, at)
        };
        Ok(vec![write(true)?, write(false)?])
    }

    async fn users(&self, ids: Vec<UserId>) -> Result<Vec<PageFrame>, WireError> {
        let people = self.people(ids).await?;
        let at = now();
        let frames = people.iter().map(|(id, user)| {
            let data = json!({ "user_id": id, "user": user });
            told("user_updated", &data, *id, at)
        });
        frames.collect()
    }

    async fn account(
        &self,
        caller: &Caller,
        entry: &AccountEntry,
    ) -> Result<Vec<PageFrame>, WireError> {
        let own = caller.actor.id;
        let write = |kind: &'static str, data: Value| Ok(vec![told(kind, &data, own, entry.at)?]);
        match (entry.kind, entry.chat, entry.user) {
            (account_kind::CHAT_LEFT, Some(chat), _) => {
                if self.service.chat_record(chat).await?.is_none() {
                    return write("chat_deleted", json!({ "chat_id": chat, "id": chat }));
                }
                let cause = Cause {
                    seq: None,
                    actor: own,
                    at: entry.at,
                };
                self.left(chat, own, cause).await
            }
            (account_kind::CHAT_PREFS_CHANGED, Some(chat), _) => {
                write("chat_updated", json!({ "chat_id": chat, "id": chat }))
            }
            (account_kind::CONTACT_CHANGED, _, Some(other)) => {
                let mut frames = write("contacts_changed", json!({ "contact_id": other }))?;
                frames.extend(self.new_contact(caller, other, entry.at).await?);
                Ok(frames)
            }
            (account_kind::PROFILE_CHANGED, _, _) => {
                let user = self.own(caller).await?;
                write("profile_changed", json!({ "user": user }))
            }
            (account_kind::SESSION_OPENED | account_kind::SESSION_ENDED, _, _) => {
                write("sessions_changed", json!({ "session_id": entry.session }))
            }
            _ => Ok(Vec::new()),
        }
    }

    /// Who is in the list since this very change.
    async fn new_contact(
        &self,
        caller: &Caller,
        other: UserId,
        at: UnixMillis,
    ) -> Result<Option<PageFrame>, WireError> {
        let found = self.service.contact_of(caller.actor.no, other).await?;
        let Some(contact) = found else {
            return Ok(None);
        };
        if contact.since != at || contact.state == ContactState::None {
            return Ok(None);
        }
        let data = json!({
            "contact_id": other,
            "contact": view::shared(&contact.user),
            "nickname": contact.nickname.unwrap_or_default(),
            "state": contact.state.as_str(),
        });
        told("new_contact", &data, caller.actor.id, at).map(Some)
    }

    async fn people(&self, ids: Vec<UserId>) -> Result<People, WireError> {
        People::shared(&self.service, ids).await
    }

    /// The caller, as they see themselves.
    async fn own(&self, caller: &Caller) -> Result<Option<User>, WireError> {
        let records = self.service.people(vec![caller.actor.id]).await?;
        let seen = self.service.seen_by(caller, &records).await?;
        let own = records.iter().zip(&seen).next();
        Ok(own.map(|(record, seen)| view::user(caller, record, seen)))
    }
}

/// Why somebody came or went.
#[derive(Clone, Copy)]
struct Cause {
    /// The entry that says so, where the one concerned may know it.
    seq: Option<Seq>,
    actor: UserId,
    at: UnixMillis,
}

impl Cause {
    fn of(entry: &Entry) -> Self {
        Self {
            seq: Some(entry.seq),
            actor: entry.actor,
            at: entry.at,
        }
    }
}

/// A frame that shows the words of no entry.
fn told<T: Serialize>(
    kind: &'static str,
    data: &T,
    actor: UserId,
    at: UnixMillis,
) -> Result<PageFrame, WireError> {
    Ok(PageFrame::new(kind, frame(kind, data, actor, at)?))
}

/// A frame that is only for those who see that entry.
fn told_of<T: Serialize>(
    kind: &'static str,
    data: &T,
    entry: &Entry,
    shows: Seq,
) -> Result<Vec<PageFrame>, WireError> {
    let told = told(kind, data, entry.actor, entry.at)?;
    Ok(vec![PageFrame { shows, ..told }])
}

fn merge(data: &mut Value, also: Value) {
    if let (Value::Object(data), Value::Object(also)) = (data, also) {
        data.extend(also);
    }
}

/// How somebody is seen.
///
/// # Errors
///
/// Where it cannot be written as JSON, which does not happen.
pub(super) fn status(seen: &Presence) -> Result<PageFrame, WireError> {
    let status = match (seen.online, seen.status) {
        (true, chosen) => chosen.unwrap_or(Status::Online),
        (false, _) => Status::Offline,
    };
    let data = json!({
        "user_id": seen.user,
        "status": status.as_str(),
        "last_seen": seen.last_seen.map(Time),
        "status_text": seen.text.clone().unwrap_or_default(),
    });
    told("user_status", &data, seen.user, now())
}

fn receipts(counts: &ReceiptCounts, own: UserId) -> Result<Vec<PageFrame>, WireError> {
    let data = json!({
        "chat_id": counts.chat,
        "seq": counts.seq,
        "delivered": counts.delivered,
        "read": counts.read,
        "members": counts.members,
    });
    Ok(vec![told("message_receipts", &data, own, now())?])
}
