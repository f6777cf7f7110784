//! The cached part of the logs.

use proto::Seq;
use proto::entry::{Body, Entry, kind};
use proto::event::ReceiptCounts;
use proto::id::{ChatId, EntryId, UserId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::account::{id16, own_id};
use super::changes::{Reader, blanked, took};
use super::chats::{chat_no, ensure_chat, move_read, short};
use super::state::{describe_page, foresee, receipts};
use super::{Db, DbError};
use crate::client::model::{Anchor, EntryRow, Timeline};

/// Columns that [`entry_row`] reads, of `entries e` and `users u`.
pub(super) const ENTRY_COLUMNS: &str =
    "e.arrival, e.seq, e.msg_no, e.kind, e.id, e.ref_seq, e.actor, u.name, e.at, e.body, e.chat_no";

pub(super) fn entry_row(row: &Row<'_>, chat: ChatId) -> rusqlite::Result<EntryRow> {
    let kind: u16 = row.get(3)?;
    let actor = UserId::from_bytes(id16(row.get_ref(6)?.as_blob()?)?);
    let name: Option<String> = row.get(7)?;
    let body = Body::decode(kind, row.get_ref(9)?.as_blob()?);
    let mut entry = EntryRow::new(chat, row.get(1)?, actor, kind, body);
    entry.msg_no = row.get(2)?;
    entry.id = EntryId::from_bytes(id16(row.get_ref(4)?.as_blob()?)?);
    entry.ref_seq = row.get(5)?;
    entry.actor_name = name.unwrap_or_else(|| short(actor.as_bytes()));
    entry.at = row.get(8)?;
    entry.arrival = row.get(0)?;
    Ok(entry)
}

/// How an attempt to store entries ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RangeNow {
    /// Which chat.
    pub(crate) chat: ChatId,
    /// First entry of the cached range.
    pub(crate) lo: Seq,
    /// Last entry of the cached range.
    pub(crate) hi: Seq,
    /// The entries did not touch the range and were not taken.
    pub(crate) disjoint: bool,
    /// The latest of them that somebody else wrote; 0 for none.
    pub(crate) foreign: Seq,
    /// Messages that they changed.
    pub(crate) changed: Vec<Seq>,
}

/// Adds entries (rising, without gaps) to a chat's range where they touch it.
pub(super) fn put_entries(
    conn: &Connection,
    chat: ChatId,
    entries: &[Entry],
    backfill: bool,
) -> Result<Option<RangeNow>, DbError> {
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
        return Ok(None);
    };
    let no = ensure_chat(conn, chat)?;
    let (lo, hi): (Option<Seq>, Option<Seq>) = conn
        .prepare_cached("SELECT lo, hi FROM chats WHERE no = ?1")?
        .query_row([no], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (lo, hi) = match lo.zip(hi) {
        None => (first.seq, last.seq),
        Some((lo, hi)) if first.seq <= hi + 1 && last.seq + 1 >= lo => {
            (lo.min(first.seq), hi.max(last.seq))
        }
        Some((lo, hi)) => {
            return Ok(Some(RangeNow {
                chat,
                lo,
                hi,
                disjoint: true,
                foreign: 0,
                changed: Vec::new(),
            }));
        }
    };
    let reader = Reader::of(conn)?;
    let own = reader.user;
    let mut insert = conn.prepare_cached(
        "INSERT INTO entries(chat_no, seq, msg_no, kind, id, ref_seq, actor, at, body, backfill)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT(chat_no, seq) DO NOTHING",
    )?;
    let mut last_message = 0;
    let mut last_at = 0;
    let mut foreign = 0;
    let mut changed = std::collections::BTreeSet::new();
    for entry in entries {
        let blank = blanked(conn, no, entry)?;
        let body = blank.as_ref().unwrap_or(&entry.body);
        let new = insert.execute(params![
            no,
            entry.seq,
            entry.msg_no,
            entry.kind,
            entry.id.as_bytes(),
            entry.ref_seq,
            entry.actor.as_bytes(),
            entry.at,
            &body[..],
            backfill,
        ])?;
        if new > 0 && blank.is_none() {
            changed.extend(took(conn, no, entry, &reader)?);
        }
        if entry.kind == kind::MESSAGE {
            last_message = entry.seq;
        }
        if !is_change(entry.kind) {
            last_at = entry.at;
        }
        if Some(entry.actor) == own {
            // It is in the log: whatever waits under this id is done.
            conn.prepare_cached("DELETE FROM outbox WHERE id = ?1")?
                .execute([entry.id.as_bytes()])?;
        } else {
            foreign = entry.seq;
        }
    }
    conn.prepare_cached(
        "UPDATE chats SET lo = ?2, hi = ?3, head = max(head, ?3), head_no = max(head_no, ?4),
         last_message = max(last_message, ?5), last_at = max(last_at, ?6) WHERE no = ?1",
    )?
    .execute(params![no, lo, hi, last.msg_no, last_message, last_at])?;
    conn.prepare_cached("DELETE FROM outbox WHERE chat = ?1 AND state = 2 AND seq <= ?2")?
        .execute(params![chat.as_bytes(), hi])?;
    read_own(conn, no, entries, own)?;
    Ok(Some(RangeNow {
        chat,
        lo,
        hi,
        disjoint: false,
        foreign,
        changed: changed.into_iter().collect(),
    }))
}

/// Whether entries of this kind show only in the messages they refer to.
fn is_change(kind: u16) -> bool {
    matches!(kind, kind::EDITED | kind::DELETED | kind::REACTED)
}

/// Who wrote the next message after everything was read has read that one too.
fn read_own(
    conn: &Connection,
    no: i64,
    entries: &[Entry],
    own: Option<UserId>,
) -> Result<(), DbError> {
    for entry in entries.iter().filter(|entry| Some(entry.actor) == own) {
        let read_no: u64 = conn
            .prepare_cached("SELECT read_no FROM chats WHERE no = ?1")?
            .query_row([no], |row| row.get(0))?;
        if entry.kind == kind::MESSAGE && read_no + 1 == entry.msg_no {
            move_read(conn, no, entry.seq, false)?;
        }
    }
    Ok(())
}

/// Which of these people have no name yet.
pub(super) fn nameless(
    conn: &Connection,
    actors: impl Iterator<Item = UserId>,
) -> Result<Vec<UserId>, DbError> {
    let mut known = conn.prepare_cached("SELECT 1 FROM users WHERE id = ?1")?;
    let mut unknown = std::collections::BTreeSet::new();
    let mut seen = std::collections::HashSet::new();
    for actor in actors {
        if seen.insert(actor) && !known.exists([actor.as_bytes()])? {
            unknown.insert(actor);
        }
    }
    Ok(unknown.into_iter().collect())
}

impl Db {
    /// Which of these people have no name yet.
    pub(crate) fn nameless(&self, people: &[UserId]) -> Result<Vec<UserId>, DbError> {
        nameless(&self.conn, people.iter().copied())
    }

    /// Up to `limit` entries of a chat and what belongs to them.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub fn timeline(
        &mut self,
        chat: ChatId,
        anchor: Anchor,
        limit: u32,
    ) -> Result<Timeline, DbError> {
        let mut timeline = Timeline::empty(chat, anchor);
        (timeline.outbox, timeline.changes) = self
            .outbox(Some(chat))?
            .into_iter()
            .partition(|row| row.kind.is_message());
        let found = self
            .conn
            .prepare_cached(
                "SELECT no, lo, hi, floor, head, read, counted, counted_delivered, counted_read
                 FROM chats WHERE id = ?1",
            )?
            .query_row([chat.as_bytes()], |row| {
                let counted = ReceiptCounts {
                    chat,
                    seq: row.get(6)?,
                    delivered: row.get(7)?,
                    read: row.get(8)?,
                    members: 0,
                };
                Ok((
                    row.get::<_, i64>(0)?,
                    row.get::<_, Option<Seq>>(1)?,
                    row.get::<_, Option<Seq>>(2)?,
                    row.get::<_, Seq>(3)?,
                    row.get::<_, Seq>(4)?,
                    row.get::<_, Seq>(5)?,
                    counted,
                ))
            })
            .optional()?;
        let Some((no, lo, hi, floor, head, read, counted)) = found else {
            return Ok(timeline);
        };
        timeline.head = head;
        timeline.read = read;
        timeline.members = super::members::members(&self.conn, no)?;
        let Some((lo, hi)) = lo.zip(hi) else {
            timeline.older_remote = head > floor;
            return Ok(timeline);
        };
        timeline.older_remote = lo > floor + 1;
        let half = limit / 2;
        timeline.entries = match anchor {
            Anchor::Latest => self.before(chat, no, Seq::MAX >> 1, limit)?,
            Anchor::Before(seq) => self.before(chat, no, seq, limit)?,
            Anchor::After(seq) => self.after(chat, no, seq, limit)?,
            Anchor::Around(seq) => {
                let mut entries = self.before(chat, no, seq, half)?;
                entries.extend(self.after(chat, no, seq.saturating_sub(1), limit - half)?);
                entries
            }
        };
        if let (Some(first), Some(last)) = (timeline.entries.first(), timeline.entries.last()) {
            timeline.older_cached = self.has_shown(no, 0, first.seq)?;
            timeline.newer_cached = self.has_shown(no, last.seq, hi + 1)?;
        }
        let own = own_id(&self.conn)?;
        describe_page(&self.conn, own, no, &mut timeline.entries)?;
        foresee(&mut timeline.entries, &timeline.changes);
        if let Some(own) = own {
            receipts(&mut timeline.entries, &timeline.members, own, &counted);
        }
        Ok(timeline)
    }

    /// Whether there are entries to be shown between two others.
    fn has_shown(&self, no: i64, after: Seq, before: Seq) -> Result<bool, DbError> {
        Ok(self
            .conn
            .prepare_cached(
                "SELECT 1 FROM entries WHERE chat_no = ?1 AND seq > ?2 AND seq < ?3
                 AND kind NOT IN (5, 6, 7)",
            )?
            .exists(params![no, after, before])?)
    }

    fn before(
        &self,
        chat: ChatId,
        no: i64,
        seq: Seq,
        limit: u32,
    ) -> Result<Vec<EntryRow>, DbError> {
        let mut entries = self.part(
            chat,
            "e.chat_no = ?1 AND e.seq < ?2 AND e.kind NOT IN (5, 6, 7) ORDER BY e.seq DESC",
            (no, seq, limit),
        )?;
        entries.reverse();
        Ok(entries)
    }

    fn after(&self, chat: ChatId, no: i64, seq: Seq, limit: u32) -> Result<Vec<EntryRow>, DbError> {
        self.part(
            chat,
            "e.chat_no = ?1 AND e.seq > ?2 AND e.kind NOT IN (5, 6, 7) ORDER BY e.seq",
            (no, seq, limit),
        )
    }

    fn part(
        &self,
        chat: ChatId,
        condition: &str,
        values: (i64, Seq, u32),
    ) -> Result<Vec<EntryRow>, DbError> {
        let sql = format!(
            "SELECT {ENTRY_COLUMNS} FROM entries e LEFT JOIN users u ON u.id = e.actor
             WHERE {condition} LIMIT ?3"
        );
        let mut query = self.conn.prepare_cached(&sql)?;
        let rows = query.query_map(values, |row| entry_row(row, chat))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Entries of a chat after one, of all kinds, oldest first.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub fn entries(&self, chat: ChatId, after: Seq, limit: u32) -> Result<Vec<EntryRow>, DbError> {
        let Some(no) = chat_no(&self.conn, chat)? else {
            return Ok(Vec::new());
        };
        let mut rows = self.part(
            chat,
            "e.chat_no = ?1 AND e.seq > ?2 ORDER BY e.seq",
            (no, after, limit),
        )?;
        self.describe(&mut rows)?;
        Ok(rows)
    }

    /// Entries by arrival, those loaded by scrolling back left out.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub fn arrivals(
        &mut self,
        after: u64,
        chat: Option<ChatId>,
        limit: u32,
    ) -> Result<Vec<EntryRow>, DbError> {
        let no = match chat {
            None => None,
            Some(chat) => match chat_no(&self.conn, chat)? {
                None => return Ok(Vec::new()),
                some => some,
            },
        };
        let sql = format!(
            "SELECT {ENTRY_COLUMNS}, c.id FROM entries e
             JOIN chats c ON c.no = e.chat_no LEFT JOIN users u ON u.id = e.actor
             WHERE e.arrival > ?1 AND e.backfill = 0 AND (?2 IS NULL OR e.chat_no = ?2)
             ORDER BY e.arrival LIMIT ?3"
        );
        let mut query = self.conn.prepare_cached(&sql)?;
        let rows = query.query_map(params![after, no, limit], |row| {
            let chat = ChatId::from_bytes(id16(row.get_ref(11)?.as_blob()?)?);
            entry_row(row, chat)
        })?;
        let mut rows: Vec<_> = rows.collect::<Result<_, _>>()?;
        self.describe(&mut rows)?;
        Ok(rows)
    }

    /// The latest arrival ordinal; 0 where nothing is cached.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub fn last_arrival(&self) -> Result<u64, DbError> {
        Ok(self.conn.query_row(
            "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'entries'), 0)",
            [],
            |row| row.get(0),
        )?)
    }

    /// How many chats and entries are cached.
    pub(crate) fn counts(&mut self) -> Result<(u64, u64), DbError> {
        Ok(self.conn.query_row(
            "SELECT (SELECT count(*) FROM chats WHERE left = 0), (SELECT count(*) FROM entries)",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?)
    }

    /// `(seq, kind, id)` of the cached entries in `from..=to`, and the range.
    pub(crate) fn digest_rows(
        &mut self,
        chat: ChatId,
        from: Seq,
        to: Seq,
    ) -> Result<Vec<(Seq, u16, EntryId)>, DbError> {
        let Some(no) = chat_no(&self.conn, chat)? else {
            return Ok(Vec::new());
        };
        let mut query = self.conn.prepare_cached(
            "SELECT seq, kind, id FROM entries WHERE chat_no = ?1 AND seq BETWEEN ?2 AND ?3
             ORDER BY seq",
        )?;
        let rows = query.query_map(params![no, from, to], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                EntryId::from_bytes(id16(row.get_ref(2)?.as_blob()?)?),
            ))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
