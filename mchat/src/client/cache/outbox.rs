//! Messages and changes of messages that were typed here and are not known to
//! be stored.

use bytes::Bytes;
use proto::Seq;
use proto::entry::{Body, Deleted, Edited, Entry, Message, Pinned, Reacted};
use proto::error::{ErrorCode, WireError};
use proto::id::{ChatId, EntryId};
use proto::request::Sent;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::account::{id16, own_id};
use super::entries::{RangeNow, put_entries};
use super::{Db, DbError};
use crate::client::Outcome;
use crate::client::core::Outgoing;
use crate::client::model::{OutboxKind, OutboxRow, OutboxState};

const QUEUED: i64 = 0;
const FAILED: i64 = 1;
const STORED: i64 = 2;

/// A chat and the message in it that is changed.
type Place = (ChatId, Option<Seq>);

/// Where a message of the outbox stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// Not decided yet.
    Pending,
    /// Decided.
    Done(Outcome),
}

impl Db {
    /// Puts a message at the end of the outbox, on stable storage. One whose id
    /// is there already is left as it is.
    pub(crate) fn enqueue(&mut self, row: &OutboxRow) -> Result<(), DbError> {
        // NORMAL would lose the last messages with the power.
        self.conn.pragma_update(None, "synchronous", "FULL")?;
        let stored = self.insert(row);
        self.conn.pragma_update(None, "synchronous", "NORMAL")?;
        stored
    }

    fn insert(&mut self, row: &OutboxRow) -> Result<(), DbError> {
        let tx = self.begin()?;
        tx.prepare_cached(
            "INSERT INTO outbox(id, chat, text, reply_to, at, kind, target, origin)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT(id) DO NOTHING",
        )?
        .execute(params![
            row.id.as_bytes(),
            row.chat.as_bytes(),
            row.text,
            row.reply_to,
            row.at,
            number(row.kind),
            match row.kind {
                OutboxKind::Forward { seq, .. } => Some(seq),
                other => other.target(),
            },
            match &row.kind {
                OutboxKind::Forward { from, .. } => Some(from.as_bytes()),
                _ => None,
            },
        ])?;
        tx.commit()?;
        Ok(())
    }

    /// The outbox of one chat or of all, oldest first.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub fn outbox(&self, chat: Option<ChatId>) -> Result<Vec<OutboxRow>, DbError> {
        let mut query = self.conn.prepare_cached(
            "SELECT id, chat, text, reply_to, kind, target, origin, at, state, error FROM outbox
             WHERE ?1 IS NULL OR chat = ?1 ORDER BY ord",
        )?;
        let rows = query.query_map([chat.as_ref().map(ChatId::as_bytes)], |row| {
            let state: i64 = row.get(8)?;
            let error: Option<String> = row.get(9)?;
            Ok(OutboxRow {
                id: EntryId::from_bytes(id16(row.get_ref(0)?.as_blob()?)?),
                chat: ChatId::from_bytes(id16(row.get_ref(1)?.as_blob()?)?),
                text: row.get(2)?,
                reply_to: row.get(3)?,
                kind: what(row, 4)?,
                at: row.get(7)?,
                state: match state {
                    FAILED => OutboxState::Failed(refusal(error.as_deref())),
                    STORED => OutboxState::Sending,
                    _ => OutboxState::Queued,
                },
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Messages to be sent, oldest first, at most `limit`.
    pub(crate) fn outgoing(&self, limit: u32) -> Result<Vec<Outgoing>, DbError> {
        let mut query = self.conn.prepare_cached(
            "SELECT id, chat, text, reply_to, kind, target, origin FROM outbox WHERE state = 0
             ORDER BY ord LIMIT ?1",
        )?;
        let rows = query.query_map([limit], |row| {
            Ok(Outgoing {
                id: EntryId::from_bytes(id16(row.get_ref(0)?.as_blob()?)?),
                chat: ChatId::from_bytes(id16(row.get_ref(1)?.as_blob()?)?),
                text: row.get(2)?,
                reply_to: row.get(3)?,
                kind: what(row, 4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Changes of messages of a chat, oldest first.
    pub(super) fn pending_changes(&self, chat: ChatId) -> Result<Vec<OutboxRow>, DbError> {
        let mut rows = self.outbox(Some(chat))?;
        rows.retain(|row| !row.kind.is_message());
        Ok(rows)
    }

    /// Whether anything is to be sent.
    pub(crate) fn has_outgoing(&self) -> Result<bool, DbError> {
        Ok(self
            .conn
            .prepare_cached("SELECT 1 FROM outbox WHERE state = 0")?
            .exists([])?)
    }

    /// What became of a message that was in the outbox.
    pub(crate) fn waiting(&self, id: EntryId) -> Result<Waiting, DbError> {
        let found = self
            .conn
            .prepare_cached("SELECT state, error, seq FROM outbox WHERE id = ?1")?
            .query_row([id.as_bytes()], |row| {
                Ok((
                    row.get::<_, i64>(0)?,
                    row.get::<_, Option<String>>(1)?,
                    row.get::<_, Option<Seq>>(2)?,
                ))
            })
            .optional()?;
        Ok(match found {
            // It left the outbox because it is in the log.
            None => Waiting::Done(Outcome::Stored(None)),
            Some((STORED, _, seq)) => Waiting::Done(Outcome::Stored(seq)),
            Some((FAILED, error, _)) => Waiting::Done(Outcome::Failed(refusal(error.as_deref()))),
            Some(_) => Waiting::Pending,
        })
    }

    /// Queues a failed message or change again; its chat and what it changes.
    pub(crate) fn requeue(&mut self, id: EntryId) -> Result<Option<Place>, DbError> {
        self.change(
            "UPDATE outbox SET state = 0, error = NULL WHERE id = ?1 AND state = 1
             RETURNING chat, kind, target, origin",
            id,
        )
    }

    /// Takes a failed message or change out; its chat and what it changes.
    pub(crate) fn discard(&mut self, id: EntryId) -> Result<Option<Place>, DbError> {
        self.change(
            "DELETE FROM outbox WHERE id = ?1 AND state = 1
             RETURNING chat, kind, target, origin",
            id,
        )
    }

    fn change(&mut self, sql: &str, id: EntryId) -> Result<Option<Place>, DbError> {
        let tx = self.begin()?;
        let found = tx
            .query_row(sql, [id.as_bytes()], |row| {
                let chat = id16(row.get_ref(0)?.as_blob()?).map(ChatId::from_bytes)?;
                Ok((chat, what(row, 1)?.target()))
            })
            .optional()?;
        tx.commit()?;
        Ok(found)
    }
}

fn refusal(text: Option<&str>) -> WireError {
    text.and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_else(|| ErrorCode::Internal.into())
}

/// The server has stored a message. Where it is the next entry of the cached
/// range it becomes one at once, so that it never vanishes in between;
/// otherwise it stays as stored until the entries before it are here.
pub(super) fn sent(
    conn: &Connection,
    chat: ChatId,
    id: EntryId,
    sent: &Sent,
) -> Result<Option<RangeNow>, DbError> {
    let row = conn
        .prepare_cached("SELECT text, reply_to, kind, target, origin FROM outbox WHERE id = ?1")?
        .query_row([id.as_bytes()], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, Option<Seq>>(1)?,
                what(row, 2)?,
            ))
        })
        .optional()?;
    let Some((text, reply_to, kind)) = row else {
        return Ok(None);
    };
    let hi: Option<Seq> = conn
        .prepare_cached("SELECT hi FROM chats WHERE id = ?1")?
        .query_row([chat.as_bytes()], |row| row.get(0))
        .optional()?
        .flatten();
    match (hi, own_id(conn)?) {
        (Some(hi), _) if sent.seq <= hi => {
            conn.execute("DELETE FROM outbox WHERE id = ?1", [id.as_bytes()])?;
            Ok(None)
        }
        (Some(hi), Some(actor)) if sent.seq == hi + 1 && is_known(kind, sent) => {
            let ref_seq = reply_to.or(kind.target());
            let (kind, body): (u16, Bytes) = body(kind, text)
                .encode()
                .map_err(|error| DbError::Damaged(error.to_string()))?;
            let entry = Entry {
                seq: sent.seq,
                kind,
                id,
                msg_no: sent.msg_no,
                ref_seq,
                actor,
                at: sent.at,
                body,
            };
            put_entries(conn, chat, &[entry], false)
        }
        _ => {
            conn.prepare_cached("UPDATE outbox SET state = 2, seq = ?2 WHERE id = ?1")?
                .execute(params![id.as_bytes(), sent.seq])?;
            Ok(None)
        }
    }
}

/// Whether the entry that the server made of it is known in every part. Of a
/// forwarded message only the server knows the text; a change that was so
/// already is an entry of somebody else, or none.
pub(crate) fn is_known(kind: OutboxKind, sent: &Sent) -> bool {
    match kind {
        OutboxKind::Message => true,
        OutboxKind::Forward { .. } => false,
        _ => !sent.dup,
    }
}

fn body(kind: OutboxKind, text: String) -> Body {
    match kind {
        OutboxKind::Message | OutboxKind::Forward { .. } => Body::Message(Message::new(text)),
        OutboxKind::Edit { .. } => Body::Edited(Edited { text }),
        OutboxKind::Delete { .. } => Body::Deleted(Deleted {}),
        OutboxKind::React { on, .. } => Body::Reacted(Reacted { emoji: text, on }),
        OutboxKind::Pin { on, .. } => Body::Pinned(Pinned { on }),
    }
}

/// The number a kind is kept as.
fn number(kind: OutboxKind) -> i64 {
    match kind {
        OutboxKind::Message => 0,
        OutboxKind::Forward { .. } => 1,
        OutboxKind::Edit { .. } => 2,
        OutboxKind::Delete { .. } => 3,
        OutboxKind::React { on: true, .. } => 4,
        OutboxKind::React { on: false, .. } => 5,
        OutboxKind::Pin { on: true, .. } => 6,
        OutboxKind::Pin { on: false, .. } => 7,
    }
}

/// The kind from the columns `kind`, `target`, `origin`.
fn what(row: &Row<'_>, first: usize) -> rusqlite::Result<OutboxKind> {
    let number: i64 = row.get(first)?;
    let seq: Seq = row.get::<_, Option<Seq>>(first + 1)?.unwrap_or(0);
    Ok(match number {
        1 => OutboxKind::Forward {
            from: ChatId::from_bytes(id16(row.get_ref(first + 2)?.as_blob()?)?),
            seq,
        },
        2 => OutboxKind::Edit { seq },
        3 => OutboxKind::Delete { seq },
        4 | 5 => OutboxKind::React {
            seq,
            on: number == 4,
        },
        6 | 7 => OutboxKind::Pin {
            seq,
            on: number == 6,
        },
        _ => OutboxKind::Message,
    })
}

/// What a message or change in the outbox changes.
pub(super) fn target_of(conn: &Connection, id: EntryId) -> Result<Option<Seq>, DbError> {
    Ok(conn
        .prepare_cached("SELECT kind, target, origin FROM outbox WHERE id = ?1")?
        .query_row([id.as_bytes()], |row| what(row, 0))
        .optional()?
        .and_then(OutboxKind::target))
}

/// The server has refused a message for good.
pub(super) fn failed(conn: &Connection, id: EntryId, error: &WireError) -> Result<(), DbError> {
    let text = serde_json::to_string(error).map_err(|e| DbError::Damaged(e.to_string()))?;
    conn.prepare_cached("UPDATE outbox SET state = ?2, error = ?3 WHERE id = ?1")?
        .execute(params![id.as_bytes(), FAILED, text])?;
    debug_assert_eq!(QUEUED, 0);
    Ok(())
}
