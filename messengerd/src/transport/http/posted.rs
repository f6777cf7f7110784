//! What sessions posted lately: their own sockets need not hear of it, and what
//! an earlier page says once more on its socket is dropped.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use proto::id::{ChatId, EntryId, SessionId};

/// How long it is remembered.
const TIME: Duration = Duration::from_secs(10);
/// Posts remembered.
const POSTS: usize = 10_000;

/// See the module.
#[derive(Default)]
pub struct Posted {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// In the order in which they came.
    order: VecDeque<(Instant, EntryId)>,
    posts: HashMap<EntryId, Post>,
}

struct Post {
    session: SessionId,
    /// Where and what, where it must not be said twice.
    said: Option<(ChatId, blake3::Hash)>,
}

impl Posted {
    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((at, id)) = state.order.front().copied()
            && (at.elapsed() >= TIME || state.order.len() > POSTS)
        {
            state.order.pop_front();
            state.posts.remove(&id);
        }
        state
    }

    fn keep(&self, session: SessionId, entry: EntryId, said: Option<(ChatId, blake3::Hash)>) {
        let mut state = self.state();
        if state.posts.insert(entry, Post { session, said }).is_none() {
            state.order.push_back((Instant::now(), entry));
        }
    }

    /// A session is about to post this by REST.
    pub fn post(&self, session: SessionId, chat: ChatId, entry: EntryId, content: &str) {
        let said = (chat, blake3::hash(content.as_bytes()));
        self.keep(session, entry, Some(said));
    }

    /// What a session was about to post was refused: it may be said otherwise.
    pub fn forget(&self, entry: EntryId) {
        self.state().posts.remove(&entry);
    }

    /// A session is about to post this on its socket.
    pub fn say(&self, session: SessionId, entry: EntryId) {
        self.keep(session, entry, None);
    }

    /// Whether this session posted this entry lately.
    pub fn is_by(&self, session: SessionId, entry: EntryId) -> bool {
        let state = self.state();
        let post = state.posts.get(&entry);
        post.is_some_and(|post| post.session == session)
    }

    /// Whether this session posted the same by REST lately.
    pub fn repeats(&self, session: SessionId, chat: ChatId, content: &str) -> bool {
        let said = (chat, blake3::hash(content.as_bytes()));
        let state = self.state();
        let mut posts = state.posts.values();
        posts.any(|post| post.session == session && post.said == Some(said))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_may_be_said_on_the_socket() {
        let posted = Posted::default();
        let (session, chat) = (SessionId::generate(), ChatId::generate());
        let (first, second) = (EntryId::generate(), EntryId::generate());
        posted.post(session, chat, first, "hello");
        assert!(posted.is_by(session, first));
        assert!(posted.repeats(session, chat, "hello"));
        assert!(!posted.repeats(SessionId::generate(), chat, "hello"));
        posted.forget(first);
        assert!(!posted.repeats(session, chat, "hello"));
        posted.say(session, second);
        assert!(!posted.repeats(session, chat, "hello"));
        assert!(posted.is_by(session, second));
    }
}
