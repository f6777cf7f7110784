//! Chats in memory that answer the application's effects.

use std::collections::HashMap;

use mchat::app::message::{Effect, Load, Msg};
use mchat::client::model::{
    Anchor, ChatRow, ClientEvent, ContactRow, EntryRow, HitSource, MemberRow, OutboxRow,
    OutboxState, Timeline,
};
use proto::entry::{Body, Created, Message, kind};
use proto::error::{ErrorCode, WireError};
use proto::id::{ChatId, EntryId, UserId};
use proto::request::{ChatKind, User};
use proto::{Seq, UnixMillis};
use uuid::Uuid;

/// 3 March 2025, 12:00 UTC, a Monday.
pub(crate) const NOON: UnixMillis = 1_741_003_200_000;
pub(crate) const ME: UserId = UserId(Uuid::from_u128(0xa));
pub(crate) const BORIS: UserId = UserId(Uuid::from_u128(0xb));
pub(crate) const CLARA: UserId = UserId(Uuid::from_u128(0xc));

pub(crate) fn chat(number: u128) -> ChatId {
    ChatId(Uuid::from_u128(0xc0 + number))
}

fn name(user: UserId) -> &'static str {
    match user {
        ME => "anna",
        BORIS => "Борис",
        _ => "clara",
    }
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) chats: Vec<ChatRow>,
    pub(crate) entries: HashMap<ChatId, Vec<EntryRow>>,
    pub(crate) outbox: Vec<OutboxRow>,
    pub(crate) members: HashMap<ChatId, Vec<MemberRow>>,
    /// The cache holds entries of a chat from this one on.
    pub(crate) cached_from: HashMap<ChatId, Seq>,
    pub(crate) people: Vec<User>,
    /// Drafts that are kept.
    pub(crate) drafts: HashMap<ChatId, String>,
    /// Sends cannot be kept, with this sentence.
    pub(crate) full: Option<String>,
    /// Anna's contacts.
    pub(crate) contacts: Vec<ContactRow>,
    /// Where a search is made.
    pub(crate) searched: HitSource,
    /// Everything that was asked for.
    pub(crate) log: Vec<Effect>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            chats: Vec::new(),
            entries: HashMap::new(),
            outbox: Vec::new(),
            members: HashMap::new(),
            cached_from: HashMap::new(),
            people: Vec::new(),
            drafts: HashMap::new(),
            full: None,
            contacts: Vec::new(),
            searched: HitSource::Server,
            log: Vec::new(),
        }
    }
}

impl World {
    /// A private chat with Boris and a group of three.
    pub(crate) fn sample() -> Self {
        let mut world = Self::default();
        world.add_chat(chat(1), ChatKind::Private, "Борис", &[ME, BORIS]);
        world.add_chat(
            chat(2),
            ChatKind::Group,
            "Plans for the summer",
            &[ME, BORIS, CLARA],
        );
        let hour = 3_600_000;
        world.say(
            chat(1),
            BORIS,
            NOON - 25 * hour,
            "Добрый день! Как дела с отчётом?",
        );
        world.say(chat(1), ME, NOON - 25 * hour + 60_000, "Almost there 👍");
        world.say(
            chat(1),
            BORIS,
            NOON - hour,
            "Отлично. 日本語のテキスト and 👨‍👩‍👧 keep the columns, e\u{301} too.",
        );
        world.say(
            chat(1),
            ME,
            NOON - hour / 2,
            "A message that is long enough to be wrapped on a narrow screen, with several words in it and a second line:\nhere.",
        );
        world.say(chat(2), CLARA, NOON - 2 * hour, "Who brings the tent?");
        world.say(chat(2), ME, NOON - hour, "I do.");
        for (index, row) in world.people().into_iter().enumerate() {
            world.people.insert(index, row);
        }
        for chat in &mut world.chats {
            chat.read = chat.head;
            chat.unread = 0;
        }
        world.receive(chat(1), BORIS, 5, 5);
        world.receive(chat(2), BORIS, 3, 3);
        world.receive(chat(2), CLARA, 0, 3);
        world
    }

    fn people(&self) -> Vec<User> {
        [ME, BORIS, CLARA]
            .map(|id| User::new(id, name(id)))
            .to_vec()
    }

    pub(crate) fn add_chat(&mut self, id: ChatId, kind: ChatKind, title: &str, members: &[UserId]) {
        self.chats.push(ChatRow {
            peer: (kind == ChatKind::Private).then(|| members[1]),
            last_at: NOON,
            members: members.len() as u32,
            ..ChatRow::new(id, kind, title)
        });
        let rows = members
            .iter()
            .map(|user| MemberRow::new(*user, name(*user)));
        self.members.insert(id, rows.collect());
        let body = Body::Created(Created {
            kind,
            name: (kind == ChatKind::Group).then(|| title.to_owned()),
            members: members.to_vec(),
        });
        self.append(id, ME, NOON - 48 * 3_600_000, kind::CREATED, body, None);
    }

    pub(crate) fn say(&mut self, chat: ChatId, actor: UserId, at: UnixMillis, text: &str) -> Seq {
        let body = Body::Message(Message::new(text));
        self.append(chat, actor, at, kind::MESSAGE, body, None)
    }

    pub(crate) fn append(
        &mut self,
        chat: ChatId,
        actor: UserId,
        at: UnixMillis,
        kind: u16,
        body: Body,
        id: Option<EntryId>,
    ) -> Seq {
        let entries = self.entries.entry(chat).or_default();
        let seq = entries.len() as Seq + 1;
        let made = Uuid::from_u128((chat.0.as_u128() << 64) + u128::from(seq));
        let mention = matches!(&body, Body::Message(message) if message.text.contains("@anna"));
        entries.push(EntryRow {
            id: id.unwrap_or(EntryId(made)),
            actor_name: name(actor).to_owned(),
            at,
            arrival: seq,
            mention,
            ..EntryRow::new(chat, seq, actor, kind, body)
        });
        if let Some(row) = self.chats.iter_mut().find(|row| row.id == chat) {
            row.head = seq;
            row.last_at = at;
            if actor == ME {
                row.read = seq;
            } else {
                row.unread += 1;
                row.mentions += u64::from(mention);
            }
        }
        seq
    }

    /// Moves somebody's cursors.
    pub(crate) fn receive(&mut self, chat: ChatId, user: UserId, read: Seq, delivered: Seq) {
        let members = self.members.get_mut(&chat).unwrap();
        let member = members.iter_mut().find(|row| row.user == user).unwrap();
        member.read = read;
        member.delivered = delivered;
    }

    /// The outbox goes to the server.
    pub(crate) fn deliver(&mut self) -> Vec<Msg> {
        let mut messages = Vec::new();
        for row in std::mem::take(&mut self.outbox) {
            let body = Body::Message(Message::new(row.text));
            let seq = self.append(row.chat, ME, row.at, kind::MESSAGE, body, Some(row.id));
            messages.push(Msg::Client(ClientEvent::Outbox(row.chat)));
            messages.push(entries(row.chat, seq));
        }
        messages
    }

    /// The first message of the outbox is refused.
    pub(crate) fn refuse(&mut self) -> Msg {
        self.outbox[0].state = OutboxState::Failed(WireError::new(ErrorCode::Forbidden));
        Msg::Client(ClientEvent::Outbox(self.outbox[0].chat))
    }

    /// What comes of an effect.
    pub(crate) fn answer(&mut self, effect: Effect) -> Vec<Msg> {
        self.log.push(effect.clone());
        match effect {
            Effect::LoadChats => vec![Msg::Chats(Ok(self.chats.clone()))],
            Effect::Load(load) => vec![Msg::Loaded {
                load,
                result: Ok(self.timeline(load)),
            }],
            Effect::FetchOlder(chat) => {
                let from = self.cached_from.entry(chat).or_insert(1);
                let before = *from;
                *from = from.saturating_sub(100).max(1);
                let (from, more) = (*from, *from > 1);
                vec![
                    Msg::Client(ClientEvent::Entries {
                        chat,
                        from,
                        to: before - 1,
                        live: false,
                    }),
                    Msg::FetchedOlder {
                        chat,
                        result: Ok(more),
                    },
                ]
            }
            Effect::ReadNew { chat, from, to } => {
                let all = self.entries.get(&chat).cloned().unwrap_or_default();
                let new = all.into_iter().filter(|row| (from..=to).contains(&row.seq));
                let result = Ok(new.collect());
                vec![Msg::NewRead { chat, to, result }]
            }
            Effect::LoadDrafts => vec![Msg::Drafts(Ok(self.drafts.clone().into_iter().collect()))],
            Effect::SaveDraft { chat, text } => {
                self.drafts.insert(chat, text);
                Vec::new()
            }
            Effect::Send {
                chat,
                id,
                text,
                reply_to,
            } => {
                if let Some(why) = &self.full {
                    let result = Err(why.clone());
                    return vec![Msg::Queued {
                        chat,
                        id,
                        text,
                        result,
                    }];
                }
                self.outbox.push(OutboxRow {
                    reply_to,
                    ..OutboxRow::message(id, chat, text.clone(), NOON)
                });
                vec![
                    Msg::Queued {
                        chat,
                        id,
                        text,
                        result: Ok(()),
                    },
                    Msg::Client(ClientEvent::Outbox(chat)),
                ]
            }
            Effect::Retry(id) => {
                let row = self.outbox.iter_mut().find(|row| row.id == id).unwrap();
                row.state = OutboxState::Queued;
                vec![Msg::Client(ClientEvent::Outbox(row.chat))]
            }
            Effect::Discard(id) => {
                let at = self.outbox.iter().position(|row| row.id == id).unwrap();
                let row = self.outbox.remove(at);
                vec![Msg::Client(ClientEvent::Outbox(row.chat))]
            }
            Effect::MarkRead { chat, upto } => {
                let row = self.chats.iter_mut().find(|row| row.id == chat).unwrap();
                row.read = upto;
                row.unread = 0;
                row.mentions = 0;
                vec![Msg::Client(ClientEvent::Chats(vec![chat]))]
            }
            Effect::Do(deed) => self.carry_out(deed),
            Effect::Fetch(fetch) => self.find_out(fetch),
            Effect::Enter(_) => vec![Msg::ChatMade(Ok(chat(1)))],
            Effect::Search(query) => {
                let folded = query.to_lowercase();
                let found = self
                    .people
                    .iter()
                    .filter(|user| user.username.to_lowercase().contains(&folded));
                let result = Ok(found.cloned().collect());
                vec![Msg::Found { query, result }]
            }
            Effect::CreateChat { name, members } => {
                let id = chat(9);
                let title = name.clone().unwrap_or_else(|| members[0].username.clone());
                let kind = match name {
                    Some(_) => ChatKind::Group,
                    None => ChatKind::Private,
                };
                let mut all = vec![ME];
                all.extend(members.iter().map(|user| user.id));
                self.add_chat(id, kind, &title, &all);
                vec![Msg::ChatMade(Ok(id))]
            }
            _ => Vec::new(),
        }
    }

    fn timeline(&self, load: Load) -> Timeline {
        let all = self.entries.get(&load.chat).cloned().unwrap_or_default();
        let floor = self.cached_from.get(&load.chat).copied().unwrap_or(1);
        let cached: Vec<EntryRow> = all.into_iter().filter(|row| row.seq >= floor).collect();
        let limit = load.limit as usize;
        let end = cached.len();
        let place = |seq: Seq| cached.iter().position(|row| row.seq >= seq).unwrap_or(end);
        let (from, to) = match load.anchor {
            Anchor::Latest => (end.saturating_sub(limit), end),
            Anchor::Before(seq) => (place(seq).saturating_sub(limit), place(seq)),
            Anchor::After(seq) => (place(seq + 1), end.min(place(seq + 1) + limit)),
            Anchor::Around(seq) => {
                let half = limit / 2;
                (place(seq).saturating_sub(half), end.min(place(seq) + half))
            }
        };
        let row = self.chats.iter().find(|row| row.id == load.chat);
        Timeline {
            entries: cached[from..to].to_vec(),
            older_cached: from > 0,
            older_remote: floor > 1,
            newer_cached: to < end,
            outbox: self
                .outbox
                .iter()
                .filter(|row| row.chat == load.chat)
                .cloned()
                .collect(),
            members: self.members.get(&load.chat).cloned().unwrap_or_default(),
            read: row.map_or(0, |row| row.read),
            head: row.map_or(0, |row| row.head),
            ..Timeline::empty(load.chat, load.anchor)
        }
    }
}

/// An entry has come.
pub(crate) fn entries(chat: ChatId, seq: Seq) -> Msg {
    Msg::Client(ClientEvent::Entries {
        chat,
        from: seq,
        to: seq,
        live: true,
    })
}
