//! Writing, reading and marking.

use serde::{Deserialize, Serialize};

use super::Origin;
use crate::entry::Entry;
use crate::id::{ChatId, EntryId, UserId};
use crate::text::MessageText;
use crate::{Seq, UnixMillis};

words! {
    /// What a message is, where it is not plain text alone.
    Media {
        /// Files.
        File = "file",
        /// A picture.
        Image = "image",
        /// A film.
        Video = "video",
        /// A recording.
        Audio = "audio",
        /// Something that the server tells; no client sends it.
        System = "system",
    }
}

/// Writes a message. Answered once it is durable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Send {
    /// Where.
    pub chat: ChatId,
    /// Made by the sender (UUIDv7); repeating the request with the same id is
    /// harmless.
    pub id: EntryId,
    /// What.
    pub text: MessageText,
    /// The entry it replies to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Seq>,
    /// The message it forwards: the server puts that one's present text in the
    /// place of `text` and names its author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward: Option<Origin>,
    /// What it is; none for plain text. A message that forwards is what the
    /// other one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<Media>,
}

/// Answer to [`Send`] and to every other request that adds one entry to a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The place of the new entry in the log.
    pub seq: Seq,
    /// Messages in the log up to and including it.
    pub msg_no: u64,
    /// When the server took it.
    pub at: UnixMillis,
    /// Whether an earlier request had stored it already.
    #[serde(default)]
    pub dup: bool,
}

/// The entries after a known one, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// Which chat.
    pub chat: ChatId,
    /// The last entry the caller has; 0 for the beginning.
    pub after: Seq,
    /// Most entries, up to 1000.
    pub limit: u32,
}

/// The latest entries, or those before a known one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// Which chat.
    pub chat: ChatId,
    /// Entries before this one; none for the latest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Seq>,
    /// Most entries, up to 1000.
    pub limit: u32,
}

/// Entries in rising order, without gaps between them. Cut by count and by
/// 192 KiB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// The entries, oldest first.
    pub entries: Vec<Entry>,
    /// Whether there are more in the direction asked.
    #[serde(default)]
    pub more: bool,
    /// Entries up to this one are gone; 0 where nothing is.
    #[serde(default)]
    pub floor: Seq,
}

/// Moves the caller's own cursors forward; going back is ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Which chat.
    pub chat: ChatId,
    /// Read up to this entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<Seq>,
    /// Received up to this entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered: Option<Seq>,
}

/// Says that the caller is typing, or has stopped. Repeat every 3 to 5 s.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Typing {
    /// Where.
    pub chat: ChatId,
    /// Whether.
    pub on: bool,
}

/// The cursors of all members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursors {
    /// Which chat.
    pub chat: ChatId,
    /// How many to pass over.
    #[serde(default)]
    pub offset: u32,
}

/// Answer to [`Cursors`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CursorList {
    /// One for each present member, as many as fitted into a frame.
    pub cursors: Vec<MemberCursor>,
    /// Whether there are more behind these.
    #[serde(default)]
    pub more: bool,
    /// The revision that this shows.
    pub cursor_rev: u64,
}

/// One member's cursors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberCursor {
    /// Who.
    pub user: UserId,
    /// Read up to this entry …
    pub read: Seq,
    /// … and up to this message.
    pub read_no: u64,
    /// Received up to this entry.
    pub delivered: Seq,
}

/// The digest of a chat's log; see [`digest`](crate::digest).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// Which chat.
    pub chat: ChatId,
    /// Up to and including this entry; cut to the head.
    pub upto: Seq,
}
