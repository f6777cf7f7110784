//! How far each member has received and read a chat.

use proto::Seq;
use proto::id::UserId;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::chats;
use super::entries;
use super::readers::Reader;
use super::writer::Tx;
use crate::store::{
    ChatNo, Committed, Counts, CursorMove, CursorRecord, ShownCursor, StoreError, UserNo,
};

/// The columns of a [`CursorRecord`]; `members` is `m`, `users` is `u`.
macro_rules! columns {
    () => {
        "m.user_no, u.id, m.read_seq, m.read_no, m.delivered_seq,
         m.shown_read_seq, m.shown_read_no, m.shown_delivered_seq"
    };
}
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
    let present: Option<CursorRecord> = tx
        .conn
        .prepare_cached(concat!(
            "SELECT ",
            columns!(),
            " FROM members m JOIN users u ON u.user_no = m.user_no
             WHERE m.chat_no = ?1 AND m.user_no = ?2 AND m.left_at IS NULL"
        ))?
        .query_row([chat.0, user.0], |row| record(row, chat, state.cursor_rev))
        .optional()?;
    let Some(old) = present else {
        return Ok(None);
    };
    let mut next = old;
    next.read = wanted.read.min(state.head).max(old.read);
    next.delivered = wanted
        .delivered
        .min(state.head)
        .max(old.delivered)
        .max(next.read);
    next.read_no = match next.read {
        same if same == old.read => old.read_no,
        head if head == state.head => state.msg_no,
        between => entries::msg_no_at(tx.conn, chat, between)?.max(old.read_no),
    };
    if wanted.shown {
        next.shown = ShownCursor {
            read: next.read,
            read_no: next.read_no,
            delivered: next.delivered,
        };
    }
    if next == old {
        return Ok(None);
    }
    tx.conn
        .prepare_cached(
            "UPDATE members SET read_seq = ?3, read_no = ?4, delivered_seq = ?5,
               shown_read_seq = ?6, shown_read_no = ?7, shown_delivered_seq = ?8
             WHERE chat_no = ?1 AND user_no = ?2",
        )?
        .execute(params![
            chat.0,
            user.0,
            next.read as i64,
            next.read_no as i64,
            next.delivered as i64,
            next.shown.read as i64,
            next.shown.read_no as i64,
            next.shown.delivered as i64,
        ])?;
    next.shown_moved = next.shown != old.shown;
    if next.shown_moved {
        next.cursor_rev = state.cursor_rev + 1;
        tx.heads
            .change(chat, |state| state.cursor_rev = next.cursor_rev);
    }
    let chat_id = chats::id_of(tx.conn, chat)?.ok_or(StoreError::NoAccess)?;
    tx.events.push(Committed::Cursor {
        chat_id,
        cursor: next,
    });
    Ok(Some(next))
}

fn record(row: &Row<'_>, chat: ChatNo, cursor_rev: u64) -> Result<CursorRecord, rusqlite::Error> {
    let number = |at| row.get::<_, i64>(at).map(|number| number as u64);
    Ok(CursorRecord {
        chat,
        user: UserNo(row.get(0)?),
        user_id: UserId::from_bytes(row.get(1)?),
        read: number(2)?,
        read_no: number(3)?,
        delivered: number(4)?,
        shown: ShownCursor {
            read: number(5)?,
            read_no: number(6)?,
            delivered: number(7)?,
        },
        shown_moved: false,
        cursor_rev,
    })
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
            .prepare_cached(concat!(
                "SELECT ",
                columns!(),
                " FROM members m JOIN users u ON u.user_no = m.user_no
                 WHERE m.chat_no = ?1 AND m.left_at IS NULL ORDER BY m.join_no"
            ))?
            .query_map([chat.0], |row| record(row, chat, cursor_rev))?
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
            "SELECT count(*), coalesce(sum(shown_delivered_seq >= ?3), 0),
                    coalesce(sum(shown_read_seq >= ?3), 0)
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
