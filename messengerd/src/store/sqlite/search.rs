//! Finding messages.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt::Write as _;

use proto::id::{ChatId, EntryId};
use proto::search::{Words, has_word};
use proto::{Seq, UnixMillis};
use rusqlite::{Connection, Error, OptionalExtension, params};

use super::entries::{mid, seq_of};
use super::readers::Reader;
use super::{found, index};
use crate::store::changes::{FoundMessage, SearchFound, SearchQuery};
use crate::store::{ChatNo, StoreError};

/// The latest messages are looked through before the index is asked: a frequent
/// word is found among them at once, while the index would have to name all its
/// messages. Few in tests, so that they come to both.
const RECENT: u32 = if cfg!(test) { 2 } else { 4096 };
/// Chats asked for in one go.
const CHATS: usize = 500;

/// A chat that is searched.
#[derive(Debug, Clone, Copy)]
struct Scope {
    chat: ChatNo,
    id: ChatId,
    /// Nothing up to this entry is found.
    from: Seq,
    /// Entries that are not in the index.
    behind: u64,
}

/// A message that matches.
#[derive(Debug, Clone, Copy)]
struct Hit {
    at: UnixMillis,
    id: EntryId,
    mid: i64,
}

/// See [`Store::search`](crate::store::Store::search).
pub(super) fn search(reader: &mut Reader, query: &SearchQuery) -> Result<SearchFound, StoreError> {
    reader.snapshot(|reader| {
        let scopes = scopes(reader, query)?;
        let mut hits = matching(&reader.conn, query, &scopes)?;
        hits.sort_unstable_by_key(|hit| Reverse((hit.at, hit.id)));
        let more = hits.len() > query.limit as usize;
        hits.truncate(query.limit as usize);
        let ids: HashMap<i64, ChatId> = scopes.iter().map(|it| (it.chat.0, it.id)).collect();
        let mut found: Vec<FoundMessage> = Vec::with_capacity(hits.len());
        for hit in hits {
            let chat = ChatNo(hit.mid >> 32);
            if let Some(id) = ids.get(&chat.0) {
                found.extend(found::one(reader, chat, *id, seq_of(hit.mid))?);
            }
        }
        Ok(SearchFound {
            found,
            more,
            behind: scopes.iter().map(|scope| scope.behind).sum(),
        })
    })
}

/// The chats searched: all of the user's, or the one asked for.
fn scopes(reader: &Reader, query: &SearchQuery) -> Result<Vec<Scope>, StoreError> {
    const COLUMNS: &str = "SELECT c.chat_no, c.id, max(coalesce(m.from_seq, 0), h.floor),
            h.head - max(coalesce(s.indexed, 0), h.floor)";
    const PLACES: &str = "JOIN chat_heads h ON h.chat_no = c.chat_no
         LEFT JOIN search_heads s ON s.chat_no = c.chat_no";
    let sql = match query.chat {
        Some(_) => format!(
            "{COLUMNS} FROM chats c LEFT JOIN members m
               ON m.chat_no = c.chat_no AND m.user_no = ?1 AND m.left_at IS NULL
             {PLACES} WHERE c.chat_no = ?2 AND c.deleted_at IS NULL"
        ),
        None => format!(
            "{COLUMNS} FROM members m JOIN chats c ON c.chat_no = m.chat_no
             {PLACES} WHERE m.user_no = ?1 AND m.left_at IS NULL AND ?2 IS NULL"
        ),
    };
    let chat = query.chat.map(|chat| chat.0);
    Ok(reader
        .conn
        .prepare_cached(&sql)?
        .query_map(params![query.user.0, chat], |row| {
            Ok(Scope {
                chat: ChatNo(row.get(0)?),
                id: ChatId::from_bytes(row.get(1)?),
                from: row.get::<_, i64>(2)? as u64,
                behind: row.get::<_, i64>(3)?.max(0) as u64,
            })
        })?
        .collect::<Result<_, _>>()?)
}

/// The latest messages that match, at least one more than asked for where there
/// are more.
fn matching(
    conn: &Connection,
    query: &SearchQuery,
    scopes: &[Scope],
) -> Result<Vec<Hit>, StoreError> {
    let mut words = Words::new(&query.words);
    if scopes.is_empty() || words.is_empty() {
        return Ok(Vec::new());
    }
    let mut gathered = Gathered {
        query,
        from: scopes.iter().map(|it| (it.chat.0, it.from)).collect(),
        hits: Vec::new(),
        taken: 0,
        last: UnixMillis::MIN,
    };
    let Some(below) = recent(conn, &mut words, &mut gathered)? else {
        return Ok(gathered.hits);
    };
    let (mut asked, mut checked) = words.split();
    if asked.is_empty() {
        // The least frequent one stands first.
        asked.push(checked.remove(0));
    }
    let (taken, last) = (gathered.taken, gathered.last);
    for some in scopes.chunks(CHATS) {
        (gathered.taken, gathered.last) = (taken, last);
        indexed(
            conn,
            &expression(&asked, some),
            &checked,
            below,
            &mut gathered,
        )?;
    }
    Ok(gathered.hits)
}

/// Looks through the latest messages. Answers the document below which the index
/// is to be asked, unless there are enough hits or no more messages.
fn recent(
    conn: &Connection,
    words: &mut Words<'_>,
    gathered: &mut Gathered<'_>,
) -> Result<Option<i64>, StoreError> {
    let mut below = gathered.query.before.map_or(i64::MAX, |place| {
        index::docs_from(place.at.saturating_add(1))
    });
    let mut select = conn.prepare_cached(
        "SELECT doc, mid, words FROM search_docs WHERE doc < ?1 ORDER BY doc DESC LIMIT ?2",
    )?;
    let mut rows = select.query(params![below, RECENT])?;
    let mut looked = 0;
    while let Some(row) = rows.next()? {
        let doc = row.get(0)?;
        if gathered.is_full(doc) {
            return Ok(None);
        }
        (looked, below) = (looked + 1, doc);
        let mid = row.get(1)?;
        if gathered.shows(mid) && words.look(row.get_ref(2)?.as_str().map_err(Error::from)?) {
            gathered.take(conn, doc, mid)?;
        }
    }
    Ok((looked == RECENT).then_some(below))
}

/// Takes what the index names, latest first, where it has the other words too.
fn indexed(
    conn: &Connection,
    expression: &str,
    checked: &[&str],
    below: i64,
    gathered: &mut Gathered<'_>,
) -> Result<(), StoreError> {
    let mut select = conn.prepare_cached(
        "SELECT rowid FROM message_search
         WHERE message_search MATCH ?1 AND rowid < ?2 ORDER BY rowid DESC",
    )?;
    let mut document = conn.prepare_cached("SELECT mid, words FROM search_docs WHERE doc = ?1")?;
    let mut rows = select.query(params![expression, below])?;
    while let Some(row) = rows.next()? {
        let doc = row.get(0)?;
        if gathered.is_full(doc) {
            break;
        }
        let mut named = document.query([doc])?;
        let Some(row) = named.next()? else {
            continue;
        };
        let (mid, text) = (row.get(0)?, row.get_ref(1)?.as_str().map_err(Error::from)?);
        if gathered.shows(mid) && checked.iter().all(|word| has_word(text, word)) {
            gathered.take(conn, doc, mid)?;
        }
    }
    Ok(())
}

/// What was found so far.
struct Gathered<'a> {
    query: &'a SearchQuery,
    /// The chats, and the entries up to which nothing of them is shown.
    from: HashMap<i64, Seq>,
    hits: Vec<Hit>,
    /// How many count for the limit, and the time of the last one of them.
    taken: usize,
    last: UnixMillis,
}

impl Gathered<'_> {
    /// Whether nothing from this document on is wanted: there is one more than
    /// asked for and all of its millisecond. Within one the index knows no order.
    fn is_full(&self, doc: i64) -> bool {
        self.taken > self.query.limit as usize && index::time_of(doc) != self.last
    }

    fn shows(&self, key: i64) -> bool {
        let chat = key >> 32;
        let from = self.from.get(&chat);
        from.is_some_and(|from| key > mid(ChatNo(chat), *from))
    }

    fn take(&mut self, conn: &Connection, doc: i64, mid: i64) -> Result<(), StoreError> {
        let hit = conn
            .prepare_cached("SELECT id, created_at FROM messages WHERE mid = ?1")?
            .query_row([mid], |row| {
                Ok(Hit {
                    mid,
                    id: EntryId::from_bytes(row.get(0)?),
                    at: row.get(1)?,
                })
            })
            .optional()?;
        let before = self.query.before;
        if let Some(hit) = hit
            && before.is_none_or(|place| (hit.at, hit.id) < (place.at, place.id))
        {
            self.taken += 1;
            self.last = index::time_of(doc);
            self.hits.push(hit);
        }
        Ok(())
    }
}

/// What the index is asked: every word, as a beginning, in any of the chats.
fn expression(words: &[&str], scopes: &[Scope]) -> String {
    let mut text = String::new();
    for (number, scope) in scopes.iter().enumerate() {
        text.push_str(if number == 0 { "(" } else { " OR (" });
        for (number, word) in words.iter().enumerate() {
            let and = if number == 0 { "" } else { " AND " };
            let token = index::token(scope.chat, word);
            // Writing to a string does not fail.
            let _ = write!(text, "{and}\"{token}\" *");
        }
        text.push(')');
    }
    text
}
