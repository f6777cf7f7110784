//! The end of an account.

use proto::UnixMillis;
use proto::entry::account_kind;
use proto::id::{ChatId, EntryId, SessionId, UserId};
use rusqlite::{OptionalExtension, params};

use super::account::{self, About};
use super::writer::Tx;
use super::{avatars, contacts, members, profiles, users};
use crate::store::groups::Act;
use crate::store::people::NO_PASSWORD;
use crate::store::{Actor, ChatNo, StoreError, UserNo};

/// See [`Store::delete_user`](crate::store::Store::delete_user).
pub(super) fn delete(tx: &mut Tx<'_>, user: Actor, at: UnixMillis) -> Result<(), StoreError> {
    if is_gone(tx, user.no)? {
        return Ok(());
    }
    leave_all(tx, user, at)?;
    forget_all(tx, user, at)?;
    avatars::set_of_user(tx.conn, user.no, None, "", at)?;
    tx.conn
        .prepare_cached(
            "UPDATE users SET disabled = 1, password_hash = ?2, email = NULL, first_name = '',
               last_name = '', names_key = '', bio = '', status = 1, status_text = '',
               status_until = NULL, updated_at = ?3
             WHERE user_no = ?1",
        )?
        .execute(params![user.no.0, NO_PASSWORD, at])?;
    profiles::changed(tx, user, at)?;
    let sessions = tx
        .conn
        .prepare_cached("SELECT id FROM sessions WHERE user_no = ?1 ORDER BY id")?
        .query_map([user.no.0], |row| Ok(SessionId::from_bytes(row.get(0)?)))?
        .collect::<Result<Vec<_>, _>>()?;
    for session in sessions {
        users::sign_out(tx, user.no, session, at)?;
    }
    Ok(())
}

/// Whether this was done before.
fn is_gone(tx: &Tx<'_>, user: UserNo) -> Result<bool, StoreError> {
    tx.conn
        .prepare_cached(
            "SELECT disabled = 1 AND password_hash = ?2
                AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.user_no = u.user_no)
                AND NOT EXISTS (SELECT 1 FROM contacts k
                                WHERE k.owner = u.user_no OR k.other = u.user_no)
                AND NOT EXISTS (SELECT 1 FROM members m JOIN chats c ON c.chat_no = m.chat_no
                                WHERE m.user_no = u.user_no AND m.left_at IS NULL
                                  AND c.kind <> 1)
             FROM users u WHERE user_no = ?1",
        )?
        .query_row(params![user.0, NO_PASSWORD], |row| row.get(0))
        .optional()?
        .ok_or(StoreError::NoAccess)
}

/// Leaves every group and public chat.
fn leave_all(tx: &mut Tx<'_>, user: Actor, at: UnixMillis) -> Result<(), StoreError> {
    let chats = tx
        .conn
        .prepare_cached(
            "SELECT c.chat_no, c.id FROM members m JOIN chats c ON c.chat_no = m.chat_no
             WHERE m.user_no = ?1 AND m.left_at IS NULL AND c.kind <> 1 ORDER BY c.chat_no",
        )?
        .query_map([user.no.0], |row| {
            Ok((ChatNo(row.get(0)?), ChatId::from_bytes(row.get(1)?)))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    for (chat, chat_id) in chats {
        let state = tx.heads.get(tx.conn, chat)?.ok_or(StoreError::NoAccess)?;
        let act = Act {
            chat,
            chat_id,
            acl_rev: state.acl_rev,
            actor: user,
            entry: EntryId::generate(),
            at,
        };
        members::remove(tx, &act, user)?;
    }
    Ok(())
}

/// Forgets how the account and others stand to each other.
fn forget_all(tx: &mut Tx<'_>, user: Actor, at: UnixMillis) -> Result<(), StoreError> {
    let others = tx
        .conn
        .prepare_cached(
            "SELECT u.user_no, u.id FROM users u WHERE u.user_no IN (
               SELECT other FROM contacts WHERE owner = ?1
               UNION SELECT owner FROM contacts WHERE other = ?1)
             ORDER BY u.user_no",
        )?
        .query_map([user.no.0], |row| {
            Ok(Actor {
                no: UserNo(row.get(0)?),
                id: UserId::from_bytes(row.get(1)?),
            })
        })?
        .collect::<Result<Vec<_>, _>>()?;
    for other in others {
        if contacts::forget(tx, user.no, other.no)? {
            let about = About::User(user.id);
            account::append(tx, other, account_kind::CONTACT_CHANGED, at, about)?;
        }
    }
    Ok(())
}
