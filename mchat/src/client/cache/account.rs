//! Whose profile it is: values, account, people's names, the account log.

use std::str::FromStr;

use proto::Seq;
use proto::entry::{AccountEntry, account_kind};
use proto::hello::Account;
use proto::id::{ChatId, SessionId, UserId};
use proto::text::Token;
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::people::put_username;
use super::{Db, DbError};
use crate::client::model::AccountRow;

/// What a profile knows of its session when it is opened.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The session's token.
    pub token: Option<Token>,
    /// Whose session it is.
    pub account: Option<AccountRow>,
    /// Whose messages the cache holds; stays where a session has ended.
    pub user: Option<UserId>,
    /// The community whose messages the cache holds.
    pub community: Option<Uuid>,
    /// Latest entry of the account log.
    pub account_seq: Seq,
    /// The contact list changed since it was last heard, or never was.
    pub contacts_stale: bool,
    /// One's own profile changed since it was last heard, or never was.
    pub profile_stale: bool,
}

pub(super) fn meta(conn: &Connection, key: &str) -> Result<Option<String>, DbError> {
    Ok(conn
        .prepare_cached("SELECT value FROM meta WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?)
}

pub(super) fn set_meta(conn: &Connection, key: &str, value: Option<&str>) -> Result<(), DbError> {
    match value {
        Some(value) => conn.execute(
            "INSERT INTO meta(key, value) VALUES (?1, ?2)
             ON CONFLICT(key) DO UPDATE SET value = ?2",
            [key, value],
        )?,
        None => conn.execute("DELETE FROM meta WHERE key = ?1", [key])?,
    };
    Ok(())
}

fn parsed<T: FromStr>(conn: &Connection, key: &str) -> Result<Option<T>, DbError> {
    meta(conn, key)?
        .map(|text| text.parse().map_err(|_| DbError::Damaged(key.to_owned())))
        .transpose()
}

/// The 16 bytes of an id in a column.
pub(super) fn id16(bytes: &[u8]) -> rusqlite::Result<[u8; 16]> {
    bytes.try_into().map_err(|_| {
        rusqlite::Error::FromSqlConversionFailure(
            0,
            rusqlite::types::Type::Blob,
            "an id has 16 bytes".into(),
        )
    })
}

impl Db {
    /// The id of this cache: what an arrival ordinal belongs to.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub fn profile_id(&self) -> Result<Uuid, DbError> {
        parsed(&self.conn, "profile_id")?.ok_or_else(|| DbError::Damaged("profile_id".into()))
    }

    /// A value of the profile.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub fn meta(&self, key: &str) -> Result<Option<String>, DbError> {
        meta(&self.conn, key)
    }

    /// Sets or removes a value of the profile.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub fn set_meta(&self, key: &str, value: Option<&str>) -> Result<(), DbError> {
        set_meta(&self.conn, key, value)
    }

    /// What the profile knows of its session.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub fn stored(&self) -> Result<Stored, DbError> {
        let user: Option<UserId> = parsed(&self.conn, "user")?;
        let token = self
            .meta("token")?
            .and_then(|token| Token::try_from(token).ok());
        let session: Option<SessionId> = parsed(&self.conn, "session")?;
        let username = self.meta("username")?;
        let account = match (&token, user, session, username) {
            (Some(_), Some(user), Some(session), Some(username)) => Some(AccountRow {
                user,
                username,
                session,
            }),
            _ => None,
        };
        let (contacts_stale, profile_stale) = self.stale_people()?;
        Ok(Stored {
            contacts_stale,
            profile_stale,
            token,
            account,
            user,
            community: parsed(&self.conn, "community")?,
            account_seq: self.account_seq()?,
        })
    }

    /// The name of whose messages the cache holds, and how many wait unsent.
    pub(crate) fn owner(&mut self) -> Result<(Option<String>, u64), DbError> {
        let unsent = unsent(&self.conn)?;
        Ok((self.meta("username")?, unsent))
    }

    /// Takes over a session that was opened. The cache of another account or
    /// community is emptied, unless unsent messages wait in it.
    pub(crate) fn sign_in(
        &mut self,
        account: &Account,
        community: Uuid,
        token: &Token,
    ) -> Result<(), DbError> {
        let tx = self.begin()?;
        let user: Option<UserId> = parsed(&tx, "user")?;
        let known: Option<Uuid> = parsed(&tx, "community")?;
        if user.is_some_and(|user| user != account.user)
            || known.is_some_and(|known| known != community)
        {
            let unsent = unsent(&tx)?;
            if unsent > 0 {
                let username = meta(&tx, "username")?.unwrap_or_default();
                return Err(DbError::OtherAccount { username, unsent });
            }
            wipe(&tx)?;
        }
        for (key, value) in [
            ("user", account.user.to_string()),
            ("username", account.username.clone()),
            ("session", account.session.to_string()),
            ("community", community.to_string()),
            ("token", token.as_str().to_owned()),
        ] {
            set_meta(&tx, key, Some(&value))?;
        }
        put_username(&tx, account.user, &account.username)?;
        tx.commit()?;
        Ok(())
    }

    /// Forgets the session, and what was cached unless unsent messages wait.
    pub(crate) fn sign_out(&mut self) -> Result<(), DbError> {
        let tx = self.begin()?;
        set_meta(&tx, "token", None)?;
        set_meta(&tx, "session", None)?;
        if unsent(&tx)? == 0 {
            wipe(&tx)?;
        }
        tx.commit()?;
        Ok(())
    }

    /// Forgets the session that the server has ended, unless another process
    /// has opened a new one meanwhile.
    pub(crate) fn end_session(&mut self, ended: Option<&Token>) -> Result<(), DbError> {
        let tx = self.begin()?;
        if meta(&tx, "token")?.as_deref() == ended.map(Token::as_str) {
            set_meta(&tx, "token", None)?;
            set_meta(&tx, "session", None)?;
        }
        tx.commit()?;
        Ok(())
    }

    pub(crate) fn account_seq(&self) -> Result<Seq, DbError> {
        Ok(self
            .conn
            .query_row("SELECT coalesce(max(seq), 0) FROM account_log", [], |row| {
                row.get(0)
            })?)
    }

    /// The whole account log up to `upto`.
    pub(crate) fn account_log(&mut self, upto: Seq) -> Result<Vec<AccountEntry>, DbError> {
        let mut query = self.conn.prepare_cached(
            "SELECT seq, kind, at, chat, session, about FROM account_log WHERE seq <= ?1
             ORDER BY seq",
        )?;
        let rows = query.query_map([upto], |row| {
            let id = |column: usize| -> rusqlite::Result<Option<[u8; 16]>> {
                row.get_ref(column)?
                    .as_blob_or_null()?
                    .map(id16)
                    .transpose()
            };
            Ok(AccountEntry {
                seq: row.get(0)?,
                kind: row.get(1)?,
                at: row.get(2)?,
                chat: id(3)?.map(ChatId::from_bytes),
                session: id(4)?.map(SessionId::from_bytes),
                user: id(5)?.map(UserId::from_bytes),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

pub(super) fn put_account_entries(
    conn: &Connection,
    entries: &[AccountEntry],
) -> Result<(), DbError> {
    for entry in entries {
        let have: Seq = conn
            .prepare_cached("SELECT coalesce(max(seq), 0) FROM account_log")?
            .query_row([], |row| row.get(0))?;
        // Without gaps; what is missing is fetched in order.
        if entry.seq == have + 1 {
            conn.prepare_cached("INSERT INTO account_log VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
                .execute(params![
                    entry.seq,
                    entry.kind,
                    entry.at,
                    entry.chat.as_ref().map(ChatId::as_bytes),
                    entry.session.as_ref().map(SessionId::as_bytes),
                    entry.user.as_ref().map(UserId::as_bytes),
                ])?;
            if let Some(chat) = entry.chat
                && entry.kind == account_kind::CHAT_PREFS_CHANGED
            {
                // To be asked for anew, by whichever process gets to it.
                conn.prepare_cached("UPDATE chats SET info_rev = -1 WHERE id = ?1")?
                    .execute([chat.as_bytes()])?;
            }
        }
    }
    Ok(())
}

/// Own account's id, once known.
pub(super) fn own_id(conn: &Connection) -> Result<Option<UserId>, DbError> {
    parsed(conn, "user")
}

fn unsent(conn: &Connection) -> Result<u64, DbError> {
    Ok(
        conn.query_row("SELECT count(*) FROM outbox WHERE state < 2", [], |row| {
            row.get(0)
        })?,
    )
}

/// Ordinals of arrival go on, under a new profile id: a cursor of before must
/// not be taken for one of now.
fn wipe(conn: &Connection) -> Result<(), DbError> {
    conn.execute_batch(
        "DELETE FROM entries; DELETE FROM members; DELETE FROM chats; DELETE FROM users;
         DELETE FROM account_log; DELETE FROM outbox; DELETE FROM drafts;
         DELETE FROM edits; DELETE FROM reactions; DELETE FROM pins; DELETE FROM deleted;
         DELETE FROM mentions; INSERT INTO words(words) VALUES ('delete-all');
         DELETE FROM meta WHERE key IN ('user', 'username', 'session', 'token', 'community',
           'contacts_at', 'profile', 'profile_at');",
    )?;
    set_meta(conn, "profile_id", Some(&Uuid::new_v4().to_string()))
}
