//! The rules: the only door between what clients ask and what is stored.
//!
//! [`Service::submit`] takes a signed-in caller's request; [`accounts`] lets
//! callers in. Each further module is one noun: `chats`, `messages`, `sync`,
//! [`cursors`], [`presence`]; [`access`] knows who is where, [`hub`] who listens
//! here, [`feed`] turns commits into events. Among several nodes [`receiver`]
//! takes what the bus brings, [`roster`] knows who is online at the others and
//! `reconcile` finds what the bus lost.

pub mod access;
pub mod accounts;
mod chats;
pub mod cursors;
pub mod feed;
mod heartbeat;
pub mod hub;
pub mod limiter;
mod messages;
pub mod pace;
pub mod passwords;
pub mod presence;
pub mod receiver;
mod reconcile;
pub mod roster;
mod sync;
pub mod tokens;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proto::UnixMillis;
use proto::error::{ErrorCode, WireError};
use proto::id::SessionId;
use proto::request::{Done, Reply, Request};

use crate::bus::Bus;
use crate::store::{Actor, SharedStore, StoreError};
use access::Access;
use accounts::Registration;
use cursors::Cursors;
use feed::Backlog;
use hub::Hub;
use limiter::{Limiter, Rate, SharedLimiter};
use passwords::Passwords;
use presence::Presence;
use receiver::Receiver;
use tokens::Tokens;

/// Who asks: a signed-in session.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The account.
    pub actor: Actor,
    /// Its name.
    pub username: String,
    /// The device.
    pub session: SessionId,
    /// Whether the account administers the server.
    pub admin: bool,
}

/// An answer on its way. It owns what it needs and may outlive the asker.
pub type Work = Pin<Box<dyn Future<Output = Result<Reply, WireError>> + Send>>;

/// What a service is made of.
pub struct Parts {
    /// Everything durable.
    pub store: SharedStore,
    /// Takes what the bus brings; its cache is shared with the feed.
    pub receiver: Arc<Receiver>,
    /// The way to all nodes' receivers.
    pub bus: Arc<dyn Bus>,
    /// What was committed and not told yet.
    pub backlog: Backlog,
    /// Signs tokens.
    pub token_secret: Vec<u8>,
    /// Who may register.
    pub registration: Registration,
    /// How much one account may send.
    pub send_rate: Rate,
}

/// The rules and what they need.
pub struct Service {
    store: SharedStore,
    receiver: Arc<Receiver>,
    hub: Arc<Hub>,
    bus: Arc<dyn Bus>,
    access: Arc<Access>,
    backlog: Backlog,
    cursors: Cursors,
    presence: Presence,
    passwords: Passwords,
    tokens: Tokens,
    registration: Registration,
    /// Tries to sign in or register, by address.
    address_limit: SharedLimiter,
    /// Failed passwords, by account name.
    login_limit: SharedLimiter,
    send_limit: Limiter<i64>,
}

/// Milliseconds since the epoch by this machine's clock.
pub fn now() -> UnixMillis {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_millis() as UnixMillis)
}

/// The wire's word for a store's failure. Causes go to the log, once, here.
pub(crate) fn refuse(error: StoreError) -> WireError {
    match error {
        StoreError::Busy => WireError::new(ErrorCode::Busy).retry_after(200),
        StoreError::Full => {
            tracing::error!("the store's device is full");
            WireError::new(ErrorCode::StorageFull).retry_after(5_000)
        }
        StoreError::Unavailable(cause) => {
            static LOGGED: AtomicI64 = AtomicI64::new(i64::MIN);
            if is_due(&LOGGED, now()) {
                tracing::error!(cause, "the store is not available");
            }
            WireError::new(ErrorCode::Unavailable).retry_after(1_000)
        }
        StoreError::Conflict => ErrorCode::Conflict.into(),
        StoreError::Taken(crate::store::Unique::Username) => ErrorCode::UsernameTaken.into(),
        StoreError::Taken(crate::store::Unique::Email) => ErrorCode::EmailTaken.into(),
        StoreError::NoAccess => ErrorCode::NotFound.into(),
        StoreError::InviteInvalid => ErrorCode::InviteInvalid.into(),
        StoreError::NoEntry => ErrorCode::NotFound.into(),
        // Decided anew where it matters; who still gets it may try again.
        StoreError::Outdated => WireError::new(ErrorCode::Busy).retry_after(50),
        StoreError::TooMany(what) => WireError::new(ErrorCode::TooLarge).with("what", what),
        StoreError::NotFirst => ErrorCode::InviteRequired.into(),
        error @ (StoreError::NewerSchema { .. }
        | StoreError::ChangedMigration(_)
        | StoreError::Internal(_)) => {
            tracing::error!(%error, "the store failed");
            ErrorCode::Internal.into()
        }
    }
}

/// Whether a line about an outage is due: one a second says as much as one for
/// each request that it refuses.
fn is_due(logged: &AtomicI64, at: UnixMillis) -> bool {
    let last = logged.load(Ordering::Relaxed);
    at.abs_diff(last) >= 1_000
        && logged
            .compare_exchange(last, at, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
}

fn bad_request(what: &str) -> WireError {
    WireError::new(ErrorCode::BadRequest).with("what", what)
}

fn too_large(what: &str, limit: usize) -> WireError {
    WireError::new(ErrorCode::TooLarge)
        .with("what", what)
        .with("limit", limit)
}

impl Service {
    /// A service on these parts.
    ///
    /// # Errors
    ///
    /// Where the hashing thread cannot be started.
    pub fn new(parts: Parts) -> std::io::Result<Arc<Self>> {
        let shared = parts.bus.shared();
        let receiver = parts.receiver;
        Ok(Arc::new(Self {
            cursors: Cursors::new(parts.store.clone()),
            presence: Presence::new(parts.store.clone(), &receiver, parts.bus.clone()),
            passwords: Passwords::start()?,
            tokens: Tokens::new(&parts.token_secret),
            address_limit: SharedLimiter::new(
                "address",
                Rate::every(Duration::from_millis(500), 60),
                shared.clone(),
            ),
            login_limit: SharedLimiter::new(
                "login",
                Rate::every(Duration::from_secs(6), 10),
                shared,
            ),
            send_limit: Limiter::new(parts.send_rate),
            store: parts.store,
            hub: receiver.hub().clone(),
            access: receiver.access().clone(),
            receiver,
            bus: parts.bus,
            backlog: parts.backlog,
            registration: parts.registration,
        }))
    }

    /// Who listens here.
    pub fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Read and delivered cursors on their way to the store.
    pub fn cursors(&self) -> &Cursors {
        &self.cursors
    }

    /// Who is online.
    pub fn presence(&self) -> &Presence {
        &self.presence
    }

    /// Takes a signed-in caller's request.
    ///
    /// A send enters the store's queue before this returns, so that a caller
    /// who awaits `submit` and not the [`Work`] keeps the order of their
    /// messages without waiting for each commit. Other work starts when it is
    /// polled.
    ///
    /// # Errors
    ///
    /// A refusal that needed no work.
    pub async fn submit(
        self: &Arc<Self>,
        caller: &Caller,
        request: Request,
    ) -> Result<Work, WireError> {
        if let Request::Send(send) = request {
            return self.send(caller, send).await;
        }
        let service = self.clone();
        let caller = caller.clone();
        Ok(Box::pin(
            async move { service.execute(&caller, request).await },
        ))
    }

    async fn execute(&self, caller: &Caller, request: Request) -> Result<Reply, WireError> {
        Ok(match request {
            Request::Register(_) | Request::Login(_) => {
                return Err(bad_request("already signed in"));
            }
            // A send is taken by `submit`; it never gets here.
            Request::Send(_) => return Err(ErrorCode::Internal.into()),
            Request::Logout(_) => {
                self.store
                    .end_session(caller.actor.no, caller.session, now())
                    .await
                    .map_err(refuse)?;
                Reply::Logout(Done {})
            }
            Request::Sessions(_) => Reply::Sessions(self.sessions(caller).await?),
            Request::RevokeSession(request) => {
                let ended = self
                    .store
                    .end_session(caller.actor.no, request.session, now())
                    .await
                    .map_err(refuse)?;
                if !ended {
                    return Err(ErrorCode::NotFound.into());
                }
                Reply::RevokeSession(Done {})
            }
            Request::SearchUsers(request) => Reply::SearchUsers(self.search_users(request).await?),
            Request::Users(request) => Reply::Users(self.users(request).await?),
            Request::CreateChat(request) => {
                Reply::CreateChat(self.create_chat(caller, request).await?)
            }
            Request::Chats(request) => Reply::Chats(self.chats(caller, request).await?),
            Request::AddMembers(request) => {
                Reply::AddMembers(self.add_members(caller, request).await?)
            }
            Request::RemoveMember(request) => {
                Reply::RemoveMember(self.remove_member(caller, request).await?)
            }
            Request::Changes(request) => Reply::Changes(self.changes(caller, request).await?),
            Request::History(request) => Reply::History(self.history(caller, request).await?),
            Request::Mark(request) => Reply::Mark(self.mark(caller, request).await?),
            Request::Typing(request) => Reply::Typing(self.typing(caller, request).await?),
            Request::Cursors(request) => {
                Reply::Cursors(self.member_cursors(caller, request).await?)
            }
            Request::Digest(request) => Reply::Digest(self.digest(caller, request).await?),
            // The session sends the heads themselves before this reply.
            Request::SyncHeads(_) => Reply::SyncHeads(Done {}),
            Request::AccountChanges(request) => {
                Reply::AccountChanges(self.account_changes(caller, request).await?)
            }
            Request::AccountDigest(request) => {
                Reply::AccountDigest(self.account_digest(caller, request).await?)
            }
            Request::Ping(_) => Reply::Ping(Done {}),
            _ => return Err(ErrorCode::Unsupported.into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_logged_once_a_second() {
        let logged = AtomicI64::new(i64::MIN);
        let due = [5_000, 5_999, 6_000, 6_001, 7_500].map(|at| is_due(&logged, at));
        assert_eq!(due, [true, false, true, false, true]);
    }
}
