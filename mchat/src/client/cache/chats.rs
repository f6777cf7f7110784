//! The rows of chats.

use proto::Seq;
use proto::codec;
use proto::event::Head;
use proto::id::{ChatId, UserId};
use proto::request::{ChatInfo, ChatKind, NotifyLevel, Role};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::account::{id16, own_id};
use super::changes::forget;
use super::entries::{ENTRY_COLUMNS, entry_row};
use super::people::{digest, put_user};
use super::search::{edited_text, unindex_upto};
use super::{Db, DbError};
use crate::client::core::ChatState;
use crate::client::model::ChatRow;

/// The local number of a chat, if it is known.
pub(super) fn chat_no(conn: &Connection, chat: ChatId) -> Result<Option<i64>, DbError> {
    Ok(conn
        .prepare_cached("SELECT no FROM chats WHERE id = ?1")?
        .query_row([chat.as_bytes()], |row| row.get(0))
        .optional()?)
}

/// The local number of a chat, making its row where it is not known yet.
pub(super) fn ensure_chat(conn: &Connection, chat: ChatId) -> Result<i64, DbError> {
    if let Some(no) = chat_no(conn, chat)? {
        return Ok(no);
    }
    conn.prepare_cached("INSERT INTO chats(id, title) VALUES (?1, ?2)")?
        .execute(params![chat.as_bytes(), short(chat.as_bytes())])?;
    Ok(conn.last_insert_rowid())
}

/// What an id is shown as until its name is known.
pub(super) fn short(id: &[u8; 16]) -> String {
    id[12..].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Columns that [`chat_row`] reads, of `chats c` and its `users p`, the other
/// person of a private chat.
const COLUMNS: &str = "c.id, c.kind, coalesce(p.name, c.title), c.peer, c.head_no, c.read_no,
     c.head, c.read, max(c.last_at, c.created_at), c.members, c.left, c.joined, c.description,
     coalesce(p.avatar, c.avatar), c.created_by, c.settings, c.role, c.silenced_until, c.notify,
     c.muted_until, c.hidden_upto,
     (SELECT count(*) FROM mentions m WHERE m.chat_no = c.no AND m.seq > c.read), c.no";

/// Chats and what is shown of their latest message.
const TABLES: &str = "chats c LEFT JOIN users p ON p.id = c.peer
     LEFT JOIN entries e ON e.chat_no = c.no AND e.seq = c.last_message
     LEFT JOIN users u ON u.id = e.actor";

fn chat_row(row: &Row<'_>, first: usize) -> rusqlite::Result<ChatRow> {
    let id = |column: usize| -> rusqlite::Result<Option<UserId>> {
        let bytes = row.get_ref(first + column)?.as_blob_or_null()?;
        Ok(bytes.map(id16).transpose()?.map(UserId::from_bytes))
    };
    let left: bool = row.get(first + 10)?;
    let head_no: u64 = row.get(first + 4)?;
    let read_no: u64 = row.get(first + 5)?;
    let head: Seq = row.get(first + 6)?;
    let hidden_upto: Seq = row.get(first + 20)?;
    let settings = row.get_ref(first + 15)?.as_blob_or_null()?;
    Ok(ChatRow {
        id: ChatId::from_bytes(id16(row.get_ref(first)?.as_blob()?)?),
        kind: match row.get(first + 1)? {
            0i64 => ChatKind::Private,
            1 => ChatKind::Group,
            3 => ChatKind::Public,
            _ => ChatKind::Unknown,
        },
        title: row.get(first + 2)?,
        peer: id(3)?,
        unread: if left {
            0
        } else {
            head_no.saturating_sub(read_no)
        },
        mentions: if left { 0 } else { row.get(first + 21)? },
        head,
        read: row.get(first + 7)?,
        last: None,
        last_at: row.get(first + 8)?,
        members: row.get(first + 9)?,
        left,
        joined: row.get(first + 11)?,
        description: row.get(first + 12)?,
        avatar: digest(row, first + 13)?,
        created_by: id(14)?,
        // Of a newer program: what is usual.
        settings: settings
            .and_then(|bytes| codec::decode(bytes).ok())
            .unwrap_or_default(),
        role: role(row.get(first + 16)?),
        silenced_until: row.get(first + 17)?,
        notify: match row.get(first + 18)? {
            1i64 => NotifyLevel::Mentions,
            2 => NotifyLevel::None,
            _ => NotifyLevel::All,
        },
        muted_until: row.get(first + 19)?,
        hidden: hidden_upto > 0 && head <= hidden_upto,
    })
}

/// A role as it is kept.
pub(super) fn role(number: i64) -> Role {
    match number {
        1 => Role::Admin,
        2 => Role::Moderator,
        _ => Role::Member,
    }
}

/// The number a role is kept as.
pub(super) fn role_number(role: Role) -> i64 {
    match role {
        Role::Admin => 1,
        Role::Moderator => 2,
        Role::Member | Role::Unknown => 0,
    }
}

impl Db {
    /// All chats, latest first; public ones that are only looked at left out.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub fn chats(&mut self) -> Result<Vec<ChatRow>, DbError> {
        self.chat_rows(
            "c.joined ORDER BY max(c.last_at, c.created_at) DESC, c.no",
            [],
        )
    }

    /// One chat.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub fn chat(&mut self, chat: ChatId) -> Result<Option<ChatRow>, DbError> {
        Ok(self
            .chat_rows("c.id = ?1", [chat.as_bytes()])?
            .into_iter()
            .next())
    }

    fn chat_rows(
        &mut self,
        condition: &str,
        values: impl rusqlite::Params,
    ) -> Result<Vec<ChatRow>, DbError> {
        let sql = format!("SELECT {ENTRY_COLUMNS}, {COLUMNS} FROM {TABLES} WHERE {condition}");
        let mut query = self.conn.prepare_cached(&sql)?;
        let mut rows = query.query(values)?;
        let mut chats = Vec::new();
        while let Some(row) = rows.next()? {
            let mut chat = chat_row(row, 11)?;
            if row.get::<_, Option<u64>>(0)?.is_some() {
                let mut last = entry_row(row, chat.id)?;
                let no: i64 = row.get(11 + 22)?;
                if let Some((text, edits)) = edited_text(&self.conn, no, last.seq)? {
                    last.edited = Some(text);
                    last.edits = edits;
                }
                chat.last = Some(last);
            }
            chats.push(chat);
        }
        drop(rows);
        drop(query);
        self.pass_over_own(&mut chats)?;
        Ok(chats)
    }

    /// Takes one's own messages out of the unread ones. The server counts them
    /// where others' lie between them and the read cursor.
    fn pass_over_own(&self, chats: &mut [ChatRow]) -> Result<(), DbError> {
        let Some(own) = own_id(&self.conn)? else {
            return Ok(());
        };
        let mut count = self.conn.prepare_cached(
            "SELECT (SELECT count(*) FROM entries
                     WHERE chat_no = (SELECT no FROM chats WHERE id = ?1)
                       AND actor = ?2 AND seq > ?3 AND kind = 1)
                  + (SELECT count(*) FROM outbox
                     WHERE chat = ?1 AND state = 2 AND seq > ?3 AND seq <= ?4)",
        )?;
        for chat in chats.iter_mut().filter(|chat| chat.unread > 0) {
            let mine: u64 = count.query_row(
                params![chat.id.as_bytes(), own.as_bytes(), chat.read, chat.head],
                |row| row.get(0),
            )?;
            chat.unread = chat.unread.saturating_sub(mine);
        }
        Ok(())
    }

    /// The private chat with somebody (oneself: notes), if there is one.
    pub(crate) fn private_chat(&mut self, user: UserId) -> Result<Option<ChatId>, DbError> {
        let own = own_id(&self.conn)? == Some(user);
        let sql = if own {
            "SELECT id FROM chats WHERE kind = 0 AND peer IS NULL AND info_rev >= 0 AND left = 0
             AND ?1 = ?1"
        } else {
            "SELECT id FROM chats WHERE kind = 0 AND peer = ?1 AND left = 0"
        };
        Ok(self
            .conn
            .prepare_cached(sql)?
            .query_row([user.as_bytes()], |row| {
                id16(row.get_ref(0)?.as_blob()?).map(ChatId::from_bytes)
            })
            .optional()?)
    }

    /// Where each chat stands, for the session core.
    pub(crate) fn chat_states(&self) -> Result<Vec<ChatState>, DbError> {
        let mut query = self.conn.prepare_cached(
            "SELECT id, lo, hi, floor, head, info_rev, cursor_rev, delivered,
             CASE WHEN read_dirty THEN read ELSE 0 END, joined FROM chats WHERE left = 0",
        )?;
        let rows = query.query_map([], |row| {
            let lo: Option<Seq> = row.get(1)?;
            let hi: Option<Seq> = row.get(2)?;
            Ok(ChatState {
                chat: ChatId::from_bytes(id16(row.get_ref(0)?.as_blob()?)?),
                range: lo.zip(hi),
                floor: row.get(3)?,
                head: row.get(4)?,
                info_rev: row.get(5)?,
                cursor_rev: row.get(6)?,
                delivered: row.get(7)?,
                unmarked_read: row.get(8)?,
                joined: row.get(9)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The cached range of a chat.
    pub(crate) fn range(&self, chat: ChatId) -> Result<Option<(Seq, Seq)>, DbError> {
        let range: Option<(Option<Seq>, Option<Seq>)> = self
            .conn
            .prepare_cached("SELECT lo, hi FROM chats WHERE id = ?1")?
            .query_row([chat.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        Ok(range.and_then(|(lo, hi)| lo.zip(hi)))
    }

    /// Moves the own read cursor; true where it moved.
    pub(crate) fn mark_read(&mut self, chat: ChatId, upto: Seq) -> Result<bool, DbError> {
        let tx = self.begin()?;
        let Some(no) = chat_no(&tx, chat)? else {
            return Ok(false);
        };
        let moved = move_read(&tx, no, upto, true)?;
        tx.commit()?;
        Ok(moved)
    }
}

/// Moves a chat's read cursor forward, cut to the head.
pub(super) fn move_read(
    conn: &Connection,
    no: i64,
    upto: Seq,
    dirty: bool,
) -> Result<bool, DbError> {
    let (head, head_no, read): (Seq, u64, Seq) = conn
        .prepare_cached("SELECT head, head_no, read FROM chats WHERE no = ?1")?
        .query_row([no], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let upto = upto.min(head);
    if upto <= read {
        return Ok(false);
    }
    let read_no = if upto == head {
        head_no
    } else {
        conn.prepare_cached(
            "SELECT msg_no FROM entries WHERE chat_no = ?1 AND seq <= ?2 ORDER BY seq DESC LIMIT 1",
        )?
        .query_row(params![no, upto], |row| row.get(0))
        .optional()?
        .unwrap_or(0)
    };
    conn.prepare_cached(
        "UPDATE chats SET read = ?2, read_no = max(read_no, ?3), read_dirty = read_dirty OR ?4
         WHERE no = ?1",
    )?
    .execute(params![no, upto, read_no, dirty])?;
    Ok(true)
}

/// Takes over the complete list of heads: chats that are missing were left.
pub(super) fn put_heads(conn: &Connection, heads: &[Head]) -> Result<(), DbError> {
    conn.execute("UPDATE chats SET left = 2 WHERE left = 0", [])?;
    for head in heads {
        let no = put_head(conn, head)?;
        conn.prepare_cached("UPDATE chats SET joined = 1 WHERE no = ?1 AND joined = 0")?
            .execute([no])?;
    }
    conn.execute("UPDATE chats SET left = 1 WHERE left = 2", [])?;
    Ok(())
}

fn put_head(conn: &Connection, head: &Head) -> Result<i64, DbError> {
    let no = ensure_chat(conn, head.chat)?;
    conn.prepare_cached(
        "UPDATE chats SET left = 0, head = max(head, ?2), head_no = max(head_no, ?3),
           acl_rev = max(acl_rev, ?4), delivered = max(delivered, ?5),
           read_no = CASE WHEN ?6 >= read THEN max(read_no, ?7) ELSE read_no END,
           read_dirty = CASE WHEN ?6 >= read THEN 0 ELSE read_dirty END,
           read = max(read, ?6)
         WHERE no = ?1",
    )?
    .execute(params![
        no,
        head.seq,
        head.msg_no,
        head.acl_rev,
        head.delivered,
        head.read,
        head.read_no
    ])?;
    raise_floor(conn, no, head.floor)?;
    Ok(no)
}

/// Entries up to the floor are gone on the server and go here too.
/// True where it was raised.
pub(super) fn raise_floor(conn: &Connection, no: i64, floor: Seq) -> Result<bool, DbError> {
    let raised = conn
        .prepare_cached("UPDATE chats SET floor = ?2 WHERE no = ?1 AND floor < ?2")?
        .execute(params![no, floor])?;
    if raised > 0 {
        unindex_upto(conn, no, floor)?;
        forget(conn, no, floor)?;
        conn.execute(
            "DELETE FROM entries WHERE chat_no = ?1 AND seq <= ?2",
            params![no, floor],
        )?;
        conn.execute(
            "UPDATE chats SET lo = max(lo, ?2 + 1), hi = max(hi, ?2),
             last_message = CASE WHEN last_message <= ?2 THEN 0 ELSE last_message END
             WHERE no = ?1",
            params![no, floor],
        )?;
    }
    Ok(raised > 0)
}

/// Takes over what the server says of a chat.
pub(super) fn put_info(conn: &Connection, info: &ChatInfo) -> Result<(), DbError> {
    let no = put_head(conn, &info.head)?;
    let known: i64 = conn
        .prepare_cached("SELECT info_rev FROM chats WHERE no = ?1")?
        .query_row([no], |row| row.get(0))?;
    if known > info.acl_rev as i64 {
        return Ok(());
    }
    let own = own_id(conn)?;
    let peer = match info.kind {
        ChatKind::Private => info
            .members
            .iter()
            .find(|member| Some(member.user.id) != own),
        _ => None,
    };
    let title = match (info.kind, peer) {
        (ChatKind::Private, Some(peer)) => Some(peer.user.username.clone()),
        (ChatKind::Private, None) => info.members.first().map(|me| me.user.username.clone()),
        _ => info.name.clone(),
    };
    let me = info
        .members
        .iter()
        .find(|member| Some(member.user.id) == own);
    let settings =
        codec::to_bytes(&info.settings).map_err(|error| DbError::Damaged(error.to_string()))?;
    conn.prepare_cached(
        "UPDATE chats SET kind = ?2, name = ?3, title = ?4, peer = ?5, created_at = ?6,
         members = CASE WHEN ?19 THEN max(members, ?7) ELSE ?7 END, info_rev = ?8, description = ?9, avatar = ?10, created_by = ?11,
         settings = ?12, joined = ?13, role = ?14, silenced_until = ?15, notify = ?16,
         muted_until = ?17, hidden_upto = ?18 WHERE no = ?1",
    )?
    .execute(params![
        no,
        match info.kind {
            ChatKind::Private => 0,
            ChatKind::Group => 1,
            ChatKind::Unknown => 2,
            ChatKind::Public => 3,
        },
        info.name,
        title.unwrap_or_else(|| short(info.id.as_bytes())),
        peer.map(|peer| *peer.user.id.as_bytes()),
        info.created_at,
        info.members.len() as i64,
        info.acl_rev as i64,
        info.description,
        info.avatar.map(|hash| hash.0),
        info.created_by.as_ref().map(UserId::as_bytes),
        &settings[..],
        info.joined,
        me.map_or(0, |me| role_number(me.role)),
        me.and_then(|me| me.muted_until).unwrap_or(0),
        match info.prefs.notify {
            NotifyLevel::All | NotifyLevel::Unknown => 0,
            NotifyLevel::Mentions => 1,
            NotifyLevel::None => 2,
        },
        info.prefs.muted_until,
        info.prefs.hidden_upto,
        info.members_more,
    ])?;
    for member in &info.members {
        put_user(conn, &member.user)?;
    }
    super::members::put_members(conn, no, &info.members, !info.members_more)
}
