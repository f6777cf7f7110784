//! Entries that go: of chats with a retention, and of deleted chats.

use proto::id::ChatId;
use proto::{Seq, UnixMillis};
use rusqlite::{Connection, params};

use super::entries::{self, mid, seq_of};
use super::index;
use super::writer::Tx;
use crate::store::groups::RaisedFloor;
use crate::store::{ChatNo, StoreError};

const DAY: i64 = 24 * 60 * 60 * 1000;

/// A floor to be raised.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    chat: ChatNo,
    id: ChatId,
    /// The chat's retention when this was found; `None` where it is deleted.
    days: Option<i64>,
    floor: Seq,
}

/// What is to be done, by up to `limit` entries, and whether there is more.
pub(super) fn plan(
    conn: &Connection,
    now: UnixMillis,
    limit: u32,
) -> Result<(Vec<Step>, bool), StoreError> {
    let mut chats = conn.prepare_cached(
        "SELECT c.chat_no, c.id, c.retention_days, h.floor FROM chats c
         JOIN chat_heads h ON h.chat_no = c.chat_no
         WHERE c.retention_days > 0 AND c.deleted_at IS NULL AND h.floor < h.head
         UNION ALL
         SELECT c.chat_no, c.id, NULL, h.floor FROM chats c
         JOIN chat_heads h ON h.chat_no = c.chat_no
         WHERE c.deleted_at IS NOT NULL AND h.floor < h.head",
    )?;
    let mut oldest = conn.prepare_cached(
        "SELECT mid, created_at FROM messages WHERE mid > ?1 AND mid <= ?2 ORDER BY mid LIMIT ?3",
    )?;
    let mut steps = Vec::new();
    let mut left = limit;
    let mut rows = chats.query([])?;
    while let Some(row) = rows.next()? {
        let chat = ChatNo(row.get(0)?);
        let days: Option<i64> = row.get(2)?;
        let floor = row.get::<_, i64>(3)? as u64;
        let before = days.map_or(i64::MAX, |days| {
            now.saturating_sub(days.saturating_mul(DAY))
        });
        let range = params![
            mid(chat, floor),
            mid(chat, entries::MAX_SEQ),
            i64::from(left) + 1
        ];
        let mut entries = oldest.query(range)?;
        let mut upto = floor;
        while let Some(entry) = entries.next()? {
            if entry.get::<_, UnixMillis>(1)? >= before {
                break;
            }
            if left == 0 {
                push(&mut steps, chat, row, days, (floor, upto))?;
                return Ok((steps, true));
            }
            left -= 1;
            upto = seq_of(entry.get(0)?);
        }
        push(&mut steps, chat, row, days, (floor, upto))?;
    }
    Ok((steps, false))
}

fn push(
    steps: &mut Vec<Step>,
    chat: ChatNo,
    row: &rusqlite::Row<'_>,
    days: Option<i64>,
    (from, upto): (Seq, Seq),
) -> Result<(), StoreError> {
    if upto > from {
        steps.push(Step {
            chat,
            id: ChatId::from_bytes(row.get(1)?),
            days,
            floor: upto,
        });
    }
    Ok(())
}

/// Raises the floors, unless a chat's retention has changed since.
pub(super) fn apply(tx: &mut Tx<'_>, steps: &[Step]) -> Result<Vec<RaisedFloor>, StoreError> {
    let mut raised = Vec::new();
    for step in steps {
        let holds = tx
            .conn
            .prepare_cached(
                "SELECT 1 FROM chats c JOIN chat_heads h ON h.chat_no = c.chat_no
                 WHERE c.chat_no = ?1 AND h.floor < ?3
                   AND (c.deleted_at IS NOT NULL OR c.retention_days = ?2)",
            )?
            .exists(params![step.chat.0, step.days, step.floor as i64])?;
        if !holds {
            continue;
        }
        raise(tx.conn, step.chat, step.floor)?;
        if step.days.is_some() {
            raised.push(RaisedFloor {
                chat: step.id,
                floor: step.floor,
            });
        }
    }
    Ok(raised)
}

fn raise(conn: &Connection, chat: ChatNo, floor: Seq) -> Result<(), StoreError> {
    let floor_no = entries::msg_no_at(conn, chat, floor)? as i64;
    let (first, last) = (mid(chat, 0), mid(chat, floor));
    let indexed = conn
        .prepare_cached("SELECT mid FROM search_docs WHERE mid > ?1 AND mid <= ?2")?
        .query_map([first, last], |row| row.get::<_, i64>(0))?
        .collect::<Result<Vec<_>, _>>()?;
    for key in indexed {
        index::remove(conn, key)?;
    }
    for table in [
        "DELETE FROM message_edits WHERE chat_no = ?1 AND seq <= ?2",
        "DELETE FROM reactions WHERE chat_no = ?1 AND seq <= ?2",
        "DELETE FROM pins WHERE chat_no = ?1 AND seq <= ?2",
        "DELETE FROM chat_blocks WHERE chat_no = ?1 AND block * 1024 < ?2",
    ] {
        conn.prepare_cached(table)?
            .execute([chat.0, floor as i64])?;
    }
    conn.prepare_cached("DELETE FROM messages WHERE mid > ?1 AND mid <= ?2")?
        .execute([first, last])?;
    conn.prepare_cached("UPDATE chat_heads SET floor = ?2, floor_no = ?3 WHERE chat_no = ?1")?
        .execute([chat.0, floor as i64, floor_no])?;
    conn.prepare_cached(
        "UPDATE members SET
           read_seq = max(read_seq, ?2), read_no = max(read_no, ?3),
           delivered_seq = max(delivered_seq, ?2),
           shown_read_seq = max(shown_read_seq, ?2), shown_read_no = max(shown_read_no, ?3),
           shown_delivered_seq = max(shown_delivered_seq, ?2)
         WHERE chat_no = ?1 AND left_at IS NULL AND (shown_read_seq < ?2 OR read_seq < ?2)",
    )?
    .execute([chat.0, floor as i64, floor_no])?;
    Ok(())
}
