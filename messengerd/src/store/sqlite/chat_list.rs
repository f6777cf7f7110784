//! The chats that somebody sees.

use std::cmp::Reverse;
use std::collections::HashMap;

use proto::digest::Digest;
use proto::event::Head;
use proto::id::UserId;
use proto::request::{ChatKind, ChatPrefs};
use rusqlite::{Row, params};

use super::chats::{self, head_columns, head_record};
use super::members::{self, member_columns};
use super::properties::{self, settings_columns};
use super::readers::Reader;
use super::{prefs, timeline};
use crate::store::timeline::ListedChat;
use crate::store::{ChatNo, ChatRecord, StoreError, UserNo};

/// What a chat is; behind the nine columns of a head and three of settings of
/// one's own.
macro_rules! chat_columns {
    () => {
        concat!(
            "c.chat_no, c.kind, c.name, c.created_at, c.updated_at, h.acl_rev, c.description,
             c.avatar, c.created_by, c.members, c.avatar_url, ",
            settings_columns!()
        )
    };
}

/// Those that a user is in.
const JOINED: &str = concat!(
    "SELECT ",
    head_columns!(),
    ", m.notify, m.quiet_until, m.hidden_upto, ",
    chat_columns!(),
    " FROM members m
      JOIN chat_heads h ON h.chat_no = m.chat_no
      JOIN chats c ON c.chat_no = m.chat_no
      WHERE m.user_no = ?1 AND m.left_at IS NULL"
);
/// Public ones that they are not in and may come to.
const OPEN: &str = concat!(
    "SELECT c.id, h.head, h.msg_no, iif(c.since_join, h.head, h.floor), h.acl_rev, h.cursor_rev,
            h.head, h.msg_no, h.head, 1, 0, 0, ",
    chat_columns!(),
    " FROM chats c
      JOIN chat_heads h ON h.chat_no = c.chat_no
      LEFT JOIN messages e ON e.mid = (c.chat_no << 32) | h.head
      WHERE c.kind = 3 AND c.deleted_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM members m WHERE m.chat_no = c.chat_no AND m.user_no = ?1
          AND (m.left_at IS NULL OR m.banned = 1))
      ORDER BY coalesce(e.created_at, c.created_at) DESC, c.chat_no DESC LIMIT ?2"
);

/// A chat without what its other tables know of it.
struct Found {
    head: Head,
    prefs: ChatPrefs,
    chat: ChatRecord,
    kind: i64,
    creator: i64,
    members: u64,
    joined: bool,
}

fn found(row: &Row<'_>, joined: bool) -> Result<Found, rusqlite::Error> {
    let head = head_record(row)?;
    let id = head.chat;
    Ok(Found {
        head,
        prefs: prefs::record(row, 9)?,
        kind: row.get(13)?,
        creator: row.get(20)?,
        members: row.get::<_, i64>(21)? as u64,
        joined,
        chat: ChatRecord {
            no: ChatNo(row.get(12)?),
            id,
            kind: ChatKind::Unknown,
            name: row.get(14)?,
            created_at: row.get(15)?,
            updated_at: row.get(16)?,
            acl_rev: row.get::<_, i64>(17)? as u64,
            members: Vec::new(),
            description: row.get(18)?,
            avatar: row.get::<_, Option<[u8; 32]>>(19)?.map(Digest),
            created_by: UserId(uuid::Uuid::nil()),
            avatar_url: row.get(22)?,
            settings: properties::settings(row, 23)?,
            banned: Vec::new(),
            blockers: Vec::new(),
        },
    })
}

/// See [`Store::chat_list`](crate::store::Store::chat_list).
pub(super) fn list(
    reader: &mut Reader,
    user: UserNo,
    public: u32,
    members: u32,
) -> Result<Vec<ListedChat>, StoreError> {
    reader.snapshot(|reader| {
        let mut chats = reader
            .conn
            .prepare_cached(JOINED)?
            .query_map([user.0], |row| found(row, true))?
            .collect::<Result<Vec<_>, _>>()?;
        let open = reader
            .conn
            .prepare_cached(OPEN)?
            .query_map(params![user.0, public], |row| found(row, false))?
            .collect::<Result<Vec<_>, _>>()?;
        chats.extend(open);
        let mut banned = by_chat(reader, BANNED, user)?;
        let mut blockers = by_chat(reader, BLOCKERS, user)?;
        let mut list = Vec::with_capacity(chats.len());
        for found in chats {
            let no = found.chat.no;
            let mut listed = listed(reader, found, user, members)?;
            listed.chat.blockers = blockers.remove(&no.0).unwrap_or_default();
            listed.chat.banned = match listed.joined {
                true => banned.remove(&no.0).unwrap_or_default(),
                false => members::banned(&reader.conn, no)?,
            };
            list.push(listed);
        }
        list.sort_by_key(|listed| Reverse((listed.last_at, listed.chat.id)));
        Ok(list)
    })
}

fn listed(
    reader: &mut Reader,
    found: Found,
    user: UserNo,
    members: u32,
) -> Result<ListedChat, StoreError> {
    let mut chat = found.chat;
    chat.kind = chats::kind_of(found.kind)?;
    chat.created_by = reader.user_id(found.creator)?;
    chat.members = reader
        .conn
        .prepare_cached(concat!(
            "SELECT ",
            member_columns!(),
            " FROM (SELECT * FROM members WHERE chat_no = ?1 AND left_at IS NULL
                    ORDER BY user_no = ?2 DESC, join_no LIMIT ?3) m
              JOIN users u ON u.user_no = m.user_no
              ORDER BY m.user_no = ?2 DESC, m.join_no"
        ))?
        .query_map(params![chat.no.0, user.0, members], members::record)?
        .collect::<Result<Vec<_>, _>>()?;
    let last = timeline::latest(reader, chat.no, chat.id, found.head.floor, found.head.seq)?;
    let (delivered, read) = match &last {
        Some((_, sender)) => reader
            .conn
            .prepare_cached(
                "SELECT coalesce(min(shown_delivered_seq), 0), coalesce(min(shown_read_seq), 0)
                 FROM members WHERE chat_no = ?1 AND left_at IS NULL AND user_no <> ?2",
            )?
            .query_row([chat.no.0, *sender], |row| Ok((row.get(0)?, row.get(1)?)))?,
        None => (0i64, 0i64),
    };
    let last = last.map(|(message, _)| message);
    Ok(ListedChat {
        last_at: last
            .as_ref()
            .map_or(chat.created_at, |message| message.entry.at),
        members: found.members,
        joined: found.joined,
        head: found.head,
        prefs: found.prefs,
        delivered: delivered as u64,
        read: read as u64,
        chat,
        last,
    })
}

/// Who may not come back to the chats that a user is in.
const BANNED: &str = "SELECT b.chat_no, b.user_no
    FROM members m JOIN members b ON b.chat_no = m.chat_no AND b.banned = 1
    WHERE m.user_no = ?1 AND m.left_at IS NULL ORDER BY b.chat_no, b.user_no";
/// Who has blocked the other in their private chats.
const BLOCKERS: &str = "SELECT c.chat_no, b.owner FROM contacts b
    JOIN chats c ON c.pair_low = min(b.owner, b.other) AND c.pair_high = max(b.owner, b.other)
    WHERE b.blocked = 1 AND (b.owner = ?1 OR b.other = ?1) ORDER BY c.chat_no, b.owner";

/// People by chat.
fn by_chat(
    reader: &mut Reader,
    sql: &str,
    user: UserNo,
) -> Result<HashMap<i64, Vec<UserId>>, StoreError> {
    let rows = reader
        .conn
        .prepare_cached(sql)?
        .query_map([user.0], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)))?
        .collect::<Result<Vec<_>, _>>()?;
    let mut people: HashMap<i64, Vec<UserId>> = HashMap::new();
    for (chat, person) in rows {
        let id = reader.user_id(person)?;
        people.entry(chat).or_default().push(id);
    }
    Ok(people)
}
