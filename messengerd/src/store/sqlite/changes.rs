//! What is done to messages: edits, deletions, reactions, pins.

use bytes::Bytes;
use proto::entry::{self, Body, kind};
use proto::limits::{PINS, REACTIONS_EACH};
use proto::{Seq, UnixMillis};
use rusqlite::{Connection, OptionalExtension, params};

use super::entries::{self, mid};
use super::writer::Tx;
use super::{index, members};
use crate::store::changes::{Change, MessageChange};
use crate::store::{Append, Appended, ChatNo, StoreError};

/// See [`Store::change_message`](crate::store::Store::change_message).
pub(super) fn apply(tx: &mut Tx<'_>, change: MessageChange) -> Result<Appended, StoreError> {
    let (chat, user) = (change.chat, change.actor.no);
    let state = tx.heads.get(tx.conn, chat)?.ok_or(StoreError::NoAccess)?;
    if state.acl_rev != change.acl_rev && !members::may_write(tx.conn, chat, user, change.at)? {
        return Err(StoreError::NoAccess);
    }
    if let Some(first) = entries::landed(tx.conn, chat, user, change.id)? {
        return Ok(first);
    }
    let target = target(tx.conn, chat, change.seq)?;
    match &change.what {
        Change::Edit(body) => {
            if target.sender != user.0 {
                return Err(StoreError::NoAccess);
            }
            let landed = tell(tx, &change, kind::EDITED, body.clone())?;
            tx.conn
                .prepare_cached(
                    "INSERT INTO message_edits (chat_no, seq, edit_seq) VALUES (?1, ?2, ?3)",
                )?
                .execute([chat.0, change.seq as i64, landed.seq as i64])?;
            Ok(landed)
        }
        Change::Delete => {
            erase(tx, chat, change.seq)?;
            let (kind, body) = encoded(&Body::Deleted(entry::Deleted {}))?;
            tell(tx, &change, kind, body)
        }
        Change::React { emoji, on } => react(tx, &change, target.place, emoji, *on),
        Change::Pin { on } => pin(tx, &change, target.place, *on),
    }
}

/// A message that may be changed.
struct Target {
    sender: i64,
    place: Appended,
}

fn target(conn: &Connection, chat: ChatNo, seq: Seq) -> Result<Target, StoreError> {
    if seq > entries::MAX_SEQ {
        return Err(StoreError::NoEntry);
    }
    type Found = (i64, u16, i64, UnixMillis, Vec<u8>);
    let found: Option<Found> = conn
        .prepare_cached(
            "SELECT sender, kind, msg_no, created_at, body FROM messages WHERE mid = ?1",
        )?
        .query_row([mid(chat, seq)], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
            ))
        })
        .optional()?;
    match found {
        Some((sender, kind::MESSAGE, msg_no, at, body)) if !is_deleted(&body) => Ok(Target {
            sender,
            place: Appended {
                seq,
                msg_no: msg_no as u64,
                at,
                dup: true,
            },
        }),
        _ => Err(StoreError::NoEntry),
    }
}

/// Whether this is the body of a deleted message.
pub(super) fn is_deleted(body: &[u8]) -> bool {
    matches!(Body::decode(kind::MESSAGE, body), Body::Message(message) if message.deleted)
}

fn encoded(body: &Body) -> Result<(u16, Bytes), StoreError> {
    body.encode()
        .map_err(|error| StoreError::Internal(error.to_string()))
}

/// Appends the entry that tells of the change.
fn tell(
    tx: &mut Tx<'_>,
    change: &MessageChange,
    kind: u16,
    body: Bytes,
) -> Result<Appended, StoreError> {
    entries::append(
        tx,
        Append {
            chat: change.chat,
            chat_id: change.chat_id,
            acl_rev: change.acl_rev,
            actor: change.actor,
            kind,
            id: change.id,
            ref_seq: Some(change.seq),
            at: change.at,
            body,
        },
    )
}

/// Takes away the texts of a message and of its edits, and what hangs on it.
fn erase(tx: &mut Tx<'_>, chat: ChatNo, seq: Seq) -> Result<(), StoreError> {
    let (_, nothing) = encoded(&Body::Message(entry::Message {
        deleted: true,
        ..entry::Message::new("")
    }))?;
    let (_, no_edit) = encoded(&Body::Edited(entry::Edited {
        text: String::new(),
    }))?;
    let conn = tx.conn;
    conn.prepare_cached("UPDATE messages SET body = ?2 WHERE mid = ?1")?
        .execute(params![mid(chat, seq), &nothing[..]])?;
    conn.prepare_cached(
        "UPDATE messages SET body = ?3 WHERE mid IN (
           SELECT (chat_no << 32) | edit_seq FROM message_edits WHERE chat_no = ?1 AND seq = ?2)",
    )?
    .execute(params![chat.0, seq as i64, &no_edit[..]])?;
    for table in [
        "DELETE FROM message_edits WHERE chat_no = ?1 AND seq = ?2",
        "DELETE FROM reactions WHERE chat_no = ?1 AND seq = ?2",
        "DELETE FROM pins WHERE chat_no = ?1 AND seq = ?2",
    ] {
        conn.prepare_cached(table)?.execute([chat.0, seq as i64])?;
    }
    index::remove(conn, mid(chat, seq))
}

fn react(
    tx: &mut Tx<'_>,
    change: &MessageChange,
    message: Appended,
    emoji: &str,
    on: bool,
) -> Result<Appended, StoreError> {
    let key = params![change.chat.0, change.seq as i64, change.actor.no.0, emoji];
    let standing: Option<i64> = tx
        .conn
        .prepare_cached(
            "SELECT entry_seq FROM reactions
             WHERE chat_no = ?1 AND seq = ?2 AND user_no = ?3 AND emoji = ?4",
        )?
        .query_row(key, |row| row.get(0))
        .optional()?;
    match (standing, on) {
        (Some(entry), true) => return place(tx.conn, change.chat, entry, message),
        (None, false) => return Ok(message),
        (None, true) => {
            let count: i64 = tx
                .conn
                .prepare_cached(
                    "SELECT count(*) FROM reactions
                     WHERE chat_no = ?1 AND seq = ?2 AND user_no = ?3",
                )?
                .query_row(
                    [change.chat.0, change.seq as i64, change.actor.no.0],
                    |row| row.get(0),
                )?;
            if count >= REACTIONS_EACH as i64 {
                return Err(StoreError::TooMany("reactions"));
            }
        }
        (Some(_), false) => {
            tx.conn
                .prepare_cached(
                    "DELETE FROM reactions
                     WHERE chat_no = ?1 AND seq = ?2 AND user_no = ?3 AND emoji = ?4",
                )?
                .execute(key)?;
        }
    }
    let (kind, body) = encoded(&Body::Reacted(entry::Reacted {
        emoji: emoji.to_owned(),
        on,
    }))?;
    let landed = tell(tx, change, kind, body)?;
    if on {
        tx.conn
            .prepare_cached(
                "INSERT INTO reactions (chat_no, seq, user_no, emoji, entry_seq)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                change.chat.0,
                change.seq as i64,
                change.actor.no.0,
                emoji,
                landed.seq as i64,
            ])?;
    }
    Ok(landed)
}

fn pin(
    tx: &mut Tx<'_>,
    change: &MessageChange,
    message: Appended,
    on: bool,
) -> Result<Appended, StoreError> {
    let key = [change.chat.0, change.seq as i64];
    let standing: Option<i64> = tx
        .conn
        .prepare_cached("SELECT entry_seq FROM pins WHERE chat_no = ?1 AND seq = ?2")?
        .query_row(key, |row| row.get(0))
        .optional()?;
    match (standing, on) {
        (Some(entry), true) => return place(tx.conn, change.chat, entry, message),
        (None, false) => return Ok(message),
        (None, true) => {
            let count: i64 = tx
                .conn
                .prepare_cached("SELECT count(*) FROM pins WHERE chat_no = ?1")?
                .query_row([change.chat.0], |row| row.get(0))?;
            if count >= PINS as i64 {
                return Err(StoreError::TooMany("pins"));
            }
        }
        (Some(_), false) => {
            tx.conn
                .prepare_cached("DELETE FROM pins WHERE chat_no = ?1 AND seq = ?2")?
                .execute(key)?;
        }
    }
    let (kind, body) = encoded(&Body::Pinned(entry::Pinned { on }))?;
    let landed = tell(tx, change, kind, body)?;
    if on {
        tx.conn
            .prepare_cached("INSERT INTO pins (chat_no, seq, entry_seq) VALUES (?1, ?2, ?3)")?
            .execute([change.chat.0, change.seq as i64, landed.seq as i64])?;
    }
    Ok(landed)
}

/// The place of the entry that made something so.
fn place(
    conn: &Connection,
    chat: ChatNo,
    seq: i64,
    message: Appended,
) -> Result<Appended, StoreError> {
    let found = conn
        .prepare_cached("SELECT msg_no, created_at FROM messages WHERE mid = ?1")?
        .query_row([mid(chat, seq as u64)], |row| {
            Ok(Appended {
                seq: seq as u64,
                msg_no: row.get::<_, i64>(0)? as u64,
                at: row.get(1)?,
                dup: true,
            })
        })
        .optional()?;
    Ok(found.unwrap_or(message))
}
