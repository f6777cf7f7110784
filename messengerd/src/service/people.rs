//! People by the dozen, and their presence as one of them sees it.

use std::collections::HashSet;
use std::time::Instant;

use proto::event::Presence;
use proto::id::UserId;
use proto::limits;

use super::{Caller, Service, refuse, too_large};
use crate::store::{UserNo, UserRecord};
use proto::error::{ErrorCode, WireError};
use proto::request::Status;
use proto::text::{search_fold, username_key};

/// How many are looked at together for those who are offline.
const OFFLINE_PAGE: u32 = 1_000;

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

    /// Whether requests can be done now.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Unavailable`] where the store does not answer or the other
    /// nodes are not reached.
    pub async fn check_ready(&self) -> Result<(), WireError> {
        self.store.is_empty().await.map_err(refuse)?;
        if self.bus.is_up() {
            Ok(())
        } else {
            Err(WireError::new(ErrorCode::Unavailable).retry_after(1_000))
        }
    }

    /// Enabled accounts but the caller's whose names contain `query`, by user
    /// name; only those whom the caller sees with this status, where one is
    /// given.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::TooLarge`], [`ErrorCode::RateLimited`], or where the store
    /// fails.
    pub async fn list_people(
        &self,
        caller: &Caller,
        query: &str,
        status: Option<Status>,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<UserRecord>, WireError> {
        if query.chars().count() > limits::QUERY_CHARS {
            return Err(too_large("query", limits::QUERY_CHARS));
        }
        self.search_limit.take(caller.actor.no.0, Instant::now())?;
        // No name has it, and not every store can look for it.
        if query.contains('\0') {
            return Ok(Vec::new());
        }
        let Some(status) = status else {
            return self.list_page(caller, query, limit, offset).await;
        };
        let is_wanted = |seen: &Presence| match (status, seen.online) {
            (Status::Offline, online) => !online,
            (status, true) => seen.status.unwrap_or(Status::Online) == status,
            (_, false) => false,
        };
        let mut left = offset as usize;
        let mut found = Vec::new();
        let mut keep = |records: Vec<UserRecord>, seen: Vec<Presence>| {
            for (record, _) in records
                .into_iter()
                .zip(seen)
                .filter(|(_, seen)| is_wanted(seen))
            {
                if left > 0 {
                    left -= 1;
                } else if found.len() < limit as usize {
                    found.push(record);
                }
            }
            found.len() < limit as usize
        };
        if status != Status::Offline {
            // Of others nobody sees that they are there.
            let known = self
                .store
                .acquaintances(caller.actor.no, limits::PRESENCE_MEMBERS as u32);
            let mut known = known.await.map_err(refuse)?;
            known.retain(|user| {
                !user.disabled && user.no != caller.actor.no && is_named(user, query)
            });
            known.sort_by_cached_key(|user| username_key(&user.username));
            let seen = known.iter().map(|user| self.presence.seen(user)).collect();
            keep(known, seen);
            return Ok(found);
        }
        for page in 0.. {
            let from = page * OFFLINE_PAGE;
            let records = self.list_page(caller, query, OFFLINE_PAGE, from).await?;
            let last = records.len() < OFFLINE_PAGE as usize;
            let seen = self.seen_by(caller, &records).await?;
            if !keep(records, seen) || last {
                break;
            }
        }
        Ok(found)
    }

    async fn list_page(
        &self,
        caller: &Caller,
        query: &str,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<UserRecord>, WireError> {
        let page = self
            .store
            .list_users(query.to_owned(), caller.actor.no, limit, offset);
        page.await.map_err(refuse)
    }

    /// Somebody by user name or e-mail address who can be written to.
    ///
    /// # Errors
    ///
    /// Where the store fails.
    pub async fn find_person(&self, login: &str) -> Result<Option<UserRecord>, WireError> {
        if login.len() > limits::EMAIL_BYTES * 2 || login.contains(char::is_control) {
            return Ok(None);
        }
        let found = self.store.user_by_login(login.to_owned()).await;
        Ok(found.map_err(refuse)?.filter(|user| !user.disabled))
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

/// Whether somebody's names contain `query`, as the store compares them.
fn is_named(user: &UserRecord, query: &str) -> bool {
    let (key, names) = (username_key(query), search_fold(query.trim()));
    let own = search_fold(&format!("{} {}", user.first_name, user.last_name));
    key.is_empty()
        || username_key(&user.username).contains(&key)
        || (!names.trim().is_empty() && own.contains(names.trim()))
}
