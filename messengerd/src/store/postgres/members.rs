//! Who is in a chat.

use std::collections::{HashMap, HashSet};

use deadpool_postgres::ClientWrapper;
use futures_util::future::{try_join, try_join3, try_join4, try_join5};
use proto::UnixMillis;
use proto::entry::{self, Body, account_kind};
use proto::id::{ChatId, EntryId, UserId};
use proto::request::{Role, User};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::account::{self, About, Note};
use super::entry_row::EntryRow;
use super::error::Fault;
use super::pool::Done;
use super::statements::{Params, begin, commit, prepare};
use super::timestamp::At;
use crate::store::{Actor, ChatNo, MemberRecord, StoreError, UserNo};

fn role_number(role: Role) -> i16 {
    match role {
        Role::Admin => 1,
        Role::Member | Role::Unknown => 2,
        Role::Moderator => 3,
    }
}

fn role_of(number: i16) -> Role {
    // Only these give rights.
    match number {
        1 => Role::Admin,
        3 => Role::Moderator,
        _ => Role::Member,
    }
}

/// Reads a member whose first column is `at`; none where that is null.
pub(super) fn record(row: &Row, at: usize) -> Result<Option<MemberRecord>, Fault> {
    let Some(no) = row.try_get::<_, Option<i64>>(at)? else {
        return Ok(None);
    };
    Ok(Some(MemberRecord {
        no: UserNo(no),
        user: User::new(
            UserId(row.try_get(at + 1)?),
            row.try_get::<_, String>(at + 2)?,
        ),
        role: role_of(row.try_get(at + 3)?),
        muted_until: 0,
        from_seq: 0,
    }))
}

/// Makes people present members, in this order. What was there before they
/// joined counts as read: it is history, not news.
pub(super) const INSERT: &str = "INSERT INTO members
      (chat_no, user_no, role, join_no, joined_at, left_at, read_seq, read_no, delivered_seq)
    SELECT $1, k.user_no, k.role,
           (SELECT coalesce(max(join_no), 0) FROM members WHERE chat_no = $1) + k.ord,
           $4, NULL, $5, $6, $5
    FROM unnest($2::int8[], $3::int2[]) WITH ORDINALITY k(user_no, role, ord)
    ON CONFLICT (chat_no, user_no) DO UPDATE SET
      role = excluded.role, join_no = excluded.join_no, joined_at = excluded.joined_at,
      left_at = NULL, read_seq = excluded.read_seq, read_no = excluded.read_no,
      delivered_seq = excluded.delivered_seq";

/// Parameters of [`INSERT`].
pub(super) struct Rows {
    chat: i64,
    users: Vec<i64>,
    roles: Vec<i16>,
    at: At,
    read: i64,
    read_no: i64,
}

impl Rows {
    /// `read` is the latest entry and the latest message they find.
    pub(super) fn new(
        chat: ChatNo,
        people: &[Actor],
        roles: impl Iterator<Item = Role>,
        at: UnixMillis,
        read: (u64, u64),
    ) -> Self {
        Self {
            chat: chat.0,
            users: people.iter().map(|person| person.no.0).collect(),
            roles: roles.map(role_number).collect(),
            at: At(at),
            read: read.0 as i64,
            read_no: read.1 as i64,
        }
    }

    pub(super) fn params(&self) -> [&(dyn ToSql + Sync); 6] {
        [
            &self.chat,
            &self.users,
            &self.roles,
            &self.at,
            &self.read,
            &self.read_no,
        ]
    }
}

const LOCK_HEAD: &str = "SELECT head, msg_no, acl_rev FROM chat_heads WHERE chat_no = $1
    FOR NO KEY UPDATE";
const LOCK_CURSORS: &str = "SELECT 1 FROM chat_cursors WHERE chat_no = $1 FOR NO KEY UPDATE";
const PEOPLE: &str = "SELECT c.id, m.user_no, m.role, m.left_at IS NULL
    FROM chats c LEFT JOIN members m ON m.chat_no = c.chat_no AND m.user_no = ANY($2::int8[])
    WHERE c.chat_no = $1";
const CHANGE_HEAD: &str = "UPDATE chat_heads SET head = head + 1, acl_rev = acl_rev + 1
    WHERE chat_no = $1";
const COUNT: &str = "UPDATE chats SET members = members + $2 WHERE chat_no = $1";
const LEAVE: &str = "UPDATE members SET left_at = $3 WHERE chat_no = $1 AND user_no = $2";
/// Makes the oldest member admin of a chat that has none.
const HAND_OVER: &str = "UPDATE members SET role = 1
    WHERE chat_no = $1 AND user_no = (
        SELECT user_no FROM members WHERE chat_no = $1 AND left_at IS NULL
        ORDER BY join_no LIMIT 1)
      AND NOT EXISTS (
        SELECT 1 FROM members WHERE chat_no = $1 AND left_at IS NULL AND role = 1)";

/// A chat whose members are about to change: locked, in a transaction.
struct Locked {
    chat: ChatNo,
    id: ChatId,
    head: u64,
    msg_no: u64,
    acl_rev: u64,
    /// Those asked for who are or were members: their role, and whether they
    /// are present.
    people: HashMap<i64, (Role, bool)>,
}

impl Locked {
    /// Begins a transaction and locks the chat: its head against appends, its
    /// cursors against moves.
    async fn begin(
        conn: &ClientWrapper,
        chat: ChatNo,
        people: impl Iterator<Item = Actor>,
    ) -> Result<Self, Fault> {
        let [head, cursors, members] = prepare(conn, [LOCK_HEAD, LOCK_CURSORS, PEOPLE]).await?;
        let people: Vec<i64> = people.map(|person| person.no.0).collect();
        let only: Params<'_> = &[&chat.0];
        let both: Params<'_> = &[&chat.0, &people];
        let (_, head, _, rows) = try_join4(
            begin(conn),
            conn.query_opt(&head, only),
            conn.execute(&cursors, only),
            conn.query(&members, both),
        )
        .await?;
        let head = head.ok_or(StoreError::NoAccess)?;
        let first = rows.first().ok_or(StoreError::NoAccess)?;
        let mut locked = Self {
            chat,
            id: ChatId(first.try_get::<_, Uuid>(0)?),
            head: head.try_get::<_, i64>(0)? as u64,
            msg_no: head.try_get::<_, i64>(1)? as u64,
            acl_rev: head.try_get::<_, i64>(2)? as u64,
            people: HashMap::new(),
        };
        for row in &rows {
            if let Some(user) = row.try_get::<_, Option<i64>>(1)? {
                let role = role_of(row.try_get(2)?);
                locked.people.insert(user, (role, row.try_get(3)?));
            }
        }
        Ok(locked)
    }

    /// The role of a present member.
    fn role(&self, user: Actor) -> Option<Role> {
        let (role, present) = self.people.get(&user.no.0)?;
        present.then_some(*role)
    }

    /// The entry of the change.
    fn entry(
        &self,
        actor: Actor,
        id: EntryId,
        at: UnixMillis,
        body: &Body,
    ) -> Result<EntryRow, Fault> {
        EntryRow::new(self.chat, self.head + 1, self.msg_no, actor, id, at, body)
    }
}

/// What is asked of [`add`].
#[derive(Debug)]
pub(super) struct Addition {
    pub(super) chat: ChatNo,
    pub(super) actor: Actor,
    pub(super) users: Vec<Actor>,
    pub(super) entry: EntryId,
    pub(super) at: UnixMillis,
}

/// See [`Store::add_members`](crate::store::Store::add_members).
pub(super) async fn add(conn: &ClientWrapper, wanted: &Addition) -> Result<Done<()>, Fault> {
    let &Addition {
        chat, actor, at, ..
    } = wanted;
    let everybody = std::iter::once(actor).chain(wanted.users.iter().copied());
    let locked = Locked::begin(conn, chat, everybody).await?;
    if locked.role(actor) != Some(Role::Admin) {
        return Err(StoreError::NoAccess.into());
    }
    let mut seen = HashSet::new();
    let fresh: Vec<Actor> = wanted
        .users
        .iter()
        .copied()
        .filter(|user| locked.role(*user).is_none() && seen.insert(user.no))
        .collect();
    if fresh.is_empty() {
        commit(conn).await?;
        return Ok(Done::quiet(()));
    }
    let texts = [
        CHANGE_HEAD,
        EntryRow::INSERT,
        INSERT,
        COUNT,
        account::APPEND,
    ];
    let [head, entry, member, count, append] = prepare(conn, texts).await?;
    let body = Body::MembersAdded(entry::MembersAdded {
        users: fresh.iter().map(|user| user.id).collect(),
    });
    let added = locked.entry(actor, wanted.entry, at, &body)?;
    let roles = fresh.iter().map(|_| Role::Member);
    let rows = Rows::new(chat, &fresh, roles, at, (locked.head + 1, locked.msg_no));
    let about = About::Chat(locked.id);
    let note = Note::new(&fresh, account_kind::CHAT_JOINED, at, about);
    let by = fresh.len() as i64;
    let only: Params<'_> = &[&chat.0];
    let counted: Params<'_> = &[&chat.0, &by];
    let (_, _, _, (_, rows, ())) = try_join4(
        conn.execute(&head, only),
        conn.execute(&entry, &added.params()),
        conn.execute(&member, &rows.params()),
        try_join3(
            conn.execute(&count, counted),
            conn.query(&append, &note.params()),
            commit(conn),
        ),
    )
    .await?;
    let mut events = vec![added.event(locked.id, locked.acl_rev + 1)];
    events.extend(note.events(&rows)?);
    Ok(Done { value: (), events })
}

/// What is asked of [`remove`].
#[derive(Debug)]
pub(super) struct Removal {
    pub(super) chat: ChatNo,
    pub(super) actor: Actor,
    pub(super) user: Actor,
    pub(super) entry: EntryId,
    pub(super) at: UnixMillis,
}

/// See [`Store::remove_member`](crate::store::Store::remove_member).
pub(super) async fn remove(conn: &ClientWrapper, wanted: &Removal) -> Result<Done<()>, Fault> {
    let &Removal {
        chat,
        actor,
        user,
        at,
        ..
    } = wanted;
    let locked = Locked::begin(conn, chat, [actor, user].into_iter()).await?;
    let actor_role = locked.role(actor);
    if actor_role != Some(Role::Admin) && actor.no != user.no {
        return Err(StoreError::NoAccess.into());
    }
    if locked.role(user).is_none() {
        // Who left before may say so again; who never was in learns nothing.
        if actor_role.is_none() && !locked.people.contains_key(&user.no.0) {
            return Err(StoreError::NoAccess.into());
        }
        commit(conn).await?;
        return Ok(Done::quiet(()));
    }
    let texts = [
        CHANGE_HEAD,
        EntryRow::INSERT,
        LEAVE,
        HAND_OVER,
        COUNT,
        account::APPEND,
    ];
    let [head, entry, leave, hand_over, count, append] = prepare(conn, texts).await?;
    let body = Body::MemberLeft(entry::MemberLeft { user: user.id });
    let left = locked.entry(actor, wanted.entry, at, &body)?;
    let users = [user];
    let about = About::Chat(locked.id);
    let note = Note::new(&users, account_kind::CHAT_LEFT, at, about);
    let left_at = At(at);
    let only: Params<'_> = &[&chat.0];
    let leaving: Params<'_> = &[&chat.0, &user.no.0, &left_at];
    let counted: Params<'_> = &[&chat.0, &-1i64];
    let (_, _, _, _, (_, (rows, ()))) = try_join5(
        conn.execute(&head, only),
        conn.execute(&entry, &left.params()),
        conn.execute(&leave, leaving),
        conn.execute(&hand_over, only),
        try_join(
            conn.execute(&count, counted),
            try_join(conn.query(&append, &note.params()), commit(conn)),
        ),
    )
    .await?;
    let mut events = vec![left.event(locked.id, locked.acl_rev + 1)];
    events.extend(note.events(&rows)?);
    Ok(Done { value: (), events })
}
