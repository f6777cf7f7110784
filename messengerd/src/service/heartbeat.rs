//! A node among others: its signs of life, what it learns from theirs, and
//! telling what it saw.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use proto::UnixMillis;
use proto::id::UserId;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::now;
use super::presence::Presence;
use crate::bus::{Beat, BusError, Pulse, Shared, Signal};
use crate::store::{Actor, StoreError};

/// Users looked up at once.
const LOOK_UP: usize = 500;
/// What was told this long before the bus came back may not have arrived: a
/// server that hangs is noticed after about half of it.
const UNCERTAIN: Duration = Duration::from_secs(10);
/// Pause after a failure of the store.
const PAUSE: Duration = Duration::from_secs(1);

/// Whom others are to be told of.
#[derive(Default)]
pub(super) struct Telling {
    state: Mutex<State>,
    wake: Notify,
}

#[derive(Default)]
struct State {
    /// To be told, with when they were last seen where that is to be written.
    due: HashMap<UserId, Option<UnixMillis>>,
    /// Told lately, or while other nodes were not reached.
    told: HashMap<UserId, Instant>,
}

impl Telling {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A user was told of.
    pub(super) fn told(&self, user: UserId) {
        self.state().told.insert(user, Instant::now());
    }

    /// A user is to be told of once more.
    pub(super) fn again(&self, user: UserId) {
        self.add([(user, None)]);
    }

    fn add(&self, users: impl IntoIterator<Item = (UserId, Option<UnixMillis>)>) {
        let mut state = self.state();
        for (user, seen) in users {
            let due = state.due.entry(user).or_default();
            *due = seen.or(*due);
            self.wake.notify_one();
        }
    }

    /// The bus is back: what was told before is told again.
    fn repeat(&self) {
        let mut state = self.state();
        for user in std::mem::take(&mut state.told).into_keys() {
            state.due.entry(user).or_default();
        }
        self.wake.notify_one();
    }

    fn take(&self) -> HashMap<UserId, Option<UnixMillis>> {
        std::mem::take(&mut self.state().due)
    }

    /// Forgets what has arrived by now.
    fn settle(&self) {
        self.state().told.retain(|_, at| at.elapsed() < UNCERTAIN);
    }
}

impl Presence {
    /// Gives signs of life until cancelled.
    pub(super) async fn beat_until(&self, shared: &dyn Shared, stop: &CancellationToken) {
        let mut taken_over = false;
        // The other nodes' copy of the books is to be written as a whole.
        let mut anew = true;
        // From when on a node without a sign of life is dead: after the bus
        // came back, all get the time to give one.
        let mut certain: Option<Instant> = None;
        loop {
            let beat = async {
                if !taken_over {
                    self.take_over_earlier(shared).await?;
                    taken_over = true;
                }
                let (beat, kept) = self.next_beat(anew);
                // A failed one leaves the copy unknown.
                anew = true;
                let pulse = shared.beat(beat).await?;
                anew = pulse.kept != kept;
                Ok::<Pulse, BusError>(pulse)
            };
            let pulse = tokio::select! {
                pulse = beat => pulse,
                () = stop.cancelled() => return,
            };
            match pulse {
                Ok(pulse) => {
                    let certain = *certain.get_or_insert_with(|| Instant::now() + self.pace.life);
                    if pulse.buried {
                        self.come_back();
                    }
                    self.follow(shared, pulse, Instant::now() >= certain).await;
                    if self.roster.arrives() {
                        self.telling.settle();
                    }
                }
                Err(error) => {
                    tracing::debug!(%error, "no sign of life given");
                    certain = None;
                }
            }
            let next = Instant::now() + self.pace.beat;
            tokio::select! {
                () = tokio::time::sleep_until(next) => {}
                // Changes that come together are written together.
                () = self.changed.notified() => {
                    tokio::select! {
                        () = tokio::time::sleep(self.pace.beat / 20) => {}
                        () = stop.cancelled() => return,
                    }
                }
                () = stop.cancelled() => return,
            }
        }
    }

    /// A node that was started again soon after its end has its users still,
    /// for the time of grace.
    async fn take_over_earlier(&self, shared: &dyn Shared) -> Result<(), BusError> {
        let Some((_, users)) = shared.users_at(self.roster.me()).await? else {
            return Ok(());
        };
        for chunk in users.chunks(LOOK_UP) {
            match self.store.users(chunk.to_vec(), Vec::new()).await {
                Ok(found) => self.take_over(found.into_iter().map(|user| Actor {
                    no: user.no,
                    id: user.id,
                })),
                Err(error) => tracing::warn!(%error, "earlier users not taken over"),
            }
        }
        Ok(())
    }

    /// The next sign of life, and how many users the copy will hold.
    fn next_beat(&self, anew: bool) -> (Beat, usize) {
        let mut books = self.books();
        let changed = std::mem::take(&mut books.changed);
        let mut beat = Beat {
            version: books.version,
            life: self.pace.life,
            ..Beat::default()
        };
        if anew {
            beat.all = Some(books.online.keys().copied().collect());
        } else {
            for (user, came) in changed {
                if came {
                    beat.came.push(user);
                } else {
                    beat.went.push(user);
                }
            }
        }
        (beat, books.online.len())
    }

    /// The others had declared this node dead: what they told is not so.
    fn come_back(&self) {
        tracing::warn!("this node was taken for dead; its users are online again");
        let users: Vec<UserId> = self.books().online.keys().copied().collect();
        self.telling.add(users.into_iter().map(|user| (user, None)));
    }

    async fn follow(&self, shared: &dyn Shared, pulse: Pulse, certain: bool) {
        let mut nodes: HashMap<Uuid, Option<u64>> = pulse.others.into_iter().collect();
        for known in self.roster.nodes() {
            nodes.entry(known).or_default();
        }
        for (node, version) in nodes {
            let followed = match version {
                Some(version) if self.roster.wants(node, version) => self.load(shared, node).await,
                Some(_) => Ok(()),
                None if certain => self.bury(shared, node).await,
                None => Ok(()),
            };
            if let Err(error) = followed {
                tracing::debug!(%error, "another node's users are not known");
                return;
            }
        }
    }

    async fn load(&self, shared: &dyn Shared, node: Uuid) -> Result<(), BusError> {
        if let Some((version, users)) = shared.users_at(node).await? {
            let watched = self.hub.sessions() > 0;
            self.roster.load(node, version, users, watched);
        }
        Ok(())
    }

    /// Lets go of a dead node's users; the first node to do so tells of those
    /// who are nowhere else.
    async fn bury(&self, shared: &dyn Shared, node: Uuid) -> Result<(), BusError> {
        let first = shared.bury(node).await?;
        let gone = self.roster.forget(node);
        if first {
            tracing::info!(users = gone.len(), "another node is gone");
            // All let go of the users before anybody is told.
            self.bus.publish(vec![Signal::NodeGone(node)]);
            let seen = Some(now());
            let gone = gone.into_iter().filter(|user| !self.is_here(*user));
            self.telling.add(gone.map(|user| (user, seen)));
        }
        Ok(())
    }

    /// Tells of users who are due until cancelled.
    pub(super) async fn tell_until(&self, stop: &CancellationToken) {
        loop {
            tokio::select! {
                () = self.telling.wake.notified() => {}
                () = self.roster.asked.notified() => {}
                () = stop.cancelled() => return,
            }
            if self.roster.take_back() {
                self.telling.repeat();
            }
            let asked = self.roster.take_asked();
            let asked = asked.into_iter().filter(|user| !self.is_here(*user));
            self.telling.add(asked.map(|user| (user, None)));
            let here: Vec<UserId> = self.roster.take_here().into_iter().collect();
            for chunk in here.chunks(LOOK_UP) {
                if let Err(error) = self.tell_here_of(chunk).await {
                    tracing::warn!(%error, "presence not told");
                }
            }
            let due: Vec<_> = self.telling.take().into_iter().collect();
            for chunk in due.chunks(LOOK_UP) {
                let told = tokio::select! {
                    told = self.tell_of(chunk) => told,
                    () = stop.cancelled() => return,
                };
                if let Err(error) = told {
                    tracing::warn!(%error, "presence not told");
                    self.telling.add(chunk.iter().copied());
                    tokio::select! {
                        () = tokio::time::sleep(PAUSE) => {}
                        () = stop.cancelled() => return,
                    }
                }
            }
        }
    }

    async fn tell_here_of(&self, users: &[UserId]) -> Result<(), StoreError> {
        for user in self.store.users(users.to_vec(), Vec::new()).await? {
            let state = self.state(user.id, user.last_seen);
            if let Err(error) = self.tell_here(user.no, state).await {
                tracing::warn!(%error, "presence not told");
            }
        }
        Ok(())
    }

    async fn tell_of(&self, due: &[(UserId, Option<UnixMillis>)]) -> Result<(), StoreError> {
        let ids = due.iter().map(|(user, _)| *user).collect();
        let due: HashMap<UserId, Option<UnixMillis>> = due.iter().copied().collect();
        let users = self.store.users(ids, Vec::new()).await?;
        let seen: Vec<_> = users
            .iter()
            .filter_map(|user| Some((user.no, due.get(&user.id).copied().flatten()?)))
            .collect();
        if !seen.is_empty() {
            self.store.set_last_seen(seen).await?;
        }
        let mut failed = HashSet::new();
        for user in users {
            let died = due.get(&user.id).copied().flatten();
            let state = self.state(user.id, died.or(user.last_seen));
            // Back before anybody was told that they had gone.
            if died.is_some() && state.online {
                continue;
            }
            if let Err(error) = self.tell(user.no, state).await {
                tracing::warn!(%error, "presence not told");
                failed.insert(user.id);
            }
        }
        self.telling
            .add(failed.into_iter().map(|user| (user, None)));
        Ok(())
    }
}
