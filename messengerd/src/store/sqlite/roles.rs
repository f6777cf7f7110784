//! What members of a chat may do.

use proto::UnixMillis;
use proto::entry::{self, Body, kind};
use proto::id::{EntryId, UserId};
use proto::request::Role;
use rusqlite::{OptionalExtension, params};

use super::acts::{self, Place};
use super::members;
use super::writer::Tx;
use crate::store::groups::Act;
use crate::store::{Actor, StoreError, UserNo};

/// How a role is kept.
pub(super) fn number(role: Role) -> i64 {
    match role {
        Role::Admin => 1,
        Role::Member | Role::Unknown => 2,
        Role::Moderator => 3,
    }
}

/// The role that is kept so. Only two give rights.
pub(super) fn of_number(number: i64) -> Role {
    match number {
        1 => Role::Admin,
        3 => Role::Moderator,
        _ => Role::Member,
    }
}

/// See [`Store::set_role`](crate::store::Store::set_role).
pub(super) fn set(tx: &mut Tx<'_>, act: &Act, user: Actor, role: Role) -> Result<(), StoreError> {
    if !acts::holds(tx, act, kind::ROLE_CHANGED)? {
        return Ok(());
    }
    let present = members::role(tx.conn, act.chat, user.no)?.ok_or(StoreError::NoEntry)?;
    if present == role {
        return Ok(());
    }
    write(tx, act, user.no, role)?;
    let body = Body::RoleChanged(entry::RoleChanged {
        user: user.id,
        role,
    });
    acts::tell(tx, act, &body)?;
    Ok(())
}

fn write(tx: &Tx<'_>, act: &Act, user: UserNo, role: Role) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached("UPDATE members SET role = ?3 WHERE chat_no = ?1 AND user_no = ?2")?
        .execute([act.chat.0, user.0, number(role)])?;
    Ok(())
}

/// See [`Store::mute_member`](crate::store::Store::mute_member).
pub(super) fn mute(
    tx: &mut Tx<'_>,
    act: &Act,
    user: Actor,
    until: UnixMillis,
) -> Result<(), StoreError> {
    if !acts::holds(tx, act, kind::MEMBER_MUTED)? {
        return Ok(());
    }
    let present: UnixMillis = tx
        .conn
        .prepare_cached(
            "SELECT muted_until FROM members
             WHERE chat_no = ?1 AND user_no = ?2 AND left_at IS NULL",
        )?
        .query_row([act.chat.0, user.no.0], |row| row.get(0))
        .optional()?
        .ok_or(StoreError::NoEntry)?;
    if present == until {
        return Ok(());
    }
    tx.conn
        .prepare_cached("UPDATE members SET muted_until = ?3 WHERE chat_no = ?1 AND user_no = ?2")?
        .execute([act.chat.0, user.no.0, until])?;
    let body = Body::MemberMuted(entry::MemberMuted {
        user: user.id,
        until,
    });
    acts::tell(tx, act, &body)?;
    Ok(())
}

/// See [`Store::ban_member`](crate::store::Store::ban_member).
pub(super) fn ban(tx: &mut Tx<'_>, act: &Act, user: Actor, on: bool) -> Result<(), StoreError> {
    if !acts::holds(tx, act, kind::MEMBER_BANNED)? {
        return Ok(());
    }
    if members::is_banned(tx.conn, act.chat, user.no)? == on {
        return Ok(());
    }
    let body = Body::MemberBanned(entry::MemberBanned { user: user.id, on });
    let place = acts::tell(tx, act, &body)?;
    let role = members::role(tx.conn, act.chat, user.no)?;
    if role.is_some() {
        members::leave(tx, act, user)?;
    }
    // Who never was a member gets a row that has left.
    tx.conn
        .prepare_cached(
            "INSERT INTO members (chat_no, user_no, role, join_no, joined_at, left_at,
                                  read_seq, read_no, delivered_seq, banned)
             VALUES (?1, ?2, 2, 0, ?3, ?3, 0, 0, 0, ?4)
             ON CONFLICT DO UPDATE SET banned = excluded.banned",
        )?
        .execute(params![act.chat.0, user.no.0, act.at, on])?;
    if role == Some(Role::Admin) {
        hand_over(tx, act, place)?;
    }
    Ok(())
}

/// Gives a chat that has no admin one: its oldest moderator, else its oldest
/// member.
pub(super) fn hand_over(tx: &mut Tx<'_>, act: &Act, place: Place) -> Result<(), StoreError> {
    let heir: Option<(i64, [u8; 16])> = tx
        .conn
        .prepare_cached(
            "SELECT m.user_no, u.id FROM members m JOIN users u ON u.user_no = m.user_no
             WHERE m.chat_no = ?1 AND m.left_at IS NULL AND NOT EXISTS (
               SELECT 1 FROM members a WHERE a.chat_no = ?1 AND a.left_at IS NULL AND a.role = 1)
             ORDER BY m.role = 3 DESC, m.join_no LIMIT 1",
        )?
        .query_row([act.chat.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((no, id)) = heir else {
        return Ok(());
    };
    write(tx, act, UserNo(no), Role::Admin)?;
    let body = Body::RoleChanged(entry::RoleChanged {
        user: UserId::from_bytes(id),
        role: Role::Admin,
    });
    acts::append(tx, place, act.actor, EntryId::generate(), act.at, &body)?;
    Ok(())
}
