//! The session with the server, as a machine without sockets, clock or disk.
//!
//! Inputs are the `handle_*` methods; each returns what is to be done, in
//! order. [`Core::poll_timeout`] says when to call [`Core::handle_timeout`] at
//! the latest. The order of calls: [`Core::start`], then
//! [`Core::handle_connected`] or [`Core::handle_connect_failed`] for each
//! [`Output::Connect`] and each [`Output::Race`] that was not called off, frames
//! in between, [`Core::handle_disconnected`] once
//! for a connection that ended by itself. After each batch of writes
//! `Core::handle_stored`.

mod backoff;
mod catchup;
mod chat;
mod events;
mod lanes;
mod link;
mod replies;
mod time;
mod types;
mod want;
mod wants;

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use proto::Seq;
use proto::catalog::Lang;
use proto::codec::{CodecError, Encoded, Frame};
use proto::event::Head;
use proto::id::{ChatId, EntryId, UserId};
use proto::request::{self, Call, Request};
use proto::text::Token;
use uuid::Uuid;

pub use self::types::{ChatState, Depth, Encode, Failure, Millis, Outgoing, Output, Ticket, Write};

use self::backoff::Backoff;
use self::catchup::USERS;
use self::chat::Chat;
use self::lanes::Lanes;
use self::want::Want;
use super::cache::{Applied, Stored};
use super::error::ClientError;
use super::model::{OutboxKind, Refusal, Transport};

/// Without a byte for this long while a request waits for its answer, the
/// server is asked whether anybody is there: who only has much to do says so in
/// time …
const ASK: Millis = 1_000;
/// … and who does not is raced by another node …
const RACE: Millis = 1_500;
/// … and then given up.
const LOST: Millis = 3_000;
/// Without an answer in between, each race is followed by a pause twice as long
/// as the one before, up to this many times.
const RACES: u32 = 5;
/// A request is given up after this long.
const PATIENCE: Millis = 30_000;

/// What an awaited answer is for.
#[derive(Debug)]
enum Purpose {
    Call {
        ticket: Ticket,
        kind: u16,
    },
    Changes {
        chat: ChatId,
        after: Seq,
    },
    Latest {
        chat: ChatId,
    },
    Older {
        chat: ChatId,
        tickets: Vec<Ticket>,
    },
    /// Each with the news that were heard of it before.
    Infos {
        asked: Vec<(ChatId, u64)>,
    },
    Heads,
    Account {
        after: Seq,
    },
    Send {
        chat: ChatId,
        id: EntryId,
        kind: OutboxKind,
    },
    Mark {
        chat: ChatId,
        read: Seq,
    },
    /// The cursors behind these.
    Cursors {
        chat: ChatId,
        so_far: Vec<request::MemberCursor>,
        /// What the first of them show.
        rev: Option<u64>,
    },
    Users {
        ids: Vec<UserId>,
    },
    /// The members behind those that came with it.
    Members {
        info: Box<request::ChatInfo>,
    },
    /// The contacts behind these.
    Contacts {
        so_far: Vec<request::Contact>,
        at: Seq,
    },
    Profile {
        at: Seq,
    },
    Told,
}

#[derive(Debug)]
struct Pending {
    purpose: Purpose,
    since: Millis,
    /// Of a call that may be made twice: to be made again on the next connection.
    frame: Option<Encoded>,
}

/// What was done about the silence of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubt {
    None,
    Asked,
    Raced,
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
    doubt: Doubt,
    /// A connection is being made beside the one that is up.
    racing: bool,
    /// Races since anything was answered.
    races: u32,
    race_not_before: Millis,
    /// Addresses that are known.
    nodes: usize,
    /// Gone to another node at once, and not been there for long since.
    hurried: bool,
    /// While connecting: when to begin.
    connect_at: Option<Millis>,
    next_id: u32,
    pending: HashMap<u32, Pending>,
    /// Calls to be made again on the next connection.
    again: Vec<(u32, Pending)>,
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
    /// Chats whose other members are on their way.
    asking_members: usize,
    asking_account: bool,
    unstored: usize,
    syncs: Vec<Sync>,

    outbox: Lanes,
    typing: HashMap<(ChatId, UserId), Millis>,
    told_typing: HashMap<ChatId, Millis>,
    asked_users: HashSet<UserId>,
    /// Whose cached names are old.
    want_users: BTreeSet<UserId>,
    asking_users: bool,
    /// The latest revisions of people that the cache was asked about.
    revisions: HashMap<UserId, u64>,
    want_contacts: Want,
    want_profile: Want,
    /// Nobody is at this device …
    idle: bool,
    /// … and the server is to be told.
    tell_idle: bool,
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
            doubt: Doubt::None,
            racing: false,
            races: 0,
            race_not_before: 0,
            nodes: 1,
            hurried: false,
            connect_at: None,
            next_id: 0,
            pending: HashMap::new(),
            again: Vec::new(),
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
            asking_members: 0,
            asking_account: false,
            unstored: 0,
            syncs: Vec::new(),
            outbox: Lanes::default(),
            typing: HashMap::new(),
            told_typing: HashMap::new(),
            asked_users: HashSet::new(),
            want_users: BTreeSet::new(),
            asking_users: false,
            revisions: HashMap::new(),
            want_contacts: Want::new(stored.contacts_stale),
            want_profile: Want::new(stored.profile_stale),
            idle: false,
            tell_idle: false,
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

    /// The community whose data the cache holds.
    pub fn community(&self) -> Option<Uuid> {
        self.community
    }

    /// At how many addresses the server may be reached.
    pub fn know_nodes(&mut self, count: usize) {
        self.nodes = count;
    }

    /// The same with sentences of this language.
    pub fn speaking(mut self, lang: Lang) -> Self {
        self.lang = lang;
        self
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
        self.want_users.extend(&applied.outdated);
        let mut ids: Vec<UserId> = applied
            .nameless
            .iter()
            .copied()
            .filter(|id| self.asked_users.insert(*id))
            .collect();
        let rest = ids.split_off(ids.len().min(USERS));
        self.want_users.extend(rest);
        if !ids.is_empty() && self.phase == Phase::Online {
            let names = Vec::new();
            self.asking_users = true;
            let purpose = Purpose::Users { ids: ids.clone() };
            self.ask(now, &request::Users { ids, names }, purpose);
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

    // Frames

    /// A frame arrived.
    pub fn handle_frame(&mut self, now: Millis, frame: Frame) -> Vec<Output> {
        self.heard(now);
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
            let taken = self.pending.contains_key(&self.next_id)
                || self.again.iter().any(|(id, _)| *id == self.next_id);
            if self.next_id != 0 && !taken {
                return self.next_id;
            }
        }
    }

    /// Sends a request of the core's own.
    fn ask<C: Call>(&mut self, now: Millis, call: &C, purpose: Purpose) {
        let id = self.fresh_id();
        self.ask_encoded(now, id, call.encode(id), purpose);
    }

    /// The same where the sort of request is decided by what was typed.
    fn ask_any(&mut self, now: Millis, call: &Request, purpose: Purpose) {
        let id = self.fresh_id();
        self.ask_encoded(now, id, call.encode(id), purpose);
    }

    fn ask_encoded(
        &mut self,
        now: Millis,
        id: u32,
        encoded: Result<Encoded, CodecError>,
        purpose: Purpose,
    ) {
        let frame = match encoded {
            Ok(frame) => frame,
            Err(error) => {
                self.unanswered(now, purpose, &ClientError::from(error));
                return;
            }
        };
        let pending = Pending {
            purpose,
            since: now,
            frame: None,
        };
        self.pending.insert(id, pending);
        self.out.push(Output::Send(frame));
    }

    fn finish(&mut self, now: Millis) -> Vec<Output> {
        self.pump(now);
        std::mem::take(&mut self.out)
    }
}
