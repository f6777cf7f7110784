//! Chats, their settings and the links to them.

use anyhow::Context;
use proto::UnixMillis;
use proto::id::ChatId;
use proto::limits::RETENTION_DAYS;
use proto::request::{ChatKind, ChatSettings, NewMemberHistory};
use proto::text::Token;
use tokio_postgres::Row;
use uuid::Uuid;

use super::Import;
use super::ids;
use super::people::Person;
use super::report::Reason;
use super::source::{flag, id, number, text, time};
use super::words;
use crate::store::groups::{Act, ChatChange, NewChatInvite};
use crate::store::{Actor, ChatNo, ChatRecord, NewChat, StoreError};

const CHATS: &str = "chats";
const SETTINGS: &str = "chat_settings";
const INVITES: &str = "chat_invites";

/// Rows of a chat that stays behind.
pub(super) const CLOSED: Reason = Reason::known("of a chat that is inactive or was deleted");
/// Rows of a chat that is none.
pub(super) const NO_CHAT: Reason = Reason::fault("its chat is not among the chats");
const INACTIVE: Reason = Reason::known("inactive or deleted");
const GONE: Reason = Reason::known("imported earlier, and deleted here since");
const NO_ID: Reason = Reason::fault("its id is no UUID");
const NO_MEMBER: Reason = Reason::fault("neither its creator nor a member is among the users");
const NO_TOKEN: Reason = Reason::known("without a token that can be used here");
const NO_MAKER: Reason = Reason::fault("who made it is not among the users");
const USED_UP: Reason = Reason::known("used up or expired");
const PRIVATE: Reason = Reason::known("of a private chat, which has none here");
const TOO_MANY: Reason = Reason::fault("more links than a chat may have");

/// A chat here.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    pub(super) no: ChatNo,
    pub(super) id: ChatId,
    pub(super) kind: ChatKind,
    pub(super) creator: Actor,
    /// The revision that nobody but this import changes.
    pub(super) acl_rev: u64,
    /// Messages before this time are gone again at once.
    pub(super) keeps_from: UnixMillis,
    /// Whether this run made it.
    pub(super) fresh: bool,
}

/// What became of a chat of the source.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fate {
    /// It is here, perhaps as part of another one.
    Here(ChatId),
    /// It stayed behind, as is documented.
    Behind(Reason),
}

impl Import {
    /// All chats; messages and members of groups come later, by their times.
    pub(super) async fn chats(&mut self) -> anyhow::Result<()> {
        let s = &self.source;
        let column = |name: &str| s.text(CHATS, "c", name);
        let members = if s.has_table("chat_members") {
            format!(
                "SELECT {chat} AS chat, {user} AS person,
                   bool_or(coalesce({active}, true)) AS active,
                   min(CASE {role} WHEN 'admin' THEN 1 WHEN 'moderator' THEN 2 ELSE 3 END) AS rank,
                   min({joined}) AS joined
                 FROM chat_members m GROUP BY 1, 2",
                chat = s.text("chat_members", "m", "chat_id"),
                user = s.text("chat_members", "m", "user_id"),
                active = s.flag("chat_members", "m", "is_active"),
                role = s.text("chat_members", "m", "role"),
                joined = s.time("chat_members", "m", "joined_at"),
            )
        } else {
            "SELECT NULL::text AS chat, NULL::text AS person, true AS active, 3 AS rank,
               NULL::bigint AS joined WHERE false"
                .to_owned()
        };
        let sql = format!(
            "SELECT {id} AS id, {name} AS name, {about} AS description, {kind} AS kind,
               {avatar} AS avatar, {creator} AS creator, coalesce({active}, true) AS active,
               {deleted} IS NOT NULL AS deleted, coalesce({created}, {updated}, k.joined) AS created,
               k.people AS people
             FROM chats c LEFT JOIN (
               SELECT chat, (array_agg(person ORDER BY active DESC, rank, joined, person))[1:4]
                 AS people, min(joined) AS joined
               FROM ({members}) d WHERE person IS NOT NULL GROUP BY chat) k ON k.chat = {id}
             ORDER BY coalesce({created}, {updated}) NULLS LAST, 1",
            id = column("id"),
            name = column("name"),
            about = column("description"),
            kind = column("type"),
            avatar = column("avatar"),
            creator = column("created_by"),
            active = s.flag(CHATS, "c", "is_active"),
            deleted = s.time(CHATS, "c", "deleted_at"),
            created = s.time(CHATS, "c", "created_at"),
            updated = s.time(CHATS, "c", "updated_at"),
        );
        let source = self.source.clone();
        let mut rows = source.rows(CHATS, &sql).await?;
        while let Some(page) = rows.next().await? {
            self.undisturbed()?;
            for row in &page {
                self.chat(row).await?;
            }
        }
        Ok(())
    }

    async fn chat(&mut self, row: &Row) -> anyhow::Result<()> {
        self.report.table(CHATS).read += 1;
        let Some(chat) = id(row, "id")? else {
            self.report.lose(CHATS, text(row, "id")?, NO_ID);
            return Ok(());
        };
        if flag(row, "active")? == Some(false) || flag(row, "deleted")? == Some(true) {
            self.report.table(CHATS).skip(1, INACTIVE);
            self.fates.insert(chat, Fate::Behind(CLOSED));
            return Ok(());
        }
        if let Some(known) = self.store.chat(ChatId(chat)).await? {
            self.report.table(CHATS).merged += 1;
            self.keep(&known, false)?;
            self.fates.insert(chat, Fate::Here(known.id));
            return self.chat_picture(row, known.id).await;
        }
        let Some((new, adapted)) = self.new_chat(chat, row)? else {
            self.report.lose(CHATS, &chat.to_string(), NO_MEMBER);
            return Ok(());
        };
        let made = match self.store.create_chat(new).await {
            Ok(made) => made,
            Err(StoreError::Conflict) => {
                self.report.table(CHATS).skip(1, GONE);
                self.fates.insert(chat, Fate::Behind(GONE));
                return Ok(());
            }
            Err(error) => return Err(error).context("cannot keep a chat"),
        };
        let own = made.id.0 == chat;
        let table = self.report.table(CHATS);
        if own {
            table.imported += 1;
            for what in adapted {
                table.adapt(what);
            }
        } else {
            table.merged += 1;
            self.report.note(format!(
                "chats {chat}: a private chat of the same two people as {}; they are one here",
                made.id.0
            ));
        }
        self.keep(&made, own)?;
        self.fates.insert(chat, Fate::Here(made.id));
        self.chat_picture(row, made.id).await
    }

    /// A row as a chat; `None` where nobody could be in it.
    fn new_chat(
        &self,
        chat: Uuid,
        row: &Row,
    ) -> anyhow::Result<Option<(NewChat, Vec<&'static str>)>> {
        let mut adapted = Vec::new();
        let made_by = id(row, "creator")?.and_then(|id| self.people.get(&id).copied());
        let written: Option<Vec<Option<String>>> = row.try_get("people")?;
        let written = written.unwrap_or_default();
        let count = written.len();
        let people: Vec<Person> = written
            .into_iter()
            .flatten()
            .filter_map(|id| Uuid::try_parse(id.trim()).ok())
            .filter_map(|id| self.people.get(&id).copied())
            .collect();
        let Some(creator) = made_by.or(people.first().copied()) else {
            return Ok(None);
        };
        if made_by.is_none() {
            adapted.push("a creator who is not among the users: a member in their place");
        }
        let mut kind = match text(row, "kind")?.trim().to_ascii_lowercase().as_str() {
            "private" => ChatKind::Private,
            "group" => ChatKind::Group,
            "public" => ChatKind::Public,
            "channel" => {
                adapted.push("a channel: a public chat");
                ChatKind::Public
            }
            _ => {
                adapted.push("a chat of an unknown type: a group");
                ChatKind::Group
            }
        };
        let mut others = Vec::new();
        let since = creator.since;
        let mut creator = creator.actor;
        if kind == ChatKind::Private {
            match (people.as_slice(), count) {
                (_, 3..) => {
                    adapted.push("a private chat of more than two people: a group");
                    kind = ChatKind::Group;
                }
                // Who made it is the second one, where nobody else is left.
                ([one, other], _) if one.actor == creator || other.actor == creator => {
                    let second = if one.actor == creator { other } else { one };
                    others.push(second.actor);
                }
                ([one, other], _) => {
                    creator = one.actor;
                    others.push(other.actor);
                }
                ([one], _) if one.actor != creator => others.push(one.actor),
                _ => adapted.push("a private chat of one person: notes to oneself"),
            }
        }
        let name = words::chat_name(text(row, "name")?);
        if kind != ChatKind::Private && name.changed {
            adapted.push("a chat's name that is empty or not allowed here");
        }
        let about = words::description(text(row, "description")?);
        if about.changed {
            adapted.push("a chat's description that is not allowed here");
        }
        let new = NewChat {
            id: ChatId(chat),
            kind,
            name: name.text.filter(|_| kind != ChatKind::Private),
            description: about.text,
            creator,
            others,
            entry: ids::created(chat),
            at: time(row, "created")?.unwrap_or(since),
        };
        Ok(Some((new, adapted)))
    }

    /// Remembers a chat that is here.
    pub(super) fn keep(&mut self, record: &ChatRecord, fresh: bool) -> anyhow::Result<()> {
        let days = i64::from(record.settings.message_retention);
        let creator = self.people.get(&record.created_by.0).map(|it| it.actor);
        let creator = creator.or_else(|| {
            let first = record.members.first()?;
            Some(Actor {
                no: first.no,
                id: first.user.id,
            })
        });
        let creator = match creator.or_else(|| self.people.values().next().map(|it| it.actor)) {
            Some(creator) => creator,
            None => anyhow::bail!("there are no users, but chats"),
        };
        let fresh = fresh || self.rooms.get(&record.id).is_some_and(|room| room.fresh);
        let room = Room {
            no: record.no,
            id: record.id,
            kind: record.kind,
            creator,
            acl_rev: record.acl_rev,
            keeps_from: match days {
                0 => i64::MIN,
                days => self.now - days * 24 * 60 * 60 * 1000,
            },
            fresh,
        };
        self.numbers.insert(record.no, record.id);
        self.rooms.insert(record.id, room);
        Ok(())
    }

    /// Looks a chat up again after its members or properties changed.
    pub(super) async fn refresh(&mut self, chat: ChatId) -> anyhow::Result<()> {
        let record = self.store.chat(chat).await?;
        let record = record.context("a chat vanished while it was imported")?;
        self.keep(&record, false)
    }

    async fn chat_picture(&mut self, row: &Row, chat: ChatId) -> anyhow::Result<()> {
        let room = self.rooms.get(&chat);
        if room.is_none_or(|room| room.kind == ChatKind::Private) {
            return Ok(());
        }
        let Some(hash) = self.picture(text(row, "avatar")?).await? else {
            return Ok(());
        };
        let change = ChatChange {
            avatar: Some(Some(hash)),
            ..ChatChange::default()
        };
        let entry = ids::property(chat.0, "avatar", &hash.0);
        let at = match time(row, "created")? {
            Some(at) => at,
            None => self.made_at(chat).await?,
        };
        self.change(chat, change, entry, at).await.map(|_| ())
    }

    /// When a chat was made: for what is undated.
    async fn made_at(&self, chat: ChatId) -> anyhow::Result<UnixMillis> {
        let record = self.store.chat(chat).await?;
        Ok(record.map_or(self.now, |record| record.created_at))
    }

    /// Changes properties of a chat, unless that was done in an earlier run.
    async fn change(
        &mut self,
        chat: ChatId,
        change: ChatChange,
        entry: proto::id::EntryId,
        at: UnixMillis,
    ) -> anyhow::Result<bool> {
        let Some(room) = self.rooms.get(&chat).copied() else {
            return Ok(false);
        };
        if !self.store.places(vec![entry]).await?.is_empty() {
            return Ok(false);
        }
        let act = Act {
            chat: room.no,
            chat_id: room.id,
            acl_rev: room.acl_rev,
            actor: room.creator,
            entry,
            at,
        };
        self.store
            .change_chat(act, change)
            .await
            .context("cannot keep the properties of a chat")?;
        self.refresh(chat).await?;
        Ok(true)
    }

    /// What members may do, and how long messages are kept.
    pub(super) async fn chat_settings(&mut self) -> anyhow::Result<()> {
        let s = &self.source;
        if !s.has_table(SETTINGS) {
            return Ok(());
        }
        let flag = |name: &str| s.flag(SETTINGS, "s", name);
        let updated = s.time(SETTINGS, "s", "updated_at");
        let sql = format!(
            "SELECT DISTINCT ON (1) {chat} AS chat, {invites} AS allow_invites,
               {add} AS allow_members_add, {files} AS allow_file_sharing,
               {voice} AS allow_voice_calls, {video} AS allow_video_calls,
               {retention} AS message_retention, {history} AS history,
               coalesce({updated}, {created}) AS at,
               count(*) OVER (PARTITION BY {chat}) AS rows
             FROM chat_settings s ORDER BY 1, {updated} DESC NULLS LAST, {id}",
            chat = s.text(SETTINGS, "s", "chat_id"),
            invites = flag("allow_invites"),
            add = flag("allow_members_add"),
            files = flag("allow_file_sharing"),
            voice = flag("allow_voice_calls"),
            video = flag("allow_video_calls"),
            retention = s.number(SETTINGS, "s", "message_retention"),
            history = s.text(SETTINGS, "s", "history_for_new_members"),
            created = s.time(SETTINGS, "s", "created_at"),
            id = s.text(SETTINGS, "s", "id"),
        );
        let source = self.source.clone();
        let mut rows = source.rows(SETTINGS, &sql).await?;
        while let Some(page) = rows.next().await? {
            self.undisturbed()?;
            for row in &page {
                self.setting(row).await?;
            }
        }
        Ok(())
    }

    async fn setting(&mut self, row: &Row) -> anyhow::Result<()> {
        let count = number(row, "rows")?.unwrap_or(1) as u64;
        self.report.table(SETTINGS).read += count;
        let Some(room) = self.room_of(row, "chat", SETTINGS, count)? else {
            return Ok(());
        };
        if room.kind == ChatKind::Private {
            self.report.table(SETTINGS).skip(count, PRIVATE);
            return Ok(());
        }
        let allowed = |name: &str| flag(row, name).map(|set| set.unwrap_or(true));
        let written = number(row, "message_retention")?.unwrap_or(0);
        let days = u32::try_from(written.max(0)).unwrap_or(u32::MAX);
        let days = days.min(RETENTION_DAYS);
        if i64::from(days) != written {
            self.report
                .table(SETTINGS)
                .adapt("a retention that is none");
        }
        let settings = ChatSettings {
            allow_invites: allowed("allow_invites")?,
            allow_members_add: allowed("allow_members_add")?,
            allow_file_sharing: allowed("allow_file_sharing")?,
            allow_voice_calls: allowed("allow_voice_calls")?,
            allow_video_calls: allowed("allow_video_calls")?,
            message_retention: days,
            history_for_new_members: match text(row, "history")? {
                "since_join" => NewMemberHistory::SinceJoin,
                _ => NewMemberHistory::All,
            },
        };
        let value = format!("{settings:?}");
        let entry = ids::property(room.id.0, "settings", value.as_bytes());
        let plain = settings == ChatSettings::default();
        // What nobody changed there says nothing, and changes nothing here.
        let changed = if plain {
            false
        } else {
            let change = ChatChange {
                settings: Some(settings),
                ..ChatChange::default()
            };
            let at = match time(row, "at")? {
                Some(at) => at,
                None => self.made_at(room.id).await?,
            };
            self.change(room.id, change, entry, at).await?
        };
        let done = changed || (plain && room.fresh);
        let table = self.report.table(SETTINGS);
        table.imported += u64::from(done);
        table.merged += count - u64::from(done);
        Ok(())
    }

    /// The chat that a row belongs to; where it is not here its rows are
    /// skipped.
    pub(super) fn room_of(
        &mut self,
        row: &Row,
        column: &str,
        table: &'static str,
        count: u64,
    ) -> anyhow::Result<Option<Room>> {
        let fate = id(row, column)?.and_then(|id| self.fates.get(&id).copied());
        match fate {
            Some(Fate::Here(chat)) => Ok(self.rooms.get(&chat).copied()),
            Some(Fate::Behind(reason)) => {
                self.report.table(table).skip(count, reason);
                Ok(None)
            }
            None => {
                self.report.table(table).skip(count - 1, NO_CHAT);
                let which = format!("of the chat {}", text(row, column)?);
                self.report.lose(table, &which, NO_CHAT);
                Ok(None)
            }
        }
    }

    /// Links into chats that still hold.
    pub(super) async fn chat_invites(&mut self) -> anyhow::Result<()> {
        let s = &self.source;
        if !s.has_table(INVITES) {
            return Ok(());
        }
        let sql = format!(
            "SELECT {id} AS id, {chat} AS chat, {by} AS maker, {token} AS token,
               {expires} AS expires, {expires_given} IS NOT NULL AS limited, {max} AS max_uses,
               {uses} AS uses, {created} AS created
             FROM chat_invites i ORDER BY {created} NULLS LAST, 1",
            id = s.text(INVITES, "i", "id"),
            chat = s.text(INVITES, "i", "chat_id"),
            by = s.text(INVITES, "i", "invited_by"),
            token = s.text(INVITES, "i", "token"),
            expires = s.time(INVITES, "i", "expires_at"),
            expires_given = s.text(INVITES, "i", "expires_at"),
            max = s.number(INVITES, "i", "max_uses"),
            uses = s.number(INVITES, "i", "uses"),
            created = s.time(INVITES, "i", "created_at"),
        );
        let source = self.source.clone();
        let mut rows = source.rows(INVITES, &sql).await?;
        while let Some(page) = rows.next().await? {
            self.undisturbed()?;
            for row in &page {
                self.invite(row).await?;
            }
        }
        Ok(())
    }

    async fn invite(&mut self, row: &Row) -> anyhow::Result<()> {
        self.report.table(INVITES).read += 1;
        let Some(room) = self.room_of(row, "chat", INVITES, 1)? else {
            return Ok(());
        };
        let maker = id(row, "maker")?.and_then(|id| self.people.get(&id).copied());
        let (Some(invite), Some(maker)) = (id(row, "id")?, maker) else {
            self.report.lose(INVITES, text(row, "id")?, NO_MAKER);
            return Ok(());
        };
        let token = text(row, "token")?;
        if Token::try_from(token).is_err() || room.kind == ChatKind::Private {
            self.report.table(INVITES).skip(1, NO_TOKEN);
            return Ok(());
        }
        let expires_at = time(row, "expires")?;
        let left = match number(row, "max_uses")?.filter(|most| *most > 0) {
            None => None,
            Some(most) => Some(most - number(row, "uses")?.unwrap_or(0)),
        };
        let lapsed = expires_at.is_some_and(|at| at <= self.now);
        if lapsed || left.is_some_and(|left| left <= 0) {
            self.report.table(INVITES).skip(1, USED_UP);
            return Ok(());
        }
        if let Some(known) = self.store.chat_invite(token.to_owned(), self.now).await? {
            let table = self.report.table(INVITES);
            if known.id == invite {
                table.merged += 1;
            } else {
                table.skip(1, NO_TOKEN);
            }
            return Ok(());
        }
        let new = NewChatInvite {
            id: invite,
            chat: room.no,
            by: maker.actor,
            token: token.to_owned(),
            expires_at,
            max_uses: left.map(|left| u32::try_from(left).unwrap_or(u32::MAX)),
            at: time(row, "created")?.unwrap_or(maker.since),
        };
        match self.store.create_chat_invite(new).await {
            // It was here before and does not hold any more, or it holds now.
            Ok(_) => {
                let holds = self.store.chat_invite(token.to_owned(), self.now).await?;
                let table = self.report.table(INVITES);
                match holds {
                    Some(_) => table.imported += 1,
                    None => table.merged += 1,
                }
            }
            Err(StoreError::TooMany(_)) => {
                self.report.lose(INVITES, &invite.to_string(), TOO_MANY);
            }
            Err(StoreError::Conflict) => self.report.table(INVITES).skip(1, NO_TOKEN),
            Err(error) => return Err(error).context("cannot keep an invite link"),
        }
        Ok(())
    }
}
