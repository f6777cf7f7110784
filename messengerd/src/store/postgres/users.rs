//! Accounts.

use std::collections::HashSet;

use deadpool_postgres::ClientWrapper;
use proto::UnixMillis;
use proto::id::UserId;
use proto::request::User;
use proto::text::{search_fold, username_key};
use tokio_postgres::Row;
use uuid::Uuid;

use super::error::Fault;
use super::pool::Done;
use super::statements::{self, begin};
use super::timestamp::At;
use super::{avatars, invites, people, sessions};
use crate::store::{Actor, Admission, NewSession, NewUser, StoreError, Unique, UserNo, UserRecord};

/// The advisory lock of whoever makes the first account: "first" in ASCII.
const FIRST: i64 = 0x66_6972_7374;

/// The columns of a [`UserRecord`]; `users` is `u`.
macro_rules! columns {
    () => {
        "u.user_no, u.password_hash, u.admin, u.disabled, u.last_seen, u.email, u.created_at,
         u.bio, u.status, u.status_text, u.status_until, u.receipts, u.updated_at,
         u.avatar_url, u.id, u.username, u.first_name, u.last_name, u.avatar, u.rev"
    };
}
pub(super) use columns;

/// Reads a [`UserRecord`] whose first column is `at`.
pub(super) fn record(row: &Row, at: usize) -> Result<UserRecord, Fault> {
    let time = |at| row.try_get::<_, Option<At>>(at).map(|at| at.map(|at| at.0));
    let shown = shown(row, at + 14)?;
    Ok(UserRecord {
        no: UserNo(row.try_get(at)?),
        password_hash: row.try_get(at + 1)?,
        admin: row.try_get(at + 2)?,
        disabled: row.try_get(at + 3)?,
        last_seen: time(at + 4)?,
        email: row.try_get(at + 5)?,
        created_at: row.try_get::<_, At>(at + 6)?.0,
        bio: row.try_get(at + 7)?,
        status: people::status_of(row.try_get(at + 8)?),
        status_text: row.try_get(at + 9)?,
        status_until: time(at + 10)?,
        receipts: row.try_get(at + 11)?,
        updated_at: row.try_get::<_, At>(at + 12)?.0,
        avatar_url: row.try_get(at + 13)?,
        id: shown.id,
        username: shown.username,
        first_name: shown.first_name,
        last_name: shown.last_name,
        avatar: shown.avatar,
        rev: shown.rev,
    })
}

/// Reads a person as others see them from `id`, `username`, `first_name`,
/// `last_name`, `avatar` and `rev`, the first of which is column `at`.
pub(super) fn shown(row: &Row, at: usize) -> Result<User, Fault> {
    Ok(User {
        id: UserId(row.try_get(at)?),
        username: row.try_get(at + 1)?,
        first_name: row.try_get(at + 2)?,
        last_name: row.try_get(at + 3)?,
        avatar: avatars::hash(row, at + 4)?,
        rev: row.try_get::<_, i64>(at + 5)? as u64,
    })
}

fn records(rows: &[Row]) -> Result<Vec<UserRecord>, Fault> {
    rows.iter().map(|row| record(row, 0)).collect()
}

/// The form in which e-mail addresses are compared.
pub(super) fn email_key(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Whether PostgreSQL can hold this text; nothing there equals one it cannot.
fn storable(text: &str) -> bool {
    !text.contains('\0')
}

pub(super) async fn create(
    conn: &ClientWrapper,
    user: &NewUser,
    session: &NewSession,
) -> Result<Done<UserRecord>, Fault> {
    begin(conn).await?;
    let admin = match &user.admission {
        Admission::Open { first_is_admin } => match (is_first(conn).await?, first_is_admin) {
            (true, false) => return Err(StoreError::NotFirst.into()),
            (first, _) => first,
        },
        Admission::Invite { token_hash } => invites::take(conn, token_hash, user.at).await?,
    };
    let key = user.username.key();
    let email = user.email.as_ref().map(|email| email_key(email.as_str()));
    let taken = statements::row(
        conn,
        "SELECT EXISTS (SELECT 1 FROM users WHERE username_key = $1),
                EXISTS (SELECT 1 FROM users WHERE email = $2)",
        &[&key, &email],
    )
    .await?
    .ok_or_else(|| Fault::internal("no answer"))?;
    if taken.try_get(0)? {
        return Err(StoreError::Taken(Unique::Username).into());
    }
    if taken.try_get(1)? {
        return Err(StoreError::Taken(Unique::Email).into());
    }
    // One that comes in between is found by the constraint.
    let sql = concat!(
        "INSERT INTO users AS u
           (id, username, username_key, email, password_hash, admin, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7) RETURNING ",
        columns!()
    );
    let row = statements::row(
        conn,
        sql,
        &[
            &user.id.0,
            &user.username.as_str(),
            &key,
            &email,
            &user.password_hash,
            &admin,
            &At(user.at),
        ],
    )
    .await?
    .ok_or_else(|| Fault::internal("no number"))?;
    let value = record(&row, 0)?;
    let actor = Actor {
        no: value.no,
        id: user.id,
    };
    let events = sessions::open(conn, actor, session).await?;
    Ok(Done { value, events })
}

/// Whether this is the first account. Those who may be take turns until one of
/// them has committed.
async fn is_first(conn: &ClientWrapper) -> Result<bool, Fault> {
    if !is_empty(conn).await? {
        return Ok(false);
    }
    statements::row(conn, "SELECT pg_advisory_xact_lock($1)", &[&FIRST]).await?;
    is_empty(conn).await
}

pub(super) async fn is_empty(conn: &ClientWrapper) -> Result<bool, Fault> {
    let any = statements::row(conn, "SELECT 1 FROM users LIMIT 1", &[]).await?;
    Ok(any.is_none())
}

pub(super) async fn by_login(
    conn: &ClientWrapper,
    login: &str,
) -> Result<Option<UserRecord>, Fault> {
    // A name has no `@`, an address always has one.
    let (sql, key) = if login.contains('@') {
        (
            concat!("SELECT ", columns!(), " FROM users u WHERE u.email = $1"),
            email_key(login),
        )
    } else {
        (
            concat!(
                "SELECT ",
                columns!(),
                " FROM users u WHERE u.username_key = $1"
            ),
            username_key(login),
        )
    };
    if !storable(&key) {
        return Ok(None);
    }
    let row = statements::row(conn, sql, &[&key]).await?;
    row.map(|row| record(&row, 0)).transpose()
}

pub(super) async fn find(
    conn: &ClientWrapper,
    ids: &[UserId],
    names: &[String],
) -> Result<Vec<UserRecord>, Fault> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let keys: Vec<String> = names
        .iter()
        .map(|name| username_key(name))
        .filter(|key| storable(key))
        .collect();
    let sql = concat!(
        "SELECT ",
        columns!(),
        ", 0 AS part, k.ord FROM unnest($1::uuid[]) WITH ORDINALITY k(id, ord)
           JOIN users u ON u.id = k.id
         UNION ALL SELECT ",
        columns!(),
        ", 1, k.ord FROM unnest($2::text[]) WITH ORDINALITY k(key, ord)
           JOIN users u ON u.username_key = k.key
         ORDER BY part, ord"
    );
    let mut found = records(&statements::rows(conn, sql, &[&ids, &keys]).await?)?;
    let mut seen = HashSet::with_capacity(found.len());
    found.retain(|user| seen.insert(user.no));
    Ok(found)
}

pub(super) async fn search(
    conn: &ClientWrapper,
    query: &str,
    limit: u32,
) -> Result<Vec<UserRecord>, Fault> {
    let key = username_key(query);
    if !storable(&key) {
        return Ok(Vec::new());
    }
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM users u
         WHERE NOT u.disabled AND u.username_key >= $1 AND u.username_key < $1 || chr(1114111)
         ORDER BY u.username_key LIMIT $2"
    );
    let mut found = records(&statements::rows(conn, sql, &[&key, &i64::from(limit)]).await?)?;
    let rest = i64::from(limit) - found.len() as i64;
    if rest > 0 && !key.is_empty() {
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM users u WHERE NOT u.disabled
              AND (strpos(u.username_key, $1) > 0 OR ($2 <> '' AND strpos(u.names_key, $2) > 0))
              AND NOT (u.username_key >= $1 AND u.username_key < $1 || chr(1114111))
              ORDER BY u.username_key LIMIT $3"
        );
        let names = search_fold(query);
        found.extend(records(
            &statements::rows(conn, sql, &[&key, &names.trim(), &rest]).await?,
        )?);
    }
    Ok(found)
}

/// See [`Store::list_users`](crate::store::Store::list_users).
pub(super) async fn list(
    conn: &ClientWrapper,
    query: &str,
    except: UserNo,
    limit: u32,
    offset: u32,
) -> Result<Vec<UserRecord>, Fault> {
    let key = username_key(query);
    if !storable(&key) {
        return Ok(Vec::new());
    }
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM users u WHERE NOT u.disabled AND u.user_no <> $3
          AND ($1 = '' OR strpos(u.username_key, $1) > 0
               OR ($2 <> '' AND strpos(u.names_key, $2) > 0))
          ORDER BY u.username_key LIMIT $4 OFFSET $5"
    );
    let names = search_fold(query);
    let (limit, offset) = (i64::from(limit), i64::from(offset));
    let params: statements::Params<'_> = &[&key, &names.trim(), &except.0, &limit, &offset];
    records(&statements::rows(conn, sql, params).await?)
}

pub(super) async fn set_last_seen(
    conn: &ClientWrapper,
    seen: &[(UserNo, UnixMillis)],
) -> Result<Done<()>, Fault> {
    let numbers: Vec<i64> = seen.iter().map(|(user, _)| user.0).collect();
    let times: Vec<At> = seen.iter().map(|(_, at)| At(*at)).collect();
    statements::run(
        conn,
        "WITH seen AS (
           SELECT user_no, max(at) AS at FROM unnest($1::int8[], $2::timestamptz[]) k(user_no, at)
           GROUP BY user_no),
         locked AS (
           SELECT u.user_no, k.at FROM users u JOIN seen k ON k.user_no = u.user_no
           WHERE u.last_seen IS NULL OR u.last_seen < k.at
           ORDER BY u.user_no FOR NO KEY UPDATE OF u)
         UPDATE users u SET last_seen = l.at FROM locked l WHERE u.user_no = l.user_no",
        &[&numbers, &times],
    )
    .await?;
    Ok(Done::quiet(()))
}

/// See [`Store::acquaintances`](crate::store::Store::acquaintances).
pub(super) async fn acquaintances(
    conn: &ClientWrapper,
    user: UserNo,
    max_members: u32,
) -> Result<Vec<UserRecord>, Fault> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM users u WHERE u.user_no IN (
            SELECT other.user_no FROM members mine
            JOIN chats c ON c.chat_no = mine.chat_no AND c.kind <> 3 AND c.members <= $2
            JOIN members other ON other.chat_no = mine.chat_no AND other.left_at IS NULL
            WHERE mine.user_no = $1 AND mine.left_at IS NULL
            UNION
            SELECT own.other FROM contacts own
            JOIN contacts rev ON rev.owner = own.other AND rev.other = own.owner AND rev.added
            WHERE own.owner = $1 AND own.added)
          AND u.user_no <> $1
          AND NOT EXISTS (SELECT 1 FROM contacts k
                          WHERE k.owner = $1 AND k.other = u.user_no AND k.blocked)
          AND NOT EXISTS (SELECT 1 FROM contacts k
                          WHERE k.owner = u.user_no AND k.other = $1 AND k.blocked)
          ORDER BY u.user_no"
    );
    records(&statements::rows(conn, sql, &[&user.0, &i64::from(max_members)]).await?)
}
