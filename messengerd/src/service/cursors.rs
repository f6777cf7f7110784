//! Read and delivered cursors on their way to the store: coalesced to at most
//! one move a second for each member of each chat, and written in batches.
//! The first move of a quiet member goes at once.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use proto::Seq;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::store::{ChatNo, CursorMove, SharedStore, UserNo};

/// At most one move a member in this time.
const INTERVAL: Duration = Duration::from_secs(1);
/// Moves that come within this time share a batch.
const GATHER: Duration = Duration::from_millis(20);
/// Moves in one batch.
const BATCH: usize = 2_000;
/// Cursors remembered before they are forgotten all at once.
const KNOWN: usize = 100_000;

type Key = (ChatNo, UserNo);

#[derive(Debug, Default, Clone, Copy)]
struct Move {
    read: Seq,
    delivered: Seq,
    /// Own messages in a row: they move the read cursor only where no message
    /// of others lies between it and them, so that writing marks nothing of
    /// others as read.
    own: Option<OwnRun>,
    /// Whether others see it, as was so lately.
    shown: bool,
}

/// Messages of one author, one right after the other.
#[derive(Debug, Clone, Copy)]
struct OwnRun {
    first_no: u64,
    last_no: u64,
    last_seq: Seq,
}

#[derive(Default)]
struct State {
    waiting: HashMap<Key, Move>,
    moved: HashMap<Key, Instant>,
    /// Up to which message members had read when that was last written or
    /// looked up. It only grows, so an old value is never too large.
    known: HashMap<Key, u64>,
}

impl State {
    fn learn(&mut self, key: Key, read_no: u64) {
        if self.known.len() >= KNOWN {
            self.known.clear();
        }
        self.known.insert(key, read_no);
    }
}

/// See the module.
pub struct Cursors {
    store: SharedStore,
    state: Mutex<State>,
    wake: Notify,
}

impl Cursors {
    /// Nothing waiting.
    pub fn new(store: SharedStore) -> Self {
        Self {
            store,
            state: Mutex::default(),
            wake: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A member has read and received up to here; `shown` is whether others
    /// see it.
    pub fn mark(&self, chat: ChatNo, user: UserNo, read: Seq, delivered: Seq, shown: bool) {
        let mut state = self.state();
        let waiting = state.waiting.entry((chat, user)).or_default();
        waiting.read = waiting.read.max(read);
        waiting.delivered = waiting.delivered.max(delivered);
        waiting.shown = shown;
        drop(state);
        self.wake.notify_one();
    }

    /// A member has written this message; `shown` is whether others see what
    /// they have read.
    pub fn wrote(&self, chat: ChatNo, user: UserNo, seq: Seq, msg_no: u64, shown: bool) {
        let mut state = self.state();
        let waiting = state.waiting.entry((chat, user)).or_default();
        waiting.shown = shown;
        match &mut waiting.own {
            None => {
                waiting.own = Some(OwnRun {
                    first_no: msg_no,
                    last_no: msg_no,
                    last_seq: seq,
                });
            }
            Some(run) if msg_no == run.last_no + 1 => {
                run.last_no = msg_no;
                run.last_seq = seq;
            }
            // Somebody wrote in between: only the first run can be adjacent.
            Some(_) => {}
        }
        drop(state);
        self.wake.notify_one();
    }

    /// Others are to see nothing any more of what somebody has read: not even
    /// what is on its way.
    pub fn hide(&self, user: UserNo) {
        for (key, waiting) in &mut self.state().waiting {
            if key.1 == user {
                waiting.shown = false;
            }
        }
    }

    /// Writes moves until cancelled, then what still waits.
    pub async fn run(&self, stop: CancellationToken) {
        loop {
            let next = self.flush(false).await;
            let due = async {
                match next {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => self.wake.notified().await,
                }
            };
            tokio::select! {
                () = due => tokio::time::sleep(GATHER).await,
                () = async { self.wake.notified().await }, if next.is_some() => tokio::time::sleep(GATHER).await,
                () = stop.cancelled() => break,
            }
        }
        self.flush(true).await;
    }

    /// Takes what is due. Returns what to write and when the rest is due.
    fn due(&self, all: bool, now: Instant) -> (Vec<(Key, Move)>, Option<Instant>) {
        let mut state = self.state();
        state
            .moved
            .retain(|_, at| now.duration_since(*at) < INTERVAL);
        let State { waiting, moved, .. } = &mut *state;
        let mut due = Vec::new();
        let mut next: Option<Instant> = None;
        waiting.retain(|key, waiting| {
            let at = if all {
                None
            } else {
                moved.get(key).map(|at| *at + INTERVAL)
            };
            match at {
                Some(at) => {
                    next = Some(next.map_or(at, |soonest| soonest.min(at)));
                    true
                }
                None => {
                    due.push((*key, *waiting));
                    false
                }
            }
        });
        for (key, _) in &due {
            moved.insert(*key, now);
        }
        (due, next)
    }

    async fn flush(&self, all: bool) -> Option<Instant> {
        let (due, next) = self.due(all, Instant::now());
        for chunk in due.chunks(BATCH) {
            let mut moves = Vec::with_capacity(chunk.len());
            for ((chat, user), waiting) in chunk {
                let read = waiting.read.max(self.adjacent(*chat, *user, waiting).await);
                let own = waiting.own.map_or(0, |run| run.last_seq);
                let delivered = waiting.delivered.max(own);
                moves.push(CursorMove {
                    chat: *chat,
                    user: *user,
                    read,
                    delivered,
                    shown: waiting.shown,
                });
            }
            match self.store.move_cursors(moves).await {
                Ok(moved) => {
                    let mut state = self.state();
                    for cursor in moved {
                        state.learn((cursor.chat, cursor.user), cursor.read_no);
                    }
                }
                // Clients keep their own cursors and send them again when they
                // see that the server's are behind.
                Err(error) => tracing::warn!(%error, "cursors not written"),
            }
        }
        next
    }

    /// The end of a run of own messages, where the reader stands before it.
    async fn adjacent(&self, chat: ChatNo, user: UserNo, waiting: &Move) -> Seq {
        let Some(run) = waiting.own else {
            return 0;
        };
        let known = self.state().known.get(&(chat, user)).copied();
        if known.is_some_and(|read_no| read_no + 1 >= run.first_no) {
            return run.last_seq;
        }
        match self.store.head(chat, user).await {
            Ok(Some(head)) => {
                self.state().learn((chat, user), head.read_no);
                if head.read_no + 1 >= run.first_no {
                    run.last_seq
                } else {
                    0
                }
            }
            Ok(None) => 0,
            Err(error) => {
                tracing::warn!(%error, "cursor not read");
                0
            }
        }
    }
}
