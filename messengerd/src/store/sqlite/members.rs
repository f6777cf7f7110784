//! Who is in a chat: coming and going.

use proto::UnixMillis;
use proto::entry::{self, Body, account_kind, kind};
use proto::id::UserId;
use proto::request::{ChatKind, Role};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::account::{self, About};
use super::writer::Tx;
use super::{acts, chat_invites, chats, roles, users};
use crate::store::groups::{Act, Door, most_members};
use crate::store::{Actor, ChatNo, MemberRecord, StoreError, UserNo};

/// The role of a present member.
pub(super) fn role(
    conn: &Connection,
    chat: ChatNo,
    user: UserNo,
) -> Result<Option<Role>, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT role FROM members WHERE chat_no = ?1 AND user_no = ?2 AND left_at IS NULL",
        )?
        .query_row([chat.0, user.0], |row| Ok(roles::of_number(row.get(0)?)))
        .optional()?)
}

pub(super) fn is_present(
    conn: &Connection,
    chat: ChatNo,
    user: UserNo,
) -> Result<bool, StoreError> {
    Ok(role(conn, chat, user)?.is_some())
}

/// Whether somebody may write in a chat whose revision is not the one on which
/// that was decided: present, not muted, and in a private chat not blocked by
/// the other one.
pub(super) fn may_write(
    conn: &Connection,
    chat: ChatNo,
    user: UserNo,
    at: UnixMillis,
) -> Result<bool, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT 1 FROM members m JOIN chats c ON c.chat_no = m.chat_no
             WHERE m.chat_no = ?1 AND m.user_no = ?2 AND m.left_at IS NULL AND m.muted_until <= ?3
               AND NOT EXISTS (
                 SELECT 1 FROM contacts b
                 WHERE c.pair_low IS NOT NULL AND b.other = ?2 AND b.blocked = 1
                   AND b.owner = c.pair_low + c.pair_high - ?2)",
        )?
        .exists(params![chat.0, user.0, at])?)
}

/// The columns of a [`MemberRecord`]; `members` is `m`, `users` is `u`.
macro_rules! member_columns {
    () => {
        "m.user_no, m.role, m.muted_until, m.from_seq, m.joined_at,
         u.id, u.username, u.first_name, u.last_name, u.avatar, u.rev"
    };
}
pub(super) use member_columns;

/// Reads a [`MemberRecord`] from the first columns of a row.
pub(super) fn record(row: &Row<'_>) -> Result<MemberRecord, rusqlite::Error> {
    Ok(MemberRecord {
        no: UserNo(row.get(0)?),
        role: roles::of_number(row.get(1)?),
        muted_until: row.get(2)?,
        from_seq: row.get::<_, i64>(3)? as u64,
        joined_at: row.get(4)?,
        user: users::shown(row, 5)?,
    })
}

/// The present members, in the order they joined.
pub(super) fn present(conn: &Connection, chat: ChatNo) -> Result<Vec<MemberRecord>, StoreError> {
    Ok(conn
        .prepare_cached(concat!(
            "SELECT ",
            member_columns!(),
            " FROM members m JOIN users u ON u.user_no = m.user_no
             WHERE m.chat_no = ?1 AND m.left_at IS NULL ORDER BY m.join_no"
        ))?
        .query_map([chat.0], record)?
        .collect::<Result<Vec<_>, _>>()?)
}

/// Who may not come back.
pub(super) fn banned(conn: &Connection, chat: ChatNo) -> Result<Vec<UserId>, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT u.id FROM members m JOIN users u ON u.user_no = m.user_no
             WHERE m.chat_no = ?1 AND m.banned = 1 ORDER BY m.user_no",
        )?
        .query_map([chat.0], |row| Ok(UserId::from_bytes(row.get(0)?)))?
        .collect::<Result<Vec<_>, _>>()?)
}

pub(super) fn is_banned(conn: &Connection, chat: ChatNo, user: UserNo) -> Result<bool, StoreError> {
    Ok(conn
        .prepare_cached("SELECT 1 FROM members WHERE chat_no = ?1 AND user_no = ?2 AND banned = 1")?
        .exists([chat.0, user.0])?)
}

/// From where on somebody sees a chat, and what of it is history to them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Since {
    /// They see nothing up to this entry.
    pub(super) from: u64,
    /// Up to this entry all counts as read: it is history, not news.
    pub(super) read: u64,
    /// Up to this message, too.
    pub(super) read_no: u64,
}

/// Makes somebody a present member. Whether they may write is as it was when
/// they left: leaving lifts no silence.
pub(super) fn insert(
    conn: &Connection,
    chat: ChatNo,
    user: UserNo,
    role: Role,
    at: UnixMillis,
    since: Since,
) -> Result<(), StoreError> {
    conn.prepare_cached(
        "INSERT INTO members (chat_no, user_no, role, join_no, joined_at, left_at,
                              read_seq, read_no, delivered_seq,
                              shown_read_seq, shown_read_no, shown_delivered_seq, from_seq)
         VALUES (?1, ?2, ?3,
                 (SELECT coalesce(max(join_no), 0) + 1 FROM members WHERE chat_no = ?1),
                 ?4, NULL, ?5, ?6, ?5, ?5, ?6, ?5, ?7)
         ON CONFLICT DO UPDATE SET
           role = excluded.role, join_no = excluded.join_no, joined_at = excluded.joined_at,
           left_at = NULL, banned = 0, read_seq = excluded.read_seq, read_no = excluded.read_no,
           delivered_seq = excluded.delivered_seq, shown_read_seq = excluded.shown_read_seq,
           shown_read_no = excluded.shown_read_no,
           shown_delivered_seq = excluded.shown_delivered_seq, from_seq = excluded.from_seq",
    )?
    .execute(params![
        chat.0,
        user.0,
        roles::number(role),
        at,
        since.read as i64,
        since.read_no as i64,
        since.from as i64,
    ])?;
    Ok(())
}

/// See [`Store::add_members`](crate::store::Store::add_members).
pub(super) fn add(tx: &mut Tx<'_>, act: &Act, users: &[Actor]) -> Result<(), StoreError> {
    if !acts::holds(tx, act, kind::MEMBERS_ADDED)? {
        return Ok(());
    }
    let mut fresh: Vec<Actor> = Vec::new();
    for user in users {
        if is_banned(tx.conn, act.chat, user.no)? {
            return Err(StoreError::NoAccess);
        }
        let known = fresh.iter().any(|other| other.no == user.no);
        if !known && !is_present(tx.conn, act.chat, user.no)? {
            fresh.push(*user);
        }
    }
    if fresh.is_empty() {
        return Ok(());
    }
    enter(tx, act, &fresh)
}

/// See [`Store::join`](crate::store::Store::join).
pub(super) fn join(tx: &mut Tx<'_>, act: &Act, door: &Door) -> Result<(), StoreError> {
    if is_present(tx.conn, act.chat, act.actor.no)? {
        return Ok(());
    }
    match door {
        Door::Public => {
            let room = chats::room(tx.conn, act.chat)?;
            if room.is_none_or(|room| room.kind != ChatKind::Public) {
                return Err(StoreError::NoAccess);
            }
        }
        Door::Invite(token) => chat_invites::take(tx.conn, act.chat, token, act.at)?,
    }
    if is_banned(tx.conn, act.chat, act.actor.no)? {
        return Err(StoreError::NoAccess);
    }
    enter(tx, act, &[act.actor])
}

/// Makes people members who are not.
fn enter(tx: &mut Tx<'_>, act: &Act, people: &[Actor]) -> Result<(), StoreError> {
    let room = chats::room(tx.conn, act.chat)?.ok_or(StoreError::NoAccess)?;
    if room.members + people.len() > most_members(room.kind) {
        return Err(StoreError::TooMany("members"));
    }
    let body = Body::MembersAdded(entry::MembersAdded {
        users: people.iter().map(|user| user.id).collect(),
    });
    let place = acts::tell(tx, act, &body)?;
    let state = tx
        .heads
        .get(tx.conn, act.chat)?
        .ok_or(StoreError::NoAccess)?;
    let since = Since {
        from: if room.since_join { state.head - 1 } else { 0 },
        read: state.head,
        read_no: state.msg_no,
    };
    acts::count_members(tx, act.chat, people.len() as i64)?;
    for user in people {
        insert(tx.conn, act.chat, user.no, Role::Member, act.at, since)?;
        let about = About::Chat(act.chat_id);
        account::append(tx, *user, account_kind::CHAT_JOINED, act.at, about)?;
    }
    if room.members == 0 {
        // Its last admin left to nobody.
        roles::hand_over(tx, act, place)?;
    }
    Ok(())
}

/// See [`Store::remove_member`](crate::store::Store::remove_member).
pub(super) fn remove(tx: &mut Tx<'_>, act: &Act, user: Actor) -> Result<(), StoreError> {
    if !acts::holds(tx, act, kind::MEMBER_LEFT)? {
        return Ok(());
    }
    let Some(role) = role(tx.conn, act.chat, user.no)? else {
        return Ok(());
    };
    let body = Body::MemberLeft(entry::MemberLeft { user: user.id });
    let place = acts::tell(tx, act, &body)?;
    leave(tx, act, user)?;
    if role == Role::Admin {
        roles::hand_over(tx, act, place)?;
    }
    Ok(())
}

/// Takes a present member out of the chat.
pub(super) fn leave(tx: &mut Tx<'_>, act: &Act, user: Actor) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached("UPDATE members SET left_at = ?3 WHERE chat_no = ?1 AND user_no = ?2")?
        .execute(params![act.chat.0, user.no.0, act.at])?;
    acts::count_members(tx, act.chat, -1)?;
    let about = About::Chat(act.chat_id);
    account::append(tx, user, account_kind::CHAT_LEFT, act.at, about)
}
