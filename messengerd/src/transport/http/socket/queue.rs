//! What a socket is to be sent.
//!
//! 1. Pushing an event never blocks and never fails.
//! 2. Events keep their order; so do replies.
//! 3. While too many replies wait, no frame is read.
//! 4. Events are bounded in bytes. Over the bound the socket ends: it comes
//!    back and fetches what it missed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use proto::error::WireError;
use proto::id::{SessionId, UserId};
use tokio::sync::Notify;

use crate::service::hub::Listener;
use crate::service::news::News;

/// Bytes of events that may wait. They are shared among sockets, so a slow one
/// costs less than this.
const EVENT_BYTES: usize = 2 * 1024 * 1024;
/// What an event costs beside its bytes.
const EVENT_COST: usize = 256;
/// Bytes of replies that may wait before no further frame is read.
const REPLY_BYTES: usize = 256 * 1024;
/// Events taken at once.
const TAKEN: usize = 64;

/// Why a socket is to end.
#[derive(Debug, Clone)]
pub(super) enum End {
    /// It reads too slowly.
    Overflow,
    /// Somebody said so.
    Told(WireError),
}

#[derive(Default)]
struct State {
    replies: VecDeque<Bytes>,
    reply_bytes: usize,
    events: VecDeque<Arc<News>>,
    event_bytes: usize,
    end: Option<End>,
}

/// See the module.
pub(super) struct Queue {
    user: UserId,
    session: SessionId,
    state: Mutex<State>,
    filled: Notify,
    drained: Notify,
    ended: Notify,
}

/// Some of what waits.
#[derive(Default)]
pub(super) struct Batch {
    /// To be sent first.
    pub(super) replies: Vec<Bytes>,
    /// To be rendered and sent.
    pub(super) events: Vec<Arc<News>>,
}

fn cost(news: &News) -> usize {
    news.encoded().len() + EVENT_COST
}

impl Queue {
    pub(super) fn new(user: UserId, session: SessionId) -> Self {
        Self {
            user,
            session,
            state: Mutex::default(),
            filled: Notify::new(),
            drained: Notify::new(),
            ended: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a text frame for this socket alone.
    pub(super) fn reply(&self, text: Bytes) {
        let mut state = self.state();
        state.reply_bytes += text.len();
        state.replies.push_back(text);
        drop(state);
        self.filled.notify_one();
    }

    /// Whether so many replies wait that no further frame is to be read.
    pub(super) fn is_full(&self) -> bool {
        self.state().reply_bytes > REPLY_BYTES
    }

    /// Resolves when some replies went out.
    pub(super) async fn drained(&self) {
        self.drained.notified().await;
    }

    /// Resolves when the socket is to end.
    pub(super) async fn ended(&self) -> End {
        loop {
            if let Some(why) = self.state().end.clone() {
                return why;
            }
            self.ended.notified().await;
        }
    }

    /// Waits for something to send and takes some of it.
    pub(super) async fn take(&self) -> Batch {
        loop {
            if let Some(batch) = self.try_take() {
                return batch;
            }
            self.filled.notified().await;
        }
    }

    fn try_take(&self) -> Option<Batch> {
        let mut guard = self.state();
        let state = &mut *guard;
        let was_full = state.reply_bytes > REPLY_BYTES;
        state.reply_bytes = 0;
        let replies = std::mem::take(&mut state.replies).into();
        let some = state.events.len().min(TAKEN);
        let events: Vec<Arc<News>> = state.events.drain(..some).collect();
        state.event_bytes -= events.iter().map(|news| cost(news)).sum::<usize>();
        if state.events.is_empty() {
            // An idle socket keeps no buffers.
            state.events.shrink_to(4);
        }
        drop(guard);
        if was_full {
            self.drained.notify_one();
        }
        let batch = Batch { replies, events };
        (!batch.replies.is_empty() || !batch.events.is_empty()).then_some(batch)
    }

    fn end_with(&self, why: End) {
        self.state().end.get_or_insert(why);
        self.ended.notify_one();
    }
}

impl Listener for Queue {
    fn is_live(&self) -> bool {
        true
    }

    fn user(&self) -> UserId {
        self.user
    }

    fn session(&self) -> SessionId {
        self.session
    }

    fn push(&self, news: &Arc<News>) {
        let mut state = self.state();
        if state.end.is_some() {
            return;
        }
        let bytes = cost(news);
        if state.event_bytes + bytes > EVENT_BYTES {
            // What waits is of no use to anybody any more.
            state.events = VecDeque::new();
            state.event_bytes = 0;
            drop(state);
            return self.end_with(End::Overflow);
        }
        state.event_bytes += bytes;
        state.events.push_back(news.clone());
        drop(state);
        self.filled.notify_one();
    }

    fn end(&self, why: WireError) {
        self.end_with(End::Told(why));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proto::event::{Event, TypingChanged};
    use proto::id::ChatId;

    fn news() -> Arc<News> {
        let event = Event::Typing(TypingChanged {
            chat: ChatId::generate(),
            user: UserId::generate(),
            on: true,
        });
        News::new(&event).unwrap()
    }

    #[tokio::test]
    async fn a_slow_socket_ends_and_keeps_nothing() {
        let queue = Queue::new(UserId::generate(), SessionId::generate());
        let news = news();
        let most = EVENT_BYTES / cost(&news);
        for _ in 0..most {
            queue.push(&news);
        }
        assert_eq!(queue.state().events.len(), most);
        assert!(queue.state().end.is_none());
        queue.push(&news);
        assert!(matches!(queue.ended().await, End::Overflow));
        queue.push(&news);
        assert_eq!(queue.state().events.len(), 0);
        assert_eq!(Arc::strong_count(&news), 1);
    }

    #[tokio::test]
    async fn replies_go_first_and_hold_up_reading_while_many_wait() {
        let queue = Queue::new(UserId::generate(), SessionId::generate());
        queue.push(&news());
        queue.reply(vec![b'x'; REPLY_BYTES + 1].into());
        assert!(queue.is_full());
        let batch = queue.take().await;
        assert_eq!((batch.replies.len(), batch.events.len()), (1, 1));
        queue.drained().await;
        assert!(!queue.is_full());
    }
}
