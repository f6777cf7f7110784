//! Who is online at the other nodes, as far as they told.
//!
//! Every node counts its transitions and tells each with its number. One that
//! is not the next is a gap: the node's whole set is to be read anew, and what
//! was told meanwhile is applied on top of it.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use proto::id::UserId;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::bus::Transition;

/// Transitions kept behind a gap; over that a later set has to do.
const BEHIND_GAP: usize = 10_000;

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
    reconnected: bool,
}

/// Another node.
#[derive(Default)]
struct Other {
    version: u64,
    users: HashSet<UserId>,
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

    /// Takes a node's whole set.
    pub(super) fn load(&self, id: Uuid, version: u64, users: Vec<UserId>) {
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
        let fresh: HashSet<UserId> = users.into_iter().collect();
        let gone: Vec<UserId> = node.users.difference(&fresh).copied().collect();
        let set = |user, online| Transition {
            user,
            node: id,
            online,
            version,
            relied: None,
        };
        for user in gone {
            inner.set(set(user, false));
        }
        for user in fresh {
            inner.set(set(user, true));
        }
        for transition in behind {
            if transition.version > version {
                inner.set(transition);
            }
        }
    }

    /// Forgets a node; returns its users who are at no other node but perhaps
    /// at this one.
    pub(super) fn forget(&self, node: Uuid) -> Vec<UserId> {
        let mut inner = self.inner();
        let Some(gone) = inner.nodes.remove(&node) else {
            return Vec::new();
        };
        let mut nowhere = Vec::new();
        for user in gone.users {
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

    /// The bus is back.
    pub(super) fn note_reconnected(&self) {
        self.inner().reconnected = true;
        self.asked.notify_one();
    }

    /// Whether the bus came back since this was last asked.
    pub(super) fn take_reconnected(&self) -> bool {
        std::mem::take(&mut self.inner().reconnected)
    }
}

impl Inner {
    fn set(&mut self, transition: Transition) {
        let (user, id) = (transition.user, transition.node);
        let Some(node) = self.nodes.get_mut(&id) else {
            return;
        };
        if transition.online {
            if node.users.insert(user) {
                self.users.entry(user).or_default().push(id);
            }
        } else if node.users.remove(&user) {
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
mod tests {
    use super::*;

    fn transition(node: Uuid, user: UserId, online: bool, version: u64) -> Transition {
        Transition {
            user,
            node,
            online,
            version,
            relied: None,
        }
    }

    fn roster() -> (Roster, Uuid) {
        (Roster::new(Uuid::now_v7()), Uuid::now_v7())
    }

    #[test]
    fn a_user_is_elsewhere_while_any_node_says_so() {
        let (roster, first) = roster();
        let (second, user) = (Uuid::now_v7(), UserId::generate());
        roster.load(first, 10, vec![user]);
        roster.load(second, 20, vec![]);
        roster.apply(transition(second, user, true, 21));
        roster.apply(transition(first, user, false, 11));
        assert_eq!(roster.elsewhere(user), Some(second));
        assert_eq!(roster.forget(second), [user]);
        assert_eq!(roster.elsewhere(user), None);
    }

    #[test]
    fn a_gap_is_filled_by_the_set_and_what_came_behind_it() {
        let (roster, node) = roster();
        let (a, b, c) = (UserId::generate(), UserId::generate(), UserId::generate());
        roster.load(node, 10, vec![a]);
        assert!(!roster.wants(node, 10));
        // 11 (b came) is lost.
        roster.apply(transition(node, c, true, 12));
        assert!(roster.wants(node, 12));
        // A set from before the gap does not help.
        roster.load(node, 10, vec![a]);
        assert!(roster.wants(node, 12));
        roster.apply(transition(node, a, false, 13));
        roster.load(node, 11, vec![a, b]);
        assert!(!roster.wants(node, 13));
        assert_eq!(roster.elsewhere(a), None);
        assert_eq!(roster.elsewhere(b), Some(node));
        assert_eq!(roster.elsewhere(c), Some(node));
    }

    #[test]
    fn a_lost_last_transition_shows_at_the_second_beat() {
        let (roster, node) = roster();
        roster.load(node, 10, vec![]);
        assert!(!roster.wants(node, 11));
        assert!(roster.wants(node, 11));
        roster.apply(transition(node, UserId::generate(), true, 11));
        assert!(!roster.wants(node, 11));
    }

    #[test]
    fn repeats_and_ones_own_are_passed_over() {
        let (roster, node) = roster();
        let user = UserId::generate();
        roster.load(node, 10, vec![user]);
        roster.apply(transition(node, user, false, 10));
        assert_eq!(roster.elsewhere(user), Some(node));
        roster.apply(transition(roster.me(), user, true, 1));
        assert_eq!(roster.nodes(), [node]);
    }
}
