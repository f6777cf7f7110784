//! Messages as they stand now, in pages, and the chats that somebody sees.

use proto::entry::Entry;
use proto::event::Head;
use proto::id::{ChatId, EntryId, UserId};
use proto::request::ChatPrefs;
use proto::{Seq, UnixMillis};

use super::{ChatNo, ChatRecord};

/// A message with all that stands of what was done to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRecord {
    /// The outside name of its chat.
    pub chat: ChatId,
    /// The store's name of it.
    pub chat_no: ChatNo,
    /// Its entry, as it was written.
    pub entry: Entry,
    /// Its latest edit.
    pub edited: Option<Edit>,
    /// The reactions that stand, in the order they were made.
    pub reactions: Vec<ReactionRecord>,
    /// Whether it is pinned.
    pub pinned: bool,
}

/// The latest edit of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The present text.
    pub text: String,
    /// When it was edited.
    pub at: UnixMillis,
}

/// A reaction that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReactionRecord {
    /// Of the entry that made it.
    pub id: EntryId,
    /// Whose.
    pub user: UserId,
    /// Which.
    pub emoji: String,
    /// When it was made.
    pub at: UnixMillis,
}

/// Which messages of a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// The latest, without as many of them as this.
    Latest {
        /// How many of the latest are passed over.
        offset: u32,
    },
    /// The latest before an entry.
    Before(Seq),
    /// The first after an entry.
    After(Seq),
}

/// A chat, as the list of somebody's chats shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedChat {
    /// The chat, with at most as many of its present members as were asked for:
    /// the user's own first where they are one, then in the order they joined.
    pub chat: ChatRecord,
    /// Present members in all.
    pub members: u64,
    /// Whether the user is one of them.
    pub joined: bool,
    /// Where it stands for the user. To one who is no member all is read, and
    /// where new members see no history, nothing is there.
    pub head: Head,
    /// The user's own settings; plain ones where they are no member.
    pub prefs: ChatPrefs,
    /// The latest message that the user sees.
    pub last: Option<MessageRecord>,
    /// How far all present members but the author of `last` have received the
    /// chat, as others see it; 0 without `last` or where there is nobody else.
    pub delivered: Seq,
    /// How far they have read it.
    pub read: Seq,
    /// When `last` was written; without one, when the chat was made.
    pub last_at: UnixMillis,
}
