//! What is shown: read from the cache, without the network.

use std::collections::HashMap;

use proto::event::Presence;
use proto::id::{ChatId, UserId};
use proto::request::User;

use super::model::{Anchor, ChatRow, EntryRow, OutboxRow, OutboxState, Timeline};
use super::{Client, ClientError};

impl Client {
    /// All chats, latest first. O(chats), without the network.
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn chats(&self) -> Result<Vec<ChatRow>, ClientError> {
        self.cache.read(|db| db.chats()).await
    }

    /// One chat, without the network; `None` where it is not known.
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn chat(&self, chat: ChatId) -> Result<Option<ChatRow>, ClientError> {
        self.cache.read(move |db| db.chat(chat)).await
    }

    /// Up to `limit` entries of a chat with its outbox, members and cursors.
    /// O(limit + members), without the network. A chat that is not known is an
    /// empty one.
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn timeline(
        &self,
        chat: ChatId,
        anchor: Anchor,
        limit: u32,
    ) -> Result<Timeline, ClientError> {
        let mut timeline = self
            .cache
            .read(move |db| db.timeline(chat, anchor, limit))
            .await?;
        self.show_sending(&mut timeline.outbox);
        self.show_sending(&mut timeline.changes);
        Ok(timeline)
    }

    /// Entries by arrival in this profile, after an ordinal, oldest first, of
    /// one chat or of all. Entries loaded by scrolling back are left out.
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn arrivals(
        &self,
        after: u64,
        chat: Option<ChatId>,
        limit: u32,
    ) -> Result<Vec<EntryRow>, ClientError> {
        self.cache
            .read(move |db| db.arrivals(after, chat, limit))
            .await
    }

    /// How many chats and entries are cached.
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn counts(&self) -> Result<(u64, u64), ClientError> {
        self.cache.read(|db| db.counts()).await
    }

    /// The latest arrival ordinal; 0 where nothing is cached.
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn last_arrival(&self) -> Result<u64, ClientError> {
        self.cache.read(|db| db.last_arrival()).await
    }

    /// Everything in the outbox, oldest first.
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn outbox(&self) -> Result<Vec<OutboxRow>, ClientError> {
        let mut rows = self.cache.read(|db| db.outbox(None)).await?;
        self.show_sending(&mut rows);
        Ok(rows)
    }

    /// People known by name from the cache: exact match, case folded.
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn cached_user(&self, name: &str) -> Result<Option<User>, ClientError> {
        let name = name.to_owned();
        self.cache.read(move |db| db.user_by_name(&name)).await
    }

    /// Somebody by id, from the cache.
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn person(&self, id: UserId) -> Result<Option<User>, ClientError> {
        self.cache.read(move |db| db.user_by_id(id)).await
    }

    /// Somebody's name as shown here: nickname, else first and last name, else
    /// user name; a short form of the id where nothing is cached.
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn name(&self, id: UserId) -> Result<String, ClientError> {
        self.cache.read(move |db| db.name(id)).await
    }

    /// Who is there, as last heard; empty while offline.
    pub fn presence(&self) -> HashMap<UserId, Presence> {
        self.shared().presence.clone()
    }

    fn show_sending(&self, rows: &mut [OutboxRow]) {
        let shared = self.shared();
        for row in rows {
            if row.state == OutboxState::Queued && shared.sending.contains(&row.id) {
                row.state = OutboxState::Sending;
            }
        }
    }
}
