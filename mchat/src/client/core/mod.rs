//! The session with the server, as a machine without sockets, clock or disk.
//!
//! Inputs are the `handle_*` methods; each returns what is to be done, in
//! order. [`Core::poll_timeout`] says when to call [`Core::handle_timeout`] at
//! the latest. The order of calls: [`Core::start`], then
//! [`Core::handle_connected`] or [`Core::handle_connect_failed`] for each
//! [`Output::Connect`], frames in between, [`Core::handle_disconnected`] once
//! for a connection that ended by itself. After each batch of writes
//! `Core::handle_stored`.

mod backoff;
mod catchup;
mod chat;
mod events;
mod lanes;
mod replies;
mod types;

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use proto::Seq;
use proto::catalog::{Lang, sentence};
use proto::codec::{Encoded, Frame};
use proto::error::{ErrorCode, WireError};
use proto::event::Head;
use proto::hello::Welcome;
use proto::id::{ChatId, EntryId, UserId};
use proto::request::{self, Call, Login, Register};
use proto::text::Token;
use uuid::Uuid;

pub use self::types::{ChatState, Depth, Encode, Failure, Millis, Outgoing, Output, Ticket, Write};

use self::backoff::Backoff;
use self::chat::Chat;
use self::lanes::Lanes;
use super::cache::{Applied, Stored};
use super::error::ClientError;
use super::model::{ClientEvent, Link, Refusal, Transport};

/// A request without an answer for this long raises the question whether
/// anybody is there.
const QUIET: Millis = 1_500;
/// A request is given up after this long.
const PATIENCE: Millis = 30_000;
/// Typing is told at most this often.
const TYPING_EVERY: Millis = 3_000;

/// What an awaited answer is for.
#[derive(Debug)]
enum Purpose {
    Call { ticket: Ticket, kind: u16 },
    Changes { chat: ChatId, after: Seq },
    Latest { chat: ChatId },
    Older { chat: ChatId, tickets: Vec<Ticket> },
    Infos { ids: Vec<ChatId> },
    Heads,
    Account { after: Seq },
    Send { chat: ChatId, id: EntryId },
    Mark { chat: ChatId, read: Seq },
    Cursors { chat: ChatId },
    Users,
    Told,
}

#[derive(Debug)]
struct Pending {
    purpose: Purpose,
    since: Millis,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    Idle,
    Connecting,
    Online,
    SignedOut,
    Waiting { until: Millis },
    Refused(Refusal),
}

/// Why a connection is made without the session's token at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Probe {
    /// It is made with the token.
    No,
    /// A server that was never asked: the token is for one community alone.
    NewServer,
    /// The server did not know the session. Another community would not.
    SessionEnded,
}

/// A sync that somebody waits for.
#[derive(Debug)]
struct Sync {
    ticket: Ticket,
    depth: Depth,
    /// Fresh heads have come for it.
    fresh: bool,
}

/// The session. See the module for the order of calls.
pub struct Core {
    live: bool,
    lang: Lang,
    phase: Phase,
    address: Option<(Transport, String)>,
    connected_at: Millis,
    last_heard: Millis,
    pinged: Option<Millis>,
    next_id: u32,
    pending: HashMap<u32, Pending>,
    waiting: VecDeque<(Ticket, u16, Encode)>,
    backoff: Backoff,

    token: Option<Token>,
    probe: Probe,
    user: Option<UserId>,
    community: Option<Uuid>,
    server: Option<Uuid>,
    account_seq: Seq,
    account_head: Seq,

    chats: HashMap<ChatId, Chat>,
    /// Chats that may need something.
    attention: BTreeSet<ChatId>,
    open: Option<ChatId>,
    heads: Vec<Head>,
    have_heads: bool,
    told_synced: bool,
    fetching: usize,
    asking_infos: bool,
    asking_account: bool,
    unstored: usize,
    syncs: Vec<Sync>,

    outbox: Lanes,
    typing: HashMap<(ChatId, UserId), Millis>,
    told_typing: HashMap<ChatId, Millis>,
    asked_users: HashSet<UserId>,
    out: Vec<Output>,
}

impl Core {
    /// A session of a profile. `seed`: for the jitter of the back-off.
    pub fn new(live: bool, stored: &Stored, chats: &[ChatState], seed: u64) -> Self {
        let mut core = Self {
            live,
            lang: Lang::En,
            phase: Phase::Idle,
            address: None,
            connected_at: 0,
            last_heard: 0,
            pinged: None,
            next_id: 0,
            pending: HashMap::new(),
            waiting: VecDeque::new(),
            backoff: Backoff::new(seed),
            token: stored.token.clone(),
            probe: Probe::No,
            user: stored.user,
            community: stored.community,
            server: None,
            account_seq: stored.account_seq,
            account_head: stored.account_seq,
            chats: HashMap::new(),
            attention: BTreeSet::new(),
            open: None,
            heads: Vec::new(),
            have_heads: false,
            told_synced: false,
            fetching: 0,
            asking_infos: false,
            asking_account: false,
            unstored: 0,
            syncs: Vec::new(),
            outbox: Lanes::default(),
            typing: HashMap::new(),
            told_typing: HashMap::new(),
            asked_users: HashSet::new(),
            out: Vec::new(),
        };
        for state in chats {
            core.chats.insert(state.chat, Chat::cached(state));
            if state.unmarked_read > 0 {
                core.attention.insert(state.chat);
            }
        }
        core
    }

    /// The same with sentences of this language.
    pub fn speaking(mut self, lang: Lang) -> Self {
        self.lang = lang;
        self
    }

    // The connection

    /// Begins, or begins again after a person has decided something.
    pub fn start(&mut self, now: Millis) -> Vec<Output> {
        match self.phase {
            Phase::Connecting => {}
            Phase::Online | Phase::SignedOut => {
                self.lose(now, "");
                self.out.push(Output::Disconnect);
                self.connect();
            }
            Phase::Idle | Phase::Waiting { .. } | Phase::Refused(_) => self.connect(),
        }
        self.finish(now)
    }

    /// The next connection is to a server that was never asked: it is made
    /// without the token until the server has named its community.
    pub fn probe_first(&mut self) {
        if self.token.is_some() {
            self.probe = Probe::NewServer;
        }
    }

    /// Another server is asked from now on: what was being made is dropped.
    pub fn restart(&mut self, now: Millis) -> Vec<Output> {
        self.lose(now, "");
        self.out.push(Output::Disconnect);
        self.backoff.reset();
        self.connect();
        self.finish(now)
    }

    fn connect(&mut self) {
        self.phase = Phase::Connecting;
        self.out
            .push(Output::Event(ClientEvent::Link(Link::Connecting)));
        let token = self.token.clone().filter(|_| self.probe == Probe::No);
        self.out.push(Output::Connect { token });
    }

    /// A connection is up and the server has answered the Hello.
    pub fn handle_connected(
        &mut self,
        now: Millis,
        welcome: Welcome,
        transport: Transport,
        address: String,
    ) -> Vec<Output> {
        self.connected_at = now;
        self.last_heard = now;
        self.pinged = None;
        self.server = Some(welcome.community);
        self.address = Some((transport, address));
        if self.token.is_some()
            && self
                .community
                .is_some_and(|community| community != welcome.community)
        {
            self.probe = Probe::NewServer;
            self.out.push(Output::Disconnect);
            self.refuse(Refusal::OtherCommunity);
            return self.finish(now);
        }
        match std::mem::replace(&mut self.probe, Probe::No) {
            Probe::No => {}
            Probe::NewServer => {
                self.out.push(Output::Disconnect);
                self.connect();
                return self.finish(now);
            }
            Probe::SessionEnded => {
                self.token = None;
                self.out.push(Output::SessionEnded);
                self.out.push(Output::Event(ClientEvent::Account(None)));
            }
        }
        if let Some(token) = welcome.token {
            self.token = Some(token.clone());
            self.out.push(Output::Write(Write::Token(token)));
        }
        match welcome.account {
            Some(account) => {
                self.user = Some(account.user);
                if self.community.is_none() {
                    self.community = Some(welcome.community);
                    self.out
                        .push(Output::Write(Write::Community(welcome.community)));
                }
                self.online();
            }
            None => {
                self.phase = Phase::SignedOut;
                self.say_link();
            }
        }
        for (ticket, kind, encode) in std::mem::take(&mut self.waiting) {
            self.call(now, ticket, kind, encode);
        }
        self.finish(now)
    }

    fn online(&mut self) {
        self.phase = Phase::Online;
        self.have_heads = false;
        self.told_synced = false;
        self.heads.clear();
        self.say_link();
        self.out.push(Output::Ready);
    }

    fn say_link(&mut self) {
        let (transport, address) = self
            .address
            .clone()
            .unwrap_or((Transport::Quic, String::new()));
        let link = match self.phase {
            Phase::SignedOut => Link::SignedOut { transport, address },
            _ => Link::Online { transport, address },
        };
        self.out.push(Output::Event(ClientEvent::Link(link)));
    }

    /// An attempt to connect failed at all addresses.
    pub fn handle_connect_failed(&mut self, now: Millis, failure: Failure) -> Vec<Output> {
        match failure {
            Failure::Unreachable(reason) => self.wait(now, reason, None),
            Failure::Refused(why) => self.refuse(why),
            Failure::Goodbye(error) => self.goodbye(now, error),
        }
        self.finish(now)
    }

    /// The connection ended by itself; in words for a person.
    pub fn handle_disconnected(&mut self, now: Millis, reason: &str) -> Vec<Output> {
        if matches!(self.phase, Phase::Online | Phase::SignedOut) {
            self.lose(now, reason);
            self.wait(now, reason.to_owned(), None);
        }
        self.finish(now)
    }

    fn goodbye(&mut self, now: Millis, error: WireError) {
        match error.code {
            ErrorCode::Unauthenticated if self.token.is_some() => self.end_session(),
            ErrorCode::VersionMismatch => self.refuse(Refusal::Server(error)),
            _ => {
                let after = error.retry_after_ms;
                self.wait(now, sentence(self.lang, &error), after);
            }
        }
    }

    /// The server does not know the session. It is ended if this is the server
    /// that it belonged to, which a connection without it tells.
    fn end_session(&mut self) {
        self.probe = Probe::SessionEnded;
        self.connect();
    }

    fn refuse(&mut self, why: Refusal) {
        self.phase = Phase::Refused(why.clone());
        self.fail_waiting(&ClientError::Refused(why.clone()));
        self.out
            .push(Output::Event(ClientEvent::Link(Link::Refused { why })));
    }

    fn wait(&mut self, now: Millis, reason: String, after: Option<Millis>) {
        let pause = self.backoff.next().max(after.unwrap_or(0).min(60_000));
        self.phase = Phase::Waiting { until: now + pause };
        self.fail_waiting(&ClientError::Offline(reason.clone()));
        self.out
            .push(Output::Event(ClientEvent::Link(Link::Offline {
                reason,
                retry_in_ms: pause,
            })));
    }

    /// Calls that wait for a connection are answered rather than kept: who asks
    /// knows better whether to ask again.
    fn fail_waiting(&mut self, error: &ClientError) {
        for (ticket, _, _) in std::mem::take(&mut self.waiting) {
            self.out.push(Output::Answer(ticket, Err(error.clone())));
        }
        for sync in std::mem::take(&mut self.syncs) {
            self.out.push(Output::Done(sync.ticket, Err(error.clone())));
        }
    }

    /// Forgets what belonged to the connection.
    fn lose(&mut self, now: Millis, reason: &str) {
        if now.saturating_sub(self.connected_at) > 5_000 {
            self.backoff.reset();
        }
        let error = ClientError::Offline(reason.to_owned());
        for (_, pending) in std::mem::take(&mut self.pending) {
            match pending.purpose {
                Purpose::Call { ticket, .. } => {
                    self.out.push(Output::Answer(ticket, Err(error.clone())));
                }
                Purpose::Older { tickets, .. } => {
                    for ticket in tickets {
                        self.out.push(Output::Done(ticket, Err(error.clone())));
                    }
                }
                _ => {}
            }
        }
        for (id, chat) in &mut self.chats {
            chat.fetching = false;
            chat.marking = false;
            chat.asking_cursors = false;
            chat.gap_until = None;
            chat.not_before = 0;
            if chat.read_due > 0 {
                self.attention.insert(*id);
            }
        }
        self.fetching = 0;
        self.asking_infos = false;
        self.asking_account = false;
        self.have_heads = false;
        self.asked_users.clear();
        self.told_typing.clear();
        for (chat, id) in self.outbox.clear() {
            self.out.push(Output::Sending(chat, id, false));
        }
        for (chat, user) in std::mem::take(&mut self.typing).into_keys() {
            self.out.push(Output::Typing {
                chat,
                user,
                on: false,
            });
        }
        self.out.push(Output::Presence {
            users: Vec::new(),
            snapshot: true,
        });
    }

    /// A session was opened by an answer on this connection.
    fn signed_in(&mut self, signed: request::SignedIn) {
        let Some(community) = self.server else { return };
        if self.user != Some(signed.account.user) || self.community != Some(community) {
            self.forget();
        }
        self.user = Some(signed.account.user);
        self.community = Some(community);
        self.token = Some(signed.token.clone());
        self.out.push(Output::SignedIn {
            account: signed.account,
            community,
            token: signed.token,
        });
        self.online();
    }

    /// The person signed out: the connection stays, without a session.
    pub fn handle_signed_out(&mut self, now: Millis) -> Vec<Output> {
        self.token = None;
        self.probe = Probe::No;
        self.out.push(Output::Event(ClientEvent::Account(None)));
        self.restart(now)
    }

    fn forget(&mut self) {
        self.chats.clear();
        self.attention.clear();
        self.account_seq = 0;
        self.account_head = 0;
        self.open = None;
        let _ = self.outbox.clear();
    }

    // What the user wants

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

    fn call(&mut self, now: Millis, ticket: Ticket, kind: u16, encode: Encode) {
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
                        self.await_answer(now, id, Purpose::Call { ticket, kind });
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
    pub fn handle_load_older(&mut self, now: Millis, ticket: Ticket, chat: ChatId) -> Vec<Output> {
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
                    limit: 200,
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
        self.learn(std::slice::from_ref(&info));
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
        if upto > state.read_due {
            state.read_due = upto;
            // Reading on for a moment is one mark.
            state.mark_at = state.mark_at.max(now + 150);
        }
        self.attention.insert(chat);
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
        if due && self.live && self.phase == Phase::Online {
            if on {
                self.told_typing.insert(chat, now);
            } else {
                self.told_typing.remove(&chat);
            }
            self.ask(now, &request::Typing { chat, on }, Purpose::Told);
        }
        self.finish(now)
    }

    // The cache

    /// Writes are in the cache. (Of a failed batch nothing is: see
    /// [`Core::handle_states`].)
    pub(crate) fn handle_stored(&mut self, now: Millis, applied: &Applied) -> Vec<Output> {
        for range in &applied.ranges {
            self.unstored = self.unstored.saturating_sub(1);
            let chat = self.chats.entry(range.chat).or_insert_with(Chat::unknown);
            chat.range = match chat.range {
                Some((lo, hi)) if !range.disjoint => Some((lo.min(range.lo), hi.max(range.hi))),
                // Another process has begun elsewhere: go on from there.
                _ => Some((range.lo, range.hi)),
            };
            chat.head = chat.head.max(range.hi);
            chat.foreign = chat.foreign.max(range.foreign);
            self.attention.insert(range.chat);
        }
        let ids: Vec<UserId> = applied
            .nameless
            .iter()
            .copied()
            .filter(|id| self.asked_users.insert(*id))
            .collect();
        if !ids.is_empty() && self.phase == Phase::Online {
            let names = Vec::new();
            self.ask(now, &request::Users { ids, names }, Purpose::Users);
        }
        self.finish(now)
    }

    /// Where the cache stands, after another process changed it or after a
    /// batch failed.
    pub fn handle_states(&mut self, now: Millis, states: &[ChatState], anew: bool) -> Vec<Output> {
        if anew {
            self.unstored = 0;
        }
        for state in states {
            let chat = self.chats.entry(state.chat).or_insert_with(Chat::unknown);
            match (chat.range, state.range) {
                (Some((lo, hi)), Some((new_lo, new_hi))) if !anew => {
                    if new_lo <= hi + 1 && lo <= new_hi + 1 {
                        chat.range = Some((lo.min(new_lo), hi.max(new_hi)));
                    }
                }
                (_, range) => chat.range = range,
            }
            chat.head = chat.head.max(state.head);
            chat.info_rev = chat.info_rev.max(state.info_rev);
            self.attention.insert(state.chat);
            self.take_continued(state.chat);
        }
        self.finish(now)
    }

    // Time

    /// When [`Core::handle_timeout`] is to be called at the latest.
    pub fn poll_timeout(&self) -> Option<Millis> {
        let retry = match self.phase {
            Phase::Waiting { until } => Some(until),
            _ => None,
        };
        let quiet = self
            .pending
            .values()
            .map(|pending| pending.since)
            .min()
            .map(|since| match self.pinged {
                Some(pinged) => pinged + QUIET,
                None => since.max(self.last_heard) + QUIET,
            });
        let typing = self.typing.values().copied().min();
        let online = self.phase == Phase::Online;
        let outbox = self.outbox.wake().filter(|_| online);
        let chats = self
            .attention
            .iter()
            .filter(|_| online)
            .filter_map(|id| self.chats.get(id).and_then(|chat| self.chat_wake(chat)))
            .min();
        [retry, quiet, typing, outbox, chats]
            .into_iter()
            .flatten()
            .min()
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Millis) -> Vec<Output> {
        if let Phase::Waiting { until } = self.phase
            && now >= until
        {
            self.connect();
        }
        self.lapse_typing(now);
        self.check_silence(now);
        self.give_up_old(now);
        self.finish(now)
    }

    fn lapse_typing(&mut self, now: Millis) {
        let lapsed: Vec<_> = self
            .typing
            .iter()
            .filter(|(_, until)| now >= **until)
            .map(|(key, _)| *key)
            .collect();
        for (chat, user) in lapsed {
            self.typing.remove(&(chat, user));
            self.out.push(Output::Typing {
                chat,
                user,
                on: false,
            });
        }
    }

    fn check_silence(&mut self, now: Millis) {
        let Some(since) = self.pending.values().map(|pending| pending.since).min() else {
            self.pinged = None;
            return;
        };
        match self.pinged {
            Some(pinged) if now >= pinged + QUIET => {
                self.out.push(Output::Disconnect);
                self.lose(now, "");
                self.wait(now, String::new(), None);
            }
            None if now >= since.max(self.last_heard) + QUIET => {
                self.ask(now, &request::Ping {}, Purpose::Told);
                self.pinged = Some(now);
            }
            _ => {}
        }
    }

    fn give_up_old(&mut self, now: Millis) {
        let old: Vec<u32> = self
            .pending
            .iter()
            .filter(|(_, pending)| now >= pending.since + PATIENCE)
            .map(|(id, _)| *id)
            .collect();
        for id in old {
            if let Some(pending) = self.pending.remove(&id) {
                self.unanswered(now, pending.purpose, &ClientError::Timeout);
            }
        }
    }

    /// Bytes arrived that are no whole frame yet: somebody is there.
    pub fn handle_heard(&mut self, now: Millis) {
        self.last_heard = now;
        self.pinged = None;
    }

    // Frames

    /// A frame arrived.
    pub fn handle_frame(&mut self, now: Millis, frame: Frame) -> Vec<Output> {
        self.last_heard = now;
        self.pinged = None;
        if frame.request_id == 0 {
            self.event(now, &frame);
        } else {
            self.reply(now, frame);
        }
        self.finish(now)
    }

    fn fresh_id(&mut self) -> u32 {
        loop {
            self.next_id = self.next_id.wrapping_add(1);
            if self.next_id != 0 && !self.pending.contains_key(&self.next_id) {
                return self.next_id;
            }
        }
    }

    fn await_answer(&mut self, now: Millis, id: u32, purpose: Purpose) {
        self.pending.insert(
            id,
            Pending {
                purpose,
                since: now,
            },
        );
    }

    /// Sends a request of the core's own.
    fn ask<C: Call>(&mut self, now: Millis, call: &C, purpose: Purpose) {
        let id = self.fresh_id();
        let frame: Encoded = match call.encode(id) {
            Ok(frame) => frame,
            Err(error) => {
                self.unanswered(now, purpose, &ClientError::from(error));
                return;
            }
        };
        self.await_answer(now, id, purpose);
        self.out.push(Output::Send(frame));
    }

    fn finish(&mut self, now: Millis) -> Vec<Output> {
        self.pump(now);
        std::mem::take(&mut self.out)
    }
}
