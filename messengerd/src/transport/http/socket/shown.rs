//! What one socket was shown, so that it is told each thing once and learns of
//! what it missed.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use proto::id::{ChatId, UserId};
use proto::{Seq, limits};
use tokio::time::{Duration, Instant};

/// Somebody types until this long after they last said so.
const TYPING_TIME: Duration = Duration::from_millis(limits::TYPING_LAPSE_MS);
/// People typing who are remembered.
const TYPISTS: usize = 256;
/// Cursors remembered before they are forgotten all at once.
const READERS: usize = 4_096;

/// How an entry follows what was shown of its chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The next one, or the first one shown.
    Next,
    /// It was shown.
    Again,
    /// Something before it was not shown.
    Gap,
}

/// See the module.
#[derive(Default)]
pub(super) struct Shown {
    /// The latest entry shown of each chat in which something happened.
    latest: HashMap<ChatId, Seq>,
    /// Chats that came while the socket was there.
    introduced: HashSet<ChatId>,
    /// How far others have read.
    readers: HashMap<(ChatId, UserId), Seq>,
    /// Who types, until when, and the frame that says it is over.
    typing: HashMap<(ChatId, UserId), (Instant, Bytes)>,
}

impl Shown {
    /// Notes an entry.
    pub(super) fn entry(&mut self, chat: ChatId, seq: Seq) -> Place {
        let latest = self.latest.entry(chat).or_default();
        let place = match *latest {
            0 => Place::Next,
            latest if seq <= latest => Place::Again,
            latest if seq == latest + 1 => Place::Next,
            _ => Place::Gap,
        };
        *latest = seq.max(*latest);
        place
    }

    /// Whether a chat is new to the socket; not again until it was left.
    pub(super) fn introduce(&mut self, chat: ChatId) -> bool {
        self.introduced.insert(chat)
    }

    /// Forgets a chat that was left.
    pub(super) fn leave(&mut self, chat: ChatId) {
        self.introduced.remove(&chat);
        self.latest.remove(&chat);
        self.readers.retain(|(known, _), _| *known != chat);
        self.typing.retain(|(known, _), _| *known != chat);
    }

    /// Whether somebody has read further than was shown.
    pub(super) fn read(&mut self, chat: ChatId, user: UserId, upto: Seq) -> bool {
        if self.readers.len() >= READERS {
            self.readers.clear();
        }
        let known = self.readers.entry((chat, user)).or_default();
        let further = upto > *known;
        *known = upto.max(*known);
        further
    }

    /// Notes that somebody types; whether that is news. `over` is the frame
    /// that says that they do not any more.
    pub(super) fn types(&mut self, chat: ChatId, user: UserId, over: Bytes, at: Instant) -> bool {
        let until = at + TYPING_TIME;
        if let Some(known) = self.typing.get_mut(&(chat, user)) {
            known.0 = until;
            return false;
        }
        // Of more at a time nobody could be told apart.
        if self.typing.len() >= TYPISTS {
            return false;
        }
        self.typing.insert((chat, user), (until, over));
        true
    }

    /// Notes that somebody types no more; whether that is news.
    pub(super) fn rests(&mut self, chat: ChatId, user: UserId) -> bool {
        self.typing.remove(&(chat, user)).is_some()
    }

    /// When the next one has typed long enough.
    pub(super) fn next_lapse(&self) -> Option<Instant> {
        self.typing.values().map(|(until, _)| *until).min()
    }

    /// The frames of those who have not said for a while that they type.
    pub(super) fn lapsed(&mut self, at: Instant) -> Vec<Bytes> {
        let lapsed = self.typing.extract_if(|_, (until, _)| *until <= at);
        lapsed.map(|(_, (_, over))| over).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn each_entry_is_shown_once_and_a_gap_is_seen() {
        let mut shown = Shown::default();
        let chat = ChatId::generate();
        let places = [7, 8, 8, 7, 10, 9, 11].map(|seq| shown.entry(chat, seq));
        use Place::{Again, Gap, Next};
        assert_eq!(places, [Next, Next, Again, Again, Gap, Again, Next]);
        shown.leave(chat);
        assert_eq!(shown.entry(chat, 3), Next);
    }

    #[test]
    fn a_chat_is_new_once_until_it_is_left() {
        let mut shown = Shown::default();
        let chat = ChatId::generate();
        assert!(shown.introduce(chat));
        assert!(!shown.introduce(chat));
        shown.leave(chat);
        assert!(shown.introduce(chat));
    }

    #[test]
    fn typing_is_told_when_it_begins_and_ends_and_lapses() {
        let mut shown = Shown::default();
        let (chat, user) = (ChatId::generate(), UserId::generate());
        let over = Bytes::from_static(b"over");
        let at = Instant::now();
        assert!(shown.types(chat, user, over.clone(), at));
        assert!(!shown.types(chat, user, over.clone(), at + TYPING_TIME / 2));
        assert!(shown.lapsed(at + TYPING_TIME).is_empty());
        let end = shown.next_lapse().unwrap();
        assert_eq!(shown.lapsed(end), std::slice::from_ref(&over));
        assert!(!shown.rests(chat, user));
        assert!(shown.types(chat, user, over, end));
        assert!(shown.rests(chat, user));
        assert_eq!(shown.next_lapse(), None);
    }

    #[test]
    fn only_what_was_read_further_is_told() {
        let mut shown = Shown::default();
        let (chat, user) = (ChatId::generate(), UserId::generate());
        let told = [3, 3, 2, 5].map(|upto| shown.read(chat, user, upto));
        assert_eq!(told, [true, false, false, true]);
    }
}
