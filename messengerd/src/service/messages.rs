//! Writing, reading, marking and typing.

use std::sync::Arc;
use std::time::Instant;

use proto::entry::{Body, Message};
use proto::error::{ErrorCode, WireError};
use proto::event::{Event, TypingChanged};
use proto::limits;
use proto::request::{
    Changes, CursorList, Cursors, Done, History, Mark, MemberCursor, Page, Reply, Send, Sent,
    Typing,
};

use super::{Caller, Service, Work, bad_request, now, refuse};
use crate::bus::Signal;
use crate::store::{Append, EntryPage};

/// Bytes of bodies in a page. Around each body go about 110 bytes of other
/// fields, 1000 entries at most.
const PAGE_BODIES: usize = limits::PAGE_BYTES - 1000 * 110;

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
        let (chat, actor, _) = self.access.member(send.chat, caller.actor.id).await?;
        self.send_limit.take(actor.no.0, Instant::now())?;
        if self.backlog.is_full() {
            return Err(WireError::new(ErrorCode::Busy).retry_after(200));
        }
        let message = Body::Message(Message::new(send.text));
        let (kind, body) = message.encode().map_err(|error| {
            tracing::error!(%error, "message not encoded");
            ErrorCode::Internal
        })?;
        let append = Append {
            chat: chat.no,
            chat_id: chat.id,
            acl_rev: chat.acl_rev,
            actor,
            kind,
            id: send.id,
            ref_seq: send.reply_to,
            at: now(),
            body,
        };
        let stored = self.store.append(append).map_err(refuse)?;
        let service = self.clone();
        Ok(Box::pin(async move {
            let appended = stored.await.map_err(refuse)?;
            service
                .cursors
                .wrote(chat.no, actor.no, appended.seq, appended.msg_no);
            Ok(Reply::Send(Sent {
                seq: appended.seq,
                msg_no: appended.msg_no,
                at: appended.at,
                dup: appended.dup,
            }))
        }))
    }

    pub(super) async fn changes(
        &self,
        caller: &Caller,
        request: Changes,
    ) -> Result<Page, WireError> {
        let (chat, ..) = self.access.member(request.chat, caller.actor.id).await?;
        let limit = request.limit.clamp(1, limits::PAGE_ENTRIES);
        let page = self
            .store
            .entries_after(chat.no, request.after, limit, PAGE_BODIES);
        Ok(to_page(page.await.map_err(refuse)?))
    }

    pub(super) async fn history(
        &self,
        caller: &Caller,
        request: History,
    ) -> Result<Page, WireError> {
        let (chat, ..) = self.access.member(request.chat, caller.actor.id).await?;
        let limit = request.limit.clamp(1, limits::PAGE_ENTRIES);
        let page = self
            .store
            .entries_before(chat.no, 0, request.before, limit, PAGE_BODIES);
        Ok(to_page(page.await.map_err(refuse)?))
    }

    pub(super) async fn mark(&self, caller: &Caller, request: Mark) -> Result<Done, WireError> {
        let (chat, actor, _) = self.access.member(request.chat, caller.actor.id).await?;
        let read = request.read.unwrap_or(0);
        self.cursors.mark(
            chat.no,
            actor.no,
            read,
            request.delivered.unwrap_or(0).max(read),
        );
        Ok(Done {})
    }

    pub(super) async fn typing(&self, caller: &Caller, request: Typing) -> Result<Done, WireError> {
        let (chat, ..) = self.access.member(request.chat, caller.actor.id).await?;
        if chat.members() <= limits::TYPING_MEMBERS {
            let user = caller.actor.id;
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
        let (chat, ..) = self.access.member(request.chat, caller.actor.id).await?;
        let (cursors, cursor_rev) = self.store.cursors(chat.no).await.map_err(refuse)?;
        let cursors = cursors.into_iter().map(|cursor| MemberCursor {
            user: cursor.user_id,
            read: cursor.read,
            read_no: cursor.read_no,
            delivered: cursor.delivered,
        });
        Ok(CursorList {
            cursors: cursors.collect(),
            cursor_rev,
        })
    }
}

fn to_page(page: EntryPage) -> Page {
    Page {
        entries: page.entries,
        more: page.more,
        floor: page.floor,
    }
}
