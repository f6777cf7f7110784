//! Who is in a chat, and how far they have received and read it.

use proto::event::CursorMoved;
use proto::id::UserId;
use proto::request::{CursorList, Member, MemberCursor};
use rusqlite::{Connection, params};

use super::account::{id16, own_id};
use super::chats::{chat_no, move_read, role, role_number, short};
use super::{Db, DbError};
use crate::client::model::MemberRow;

/// Takes over who is in a chat; cursors of those who stay are kept. Where not
/// all are given, the others stay.
pub(super) fn put_members(
    conn: &Connection,
    chat_no: i64,
    members: &[Member],
    all: bool,
) -> Result<(), DbError> {
    if all {
        conn.execute(
            "UPDATE members SET position = -1 WHERE chat_no = ?1",
            [chat_no],
        )?;
    }
    for (position, member) in members.iter().enumerate() {
        conn.prepare_cached(
            "INSERT INTO members(chat_no, user, role, position, silenced_until)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT(chat_no, user) DO UPDATE SET role = ?3, position = ?4,
               silenced_until = ?5",
        )?
        .execute(params![
            chat_no,
            member.user.id.as_bytes(),
            role_number(member.role),
            position as i64,
            member.muted_until.unwrap_or(0),
        ])?;
    }
    conn.execute(
        "DELETE FROM members WHERE chat_no = ?1 AND position = -1",
        [chat_no],
    )?;
    Ok(())
}

/// Takes over the cursors of all members.
pub(super) fn put_cursors(
    conn: &Connection,
    chat: proto::id::ChatId,
    cursors: &[MemberCursor],
    rev: u64,
) -> Result<(), DbError> {
    let Some(no) = chat_no(conn, chat)? else {
        return Ok(());
    };
    for cursor in cursors {
        put_cursor(conn, no, cursor)?;
    }
    conn.execute(
        "UPDATE chats SET cursor_rev = max(cursor_rev, ?2) WHERE no = ?1",
        params![no, rev],
    )?;
    Ok(())
}

/// Takes over one member's move; true where the chat is known. The revision is
/// taken only where `next` says that none before it was missed.
pub(super) fn move_cursor(
    conn: &Connection,
    moved: &CursorMoved,
    next: bool,
) -> Result<bool, DbError> {
    let Some(no) = chat_no(conn, moved.chat)? else {
        return Ok(false);
    };
    put_cursor(
        conn,
        no,
        &MemberCursor {
            user: moved.user,
            read: moved.read,
            read_no: moved.read_no,
            delivered: moved.delivered,
        },
    )?;
    if next {
        conn.prepare_cached("UPDATE chats SET cursor_rev = max(cursor_rev, ?2) WHERE no = ?1")?
            .execute(params![no, moved.cursor_rev])?;
    }
    Ok(true)
}

fn put_cursor(conn: &Connection, no: i64, cursor: &MemberCursor) -> Result<(), DbError> {
    conn.prepare_cached(
        "UPDATE members SET read = max(read, ?3), delivered = max(delivered, ?4)
         WHERE chat_no = ?1 AND user = ?2",
    )?
    .execute(params![
        no,
        cursor.user.as_bytes(),
        cursor.read,
        cursor.delivered
    ])?;
    if own_id(conn)? == Some(cursor.user) {
        move_read(conn, no, cursor.read, false)?;
        conn.prepare_cached(
            "UPDATE chats SET delivered = max(delivered, ?2),
               read_no = CASE WHEN ?3 >= read THEN max(read_no, ?4) ELSE read_no END,
               read_dirty = CASE WHEN ?3 >= read THEN 0 ELSE read_dirty END
             WHERE no = ?1",
        )?
        .execute(params![no, cursor.delivered, cursor.read, cursor.read_no])?;
    }
    Ok(())
}

/// The present members of a chat, in the order they joined.
pub(super) fn members(conn: &Connection, chat_no: i64) -> Result<Vec<MemberRow>, DbError> {
    let mut query = conn.prepare_cached(
        "SELECT m.user, u.username, m.role, m.read, m.delivered, u.name, m.silenced_until
         FROM members m LEFT JOIN users u ON u.id = m.user WHERE m.chat_no = ?1 ORDER BY m.position",
    )?;
    let rows = query.query_map([chat_no], |row| {
        let user = UserId::from_bytes(id16(row.get_ref(0)?.as_blob()?)?);
        let username: Option<String> = row.get(1)?;
        let name: Option<String> = row.get(5)?;
        Ok(MemberRow {
            user,
            username: username.unwrap_or_else(|| short(user.as_bytes())),
            name: name.unwrap_or_else(|| short(user.as_bytes())),
            role: role(row.get(2)?),
            silenced_until: row.get(6)?,
            read: row.get(3)?,
            delivered: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

impl Db {
    /// The present members of a chat.
    pub(crate) fn members_of(
        &mut self,
        chat: proto::id::ChatId,
    ) -> Result<Vec<MemberRow>, DbError> {
        match chat_no(&self.conn, chat)? {
            Some(no) => members(&self.conn, no),
            None => Ok(Vec::new()),
        }
    }

    /// Takes over the cursors of all members.
    pub(crate) fn put_cursor_list(
        &mut self,
        chat: proto::id::ChatId,
        list: &CursorList,
    ) -> Result<(), DbError> {
        let tx = self.begin()?;
        put_cursors(&tx, chat, &list.cursors, list.cursor_rev)?;
        tx.commit()?;
        Ok(())
    }

    /// The revision that the cached cursors show.
    pub(crate) fn cursor_rev(&mut self, chat: proto::id::ChatId) -> Result<u64, DbError> {
        Ok(self.conn.query_row(
            "SELECT coalesce(max(cursor_rev), 0) FROM chats WHERE id = ?1",
            [chat.as_bytes()],
            |row| row.get(0),
        )?)
    }
}
