//! Chats and where they stand.

use deadpool_postgres::ClientWrapper;
use proto::Seq;
use proto::entry::{self, Body, account_kind};
use proto::event::Head;
use proto::id::{ChatId, UserId};
use proto::request::{ChatKind, Role};
use proto::text::search_fold;
use tokio_postgres::Row;
use uuid::Uuid;

use super::account::{self, About, Note};
use super::entry_row::EntryRow;
use super::error::Fault;
use super::members::{self, member_columns};
use super::pool::Done;
use super::statements::{self, commit};
use super::timestamp::At;
use super::{contacts, groups};
use crate::store::{Actor, ChatNo, ChatRecord, NewChat, StoreError, UserNo};

pub(super) fn kind_number(kind: ChatKind) -> i16 {
    match kind {
        ChatKind::Private => 1,
        ChatKind::Group => 2,
        ChatKind::Public => 3,
        // Refused in `create`, so that no row has it.
        ChatKind::Unknown => 0,
    }
}

pub(super) fn kind_of(number: i16) -> Result<ChatKind, Fault> {
    match number {
        1 => Ok(ChatKind::Private),
        2 => Ok(ChatKind::Group),
        3 => Ok(ChatKind::Public),
        other => Err(Fault::internal(format!("unknown kind of chat {other}"))),
    }
}

type Pair = Option<(i64, i64)>;

fn pair_of(chat: &NewChat) -> Result<Pair, Fault> {
    match chat.kind {
        ChatKind::Unknown => Err(Fault::internal("unknown kind of chat")),
        ChatKind::Group | ChatKind::Public => Ok(None),
        ChatKind::Private if chat.others.len() > 1 => {
            Err(Fault::internal("a private chat has two members"))
        }
        ChatKind::Private => {
            let own = chat.creator.no.0;
            let other = chat.others.first().map_or(own, |other| other.no.0);
            Ok(Some((own.min(other), own.max(other))))
        }
    }
}

/// See [`Store::create_chat`](crate::store::Store::create_chat). Where another
/// node is making the same chat, the insert waits for it and then the first
/// one is found.
pub(super) async fn create(
    conn: &ClientWrapper,
    chat: &NewChat,
) -> Result<Done<ChatRecord>, Fault> {
    let pair = pair_of(chat)?;
    loop {
        if let Some(id) = first(conn, chat, pair).await? {
            return Ok(Done::quiet(existing(conn, id).await?));
        }
        if let Some(events) = Box::pin(insert(conn, chat, pair)).await? {
            let value = existing(conn, chat.id).await?;
            return Ok(Done { value, events });
        }
    }
}

/// The chat that is there already, by its id or as the pair's.
async fn first(conn: &ClientWrapper, chat: &NewChat, pair: Pair) -> Result<Option<ChatId>, Fault> {
    let (low, high) = pair.unzip();
    let row = statements::row(
        conn,
        "SELECT id, created_by FROM chats WHERE id = $1
         UNION ALL
         SELECT id, NULL FROM chats WHERE pair_low = $2 AND pair_high = $3 AND id <> $1
         ORDER BY created_by NULLS LAST LIMIT 1",
        &[&chat.id.0, &low, &high],
    )
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let id: Uuid = row.try_get(0)?;
    let creator: Option<i64> = row.try_get(1)?;
    if creator.is_some_and(|creator| creator != chat.creator.no.0) {
        return Err(StoreError::Conflict.into());
    }
    Ok(Some(ChatId(id)))
}

/// See [`Store::private_chat`](crate::store::Store::private_chat).
pub(super) async fn private(
    conn: &ClientWrapper,
    one: UserNo,
    other: UserNo,
) -> Result<Option<ChatId>, Fault> {
    let sql = "SELECT id FROM chats WHERE pair_low = $1 AND pair_high = $2";
    let pair: statements::Params<'_> = &[&one.min(other).0, &one.max(other).0];
    let row = statements::row(conn, sql, pair).await?;
    let id = row.map(|row| row.try_get::<_, Uuid>(0)).transpose()?;
    Ok(id.map(ChatId))
}

const INSERT: &str = "INSERT INTO chats
      (id, kind, name, created_by, created_at, members, pair_low, pair_high, description, search_key,
       updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $5) ON CONFLICT DO NOTHING RETURNING chat_no";
const INSERT_HEAD: &str = "INSERT INTO chat_heads (chat_no, head, msg_no, floor, acl_rev)
    VALUES ($1, 1, 0, 0, 1)";
const INSERT_CURSORS: &str = "INSERT INTO chat_cursors (chat_no, cursor_rev) VALUES ($1, 0)";

/// Name and description of a chat as they are searched.
pub(super) fn search_key(name: Option<&str>, description: &str) -> String {
    search_fold(&format!("{} {description}", name.unwrap_or_default()))
}

/// Makes the chat in a transaction of its own; `None` where somebody else did.
async fn insert(
    conn: &ClientWrapper,
    chat: &NewChat,
    pair: Pair,
) -> Result<Option<Vec<crate::store::Committed>>, Fault> {
    let people: Vec<Actor> = std::iter::once(chat.creator)
        .chain(chat.others.iter().copied())
        .collect();
    let name = chat.name.as_ref().map(AsRef::<str>::as_ref);
    let description = chat.description.as_ref().map_or("", AsRef::<str>::as_ref);
    let (low, high) = pair.unzip();
    let (kind, at) = (kind_number(chat.kind), At(chat.at));
    let size = people.len() as i64;
    let answers = statements::start(
        conn,
        &[
            // Against a block of one by the other, see `contacts`.
            (contacts::LOCK_PAIR, &[&contacts::pair_lock(low, high)]),
            (
                INSERT,
                &[
                    &chat.id.0,
                    &kind,
                    &name,
                    &chat.creator.no.0,
                    &at,
                    &size,
                    &low,
                    &high,
                    &description,
                    &search_key(name, description),
                ],
            ),
        ],
    )
    .await?;
    let Some(row) = answers.last().and_then(|rows| rows.first()) else {
        commit(conn).await?;
        return Ok(None);
    };
    let no = ChatNo(row.try_get(0)?);

    let created = Body::Created(entry::Created {
        kind: chat.kind,
        name: name.map(str::to_owned),
        members: people.iter().map(|person| person.id).collect(),
    });
    let created = EntryRow::new(no, 1, 0, chat.creator, chat.entry, chat.at, &created)?;
    let roles = people.iter().map(|person| match chat.kind {
        ChatKind::Group | ChatKind::Public if person.no == chat.creator.no => Role::Admin,
        _ => Role::Member,
    });
    let rows = members::Rows::founders(no, &people, roles, chat.at);
    let about = About::Chat(chat.id);
    let note = Note::new(&people, account_kind::CHAT_JOINED, chat.at, about);
    let answers = statements::finish(
        conn,
        &[
            (INSERT_HEAD, &[&no.0]),
            (INSERT_CURSORS, &[&no.0]),
            (members::INSERT, &rows.params()),
            (EntryRow::INSERT, &created.params()),
            (account::APPEND, &note.params()),
        ],
    )
    .await?;
    let mut events = vec![created.event(chat.id, 1)];
    events.extend(note.events(answers.last().map_or(&[], Vec::as_slice))?);
    Ok(Some(events))
}

/// The chat made by an earlier request; its id cannot be used again where it
/// was deleted since.
async fn existing(conn: &ClientWrapper, id: ChatId) -> Result<ChatRecord, Fault> {
    let found = get(conn, id).await?;
    Ok(found.ok_or(StoreError::Conflict)?)
}

/// A chat with its present members, all of one moment.
pub(super) async fn get(conn: &ClientWrapper, id: ChatId) -> Result<Option<ChatRecord>, Fault> {
    let sql = concat!(
        "WITH c AS MATERIALIZED (
           SELECT c.chat_no, c.kind, c.name, c.created_at, h.acl_rev, o.id AS creator,
                  c.description, c.avatar, c.allowed, c.retention_days, c.since_join,
                  ARRAY(SELECT u.id FROM members b JOIN users u ON u.user_no = b.user_no
                        WHERE b.chat_no = c.chat_no AND b.banned ORDER BY b.join_no) AS banned,
                  ARRAY(SELECT u.id FROM contacts k JOIN users u ON u.user_no = k.owner
                        WHERE c.kind = 1 AND k.blocked
                          AND ((k.owner = c.pair_low AND k.other = c.pair_high)
                            OR (k.owner = c.pair_high AND k.other = c.pair_low))
                        ORDER BY k.owner) AS blockers,
                  c.updated_at, c.avatar_url
           FROM chats c JOIN chat_heads h ON h.chat_no = c.chat_no
           JOIN users o ON o.user_no = c.created_by
           WHERE c.id = $1 AND c.deleted_at IS NULL)
         SELECT c.*, ",
        member_columns!(),
        " FROM c LEFT JOIN (members m JOIN users u ON u.user_no = m.user_no)
            ON m.chat_no = c.chat_no AND m.left_at IS NULL
          ORDER BY m.join_no"
    );
    let rows = statements::rows(conn, sql, &[&id.0]).await?;
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let people = |at| {
        let ids: Vec<Uuid> = first.try_get(at)?;
        Ok::<_, Fault>(ids.into_iter().map(UserId).collect())
    };
    let mut chat = ChatRecord {
        no: ChatNo(first.try_get(0)?),
        id,
        kind: kind_of(first.try_get(1)?)?,
        name: first.try_get(2)?,
        created_at: first.try_get::<_, At>(3)?.0,
        acl_rev: first.try_get::<_, i64>(4)? as u64,
        members: Vec::with_capacity(rows.len()),
        created_by: UserId(first.try_get(5)?),
        description: first.try_get(6)?,
        avatar: super::avatars::hash(first, 7)?,
        settings: groups::settings(first, 8)?,
        banned: people(11)?,
        blockers: people(12)?,
        updated_at: first.try_get::<_, At>(13)?.0,
        avatar_url: first.try_get(14)?,
    };
    for row in &rows {
        chat.members.extend(members::record(row, 15)?);
    }
    Ok(Some(chat))
}

// The revision of a private chat grows with blocks alone, of which nobody learns.
macro_rules! head_columns {
    () => {
        "c.id, h.head, h.msg_no, greatest(h.floor, m.from_seq),
         CASE WHEN c.kind = 1 THEN 1 ELSE h.acl_rev END, r.cursor_rev,
         m.read_seq, greatest(m.read_no, h.floor_no), m.delivered_seq"
    };
}
pub(super) use head_columns;

macro_rules! head_tables {
    () => {
        "members m
         JOIN chat_heads h ON h.chat_no = m.chat_no
         JOIN chat_cursors r ON r.chat_no = m.chat_no
         JOIN chats c ON c.chat_no = m.chat_no"
    };
}

/// Reads a [`Head`] whose first column is `at`; none where that is null.
pub(super) fn head_record(row: &Row, at: usize) -> Result<Option<Head>, Fault> {
    let Some(id) = row.try_get::<_, Option<Uuid>>(at)? else {
        return Ok(None);
    };
    let number = |column| {
        row.try_get::<_, i64>(at + column)
            .map(|number| number as u64)
    };
    Ok(Some(Head {
        chat: ChatId(id),
        seq: number(1)?,
        msg_no: number(2)?,
        floor: number(3)?,
        acl_rev: number(4)?,
        cursor_rev: number(5)?,
        read: number(6)?,
        read_no: number(7)?,
        delivered: number(8)?,
    }))
}

/// See [`Store::heads`](crate::store::Store::heads).
pub(super) async fn heads(conn: &ClientWrapper, user: UserNo) -> Result<(Seq, Vec<Head>), Fault> {
    let sql = concat!(
        "SELECT u.account_seq, ",
        head_columns!(),
        " FROM users u LEFT JOIN (",
        head_tables!(),
        ") ON m.user_no = u.user_no AND m.left_at IS NULL
          WHERE u.user_no = $1 ORDER BY c.id"
    );
    let mut latest = 0;
    let mut heads = Vec::new();
    for row in statements::rows(conn, sql, &[&user.0]).await? {
        latest = row.try_get::<_, i64>(0)? as u64;
        heads.extend(head_record(&row, 1)?);
    }
    Ok((latest, heads))
}

/// See [`Store::head`](crate::store::Store::head).
pub(super) async fn head(
    conn: &ClientWrapper,
    chat: ChatNo,
    user: UserNo,
) -> Result<Option<Head>, Fault> {
    let sql = concat!(
        "SELECT ",
        head_columns!(),
        " FROM ",
        head_tables!(),
        " WHERE m.chat_no = $1 AND m.user_no = $2 AND m.left_at IS NULL"
    );
    match statements::row(conn, sql, &[&chat.0, &user.0]).await? {
        Some(row) => head_record(&row, 0),
        None => Ok(None),
    }
}
