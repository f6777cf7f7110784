//! Accounts.

use proto::UnixMillis;
use proto::digest::Digest;
use proto::entry::account_kind;
use proto::id::UserId;
use proto::request::{Status, User};
use proto::text::{search_fold, username_key};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::account::{self, About};
use super::writer::Tx;
use super::{invites, profiles, sessions};
use crate::store::{Actor, Admission, NewSession, NewUser, StoreError, Unique, UserNo, UserRecord};

/// The columns of a [`UserRecord`]; `users` is `u`.
macro_rules! columns {
    () => {
        "u.user_no, u.id, u.username, u.password_hash, u.admin, u.disabled, u.last_seen,
         u.email, u.created_at, u.first_name, u.last_name, u.bio, u.avatar, u.rev,
         u.status, u.status_text, u.status_until, u.receipts, u.updated_at, u.avatar_url"
    };
}
pub(super) use columns;

/// Reads a [`UserRecord`] whose first column is `at`.
pub(super) fn record(row: &Row<'_>, at: usize) -> Result<UserRecord, rusqlite::Error> {
    Ok(UserRecord {
        no: UserNo(row.get(at)?),
        id: UserId::from_bytes(row.get(at + 1)?),
        username: row.get(at + 2)?,
        password_hash: row.get(at + 3)?,
        admin: row.get(at + 4)?,
        disabled: row.get(at + 5)?,
        last_seen: row.get(at + 6)?,
        email: row.get(at + 7)?,
        created_at: row.get(at + 8)?,
        first_name: row.get(at + 9)?,
        last_name: row.get(at + 10)?,
        bio: row.get(at + 11)?,
        avatar: row.get::<_, Option<[u8; 32]>>(at + 12)?.map(Digest),
        rev: row.get::<_, i64>(at + 13)? as u64,
        status: profiles::status_of(row.get(at + 14)?),
        status_text: row.get(at + 15)?,
        status_until: row.get(at + 16)?,
        receipts: row.get(at + 17)?,
        updated_at: row.get(at + 18)?,
        avatar_url: row.get(at + 19)?,
    })
}

/// Reads a person as others see them from `id`, `username`, `first_name`,
/// `last_name`, `avatar` and `rev`, the first of which is column `at`.
pub(super) fn shown(row: &Row<'_>, at: usize) -> Result<User, rusqlite::Error> {
    Ok(User {
        id: UserId::from_bytes(row.get(at)?),
        username: row.get(at + 1)?,
        first_name: row.get(at + 2)?,
        last_name: row.get(at + 3)?,
        avatar: row.get::<_, Option<[u8; 32]>>(at + 4)?.map(Digest),
        rev: row.get::<_, i64>(at + 5)? as u64,
    })
}

/// The form in which e-mail addresses are compared.
pub(super) fn email_key(email: &str) -> String {
    email.trim().to_lowercase()
}

pub(super) fn create(
    tx: &mut Tx<'_>,
    user: NewUser,
    session: NewSession,
) -> Result<UserRecord, StoreError> {
    let admin = match user.admission {
        Admission::Open { first_is_admin } => match (is_empty(tx.conn)?, first_is_admin) {
            (true, false) => return Err(StoreError::NotFirst),
            (empty, _) => empty,
        },
        Admission::Invite { token_hash } => invites::take(tx.conn, &token_hash, user.at)?,
    };
    let key = user.username.key();
    let email = user.email.as_ref().map(|email| email_key(email.as_str()));
    if exists(tx.conn, "SELECT 1 FROM users WHERE username_key = ?1", &key)? {
        return Err(StoreError::Taken(Unique::Username));
    }
    if let Some(email) = &email
        && exists(tx.conn, "SELECT 1 FROM users WHERE email = ?1", email)?
    {
        return Err(StoreError::Taken(Unique::Email));
    }
    let inserted = tx
        .conn
        .prepare_cached(
            "INSERT INTO users (id, username, username_key, email, password_hash, admin, created_at,
                                updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7) ON CONFLICT (id) DO NOTHING",
        )?
        .execute(params![
            user.id.as_bytes(),
            user.username.as_str(),
            key,
            email,
            user.password_hash,
            admin,
            user.at,
        ])?;
    if inserted == 0 {
        return Err(StoreError::Conflict);
    }
    let no = UserNo(tx.conn.last_insert_rowid());
    sessions::open(tx, Actor { no, id: user.id }, &session)?;
    Ok(UserRecord {
        no,
        id: user.id,
        username: user.username.into(),
        password_hash: user.password_hash,
        admin,
        disabled: false,
        last_seen: None,
        email,
        created_at: user.at,
        first_name: String::new(),
        last_name: String::new(),
        bio: String::new(),
        avatar: None,
        avatar_url: String::new(),
        rev: 0,
        status: Status::Online,
        status_text: String::new(),
        status_until: None,
        receipts: true,
        updated_at: user.at,
    })
}

fn exists(conn: &Connection, sql: &str, value: &str) -> Result<bool, StoreError> {
    Ok(conn.prepare_cached(sql)?.exists([value])?)
}

pub(super) fn is_empty(conn: &Connection) -> Result<bool, StoreError> {
    Ok(!conn
        .prepare_cached("SELECT 1 FROM users LIMIT 1")?
        .exists([])?)
}

pub(super) fn by_login(conn: &Connection, login: &str) -> Result<Option<UserRecord>, StoreError> {
    // A name has no `@`, an address always has one.
    if login.contains('@') {
        let sql = concat!("SELECT ", columns!(), " FROM users u WHERE u.email = ?1");
        return Ok(conn
            .prepare_cached(sql)?
            .query_row([email_key(login)], |row| record(row, 0))
            .optional()?);
    }
    by_name(conn, login)
}

fn by_name(conn: &Connection, name: &str) -> Result<Option<UserRecord>, StoreError> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM users u WHERE u.username_key = ?1"
    );
    Ok(conn
        .prepare_cached(sql)?
        .query_row([username_key(name)], |row| record(row, 0))
        .optional()?)
}

/// An account that exists.
pub(super) fn by_no(conn: &Connection, user: UserNo) -> Result<UserRecord, StoreError> {
    let sql = concat!("SELECT ", columns!(), " FROM users u WHERE u.user_no = ?1");
    conn.prepare_cached(sql)?
        .query_row([user.0], |row| record(row, 0))
        .optional()?
        .ok_or(StoreError::NoAccess)
}

pub(super) fn find(
    conn: &Connection,
    ids: &[UserId],
    names: &[String],
) -> Result<Vec<UserRecord>, StoreError> {
    let sql = concat!("SELECT ", columns!(), " FROM users u WHERE u.id = ?1");
    let mut by_id = conn.prepare_cached(sql)?;
    let mut seen = std::collections::HashSet::new();
    let mut found = Vec::new();
    for id in ids {
        let user = by_id
            .query_row([id.as_bytes()], |row| record(row, 0))
            .optional()?;
        found.extend(user.filter(|user| seen.insert(user.no)));
    }
    for name in names {
        found.extend(by_name(conn, name)?.filter(|user| seen.insert(user.no)));
    }
    Ok(found)
}

/// See [`Store::search_users`](crate::store::Store::search_users).
pub(super) fn search(
    conn: &Connection,
    query: &str,
    limit: u32,
) -> Result<Vec<UserRecord>, StoreError> {
    let key = username_key(query);
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM users u
         WHERE u.disabled = 0 AND u.username_key >= ?1 AND u.username_key < ?1 || char(0x10ffff)
         ORDER BY u.username_key LIMIT ?2"
    );
    let mut found = conn
        .prepare_cached(sql)?
        .query_map(params![key, limit], |row| record(row, 0))?
        .collect::<Result<Vec<_>, _>>()?;
    let rest = limit.saturating_sub(found.len() as u32);
    if rest > 0 && !key.is_empty() {
        let names = search_fold(query.trim());
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM users u WHERE u.disabled = 0
              AND (instr(u.username_key, ?1) > 1 OR (?3 <> '' AND instr(u.names_key, ?3) > 0))
              AND NOT (u.username_key >= ?1 AND u.username_key < ?1 || char(0x10ffff))
              ORDER BY u.username_key LIMIT ?2"
        );
        let mut select = conn.prepare_cached(sql)?;
        for user in select.query_map(params![key, rest, names.trim()], |row| record(row, 0))? {
            found.push(user?);
        }
    }
    Ok(found)
}

/// See [`Store::list_users`](crate::store::Store::list_users).
pub(super) fn list(
    conn: &Connection,
    query: &str,
    except: UserNo,
    limit: u32,
    offset: u32,
) -> Result<Vec<UserRecord>, StoreError> {
    let (key, names) = (username_key(query), search_fold(query.trim()));
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM users u WHERE u.disabled = 0 AND u.user_no <> ?3
          AND (?1 = '' OR instr(u.username_key, ?1) > 0
               OR (?2 <> '' AND instr(u.names_key, ?2) > 0))
          ORDER BY u.username_key LIMIT ?4 OFFSET ?5"
    );
    Ok(conn
        .prepare_cached(sql)?
        .query_map(params![key, names.trim(), except.0, limit, offset], |row| {
            record(row, 0)
        })?
        .collect::<Result<Vec<_>, _>>()?)
}

pub(super) fn set_last_seen(
    conn: &Connection,
    seen: &[(UserNo, UnixMillis)],
) -> Result<(), StoreError> {
    let mut update = conn.prepare_cached(
        "UPDATE users SET last_seen = ?2 WHERE user_no = ?1 AND coalesce(last_seen, 0) < ?2",
    )?;
    for (user, at) in seen {
        update.execute(params![user.0, at])?;
    }
    Ok(())
}

/// Opens a session of a user who exists.
pub(super) fn sign_in(
    tx: &mut Tx<'_>,
    user: UserNo,
    session: &NewSession,
) -> Result<(), StoreError> {
    let actor = account::actor(tx.conn, user)?;
    sessions::open(tx, actor, session)
}

/// Ends a session; see [`Store::end_session`](crate::store::Store::end_session).
pub(super) fn sign_out(
    tx: &mut Tx<'_>,
    user: UserNo,
    session: proto::id::SessionId,
    at: UnixMillis,
) -> Result<bool, StoreError> {
    if !sessions::delete(tx.conn, user, session)? {
        return Ok(false);
    }
    let actor = account::actor(tx.conn, user)?;
    let about = About::Session(session);
    account::append(tx, actor, account_kind::SESSION_ENDED, at, about)?;
    Ok(true)
}
