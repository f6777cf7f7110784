//! How people have chosen to be seen: a cache in front of the store, so that
//! marking and typing cost no query. Every node forgets what a
//! `PROFILE_CHANGED` entry says has changed.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use proto::UnixMillis;
use proto::error::{ErrorCode, WireError};
use proto::event::Presence as State;
use proto::id::UserId;
use proto::request::Status;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::refuse;
use crate::store::{SharedStore, UserNo, UserRecord};

/// People kept before the cache starts anew.
const KEPT: usize = 100_000;

/// What one person has chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The store's name.
    pub no: UserNo,
    status: Status,
    text: String,
    /// When both fall back to plain online.
    pub until: Option<UnixMillis>,
    receipts: bool,
    rev: u64,
}

impl Choice {
    /// That of an account.
    pub fn of(user: &UserRecord) -> Self {
        Self {
            no: user.no,
            status: user.status,
            text: user.status_text.clone(),
            until: user.status_until,
            receipts: user.receipts,
            rev: user.rev,
        }
    }

    /// Status and text that hold at a time.
    pub fn at(&self, now: UnixMillis) -> (Status, &str) {
        match self.until {
            Some(until) if until <= now => (Status::Online, ""),
            _ => (self.status, &self.text),
        }
    }

    /// When what holds at a time lapses, if ever.
    pub fn lapses(&self, now: UnixMillis) -> Option<UnixMillis> {
        self.until.filter(|until| *until > now)
    }

    /// Whether others are not to know that they are there.
    pub fn is_hidden(&self, now: UnixMillis) -> bool {
        self.at(now).0 == Status::Invisible
    }

    /// Whether others learn what they have received and read.
    pub fn shows_receipts(&self, now: UnixMillis) -> bool {
        self.receipts && !self.is_hidden(now)
    }

    /// What others see of them at a time. `idle` is none where they are not
    /// connected; a hidden one looks no different.
    pub fn seen(
        &self,
        user: UserId,
        idle: Option<bool>,
        last_seen: Option<UnixMillis>,
        now: UnixMillis,
    ) -> State {
        let (status, text) = self.at(now);
        let state = match idle {
            Some(idle) if status != Status::Invisible => State {
                status: match status {
                    Status::Online if idle => Some(Status::Away),
                    Status::Online => None,
                    chosen => Some(chosen),
                },
                text: Some(text.to_owned()).filter(|text| !text.is_empty()),
                ..State::new(user, true, None)
            },
            _ => State::new(user, false, last_seen),
        };
        State {
            rev: self.rev,
            ..state
        }
    }
}

/// A choice and since when it is known.
struct Cached {
    choice: Arc<Choice>,
    since: Instant,
}

/// The cache.
pub struct Choices {
    store: SharedStore,
    known: Mutex<HashMap<UserId, Cached>>,
    /// Counts what was forgotten: what was loaded across that is not kept.
    epoch: AtomicU64,
    /// Milliseconds for which a choice is trusted; [`FOREVER`] where every
    /// change is told.
    trust: AtomicU64,
    /// Whose choice changed, for those who act on it.
    changed: Mutex<HashSet<UserId>>,
    wake: Notify,
}

/// See [`Choices::trust`].
const FOREVER: u64 = u64::MAX;

impl Choices {
    /// A cache in front of `store`.
    pub fn new(store: SharedStore) -> Self {
        Self {
            store,
            known: Mutex::default(),
            epoch: AtomicU64::new(0),
            trust: AtomicU64::new(FOREVER),
            changed: Mutex::default(),
            wake: Notify::new(),
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<UserId, Cached>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) -> MutexGuard<'_, HashSet<UserId>> {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what somebody had chosen.
    pub fn outdate(&self, user: UserId) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
        if self.known().remove(&user).is_some() {
            self.changed().insert(user);
            self.wake();
        }
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
        let forgotten = std::mem::take(&mut *self.known());
        self.changed().extend(forgotten.into_keys());
        self.wake();
    }

    /// Trusts a choice for this long from now on: what other nodes tell may be
    /// lost.
    pub fn trust(&self, duration: Duration) {
        self.trust
            .store(duration.as_millis() as u64, Ordering::SeqCst);
    }

    fn trusted(&self, since: Instant) -> bool {
        let trust = self.trust.load(Ordering::Relaxed);
        trust == FOREVER || since.elapsed() < Duration::from_millis(trust)
    }

    /// Looks again at whose choice holds until when.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    /// What these have chosen is to be looked at once more.
    pub(super) fn again(&self, users: &[UserId]) {
        self.changed().extend(users);
        self.wake();
    }

    /// Resolves when somebody's choice changed.
    pub(super) async fn wait(&self) {
        self.wake.notified().await;
    }

    /// Whose choice changed, once.
    pub(super) fn take_changed(&self) -> HashSet<UserId> {
        std::mem::take(&mut self.changed())
    }

    /// A choice that is known without asking the store.
    pub(super) fn peek(&self, user: UserId) -> Option<Arc<Choice>> {
        Some(self.known().get(&user)?.choice.clone())
    }

    /// What somebody has chosen.
    ///
    /// # Errors
    ///
    /// Where there is no such account, or the store fails.
    pub async fn choice(&self, user: UserId) -> Result<Arc<Choice>, WireError> {
        if let Some(known) = self.known().get(&user)
            && self.trusted(known.since)
        {
            return Ok(known.choice.clone());
        }
        let found = self.load(vec![user]).await?;
        let record = found.first().ok_or(ErrorCode::NotFound)?;
        Ok(Arc::new(Choice::of(record)))
    }

    /// Asks the store what these have chosen.
    ///
    /// # Errors
    ///
    /// Where the store fails.
    pub(super) async fn load(&self, users: Vec<UserId>) -> Result<Vec<UserRecord>, WireError> {
        let since = Instant::now();
        let epoch = self.epoch.load(Ordering::SeqCst);
        let found = self.store.users(users, Vec::new()).await.map_err(refuse)?;
        let mut known = self.known();
        if self.epoch.load(Ordering::SeqCst) == epoch {
            if known.len() + found.len() > KEPT {
                known.clear();
            }
            known.extend(found.iter().map(|record| {
                let choice = Arc::new(Choice::of(record));
                (record.id, Cached { choice, since })
            }));
        }
        drop(known);
        Ok(found)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn choice(status: Status, text: &str, until: Option<UnixMillis>) -> Choice {
        Choice {
            no: UserNo(1),
            status,
            text: text.to_owned(),
            until,
            receipts: true,
            rev: 7,
        }
    }

    #[test]
    fn invisible_is_offline_to_others_whatever_they_do() {
        let user = UserId::generate();
        let hidden = choice(Status::Invisible, "at home", None);
        let away = choice(Status::Away, "at lunch", None);
        let offline = away.seen(user, None, Some(5), 10);
        for idle in [None, Some(false), Some(true)] {
            assert_eq!(hidden.seen(user, idle, Some(5), 10), offline);
        }
        assert!(!hidden.shows_receipts(10));
    }

    #[test]
    fn idle_shows_as_away_unless_something_else_was_chosen() {
        let user = UserId::generate();
        let seen = |status, idle| {
            let state = choice(status, "", None).seen(user, Some(idle), Some(5), 10);
            assert_eq!((state.online, state.last_seen), (true, None));
            state.status
        };
        assert_eq!(seen(Status::Online, false), None);
        assert_eq!(seen(Status::Online, true), Some(Status::Away));
        assert_eq!(seen(Status::Busy, true), Some(Status::Busy));
        assert_eq!(seen(Status::Away, false), Some(Status::Away));
    }

    #[test]
    fn a_status_lapses_with_its_words() {
        let chosen = choice(Status::Invisible, "gone", Some(100));
        assert_eq!(chosen.at(99), (Status::Invisible, "gone"));
        assert_eq!(chosen.at(100), (Status::Online, ""));
        assert!(chosen.shows_receipts(100));
        assert_eq!((chosen.lapses(99), chosen.lapses(100)), (Some(100), None));
    }
}
