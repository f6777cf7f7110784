//! Finding messages in the cache. The index is filled behind, in the order of
//! arrival, by whichever process has time.

use std::cmp::Reverse;

use proto::entry::{Body, kind};
use proto::id::ChatId;
use proto::request::Place;
use proto::search::{Words, has_words};
use proto::text::{search_fold, search_words};
use proto::{Seq, UnixMillis};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, params};

use super::account::{id16, meta, set_meta};
use super::changes::latest_edit;
use super::chats::chat_no;
use super::entries::{ENTRY_COLUMNS, entry_row};
use super::{Db, DbError};
use crate::client::model::{EntryRow, HitSource, SearchPage};

/// Entries indexed in one transaction: others wait for it.
const BATCH: u32 = 400;
/// The latest messages are looked through before the index is asked: a frequent
/// word is found among them at once, while the index would have to name all its
/// messages. Few in tests, so that they come to both.
const RECENT: u32 = if cfg!(test) { 2 } else { 1024 };
/// Bits of the arrival ordinal in a key of the index.
const ARRIVAL_BITS: u32 = 20;

/// Orders the index by time; arrivals tell apart what was written in the same
/// millisecond.
fn key(at: UnixMillis, arrival: u64) -> i64 {
    (at << ARRIVAL_BITS) | (arrival & ((1 << ARRIVAL_BITS) - 1)) as i64
}

/// A word that stands for a chat. No text has it: characters for private use
/// are folded to spaces.
fn chat_word(no: i64) -> String {
    format!("\u{e000}{no}")
}

/// Takes a message out of the index, if it is in it.
pub(super) fn unindex(conn: &Connection, no: i64, seq: Seq) -> Result<(), DbError> {
    let found = conn
        .prepare_cached(
            "SELECT at, arrival FROM entries WHERE chat_no = ?1 AND seq = ?2 AND kind = 1",
        )?
        .query_row(params![no, seq], |row| {
            Ok(key(row.get(0)?, row.get::<_, u64>(1)?))
        })
        .optional()?;
    if let Some(key) = found {
        remove(conn, key)?;
    }
    Ok(())
}

/// Takes a chat's messages up to the floor out of the index.
pub(super) fn unindex_upto(conn: &Connection, no: i64, floor: Seq) -> Result<(), DbError> {
    let mut query = conn.prepare_cached(
        "SELECT at, arrival FROM entries WHERE chat_no = ?1 AND seq <= ?2 AND kind = 1",
    )?;
    let keys = query.query_map(params![no, floor], |row| {
        Ok(key(row.get(0)?, row.get::<_, u64>(1)?))
    })?;
    for key in keys {
        remove(conn, key?)?;
    }
    Ok(())
}

fn remove(conn: &Connection, key: i64) -> Result<(), DbError> {
    conn.prepare_cached("DELETE FROM words WHERE rowid = ?1")?
        .execute([key])?;
    Ok(())
}

fn indexed(conn: &Connection) -> Result<u64, DbError> {
    Ok(meta(conn, "indexed")?
        .and_then(|text| text.parse().ok())
        .unwrap_or(0))
}

/// Indexes a message by its present text.
fn index(conn: &Connection, no: i64, seq: Seq, upto: u64) -> Result<(), DbError> {
    let found = conn
        .prepare_cached(
            "SELECT at, arrival, body FROM entries WHERE chat_no = ?1 AND seq = ?2 AND kind = 1",
        )?
        .query_row(params![no, seq], |row| {
            Ok((
                row.get::<_, UnixMillis>(0)?,
                row.get::<_, u64>(1)?,
                row.get::<_, Vec<u8>>(2)?,
            ))
        })
        .optional()?;
    let Some((at, arrival, body)) = found else {
        return Ok(());
    };
    if arrival > upto {
        // Its turn comes.
        return Ok(());
    }
    let key = key(at, arrival);
    remove(conn, key)?;
    let Some(text) = text(conn, no, seq, ValueRef::Blob(&body))? else {
        return Ok(());
    };
    let words = format!("{} {}", chat_word(no), search_fold(&text));
    conn.prepare_cached("INSERT INTO words(rowid, text) VALUES (?1, ?2)")?
        .execute(params![key, words])?;
    Ok(())
}

/// The text of a message's latest edit, and how many there are.
pub(super) fn edited_text(
    conn: &Connection,
    no: i64,
    seq: Seq,
) -> Result<Option<(String, u32)>, DbError> {
    let Some(edit) = latest_edit(conn, no, seq)? else {
        return Ok(None);
    };
    let body: Option<Vec<u8>> = conn
        .prepare_cached("SELECT body FROM entries WHERE chat_no = ?1 AND seq = ?2")?
        .query_row(params![no, edit], |row| row.get(0))
        .optional()?;
    let edits: u32 = conn
        .prepare_cached("SELECT count(*) FROM edits WHERE chat_no = ?1 AND seq = ?2")?
        .query_row(params![no, seq], |row| row.get(0))?;
    Ok(
        match body.map(|body| Body::decode(kind::EDITED, &body[..])) {
            Some(Body::Edited(edited)) => Some((edited.text, edits)),
            _ => None,
        },
    )
}

impl Db {
    /// Indexes the next entries that arrived; true where there are more.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub fn index_some(&mut self) -> Result<bool, DbError> {
        // Without the write lock where there is nothing to do.
        if indexed(&self.conn)? >= self.last_arrival()? {
            return Ok(false);
        }
        let tx = self.begin()?;
        let from = indexed(&tx)?;
        let batch: Vec<(u64, i64, Seq, u16, Option<Seq>)> = {
            let mut query = tx.prepare_cached(
                "SELECT arrival, chat_no, seq, kind, ref_seq FROM entries WHERE arrival > ?1
                 ORDER BY arrival LIMIT ?2",
            )?;
            let rows = query.query_map(params![from, BATCH], |row| {
                Ok((
                    row.get(0)?,
                    row.get(1)?,
                    row.get(2)?,
                    row.get(3)?,
                    row.get(4)?,
                ))
            })?;
            rows.collect::<Result<_, _>>()?
        };
        for (arrival, no, seq, what, target) in &batch {
            match (*what, target) {
                (kind::MESSAGE, _) => index(&tx, *no, *seq, *arrival)?,
                (kind::EDITED, Some(target)) => index(&tx, *no, *target, *arrival)?,
                _ => {}
            }
        }
        // Ordinals may have gaps at the end: of entries that are gone.
        let full = batch.len() as u32 == BATCH;
        let upto = match batch.last() {
            Some((arrival, ..)) if full => *arrival,
            _ => tx.query_row(
                "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'entries'), 0)",
                [],
                |row| row.get(0),
            )?,
        };
        set_meta(&tx, "indexed", Some(&upto.to_string()))?;
        tx.commit()?;
        Ok(full)
    }

    /// Messages that have all the words, latest first.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub fn search(
        &mut self,
        query: &str,
        chat: Option<ChatId>,
        limit: u32,
        before: Option<Place>,
    ) -> Result<SearchPage, DbError> {
        let mut page = SearchPage {
            hits: Vec::new(),
            more: false,
            next: None,
            from: HitSource::Cache,
            behind: self.unindexed(chat)?,
        };
        let words = search_words(query);
        let words = Words::new(&words);
        let no = match chat {
            Some(chat) => match chat_no(&self.conn, chat)? {
                Some(no) => Some(no),
                None => return Ok(page),
            },
            None => None,
        };
        if words.is_empty() {
            return Ok(page);
        }
        let mut gathered = Gathered {
            limit: limit as usize,
            before,
            hits: Vec::new(),
        };
        matches(&self.conn, words, no, &mut gathered)?;
        let mut hits = gathered.hits;
        hits.sort_by_key(|hit| Reverse((hit.at, hit.id)));
        page.more = hits.len() > limit as usize;
        hits.truncate(limit as usize);
        page.next = hits.last().map(|hit| Place {
            at: hit.at,
            id: hit.id,
        });
        self.describe(&mut hits)?;
        page.hits = hits;
        Ok(page)
    }

    /// Messages that are not indexed yet.
    fn unindexed(&self, chat: Option<ChatId>) -> Result<u64, DbError> {
        let no = match chat {
            Some(chat) => chat_no(&self.conn, chat)?,
            None => None,
        };
        Ok(self
            .conn
            .prepare_cached(
                "SELECT count(*) FROM entries WHERE arrival > ?1 AND kind = 1
                 AND (?2 IS NULL OR chat_no = ?2)",
            )?
            .query_row(params![indexed(&self.conn)?, no], |row| row.get(0))?)
    }
}

/// What was found so far, latest first.
struct Gathered {
    limit: usize,
    before: Option<Place>,
    hits: Vec<EntryRow>,
}

impl Gathered {
    /// Whether nothing from this time on is wanted: there is one more than asked
    /// for and all of its millisecond, as the order within one is that of ids.
    fn is_full(&self, at: UnixMillis) -> bool {
        self.hits.len() > self.limit && self.hits.last().is_some_and(|last| last.at != at)
    }

    fn take(&mut self, conn: &Connection, arrival: i64) -> Result<(), DbError> {
        let sql = format!(
            "SELECT {ENTRY_COLUMNS}, c.id FROM entries e
             JOIN chats c ON c.no = e.chat_no LEFT JOIN users u ON u.id = e.actor
             WHERE e.arrival = ?1"
        );
        let hit = conn
            .prepare_cached(&sql)?
            .query_row([arrival], |row| {
                let chat = ChatId::from_bytes(id16(row.get_ref(11)?.as_blob()?)?);
                entry_row(row, chat)
            })
            .optional()?;
        let before = self.before;
        self.hits.extend(
            hit.filter(|hit| before.is_none_or(|place| (hit.at, hit.id) < (place.at, place.id))),
        );
        Ok(())
    }
}

/// Gathers the latest messages that have all the words: at least one more than
/// asked for where there are more.
fn matches(
    conn: &Connection,
    mut words: Words<'_>,
    chat: Option<i64>,
    gathered: &mut Gathered,
) -> Result<(), DbError> {
    let mut below = gathered
        .before
        .map_or(i64::MAX, |place| key(place.at.saturating_add(1), 0));
    match chat {
        Some(no) => sample(conn, &mut words, no)?,
        None => match recent(conn, &mut words, gathered)? {
            Some(at) => below = key(at, 0),
            None => return Ok(()),
        },
    }
    let (mut asked, mut checked) = words.split();
    if chat.is_none() && asked.is_empty() {
        // The least frequent one stands first.
        asked.push(checked.remove(0));
    }
    let mut terms: Vec<String> = asked.iter().map(|word| format!("\"{word}\" *")).collect();
    terms.extend(chat.map(|no| format!("\"{}\"", chat_word(no))));
    indexed_matches(conn, &terms.join(" AND "), &checked, below, gathered)
}

/// Looks through the latest messages. Answers the time before which the index is
/// to be asked, unless there are enough hits or no more messages.
fn recent(
    conn: &Connection,
    words: &mut Words<'_>,
    gathered: &mut Gathered,
) -> Result<Option<UnixMillis>, DbError> {
    let upto = gathered.before.map_or(i64::MAX, |place| place.at);
    let mut select = conn.prepare_cached(
        "SELECT at, arrival, chat_no, seq, body FROM entries INDEXED BY entries_at
         WHERE kind = 1 AND at <= ?1 ORDER BY at DESC",
    )?;
    let mut rows = select.query([upto])?;
    let (mut looked, mut last) = (0, upto);
    while let Some(row) = rows.next()? {
        let at = row.get(0)?;
        if gathered.is_full(at) {
            return Ok(None);
        }
        // To the end of a millisecond: the index is asked for whole ones.
        if looked >= RECENT && at != last {
            return Ok(Some(last));
        }
        (looked, last) = (looked + 1, at);
        let text = text(conn, row.get(2)?, row.get(3)?, row.get_ref(4)?)?;
        if text.is_some_and(|text| words.look(&search_fold(&text))) {
            gathered.take(conn, row.get(1)?)?;
        }
    }
    Ok(None)
}

/// Counts the words in the latest messages of a chat. They come by their places
/// in the log, which need not be in the order of time: nothing is gathered.
fn sample(conn: &Connection, words: &mut Words<'_>, no: i64) -> Result<(), DbError> {
    let mut select = conn.prepare_cached(
        "SELECT seq, body FROM entries
         WHERE chat_no = ?1 AND kind = 1 ORDER BY seq DESC LIMIT ?2",
    )?;
    let mut rows = select.query(params![no, RECENT])?;
    while let Some(row) = rows.next()? {
        if let Some(text) = text(conn, no, row.get(0)?, row.get_ref(1)?)? {
            words.look(&search_fold(&text));
        }
    }
    Ok(())
}

/// Gathers what the index names, where it has the other words too.
fn indexed_matches(
    conn: &Connection,
    terms: &str,
    checked: &[&str],
    below: i64,
    gathered: &mut Gathered,
) -> Result<(), DbError> {
    let mut select = conn.prepare_cached(
        "SELECT rowid FROM words WHERE words MATCH ?1 AND rowid < ?2 ORDER BY rowid DESC",
    )?;
    let mut find = conn.prepare_cached(
        "SELECT arrival, chat_no, seq, body FROM entries
         WHERE at = ?1 AND kind = 1 AND arrival & ?2 = ?3",
    )?;
    let mask = (1i64 << ARRIVAL_BITS) - 1;
    let mut keys = select.query(params![terms, below])?;
    while let Some(row) = keys.next()? {
        let key: i64 = row.get(0)?;
        let at = key >> ARRIVAL_BITS;
        if gathered.is_full(at) {
            break;
        }
        let mut named = find.query(params![at, mask, key & mask])?;
        let Some(row) = named.next()? else {
            continue;
        };
        let matches = checked.is_empty() || {
            let text = text(conn, row.get(1)?, row.get(2)?, row.get_ref(3)?)?;
            text.is_some_and(|text| has_words(&text, checked))
        };
        if matches {
            gathered.take(conn, row.get(0)?)?;
        }
    }
    Ok(())
}

/// A message's present text, unless it is deleted.
fn text(
    conn: &Connection,
    no: i64,
    seq: Seq,
    body: ValueRef<'_>,
) -> Result<Option<String>, DbError> {
    let body = body.as_blob().map_err(rusqlite::Error::from)?;
    let Body::Message(message) = Body::decode(kind::MESSAGE, body) else {
        return Ok(None);
    };
    if message.deleted {
        return Ok(None);
    }
    let edited = edited_text(conn, no, seq)?.map(|(text, _)| text);
    Ok(Some(edited.unwrap_or(message.text)))
}
