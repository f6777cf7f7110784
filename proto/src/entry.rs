//! Log entries. Each change of a chat is an entry of the chat's log; each
//! change that concerns one account alone is an entry of the account's log.
//!
//! An entry's `kind` is a number and its `body` opaque bytes, so that a client
//! can store and count what it cannot read yet.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::codec::{self, CodecError, is_default};
use crate::id::{ChatId, EntryId, SessionId, UserId};
use crate::request::{ChatKind, ChatSettings, Media, Role};
use crate::{Seq, UnixMillis};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $number:literal,)*) => {
        $($(#[$doc])* pub const $name: u16 = $number;)*

        /// Every kind this version knows, with its name.
        pub const ALL: &[(u16, &str)] = &[$(($name, stringify!($name)),)*];
    };
}
use kinds;

/// One entry of a chat's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Position in the log.
    pub seq: Seq,
    /// What the body is: one of the numbers in [`kind`].
    pub kind: u16,
    /// Identity; for a message made by its sender.
    pub id: EntryId,
    /// How many messages the log holds up to and including this entry.
    pub msg_no: u64,
    /// The entry this one refers to (reply, edit, reaction).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ref_seq: Option<Seq>,
    /// Who did it.
    pub actor: UserId,
    /// When the server took it.
    pub at: UnixMillis,
    /// MessagePack of the kind's struct.
    pub body: Bytes,
}

/// Numbers of the entry kinds. Append-only.
pub mod kind {
    super::kinds! {
        /// [`Message`](super::Message)
        MESSAGE = 1,
        /// [`Created`](super::Created)
        CREATED = 2,
        /// [`MembersAdded`](super::MembersAdded)
        MEMBERS_ADDED = 3,
        /// [`MemberLeft`](super::MemberLeft)
        MEMBER_LEFT = 4,
        /// [`Edited`](super::Edited)
        EDITED = 5,
        /// [`Deleted`](super::Deleted)
        DELETED = 6,
        /// [`Reacted`](super::Reacted)
        REACTED = 7,
        /// [`Pinned`](super::Pinned)
        PINNED = 8,
        /// [`ChatChanged`](super::ChatChanged)
        CHAT_CHANGED = 9,
        /// [`RoleChanged`](super::RoleChanged)
        ROLE_CHANGED = 10,
        /// [`MemberMuted`](super::MemberMuted)
        MEMBER_MUTED = 11,
        /// [`MemberBanned`](super::MemberBanned)
        MEMBER_BANNED = 12,
    }
}

/// Somebody wrote something. The entry's `ref_seq` is what it replies to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The text as written; empty once deleted.
    pub text: String,
    /// Whose message it repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forwarded: Option<Forwarded>,
    /// Whether it was deleted: a `DELETED` entry follows.
    #[serde(default, skip_serializing_if = "is_default")]
    pub deleted: bool,
    /// What it is; none for plain text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<Media>,
}

impl Message {
    /// A message that somebody wrote.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            forwarded: None,
            deleted: false,
            media: None,
        }
    }
}

/// Where a forwarded message comes from, as the server saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forwarded {
    /// Who wrote it.
    pub user: UserId,
    /// When.
    pub at: UnixMillis,
}

/// The chat came into being; always entry 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Created {
    /// What sort of chat.
    pub kind: ChatKind,
    /// Its name; private chats have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its first members, the creator included.
    pub members: Vec<UserId>,
}

/// People were added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembersAdded {
    /// Who.
    pub users: Vec<UserId>,
}

/// Somebody left (is the actor) or was removed (by the actor).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberLeft {
    /// Who.
    pub user: UserId,
}

/// The author replaced the text of the message `ref_seq`. The latest one holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edited {
    /// The new text; empty once the message was deleted.
    pub text: String,
}

/// The message `ref_seq` was deleted: its text and those of its edits are
/// empty from then on, also for who reads the log later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deleted {}

/// The actor added a reaction to the message `ref_seq`, or took it away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reacted {
    /// Which.
    pub emoji: String,
    /// Whether it was added.
    pub on: bool,
}

/// The message `ref_seq` was pinned, or the pin taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pinned {
    /// Whether it was pinned.
    pub on: bool,
}

/// Properties of the chat changed: those that are there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatChanged {
    /// The new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The new description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether the picture changed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub avatar: bool,
    /// The new settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<ChatSettings>,
}

/// A member got a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleChanged {
    /// Who.
    pub user: UserId,
    /// What they may do now.
    pub role: Role,
}

/// A member may not write until then, or may again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberMuted {
    /// Who.
    pub user: UserId,
    /// Until when; 0: they may write again.
    pub until: UnixMillis,
}

/// Somebody was banned (and is no member any more), or may come back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberBanned {
    /// Who.
    pub user: UserId,
    /// Whether.
    pub on: bool,
}

/// A decoded body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// See [`Message`].
    Message(Message),
    /// See [`Created`].
    Created(Created),
    /// See [`MembersAdded`].
    MembersAdded(MembersAdded),
    /// See [`MemberLeft`].
    MemberLeft(MemberLeft),
    /// See [`Edited`].
    Edited(Edited),
    /// See [`Deleted`].
    Deleted(Deleted),
    /// See [`Reacted`].
    Reacted(Reacted),
    /// See [`Pinned`].
    Pinned(Pinned),
    /// See [`ChatChanged`].
    ChatChanged(ChatChanged),
    /// See [`RoleChanged`].
    RoleChanged(RoleChanged),
    /// See [`MemberMuted`].
    MemberMuted(MemberMuted),
    /// See [`MemberBanned`].
    MemberBanned(MemberBanned),
    /// A kind of a newer version, or a body this version cannot read.
    Unknown,
}

impl Body {
    /// Decodes the body of an entry of this kind; what cannot be read is
    /// [`Body::Unknown`], so that an old client never sticks.
    pub fn decode(kind: u16, body: &[u8]) -> Self {
        let decoded = match kind {
            kind::MESSAGE => codec::decode(body).map(Self::Message),
            kind::CREATED => codec::decode(body).map(Self::Created),
            kind::MEMBERS_ADDED => codec::decode(body).map(Self::MembersAdded),
            kind::MEMBER_LEFT => codec::decode(body).map(Self::MemberLeft),
            kind::EDITED => codec::decode(body).map(Self::Edited),
            kind::DELETED => codec::decode(body).map(Self::Deleted),
            kind::REACTED => codec::decode(body).map(Self::Reacted),
            kind::PINNED => codec::decode(body).map(Self::Pinned),
            kind::CHAT_CHANGED => codec::decode(body).map(Self::ChatChanged),
            kind::ROLE_CHANGED => codec::decode(body).map(Self::RoleChanged),
            kind::MEMBER_MUTED => codec::decode(body).map(Self::MemberMuted),
            kind::MEMBER_BANNED => codec::decode(body).map(Self::MemberBanned),
            _ => return Self::Unknown,
        };
        decoded.unwrap_or(Self::Unknown)
    }

    /// The kind and the encoded body.
    ///
    /// # Errors
    ///
    /// [`CodecError::Payload`] for [`Body::Unknown`], which has no encoding.
    pub fn encode(&self) -> Result<(u16, Bytes), CodecError> {
        Ok(match self {
            Self::Message(body) => (kind::MESSAGE, codec::to_bytes(body)?),
            Self::Created(body) => (kind::CREATED, codec::to_bytes(body)?),
            Self::MembersAdded(body) => (kind::MEMBERS_ADDED, codec::to_bytes(body)?),
            Self::MemberLeft(body) => (kind::MEMBER_LEFT, codec::to_bytes(body)?),
            Self::Edited(body) => (kind::EDITED, codec::to_bytes(body)?),
            Self::Deleted(body) => (kind::DELETED, codec::to_bytes(body)?),
            Self::Reacted(body) => (kind::REACTED, codec::to_bytes(body)?),
            Self::Pinned(body) => (kind::PINNED, codec::to_bytes(body)?),
            Self::ChatChanged(body) => (kind::CHAT_CHANGED, codec::to_bytes(body)?),
            Self::RoleChanged(body) => (kind::ROLE_CHANGED, codec::to_bytes(body)?),
            Self::MemberMuted(body) => (kind::MEMBER_MUTED, codec::to_bytes(body)?),
            Self::MemberBanned(body) => (kind::MEMBER_BANNED, codec::to_bytes(body)?),
            Self::Unknown => {
                return Err(CodecError::Payload(
                    "an unknown body has no encoding".into(),
                ));
            }
        })
    }
}

/// One entry of an account's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountEntry {
    /// Position in the account's log: 1, 2, 3 … without gaps.
    pub seq: Seq,
    /// What happened: one of the numbers in [`account_kind`].
    pub kind: u16,
    /// When.
    pub at: UnixMillis,
    /// The chat it is about, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat: Option<ChatId>,
    /// The session it is about, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// The person it is about, if any. Not part of the log's digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
}

/// Numbers of the account entry kinds. Append-only.
pub mod account_kind {
    super::kinds! {
        /// The account became a member of `chat`.
        CHAT_JOINED = 1,
        /// The account is no member of `chat` any more.
        CHAT_LEFT = 2,
        /// `session` was opened.
        SESSION_OPENED = 3,
        /// `session` was ended.
        SESSION_ENDED = 4,
        /// The contact list changed about `user`: ask for it anew.
        CONTACT_CHANGED = 5,
        /// One's own profile, status or settings changed.
        PROFILE_CHANGED = 6,
        /// One's own settings of `chat` changed.
        CHAT_PREFS_CHANGED = 7,
    }
}
