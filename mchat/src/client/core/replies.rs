//! Answers to what was asked.

use proto::Seq;
use proto::codec::Frame;
use proto::error::{ErrorCode, WireError};
use proto::id::{ChatId, UserId};
use proto::request::{
    self, AccountPage, Call, ChatInfo, ChatList, ContactList, CursorList, Login, MemberList, Page,
    ProfileInfo, REFUSAL, REPLY, Register, Sent, SignedIn, UserList,
};

use super::chat::Chat;
use super::events::{GAP, is_about_chat};
use super::{Core, Millis, Output, Purpose, Write};
use crate::client::cache::is_known;
use crate::client::error::ClientError;
use crate::client::model::ClientEvent;

/// Pause after a refusal that does not say how long to wait.
const PAUSE: Millis = 2_000;

impl Core {
    pub(super) fn reply(&mut self, now: Millis, frame: Frame) {
        let Some(pending) = self.pending.remove(&frame.request_id) else {
            // The answer to something that was given up.
            return;
        };
        if !matches!(pending.purpose, Purpose::Told) {
            self.races = 0;
        }
        if frame.kind == REFUSAL {
            let error = frame
                .decode::<WireError>()
                .unwrap_or_else(|_| ErrorCode::ProtocolViolation.into());
            if error.code == ErrorCode::Unauthenticated && self.is_online() {
                self.unanswered(now, pending.purpose, &ClientError::Server(error.clone()));
                self.drop_connection(now, &error);
                return;
            }
            self.unanswered(now, pending.purpose, &ClientError::Server(error));
            return;
        }
        if let Err(error) = self.answered(now, pending.purpose, frame) {
            let why = WireError::new(ErrorCode::ProtocolViolation).with("what", error);
            self.drop_connection(now, &why);
        }
    }

    fn answered(
        &mut self,
        now: Millis,
        purpose: Purpose,
        frame: Frame,
    ) -> Result<(), proto::codec::CodecError> {
        match purpose {
            Purpose::Call { ticket, kind } => {
                if frame.kind != kind | REPLY {
                    let error = WireError::new(ErrorCode::ProtocolViolation);
                    self.out.push(Output::Answer(ticket, Err(error.into())));
                    return Ok(());
                }
                if kind == Register::KIND || kind == Login::KIND {
                    self.signed_in(frame.decode::<SignedIn>()?);
                }
                self.out.push(Output::Answer(ticket, Ok(frame)));
            }
            Purpose::Changes { chat, after } => self.changes(now, chat, after, frame.decode()?),
            Purpose::Latest { chat } => self.latest(now, chat, frame.decode()?),
            Purpose::Older { chat, tickets } => self.older(now, chat, tickets, frame.decode()?),
            Purpose::Infos { asked } => self.infos(now, &asked, frame.decode()?),
            Purpose::Heads => {
                // The heads came before this answer.
                for sync in &mut self.syncs {
                    sync.fresh = true;
                }
            }
            Purpose::Account { after } => self.account_page(after, frame.decode()?),
            Purpose::Send { chat, id, kind } => {
                let sent: Sent = frame.decode()?;
                self.outbox.finished(chat, id);
                self.out.push(Output::Write(Write::Sent { chat, id, sent }));
                self.out.push(Output::Sending(chat, id, false));
                if let Some(state) = self.chats.get_mut(&chat) {
                    if let Some((_, hi)) = &mut state.range
                        && *hi + 1 == sent.seq
                        && is_known(kind, &sent)
                    {
                        *hi = sent.seq;
                    } else if sent.seq > state.head && state.gap_until.is_none() {
                        // It comes by itself, as to everybody else.
                        state.gap_until = Some(now + GAP);
                    }
                    state.head = state.head.max(sent.seq);
                    self.attention.insert(chat);
                    self.take_continued(chat);
                }
            }
            Purpose::Mark { chat, read } => {
                if let Some(state) = self.chats.get_mut(&chat) {
                    state.marking = false;
                    if state.read_due <= read {
                        state.read_due = 0;
                    }
                    self.attention.insert(chat);
                }
                if read > 0 {
                    self.out.push(Output::Write(Write::Marked { chat, read }));
                }
            }
            Purpose::Cursors {
                chat,
                mut so_far,
                rev,
            } => {
                let list: CursorList = frame.decode()?;
                let rev = rev.unwrap_or(list.cursor_rev);
                let more = list.more && !list.cursors.is_empty();
                so_far.extend(list.cursors);
                if more {
                    self.ask_cursors_of(now, chat, so_far, Some(rev));
                } else {
                    if let Some(state) = self.chats.get_mut(&chat) {
                        state.asking_cursors = false;
                        state.cursor_rev = state.cursor_rev.max(rev);
                        state.cursor_head = state.cursor_head.max(rev);
                    }
                    self.out.push(Output::Write(Write::Cursors {
                        chat,
                        cursors: so_far,
                        rev,
                    }));
                }
            }
            Purpose::Users { ids } => {
                let list: UserList = frame.decode()?;
                self.asking_users = false;
                if list.more && !list.users.is_empty() {
                    let came = |id: &UserId| list.users.iter().any(|user| user.id == *id);
                    self.want_users.extend(ids.iter().filter(|id| !came(id)));
                }
                self.out.push(Output::Write(Write::Users(list.users)));
            }
            Purpose::Contacts { mut so_far, at } => {
                let list: ContactList = frame.decode()?;
                let ended = !list.more || list.contacts.is_empty();
                so_far.extend(list.contacts);
                if ended {
                    self.want_contacts.came();
                    let contacts = so_far;
                    self.out
                        .push(Output::Write(Write::Contacts { contacts, at }));
                } else {
                    let offset = so_far.len() as u32;
                    let purpose = Purpose::Contacts { so_far, at };
                    self.ask(now, &request::Contacts { offset }, purpose);
                }
            }
            Purpose::Members { info } => self.members(now, info, frame.decode()?),
            Purpose::Profile { at } => {
                let info: ProfileInfo = frame.decode()?;
                self.want_profile.came();
                self.out.push(Output::Write(Write::Profile { info, at }));
            }
            Purpose::Told => {}
        }
        Ok(())
    }

    /// A request was refused or given up.
    pub(super) fn unanswered(&mut self, now: Millis, purpose: Purpose, error: &ClientError) {
        let (retryable, after, gone) = match error {
            ClientError::Server(error) => (
                error.is_retryable(),
                error.retry_after_ms,
                error.code == ErrorCode::NotFound,
            ),
            _ => (true, None, false),
        };
        let until = now + after.unwrap_or(PAUSE).clamp(100, 60_000);
        match purpose {
            Purpose::Call { ticket, .. } => {
                self.out.push(Output::Answer(ticket, Err(error.clone())));
            }
            Purpose::Changes { chat, .. } | Purpose::Latest { chat } => {
                self.fetching = self.fetching.saturating_sub(1);
                if let Some(state) = self.chats.get_mut(&chat) {
                    state.fetching = false;
                    state.not_before = until;
                    self.attention.insert(chat);
                }
                if gone {
                    self.left(chat);
                }
            }
            Purpose::Older { chat, tickets } => {
                if tickets.is_empty() {
                    self.fetching = self.fetching.saturating_sub(1);
                    if let Some(state) = self.chats.get_mut(&chat) {
                        state.fetching = false;
                        state.not_before = until;
                    }
                }
                for ticket in tickets {
                    self.out.push(Output::Done(ticket, Err(error.clone())));
                }
                if gone {
                    self.left(chat);
                }
            }
            Purpose::Infos { asked } => {
                self.asking_infos = false;
                for (id, _) in asked {
                    if let Some(state) = self.chats.get_mut(&id) {
                        state.not_before = until;
                        self.attention.insert(id);
                    }
                }
            }
            Purpose::Heads => {
                let (failed, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut self.syncs)
                    .into_iter()
                    .partition(|sync| !sync.fresh);
                self.syncs = rest;
                for sync in failed {
                    self.out.push(Output::Done(sync.ticket, Err(error.clone())));
                }
            }
            Purpose::Account { .. } => self.asking_account = false,
            Purpose::Send { chat, id, .. } => {
                self.out.push(Output::Sending(chat, id, false));
                match error {
                    ClientError::Server(error) if !retryable => {
                        self.outbox.finished(chat, id);
                        self.out.push(Output::Write(Write::Failed {
                            chat,
                            id,
                            error: error.clone(),
                        }));
                    }
                    ClientError::Invalid(what) => {
                        self.outbox.finished(chat, id);
                        let error = WireError::new(ErrorCode::BadRequest).with("what", what);
                        self.out
                            .push(Output::Write(Write::Failed { chat, id, error }));
                    }
                    _ => {
                        if let ClientError::Server(error) = error {
                            let error = error.clone();
                            self.out
                                .push(Output::Event(ClientEvent::HeldBack { id, chat, error }));
                        }
                        self.outbox.again(chat, now, after);
                    }
                }
            }
            Purpose::Mark { chat, .. } => {
                if let Some(state) = self.chats.get_mut(&chat) {
                    state.marking = false;
                    state.mark_at = until;
                    if gone || !retryable {
                        state.read_due = 0;
                        state.foreign = 0;
                    }
                    self.attention.insert(chat);
                }
            }
            Purpose::Cursors { chat, .. } => {
                if let Some(state) = self.chats.get_mut(&chat) {
                    state.asking_cursors = false;
                    state.not_before = until;
                }
            }
            Purpose::Users { .. } => self.asking_users = false,
            Purpose::Members { info } => {
                self.asking_members = self.asking_members.saturating_sub(1);
                if let Some(state) = self.chats.get_mut(&info.id) {
                    state.info_rev = -1;
                    state.not_before = until;
                    self.attention.insert(info.id);
                }
            }
            Purpose::Contacts { .. } => self.want_contacts.failed(now, retryable),
            Purpose::Profile { .. } => self.want_profile.failed(now, retryable),
            Purpose::Told => {}
        }
    }

    fn changes(&mut self, now: Millis, id: ChatId, after: Seq, page: Page) {
        self.fetched(now, id, page, move |chat, page| {
            if page.entries.is_empty() && !page.more && page.floor <= after {
                // Nothing follows: the head that was heard of is this one.
                chat.head = chat.range.map_or(chat.head, |(_, hi)| hi);
            }
        });
    }

    fn latest(&mut self, now: Millis, id: ChatId, page: Page) {
        self.fetched(now, id, page, |chat, page| {
            if page.entries.is_empty() {
                chat.head = chat.floor;
            }
        });
    }

    fn fetched(
        &mut self,
        now: Millis,
        id: ChatId,
        page: Page,
        settle: impl FnOnce(&mut Chat, &Page),
    ) {
        self.fetching = self.fetching.saturating_sub(1);
        self.attention.insert(id);
        let Some(chat) = self.chats.get_mut(&id) else {
            return;
        };
        chat.fetching = false;
        chat.gap_until = None;
        let raised = page.floor > chat.floor;
        chat.raise_floor(page.floor);
        settle(chat, &page);
        let floor = chat.floor;
        match chat.page(page.entries) {
            Some(entries) => {
                if std::mem::take(&mut chat.info_doubt)
                    && chat.info_rev >= 0
                    && entries.iter().any(|entry| is_about_chat(entry.kind))
                {
                    chat.changed();
                }
                if raised && entries.is_empty() {
                    self.out.push(Output::Write(Write::Entries {
                        chat: id,
                        entries: Vec::new(),
                        floor,
                        live: false,
                        backfill: false,
                    }));
                }
                self.store(id, entries, false);
                self.take_continued(id);
            }
            // Not what was asked for: not to be asked again at once.
            None => chat.not_before = now + PAUSE,
        }
    }

    fn older(&mut self, now: Millis, id: ChatId, tickets: Vec<super::Ticket>, page: Page) {
        let own = tickets.is_empty();
        self.attention.insert(id);
        if own {
            self.fetching = self.fetching.saturating_sub(1);
        }
        if let Some(chat) = self.chats.get_mut(&id) {
            if own {
                chat.fetching = false;
            }
            chat.raise_floor(page.floor);
            if page.entries.is_empty() && !page.more {
                // Whatever was below is gone.
                let lo = chat.range.map_or(0, |(lo, _)| lo);
                chat.floor = chat.floor.max(lo.saturating_sub(1));
            }
            let floor = chat.floor;
            match chat.older_page(page.entries) {
                Some(entries) => {
                    self.unstored += usize::from(!entries.is_empty());
                    self.out.push(Output::Write(Write::Entries {
                        chat: id,
                        entries,
                        floor,
                        live: false,
                        backfill: true,
                    }));
                }
                None => chat.not_before = now + PAUSE,
            }
        }
        let more = self.chats.get(&id).is_some_and(Chat::has_older);
        for ticket in tickets {
            self.out.push(Output::Done(ticket, Ok(more)));
        }
    }

    fn infos(&mut self, now: Millis, asked: &[(ChatId, u64)], list: ChatList) {
        self.asking_infos = false;
        self.learn(&list.chats);
        if !list.more {
            for (id, _) in asked {
                if !list.chats.iter().any(|info| info.id == *id) {
                    self.left(*id);
                }
            }
        }
        for (id, news) in asked {
            self.attention.insert(*id);
            if let Some(chat) = self.chats.get_mut(id)
                && chat.news != *news
            {
                // It changed since it was asked about.
                chat.info_rev = -1;
            }
        }
        let (parts, whole): (Vec<_>, Vec<_>) =
            list.chats.into_iter().partition(|info| info.members_more);
        self.out.push(Output::Write(Write::Infos(whole)));
        for mut info in parts {
            self.asking_members += 1;
            // Some of them, not the first: all are asked for.
            info.members.clear();
            self.ask_members(now, Box::new(info));
        }
    }

    pub(super) fn ask_cursors_of(
        &mut self,
        now: Millis,
        chat: ChatId,
        so_far: Vec<request::MemberCursor>,
        rev: Option<u64>,
    ) {
        let offset = so_far.len() as u32;
        let ask = request::Cursors { chat, offset };
        self.ask(now, &ask, Purpose::Cursors { chat, so_far, rev });
    }

    fn ask_members(&mut self, now: Millis, info: Box<ChatInfo>) {
        let ask = request::Members {
            chat: info.id,
            offset: info.members.len() as u32,
        };
        self.ask(now, &ask, Purpose::Members { info });
    }

    /// A chat is written once all its members are here: until then the cache
    /// shows those of before.
    fn members(&mut self, now: Millis, mut info: Box<ChatInfo>, list: MemberList) {
        if list.acl_rev != info.acl_rev || (list.more && list.members.is_empty()) {
            // They changed in between: from the beginning.
            self.asking_members = self.asking_members.saturating_sub(1);
            if let Some(state) = self.chats.get_mut(&info.id) {
                state.info_rev = -1;
                state.acl_rev = state.acl_rev.max(list.acl_rev as i64);
                self.attention.insert(info.id);
            }
            return;
        }
        info.members.extend(list.members);
        if list.more {
            self.ask_members(now, info);
        } else {
            self.asking_members = self.asking_members.saturating_sub(1);
            info.members_more = false;
            self.out.push(Output::Write(Write::Infos(vec![*info])));
        }
    }

    /// Takes over what the server says of chats; the caller has it written.
    pub(super) fn learn(&mut self, infos: &[proto::request::ChatInfo]) {
        for info in infos {
            let chat = self.chats.entry(info.id).or_insert_with(Chat::unknown);
            chat.hear(&info.head);
            chat.info_rev = info.acl_rev as i64;
            chat.acl_rev = chat.acl_rev.max(chat.info_rev);
            chat.visiting = !info.joined;
            self.attention.insert(info.id);
        }
    }

    fn account_page(&mut self, after: Seq, page: AccountPage) {
        self.asking_account = false;
        let fresh: Vec<_> = page
            .entries
            .into_iter()
            .filter(|entry| entry.seq > self.account_seq)
            .collect();
        match fresh.last() {
            Some(last) => self.account_seq = last.seq,
            None if self.account_seq <= after => self.account_head = self.account_seq,
            None => {}
        }
        for entry in &fresh {
            self.about_people(entry);
        }
        if !fresh.is_empty() {
            self.out.push(Output::Write(Write::Account(fresh)));
        }
    }
}
