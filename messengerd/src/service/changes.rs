//! Changing what was written: edits, deletions, reactions, pins, forwarding.
//! Like sends they enter the store's queue in the order in which they came.

use std::sync::Arc;

use proto::Seq;
use proto::entry::{Body, Edited, Entry, Forwarded, Message, kind};
use proto::error::{ErrorCode, WireError};
use proto::id::{ChatId, EntryId};
use proto::limits;
use proto::request::{DeleteMessage, EditMessage, Media, Origin, PinMessage, React, Reply, Sent};

use super::access::ChatAccess;
use super::messages::{encode, sent};
use super::rights::Right;
use super::{Caller, Service, Work, bad_request, now, refuse, too_large};
use crate::store::StoreError;
use crate::store::changes::{Change, FoundMessage, MessageChange};

/// Which message of which chat, and the id of the entry that changes it.
#[derive(Debug, Clone, Copy)]
struct Target {
    chat: ChatId,
    seq: Seq,
    id: EntryId,
}

impl Service {
    pub(super) async fn edit(
        self: &Arc<Self>,
        caller: &Caller,
        request: EditMessage,
    ) -> Result<Work, WireError> {
        let target = Target {
            chat: request.chat,
            seq: request.seq,
            id: request.id,
        };
        let chat = self.see(caller, target, Right::Write).await?;
        let found = self.message(&chat, target.seq).await?;
        // What somebody else wrote keeps their words.
        let own = found.entry.actor == caller.actor.id && decode(&found.entry)?.forwarded.is_none();
        if !own {
            return Err(ErrorCode::Forbidden.into());
        }
        let text = request.text.into();
        let (_, body) = encode(&Body::Edited(Edited { text }))?;
        let change = self.change(caller, &chat, target, Change::Edit(body));
        Ok(self.changing(caller, change, Right::Write, Reply::EditMessage))
    }

    pub(super) async fn delete_message(
        self: &Arc<Self>,
        caller: &Caller,
        request: DeleteMessage,
    ) -> Result<Work, WireError> {
        let target = Target {
            chat: request.chat,
            seq: request.seq,
            id: request.id,
        };
        let mut chat = self.see(caller, target, Right::Write).await?;
        let found = self.message(&chat, target.seq).await?;
        let right = if found.entry.actor == caller.actor.id {
            Right::Write
        } else {
            chat = self.power(caller, target.chat, Right::DeleteAny).await?;
            Right::DeleteAny
        };
        let change = self.change(caller, &chat, target, Change::Delete);
        Ok(self.changing(caller, change, right, Reply::DeleteMessage))
    }

    pub(super) async fn react(
        self: &Arc<Self>,
        caller: &Caller,
        request: React,
    ) -> Result<Work, WireError> {
        let target = Target {
            chat: request.chat,
            seq: request.seq,
            id: request.id,
        };
        let chat = self.see(caller, target, Right::Write).await?;
        let what = Change::React {
            emoji: request.emoji.into(),
            on: request.on,
        };
        let change = self.change(caller, &chat, target, what);
        Ok(self.changing(caller, change, Right::Write, Reply::React))
    }

    pub(super) async fn pin(
        self: &Arc<Self>,
        caller: &Caller,
        request: PinMessage,
    ) -> Result<Work, WireError> {
        let target = Target {
            chat: request.chat,
            seq: request.seq,
            id: request.id,
        };
        self.see(caller, target, Right::Pin).await?;
        let chat = self.power(caller, target.chat, Right::Pin).await?;
        let change = self.change(caller, &chat, target, Change::Pin { on: request.on });
        Ok(self.changing(caller, change, Right::Pin, Reply::PinMessage))
    }

    /// The chat of a message that the caller can see and may do this with.
    async fn see(
        &self,
        caller: &Caller,
        target: Target,
        right: Right,
    ) -> Result<Arc<ChatAccess>, WireError> {
        if target.id.0.is_nil() {
            return Err(bad_request("id"));
        }
        let (chat, standing) = self.access.member(target.chat, caller.actor.id).await?;
        chat.may(caller.actor.id, right, now())?;
        self.let_write(caller)?;
        if target.seq <= standing.from {
            return Err(ErrorCode::NotFound.into());
        }
        Ok(chat)
    }

    /// The same for what only some may do: the store looks at members alone
    /// once more, so the roles are those of this moment.
    async fn power(
        &self,
        caller: &Caller,
        chat: ChatId,
        right: Right,
    ) -> Result<Arc<ChatAccess>, WireError> {
        let chat = self.access.fresh(chat).await?;
        chat.may(caller.actor.id, right, now())?;
        Ok(chat)
    }

    async fn message(&self, chat: &ChatAccess, seq: Seq) -> Result<FoundMessage, WireError> {
        let found = self.store.entry(chat.no, seq).await.map_err(refuse)?;
        found
            .filter(|found| found.entry.kind == kind::MESSAGE)
            .ok_or(ErrorCode::NotFound.into())
    }

    fn change(
        &self,
        caller: &Caller,
        chat: &ChatAccess,
        target: Target,
        what: Change,
    ) -> MessageChange {
        MessageChange {
            chat: chat.no,
            chat_id: chat.id,
            acl_rev: chat.acl_rev,
            actor: caller.actor,
            id: target.id,
            seq: target.seq,
            at: now(),
            what,
        }
    }

    /// Queues a change. Returns what waits for it.
    fn changing(
        self: &Arc<Self>,
        caller: &Caller,
        change: MessageChange,
        right: Right,
        reply: fn(Sent) -> Reply,
    ) -> Work {
        let (service, caller, chat) = (self.clone(), caller.clone(), change.chat_id);
        let too_many = match change.what {
            Change::Pin { .. } => too_large("pinned messages", limits::PINS),
            _ => too_large("reactions to one message", limits::REACTIONS_EACH),
        };
        let stored = self.store.change_message(change);
        Box::pin(async move {
            match stored.await {
                Ok(appended) => Ok(reply(sent(appended))),
                Err(StoreError::NoAccess) => Err(service.why_not(&caller, chat, right).await),
                Err(StoreError::TooMany(_)) => Err(too_many),
                Err(error) => Err(refuse(error)),
            }
        })
    }

    /// What a message says that repeats another one.
    pub(super) async fn forwarded(
        &self,
        caller: &Caller,
        origin: Origin,
    ) -> Result<Message, WireError> {
        let reader = self.access.readable(origin.chat, caller.actor.id).await?;
        if origin.seq <= reader.from {
            return Err(ErrorCode::NotFound.into());
        }
        let found = self.message(&reader.chat, origin.seq).await?;
        let message = decode(&found.entry)?;
        if message.deleted {
            return Err(ErrorCode::NotFound.into());
        }
        // Repeated again, it is still by its author.
        let first = Forwarded {
            user: found.entry.actor,
            at: found.entry.at,
        };
        Ok(Message {
            text: found.edited.unwrap_or(message.text),
            forwarded: Some(message.forwarded.unwrap_or(first)),
            deleted: false,
            // What the server tells is told by somebody now.
            media: message.media.filter(|media| *media != Media::System),
        })
    }
}

fn decode(entry: &Entry) -> Result<Message, WireError> {
    match Body::decode(entry.kind, &entry.body) {
        Body::Message(message) => Ok(message),
        _ => {
            tracing::error!(seq = entry.seq, "a message cannot be read");
            Err(ErrorCode::Internal.into())
        }
    }
}
