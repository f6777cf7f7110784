//! Messages as they stand now.

use deadpool_postgres::ClientWrapper;
use proto::Seq;
use proto::entry::{Body, kind};
use proto::id::{ChatId, EntryId, UserId};
use tokio_postgres::Row;
use uuid::Uuid;

use super::account::clamped;
use super::entries;
use super::error::Fault;
use super::statements;
use super::timestamp::At;
use crate::store::ChatNo;
use crate::store::timeline::{Edit, MessageRecord, ReactionRecord, Window};

/// The columns of a [`MessageRecord`]; `messages` is `e`, `chats` is `c`.
macro_rules! message_columns {
    () => {
        "c.chat_no, c.id, e.seq, e.id, w.id, e.kind, e.msg_no, e.ref_seq, e.created_at, e.body,
         d.body, d.created_at, x.ids, x.users, x.emoji, x.times,
         EXISTS (SELECT 1 FROM pins p WHERE p.chat_no = e.chat_no AND p.seq = e.seq)"
    };
}

/// The tables of [`message_columns`] beside those two.
macro_rules! message_tables {
    () => {
        " LEFT JOIN users w ON w.user_no = e.sender
          LEFT JOIN LATERAL (
            SELECT t.body, t.created_at FROM message_edits m
            JOIN messages t ON t.chat_no = m.chat_no AND t.seq = m.edit_seq
            WHERE m.chat_no = e.chat_no AND m.seq = e.seq ORDER BY m.edit_seq DESC LIMIT 1
          ) d ON true
          LEFT JOIN LATERAL (
            SELECT array_agg(t.id ORDER BY r.entry_seq) AS ids,
                   array_agg(o.id ORDER BY r.entry_seq) AS users,
                   array_agg(r.emoji::text ORDER BY r.entry_seq) AS emoji,
                   array_agg(t.created_at ORDER BY r.entry_seq) AS times
            FROM reactions r JOIN messages t ON t.chat_no = r.chat_no AND t.seq = r.entry_seq
            JOIN users o ON o.user_no = r.user_no
            WHERE r.chat_no = e.chat_no AND r.seq = e.seq
          ) x ON true "
    };
}
pub(super) use {message_columns, message_tables};

/// Reads a message whose first column is `at`; none where there is no entry.
pub(super) fn record(row: &Row, at: usize) -> Result<Option<MessageRecord>, Fault> {
    if row.try_get::<_, Option<i64>>(at + 2)?.is_none() {
        return Ok(None);
    }
    let edit: Option<&[u8]> = row.try_get(at + 10)?;
    let edited_at: Option<At> = row.try_get(at + 11)?;
    let edited =
        edit.zip(edited_at)
            .and_then(|(body, at)| match Body::decode(kind::EDITED, body) {
                Body::Edited(edited) => Some(Edit {
                    text: edited.text,
                    at: at.0,
                }),
                _ => None,
            });
    Ok(Some(MessageRecord {
        chat_no: ChatNo(row.try_get(at)?),
        chat: ChatId(row.try_get(at + 1)?),
        entry: entries::entry(row, at + 2, row.try_get(at + 9)?)?,
        edited,
        reactions: reactions(row, at + 12)?,
        pinned: row.try_get(at + 16)?,
    }))
}

fn reactions(row: &Row, at: usize) -> Result<Vec<ReactionRecord>, Fault> {
    let Some(ids) = row.try_get::<_, Option<Vec<Uuid>>>(at)? else {
        return Ok(Vec::new());
    };
    let users: Vec<Uuid> = row.try_get(at + 1)?;
    let emoji: Vec<String> = row.try_get(at + 2)?;
    let times: Vec<At> = row.try_get(at + 3)?;
    let people = ids.into_iter().zip(users);
    let what = emoji.into_iter().zip(times);
    Ok(people
        .zip(what)
        .map(|((id, user), (emoji, at))| ReactionRecord {
            id: EntryId(id),
            user: UserId(user),
            emoji,
            at: at.0,
        })
        .collect())
}

macro_rules! page {
    ($order:literal) => {
        concat!(
            "SELECT ",
            message_columns!(),
            " FROM (SELECT * FROM messages WHERE chat_no = $1 AND kind = 1
                      AND seq > $2 AND seq <= $3 ORDER BY seq ",
            $order,
            " LIMIT $4) e JOIN chats c ON c.chat_no = e.chat_no",
            message_tables!(),
            "ORDER BY e.seq ",
            $order
        )
    };
}

const OLDER: &str = page!("DESC");
const NEWER: &str = page!("ASC");

/// Where the latest message of a chat but so many is. The numbers of messages
/// rise with the log, which has no gaps: it is halved until one entry is left.
const WITHOUT_LATEST: &str = "WITH RECURSIVE part(below, at, wanted) AS (
      SELECT h.floor, h.head, h.msg_no - $2 FROM chat_heads h
      WHERE h.chat_no = $1 AND h.msg_no - $2 > h.floor_no
      UNION ALL
      SELECT CASE WHEN k.number < p.wanted THEN k.middle ELSE p.below END,
             CASE WHEN k.number < p.wanted THEN p.at ELSE k.middle END, p.wanted
      FROM part p CROSS JOIN LATERAL (
        SELECT m.middle, (SELECT e.msg_no FROM messages e
                          WHERE e.chat_no = $1 AND e.seq = m.middle) AS number
        FROM (SELECT (p.below + p.at) / 2 AS middle) m) k
      WHERE p.at - p.below > 1)
    SELECT at FROM part WHERE at - below <= 1";

/// See [`Store::messages`](crate::store::Store::messages).
pub(super) async fn page(
    conn: &ClientWrapper,
    chat: ChatNo,
    from: Seq,
    window: Window,
    limit: u32,
) -> Result<(Vec<MessageRecord>, bool), Fault> {
    let (sql, after, upto) = match window {
        Window::Latest { offset: 0 } => (OLDER, from, u64::MAX),
        Window::Latest { offset } => {
            let params: statements::Params<'_> = &[&chat.0, &i64::from(offset)];
            let Some(row) = statements::row(conn, WITHOUT_LATEST, params).await? else {
                return Ok((Vec::new(), false));
            };
            (OLDER, from, row.try_get::<_, i64>(0)? as u64)
        }
        Window::Before(seq) => (OLDER, from, seq.saturating_sub(1)),
        Window::After(seq) => (NEWER, from.max(seq), u64::MAX),
    };
    let wanted = i64::from(limit) + 1;
    let params: statements::Params<'_> = &[&chat.0, &clamped(after), &clamped(upto), &wanted];
    let mut found = records(&statements::rows(conn, sql, params).await?)?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    if sql == OLDER {
        found.reverse();
    }
    Ok((found, more))
}

fn records(rows: &[Row]) -> Result<Vec<MessageRecord>, Fault> {
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        found.extend(record(row, 0)?);
    }
    Ok(found)
}

/// See [`Store::messages_at`](crate::store::Store::messages_at).
pub(super) async fn at(
    conn: &ClientWrapper,
    chat: ChatNo,
    seqs: &[Seq],
) -> Result<Vec<MessageRecord>, Fault> {
    let sql = concat!(
        "SELECT ",
        message_columns!(),
        " FROM messages e JOIN chats c ON c.chat_no = e.chat_no",
        message_tables!(),
        "WHERE e.chat_no = $1 AND e.seq = ANY($2::int8[]) AND e.kind = 1 ORDER BY e.seq"
    );
    let seqs: Vec<i64> = seqs.iter().map(|seq| clamped(*seq)).collect();
    records(&statements::rows(conn, sql, &[&chat.0, &seqs]).await?)
}

/// See [`Store::message`](crate::store::Store::message).
pub(super) async fn by_id(
    conn: &ClientWrapper,
    id: EntryId,
) -> Result<Option<MessageRecord>, Fault> {
    let sql = concat!(
        "SELECT ",
        message_columns!(),
        " FROM messages e JOIN chats c ON c.chat_no = e.chat_no",
        message_tables!(),
        "WHERE e.id = $1 AND e.kind = 1 AND c.deleted_at IS NULL"
    );
    match statements::row(conn, sql, &[&id.0]).await? {
        Some(row) => record(&row, 0),
        None => Ok(None),
    }
}
