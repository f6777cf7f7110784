//! What the user wants.

use proto::Seq;
use proto::id::ChatId;
use proto::request::{self, Call, Login, Register};

use super::chat::Chat;
use super::{
    Core, Depth, Encode, Millis, Outgoing, Output, Pending, Phase, Purpose, Sync, Ticket, Write,
};
use crate::client::error::ClientError;

/// Typing is told at most this often.
const TYPING_EVERY: Millis = 3_000;

impl Core {
    /// Asks the server something.
    pub fn handle_call(
        &mut self,
        now: Millis,
        ticket: Ticket,
        kind: u16,
        encode: Encode,
    ) -> Vec<Output> {
        self.call(now, ticket, kind, encode);
        self.finish(now)
    }

    pub(super) fn call(&mut self, now: Millis, ticket: Ticket, kind: u16, encode: Encode) {
        let error = match &self.phase {
            Phase::Idle | Phase::Connecting => {
                self.waiting.push_back((ticket, kind, encode));
                return;
            }
            Phase::SignedOut if kind != Register::KIND && kind != Login::KIND => {
                ClientError::SignedOut
            }
            Phase::Online | Phase::SignedOut => {
                let id = self.fresh_id();
                match encode(id) {
                    Ok(frame) => {
                        let pending = Pending {
                            purpose: Purpose::Call { ticket, kind },
                            since: now,
                            frame: may_repeat(kind).then(|| frame.clone()),
                        };
                        self.pending.insert(id, pending);
                        self.out.push(Output::Send(frame));
                        return;
                    }
                    Err(error) => ClientError::from(error),
                }
            }
            Phase::Waiting { .. } => ClientError::Offline(String::new()),
            Phase::Refused(why) => ClientError::Refused(why.clone()),
        };
        self.out.push(Output::Answer(ticket, Err(error)));
    }

    /// Brings the cache up to date.
    pub fn handle_sync(&mut self, now: Millis, ticket: Ticket, depth: Depth) -> Vec<Output> {
        let error = match &self.phase {
            Phase::Idle | Phase::Connecting => None,
            Phase::Online => {
                self.ask(now, &request::SyncHeads {}, Purpose::Heads);
                None
            }
            Phase::SignedOut => Some(ClientError::SignedOut),
            Phase::Waiting { .. } => Some(ClientError::Offline(String::new())),
            Phase::Refused(why) => Some(ClientError::Refused(why.clone())),
        };
        match error {
            Some(error) => self.out.push(Output::Done(ticket, Err(error))),
            None => self.syncs.push(Sync {
                ticket,
                depth,
                fresh: false,
            }),
        }
        self.finish(now)
    }

    /// The chat on the screen.
    pub fn handle_open(&mut self, now: Millis, chat: Option<ChatId>) -> Vec<Output> {
        self.open = chat;
        if let Some(chat) = chat {
            self.attention.insert(chat);
        }
        self.finish(now)
    }

    /// Loads a page of entries older than the cached ones.
    pub fn handle_load_older(
        &mut self,
        now: Millis,
        ticket: Ticket,
        chat: ChatId,
        limit: u32,
    ) -> Vec<Output> {
        let state = self
            .chats
            .get(&chat)
            .map(|chat| (chat.range, chat.has_older()));
        match (&self.phase, state) {
            (Phase::Online, Some((Some((lo, _)), true))) => {
                let purpose = Purpose::Older {
                    chat,
                    tickets: vec![ticket],
                };
                let ask = request::History {
                    chat,
                    before: Some(lo),
                    limit,
                };
                self.ask(now, &ask, purpose);
            }
            (Phase::Online, _) => {
                self.out.push(Output::Done(ticket, Ok(false)));
            }
            (Phase::SignedOut, _) => {
                self.out
                    .push(Output::Done(ticket, Err(ClientError::SignedOut)));
            }
            _ => self.out.push(Output::Done(
                ticket,
                Err(ClientError::Offline(String::new())),
            )),
        }
        self.finish(now)
    }

    /// What the server said of a chat in answer to a call.
    pub fn handle_learned(
        &mut self,
        now: Millis,
        ticket: Ticket,
        info: request::ChatInfo,
    ) -> Vec<Output> {
        // What was heard while the call was on its way may not be in its answer.
        let unsure = self
            .chats
            .get(&info.id)
            .is_some_and(|chat| !chat.left && chat.wants_info());
        self.learn(std::slice::from_ref(&info));
        if (info.members_more || unsure)
            && let Some(chat) = self.chats.get_mut(&info.id)
        {
            chat.changed();
        }
        self.out.push(Output::Write(Write::Infos(vec![info])));
        self.out.push(Output::Done(ticket, Ok(true)));
        self.finish(now)
    }

    /// Messages to be sent, oldest first; those that are known are passed over.
    pub fn handle_outbox(&mut self, now: Millis, items: Vec<Outgoing>) -> Vec<Output> {
        if self.phase == Phase::Online {
            self.outbox.add(items);
        }
        self.finish(now)
    }

    /// Whether messages of the outbox are on their way or about to be.
    pub fn is_draining(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// Whether the connection is up and is to stay.
    pub fn is_connected(&self) -> bool {
        matches!(self.phase, Phase::Online | Phase::SignedOut)
    }

    /// Whether the connection is up and somebody is signed in.
    pub fn is_online(&self) -> bool {
        self.phase == Phase::Online
    }

    /// The own read cursor moved; the cache knows.
    pub fn handle_mark_read(&mut self, now: Millis, chat: ChatId, upto: Seq) -> Vec<Output> {
        let state = self.chats.entry(chat).or_insert_with(Chat::unknown);
        if upto > state.read_due && !state.visiting {
            state.read_due = upto;
            // Reading on for a moment is one mark.
            state.mark_at = state.mark_at.max(now + 150);
        }
        self.attention.insert(chat);
        self.finish(now)
    }

    /// Nobody is at this device, or somebody is again.
    pub fn handle_idle(&mut self, now: Millis, on: bool) -> Vec<Output> {
        if std::mem::replace(&mut self.idle, on) != on && self.live && self.phase == Phase::Online {
            self.ask(now, &request::Idle { on }, Purpose::Told);
        }
        self.finish(now)
    }

    /// The person types, or has stopped.
    pub fn handle_typing(&mut self, now: Millis, chat: ChatId, on: bool) -> Vec<Output> {
        let told = self.told_typing.get(&chat).copied();
        let due = if on {
            told.is_none_or(|told| now >= told + TYPING_EVERY)
        } else {
            told.is_some()
        };
        // Typing in a public chat joins it: that is for a message to do.
        let visiting = self.chats.get(&chat).is_some_and(|chat| chat.visiting);
        if due && !visiting && self.live && self.phase == Phase::Online {
            if on {
                self.told_typing.insert(chat, now);
            } else {
                self.told_typing.remove(&chat);
            }
            self.ask(now, &request::Typing { chat, on }, Purpose::Told);
        }
        self.finish(now)
    }
}

/// Whether a call may be made twice without being done twice.
fn may_repeat(kind: u16) -> bool {
    [
        request::Sessions::KIND,
        request::Profile::KIND,
        request::SetStatus::KIND,
        request::Avatar::KIND,
        request::Contacts::KIND,
        request::AddContact::KIND,
        request::ChangeContact::KIND,
        request::RemoveContact::KIND,
        request::SetChatPrefs::KIND,
        request::CreateChatInvite::KIND,
        request::ChatInvites::KIND,
        request::Banned::KIND,
        request::Directory::KIND,
        request::Pins::KIND,
        request::SearchMessages::KIND,
        request::SearchUsers::KIND,
        request::Users::KIND,
        request::CreateChat::KIND,
        request::Chats::KIND,
        request::Changes::KIND,
        request::History::KIND,
        request::Mark::KIND,
        request::Cursors::KIND,
        request::Digest::KIND,
        request::AccountDigest::KIND,
        request::Ping::KIND,
    ]
    .contains(&kind)
}
