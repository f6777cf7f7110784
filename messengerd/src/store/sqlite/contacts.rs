//! How people stand to each other.

use proto::UnixMillis;
use proto::entry::account_kind;
use proto::id::UserId;
use proto::limits::CONTACTS;
use proto::request::ContactState;
use rusqlite::{Connection, OptionalExtension, params};

use super::account::{self, About};
use super::writer::Tx;
use super::{acts, users};
use crate::store::people::{ContactChange, ContactRecord};
use crate::store::{Actor, ChatNo, StoreError, UserNo, UserRecord};

/// One direction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Row {
    added: bool,
    declined: bool,
    blocked: bool,
    nickname: Option<String>,
    created_at: UnixMillis,
}

impl Row {
    fn is_empty(&self) -> bool {
        !self.added && !self.declined && !self.blocked && self.nickname.is_none()
    }
}

/// What the owner of a direction sees.
fn state(mine: &Row, theirs: &Row) -> ContactState {
    match (mine.added, theirs.added) {
        (true, true) => ContactState::Mutual,
        (true, false) => ContactState::Outgoing,
        (false, true) if !mine.declined && !mine.blocked => ContactState::Incoming,
        (false, _) => ContactState::None,
    }
}

/// All that the owner of a direction sees of it.
fn seen<'a>(mine: &'a Row, theirs: &Row) -> (ContactState, bool, Option<&'a str>) {
    (state(mine, theirs), mine.blocked, mine.nickname.as_deref())
}

fn direction(conn: &Connection, owner: UserNo, other: UserNo) -> Result<Row, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT added, declined, blocked, nickname, created_at FROM contacts
             WHERE owner = ?1 AND other = ?2",
        )?
        .query_row([owner.0, other.0], |row| {
            Ok(Row {
                added: row.get(0)?,
                declined: row.get(1)?,
                blocked: row.get(2)?,
                nickname: row.get(3)?,
                created_at: row.get(4)?,
            })
        })
        .optional()?
        .unwrap_or_default())
}

fn keep(conn: &Connection, owner: UserNo, other: UserNo, row: &Row) -> Result<(), StoreError> {
    if row.is_empty() {
        conn.prepare_cached("DELETE FROM contacts WHERE owner = ?1 AND other = ?2")?
            .execute([owner.0, other.0])?;
        return Ok(());
    }
    conn.prepare_cached(
        "INSERT INTO contacts (owner, other, added, declined, blocked, nickname, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT DO UPDATE SET added = excluded.added, declined = excluded.declined,
           blocked = excluded.blocked, nickname = excluded.nickname,
           created_at = excluded.created_at",
    )?
    .execute(params![
        owner.0,
        other.0,
        row.added,
        row.declined,
        row.blocked,
        row.nickname,
        row.created_at,
    ])?;
    Ok(())
}

/// See [`Store::change_contact`](crate::store::Store::change_contact).
pub(super) fn change(
    tx: &mut Tx<'_>,
    owner: Actor,
    other: Actor,
    change: ContactChange,
    at: UnixMillis,
) -> Result<ContactRecord, StoreError> {
    if owner.no == other.no {
        return Err(StoreError::NoEntry);
    }
    let before = direction(tx.conn, owner.no, other.no)?;
    let theirs = direction(tx.conn, other.no, owner.no)?;
    let mut mine = before.clone();
    match change {
        ContactChange::Add { nickname } => {
            mine.added = true;
            mine.declined = false;
            if let Some(nickname) = nickname {
                mine.nickname = Some(nickname.into());
            }
        }
        ContactChange::Remove => {
            // What the other asks stays unseen from now on.
            mine.declined = theirs.added;
            mine.added = false;
            mine.nickname = None;
        }
        ContactChange::Nickname(nickname) => {
            if state(&before, &theirs) == ContactState::None && !before.blocked {
                return Err(StoreError::NoEntry);
            }
            mine.nickname = nickname.map(Into::into);
        }
        ContactChange::Block(on) => mine.blocked = on,
    }
    if before.is_empty() && !mine.is_empty() {
        mine.created_at = at;
    }
    if mine != before {
        let listed = |row: &Row| row.added || row.blocked;
        if !listed(&before) && listed(&mine) && count(tx.conn, owner.no)? >= CONTACTS as i64 {
            return Err(StoreError::TooMany("contacts"));
        }
        keep(tx.conn, owner.no, other.no, &mine)?;
        let about = About::User(other.id);
        account::append(tx, owner, account_kind::CONTACT_CHANGED, at, about)?;
        if seen(&theirs, &before) != seen(&theirs, &mine) {
            let about = About::User(owner.id);
            account::append(tx, other, account_kind::CONTACT_CHANGED, at, about)?;
        }
        if mine.blocked != before.blocked {
            revise_private(tx, owner.no, other.no)?;
        }
    }
    let user = users::by_no(tx.conn, other.no)?;
    Ok(record(user, &mine, &theirs))
}

/// Forgets both directions between an account that goes and another one;
/// whether the other one sees that.
pub(super) fn forget(tx: &mut Tx<'_>, gone: UserNo, other: UserNo) -> Result<bool, StoreError> {
    let mine = direction(tx.conn, gone, other)?;
    let theirs = direction(tx.conn, other, gone)?;
    let nothing = Row::default();
    keep(tx.conn, gone, other, &nothing)?;
    keep(tx.conn, other, gone, &nothing)?;
    if mine.blocked || theirs.blocked {
        revise_private(tx, gone, other)?;
    }
    Ok(seen(&theirs, &mine) != seen(&nothing, &nothing))
}

fn record(user: UserRecord, mine: &Row, theirs: &Row) -> ContactRecord {
    ContactRecord {
        user,
        nickname: mine.nickname.clone(),
        state: state(mine, theirs),
        blocked: mine.blocked,
        since: if mine.is_empty() {
            theirs.created_at
        } else {
            mine.created_at
        },
    }
}

/// The entries of a user's list that are their own.
fn count(conn: &Connection, owner: UserNo) -> Result<i64, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT count(*) FROM contacts WHERE owner = ?1 AND (added = 1 OR blocked = 1)",
        )?
        .query_row([owner.0], |row| row.get(0))?)
}

/// A block is a property of the pair's private chat: who was allowed to write
/// there before it is asked again.
fn revise_private(tx: &mut Tx<'_>, one: UserNo, two: UserNo) -> Result<(), StoreError> {
    let chat: Option<i64> = tx
        .conn
        .prepare_cached("SELECT chat_no FROM chats WHERE pair_low = ?1 AND pair_high = ?2")?
        .query_row([one.0.min(two.0), one.0.max(two.0)], |row| row.get(0))
        .optional()?;
    if let Some(chat) = chat {
        acts::revise(tx, ChatNo(chat))?;
    }
    Ok(())
}

/// See [`Store::contacts`](crate::store::Store::contacts).
pub(super) fn of_user(conn: &Connection, user: UserNo) -> Result<Vec<ContactRecord>, StoreError> {
    // Those of the user's own making, and those who ask.
    let sql = concat!(
        "SELECT coalesce(m.added, 0), coalesce(m.declined, 0), coalesce(m.blocked, 0),
                m.nickname, coalesce(m.created_at, 0),
                coalesce(t.added, 0), coalesce(t.created_at, 0), ",
        users::columns!(),
        " FROM (SELECT other FROM contacts WHERE owner = ?1
                UNION SELECT owner FROM contacts WHERE other = ?1 AND added = 1) p
          JOIN users u ON u.user_no = p.other
          LEFT JOIN contacts m ON m.owner = ?1 AND m.other = p.other
          LEFT JOIN contacts t ON t.owner = p.other AND t.other = ?1
          ORDER BY u.username_key"
    );
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query([user.0])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let mine = Row {
            added: row.get(0)?,
            declined: row.get(1)?,
            blocked: row.get(2)?,
            nickname: row.get(3)?,
            created_at: row.get(4)?,
        };
        let theirs = Row {
            added: row.get(5)?,
            created_at: row.get(6)?,
            ..Row::default()
        };
        let contact = record(users::record(row, 7)?, &mine, &theirs);
        if contact.state != ContactState::None || contact.blocked {
            found.push(contact);
        }
    }
    Ok(found)
}

/// See [`Store::blocked_among`](crate::store::Store::blocked_among).
pub(super) fn blocked_among(
    conn: &Connection,
    user: UserNo,
    others: &[UserNo],
) -> Result<Vec<UserNo>, StoreError> {
    let mut blocked = conn.prepare_cached(
        "SELECT 1 FROM contacts
         WHERE blocked = 1 AND ((owner = ?1 AND other = ?2) OR (owner = ?2 AND other = ?1))",
    )?;
    let mut found = Vec::new();
    for other in others {
        if blocked.exists([user.0, other.0])? {
            found.push(*other);
        }
    }
    Ok(found)
}

/// Who of the two in a private chat has blocked the other.
pub(super) fn blockers(conn: &Connection, chat: ChatNo) -> Result<Vec<UserId>, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT u.id FROM chats c JOIN contacts b
               ON (b.owner = c.pair_low AND b.other = c.pair_high)
               OR (b.owner = c.pair_high AND b.other = c.pair_low)
             JOIN users u ON u.user_no = b.owner
             WHERE c.chat_no = ?1 AND b.blocked = 1 ORDER BY b.owner",
        )?
        .query_map([chat.0], |row| Ok(UserId::from_bytes(row.get(0)?)))?
        .collect::<Result<Vec<_>, _>>()?)
}

/// See [`Store::acquaintances`](crate::store::Store::acquaintances).
pub(super) fn acquaintances(
    conn: &Connection,
    user: UserNo,
    max_members: u32,
) -> Result<Vec<UserRecord>, StoreError> {
    let sql = concat!(
        "SELECT ",
        users::columns!(),
        " FROM users u WHERE u.user_no IN (
            SELECT other.user_no FROM members mine
            JOIN chats c ON c.chat_no = mine.chat_no AND c.members <= ?2 AND c.kind <> 3
            JOIN members other ON other.chat_no = mine.chat_no AND other.left_at IS NULL
            WHERE mine.user_no = ?1 AND mine.left_at IS NULL
            UNION
            SELECT mine.other FROM contacts mine
            JOIN contacts theirs ON theirs.owner = mine.other AND theirs.other = ?1
            WHERE mine.owner = ?1 AND mine.added = 1 AND theirs.added = 1)
          AND u.user_no <> ?1
          AND NOT EXISTS (
            SELECT 1 FROM contacts WHERE owner = ?1 AND other = u.user_no AND blocked = 1)
          AND NOT EXISTS (
            SELECT 1 FROM contacts WHERE owner = u.user_no AND other = ?1 AND blocked = 1)
          ORDER BY u.user_no"
    );
    Ok(conn
        .prepare_cached(sql)?
        .query_map(params![user.0, max_members], |row| users::record(row, 0))?
        .collect::<Result<Vec<_>, _>>()?)
}
