//! The end of an account: it leaves its chats and forgets its contacts one by
//! one, each as if it did so itself, and is emptied then. What comes in between
//! is looked for again. Where this breaks off, repeating it goes on.

use deadpool_postgres::ClientWrapper;
use proto::UnixMillis;
use proto::entry::account_kind;
use proto::id::{ChatId, EntryId, SessionId, UserId};
use uuid::Uuid;

use super::account::{self, About, Note};
use super::error::Fault;
use super::pool::{Done, Pool};
use super::queue::Queue;
use super::timestamp::At;
use super::{avatars, contacts, members, statements};
use crate::store::groups::Act;
use crate::store::people::NO_PASSWORD;
use crate::store::{Actor, ChatNo, Pending, StoreError, UserNo};

/// See [`Store::delete_user`](crate::store::Store::delete_user). Goes on to its
/// end, whether or not its caller waits for that.
pub(super) fn delete(queue: Queue, pool: Pool, user: Actor, at: UnixMillis) -> Pending<()> {
    let whole = pool.clone().spawn(async move {
        part(&queue, &pool, user, at).await?;
        pool.write((user, at), |conn, &(user, at)| {
            Box::pin(empty(conn, user, at))
        })
        .await?;
        part(&queue, &pool, user, at).await
    });
    Box::pin(async move {
        match whole.await {
            Ok(result) => result,
            Err(error) => Err(StoreError::Internal(error.to_string())),
        }
    })
}

/// Leaves every group and public chat and forgets everybody.
async fn part(queue: &Queue, pool: &Pool, user: Actor, at: UnixMillis) -> Result<(), StoreError> {
    let chats = pool
        .read(user.no, |conn, user| Box::pin(chats(conn, *user)))
        .await?;
    for (chat, chat_id) in chats {
        let act = Act {
            chat,
            chat_id,
            // At whatever revision.
            acl_rev: 0,
            actor: user,
            entry: EntryId::generate(),
            at,
        };
        queue
            .change(chat, act, |conn, act| Box::pin(members::depart(conn, *act)))
            .await?;
    }
    let others = pool
        .read(user.no, |conn, user| Box::pin(others(conn, *user)))
        .await?;
    for other in others {
        pool.write((user, other, at), |conn, &(user, other, at)| {
            Box::pin(contacts::forget(conn, user, other, at))
        })
        .await?;
    }
    Ok(())
}

/// The groups and public chats that somebody is in.
async fn chats(conn: &ClientWrapper, user: UserNo) -> Result<Vec<(ChatNo, ChatId)>, Fault> {
    let sql = "SELECT c.chat_no, c.id FROM members m JOIN chats c ON c.chat_no = m.chat_no
        WHERE m.user_no = $1 AND m.left_at IS NULL AND c.kind <> 1 ORDER BY c.chat_no";
    let rows = statements::rows(conn, sql, &[&user.0]).await?;
    rows.iter()
        .map(|row| Ok((ChatNo(row.try_get(0)?), ChatId(row.try_get(1)?))))
        .collect()
}

/// Whoever stands to somebody in some way, or they to them.
async fn others(conn: &ClientWrapper, user: UserNo) -> Result<Vec<Actor>, Fault> {
    let sql = "SELECT u.user_no, u.id FROM users u WHERE u.user_no IN (
          SELECT other FROM contacts WHERE owner = $1
          UNION SELECT owner FROM contacts WHERE other = $1)
        ORDER BY u.user_no";
    let rows = statements::rows(conn, sql, &[&user.0]).await?;
    rows.iter()
        .map(|row| {
            Ok(Actor {
                no: UserNo(row.try_get(0)?),
                id: UserId(row.try_get(1)?),
            })
        })
        .collect()
}

const LOCK_SESSIONS: &str = "SELECT id FROM sessions WHERE user_no = $1 ORDER BY id FOR UPDATE";
const LOCK: &str = "SELECT avatar, disabled AND password_hash = $2 FROM users
    WHERE user_no = $1 FOR NO KEY UPDATE";
const EMPTY: &str = "UPDATE users SET disabled = true, password_hash = $2, email = NULL,
      first_name = '', last_name = '', names_key = '', bio = '', avatar = NULL, avatar_url = '', rev = rev + 1,
      status = 1, status_text = '', status_until = NULL, updated_at = $3
    WHERE user_no = $1";
const END_SESSIONS: &str = "DELETE FROM sessions WHERE id = ANY($1::uuid[])";

/// Ends the sessions of an account and takes away what it said of itself.
async fn empty(conn: &ClientWrapper, user: Actor, at: UnixMillis) -> Result<Done<()>, Fault> {
    let answers = statements::start(
        conn,
        &[
            (LOCK_SESSIONS, &[&user.no.0]),
            (LOCK, &[&user.no.0, &NO_PASSWORD]),
        ],
    )
    .await?;
    let [sessions, account] = answers.as_slice() else {
        return Err(Fault::internal("answers were lost"));
    };
    let account = account.first().ok_or(StoreError::NoAccess)?;
    if sessions.is_empty() && account.try_get(1)? {
        statements::leave(conn).await?;
        return Ok(Done::quiet(()));
    }
    let avatar = avatars::hash(account, 0)?;
    let avatar = avatar.as_ref().map(|hash| hash.0.as_slice());
    let sessions: Vec<Uuid> = sessions
        .iter()
        .map(|row| row.try_get(0))
        .collect::<Result<_, _>>()?;
    let users = [user];
    let changed = Note::new(&users, account_kind::PROFILE_CHANGED, at, About::Oneself);
    let rows = statements::rows(conn, account::APPEND, &changed.params()).await?;
    let mut events = changed.events(&rows)?;
    for session in &sessions {
        let about = About::Session(SessionId(*session));
        let note = Note::new(&users, account_kind::SESSION_ENDED, at, about);
        let rows = statements::rows(conn, account::APPEND, &note.params()).await?;
        events.extend(note.events(&rows)?);
    }
    statements::finish(
        conn,
        &[
            (END_SESSIONS, &[&sessions]),
            (EMPTY, &[&user.no.0, &NO_PASSWORD, &At(at)]),
            (avatars::LOCK, &[&avatar]),
            (avatars::SWEEP, &[&avatar]),
        ],
    )
    .await?;
    Ok(Done { value: (), events })
}
