//! Names of chats and people for shells to complete: read fast, without waiting
//! and without changing anything.

use std::path::Path;

use proto::id::ChatId;
use rusqlite::{Connection, OpenFlags};

use super::DbError;
use super::account::id16;

/// Most names of a sort.
const MOST: u32 = 200;

/// A chat as a shell completes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChatName {
    /// Which.
    pub(crate) id: ChatId,
    /// What it is called.
    pub(crate) title: String,
    /// The user name of the other person of a private chat.
    pub(crate) peer: Option<String>,
}

/// A connection that only reads names.
pub(crate) struct Names {
    conn: Connection,
}

impl Names {
    /// Opens the cache of a profile as it is; it is neither made nor migrated.
    ///
    /// # Errors
    ///
    /// [`DbError::Sqlite`] where there is none.
    pub(crate) fn open(profile: &Path) -> Result<Self, DbError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(profile.join("cache.db"), flags)?;
        Ok(Self { conn })
    }

    /// The chats of somebody, latest first.
    ///
    /// # Errors
    ///
    /// [`DbError::Sqlite`].
    pub(crate) fn chats(&self) -> Result<Vec<ChatName>, DbError> {
        let mut query = self.conn.prepare(
            "SELECT c.id, c.title, u.username FROM chats c LEFT JOIN users u ON u.id = c.peer
             WHERE c.left = 0 ORDER BY max(c.last_at, c.created_at) DESC LIMIT ?1",
        )?;
        let rows = query.query_map([MOST], |row| {
            Ok(ChatName {
                id: ChatId::from_bytes(id16(row.get_ref(0)?.as_blob()?)?),
                title: row.get(1)?,
                peer: row.get(2)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// User names that begin with a text, whose case does not matter.
    ///
    /// # Errors
    ///
    /// [`DbError::Sqlite`].
    pub(crate) fn users(&self, begin: &str) -> Result<Vec<String>, DbError> {
        let begin = proto::text::username_key(begin);
        let mut query = self.conn.prepare(
            "SELECT username FROM users WHERE name_key >= ?1 AND name_key < ?1 || char(0x10ffff)
             ORDER BY name_key LIMIT ?2",
        )?;
        let rows = query.query_map(rusqlite::params![begin, MOST], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
