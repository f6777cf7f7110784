//! Chats and the people in them.

use proto::error::ErrorCode;
use proto::id::{ChatId, UserId};
use proto::limits;
use proto::request::{self, ChatInfo, ChatKind, User};
use proto::text::ChatName;
use tokio::sync::oneshot;

use super::driver::Command;
use super::{Client, ClientError};

/// Entries of a page that is loaded for scrolling back.
const OLDER: u32 = 200;

impl Client {
    /// Says which chat is on the screen: it is caught up before all others and
    /// its members' cursors are kept current.
    pub fn open_chat(&self, chat: Option<ChatId>) {
        self.tell(Command::OpenChat(chat));
    }

    /// Fetches a page of entries older than those cached into the cache
    /// ([`ClientEvent::Entries`](super::model::ClientEvent::Entries) follows before this returns); true where the
    /// server has still older ones.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn load_older(&self, chat: ChatId) -> Result<bool, ClientError> {
        let (reply, done) = oneshot::channel();
        self.tell(Command::LoadOlder {
            chat,
            limit: OLDER,
            reply,
        });
        done.await.map_err(|_| ClientError::Closed)?
    }

    /// Makes a group, or the private chat with one person (oneself for notes),
    /// or finds the private chat that exists.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn create_chat(
        &self,
        kind: ChatKind,
        name: Option<ChatName>,
        members: Vec<UserId>,
    ) -> Result<ChatId, ClientError> {
        let info = self
            .call(request::CreateChat {
                id: ChatId::generate(),
                kind,
                name,
                description: None,
                members,
            })
            .await?;
        self.learn(info).await
    }

    /// The private chat with somebody: from the cache, else from the server,
    /// which makes it where there is none.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn private_chat(&self, user: UserId) -> Result<ChatId, ClientError> {
        if let Some(chat) = self.cache.read(move |db| db.private_chat(user)).await? {
            return Ok(chat);
        }
        self.create_chat(ChatKind::Private, None, vec![user]).await
    }

    /// Adds people to a group.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn add_members(&self, chat: ChatId, users: Vec<UserId>) -> Result<(), ClientError> {
        self.call(request::AddMembers { chat, users }).await?;
        Ok(())
    }

    /// Removes somebody from a group, or leaves it.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn remove_member(&self, chat: ChatId, user: UserId) -> Result<(), ClientError> {
        self.call(request::RemoveMember { chat, user }).await?;
        Ok(())
    }

    // People

    /// Finds people whose name begins with or contains a text.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn search_users(&self, query: &str) -> Result<Vec<User>, ClientError> {
        let found = self
            .call(request::SearchUsers {
                query: query.to_owned(),
                limit: limits::SEARCH_RESULTS,
            })
            .await?;
        Ok(found.users)
    }

    /// Looks somebody up by exact name (with or without `@`): in the cache,
    /// else on the server.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call); nobody of that name is
    /// [`ErrorCode::NotFound`].
    pub async fn user(&self, name: &str) -> Result<User, ClientError> {
        let name = name.strip_prefix('@').unwrap_or(name);
        if let Some(user) = self.cached_user(name).await? {
            return Ok(user);
        }
        let found = self
            .call(request::Users {
                ids: Vec::new(),
                names: vec![name.to_owned()],
            })
            .await?;
        let Some(user) = found.users.into_iter().next() else {
            return Err(ClientError::Server(ErrorCode::NotFound.into()));
        };
        let kept = user.clone();
        self.cache.write(move |db| db.put_users(&[kept])).await?;
        Ok(user)
    }

    /// Stores what the server said of a chat and has it caught up.
    pub(super) async fn learn(&self, info: ChatInfo) -> Result<ChatId, ClientError> {
        let id = info.id;
        let (reply, done) = oneshot::channel();
        self.tell(Command::Learn {
            info: Box::new(info),
            reply,
        });
        done.await.map_err(|_| ClientError::Closed)?;
        Ok(id)
    }
}
