//! Changing what was written, and finding it. Each of these changes is an
//! entry of the chat's log; its id is made by the client, and repeating the
//! request with the same id is harmless.

use serde::{Deserialize, Serialize};

use crate::entry::Entry;
use crate::id::{ChatId, EntryId};
use crate::text::{Emoji, MessageText};
use crate::{Seq, UnixMillis};

/// Where a forwarded message comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Which chat; the caller can read it.
    pub chat: ChatId,
    /// Which message.
    pub seq: Seq,
}

/// Replaces the text of one's own message; earlier texts stay in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditMessage {
    /// Where.
    pub chat: ChatId,
    /// Of the new entry, made by the client.
    pub id: EntryId,
    /// Which message.
    pub seq: Seq,
    /// The new text.
    pub text: MessageText,
}

/// Deletes a message for everybody: its entry stays, its texts go. One's own;
/// in groups and public chats admins and moderators any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteMessage {
    /// Where.
    pub chat: ChatId,
    /// Of the new entry, made by the client.
    pub id: EntryId,
    /// Which message.
    pub seq: Seq,
}

/// Adds a reaction to a message, or takes one's own away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct React {
    /// Where.
    pub chat: ChatId,
    /// Of the new entry, made by the client.
    pub id: EntryId,
    /// Which message.
    pub seq: Seq,
    /// Which reaction.
    pub emoji: Emoji,
    /// Whether it is added.
    pub on: bool,
}

/// Pins a message, or takes the pin away. In private chats both people, else
/// admins and moderators.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinMessage {
    /// Where.
    pub chat: ChatId,
    /// Of the new entry, made by the client.
    pub id: EntryId,
    /// Which message.
    pub seq: Seq,
    /// Whether it is pinned.
    pub on: bool,
}

/// Lists the pinned messages of a chat, latest pin first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pins {
    /// Which chat.
    pub chat: ChatId,
    /// How many to pass over.
    #[serde(default)]
    pub offset: u32,
}

/// Answer to [`Pins`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinList {
    /// The messages, with their present texts: those that fitted into a frame.
    pub pins: Vec<Found>,
    /// Whether there are more behind these.
    #[serde(default)]
    pub more: bool,
}

/// A message with its present text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Which chat.
    pub chat: ChatId,
    /// The message as it was written.
    pub entry: Entry,
    /// Its text now, where it was edited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited: Option<String>,
}

/// Finds messages by words in them, in one chat or in all of the caller's. A
/// message is found where it has every word; case and accents do not matter,
/// and the beginning of a word is enough. Latest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchMessages {
    /// The words.
    pub query: String,
    /// Where; in all of the caller's chats where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat: Option<ChatId>,
    /// Most results, up to 50.
    pub limit: u32,
    /// Only messages that are older than this one of an earlier answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Place>,
}

/// Where a result stands in the order of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// When the message was taken.
    pub at: UnixMillis,
    /// Which message.
    pub id: EntryId,
}

/// Answer to [`SearchMessages`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchResults {
    /// What was found, latest first.
    pub found: Vec<Found>,
    /// Whether there are more.
    #[serde(default)]
    pub more: bool,
    /// Messages that were written so recently that they were not searched yet;
    /// 0 where the index is complete for the chats searched.
    #[serde(default)]
    pub behind: u64,
}
