//! What pages with a socket need of the rules, beside requests.

use std::time::Instant;

use proto::Seq;
use proto::UnixMillis;
use proto::error::{ErrorCode, WireError};
use proto::event::{Presence, PresenceChanged};
use proto::id::{ChatId, UserId};
use proto::text::Token;

use super::hub::SharedListener;
use super::{Caller, Service, now, refuse};
use crate::store::people::ContactRecord;
use crate::store::timeline::{MessageRecord, Window};
use crate::store::{ChatRecord, UserNo};

/// What there is when a session begins to listen.
pub struct Live {
    /// Chats of which the caller's devices have not received all, and up to
    /// where they go.
    pub behind: Vec<(ChatId, Seq)>,
    /// How those are whom the caller may see; to be shown before anything that
    /// was pushed meanwhile.
    pub presence: Vec<PresenceChanged>,
}

impl Service {
    /// Makes a session live that fetches by itself what was before: from here
    /// on its listener is told of everything.
    ///
    /// # Errors
    ///
    /// Where the session has ended, or the store fails.
    pub async fn listen(
        &self,
        caller: &Caller,
        listener: &SharedListener,
    ) -> Result<Live, WireError> {
        self.attach(caller, listener).await?;
        let (account_seq, known) = self.store.heads(caller.actor.no).await.map_err(refuse)?;
        self.hub.listen(listener, account_seq, &known);
        let behind = known.iter().filter(|head| head.delivered < head.seq);
        Ok(Live {
            behind: behind.map(|head| (head.chat, head.seq)).collect(),
            presence: self.presence.snapshot(caller.actor).await?,
        })
    }

    /// When a token expires.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Unauthenticated`] where it has, or is none of ours.
    pub fn expiry(&self, token: &Token) -> Result<UnixMillis, WireError> {
        let claims = self.tokens.check(token, now())?;
        Ok(claims.exp.saturating_mul(1000))
    }

    /// A chat and all its members, whoever asks; none where it was deleted.
    ///
    /// # Errors
    ///
    /// Where the store fails.
    pub async fn chat_record(&self, chat: ChatId) -> Result<Option<ChatRecord>, WireError> {
        self.store.chat(chat).await.map_err(refuse)
    }

    /// The latest entry of a chat.
    ///
    /// # Errors
    ///
    /// Where the store fails, or there is no such chat.
    pub async fn head_seq(&self, chat: ChatId) -> Result<Seq, WireError> {
        let asked = self
            .store
            .revisions(vec![chat], Vec::new(), Vec::new())
            .await;
        let revisions = asked.map_err(refuse)?;
        let revision = revisions.chats.first().ok_or(ErrorCode::NotFound)?;
        Ok(revision.seq)
    }

    /// Notes that a member has received a chat up to an entry. Who is no member
    /// any more does not come back by that.
    ///
    /// # Errors
    ///
    /// Where the store fails, or the caller is no member.
    pub async fn received(
        &self,
        caller: &Caller,
        chat: ChatId,
        upto: Seq,
    ) -> Result<(), WireError> {
        let (chat, _) = self.access.member(chat, caller.actor.id).await?;
        let shown = self.shows_receipts(&chat, caller.actor.id).await?;
        self.cursors.mark(chat.no, caller.actor.no, 0, upto, shown);
        Ok(())
    }

    /// The latest message of a chat at or before an entry.
    ///
    /// # Errors
    ///
    /// Where the store fails.
    pub async fn message_upto(
        &self,
        chat: ChatId,
        seq: Seq,
    ) -> Result<Option<MessageRecord>, WireError> {
        let Some(chat) = self.access.chat(chat).await? else {
            return Ok(None);
        };
        let window = Window::Before(seq.saturating_add(1));
        let page = self.store.messages(chat.no, 0, window, 1).await;
        Ok(page.map_err(refuse)?.0.pop())
    }

    /// A message of a chat as it stands now.
    ///
    /// # Errors
    ///
    /// Where the store fails.
    pub async fn message_at(
        &self,
        chat: ChatId,
        seq: Seq,
    ) -> Result<Option<MessageRecord>, WireError> {
        let Some(chat) = self.access.chat(chat).await? else {
            return Ok(None);
        };
        let found = self.store.messages_at(chat.no, vec![seq]).await;
        Ok(found.map_err(refuse)?.pop())
    }

    /// How an account stands to another; none where there is nothing to say.
    ///
    /// # Errors
    ///
    /// Where the store fails.
    pub async fn contact_of(
        &self,
        owner: UserNo,
        other: UserId,
    ) -> Result<Option<ContactRecord>, WireError> {
        let contacts = self.store.contacts(owner).await.map_err(refuse)?;
        Ok(contacts
            .into_iter()
            .find(|contact| contact.user.id == other))
    }

    /// How the caller sees these people: as offline whom they may not see.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::RateLimited`], or where the store fails.
    pub async fn look_at(
        &self,
        caller: &Caller,
        ids: Vec<UserId>,
    ) -> Result<Vec<Presence>, WireError> {
        self.search_limit.take(caller.actor.no.0, Instant::now())?;
        let people = self.people(ids).await?;
        self.seen_by(caller, &people).await
    }
}
