//! Who is in a chat.

use proto::UnixMillis;
use proto::entry::{self, Body, account_kind};
use proto::id::{EntryId, UserId};
use proto::request::{Role, User};
use rusqlite::{Connection, OptionalExtension, params};

use super::account::{self, About};
use super::chats::{self, Place};
use super::writer::Tx;
use crate::store::{Actor, ChatNo, MemberRecord, StoreError, UserNo};

fn role_number(role: Role) -> i64 {
    match role {
        Role::Admin => 1,
        Role::Member | Role::Unknown => 2,
        Role::Moderator => 3,
    }
}

fn role_of(number: i64) -> Role {
    // Only these give rights.
    match number {
        1 => Role::Admin,
        3 => Role::Moderator,
        _ => Role::Member,
    }
}

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
        .query_row([chat.0, user.0], |row| Ok(role_of(row.get(0)?)))
        .optional()?)
}

pub(super) fn is_present(
    conn: &Connection,
    chat: ChatNo,
    user: UserNo,
) -> Result<bool, StoreError> {
    Ok(role(conn, chat, user)?.is_some())
}

/// The present members, in the order they joined.
pub(super) fn present(conn: &Connection, chat: ChatNo) -> Result<Vec<MemberRecord>, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT m.user_no, u.id, u.username, m.role
             FROM members m JOIN users u ON u.user_no = m.user_no
             WHERE m.chat_no = ?1 AND m.left_at IS NULL ORDER BY m.join_no",
        )?
        .query_map([chat.0], |row| {
            Ok(MemberRecord {
                no: UserNo(row.get(0)?),
                user: User::new(UserId::from_bytes(row.get(1)?), row.get::<_, String>(2)?),
                role: role_of(row.get(3)?),
                muted_until: 0,
                from_seq: 0,
            })
        })?
        .collect::<Result<Vec<_>, _>>()?)
}

/// Makes somebody a present member. What was there before they joined,
/// `(seq, msg_no)`, counts as read: it is history, not news.
pub(super) fn insert(
    conn: &Connection,
    chat: ChatNo,
    user: UserNo,
    role: Role,
    at: UnixMillis,
    read: (u64, u64),
) -> Result<(), StoreError> {
    conn.prepare_cached(
        "INSERT INTO members (chat_no, user_no, role, join_no, joined_at, left_at,
                              read_seq, read_no, delivered_seq)
         VALUES (?1, ?2, ?3,
                 (SELECT coalesce(max(join_no), 0) + 1 FROM members WHERE chat_no = ?1),
                 ?4, NULL, ?5, ?6, ?5)
         ON CONFLICT DO UPDATE SET
           role = excluded.role, join_no = excluded.join_no, joined_at = excluded.joined_at,
           left_at = NULL, read_seq = excluded.read_seq, read_no = excluded.read_no,
           delivered_seq = excluded.delivered_seq",
    )?
    .execute(params![
        chat.0,
        user.0,
        role_number(role),
        at,
        read.0 as i64,
        read.1 as i64,
    ])?;
    Ok(())
}

/// The chat after one more change of its members.
fn changed(tx: &mut Tx<'_>, chat: ChatNo) -> Result<Place, StoreError> {
    let chat_id = chats::id_of(tx.conn, chat)?.ok_or(StoreError::NoAccess)?;
    let state = tx.heads.get(tx.conn, chat)?.ok_or(StoreError::NoAccess)?;
    let acl_rev = state.acl_rev + 1;
    tx.heads.change(chat, |state| state.acl_rev = acl_rev);
    Ok(Place {
        chat,
        chat_id,
        acl_rev,
    })
}

fn count(tx: &Tx<'_>, chat: ChatNo, by: i64) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached("UPDATE chats SET members = members + ?2 WHERE chat_no = ?1")?
        .execute([chat.0, by])?;
    Ok(())
}

/// See [`Store::add_members`](crate::store::Store::add_members).
pub(super) fn add(
    tx: &mut Tx<'_>,
    chat: ChatNo,
    actor: Actor,
    users: &[Actor],
    entry: EntryId,
    at: UnixMillis,
) -> Result<(), StoreError> {
    if role(tx.conn, chat, actor.no)? != Some(Role::Admin) {
        return Err(StoreError::NoAccess);
    }
    let mut fresh: Vec<Actor> = Vec::new();
    for user in users {
        let known = fresh.iter().any(|other| other.no == user.no);
        if !known && !is_present(tx.conn, chat, user.no)? {
            fresh.push(*user);
        }
    }
    if fresh.is_empty() {
        return Ok(());
    }
    let place = changed(tx, chat)?;
    let body = Body::MembersAdded(entry::MembersAdded {
        users: fresh.iter().map(|user| user.id).collect(),
    });
    let seq = chats::append_own(tx, place, actor, entry, at, &body)?;
    let state = tx.heads.get(tx.conn, chat)?.ok_or(StoreError::NoAccess)?;
    count(tx, chat, fresh.len() as i64)?;
    for user in fresh {
        insert(
            tx.conn,
            chat,
            user.no,
            Role::Member,
            at,
            (seq, state.msg_no),
        )?;
        let about = About::Chat(place.chat_id);
        account::append(tx, user, account_kind::CHAT_JOINED, at, about)?;
    }
    Ok(())
}

/// See [`Store::remove_member`](crate::store::Store::remove_member).
pub(super) fn remove(
    tx: &mut Tx<'_>,
    chat: ChatNo,
    actor: Actor,
    user: Actor,
    entry: EntryId,
    at: UnixMillis,
) -> Result<(), StoreError> {
    let actor_role = role(tx.conn, chat, actor.no)?;
    if actor_role != Some(Role::Admin) && actor.no != user.no {
        return Err(StoreError::NoAccess);
    }
    let Some(user_role) = role(tx.conn, chat, user.no)? else {
        // Who left before may say so again; who never was in learns nothing.
        if actor_role.is_none() && !was_member(tx.conn, chat, user.no)? {
            return Err(StoreError::NoAccess);
        }
        return Ok(());
    };
    let place = changed(tx, chat)?;
    tx.conn
        .prepare_cached("UPDATE members SET left_at = ?3 WHERE chat_no = ?1 AND user_no = ?2")?
        .execute(params![chat.0, user.no.0, at])?;
    count(tx, chat, -1)?;
    let body = Body::MemberLeft(entry::MemberLeft { user: user.id });
    chats::append_own(tx, place, actor, entry, at, &body)?;
    if user_role == Role::Admin {
        hand_over(tx.conn, chat)?;
    }
    let about = About::Chat(place.chat_id);
    account::append(tx, user, account_kind::CHAT_LEFT, at, about)
}

fn was_member(conn: &Connection, chat: ChatNo, user: UserNo) -> Result<bool, StoreError> {
    Ok(conn
        .prepare_cached("SELECT 1 FROM members WHERE chat_no = ?1 AND user_no = ?2")?
        .exists([chat.0, user.0])?)
}

/// Makes the oldest member admin of a chat that has none.
fn hand_over(conn: &Connection, chat: ChatNo) -> Result<(), StoreError> {
    conn.prepare_cached(
        "UPDATE members SET role = 1
         WHERE chat_no = ?1 AND user_no = (
             SELECT user_no FROM members WHERE chat_no = ?1 AND left_at IS NULL
             ORDER BY join_no LIMIT 1)
           AND NOT EXISTS (
             SELECT 1 FROM members WHERE chat_no = ?1 AND left_at IS NULL AND role = 1)",
    )?
    .execute([chat.0])?;
    Ok(())
}
