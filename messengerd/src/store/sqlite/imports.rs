//! What comes from another messenger.

use proto::id::EntryId;
use proto::text::search_fold;
use rusqlite::{Connection, OptionalExtension, params};

use super::entries::seq_of;
use super::{profiles, users};
use crate::store::imports::{EntryPlace, ImportedUser};
use crate::store::{ChatNo, StoreError, UserNo, UserRecord};

/// See [`Store::import_user`](crate::store::Store::import_user).
pub(super) fn user(
    conn: &Connection,
    user: &ImportedUser,
) -> Result<(UserRecord, bool), StoreError> {
    if let Some(known) = users::by_id(conn, user.id)? {
        return Ok((known, false));
    }
    let key = user.username.key();
    let email = user
        .email
        .as_ref()
        .map(|email| users::email_key(email.as_str()));
    users::free(conn, &key, email.as_deref())?;
    if let Some(avatar) = user.avatar {
        let kept = conn
            .prepare_cached("SELECT 1 FROM avatars WHERE hash = ?1")?
            .exists([avatar.0])?;
        if !kept {
            return Err(StoreError::NoEntry);
        }
    }
    let (first, last) = (shown(&user.first_name), shown(&user.last_name));
    let names = search_fold(&format!("{first} {last}"));
    conn.prepare_cached(
        "INSERT INTO users (id, username, username_key, email, password_hash, admin, disabled,
                            first_name, last_name, names_key, avatar, status, last_seen,
                            created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?14)",
    )?
    .execute(params![
        user.id.as_bytes(),
        user.username.as_str(),
        key,
        email,
        user.password_hash,
        user.admin,
        user.disabled,
        first,
        last,
        names.trim(),
        user.avatar.map(|avatar| avatar.0),
        profiles::status_number(user.status),
        user.last_seen,
        user.created_at,
    ])?;
    let no = UserNo(conn.last_insert_rowid());
    Ok((users::by_no(conn, no)?, true))
}

fn shown<T: AsRef<str>>(name: &Option<T>) -> &str {
    name.as_ref().map_or("", AsRef::as_ref)
}

/// See [`Store::places`](crate::store::Store::places).
pub(super) fn places(conn: &Connection, ids: &[EntryId]) -> Result<Vec<EntryPlace>, StoreError> {
    let mut select = conn.prepare_cached("SELECT mid FROM messages WHERE id = ?1")?;
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let mid: Option<i64> = select
            .query_row([id.as_bytes()], |row| row.get(0))
            .optional()?;
        found.extend(mid.map(|mid| EntryPlace {
            id: *id,
            chat: ChatNo(mid >> 32),
            seq: seq_of(mid),
        }));
    }
    Ok(found)
}
