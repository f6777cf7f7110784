//! Which sessions of this node listen to what, the fan-out to them, and how far
//! each log was told here, for the comparison with the store.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use proto::Seq;
use proto::entry::account_kind;
use proto::error::{ErrorCode, WireError};
use proto::event::{AccountChanged, ChatEntry, Event, Head};
use proto::id::{ChatId, SessionId, UserId};

use super::news::News;
use crate::bus::{Signal, Sink};

/// A signed-in session. Implementations must not block.
pub trait Listener: Send + Sync {
    /// Whether it wants events; others are only told when they end.
    fn is_live(&self) -> bool;
    /// Whose.
    fn user(&self) -> UserId;
    /// Which signed-in device.
    fn session(&self) -> SessionId;
    /// Queues an event, shared by all who get it.
    fn push(&self, news: &Arc<News>);
    /// Ends the connection with a reason.
    fn end(&self, why: WireError);
}

/// A listener shared by the hub and its session.
pub type SharedListener = Arc<dyn Listener>;

/// The registry. Its lock is held for the length of one fan-out and never
/// across an await.
#[derive(Default)]
pub struct Hub {
    inner: RwLock<Inner>,
    /// An entry may come more than once; only the first one is told.
    repeats: AtomicBool,
}

#[derive(Default)]
struct Inner {
    users: HashMap<UserId, Own>,
    chats: HashMap<ChatId, Listened>,
}

/// The sessions of one user.
struct Own {
    sessions: Vec<Attached>,
    /// The account's log was told up to here without a gap; [`UNKNOWN`] while
    /// no session is live.
    account: AtomicU64,
}

/// Where a log stands that nobody has asked about.
const UNKNOWN: u64 = u64::MAX;

/// Who listens to a chat, and what was told.
#[derive(Default)]
struct Listened {
    sessions: Vec<SharedListener>,
    told: Told,
}

/// How far a chat was told. All of it only grows.
#[derive(Default)]
struct Told {
    seq: AtomicU64,
    cursor_rev: AtomicU64,
    /// The cursor revision up to which nothing can have been missed.
    settled: AtomicU64,
    /// The lowest floor that somebody may still believe in.
    floor: AtomicU64,
}

/// A chat that somebody here listens to, and how far it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatchedChat {
    /// Which.
    pub chat: ChatId,
    /// The latest entry told.
    pub seq: Seq,
    /// The latest cursor revision told.
    pub cursor_rev: u64,
    /// The cursor revision up to which nothing can have been missed.
    pub settled: u64,
    /// The floor that was told.
    pub floor: Seq,
}

/// All that this node's sessions depend on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Watched {
    /// Chats that are listened to.
    pub chats: Vec<WatchedChat>,
    /// Users with live sessions, and how far their account's log was told.
    pub accounts: Vec<(UserId, Seq)>,
    /// Sessions, live or not.
    pub sessions: Vec<(UserId, SessionId)>,
}

/// A session and the chats it listens to, so that forgetting it looks at no
/// others.
struct Attached {
    listener: SharedListener,
    chats: HashSet<ChatId>,
    /// Chats left since it last began to listen: heads read meanwhile may still
    /// name them.
    left: HashSet<ChatId>,
}

impl Hub {
    /// From now on entries come in order, and some more than once: from the bus
    /// and from the comparison with the store.
    pub(super) fn expect_repeats(&self) {
        self.repeats.store(true, Ordering::Relaxed);
    }

    /// An empty hub.
    pub fn new() -> Self {
        Self::default()
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a session for what concerns its user.
    pub fn attach(&self, listener: &SharedListener) {
        let mut inner = self.write();
        let own = &mut inner
            .users
            .entry(listener.user())
            .or_insert_with(|| Own {
                sessions: Vec::new(),
                account: AtomicU64::new(UNKNOWN),
            })
            .sessions;
        if !own
            .iter()
            .any(|known| Arc::ptr_eq(&known.listener, listener))
        {
            own.push(Attached {
                listener: listener.clone(),
                chats: HashSet::new(),
                left: HashSet::new(),
            });
        }
    }

    /// Registers an attached session for what happens in chats from these
    /// heads on, and in its account from `account_seq` on.
    pub fn listen(&self, listener: &SharedListener, account_seq: Seq, heads: &[Head]) {
        let mut guard = self.write();
        let inner = &mut *guard;
        let Some(own) = inner.users.get_mut(&listener.user()) else {
            return;
        };
        let Some(attached) = own
            .sessions
            .iter_mut()
            .find(|known| Arc::ptr_eq(&known.listener, listener))
        else {
            return;
        };
        // Where others listen already, what they were told counts: it may be
        // less.
        let account = own.account.get_mut();
        if *account == UNKNOWN {
            *account = account_seq;
        }
        let left = std::mem::take(&mut attached.left);
        for head in heads {
            if !left.contains(&head.chat) && attached.chats.insert(head.chat) {
                let listened = inner.chats.entry(head.chat).or_insert_with(|| Listened {
                    sessions: Vec::new(),
                    told: Told {
                        seq: head.seq.into(),
                        cursor_rev: head.cursor_rev.into(),
                        settled: head.cursor_rev.into(),
                        floor: head.floor.into(),
                    },
                });
                // A member's own floor may be above the chat's.
                listened.told.floor.fetch_min(head.floor, Ordering::Relaxed);
                listened.sessions.push(listener.clone());
            }
        }
    }

    /// Forgets a session.
    pub fn detach(&self, listener: &SharedListener) {
        let mut guard = self.write();
        let inner = &mut *guard;
        let Some(own) = inner.users.get_mut(&listener.user()) else {
            return;
        };
        let Some(at) = own
            .sessions
            .iter()
            .position(|known| Arc::ptr_eq(&known.listener, listener))
        else {
            return;
        };
        let attached = own.sessions.swap_remove(at);
        if own.sessions.is_empty() {
            inner.users.remove(&listener.user());
        }
        for chat in attached.chats {
            if let Some(listened) = inner.chats.get_mut(&chat) {
                let sessions = &mut listened.sessions;
                sessions.retain(|known| !Arc::ptr_eq(known, listener));
                if sessions.is_empty() {
                    inner.chats.remove(&chat);
                }
            }
        }
    }

    /// Whether a live session of this user is connected here.
    pub fn is_online(&self, user: UserId) -> bool {
        self.read()
            .users
            .get(&user)
            .is_some_and(|own| own.live().next().is_some())
    }

    /// Connections of this very session here.
    pub fn connections(&self, user: UserId, session: SessionId) -> usize {
        let inner = self.read();
        let own = inner.users.get(&user).into_iter();
        own.flat_map(|own| &own.sessions)
            .filter(|known| known.listener.session() == session)
            .count()
    }

    /// Sessions connected here.
    pub fn sessions(&self) -> usize {
        let inner = self.read();
        inner.users.values().map(|own| own.sessions.len()).sum()
    }

    /// Ends every connection.
    pub fn end_all(&self, why: &WireError) {
        for attached in self.read().users.values().flat_map(|own| &own.sessions) {
            attached.listener.end(why.clone());
        }
    }

    /// All that is to be compared with the store.
    pub fn watched(&self) -> Watched {
        let inner = self.read();
        let mut watched = Watched {
            chats: Vec::with_capacity(inner.chats.len()),
            accounts: Vec::with_capacity(inner.users.len()),
            sessions: Vec::with_capacity(inner.users.len()),
        };
        for (chat, Listened { told, .. }) in &inner.chats {
            watched.chats.push(WatchedChat {
                chat: *chat,
                seq: told.seq.load(Ordering::Relaxed),
                cursor_rev: told.cursor_rev.load(Ordering::Relaxed),
                settled: told.settled.load(Ordering::Relaxed),
                floor: told.floor.load(Ordering::Relaxed),
            });
        }
        for (user, own) in &inner.users {
            let account = own.account.load(Ordering::Relaxed);
            if account != UNKNOWN {
                watched.accounts.push((*user, account));
            }
            let sessions = own.sessions.iter().map(|known| known.listener.session());
            watched
                .sessions
                .extend(sessions.map(|session| (*user, session)));
        }
        watched
    }

    /// How far the entries of a chat were told; none where nobody listens.
    pub fn told(&self, chat: ChatId) -> Option<Seq> {
        let inner = self.read();
        let listened = inner.chats.get(&chat)?;
        Some(listened.told.seq.load(Ordering::Relaxed))
    }

    /// Notes that cursors of a chat are known up to here, with nothing missed.
    pub fn settle(&self, chat: ChatId, cursor_rev: u64) {
        if let Some(Listened { told, .. }) = self.read().chats.get(&chat) {
            told.cursor_rev.fetch_max(cursor_rev, Ordering::Relaxed);
            told.settled.fetch_max(cursor_rev, Ordering::Relaxed);
        }
    }
}

impl Own {
    fn live(&self) -> impl Iterator<Item = &SharedListener> {
        let listeners = self.sessions.iter().map(|attached| &attached.listener);
        listeners.filter(|listener| listener.is_live())
    }

    /// Account entries of one user are few and told in order; where one is
    /// missing, the comparison with the store starts from before it.
    fn note(&self, event: &Event) {
        if let Event::Account(AccountChanged { entry }) = event {
            let next = |told: u64| (told != UNKNOWN && told + 1 == entry.seq).then_some(entry.seq);
            // Anything but the next one leaves it where it is.
            let _ = self
                .account
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        }
    }
}

impl Told {
    /// Notes an event; says whether it is one that was not told before.
    fn note(&self, event: &Event) -> bool {
        match event {
            Event::Entry(ChatEntry { entry, .. }) => {
                self.seq.fetch_max(entry.seq, Ordering::Relaxed) < entry.seq
            }
            Event::Cursor(moved) => {
                self.cursor_rev
                    .fetch_max(moved.cursor_rev, Ordering::Relaxed);
                true
            }
            Event::Floor(raised) => {
                self.floor.fetch_max(raised.floor, Ordering::Relaxed);
                true
            }
            _ => true,
        }
    }
}

impl Inner {
    fn join(&mut self, user: UserId, chat: ChatId) {
        for attached in self
            .users
            .get_mut(&user)
            .into_iter()
            .flat_map(|own| &mut own.sessions)
        {
            attached.left.remove(&chat);
            if attached.listener.is_live() && attached.chats.insert(chat) {
                let listened = self.chats.entry(chat).or_default();
                listened.sessions.push(attached.listener.clone());
            }
        }
    }

    fn leave(&mut self, user: UserId, chat: ChatId) {
        for attached in self
            .users
            .get_mut(&user)
            .into_iter()
            .flat_map(|own| &mut own.sessions)
        {
            attached.chats.remove(&chat);
            attached.left.insert(chat);
        }
        if let Some(Listened { sessions, .. }) = self.chats.get_mut(&chat) {
            sessions.retain(|known| known.user() != user);
            if sessions.is_empty() {
                self.chats.remove(&chat);
            }
        }
    }

    fn push<'a>(&self, listeners: impl Iterator<Item = &'a SharedListener>, event: &Event) {
        let mut listeners = listeners.peekable();
        if listeners.peek().is_none() {
            return;
        }
        match News::new(event) {
            Ok(news) => listeners.for_each(|listener| listener.push(&news)),
            // Only a body near the limit of a frame could do this, and the
            // store refuses those; a client would see the gap and fetch it.
            Err(error) => tracing::error!(%error, "event not encoded"),
        }
    }
}

/// Who became a member of which chat (true) or is none any more. The account's
/// entry says so too: on a cluster it may come where the other was lost, and
/// what was told of an account is not looked for again.
fn membership(signal: &Signal) -> Option<(UserId, ChatId, bool)> {
    match signal {
        Signal::Joined { user, chat } => Some((*user, *chat, true)),
        Signal::Left { user, chat } => Some((*user, *chat, false)),
        Signal::ToUser {
            user,
            event: Event::Account(AccountChanged { entry }),
        } => match (entry.kind, entry.chat) {
            (account_kind::CHAT_JOINED, Some(chat)) => Some((*user, chat, true)),
            (account_kind::CHAT_LEFT, Some(chat)) => Some((*user, chat, false)),
            _ => None,
        },
        _ => None,
    }
}

impl Sink for Hub {
    fn deliver(&self, signals: Vec<Signal>) {
        // Who joined is told what follows; who left is not. Both before the
        // events of the batch, so that nobody sees what is not for them.
        if signals.iter().any(|signal| membership(signal).is_some()) {
            let mut inner = self.write();
            for (user, chat, joined) in signals.iter().filter_map(membership) {
                if joined {
                    inner.join(user, chat);
                } else {
                    inner.leave(user, chat);
                }
            }
        }
        let inner = self.read();
        for signal in &signals {
            match signal {
                Signal::ToChat {
                    chat,
                    event,
                    except,
                } => {
                    if let Some(Listened { sessions, told }) = inner.chats.get(chat) {
                        let fresh = told.note(event);
                        if !fresh && self.repeats.load(Ordering::Relaxed) {
                            continue;
                        }
                        inner.push(
                            sessions
                                .iter()
                                .filter(|listener| *except != Some(listener.user())),
                            event,
                        );
                    }
                }
                Signal::ToUser { user, event } => {
                    if let Some(own) = inner.users.get(user) {
                        own.note(event);
                        inner.push(own.live(), event);
                    }
                }
                Signal::ToUsers { users, event } => inner.push(
                    users
                        .iter()
                        .filter_map(|user| inner.users.get(user))
                        .flat_map(Own::live),
                    event,
                ),
                Signal::SessionEnded { user, session } => inner
                    .users
                    .get(user)
                    .into_iter()
                    .flat_map(|own| &own.sessions)
                    .filter(|known| known.listener.session() == *session)
                    .for_each(|known| known.listener.end(ErrorCode::Unauthenticated.into())),
                Signal::Joined { .. }
                | Signal::Left { .. }
                | Signal::Presence(_)
                | Signal::NodeGone(_) => {}
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
