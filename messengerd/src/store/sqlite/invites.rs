//! Invites to register, and values kept for the whole community.

use proto::UnixMillis;
use rusqlite::{Connection, OptionalExtension, params};

use crate::store::{NewInvite, StoreError};

pub(super) fn create(conn: &Connection, invite: &NewInvite) -> Result<(), StoreError> {
    let inserted = conn
        .prepare_cached(
            "INSERT INTO invites (token_hash, admin, max_uses, expires_at, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            invite.token_hash,
            invite.admin,
            invite.max_uses,
            invite.expires_at,
            invite.at,
        ])?;
    if inserted == 0 {
        return Err(StoreError::Conflict);
    }
    Ok(())
}

/// Takes one use; says whether it makes an admin.
pub(super) fn take(
    conn: &Connection,
    token_hash: &[u8; 32],
    at: UnixMillis,
) -> Result<bool, StoreError> {
    conn.prepare_cached(
        "UPDATE invites SET uses = uses + 1
         WHERE token_hash = ?1 AND uses < max_uses AND (expires_at IS NULL OR expires_at > ?2)
         RETURNING admin",
    )?
    .query_row(params![token_hash, at], |row| row.get(0))
    .optional()?
    .ok_or(StoreError::InviteInvalid)
}

pub(super) fn any_admin(conn: &Connection) -> Result<bool, StoreError> {
    Ok(conn
        .prepare_cached("SELECT 1 FROM invites WHERE admin = 1 LIMIT 1")?
        .exists([])?)
}

pub(super) fn setting(conn: &Connection, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(conn
        .prepare_cached("SELECT value FROM settings WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?)
}

pub(super) fn setting_or_insert(
    conn: &Connection,
    name: &str,
    value: &[u8],
) -> Result<Vec<u8>, StoreError> {
    conn.prepare_cached(
        "INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    )?
    .execute(params![name, value])?;
    Ok(conn
        .prepare_cached("SELECT value FROM settings WHERE name = ?1")?
        .query_row([name], |row| row.get(0))?)
}
