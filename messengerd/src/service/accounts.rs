//! Letting callers in: registration, sign-in, sessions, finding people.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use proto::UnixMillis;
use proto::error::{ErrorCode, WireError};
use proto::hello::Account;
use proto::id::{SessionId, UserId};
use proto::limits;
use proto::request::{
    ChangePassword, Done, Login, Register, SearchUsers, SessionInfo, SessionList, SignedIn,
    UserList, Users,
};
use proto::text::{DeviceName, Password, Token, username_key};

use super::limiter::network;
use super::tokens::{NATIVE_LIFE_MS, Tokens};
use super::{Caller, Service, bad_request, now, refuse, too_large};
use crate::store::{Actor, Admission, NewInvite, NewSession, NewUser, StoreError, UserRecord};

/// Bytes of a person, encoded, beside names.
const USER_BYTES: usize = 150;

/// Who may register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Registration {
    /// Peers on this machine freely, others with an invite.
    #[default]
    Local,
    /// Anybody.
    Open,
    /// Whoever has an invite.
    Invite,
    /// Nobody.
    Closed,
}

/// How long a session lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// As long as it is used now and then.
    Sliding,
    /// So many milliseconds from its beginning.
    For(i64),
}

impl Life {
    /// When a session that begins now ends by itself.
    fn ends(self, at: UnixMillis) -> Option<UnixMillis> {
        match self {
            Life::Sliding => None,
            Life::For(ms) => Some(at + ms),
        }
    }

    fn token_ms(self) -> i64 {
        match self {
            Life::Sliding => NATIVE_LIFE_MS,
            Life::For(ms) => ms,
        }
    }
}

/// The form in which the store knows an invite's token.
pub fn invite_hash(token: &Token) -> [u8; 32] {
    *blake3::hash(token.as_str().as_bytes()).as_bytes()
}

impl Service {
    /// Creates an account and signs in.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::RegistrationClosed`], [`ErrorCode::InviteRequired`],
    /// [`ErrorCode::InviteInvalid`], [`ErrorCode::UsernameTaken`],
    /// [`ErrorCode::EmailTaken`], [`ErrorCode::RateLimited`].
    pub async fn register(
        &self,
        peer: IpAddr,
        life: Life,
        request: Register,
    ) -> Result<(Caller, SignedIn), WireError> {
        self.limit_address(peer).await?;
        let admission = self.admission(peer, request.invite.as_ref())?;
        let password_hash = self.passwords.hash(request.password).await?;
        let at = now();
        let session = NewSession {
            id: SessionId::generate(),
            device: request.device,
            at,
            expires_at: life.ends(at),
        };
        let user = NewUser {
            id: UserId::generate(),
            username: request.username.clone(),
            email: request.email,
            password_hash,
            admission,
            at,
        };
        let session_id = session.id;
        let user = self
            .store
            .create_user(user, session)
            .await
            .map_err(|error| match error {
                StoreError::Taken(crate::store::Unique::Username) => {
                    WireError::new(ErrorCode::UsernameTaken).with("name", &request.username)
                }
                other => refuse(other),
            })?;
        self.signed_in(&user, session_id, life)
    }

    fn admission(&self, peer: IpAddr, invite: Option<&Token>) -> Result<Admission, WireError> {
        let local = peer.to_canonical().is_loopback();
        let with_invite = invite.map(|token| Admission::Invite {
            token_hash: invite_hash(token),
        });
        match (self.registration, with_invite) {
            (Registration::Closed, _) => Err(ErrorCode::RegistrationClosed.into()),
            (_, Some(invite)) => Ok(invite),
            (Registration::Open, None) => Ok(Admission::Open {
                first_is_admin: local,
            }),
            (Registration::Local, None) if local => Ok(Admission::Open {
                first_is_admin: true,
            }),
            (Registration::Local | Registration::Invite, None) => {
                Err(ErrorCode::InviteRequired.into())
            }
        }
    }

    /// Signs in with a password. Unknown name and wrong password get the same
    /// answer after the same time.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::BadCredentials`], [`ErrorCode::RateLimited`].
    pub async fn login(
        &self,
        peer: IpAddr,
        life: Life,
        request: Login,
    ) -> Result<(Caller, SignedIn), WireError> {
        // No account has such a name, and not every store can look for it.
        if request.login.len() > limits::EMAIL_BYTES * 2 || request.login.contains(char::is_control)
        {
            return Err(ErrorCode::BadCredentials.into());
        }
        self.limit_address(peer).await?;
        let key = username_key(&request.login);
        self.login_limit.take(&key).await?;
        let user = self
            .store
            .user_by_login(request.login)
            .await
            .map_err(refuse)?;
        let user = user.filter(|user| !user.disabled);
        let hash = user.as_ref().map(|user| user.password_hash.clone());
        let right = self.passwords.verify(request.password, hash).await?;
        let Some(user) = user.filter(|_| right) else {
            return Err(ErrorCode::BadCredentials.into());
        };
        // Only failures count.
        self.login_limit.give_back(&key).await;
        let session = self.open_session(&user, request.device, life).await?;
        // A change of the password ends the sessions that are there: not one
        // that was opened with the old one just behind it.
        let now_is = self.store.users(vec![user.id], Vec::new()).await;
        let now_is = now_is.map_err(refuse)?;
        if now_is.first().map(|user| &user.password_hash) != Some(&user.password_hash) {
            let ended = self.store.end_session(user.no, session, now());
            ended.await.map_err(refuse)?;
            return Err(ErrorCode::BadCredentials.into());
        }
        self.signed_in(&user, session, life)
    }

    /// Replaces the caller's password; all their other sessions end.
    pub(super) async fn change_password(
        &self,
        caller: &Caller,
        request: ChangePassword,
    ) -> Result<Done, WireError> {
        self.check_password(caller, request.old).await?;
        let hash = self.passwords.hash(request.new).await?;
        self.store
            .set_password(caller.actor, hash, caller.session, now())
            .await
            .map_err(refuse)?;
        Ok(Done {})
    }

    /// Ends the caller's account for good, if this is its password.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::BadCredentials`], [`ErrorCode::RateLimited`].
    pub async fn delete_account(
        self: &Arc<Self>,
        caller: &Caller,
        password: Password,
    ) -> Result<(), WireError> {
        self.check_password(caller, password).await?;
        let (service, actor) = (self.clone(), caller.actor);
        // To its end, also where the asker goes away.
        let task = self.tasks.spawn(async move {
            let deleted = service.store.delete_user(actor, now()).await;
            deleted.map_err(refuse)?;
            service.choices.outdate(actor.id);
            service.choices.again(&[actor.id]);
            Ok(())
        });
        task.await.unwrap_or_else(|error| {
            tracing::error!(%error, "an account was not deleted to its end");
            Err(ErrorCode::Internal.into())
        })
    }

    /// Whether it is the caller who asks, by their password.
    async fn check_password(&self, caller: &Caller, password: Password) -> Result<(), WireError> {
        let key = username_key(&caller.username);
        self.login_limit.take(&key).await?;
        let user = self.own_record(caller).await?;
        let right = self
            .passwords
            .verify(password, Some(user.password_hash))
            .await?;
        if !right {
            return Err(ErrorCode::BadCredentials.into());
        }
        // Only failures count.
        self.login_limit.give_back(&key).await;
        Ok(())
    }

    async fn open_session(
        &self,
        user: &UserRecord,
        device: DeviceName,
        life: Life,
    ) -> Result<SessionId, WireError> {
        let at = now();
        let session = NewSession {
            id: SessionId::generate(),
            device,
            at,
            expires_at: life.ends(at),
        };
        let id = session.id;
        self.store
            .create_session(user.no, session)
            .await
            .map_err(refuse)?;
        Ok(id)
    }

    fn signed_in(
        &self,
        user: &UserRecord,
        session: SessionId,
        life: Life,
    ) -> Result<(Caller, SignedIn), WireError> {
        let token = self
            .tokens
            .issue(user.id, session, now(), life.token_ms())?;
        let caller = caller(user, session);
        Ok((
            caller.clone(),
            SignedIn {
                account: caller.account(),
                token,
            },
        ))
    }

    async fn limit_address(&self, peer: IpAddr) -> Result<(), WireError> {
        // This machine's own scripts are not slowed down: the queue for hashing
        // is bounded all the same.
        match network(peer) {
            network if network.is_loopback() => Ok(()),
            network => self.address_limit.take(&network.to_string()).await,
        }
    }

    /// The session behind a token, and a fresh token where this one ages.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Unauthenticated`].
    pub async fn resume(&self, token: &Token) -> Result<(Caller, Option<Token>), WireError> {
        let at = now();
        let claims = self.tokens.check(token, at)?;
        let found = self
            .store
            .session(SessionId(claims.sid))
            .await
            .map_err(refuse)?;
        let (session, user) = found
            .filter(|(_, user)| user.id.0 == claims.sub)
            .ok_or(ErrorCode::Unauthenticated)?;
        if at - session.last_used > 60_000 {
            self.store
                .touch_sessions(vec![(session.id, at)])
                .await
                .map_err(refuse)?;
        }
        // A session with an end has it, whatever is done on it.
        let fresh = if session.expires_at.is_none() && Tokens::is_aging(&claims, at) {
            let life = Life::Sliding.token_ms();
            Some(self.tokens.issue(user.id, session.id, at, life)?)
        } else {
            None
        };
        Ok((caller(&user, session.id), fresh))
    }

    /// Makes an invite link's token.
    ///
    /// # Errors
    ///
    /// Where the store fails.
    pub async fn create_invite(
        &self,
        token: &Token,
        admin: bool,
        max_uses: u32,
        expires_at: Option<proto::UnixMillis>,
    ) -> Result<(), WireError> {
        let invite = NewInvite {
            token_hash: invite_hash(token),
            admin,
            max_uses,
            expires_at,
            at: now(),
        };
        self.store.create_invite(invite).await.map_err(refuse)
    }

    pub(super) async fn sessions(&self, caller: &Caller) -> Result<SessionList, WireError> {
        let sessions = self.store.sessions(caller.actor.no).await.map_err(refuse)?;
        let sessions = sessions.into_iter().map(|session| SessionInfo {
            id: session.id,
            device: session.device,
            created_at: session.created_at,
            last_used: session.last_used,
            current: session.id == caller.session,
        });
        Ok(SessionList {
            sessions: sessions.collect(),
        })
    }

    pub(super) async fn search_users(
        &self,
        caller: &Caller,
        request: SearchUsers,
    ) -> Result<UserList, WireError> {
        if request.query.chars().count() > limits::QUERY_CHARS {
            return Err(too_large("query", limits::QUERY_CHARS));
        }
        self.search_limit.take(caller.actor.no.0, Instant::now())?;
        let limit = request.limit.clamp(1, limits::SEARCH_RESULTS);
        let query = request.query.trim().to_owned();
        let found = self.store.search_users(query, limit);
        Ok(user_list(found.await.map_err(refuse)?))
    }

    pub(super) async fn users(&self, request: Users) -> Result<UserList, WireError> {
        if request.ids.len() + request.names.len() > limits::BATCH {
            return Err(too_large("users", limits::BATCH));
        }
        if request
            .names
            .iter()
            .any(|name| name.len() > limits::EMAIL_BYTES * 2 || name.contains('\0'))
        {
            return Err(bad_request("name"));
        }
        let users = self
            .store
            .users(request.ids, request.names)
            .await
            .map_err(refuse)?;
        Ok(user_list(users))
    }
}

/// As many of them as fit into a frame.
fn user_list(records: Vec<UserRecord>) -> UserList {
    let mut list = UserList {
        users: Vec::with_capacity(records.len()),
        more: false,
    };
    let mut bytes = 0;
    for record in records {
        bytes +=
            USER_BYTES + record.username.len() + record.first_name.len() + record.last_name.len();
        if bytes > limits::PAGE_BYTES {
            list.more = true;
            break;
        }
        list.users.push(record.shown());
    }
    list
}

fn caller(user: &UserRecord, session: SessionId) -> Caller {
    Caller {
        actor: Actor {
            no: user.no,
            id: user.id,
        },
        username: user.username.clone(),
        session,
        admin: user.admin,
    }
}

impl Caller {
    /// What the client is told about itself.
    pub fn account(&self) -> Account {
        Account {
            user: self.actor.id,
            username: self.username.clone(),
            session: self.session,
            admin: self.admin,
        }
    }
}
