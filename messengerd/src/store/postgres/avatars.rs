//! Pictures of people and chats.

use bytes::Bytes;
use deadpool_postgres::ClientWrapper;
use proto::digest::Digest;
use tokio_postgres::Row;

use super::error::Fault;
use super::pool::Done;
use super::statements;
use crate::store::StoreError;
use crate::store::people::AvatarRecord;

/// Reads the hash of a picture from a column.
pub(super) fn hash(row: &Row, at: usize) -> Result<Option<Digest>, Fault> {
    let Some(bytes) = row.try_get::<_, Option<&[u8]>>(at)? else {
        return Ok(None);
    };
    let bytes = bytes
        .try_into()
        .map_err(|_| Fault::internal("the hash of a picture has another length"))?;
    Ok(Some(Digest(bytes)))
}

/// See [`Store::put_avatar`](crate::store::Store::put_avatar).
pub(super) async fn put(conn: &ClientWrapper, avatar: &AvatarRecord) -> Result<Done<()>, Fault> {
    statements::run(
        conn,
        "INSERT INTO avatars (hash, mime, image) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        &[
            &avatar.hash.0.as_slice(),
            &avatar.mime,
            &avatar.image.as_ref(),
        ],
    )
    .await?;
    Ok(Done::quiet(()))
}

/// See [`Store::avatar`](crate::store::Store::avatar).
pub(super) async fn get(
    conn: &ClientWrapper,
    hash: Digest,
) -> Result<Option<(String, Bytes)>, Fault> {
    let sql = "SELECT mime, image FROM avatars WHERE hash = $1";
    let row = statements::row(conn, sql, &[&hash.0.as_slice()]).await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some((
        row.try_get(0)?,
        Bytes::copy_from_slice(row.try_get(1)?),
    )))
}

/// Keeps a picture from being swept away until the transaction ends in which
/// somebody gets it.
pub(super) async fn hold(conn: &ClientWrapper, hash: Option<Digest>) -> Result<(), Fault> {
    let Some(hash) = hash else { return Ok(()) };
    let sql = "SELECT 1 FROM avatars WHERE hash = $1 FOR KEY SHARE";
    let found = statements::row(conn, sql, &[&hash.0.as_slice()]).await?;
    found.ok_or(StoreError::NoEntry)?;
    Ok(())
}

/// To be sent before [`SWEEP`], which then sees what those did who held it.
pub(super) const LOCK: &str = "SELECT 1 FROM avatars WHERE hash = $1 FOR UPDATE";
/// Removes a picture that nobody has any more; nothing for null.
pub(super) const SWEEP: &str = "DELETE FROM avatars a WHERE a.hash = $1
    AND NOT EXISTS (SELECT 1 FROM users u WHERE u.avatar = a.hash)
    AND NOT EXISTS (SELECT 1 FROM chats c WHERE c.avatar = a.hash)";
