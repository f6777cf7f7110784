//! The core against a server that exists in memory alone, in virtual time.

#![allow(clippy::unwrap_used, reason = "tests")]

mod changes;
mod nodes;

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use proptest::prelude::*;
use proto::codec::{Encoded, Frame};
use proto::entry::{AccountEntry, Body, Deleted, Edited, Entry, Message, Reacted};
use proto::error::{ErrorCode, WireError};
use proto::event::{ChatEntry, Event, Goodbye, Head, Heads, TypingChanged};
use proto::hello::{Account, Welcome};
use proto::id::{ChatId, EntryId, SessionId, UserId};
use proto::request::{
    self, Call, ChatInfo, ChatKind, ChatPrefs, ChatSettings, Contact, ContactState, Done, Page,
    Request, Sent,
};
use uuid::Uuid;

use super::*;
use crate::client::cache::Db;
use crate::client::model::{
    AccountRow, Anchor, ClientEvent, Link, OutboxKind, OutboxRow, OutboxState,
};

const ME: UserId = UserId(Uuid::from_u128(1));
const OTHER: UserId = UserId(Uuid::from_u128(2));
const COMMUNITY: Uuid = Uuid::from_u128(99);

fn chat_id(n: u128) -> ChatId {
    ChatId(Uuid::from_u128(1000 + n))
}

fn token() -> Token {
    Token::try_from("token").unwrap()
}

fn message(seq: Seq, actor: UserId, text: &str) -> Entry {
    let (kind, body) = Body::Message(Message::new(text)).encode().unwrap();
    Entry {
        seq,
        kind,
        id: EntryId(Uuid::from_u128(u128::from(seq) << 64 | 7)),
        msg_no: seq,
        ref_seq: None,
        actor,
        at: seq as i64,
        body,
    }
}

/// The server: logs by chat, and frames on their way.
#[derive(Default)]
struct Server {
    logs: BTreeMap<ChatId, Vec<Entry>>,
    floor: Seq,
    account: Vec<AccountEntry>,
    contacts: Vec<Contact>,
    members: Vec<request::Member>,
    /// One less than the revision of members.
    acl_rev: u64,
    sent: Vec<EntryId>,
    refuse_sends: VecDeque<WireError>,
    silent: bool,
    asked: Vec<&'static str>,
}

impl Server {
    fn say(&mut self, chat: ChatId, text: &str) -> Entry {
        let log = self.logs.entry(chat).or_default();
        let entry = message(log.len() as Seq + 1, OTHER, text);
        log.push(entry.clone());
        entry
    }

    /// Appends a change unless there is one with its id, and answers.
    fn change(
        &mut self,
        chat: ChatId,
        id: EntryId,
        target: Seq,
        body: &Body,
        request_id: u32,
        request: u16,
    ) -> Encoded {
        let log = self.logs.get_mut(&chat).unwrap();
        let known = log.iter().find(|entry| entry.id == id).cloned();
        let dup = known.is_some();
        let (kind, body) = body.encode().unwrap();
        let msg_no = log.last().unwrap().msg_no;
        let entry = known.unwrap_or_else(|| {
            let seq = log.len() as Seq + 1;
            let entry = Entry {
                seq,
                kind,
                id,
                msg_no,
                ref_seq: Some(target),
                actor: ME,
                at: seq as i64,
                body,
            };
            log.push(entry.clone());
            entry
        });
        self.sent.push(id);
        let sent = Sent {
            seq: entry.seq,
            msg_no: entry.msg_no,
            at: entry.at,
            dup,
        };
        proto::codec::encode(request | request::REPLY, request_id, &sent).unwrap()
    }

    fn head(&self, chat: ChatId) -> Head {
        let seq = self.logs.get(&chat).map_or(0, |log| log.len() as Seq);
        Head {
            chat,
            seq,
            msg_no: seq,
            floor: self.floor,
            acl_rev: self.acl_rev + 1,
            cursor_rev: 0,
            read: 0,
            read_no: 0,
            delivered: 0,
        }
    }

    fn heads(&self) -> Event {
        Event::Heads(Heads {
            account_seq: self.account.len() as Seq,
            heads: self.logs.keys().map(|chat| self.head(*chat)).collect(),
            more: false,
        })
    }

    /// Entries after `after`, in small pages so that there are many.
    fn page(&self, chat: ChatId, after: Seq) -> Page {
        let log = &self.logs[&chat];
        let entries: Vec<_> = log
            .iter()
            .filter(|entry| entry.seq > after.max(self.floor))
            .take(7)
            .cloned()
            .collect();
        let more = entries
            .last()
            .is_some_and(|last| last.seq < log.len() as Seq);
        Page {
            entries,
            more,
            floor: self.floor,
        }
    }

    fn older(&self, chat: ChatId, before: Option<Seq>, limit: usize) -> Page {
        let log = &self.logs[&chat];
        let before = before.unwrap_or(Seq::MAX);
        let fit: Vec<_> = log
            .iter()
            .filter(|entry| entry.seq < before && entry.seq > self.floor)
            .cloned()
            .collect();
        let cut = fit.len().saturating_sub(limit.min(7));
        Page {
            entries: fit[cut..].to_vec(),
            more: cut > 0,
            floor: self.floor,
        }
    }

    fn answer(&mut self, frame: &Frame) -> Vec<Encoded> {
        let request = Request::decode(frame).unwrap().unwrap();
        self.asked.push(request.name());
        let id = frame.request_id;
        if self.silent {
            return Vec::new();
        }
        let done = |kind: u16| proto::codec::encode(kind | request::REPLY, id, &Done {}).unwrap();
        vec![match request {
            Request::Changes(ask) => {
                request::Changes::encode_reply(id, &self.page(ask.chat, ask.after)).unwrap()
            }
            Request::History(ask) => {
                let page = self.older(ask.chat, ask.before, ask.limit as usize);
                request::History::encode_reply(id, &page).unwrap()
            }
            Request::Chats(ask) => {
                let chats = ask.ids.iter().map(|id| self.info(*id)).collect();
                let list = request::ChatList { chats, more: false };
                request::Chats::encode_reply(id, &list).unwrap()
            }
            Request::Send(send) => match self.refuse_sends.pop_front() {
                Some(error) => proto::codec::encode(request::REFUSAL, id, &error).unwrap(),
                None => {
                    let log = self.logs.entry(send.chat).or_default();
                    let known = log.iter().find(|entry| entry.id == send.id).cloned();
                    let dup = known.is_some();
                    let entry = known.unwrap_or_else(|| {
                        let text = String::from(send.text);
                        let mut entry = message(log.len() as Seq + 1, ME, &text);
                        entry.id = send.id;
                        log.push(entry.clone());
                        entry
                    });
                    self.sent.push(send.id);
                    let sent = Sent {
                        seq: entry.seq,
                        msg_no: entry.msg_no,
                        at: entry.at,
                        dup,
                    };
                    request::Send::encode_reply(id, &sent).unwrap()
                }
            },
            Request::SyncHeads(_) => {
                return vec![
                    self.heads().encode().unwrap(),
                    done(request::SyncHeads::KIND),
                ];
            }
            Request::AccountChanges(ask) => {
                let entries = self.account[ask.after as usize..].to_vec();
                let page = request::AccountPage {
                    entries,
                    more: false,
                };
                request::AccountChanges::encode_reply(id, &page).unwrap()
            }
            Request::Users(ask) => {
                let users = ask
                    .ids
                    .into_iter()
                    .map(|id| request::User::new(id, "other"))
                    .collect();
                request::Users::encode_reply(id, &request::UserList { users, more: false }).unwrap()
            }
            Request::EditMessage(ask) => {
                let body = Body::Edited(Edited {
                    text: ask.text.into(),
                });
                self.change(
                    ask.chat,
                    ask.id,
                    ask.seq,
                    &body,
                    id,
                    request::EditMessage::KIND,
                )
            }
            Request::DeleteMessage(ask) => {
                let body = Body::Deleted(Deleted {});
                self.change(
                    ask.chat,
                    ask.id,
                    ask.seq,
                    &body,
                    id,
                    request::DeleteMessage::KIND,
                )
            }
            Request::React(ask) => {
                let body = Body::Reacted(Reacted {
                    emoji: ask.emoji.into(),
                    on: ask.on,
                });
                self.change(ask.chat, ask.id, ask.seq, &body, id, request::React::KIND)
            }
            Request::Contacts(_) => {
                let contacts = self.contacts.clone();
                request::Contacts::encode_reply(
                    id,
                    &request::ContactList {
                        contacts,
                        more: false,
                    },
                )
                .unwrap()
            }
            Request::Profile(_) => {
                let info = request::ProfileInfo {
                    user: request::User::new(ME, "me"),
                    bio: String::new(),
                    created_at: 0,
                    status: request::Status::Online,
                    status_text: String::new(),
                    status_until: None,
                    own: None,
                };
                request::Profile::encode_reply(id, &info).unwrap()
            }
            Request::Members(ask) => {
                let from = self.members.iter().skip(ask.offset as usize);
                let members: Vec<_> = from.take(2).cloned().collect();
                let list = request::MemberList {
                    more: ask.offset as usize + members.len() < self.members.len(),
                    members,
                    acl_rev: self.acl_rev + 1,
                };
                request::Members::encode_reply(id, &list).unwrap()
            }
            Request::Idle(_) => done(request::Idle::KIND),
            Request::Mark(_) => done(request::Mark::KIND),
            Request::Typing(_) => done(request::Typing::KIND),
            Request::Ping(_) => done(request::Ping::KIND),
            other => panic!("not expected: {}", other.name()),
        }]
    }

    fn info(&self, id: ChatId) -> ChatInfo {
        ChatInfo {
            id,
            kind: ChatKind::Group,
            name: Some("g".into()),
            created_at: 0,
            acl_rev: self.acl_rev + 1,
            members: self.members.iter().take(2).cloned().collect(),
            members_more: self.members.len() > 2,
            head: self.head(id),
            description: String::new(),
            avatar: None,
            created_by: None,
            settings: ChatSettings::default(),
            prefs: ChatPrefs::default(),
            joined: true,
        }
    }
}

/// The core, its cache on disk, a server and a clock of our own.
struct World {
    now: Millis,
    core: Core,
    db: Db,
    server: Server,
    to_server: VecDeque<Bytes>,
    events: Vec<ClientEvent>,
    answers: Vec<(Ticket, Result<(), ClientError>)>,
    connects: Vec<(Millis, Option<Token>)>,
    disconnects: usize,
    /// Connections that were asked for at another address.
    elsewhere: Vec<Millis>,
    races: Vec<Millis>,
    called_off: usize,
    abandoned: usize,
    typing: Vec<(Millis, bool)>,
    _dir: tempfile::TempDir,
}

impl World {
    fn new(live: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut db = Db::open(dir.path()).unwrap();
        let account = Account {
            user: ME,
            username: "me".into(),
            session: SessionId(Uuid::from_u128(3)),
            admin: false,
        };
        db.sign_in(&account, COMMUNITY, &token()).unwrap();
        let stored = db.stored().unwrap();
        assert_eq!(
            stored.account,
            Some(AccountRow {
                user: ME,
                username: "me".into(),
                session: account.session
            })
        );
        Self {
            now: 0,
            core: Core::new(live, &stored, &[], 7),
            db,
            server: Server::default(),
            to_server: VecDeque::new(),
            events: Vec::new(),
            answers: Vec::new(),
            connects: Vec::new(),
            disconnects: 0,
            elsewhere: Vec::new(),
            races: Vec::new(),
            called_off: 0,
            abandoned: 0,
            typing: Vec::new(),
            _dir: dir,
        }
    }

    /// Carries out, writes included; frames for the server wait.
    fn carry_out(&mut self, mut outputs: VecDeque<Output>) {
        while let Some(output) = outputs.pop_front() {
            match output {
                Output::Connect { token, elsewhere } => {
                    self.connects.push((self.now, token));
                    if elsewhere {
                        self.elsewhere.push(self.now);
                    }
                }
                Output::Race { token: with } => {
                    assert_eq!(with, Some(token()));
                    self.races.push(self.now);
                }
                Output::CallOff => self.called_off += 1,
                Output::Abandon => {
                    self.abandoned += 1;
                    self.to_server.clear();
                }
                Output::Disconnect => {
                    self.disconnects += 1;
                    self.to_server.clear();
                }
                Output::Send(frame) => self.to_server.push_back(frame.message()),
                Output::Write(write) => {
                    let applied = self.db.apply(&[write]).unwrap();
                    self.events.extend(applied.events.clone());
                    outputs.extend(self.core.handle_stored(self.now, &applied));
                }
                Output::Answer(ticket, answer) => {
                    self.answers.push((ticket, answer.map(|_| ())));
                }
                Output::Done(ticket, done) => self.answers.push((ticket, done.map(|_| ()))),
                Output::Event(event) => self.events.push(event),
                Output::Typing { on, .. } => self.typing.push((self.now, on)),
                Output::SignedIn { .. }
                | Output::SessionEnded
                | Output::Presence { .. }
                | Output::Sending(..)
                | Output::Ready => {}
            }
        }
    }

    fn act(&mut self, act: impl FnOnce(&mut Core, Millis) -> Vec<Output>) {
        let outputs = act(&mut self.core, self.now).into();
        self.carry_out(outputs);
    }

    fn connect(&mut self) {
        self.act(|core, now| core.start(now));
        self.welcome();
    }

    fn welcome(&mut self) {
        self.welcome_from(COMMUNITY, true);
    }

    fn welcome_from(&mut self, community: Uuid, signed_in: bool) {
        let account = Account {
            user: ME,
            username: "me".into(),
            session: SessionId(Uuid::from_u128(3)),
            admin: false,
        };
        let welcome = Welcome {
            version: 1,
            capabilities: Vec::new(),
            server: "test".into(),
            community,
            nodes: Vec::new(),
            account: signed_in.then_some(account),
            token: None,
            time: 0,
        };
        let address = format!("h:{}", self.now);
        // Whatever was on its way to another connection is lost.
        self.to_server.clear();
        self.act(|core, now| core.handle_connected(now, welcome, Transport::Quic, address));
    }

    fn deliver(&mut self, frame: &Encoded) {
        let frame = Frame::from_message(frame.message()).unwrap();
        self.act(|core, now| core.handle_frame(now, frame));
    }

    fn tell(&mut self, event: &Event) {
        self.deliver(&event.encode().unwrap());
    }

    fn tell_entry(&mut self, chat: ChatId, entry: Entry) {
        self.tell(&Event::Entry(ChatEntry { chat, entry }));
    }

    /// The server answers until nothing is on its way.
    fn settle(&mut self) {
        for _ in 0..10_000 {
            let Some(bytes) = self.to_server.pop_front() else {
                return;
            };
            let frame = Frame::from_message(bytes).unwrap();
            for answer in self.server.answer(&frame) {
                self.deliver(&answer);
            }
        }
        panic!("requests without end");
    }

    /// Time passes, at each wake that the core asks for.
    fn pass(&mut self, millis: Millis) {
        let end = self.now + millis;
        for _ in 0..10_000 {
            match self.core.poll_timeout() {
                Some(at) if at <= end => {
                    self.now = self.now.max(at);
                    self.act(|core, now| core.handle_timeout(now));
                    self.settle();
                }
                _ => {
                    self.now = end;
                    return;
                }
            }
        }
        panic!("the core wakes without end");
    }

    fn cached(&mut self, chat: ChatId) -> Vec<Seq> {
        let timeline = self.db.timeline(chat, Anchor::Latest, 10_000).unwrap();
        timeline.entries.iter().map(|entry| entry.seq).collect()
    }

    fn queue(&mut self, chat: ChatId, id: u128) -> Outgoing {
        let id = EntryId(Uuid::from_u128(id));
        self.db
            .enqueue(&OutboxRow {
                id,
                chat,
                kind: OutboxKind::Message,
                text: "hello".into(),
                reply_to: None,
                at: 0,
                state: OutboxState::Queued,
            })
            .unwrap();
        Outgoing {
            id,
            chat,
            kind: OutboxKind::Message,
            text: "hello".into(),
            reply_to: None,
        }
    }

    fn last_link(&self) -> &Link {
        self.events
            .iter()
            .rev()
            .find_map(|event| match event {
                ClientEvent::Link(link) => Some(link),
                _ => None,
            })
            .unwrap()
    }
}

#[test]
fn heads_lead_to_catching_up_the_open_chat_first() {
    let mut world = World::new(true);
    for n in 0..20 {
        for _ in 0..30 {
            world.server.say(chat_id(n), "x");
        }
    }
    world.connect();
    world.act(|core, now| core.handle_open(now, Some(chat_id(17))));
    let heads = world.server.heads();
    world.tell(&heads);
    // Unread counts are right before anything was fetched.
    let rows = world.db.chats().unwrap();
    assert_eq!(rows.len(), 20);
    assert!(rows.iter().all(|row| row.unread == 30));
    let first = world
        .to_server
        .iter()
        .find_map(|bytes| {
            let frame = Frame::from_message(bytes.clone()).unwrap();
            match Request::decode(&frame).unwrap().unwrap() {
                Request::Changes(ask) => Some(ask.chat),
                _ => None,
            }
        })
        .unwrap();
    assert_eq!(first, chat_id(17));
    world.settle();
    for n in 0..20 {
        assert_eq!(world.cached(chat_id(n)), (1..=30).collect::<Vec<_>>());
    }
    assert_eq!(
        world
            .events
            .iter()
            .filter(|event| **event == ClientEvent::Synced)
            .count(),
        1
    );
}

#[test]
fn a_long_chat_starts_from_its_latest_page_and_grows_downwards() {
    let mut world = World::new(true);
    for _ in 0..400 {
        world.server.say(chat_id(0), "x");
    }
    world.connect();
    let heads = world.server.heads();
    world.tell(&heads);
    world.settle();
    assert_eq!(world.cached(chat_id(0)), (394..=400).collect::<Vec<_>>());
    world.act(|core, now| core.handle_load_older(now, 5, chat_id(0), 200));
    world.settle();
    assert_eq!(world.cached(chat_id(0)), (387..=400).collect::<Vec<_>>());
    assert_eq!(world.answers, [(5, Ok(()))]);
    // Scrolling back is no arrival.
    assert_eq!(world.db.arrivals(0, None, 1000).unwrap().len(), 7);
    world.act(|core, now| core.handle_sync(now, 6, Depth::Full));
    world.settle();
    assert_eq!(world.cached(chat_id(0)), (1..=400).collect::<Vec<_>>());
    assert_eq!(world.answers[1], (6, Ok(())));
}

#[test]
fn a_gap_waits_50_ms_and_is_fetched() {
    let mut world = World::new(true);
    let chat = chat_id(0);
    world.server.say(chat, "1");
    world.connect();
    let heads = world.server.heads();
    world.tell(&heads);
    world.settle();
    let two = world.server.say(chat, "2");
    let three = world.server.say(chat, "3");
    let four = world.server.say(chat, "4");
    // In the wrong order, but in time: nothing is asked.
    world.server.asked.clear();
    world.tell_entry(chat, three.clone());
    world.pass(40);
    world.tell_entry(chat, two);
    world.pass(100);
    assert_eq!(world.cached(chat), [1, 2, 3]);
    assert!(!world.server.asked.contains(&"Changes"));
    // Lost: fetched.
    let five = world.server.say(chat, "5");
    world.tell_entry(chat, five.clone());
    world.pass(49);
    assert!(!world.server.asked.contains(&"Changes"));
    world.pass(1);
    assert_eq!(world.cached(chat), [1, 2, 3, 4, 5]);
    // Repeated: nothing.
    let arrivals = world.db.last_arrival().unwrap();
    world.tell_entry(chat, four);
    world.tell_entry(chat, five);
    world.pass(1000);
    assert_eq!(world.db.last_arrival().unwrap(), arrivals);
}

#[test]
fn below_the_floor_is_gone() {
    let mut world = World::new(true);
    let chat = chat_id(0);
    for _ in 0..5 {
        world.server.say(chat, "x");
    }
    world.connect();
    let heads = world.server.heads();
    world.tell(&heads);
    world.settle();
    for _ in 0..20 {
        world.server.say(chat, "x");
    }
    world.server.floor = 12;
    let heads = world.server.heads();
    world.tell(&heads);
    world.settle();
    assert_eq!(world.cached(chat), (13..=25).collect::<Vec<_>>());
    let timeline = world.db.timeline(chat, Anchor::Latest, 50).unwrap();
    assert!(!timeline.older_remote && !timeline.older_cached);
}

#[test]
fn a_chat_that_is_missing_from_the_heads_was_left() {
    let mut world = World::new(true);
    world.server.say(chat_id(0), "x");
    world.server.say(chat_id(1), "x");
    world.connect();
    let heads = world.server.heads();
    world.tell(&heads);
    world.settle();
    world.server.logs.remove(&chat_id(0));
    let heads = world.server.heads();
    world.tell(&heads);
    world.settle();
    assert!(world.db.chat(chat_id(0)).unwrap().unwrap().left);
    assert!(!world.db.chat(chat_id(1)).unwrap().unwrap().left);
    assert_eq!(world.cached(chat_id(0)), [1]);
}

#[test]
fn the_outbox_keeps_order_and_holds_back_behind_a_refusal() {
    let mut world = World::new(true);
    let chat = chat_id(0);
    world.server.say(chat, "x");
    world.connect();
    let heads = world.server.heads();
    world.tell(&heads);
    world.settle();
    let items = vec![
        world.queue(chat, 1),
        world.queue(chat, 2),
        world.queue(chat, 3),
        world.queue(chat, 4),
    ];
    world
        .server
        .refuse_sends
        .push_back(WireError::new(ErrorCode::StorageFull));
    let ids: Vec<EntryId> = items.iter().map(|item| item.id).collect();
    world.act(|core, now| core.handle_outbox(now, items.clone()));
    world.act(|core, now| core.handle_outbox(now, items));
    world.settle();
    assert!(world.server.sent.is_empty(), "later ones are held back");
    // The second one is refused for good: the later ones go on.
    world.server.refuse_sends = VecDeque::new();
    world.pass(300);
    assert_eq!(world.server.sent, ids);
    assert!(!world.core.is_draining());
    assert!(world.db.outbox(None).unwrap().is_empty());
    assert_eq!(world.cached(chat), [1, 2, 3, 4, 5]);
    let bad = world.queue(chat, 5);
    let good = world.queue(chat, 6);
    world
        .server
        .refuse_sends
        .push_back(WireError::new(ErrorCode::Forbidden));
    world.act(|core, now| core.handle_outbox(now, vec![bad.clone(), good.clone()]));
    world.settle();
    assert_eq!(world.server.sent.last(), Some(&good.id));
    let left = world.db.outbox(None).unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].id, bad.id);
    assert_eq!(
        left[0].state,
        OutboxState::Failed(WireError::new(ErrorCode::Forbidden))
    );
}

#[test]
fn a_send_whose_answer_is_lost_is_repeated_and_stored_once() {
    let mut world = World::new(true);
    let chat = chat_id(0);
    world.server.say(chat, "x");
    world.connect();
    let heads = world.server.heads();
    world.tell(&heads);
    world.settle();
    let item = world.queue(chat, 1);
    world.act(|core, now| core.handle_outbox(now, vec![item.clone()]));
    // The server stores it, the answer is lost with the connection.
    let bytes = world.to_server.pop_front().unwrap();
    let frame = Frame::from_message(bytes).unwrap();
    world.server.answer(&frame);
    world.act(|core, now| core.handle_disconnected(now, "gone"));
    assert!(!world.core.is_draining(), "others may drain meanwhile");
    world.now += 200;
    world.act(|core, now| core.handle_timeout(now));
    world.welcome();
    let heads = world.server.heads();
    world.tell(&heads);
    world.act(|core, now| core.handle_outbox(now, vec![item]));
    world.settle();
    assert_eq!(world.server.logs[&chat].len(), 2);
    assert_eq!(world.cached(chat), [1, 2]);
    assert!(world.db.outbox(None).unwrap().is_empty());
}

#[test]
fn reconnecting_begins_at_once_and_stays_quick() {
    let mut world = World::new(true);
    world.connect();
    world.now = 60_000;
    world.act(|core, now| core.handle_disconnected(now, "restart"));
    assert!(matches!(world.last_link(), Link::Offline { retry_in_ms, .. } if *retry_in_ms <= 100));
    // A daemon that needs 2 s: tried again within a second of being back.
    let lost = world.now;
    while world.now < lost + 2_000 {
        world.pass(1);
        if world.connects.last().unwrap().0 == world.now {
            world.act(|core, now| {
                core.handle_connect_failed(now, Failure::Unreachable("down".into()))
            });
        }
    }
    let tries = world.connects.len();
    world.pass(1_000);
    assert!(world.connects.len() > tries);
}

#[test]
fn silence_is_asked_about_and_ends_the_connection() {
    let mut world = World::new(true);
    world.connect();
    world.pass(10_000);
    assert_eq!(world.disconnects, 0, "idle is not silence");
    world.server.silent = true;
    world.act(|core, now| {
        let encode: Encode = Box::new(|id| request::Sessions {}.encode(id));
        core.handle_call(now, 9, request::Sessions::KIND, encode)
    });
    world.server.asked.clear();
    world.to_server.clear();
    world.pass(1_500);
    assert_eq!(world.server.asked, ["Ping"]);
    world.core.handle_race_failed();
    world.pass(1_500);
    assert_eq!(world.disconnects, 1);
    assert!(matches!(
        world.answers.last(),
        Some((9, Err(ClientError::Offline(_))))
    ));
}

#[test]
fn typing_lapses_after_six_seconds() {
    let mut world = World::new(true);
    world.connect();
    let typing = |on| {
        Event::Typing(TypingChanged {
            chat: chat_id(0),
            user: OTHER,
            on,
        })
    };
    world.tell(&typing(true));
    world.pass(4_000);
    world.tell(&typing(true));
    world.pass(5_999);
    assert_eq!(world.typing, [(0, true)]);
    world.pass(1);
    assert_eq!(world.typing, [(0, true), (10_000, false)]);
}

#[test]
fn own_typing_is_told_every_three_seconds() {
    let mut world = World::new(true);
    world.connect();
    for _ in 0..70 {
        world.act(|core, now| core.handle_typing(now, chat_id(0), true));
        world.settle();
        world.pass(100);
    }
    world.act(|core, now| core.handle_typing(now, chat_id(0), false));
    world.settle();
    let told = world
        .server
        .asked
        .iter()
        .filter(|name| **name == "Typing")
        .count();
    assert_eq!(told, 4);
}

#[test]
fn delivered_is_told_at_most_once_a_second() {
    let mut world = World::new(true);
    let chat = chat_id(0);
    world.server.say(chat, "x");
    world.connect();
    let heads = world.server.heads();
    world.tell(&heads);
    world.settle();
    world.server.asked.clear();
    for _ in 0..50 {
        let entry = world.server.say(chat, "x");
        world.tell_entry(chat, entry);
        world.settle();
        world.pass(100);
    }
    let marks = world
        .server
        .asked
        .iter()
        .filter(|name| **name == "Mark")
        .count();
    assert!((4..=6).contains(&marks), "{marks}");
}

#[test]
fn another_community_is_refused() {
    let mut world = World::new(true);
    world.act(|core, now| core.start(now));
    world.welcome_from(Uuid::from_u128(5), false);
    assert_eq!(
        *world.last_link(),
        Link::Refused {
            why: Refusal::OtherCommunity
        }
    );
    world.pass(100_000);
    assert_eq!(world.connects.len(), 1);
}

#[test]
fn an_ended_session_is_signed_out() {
    let mut world = World::new(true);
    world.connect();
    world.tell(&Event::Goodbye(Goodbye {
        error: ErrorCode::Unauthenticated.into(),
    }));
    // Asked without it first: another community would not know it either.
    assert_eq!(world.connects.last().unwrap().1, None);
    assert!(!world.events.contains(&ClientEvent::Account(None)));
    world.welcome_from(COMMUNITY, false);
    assert!(world.events.contains(&ClientEvent::Account(None)));
    assert!(matches!(world.last_link(), Link::SignedOut { .. }));
}

#[test]
fn another_community_does_not_end_the_session() {
    let mut world = World::new(true);
    world.act(|core, now| core.start(now));
    let unknown = Failure::Goodbye(ErrorCode::Unauthenticated.into());
    world.act(|core, now| core.handle_connect_failed(now, unknown));
    world.welcome_from(Uuid::from_u128(5), false);
    let why = Refusal::OtherCommunity;
    assert_eq!(*world.last_link(), Link::Refused { why });
    // Back at the right server it goes on.
    world.act(|core, now| core.restart(now));
    world.welcome_from(COMMUNITY, false);
    assert_eq!(world.connects.last().unwrap().1, Some(token()));
    world.welcome();
    assert!(!world.events.contains(&ClientEvent::Account(None)));
}

#[test]
fn a_new_server_does_not_see_the_token_first() {
    let mut world = World::new(true);
    world.core.probe_first();
    world.act(|core, now| core.start(now));
    assert_eq!(world.connects.last().unwrap().1, None);
    world.welcome_from(COMMUNITY, false);
    assert_eq!(world.connects.last().unwrap().1, Some(token()));
    world.welcome();
    assert!(matches!(world.last_link(), Link::Online { .. }));
}

#[derive(Debug, Clone)]
enum Fate {
    Deliver,
    Lose,
    Twice,
    Late(usize),
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        4 => Just(Fate::Deliver),
        2 => Just(Fate::Lose),
        1 => Just(Fate::Twice),
        2 => (1usize..6).prop_map(Fate::Late),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// Whatever the bus does to events: the cache ends as the log, without
    /// gaps, each entry arrived once.
    #[test]
    fn any_order_ends_in_the_same_log(
        fates in proptest::collection::vec((0u128..3, fate(), 0u64..120), 1..80),
    ) {
        let mut world = World::new(true);
        for n in 0..3 {
            world.server.say(chat_id(n), "first");
        }
        world.connect();
        let heads = world.server.heads();
        world.tell(&heads);
        world.settle();
        let mut late: Vec<(usize, ChatId, Entry)> = Vec::new();
        for (index, (n, fate, pause)) in fates.into_iter().enumerate() {
            let chat = chat_id(n);
            let entry = world.server.say(chat, "x");
            match fate {
                Fate::Deliver => world.tell_entry(chat, entry),
                Fate::Lose => {}
                Fate::Twice => {
                    world.tell_entry(chat, entry.clone());
                    world.tell_entry(chat, entry);
                }
                Fate::Late(by) => late.push((index + by, chat, entry)),
            }
            world.settle();
            world.pass(pause);
            let (due, rest): (Vec<_>, Vec<_>) =
                late.into_iter().partition(|(at, _, _)| *at <= index);
            late = rest;
            for (_, chat, entry) in due {
                world.tell_entry(chat, entry);
            }
            world.settle();
        }
        // The nodes compare heads: the last event may be the lost one.
        let heads = world.server.heads();
        world.tell(&heads);
        world.settle();
        world.pass(3_000);
        let mut total = 0;
        for n in 0..3 {
            let length = world.server.logs[&chat_id(n)].len();
            total += length;
            prop_assert_eq!(world.cached(chat_id(n)), (1..=length as Seq).collect::<Vec<_>>());
        }
        prop_assert_eq!(world.db.arrivals(0, None, 10_000).unwrap().len(), total);
        prop_assert_eq!(world.db.last_arrival().unwrap() as usize, total);
    }
}
