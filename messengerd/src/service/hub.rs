//! Which sessions of this node listen to what, and the fan-out to them.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use proto::codec::Encoded;
use proto::error::{ErrorCode, WireError};
use proto::event::Event;
use proto::id::{ChatId, SessionId, UserId};

use crate::bus::{Signal, Sink};

/// A signed-in session. Implementations must not block.
pub trait Listener: Send + Sync {
    /// Whether it wants events; others are only told when they end.
    fn is_live(&self) -> bool;
    /// Whose.
    fn user(&self) -> UserId;
    /// Which signed-in device.
    fn session(&self) -> SessionId;
    /// Queues an event, encoded once for all who get it.
    fn push(&self, event: &Encoded);
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
}

#[derive(Default)]
struct Inner {
    users: HashMap<UserId, Vec<Attached>>,
    chats: HashMap<ChatId, Vec<SharedListener>>,
}

/// A session and the chats it listens to, so that forgetting it looks at no
/// others.
struct Attached {
    listener: SharedListener,
    chats: HashSet<ChatId>,
}

impl Hub {
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
        let own = inner.users.entry(listener.user()).or_default();
        if !own
            .iter()
            .any(|known| Arc::ptr_eq(&known.listener, listener))
        {
            own.push(Attached {
                listener: listener.clone(),
                chats: HashSet::new(),
            });
        }
    }

    /// Registers an attached session for what happens in chats.
    pub fn listen(&self, listener: &SharedListener, chats: impl IntoIterator<Item = ChatId>) {
        let mut guard = self.write();
        let inner = &mut *guard;
        let own = inner.users.get_mut(&listener.user()).into_iter().flatten();
        if let Some(attached) = own
            .into_iter()
            .find(|known| Arc::ptr_eq(&known.listener, listener))
        {
            for chat in chats {
                if attached.chats.insert(chat) {
                    inner.chats.entry(chat).or_default().push(listener.clone());
                }
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
            .iter()
            .position(|known| Arc::ptr_eq(&known.listener, listener))
        else {
            return;
        };
        let attached = own.swap_remove(at);
        if own.is_empty() {
            inner.users.remove(&listener.user());
        }
        for chat in attached.chats {
            if let Some(listeners) = inner.chats.get_mut(&chat) {
                listeners.retain(|known| !Arc::ptr_eq(known, listener));
                if listeners.is_empty() {
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
            .is_some_and(|own| own.iter().any(|attached| attached.listener.is_live()))
    }

    /// Sessions connected here.
    pub fn sessions(&self) -> usize {
        self.read().users.values().map(Vec::len).sum()
    }

    /// Ends every connection.
    pub fn end_all(&self, why: &WireError) {
        for attached in self.read().users.values().flatten() {
            attached.listener.end(why.clone());
        }
    }
}

impl Inner {
    fn join(&mut self, user: UserId, chat: ChatId) {
        for attached in self.users.get_mut(&user).into_iter().flatten() {
            if attached.listener.is_live() && attached.chats.insert(chat) {
                self.chats
                    .entry(chat)
                    .or_default()
                    .push(attached.listener.clone());
            }
        }
    }

    fn leave(&mut self, user: UserId, chat: ChatId) {
        for attached in self.users.get_mut(&user).into_iter().flatten() {
            attached.chats.remove(&chat);
        }
        if let Some(listeners) = self.chats.get_mut(&chat) {
            listeners.retain(|known| known.user() != user);
            if listeners.is_empty() {
                self.chats.remove(&chat);
            }
        }
    }

    fn push<'a>(&self, listeners: impl Iterator<Item = &'a SharedListener>, event: &Event) {
        let mut listeners = listeners.peekable();
        if listeners.peek().is_none() {
            return;
        }
        match event.encode() {
            Ok(encoded) => listeners.for_each(|listener| listener.push(&encoded)),
            // Only a body near the limit of a frame could do this, and the
            // store refuses those; a client would see the gap and fetch it.
            Err(error) => tracing::error!(%error, "event not encoded"),
        }
    }
}

impl Sink for Hub {
    fn deliver(&self, signals: Vec<Signal>) {
        // Who joined is told what follows; who left is not. Both before the
        // events of the batch, so that nobody sees what is not for them.
        if signals
            .iter()
            .any(|signal| matches!(signal, Signal::Joined { .. } | Signal::Left { .. }))
        {
            let mut inner = self.write();
            for signal in &signals {
                match signal {
                    Signal::Joined { user, chat } => inner.join(*user, *chat),
                    Signal::Left { user, chat } => inner.leave(*user, *chat),
                    _ => {}
                }
            }
        }
        let inner = self.read();
        let own = |user: &UserId| {
            inner
                .users
                .get(user)
                .into_iter()
                .flatten()
                .map(|attached| &attached.listener)
        };
        for signal in &signals {
            match signal {
                Signal::ToChat {
                    chat,
                    event,
                    except,
                } => {
                    let listeners = inner.chats.get(chat).into_iter().flatten();
                    inner.push(
                        listeners.filter(|listener| *except != Some(listener.user())),
                        event,
                    );
                }
                Signal::ToUser { user, event } => {
                    inner.push(own(user).filter(|listener| listener.is_live()), event)
                }
                Signal::ToUsers { users, event } => inner.push(
                    users
                        .iter()
                        .flat_map(own)
                        .filter(|listener| listener.is_live()),
                    event,
                ),
                Signal::SessionEnded { user, session } => own(user)
                    .filter(|listener| listener.session() == *session)
                    .for_each(|listener| listener.end(ErrorCode::Unauthenticated.into())),
                Signal::Joined { .. } | Signal::Left { .. } => {}
            }
        }
    }
}
