//! Who is online, and telling those who may know: peers of private chats and
//! members of groups of up to 100.
//!
//! A node keeps the books of its own users; the [`Roster`] says who is online
//! at others. The node that sees somebody come or go asks once who may know,
//! and publishes one signal for those who are online anywhere. Where another
//! node is believed to have the user too, nobody is told, and the transition
//! names that node: if it has let the user go meanwhile, it tells.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use proto::error::WireError;
use proto::event::{Event, Presence as State, PresenceChanged};
use proto::id::UserId;
use proto::{UnixMillis, limits};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::hub::Hub;
use super::pace::Pace;
use super::receiver::Receiver;
use super::roster::Roster;
use super::{now, refuse};
use crate::bus::{Bus, Shared, Signal, Sink as _, Transition};
use crate::store::{Actor, SharedStore, UserNo};

pub(super) struct Online {
    pub(super) no: UserNo,
    pub(super) sessions: usize,
    /// Since when there is no session: instant and wall clock.
    pub(super) gone: Option<(Instant, UnixMillis)>,
}

/// The users of this node.
#[derive(Default)]
pub(super) struct Books {
    pub(super) online: HashMap<UserId, Online>,
    /// Transitions so far. It starts from the clock, so that a node that starts
    /// again goes on above its earlier number.
    pub(super) version: u64,
    /// Who came (true) or went since the other nodes' copy was written.
    pub(super) changed: HashMap<UserId, bool>,
}

/// See the module.
pub struct Presence {
    pub(super) store: SharedStore,
    pub(super) hub: Arc<Hub>,
    pub(super) bus: Arc<dyn Bus>,
    /// What nodes keep together; none where there is one node.
    pub(super) shared: Option<Arc<dyn Shared>>,
    pub(super) roster: Arc<Roster>,
    pub(super) pace: Pace,
    books: Mutex<Books>,
    wake: Notify,
    /// The books changed.
    pub(super) changed: Notify,
    pub(super) telling: super::heartbeat::Telling,
}

impl Presence {
    /// Nobody online.
    pub fn new(store: SharedStore, receiver: &Receiver, bus: Arc<dyn Bus>) -> Self {
        Self {
            store,
            hub: receiver.hub().clone(),
            shared: bus.shared(),
            bus,
            roster: receiver.roster().clone(),
            pace: *receiver.pace(),
            books: Mutex::new(Books {
                version: now() as u64 * 1000,
                ..Books::default()
            }),
            wake: Notify::new(),
            changed: Notify::new(),
            telling: super::heartbeat::Telling::default(),
        }
    }

    pub(super) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a user counts as online, at whatever node.
    pub fn is_online(&self, user: UserId) -> bool {
        self.is_here(user) || self.roster.elsewhere(user).is_some()
    }

    /// Whether a user counts as online at this node.
    pub(super) fn is_here(&self, user: UserId) -> bool {
        self.books().online.contains_key(&user)
    }

    /// Whether an event for this user reaches a session, at whatever node.
    pub(super) fn is_reached(&self, user: UserId) -> bool {
        self.hub.is_online(user) || self.roster.elsewhere(user).is_some()
    }

    /// A live session of this user began. Returns whether they came online.
    pub fn connected(&self, actor: Actor) -> bool {
        let mut books = self.books();
        let known = books.online.len();
        let user = books.online.entry(actor.id).or_insert(Online {
            no: actor.no,
            sessions: 0,
            gone: None,
        });
        user.sessions += 1;
        user.gone = None;
        let came = books.online.len() > known;
        if !came || self.shared.is_none() {
            return came;
        }
        let transition = self.note(&mut books, actor.id, true);
        // Published under the lock: the numbers go out in their order.
        self.bus.publish(vec![Signal::Presence(transition)]);
        transition.relied.is_none()
    }

    /// Counts a transition of this node.
    fn note(&self, books: &mut Books, user: UserId, online: bool) -> Transition {
        books.version += 1;
        books.changed.insert(user, online);
        self.changed.notify_one();
        Transition {
            user,
            node: self.roster.me(),
            online,
            version: books.version,
            relied: self.roster.elsewhere(user),
        }
    }

    /// A live session of this user ended.
    pub fn disconnected(&self, user: UserId) {
        if let Some(online) = self.books().online.get_mut(&user) {
            online.sessions = online.sessions.saturating_sub(1);
            if online.sessions == 0 {
                online.gone = Some((Instant::now(), now()));
                self.wake.notify_one();
            }
        }
    }

    /// Users of whom it is not known that they are here: they have the usual
    /// grace to come back.
    pub(super) fn take_over(&self, users: impl IntoIterator<Item = Actor>) {
        let mut books = self.books();
        let gone = (Instant::now(), now());
        for actor in users {
            books.online.entry(actor.id).or_insert(Online {
                no: actor.no,
                sessions: 0,
                gone: Some(gone),
            });
        }
        self.wake.notify_one();
    }

    /// Tells those who may know.
    ///
    /// # Errors
    ///
    /// Where the store fails.
    pub async fn announce(&self, actor: Actor) -> Result<(), WireError> {
        let state = self.state(actor.id, None);
        self.tell(actor.no, state).await
    }

    pub(super) async fn tell(&self, user: UserNo, state: State) -> Result<(), WireError> {
        if self.shared.is_some() {
            self.telling.told(state.user);
        }
        let told = self.telling_whom(user, state, |other| self.is_reached(other));
        if let Some(signal) = told.await? {
            self.bus.publish(vec![signal]);
        }
        Ok(())
    }

    /// Tells those who are at this node.
    pub(super) async fn tell_here(&self, user: UserNo, state: State) -> Result<(), WireError> {
        let told = self.telling_whom(user, state, |other| self.hub.is_online(other));
        if let Some(signal) = told.await? {
            self.hub.deliver(vec![signal]);
        }
        Ok(())
    }

    async fn telling_whom(
        &self,
        user: UserNo,
        state: State,
        is_reached: impl Fn(UserId) -> bool,
    ) -> Result<Option<Signal>, WireError> {
        let who = self
            .store
            .acquaintances(user, limits::PRESENCE_MEMBERS as u32)
            .await
            .map_err(refuse)?;
        let users: Vec<UserId> = who
            .into_iter()
            .map(|other| other.id)
            .filter(|other| is_reached(*other))
            .collect();
        // They may have come or gone meanwhile, and whoever saw that may have
        // told it already: the last word is to be what is so now.
        let state = self.state(state.user, state.last_seen);
        let event = Event::Presence(PresenceChanged {
            users: vec![state],
            snapshot: false,
        });
        Ok((!users.is_empty()).then_some(Signal::ToUsers { users, event }))
    }

    pub(super) fn state(&self, user: UserId, last_seen: Option<UnixMillis>) -> State {
        let online = self.is_online(user);
        State::new(user, online, last_seen.filter(|_| !online))
    }

    /// Everybody whose presence this user may see.
    ///
    /// # Errors
    ///
    /// Where the store fails.
    pub async fn snapshot(&self, actor: Actor) -> Result<PresenceChanged, WireError> {
        let who = self
            .store
            .acquaintances(actor.no, limits::PRESENCE_MEMBERS as u32)
            .await
            .map_err(refuse)?;
        if self.shared.is_some() {
            self.roster.show(who.iter().map(|other| other.id));
        }
        let users = who
            .iter()
            .map(|other| self.state(other.id, other.last_seen))
            .collect();
        Ok(PresenceChanged {
            users,
            snapshot: true,
        })
    }

    /// Takes users offline when their grace is over, until cancelled; then all
    /// who are left. Among several nodes it also gives signs of life and
    /// watches those of the others.
    pub async fn run(&self, stop: CancellationToken) {
        match self.shared.clone() {
            None => {
                self.expire_until(&stop).await;
                self.expire(true).await;
            }
            Some(shared) => {
                tokio::join!(
                    self.expire_until(&stop),
                    self.beat_until(&*shared, &stop),
                    self.tell_until(&stop),
                );
                self.leave(&*shared).await;
            }
        }
    }

    async fn expire_until(&self, stop: &CancellationToken) {
        loop {
            let next = self.expire(false).await;
            tokio::select! {
                () = async {
                    match next {
                        Some(at) => tokio::time::sleep_until(at).await,
                        None => self.wake.notified().await,
                    }
                } => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Takes those off the books whose grace is over. Returns when the next
    /// one's will be.
    fn overdue(&self, all: bool) -> (Vec<(UserId, UserNo, UnixMillis)>, Option<Instant>) {
        let at = Instant::now();
        let grace: Duration = self.pace.grace;
        let mut next: Option<Instant> = None;
        let mut over = Vec::new();
        let mut books = self.books();
        books.online.retain(|id, user| {
            let gone = match user.gone {
                Some((since, seen)) if all || at >= since + grace => Some(seen),
                Some((since, _)) => {
                    next = Some(next.map_or(since + grace, |soonest| soonest.min(since + grace)));
                    None
                }
                None => all.then(now),
            };
            if let Some(seen) = gone {
                over.push((*id, user.no, seen));
            }
            gone.is_none()
        });
        if self.shared.is_some() && !all && !over.is_empty() {
            let transitions = over
                .iter()
                .map(|(id, ..)| Signal::Presence(self.note(&mut books, *id, false)))
                .collect();
            self.bus.publish(transitions);
        }
        (over, next)
    }

    async fn expire(&self, all: bool) -> Option<Instant> {
        let (over, next) = self.overdue(all);
        if over.is_empty() {
            return next;
        }
        let seen = over.iter().map(|(_, no, seen)| (*no, *seen)).collect();
        if let Err(error) = self.store.set_last_seen(seen).await {
            tracing::warn!(%error, "last seen not written");
        }
        for (id, no, seen) in over {
            let state = self.state(id, Some(seen));
            // Online elsewhere: nothing changed for those who may know.
            if state.online && self.shared.is_some() {
                continue;
            }
            if let Err(error) = self.tell(no, state).await {
                tracing::warn!(%error, "presence not told");
                self.telling.again(id);
            }
        }
        next
    }

    /// Goes without telling anybody: those who come back at another node in
    /// time were never away, and the other nodes tell of the rest.
    async fn leave(&self, shared: &dyn Shared) {
        let (over, _) = self.overdue(true);
        let seen = over.iter().map(|(_, no, seen)| (*no, *seen)).collect();
        if let Err(error) = self.store.set_last_seen(seen).await {
            tracing::warn!(%error, "last seen not written");
        }
        // Where the bus is not reached, the node's life ends by itself.
        if let Err(error) = shared.leave(self.pace.grace).await {
            tracing::debug!(%error, "the other nodes were not told");
        }
    }
}
