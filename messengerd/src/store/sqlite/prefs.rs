//! A member's own settings of a chat, and the directory of public chats.

use proto::UnixMillis;
use proto::digest::Digest;
use proto::entry::account_kind;
use proto::id::ChatId;
use proto::request::{ChatPrefs, NotifyLevel};
use proto::text::search_fold;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::account::{self, About};
use super::chats;
use super::writer::Tx;
use crate::store::groups::PublicRecord;
use crate::store::{Actor, ChatNo, StoreError, UserNo};

/// See [`Store::chat_prefs`](crate::store::Store::chat_prefs).
pub(super) fn get(
    conn: &Connection,
    chat: ChatNo,
    user: UserNo,
) -> Result<Option<ChatPrefs>, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT notify, quiet_until, hidden_upto FROM members
             WHERE chat_no = ?1 AND user_no = ?2 AND left_at IS NULL",
        )?
        .query_row([chat.0, user.0], |row| record(row, 0))
        .optional()?)
}

/// Reads settings whose first column is `at`.
pub(super) fn record(row: &Row<'_>, at: usize) -> Result<ChatPrefs, rusqlite::Error> {
    Ok(ChatPrefs {
        notify: match row.get(at)? {
            2 => NotifyLevel::Mentions,
            3 => NotifyLevel::None,
            _ => NotifyLevel::All,
        },
        muted_until: row.get(at + 1)?,
        hidden_upto: row.get::<_, i64>(at + 2)? as u64,
    })
}

/// See [`Store::set_chat_prefs`](crate::store::Store::set_chat_prefs).
pub(super) fn set(
    tx: &mut Tx<'_>,
    chat: ChatNo,
    user: Actor,
    prefs: ChatPrefs,
    at: UnixMillis,
) -> Result<(), StoreError> {
    let notify = match prefs.notify {
        NotifyLevel::All | NotifyLevel::Unknown => 1,
        NotifyLevel::Mentions => 2,
        NotifyLevel::None => 3,
    };
    let changed = tx
        .conn
        .prepare_cached(
            "UPDATE members SET notify = ?3, quiet_until = ?4, hidden_upto = ?5
             WHERE chat_no = ?1 AND user_no = ?2 AND left_at IS NULL",
        )?
        .execute(params![
            chat.0,
            user.no.0,
            notify,
            prefs.muted_until,
            prefs.hidden_upto.min(i64::MAX as u64) as i64,
        ])?;
    let id = chats::id_of(tx.conn, chat)?;
    let (1, Some(id)) = (changed, id) else {
        return Err(StoreError::NoAccess);
    };
    let about = About::Chat(id);
    account::append(tx, user, account_kind::CHAT_PREFS_CHANGED, at, about)
}

/// See [`Store::directory`](crate::store::Store::directory).
pub(super) fn directory(
    conn: &Connection,
    user: UserNo,
    query: &str,
    limit: u32,
    offset: u32,
) -> Result<(Vec<PublicRecord>, bool), StoreError> {
    let mut found = conn
        .prepare_cached(
            "SELECT c.id, c.name, c.description, c.avatar, c.members, EXISTS (
               SELECT 1 FROM members m
               WHERE m.chat_no = c.chat_no AND m.user_no = ?1 AND m.left_at IS NULL)
             FROM chats c
             WHERE c.kind = 3 AND c.deleted_at IS NULL AND instr(c.search_key, ?2) > 0
             ORDER BY c.members DESC, c.chat_no LIMIT ?3 OFFSET ?4",
        )?
        .query_map(
            params![
                user.0,
                search_fold(query.trim()),
                i64::from(limit) + 1,
                offset
            ],
            |row| {
                Ok(PublicRecord {
                    id: ChatId::from_bytes(row.get(0)?),
                    name: row.get::<_, Option<String>>(1)?.unwrap_or_default(),
                    description: row.get(2)?,
                    avatar: row.get::<_, Option<[u8; 32]>>(3)?.map(Digest),
                    members: row.get::<_, i64>(4)? as u64,
                    joined: row.get(5)?,
                })
            },
        )?
        .collect::<Result<Vec<_>, _>>()?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    Ok((found, more))
}
