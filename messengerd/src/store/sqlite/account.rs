//! Logs of accounts.

use proto::entry::AccountEntry;
use proto::id::{ChatId, SessionId, UserId};
use proto::{Seq, UnixMillis};
use rusqlite::{Connection, OptionalExtension, params};

use super::writer::Tx;
use crate::store::{Actor, Committed, StoreError, UserNo};

/// What an entry is about.
#[derive(Debug, Clone, Copy)]
pub(super) enum About {
    Chat(ChatId),
    Session(SessionId),
    User(UserId),
    /// The account itself.
    Itself,
}

/// Appends to a user's log and tells the feed.
pub(super) fn append(
    tx: &mut Tx<'_>,
    user: Actor,
    kind: u16,
    at: UnixMillis,
    about: About,
) -> Result<(), StoreError> {
    let seq: i64 = tx
        .conn
        .prepare_cached(
            "UPDATE users SET account_seq = account_seq + 1 WHERE user_no = ?1
             RETURNING account_seq",
        )?
        .query_row([user.no.0], |row| row.get(0))?;
    let (mut chat, mut session, mut person) = (None, None, None);
    match about {
        About::Chat(id) => chat = Some(id),
        About::Session(id) => session = Some(id),
        About::User(id) => person = Some(id),
        About::Itself => {}
    }
    tx.conn
        .prepare_cached(
            "INSERT INTO account_log (user_no, seq, kind, at, chat, session, about)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            user.no.0,
            seq,
            kind,
            at,
            chat.as_ref().map(ChatId::as_bytes),
            session.as_ref().map(SessionId::as_bytes),
            person.as_ref().map(UserId::as_bytes),
        ])?;
    tx.events.push(Committed::Account {
        user: user.id,
        entry: AccountEntry {
            seq: seq as u64,
            kind,
            at,
            chat,
            session,
            user: person,
        },
    });
    Ok(())
}

/// The outside's name of a user, as needed by [`append`].
pub(super) fn actor(conn: &Connection, user: UserNo) -> Result<Actor, StoreError> {
    conn.prepare_cached("SELECT id FROM users WHERE user_no = ?1")?
        .query_row([user.0], |row| Ok(UserId::from_bytes(row.get(0)?)))
        .optional()?
        .map(|id| Actor { no: user, id })
        .ok_or(StoreError::NoAccess)
}

/// The latest entry of a user's log.
pub(super) fn latest(conn: &Connection, user: UserNo) -> Result<Seq, StoreError> {
    let latest: Option<i64> = conn
        .prepare_cached("SELECT account_seq FROM users WHERE user_no = ?1")?
        .query_row([user.0], |row| row.get(0))
        .optional()?;
    Ok(latest.unwrap_or(0) as u64)
}

/// Entries after one, oldest first, and whether there are more.
pub(super) fn after(
    conn: &Connection,
    user: UserNo,
    after: Seq,
    limit: u32,
) -> Result<(Vec<AccountEntry>, bool), StoreError> {
    let after = after.min(i64::MAX as u64) as i64;
    let mut entries = conn
        .prepare_cached(
            "SELECT seq, kind, at, chat, session, about FROM account_log
             WHERE user_no = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
        )?
        .query_map(params![user.0, after, i64::from(limit) + 1], |row| {
            Ok(AccountEntry {
                seq: row.get::<_, i64>(0)? as u64,
                kind: row.get(1)?,
                at: row.get(2)?,
                chat: row.get::<_, Option<[u8; 16]>>(3)?.map(ChatId::from_bytes),
                session: row
                    .get::<_, Option<[u8; 16]>>(4)?
                    .map(SessionId::from_bytes),
                user: row.get::<_, Option<[u8; 16]>>(5)?.map(UserId::from_bytes),
            })
        })?
        .collect::<Result<Vec<_>, _>>()?;
    let more = entries.len() > limit as usize;
    entries.truncate(limit as usize);
    Ok((entries, more))
}
