//! Entries of chats' logs.

use bytes::Bytes;
use proto::Seq;
use proto::digest::block_of;
use proto::entry::{Entry, kind};
use proto::id::{EntryId, UserId};
use proto::limits::DIGEST_BLOCK;
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::members;
use super::readers::Reader;
use super::writer::Tx;
use crate::store::{Append, Appended, ChatNo, Committed, EntryPage, StoreError, UserNo};

/// Largest `seq`: the lower half of `mid`.
pub(super) const MAX_SEQ: u64 = 0xffff_ffff;

/// The key of an entry.
pub(super) fn mid(chat: ChatNo, seq: Seq) -> i64 {
    (chat.0 << 32) | seq.min(MAX_SEQ) as i64
}

pub(super) fn seq_of(mid: i64) -> Seq {
    mid as u64 & MAX_SEQ
}

/// Appends one entry, or finds that it is there already.
pub(super) fn append(tx: &mut Tx<'_>, append: Append) -> Result<Appended, StoreError> {
    let chat = append.chat;
    let state = tx.heads.get(tx.conn, chat)?.ok_or(StoreError::NoAccess)?;
    if state.acl_rev != append.acl_rev
        && !members::may_write(tx.conn, chat, append.actor.no, append.at)?
    {
        return Err(StoreError::NoAccess);
    }
    let seq = state.head + 1;
    if seq > MAX_SEQ {
        return Err(StoreError::Internal("the chat's log is full".to_owned()));
    }
    let msg_no = state.msg_no + u64::from(append.kind == kind::MESSAGE);
    let inserted = tx
        .conn
        .prepare_cached(
            "INSERT INTO messages (mid, id, sender, kind, msg_no, ref_seq, body, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (id) DO NOTHING",
        )?
        .execute(params![
            mid(chat, seq),
            append.id.as_bytes(),
            append.actor.no.0,
            append.kind,
            msg_no as i64,
            append.ref_seq.map(|seq| seq as i64),
            &append.body[..],
            append.at,
        ])?;
    if inserted == 0 {
        let first = landed(tx.conn, chat, append.actor.no, append.id)?;
        return first.ok_or_else(|| StoreError::Internal("an entry vanished".to_owned()));
    }
    tx.heads.change(chat, |state| {
        state.head = seq;
        state.msg_no = msg_no;
    });
    if seq % DIGEST_BLOCK == 0 {
        tx.full_blocks.push((chat, block_of(seq)));
    }
    let appended = Appended {
        seq,
        msg_no,
        at: append.at,
        dup: false,
    };
    tx.events.push(Committed::Entry {
        chat,
        chat_id: append.chat_id,
        acl_rev: state.acl_rev,
        entry: Entry {
            seq,
            kind: append.kind,
            id: append.id,
            msg_no,
            ref_seq: append.ref_seq,
            actor: append.actor.id,
            at: append.at,
            body: append.body,
        },
    });
    Ok(appended)
}

/// What the first append of this id came to, if there was one; a conflict where
/// it was somebody else's or in another chat.
pub(super) fn landed(
    conn: &Connection,
    chat: ChatNo,
    user: UserNo,
    id: EntryId,
) -> Result<Option<Appended>, StoreError> {
    let found: Option<(i64, i64, i64, i64)> = conn
        .prepare_cached("SELECT mid, sender, msg_no, created_at FROM messages WHERE id = ?1")?
        .query_row([id.as_bytes()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .optional()?;
    let Some((key, sender, msg_no, at)) = found else {
        return Ok(None);
    };
    if sender != user.0 || key >> 32 != chat.0 {
        return Err(StoreError::Conflict);
    }
    Ok(Some(Appended {
        seq: seq_of(key),
        msg_no: msg_no as u64,
        at,
        dup: true,
    }))
}

/// How many messages a chat holds up to an entry.
pub(super) fn msg_no_at(conn: &Connection, chat: ChatNo, seq: Seq) -> Result<u64, StoreError> {
    let found: Option<i64> = conn
        .prepare_cached(
            "SELECT msg_no FROM messages WHERE mid BETWEEN ?1 AND ?2 ORDER BY mid DESC LIMIT 1",
        )?
        .query_row([mid(chat, 0), mid(chat, seq)], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or(0) as u64)
}

const AFTER: &str = "SELECT mid, id, sender, kind, msg_no, ref_seq, body, created_at
    FROM messages WHERE mid > ?1 AND mid <= ?2 ORDER BY mid";
const BEFORE: &str = "SELECT mid, id, sender, kind, msg_no, ref_seq, body, created_at
    FROM messages WHERE mid > ?1 AND mid <= ?2 ORDER BY mid DESC";

/// See [`Store::entries_after`](crate::store::Store::entries_after).
pub(super) fn after(
    reader: &mut Reader,
    chat: ChatNo,
    after: Seq,
    limit: u32,
    max_bytes: usize,
) -> Result<EntryPage, StoreError> {
    let range = [mid(chat, after), mid(chat, MAX_SEQ)];
    reader.snapshot(|reader| page(reader, chat, AFTER, range, limit, max_bytes))
}

/// See [`Store::entries_before`](crate::store::Store::entries_before).
pub(super) fn before(
    reader: &mut Reader,
    chat: ChatNo,
    from: Seq,
    before: Option<Seq>,
    limit: u32,
    max_bytes: usize,
) -> Result<EntryPage, StoreError> {
    let upto = before.map_or(MAX_SEQ, |seq| seq.saturating_sub(1));
    let range = [mid(chat, from), mid(chat, upto)];
    let mut page = reader.snapshot(|reader| page(reader, chat, BEFORE, range, limit, max_bytes))?;
    page.entries.reverse();
    Ok(page)
}

/// Entries of a range in the order of the statement, until a limit is reached.
fn page(
    reader: &mut Reader,
    chat: ChatNo,
    sql: &str,
    range: [i64; 2],
    limit: u32,
    max_bytes: usize,
) -> Result<EntryPage, StoreError> {
    let mut page = EntryPage {
        floor: floor(&reader.conn, chat)?,
        ..EntryPage::default()
    };
    let mut senders = Vec::new();
    {
        let mut select = reader.conn.prepare_cached(sql)?;
        let mut rows = select.query(range)?;
        let mut bytes = 0;
        while let Some(row) = rows.next()? {
            bytes += row.get_ref(6)?.as_blob().map_or(0, <[u8]>::len);
            let full = page.entries.len() >= limit as usize
                || (bytes > max_bytes && !page.entries.is_empty());
            if full {
                page.more = true;
                break;
            }
            senders.push(row.get::<_, i64>(2)?);
            page.entries.push(entry(row)?);
        }
    }
    for (entry, sender) in page.entries.iter_mut().zip(senders) {
        entry.actor = reader.user_id(sender)?;
    }
    Ok(page)
}

/// An entry without its actor, which the caller knows by number.
pub(super) fn entry(row: &Row<'_>) -> Result<Entry, rusqlite::Error> {
    Ok(Entry {
        seq: seq_of(row.get(0)?),
        id: EntryId::from_bytes(row.get(1)?),
        kind: row.get(3)?,
        msg_no: row.get::<_, i64>(4)? as u64,
        ref_seq: row.get::<_, Option<i64>>(5)?.map(|seq| seq as u64),
        actor: UserId(Uuid::nil()),
        at: row.get(7)?,
        body: Bytes::copy_from_slice(row.get_ref(6)?.as_blob()?),
    })
}

fn floor(conn: &Connection, chat: ChatNo) -> Result<Seq, StoreError> {
    let floor: Option<i64> = conn
        .prepare_cached("SELECT floor FROM chat_heads WHERE chat_no = ?1")?
        .query_row([chat.0], |row| row.get(0))
        .optional()?;
    Ok(floor.unwrap_or(0) as u64)
}
