//! What a socket has received, on its way to be noted: at once where one other
//! person waits for it, later where it is of interest to many.

use std::collections::HashMap;

use proto::id::ChatId;
use proto::{Seq, limits};
use tokio::time::{Duration, Instant};

/// In a chat whose members learn of each other's cursors.
const SMALL: Duration = Duration::from_secs(3);
/// In a larger one, where they are only counted.
const LARGE: Duration = Duration::from_secs(15);

/// See the module.
#[derive(Default)]
pub(super) struct Received {
    upto: HashMap<ChatId, (Seq, Instant)>,
}

impl Received {
    /// Notes an entry of a chat of so many members.
    pub(super) fn note(&mut self, chat: ChatId, seq: Seq, members: usize, at: Instant) {
        let delay = match members {
            0..=2 => Duration::ZERO,
            _ if members <= limits::CURSOR_BROADCAST_MEMBERS => SMALL,
            _ => LARGE,
        };
        let (upto, _) = self.upto.entry(chat).or_insert((seq, at + delay));
        *upto = seq.max(*upto);
    }

    /// Forgets a chat that was left.
    pub(super) fn leave(&mut self, chat: ChatId) {
        self.upto.remove(&chat);
    }

    /// When something is to be noted.
    pub(super) fn due(&self) -> Option<Instant> {
        self.upto.values().map(|(_, at)| *at).min()
    }

    /// Takes what is to be noted now.
    pub(super) fn take(&mut self, at: Instant) -> Vec<(ChatId, Seq)> {
        let due = self.upto.extract_if(|_, (_, when)| *when <= at);
        due.map(|(chat, (seq, _))| (chat, seq)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_waits_for_is_noted_at_once_and_the_rest_together() {
        let mut received = Received::default();
        let (private, group) = (ChatId::generate(), ChatId::generate());
        let at = Instant::now();
        received.note(group, 4, 10, at);
        received.note(group, 9, 10, at + Duration::from_secs(1));
        received.note(private, 1, 2, at);
        assert_eq!(received.take(at), [(private, 1)]);
        assert_eq!(received.due(), Some(at + SMALL));
        assert_eq!(received.take(at + SMALL), [(group, 9)]);
        assert_eq!(received.due(), None);
    }
}
