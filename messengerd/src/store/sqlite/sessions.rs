//! Signed-in devices.

use proto::UnixMillis;
use proto::entry::account_kind;
use proto::id::SessionId;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::account::{self, About};
use super::users;
use super::writer::Tx;
use crate::store::{Actor, NewSession, SessionRecord, StoreError, UserNo, UserRecord};

pub(super) fn open(tx: &mut Tx<'_>, user: Actor, session: &NewSession) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached("DELETE FROM sessions WHERE user_no = ?1 AND expires_at <= ?2")?
        .execute([user.no.0, session.at])?;
    let inserted = tx
        .conn
        .prepare_cached(
            "INSERT INTO sessions (id, user_no, device, created_at, last_used, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?4, ?5) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            session.id.as_bytes(),
            user.no.0,
            session.device.as_str(),
            session.at,
            session.expires_at,
        ])?;
    if inserted == 0 {
        return Err(StoreError::Conflict);
    }
    let about = About::Session(session.id);
    account::append(tx, user, account_kind::SESSION_OPENED, session.at, about)
}

fn record(row: &Row<'_>) -> Result<SessionRecord, rusqlite::Error> {
    Ok(SessionRecord {
        id: SessionId::from_bytes(row.get(0)?),
        user: UserNo(row.get(1)?),
        device: row.get(2)?,
        created_at: row.get(3)?,
        last_used: row.get(4)?,
        expires_at: row.get(5)?,
    })
}

pub(super) fn get(
    conn: &Connection,
    id: SessionId,
    now: UnixMillis,
) -> Result<Option<(SessionRecord, UserRecord)>, StoreError> {
    let sql = concat!(
        "SELECT s.id, s.user_no, s.device, s.created_at, s.last_used, s.expires_at, ",
        users::columns!(),
        " FROM sessions s JOIN users u ON u.user_no = s.user_no
          WHERE s.id = ?1 AND u.disabled = 0 AND (s.expires_at IS NULL OR s.expires_at > ?2)"
    );
    Ok(conn
        .prepare_cached(sql)?
        .query_row(params![id.as_bytes(), now], |row| {
            Ok((record(row)?, users::record(row, 6)?))
        })
        .optional()?)
}

pub(super) fn of_user(
    conn: &Connection,
    user: UserNo,
    now: UnixMillis,
) -> Result<Vec<SessionRecord>, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT id, user_no, device, created_at, last_used, expires_at FROM sessions
             WHERE user_no = ?1 AND (expires_at IS NULL OR expires_at > ?2)
             ORDER BY last_used DESC, created_at DESC, id",
        )?
        .query_map([user.0, now], record)?
        .collect::<Result<Vec<_>, _>>()?)
}

pub(super) fn touch(conn: &Connection, used: &[(SessionId, UnixMillis)]) -> Result<(), StoreError> {
    let mut update =
        conn.prepare_cached("UPDATE sessions SET last_used = ?2 WHERE id = ?1 AND last_used < ?2")?;
    for (id, at) in used {
        update.execute(params![id.as_bytes(), at])?;
    }
    Ok(())
}

pub(super) fn delete(
    conn: &Connection,
    user: UserNo,
    session: SessionId,
) -> Result<bool, StoreError> {
    let gone = conn
        .prepare_cached("DELETE FROM sessions WHERE id = ?1 AND user_no = ?2")?
        .execute(params![session.as_bytes(), user.0])?;
    Ok(gone > 0)
}
