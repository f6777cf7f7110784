//! How accounts stand to each other.

use deadpool_postgres::ClientWrapper;
use proto::UnixMillis;
use proto::entry::account_kind;
use proto::limits::CONTACTS;
use proto::request::ContactState;
use tokio_postgres::Row;

use super::account::{self, About, Note};
use super::error::Fault;
use super::pool::Done;
use super::statements::{self, leave};
use super::timestamp::At;
use super::users;
use crate::store::people::{ContactChange, ContactRecord};
use crate::store::{Actor, StoreError, UserNo};

/// Who changes how two people stand to each other takes turns with who makes
/// their private chat: the chat begins with what holds then, and a later change
/// finds it. Before all locks on rows.
pub(super) const LOCK_PAIR: &str = "SELECT pg_advisory_xact_lock($1)";

/// The number of the lock of [`LOCK_PAIR`]. That two pairs share one does no
/// harm, as nobody takes two.
pub(super) fn pair_lock(low: Option<i64>, high: Option<i64>) -> Option<i64> {
    // "pair" in ASCII keeps them apart from the other advisory locks.
    let (low, high) = (low?, high?);
    Some(0x7061_6972 << 32 ^ low.wrapping_mul(0x9e37_79b1) ^ high)
}

/// What one of two has noted about the other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Side {
    added: bool,
    declined: bool,
    blocked: bool,
    nickname: Option<String>,
    created_at: Option<At>,
}

impl Side {
    /// Reads the columns from `at` on; one without an entry where they are null.
    fn read(row: &Row, at: usize) -> Result<Self, Fault> {
        let flag = |at| {
            row.try_get::<_, Option<bool>>(at)
                .map(|flag| flag.unwrap_or(false))
        };
        Ok(Self {
            added: flag(at)?,
            declined: flag(at + 1)?,
            blocked: flag(at + 2)?,
            nickname: row.try_get(at + 3)?,
            created_at: row.try_get(at + 4)?,
        })
    }

    /// The state that its owner sees.
    fn state(&self, other: &Self) -> ContactState {
        match (self.added, other.added) {
            (true, true) => ContactState::Mutual,
            (true, false) => ContactState::Outgoing,
            (false, true) if !self.declined && !self.blocked => ContactState::Incoming,
            (false, _) => ContactState::None,
        }
    }

    /// Whether its owner's list has the other.
    fn is_listed(&self, other: &Self) -> bool {
        self.blocked || self.state(other) != ContactState::None
    }

    fn is_empty(&self) -> bool {
        !self.added && !self.declined && !self.blocked && self.nickname.is_none()
    }

    fn change(&mut self, other: &Self, change: &ContactChange) {
        match change {
            ContactChange::Add { nickname } => {
                self.added = true;
                self.declined = false;
                if let Some(nickname) = nickname {
                    self.nickname = Some(nickname.as_str().to_owned());
                }
            }
            ContactChange::Remove => {
                self.added = false;
                self.declined = other.added;
                self.nickname = None;
            }
            ContactChange::Nickname(nickname) => {
                self.nickname = nickname.as_ref().map(|name| name.as_str().to_owned());
            }
            ContactChange::Block(on) => self.blocked = *on,
        }
    }
}

macro_rules! sides {
    () => {
        "own.added, own.declined, own.blocked, own.nickname, own.created_at,
         rev.added, rev.declined, rev.blocked, rev.nickname, rev.created_at"
    };
}

/// Reads the owner's and the other's side, the first column of which is `at`.
fn read_sides(row: &Row, at: usize) -> Result<(Side, Side), Fault> {
    Ok((Side::read(row, at)?, Side::read(row, at + 5)?))
}

fn record(user: crate::store::UserRecord, own: Side, other: &Side) -> ContactRecord {
    let since = own.created_at.or(other.created_at);
    ContactRecord {
        user,
        state: own.state(other),
        blocked: own.blocked,
        since: since.map_or(0, |since| since.0),
        nickname: own.nickname,
    }
}

/// See [`Store::contacts`](crate::store::Store::contacts).
pub(super) async fn list(conn: &ClientWrapper, user: UserNo) -> Result<Vec<ContactRecord>, Fault> {
    let sql = concat!(
        "SELECT ",
        sides!(),
        ", ",
        users::columns!(),
        " FROM (SELECT other AS no FROM contacts WHERE owner = $1
                UNION SELECT owner FROM contacts WHERE other = $1 AND added) k
          JOIN users u ON u.user_no = k.no
          LEFT JOIN contacts own ON own.owner = $1 AND own.other = k.no
          LEFT JOIN contacts rev ON rev.owner = k.no AND rev.other = $1
          ORDER BY u.username_key"
    );
    let mut contacts = Vec::new();
    for row in statements::rows(conn, sql, &[&user.0]).await? {
        let (own, other) = read_sides(&row, 0)?;
        if own.is_listed(&other) {
            contacts.push(record(users::record(&row, 10)?, own, &other));
        }
    }
    Ok(contacts)
}

const LOCK_CHAT: &str = "SELECT h.chat_no FROM chats c JOIN chat_heads h ON h.chat_no = c.chat_no
    WHERE c.pair_low = $1 AND c.pair_high = $2 AND $3 FOR NO KEY UPDATE OF h";
const LOCK_USERS: &str = "SELECT 1 FROM users WHERE user_no = ANY($1::int8[])
    ORDER BY user_no FOR NO KEY UPDATE";
const READ: &str = concat!(
    "SELECT ",
    sides!(),
    ", ",
    users::columns!(),
    " FROM users u LEFT JOIN contacts own ON own.owner = $1 AND own.other = u.user_no
      LEFT JOIN contacts rev ON rev.owner = u.user_no AND rev.other = $1
      WHERE u.user_no = $2"
);
const COUNT: &str = "SELECT
      (SELECT count(*) FROM contacts WHERE owner = $1 AND (added OR blocked))
    + (SELECT count(*) FROM contacts rev
       LEFT JOIN contacts own ON own.owner = $1 AND own.other = rev.owner
       WHERE rev.other = $1 AND rev.added
         AND NOT coalesce(own.added OR own.declined OR own.blocked, false))";
const WRITE: &str = "INSERT INTO contacts
      (owner, other, added, declined, blocked, nickname, created_at)
    SELECT $1, $2, $3, $4, $5, $6, $7 WHERE $8
    ON CONFLICT (owner, other) DO UPDATE SET added = excluded.added, declined = excluded.declined,
      blocked = excluded.blocked, nickname = excluded.nickname";
const FORGET: &str = "DELETE FROM contacts WHERE owner = $1 AND other = $2
    AND NOT added AND NOT declined AND NOT blocked AND nickname IS NULL";
/// What the two may do in their chat has changed.
const CHANGE_CHAT: &str = "UPDATE chat_heads h SET acl_rev = h.acl_rev + 1
    FROM chats c WHERE c.pair_low = $1 AND c.pair_high = $2 AND h.chat_no = c.chat_no AND $3";

/// See [`Store::change_contact`](crate::store::Store::change_contact). The rows
/// of both accounts are the lock on how they stand to each other.
pub(super) async fn change(
    conn: &ClientWrapper,
    owner: Actor,
    other: Actor,
    change: &ContactChange,
    at: UnixMillis,
) -> Result<Done<ContactRecord>, Fault> {
    if owner.no == other.no {
        return Err(StoreError::NoEntry.into());
    }
    let (low, high) = (owner.no.0.min(other.no.0), owner.no.0.max(other.no.0));
    let blocks = matches!(change, ContactChange::Block(_));
    let both = [low, high];
    let answers = statements::start(
        conn,
        &[
            (LOCK_PAIR, &[&pair_lock(Some(low), Some(high))]),
            (LOCK_CHAT, &[&low, &high, &blocks]),
            (LOCK_USERS, &[&both.as_slice()]),
            (READ, &[&owner.no.0, &other.no.0]),
        ],
    )
    .await?;
    let row = answers.last().and_then(|rows| rows.first());
    let row = row.ok_or(StoreError::NoEntry)?;
    let (before, reverse) = read_sides(row, 0)?;
    let user = users::record(row, 10)?;
    let was_listed = before.is_listed(&reverse);
    if matches!(change, ContactChange::Nickname(_)) && !was_listed {
        return Err(StoreError::NoEntry.into());
    }
    let mut own = before.clone();
    own.change(&reverse, change);
    if own == before {
        leave(conn).await?;
        return Ok(Done::quiet(record(user, own, &reverse)));
    }
    if !was_listed && own.is_listed(&reverse) {
        let count = statements::row(conn, COUNT, &[&owner.no.0]).await?;
        let count: i64 = count.map_or(Ok(0), |row| row.try_get(0))?;
        if count >= CONTACTS as i64 {
            return Err(StoreError::TooMany("contacts").into());
        }
    }
    if own.created_at.is_none() && !own.is_empty() {
        own.created_at = Some(At(at));
    }
    let told = reverse.state(&before) != reverse.state(&own);
    let (owners, others) = ([owner], [other]);
    let kind = account_kind::CONTACT_CHANGED;
    let for_owner = Note::new(&owners, kind, at, About::Person(other.id));
    let for_other = Note::new(
        &others[..usize::from(told)],
        kind,
        at,
        About::Person(owner.id),
    );
    let created_at = own.created_at.unwrap_or(At(at));
    let keep = !own.is_empty() || before.created_at.is_some();
    let answers = statements::finish(
        conn,
        &[
            (
                WRITE,
                &[
                    &owner.no.0,
                    &other.no.0,
                    &own.added,
                    &own.declined,
                    &own.blocked,
                    &own.nickname,
                    &created_at,
                    &keep,
                ],
            ),
            (FORGET, &[&owner.no.0, &other.no.0]),
            (
                CHANGE_CHAT,
                &[&low, &high, &(own.blocked != before.blocked)],
            ),
            (account::APPEND, &for_owner.params()),
            (account::APPEND, &for_other.params()),
        ],
    )
    .await?;
    let [.., of_owner, of_other] = answers.as_slice() else {
        return Err(Fault::internal("answers were lost"));
    };
    let mut events = for_owner.events(of_owner)?;
    events.extend(for_other.events(of_other)?);
    if own.is_empty() {
        own.created_at = None;
    }
    Ok(Done {
        value: record(user, own, &reverse),
        events,
    })
}

const FORGET_BOTH: &str = "DELETE FROM contacts
    WHERE (owner = $1 AND other = $2) OR (owner = $2 AND other = $1)";

/// Forgets how an account that goes and another one stand to each other, and
/// tells the other one where they see that.
pub(super) async fn forget(
    conn: &ClientWrapper,
    gone: Actor,
    other: Actor,
    at: UnixMillis,
) -> Result<Done<()>, Fault> {
    let (low, high) = (gone.no.0.min(other.no.0), gone.no.0.max(other.no.0));
    let both = [low, high];
    let answers = statements::start(
        conn,
        &[
            (LOCK_PAIR, &[&pair_lock(Some(low), Some(high))]),
            (LOCK_CHAT, &[&low, &high, &true]),
            (LOCK_USERS, &[&both.as_slice()]),
            (READ, &[&gone.no.0, &other.no.0]),
        ],
    )
    .await?;
    let row = answers.last().and_then(|rows| rows.first());
    let (own, reverse) = read_sides(row.ok_or(StoreError::NoEntry)?, 0)?;
    let told = reverse.is_listed(&own);
    let blocked = own.blocked || reverse.blocked;
    let others = [other];
    let note = Note::new(
        &others[..usize::from(told)],
        account_kind::CONTACT_CHANGED,
        at,
        About::Person(gone.id),
    );
    let answers = statements::finish(
        conn,
        &[
            (FORGET_BOTH, &[&low, &high]),
            (CHANGE_CHAT, &[&low, &high, &blocked]),
            (account::APPEND, &note.params()),
        ],
    )
    .await?;
    Ok(Done {
        value: (),
        events: note.events(answers.last().map_or(&[], Vec::as_slice))?,
    })
}

/// See [`Store::blocked_among`](crate::store::Store::blocked_among).
pub(super) async fn blocked_among(
    conn: &ClientWrapper,
    user: UserNo,
    others: &[UserNo],
) -> Result<Vec<UserNo>, Fault> {
    let others: Vec<i64> = others.iter().map(|other| other.0).collect();
    let rows = statements::rows(
        conn,
        "SELECT owner FROM contacts WHERE other = $1 AND owner = ANY($2::int8[]) AND blocked
         UNION
         SELECT other FROM contacts WHERE owner = $1 AND other = ANY($2::int8[]) AND blocked
         ORDER BY 1",
        &[&user.0, &others],
    )
    .await?;
    rows.iter().map(|row| Ok(UserNo(row.try_get(0)?))).collect()
}
