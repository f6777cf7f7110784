//! Who is in a chat.

use std::collections::HashSet;

use deadpool_postgres::ClientWrapper;
use proto::UnixMillis;
use proto::entry::{self, Body, account_kind, kind};
use proto::id::UserId;
use proto::request::{ChatKind, Role};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::account::{self, About, Note};
use super::act::{CHANGE_HEAD, Locked};
use super::entry_row::EntryRow;
use super::error::Fault;
use super::pool::Done;
use super::timestamp::At;
use super::{chat_invites, statements, users};
use crate::store::groups::{Act, Door, most_members};
use crate::store::{Actor, ChatNo, MemberRecord, StoreError, UserNo};

pub(super) fn role_number(role: Role) -> i16 {
    match role {
        Role::Admin => 1,
        Role::Member | Role::Unknown => 2,
        Role::Moderator => 3,
    }
}

pub(super) fn role_of(number: i16) -> Role {
    // Only these give rights.
    match number {
        1 => Role::Admin,
        3 => Role::Moderator,
        _ => Role::Member,
    }
}

/// The columns of a [`MemberRecord`]; `members` is `m`, `users` is `u`.
macro_rules! member_columns {
    () => {
        "m.user_no, m.role, m.muted_until, m.from_seq, m.joined_at,
         u.id, u.username, u.first_name, u.last_name, u.avatar, u.rev"
    };
}
pub(super) use member_columns;

/// Reads a member whose first column is `at`; none where that is null.
pub(super) fn record(row: &Row, at: usize) -> Result<Option<MemberRecord>, Fault> {
    let Some(no) = row.try_get::<_, Option<i64>>(at)? else {
        return Ok(None);
    };
    Ok(Some(MemberRecord {
        no: UserNo(no),
        role: role_of(row.try_get(at + 1)?),
        muted_until: row.try_get(at + 2)?,
        from_seq: row.try_get::<_, i64>(at + 3)? as u64,
        joined_at: row.try_get::<_, At>(at + 4)?.0,
        user: users::shown(row, at + 5)?,
    }))
}

/// Makes people present members, in this order. What was there before they
/// joined counts as read: it is history, not news.
pub(super) const INSERT: &str = "INSERT INTO members
      (chat_no, user_no, role, join_no, joined_at, left_at, read_seq, read_no, delivered_seq,
       shown_read_seq, shown_read_no, shown_delivered_seq, from_seq)
    SELECT $1, k.user_no, k.role,
           (SELECT coalesce(max(join_no), 0) FROM members WHERE chat_no = $1) + k.ord,
           $4, NULL, $5, $6, $5, $5, $6, $5, $7
    FROM unnest($2::int8[], $3::int2[]) WITH ORDINALITY k(user_no, role, ord)
    ON CONFLICT (chat_no, user_no) DO UPDATE SET
      role = excluded.role, join_no = excluded.join_no, joined_at = excluded.joined_at,
      left_at = NULL, banned = false, read_seq = excluded.read_seq, read_no = excluded.read_no,
      delivered_seq = excluded.delivered_seq, shown_read_seq = excluded.shown_read_seq,
      shown_read_no = excluded.shown_read_no, shown_delivered_seq = excluded.shown_delivered_seq,
      from_seq = excluded.from_seq";

/// Parameters of [`INSERT`].
pub(super) struct Rows {
    chat: i64,
    users: Vec<i64>,
    roles: Vec<i16>,
    at: At,
    read: i64,
    read_no: i64,
    from_seq: i64,
}

impl Rows {
    /// The first members of a new chat.
    pub(super) fn founders(
        chat: ChatNo,
        people: &[Actor],
        roles: impl Iterator<Item = Role>,
        at: UnixMillis,
    ) -> Self {
        Self {
            chat: chat.0,
            users: people.iter().map(|person| person.no.0).collect(),
            roles: roles.map(role_number).collect(),
            at: At(at),
            read: 0,
            read_no: 0,
            from_seq: 0,
        }
    }

    /// Members who come later, with the next entry.
    fn joining(locked: &Locked, people: &[Actor]) -> Self {
        // Where nobody is left, the first to come runs the chat.
        let roles = (0..people.len()).map(|at| match locked.members + at {
            0 => Role::Admin,
            _ => Role::Member,
        });
        let founders = Self::founders(locked.act.chat, people, roles, locked.act.at);
        Self {
            read: locked.head as i64 + 1,
            read_no: locked.msg_no as i64,
            from_seq: if locked.since_join {
                locked.head as i64
            } else {
                0
            },
            ..founders
        }
    }

    pub(super) fn params(&self) -> [&(dyn ToSql + Sync); 7] {
        [
            &self.chat,
            &self.users,
            &self.roles,
            &self.at,
            &self.read,
            &self.read_no,
            &self.from_seq,
        ]
    }
}

const COUNT: &str = "UPDATE chats SET members = members + $2 WHERE chat_no = $1";
const LEAVE: &str = "UPDATE members SET left_at = $3 WHERE chat_no = $1 AND user_no = $2";
const SET_ROLE: &str = "UPDATE members SET role = $3 WHERE chat_no = $1 AND user_no = $2";

/// See [`Store::add_members`](crate::store::Store::add_members).
pub(super) async fn add(
    conn: &ClientWrapper,
    act: Act,
    users: &[Actor],
) -> Result<Done<()>, Fault> {
    let Some(locked) = Locked::begin(conn, act, kind::MEMBERS_ADDED, users).await? else {
        return Ok(Done::quiet(()));
    };
    let mut seen = HashSet::new();
    let mut fresh = Vec::new();
    for user in users {
        match locked.standing(*user) {
            Some(standing) if standing.banned => return Err(StoreError::NoAccess.into()),
            Some(standing) if standing.present => {}
            _ if seen.insert(user.no) => fresh.push(*user),
            _ => {}
        }
    }
    if fresh.is_empty() {
        return Locked::nothing(conn).await;
    }
    come(conn, locked, &fresh).await
}

/// See [`Store::join`](crate::store::Store::join).
pub(super) async fn join(conn: &ClientWrapper, act: Act, door: &Door) -> Result<Done<()>, Fault> {
    let locked = Locked::begin_anyhow(conn, act, &[act.actor]).await?;
    match locked.standing(act.actor) {
        Some(standing) if standing.banned => return Err(StoreError::NoAccess.into()),
        Some(standing) if standing.present => return Locked::nothing(conn).await,
        _ => {}
    }
    match door {
        Door::Public if locked.kind == ChatKind::Public => {}
        Door::Invite(token) if locked.kind != ChatKind::Private => {
            chat_invites::take(conn, act.chat, token, act.at).await?;
        }
        Door::Public | Door::Invite(_) => return Err(StoreError::NoAccess.into()),
    }
    come(conn, locked, &[act.actor]).await
}

/// Makes people members who are none.
async fn come(conn: &ClientWrapper, locked: Locked, fresh: &[Actor]) -> Result<Done<()>, Fault> {
    let act = locked.act;
    if locked.members + fresh.len() > most_members(locked.kind) {
        return Err(StoreError::TooMany("members").into());
    }
    let body = Body::MembersAdded(entry::MembersAdded {
        users: fresh.iter().map(|user| user.id).collect(),
    });
    let added = locked.entry(&body)?;
    let rows = Rows::joining(&locked, fresh);
    let about = About::Chat(act.chat_id);
    let note = Note::new(fresh, account_kind::CHAT_JOINED, act.at, about);
    let by = fresh.len() as i64;
    let first = fresh.first().filter(|_| locked.members == 0);
    let first = first.map(|user| {
        let body = Body::RoleChanged(entry::RoleChanged {
            user: user.id,
            role: Role::Admin,
        });
        locked.second_entry(&body)
    });
    let first = first.transpose()?;
    let entries = 1 + i64::from(first.is_some());
    let coming = added.params();
    let changing: [&(dyn ToSql + Sync); 2] = [&act.chat.0, &entries];
    let counting: [&(dyn ToSql + Sync); 2] = [&act.chat.0, &by];
    let (joining, noting) = (rows.params(), note.params());
    let taking_over = first.as_ref().map(EntryRow::params);
    let mut group: Vec<(&'static str, statements::Params<'_>)> = vec![
        (CHANGE_HEAD, &changing),
        (EntryRow::INSERT, &coming),
        (INSERT, &joining),
        (COUNT, &counting),
    ];
    if let Some(entry) = &taking_over {
        group.push((EntryRow::INSERT, entry));
    }
    group.push((account::APPEND, &noting));
    let answers = statements::finish(conn, &group).await?;
    let mut events = vec![locked.event(added)];
    events.extend(first.map(|entry| locked.event(entry)));
    events.extend(note.events(answers.last().map_or(&[], Vec::as_slice))?);
    Ok(Done { value: (), events })
}

/// See [`Store::remove_member`](crate::store::Store::remove_member).
pub(super) async fn remove(conn: &ClientWrapper, act: Act, user: Actor) -> Result<Done<()>, Fault> {
    let Some(locked) = Locked::begin(conn, act, kind::MEMBER_LEFT, &[user]).await? else {
        return Ok(Done::quiet(()));
    };
    if locked.present(user).is_none() {
        return Locked::nothing(conn).await;
    }
    let body = Body::MemberLeft(entry::MemberLeft { user: user.id });
    let left_at = At(act.at);
    let leaving: [&(dyn ToSql + Sync); 3] = [&act.chat.0, &user.no.0, &left_at];
    go(conn, locked, user, &body, (LEAVE, &leaving)).await
}

/// The actor leaves at whatever revision, because their account ends.
pub(super) async fn depart(conn: &ClientWrapper, act: Act) -> Result<Done<()>, Fault> {
    let user = act.actor;
    let locked = match Locked::begin_anyhow(conn, act, &[user]).await {
        // The chat was deleted meanwhile.
        Err(Fault::Refused(StoreError::NoAccess)) => return Locked::nothing(conn).await,
        locked => locked?,
    };
    if locked.present(user).is_none() {
        return Locked::nothing(conn).await;
    }
    let body = Body::MemberLeft(entry::MemberLeft { user: user.id });
    let left_at = At(act.at);
    let leaving: [&(dyn ToSql + Sync); 3] = [&act.chat.0, &user.no.0, &left_at];
    go(conn, locked, user, &body, (LEAVE, &leaving)).await
}

const BAN: &str = "INSERT INTO members
      (chat_no, user_no, role, join_no, joined_at, left_at, read_seq, read_no, delivered_seq, banned)
    SELECT $1, $2, 2, coalesce(max(join_no), 0) + 1, $3, $3, 0, 0, 0, true
    FROM members WHERE chat_no = $1
    ON CONFLICT (chat_no, user_no) DO UPDATE SET
      left_at = coalesce(members.left_at, excluded.left_at), banned = true";
const PARDON: &str = "UPDATE members SET banned = false WHERE chat_no = $1 AND user_no = $2";

/// See [`Store::ban_member`](crate::store::Store::ban_member).
pub(super) async fn ban(
    conn: &ClientWrapper,
    act: Act,
    user: Actor,
    on: bool,
) -> Result<Done<()>, Fault> {
    let Some(locked) = Locked::begin(conn, act, kind::MEMBER_BANNED, &[user]).await? else {
        return Ok(Done::quiet(()));
    };
    if locked.standing(user).is_some_and(|known| known.banned) == on {
        return Locked::nothing(conn).await;
    }
    let body = Body::MemberBanned(entry::MemberBanned { user: user.id, on });
    let at = At(act.at);
    let (pair, whole): ([&(dyn ToSql + Sync); 2], [&(dyn ToSql + Sync); 3]) =
        ([&act.chat.0, &user.no.0], [&act.chat.0, &user.no.0, &at]);
    if !on {
        return change(conn, locked, &body, (PARDON, &pair)).await;
    }
    if locked.present(user).is_none() {
        return change(conn, locked, &body, (BAN, &whole)).await;
    }
    go(conn, locked, user, &body, (BAN, &whole)).await
}

/// Who takes over from a member who is the last admin: the oldest moderator,
/// else the oldest member.
const HEIR: &str = "SELECT m.user_no, u.id FROM members m JOIN users u ON u.user_no = m.user_no
    WHERE m.chat_no = $1 AND m.left_at IS NULL AND m.user_no <> $2
      AND NOT EXISTS (SELECT 1 FROM members a WHERE a.chat_no = $1 AND a.left_at IS NULL
                      AND a.role = 1 AND a.user_no <> $2)
    ORDER BY (m.role = 3) DESC, m.join_no LIMIT 1";

/// A present member goes, by the statement that says how.
async fn go(
    conn: &ClientWrapper,
    locked: Locked,
    user: Actor,
    body: &Body,
    leave: (&'static str, statements::Params<'_>),
) -> Result<Done<()>, Fault> {
    let act = locked.act;
    let admin = locked.present(user).map(|known| known.role) == Some(Role::Admin);
    let heir = match admin {
        true => statements::row(conn, HEIR, &[&act.chat.0, &user.no.0]).await?,
        false => None,
    };
    let heir = match heir {
        Some(row) => {
            let body = Body::RoleChanged(entry::RoleChanged {
                user: UserId(row.try_get(1)?),
                role: Role::Admin,
            });
            Some((row.try_get::<_, i64>(0)?, locked.second_entry(&body)?))
        }
        None => None,
    };
    let gone = locked.entry(body)?;
    let users = [user];
    let about = About::Chat(act.chat_id);
    let note = Note::new(&users, account_kind::CHAT_LEFT, act.at, about);
    let entries = 1 + i64::from(heir.is_some());
    let taking_over = heir.as_ref().map(|(no, entry)| {
        let role: [&(dyn ToSql + Sync); 3] = [&act.chat.0, no, &1i16];
        (entry.params(), role)
    });
    let leaving = gone.params();
    let changing: [&(dyn ToSql + Sync); 2] = [&act.chat.0, &entries];
    let counting: [&(dyn ToSql + Sync); 2] = [&act.chat.0, &-1i64];
    let noting = note.params();
    let mut group: Vec<(&'static str, statements::Params<'_>)> = vec![
        (CHANGE_HEAD, &changing),
        (EntryRow::INSERT, &leaving),
        leave,
        (COUNT, &counting),
    ];
    if let Some((entry, role)) = &taking_over {
        group.push((EntryRow::INSERT, entry));
        group.push((SET_ROLE, role));
    }
    group.push((account::APPEND, &noting));
    let answers = statements::finish(conn, &group).await?;
    let noted = answers.last().map_or(&[][..], Vec::as_slice);
    let noted = note.events(noted)?;
    let mut events = vec![locked.event(gone)];
    events.extend(heir.map(|(_, entry)| locked.event(entry)));
    events.extend(noted);
    Ok(Done { value: (), events })
}

/// See [`Store::set_role`](crate::store::Store::set_role).
pub(super) async fn set_role(
    conn: &ClientWrapper,
    act: Act,
    user: Actor,
    role: Role,
) -> Result<Done<()>, Fault> {
    let Some(locked) = Locked::begin(conn, act, kind::ROLE_CHANGED, &[user]).await? else {
        return Ok(Done::quiet(()));
    };
    let present = locked.present(user).ok_or(StoreError::NoEntry)?;
    if present.role == role {
        return Locked::nothing(conn).await;
    }
    let body = Body::RoleChanged(entry::RoleChanged {
        user: user.id,
        role,
    });
    let number = role_number(role);
    let set: [&(dyn ToSql + Sync); 3] = [&act.chat.0, &user.no.0, &number];
    change(conn, locked, &body, (SET_ROLE, &set)).await
}

const MUTE: &str = "UPDATE members SET muted_until = $3 WHERE chat_no = $1 AND user_no = $2";

/// See [`Store::mute_member`](crate::store::Store::mute_member).
pub(super) async fn mute(
    conn: &ClientWrapper,
    act: Act,
    user: Actor,
    until: UnixMillis,
) -> Result<Done<()>, Fault> {
    let Some(locked) = Locked::begin(conn, act, kind::MEMBER_MUTED, &[user]).await? else {
        return Ok(Done::quiet(()));
    };
    let present = locked.present(user).ok_or(StoreError::NoEntry)?;
    if present.muted_until == until {
        return Locked::nothing(conn).await;
    }
    let body = Body::MemberMuted(entry::MemberMuted {
        user: user.id,
        until,
    });
    let set: [&(dyn ToSql + Sync); 3] = [&act.chat.0, &user.no.0, &until];
    change(conn, locked, &body, (MUTE, &set)).await
}

/// One statement and the entry that tells of it.
pub(super) async fn change(
    conn: &ClientWrapper,
    locked: Locked,
    body: &Body,
    what: (&'static str, statements::Params<'_>),
) -> Result<Done<()>, Fault> {
    let entry = locked.entry(body)?;
    statements::finish(
        conn,
        &[
            (CHANGE_HEAD, &[&locked.act.chat.0, &1i64]),
            (EntryRow::INSERT, &entry.params()),
            what,
        ],
    )
    .await?;
    Ok(Done {
        value: (),
        events: vec![locked.event(entry)],
    })
}
