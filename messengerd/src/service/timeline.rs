//! Messages and chats as they stand, for those who keep no log of their own.

use std::sync::Arc;
use std::time::Instant;

use proto::Seq;
use proto::error::{ErrorCode, WireError};
use proto::event::Head;
use proto::id::{ChatId, EntryId, UserId};
use proto::limits;
use proto::request::{ChatPrefs, Found};

use super::access::ChatAccess;
use super::{Caller, Service, now, refuse};
use crate::store::timeline::{ListedChat, MessageRecord, Window};
use crate::store::{ChatNo, ChatRecord, CursorRecord};

/// Public chats that a list shows to those who are in none of them.
const PUBLIC: u32 = 200;
/// Members of each chat that a list shows.
const MEMBERS: u32 = 20;

/// A chat with everybody in it.
#[derive(Debug, Clone)]
pub struct WholeChat {
    /// The chat.
    pub record: ChatRecord,
    /// Where it stands for the caller.
    pub head: Head,
    /// The caller's own settings.
    pub prefs: ChatPrefs,
    /// Whether the caller is a member.
    pub joined: bool,
    /// How far the members are.
    pub cursors: Vec<CursorRecord>,
}

/// Messages of one chat, oldest first.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// The store's name of the chat.
    pub chat: ChatNo,
    /// The messages.
    pub messages: Vec<MessageRecord>,
    /// Whether there are more in the direction asked.
    pub more: bool,
}

impl Service {
    /// The caller's chats and the most active public ones, last activity first.
    ///
    /// # Errors
    ///
    /// Where the store fails.
    pub async fn chat_list(&self, caller: &Caller) -> Result<Vec<ListedChat>, WireError> {
        let asked = self.store.chat_list(caller.actor.no, PUBLIC, MEMBERS);
        asked.await.map_err(refuse)
    }

    /// A chat that the caller may read.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::NotFound`] where there is none for them.
    pub async fn whole_chat(&self, caller: &Caller, id: ChatId) -> Result<WholeChat, WireError> {
        self.access.readable(id, caller.actor.id).await?;
        let record = self.store.chat(id).await.map_err(refuse)?;
        let record = record.ok_or(ErrorCode::NotFound)?;
        let info = self.chat_info(caller, record.clone()).await?;
        let info = info.ok_or(ErrorCode::NotFound)?;
        let (cursors, _) = self.store.cursors(record.no).await.map_err(refuse)?;
        Ok(WholeChat {
            record,
            head: info.head,
            prefs: info.prefs,
            joined: info.joined,
            cursors,
        })
    }

    /// Messages of a chat that the caller may read.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::NotFound`] where there is none for them.
    pub async fn timeline(
        &self,
        caller: &Caller,
        chat: ChatId,
        window: Window,
        limit: u32,
    ) -> Result<Timeline, WireError> {
        let reader = self.access.readable(chat, caller.actor.id).await?;
        let asked = self
            .store
            .messages(reader.chat.no, reader.from, window, limit);
        let (messages, more) = asked.await.map_err(refuse)?;
        Ok(Timeline {
            chat: reader.chat.no,
            messages,
            more,
        })
    }

    /// Messages of a chat by their places, those that the caller may read.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::NotFound`] where there is no such chat for them.
    pub async fn messages_seen(
        &self,
        caller: &Caller,
        chat: ChatId,
        mut seqs: Vec<Seq>,
    ) -> Result<Vec<MessageRecord>, WireError> {
        let reader = self.access.readable(chat, caller.actor.id).await?;
        seqs.retain(|seq| *seq > reader.from);
        seqs.sort_unstable();
        seqs.dedup();
        if seqs.is_empty() {
            return Ok(Vec::new());
        }
        let asked = self.store.messages_at(reader.chat.no, seqs);
        asked.await.map_err(refuse)
    }

    /// A message by its id, if the caller may read it.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::NotFound`] where there is none for them.
    pub async fn message_seen(
        &self,
        caller: &Caller,
        id: EntryId,
    ) -> Result<MessageRecord, WireError> {
        let found = self.store.message(id).await.map_err(refuse)?;
        let found = found.ok_or(ErrorCode::NotFound)?;
        // Whoever may not read the chat learns nothing of it, not even that it
        // could be asked for.
        let reader = self.access.readable(found.chat, caller.actor.id).await;
        match reader {
            Ok(reader) if found.entry.seq > reader.from => Ok(found),
            Ok(_) => Err(ErrorCode::NotFound.into()),
            Err(refusal) if refusal.code == ErrorCode::Forbidden => Err(ErrorCode::NotFound.into()),
            Err(refusal) => Err(refusal),
        }
    }

    /// Who is in a chat, whoever asks.
    ///
    /// # Errors
    ///
    /// Where the store fails.
    pub async fn chat_known(&self, chat: ChatId) -> Result<Option<Arc<ChatAccess>>, WireError> {
        self.access.chat(chat).await
    }

    /// How far the members of a chat are.
    ///
    /// # Errors
    ///
    /// Where the store fails.
    pub async fn cursors_of(&self, chat: ChatNo) -> Result<Vec<CursorRecord>, WireError> {
        let (cursors, _) = self.store.cursors(chat).await.map_err(refuse)?;
        Ok(cursors)
    }

    /// The private chat of the caller and somebody, if there is one.
    ///
    /// # Errors
    ///
    /// Where the store fails.
    pub async fn private_chat(
        &self,
        caller: &Caller,
        other: UserId,
    ) -> Result<Option<ChatId>, WireError> {
        let found = self.store.users(vec![other], Vec::new()).await;
        let Some(other) = found.map_err(refuse)?.into_iter().next() else {
            return Ok(None);
        };
        let asked = self.store.private_chat(caller.actor.no, other.no);
        asked.await.map_err(refuse)
    }

    /// People by id, user name or e-mail address, in the order asked, without
    /// repeats.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::NotFound`] where one of them does not exist.
    pub async fn find_people(
        &self,
        caller: &Caller,
        wanted: &[String],
    ) -> Result<Vec<UserId>, WireError> {
        self.search_limit.take(caller.actor.no.0, Instant::now())?;
        if wanted.len() > limits::BATCH {
            return Err(super::too_large("members", limits::BATCH));
        }
        let mut found = Vec::with_capacity(wanted.len());
        for text in wanted {
            let text = text.trim();
            let user = if let Ok(id) = uuid::Uuid::try_parse(text) {
                let users = self.store.users(vec![UserId(id)], Vec::new());
                users.await.map_err(refuse)?.into_iter().next()
            } else if text.len() > limits::EMAIL_BYTES * 2 {
                None
            } else {
                self.store
                    .user_by_login(text.to_owned())
                    .await
                    .map_err(refuse)?
            };
            let user = user.filter(|user| !user.disabled);
            let user = user.ok_or(ErrorCode::NotFound)?;
            if !found.contains(&user.id) {
                found.push(user.id);
            }
        }
        Ok(found)
    }

    /// Those of the messages that a search found, with all that stands of them,
    /// in its order.
    ///
    /// # Errors
    ///
    /// Where the store fails.
    pub async fn messages_found(
        &self,
        caller: &Caller,
        found: &[Found],
    ) -> Result<Vec<MessageRecord>, WireError> {
        let mut chats: Vec<ChatId> = found.iter().map(|found| found.chat).collect();
        chats.sort_unstable();
        chats.dedup();
        let mut known = std::collections::HashMap::new();
        for chat in chats {
            let here = found.iter().filter(|found| found.chat == chat);
            let seqs = here.map(|found| found.entry.seq).collect();
            match self.messages_seen(caller, chat, seqs).await {
                Ok(messages) => {
                    known.extend(
                        messages
                            .into_iter()
                            .map(|message| (message.entry.id, message)),
                    );
                }
                // Left or deleted in between.
                Err(refusal)
                    if matches!(refusal.code, ErrorCode::NotFound | ErrorCode::Forbidden) => {}
                Err(refusal) => return Err(refusal),
            }
        }
        Ok(found
            .iter()
            .filter_map(|found| known.remove(&found.entry.id))
            .collect())
    }
}

/// Whether a chat is to be silent now.
pub fn is_muted(prefs: &ChatPrefs) -> bool {
    prefs.muted_until > now() || prefs.notify == proto::request::NotifyLevel::None
}
