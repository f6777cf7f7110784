//! Three ways of appending, from the fastest to the most careful.
//!
//! [`single`] and [`many`] are one statement each. They take only chats whose
//! members are as the service saw them, and fail as a whole where an id is
//! there already. [`careful`] looks first, with the chats locked: that has to
//! be a statement of its own, as one that waits for a lock still sees the state
//! from before it waited. None of them leaves a hole in a log, and all lock
//! chats in order of their number.

use std::collections::{BTreeMap, HashMap, HashSet};

use deadpool_postgres::ClientWrapper;
use futures_util::future::{try_join3, try_join4};
use proto::entry::kind;
use proto::{Seq, UnixMillis};
use tokio_postgres::Row;
use uuid::Uuid;

use super::error::Fault;
use super::statements::{self, Params, begin, commit, prepare, rollback};
use super::timestamp::At;
use crate::store::{Append, StoreError};

/// Where an entry landed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Landed {
    pub(super) seq: Seq,
    pub(super) msg_no: u64,
    pub(super) at: i64,
    pub(super) dup: bool,
    /// Whether the feed has to hear of it.
    pub(super) news: bool,
    /// The chat's revision of members and properties.
    pub(super) acl_rev: u64,
}

const SINGLE: &str = "WITH u AS (
      UPDATE chat_heads SET head = head + 1, msg_no = msg_no + $3
      WHERE chat_no = $1 AND acl_rev = $2 RETURNING head, msg_no)
    INSERT INTO messages (chat_no, seq, id, sender, kind, msg_no, ref_seq, body, created_at)
    SELECT $1, u.head, $4, $5, $6, u.msg_no, $7, $8, $9 FROM u
    RETURNING seq, msg_no";

/// Appends one entry, unless the chat is not as the service saw it.
pub(super) async fn single(conn: &ClientWrapper, append: &Append) -> Result<Option<Landed>, Fault> {
    let row = statements::row(
        conn,
        SINGLE,
        &[
            &append.chat.0,
            &(append.acl_rev as i64),
            &counted(append),
            &append.id.0,
            &append.actor.no.0,
            &i32::from(append.kind),
            &ref_of(append),
            &&append.body[..],
            &At(append.at),
        ],
    )
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    Ok(Some(Landed {
        seq: row.try_get::<_, i64>(0)? as u64,
        msg_no: row.try_get::<_, i64>(1)? as u64,
        at: append.at,
        dup: false,
        news: true,
        acl_rev: append.acl_rev,
    }))
}

const MANY: &str = "WITH u AS (
      UPDATE chat_heads c SET head = c.head + k.n, msg_no = c.msg_no + k.m
      FROM (
        SELECT h.chat_no, t.n, t.m
        FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::int8[]) t(chat_no, acl_rev, n, m)
        JOIN chat_heads h ON h.chat_no = t.chat_no AND h.acl_rev = t.acl_rev
        ORDER BY h.chat_no FOR NO KEY UPDATE OF h) k
      WHERE c.chat_no = k.chat_no
      RETURNING c.chat_no, c.head - k.n AS head, c.msg_no - k.m AS msg_no),
    i AS (
      INSERT INTO messages (chat_no, seq, id, sender, kind, msg_no, ref_seq, body, created_at)
      SELECT r.chat_no, u.head + r.seq, r.id, r.sender, r.kind, u.msg_no + r.msg_no, r.ref_seq,
             r.body, r.created_at
      FROM unnest($5::int8[], $6::int8[], $7::uuid[], $8::int8[], $9::int4[], $10::int8[],
                  $11::int8[], $12::bytea[], $13::timestamptz[])
        r(chat_no, seq, id, sender, kind, msg_no, ref_seq, body, created_at)
      JOIN u ON u.chat_no = r.chat_no)
    SELECT chat_no, head, msg_no FROM u";

/// Appends entries of several chats with different ids; none for those whose
/// chat is not as the service saw it.
pub(super) async fn many(
    conn: &ClientWrapper,
    appends: &[&Append],
) -> Result<Vec<Option<Landed>>, Fault> {
    let mut chats: BTreeMap<i64, Tally> = BTreeMap::new();
    let mut columns = Columns::with_capacity(appends.len());
    for append in appends {
        let chat = chats.entry(append.chat.0).or_insert_with(|| Tally {
            acl_rev: append.acl_rev,
            ..Tally::default()
        });
        chat.mixed |= chat.acl_rev != append.acl_rev;
        chat.entries += 1;
        chat.messages += counted(append);
        columns.push(append, chat.entries, chat.messages);
    }
    // Where rows of one chat were allowed under different revisions, one of
    // them is stale.
    let plain: Vec<(i64, &Tally)> = chats
        .iter()
        .filter(|(_, tally)| !tally.mixed)
        .map(|(chat, tally)| (*chat, tally))
        .collect();
    let numbers: Vec<i64> = plain.iter().map(|(chat, _)| *chat).collect();
    let revs: Vec<i64> = plain
        .iter()
        .map(|(_, tally)| tally.acl_rev as i64)
        .collect();
    let entries: Vec<i64> = plain.iter().map(|(_, tally)| tally.entries).collect();
    let messages: Vec<i64> = plain.iter().map(|(_, tally)| tally.messages).collect();
    let rows = statements::rows(
        conn,
        MANY,
        &[
            &numbers,
            &revs,
            &entries,
            &messages,
            &columns.chats,
            &columns.seqs,
            &columns.ids,
            &columns.senders,
            &columns.kinds,
            &columns.msg_nos,
            &columns.refs,
            &columns.bodies,
            &columns.times,
        ],
    )
    .await?;
    let mut bases = HashMap::with_capacity(rows.len());
    for row in &rows {
        let base: (i64, i64) = (row.try_get(1)?, row.try_get(2)?);
        bases.insert(row.try_get::<_, i64>(0)?, base);
    }
    Ok(appends
        .iter()
        .enumerate()
        .map(|(index, append)| {
            let (head, msg_no) = bases.get(&append.chat.0)?;
            Some(Landed {
                seq: (head + columns.seqs[index]) as u64,
                msg_no: (msg_no + columns.msg_nos[index]) as u64,
                at: append.at,
                dup: false,
                news: true,
                acl_rev: append.acl_rev,
            })
        })
        .collect())
}

/// What a batch holds for one chat.
#[derive(Debug, Default)]
struct Tally {
    acl_rev: u64,
    mixed: bool,
    entries: i64,
    messages: i64,
}

/// Rows to insert, by column.
struct Columns<'a> {
    chats: Vec<i64>,
    seqs: Vec<i64>,
    ids: Vec<Uuid>,
    senders: Vec<i64>,
    kinds: Vec<i32>,
    msg_nos: Vec<i64>,
    refs: Vec<Option<i64>>,
    bodies: Vec<&'a [u8]>,
    times: Vec<At>,
}

impl<'a> Columns<'a> {
    fn with_capacity(rows: usize) -> Self {
        Self {
            chats: Vec::with_capacity(rows),
            seqs: Vec::with_capacity(rows),
            ids: Vec::with_capacity(rows),
            senders: Vec::with_capacity(rows),
            kinds: Vec::with_capacity(rows),
            msg_nos: Vec::with_capacity(rows),
            refs: Vec::with_capacity(rows),
            bodies: Vec::with_capacity(rows),
            times: Vec::with_capacity(rows),
        }
    }

    fn push(&mut self, append: &'a Append, seq: i64, msg_no: i64) {
        self.chats.push(append.chat.0);
        self.seqs.push(seq);
        self.ids.push(append.id.0);
        self.senders.push(append.actor.no.0);
        self.kinds.push(i32::from(append.kind));
        self.msg_nos.push(msg_no);
        self.refs.push(ref_of(append));
        self.bodies.push(&append.body);
        self.times.push(At(append.at));
    }
}

const LOCK: &str = "SELECT chat_no, head, msg_no, acl_rev FROM chat_heads
    WHERE chat_no = ANY($1::int8[]) ORDER BY chat_no FOR NO KEY UPDATE";
const EXISTING: &str = "SELECT id, chat_no, sender, seq, msg_no, created_at FROM messages
    WHERE id = ANY($1::uuid[])";
/// Those who are members, until when they may not write, and whether the other
/// one of a private chat has blocked them.
pub(super) const STANDINGS: &str = "SELECT m.chat_no, m.user_no, m.muted_until,
      c.kind = 1 AND EXISTS (
        SELECT 1 FROM contacts k WHERE k.other = m.user_no AND k.blocked
          AND k.owner = CASE WHEN c.pair_low = m.user_no THEN c.pair_high ELSE c.pair_low END)
    FROM unnest($1::int8[], $2::int8[]) k(chat_no, user_no)
    JOIN members m ON m.chat_no = k.chat_no AND m.user_no = k.user_no AND m.left_at IS NULL
    JOIN chats c ON c.chat_no = m.chat_no";
const INSERT: &str = "INSERT INTO messages
      (chat_no, seq, id, sender, kind, msg_no, ref_seq, body, created_at)
    SELECT * FROM unnest($1::int8[], $2::int8[], $3::uuid[], $4::int8[], $5::int4[], $6::int8[],
                         $7::int8[], $8::bytea[], $9::timestamptz[])";
const ADVANCE: &str = "UPDATE chat_heads c SET head = k.head, msg_no = k.msg_no
    FROM unnest($1::int8[], $2::int8[], $3::int8[]) k(chat_no, head, msg_no)
    WHERE c.chat_no = k.chat_no";

/// Appends entries with different ids, each as if it were alone: finds what is
/// there already and checks who may still write.
pub(super) async fn careful(
    conn: &ClientWrapper,
    appends: &[&Append],
) -> Result<Vec<Result<Landed, StoreError>>, Fault> {
    let texts = [LOCK, EXISTING, STANDINGS, INSERT, ADVANCE];
    let [lock, existing, standings, insert, advance] = prepare(conn, texts).await?;
    let mut chats: Vec<i64> = appends.iter().map(|append| append.chat.0).collect();
    chats.sort_unstable();
    chats.dedup();
    let ids: Vec<Uuid> = appends.iter().map(|append| append.id.0).collect();
    let (of_chats, of_users): (Vec<i64>, Vec<i64>) = appends
        .iter()
        .map(|append| (append.chat.0, append.actor.no.0))
        .collect::<HashSet<_>>()
        .into_iter()
        .unzip();
    let locked: Params<'_> = &[&chats];
    let looked: Params<'_> = &[&ids];
    let asked: Params<'_> = &[&of_chats, &of_users];
    let (_, heads, existing, standings) = try_join4(
        begin(conn),
        conn.query(&lock, locked),
        conn.query(&existing, looked),
        conn.query(&standings, asked),
    )
    .await?;
    let mut state = State::read(&heads, &existing, &standings)?;
    let mut columns = Columns::with_capacity(appends.len());
    let outcomes: Vec<_> = appends
        .iter()
        .map(|append| state.append(append, &mut columns))
        .collect();
    if columns.chats.is_empty() {
        rollback(conn).await?;
        return Ok(outcomes);
    }
    let (numbers, heads, msg_nos) = state.advanced();
    let inserting: Params<'_> = &[
        &columns.chats,
        &columns.seqs,
        &columns.ids,
        &columns.senders,
        &columns.kinds,
        &columns.msg_nos,
        &columns.refs,
        &columns.bodies,
        &columns.times,
    ];
    let advancing: Params<'_> = &[&numbers, &heads, &msg_nos];
    try_join3(
        conn.execute(&insert, inserting),
        conn.execute(&advance, advancing),
        commit(conn),
    )
    .await?;
    Ok(outcomes)
}

/// What is there of the entries asked after.
pub(super) async fn existing(
    conn: &ClientWrapper,
    appends: &[Append],
) -> Result<Vec<Option<Landed>>, Fault> {
    let ids: Vec<Uuid> = appends.iter().map(|append| append.id.0).collect();
    let rows = statements::rows(conn, EXISTING, &[&ids]).await?;
    let state = State::read(&[], &rows, &[])?;
    Ok(appends
        .iter()
        .map(|append| state.first_of(append)?.ok())
        .collect())
}

/// From when on somebody may write, by their row of [`STANDINGS`]; none where
/// they may not at all.
fn writes_from(row: &Row) -> Result<Option<i64>, Fault> {
    let blocked: bool = row.try_get(3)?;
    let from = row.try_get(2)?;
    Ok((!blocked).then_some(from))
}

/// Whether somebody may write at a time, by their row of [`STANDINGS`].
pub(super) fn may_write(row: Option<&Row>, at: UnixMillis) -> Result<bool, Fault> {
    let from = row.map(writes_from).transpose()?.flatten();
    Ok(from.is_some_and(|from| from <= at))
}

/// What was found under the locks, and what becomes of it.
#[derive(Debug, Default)]
struct State {
    heads: BTreeMap<i64, Head>,
    existing: HashMap<Uuid, Existing>,
    /// From when on present members may write.
    may_write: HashMap<(i64, i64), i64>,
}

#[derive(Debug)]
struct Head {
    head: i64,
    msg_no: i64,
    acl_rev: u64,
    advanced: bool,
}

#[derive(Debug)]
struct Existing {
    chat: i64,
    sender: i64,
    seq: i64,
    msg_no: i64,
    at: At,
}

impl State {
    fn read(heads: &[Row], existing: &[Row], standings: &[Row]) -> Result<Self, Fault> {
        let mut state = Self::default();
        for row in heads {
            let head = Head {
                head: row.try_get(1)?,
                msg_no: row.try_get(2)?,
                acl_rev: row.try_get::<_, i64>(3)? as u64,
                advanced: false,
            };
            state.heads.insert(row.try_get(0)?, head);
        }
        for row in existing {
            let found = Existing {
                chat: row.try_get(1)?,
                sender: row.try_get(2)?,
                seq: row.try_get(3)?,
                msg_no: row.try_get(4)?,
                at: row.try_get(5)?,
            };
            state.existing.insert(row.try_get(0)?, found);
        }
        for row in standings {
            if let Some(from) = writes_from(row)? {
                let who = (row.try_get(0)?, row.try_get(1)?);
                state.may_write.insert(who, from);
            }
        }
        Ok(state)
    }

    /// What the first append of this id came to, if there was one; a conflict
    /// where it was somebody else's or in another chat.
    fn first_of(&self, append: &Append) -> Option<Result<Landed, StoreError>> {
        let found = self.existing.get(&append.id.0)?;
        if found.sender != append.actor.no.0 || found.chat != append.chat.0 {
            return Some(Err(StoreError::Conflict));
        }
        Some(Ok(Landed {
            seq: found.seq as u64,
            msg_no: found.msg_no as u64,
            at: found.at.0,
            dup: true,
            news: false,
            acl_rev: append.acl_rev,
        }))
    }

    fn append<'a>(
        &mut self,
        append: &'a Append,
        columns: &mut Columns<'a>,
    ) -> Result<Landed, StoreError> {
        let chat = append.chat.0;
        let acl_rev = self.heads.get(&chat).ok_or(StoreError::NoAccess)?.acl_rev;
        if acl_rev != append.acl_rev {
            let from = self.may_write.get(&(chat, append.actor.no.0));
            if from.is_none_or(|from| *from > append.at) {
                return Err(StoreError::NoAccess);
            }
        }
        if let Some(first) = self.first_of(append) {
            return first;
        }
        let head = self.heads.get_mut(&chat).ok_or(StoreError::NoAccess)?;
        head.head += 1;
        head.msg_no += counted(append);
        head.advanced = true;
        columns.push(append, head.head, head.msg_no);
        Ok(Landed {
            seq: head.head as u64,
            msg_no: head.msg_no as u64,
            at: append.at,
            dup: false,
            news: true,
            acl_rev,
        })
    }

    fn advanced(&self) -> (Vec<i64>, Vec<i64>, Vec<i64>) {
        let (mut chats, mut heads, mut msg_nos) = (Vec::new(), Vec::new(), Vec::new());
        for (chat, head) in self.heads.iter().filter(|(_, head)| head.advanced) {
            chats.push(*chat);
            heads.push(head.head);
            msg_nos.push(head.msg_no);
        }
        (chats, heads, msg_nos)
    }
}

/// How much an entry adds to the chat's number of messages.
fn counted(append: &Append) -> i64 {
    i64::from(append.kind == kind::MESSAGE)
}

fn ref_of(append: &Append) -> Option<i64> {
    append.ref_seq.map(|seq| seq as i64)
}
