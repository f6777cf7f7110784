//! Messages as they stand now.

use std::cmp::Ordering;

use proto::Seq;
use proto::entry::{Body, Entry};
use proto::id::{ChatId, EntryId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::chats;
use super::entries::{self, MAX_SEQ, mid, seq_of};
use super::readers::Reader;
use crate::store::timeline::{Edit, MessageRecord, ReactionRecord, Window};
use crate::store::{ChatNo, StoreError};

/// What [`Bare`] is read from; `messages` is `e`.
macro_rules! columns {
    () => {
        "e.mid, e.id, e.sender, e.kind, e.msg_no, e.ref_seq, e.body, e.created_at,
         EXISTS (SELECT 1 FROM message_edits d
                 WHERE d.chat_no = e.mid >> 32 AND d.seq = (e.mid & 0xffffffff)),
         EXISTS (SELECT 1 FROM reactions r
                 WHERE r.chat_no = e.mid >> 32 AND r.seq = (e.mid & 0xffffffff)),
         EXISTS (SELECT 1 FROM pins p
                 WHERE p.chat_no = e.mid >> 32 AND p.seq = (e.mid & 0xffffffff))"
    };
}

const OLDER: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM messages e WHERE e.mid > ?1 AND e.mid <= ?2 AND e.kind = 1
      ORDER BY e.mid DESC LIMIT ?3"
);
const NEWER: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM messages e WHERE e.mid > ?1 AND e.mid <= ?2 AND e.kind = 1
      ORDER BY e.mid LIMIT ?3"
);
const ONE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM messages e WHERE e.mid = ?1 AND e.kind = 1"
);

/// Entries looked through for the latest message before it is looked up by its
/// number.
const NEAR: i64 = 64;

/// A message, and whether something hangs on it.
struct Bare {
    entry: Entry,
    sender: i64,
    edited: bool,
    reacted: bool,
    pinned: bool,
}

fn bare(row: &Row<'_>) -> Result<Bare, rusqlite::Error> {
    Ok(Bare {
        entry: entries::entry(row)?,
        sender: row.get(2)?,
        edited: row.get(8)?,
        reacted: row.get(9)?,
        pinned: row.get(10)?,
    })
}

/// Adds who wrote a message and what hangs on it.
fn whole(
    reader: &mut Reader,
    chat: ChatNo,
    id: ChatId,
    bare: Bare,
) -> Result<MessageRecord, StoreError> {
    let mut entry = bare.entry;
    entry.actor = reader.user_id(bare.sender)?;
    let edited = match bare.edited {
        true => edit(&reader.conn, chat, entry.seq)?,
        false => None,
    };
    let reactions = match bare.reacted {
        true => reactions(reader, chat, entry.seq)?,
        false => Vec::new(),
    };
    Ok(MessageRecord {
        chat: id,
        chat_no: chat,
        entry,
        edited,
        reactions,
        pinned: bare.pinned,
    })
}

fn edit(conn: &Connection, chat: ChatNo, seq: Seq) -> Result<Option<Edit>, StoreError> {
    let latest: Option<(u16, Vec<u8>, i64)> = conn
        .prepare_cached(
            "SELECT m.kind, m.body, m.created_at FROM message_edits e
             JOIN messages m ON m.mid = (e.chat_no << 32) | e.edit_seq
             WHERE e.chat_no = ?1 AND e.seq = ?2 ORDER BY e.edit_seq DESC LIMIT 1",
        )?
        .query_row([chat.0, seq as i64], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    Ok(
        latest.and_then(|(kind, body, at)| match Body::decode(kind, &body) {
            Body::Edited(edited) => Some(Edit {
                text: edited.text,
                at,
            }),
            _ => None,
        }),
    )
}

fn reactions(
    reader: &mut Reader,
    chat: ChatNo,
    seq: Seq,
) -> Result<Vec<ReactionRecord>, StoreError> {
    let found = reader
        .conn
        .prepare_cached(
            "SELECT r.user_no, r.emoji, m.id, m.created_at FROM reactions r
             JOIN messages m ON m.mid = (r.chat_no << 32) | r.entry_seq
             WHERE r.chat_no = ?1 AND r.seq = ?2 ORDER BY r.entry_seq",
        )?
        .query_map([chat.0, seq as i64], |row| {
            let id = EntryId::from_bytes(row.get(2)?);
            Ok((row.get::<_, i64>(0)?, row.get(1)?, id, row.get(3)?))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    found
        .into_iter()
        .map(|(user, emoji, id, at)| {
            Ok(ReactionRecord {
                id,
                user: reader.user_id(user)?,
                emoji,
                at,
            })
        })
        .collect()
}

/// See [`Store::messages`](crate::store::Store::messages).
pub(super) fn page(
    reader: &mut Reader,
    chat: ChatNo,
    from: Seq,
    window: Window,
    limit: u32,
) -> Result<(Vec<MessageRecord>, bool), StoreError> {
    reader.snapshot(|reader| {
        let Some(id) = chats::id_of(&reader.conn, chat)? else {
            return Ok((Vec::new(), false));
        };
        let (sql, after, upto) = match window {
            Window::Latest { offset: 0 } => (OLDER, from, MAX_SEQ),
            Window::Latest { offset } => (OLDER, from, without_latest(reader, chat, offset)?),
            Window::Before(seq) => (OLDER, from, seq.saturating_sub(1)),
            Window::After(seq) => (NEWER, from.max(seq), MAX_SEQ),
        };
        let mut found = reader
            .conn
            .prepare_cached(sql)?
            .query_map(
                params![mid(chat, after), mid(chat, upto), i64::from(limit) + 1],
                bare,
            )?
            .collect::<Result<Vec<_>, _>>()?;
        let more = found.len() > limit as usize;
        found.truncate(limit as usize);
        if sql == OLDER {
            found.reverse();
        }
        let found = found.into_iter().map(|bare| whole(reader, chat, id, bare));
        Ok((found.collect::<Result<_, _>>()?, more))
    })
}

/// The latest message of a chat but so many; 0 where there is none.
fn without_latest(reader: &Reader, chat: ChatNo, offset: u32) -> Result<Seq, StoreError> {
    let Some(state) = state(&reader.conn, chat)? else {
        return Ok(0);
    };
    let wanted = state.msg_no - i64::from(offset);
    Ok(numbered(&reader.conn, chat, &state, wanted)?.unwrap_or(0))
}

/// Where a chat's log begins and ends.
struct State {
    floor: Seq,
    floor_no: i64,
    head: Seq,
    msg_no: i64,
}

fn state(conn: &Connection, chat: ChatNo) -> Result<Option<State>, StoreError> {
    Ok(conn
        .prepare_cached("SELECT floor, floor_no, head, msg_no FROM chat_heads WHERE chat_no = ?1")?
        .query_row([chat.0], |row| {
            Ok(State {
                floor: row.get::<_, i64>(0)? as u64,
                floor_no: row.get(1)?,
                head: row.get::<_, i64>(2)? as u64,
                msg_no: row.get(3)?,
            })
        })
        .optional()?)
}

/// Where the message with this number is, unless it is gone. The numbers rise
/// with the log, which has no gaps: it is halved until one entry is left.
fn numbered(
    conn: &Connection,
    chat: ChatNo,
    state: &State,
    wanted: i64,
) -> Result<Option<Seq>, StoreError> {
    if wanted <= state.floor_no || wanted > state.msg_no {
        return Ok(None);
    }
    let mut number = conn.prepare_cached("SELECT msg_no FROM messages WHERE mid = ?1")?;
    let (mut below, mut at) = (state.floor, state.head);
    while at - below > 1 {
        let middle = below + (at - below) / 2;
        let found: i64 = number.query_row([mid(chat, middle)], |row| row.get(0))?;
        match found.cmp(&wanted) {
            Ordering::Less => below = middle,
            Ordering::Equal | Ordering::Greater => at = middle,
        }
    }
    Ok(Some(at))
}

/// The latest message of a chat after an entry, and its author. Most often it
/// is the chat's latest entry.
pub(super) fn latest(
    reader: &mut Reader,
    chat: ChatNo,
    id: ChatId,
    from: Seq,
    head: Seq,
) -> Result<Option<(MessageRecord, i64)>, StoreError> {
    if head <= from {
        return Ok(None);
    }
    if let Some(bare) = one(&reader.conn, chat, head)? {
        let sender = bare.sender;
        return Ok(Some((whole(reader, chat, id, bare)?, sender)));
    }
    let near: Option<i64> = reader
        .conn
        .prepare_cached(
            "SELECT mid FROM (SELECT mid, kind FROM messages WHERE mid > ?1 AND mid <= ?2
                              ORDER BY mid DESC LIMIT ?3)
             WHERE kind = 1 ORDER BY mid DESC LIMIT 1",
        )?
        .query_row(params![mid(chat, from), mid(chat, MAX_SEQ), NEAR], |row| {
            row.get(0)
        })
        .optional()?;
    let seq = match near {
        Some(near) => Some(seq_of(near)),
        None => match state(&reader.conn, chat)? {
            Some(state) if state.head > from + NEAR as u64 => {
                numbered(&reader.conn, chat, &state, state.msg_no)?.filter(|seq| *seq > from)
            }
            _ => None,
        },
    };
    let Some(seq) = seq else {
        return Ok(None);
    };
    let Some(bare) = one(&reader.conn, chat, seq)? else {
        return Ok(None);
    };
    let sender = bare.sender;
    Ok(Some((whole(reader, chat, id, bare)?, sender)))
}

fn one(conn: &Connection, chat: ChatNo, seq: Seq) -> Result<Option<Bare>, StoreError> {
    Ok(conn
        .prepare_cached(ONE)?
        .query_row([mid(chat, seq)], bare)
        .optional()?)
}

/// See [`Store::messages_at`](crate::store::Store::messages_at).
pub(super) fn at(
    reader: &mut Reader,
    chat: ChatNo,
    mut seqs: Vec<Seq>,
) -> Result<Vec<MessageRecord>, StoreError> {
    seqs.sort_unstable();
    seqs.dedup();
    reader.snapshot(|reader| {
        let mut found = Vec::with_capacity(seqs.len());
        let Some(id) = chats::id_of(&reader.conn, chat)? else {
            return Ok(found);
        };
        for seq in seqs.into_iter().filter(|seq| *seq <= MAX_SEQ) {
            if let Some(bare) = one(&reader.conn, chat, seq)? {
                found.push(whole(reader, chat, id, bare)?);
            }
        }
        Ok(found)
    })
}

/// See [`Store::message`](crate::store::Store::message).
pub(super) fn by_id(reader: &mut Reader, id: EntryId) -> Result<Option<MessageRecord>, StoreError> {
    reader.snapshot(|reader| {
        let sql = concat!(
            "SELECT ",
            columns!(),
            ", c.chat_no, c.id FROM messages e JOIN chats c ON c.chat_no = e.mid >> 32
              WHERE e.id = ?1 AND e.kind = 1 AND c.deleted_at IS NULL"
        );
        let found = reader
            .conn
            .prepare_cached(sql)?
            .query_row([id.as_bytes()], |row| {
                let chat = ChatId::from_bytes(row.get(12)?);
                Ok((bare(row)?, ChatNo(row.get(11)?), chat))
            })
            .optional()?;
        found
            .map(|(bare, chat, chat_id)| whole(reader, chat, chat_id, bare))
            .transpose()
    })
}
