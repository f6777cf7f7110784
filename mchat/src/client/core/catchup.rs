//! What to ask for next: the chat on the screen first, a bounded number of
//! requests on their way.

use proto::Seq;
use proto::entry::Entry;
use proto::id::ChatId;
use proto::limits::PAGE_ENTRIES;
use proto::request::{self, Origin, Request};
use proto::text::{Emoji, MessageText, TextError};

use super::chat::Chat;
use super::{Core, Depth, Millis, Outgoing, Output, Phase, Purpose, Write};
use crate::client::model::{ClientEvent, OutboxKind};

/// Most pages on their way.
const FETCHES: usize = 4;
/// Most pages waiting to be stored.
const UNSTORED: usize = 16;
/// A chat that was never cached is taken whole up to this many entries.
const WHOLE: Seq = 256;
/// Entries of the first page of a longer one.
const FIRST: u32 = 100;
/// Chats described in one request.
const INFOS: usize = 200;
/// Stands for the text of a forwarded message that is not cached.
const FORWARDED: &str = "…";
/// People asked for in one request.
const USERS: usize = 500;
/// A chat's cursors are moved at most this often.
const MARK_EVERY: Millis = 1_000;

impl Core {
    /// The deepest sync that is wanted; live sessions always keep up.
    fn depth(&self) -> Depth {
        let base = if self.live {
            Depth::CatchUp
        } else {
            Depth::Heads
        };
        self.syncs
            .iter()
            .map(|sync| sync.depth)
            .max()
            .map_or(base, |depth| depth.max(base))
    }

    /// When this chat needs a look again, unless something happens before.
    pub(super) fn chat_wake(&self, chat: &Chat) -> Option<Millis> {
        let gap = chat.gap_until.filter(|_| !chat.fetching);
        let wants = chat.lags() || chat.wants_info() || chat.has_older();
        let retry = Some(chat.not_before).filter(|until| *until > 0 && wants && !chat.fetching);
        let due = chat.read_due > 0 || (self.live && chat.delivered_due().is_some());
        let mark = Some(chat.mark_at).filter(|_| due && !chat.marking);
        [gap, retry, mark].into_iter().flatten().min()
    }

    pub(super) fn pump(&mut self, now: Millis) {
        if self.phase != Phase::Online {
            return;
        }
        for id in self.attention.clone() {
            if let Some(chat) = self.chats.get_mut(&id) {
                if chat.not_before <= now {
                    chat.not_before = 0;
                }
                // The gap did not fill itself: from here on it is a lag.
                if chat.gap_until.is_some_and(|until| now >= until) {
                    chat.gap_until = None;
                    chat.info_doubt = true;
                }
            }
        }
        if std::mem::take(&mut self.tell_idle) {
            self.ask(now, &request::Idle { on: true }, Purpose::Told);
        }
        self.ask_heads(now);
        self.ask_infos(now);
        self.ask_account(now);
        self.ask_people(now);
        self.fetch(now);
        self.ask_cursors(now);
        self.mark(now);
        self.send_outbox(now);
        self.settle();
        self.rest();
    }

    /// For a sync that was asked for before the connection was up.
    fn ask_heads(&mut self, now: Millis) {
        let asked = self
            .pending
            .values()
            .any(|pending| matches!(pending.purpose, Purpose::Heads));
        if !asked && self.syncs.iter().any(|sync| !sync.fresh) {
            self.ask(now, &request::SyncHeads {}, Purpose::Heads);
        }
    }

    fn ask_infos(&mut self, now: Millis) {
        if self.asking_infos {
            return;
        }
        let ids: Vec<ChatId> = self
            .attention
            .iter()
            .filter(|id| {
                self.chats
                    .get(id)
                    .is_some_and(|chat| chat.wants_info() && chat.not_before == 0)
            })
            .take(INFOS)
            .copied()
            .collect();
        if !ids.is_empty() {
            self.asking_infos = true;
            let asked = ids
                .iter()
                .map(|id| (*id, self.chats.get(id).map_or(0, |chat| chat.news)))
                .collect();
            self.ask(now, &request::Chats { ids }, Purpose::Infos { asked });
        }
    }

    fn ask_account(&mut self, now: Millis) {
        if self.depth() >= Depth::CatchUp
            && !self.asking_account
            && self.account_head > self.account_seq
        {
            self.asking_account = true;
            let after = self.account_seq;
            let ask = request::AccountChanges {
                after,
                limit: PAGE_ENTRIES,
            };
            self.ask(now, &ask, Purpose::Account { after });
        }
    }

    fn fetch(&mut self, now: Millis) {
        let depth = self.depth();
        if depth < Depth::CatchUp {
            return;
        }
        // One place is kept for the chat on the screen.
        if let Some(open) = self.open
            && self.fetching <= FETCHES
        {
            self.fetch_chat(now, open, depth);
        }
        for full in [false, true] {
            if full && depth < Depth::Full {
                break;
            }
            for id in self.attention.clone() {
                if self.fetching >= FETCHES || self.unstored >= UNSTORED {
                    return;
                }
                let lags = self.chats.get(&id).is_some_and(Chat::lags);
                if lags != full {
                    self.fetch_chat(now, id, depth);
                }
            }
        }
    }

    fn fetch_chat(&mut self, now: Millis, id: ChatId, depth: Depth) {
        let Some(chat) = self.chats.get_mut(&id) else {
            return;
        };
        if chat.fetching || chat.not_before > 0 || chat.gap_until.is_some() {
            return;
        }
        if chat.lags() {
            if chat.range.is_none() && chat.head - chat.floor <= WHOLE {
                chat.range = Some((chat.floor + 1, chat.floor));
            }
            chat.fetching = true;
            self.fetching += 1;
            match chat.range {
                Some((_, after)) => {
                    let ask = request::Changes {
                        chat: id,
                        after,
                        limit: PAGE_ENTRIES,
                    };
                    self.ask(now, &ask, Purpose::Changes { chat: id, after });
                }
                None => {
                    let ask = request::History {
                        chat: id,
                        before: None,
                        limit: FIRST,
                    };
                    self.ask(now, &ask, Purpose::Latest { chat: id });
                }
            }
        } else if depth == Depth::Full && chat.has_older() {
            chat.fetching = true;
            self.fetching += 1;
            let ask = request::History {
                chat: id,
                before: chat.range.map(|(lo, _)| lo),
                limit: PAGE_ENTRIES,
            };
            let tickets = Vec::new();
            self.ask(now, &ask, Purpose::Older { chat: id, tickets });
        }
    }

    fn ask_cursors(&mut self, now: Millis) {
        let Some(id) = self.open else { return };
        let Some(chat) = self.chats.get_mut(&id) else {
            return;
        };
        if self.live
            && !chat.left
            && !chat.asking_cursors
            && chat.not_before == 0
            && chat.info_rev >= 0
            && chat.cursor_head > chat.cursor_rev
        {
            chat.asking_cursors = true;
            self.ask_cursors_of(now, id, Vec::new(), None);
        }
    }

    fn mark(&mut self, now: Millis) {
        for id in self.attention.clone() {
            let Some(chat) = self.chats.get_mut(&id) else {
                continue;
            };
            if chat.marking || now < chat.mark_at || chat.left || chat.visiting {
                continue;
            }
            let read = Some(chat.read_due).filter(|read| *read > 0);
            let delivered = chat.delivered_due().filter(|_| self.live);
            if read.is_none() && delivered.is_none() {
                continue;
            }
            chat.marking = true;
            chat.mark_at = now + MARK_EVERY;
            if let Some(delivered) = delivered {
                chat.delivered = delivered;
            }
            let ask = request::Mark {
                chat: id,
                read,
                delivered,
            };
            let read = read.unwrap_or(0);
            self.ask(now, &ask, Purpose::Mark { chat: id, read });
        }
    }

    fn send_outbox(&mut self, now: Millis) {
        for item in self.outbox.due(now) {
            let (chat, id) = (item.chat, item.id);
            let kind = item.kind;
            let purpose = Purpose::Send { chat, id, kind };
            match outgoing(item) {
                Ok(ask) => {
                    self.out.push(Output::Sending(chat, id, true));
                    self.ask_any(now, &ask, purpose);
                }
                Err(error) => self.unanswered(now, purpose, &error.into()),
            }
        }
    }

    /// The contact list and one's own profile, where they changed.
    fn ask_people(&mut self, now: Millis) {
        if self.depth() < Depth::CatchUp {
            return;
        }
        if self.want_contacts.due(now) {
            let at = self.account_seq;
            let so_far = Vec::new();
            let ask = request::Contacts { offset: 0 };
            self.ask(now, &ask, Purpose::Contacts { so_far, at });
        }
        if self.want_profile.due(now) {
            let at = self.account_seq;
            let ask = request::Profile { user: None };
            self.ask(now, &ask, Purpose::Profile { at });
        }
        if !self.asking_users && !self.want_users.is_empty() {
            self.asking_users = true;
            let ids: Vec<_> = self.want_users.iter().take(USERS).copied().collect();
            for id in &ids {
                self.want_users.remove(id);
            }
            let names = Vec::new();
            let purpose = Purpose::Users { ids: ids.clone() };
            self.ask(now, &request::Users { ids, names }, purpose);
        }
    }

    /// Tells those who wait for a sync.
    fn settle(&mut self) {
        let people = self.depth() >= Depth::CatchUp
            && (self.want_contacts.is_open() || self.want_profile.is_open());
        let busy = self.asking_members > 0
            || self.asking_infos
            || self.fetching > 0
            || self.asking_account
            || people;
        let infos = self
            .attention
            .iter()
            .any(|id| self.chats.get(id).is_some_and(|chat| chat.wants_info()));
        let lags = self
            .attention
            .iter()
            .any(|id| self.chats.get(id).is_some_and(Chat::lags))
            || self.account_head > self.account_seq;
        let older = self
            .attention
            .iter()
            .any(|id| self.chats.get(id).is_some_and(Chat::has_older));
        for sync in std::mem::take(&mut self.syncs) {
            let done = sync.fresh
                && !infos
                && !self.asking_infos
                && self.asking_members == 0
                && (sync.depth < Depth::CatchUp || (!lags && !busy))
                && (sync.depth < Depth::Full || !older);
            if done {
                self.out.push(Output::Done(sync.ticket, Ok(true)));
            } else {
                self.syncs.push(sync);
            }
        }
        if self.live && self.have_heads && !self.told_synced && !lags && !infos && !busy {
            self.told_synced = true;
            self.out.push(Output::Event(ClientEvent::Synced));
        }
    }

    /// Chats that need nothing are not looked at again until something happens.
    fn rest(&mut self) {
        let full = self.depth() == Depth::Full;
        let live = self.live;
        let open = self.open;
        let chats = &self.chats;
        self.attention.retain(|id| {
            chats.get(id).is_some_and(|chat| {
                chat.lags()
                    || chat.wants_info()
                    || chat.fetching
                    || chat.marking
                    || chat.read_due > 0
                    || (live && chat.delivered_due().is_some())
                    || (full && chat.has_older())
                    || Some(*id) == open
            })
        });
    }

    /// Has entries written that continue a chat's range.
    pub(super) fn store(&mut self, chat: ChatId, entries: Vec<Entry>, live: bool) {
        if entries.is_empty() {
            return;
        }
        self.unstored += 1;
        let floor = self.chats.get(&chat).map_or(0, |chat| chat.floor);
        self.out.push(Output::Write(Write::Entries {
            chat,
            entries,
            floor,
            live,
            backfill: false,
        }));
    }

    /// Entries kept ahead may continue the range by now.
    pub(super) fn take_continued(&mut self, id: ChatId) {
        let Some(chat) = self.chats.get_mut(&id) else {
            return;
        };
        let entries = chat.continued();
        self.store(id, entries, true);
    }
}

/// The request that does what was typed.
fn outgoing(item: Outgoing) -> Result<Request, TextError> {
    let Outgoing {
        id,
        chat,
        kind,
        text,
        reply_to,
    } = item;
    Ok(match kind {
        OutboxKind::Message => Request::Send(request::Send {
            chat,
            id,
            text: MessageText::try_from(text)?,
            reply_to,
            forward: None,
            media: None,
        }),
        OutboxKind::Forward { from, seq } => Request::Send(request::Send {
            chat,
            id,
            // The server puts the present text in its place.
            text: MessageText::try_from(if text.trim().is_empty() {
                FORWARDED.to_owned()
            } else {
                text
            })?,
            reply_to,
            forward: Some(Origin { chat: from, seq }),
            media: None,
        }),
        OutboxKind::Edit { seq } => Request::EditMessage(request::EditMessage {
            chat,
            id,
            seq,
            text: MessageText::try_from(text)?,
        }),
        OutboxKind::Delete { seq } => {
            Request::DeleteMessage(request::DeleteMessage { chat, id, seq })
        }
        OutboxKind::React { seq, on } => Request::React(request::React {
            chat,
            id,
            seq,
            emoji: Emoji::try_from(text)?,
            on,
        }),
        OutboxKind::Pin { seq, on } => {
            Request::PinMessage(request::PinMessage { chat, id, seq, on })
        }
    })
}
