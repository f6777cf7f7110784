//! How far each member has received and read a chat.

use std::collections::BTreeMap;

use deadpool_postgres::ClientWrapper;
use futures_util::future::try_join3;
use proto::Seq;
use proto::id::{ChatId, UserId};

use super::account::clamped;
use super::error::Fault;
use super::pool::Done;
use super::statements::{self, Params, begin, commit, prepare};
use crate::store::{ChatNo, Committed, Counts, CursorMove, CursorRecord, ShownCursor, UserNo};

const LOCK: &str = "SELECT chat_no, cursor_rev FROM chat_cursors WHERE chat_no = ANY($1::int8[])
    ORDER BY chat_no FOR NO KEY UPDATE";
/// Each move of a present member: where its chat stands, where the member
/// stands, and how many messages there are up to the entry they read.
const STATES: &str = "SELECT k.ord, c.id, h.head, h.msg_no, m.read_seq, m.read_no,
           m.delivered_seq, u.id, h.floor_no, m.shown_read_seq, m.shown_read_no,
           m.shown_delivered_seq,
           (SELECT e.msg_no FROM messages e WHERE e.chat_no = k.chat_no AND e.seq <= k.read
            ORDER BY e.seq DESC LIMIT 1)
    FROM unnest($1::int8[], $2::int8[], $3::int8[]) WITH ORDINALITY k(chat_no, user_no, read, ord)
    JOIN members m ON m.chat_no = k.chat_no AND m.user_no = k.user_no AND m.left_at IS NULL
    JOIN users u ON u.user_no = m.user_no
    JOIN chats c ON c.chat_no = m.chat_no
    JOIN chat_heads h ON h.chat_no = m.chat_no
    ORDER BY k.ord";
const MOVE: &str = "UPDATE members m
    SET read_seq = k.read_seq, read_no = k.read_no, delivered_seq = k.delivered_seq,
        shown_read_seq = k.shown_read_seq, shown_read_no = k.shown_read_no,
        shown_delivered_seq = k.shown_delivered_seq
    FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::int8[], $5::int8[], $6::int8[], $7::int8[],
                $8::int8[])
      k(chat_no, user_no, read_seq, read_no, delivered_seq, shown_read_seq, shown_read_no,
        shown_delivered_seq)
    WHERE m.chat_no = k.chat_no AND m.user_no = k.user_no";
const COUNT: &str = "UPDATE chat_cursors r SET cursor_rev = k.cursor_rev
    FROM unnest($1::int8[], $2::int8[]) k(chat_no, cursor_rev) WHERE r.chat_no = k.chat_no";

/// Where one member stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stand {
    read: u64,
    read_no: u64,
    delivered: u64,
    /// The same as others see it.
    shown: ShownCursor,
}

/// What a batch of moves came to: the cursors that moved, each with the number
/// of its move, and what the feed is told.
type Moved = Vec<(usize, CursorRecord)>;

/// See [`Store::move_cursors`](crate::store::Store::move_cursors). The rows of
/// `chat_cursors` are the lock on the cursors of their chats' members.
pub(super) async fn advance(
    conn: &ClientWrapper,
    moves: &[CursorMove],
) -> Result<Done<Moved>, Fault> {
    let [lock, states, shift, count] = prepare(conn, [LOCK, STATES, MOVE, COUNT]).await?;
    let chats: Vec<i64> = moves.iter().map(|wanted| wanted.chat.0).collect();
    let users: Vec<i64> = moves.iter().map(|wanted| wanted.user.0).collect();
    let reads: Vec<i64> = moves.iter().map(|wanted| clamped(wanted.read)).collect();
    let locked: Params<'_> = &[&chats];
    let asked: Params<'_> = &[&chats, &users, &reads];
    let (_, revisions, rows) = try_join3(
        begin(conn),
        conn.query(&lock, locked),
        conn.query(&states, asked),
    )
    .await?;
    let mut plan = Plan::default();
    for row in &revisions {
        plan.revisions
            .insert(row.try_get(0)?, row.try_get::<_, i64>(1)? as u64);
    }
    for row in &rows {
        plan.advance(moves, row)?;
    }
    if plan.moved.is_empty() {
        commit(conn).await?;
        return Ok(Done::quiet(plan.moved));
    }
    let columns = plan.columns();
    let moving: Params<'_> = &[
        &columns.chats,
        &columns.users,
        &columns.reads,
        &columns.read_nos,
        &columns.delivered,
        &columns.shown_reads,
        &columns.shown_read_nos,
        &columns.shown_delivered,
    ];
    let (chats, revs): (Vec<i64>, Vec<i64>) = plan
        .bumped
        .iter()
        .map(|(chat, rev)| (*chat, *rev as i64))
        .unzip();
    let counting: Params<'_> = &[&chats, &revs];
    try_join3(
        conn.execute(&shift, moving),
        conn.execute(&count, counting),
        commit(conn),
    )
    .await?;
    Ok(Done {
        value: plan.moved,
        events: plan.events,
    })
}

/// The moves of one transaction, in order.
#[derive(Default)]
struct Plan {
    /// The chats' cursor revisions before.
    revisions: BTreeMap<i64, u64>,
    /// Those that changed, after the moves so far.
    bumped: BTreeMap<i64, u64>,
    /// Members that moved.
    stands: BTreeMap<(i64, i64), Stand>,
    moved: Moved,
    events: Vec<Committed>,
}

struct Columns {
    chats: Vec<i64>,
    users: Vec<i64>,
    reads: Vec<i64>,
    read_nos: Vec<i64>,
    delivered: Vec<i64>,
    shown_reads: Vec<i64>,
    shown_read_nos: Vec<i64>,
    shown_delivered: Vec<i64>,
}

impl Plan {
    fn advance(&mut self, moves: &[CursorMove], row: &tokio_postgres::Row) -> Result<(), Fault> {
        let number = |at| row.try_get::<_, i64>(at).map(|number| number as u64);
        let index = number(0)? as usize - 1;
        let wanted = moves
            .get(index)
            .ok_or_else(|| Fault::internal("a move too many"))?;
        let (chat, user) = (wanted.chat, wanted.user);
        let (head, msg_no) = (number(2)?, number(3)?);
        let mut stand = match self.stands.get(&(chat.0, user.0)) {
            Some(stand) => *stand,
            None => Stand {
                read: number(4)?,
                read_no: number(5)?,
                delivered: number(6)?,
                shown: ShownCursor {
                    read: number(9)?,
                    read_no: number(10)?,
                    delivered: number(11)?,
                },
            },
        };
        let before = stand;
        let read = wanted.read.min(head).max(stand.read);
        if read > stand.read {
            stand.read_no = if read == head {
                msg_no
            } else {
                // None where the entry and all before it are gone.
                match row.try_get::<_, Option<i64>>(12)? {
                    Some(read_no) => read_no as u64,
                    None => number(8)?,
                }
            };
        }
        stand.read = read;
        stand.delivered = wanted.delivered.min(head).max(stand.delivered).max(read);
        if wanted.shown {
            stand.shown = ShownCursor {
                read: stand.read,
                read_no: stand.read_no,
                delivered: stand.delivered,
            };
        }
        if stand == before {
            return Ok(());
        }
        self.stands.insert((chat.0, user.0), stand);
        let shown_moved = stand.shown != before.shown;
        let cursor = CursorRecord {
            chat,
            user,
            user_id: UserId(row.try_get(7)?),
            read: stand.read,
            read_no: stand.read_no,
            delivered: stand.delivered,
            shown: stand.shown,
            shown_moved,
            cursor_rev: self.revision(chat, shown_moved)?,
        };
        self.moved.push((index, cursor));
        self.events.push(Committed::Cursor {
            chat_id: ChatId(row.try_get(1)?),
            cursor,
        });
        Ok(())
    }

    /// The chat's cursor revision after one more move, which counts only where
    /// others see it.
    fn revision(&mut self, chat: ChatNo, counts: bool) -> Result<u64, Fault> {
        let now = match self.bumped.get(&chat.0) {
            Some(revision) => *revision,
            None => *self
                .revisions
                .get(&chat.0)
                .ok_or_else(|| Fault::internal("a chat without a cursor revision"))?,
        };
        if !counts {
            return Ok(now);
        }
        self.bumped.insert(chat.0, now + 1);
        Ok(now + 1)
    }

    fn columns(&self) -> Columns {
        let mut columns = Columns {
            chats: Vec::new(),
            users: Vec::new(),
            reads: Vec::new(),
            read_nos: Vec::new(),
            delivered: Vec::new(),
            shown_reads: Vec::new(),
            shown_read_nos: Vec::new(),
            shown_delivered: Vec::new(),
        };
        for ((chat, user), stand) in &self.stands {
            columns.chats.push(*chat);
            columns.users.push(*user);
            columns.reads.push(stand.read as i64);
            columns.read_nos.push(stand.read_no as i64);
            columns.delivered.push(stand.delivered as i64);
            columns.shown_reads.push(stand.shown.read as i64);
            columns.shown_read_nos.push(stand.shown.read_no as i64);
            columns.shown_delivered.push(stand.shown.delivered as i64);
        }
        columns
    }
}

/// See [`Store::cursors`](crate::store::Store::cursors).
pub(super) async fn of_chat(
    conn: &ClientWrapper,
    chat: ChatNo,
) -> Result<(Vec<CursorRecord>, u64), Fault> {
    let rows = statements::rows(
        conn,
        "SELECT r.cursor_rev, m.user_no, u.id, m.read_seq, m.read_no, m.delivered_seq,
                m.shown_read_seq, m.shown_read_no, m.shown_delivered_seq
         FROM chat_cursors r LEFT JOIN (members m JOIN users u ON u.user_no = m.user_no)
           ON m.chat_no = r.chat_no AND m.left_at IS NULL
         WHERE r.chat_no = $1 ORDER BY m.join_no",
        &[&chat.0],
    )
    .await?;
    let mut cursor_rev = 0;
    let mut cursors = Vec::with_capacity(rows.len());
    for row in &rows {
        let number = |at| row.try_get::<_, i64>(at).map(|number| number as u64);
        cursor_rev = number(0)?;
        let Some(user) = row.try_get::<_, Option<i64>>(1)? else {
            continue;
        };
        cursors.push(CursorRecord {
            chat,
            user: UserNo(user),
            user_id: UserId(row.try_get(2)?),
            read: number(3)?,
            read_no: number(4)?,
            delivered: number(5)?,
            shown: ShownCursor {
                read: number(6)?,
                read_no: number(7)?,
                delivered: number(8)?,
            },
            shown_moved: false,
            cursor_rev,
        });
    }
    Ok((cursors, cursor_rev))
}

/// See [`Store::counts`](crate::store::Store::counts).
pub(super) async fn counts(
    conn: &ClientWrapper,
    chat: ChatNo,
    author: UserNo,
    seq: Seq,
) -> Result<Counts, Fault> {
    let row = statements::row(
        conn,
        "SELECT count(*), count(*) FILTER (WHERE shown_delivered_seq >= $3),
                count(*) FILTER (WHERE shown_read_seq >= $3)
         FROM members WHERE chat_no = $1 AND left_at IS NULL AND user_no <> $2",
        &[&chat.0, &author.0, &clamped(seq)],
    )
    .await?
    .ok_or_else(|| Fault::internal("no answer"))?;
    let number = |at| row.try_get::<_, i64>(at).map(|number| number as u64);
    Ok(Counts {
        members: number(0)?,
        delivered: number(1)?,
        read: number(2)?,
    })
}
