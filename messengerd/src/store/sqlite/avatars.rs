//! Pictures of people and chats.

use bytes::Bytes;
use proto::UnixMillis;
use proto::digest::Digest;
use rusqlite::{Connection, OptionalExtension, params};

use crate::store::people::AvatarRecord;
use crate::store::{ChatNo, StoreError, UserNo};

/// See [`Store::put_avatar`](crate::store::Store::put_avatar).
pub(super) fn put(conn: &Connection, avatar: &AvatarRecord) -> Result<(), StoreError> {
    conn.prepare_cached(
        "INSERT INTO avatars (hash, mime, image) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    )?
    .execute(params![avatar.hash.0, avatar.mime, &avatar.image[..]])?;
    Ok(())
}

/// See [`Store::avatar`](crate::store::Store::avatar).
pub(super) fn get(conn: &Connection, hash: Digest) -> Result<Option<(String, Bytes)>, StoreError> {
    Ok(conn
        .prepare_cached("SELECT mime, image FROM avatars WHERE hash = ?1")?
        .query_row([hash.0], |row| {
            Ok((row.get(0)?, Bytes::from(row.get::<_, Vec<u8>>(1)?)))
        })
        .optional()?)
}

/// Gives a chat a picture that is kept, says where another one is, or takes it
/// away.
pub(super) fn set_of_chat(
    conn: &Connection,
    chat: ChatNo,
    avatar: Option<Digest>,
    url: &str,
    at: UnixMillis,
) -> Result<(), StoreError> {
    replace(
        conn,
        "SELECT avatar FROM chats WHERE chat_no = ?1",
        "UPDATE chats SET avatar = ?2, updated_at = ?3, avatar_url = ?4 WHERE chat_no = ?1",
        chat.0,
        avatar,
        url,
        at,
    )
}

/// Gives an account a picture that is kept, says where another one is, or takes
/// it away.
pub(super) fn set_of_user(
    conn: &Connection,
    user: UserNo,
    avatar: Option<Digest>,
    url: &str,
    at: UnixMillis,
) -> Result<(), StoreError> {
    replace(
        conn,
        "SELECT avatar FROM users WHERE user_no = ?1",
        "UPDATE users SET avatar = ?2, rev = rev + 1, updated_at = ?3, avatar_url = ?4
         WHERE user_no = ?1",
        user.0,
        avatar,
        url,
        at,
    )
}

fn replace(
    conn: &Connection,
    select: &str,
    update: &str,
    owner: i64,
    avatar: Option<Digest>,
    url: &str,
    at: UnixMillis,
) -> Result<(), StoreError> {
    if let Some(hash) = avatar {
        let kept = conn
            .prepare_cached("SELECT 1 FROM avatars WHERE hash = ?1")?
            .exists([hash.0])?;
        if !kept {
            return Err(StoreError::NoEntry);
        }
    }
    let before: Option<[u8; 32]> = conn
        .prepare_cached(select)?
        .query_row([owner], |row| row.get(0))
        .optional()?
        .ok_or(StoreError::NoAccess)?;
    conn.prepare_cached(update)?
        .execute(params![owner, avatar.map(|hash| hash.0), at, url])?;
    if let Some(before) = before {
        // Nobody has it any more.
        conn.prepare_cached(
            "DELETE FROM avatars WHERE hash = ?1
               AND NOT EXISTS (SELECT 1 FROM users WHERE avatar = ?1)
               AND NOT EXISTS (SELECT 1 FROM chats WHERE avatar = ?1)",
        )?
        .execute([before])?;
    }
    Ok(())
}
