//! Where chats, accounts and sessions stand.

use deadpool_postgres::ClientWrapper;
use proto::id::{ChatId, SessionId, UserId};
use uuid::Uuid;

use super::error::Fault;
use super::schema::now;
use super::statements;
use crate::store::{AccountRevision, ChatNo, ChatRevision, Revisions, UserNo};

/// One statement, so that all of it is of one moment.
const FIND: &str = "
    SELECT 1::int2, c.id, c.chat_no, h.head, h.acl_rev, r.cursor_rev, h.floor
    FROM unnest($1::uuid[]) k(id) JOIN chats c ON c.id = k.id AND c.deleted_at IS NULL
    JOIN chat_heads h ON h.chat_no = c.chat_no JOIN chat_cursors r ON r.chat_no = c.chat_no
    UNION ALL
    SELECT 2::int2, u.id, u.user_no, u.account_seq, 0, 0, 0
    FROM unnest($2::uuid[]) k(id) JOIN users u ON u.id = k.id
    UNION ALL
    SELECT 3::int2, k.id, 0, 0, 0, 0, 0 FROM unnest($3::uuid[]) k(id)
    WHERE NOT EXISTS (SELECT 1 FROM sessions s
                      WHERE s.id = k.id AND (s.expires_at IS NULL OR s.expires_at > $4))";

/// See [`Store::revisions`](crate::store::Store::revisions).
pub(super) async fn find(
    conn: &ClientWrapper,
    chats: &[ChatId],
    users: &[UserId],
    sessions: &[SessionId],
) -> Result<Revisions, Fault> {
    let chats: Vec<Uuid> = chats.iter().map(|id| id.0).collect();
    let users: Vec<Uuid> = users.iter().map(|id| id.0).collect();
    let sessions: Vec<Uuid> = sessions.iter().map(|id| id.0).collect();
    let mut found = Revisions::default();
    for row in statements::rows(conn, FIND, &[&chats, &users, &sessions, &now()]).await? {
        let id: Uuid = row.try_get(1)?;
        let number = |at| row.try_get::<_, i64>(at);
        match row.try_get::<_, i16>(0)? {
            1 => found.chats.push(ChatRevision {
                chat: ChatNo(number(2)?),
                chat_id: ChatId(id),
                seq: number(3)? as u64,
                acl_rev: number(4)? as u64,
                cursor_rev: number(5)? as u64,
                floor: number(6)? as u64,
            }),
            2 => found.accounts.push(AccountRevision {
                user: UserNo(number(2)?),
                user_id: UserId(id),
                seq: number(3)? as u64,
            }),
            _ => found.ended.push(SessionId(id)),
        }
    }
    Ok(found)
}
