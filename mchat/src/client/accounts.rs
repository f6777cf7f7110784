//! Signing in and out.

use proto::request::{self, SessionInfo};
use proto::text::{Email, Password, Token, Username};
use tokio::sync::oneshot;

use super::driver::Command;
use super::model::{AccountRow, Link};
use super::{Client, ClientError};

/// A new account.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The wanted name.
    pub username: Username,
    /// The password.
    pub password: Password,
    /// Optional.
    pub email: Option<Email>,
    /// Needed where registration is by invite.
    pub invite: Option<Token>,
}

impl Client {
    /// The signed-in account, as far as this profile knows, online or not.
    pub fn account(&self) -> Option<AccountRow> {
        self.shared().account.clone()
    }

    /// Creates an account and signs in.
    ///
    /// # Errors
    ///
    /// [`ClientError::Server`] with the server's refusal.
    pub async fn register(&self, new: Registration) -> Result<AccountRow, ClientError> {
        self.may_become(Some(new.username.as_str())).await?;
        self.call(request::Register {
            username: new.username,
            password: new.password,
            email: new.email,
            invite: new.invite,
            device: self.device.clone(),
        })
        .await?;
        self.signed_in().await
    }

    /// Signs in by user name or e-mail address.
    ///
    /// # Errors
    ///
    /// [`ClientError::Server`] with the server's refusal;
    /// [`ClientError::OtherAccount`] where the profile holds unsent messages of
    /// somebody else.
    pub async fn login(&self, login: &str, password: Password) -> Result<AccountRow, ClientError> {
        let name = (!login.contains('@')).then_some(login);
        self.may_become(name).await?;
        self.call(request::Login {
            login: login.to_owned(),
            password,
            device: self.device.clone(),
        })
        .await?;
        self.signed_in().await
    }

    /// Ends this device's session, and forgets what the profile cached unless
    /// unsent messages wait in it.
    ///
    /// # Errors
    ///
    /// [`ClientError::SignedOut`], or why the server was not told.
    pub async fn logout(&self) -> Result<(), ClientError> {
        if self.account().is_none() {
            return Err(ClientError::SignedOut);
        }
        self.call(request::Logout {}).await?;
        let (reply, done) = oneshot::channel();
        self.tell(Command::SignOut(reply));
        done.await.map_err(|_| ClientError::Closed)?
    }

    /// The account's signed-in devices.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn sessions(&self) -> Result<Vec<SessionInfo>, ClientError> {
        Ok(self.call(request::Sessions {}).await?.sessions)
    }

    /// Refuses to sign in as somebody else over unsent messages.
    async fn may_become(&self, name: Option<&str>) -> Result<(), ClientError> {
        let (owner, unsent) = self.cache.read(|db| db.owner()).await?;
        match owner {
            Some(owner)
                if unsent > 0
                    && name.is_none_or(|name| {
                        proto::text::username_key(name) != proto::text::username_key(&owner)
                    }) =>
            {
                Err(ClientError::OtherAccount {
                    username: owner,
                    unsent,
                })
            }
            _ => Ok(()),
        }
    }

    /// Waits until the cache knows the session that was just opened.
    async fn signed_in(&self) -> Result<AccountRow, ClientError> {
        let mut link = self.link.clone();
        loop {
            if let Some(account) = self.account()
                && matches!(*link.borrow_and_update(), Link::Online { .. })
            {
                return Ok(account);
            }
            if let Link::Refused { why } = self.link() {
                return Err(ClientError::Refused(why));
            }
            link.changed().await.map_err(|_| ClientError::Closed)?;
        }
    }
}
