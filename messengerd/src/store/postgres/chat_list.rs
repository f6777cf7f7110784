//! The chats that somebody sees.

use std::cmp::Reverse;
use std::collections::HashMap;

use deadpool_postgres::ClientWrapper;
use proto::id::{ChatId, UserId};
use tokio_postgres::Row;
use uuid::Uuid;

use super::chats::{self, head_columns};
use super::error::Fault;
use super::members::{self, member_columns};
use super::timeline::{self, message_columns, message_tables};
use super::timestamp::At;
use super::{avatars, digests, groups, statements};
use crate::store::timeline::ListedChat;
use crate::store::{ChatNo, ChatRecord, MemberRecord, UserNo};

/// The chats, where they stand for the user, and their latest messages. Those
/// that the user is no member of come with heads and settings that one has who
/// would join now.
const LIST: &str = concat!(
    "WITH listed AS (
       SELECT true AS joined, ",
    head_columns!(),
    ", m.notify, m.quiet_until, m.hidden_upto, c.chat_no, h.acl_rev
       FROM members m
       JOIN chat_heads h ON h.chat_no = m.chat_no
       JOIN chat_cursors r ON r.chat_no = m.chat_no
       JOIN chats c ON c.chat_no = m.chat_no
       WHERE m.user_no = $1 AND m.left_at IS NULL
       UNION ALL
       (SELECT false, c.id, h.head, h.msg_no,
               CASE WHEN c.since_join THEN h.head ELSE h.floor END, h.acl_rev, r.cursor_rev,
               h.head, h.msg_no, h.head, 1::int2, 0::int8, 0::int8, c.chat_no, h.acl_rev
        FROM chats c
        JOIN chat_heads h ON h.chat_no = c.chat_no
        JOIN chat_cursors r ON r.chat_no = c.chat_no
        LEFT JOIN messages e ON e.chat_no = c.chat_no AND e.seq = h.head
        WHERE c.kind = 3 AND c.deleted_at IS NULL AND NOT EXISTS (
          SELECT 1 FROM members m WHERE m.chat_no = c.chat_no AND m.user_no = $1
            AND (m.left_at IS NULL OR m.banned))
        ORDER BY coalesce(e.created_at, c.created_at) DESC, c.chat_no DESC LIMIT $2)
     ), l(joined, id, head, msg_no, floor, shown_acl_rev, cursor_rev, read_seq, read_no,
          delivered_seq, notify, quiet_until, hidden_upto, chat_no, acl_rev)
       AS (SELECT * FROM listed)
     SELECT l.*, c.kind, c.name, c.created_at, c.updated_at, c.description, c.avatar, o.id,
            c.members, c.allowed, c.retention_days, c.since_join,
            ARRAY(SELECT u.id FROM members b JOIN users u ON u.user_no = b.user_no
                  WHERE b.chat_no = c.chat_no AND b.banned ORDER BY b.join_no),
            ARRAY(SELECT u.id FROM contacts k JOIN users u ON u.user_no = k.owner
                  WHERE c.kind = 1 AND k.blocked
                    AND ((k.owner = c.pair_low AND k.other = c.pair_high)
                      OR (k.owner = c.pair_high AND k.other = c.pair_low))
                  ORDER BY k.owner),
            coalesce(k.delivered, 0), coalesce(k.read, 0), c.avatar_url, ",
    message_columns!(),
    " FROM l
      JOIN chats c ON c.chat_no = l.chat_no
      JOIN users o ON o.user_no = c.created_by
      LEFT JOIN LATERAL (
        SELECT * FROM messages e WHERE e.chat_no = l.chat_no AND e.kind = 1 AND e.seq > l.floor
        ORDER BY e.seq DESC LIMIT 1) e ON true
      LEFT JOIN LATERAL (
        SELECT min(m.shown_delivered_seq) AS delivered, min(m.shown_read_seq) AS read
        FROM members m
        WHERE m.chat_no = e.chat_no AND m.left_at IS NULL AND m.user_no <> e.sender) k ON true",
    message_tables!()
);
/// Where the columns of the message begin.
const MESSAGE: usize = 31;

const MEMBERS: &str = concat!(
    "SELECT l.chat_no, ",
    member_columns!(),
    " FROM unnest($1::int8[]) l(chat_no)
      CROSS JOIN LATERAL (
        SELECT * FROM members x WHERE x.chat_no = l.chat_no AND x.left_at IS NULL
        ORDER BY (x.user_no = $2) DESC, x.join_no LIMIT $3) m
      JOIN users u ON u.user_no = m.user_no
      ORDER BY l.chat_no, (m.user_no = $2) DESC, m.join_no"
);

/// See [`Store::chat_list`](crate::store::Store::chat_list).
pub(super) async fn list(
    conn: &ClientWrapper,
    user: UserNo,
    public: u32,
    members: u32,
) -> Result<Vec<ListedChat>, Fault> {
    digests::begin_snapshot(conn).await?;
    let rows = statements::rows(conn, LIST, &[&user.0, &i64::from(public)]).await?;
    let mut list = rows.iter().map(listed).collect::<Result<Vec<_>, _>>()?;
    let chats: Vec<i64> = list.iter().map(|listed| listed.chat.no.0).collect();
    let params: statements::Params<'_> = &[&chats, &user.0, &i64::from(members)];
    let rows = statements::rows(conn, MEMBERS, params).await?;
    statements::leave(conn).await?;
    let mut people: HashMap<i64, Vec<MemberRecord>> = HashMap::with_capacity(chats.len());
    for row in &rows {
        let chat = people.entry(row.try_get(0)?).or_default();
        chat.extend(members::record(row, 1)?);
    }
    for listed in &mut list {
        listed.chat.members = people.remove(&listed.chat.no.0).unwrap_or_default();
    }
    list.sort_by_key(|listed| Reverse((listed.last_at, listed.chat.id)));
    Ok(list)
}

fn listed(row: &Row) -> Result<ListedChat, Fault> {
    let ids = |at| {
        let ids: Vec<Uuid> = row.try_get(at)?;
        Ok::<Vec<UserId>, Fault>(ids.into_iter().map(UserId).collect())
    };
    let head = chats::head_record(row, 1)?;
    let head = head.ok_or_else(|| Fault::internal("a chat without a head"))?;
    let last = timeline::record(row, MESSAGE)?;
    let created_at = row.try_get::<_, At>(17)?.0;
    Ok(ListedChat {
        joined: row.try_get(0)?,
        prefs: groups::prefs_record(row, 10)?,
        chat: ChatRecord {
            no: ChatNo(row.try_get(13)?),
            id: ChatId(row.try_get(1)?),
            acl_rev: row.try_get::<_, i64>(14)? as u64,
            kind: chats::kind_of(row.try_get(15)?)?,
            name: row.try_get(16)?,
            created_at,
            updated_at: row.try_get::<_, At>(18)?.0,
            description: row.try_get(19)?,
            avatar: avatars::hash(row, 20)?,
            avatar_url: row.try_get(30)?,
            created_by: UserId(row.try_get(21)?),
            settings: groups::settings(row, 23)?,
            banned: ids(26)?,
            blockers: ids(27)?,
            members: Vec::new(),
        },
        members: row.try_get::<_, i64>(22)? as u64,
        delivered: row.try_get::<_, i64>(28)? as u64,
        read: row.try_get::<_, i64>(29)? as u64,
        last_at: last.as_ref().map_or(created_at, |last| last.entry.at),
        head,
        last,
    })
}
