//! People who begin or cease to see each other: by a chat that is new to some
//! of them, as contacts, or as one has blocked the other.
//!
//! The node that tells of it may not have heard yet who came to other nodes:
//! all whom it concerns are told, wherever they are, and a node where something
//! else is known tells its own sessions anew (see [`Roster`](super::roster::Roster)).

use std::collections::HashSet;

use futures_util::future::try_join_all;
use proto::error::WireError;
use proto::event::{Event, Presence as State, PresenceChanged};
use proto::id::UserId;
use proto::limits;

use super::presence::Presence;
use super::telling::one;
use super::{now, refuse};
use crate::bus::Signal;
use crate::store::{UserNo, UserRecord};

impl Presence {
    /// Whether somebody who may have become visible to a user is to be told of:
    /// another node may have heard of the user when this one has not yet.
    fn may_be_reached(&self, user: UserId) -> bool {
        self.shared.is_some() || self.hub.is_online(user)
    }

    /// Whether two people may see each other's presence.
    ///
    /// # Errors
    ///
    /// Where the store fails.
    pub(super) async fn acquainted(&self, user: UserNo, other: UserNo) -> Result<bool, WireError> {
        let who = self
            .store
            .acquaintances(user, limits::PRESENCE_MEMBERS as u32)
            .await
            .map_err(refuse)?;
        Ok(who.iter().any(|known| known.no == other))
    }

    /// Tells somebody what they may see of another.
    pub(super) fn show(&self, user: &UserRecord, to: UserId) {
        if self.may_be_reached(to) {
            let _one = self.telling.speak();
            let states = self.states(std::slice::from_ref(user), |user| self.seen_since(user));
            self.bus.publish(vec![told_to(vec![to], states)]);
        }
    }

    /// Tells somebody who may see another no longer that they went, if they saw
    /// them there.
    pub(super) fn hide(&self, user: &UserRecord, from: UserId) {
        let seen = self.seen_since(user);
        if seen.online && self.may_be_reached(from) {
            let gone = State {
                rev: seen.rev,
                ..State::new(user.id, false, Some(now()))
            };
            let _one = self.telling.speak();
            self.bus.publish(vec![Signal::ToUsers {
                users: vec![from],
                event: one(gone),
            }]);
        }
    }

    /// Tells the members of a chat that is new to some of them who is there:
    /// the newcomers of all, the others of the newcomers.
    ///
    /// # Errors
    ///
    /// Where the store fails.
    pub(super) async fn introduce(
        &self,
        members: Vec<UserId>,
        newcomers: &HashSet<UserId>,
    ) -> Result<(), WireError> {
        let users = self.store.users(members, Vec::new());
        let users = users.await.map_err(refuse)?;
        let numbers: Vec<UserNo> = users.iter().map(|user| user.no).collect();
        let new = |user: &&UserRecord| newcomers.contains(&user.id);
        let blocked = try_join_all(users.iter().filter(new).map(|user| async {
            let blocked = self.store.blocked_among(user.no, numbers.clone());
            Ok::<_, WireError>((user.no, blocked.await.map_err(refuse)?))
        }));
        let mut apart = HashSet::new();
        for (user, others) in blocked.await? {
            apart.extend(
                others
                    .iter()
                    .flat_map(|other| [(user, *other), (*other, user)]),
            );
        }
        // Meanwhile they may have chosen to be seen otherwise.
        let ids = users.iter().map(|user| user.id).collect();
        let users = self.choices.load(ids).await?;
        let reached = users.iter().filter(|user| self.may_be_reached(user.id));
        let reached: Vec<&UserRecord> = reached.collect();
        let _one = self.telling.speak();
        // Most are told the same.
        let mut signals: Vec<Signal> = Vec::new();
        let states = self.states(&users, |user| self.seen_since(user));
        let states: Vec<(&UserRecord, State)> = users.iter().zip(states).collect();
        let told = |to: &UserRecord| -> Vec<State> {
            let all = newcomers.contains(&to.id);
            let told = states.iter().filter(|(user, _)| {
                user.no != to.no
                    && (all || newcomers.contains(&user.id))
                    && !apart.contains(&(user.no, to.no))
            });
            told.map(|(_, state)| state.clone()).collect()
        };
        let (odd, plain): (Vec<&UserRecord>, Vec<&UserRecord>) = reached
            .into_iter()
            .partition(|to| apart.iter().any(|(user, _)| *user == to.no));
        for to in odd {
            signals.push(told_to(vec![to.id], told(to)));
        }
        let (come, been): (Vec<&UserRecord>, Vec<&UserRecord>) =
            plain.into_iter().partition(|to| newcomers.contains(&to.id));
        let ids = |users: Vec<&UserRecord>| users.iter().map(|user| user.id).collect();
        let all = states.iter().map(|(_, state)| state.clone()).collect();
        signals.push(told_to(ids(come), all));
        let new = states
            .into_iter()
            .filter(|(user, _)| newcomers.contains(&user.id))
            .map(|(_, state)| state);
        signals.push(told_to(ids(been), new.collect()));
        signals.retain(|signal| {
            matches!(signal, Signal::ToUsers { users, event: Event::Presence(told) }
                if !users.is_empty() && !told.users.is_empty())
        });
        self.bus.publish(signals);
        Ok(())
    }
}

fn told_to(users: Vec<UserId>, states: Vec<State>) -> Signal {
    Signal::ToUsers {
        users,
        event: Event::Presence(PresenceChanged {
            users: states,
            snapshot: false,
        }),
    }
}
