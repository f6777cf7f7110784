//! Log entries. Each change of a chat is an entry of the chat's log; each
//! change that concerns one account alone is an entry of the account's log.
//!
//! An entry's `kind` is a number and its `body` opaque bytes, so that a client
//! can store and count what it cannot read yet.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::codec::{self, CodecError};
use crate::id::{ChatId, EntryId, SessionId, UserId};
use crate::request::ChatKind;
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
    }
}

/// Somebody wrote something. The entry's `ref_seq` is what it replies to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The text as written.
    pub text: String,
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
    }
}
