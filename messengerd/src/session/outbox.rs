//! What a session is to be sent.
//!
//! The contract, which the hub relies on:
//!
//! 1. Pushing an event never blocks and never fails.
//! 2. Events keep their order; so do replies.
//! 3. A reply is never dropped; while too many wait, no request is read.
//! 4. Events are bounded in bytes. Over the bound all waiting ones are dropped
//!    and the session is told to sync anew ([`Taken::Overflow`]).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use proto::codec::Encoded;
use proto::error::WireError;
use proto::id::{SessionId, UserId};
use proto::limits::FRAME_BYTES;
use tokio::sync::Notify;

use crate::service::hub::Listener;
use crate::service::news::News;

/// Bytes of events that may wait. They are shared among sessions, so a slow
/// one costs less than this.
const EVENT_BYTES: usize = 1024 * 1024;
/// Bytes of replies that may wait before no further request is read.
const REPLY_BYTES: usize = 4 * FRAME_BYTES;
/// Bytes taken at once.
const TAKE_BYTES: usize = 256 * 1024;

#[derive(Default)]
struct State {
    replies: VecDeque<Encoded>,
    reply_bytes: usize,
    events: VecDeque<Encoded>,
    event_bytes: usize,
    /// Events wait until the heads they continue are in front of them.
    released: bool,
    overflow: bool,
    end: Option<WireError>,
}

/// What [`Outbox::take`] brought.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    /// The frames are in the vector.
    Frames,
    /// Events were dropped.
    Overflow,
}

/// See the module.
pub struct Outbox {
    user: UserId,
    session: SessionId,
    live: bool,
    state: Mutex<State>,
    /// Something to write.
    filled: Notify,
    /// Replies went out.
    drained: Notify,
    ended: Notify,
}

impl Outbox {
    /// An empty outbox that holds events back until [`Outbox::release`].
    pub fn new(user: UserId, session: SessionId, live: bool) -> Self {
        Self {
            user,
            session,
            live,
            state: Mutex::default(),
            filled: Notify::new(),
            drained: Notify::new(),
            ended: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues the answer to a request.
    pub fn reply(&self, frame: Encoded) {
        let mut state = self.state();
        state.reply_bytes += frame.len();
        state.replies.push_back(frame);
        drop(state);
        self.filled.notify_one();
    }

    /// Whether so many replies wait that no further request is to be read.
    pub fn is_full(&self) -> bool {
        self.state().reply_bytes > REPLY_BYTES
    }

    /// Resolves when some replies went out.
    pub async fn drained(&self) {
        self.drained.notified().await;
    }

    /// Holds events back until the next [`Outbox::release`].
    pub fn hold(&self) {
        self.state().released = false;
    }

    /// Lets events go, `first` in front of those that were held back.
    pub fn release(&self, first: Vec<Encoded>) {
        let mut state = self.state();
        state.released = true;
        state.event_bytes += first.iter().map(Encoded::len).sum::<usize>();
        for frame in first.into_iter().rev() {
            state.events.push_front(frame);
        }
        drop(state);
        self.filled.notify_one();
    }

    /// Resolves when the session is to end.
    pub async fn ended(&self) -> WireError {
        loop {
            if let Some(why) = self.state().end.clone() {
                return why;
            }
            self.ended.notified().await;
        }
    }

    /// Waits for something to send and takes it, replies first, bounded in
    /// bytes. `frames` is empty before.
    pub async fn take(&self, frames: &mut Vec<Encoded>) -> Taken {
        loop {
            if let Some(taken) = self.try_take(frames) {
                return taken;
            }
            self.filled.notified().await;
        }
    }

    fn try_take(&self, frames: &mut Vec<Encoded>) -> Option<Taken> {
        let mut guard = self.state();
        let state = &mut *guard;
        let mut bytes = 0;
        let was_full = state.reply_bytes > REPLY_BYTES;
        while bytes < TAKE_BYTES
            && let Some(frame) = state.replies.pop_front()
        {
            bytes += frame.len();
            state.reply_bytes -= frame.len();
            frames.push(frame);
        }
        if was_full && state.reply_bytes <= REPLY_BYTES {
            self.drained.notify_one();
        }
        if state.overflow && frames.is_empty() {
            state.overflow = false;
            return Some(Taken::Overflow);
        }
        if state.released && !state.overflow {
            while bytes < TAKE_BYTES
                && let Some(frame) = state.events.pop_front()
            {
                bytes += frame.len();
                state.event_bytes -= frame.len();
                frames.push(frame);
            }
        }
        if state.events.is_empty() {
            // An idle session keeps no buffers.
            state.events.shrink_to(4);
        }
        if state.replies.is_empty() {
            state.replies.shrink_to(4);
        }
        (!frames.is_empty()).then_some(Taken::Frames)
    }

    /// All replies that wait, for the last write of a session.
    pub fn take_replies(&self) -> Vec<Encoded> {
        let mut state = self.state();
        state.reply_bytes = 0;
        state.replies.drain(..).collect()
    }
}

impl Listener for Outbox {
    fn is_live(&self) -> bool {
        self.live
    }

    fn user(&self) -> UserId {
        self.user
    }

    fn session(&self) -> SessionId {
        self.session
    }

    fn push(&self, news: &Arc<News>) {
        let event = news.encoded();
        let mut state = self.state();
        if state.overflow {
            return;
        }
        if state.event_bytes + event.len() > EVENT_BYTES {
            state.events.clear();
            state.event_bytes = 0;
            state.overflow = true;
        } else {
            state.event_bytes += event.len();
            state.events.push_back(event.clone());
        }
        drop(state);
        self.filled.notify_one();
    }

    fn end(&self, why: WireError) {
        self.state().end.get_or_insert(why);
        self.ended.notify_one();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proto::entry::Entry;
    use proto::event::{ChatEntry, Event, Resync};
    use proto::id::{ChatId, EntryId};

    fn news(bytes: usize) -> Arc<News> {
        let entry = Entry {
            seq: 1,
            kind: 1,
            id: EntryId::generate(),
            msg_no: 1,
            ref_seq: None,
            actor: UserId::generate(),
            at: 1,
            body: vec![0; bytes].into(),
        };
        let chat = ChatId::generate();
        News::new(&Event::Entry(ChatEntry { chat, entry })).unwrap()
    }

    fn outbox() -> Outbox {
        Outbox::new(UserId::generate(), SessionId::generate(), true)
    }

    #[tokio::test]
    async fn heads_go_out_before_events_that_came_meanwhile() {
        let outbox = outbox();
        let (head, event) = (news(1).encoded().clone(), news(2));
        outbox.push(&event);
        let mut frames = Vec::new();
        assert_eq!(outbox.try_take(&mut frames), None);
        outbox.release(vec![head.clone()]);
        assert_eq!(outbox.take(&mut frames).await, Taken::Frames);
        assert_eq!(frames, [head, event.encoded().clone()]);
    }

    #[tokio::test]
    async fn a_slow_session_loses_its_events_and_is_told_but_never_a_reply() {
        let outbox = outbox();
        outbox.release(Vec::new());
        let reply = Event::Resync(Resync {}).encode().unwrap();
        outbox.reply(reply.clone());
        let event = news(100_000);
        for _ in 0..20 {
            outbox.push(&event);
        }
        assert!(outbox.state().event_bytes <= EVENT_BYTES);
        let mut frames = Vec::new();
        assert_eq!(outbox.take(&mut frames).await, Taken::Frames);
        assert_eq!(frames, [reply]);
        frames.clear();
        assert_eq!(outbox.take(&mut frames).await, Taken::Overflow);
        outbox.push(&event);
        assert_eq!(outbox.take(&mut frames).await, Taken::Frames);
        assert_eq!(frames.len(), 1);
    }
}
