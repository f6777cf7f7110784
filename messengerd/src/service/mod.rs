//! The rules: the only door between what clients ask and what is stored.
//!
//! [`Service::submit`] takes a signed-in caller's request; [`accounts`] lets
//! callers in. Each further module is one noun: `chats`, `groups`, `invites`,
//! `messages`, `changes`, `search`, `sync`, `contacts`, `profiles`, [`cursors`],
//! [`presence`]; [`choices`] knows how people want to be seen, [`access`] who is
//! where and [`rights`] what they may do there, [`hub`] who listens here, [`feed`]
//! turns commits into events and `upkeep` works behind all of it. Among several
//! nodes [`receiver`] takes what the bus brings, [`roster`] knows who is online at
//! the others and `reconcile` finds what the bus lost.

pub mod access;
pub mod accounts;
pub(crate) mod avatars;
mod changes;
mod chats;
pub mod choices;
mod contacts;
pub mod cursors;
pub mod feed;
mod groups;
mod heartbeat;
pub mod hub;
mod invites;
mod lapses;
pub mod limiter;
pub mod live;
mod meeting;
mod messages;
pub mod news;
pub mod pace;
pub mod passwords;
mod people;
mod prefs;
pub mod presence;
mod profiles;
pub mod receiver;
mod reconcile;
pub mod rights;
pub mod roster;
mod search;
mod statuses;
mod sync;
mod telling;
pub mod timeline;
pub mod tokens;
mod upkeep;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proto::UnixMillis;
use proto::error::{ErrorCode, WireError};
use proto::id::SessionId;
use proto::limits;
use proto::request::{Done, Reply, Request};

use crate::bus::Bus;
use crate::store::{Actor, SharedStore, StoreError};
use access::Access;
use accounts::Registration;
use choices::Choices;
use cursors::Cursors;
use feed::Backlog;
use hub::Hub;
use limiter::{Limiter, Rate, SharedLimiter};
use passwords::Passwords;
use presence::Presence;
use receiver::Receiver;
use tokens::Tokens;
use tokio_util::task::TaskTracker;
use upkeep::Upkeep;

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
    choices: Arc<Choices>,
    cursors: Arc<Cursors>,
    presence: Presence,
    passwords: Passwords,
    tokens: Tokens,
    registration: Registration,
    /// Tries to sign in or register, by address.
    address_limit: SharedLimiter,
    /// Failed passwords, by account name.
    login_limit: SharedLimiter,
    send_limit: Limiter<i64>,
    /// Changes of one's own profile and contacts, by account.
    people_limit: Limiter<i64>,
    /// Searches for messages, people and public chats, by account.
    search_limit: Limiter<i64>,
    /// Typing that is passed on, by account.
    typing_limit: Limiter<i64>,
    upkeep: Upkeep,
    /// What has to be done to its end even where the asker goes away.
    tasks: TaskTracker,
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

/// Whether a request enters the store's queue in the order in which it came.
pub fn is_queued(request: &Request) -> bool {
    matches!(
        request,
        Request::Send(_)
            | Request::EditMessage(_)
            | Request::DeleteMessage(_)
            | Request::React(_)
            | Request::PinMessage(_)
    )
}

fn bad_request(what: &str) -> WireError {
    WireError::new(ErrorCode::BadRequest).with("what", what)
}

/// Times that are kept have to be such as both stores can keep.
fn check_time(at: UnixMillis, what: &str) -> Result<(), WireError> {
    if (0..=limits::TIME_MAX).contains(&at) {
        Ok(())
    } else {
        Err(bad_request(what))
    }
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
        let cursors = Arc::new(Cursors::new(parts.store.clone()));
        Ok(Arc::new(Self {
            presence: Presence::new(
                parts.store.clone(),
                &receiver,
                parts.bus.clone(),
                cursors.clone(),
            ),
            cursors,
            choices: receiver.choices().clone(),
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
            people_limit: Limiter::new(Rate::every(Duration::from_millis(250), 120)),
            search_limit: Limiter::new(Rate::every(Duration::from_millis(100), 50)),
            typing_limit: Limiter::new(Rate::every(Duration::from_millis(250), 40)),
            upkeep: Upkeep::default(),
            tasks: TaskTracker::new(),
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
    /// A send or a change of a message enters the store's queue before this
    /// returns, so that a caller who awaits `submit` and not the [`Work`] keeps
    /// their order without waiting for each commit. What others have to be told
    /// of, beside what is committed, is done whether or not the work is polled.
    /// Other work starts when it is.
    ///
    /// # Errors
    ///
    /// A refusal that needed no work.
    pub async fn submit(
        self: &Arc<Self>,
        caller: &Caller,
        request: Request,
    ) -> Result<Work, WireError> {
        let request = match request {
            Request::Send(request) => return self.send(caller, request).await,
            Request::EditMessage(request) => return self.edit(caller, request).await,
            Request::DeleteMessage(request) => return self.delete_message(caller, request).await,
            Request::React(request) => return self.react(caller, request).await,
            Request::PinMessage(request) => return self.pin(caller, request).await,
            request => request,
        };
        let service = self.clone();
        let caller = caller.clone();
        let outlives = outlives(&request);
        let work = async move { service.execute(&caller, request).await };
        if !outlives {
            return Ok(Box::pin(work));
        }
        let task = self.tasks.spawn(work);
        Ok(Box::pin(async move {
            task.await.unwrap_or_else(|error| {
                tracing::error!(%error, "a request was not done to its end");
                Err(ErrorCode::Internal.into())
            })
        }))
    }

    async fn execute(&self, caller: &Caller, request: Request) -> Result<Reply, WireError> {
        Ok(match request {
            Request::Register(_) | Request::Login(_) => {
                return Err(bad_request("already signed in"));
            }
            // These are taken by `submit`; they never get here.
            Request::Send(_)
            | Request::EditMessage(_)
            | Request::DeleteMessage(_)
            | Request::React(_)
            | Request::PinMessage(_) => return Err(ErrorCode::Internal.into()),
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
            Request::SearchUsers(request) => {
                Reply::SearchUsers(self.search_users(caller, request).await?)
            }
            Request::Users(request) => Reply::Users(self.users(request).await?),
            Request::ChangePassword(request) => {
                Reply::ChangePassword(self.change_password(caller, request).await?)
            }
            Request::Profile(request) => Reply::Profile(self.profile(caller, request).await?),
            Request::SetProfile(request) => {
                Reply::SetProfile(self.set_profile(caller, request).await?)
            }
            Request::SetStatus(request) => {
                Reply::SetStatus(self.set_status(caller, request).await?)
            }
            // Taken by the session where that is live.
            Request::Idle(_) => return Err(bad_request("only a live session can be idle")),
            Request::Avatar(request) => Reply::Avatar(self.avatar(request).await?),
            Request::Contacts(request) => Reply::Contacts(self.contacts(caller, request).await?),
            Request::AddContact(request) => {
                Reply::AddContact(self.add_contact(caller, request).await?)
            }
            Request::ChangeContact(request) => {
                Reply::ChangeContact(self.change_contact(caller, request).await?)
            }
            Request::RemoveContact(request) => {
                Reply::RemoveContact(self.remove_contact(caller, request).await?)
            }
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
            Request::Members(request) => Reply::Members(self.members_of(caller, request).await?),
            Request::ChangeChat(request) => {
                Reply::ChangeChat(self.change_chat(caller, request).await?)
            }
            Request::SetAvatar(request) => {
                Reply::SetAvatar(self.set_avatar(caller, request).await?)
            }
            Request::SetRole(request) => Reply::SetRole(self.set_role(caller, request).await?),
            Request::MuteMember(request) => {
                Reply::MuteMember(self.mute_member(caller, request).await?)
            }
            Request::BanMember(request) => {
                Reply::BanMember(self.ban_member(caller, request).await?)
            }
            Request::Banned(request) => Reply::Banned(self.banned(caller, request).await?),
            Request::DeleteChat(request) => {
                Reply::DeleteChat(self.delete_chat(caller, request).await?)
            }
            Request::JoinChat(request) => Reply::JoinChat(self.join_chat(caller, request).await?),
            Request::Directory(request) => Reply::Directory(self.directory(caller, request).await?),
            Request::SetChatPrefs(request) => {
                Reply::SetChatPrefs(self.set_chat_prefs(caller, request).await?)
            }
            Request::CreateChatInvite(request) => {
                Reply::CreateChatInvite(self.create_chat_invite(caller, request).await?)
            }
            Request::ChatInvites(request) => {
                Reply::ChatInvites(self.chat_invites(caller, request).await?)
            }
            Request::RevokeChatInvite(request) => {
                Reply::RevokeChatInvite(self.revoke_chat_invite(caller, request).await?)
            }
            Request::AcceptChatInvite(request) => {
                Reply::AcceptChatInvite(self.accept_chat_invite(caller, request).await?)
            }
            Request::Pins(request) => Reply::Pins(self.pins(caller, request).await?),
            Request::SearchMessages(request) => {
                Reply::SearchMessages(self.search_messages(caller, request).await?)
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
        })
    }
}

/// Whether others are to be told what the store alone does not tell them.
fn outlives(request: &Request) -> bool {
    matches!(
        request,
        Request::ChangePassword(_)
            | Request::SetProfile(_)
            | Request::SetStatus(_)
            | Request::SetAvatar(_)
            | Request::AddContact(_)
            | Request::ChangeContact(_)
            | Request::RemoveContact(_)
    )
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
