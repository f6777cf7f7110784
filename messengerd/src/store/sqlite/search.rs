//! Finding messages.

use std::collections::HashMap;
use std::fmt::Write as _;

use proto::id::{ChatId, EntryId};
use proto::{Seq, UnixMillis};
use rusqlite::{OptionalExtension, params};

use super::entries::{mid, seq_of};
use super::readers::Reader;
use super::{found, index};
use crate::store::changes::{FoundMessage, SearchFound, SearchQuery};
use crate::store::{ChatNo, StoreError};

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
        let mut hits = Vec::new();
        for some in scopes.chunks(CHATS) {
            matching(reader, query, some, &mut hits)?;
        }
        hits.sort_unstable_by(|a, b| (b.at, b.id).cmp(&(a.at, a.id)));
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

/// The latest messages that match, one more than asked for and all of the last
/// one's millisecond: within one the index knows no order.
fn matching(
    reader: &Reader,
    query: &SearchQuery,
    scopes: &[Scope],
    hits: &mut Vec<Hit>,
) -> Result<(), StoreError> {
    let Some(expression) = expression(query, scopes) else {
        return Ok(());
    };
    let from: HashMap<i64, Seq> = scopes.iter().map(|it| (it.chat.0, it.from)).collect();
    let below = query.before.map_or(i64::MAX, |place| {
        index::docs_from(place.at.saturating_add(1))
    });
    let mut select = reader.conn.prepare_cached(
        "SELECT rowid FROM message_search
         WHERE message_search MATCH ?1 AND rowid < ?2 ORDER BY rowid DESC",
    )?;
    let mut place = reader.conn.prepare_cached(
        "SELECT m.mid, m.id, m.created_at FROM search_docs d
         JOIN messages m ON m.mid = d.mid WHERE d.doc = ?1",
    )?;
    let mut rows = select.query(params![expression, below])?;
    let (mut taken, mut last) = (0, i64::MIN);
    while let Some(row) = rows.next()? {
        let doc: i64 = row.get(0)?;
        if taken > query.limit && index::time_of(doc) != last {
            break;
        }
        let hit = place
            .query_row([doc], |row| {
                Ok(Hit {
                    mid: row.get(0)?,
                    id: EntryId::from_bytes(row.get(1)?),
                    at: row.get(2)?,
                })
            })
            .optional()?;
        let Some(hit) = hit else {
            continue;
        };
        let visible = from
            .get(&(hit.mid >> 32))
            .is_some_and(|from| hit.mid > mid(ChatNo(hit.mid >> 32), *from));
        let older = query
            .before
            .is_none_or(|place| (hit.at, hit.id) < (place.at, place.id));
        if visible && older {
            taken += 1;
            last = index::time_of(doc);
            hits.push(hit);
        }
    }
    Ok(())
}

/// What the index is asked: every word, as a beginning, in any of the chats.
fn expression(query: &SearchQuery, scopes: &[Scope]) -> Option<String> {
    let mut text = String::new();
    for scope in scopes {
        let mut words = String::new();
        for word in query.words.iter().filter(|word| is_word(word)) {
            let and = if words.is_empty() { "" } else { " AND " };
            let token = index::token(scope.chat, word);
            // Writing to a string does not fail.
            let _ = write!(words, "{and}\"{token}\" *");
        }
        if words.is_empty() {
            return None;
        }
        let or = if text.is_empty() { "" } else { " OR " };
        let _ = write!(text, "{or}({words})");
    }
    (!text.is_empty()).then_some(text)
}

/// Whether this is what folding makes of a word.
fn is_word(word: &str) -> bool {
    !word.is_empty() && word.chars().all(char::is_alphanumeric)
}
