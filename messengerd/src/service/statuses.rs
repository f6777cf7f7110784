//! What people choose to be seen as, and what follows from it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use proto::error::WireError;
use proto::id::UserId;
use proto::request::{Done, ProfileInfo, Reply, SetStatus, Status};

use super::access::ChatAccess;
use super::profiles::own_profile;
use super::{Caller, Service, Work, bad_request, check_time, now, refuse};
use crate::store::people::ChosenStatus;

impl Service {
    pub(super) async fn set_status(
        &self,
        caller: &Caller,
        request: SetStatus,
    ) -> Result<ProfileInfo, WireError> {
        if matches!(request.status, Status::Offline | Status::Unknown) {
            return Err(bad_request("a status is online, away, busy or invisible"));
        }
        let at = now();
        if let Some(until) = request.until {
            check_time(until, "until is no time of the years 1970 to 9999")?;
            if until <= at {
                return Err(bad_request("until is in the past"));
            }
        }
        self.let_change(caller)?;
        let user = caller.actor;
        let before = self.choices.choice(user.id).await?;
        // To others who becomes invisible goes now.
        if request.status == Status::Invisible
            && !before.is_hidden(at)
            && self.presence.is_online(user.id)
        {
            let seen = self.store.set_last_seen(vec![(user.no, at)]);
            seen.await.map_err(refuse)?;
        }
        let chosen = ChosenStatus {
            status: request.status,
            text: request.text,
            until: request.until,
        };
        let record = self.store.set_status(user, chosen, at).await;
        let record = record.map_err(refuse)?;
        self.follow_choice(caller).await?;
        Ok(own_profile(&record))
    }

    /// Acts on what the caller has chosen before they are answered. Those who
    /// may know are told by the nodes where the caller is online, and nobody
    /// needs to know where that is nowhere.
    pub(super) async fn follow_choice(&self, caller: &Caller) -> Result<(), WireError> {
        let user = caller.actor;
        self.choices.outdate(user.id);
        let choice = self.choices.choice(user.id).await?;
        if !choice.shows_receipts(now()) {
            self.cursors.hide(user.no);
        }
        self.choices.again(&[user.id]);
        Ok(())
    }

    /// Nobody is at the device of a live session any more, or somebody is
    /// again. `idle` is how it was.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::RateLimited`](proto::error::ErrorCode::RateLimited).
    pub fn turn(
        self: &Arc<Self>,
        caller: &Caller,
        idle: &AtomicBool,
        on: bool,
    ) -> Result<Work, WireError> {
        self.let_change(caller)?;
        let user = caller.actor;
        let news = idle.swap(on, Ordering::SeqCst) != on && self.presence.turned(user.id, on);
        let service = self.clone();
        Ok(Box::pin(async move {
            if news {
                let choice = service.choices.choice(user.id).await?;
                // Something else was chosen, which stays.
                if choice.at(now()).0 == Status::Online {
                    service.presence.announce(user, true).await?;
                }
            }
            Ok(Reply::Idle(Done {}))
        }))
    }

    /// Whether others learn what a member of a chat has received and read.
    pub(super) async fn shows_receipts(
        &self,
        chat: &ChatAccess,
        user: UserId,
    ) -> Result<bool, WireError> {
        Ok(!chat.is_severed() && self.choices.choice(user).await?.shows_receipts(now()))
    }

    /// Takes one from what an account may change about itself and others.
    pub(super) fn let_change(&self, caller: &Caller) -> Result<(), WireError> {
        self.people_limit.take(caller.actor.no.0, Instant::now())
    }
}
