//! Invite links to chats.

use deadpool_postgres::ClientWrapper;
use proto::UnixMillis;
use proto::id::{ChatId, UserId};
use proto::limits::CHAT_INVITES;
use tokio_postgres::Row;
use uuid::Uuid;

use super::error::Fault;
use super::pool::Done;
use super::statements::{self, leave};
use super::timestamp::At;
use crate::store::groups::{ChatInviteRecord, NewChatInvite};
use crate::store::{ChatNo, StoreError};

macro_rules! columns {
    () => {
        "SELECT i.id, i.chat_no, c.id, u.id, i.token, i.created_at, i.expires_at, i.max_uses, i.uses
         FROM chat_invites i JOIN chats c ON c.chat_no = i.chat_no AND c.deleted_at IS NULL
         JOIN users u ON u.user_no = i.created_by "
    };
}

/// Whether `chat_invites i` holds at a time.
macro_rules! holds {
    ($at:literal) => {
        concat!(
            "NOT i.revoked AND (i.expires_at IS NULL OR i.expires_at > ",
            $at,
            ") AND (i.max_uses IS NULL OR i.uses < i.max_uses)"
        )
    };
}

fn record(row: &Row) -> Result<ChatInviteRecord, Fault> {
    let count = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    Ok(ChatInviteRecord {
        id: row.try_get(0)?,
        chat: ChatNo(row.try_get(1)?),
        chat_id: ChatId(row.try_get(2)?),
        by: UserId(row.try_get(3)?),
        token: row.try_get(4)?,
        created_at: row.try_get::<_, At>(5)?.0,
        expires_at: row.try_get::<_, Option<At>>(6)?.map(|at| at.0),
        max_uses: row.try_get::<_, Option<i64>>(7)?.map(count),
        uses: count(row.try_get(8)?),
    })
}

/// Those who make links for one chat take turns, so that they can be counted.
const LOCK: &str = "SELECT 1 FROM chats WHERE chat_no = $1 AND deleted_at IS NULL
    FOR NO KEY UPDATE";
const FIRST: &str = "SELECT chat_no, created_by FROM chat_invites WHERE id = $1";
const COUNT: &str = concat!(
    "SELECT count(*) FROM chat_invites i WHERE i.chat_no = $1 AND ",
    holds!("$2")
);
const INSERT: &str = "INSERT INTO chat_invites
      (id, chat_no, token, created_by, created_at, expires_at, max_uses)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
const BY_ID: &str = concat!(columns!(), "WHERE i.id = $1");

/// See [`Store::create_chat_invite`](crate::store::Store::create_chat_invite).
pub(super) async fn create(
    conn: &ClientWrapper,
    invite: &NewChatInvite,
) -> Result<Done<ChatInviteRecord>, Fault> {
    let (chat, at) = (invite.chat.0, At(invite.at));
    let answers = statements::start(
        conn,
        &[
            (LOCK, &[&chat]),
            (FIRST, &[&invite.id]),
            (COUNT, &[&chat, &at]),
        ],
    )
    .await?;
    let [locked, first, count] = answers.as_slice() else {
        return Err(Fault::internal("answers were lost"));
    };
    if locked.is_empty() {
        return Err(StoreError::NoAccess.into());
    }
    let row = match first.first() {
        Some(first) if (first.try_get(0)?, first.try_get(1)?) != (chat, invite.by.no.0) => {
            return Err(StoreError::Conflict.into());
        }
        Some(_) => {
            let row = statements::row(conn, BY_ID, &[&invite.id]).await?;
            leave(conn).await?;
            row
        }
        None => {
            let held: i64 = match count.first() {
                Some(row) => row.try_get(0)?,
                None => 0,
            };
            if held >= CHAT_INVITES as i64 {
                return Err(StoreError::TooMany("invite links").into());
            }
            let answers = statements::finish(
                conn,
                &[
                    (
                        INSERT,
                        &[
                            &invite.id,
                            &chat,
                            &invite.token,
                            &invite.by.no.0,
                            &at,
                            &invite.expires_at.map(At),
                            &invite.max_uses.map(i64::from),
                        ],
                    ),
                    (BY_ID, &[&invite.id]),
                ],
            )
            .await?;
            answers
                .into_iter()
                .next_back()
                .and_then(|mut rows| rows.pop())
        }
    };
    let row = row.ok_or_else(|| Fault::internal("an invite vanished"))?;
    Ok(Done::quiet(record(&row)?))
}

/// See [`Store::chat_invites`](crate::store::Store::chat_invites).
pub(super) async fn of_chat(
    conn: &ClientWrapper,
    chat: ChatNo,
    at: UnixMillis,
) -> Result<Vec<ChatInviteRecord>, Fault> {
    let sql = concat!(
        columns!(),
        "WHERE i.chat_no = $1 AND ",
        holds!("$2"),
        " ORDER BY i.created_at DESC, i.id DESC"
    );
    let rows = statements::rows(conn, sql, &[&chat.0, &At(at)]).await?;
    rows.iter().map(record).collect()
}

/// See [`Store::chat_invite`](crate::store::Store::chat_invite).
pub(super) async fn by_token(
    conn: &ClientWrapper,
    token: &str,
    at: UnixMillis,
) -> Result<Option<ChatInviteRecord>, Fault> {
    if token.contains('\0') {
        return Ok(None);
    }
    let sql = concat!(columns!(), "WHERE i.token = $1 AND ", holds!("$2"));
    let row = statements::row(conn, sql, &[&token, &At(at)]).await?;
    row.map(|row| record(&row)).transpose()
}

/// Takes one use of a link to a chat.
pub(super) async fn take(
    conn: &ClientWrapper,
    chat: ChatNo,
    token: &str,
    at: UnixMillis,
) -> Result<(), Fault> {
    let sql = concat!(
        "UPDATE chat_invites i SET uses = i.uses + 1 WHERE i.token = $1 AND i.chat_no = $2 AND ",
        holds!("$3")
    );
    let taken = match token.contains('\0') {
        true => 0,
        false => statements::run(conn, sql, &[&token, &chat.0, &At(at)]).await?,
    };
    if taken == 0 {
        return Err(StoreError::InviteInvalid.into());
    }
    Ok(())
}

/// See [`Store::revoke_chat_invite`](crate::store::Store::revoke_chat_invite).
pub(super) async fn revoke(
    conn: &ClientWrapper,
    chat: ChatNo,
    id: Uuid,
) -> Result<Done<bool>, Fault> {
    let revoked = statements::run(
        conn,
        "UPDATE chat_invites SET revoked = true WHERE chat_no = $1 AND id = $2 AND NOT revoked",
        &[&chat.0, &id],
    )
    .await?;
    Ok(Done::quiet(revoked > 0))
}
