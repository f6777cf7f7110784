//! Running a chat: members and their roles, properties, invite links, the
//! directory of public chats, one's own settings.

use proto::UnixMillis;
use proto::error::ErrorCode;
use proto::id::{ChatId, UserId};
use proto::limits;
use proto::request::{
    self, ChangeChat, ChatInvite, ChatKind, DirectoryList, Role, SetChatPrefs, User,
};
use proto::text::{ChatName, Description, Token};
use uuid::Uuid;

use super::model::MemberRow;
use super::{Client, ClientError, ServerAddress};

impl Client {
    /// The present members with their cursors, as cached, in the order they
    /// joined.
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn members(&self, chat: ChatId) -> Result<Vec<MemberRow>, ClientError> {
        self.cache.read(move |db| db.members_of(chat)).await
    }

    /// Makes a group or public chat with a description.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn create_described_chat(
        &self,
        kind: ChatKind,
        name: ChatName,
        description: Option<Description>,
        members: Vec<UserId>,
    ) -> Result<ChatId, ClientError> {
        let info = self
            .call(request::CreateChat {
                id: ChatId::generate(),
                kind,
                name: Some(name),
                description,
                members,
            })
            .await?;
        self.learn(info).await
    }

    /// Leaves a group or public chat.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn leave(&self, chat: ChatId) -> Result<(), ClientError> {
        let own = self.account().ok_or(ClientError::SignedOut)?.user;
        self.remove_member(chat, own).await
    }

    /// Gives a member a role.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn set_role(
        &self,
        chat: ChatId,
        user: UserId,
        role: Role,
    ) -> Result<(), ClientError> {
        self.call(request::SetRole { chat, user, role }).await?;
        Ok(())
    }

    /// Lets a member read but not write until then
    /// ([`FOREVER`](request::FOREVER) for good, 0 to let them write again).
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn mute_member(
        &self,
        chat: ChatId,
        user: UserId,
        until: UnixMillis,
    ) -> Result<(), ClientError> {
        self.call(request::MuteMember { chat, user, until }).await?;
        Ok(())
    }

    /// Removes somebody and keeps them from coming back, or lets them come back.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn ban_member(
        &self,
        chat: ChatId,
        user: UserId,
        on: bool,
    ) -> Result<(), ClientError> {
        self.call(request::BanMember { chat, user, on }).await?;
        Ok(())
    }

    /// Who is banned from a chat.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn banned(&self, chat: ChatId) -> Result<Vec<User>, ClientError> {
        let mut users = Vec::new();
        loop {
            let offset = users.len() as u32;
            let list = self.call(request::Banned { chat, offset }).await?;
            let ended = !list.more || list.users.is_empty();
            users.extend(list.users);
            if ended {
                return Ok(users);
            }
        }
    }

    /// Changes name, description or settings of a chat.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn change_chat(&self, change: ChangeChat) -> Result<(), ClientError> {
        self.call(change).await?;
        Ok(())
    }

    /// Deletes a group or public chat for everybody.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn delete_chat(&self, chat: ChatId) -> Result<(), ClientError> {
        self.call(request::DeleteChat { chat }).await?;
        Ok(())
    }

    /// Changes one's own settings of a chat.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn set_chat_prefs(&self, prefs: SetChatPrefs) -> Result<(), ClientError> {
        let chat = prefs.chat;
        self.call(prefs).await?;
        self.learn_of(chat).await
    }

    /// Takes a chat out of the list until something new comes, or puts it back.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn hide_chat(&self, chat: ChatId, on: bool) -> Result<(), ClientError> {
        let head = match self.chat(chat).await? {
            Some(row) => row.head,
            None => return Err(ClientError::Server(ErrorCode::NotFound.into())),
        };
        self.set_chat_prefs(SetChatPrefs {
            chat,
            notify: None,
            muted_until: None,
            hidden_upto: Some(if on { head } else { 0 }),
        })
        .await
    }

    // Public chats

    /// Finds public chats by a text in name or description, the largest first.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn directory(&self, query: &str, offset: u32) -> Result<DirectoryList, ClientError> {
        self.call(request::Directory {
            query: query.to_owned(),
            limit: limits::SEARCH_RESULTS,
            offset,
        })
        .await
    }

    /// Looks at a public chat without joining it: it is cached and can be read,
    /// but is not in the chat list.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call); [`ErrorCode::NotFound`].
    pub async fn visit(&self, chat: ChatId) -> Result<(), ClientError> {
        self.learn_of(chat).await
    }

    /// Joins a public chat.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn join(&self, chat: ChatId) -> Result<ChatId, ClientError> {
        let info = self.call(request::JoinChat { chat }).await?;
        self.learn(info).await
    }

    // Invite links

    /// Makes an invite link; [`invite_link`](Self::invite_link) gives its text.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn create_invite(
        &self,
        chat: ChatId,
        expires_at: Option<UnixMillis>,
        max_uses: Option<u32>,
    ) -> Result<ChatInvite, ClientError> {
        self.call(request::CreateChatInvite {
            chat,
            id: Uuid::now_v7(),
            expires_at,
            max_uses,
        })
        .await
    }

    /// The invite links of a chat that still hold, latest first: all for admins
    /// and moderators, one's own for members.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn invites(&self, chat: ChatId) -> Result<Vec<ChatInvite>, ClientError> {
        Ok(self.call(request::ChatInvites { chat }).await?.invites)
    }

    /// Makes an invite link invalid.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn revoke_invite(&self, chat: ChatId, id: Uuid) -> Result<(), ClientError> {
        self.call(request::RevokeChatInvite { chat, id }).await?;
        Ok(())
    }

    /// Joins a chat with the token of an invite link.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn accept_invite(&self, token: Token) -> Result<ChatId, ClientError> {
        let info = self.call(request::AcceptChatInvite { token }).await?;
        self.learn(info).await
    }

    /// The text of an invite link: the profile's server, the fingerprint of its
    /// key where it is pinned, and the token.
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn invite_link(&self, invite: &ChatInvite) -> Result<String, ClientError> {
        let server = self.cache.read(|db| db.meta("server")).await?;
        let mut address = server
            .and_then(|text| text.parse().ok())
            .unwrap_or_else(ServerAddress::local);
        let (known, nodes) = (self.known.clone(), address.nodes.clone());
        let pinned = tokio::task::spawn_blocking(move || {
            nodes
                .iter()
                .map(|node| known.pinned(&node.to_string()))
                .find_map(Result::transpose)
                .transpose()
        });
        address.fingerprint = pinned
            .await
            .map_err(|_| ClientError::Closed)?
            .map_err(|error| ClientError::Cache(error.to_string()))?;
        address.chat = Some(invite.token.clone());
        Ok(address.link())
    }

    /// Asks the server about a chat and waits until the cache knows.
    async fn learn_of(&self, chat: ChatId) -> Result<(), ClientError> {
        let list = self.call(request::Chats { ids: vec![chat] }).await?;
        match list.chats.into_iter().next() {
            Some(info) => self.learn(info).await.map(|_| ()),
            None => Err(ClientError::Server(ErrorCode::NotFound.into())),
        }
    }
}
