//! Messages with their present texts.

use proto::Seq;
use proto::entry::Body;
use proto::id::ChatId;
use rusqlite::{Connection, OptionalExtension};

use super::chats;
use super::entries::{self, mid};
use super::readers::Reader;
use crate::store::changes::FoundMessage;
use crate::store::{ChatNo, StoreError};

/// See [`Store::entry`](crate::store::Store::entry).
pub(super) fn entry(
    reader: &mut Reader,
    chat: ChatNo,
    seq: Seq,
) -> Result<Option<FoundMessage>, StoreError> {
    reader.snapshot(|reader| {
        let Some(id) = chats::id_of(&reader.conn, chat)? else {
            return Ok(None);
        };
        one(reader, chat, id, seq)
    })
}

/// See [`Store::pins`](crate::store::Store::pins).
pub(super) fn pins(reader: &mut Reader, chat: ChatNo) -> Result<Vec<FoundMessage>, StoreError> {
    reader.snapshot(|reader| {
        let Some(id) = chats::id_of(&reader.conn, chat)? else {
            return Ok(Vec::new());
        };
        let pinned = reader
            .conn
            .prepare_cached("SELECT seq FROM pins WHERE chat_no = ?1 ORDER BY entry_seq DESC")?
            .query_map([chat.0], |row| row.get::<_, i64>(0))?
            .collect::<Result<Vec<_>, _>>()?;
        let mut found = Vec::with_capacity(pinned.len());
        for seq in pinned {
            found.extend(one(reader, chat, id, seq as u64)?);
        }
        Ok(found)
    })
}

/// One entry, with its present text where it is an edited message.
pub(super) fn one(
    reader: &mut Reader,
    chat: ChatNo,
    id: ChatId,
    seq: Seq,
) -> Result<Option<FoundMessage>, StoreError> {
    if seq > entries::MAX_SEQ {
        return Ok(None);
    }
    let found = reader
        .conn
        .prepare_cached(
            "SELECT mid, id, sender, kind, msg_no, ref_seq, body, created_at
             FROM messages WHERE mid = ?1",
        )?
        .query_row([mid(chat, seq)], |row| {
            Ok((entries::entry(row)?, row.get::<_, i64>(2)?))
        })
        .optional()?;
    let Some((mut entry, sender)) = found else {
        return Ok(None);
    };
    entry.actor = reader.user_id(sender)?;
    Ok(Some(FoundMessage {
        chat: id,
        entry,
        edited: edited(&reader.conn, chat, seq)?,
    }))
}

/// The text of a message's latest edit.
pub(super) fn edited(
    conn: &Connection,
    chat: ChatNo,
    seq: Seq,
) -> Result<Option<String>, StoreError> {
    let latest: Option<(u16, Vec<u8>)> = conn
        .prepare_cached(
            "SELECT m.kind, m.body FROM message_edits e
             JOIN messages m ON m.mid = (e.chat_no << 32) | e.edit_seq
             WHERE e.chat_no = ?1 AND e.seq = ?2 ORDER BY e.edit_seq DESC LIMIT 1",
        )?
        .query_row([chat.0, seq as i64], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(
        latest.and_then(|(kind, body)| match Body::decode(kind, &body) {
            Body::Edited(edited) => Some(edited.text),
            _ => None,
        }),
    )
}
