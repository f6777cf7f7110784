//! What this node's users have chosen to be seen as: others are told when it
//! changes, and when it lapses.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use proto::UnixMillis;
use proto::error::WireError;
use proto::id::UserId;
use tokio_util::sync::CancellationToken;

use super::choices::Choice;
use super::now;
use super::presence::{LOOK_UP, Presence};
use crate::store::{Actor, UserRecord};

/// The wall clock may be set: it is looked at again after this.
const LOOK: Duration = Duration::from_secs(60);
/// Pause after a failure of the store.
const PAUSE: Duration = Duration::from_secs(1);

/// What was chosen, and when it lapses.
#[derive(Default)]
pub(super) struct Lapses {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// As others were told.
    followed: HashMap<UserId, Arc<Choice>>,
    due: BTreeSet<(UnixMillis, UserId)>,
}

impl Lapses {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins with somebody who has come.
    fn begin(&self, user: UserId, choice: &Arc<Choice>) {
        // Of who is here already a change is yet to be told.
        if !self.state().followed.contains_key(&user) {
            self.keep(user, choice.clone());
        }
    }

    /// Keeps what somebody has chosen; returns what they had before.
    fn keep(&self, user: UserId, choice: Arc<Choice>) -> Option<Arc<Choice>> {
        let mut state = self.state();
        if let Some(until) = choice.until {
            state.due.insert((until, user));
        }
        let before = state.followed.insert(user, choice.clone());
        if let Some(until) = before.as_ref().and_then(|before| before.until)
            && choice.until != Some(until)
        {
            state.due.remove(&(until, user));
        }
        before
    }

    /// Somebody is gone.
    pub(super) fn forget(&self, user: UserId) {
        let mut state = self.state();
        let known = state.followed.remove(&user);
        if let Some(until) = known.and_then(|known| known.until) {
            state.due.remove(&(until, user));
        }
    }

    /// Whose choice has lapsed, once, and how long until the next one's does.
    fn take(&self, now: UnixMillis) -> (Vec<(UserId, Arc<Choice>)>, Duration) {
        let mut state = self.state();
        let mut lapsed = Vec::new();
        while let Some((until, user)) = state.due.first().copied() {
            if until > now {
                let left = Duration::from_millis((until - now) as u64);
                return (lapsed, left.min(LOOK));
            }
            state.due.remove(&(until, user));
            if let Some(choice) = state.followed.get(&user) {
                lapsed.push((user, choice.clone()));
            }
        }
        (lapsed, LOOK)
    }
}

impl Presence {
    /// A live session of this user is there; `news` is what
    /// [`Presence::connected`] or [`Presence::turned`] said. Tells those who
    /// may know.
    ///
    /// # Errors
    ///
    /// Where the store fails.
    pub async fn announce(&self, actor: Actor, news: bool) -> Result<(), WireError> {
        let told = self.begin(actor, news).await;
        if told.is_err() && news {
            self.telling.again(actor.id);
        }
        told
    }

    async fn begin(&self, actor: Actor, news: bool) -> Result<(), WireError> {
        let choice = self.choices.choice(actor.id).await?;
        if !choice.shows_receipts(now()) {
            self.cursors.hide(choice.no);
        }
        self.lapses.begin(actor.id, &choice);
        if choice.until.is_some() {
            self.choices.wake();
        }
        if news {
            self.tell(actor, None, false).await?;
        }
        Ok(())
    }

    /// Follows what users here choose until cancelled.
    pub(super) async fn follow_until(&self, stop: &CancellationToken) {
        loop {
            let (lapsed, next) = self.lapses.take(now());
            for (user, choice) in lapsed {
                let actor = Actor {
                    no: choice.no,
                    id: user,
                };
                if self.is_here(user)
                    && let Err(error) = self.tell(actor, None, false).await
                {
                    tracing::warn!(%error, "presence not told");
                    self.telling.again(user);
                }
            }
            tokio::select! {
                () = self.choices.wait() => {}
                () = tokio::time::sleep(next) => {}
                () = stop.cancelled() => return,
            }
            let changed = self.choices.take_changed().into_iter();
            let here: Vec<UserId> = changed.filter(|user| self.is_here(*user)).collect();
            for chunk in here.chunks(LOOK_UP) {
                let followed = tokio::select! {
                    followed = self.follow_choices(chunk) => followed,
                    () = stop.cancelled() => return,
                };
                if let Err(error) = followed {
                    tracing::warn!(%error, "what users have chosen was not read");
                    self.choices.again(chunk);
                    tokio::select! {
                        () = tokio::time::sleep(PAUSE) => {}
                        () = stop.cancelled() => return,
                    }
                }
            }
        }
    }

    async fn follow_choices(&self, users: &[UserId]) -> Result<(), WireError> {
        for record in self.choices.load(users.to_vec()).await? {
            self.changed_choice(&record).await;
        }
        Ok(())
    }

    /// Tells what others see of a change. Every node where the user is does:
    /// what is told twice is the same.
    async fn changed_choice(&self, record: &UserRecord) {
        let at = now();
        let choice = Arc::new(Choice::of(record));
        if !choice.shows_receipts(at) {
            self.cursors.hide(choice.no);
        }
        let Some(before) = self.lapses.keep(record.id, choice.clone()) else {
            return;
        };
        let idle = self.idle(record.id);
        let seen = |choice: &Choice| {
            let state = choice.seen(record.id, idle, None, at);
            (state.online, state.status, state.text)
        };
        if seen(&before) == seen(&choice) {
            return;
        }
        let user = Actor {
            no: record.no,
            id: record.id,
        };
        // To others they go: the last thing that they are told.
        let hiding = choice.is_hidden(at) && !before.is_hidden(at);
        if let Err(error) = self.tell(user, record.last_seen, hiding).await {
            tracing::warn!(%error, "presence not told");
            if hiding {
                self.telling.again_hiding(record.id);
            } else {
                self.telling.again(record.id);
            }
        }
    }
}
