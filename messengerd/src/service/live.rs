//! What pages with a socket need of the rules, beside requests.

use std::sync::Arc;

use proto::Seq;
use proto::UnixMillis;
use proto::error::{ErrorCode, WireError};
use proto::event::{Presence, PresenceChanged};
use proto::id::{ChatId, UserId};
use proto::text::Token;

use super::access::ChatAccess;
use super::hub::SharedListener;
use super::{Caller, Service, now, refuse};
use crate::store::people::ContactRecord;
use crate::store::{ChatRecord, UserNo};

impl Service {
    /// Makes a session live that fetches by itself what was before: from here
    /// on its listener is told of everything, and what is returned, of whom the
    /// caller may see, has to be shown before anything that was pushed
    /// meanwhile.
    ///
    /// # Errors
    ///
    /// Where the session has ended, or the store fails.
    pub async fn listen(
        &self,
        caller: &Caller,
        listener: &SharedListener,
    ) -> Result<Vec<PresenceChanged>, WireError> {
        self.attach(caller, listener).await?;
        let (account_seq, known) = self.store.heads(caller.actor.no).await.map_err(refuse)?;
        self.hub.listen(listener, account_seq, &known);
        self.presence.snapshot(caller.actor).await
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

    /// Who may do what in a chat; none where there is no such chat (any more).
    ///
    /// # Errors
    ///
    /// Where the store fails.
    pub async fn chat_access(&self, chat: ChatId) -> Result<Option<Arc<ChatAccess>>, WireError> {
        self.access.chat(chat).await
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

    /// How the caller sees those of these people whom they may see.
    ///
    /// # Errors
    ///
    /// Where the store fails.
    pub async fn look_at(
        &self,
        caller: &Caller,
        ids: Vec<UserId>,
    ) -> Result<Vec<Presence>, WireError> {
        let people = self.people(ids).await?;
        self.seen_by(caller, &people).await
    }
}
