//! Brings what happened into the logs of chats. Messages of one page are on
//! their way together; whatever is about one of them waits for it.

use std::collections::HashMap;

use anyhow::Context;
use proto::entry::{self, Body, kind};
use proto::id::{ChatId, EntryId};
use proto::request::{ChatKind, Media, Role};
use proto::{Seq, UnixMillis};
use uuid::Uuid;

use super::events::{Event, What};
use super::people::Person;
use super::report::Reason;
use super::rooms::{Fate, NO_CHAT, Room};
use super::{Import, ids, words};
use crate::store::changes::{Change, MessageChange};
use crate::store::groups::Act;
use crate::store::imports::EntryPlace;
use crate::store::{Actor, Append, Appended, ChatNo, NewChat, Pending, StoreError};

const MESSAGES: &str = "messages";
const MEMBERS: &str = "chat_members";
const REACTIONS: &str = "reactions";
/// Messages on their way at most.
const AT_ONCE: usize = 256;

const NO_ID: Reason = Reason::fault("its id is no UUID");
const NO_SENDER: Reason = Reason::fault("its sender is not among the users");
const NO_RECEIVER: Reason = Reason::fault("its receiver is not among the users");
const NOWHERE: Reason = Reason::known("it has neither a chat nor a receiver");
const ELSEWHERE: Reason = Reason::fault("its id belongs to something else here");
const PAST: Reason = Reason::known("older than its chat keeps messages here");
const GONE: Reason = Reason::known("its private chat was deleted here");
const NO_PERSON: Reason = Reason::fault("the user is not among the users");
const NO_MESSAGE: Reason = Reason::fault("its message is not here");
const NO_EMOJI: Reason = Reason::fault("it is none that is allowed here");
const OF_DELETED: Reason = Reason::known("to a message that was deleted");
const TOO_MANY: Reason = Reason::fault("one more than may be");
const BANNED: Reason = Reason::known("banned here since");

/// Entries that are on their way, and those that have arrived.
#[derive(Default)]
struct Page {
    places: HashMap<EntryId, (ChatNo, Seq)>,
    waiting: Vec<Waiting>,
}

/// A message on its way.
struct Waiting {
    id: EntryId,
    chat: ChatNo,
    /// Whether it is the part of a message that bears its id.
    first: bool,
    answer: Pending<Appended>,
}

impl Page {
    fn is_waiting_for(&self, id: EntryId) -> bool {
        self.waiting.iter().any(|waiting| waiting.id == id)
    }
}

impl Import {
    /// A page of events.
    pub(super) async fn happened(&mut self, events: Vec<Event>) -> anyhow::Result<()> {
        let mut asked: Vec<EntryId> = Vec::with_capacity(events.len() * 2);
        for event in &events {
            asked.extend(own_id(event).map(EntryId));
            asked.extend(event.about.map(EntryId));
            asked.extend(change_id(event));
            if let (What::Joined, Some(chat), Some(user)) = (event.what, event.chat, event.actor) {
                asked.push(ids::role(chat, user, &event.body));
            }
        }
        let mut page = Page::default();
        for EntryPlace { id, chat, seq } in self.store.places(asked).await? {
            page.places.insert(id, (chat, seq));
        }
        for event in events {
            match event.what {
                What::Wrote => self.wrote(event, &mut page).await?,
                What::Edited => self.edited(&event, &mut page).await?,
                What::Deleted => self.deleted(&event, &mut page).await?,
                What::Reacted => self.reacted(event, &mut page).await?,
                What::Joined => {
                    self.arrive(&mut page).await?;
                    self.joined(event, &page).await?;
                }
                What::Left => {
                    self.arrive(&mut page).await?;
                    self.left(event, &page).await?;
                }
            }
        }
        self.arrive(&mut page).await
    }

    /// Waits for what is on its way.
    async fn arrive(&mut self, page: &mut Page) -> anyhow::Result<()> {
        for waiting in std::mem::take(&mut page.waiting) {
            match waiting.answer.await {
                Ok(landed) => {
                    page.places.insert(waiting.id, (waiting.chat, landed.seq));
                    if waiting.first {
                        let table = self.report.table(MESSAGES);
                        match landed.dup {
                            true => table.merged += 1,
                            false => table.imported += 1,
                        }
                    }
                }
                Err(StoreError::Conflict) => {
                    self.report
                        .lose(MESSAGES, &waiting.id.0.to_string(), ELSEWHERE);
                }
                Err(error) => return Err(error).context("cannot keep a message"),
            }
        }
        Ok(())
    }

    async fn wrote(&mut self, event: Event, page: &mut Page) -> anyhow::Result<()> {
        self.report.table(MESSAGES).read += 1;
        let Some(message) = own_id(&event) else {
            self.report.lose(MESSAGES, &event.id, NO_ID);
            return Ok(());
        };
        let Some(sender) = self.person(event.actor) else {
            // Where it would have gone matters more than who wrote it.
            let reason = self.closed(&event).unwrap_or(NO_SENDER);
            self.report.lose(MESSAGES, &event.id, reason);
            return Ok(());
        };
        let room = match self.room(&event, sender, page).await? {
            Ok(room) => room,
            Err(reason) => {
                self.report.lose(MESSAGES, &event.id, reason);
                return Ok(());
            }
        };
        let id = EntryId(message);
        match page.places.get(&id) {
            Some((chat, _)) if *chat == room.no => {
                self.report.table(MESSAGES).merged += 1;
                return Ok(());
            }
            Some(_) => {
                self.report.lose(MESSAGES, &event.id, ELSEWHERE);
                return Ok(());
            }
            None if event.at < room.keeps_from => {
                self.report.table(MESSAGES).skip(1, PAST);
                return Ok(());
            }
            None => {}
        }
        let ref_seq = self.reply(&event, room, page).await?;
        let kind = words::kind(&event.word);
        let table = self.report.table(MESSAGES);
        if kind.changed {
            table.adapt("a message of an unknown type: text");
        }
        if event.undated {
            table.adapt("no time of creation");
        }
        let parts = words::parts(&event.body);
        if parts.len() > 1 {
            table.adapt("a message that is too long: several");
        }
        for (number, part) in parts.into_iter().enumerate() {
            let id = if number == 0 {
                id
            } else {
                ids::part(message, number)
            };
            let append = Append {
                chat: room.no,
                chat_id: room.id,
                acl_rev: room.acl_rev,
                actor: sender.actor,
                kind: kind::MESSAGE,
                id,
                ref_seq: ref_seq.filter(|_| number == 0),
                at: event.at,
                body: message_body(part, kind.text)?,
            };
            if page.waiting.len() >= AT_ONCE {
                self.arrive(page).await?;
            }
            let answer = self.store.append(append).context("cannot keep a message")?;
            page.waiting.push(Waiting {
                id,
                chat: room.no,
                first: number == 0,
                answer,
            });
        }
        Ok(())
    }

    /// The entry that a message replies to; one that is not there is no more
    /// than missing.
    async fn reply(
        &mut self,
        event: &Event,
        room: Room,
        page: &mut Page,
    ) -> anyhow::Result<Option<Seq>> {
        let Some(about) = event.about.map(EntryId) else {
            return Ok(None);
        };
        let found = self.place(about, page).await?;
        match found {
            Some((chat, seq)) if chat == room.no => Ok(Some(seq)),
            _ => {
                self.report
                    .table(MESSAGES)
                    .adapt("a reply to something that is not in its chat: a message");
                self.report.note(format!(
                    "messages {}: what it replies to is not in its chat",
                    event.id
                ));
                Ok(None)
            }
        }
    }

    /// Where an entry is, once it has arrived.
    async fn place(
        &mut self,
        id: EntryId,
        page: &mut Page,
    ) -> anyhow::Result<Option<(ChatNo, Seq)>> {
        if page.is_waiting_for(id) {
            self.arrive(page).await?;
        }
        Ok(page.places.get(&id).copied())
    }

    async fn edited(&mut self, event: &Event, page: &mut Page) -> anyhow::Result<()> {
        let first = words::parts(&event.body).first().map(|it| (*it).to_owned());
        let text = first.unwrap_or_default();
        let body = Body::Edited(entry::Edited { text }).encode()?.1;
        self.alter(event, Change::Edit(body), page).await
    }

    async fn deleted(&mut self, event: &Event, page: &mut Page) -> anyhow::Result<()> {
        self.alter(event, Change::Delete, page).await
    }

    /// A change that a message's own sender made.
    async fn alter(&mut self, event: &Event, what: Change, page: &mut Page) -> anyhow::Result<()> {
        let (Some(message), Some(id)) = (event.about.map(EntryId), change_id(event)) else {
            return Ok(());
        };
        let Some(sender) = self.person(event.actor) else {
            return Ok(());
        };
        if page.places.contains_key(&id) {
            return Ok(());
        }
        // One that stayed behind was counted where it did.
        let Some((chat, seq)) = self.place(message, page).await? else {
            return Ok(());
        };
        let Some(room) = self.numbered(chat) else {
            return Ok(());
        };
        let change = MessageChange {
            chat: room.no,
            chat_id: room.id,
            acl_rev: room.acl_rev,
            actor: sender.actor,
            id,
            seq,
            at: event.at,
            what,
        };
        match self.store.change_message(change).await {
            Ok(_) => {
                let table = self.report.table(MESSAGES);
                if event.flag {
                    table.adapt("deleted: what is left of it");
                } else {
                    table.adapt("edited: once more as an edit");
                }
                Ok(())
            }
            // Deleted here since, or its id is taken by what is not a message.
            Err(StoreError::NoEntry | StoreError::NoAccess) => Ok(()),
            Err(error) => Err(error).context("cannot change a message"),
        }
    }

    async fn reacted(&mut self, event: Event, page: &mut Page) -> anyhow::Result<()> {
        self.report.table(REACTIONS).read += 1;
        let lose = |import: &mut Self, reason| {
            import.report.lose(REACTIONS, &event.id, reason);
            Ok(())
        };
        let Some(id) = own_id(&event).map(EntryId) else {
            return lose(self, NO_ID);
        };
        if page.places.contains_key(&id) {
            self.report.table(REACTIONS).merged += 1;
            return Ok(());
        }
        let place = match event.about {
            Some(message) => self.place(EntryId(message), page).await?,
            None => None,
        };
        let room = place.and_then(|(chat, seq)| Some((self.numbered(chat)?, seq)));
        let Some((room, seq)) = room else {
            let reason = self.closed(&event).unwrap_or(NO_MESSAGE);
            return lose(self, reason);
        };
        if event.flag {
            return lose(self, OF_DELETED);
        }
        let Some(person) = self.person(event.actor) else {
            return lose(self, NO_PERSON);
        };
        let Some(emoji) = words::emoji(&event.body) else {
            return lose(self, NO_EMOJI);
        };
        let change = MessageChange {
            chat: room.no,
            chat_id: room.id,
            acl_rev: room.acl_rev,
            actor: person.actor,
            id,
            seq,
            at: event.at,
            what: Change::React {
                emoji: emoji.as_str().to_owned(),
                on: true,
            },
        };
        let table = self.report.table(REACTIONS);
        match self.store.change_message(change).await {
            Ok(landed) if landed.dup => table.merged += 1,
            Ok(_) => table.imported += 1,
            Err(StoreError::NoEntry) => table.skip(1, OF_DELETED),
            Err(StoreError::TooMany(_)) => return lose(self, TOO_MANY),
            Err(StoreError::Conflict) => return lose(self, ELSEWHERE),
            Err(error) => return Err(error).context("cannot keep a reaction"),
        }
        Ok(())
    }

    async fn joined(&mut self, event: Event, page: &Page) -> anyhow::Result<()> {
        self.report.table(MEMBERS).read += event.rows;
        let Some((room, person)) = self.member(&event) else {
            return Ok(());
        };
        let (id, entry) = (person.id(), joined_id(&event));
        let Some(entry) = entry else { return Ok(()) };
        let before = self.store.head(room.no, person.actor.no).await?;
        // Who made a chat was in it from the first, without an entry of their own.
        let made_it = room.creator == person.actor && !room.fresh;
        let known = made_it || page.places.contains_key(&entry);
        if known || before.is_some() || room.kind == ChatKind::Private {
            let fresh = u64::from(room.fresh && !known && before.is_some());
            let table = self.report.table(MEMBERS);
            table.imported += fresh;
            table.merged += event.rows - fresh;
        } else {
            let act = self.act(room, person.actor, entry, event.at);
            match self.store.add_members(act, vec![person.actor]).await {
                Ok(()) => {}
                Err(StoreError::NoAccess) => {
                    self.report.table(MEMBERS).skip(event.rows, BANNED);
                    return Ok(());
                }
                Err(StoreError::TooMany(_)) => {
                    self.report.table(MEMBERS).skip(event.rows - 1, TOO_MANY);
                    self.report.lose(MEMBERS, &id.to_string(), TOO_MANY);
                    return Ok(());
                }
                Err(error) => return Err(error).context("cannot add a member"),
            }
            let table = self.report.table(MEMBERS);
            table.imported += 1;
            table.merged += event.rows - 1;
            self.revised(room.id, person).await?;
        }
        if !event.flag {
            self.role(&event, room.id, person, page).await?;
        }
        Ok(())
    }

    /// Gives a member the role that they have, unless an earlier run did.
    async fn role(
        &mut self,
        event: &Event,
        chat: ChatId,
        person: Person,
        page: &Page,
    ) -> anyhow::Result<()> {
        let Some(room) = self.rooms.get(&chat).copied() else {
            return Ok(());
        };
        let (role, given) = match event.body.as_str() {
            "admin" => (Role::Admin, true),
            "moderator" => (Role::Moderator, true),
            _ => (Role::Member, false),
        };
        // Whoever makes a chat is its admin, others are members at first.
        let needed = match room.creator == person.actor {
            true => role != Role::Admin,
            false => given,
        };
        let entry = ids::role(chat.0, person.id(), &event.body);
        if room.kind == ChatKind::Private || page.places.contains_key(&entry) || !needed {
            return Ok(());
        }
        if room.creator == person.actor && role != Role::Admin {
            let later = (chat, person, entry, role, event.at);
            self.demotions.push(later);
            return Ok(());
        }
        self.give(room, person, entry, role, event.at).await
    }

    async fn give(
        &mut self,
        room: Room,
        person: Person,
        entry: EntryId,
        role: Role,
        at: UnixMillis,
    ) -> anyhow::Result<()> {
        let act = self.act(room, room.creator, entry, at);
        match self.store.set_role(act, person.actor, role).await {
            Ok(()) => self.revised(room.id, person).await,
            Err(StoreError::NoEntry) => Ok(()),
            Err(error) => Err(error).context("cannot give a role"),
        }
    }

    /// Takes their role from those who made chats and are no admins any more,
    /// where somebody else is one by now.
    async fn demotions(&mut self) -> anyhow::Result<()> {
        for (chat, person, entry, role, at) in std::mem::take(&mut self.demotions) {
            let record = self.store.chat(chat).await?.context("a chat vanished")?;
            let others = record
                .members
                .iter()
                .any(|it| it.no != person.actor.no && it.role == Role::Admin);
            self.keep(&record, false)?;
            match self.rooms.get(&chat).copied() {
                Some(room) if others => self.give(room, person, entry, role, at).await?,
                _ => self
                    .report
                    .table(MEMBERS)
                    .adapt("a chat without an admin: whoever made it"),
            }
        }
        Ok(())
    }

    async fn left(&mut self, event: Event, page: &Page) -> anyhow::Result<()> {
        let Some((room, person)) = self.member(&event) else {
            return Ok(());
        };
        let (Some(chat), Some(entry)) = (event.chat, left_id(&event)) else {
            return Ok(());
        };
        let present = self.store.head(room.no, person.actor.no).await?.is_some();
        if room.kind == ChatKind::Private || page.places.contains_key(&entry) || !present {
            return Ok(());
        }
        self.leave(room, person, entry, event.at, chat).await
    }

    /// Takes a member out; the last admin only at the very end, so that nobody
    /// inherits what somebody gets later.
    async fn leave(
        &mut self,
        room: Room,
        person: Person,
        entry: EntryId,
        at: UnixMillis,
        chat: Uuid,
    ) -> anyhow::Result<()> {
        let record = self.store.chat(room.id).await?.context("a chat vanished")?;
        let admin = |no| {
            let member = record.members.iter().find(|member| member.no == no);
            member.is_some_and(|member| member.role == Role::Admin)
        };
        let others = record
            .members
            .iter()
            .any(|member| member.no != person.actor.no && member.role == Role::Admin);
        if admin(person.actor.no) && !others && !self.ending {
            self.farewells.push((chat, person, entry, at));
            return Ok(());
        }
        self.keep(&record, false)?;
        let Some(room) = self.rooms.get(&room.id).copied() else {
            return Ok(());
        };
        let act = self.act(room, person.actor, entry, at);
        self.store
            .remove_member(act, person.actor)
            .await
            .context("cannot take out a member")?;
        self.refresh(room.id).await
    }

    /// Lets those go who had to wait.
    pub(super) async fn farewells(&mut self) -> anyhow::Result<()> {
        self.ending = true;
        self.demotions().await?;
        for (chat, person, entry, at) in std::mem::take(&mut self.farewells) {
            if let Some(Fate::Here(id)) = self.fates.get(&chat).copied()
                && let Some(room) = self.rooms.get(&id).copied()
            {
                self.leave(room, person, entry, at, chat).await?;
            }
        }
        Ok(())
    }

    /// Where a membership belongs; `None` where it was skipped.
    fn member(&mut self, event: &Event) -> Option<(Room, Person)> {
        let fate = event.chat.and_then(|chat| self.fates.get(&chat).copied());
        let room = match fate {
            Some(Fate::Here(chat)) => self.rooms.get(&chat).copied(),
            Some(Fate::Behind(reason)) => {
                self.report.table(MEMBERS).skip(event.rows, reason);
                return None;
            }
            None => None,
        };
        let person = self.person(event.actor);
        if let (Some(room), Some(person)) = (room, person) {
            return Some((room, person));
        }
        let reason = if room.is_none() { NO_CHAT } else { NO_PERSON };
        if event.rows > 0 {
            self.report.table(MEMBERS).skip(event.rows - 1, reason);
            self.report.lose(MEMBERS, &event.id, reason);
        }
        None
    }

    /// The chat that a message is in, or why there is none.
    async fn room(
        &mut self,
        event: &Event,
        sender: Person,
        page: &mut Page,
    ) -> anyhow::Result<Result<Room, Reason>> {
        if event.in_chat {
            let fate = event.chat.and_then(|chat| self.fates.get(&chat).copied());
            return Ok(match fate {
                Some(Fate::Here(chat)) => self.rooms.get(&chat).copied().ok_or(NO_CHAT),
                Some(Fate::Behind(reason)) => Err(reason),
                None => Err(NO_CHAT),
            });
        }
        if !event.to_somebody {
            return Ok(Err(NOWHERE));
        }
        let Some(receiver) = self.person(event.receiver) else {
            return Ok(Err(NO_RECEIVER));
        };
        let pair = (
            sender.id().min(receiver.id()),
            sender.id().max(receiver.id()),
        );
        if let Some(fate) = self.pairs.get(&pair) {
            return Ok(match fate {
                Fate::Here(chat) => self.rooms.get(chat).copied().ok_or(NO_CHAT),
                Fate::Behind(reason) => Err(*reason),
            });
        }
        self.arrive(page).await?;
        let id = ids::pair(pair.0, pair.1);
        let new = NewChat {
            id,
            kind: ChatKind::Private,
            name: None,
            description: None,
            creator: sender.actor,
            others: Some(receiver.actor)
                .filter(|other| *other != sender.actor)
                .into_iter()
                .collect(),
            entry: ids::created(id.0),
            at: event.at,
        };
        // Made by the other one in an earlier run it is there all the same.
        let known = self.store.chat(id).await?;
        let made = match known {
            Some(known) => Ok(known),
            None => self.store.create_chat(new).await,
        };
        let fate = match made {
            Ok(record) => {
                self.keep(&record, false)?;
                Fate::Here(record.id)
            }
            Err(StoreError::Conflict) => Fate::Behind(GONE),
            Err(error) => return Err(error).context("cannot make a private chat"),
        };
        self.pairs.insert(pair, fate);
        Ok(match fate {
            Fate::Here(chat) => self.rooms.get(&chat).copied().ok_or(NO_CHAT),
            Fate::Behind(reason) => Err(reason),
        })
    }

    fn numbered(&self, chat: ChatNo) -> Option<Room> {
        self.rooms.get(self.numbers.get(&chat)?).copied()
    }

    fn person(&self, id: Option<Uuid>) -> Option<Person> {
        self.people.get(&id?).copied()
    }

    /// Why nothing of a chat is here, where that is as it should be.
    fn closed(&self, event: &Event) -> Option<Reason> {
        match event.chat.and_then(|chat| self.fates.get(&chat)) {
            Some(Fate::Behind(reason)) => Some(*reason),
            _ if !event.in_chat && !event.to_somebody && event.what == What::Wrote => Some(NOWHERE),
            _ => None,
        }
    }

    fn act(&self, room: Room, by: Actor, entry: EntryId, at: UnixMillis) -> Act {
        Act {
            chat: room.no,
            chat_id: room.id,
            acl_rev: room.acl_rev,
            actor: by,
            entry,
            at,
        }
    }

    /// Takes over the revision of a chat after an act about a present member.
    async fn revised(&mut self, chat: ChatId, person: Person) -> anyhow::Result<()> {
        let Some(room) = self.rooms.get(&chat).copied() else {
            return Ok(());
        };
        match self.store.head(room.no, person.actor.no).await? {
            Some(head) if room.kind != ChatKind::Private => {
                self.rooms
                    .entry(chat)
                    .and_modify(|room| room.acl_rev = head.acl_rev);
                Ok(())
            }
            _ => self.refresh(chat).await,
        }
    }
}

/// The id of an event's row where that becomes an entry's.
fn own_id(event: &Event) -> Option<Uuid> {
    matches!(event.what, What::Wrote | What::Reacted)
        .then(|| Uuid::try_parse(event.id.trim()).ok())
        .flatten()
}

/// The id of the entry that an event without one becomes.
fn change_id(event: &Event) -> Option<EntryId> {
    match event.what {
        What::Edited => Some(ids::edited(event.about?, &event.body)),
        What::Deleted => Some(ids::deleted(event.about?)),
        What::Joined => joined_id(event),
        What::Left => left_id(event),
        What::Wrote | What::Reacted => None,
    }
}

fn joined_id(event: &Event) -> Option<EntryId> {
    Some(ids::joined(event.chat?, event.actor?, event.at))
}

fn left_id(event: &Event) -> Option<EntryId> {
    Some(ids::left(event.chat?, event.actor?, event.at))
}

/// The body of a message: the place where its kind becomes what clients show.
fn message_body(text: &str, kind: words::Kind) -> anyhow::Result<bytes::Bytes> {
    let media = match kind {
        words::Kind::Text => None,
        words::Kind::File => Some(Media::File),
        words::Kind::Image => Some(Media::Image),
        words::Kind::Video => Some(Media::Video),
        words::Kind::Audio => Some(Media::Audio),
        words::Kind::System => Some(Media::System),
    };
    let message = entry::Message {
        media,
        ..entry::Message::new(text)
    };
    Ok(Body::Message(message).encode()?.1)
}
