//! What a client needs to know that it has everything.

use proto::error::{ErrorCode, WireError};
use proto::event::{Event, Heads};
use proto::limits;
use proto::request::{AccountChanges, AccountDigest, AccountPage, Digest, DigestReply};

use super::hub::SharedListener;
use super::{Caller, Service, refuse};

/// Bytes of one head, encoded, at most.
const HEAD_BYTES: usize = 140;

impl Service {
    /// Makes a session live: from here on its listener is told of everything,
    /// and the returned events bring it up to here. They have to be sent before
    /// anything that was pushed meanwhile.
    ///
    /// # Errors
    ///
    /// Where the store fails.
    pub async fn go_live(
        &self,
        caller: &Caller,
        listener: &SharedListener,
    ) -> Result<Vec<Event>, WireError> {
        self.attach(caller, listener).await?;
        // Chats known now are listened to; what is joined later comes by
        // itself. Only heads read after that leave no gap.
        let (account_seq, known) = self.store.heads(caller.actor.no).await.map_err(refuse)?;
        self.hub.listen(listener, account_seq, &known);
        let mut events = self.heads(caller).await?;
        let presence = self.presence.snapshot(caller.actor).await?;
        events.extend(presence.into_iter().map(Event::Presence));
        Ok(events)
    }

    /// Has a listener told when its session ends.
    ///
    /// # Errors
    ///
    /// Where the session has ended already, or the store fails.
    pub async fn attach(
        &self,
        caller: &Caller,
        listener: &SharedListener,
    ) -> Result<(), WireError> {
        self.hub.attach(listener);
        // Whoever ended it since it was checked found no listener to tell.
        let session = self.store.session(caller.session).await.map_err(refuse)?;
        session.map(|_| ()).ok_or(ErrorCode::Unauthenticated.into())
    }

    /// The caller's heads, in as many events as their number needs.
    ///
    /// # Errors
    ///
    /// Where the store fails.
    pub async fn heads(&self, caller: &Caller) -> Result<Vec<Event>, WireError> {
        let (account_seq, heads) = self.store.heads(caller.actor.no).await.map_err(refuse)?;
        let per_event = limits::PAGE_BYTES / HEAD_BYTES;
        let mut rest = heads.as_slice();
        let mut events = Vec::with_capacity(1 + heads.len() / per_event);
        loop {
            let (now, later) = rest.split_at(rest.len().min(per_event));
            events.push(Event::Heads(Heads {
                account_seq,
                heads: now.to_vec(),
                more: !later.is_empty(),
            }));
            rest = later;
            if rest.is_empty() {
                return Ok(events);
            }
        }
    }

    pub(super) async fn digest(
        &self,
        caller: &Caller,
        request: Digest,
    ) -> Result<DigestReply, WireError> {
        let reader = self.access.readable(request.chat, caller.actor.id).await?;
        let (upto, floor, digest) = self
            .store
            .digest(reader.chat.no, reader.from, request.upto)
            .await
            .map_err(refuse)?;
        Ok(DigestReply {
            upto,
            floor,
            digest,
        })
    }

    pub(super) async fn account_changes(
        &self,
        caller: &Caller,
        request: AccountChanges,
    ) -> Result<AccountPage, WireError> {
        let limit = request.limit.clamp(1, limits::PAGE_ENTRIES);
        let page = self
            .store
            .account_entries(caller.actor.no, request.after, limit);
        let (entries, more) = page.await.map_err(refuse)?;
        Ok(AccountPage { entries, more })
    }

    pub(super) async fn account_digest(
        &self,
        caller: &Caller,
        request: AccountDigest,
    ) -> Result<DigestReply, WireError> {
        let digest = self.store.account_digest(caller.actor.no, request.upto);
        let (upto, digest) = digest.await.map_err(refuse)?;
        Ok(DigestReply {
            upto,
            floor: 0,
            digest,
        })
    }
}
