//! Pages of chats' logs.

use bytes::Bytes;
use deadpool_postgres::ClientWrapper;
use proto::Seq;
use proto::entry::{Body, Entry, kind};
use proto::id::{ChatId, EntryId, UserId};
use tokio_postgres::Row;

use super::account::{clamped, kind_of};
use super::error::Fault;
use super::statements;
use super::timestamp::At;
use crate::store::changes::FoundMessage;
use crate::store::{ChatNo, EntryPage};

/// A page and the floor in one statement. `$2` is a limit of `seq`, `$5` one from
/// below, `$3` how many entries and `$4` how many bytes of bodies. The entry that would exceed
/// either comes without its body: there are more. Bodies are only fetched once
/// the lengths before them have been added up.
macro_rules! page {
    ($beyond:literal, $order:literal) => {
        concat!(
            "SELECT f.floor, p.seq, p.id, u.id, p.kind, p.msg_no, p.ref_seq, p.created_at,
                    CASE WHEN p.n <= $3::int8 AND (p.bytes <= $4::int8 OR p.n = 1) THEN p.body END
             FROM (SELECT (SELECT floor FROM chat_heads WHERE chat_no = $1) AS floor) f
             LEFT JOIN (
               SELECT e.*, row_number() OVER w AS n, sum(octet_length(e.body)) OVER w AS bytes
               FROM (SELECT * FROM messages WHERE chat_no = $1 AND seq ",
            $beyond,
            " $2 AND seq > $5 ORDER BY seq ",
            $order,
            " LIMIT $3::int8 + 1) e
               WINDOW w AS (ORDER BY e.seq ",
            $order,
            " ROWS UNBOUNDED PRECEDING)) p
             ON p.n <= 2 OR p.bytes - octet_length(p.body) <= $4::int8
             LEFT JOIN users u ON u.user_no = p.sender
             ORDER BY p.seq ",
            $order
        )
    };
}

const AFTER: &str = page!(">", "ASC");
const BEFORE: &str = page!("<", "DESC");

/// See [`Store::entries_after`](crate::store::Store::entries_after).
pub(super) async fn after(
    conn: &ClientWrapper,
    chat: ChatNo,
    after: Seq,
    limit: u32,
    max_bytes: usize,
) -> Result<EntryPage, Fault> {
    page(conn, AFTER, chat, (after, 0), limit, max_bytes).await
}

/// See [`Store::entries_before`](crate::store::Store::entries_before).
pub(super) async fn before(
    conn: &ClientWrapper,
    chat: ChatNo,
    from: Seq,
    before: Option<Seq>,
    limit: u32,
    max_bytes: usize,
) -> Result<EntryPage, Fault> {
    let before = before.unwrap_or(u64::MAX);
    let mut page = page(conn, BEFORE, chat, (before, from), limit, max_bytes).await?;
    page.entries.reverse();
    Ok(page)
}

async fn page(
    conn: &ClientWrapper,
    sql: &str,
    chat: ChatNo,
    (beyond, from): (Seq, Seq),
    limit: u32,
    max_bytes: usize,
) -> Result<EntryPage, Fault> {
    let limit = i64::from(limit);
    let max_bytes = clamped(max_bytes as u64);
    let params: statements::Params<'_> = &[
        &chat.0,
        &clamped(beyond),
        &limit,
        &max_bytes,
        &clamped(from),
    ];
    let rows = statements::rows(conn, sql, params).await?;
    let mut page = EntryPage {
        entries: Vec::with_capacity(rows.len()),
        ..EntryPage::default()
    };
    for row in &rows {
        page.floor = row.try_get::<_, Option<i64>>(0)?.unwrap_or(0) as u64;
        if row.try_get::<_, Option<i64>>(1)?.is_none() {
            continue;
        }
        match row.try_get::<_, Option<&[u8]>>(8)? {
            Some(body) => page.entries.push(entry(row, 1, body)?),
            None => page.more = true,
        }
    }
    Ok(page)
}

/// Reads an entry without its body, the first column of which is `at`.
pub(super) fn entry(row: &Row, at: usize, body: &[u8]) -> Result<Entry, Fault> {
    Ok(Entry {
        seq: row.try_get::<_, i64>(at)? as u64,
        id: EntryId(row.try_get(at + 1)?),
        actor: UserId(row.try_get(at + 2)?),
        kind: kind_of(row.try_get(at + 3)?)?,
        msg_no: row.try_get::<_, i64>(at + 4)? as u64,
        ref_seq: row.try_get::<_, Option<i64>>(at + 5)?.map(|seq| seq as u64),
        at: row.try_get::<_, At>(at + 6)?.0,
        body: Bytes::copy_from_slice(body),
    })
}

/// Columns of a [`FoundMessage`]: the chat, the entry, the body of its latest
/// edit. `messages` is `e`.
macro_rules! found_columns {
    () => {
        "c.id, e.seq, e.id, u.id, e.kind, e.msg_no, e.ref_seq, e.created_at, e.body,
         (SELECT t.body FROM message_edits d
          JOIN messages t ON t.chat_no = d.chat_no AND t.seq = d.edit_seq
          WHERE d.chat_no = e.chat_no AND d.seq = e.seq ORDER BY d.edit_seq DESC LIMIT 1)"
    };
}

/// The tables of [`found_columns`] beside `messages e`.
macro_rules! found_tables {
    () => {
        " JOIN chats c ON c.chat_no = e.chat_no JOIN users u ON u.user_no = e.sender "
    };
}
pub(super) use {found_columns, found_tables};

/// Reads a [`FoundMessage`] from the first columns of a row.
pub(super) fn found(row: &Row) -> Result<FoundMessage, Fault> {
    let edited = row.try_get::<_, Option<&[u8]>>(9)?;
    Ok(FoundMessage {
        chat: ChatId(row.try_get(0)?),
        entry: entry(row, 1, row.try_get(8)?)?,
        edited: edited.and_then(|body| match Body::decode(kind::EDITED, body) {
            Body::Edited(edited) => Some(edited.text),
            _ => None,
        }),
    })
}

/// See [`Store::entry`](crate::store::Store::entry).
pub(super) async fn one(
    conn: &ClientWrapper,
    chat: ChatNo,
    seq: Seq,
) -> Result<Option<FoundMessage>, Fault> {
    let sql = concat!(
        "SELECT ",
        found_columns!(),
        " FROM messages e",
        found_tables!(),
        "WHERE e.chat_no = $1 AND e.seq = $2"
    );
    let row = statements::row(conn, sql, &[&chat.0, &clamped(seq)]).await?;
    row.map(|row| found(&row)).transpose()
}

/// See [`Store::pins`](crate::store::Store::pins).
pub(super) async fn pins(conn: &ClientWrapper, chat: ChatNo) -> Result<Vec<FoundMessage>, Fault> {
    let sql = concat!(
        "SELECT ",
        found_columns!(),
        " FROM pins p JOIN messages e ON e.chat_no = p.chat_no AND e.seq = p.seq",
        found_tables!(),
        "WHERE p.chat_no = $1 ORDER BY p.entry_seq DESC"
    );
    let rows = statements::rows(conn, sql, &[&chat.0]).await?;
    rows.iter().map(found).collect()
}
