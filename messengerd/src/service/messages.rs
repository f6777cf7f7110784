//! Writing, reading, marking and typing.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use proto::Seq;
use proto::entry::{Body, Message, kind};
use proto::error::{ErrorCode, WireError};
use proto::event::{Event, TypingChanged};
use proto::id::ChatId;
use proto::limits;
use proto::request::{
    Changes, CursorList, Cursors, Done, History, Mark, Media, MemberCursor, Page, Reply, Send,
    Sent, Typing,
};

use super::access::{ChatAccess, Standing};
use super::rights::Right;
use super::{Caller, Service, Work, bad_request, now, refuse};
use crate::bus::Signal;
use crate::store::{Append, Appended, EntryPage, StoreError};

/// Bytes of bodies in a page. Around each body go about 110 bytes of other
/// fields, 1000 entries at most.
const PAGE_BODIES: usize = limits::PAGE_BYTES - 1000 * 110;

/// Cursors in one reply, of 80 bytes each.
const CURSORS: usize = limits::PAGE_BYTES / 80;

impl Service {
    /// Queues a message; see [`Service::submit`].
    pub(super) async fn send(
        self: &Arc<Self>,
        caller: &Caller,
        send: Send,
    ) -> Result<Work, WireError> {
        if send.id.0.is_nil() {
            return Err(bad_request("id"));
        }
        let (chat, _) = self.access.writable(send.chat, caller.actor).await?;
        let standing = chat.may(caller.actor.id, Right::Write, now())?;
        self.let_write(caller)?;
        if matches!(send.media, Some(Media::System | Media::Unknown)) {
            return Err(bad_request("media"));
        }
        if let Some(seq) = send.reply_to {
            self.check_reply(&chat, standing, seq).await?;
        }
        let message = match send.forward {
            None => Message {
                media: send.media,
                ..Message::new(send.text)
            },
            Some(origin) => self.forwarded(caller, origin).await?,
        };
        let (kind, body) = encode(&Body::Message(message))?;
        let append = Append {
            chat: chat.no,
            chat_id: chat.id,
            acl_rev: chat.acl_rev,
            actor: caller.actor,
            kind,
            id: send.id,
            ref_seq: send.reply_to,
            at: now(),
            body,
        };
        let stored = self.store.append(append).map_err(refuse)?;
        let (service, caller) = (self.clone(), caller.clone());
        Ok(Box::pin(async move {
            let appended = match stored.await {
                Ok(appended) => appended,
                Err(StoreError::NoAccess) => {
                    return Err(service.why_not(&caller, chat.id, Right::Write).await);
                }
                Err(error) => return Err(refuse(error)),
            };
            let shown = service.shows_receipts(&chat, caller.actor.id).await;
            let shown = shown.unwrap_or_else(|error| {
                tracing::warn!(%error, "whether receipts are shown was not read");
                false
            });
            let Appended { seq, msg_no, .. } = appended;
            let (chat, user) = (chat.no, caller.actor.no);
            service.cursors.wrote(chat, user, seq, msg_no, shown);
            Ok(Reply::Send(sent(appended)))
        }))
    }

    /// Counts something written against what one account and the node can take.
    pub(super) fn let_write(&self, caller: &Caller) -> Result<(), WireError> {
        self.send_limit.take(caller.actor.no.0, Instant::now())?;
        if self.backlog.is_full() {
            return Err(WireError::new(ErrorCode::Busy).retry_after(200));
        }
        Ok(())
    }

    /// A reply has to be to a message that its author can see.
    async fn check_reply(
        &self,
        chat: &ChatAccess,
        standing: Standing,
        seq: Seq,
    ) -> Result<(), WireError> {
        let found = self.store.entry(chat.no, seq).await.map_err(refuse)?;
        match found {
            Some(found) if found.entry.kind == kind::MESSAGE && seq > standing.from => Ok(()),
            _ => Err(bad_request("the message replied to is not there")),
        }
    }

    /// What somebody is told whom the store refused, though what was known of
    /// the chat allowed it: it is looked at anew.
    pub(super) async fn why_not(&self, caller: &Caller, chat: ChatId, right: Right) -> WireError {
        let user = caller.actor.id;
        match self.access.fresh(chat).await {
            Ok(chat) if chat.standing(user).is_none() && chat.is_open_to(user) => {
                refuse(StoreError::Outdated)
            }
            Ok(chat) => match chat.may(user, right, now()) {
                Ok(_) => refuse(StoreError::Outdated),
                Err(refusal) => refusal,
            },
            Err(refusal) => refusal,
        }
    }

    pub(super) async fn changes(
        &self,
        caller: &Caller,
        request: Changes,
    ) -> Result<Page, WireError> {
        let reader = self.access.readable(request.chat, caller.actor.id).await?;
        let limit = request.limit.clamp(1, limits::PAGE_ENTRIES);
        let after = request.after.max(reader.from);
        let page = self
            .store
            .entries_after(reader.chat.no, after, limit, PAGE_BODIES);
        Ok(to_page(page.await.map_err(refuse)?, reader.from))
    }

    pub(super) async fn history(
        &self,
        caller: &Caller,
        request: History,
    ) -> Result<Page, WireError> {
        let reader = self.access.readable(request.chat, caller.actor.id).await?;
        let limit = request.limit.clamp(1, limits::PAGE_ENTRIES);
        let page = self.store.entries_before(
            reader.chat.no,
            reader.from,
            request.before,
            limit,
            PAGE_BODIES,
        );
        Ok(to_page(page.await.map_err(refuse)?, reader.from))
    }

    pub(super) async fn mark(&self, caller: &Caller, request: Mark) -> Result<Done, WireError> {
        let (chat, _) = self.access.writable(request.chat, caller.actor).await?;
        let read = request.read.unwrap_or(0);
        let delivered = request.delivered.unwrap_or(0).max(read);
        let shown = self.shows_receipts(&chat, caller.actor.id).await?;
        self.cursors
            .mark(chat.no, caller.actor.no, read, delivered, shown);
        Ok(Done {})
    }

    pub(super) async fn typing(&self, caller: &Caller, request: Typing) -> Result<Done, WireError> {
        let user = caller.actor.id;
        let (chat, _) = self.access.writable(request.chat, caller.actor).await?;
        // Nobody learns from this that they were blocked: it is as if the other
        // did not look.
        if chat.is_severed() {
            return Ok(Done {});
        }
        chat.may(user, Right::Write, now())?;
        if self.choices.choice(user).await?.is_hidden(now()) {
            return Ok(Done {});
        }
        let typing = self.typing_limit.take(caller.actor.no.0, Instant::now());
        // Nobody types that much; it is dropped as what may be.
        if typing.is_ok() && chat.members() <= limits::TYPING_MEMBERS {
            let event = Event::Typing(TypingChanged {
                chat: chat.id,
                user,
                on: request.on,
            });
            self.bus.publish(vec![Signal::ToChat {
                chat: chat.id,
                event,
                except: Some(user),
            }]);
        }
        Ok(Done {})
    }

    pub(super) async fn member_cursors(
        &self,
        caller: &Caller,
        request: Cursors,
    ) -> Result<CursorList, WireError> {
        let reader = self.access.readable(request.chat, caller.actor.id).await?;
        let asked = self.store.cursors(reader.chat.no);
        let (cursors, cursor_rev) = asked.await.map_err(refuse)?;
        let all = cursors.len();
        let behind = cursors.into_iter().skip(request.offset as usize);
        let cursors: Vec<_> = behind
            .take(CURSORS)
            .map(|cursor| {
                // Others see what is shown, oneself what is so.
                let own = cursor.user == caller.actor.no;
                let shown = cursor.shown;
                MemberCursor {
                    user: cursor.user_id,
                    read: if own { cursor.read } else { shown.read },
                    read_no: if own { cursor.read_no } else { shown.read_no },
                    delivered: if own {
                        cursor.delivered
                    } else {
                        shown.delivered
                    },
                }
            })
            .collect();
        Ok(CursorList {
            more: request.offset as usize + cursors.len() < all,
            cursors,
            cursor_rev,
        })
    }
}

fn to_page(page: EntryPage, from: Seq) -> Page {
    Page {
        entries: page.entries,
        more: page.more,
        floor: page.floor.max(from),
    }
}

pub(super) fn encode(body: &Body) -> Result<(u16, Bytes), WireError> {
    body.encode().map_err(|error| {
        tracing::error!(%error, "body not encoded");
        ErrorCode::Internal.into()
    })
}

pub(super) fn sent(appended: Appended) -> Sent {
    Sent {
        seq: appended.seq,
        msg_no: appended.msg_no,
        at: appended.at,
        dup: appended.dup,
    }
}
