//! Who is online at the other nodes, as far as they told.
//!
//! Every node counts its transitions and tells each with its number. One that
//! is not the next is a gap: the node's whole set is to be read anew, and what
//! was told meanwhile is applied on top of it.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use proto::event::Presence as State;
use proto::id::UserId;
use proto::request::Status;
use tokio::sync::Notify;
use tokio::time::Instant;
use uuid::Uuid;

use crate::bus::{Present, Transition};

/// Transitions kept behind a gap; over that a later set has to do.
const BEHIND_GAP: usize = 10_000;
/// Longer than signals are under way.
pub(super) const ON_THE_WAY: Duration = Duration::from_secs(1);
/// Users shown before those are forgotten for whom it was long ago.
const SHOWN: usize = 10_000;

/// See the module.
pub struct Roster {
    me: Uuid,
    inner: Mutex<Inner>,
    /// Somebody is to be asked about, or the bus came back.
    pub(super) asked: Notify,
}

#[derive(Default)]
struct Inner {
    nodes: HashMap<Uuid, Other>,
    users: HashMap<UserId, Vec<Uuid>>,
    /// Users for whom another node relied on this one.
    asked: HashSet<UserId>,
    /// Users of whom sessions here are to be told, as the node that told may
    /// not have known of them, or was not heard.
    here: HashSet<UserId>,
    /// Users whose state a session here was given: when, and whether as online.
    shown: HashMap<UserId, (Instant, bool)>,
    /// What other nodes told sessions here of users, and when: it may not be
    /// what this node knows.
    heard: HashMap<UserId, (Instant, Heard)>,
    /// When `shown` was last looked through.
    swept: Option<Instant>,
    /// Users of this node who are otherwise at another one than they were.
    crossed: HashSet<UserId>,
    /// The bus was away, and what was told meanwhile was not told again yet.
    away: bool,
    back: bool,
}

/// What sessions here were told of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) online: bool,
    /// Whether they look idle; none where that does not show.
    pub(super) away: Option<bool>,
}

impl Heard {
    fn of(state: &State) -> Self {
        let away = match state.status {
            None | Some(Status::Online) => Some(false),
            Some(Status::Away) => Some(true),
            Some(_) => None,
        };
        Self {
            online: state.online,
            away: away.filter(|_| state.online),
        }
    }
}

/// Another node.
#[derive(Default)]
struct Other {
    version: u64,
    /// Its users, and whether they are idle there.
    users: HashMap<UserId, bool>,
    /// What was told since the first one that was not the next; `None` while
    /// nothing is missing.
    gap: Option<Vec<Transition>>,
    /// The version of its last sign of life, where it was ahead of ours.
    ahead: Option<u64>,
}

impl Roster {
    /// Nobody elsewhere. `me` is this node.
    pub fn new(me: Uuid) -> Self {
        Self {
            me,
            inner: Mutex::default(),
            asked: Notify::new(),
        }
    }

    /// This node.
    pub fn me(&self) -> Uuid {
        self.me
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A node, other than this one, where the user is online.
    pub fn elsewhere(&self, user: UserId) -> Option<Uuid> {
        self.inner().users.get(&user)?.first().copied()
    }

    /// Whether a user is idle at all other nodes where they are; none where
    /// they are nowhere.
    pub fn idle_elsewhere(&self, user: UserId) -> Option<bool> {
        let inner = self.inner();
        let nodes = inner.users.get(&user)?.iter();
        let idle = nodes.filter_map(|node| inner.nodes.get(node)?.users.get(&user));
        idle.copied().reduce(|all, idle| all && idle)
    }

    /// The other nodes that are known.
    pub fn nodes(&self) -> Vec<Uuid> {
        self.inner().nodes.keys().copied().collect()
    }

    /// Takes what another node told.
    pub(super) fn apply(&self, transition: Transition) {
        if transition.node == self.me {
            return;
        }
        let mut inner = self.inner();
        if transition.relied == Some(self.me) {
            inner.asked.insert(transition.user);
            self.asked.notify_one();
        }
        let known = inner.nodes.contains_key(&transition.node);
        let node = inner.nodes.entry(transition.node).or_default();
        if known && transition.version <= node.version {
            return;
        }
        if node.gap.is_none() && (!known || transition.version != node.version + 1) {
            node.gap = Some(Vec::new());
        }
        node.version = transition.version;
        if inner.was_just_shown(transition.user) {
            inner.here.insert(transition.user);
            self.asked.notify_one();
        }
        let node = inner.nodes.entry(transition.node).or_default();
        if let Some(behind) = &mut node.gap
            && behind.len() < BEHIND_GAP
        {
            behind.push(transition);
        }
        inner.set(transition);
    }

    /// Whether a node's set is to be read, given the version in its sign of
    /// life. Signals may still be on their way: only what was missing a beat
    /// ago counts.
    pub(super) fn wants(&self, node: Uuid, version: u64) -> bool {
        let mut inner = self.inner();
        let Some(node) = inner.nodes.get_mut(&node) else {
            return true;
        };
        let late = node.ahead.is_some_and(|ahead| node.version < ahead);
        node.ahead = (node.version < version).then_some(version);
        late || node.gap.is_some()
    }

    /// Takes a node's whole set. `watched`: whether sessions here may have been
    /// given another state of its users.
    pub(super) fn load(&self, id: Uuid, version: u64, users: Vec<Present>, watched: bool) {
        let mut inner = self.inner();
        let node = inner.nodes.entry(id).or_default();
        let behind = node.gap.take().unwrap_or_default();
        let first = behind.first().map(|transition| transition.version);
        let reaches = match first {
            Some(first) => version + 1 >= first && behind.len() < BEHIND_GAP,
            None => version >= node.version,
        };
        if !reaches {
            // The set is older than the gap: the next one will do. One that is
            // too long to follow starts again.
            node.gap = Some(if behind.len() < BEHIND_GAP {
                behind
            } else {
                Vec::new()
            });
            return;
        }
        node.version = node.version.max(version);
        node.ahead = None;
        let before = node.users.clone();
        let fresh: HashSet<UserId> = users.iter().map(|present| present.user).collect();
        let known = node.users.keys();
        let gone: Vec<UserId> = known
            .filter(|user| !fresh.contains(user))
            .copied()
            .collect();
        let set = |user, online, idle| Transition {
            user,
            node: id,
            online,
            idle,
            version,
            relied: None,
        };
        for user in gone {
            inner.set(set(user, false, false));
        }
        for present in users {
            inner.set(set(present.user, true, present.idle));
        }
        for transition in behind {
            if transition.version > version {
                inner.set(transition);
            }
        }
        if !watched {
            return;
        }
        // What was not heard was not told here either.
        let Some(after) = inner.nodes.get(&id).map(|node| &node.users) else {
            return;
        };
        let known = before.keys().chain(after.keys());
        let changed: HashSet<UserId> = known
            .filter(|user| before.get(user) != after.get(user))
            .copied()
            .collect();
        if !changed.is_empty() {
            inner.here.extend(changed);
            self.asked.notify_one();
        }
    }

    /// A session here is given the state of these users. What comes about them
    /// in the next moment may have been told without knowing of the session.
    pub(super) fn show(&self, users: impl Iterator<Item = (UserId, bool)>) {
        let now = Instant::now();
        let mut inner = self.inner();
        inner.sweep(now);
        inner
            .shown
            .extend(users.map(|(user, online)| (user, (now, online))));
    }

    /// All sessions here were given the state of these users anew.
    pub(super) fn show_again(&self, states: &[State]) {
        let mut inner = self.inner();
        for state in states {
            if let Some((_, online)) = inner.shown.get_mut(&state.user) {
                *online = state.online;
            }
        }
    }

    /// A session here is about to be given the state of these users: what comes
    /// about them from now on may not be in it.
    pub(super) fn look(&self, users: impl Iterator<Item = UserId>) {
        let now = Instant::now();
        let mut inner = self.inner();
        inner.sweep(now);
        for user in users {
            inner.shown.entry(user).or_insert((now, false)).0 = now;
        }
    }

    /// Another node told sessions here of these users. It may not have heard
    /// what this one has.
    pub(super) fn hear(&self, states: &[State]) {
        let now = Instant::now();
        let heard = states
            .iter()
            .map(|state| (state.user, (now, Heard::of(state))));
        self.inner().heard.extend(heard);
        self.asked.notify_one();
    }

    /// What sessions here were told of users so long ago that all has arrived
    /// that was under way then, once; and whether there is more to come. While
    /// it is known that something was lost this node knows no better.
    pub(super) fn take_heard(&self, now: Instant) -> (Vec<(UserId, Heard)>, bool) {
        let mut inner = self.inner();
        if inner.away || inner.nodes.values().any(|node| node.gap.is_some()) {
            return (Vec::new(), !inner.heard.is_empty());
        }
        let ripe = inner
            .heard
            .extract_if(|_, (at, _)| now.duration_since(*at) >= ON_THE_WAY);
        let ripe = ripe.map(|(user, (_, heard))| (user, heard)).collect();
        (ripe, !inner.heard.is_empty())
    }

    /// Whether a session here was given this user as online just now.
    pub(super) fn was_shown_online(&self, user: UserId) -> bool {
        let inner = self.inner();
        let shown = inner.shown.get(&user);
        shown.is_some_and(|(at, online)| *online && at.elapsed() < 2 * ON_THE_WAY)
    }

    /// What a user has chosen to be seen as changed: whoever told of it may not
    /// have known of a session that was just given the state before.
    pub(super) fn note_choice(&self, user: UserId) {
        let mut inner = self.inner();
        if inner.was_just_shown(user) {
            inner.here.insert(user);
            self.asked.notify_one();
        }
    }

    /// A user of this node is otherwise at another one than they were.
    pub(super) fn cross(&self, user: UserId) {
        self.inner().crossed.insert(user);
        self.asked.notify_one();
    }

    /// Users of this node who are otherwise at another one, once.
    pub(super) fn take_crossed(&self) -> HashSet<UserId> {
        std::mem::take(&mut self.inner().crossed)
    }

    /// Users of whom sessions here are to be told, once.
    pub(super) fn take_here(&self) -> HashSet<UserId> {
        std::mem::take(&mut self.inner().here)
    }

    /// Forgets a node; returns its users who are at no other node but perhaps
    /// at this one.
    pub(super) fn forget(&self, node: Uuid) -> Vec<UserId> {
        let mut inner = self.inner();
        let Some(gone) = inner.nodes.remove(&node) else {
            return Vec::new();
        };
        let mut nowhere = Vec::new();
        for user in gone.users.into_keys() {
            if inner.leave(user, node) {
                nowhere.push(user);
            }
        }
        nowhere
    }

    /// Users for whom others relied on this node, once.
    pub(super) fn take_asked(&self) -> HashSet<UserId> {
        std::mem::take(&mut self.inner().asked)
    }

    /// The bus is away, or back.
    pub(super) fn note_connected(&self, up: bool) {
        let mut inner = self.inner();
        inner.back = up;
        if !up {
            inner.away = true;
        }
        self.asked.notify_one();
    }

    /// Whether the bus came back since this was last asked.
    pub(super) fn take_back(&self) -> bool {
        let mut inner = self.inner();
        let back = inner.back && inner.away;
        if back {
            inner.away = false;
        }
        back
    }

    /// Whether what is told arrives, as far as is known.
    pub(super) fn arrives(&self) -> bool {
        !self.inner().away
    }
}

impl Inner {
    fn was_just_shown(&self, user: UserId) -> bool {
        let shown = self.shown.get(&user);
        shown.is_some_and(|(at, _)| at.elapsed() < ON_THE_WAY)
    }

    /// Forgets who was shown long ago, where those are many.
    fn sweep(&mut self, now: Instant) {
        let lately = |at: Instant| now.duration_since(at) < 2 * ON_THE_WAY;
        if self.shown.len() > SHOWN && !self.swept.is_some_and(lately) {
            self.swept = Some(now);
            self.shown.retain(|_, (at, _)| lately(*at));
        }
    }

    fn set(&mut self, transition: Transition) {
        let (user, id) = (transition.user, transition.node);
        let Some(node) = self.nodes.get_mut(&id) else {
            return;
        };
        if transition.online {
            if node.users.insert(user, transition.idle).is_none() {
                self.users.entry(user).or_default().push(id);
            }
        } else if node.users.remove(&user).is_some() {
            self.leave(user, id);
        }
    }

    /// Whether the user is at no node of this roster any more.
    fn leave(&mut self, user: UserId, node: Uuid) -> bool {
        let Some(nodes) = self.users.get_mut(&user) else {
            return true;
        };
        nodes.retain(|known| *known != node);
        let nowhere = nodes.is_empty();
        if nowhere {
            self.users.remove(&user);
        }
        nowhere
    }
}

#[cfg(test)]
mod tests;
