//! Pages of chats' logs.

use bytes::Bytes;
use deadpool_postgres::ClientWrapper;
use proto::Seq;
use proto::entry::Entry;
use proto::id::{EntryId, UserId};
use tokio_postgres::Row;

use super::account::{clamped, kind_of};
use super::error::Fault;
use super::statements;
use super::timestamp::At;
use crate::store::{ChatNo, EntryPage};

/// A page and the floor in one statement. `$2` is a limit of `seq`, `$3` how
/// many entries and `$4` how many bytes of bodies. The entry that would exceed
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
            " $2 ORDER BY seq ",
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
    page(conn, AFTER, chat, after, limit, max_bytes).await
}

/// See [`Store::entries_before`](crate::store::Store::entries_before).
pub(super) async fn before(
    conn: &ClientWrapper,
    chat: ChatNo,
    before: Option<Seq>,
    limit: u32,
    max_bytes: usize,
) -> Result<EntryPage, Fault> {
    let before = before.unwrap_or(u64::MAX);
    let mut page = page(conn, BEFORE, chat, before, limit, max_bytes).await?;
    page.entries.reverse();
    Ok(page)
}

async fn page(
    conn: &ClientWrapper,
    sql: &str,
    chat: ChatNo,
    from: Seq,
    limit: u32,
    max_bytes: usize,
) -> Result<EntryPage, Fault> {
    let limit = i64::from(limit);
    let max_bytes = clamped(max_bytes as u64);
    let rows = statements::rows(conn, sql, &[&chat.0, &clamped(from), &limit, &max_bytes]).await?;
    let mut page = EntryPage {
        entries: Vec::with_capacity(rows.len()),
        ..EntryPage::default()
    };
    for row in &rows {
        page.floor = row.try_get::<_, Option<i64>>(0)?.unwrap_or(0) as u64;
        let Some(seq) = row.try_get::<_, Option<i64>>(1)? else {
            continue;
        };
        match row.try_get::<_, Option<&[u8]>>(8)? {
            Some(body) => page.entries.push(entry(row, seq as u64, body)?),
            None => page.more = true,
        }
    }
    Ok(page)
}

fn entry(row: &Row, seq: Seq, body: &[u8]) -> Result<Entry, Fault> {
    Ok(Entry {
        seq,
        id: EntryId(row.try_get(2)?),
        actor: UserId(row.try_get(3)?),
        kind: kind_of(row.try_get(4)?)?,
        msg_no: row.try_get::<_, i64>(5)? as u64,
        ref_seq: row.try_get::<_, Option<i64>>(6)?.map(|seq| seq as u64),
        at: row.try_get::<_, At>(7)?.0,
        body: Bytes::copy_from_slice(body),
    })
}
