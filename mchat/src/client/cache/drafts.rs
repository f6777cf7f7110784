//! What is typed and not sent yet.

use proto::UnixMillis;
use proto::id::ChatId;
use rusqlite::params;

use super::account::id16;
use super::{Db, DbError};

impl Db {
    /// Keeps a chat's draft; an empty one is removed.
    pub(crate) fn save_draft(
        &mut self,
        chat: ChatId,
        text: &str,
        at: UnixMillis,
    ) -> Result<(), DbError> {
        if text.is_empty() {
            self.conn
                .prepare_cached("DELETE FROM drafts WHERE chat = ?1")?
                .execute([chat.as_bytes()])?;
        } else {
            self.conn
                .prepare_cached(
                    "INSERT INTO drafts VALUES (?1, ?2, ?3)
                     ON CONFLICT(chat) DO UPDATE SET text = ?2, at = ?3",
                )?
                .execute(params![chat.as_bytes(), text, at])?;
        }
        Ok(())
    }

    /// All drafts, latest first.
    pub(crate) fn drafts(&self) -> Result<Vec<(ChatId, String)>, DbError> {
        let mut query = self
            .conn
            .prepare_cached("SELECT chat, text FROM drafts ORDER BY at DESC")?;
        let rows = query.query_map([], |row| {
            let chat = ChatId::from_bytes(id16(row.get_ref(0)?.as_blob()?)?);
            Ok((chat, row.get(1)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
