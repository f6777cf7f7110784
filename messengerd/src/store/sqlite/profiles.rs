//! What people say of themselves, and their passwords.

use proto::UnixMillis;
use proto::digest::Digest;
use proto::entry::account_kind;
use proto::id::SessionId;
use proto::request::Status;
use proto::text::search_fold;
use rusqlite::params;

use super::account::{self, About};
use super::writer::Tx;
use super::{avatars, users};
use crate::store::people::{ChosenStatus, ProfileChange};
use crate::store::{Actor, StoreError, Unique, UserRecord};

fn status_number(status: Status) -> i64 {
    match status {
        Status::Online | Status::Offline | Status::Unknown => 1,
        Status::Away => 2,
        Status::Busy => 3,
        Status::Invisible => 4,
    }
}

/// The status that is kept so.
pub(super) fn status_of(number: i64) -> Status {
    match number {
        2 => Status::Away,
        3 => Status::Busy,
        4 => Status::Invisible,
        _ => Status::Online,
    }
}

/// See [`Store::set_profile`](crate::store::Store::set_profile).
pub(super) fn set(
    tx: &mut Tx<'_>,
    user: Actor,
    change: ProfileChange,
    at: UnixMillis,
) -> Result<UserRecord, StoreError> {
    let before = users::by_no(tx.conn, user.no)?;
    let mut next = before.clone();
    if let Some(name) = change.first_name {
        next.first_name = name.map(String::from).unwrap_or_default();
    }
    if let Some(name) = change.last_name {
        next.last_name = name.map(String::from).unwrap_or_default();
    }
    if let Some(bio) = change.bio {
        next.bio = bio.into();
    }
    if let Some(email) = change.email {
        next.email = email.map(|email| users::email_key(email.as_str()));
    }
    if let Some(receipts) = change.receipts {
        next.receipts = receipts;
    }
    if next == before {
        return Ok(before);
    }
    if next.email != before.email
        && let Some(email) = &next.email
        && tx
            .conn
            .prepare_cached("SELECT 1 FROM users WHERE email = ?1")?
            .exists([email])?
    {
        return Err(StoreError::Taken(Unique::Email));
    }
    next.updated_at = at;
    let shown = |user: &UserRecord| (user.shown(), user.bio.clone());
    if shown(&next) != shown(&before) {
        next.rev += 1;
    }
    let names = search_fold(&format!("{} {}", next.first_name, next.last_name));
    tx.conn
        .prepare_cached(
            "UPDATE users SET first_name = ?2, last_name = ?3, names_key = ?4, bio = ?5,
                              email = ?6, receipts = ?7, rev = ?8, updated_at = ?9
             WHERE user_no = ?1",
        )?
        .execute(params![
            user.no.0,
            next.first_name,
            next.last_name,
            names.trim(),
            next.bio,
            next.email,
            next.receipts,
            next.rev as i64,
            at,
        ])?;
    changed(tx, user, at)?;
    Ok(next)
}

pub(super) fn changed(tx: &mut Tx<'_>, user: Actor, at: UnixMillis) -> Result<(), StoreError> {
    account::append(tx, user, account_kind::PROFILE_CHANGED, at, About::Itself)
}

/// See [`Store::set_status`](crate::store::Store::set_status).
pub(super) fn set_status(
    tx: &mut Tx<'_>,
    user: Actor,
    chosen: &ChosenStatus,
    at: UnixMillis,
) -> Result<UserRecord, StoreError> {
    let text = chosen.text.as_ref().map_or("", |text| text.as_str());
    let updated = tx
        .conn
        .prepare_cached(
            "UPDATE users SET status = ?2, status_text = ?3, status_until = ?4,
                              updated_at = ?5 WHERE user_no = ?1",
        )?
        .execute(params![
            user.no.0,
            status_number(chosen.status),
            text,
            chosen.until,
            at,
        ])?;
    if updated == 0 {
        return Err(StoreError::NoAccess);
    }
    changed(tx, user, at)?;
    users::by_no(tx.conn, user.no)
}

/// See [`Store::set_user_avatar`](crate::store::Store::set_user_avatar).
pub(super) fn set_avatar(
    tx: &mut Tx<'_>,
    user: Actor,
    avatar: Option<Digest>,
    url: &str,
    at: UnixMillis,
) -> Result<UserRecord, StoreError> {
    avatars::set_of_user(tx.conn, user.no, avatar, url, at)?;
    changed(tx, user, at)?;
    users::by_no(tx.conn, user.no)
}

/// See [`Store::set_password`](crate::store::Store::set_password).
pub(super) fn set_password(
    tx: &mut Tx<'_>,
    user: Actor,
    hash: &str,
    keep: SessionId,
    at: UnixMillis,
) -> Result<(), StoreError> {
    let updated = tx
        .conn
        .prepare_cached("UPDATE users SET password_hash = ?2 WHERE user_no = ?1")?
        .execute(params![user.no.0, hash])?;
    if updated == 0 {
        return Err(StoreError::NoAccess);
    }
    let others = tx
        .conn
        .prepare_cached("SELECT id FROM sessions WHERE user_no = ?1 AND id <> ?2 ORDER BY id")?
        .query_map(params![user.no.0, keep.as_bytes()], |row| {
            Ok(SessionId::from_bytes(row.get(0)?))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    for session in others {
        users::sign_out(tx, user.no, session, at)?;
    }
    Ok(())
}
