//! Telling those who may know that somebody came, went or is otherwise: peers
//! of private chats, members of groups of up to 100 and mutual contacts, but
//! nobody of whom one has blocked the other.
//!
//! The node that saw the change asks once who may know, and publishes one
//! signal for those who are online anywhere. Of who is invisible nothing is
//! told but, once, that they went.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use proto::error::WireError;
use proto::event::{Event, Presence as State, PresenceChanged};
use proto::id::UserId;
use proto::request::Status;
use proto::{UnixMillis, limits};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::choices::Choice;
use super::presence::{LOOK_UP, Presence};
use super::roster::ON_THE_WAY;
use super::{now, refuse};
use crate::bus::{Signal, Sink as _};
use crate::store::{Actor, StoreError, UserNo, UserRecord};

/// What was told this long before the bus came back may not have arrived: a
/// server that hangs is noticed after about half of it.
const UNCERTAIN: Duration = Duration::from_secs(10);
/// Pause after a failure of the store.
const PAUSE: Duration = Duration::from_secs(1);
/// Bytes of one person's state, encoded, beside the words they chose.
const STATE_BYTES: usize = 110;

/// Whom others are to be told of.
#[derive(Default)]
pub(super) struct Telling {
    books: Mutex<Tidings>,
    wake: Notify,
    /// One word at a time: the last one told of somebody is what is so.
    speaking: Mutex<()>,
}

#[derive(Default)]
struct Tidings {
    due: HashMap<UserId, Due>,
    /// Told lately, or while other nodes were not reached.
    told: HashMap<UserId, Instant>,
}

/// Why somebody is to be told of.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Due {
    /// When they were last seen, where that is to be written.
    pub(super) seen: Option<UnixMillis>,
    /// Also where they are invisible: others may believe that they are there.
    pub(super) hiding: bool,
}

impl Telling {
    fn books(&self) -> MutexGuard<'_, Tidings> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn speak(&self) -> MutexGuard<'_, ()> {
        self.speaking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A user was told of.
    fn told(&self, user: UserId) {
        self.books().told.insert(user, Instant::now());
    }

    /// A user is to be told of once more.
    pub(super) fn again(&self, user: UserId) {
        self.add([(user, Due::default())]);
    }

    /// Others are to be told once more that a user went, who has become
    /// invisible.
    pub(super) fn again_hiding(&self, user: UserId) {
        let due = Due {
            hiding: true,
            ..Due::default()
        };
        self.add([(user, due)]);
    }

    pub(super) fn add(&self, users: impl IntoIterator<Item = (UserId, Due)>) {
        let mut books = self.books();
        for (user, why) in users {
            let due = books.due.entry(user).or_default();
            due.seen = why.seen.or(due.seen);
            due.hiding |= why.hiding;
            self.wake.notify_one();
        }
    }

    /// The bus is back: what was told before is told again.
    fn repeat(&self) {
        let mut books = self.books();
        for user in std::mem::take(&mut books.told).into_keys() {
            books.due.entry(user).or_default().hiding = true;
        }
        self.wake.notify_one();
    }

    fn take(&self) -> HashMap<UserId, Due> {
        std::mem::take(&mut self.books().due)
    }

    /// Forgets what has arrived by now.
    pub(super) fn settle(&self) {
        self.books().told.retain(|_, at| at.elapsed() < UNCERTAIN);
    }
}

impl Presence {
    /// What others see of somebody now.
    pub fn seen(&self, user: &UserRecord) -> State {
        let idle = self.idle(user.id);
        Choice::of(user).seen(user.id, idle, user.last_seen, now())
    }

    /// The same of a record that may have been read before others were told of a
    /// change: what they were told holds.
    pub(super) fn seen_since(&self, user: &UserRecord) -> State {
        match self.choices.peek(user.id) {
            Some(choice) => choice.seen(user.id, self.idle(user.id), user.last_seen, now()),
            None => self.seen(user),
        }
    }

    /// Tells those who may know. Of who is invisible only where `hiding` says
    /// that others may believe them to be there.
    ///
    /// # Errors
    ///
    /// Where the store fails.
    pub(super) async fn tell(
        &self,
        user: Actor,
        last_seen: Option<UnixMillis>,
        hiding: bool,
    ) -> Result<(), WireError> {
        let choice = self.choices.choice(user.id).await?;
        if choice.is_hidden(now()) && !hiding {
            return Ok(());
        }
        if self.shared.is_some() {
            self.telling.told(user.id);
        }
        let users = self.audience(user.no, |other| self.is_reached(other));
        let users = users.await?;
        let _one = self.telling.speak();
        if let Some(event) = self.word(user.id, choice, last_seen, hiding)
            && !users.is_empty()
        {
            self.bus.publish(vec![Signal::ToUsers { users, event }]);
        }
        Ok(())
    }

    /// Tells those who are at this node.
    async fn tell_here(&self, user: &UserRecord, hiding: bool) -> Result<(), WireError> {
        let choice = self.choices.choice(user.id).await?;
        let users = self.audience(user.no, |other| self.hub.is_online(other));
        let users = users.await?;
        let _one = self.telling.speak();
        if let Some(event) = self.word(user.id, choice, user.last_seen, hiding) {
            // Once is enough for those who hide.
            if let Event::Presence(told) = &event {
                self.roster.show_again(&told.users);
            }
            if !users.is_empty() {
                self.hub.deliver(vec![Signal::ToUsers { users, event }]);
            }
        }
        Ok(())
    }

    async fn audience(
        &self,
        user: UserNo,
        is_reached: impl Fn(UserId) -> bool,
    ) -> Result<Vec<UserId>, WireError> {
        let who = self
            .store
            .acquaintances(user, limits::PRESENCE_MEMBERS as u32)
            .await
            .map_err(refuse)?;
        let who = who.into_iter().map(|other| other.id);
        Ok(who.filter(|other| is_reached(*other)).collect())
    }

    /// They may have come or gone, or chosen otherwise, since it was seen that
    /// there is something to tell: the last word is to be what is so now.
    fn word(
        &self,
        user: UserId,
        choice: Arc<Choice>,
        last_seen: Option<UnixMillis>,
        hiding: bool,
    ) -> Option<Event> {
        let at = now();
        let choice = self.choices.peek(user).unwrap_or(choice);
        if choice.is_hidden(at) && !hiding {
            return None;
        }
        Some(one(choice.seen(user, self.idle(user), last_seen, at)))
    }

    /// Everybody whose presence this user may see, in as many events as their
    /// number needs.
    ///
    /// # Errors
    ///
    /// Where the store fails.
    pub async fn snapshot(&self, actor: Actor) -> Result<Vec<PresenceChanged>, WireError> {
        let who = self
            .store
            .acquaintances(actor.no, limits::PRESENCE_MEMBERS as u32)
            .await
            .map_err(refuse)?;
        Ok(in_parts(self.states(&who, |other| self.seen(other))))
    }

    /// What is seen of these, for sessions here. What comes about them in the
    /// next moment is told to those sessions too.
    pub(super) fn states(
        &self,
        of: &[UserRecord],
        seen: impl Fn(&UserRecord) -> State,
    ) -> Vec<State> {
        if self.shared.is_some() {
            self.roster.look(of.iter().map(|user| user.id));
        }
        let states: Vec<State> = of.iter().map(seen).collect();
        if self.shared.is_some() {
            let shown = states.iter().map(|state| (state.user, state.online));
            self.roster.show(shown);
        }
        states
    }

    /// Tells of users who are due until cancelled.
    pub(super) async fn tell_until(&self, stop: &CancellationToken) {
        let mut doubts = false;
        loop {
            tokio::select! {
                () = self.telling.wake.notified() => {}
                () = self.roster.asked.notified() => {}
                () = tokio::time::sleep(ON_THE_WAY / 4), if doubts => {}
                () = stop.cancelled() => return,
            }
            if self.roster.take_back() {
                self.telling.repeat();
            }
            let asked = self.roster.take_asked();
            let asked = asked.into_iter().filter(|user| !self.is_here(*user));
            self.telling.add(asked.map(|user| (user, Due::default())));
            self.telling.add(self.crossed());
            let here = self.roster.take_here().into_iter();
            let here = here.map(|user| (user, self.roster.was_shown_online(user)));
            let mut here: HashMap<UserId, bool> = here.collect();
            let (mistaken, more) = self.mistaken();
            doubts = more;
            for (user, told_online) in mistaken {
                *here.entry(user).or_default() |= told_online;
            }
            let here: Vec<(UserId, bool)> = here.into_iter().collect();
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

    /// Users who turned idle at this node and at another at about the same
    /// time: each may have believed that they are active at the other.
    fn crossed(&self) -> Vec<(UserId, Due)> {
        let crossed = self.roster.take_crossed();
        let books = self.books();
        let here = |user: &UserId| books.online.get(user);
        let lately = crossed.into_iter().filter(|user| {
            here(user).is_some_and(|known| known.idle && known.turned.elapsed() < ON_THE_WAY)
        });
        lately.map(|user| (user, Due::default())).collect()
    }

    /// Users of whom another node told sessions here what this one knows better,
    /// with whether as online, and whether that is to be looked at again.
    fn mistaken(&self) -> (Vec<(UserId, bool)>, bool) {
        let at = now();
        let (heard, more) = self.roster.take_heard(Instant::now());
        let mistaken = heard.into_iter().filter(|(user, told)| {
            let idle = self.idle(*user);
            let choice = self.choices.peek(*user);
            let choice = choice.as_ref().map(|choice| choice.at(at).0);
            match choice {
                Some(Status::Invisible) => told.online,
                // Looks the same whether idle or not.
                Some(chosen) if chosen != Status::Online => told.online != idle.is_some(),
                _ => {
                    told.online != idle.is_some()
                        || told.away.is_some_and(|away| idle != Some(away))
                }
            }
        });
        let mistaken = mistaken.map(|(user, told)| (user, told.online));
        (mistaken.collect(), more)
    }

    /// Of each with whether they may be believed to be online.
    async fn tell_here_of(&self, users: &[(UserId, bool)]) -> Result<(), WireError> {
        let believed: HashMap<UserId, bool> = users.iter().copied().collect();
        for user in self
            .choices
            .load(believed.keys().copied().collect())
            .await?
        {
            let hiding = believed.get(&user.id) == Some(&true);
            if let Err(error) = self.tell_here(&user, hiding).await {
                tracing::warn!(%error, "presence not told");
            }
        }
        Ok(())
    }

    async fn tell_of(&self, due: &[(UserId, Due)]) -> Result<(), StoreError> {
        let ids = due.iter().map(|(user, _)| *user).collect();
        let due: HashMap<UserId, Due> = due.iter().copied().collect();
        let users = self.store.users(ids, Vec::new()).await?;
        let at = now();
        let seen: Vec<_> = users
            .iter()
            .filter(|user| !Choice::of(user).is_hidden(at))
            .filter_map(|user| Some((user.no, due.get(&user.id)?.seen?)))
            .collect();
        if !seen.is_empty() {
            self.store.set_last_seen(seen).await?;
        }
        let mut failed = Vec::new();
        for user in users {
            let why = due.get(&user.id).copied().unwrap_or_default();
            // Back before anybody was told that they had gone.
            if why.seen.is_some() && self.is_online(user.id) {
                continue;
            }
            let actor = Actor {
                no: user.no,
                id: user.id,
            };
            let hidden = Choice::of(&user).is_hidden(at);
            let last_seen = why.seen.filter(|_| !hidden).or(user.last_seen);
            if let Err(error) = self.tell(actor, last_seen, why.hiding).await {
                tracing::warn!(%error, "presence not told");
                failed.push((user.id, Due { seen: None, ..why }));
            }
        }
        self.telling.add(failed);
        Ok(())
    }
}

pub(super) fn one(state: State) -> Event {
    Event::Presence(PresenceChanged {
        users: vec![state],
        snapshot: false,
    })
}

/// A snapshot of these, cut where a frame is full.
fn in_parts(states: Vec<State>) -> Vec<PresenceChanged> {
    let mut parts = vec![PresenceChanged {
        users: Vec::new(),
        snapshot: true,
    }];
    let mut bytes = 0;
    for state in states {
        bytes += STATE_BYTES + state.text.as_ref().map_or(0, String::len);
        if bytes > limits::PAGE_BYTES {
            bytes = STATE_BYTES;
            parts.push(PresenceChanged {
                users: Vec::new(),
                snapshot: false,
            });
        }
        if let Some(part) = parts.last_mut() {
            part.users.push(state);
        }
    }
    parts
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_of_many_comes_in_parts_that_fit() {
        let state = || State {
            text: Some("я".repeat(limits::STATUS_CHARS)),
            status: Some(proto::request::Status::Invisible),
            rev: u64::MAX,
            ..State::new(UserId::generate(), false, Some(i64::MAX))
        };
        let parts = in_parts((0..3_000).map(|_| state()).collect());
        assert_eq!(
            parts.iter().map(|part| part.users.len()).sum::<usize>(),
            3_000
        );
        for (at, part) in parts.into_iter().enumerate() {
            assert_eq!(part.snapshot, at == 0);
            Event::Presence(part).encode().unwrap();
        }
        assert_eq!(in_parts(Vec::new()).len(), 1);
    }
}
