//! Where chats, accounts and sessions stand.

use proto::UnixMillis;
use proto::id::{ChatId, SessionId, UserId};
use rusqlite::{OptionalExtension, params};

use super::readers::Reader;
use crate::store::{AccountRevision, ChatNo, ChatRevision, Revisions, StoreError, UserNo};

/// See [`Store::revisions`](crate::store::Store::revisions).
pub(super) fn find(
    reader: &mut Reader,
    chats: &[ChatId],
    users: &[UserId],
    sessions: &[SessionId],
    now: UnixMillis,
) -> Result<Revisions, StoreError> {
    reader.snapshot(|reader| {
        let mut found = Revisions::default();
        let mut chat = reader.conn.prepare_cached(
            "SELECT c.chat_no, h.head, h.acl_rev, h.cursor_rev, h.floor
             FROM chats c JOIN chat_heads h ON h.chat_no = c.chat_no
             WHERE c.id = ?1 AND c.deleted_at IS NULL",
        )?;
        for id in chats {
            let revision = chat
                .query_row([id.as_bytes()], |row| {
                    let number = |at| row.get::<_, i64>(at).map(|number| number as u64);
                    Ok(ChatRevision {
                        chat: ChatNo(row.get(0)?),
                        chat_id: *id,
                        seq: number(1)?,
                        acl_rev: number(2)?,
                        cursor_rev: number(3)?,
                        floor: number(4)?,
                    })
                })
                .optional()?;
            found.chats.extend(revision);
        }
        let mut account = reader
            .conn
            .prepare_cached("SELECT user_no, account_seq FROM users WHERE id = ?1")?;
        for id in users {
            let revision = account
                .query_row([id.as_bytes()], |row| {
                    Ok(AccountRevision {
                        user: UserNo(row.get(0)?),
                        user_id: *id,
                        seq: row.get::<_, i64>(1)? as u64,
                    })
                })
                .optional()?;
            found.accounts.extend(revision);
        }
        let mut open = reader.conn.prepare_cached(
            "SELECT 1 FROM sessions
             WHERE id = ?1 AND (expires_at IS NULL OR expires_at > ?2)",
        )?;
        for id in sessions {
            if !open.exists(params![id.as_bytes(), now])? {
                found.ended.push(*id);
            }
        }
        Ok(found)
    })
}
