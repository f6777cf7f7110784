//! Invite links to chats.

use proto::UnixMillis;
use proto::id::{ChatId, UserId};
use proto::limits::CHAT_INVITES;
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::writer::Tx;
use crate::store::groups::{ChatInviteRecord, NewChatInvite};
use crate::store::{ChatNo, StoreError};

/// Links with their chats and makers; what is behind it says which.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT i.id, i.chat_no, c.id, u.id, i.token, i.created_at, i.expires_at,
                    i.max_uses, i.uses
             FROM chat_invites i JOIN chats c ON c.chat_no = i.chat_no
             JOIN users u ON u.user_no = i.created_by WHERE ",
            $rest
        )
    };
}

/// Whether a link holds at the time `?2`.
macro_rules! holds {
    () => {
        "revoked = 0 AND (expires_at IS NULL OR expires_at > ?2)
         AND (max_uses IS NULL OR uses < max_uses)"
    };
}

fn record(row: &Row<'_>) -> Result<ChatInviteRecord, rusqlite::Error> {
    Ok(ChatInviteRecord {
        id: Uuid::from_bytes(row.get(0)?),
        chat: ChatNo(row.get(1)?),
        chat_id: ChatId::from_bytes(row.get(2)?),
        by: UserId::from_bytes(row.get(3)?),
        token: row.get(4)?,
        created_at: row.get(5)?,
        expires_at: row.get(6)?,
        max_uses: row.get(7)?,
        uses: row.get(8)?,
    })
}

/// See [`Store::create_chat_invite`](crate::store::Store::create_chat_invite).
pub(super) fn create(
    tx: &mut Tx<'_>,
    invite: &NewChatInvite,
) -> Result<ChatInviteRecord, StoreError> {
    let conn = tx.conn;
    let first: Option<(i64, i64)> = conn
        .prepare_cached("SELECT chat_no, created_by FROM chat_invites WHERE id = ?1")?
        .query_row([invite.id.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match first {
        None => insert(conn, invite)?,
        Some(first) if first == (invite.chat.0, invite.by.no.0) => {}
        Some(_) => return Err(StoreError::Conflict),
    }
    Ok(conn
        .prepare_cached(select!("i.id = ?1"))?
        .query_row([invite.id.as_bytes()], record)?)
}

fn insert(conn: &Connection, invite: &NewChatInvite) -> Result<(), StoreError> {
    let alive = conn
        .prepare_cached("SELECT 1 FROM chats WHERE chat_no = ?1 AND deleted_at IS NULL")?
        .exists([invite.chat.0])?;
    if !alive {
        return Err(StoreError::NoAccess);
    }
    let holding: i64 = conn
        .prepare_cached(concat!(
            "SELECT count(*) FROM chat_invites WHERE chat_no = ?1 AND ",
            holds!()
        ))?
        .query_row([invite.chat.0, invite.at], |row| row.get(0))?;
    if holding >= CHAT_INVITES as i64 {
        return Err(StoreError::TooMany("invite links"));
    }
    conn.prepare_cached(
        "INSERT INTO chat_invites
           (id, chat_no, token, created_by, created_at, expires_at, max_uses)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        invite.id.as_bytes(),
        invite.chat.0,
        invite.token,
        invite.by.no.0,
        invite.at,
        invite.expires_at,
        invite.max_uses,
    ])?;
    Ok(())
}

/// See [`Store::chat_invites`](crate::store::Store::chat_invites).
pub(super) fn of_chat(
    conn: &Connection,
    chat: ChatNo,
    at: UnixMillis,
) -> Result<Vec<ChatInviteRecord>, StoreError> {
    let sql = concat!(
        select!("i.chat_no = ?1 AND c.deleted_at IS NULL AND "),
        holds!(),
        " ORDER BY i.created_at DESC, i.id DESC"
    );
    Ok(conn
        .prepare_cached(sql)?
        .query_map([chat.0, at], record)?
        .collect::<Result<Vec<_>, _>>()?)
}

/// See [`Store::chat_invite`](crate::store::Store::chat_invite).
pub(super) fn by_token(
    conn: &Connection,
    token: &str,
    at: UnixMillis,
) -> Result<Option<ChatInviteRecord>, StoreError> {
    let sql = concat!(
        select!("i.token = ?1 AND c.deleted_at IS NULL AND "),
        holds!()
    );
    Ok(conn
        .prepare_cached(sql)?
        .query_row(params![token, at], record)
        .optional()?)
}

/// Takes one use of a link to a chat.
pub(super) fn take(
    conn: &Connection,
    chat: ChatNo,
    token: &str,
    at: UnixMillis,
) -> Result<(), StoreError> {
    let taken = conn
        .prepare_cached(concat!(
            "UPDATE chat_invites SET uses = uses + 1 WHERE token = ?1 AND chat_no = ?3 AND ",
            holds!()
        ))?
        .execute(params![token, at, chat.0])?;
    if taken == 0 {
        return Err(StoreError::InviteInvalid);
    }
    Ok(())
}

/// See [`Store::revoke_chat_invite`](crate::store::Store::revoke_chat_invite).
pub(super) fn revoke(conn: &Connection, chat: ChatNo, id: Uuid) -> Result<bool, StoreError> {
    let revoked = conn
        .prepare_cached(
            "UPDATE chat_invites SET revoked = 1
             WHERE chat_no = ?1 AND id = ?2 AND revoked = 0",
        )?
        .execute(params![chat.0, id.as_bytes()])?;
    Ok(revoked > 0)
}

/// Makes all links to a chat invalid.
pub(super) fn revoke_all(conn: &Connection, chat: ChatNo) -> Result<(), StoreError> {
    conn.prepare_cached("UPDATE chat_invites SET revoked = 1 WHERE chat_no = ?1")?
        .execute([chat.0])?;
    Ok(())
}
