//! What the handle asks for.

use proto::codec::Frame;
use proto::id::{ChatId, EntryId};
use proto::request::ChatInfo;
use tokio::sync::oneshot;

use super::{Driver, FOREIGN_SOON, Reply, Waiter};
use crate::client::Outcome;
use crate::client::address::ServerAddress;
use crate::client::conn::Fingerprint;
use crate::client::core::{Depth, Encode, Ticket};
use crate::client::model::ClientEvent;

/// What a [`Client`] asks of its driver.
pub(crate) enum Command {
    Call {
        encode: Encode,
        kind: u16,
        reply: Reply<Frame>,
    },
    Queued {
        chat: ChatId,
        /// The message that is changed, where none is written.
        target: Option<proto::Seq>,
    },
    Discarded {
        id: EntryId,
        chat: ChatId,
    },
    Await {
        id: EntryId,
        reply: oneshot::Sender<Outcome>,
    },
    MarkRead {
        chat: ChatId,
        upto: proto::Seq,
    },
    Typing {
        chat: ChatId,
        on: bool,
    },
    OpenChat(Option<ChatId>),
    Idle(bool),
    /// Something that the handle did to the cache, to be told.
    Told(ClientEvent),
    LoadOlder {
        chat: ChatId,
        limit: u32,
        reply: Reply<bool>,
    },
    Learn {
        info: Box<ChatInfo>,
        reply: oneshot::Sender<()>,
    },
    Sync {
        depth: Depth,
        reply: Reply<()>,
    },
    UseServer(ServerAddress),
    Trust(Fingerprint),
    Reconnect,
    SignOut(Reply<()>),
    Close(oneshot::Sender<()>),
}

impl Driver {
    fn ticket(&mut self, waiter: Waiter) -> Ticket {
        self.next_ticket += 1;
        self.waiters.insert(self.next_ticket, waiter);
        self.next_ticket
    }

    pub(super) fn command(&mut self, command: Command) {
        let now = self.now();
        let out = match command {
            Command::Call {
                encode,
                kind,
                reply,
            } => {
                let ticket = self.ticket(Waiter::Answer(reply));
                self.core.handle_call(now, ticket, kind, encode)
            }
            Command::Queued { chat, target } => {
                self.want_outbox = true;
                self.outbox_at = now;
                self.tell(ClientEvent::Outbox(chat));
                if let Some(seq) = target {
                    let seqs = vec![seq];
                    self.tell(ClientEvent::Changed { chat, seqs });
                }
                Vec::new()
            }
            Command::Discarded { id, chat } => {
                self.resolve(id, &Outcome::Discarded);
                self.tell(ClientEvent::Outbox(chat));
                Vec::new()
            }
            Command::Await { id, reply } => {
                self.awaited.entry(id).or_default().push(reply);
                self.check_awaited = true;
                self.foreign_at = self.foreign_at.min(now + FOREIGN_SOON);
                Vec::new()
            }
            Command::MarkRead { chat, upto } => {
                self.tell(ClientEvent::Chats(vec![chat]));
                self.core.handle_mark_read(now, chat, upto)
            }
            Command::Typing { chat, on } => self.core.handle_typing(now, chat, on),
            Command::OpenChat(chat) => self.core.handle_open(now, chat),
            Command::LoadOlder { chat, limit, reply } => {
                let ticket = self.ticket(Waiter::More(reply));
                self.core.handle_load_older(now, ticket, chat, limit)
            }
            Command::Idle(on) => self.core.handle_idle(now, on),
            Command::Told(event) => {
                self.tell(event);
                Vec::new()
            }
            Command::Learn { info, reply } => {
                let ticket = self.ticket(Waiter::Learned(reply));
                self.core.handle_learned(now, ticket, *info)
            }
            Command::Sync { depth, reply } => {
                let ticket = self.ticket(Waiter::Unit(reply));
                self.core.handle_sync(now, ticket, depth)
            }
            Command::UseServer(server) => {
                self.use_server(server);
                self.probe_new();
                self.core.restart(now)
            }
            Command::Trust(shown) => {
                self.trust.fingerprint = Some(shown);
                self.core.restart(now)
            }
            Command::Reconnect => self.core.start(now),
            Command::SignOut(reply) => {
                self.sign_out(reply);
                self.shared().account = None;
                self.token = None;
                self.core.handle_signed_out(now)
            }
            // Taken by the loop.
            Command::Close(_) => Vec::new(),
        };
        self.carry_out(out);
    }

    fn sign_out(&self, reply: Reply<()>) {
        let cache = self.cache.clone();
        tokio::spawn(async move {
            let done = cache.write(|db| db.sign_out()).await;
            // Nobody waits any more: it is done all the same.
            let _ = reply.send(done);
        });
    }
}
