//! What the server tells a live session without being asked. Event frames have
//! request id 0. An unknown event type is skipped.

use serde::{Deserialize, Serialize};

use crate::codec::{self, CodecError, Encoded, Frame, is_default};
use crate::entry::{AccountEntry, Entry};
use crate::error::WireError;
use crate::id::{ChatId, UserId};
use crate::request::{Status, User};
use crate::{Seq, UnixMillis};

/// Where one of the caller's chats stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Which chat.
    pub chat: ChatId,
    /// Its latest entry.
    pub seq: Seq,
    /// How many messages its log holds.
    pub msg_no: u64,
    /// Entries up to this one are gone (retention); 0 where nothing is.
    #[serde(default)]
    pub floor: Seq,
    /// Grows whenever members or properties of the chat change.
    pub acl_rev: u64,
    /// Grows whenever a member's cursor moves.
    #[serde(default)]
    pub cursor_rev: u64,
    /// The caller has read up to this entry …
    #[serde(default)]
    pub read: Seq,
    /// … and up to this message: unread = `msg_no - read_no`.
    #[serde(default)]
    pub read_no: u64,
    /// The caller's devices have received up to this entry.
    #[serde(default)]
    pub delivered: Seq,
}

/// All chats of the caller, in one or more frames, after the handshake and in
/// answer to [`SyncHeads`](crate::request::SyncHeads). The list is complete
/// when `more` is false: a chat that is missing from it was left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heads {
    /// Latest entry of the account's log.
    pub account_seq: Seq,
    /// Some of the heads.
    pub heads: Vec<Head>,
    /// Whether another frame follows.
    #[serde(default)]
    pub more: bool,
}

/// A new entry of one chat. Live entries of a chat come in order of `seq`; a
/// number that is not the next one is a gap to be fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatEntry {
    /// Which chat.
    pub chat: ChatId,
    /// The entry.
    pub entry: Entry,
}

/// A member's cursors moved (chats of at most 32 members; one's own always).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CursorMoved {
    /// Which chat.
    pub chat: ChatId,
    /// Whose cursors.
    pub user: UserId,
    /// Read up to this entry …
    pub read: Seq,
    /// … and up to this message.
    pub read_no: u64,
    /// Received up to this entry.
    pub delivered: Seq,
    /// The chat's cursor revision after this move.
    pub cursor_rev: u64,
}

/// How many members have received and read one's own recent message, in chats
/// too large for [`CursorMoved`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptCounts {
    /// Which chat.
    pub chat: ChatId,
    /// Which entry.
    pub seq: Seq,
    /// Other members who have received it.
    pub delivered: u64,
    /// Other members who have read it.
    pub read: u64,
    /// Other members in all.
    pub members: u64,
}

/// Somebody started or stopped typing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypingChanged {
    /// Where.
    pub chat: ChatId,
    /// Who.
    pub user: UserId,
    /// Whether they are typing; true lapses after 6 s unless repeated.
    pub on: bool,
}

/// Whether somebody is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// Who.
    pub user: UserId,
    /// Whether a live session of theirs is connected.
    pub online: bool,
    /// When the last one ended; none while online or when never seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<UnixMillis>,
    /// What they chose, where online; absent for plain online or offline.
    /// Never `invisible`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Words beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Revision of the person's profile: a cache that holds an earlier one
    /// asks `Users` again.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rev: u64,
}

impl Presence {
    /// Plain online, or offline since then.
    pub fn new(user: UserId, online: bool, last_seen: Option<UnixMillis>) -> Self {
        Self {
            user,
            online,
            last_seen,
            status: None,
            text: None,
            rev: 0,
        }
    }
}

/// Presence of people the caller may see: all who matter after the heads, then
/// each change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceChanged {
    /// Who is how.
    pub users: Vec<Presence>,
    /// True where the list replaces what was known: who is not in it, or in the
    /// events right behind it that have what did not fit, is not shown.
    #[serde(default)]
    pub snapshot: bool,
}

/// A new entry of the caller's account log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountChanged {
    /// The entry.
    pub entry: AccountEntry,
}

/// The session was too slow and events were dropped: fresh heads follow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resync {}

/// Retention removed the beginning of a chat's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FloorRaised {
    /// Which chat.
    pub chat: ChatId,
    /// Entries up to this one are gone.
    pub floor: Seq,
}

/// Names or picture of people changed whom the caller shares a chat with or has
/// as a contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsersChanged {
    /// Who they are now.
    pub users: Vec<User>,
}

/// The server ends the connection and says why; also the answer to a Hello it
/// cannot accept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goodbye {
    /// Why.
    pub error: WireError,
}

macro_rules! events {
    ($($(#[$doc:meta])* $number:literal $variant:ident($payload:ty),)*) => {
        /// A decoded event.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Event {
            $($(#[$doc])* $variant($payload),)*
        }

        impl Event {
            /// The numbers of all event frames this version knows.
            pub const KINDS: &'static [u16] = &[$($number,)*];
            /// The names of their payloads, in the same order.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($payload),)*];

            /// Decodes an event frame; `None` for a type of a newer version.
            ///
            /// # Errors
            ///
            /// [`CodecError::Payload`] where the payload is malformed.
            pub fn decode(frame: &Frame) -> Result<Option<Self>, CodecError> {
                Ok(Some(match frame.kind {
                    $($number => Self::$variant(frame.decode()?),)*
                    _ => return Ok(None),
                }))
            }

            /// Encodes the event.
            ///
            /// # Errors
            ///
            /// [`CodecError::TooLarge`].
            pub fn encode(&self) -> Result<Encoded, CodecError> {
                match self {
                    $(Self::$variant(payload) => codec::encode($number, 0, payload),)*
                }
            }
        }

        $(impl From<$payload> for Event {
            fn from(payload: $payload) -> Self {
                Self::$variant(payload)
            }
        })*
    };
}

events! {
    /// See [`Heads`].
    0x4001 Heads(Heads),
    /// See [`ChatEntry`].
    0x4002 Entry(ChatEntry),
    /// See [`CursorMoved`].
    0x4003 Cursor(CursorMoved),
    /// See [`ReceiptCounts`].
    0x4004 Receipts(ReceiptCounts),
    /// See [`TypingChanged`].
    0x4005 Typing(TypingChanged),
    /// See [`PresenceChanged`].
    0x4006 Presence(PresenceChanged),
    /// See [`AccountChanged`].
    0x4007 Account(AccountChanged),
    /// See [`Resync`].
    0x4008 Resync(Resync),
    /// See [`Goodbye`].
    0x4009 Goodbye(Goodbye),
    /// See [`FloorRaised`].
    0x400a Floor(FloorRaised),
    /// See [`UsersChanged`].
    0x400b Users(UsersChanged),
}
