//! Who is online here, idle or not, and when they are not any more.
//!
//! A node keeps the books of its own users; the [`Roster`] says who is online
//! at others. The node that sees somebody come, go or turn idle tells those who
//! may know (see `telling`), unless others see no difference: then nobody is
//! told, and the transition names the node where the user is online all the
//! same. If that has let the user go meanwhile, it tells.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use proto::UnixMillis;
use proto::id::UserId;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::choices::{Choice, Choices};
use super::cursors::Cursors;
use super::hub::Hub;
use super::lapses::Lapses;
use super::now;
use super::pace::Pace;
use super::receiver::Receiver;
use super::roster::Roster;
use super::telling::Telling;
use crate::bus::{Bus, Shared, Signal, Transition};
use crate::store::{Actor, SharedStore, StoreError, UserNo};

/// Users looked up at once.
pub(super) const LOOK_UP: usize = 500;

/// A user of this node.
pub(super) struct Online {
    pub(super) no: UserNo,
    pub(super) sessions: usize,
    /// Sessions among them at which nobody is.
    idle_sessions: usize,
    /// Whether they count as idle here.
    pub(super) idle: bool,
    /// Since when that is so.
    pub(super) turned: Instant,
    /// Since when the last session with somebody at it is gone, while others
    /// are left: it may be back at once.
    lingers: Option<Instant>,
    /// Since when there is no session: instant and wall clock.
    gone: Option<(Instant, UnixMillis)>,
}

impl Online {
    fn new(no: UserNo) -> Self {
        Self {
            no,
            sessions: 0,
            idle_sessions: 0,
            idle: false,
            turned: Instant::now(),
            lingers: None,
            gone: None,
        }
    }

    /// Decides anew whether they are idle here. Who has no session stays as
    /// they were.
    fn turn(&mut self) {
        if self.sessions == 0 {
            return;
        }
        let idle = self.idle_sessions >= self.sessions && self.lingers.is_none();
        if idle != self.idle {
            self.idle = idle;
            self.turned = Instant::now();
        }
    }
}

/// The users of this node.
#[derive(Default)]
pub(super) struct Books {
    pub(super) online: HashMap<UserId, Online>,
    /// Transitions so far. It starts from the clock, so that a node that starts
    /// again goes on above its earlier number.
    pub(super) version: u64,
    /// Who is otherwise than when the other nodes' copy was written: whether
    /// they were idle then, or none where they were not there.
    pub(super) changed: HashMap<UserId, Option<bool>>,
}

/// See the module.
pub struct Presence {
    pub(super) store: SharedStore,
    pub(super) hub: Arc<Hub>,
    pub(super) bus: Arc<dyn Bus>,
    /// What nodes keep together; none where there is one node.
    pub(super) shared: Option<Arc<dyn Shared>>,
    pub(super) roster: Arc<Roster>,
    pub(super) choices: Arc<Choices>,
    pub(super) cursors: Arc<Cursors>,
    pub(super) pace: Pace,
    books: Mutex<Books>,
    wake: Notify,
    /// The books changed.
    pub(super) changed: Notify,
    pub(super) telling: Telling,
    pub(super) lapses: Lapses,
}

/// Somebody whose grace is over.
struct Gone {
    user: Actor,
    /// When they were last here.
    seen: UnixMillis,
    /// Whether others see a difference.
    news: bool,
}

/// What a look at the books brought.
#[derive(Default)]
struct Overdue {
    gone: Vec<Gone>,
    /// Who turned idle, as others see it.
    turned: Vec<Actor>,
    /// When to look again.
    next: Option<Instant>,
}

impl Overdue {
    fn later(&mut self, at: Instant) {
        self.next = Some(self.next.map_or(at, |soonest| soonest.min(at)));
    }
}

impl Presence {
    /// Nobody online.
    pub fn new(
        store: SharedStore,
        receiver: &Receiver,
        bus: Arc<dyn Bus>,
        cursors: Arc<Cursors>,
    ) -> Self {
        Self {
            store,
            hub: receiver.hub().clone(),
            shared: bus.shared(),
            bus,
            roster: receiver.roster().clone(),
            choices: receiver.choices().clone(),
            cursors,
            pace: *receiver.pace(),
            books: Mutex::new(Books {
                version: now() as u64 * 1000,
                ..Books::default()
            }),
            wake: Notify::new(),
            changed: Notify::new(),
            telling: Telling::default(),
            lapses: Lapses::default(),
        }
    }

    pub(super) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a user is idle at every node where they count as online; none
    /// where that is nowhere.
    pub fn idle(&self, user: UserId) -> Option<bool> {
        self.idle_by(&self.books(), user)
    }

    fn idle_by(&self, books: &Books, user: UserId) -> Option<bool> {
        let here = books.online.get(&user).map(|known| known.idle);
        match (here, self.roster.idle_elsewhere(user)) {
            (Some(here), Some(there)) => Some(here && there),
            (here, there) => here.or(there),
        }
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

    /// A live session of this user began. Returns whether that is news to
    /// others, for [`Presence::announce`].
    pub fn connected(&self, actor: Actor) -> bool {
        let mut books = self.books();
        let before = self.idle_by(&books, actor.id);
        let here = books.online.get(&actor.id).map(|known| known.idle);
        let user = books
            .online
            .entry(actor.id)
            .or_insert_with(|| Online::new(actor.no));
        user.sessions += 1;
        user.gone = None;
        user.lingers = None;
        user.turn();
        let news = before != Some(false);
        if here != Some(false) {
            self.note(&mut books, actor.id, here, news);
        }
        news
    }

    /// Nobody is at a live session of this user any more, or somebody is again.
    /// Returns whether that is news to others.
    pub fn turned(&self, user: UserId, idle: bool) -> bool {
        let mut books = self.books();
        let before = self.idle_by(&books, user);
        let Some(known) = books.online.get_mut(&user) else {
            return false;
        };
        let here = known.idle;
        known.idle_sessions = if idle {
            known.idle_sessions + 1
        } else {
            known.idle_sessions.saturating_sub(1)
        };
        known.turn();
        if known.idle == here {
            return false;
        }
        let news = self.idle_by(&books, user) != before;
        self.note(&mut books, user, Some(here), news);
        news
    }

    /// A live session of this user ended, at which somebody was or nobody.
    pub fn disconnected(&self, user: UserId, idle: bool) {
        if let Some(online) = self.books().online.get_mut(&user) {
            online.sessions = online.sessions.saturating_sub(1);
            if idle {
                online.idle_sessions = online.idle_sessions.saturating_sub(1);
            }
            if online.sessions == 0 {
                online.gone = Some((Instant::now(), now()));
            } else if !idle && online.idle_sessions >= online.sessions {
                online.lingers = Some(Instant::now());
            } else {
                return;
            }
            self.wake.notify_one();
        }
    }

    /// Users of whom it is not known that they are here: they have the usual
    /// grace to come back.
    pub(super) fn take_over(&self, users: impl IntoIterator<Item = (Actor, bool)>) {
        let mut books = self.books();
        let gone = (Instant::now(), now());
        for (actor, idle) in users {
            books.online.entry(actor.id).or_insert_with(|| Online {
                idle,
                gone: Some(gone),
                ..Online::new(actor.no)
            });
        }
        self.wake.notify_one();
    }

    /// Counts a transition of this node and tells the others' books. It is
    /// published under the lock: the numbers go out in their order.
    fn note(&self, books: &mut Books, user: UserId, before: Option<bool>, news: bool) {
        if self.shared.is_none() {
            return;
        }
        let now = books.online.get(&user).map(|known| known.idle);
        books.version += 1;
        books.changed.entry(user).or_insert(before);
        self.changed.notify_one();
        let transition = Transition {
            user,
            node: self.roster.me(),
            online: now.is_some(),
            idle: now.unwrap_or(false),
            version: books.version,
            relied: self.roster.elsewhere(user).filter(|_| !news),
        };
        self.bus.publish(vec![Signal::Presence(transition)]);
    }

    /// Takes users offline when their grace is over, until cancelled; then all
    /// who are left. Among several nodes it also gives signs of life and
    /// watches those of the others.
    pub async fn run(&self, stop: CancellationToken) {
        match self.shared.clone() {
            None => {
                tokio::join!(
                    self.expire_until(&stop),
                    self.tell_until(&stop),
                    self.follow_until(&stop),
                );
                self.expire(true).await;
            }
            Some(shared) => {
                tokio::join!(
                    self.expire_until(&stop),
                    self.tell_until(&stop),
                    self.follow_until(&stop),
                    self.beat_until(&*shared, &stop),
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

    /// Takes those off the books whose grace is over, and finds those who are
    /// idle now as the session they were at is not coming back.
    fn overdue(&self, all: bool) -> Overdue {
        let at = Instant::now();
        let grace: Duration = self.pace.grace;
        let mut over = Overdue::default();
        let (mut gone, mut turned) = (Vec::new(), Vec::new());
        let mut books = self.books();
        books.online.retain(|id, known| {
            let user = Actor {
                no: known.no,
                id: *id,
            };
            let seen = match known.gone {
                Some((since, seen)) if all || at >= since + grace => Some(seen),
                Some((since, _)) => {
                    over.later(since + grace);
                    None
                }
                None => all.then(now),
            };
            if let Some(seen) = seen {
                gone.push((user, seen, known.idle));
                return false;
            }
            match known.lingers {
                Some(since) if at >= since + grace => {
                    known.lingers = None;
                    let before = known.idle;
                    known.turn();
                    if known.idle != before {
                        turned.push(user);
                    }
                }
                Some(since) => over.later(since + grace),
                None => {}
            }
            true
        });
        for (user, seen, idle) in gone {
            let news = match self.roster.idle_elsewhere(user.id) {
                Some(there) => there && !idle,
                None => true,
            };
            // A node that ends says nothing: see `leave`.
            if !all {
                self.note(&mut books, user.id, Some(idle), news);
            }
            over.gone.push(Gone { user, seen, news });
        }
        for user in turned {
            let news = self.roster.idle_elsewhere(user.id) != Some(false);
            self.note(&mut books, user.id, Some(false), news);
            if news {
                over.turned.push(user);
            }
        }
        over
    }

    async fn expire(&self, all: bool) -> Option<Instant> {
        let over = self.overdue(all);
        for gone in over.gone.chunks(LOOK_UP) {
            if let Err(error) = self.note_last_seen(gone).await {
                tracing::warn!(%error, "last seen not written");
            }
        }
        for Gone { user, seen, news } in over.gone {
            self.lapses.forget(user.id);
            if news && let Err(error) = self.tell(user, Some(seen), false).await {
                tracing::warn!(%error, "presence not told");
                self.telling.again(user.id);
            }
        }
        for user in over.turned {
            if let Err(error) = self.tell(user, None, false).await {
                tracing::warn!(%error, "presence not told");
                self.telling.again(user.id);
            }
        }
        over.next
    }

    /// Writes when users were last seen. Who is invisible was last seen when
    /// they chose to be, and that is written already.
    async fn note_last_seen(&self, gone: &[Gone]) -> Result<(), StoreError> {
        if gone.is_empty() {
            return Ok(());
        }
        let at = now();
        let ids = gone.iter().map(|gone| gone.user.id).collect();
        let users = self.store.users(ids, Vec::new()).await?;
        let hidden: Vec<UserNo> = users
            .iter()
            .filter(|user| Choice::of(user).is_hidden(at))
            .map(|user| user.no)
            .collect();
        let seen = gone
            .iter()
            .filter(|gone| !hidden.contains(&gone.user.no))
            .map(|gone| (gone.user.no, gone.seen));
        self.store.set_last_seen(seen.collect()).await
    }

    /// Goes without telling anybody: those who come back at another node in
    /// time were never away, and the other nodes tell of the rest.
    async fn leave(&self, shared: &dyn Shared) {
        let over = self.overdue(true);
        for gone in over.gone.chunks(LOOK_UP) {
            if let Err(error) = self.note_last_seen(gone).await {
                tracing::warn!(%error, "last seen not written");
            }
        }
        // Where the bus is not reached, the node's life ends by itself.
        if let Err(error) = shared.leave(self.pace.grace).await {
            tracing::debug!(%error, "the other nodes were not told");
        }
    }
}
