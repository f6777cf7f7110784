//! What is done to messages, and finding them.

use bytes::Bytes;
use proto::entry::Entry;
use proto::id::{ChatId, EntryId};
use proto::request::Place;
use proto::{Seq, UnixMillis};

use super::{Actor, ChatNo, UserNo};

/// A change of one message: an entry of the log, and its effect on what is kept
/// beside it, in one transaction.
///
/// Repeated with the same id by the same actor in the same chat it changes
/// nothing and returns the first entry's place with `dup`. As for an append,
/// the actor must still be a member where `acl_rev` is not the present one. The
/// target must be a message of this chat above the floor that was not deleted,
/// else [`StoreError::NoEntry`](super::StoreError::NoEntry).
#[derive(Debug, Clone)]
pub struct MessageChange {
    /// Where.
    pub chat: ChatNo,
    /// The same, as the outside knows it.
    pub chat_id: ChatId,
    /// The revision on which it was allowed.
    pub acl_rev: u64,
    /// Who.
    pub actor: Actor,
    /// Id of the new entry.
    pub id: EntryId,
    /// Which message.
    pub seq: Seq,
    /// When.
    pub at: UnixMillis,
    /// What.
    pub what: Change,
}

/// See [`MessageChange`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A new text: the encoded body of an `EDITED` entry. Only the message's
    /// own author, else [`StoreError::NoAccess`](super::StoreError::NoAccess).
    Edit(Bytes),
    /// The texts of the message and of its edits go; reactions and pins, too.
    Delete,
    /// A reaction is added or taken away. Where that is so already nothing is
    /// appended and the answer is the place of the entry that made it so, or of
    /// the message, with `dup`. More than
    /// [`REACTIONS_EACH`](proto::limits::REACTIONS_EACH) of one user:
    /// [`StoreError::TooMany`](super::StoreError::TooMany).
    React {
        /// Which.
        emoji: String,
        /// Added or taken away.
        on: bool,
    },
    /// A pin is set or taken away; where that is so already as for a reaction.
    /// More than [`PINS`](proto::limits::PINS) in one chat:
    /// [`StoreError::TooMany`](super::StoreError::TooMany).
    Pin {
        /// Set or taken away.
        on: bool,
    },
}

/// A message and its present text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundMessage {
    /// The outside name of its chat.
    pub chat: ChatId,
    /// The entry; of any kind for [`Store::entry`](super::Store::entry).
    pub entry: Entry,
    /// The text of its latest edit.
    pub edited: Option<String>,
}

/// A search over messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchQuery {
    /// Whose chats.
    pub user: UserNo,
    /// The words, folded by [`proto::text::search_fold`]; each must be the
    /// beginning of a word of the message. Not empty.
    pub words: Vec<String>,
    /// Only this chat, which the service has found readable for the user even
    /// where they are no member.
    pub chat: Option<ChatNo>,
    /// Only messages older than this one.
    pub before: Option<Place>,
    /// Most results.
    pub limit: u32,
}

/// What a search found, latest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchFound {
    /// The messages.
    pub found: Vec<FoundMessage>,
    /// Whether there are more.
    pub more: bool,
    /// Entries of the chats searched that are not in the index yet.
    pub behind: u64,
}
