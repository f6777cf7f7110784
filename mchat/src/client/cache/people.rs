//! People: their names, the contact list, one's own profile.

use proto::digest::Digest;
use proto::entry::account_kind;
use proto::id::UserId;
use proto::request::{Contact, ContactState, ProfileInfo, User};
use proto::text::username_key;
use proto::{Seq, UnixMillis};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::account::{id16, meta, set_meta};
use super::{Db, DbError};
use crate::client::model::ContactRow;

/// Columns that [`user`] reads, of `users`.
const COLUMNS: &str = "id, username, first_name, last_name, avatar, rev";

fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: UserId::from_bytes(id16(row.get_ref(0)?.as_blob()?)?),
        username: row.get(1)?,
        first_name: row.get(2)?,
        last_name: row.get(3)?,
        avatar: digest(row, 4)?,
        rev: row.get(5)?,
    })
}

/// A hash in a column.
pub(super) fn digest(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Digest>> {
    let bytes: Option<[u8; 32]> = row.get(column)?;
    Ok(bytes.map(Digest))
}

/// Takes over who somebody is, unless something newer is known.
pub(super) fn put_user(conn: &Connection, user: &User) -> Result<(), DbError> {
    conn.prepare_cached(
        "INSERT INTO users(id, username, name_key, first_name, last_name, avatar, rev)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT(id) DO UPDATE SET username = ?2, name_key = ?3, first_name = ?4,
           last_name = ?5, avatar = ?6, rev = ?7 WHERE rev <= ?7",
    )?
    .execute(params![
        user.id.as_bytes(),
        user.username,
        username_key(&user.username),
        user.first_name,
        user.last_name,
        user.avatar.map(|hash| hash.0),
        user.rev,
    ])?;
    Ok(())
}

/// Remembers the name somebody signs in with.
pub(super) fn put_username(conn: &Connection, id: UserId, username: &str) -> Result<(), DbError> {
    conn.prepare_cached(
        "INSERT INTO users(id, username, name_key) VALUES (?1, ?2, ?3)
         ON CONFLICT(id) DO UPDATE SET username = ?2, name_key = ?3 WHERE username <> ?2",
    )?
    .execute(params![id.as_bytes(), username, username_key(username)])?;
    Ok(())
}

/// Those whose cached names are older than these revisions, or not cached.
pub(super) fn outdated(conn: &Connection, revs: &[(UserId, u64)]) -> Result<Vec<UserId>, DbError> {
    let mut query = conn.prepare_cached("SELECT 1 FROM users WHERE id = ?1 AND rev >= ?2")?;
    let mut found = Vec::new();
    for (id, rev) in revs {
        if !query.exists(params![id.as_bytes(), rev])? {
            found.push(*id);
        }
    }
    Ok(found)
}

/// Takes over the whole contact list as it was at an entry of the account log.
pub(super) fn put_contacts(
    conn: &Connection,
    contacts: &[Contact],
    at: Seq,
) -> Result<(), DbError> {
    conn.execute(
        "UPDATE users SET contact = 0, blocked = 0, nickname = NULL
         WHERE contact > 0",
        [],
    )?;
    for contact in contacts {
        put_user(conn, &contact.user)?;
        conn.prepare_cached(
            "UPDATE users SET contact = ?2, blocked = ?3, nickname = ?4, since = ?5 WHERE id = ?1",
        )?
        .execute(params![
            contact.user.id.as_bytes(),
            match contact.state {
                ContactState::Mutual => 1,
                ContactState::Outgoing => 2,
                ContactState::Incoming => 3,
                ContactState::None | ContactState::Unknown => 4,
            },
            contact.blocked,
            contact.nickname,
            contact.since,
        ])?;
    }
    set_meta(conn, "contacts_at", Some(&at.to_string()))
}

pub(super) fn put_profile(conn: &Connection, info: &ProfileInfo, at: Seq) -> Result<(), DbError> {
    put_user(conn, &info.user)?;
    let text = serde_json::to_string(info).map_err(|e| DbError::Damaged(e.to_string()))?;
    set_meta(conn, "profile", Some(&text))?;
    set_meta(conn, "profile_at", Some(&at.to_string()))
}

/// Whether the account log has an entry of this kind that is newer than what
/// the value shows, or the value is not there.
fn is_stale(conn: &Connection, key: &str, kind: u16) -> Result<bool, DbError> {
    let Some(at) = meta(conn, key)?.and_then(|text| text.parse::<Seq>().ok()) else {
        return Ok(true);
    };
    Ok(conn
        .prepare_cached("SELECT 1 FROM account_log WHERE seq > ?1 AND kind = ?2")?
        .exists(params![at, kind])?)
}

impl Db {
    /// Whether the contact list and one's own profile are to be asked for.
    pub(super) fn stale_people(&self) -> Result<(bool, bool), DbError> {
        Ok((
            is_stale(&self.conn, "contacts_at", account_kind::CONTACT_CHANGED)?,
            is_stale(&self.conn, "profile_at", account_kind::PROFILE_CHANGED)?,
        ))
    }

    /// Remembers names of people.
    pub(crate) fn put_users(&mut self, users: &[User]) -> Result<(), DbError> {
        let tx = self.begin()?;
        for user in users {
            put_user(&tx, user)?;
        }
        tx.commit()?;
        Ok(())
    }

    /// Takes over the contact list.
    pub(crate) fn put_contacts(&mut self, contacts: &[Contact], at: Seq) -> Result<(), DbError> {
        let tx = self.begin()?;
        put_contacts(&tx, contacts, at)?;
        tx.commit()?;
        Ok(())
    }

    /// Takes over one's own profile.
    pub(crate) fn put_profile(&mut self, info: &ProfileInfo, at: Seq) -> Result<(), DbError> {
        let tx = self.begin()?;
        put_profile(&tx, info, at)?;
        tx.commit()?;
        Ok(())
    }

    /// One's own profile as last heard.
    pub(crate) fn own_profile(&self) -> Result<Option<ProfileInfo>, DbError> {
        // One that cannot be read is as good as none: it is asked for anew.
        Ok(meta(&self.conn, "profile")?.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Contacts, requests and blocked people, by name.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub fn contacts(&self) -> Result<Vec<ContactRow>, DbError> {
        let mut query = self.conn.prepare_cached(
            "SELECT id, username, name, nickname, avatar, contact, blocked, since FROM users
             WHERE contact > 0",
        )?;
        let rows = query.query_map([], |row| {
            let state: i64 = row.get(5)?;
            let since: UnixMillis = row.get(7)?;
            Ok(ContactRow {
                user: UserId::from_bytes(id16(row.get_ref(0)?.as_blob()?)?),
                username: row.get(1)?,
                name: row.get(2)?,
                nickname: row.get(3)?,
                avatar: digest(row, 4)?,
                state: match state {
                    1 => ContactState::Mutual,
                    2 => ContactState::Outgoing,
                    3 => ContactState::Incoming,
                    _ => ContactState::None,
                },
                blocked: row.get(6)?,
                since,
            })
        })?;
        let mut rows: Vec<_> = rows.collect::<Result<_, _>>()?;
        rows.sort_by_cached_key(|row| (row.name.to_lowercase(), row.user));
        Ok(rows)
    }

    /// Somebody by exact name, case folded.
    pub(crate) fn user_by_name(&mut self, name: &str) -> Result<Option<User>, DbError> {
        let sql = format!("SELECT {COLUMNS} FROM users WHERE name_key = ?1");
        Ok(self
            .conn
            .prepare_cached(&sql)?
            .query_row([username_key(name)], user)
            .optional()?)
    }

    /// Somebody by id.
    pub(crate) fn user_by_id(&mut self, id: UserId) -> Result<Option<User>, DbError> {
        let sql = format!("SELECT {COLUMNS} FROM users WHERE id = ?1");
        Ok(self
            .conn
            .prepare_cached(&sql)?
            .query_row([id.as_bytes()], user)
            .optional()?)
    }

    /// Somebody's name as shown, or a short form of the id.
    pub(crate) fn name(&self, user: UserId) -> Result<String, DbError> {
        name(&self.conn, user)
    }
}

/// Somebody's name as shown, or a short form of the id.
pub(super) fn name(conn: &Connection, user: UserId) -> Result<String, DbError> {
    Ok(known_name(conn, user)?.unwrap_or_else(|| super::chats::short(user.as_bytes())))
}

/// Somebody's name as shown, where it is known.
pub(super) fn known_name(conn: &Connection, user: UserId) -> Result<Option<String>, DbError> {
    Ok(conn
        .prepare_cached("SELECT name FROM users WHERE id = ?1")?
        .query_row([user.as_bytes()], |row| row.get(0))
        .optional()?)
}
