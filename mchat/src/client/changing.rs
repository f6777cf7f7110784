//! What is done to messages: through the outbox, as everything that is typed.

use proto::Seq;
use proto::id::{ChatId, EntryId};
use proto::request;
use proto::text::{Emoji, MessageText};

use super::driver::Command;
use super::model::{
    EditRow, EntryRow, OutboxKind, OutboxRow, OutboxState, ReactionRow, ReceiptRow,
};
use super::{Client, ClientError, unix_now};

impl Client {
    /// Replaces the text of an own message. As for [`send`](Self::send), it is
    /// on disk when this returns and is done exactly once; it is shown at once.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send).
    pub async fn edit(&self, chat: ChatId, seq: Seq, text: &str) -> Result<EntryId, ClientError> {
        let text = MessageText::try_from(text)?;
        self.queue(chat, OutboxKind::Edit { seq }, text.into(), None, None)
            .await
    }

    /// Deletes a message for everybody.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send).
    pub async fn delete(&self, chat: ChatId, seq: Seq) -> Result<EntryId, ClientError> {
        self.queue(chat, OutboxKind::Delete { seq }, String::new(), None, None)
            .await
    }

    /// Adds a reaction to a message or takes one's own away.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send).
    pub async fn react(
        &self,
        chat: ChatId,
        seq: Seq,
        emoji: &str,
        on: bool,
    ) -> Result<EntryId, ClientError> {
        let emoji = Emoji::try_from(emoji)?;
        self.queue(
            chat,
            OutboxKind::React { seq, on },
            emoji.into(),
            None,
            None,
        )
        .await
    }

    /// Pins a message or takes the pin away.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send).
    pub async fn pin(&self, chat: ChatId, seq: Seq, on: bool) -> Result<EntryId, ClientError> {
        self.queue(chat, OutboxKind::Pin { seq, on }, String::new(), None, None)
            .await
    }

    /// Writes a message that repeats one of another chat (or of the same) and
    /// names its author.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send).
    pub async fn forward(
        &self,
        to: ChatId,
        from: ChatId,
        seq: Seq,
    ) -> Result<EntryId, ClientError> {
        let shown = self.cache.read(move |db| db.entry(from, seq)).await?;
        let text = shown
            .as_ref()
            .and_then(EntryRow::text)
            .unwrap_or_default()
            .to_owned();
        self.queue(to, OutboxKind::Forward { from, seq }, text, None, None)
            .await
    }

    /// Puts something into the outbox.
    pub(super) async fn queue(
        &self,
        chat: ChatId,
        kind: OutboxKind,
        text: String,
        reply_to: Option<Seq>,
        id: Option<EntryId>,
    ) -> Result<EntryId, ClientError> {
        if self.account().is_none() {
            return Err(ClientError::SignedOut);
        }
        let row = OutboxRow {
            id: id.unwrap_or_else(EntryId::generate),
            chat,
            kind,
            text,
            reply_to,
            at: unix_now(),
            state: OutboxState::Queued,
        };
        let id = row.id;
        self.cache.write(move |db| db.enqueue(&row)).await?;
        self.tell(Command::Queued {
            chat,
            target: kind.target(),
        });
        Ok(id)
    }

    // What was done to messages

    /// The pinned messages of a chat, latest pin first: from the server; while
    /// it is not reached, and of a chat that was left, from the cache.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn pins(&self, chat: ChatId) -> Result<Vec<EntryRow>, ClientError> {
        let mut pins = Vec::new();
        loop {
            let offset = pins.len() as u32;
            match self.call(request::Pins { chat, offset }).await {
                Ok(list) => {
                    let ended = !list.more || list.pins.is_empty();
                    pins.extend(list.pins);
                    if ended {
                        return self.rows(pins).await;
                    }
                }
                Err(error) if error.leaves_it_to_the_cache() => {
                    return self.cache.read(move |db| db.pins(chat)).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The texts that a cached message had, oldest first, its present one
    /// included; none once it was deleted.
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn edit_history(&self, chat: ChatId, seq: Seq) -> Result<Vec<EditRow>, ClientError> {
        self.cache.read(move |db| db.edit_history(chat, seq)).await
    }

    /// Who reacted to a cached message, and how, oldest first.
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn reactions(&self, chat: ChatId, seq: Seq) -> Result<Vec<ReactionRow>, ClientError> {
        self.cache.read(move |db| db.reactions(chat, seq)).await
    }

    /// The cursors of all members, as the server has them.
    pub(super) async fn cursors(&self, chat: ChatId) -> Result<request::CursorList, ClientError> {
        let mut all = self.call(request::Cursors { chat, offset: 0 }).await?;
        while all.more {
            let offset = all.cursors.len() as u32;
            let next = self.call(request::Cursors { chat, offset }).await?;
            all.more = next.more && !next.cursors.is_empty();
            all.cursors.extend(next.cursors);
        }
        Ok(all)
    }

    /// How far a message got with each other member. Where the server is
    /// reached it is asked for cursors first, as those of large chats are not
    /// told.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn receipts(&self, chat: ChatId, seq: Seq) -> Result<Vec<ReceiptRow>, ClientError> {
        match self.cursors(chat).await {
            Ok(list) => {
                self.cache
                    .write(move |db| db.put_cursor_list(chat, &list))
                    .await?;
            }
            Err(error) if error.leaves_it_to_the_cache() => {}
            Err(error) => return Err(error),
        }
        self.cache.read(move |db| db.receipts(chat, seq)).await
    }

    /// One cached entry with its present state.
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn entry(&self, chat: ChatId, seq: Seq) -> Result<Option<EntryRow>, ClientError> {
        self.cache.read(move |db| db.entry(chat, seq)).await
    }

    /// Cached entries of a chat after one, oldest first, edits, deletions and
    /// reactions included.
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn entries(
        &self,
        chat: ChatId,
        after: Seq,
        limit: u32,
    ) -> Result<Vec<EntryRow>, ClientError> {
        self.cache
            .read(move |db| db.entries(chat, after, limit))
            .await
    }

    // Drafts

    /// Keeps what is typed in a chat and not sent yet; an empty text removes it.
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn save_draft(&self, chat: ChatId, text: String) -> Result<(), ClientError> {
        let at = unix_now();
        self.cache
            .write(move |db| db.save_draft(chat, &text, at))
            .await
    }

    /// What is typed and not sent, latest first.
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn drafts(&self) -> Result<Vec<(ChatId, String)>, ClientError> {
        self.cache.read(|db| db.drafts()).await
    }
}
