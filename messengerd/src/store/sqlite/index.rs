//! The full-text index of messages, filled behind the appends.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use proto::entry::{Body, kind};
use proto::text::search_fold;
use proto::{Seq, UnixMillis};
use rusqlite::{Connection, OptionalExtension, params};

use super::entries::{self, mid};
use super::error::closed;
use super::found;
use super::writer::{Tx, WeakQueue};
use crate::store::{ChatNo, Committed, StoreError};

/// Entries indexed in one write, so that appends wait for a few milliseconds
/// at most.
const SLICE: u32 = 64;
/// Bits of a `doc` that count messages of one millisecond.
const COUNT_BITS: u32 = 21;
/// Stands between a chat's number and a word; folded texts do not have it.
const MARK: char = '\u{e000}';

/// Chats whose logs are ahead of the index.
#[derive(Debug, Default)]
pub(super) struct Behind {
    state: Mutex<BehindState>,
}

#[derive(Debug, Default)]
struct BehindState {
    /// Whether those from before the store was opened are in it.
    scanned: bool,
    chats: BTreeSet<i64>,
}

impl Behind {
    fn state(&self) -> MutexGuard<'_, BehindState> {
        // A set of numbers is whole whenever the lock is free.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what a batch brought.
    pub(super) fn committed(&self, batch: &[Committed]) {
        let mut last = 0;
        for event in batch {
            if let Committed::Entry { chat, entry, .. } = event
                && matches!(entry.kind, kind::MESSAGE | kind::EDITED)
                && chat.0 != last
            {
                last = chat.0;
                self.state().chats.insert(chat.0);
            }
        }
    }

    pub(super) fn is_scanned(&self) -> bool {
        self.state().scanned
    }

    pub(super) fn scanned(&self, chats: Vec<i64>) {
        let mut state = self.state();
        state.scanned = true;
        state.chats.extend(chats);
    }

    /// Takes one out; who does not finish it puts it back.
    fn take(&self) -> Option<ChatNo> {
        self.state().chats.pop_first().map(ChatNo)
    }

    fn put_back(&self, chat: ChatNo) {
        self.state().chats.insert(chat.0);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.state().chats.is_empty()
    }
}

/// A chat that is being worked on; back among those behind unless it is done.
struct Taken<'a> {
    behind: &'a Behind,
    chat: ChatNo,
    done: bool,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.behind.put_back(self.chat);
        }
    }
}

/// Brings up to `limit` entries into the index, a few in each write.
pub(super) async fn fill_all(
    behind: &Behind,
    queue: &WeakQueue,
    limit: u32,
) -> Result<(), StoreError> {
    let mut left = limit;
    while left > 0
        && let Some(chat) = behind.take()
    {
        let mut taken = Taken {
            behind,
            chat,
            done: false,
        };
        let queue = queue.upgrade().ok_or_else(closed)?;
        let slice = left.min(SLICE);
        let (seen, more) = queue.write(move |tx| fill(tx, chat, slice)).await?;
        taken.done = !more;
        left -= seen;
    }
    Ok(())
}

/// All chats whose logs are ahead of the index.
pub(super) fn scan(conn: &Connection) -> Result<Vec<i64>, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT h.chat_no FROM chat_heads h JOIN chats c ON c.chat_no = h.chat_no
             LEFT JOIN search_heads s ON s.chat_no = h.chat_no
             WHERE h.head > coalesce(s.indexed, 0) AND c.deleted_at IS NULL",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?)
}

/// A text with each of its words bound to a chat.
fn scoped(chat: ChatNo, words: &str) -> String {
    let mut text = String::with_capacity(2 * words.len());
    for word in words.split_whitespace() {
        text.push_str(&token(chat, word));
        text.push(' ');
    }
    text
}

/// A word as it stands in the index.
pub(super) fn token(chat: ChatNo, word: &str) -> String {
    format!("{}{MARK}{word}", chat.0)
}

/// Documents of this time and later ones.
pub(super) fn docs_from(at: UnixMillis) -> i64 {
    at.clamp(0, (1 << (63 - COUNT_BITS)) - 1) << COUNT_BITS
}

/// When a document was written.
pub(super) fn time_of(doc: i64) -> UnixMillis {
    doc >> COUNT_BITS
}

/// Brings the next entries of a chat into the index: how many were looked at,
/// and whether there are more.
fn fill(tx: &mut Tx<'_>, chat: ChatNo, limit: u32) -> Result<(u32, bool), StoreError> {
    let Some(state) = tx.heads.get(tx.conn, chat)? else {
        return Ok((0, false));
    };
    let indexed: i64 = tx
        .conn
        .prepare_cached("SELECT indexed FROM search_heads WHERE chat_no = ?1")?
        .query_row([chat.0], |row| row.get(0))
        .optional()?
        .unwrap_or(0);
    let mut batch = Batch::read(tx.conn, chat, indexed as u64, limit)?;
    if batch.last == indexed as u64 {
        return Ok((0, false));
    }
    // In the order of documents, as the index likes it.
    batch.fresh.sort_unstable_by_key(|text| (text.at, text.seq));
    for text in &batch.fresh {
        insert(tx.conn, chat, text)?;
    }
    for text in &batch.edited {
        remove(tx.conn, mid(chat, text.seq))?;
        insert(tx.conn, chat, text)?;
    }
    tx.conn
        .prepare_cached(
            "INSERT INTO search_heads (chat_no, indexed) VALUES (?1, ?2)
             ON CONFLICT DO UPDATE SET indexed = excluded.indexed",
        )?
        .execute([chat.0, batch.last as i64])?;
    Ok((batch.seen, batch.last < state.head))
}

struct Text {
    seq: Seq,
    at: UnixMillis,
    words: String,
}

/// Entries that are not in the index yet.
struct Batch {
    seen: u32,
    last: Seq,
    fresh: Vec<Text>,
    edited: Vec<Text>,
}

impl Batch {
    fn read(conn: &Connection, chat: ChatNo, after: Seq, limit: u32) -> Result<Self, StoreError> {
        let mut batch = Self {
            seen: 0,
            last: after,
            fresh: Vec::new(),
            edited: Vec::new(),
        };
        let mut select = conn.prepare_cached(
            "SELECT mid, kind, ref_seq, body, created_at FROM messages
             WHERE mid > ?1 AND mid <= ?2 ORDER BY mid LIMIT ?3",
        )?;
        let range = (mid(chat, after), mid(chat, entries::MAX_SEQ), limit);
        let mut rows = select.query(range)?;
        let mut edited = BTreeSet::new();
        while let Some(row) = rows.next()? {
            batch.seen += 1;
            batch.last = entries::seq_of(row.get(0)?);
            match Body::decode(row.get(1)?, row.get_ref(3)?.as_blob().unwrap_or_default()) {
                Body::Message(message) if !message.deleted => batch.fresh.push(Text {
                    seq: batch.last,
                    at: row.get(4)?,
                    words: search_fold(&message.text),
                }),
                Body::Edited(_) => {
                    edited.extend(row.get::<_, Option<i64>>(2)?.map(|seq| seq as u64));
                }
                _ => {}
            }
        }
        for seq in edited {
            batch.edited.extend(present(conn, chat, seq)?);
        }
        Ok(batch)
    }
}

/// An edited message as it is now, unless it is gone.
fn present(conn: &Connection, chat: ChatNo, seq: Seq) -> Result<Option<Text>, StoreError> {
    let at: Option<UnixMillis> = conn
        .prepare_cached("SELECT created_at FROM messages WHERE mid = ?1")?
        .query_row([mid(chat, seq)], |row| row.get(0))
        .optional()?;
    let text = found::edited(conn, chat, seq)?;
    Ok(at.zip(text).map(|(at, text)| Text {
        seq,
        at,
        words: search_fold(&text),
    }))
}

fn insert(conn: &Connection, chat: ChatNo, text: &Text) -> Result<(), StoreError> {
    let first = docs_from(text.at);
    let after = first + (1 << COUNT_BITS);
    let latest: Option<i64> = conn
        .prepare_cached("SELECT max(doc) FROM search_docs WHERE doc >= ?1 AND doc < ?2")?
        .query_row([first, after], |row| row.get(0))?;
    let doc = latest.map_or(first, |doc| doc + 1);
    if doc >= after {
        return Err(StoreError::Internal(
            "too many messages of one millisecond".to_owned(),
        ));
    }
    conn.prepare_cached("INSERT INTO search_docs (doc, mid, words) VALUES (?1, ?2, ?3)")?
        .execute(params![doc, mid(chat, text.seq), text.words])?;
    conn.prepare_cached("INSERT INTO message_search (rowid, words) VALUES (?1, ?2)")?
        .execute(params![doc, scoped(chat, &text.words)])?;
    Ok(())
}

/// Takes a message out of the index, if it is there.
pub(super) fn remove(conn: &Connection, key: i64) -> Result<(), StoreError> {
    let kept: Option<(i64, String)> = conn
        .prepare_cached("SELECT doc, words FROM search_docs WHERE mid = ?1")?
        .query_row([key], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((doc, words)) = kept else {
        return Ok(());
    };
    conn.prepare_cached(
        "INSERT INTO message_search (message_search, rowid, words) VALUES ('delete', ?1, ?2)",
    )?
    .execute(params![doc, scoped(ChatNo(key >> 32), &words)])?;
    conn.prepare_cached("DELETE FROM search_docs WHERE doc = ?1")?
        .execute([doc])?;
    Ok(())
}
