//! People by the dozen, and their presence as one of them sees it.

use std::collections::HashSet;

use proto::event::Presence;
use proto::id::UserId;
use proto::limits;

use super::{Caller, Service, refuse};
use crate::store::{UserNo, UserRecord};
use proto::error::WireError;

impl Service {
    /// Those that exist.
    ///
    /// # Errors
    ///
    /// Where the store fails.
    pub async fn people(&self, mut ids: Vec<UserId>) -> Result<Vec<UserRecord>, WireError> {
        ids.sort_unstable();
        ids.dedup();
        self.store.users(ids, Vec::new()).await.map_err(refuse)
    }

    /// How the caller sees these people now, in the same order: as offline,
    /// never seen, whom they may not see.
    ///
    /// # Errors
    ///
    /// Where the store fails.
    pub async fn seen_by(
        &self,
        caller: &Caller,
        people: &[UserRecord],
    ) -> Result<Vec<Presence>, WireError> {
        let own = caller.actor.id;
        let others = people.iter().any(|user| user.id != own);
        let known: HashSet<UserNo> = if others {
            let known = self
                .store
                .acquaintances(caller.actor.no, limits::PRESENCE_MEMBERS as u32);
            let known = known.await.map_err(refuse)?;
            known.iter().map(|user| user.no).collect()
        } else {
            HashSet::new()
        };
        let seen = people.iter().map(|user| {
            if user.id == own || known.contains(&user.no) {
                self.presence.seen(user)
            } else {
                Presence::new(user.id, false, None)
            }
        });
        Ok(seen.collect())
    }
}
