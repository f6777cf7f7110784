//! What entries do to messages before them. The tables here are kept beside the
//! entries, whatever order those come in: of two entries about the same thing
//! the one with the larger number holds.

use bytes::Bytes;
use proto::Seq;
use proto::entry::{Body, Edited, Entry, Message, Pinned, Reacted, kind};
use proto::id::UserId;
use rusqlite::{Connection, OptionalExtension, params};

use super::DbError;
use super::search::unindex;

/// Whose cache it is, as far as mentions are concerned.
#[derive(Debug, Clone)]
pub(super) struct Reader {
    pub(super) user: Option<UserId>,
    /// Their name in the form in which names are compared.
    key: Option<String>,
}

impl Reader {
    pub(super) fn of(conn: &Connection) -> Result<Self, DbError> {
        let user = super::account::own_id(conn)?;
        let key = super::account::meta(conn, "username")?;
        Ok(Self {
            user,
            key: key.map(|name| proto::text::username_key(&name)),
        })
    }

    fn is_named(&self, text: &str) -> bool {
        text.contains('@')
            && self
                .key
                .as_ref()
                .is_some_and(|key| proto::text::mentions(text).contains(key))
    }
}

/// The body to be kept in place of an entry's own: one without text where its
/// message was deleted, which may be known before the entry comes.
pub(super) fn blanked(conn: &Connection, no: i64, entry: &Entry) -> Result<Option<Bytes>, DbError> {
    let target = match entry.kind {
        kind::MESSAGE => Some(entry.seq),
        kind::EDITED => entry.ref_seq,
        _ => None,
    };
    match target {
        Some(target) if is_deleted(conn, no, target)? => Ok(Some(blank(entry.kind)?)),
        _ => Ok(None),
    }
}

/// Takes over what a newly cached entry does; the message that it changes.
pub(super) fn took(
    conn: &Connection,
    no: i64,
    entry: &Entry,
    reader: &Reader,
) -> Result<Option<Seq>, DbError> {
    match (entry.kind, entry.ref_seq) {
        (kind::MESSAGE, _) => {
            wrote(conn, no, entry, reader)?;
            return Ok(None);
        }
        (kind::DELETED, Some(seq)) => deleted(conn, no, seq)?,
        (kind::EDITED | kind::REACTED | kind::PINNED, Some(seq)) => {
            if is_deleted(conn, no, seq)? {
                return Ok(None);
            }
            match Body::decode(entry.kind, &entry.body) {
                Body::Edited(edited) => edit(conn, no, seq, entry, &edited, reader)?,
                Body::Reacted(reacted) => react(conn, no, seq, entry, &reacted)?,
                Body::Pinned(pinned) => pin(conn, no, seq, entry, &pinned)?,
                // Of a newer server: shown as such.
                _ => return Ok(None),
            }
        }
        _ => return Ok(None),
    }
    Ok(entry.ref_seq)
}

fn wrote(conn: &Connection, no: i64, entry: &Entry, reader: &Reader) -> Result<(), DbError> {
    if Some(entry.actor) == reader.user || !entry.body.contains(&b'@') {
        return Ok(());
    }
    let named = match Body::decode(entry.kind, &entry.body) {
        Body::Message(message) => reader.is_named(&message.text),
        _ => false,
    };
    // An edit of it may be cached already: then that one's text counts.
    let edited = conn
        .prepare_cached("SELECT 1 FROM edits WHERE chat_no = ?1 AND seq = ?2")?
        .exists(params![no, entry.seq])?;
    if named && !edited {
        mention(conn, no, entry.seq, true)?;
    }
    Ok(())
}

fn edit(
    conn: &Connection,
    no: i64,
    seq: Seq,
    entry: &Entry,
    edited: &Edited,
    reader: &Reader,
) -> Result<(), DbError> {
    conn.prepare_cached("INSERT OR IGNORE INTO edits VALUES (?1, ?2, ?3)")?
        .execute(params![no, seq, entry.seq])?;
    if Some(entry.actor) != reader.user && latest_edit(conn, no, seq)? == Some(entry.seq) {
        mention(conn, no, seq, reader.is_named(&edited.text))?;
    }
    Ok(())
}

fn react(
    conn: &Connection,
    no: i64,
    seq: Seq,
    entry: &Entry,
    reacted: &Reacted,
) -> Result<(), DbError> {
    conn.prepare_cached(
        "INSERT INTO reactions VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET entry_seq = ?5, stands = ?6 WHERE entry_seq < ?5",
    )?
    .execute(params![
        no,
        seq,
        entry.actor.as_bytes(),
        reacted.emoji,
        entry.seq,
        reacted.on
    ])?;
    Ok(())
}

fn pin(
    conn: &Connection,
    no: i64,
    seq: Seq,
    entry: &Entry,
    pinned: &Pinned,
) -> Result<(), DbError> {
    conn.prepare_cached(
        "INSERT INTO pins VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET entry_seq = ?3, stands = ?4 WHERE entry_seq < ?3",
    )?
    .execute(params![no, seq, entry.seq, pinned.on])?;
    Ok(())
}

/// Texts go, and whatever was built from them.
fn deleted(conn: &Connection, no: i64, seq: Seq) -> Result<(), DbError> {
    conn.prepare_cached("INSERT OR IGNORE INTO deleted VALUES (?1, ?2)")?
        .execute(params![no, seq])?;
    unindex(conn, no, seq)?;
    conn.prepare_cached(
        "UPDATE entries SET body = ?3 WHERE chat_no = ?1 AND seq = ?2 AND kind = 1",
    )?
    .execute(params![no, seq, &blank(kind::MESSAGE)?[..]])?;
    conn.prepare_cached(
        "UPDATE entries SET body = ?3 WHERE chat_no = ?1 AND kind = 5 AND seq IN
           (SELECT edit_seq FROM edits WHERE chat_no = ?1 AND seq = ?2)",
    )?
    .execute(params![no, seq, &blank(kind::EDITED)?[..]])?;
    for table in ["edits", "reactions", "pins", "mentions"] {
        conn.prepare_cached(&format!(
            "DELETE FROM {table} WHERE chat_no = ?1 AND seq = ?2"
        ))?
        .execute(params![no, seq])?;
    }
    Ok(())
}

/// What belongs to messages up to the floor goes with them.
pub(super) fn forget(conn: &Connection, no: i64, floor: Seq) -> Result<(), DbError> {
    for table in ["edits", "reactions", "pins", "mentions", "deleted"] {
        conn.prepare_cached(&format!(
            "DELETE FROM {table} WHERE chat_no = ?1 AND seq <= ?2"
        ))?
        .execute(params![no, floor])?;
    }
    Ok(())
}

fn is_deleted(conn: &Connection, no: i64, seq: Seq) -> Result<bool, DbError> {
    Ok(conn
        .prepare_cached("SELECT 1 FROM deleted WHERE chat_no = ?1 AND seq = ?2")?
        .exists(params![no, seq])?)
}

/// The entry that holds a message's present text, where it was edited.
pub(super) fn latest_edit(conn: &Connection, no: i64, seq: Seq) -> Result<Option<Seq>, DbError> {
    Ok(conn
        .prepare_cached("SELECT max(edit_seq) FROM edits WHERE chat_no = ?1 AND seq = ?2")?
        .query_row(params![no, seq], |row| row.get(0))
        .optional()?
        .flatten())
}

fn mention(conn: &Connection, no: i64, seq: Seq, on: bool) -> Result<(), DbError> {
    let sql = if on {
        "INSERT OR IGNORE INTO mentions VALUES (?1, ?2)"
    } else {
        "DELETE FROM mentions WHERE chat_no = ?1 AND seq = ?2"
    };
    conn.prepare_cached(sql)?.execute(params![no, seq])?;
    Ok(())
}

/// The body of a deleted message or of an edit of it.
fn blank(kind: u16) -> Result<Bytes, DbError> {
    let body = match kind {
        kind::EDITED => Body::Edited(Edited {
            text: String::new(),
        }),
        _ => Body::Message(Message {
            deleted: true,
            ..Message::new("")
        }),
    };
    let (_, bytes) = body
        .encode()
        .map_err(|error| DbError::Damaged(error.to_string()))?;
    Ok(bytes)
}
