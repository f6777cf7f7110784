//! Entries of the logs, with what was done to them since.

use proto::entry::Body;
use proto::id::{ChatId, EntryId, UserId};
use proto::request::Place;
use proto::{Seq, UnixMillis};

use super::{MemberRow, OutboxRow};

/// One cached entry and, for a message, its present state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryRow {
    /// Which chat.
    pub chat: ChatId,
    /// Position in the log.
    pub seq: Seq,
    /// Number among messages.
    pub msg_no: u64,
    /// Kind as on the wire.
    pub kind: u16,
    /// Identity.
    pub id: EntryId,
    /// What it refers to.
    pub ref_seq: Option<Seq>,
    /// Who.
    pub actor: UserId,
    /// Their name as shown as far as known, else a short form of the id.
    pub actor_name: String,
    /// The names, where known, of those whom it tells of: added, removed or
    /// otherwise than they were. They may be no members any more.
    pub subjects: Vec<(UserId, String)>,
    /// When.
    pub at: UnixMillis,
    /// What, as it was written at first.
    pub body: Body,
    /// Arrival ordinal in this profile's cache; 0 where it is not cached.
    pub arrival: u64,
    /// The text of the latest edit, an own one on its way included; see
    /// [`EntryRow::text`].
    pub edited: Option<String>,
    /// How many times it was edited.
    pub edits: u32,
    /// Whether it was deleted for everybody.
    pub deleted: bool,
    /// By when they were first given.
    pub reactions: Vec<Reaction>,
    /// Whether it is pinned.
    pub pinned: bool,
    /// What a reply (or a pin) refers to.
    pub quote: Option<Quote>,
    /// Who wrote what it forwards.
    pub forwarded: Option<String>,
    /// Whether it names the reader.
    pub mention: bool,
    /// How far an own message got.
    pub receipt: Option<Receipt>,
    /// An own change of it is not stored on the server yet; what is shown
    /// includes it.
    pub pending: bool,
}

/// Whom an entry tells of, beside its actor.
pub(crate) fn subjects(body: &Body) -> Vec<UserId> {
    match body {
        Body::MembersAdded(added) => added.users.clone(),
        Body::MemberLeft(left) => vec![left.user],
        Body::RoleChanged(changed) => vec![changed.user],
        Body::MemberMuted(muted) => vec![muted.user],
        Body::MemberBanned(banned) => vec![banned.user],
        _ => Vec::new(),
    }
}

impl EntryRow {
    /// An entry that nothing was done to.
    pub fn new(chat: ChatId, seq: Seq, actor: UserId, kind: u16, body: Body) -> Self {
        let deleted = matches!(&body, Body::Message(message) if message.deleted);
        Self {
            chat,
            seq,
            msg_no: seq,
            kind,
            id: EntryId::from_bytes([0; 16]),
            ref_seq: None,
            actor,
            actor_name: String::new(),
            subjects: Vec::new(),
            at: 0,
            body,
            arrival: 0,
            edited: None,
            edits: 0,
            deleted,
            reactions: Vec::new(),
            pinned: false,
            quote: None,
            forwarded: None,
            mention: false,
            receipt: None,
            pending: false,
        }
    }

    /// A message's present text: empty once deleted, `None` for other entries.
    pub fn text(&self) -> Option<&str> {
        match &self.body {
            Body::Message(_) if self.deleted => Some(""),
            Body::Message(message) => Some(self.edited.as_deref().unwrap_or(&message.text)),
            _ => None,
        }
    }
}

/// One sort of reaction to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    /// Which.
    pub emoji: String,
    /// How many people gave it.
    pub count: u32,
    /// Whether oneself did.
    pub mine: bool,
    /// The first of them by name, oneself left out.
    pub names: Vec<String>,
}

/// What an entry refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// Which message.
    pub seq: Seq,
    /// Its author; absent where it is not cached.
    pub author: Option<String>,
    /// The first 200 characters of its present text; empty where it is not
    /// cached or was deleted.
    pub text: String,
    /// Whether it was deleted.
    pub deleted: bool,
}

/// How far an own message got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Receipt {
    /// Other members who have received it, readers included.
    pub delivered: u32,
    /// Other members who have read it.
    pub read: u32,
    /// Other members.
    pub of: u32,
}

/// One text that a message had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditRow {
    /// The entry that brought it: the message itself or an edit.
    pub seq: Seq,
    /// When.
    pub at: UnixMillis,
    /// The text.
    pub text: String,
}

/// Somebody's reaction to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReactionRow {
    /// Who.
    pub user: UserId,
    /// Their name as shown.
    pub name: String,
    /// Which.
    pub emoji: String,
    /// When, as far as cached.
    pub at: UnixMillis,
}

/// How far a message got with one member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptRow {
    /// Who.
    pub user: UserId,
    /// Their name as shown.
    pub name: String,
    /// Whether a device of theirs has it.
    pub delivered: bool,
    /// Whether they have read it.
    pub read: bool,
}

/// Where results of a search come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HitSource {
    /// The server: everything was searched.
    Server,
    /// The cache: only what is cached was searched.
    Cache,
}

/// Results of a search for messages, latest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchPage {
    /// The messages; those not cached have an arrival of 0.
    pub hits: Vec<EntryRow>,
    /// Whether there are more.
    pub more: bool,
    /// From where to go on.
    pub next: Option<Place>,
    /// Where they come from.
    pub from: HitSource,
    /// Messages not searched because they are not indexed yet.
    pub behind: u64,
}

/// Which part of a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// The end.
    Latest,
    /// Entries before this one.
    Before(Seq),
    /// Entries after this one.
    After(Seq),
    /// Half before, half from this one on.
    Around(Seq),
}

/// A part of a chat's timeline, from the cache. Edits, deletions and reactions
/// are not entries of it: they show in the messages they refer to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// Which chat.
    pub chat: ChatId,
    /// What was asked for.
    pub anchor: Anchor,
    /// Oldest first.
    pub entries: Vec<EntryRow>,
    /// The cache holds earlier ones.
    pub older_cached: bool,
    /// The server holds earlier ones than the cache.
    pub older_remote: bool,
    /// The cache holds later ones.
    pub newer_cached: bool,
    /// Messages still in the outbox for this chat, oldest first.
    pub outbox: Vec<OutboxRow>,
    /// Changes of messages still in the outbox for this chat, oldest first.
    /// Those that have not failed are in the entries already.
    pub changes: Vec<OutboxRow>,
    /// Present members with their cursors.
    pub members: Vec<MemberRow>,
    /// Own read cursor.
    pub read: Seq,
    /// Latest entry on the server as far as known.
    pub head: Seq,
}

impl Timeline {
    /// A part that has nothing.
    pub fn empty(chat: ChatId, anchor: Anchor) -> Self {
        Self {
            chat,
            anchor,
            entries: Vec::new(),
            older_cached: false,
            older_remote: false,
            newer_cached: false,
            outbox: Vec::new(),
            changes: Vec::new(),
            members: Vec::new(),
            read: 0,
            head: 0,
        }
    }
}
