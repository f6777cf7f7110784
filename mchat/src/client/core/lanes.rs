//! The outbox on its way: for each chat one message at a time, in order.

use std::collections::{HashMap, HashSet, VecDeque};

use proto::id::{ChatId, EntryId};

use super::{Millis, Outgoing};

/// Most messages on their way at once, over all chats.
const OUTSTANDING: usize = 64;

#[derive(Debug, Default)]
struct Lane {
    queue: VecDeque<Outgoing>,
    sending: bool,
    not_before: Millis,
    refusals: u32,
}

/// The queues of all chats.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    lanes: HashMap<ChatId, Lane>,
    known: HashSet<EntryId>,
    sending: usize,
}

impl Lanes {
    /// Adds what is not there yet, in order.
    pub(super) fn add(&mut self, items: Vec<Outgoing>) {
        for item in items {
            if self.known.insert(item.id) {
                self.lanes
                    .entry(item.chat)
                    .or_default()
                    .queue
                    .push_back(item);
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Forgets everything; what was on its way is returned.
    pub(super) fn clear(&mut self) -> Vec<(ChatId, EntryId)> {
        let sending = self
            .lanes
            .iter()
            .filter(|(_, lane)| lane.sending)
            .filter_map(|(chat, lane)| lane.queue.front().map(|item| (*chat, item.id)))
            .collect();
        *self = Self::default();
        sending
    }

    /// The messages whose turn it is.
    pub(super) fn due(&mut self, now: Millis) -> Vec<Outgoing> {
        let mut due = Vec::new();
        for lane in self.lanes.values_mut() {
            if self.sending >= OUTSTANDING {
                break;
            }
            if lane.sending || now < lane.not_before {
                continue;
            }
            if let Some(item) = lane.queue.front() {
                lane.sending = true;
                self.sending += 1;
                due.push(item.clone());
            }
        }
        due
    }

    /// A message came to its end: the next one of its chat may go.
    pub(super) fn finished(&mut self, chat: ChatId, id: EntryId) {
        self.known.remove(&id);
        if let Some(lane) = self.lanes.get_mut(&chat) {
            lane.queue.retain(|item| item.id != id);
            if lane.sending {
                lane.sending = false;
                self.sending -= 1;
            }
            lane.refusals = 0;
            if lane.queue.is_empty() {
                self.lanes.remove(&chat);
            }
        }
    }

    /// A message is to be tried again; it holds back the later ones of its
    /// chat.
    pub(super) fn again(&mut self, chat: ChatId, now: Millis, after: Option<Millis>) {
        if let Some(lane) = self.lanes.get_mut(&chat) {
            if lane.sending {
                lane.sending = false;
                self.sending -= 1;
            }
            let pause = after.unwrap_or(250 << lane.refusals.min(6)).min(15_000);
            lane.refusals += 1;
            lane.not_before = now + pause.max(50);
        }
    }

    pub(super) fn wake(&self) -> Option<Millis> {
        self.lanes
            .values()
            .filter(|lane| !lane.sending)
            .map(|lane| lane.not_before)
            .min()
    }
}
