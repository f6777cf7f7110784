//! Contacts, profiles and statuses.

use bytes::Bytes;
use proto::UnixMillis;
use proto::digest::Digest;
use proto::id::{ChatId, SessionId, UserId};
use proto::request::{self, AvatarImage, ProfileInfo, SetProfile, Status};
use proto::text::{DisplayName, Password, StatusText};

use super::driver::Command;
use super::model::ContactRow;
use super::{Client, ClientError};

impl Client {
    /// Contacts, requests and blocked people, as cached, by name. A live client
    /// keeps them current; others call [`fetch_contacts`](Self::fetch_contacts)
    /// before.
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn contacts(&self) -> Result<Vec<ContactRow>, ClientError> {
        self.cache.read(|db| db.contacts()).await
    }

    /// Brings the contact list into the cache.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn fetch_contacts(&self) -> Result<(), ClientError> {
        // What changes while the answer is on its way is asked for again later.
        let at = self.cache.read(|db| db.account_seq()).await?;
        let mut contacts = Vec::new();
        loop {
            let offset = contacts.len() as u32;
            let list = self.call(request::Contacts { offset }).await?;
            let ended = !list.more || list.contacts.is_empty();
            contacts.extend(list.contacts);
            if ended {
                break;
            }
        }
        self.cache
            .write(move |db| db.put_contacts(&contacts, at))
            .await?;
        self.tell(Command::Told(super::model::ClientEvent::Contacts));
        Ok(())
    }

    /// Asks somebody to be a contact, or accepts their asking.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn add_contact(
        &self,
        user: UserId,
        nickname: Option<DisplayName>,
    ) -> Result<(), ClientError> {
        self.call(request::AddContact { user, nickname }).await?;
        self.fetch_contacts().await
    }

    /// Changes what somebody is called here; `None`: by their own name again.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn rename_contact(
        &self,
        user: UserId,
        nickname: Option<DisplayName>,
    ) -> Result<(), ClientError> {
        self.call(request::ChangeContact {
            user,
            clear_nickname: nickname.is_none(),
            nickname,
            blocked: None,
        })
        .await?;
        self.fetch_contacts().await
    }

    /// Takes somebody off the contact list, or declines their asking.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn remove_contact(&self, user: UserId) -> Result<(), ClientError> {
        self.call(request::RemoveContact { user }).await?;
        self.fetch_contacts().await
    }

    /// Blocks or unblocks somebody; they are not told.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn block(&self, user: UserId, on: bool) -> Result<(), ClientError> {
        self.call(request::ChangeContact {
            user,
            nickname: None,
            clear_nickname: false,
            blocked: Some(on),
        })
        .await?;
        self.fetch_contacts().await
    }

    // Profiles

    /// Somebody's profile from the server; one's own where `user` is absent.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn profile(&self, user: Option<UserId>) -> Result<ProfileInfo, ClientError> {
        let info = self.call(request::Profile { user }).await?;
        if info.own.is_some() {
            self.keep_profile(&info).await?;
        }
        Ok(info)
    }

    /// One's own profile, as cached.
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn own_profile(&self) -> Result<Option<ProfileInfo>, ClientError> {
        self.cache.read(|db| db.own_profile()).await
    }

    /// Changes one's own profile.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn set_profile(&self, change: SetProfile) -> Result<ProfileInfo, ClientError> {
        let info = self.call(change).await?;
        self.keep_profile(&info).await?;
        Ok(info)
    }

    /// Chooses how one is shown, until then or for good.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn set_status(
        &self,
        status: Status,
        text: Option<StatusText>,
        until: Option<UnixMillis>,
    ) -> Result<ProfileInfo, ClientError> {
        let call = request::SetStatus {
            status,
            text,
            until,
        };
        let info = self.call(call).await?;
        self.keep_profile(&info).await?;
        Ok(info)
    }

    /// Sets or removes one's own picture or a chat's: PNG, JPEG, GIF or WebP of
    /// at most [`AVATAR_BYTES`](proto::limits::AVATAR_BYTES).
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn set_avatar(
        &self,
        chat: Option<ChatId>,
        image: Option<Bytes>,
    ) -> Result<(), ClientError> {
        self.call(request::SetAvatar { chat, image }).await?;
        Ok(())
    }

    /// A picture by its hash.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn avatar(&self, hash: Digest) -> Result<AvatarImage, ClientError> {
        self.call(request::Avatar { hash }).await
    }

    /// Says that nobody is at this device, or that somebody is again. Said anew
    /// after each reconnection.
    pub fn idle(&self, on: bool) {
        self.tell(Command::Idle(on));
    }

    // The account

    /// Replaces the password; all other sessions of the account end.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn change_password(&self, old: Password, new: Password) -> Result<(), ClientError> {
        self.call(request::ChangePassword { old, new }).await?;
        Ok(())
    }

    /// Ends one of the account's sessions, at once.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn revoke_session(&self, session: SessionId) -> Result<(), ClientError> {
        self.call(request::RevokeSession { session }).await?;
        Ok(())
    }

    async fn keep_profile(&self, info: &ProfileInfo) -> Result<(), ClientError> {
        let at = self.cache.read(|db| db.account_seq()).await?;
        let kept = info.clone();
        self.cache
            .write(move |db| db.put_profile(&kept, at))
            .await?;
        self.tell(Command::Told(super::model::ClientEvent::Profile));
        Ok(())
    }
}
