//! Brings the texts of messages into the search index, behind the appends. Each
//! chat has a cursor, whose row is also the lock of whoever works on the chat:
//! nodes share the work and pass over what another has under its hands.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use deadpool_postgres::ClientWrapper;
use proto::entry::{Body, kind};
use proto::text::search_fold;
use tokio_postgres::Row;
use uuid::Uuid;

use super::account::kind_of;
use super::error::Fault;
use super::pool::{Done, Pool};
use super::statements::{self, leave};
use super::timestamp::At;
use crate::store::{Committed, StoreError};

/// Chats in one transaction.
const CHATS: usize = 64;
/// Chats looked at in one step of a scan.
const SCANNED: i64 = 10_000;
/// Between scans, which only find what a node left undone when it ended.
const PAUSE: Duration = Duration::from_secs(600);
/// Longest word that is kept, and looked for, in characters.
const WORD_CHARS: usize = 64;

/// Chats with entries that are not in the index yet, as far as this node knows.
#[derive(Clone, Default)]
pub(super) struct Dirty(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    chats: BTreeSet<i64>,
    /// How far the scan under way has come.
    scan: Option<i64>,
    /// When the next one begins; at once where there was none.
    next_scan: Option<Instant>,
}

impl Dirty {
    fn known(&self) -> MutexGuard<'_, Known> {
        // Nothing panics while it holds this.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what there is to be indexed of what was committed.
    pub(super) fn note(&self, events: &[Committed]) {
        let mut chats = events
            .iter()
            .filter_map(|event| match event {
                Committed::Entry { chat, entry, .. } if is_indexed(entry.kind) => Some(chat.0),
                _ => None,
            })
            .peekable();
        if chats.peek().is_some() {
            self.known().chats.extend(chats);
        }
    }

    /// Looks at all chats again: something may have been committed that nobody
    /// could say.
    pub(super) fn rescan(&self) {
        let mut known = self.known();
        known.next_scan = None;
        known.scan = None;
    }

    fn take(&self, most: usize) -> Vec<i64> {
        let mut known = self.known();
        let mut taken = Vec::new();
        while taken.len() < most
            && let Some(chat) = known.chats.pop_first()
        {
            taken.push(chat);
        }
        taken
    }

    fn put_back(&self, chats: impl IntoIterator<Item = i64>) {
        self.known().chats.extend(chats);
    }

    /// Behind which chat a scan is to go on, if one is due.
    fn scan_from(&self) -> Option<i64> {
        let mut known = self.known();
        if known.scan.is_none() && known.next_scan.is_none_or(|next| next <= Instant::now()) {
            known.scan = Some(0);
            known.next_scan = Some(Instant::now() + PAUSE);
        }
        known.scan
    }

    /// `upto` is `None` at the end of the scan.
    fn scanned(&self, upto: Option<i64>, found: Vec<i64>) {
        let mut known = self.known();
        known.scan = upto;
        known.chats.extend(found);
    }
}

fn is_indexed(kind: u16) -> bool {
    matches!(kind, kind::MESSAGE | kind::EDITED | kind::DELETED)
}

const SCAN: &str = "SELECT h.chat_no, h.head > greatest(h.floor, s.indexed)
    FROM chat_heads h LEFT JOIN search_heads s ON s.chat_no = h.chat_no
    WHERE h.chat_no > $1 ORDER BY h.chat_no LIMIT $2";

async fn scan(conn: &ClientWrapper, after: i64) -> Result<(Option<i64>, Vec<i64>), Fault> {
    let rows = statements::rows(conn, SCAN, &[&after, &SCANNED]).await?;
    let mut behind = Vec::new();
    let mut last = None;
    for row in &rows {
        let chat: i64 = row.try_get(0)?;
        if row.try_get(1)? {
            behind.push(chat);
        }
        last = Some(chat);
    }
    let whole = (rows.len() as i64) < SCANNED;
    Ok((last.filter(|_| !whole), behind))
}

/// See [`Store::index_entries`](crate::store::Store::index_entries).
pub(super) async fn advance(pool: Pool, dirty: Dirty, limit: u32) -> Result<bool, StoreError> {
    if let Some(after) = dirty.scan_from() {
        let scanned = pool.read(after, |conn, after| Box::pin(scan(conn, *after)));
        let (upto, found) = scanned.await?;
        dirty.scanned(upto, found);
    }
    let mut left = i64::from(limit);
    // What others work on is tried again with the next call.
    let mut later = Vec::new();
    let mut outcome = Ok(());
    while left > 0 {
        let chats = dirty.take(CHATS);
        if chats.is_empty() {
            break;
        }
        let step = pool.write((chats.clone(), left), |conn, (chats, limit)| {
            Box::pin(step(conn, chats, *limit))
        });
        match step.await {
            Ok(step) => {
                left -= step.entries;
                dirty.put_back(step.more);
                later.extend(step.passed_over);
            }
            Err(error) => {
                later.extend(chats);
                outcome = Err(error);
                break;
            }
        }
    }
    let more = {
        let known = dirty.known();
        !known.chats.is_empty() || known.scan.is_some()
    };
    dirty.put_back(later);
    outcome.map(|()| more)
}

/// What one transaction came to.
struct Step {
    entries: i64,
    /// Chats of which there is more.
    more: Vec<i64>,
    passed_over: Vec<i64>,
}

/// What is lost with a crash is indexed again: the cursor is lost with it.
const RELAXED: &str = "SET LOCAL synchronous_commit = off";
pub(super) const MAKE: &str = "INSERT INTO search_heads (chat_no, indexed)
    SELECT chat_no, 0 FROM unnest($1::int8[]) k(chat_no) ORDER BY chat_no ON CONFLICT DO NOTHING";
const LOCK: &str = "SELECT s.chat_no, greatest(s.indexed, h.floor), h.head
    FROM search_heads s JOIN chat_heads h ON h.chat_no = s.chat_no
    WHERE s.chat_no = ANY($1::int8[]) ORDER BY s.chat_no FOR UPDATE OF s SKIP LOCKED";
/// Messages, edits and deletions; with the last two the message they are about.
const ENTRIES: &str = "SELECT m.chat_no, m.seq, m.kind, m.body, m.created_at, m.id,
           t.seq, t.created_at, t.id, t.body
    FROM unnest($1::int8[], $2::int8[], $3::int8[]) k(chat_no, after, upto)
    JOIN chats c ON c.chat_no = k.chat_no AND c.deleted_at IS NULL
    JOIN messages m ON m.chat_no = k.chat_no AND m.seq > k.after AND m.seq <= k.upto
      AND m.kind IN (1, 5, 6)
    LEFT JOIN messages t ON t.chat_no = m.chat_no AND t.seq = m.ref_seq AND m.kind IN (5, 6)
    ORDER BY m.chat_no, m.seq";
const REMOVE: &str = "DELETE FROM message_search s
    USING unnest($1::int8[], $2::timestamptz[], $3::uuid[]) k(chat_no, at, id)
    WHERE s.chat_no = k.chat_no AND s.at = k.at AND s.id = k.id";
/// Words come as one text with spaces between, as arrays of arrays are square.
const PUT: &str = "INSERT INTO message_search (chat_no, at, id, seq, words)
    SELECT chat_no, at, id, seq, array_to_tsvector(string_to_array(words, ' '))
    FROM unnest($1::int8[], $2::timestamptz[], $3::uuid[], $4::int8[], $5::text[])
      k(chat_no, at, id, seq, words)
    ON CONFLICT (chat_no, at, id) DO UPDATE SET words = excluded.words";
const ADVANCE: &str = "UPDATE search_heads s SET indexed = k.indexed
    FROM unnest($1::int8[], $2::int8[]) k(chat_no, indexed) WHERE s.chat_no = k.chat_no";
/// Takes one message out of the index.
pub(super) const FORGET: &str =
    "DELETE FROM message_search WHERE chat_no = $1 AND at = $2 AND id = $3";

/// Up to `limit` entries of some chats, in the order of their logs.
async fn step(conn: &ClientWrapper, chats: &[i64], limit: i64) -> Result<Done<Step>, Fault> {
    let answers = statements::start(
        conn,
        &[(RELAXED, &[]), (MAKE, &[&chats]), (LOCK, &[&chats])],
    )
    .await?;
    let locked = answers.last().map_or(&[][..], Vec::as_slice);
    let mut step = Step {
        entries: 0,
        more: Vec::new(),
        passed_over: chats.to_vec(),
    };
    let (mut numbers, mut afters, mut uptos) = (Vec::new(), Vec::new(), Vec::new());
    for row in locked {
        let (chat, after, head): (i64, i64, i64) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        step.passed_over.retain(|passed| *passed != chat);
        let upto = head.min(after + limit - step.entries);
        if upto < head {
            step.more.push(chat);
        }
        if upto > after {
            step.entries += upto - after;
            numbers.push(chat);
            afters.push(after);
            uptos.push(upto);
        }
    }
    if numbers.is_empty() {
        leave(conn).await?;
        return Ok(Done::quiet(step));
    }
    let rows = statements::rows(conn, ENTRIES, &[&numbers, &afters, &uptos]).await?;
    let mut texts = Texts::new();
    for row in &rows {
        read(row, &mut texts)?;
    }
    let (gone, kept) = Columns::split(&texts);
    statements::finish(
        conn,
        &[
            (REMOVE, &[&gone.chats, &gone.times, &gone.ids]),
            (
                PUT,
                &[&kept.chats, &kept.times, &kept.ids, &kept.seqs, &kept.words],
            ),
            (ADVANCE, &[&numbers, &uptos]),
        ],
    )
    .await?;
    Ok(Done::quiet(step))
}

/// Messages by chat, time and id: their `seq` and words, none where they have
/// no text (any more).
type Texts = BTreeMap<(i64, At, Uuid), (i64, Option<String>)>;

fn read(row: &Row, texts: &mut Texts) -> Result<(), Fault> {
    let chat: i64 = row.try_get(0)?;
    let kind = kind_of(row.try_get(2)?)?;
    // Where the message is, and its own body.
    let first = if kind == kind::MESSAGE { 4 } else { 7 };
    let Some(at) = row.try_get::<_, Option<At>>(first)? else {
        return Ok(());
    };
    let id = row.try_get(first + 1)?;
    let seq = row.try_get(if kind == kind::MESSAGE { 1 } else { 6 })?;
    let body = row.try_get(3)?;
    let deleted = kind != kind::MESSAGE && super::changes::is_deleted(row.try_get(9)?);
    let text = match Body::decode(kind, body) {
        Body::Message(message) => message.text,
        Body::Edited(edited) if !deleted => edited.text,
        _ => String::new(),
    };
    texts.insert((chat, at, id), (seq, indexed_words(chat, &text)));
    Ok(())
}

/// What is kept of a text: its chat's word and its own, each once.
fn indexed_words(chat: i64, text: &str) -> Option<String> {
    let folded = search_fold(text);
    let words: BTreeSet<&str> = folded.split_whitespace().map(short).collect();
    if words.is_empty() {
        return None;
    }
    let mut all = chat_word(chat);
    for word in words {
        all.push(' ');
        all.push_str(word);
    }
    Some(all)
}

/// A word that every message of a chat has, and no text.
pub(super) fn chat_word(chat: i64) -> String {
    format!("#{chat}")
}

/// As much of a word as is kept.
pub(super) fn short(word: &str) -> &str {
    match word.char_indices().nth(WORD_CHARS) {
        Some((end, _)) => &word[..end],
        None => word,
    }
}

#[derive(Default)]
struct Columns<'a> {
    chats: Vec<i64>,
    times: Vec<At>,
    ids: Vec<Uuid>,
    seqs: Vec<i64>,
    words: Vec<&'a str>,
}

impl<'a> Columns<'a> {
    /// Those without words and those with.
    fn split(texts: &'a Texts) -> (Self, Self) {
        let (mut gone, mut kept) = (Self::default(), Self::default());
        for ((chat, at, id), (seq, words)) in texts {
            let columns = match words {
                Some(words) => {
                    kept.words.push(words);
                    &mut kept
                }
                None => &mut gone,
            };
            columns.chats.push(*chat);
            columns.times.push(*at);
            columns.ids.push(*id);
            columns.seqs.push(*seq);
        }
        (gone, kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_as_its_different_words() {
        let kept = indexed_words(7, "Ёж и ёж, Café!");
        assert_eq!(kept.as_deref(), Some("#7 cafe еж и"));
        assert_eq!(indexed_words(7, "?!"), None);
    }

    #[test]
    fn a_word_is_cut_between_characters() {
        let long = "ж".repeat(WORD_CHARS + 1);
        assert_eq!(short(&long).chars().count(), WORD_CHARS);
        assert_eq!(short("жук"), "жук");
    }
}
