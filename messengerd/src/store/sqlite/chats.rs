//! Chats and where they stand.

use proto::Seq;
use proto::digest::Digest;
use proto::entry::{self, Body, account_kind};
use proto::event::Head;
use proto::id::{ChatId, UserId};
use proto::request::{ChatKind, Role};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::account::{self, About};
use super::acts::{self, Place};
use super::contacts;
use super::members::{self, Since};
use super::properties::{self, settings_columns};
use super::readers::Reader;
use super::writer::Tx;
use crate::store::{Actor, ChatNo, ChatRecord, NewChat, StoreError, UserNo};

fn kind_number(kind: ChatKind) -> i64 {
    match kind {
        ChatKind::Private => 1,
        ChatKind::Group => 2,
        ChatKind::Public => 3,
        // Refused in `create`, so that no row has it.
        ChatKind::Unknown => 0,
    }
}

pub(super) fn kind_of(number: i64) -> Result<ChatKind, StoreError> {
    match number {
        1 => Ok(ChatKind::Private),
        2 => Ok(ChatKind::Group),
        3 => Ok(ChatKind::Public),
        other => Err(StoreError::Internal(format!(
            "unknown kind of chat {other}"
        ))),
    }
}

/// See [`Store::create_chat`](crate::store::Store::create_chat).
pub(super) fn create(tx: &mut Tx<'_>, chat: NewChat) -> Result<ChatRecord, StoreError> {
    let first: Option<i64> = tx
        .conn
        .prepare_cached("SELECT created_by FROM chats WHERE id = ?1")?
        .query_row([chat.id.as_bytes()], |row| row.get(0))
        .optional()?;
    if let Some(creator) = first {
        if creator != chat.creator.no.0 {
            return Err(StoreError::Conflict);
        }
        return existing(tx.conn, chat.id);
    }
    let pair = match chat.kind {
        ChatKind::Unknown => {
            return Err(StoreError::Internal("unknown kind of chat".to_owned()));
        }
        ChatKind::Group | ChatKind::Public => None,
        ChatKind::Private => {
            let own = chat.creator.no.0;
            let other = chat.others.first().map_or(own, |other| other.no.0);
            if chat.others.len() > 1 {
                return Err(StoreError::Internal(
                    "a private chat has two members".to_owned(),
                ));
            }
            Some((own.min(other), own.max(other)))
        }
    };
    if let Some((low, high)) = pair
        && let Some(id) = private(tx.conn, UserNo(low), UserNo(high))?
    {
        return existing(tx.conn, id);
    }
    insert(tx, &chat, pair)?;
    existing(tx.conn, chat.id)
}

/// See [`Store::private_chat`](crate::store::Store::private_chat).
pub(super) fn private(
    conn: &Connection,
    one: UserNo,
    other: UserNo,
) -> Result<Option<ChatId>, StoreError> {
    let id: Option<[u8; 16]> = conn
        .prepare_cached("SELECT id FROM chats WHERE pair_low = ?1 AND pair_high = ?2")?
        .query_row([one.min(other).0, one.max(other).0], |row| row.get(0))
        .optional()?;
    Ok(id.map(ChatId::from_bytes))
}

fn insert(tx: &mut Tx<'_>, chat: &NewChat, pair: Option<(i64, i64)>) -> Result<(), StoreError> {
    let people: Vec<Actor> = std::iter::once(chat.creator)
        .chain(chat.others.iter().copied())
        .collect();
    let name = chat.name.as_ref().map(AsRef::<str>::as_ref);
    let description = chat.description.as_ref().map_or("", |it| it.as_str());
    tx.conn
        .prepare_cached(
            "INSERT INTO chats
               (id, kind, name, created_by, created_at, members, pair_low, pair_high,
                description, search_key, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?5)",
        )?
        .execute(params![
            chat.id.as_bytes(),
            kind_number(chat.kind),
            name,
            chat.creator.no.0,
            chat.at,
            people.len() as i64,
            pair.map(|pair| pair.0),
            pair.map(|pair| pair.1),
            description,
            properties::search_key(name.unwrap_or_default(), description),
        ])?;
    let no = ChatNo(tx.conn.last_insert_rowid());
    tx.conn
        .prepare_cached(
            "INSERT INTO chat_heads (chat_no, head, msg_no, floor, acl_rev, cursor_rev)
             VALUES (?1, 0, 0, 0, 1, 0)",
        )?
        .execute([no.0])?;
    for person in &people {
        let role = match chat.kind {
            ChatKind::Group | ChatKind::Public if person.no == chat.creator.no => Role::Admin,
            _ => Role::Member,
        };
        members::insert(tx.conn, no, person.no, role, chat.at, Since::default())?;
    }
    let body = Body::Created(entry::Created {
        kind: chat.kind,
        name: name.map(str::to_owned),
        members: people.iter().map(|person| person.id).collect(),
    });
    let place = Place {
        chat: no,
        chat_id: chat.id,
        acl_rev: 1,
    };
    acts::append(tx, place, chat.creator, chat.entry, chat.at, &body)?;
    for person in people {
        let about = About::Chat(chat.id);
        account::append(tx, person, account_kind::CHAT_JOINED, chat.at, about)?;
    }
    Ok(())
}

fn existing(conn: &Connection, id: ChatId) -> Result<ChatRecord, StoreError> {
    // Made and deleted since: its id is spent.
    get(conn, id)?.ok_or(StoreError::Conflict)
}

/// A chat with its present members; `None` where it was deleted.
pub(super) fn get(conn: &Connection, id: ChatId) -> Result<Option<ChatRecord>, StoreError> {
    let found = conn
        .prepare_cached(concat!(
            "SELECT c.chat_no, c.kind, c.name, c.created_at, h.acl_rev, u.id, c.description,
                    c.avatar, c.updated_at, c.avatar_url, ",
            settings_columns!(),
            " FROM chats c JOIN chat_heads h ON h.chat_no = c.chat_no
             JOIN users u ON u.user_no = c.created_by WHERE c.id = ?1 AND c.deleted_at IS NULL"
        ))?
        .query_row([id.as_bytes()], |row| {
            let chat = ChatRecord {
                no: ChatNo(row.get(0)?),
                id,
                kind: ChatKind::Unknown,
                name: row.get(2)?,
                created_at: row.get(3)?,
                acl_rev: row.get::<_, i64>(4)? as u64,
                members: Vec::new(),
                description: row.get(6)?,
                avatar: row.get::<_, Option<[u8; 32]>>(7)?.map(Digest),
                created_by: UserId::from_bytes(row.get(5)?),
                settings: properties::settings(row, 10)?,
                banned: Vec::new(),
                blockers: Vec::new(),
                updated_at: row.get(8)?,
                avatar_url: row.get(9)?,
            };
            Ok((chat, row.get::<_, i64>(1)?))
        })
        .optional()?;
    let Some((mut chat, kind)) = found else {
        return Ok(None);
    };
    chat.kind = kind_of(kind)?;
    chat.members = members::present(conn, chat.no)?;
    if chat.kind == ChatKind::Private {
        chat.blockers = contacts::blockers(conn, chat.no)?;
    } else {
        chat.banned = members::banned(conn, chat.no)?;
    }
    Ok(Some(chat))
}

/// What a chat is for who enters it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    pub(super) kind: ChatKind,
    /// Present members.
    pub(super) members: usize,
    /// New members see nothing of what was before them.
    pub(super) since_join: bool,
}

/// `None` where the chat was deleted.
pub(super) fn room(conn: &Connection, chat: ChatNo) -> Result<Option<Room>, StoreError> {
    let found: Option<(i64, i64, bool)> = conn
        .prepare_cached(
            "SELECT kind, members, since_join FROM chats
             WHERE chat_no = ?1 AND deleted_at IS NULL",
        )?
        .query_row([chat.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((kind, members, since_join)) = found else {
        return Ok(None);
    };
    Ok(Some(Room {
        kind: kind_of(kind)?,
        members: members as usize,
        since_join,
    }))
}

/// The outside's name of a chat.
pub(super) fn id_of(conn: &Connection, chat: ChatNo) -> Result<Option<ChatId>, StoreError> {
    Ok(conn
        .prepare_cached("SELECT id FROM chats WHERE chat_no = ?1")?
        .query_row([chat.0], |row| Ok(ChatId::from_bytes(row.get(0)?)))
        .optional()?)
}

// The revision of a private chat grows with blocks alone, of which nobody learns.
macro_rules! head_columns {
    () => {
        "c.id, h.head, h.msg_no, max(h.floor, m.from_seq), iif(c.kind = 1, 1, h.acl_rev),
         h.cursor_rev,
         max(m.read_seq, h.floor), max(m.read_no, h.floor_no), max(m.delivered_seq, h.floor)"
    };
}
pub(super) use head_columns;

/// Reads a [`Head`] from the first columns of a row.
pub(super) fn head_record(row: &Row<'_>) -> Result<Head, rusqlite::Error> {
    let number = |at| row.get::<_, i64>(at).map(|number| number as u64);
    Ok(Head {
        chat: ChatId::from_bytes(row.get(0)?),
        seq: number(1)?,
        msg_no: number(2)?,
        floor: number(3)?,
        acl_rev: number(4)?,
        cursor_rev: number(5)?,
        read: number(6)?,
        read_no: number(7)?,
        delivered: number(8)?,
    })
}

/// See [`Store::heads`](crate::store::Store::heads).
pub(super) fn heads(reader: &mut Reader, user: UserNo) -> Result<(Seq, Vec<Head>), StoreError> {
    reader.snapshot(|reader| {
        let latest = account::latest(&reader.conn, user)?;
        let heads = reader
            .conn
            .prepare_cached(concat!(
                "SELECT ",
                head_columns!(),
                " FROM members m
                  JOIN chat_heads h ON h.chat_no = m.chat_no
                  JOIN chats c ON c.chat_no = m.chat_no
                  WHERE m.user_no = ?1 AND m.left_at IS NULL ORDER BY c.id"
            ))?
            .query_map([user.0], head_record)?
            .collect::<Result<Vec<_>, _>>()?;
        Ok((latest, heads))
    })
}

/// See [`Store::head`](crate::store::Store::head).
pub(super) fn head(
    conn: &Connection,
    chat: ChatNo,
    user: UserNo,
) -> Result<Option<Head>, StoreError> {
    Ok(conn
        .prepare_cached(concat!(
            "SELECT ",
            head_columns!(),
            " FROM members m
              JOIN chat_heads h ON h.chat_no = m.chat_no
              JOIN chats c ON c.chat_no = m.chat_no
              WHERE m.chat_no = ?1 AND m.user_no = ?2 AND m.left_at IS NULL"
        ))?
        .query_row([chat.0, user.0], head_record)
        .optional()?)
}
