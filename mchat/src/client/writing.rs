//! What is typed: messages, marks, the sign of typing.

use proto::Seq;
use proto::error::WireError;
use proto::id::{ChatId, EntryId};
use proto::text::MessageText;
use tokio::sync::oneshot;

use super::driver::Command;
use super::model::OutboxKind;
use super::{Client, ClientError, Outcome};

impl Client {
    /// Puts a message into the outbox. When this returns it is on disk and will
    /// be delivered exactly once, by this process or by a later one. `id`: a
    /// fresh one unless given.
    ///
    /// # Errors
    ///
    /// [`ClientError::Invalid`] where the text is empty or too long,
    /// [`ClientError::SignedOut`] where nobody ever signed in,
    /// [`ClientError::Cache`].
    pub async fn send(
        &self,
        chat: ChatId,
        text: &str,
        reply_to: Option<Seq>,
        id: Option<EntryId>,
    ) -> Result<EntryId, ClientError> {
        let text = MessageText::try_from(text)?;
        self.queue(chat, OutboxKind::Message, text.into(), reply_to, id)
            .await
    }

    /// Why the server did not take a message of the outbox when this process
    /// last tried, where it said so and has not been asked again since.
    pub fn held_back(&self, id: EntryId) -> Option<WireError> {
        self.shared().held_back.get(&id).cloned()
    }

    /// Waits until a message of the outbox has come to its end, whichever
    /// process brings it there. There is no time-out: the caller wraps it.
    ///
    /// # Errors
    ///
    /// [`ClientError::Closed`].
    pub async fn outcome(&self, id: EntryId) -> Result<Outcome, ClientError> {
        let (reply, done) = oneshot::channel();
        self.tell(Command::Await { id, reply });
        done.await.map_err(|_| ClientError::Closed)
    }

    /// Queues a failed message again.
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn retry(&self, id: EntryId) -> Result<(), ClientError> {
        if let Some((chat, target)) = self.cache.write(move |db| db.requeue(id)).await? {
            self.tell(Command::Queued { chat, target });
        }
        Ok(())
    }

    /// Takes a failed message out of the outbox; true where it was there. One
    /// that is not failed may be on its way and stays.
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn discard(&self, id: EntryId) -> Result<bool, ClientError> {
        let found = self.cache.write(move |db| db.discard(id)).await?;
        if let Some((chat, _)) = found {
            self.tell(Command::Discarded { id, chat });
        }
        Ok(found.is_some())
    }

    /// Moves the own read cursor, at once in the cache and, coalesced, on the
    /// server (also later, when offline now).
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn mark_read(&self, chat: ChatId, upto: Seq) -> Result<(), ClientError> {
        if self.cache.write(move |db| db.mark_read(chat, upto)).await? {
            self.tell(Command::MarkRead { chat, upto });
        }
        Ok(())
    }

    /// Says that the person is typing in a chat or has stopped; to be called at
    /// each key, it is sent at most every 3 s.
    pub fn typing(&self, chat: ChatId, on: bool) {
        self.tell(Command::Typing { chat, on });
    }
}
