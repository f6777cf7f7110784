//! How far each member has received and read a chat.

use proto::Seq;
use proto::id::UserId;
use rusqlite::{Connection, OptionalExtension, params};

use super::chats;
use super::entries;
use super::readers::Reader;
use super::writer::Tx;
use crate::store::{
    ChatNo, Committed, Counts, CursorMove, CursorRecord, ShownCursor, StoreError, UserNo,
};

/// See [`Store::move_cursors`](crate::store::Store::move_cursors).
pub(super) fn advance(
    tx: &mut Tx<'_>,
    moves: &[CursorMove],
) -> Result<Vec<CursorRecord>, StoreError> {
    let mut moved = Vec::new();
    for wanted in moves {
        if let Some(cursor) = advance_one(tx, *wanted)? {
            moved.push(cursor);
        }
    }
    Ok(moved)
}

fn advance_one(tx: &mut Tx<'_>, wanted: CursorMove) -> Result<Option<CursorRecord>, StoreError> {
    let (chat, user) = (wanted.chat, wanted.user);
    let Some(state) = tx.heads.get(tx.conn, chat)? else {
        return Ok(None);
    };
    let present: Option<(i64, i64, i64, [u8; 16])> = tx
        .conn
        .prepare_cached(
            "SELECT m.read_seq, m.read_no, m.delivered_seq, u.id
             FROM members m JOIN users u ON u.user_no = m.user_no
             WHERE m.chat_no = ?1 AND m.user_no = ?2 AND m.left_at IS NULL",
        )?
        .query_row([chat.0, user.0], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .optional()?;
    let Some((old_read, old_read_no, old_delivered, id)) = present else {
        return Ok(None);
    };
    let (old_read, old_delivered) = (old_read as u64, old_delivered as u64);
    let read = wanted.read.min(state.head).max(old_read);
    let delivered = wanted
        .delivered
        .min(state.head)
        .max(old_delivered)
        .max(read);
    if (read, delivered) == (old_read, old_delivered) {
        return Ok(None);
    }
    let read_no = match read {
        same if same == old_read => old_read_no as u64,
        head if head == state.head => state.msg_no,
        between => entries::msg_no_at(tx.conn, chat, between)?,
    };
    tx.conn
        .prepare_cached(
            "UPDATE members SET read_seq = ?3, read_no = ?4, delivered_seq = ?5
             WHERE chat_no = ?1 AND user_no = ?2",
        )?
        .execute(params![
            chat.0,
            user.0,
            read as i64,
            read_no as i64,
            delivered as i64,
        ])?;
    let cursor_rev = state.cursor_rev + 1;
    tx.heads.change(chat, |state| state.cursor_rev = cursor_rev);
    let cursor = CursorRecord {
        chat,
        user,
        user_id: UserId::from_bytes(id),
        read,
        read_no,
        delivered,
        shown: ShownCursor {
            read,
            read_no,
            delivered,
        },
        shown_moved: true,
        cursor_rev,
    };
    let chat_id = chats::id_of(tx.conn, chat)?.ok_or(StoreError::NoAccess)?;
    tx.events.push(Committed::Cursor { chat_id, cursor });
    Ok(Some(cursor))
}

/// See [`Store::cursors`](crate::store::Store::cursors).
pub(super) fn of_chat(
    reader: &mut Reader,
    chat: ChatNo,
) -> Result<(Vec<CursorRecord>, u64), StoreError> {
    reader.snapshot(|reader| {
        let cursor_rev: Option<i64> = reader
            .conn
            .prepare_cached("SELECT cursor_rev FROM chat_heads WHERE chat_no = ?1")?
            .query_row([chat.0], |row| row.get(0))
            .optional()?;
        let cursor_rev = cursor_rev.unwrap_or(0) as u64;
        let cursors = reader
            .conn
            .prepare_cached(
                "SELECT m.user_no, u.id, m.read_seq, m.read_no, m.delivered_seq
                 FROM members m JOIN users u ON u.user_no = m.user_no
                 WHERE m.chat_no = ?1 AND m.left_at IS NULL ORDER BY m.join_no",
            )?
            .query_map([chat.0], |row| {
                Ok(CursorRecord {
                    chat,
                    user: UserNo(row.get(0)?),
                    user_id: UserId::from_bytes(row.get(1)?),
                    read: row.get::<_, i64>(2)? as u64,
                    read_no: row.get::<_, i64>(3)? as u64,
                    delivered: row.get::<_, i64>(4)? as u64,
                    shown: ShownCursor {
                        read: row.get::<_, i64>(2)? as u64,
                        read_no: row.get::<_, i64>(3)? as u64,
                        delivered: row.get::<_, i64>(4)? as u64,
                    },
                    shown_moved: false,
                    cursor_rev,
                })
            })?
            .collect::<Result<Vec<_>, _>>()?;
        Ok((cursors, cursor_rev))
    })
}

/// See [`Store::counts`](crate::store::Store::counts).
pub(super) fn counts(
    conn: &Connection,
    chat: ChatNo,
    author: UserNo,
    seq: Seq,
) -> Result<Counts, StoreError> {
    let seq = seq.min(entries::MAX_SEQ) as i64;
    Ok(conn
        .prepare_cached(
            "SELECT count(*), coalesce(sum(delivered_seq >= ?3), 0), coalesce(sum(read_seq >= ?3), 0)
             FROM members WHERE chat_no = ?1 AND left_at IS NULL AND user_no <> ?2",
        )?
        .query_row([chat.0, author.0, seq], |row| {
            Ok(Counts {
                members: row.get::<_, i64>(0)? as u64,
                delivered: row.get::<_, i64>(1)? as u64,
                read: row.get::<_, i64>(2)? as u64,
            })
        })?)
}
