//! Takes away what chats do not keep any longer: entries older than a chat's
//! retention, and everything of a deleted chat.

use deadpool_postgres::ClientWrapper;
use proto::id::ChatId;
use proto::{Seq, UnixMillis};
use uuid::Uuid;

use super::act::{LOCK_CURSORS, LOCK_HEAD};
use super::error::Fault;
use super::index;
use super::pool::{Done, Pool};
use super::statements::{self, leave};
use super::timestamp::At;
use crate::store::StoreError;
use crate::store::groups::RaisedFloor;

/// Entries that go in one transaction, which holds up appends to their chat.
const SLICE: i64 = 256;
/// Chats found at a time.
const CHATS: i64 = 64;
/// Milliseconds of a day.
const DAY: i64 = 86_400_000;
/// The advisory lock of the node that does this: "expire" in ASCII.
const LOCK: i64 = 0x6578_7069_7265;

/// Chats whose oldest entry is too old. Deleted chats keep nothing.
const OVERDUE: &str = "SELECT c.chat_no, c.id, c.deleted_at IS NOT NULL, c.retention_days
    FROM chats c JOIN chat_heads h ON h.chat_no = c.chat_no
    CROSS JOIN LATERAL (
      SELECT m.created_at FROM messages m WHERE m.chat_no = c.chat_no AND m.seq > h.floor
      ORDER BY m.seq LIMIT 1) oldest
    WHERE (c.retention_days > 0 AND c.deleted_at IS NULL
           AND oldest.created_at < $1::timestamptz - c.retention_days * interval '24 hours')
       OR (c.deleted_at IS NOT NULL AND h.floor < h.head)
    ORDER BY c.chat_no LIMIT $2";

struct Overdue {
    chat: i64,
    id: ChatId,
    deleted: bool,
    days: i32,
    /// Entries from before this go.
    before: UnixMillis,
}

/// See [`Store::expire_entries`](crate::store::Store::expire_entries).
pub(super) async fn expire(
    pool: Pool,
    now: UnixMillis,
    limit: u32,
) -> Result<(Vec<RaisedFloor>, bool), StoreError> {
    let mut left = i64::from(limit);
    let mut raised: Vec<RaisedFloor> = Vec::new();
    loop {
        let chats = pool.read(now, |conn, now| Box::pin(overdue(conn, *now)));
        let chats = chats.await?;
        if chats.is_empty() {
            return Ok((raised, false));
        }
        for chat in chats {
            if left <= 0 {
                return Ok((raised, true));
            }
            let slice = pool.write((chat, left.min(SLICE)), |conn, (chat, limit)| {
                Box::pin(slice(conn, chat, *limit))
            });
            let Some(slice) = slice.await? else {
                // Another node is at it.
                return Ok((raised, false));
            };
            left -= slice.entries.max(1);
            raised.retain(|earlier| Some(earlier.chat) != slice.raised.map(|now| now.chat));
            raised.extend(slice.raised);
        }
    }
}

async fn overdue(conn: &ClientWrapper, now: UnixMillis) -> Result<Vec<Overdue>, Fault> {
    let rows = statements::rows(conn, OVERDUE, &[&At(now), &CHATS]).await?;
    let mut chats = Vec::with_capacity(rows.len());
    for row in &rows {
        let deleted = row.try_get(2)?;
        let days: i32 = row.try_get(3)?;
        chats.push(Overdue {
            chat: row.try_get(0)?,
            id: ChatId(row.try_get::<_, Uuid>(1)?),
            deleted,
            days,
            before: if deleted {
                i64::MAX
            } else {
                now - i64::from(days) * DAY
            },
        });
    }
    Ok(chats)
}

struct Slice {
    entries: i64,
    raised: Option<RaisedFloor>,
}

const ALONE: &str = "SELECT pg_try_advisory_xact_lock($1)";
/// Whoever brings entries of the chat into the index is waited for.
const LOCK_INDEX: &str = "SELECT 1 FROM search_heads WHERE chat_no = $1 FOR UPDATE";
const OLDEST: &str = "SELECT m.seq, m.created_at, m.msg_no FROM chat_heads h
    JOIN messages m ON m.chat_no = h.chat_no AND m.seq > h.floor
    WHERE h.chat_no = $1 ORDER BY m.seq LIMIT $2";

/// Whether the chat keeps its entries as long as it did when it was found.
const SAME: &str = "SELECT 1 FROM chats
    WHERE chat_no = $1 AND (deleted_at IS NOT NULL) = $2 AND retention_days = $3";

const RAISE: &str = "UPDATE chat_heads SET floor = $2, floor_no = $3 WHERE chat_no = $1";
const UNINDEX: &str = "DELETE FROM message_search s USING messages m
    WHERE m.chat_no = $1 AND m.seq <= $2
      AND s.chat_no = m.chat_no AND s.at = m.created_at AND s.id = m.id";
const EDITS: &str = "DELETE FROM message_edits WHERE chat_no = $1 AND seq <= $2";
const REACTIONS: &str = "DELETE FROM reactions WHERE chat_no = $1 AND seq <= $2";
const PINS: &str = "DELETE FROM pins WHERE chat_no = $1 AND seq <= $2";
const ENTRIES: &str = "DELETE FROM messages WHERE chat_no = $1 AND seq <= $2";
const BLOCKS: &str = "DELETE FROM chat_blocks WHERE chat_no = $1 AND (block + 1) * 1024 <= $2";
/// Cursors move to the floor. Others see that of those that were shown.
const CURSORS: &str = "WITH moved AS (
      UPDATE members SET
        read_seq = greatest(read_seq, $2), read_no = greatest(read_no, $3),
        delivered_seq = greatest(delivered_seq, $2),
        shown_read_seq = greatest(shown_read_seq, $2),
        shown_read_no = greatest(shown_read_no, $3),
        shown_delivered_seq = greatest(shown_delivered_seq, $2)
      WHERE chat_no = $1 AND shown_read_seq < $2 RETURNING left_at)
    UPDATE chat_cursors SET cursor_rev = cursor_rev + 1
    WHERE chat_no = $1 AND EXISTS (SELECT 1 FROM moved WHERE left_at IS NULL)";

/// One transaction for one chat; `None` where another node does this.
async fn slice(
    conn: &ClientWrapper,
    overdue: &Overdue,
    limit: i64,
) -> Result<Done<Option<Slice>>, Fault> {
    let chat = overdue.chat;
    let chats = [chat];
    let answers = statements::start(
        conn,
        &[
            (ALONE, &[&LOCK]),
            (LOCK_HEAD, &[&chat]),
            (LOCK_CURSORS, &[&chat]),
            (index::MAKE, &[&chats.as_slice()]),
            (LOCK_INDEX, &[&chat]),
            (SAME, &[&chat, &overdue.deleted, &overdue.days]),
            (OLDEST, &[&chat, &limit]),
        ],
    )
    .await?;
    let [alone, .., same, oldest] = answers.as_slice() else {
        return Err(Fault::internal("answers were lost"));
    };
    let alone: bool = match alone.first() {
        Some(row) => row.try_get(0)?,
        None => false,
    };
    if !alone {
        leave(conn).await?;
        return Ok(Done::quiet(None));
    }
    let (mut floor, mut floor_no, mut entries) = (0i64, 0i64, 0);
    for row in oldest {
        if same.is_empty() || row.try_get::<_, At>(1)?.0 >= overdue.before {
            break;
        }
        (floor, floor_no) = (row.try_get(0)?, row.try_get(2)?);
        entries += 1;
    }
    if entries == 0 {
        leave(conn).await?;
        return Ok(Done::quiet(Some(Slice {
            entries: 0,
            raised: None,
        })));
    }
    statements::finish(
        conn,
        &[
            (RAISE, &[&chat, &floor, &floor_no]),
            (CURSORS, &[&chat, &floor, &floor_no]),
            (UNINDEX, &[&chat, &floor]),
            (EDITS, &[&chat, &floor]),
            (REACTIONS, &[&chat, &floor]),
            (PINS, &[&chat, &floor]),
            (ENTRIES, &[&chat, &floor]),
            (BLOCKS, &[&chat, &floor]),
        ],
    )
    .await?;
    // Nobody is left to be told of a deleted chat.
    let raised = (!overdue.deleted).then_some(RaisedFloor {
        chat: overdue.id,
        floor: floor as Seq,
    });
    Ok(Done::quiet(Some(Slice { entries, raised })))
}
