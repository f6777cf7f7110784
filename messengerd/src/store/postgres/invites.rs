//! Invites to register, and values kept for the whole community.

use deadpool_postgres::ClientWrapper;
use proto::UnixMillis;

use super::error::Fault;
use super::pool::Done;
use super::statements;
use super::timestamp::At;
use crate::store::{NewInvite, StoreError};

pub(super) async fn create(conn: &ClientWrapper, invite: &NewInvite) -> Result<Done<()>, Fault> {
    let inserted = statements::run(
        conn,
        "INSERT INTO invites (token_hash, admin, max_uses, expires_at, created_at)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        &[
            &invite.token_hash.as_slice(),
            &invite.admin,
            &i64::from(invite.max_uses),
            &invite.expires_at.map(At),
            &At(invite.at),
        ],
    )
    .await?;
    if inserted == 0 {
        return Err(StoreError::Conflict.into());
    }
    Ok(Done::quiet(()))
}

/// Takes one use; says whether it makes an admin.
pub(super) async fn take(
    conn: &ClientWrapper,
    token_hash: &[u8; 32],
    at: UnixMillis,
) -> Result<bool, Fault> {
    let row = statements::row(
        conn,
        "UPDATE invites SET uses = uses + 1
         WHERE token_hash = $1 AND uses < max_uses AND (expires_at IS NULL OR expires_at > $2)
         RETURNING admin",
        &[&token_hash.as_slice(), &At(at)],
    )
    .await?;
    Ok(row.ok_or(StoreError::InviteInvalid)?.try_get(0)?)
}

pub(super) async fn any_admin(conn: &ClientWrapper) -> Result<bool, Fault> {
    let found = statements::row(conn, "SELECT 1 FROM invites WHERE admin LIMIT 1", &[]).await?;
    Ok(found.is_some())
}

pub(super) async fn setting(conn: &ClientWrapper, name: &str) -> Result<Option<Vec<u8>>, Fault> {
    let row = statements::row(conn, "SELECT value FROM settings WHERE name = $1", &[&name]).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// The insert waits for one that is under way elsewhere; the look-up behind it
/// then sees whose value holds.
pub(super) async fn setting_or_insert(
    conn: &ClientWrapper,
    name: &str,
    value: &[u8],
) -> Result<Vec<u8>, Fault> {
    statements::run(
        conn,
        "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        &[&name, &value],
    )
    .await?;
    let value = setting(conn, name).await?;
    value.ok_or_else(|| Fault::internal("a setting vanished"))
}
