//! Logs of accounts.

use std::collections::HashMap;

use deadpool_postgres::ClientWrapper;
use proto::entry::AccountEntry;
use proto::id::{ChatId, SessionId, UserId};
use proto::{Seq, UnixMillis};
use uuid::Uuid;

use super::error::Fault;
use super::statements;
use super::timestamp::At;
use crate::store::{Actor, Committed, StoreError, UserNo};

/// What an entry is about.
#[derive(Debug, Clone, Copy)]
pub(super) enum About {
    Chat(ChatId),
    Session(SessionId),
    Person(UserId),
    /// The account itself.
    Oneself,
}

/// Appends one entry to the log of each of some users (`$1`), whose rows are
/// locked in order.
pub(super) const APPEND: &str = "WITH locked AS (
       SELECT user_no FROM users WHERE user_no = ANY($1::int8[])
       ORDER BY user_no FOR NO KEY UPDATE),
     numbered AS (
       UPDATE users u SET account_seq = u.account_seq + 1 FROM locked l
       WHERE u.user_no = l.user_no RETURNING u.user_no, u.account_seq)
     INSERT INTO account_log (user_no, seq, kind, at, chat, session, about)
     SELECT user_no, account_seq, $2::int4, $3::timestamptz, $4::uuid, $5::uuid, $6::uuid
     FROM numbered
     RETURNING user_no, seq";

/// An entry for the logs of some users, as parameters of [`APPEND`] and as the
/// feed is told of it.
pub(super) struct Note<'a> {
    users: &'a [Actor],
    numbers: Vec<i64>,
    kind: u16,
    kind_number: i32,
    at: At,
    chat: Option<Uuid>,
    session: Option<Uuid>,
    person: Option<Uuid>,
}

impl<'a> Note<'a> {
    pub(super) fn new(users: &'a [Actor], kind: u16, at: UnixMillis, about: About) -> Self {
        let (chat, session, person) = match about {
            About::Chat(chat) => (Some(chat.0), None, None),
            About::Session(session) => (None, Some(session.0), None),
            About::Person(person) => (None, None, Some(person.0)),
            About::Oneself => (None, None, None),
        };
        Self {
            users,
            numbers: users.iter().map(|user| user.no.0).collect(),
            kind,
            kind_number: i32::from(kind),
            at: At(at),
            chat,
            session,
            person,
        }
    }

    pub(super) fn params(&self) -> [&(dyn tokio_postgres::types::ToSql + Sync); 6] {
        [
            &self.numbers,
            &self.kind_number,
            &self.at,
            &self.chat,
            &self.session,
            &self.person,
        ]
    }

    /// What the feed is told, from the rows of [`APPEND`].
    pub(super) fn events(&self, rows: &[tokio_postgres::Row]) -> Result<Vec<Committed>, Fault> {
        let mut seqs = HashMap::with_capacity(rows.len());
        for row in rows {
            seqs.insert(row.try_get::<_, i64>(0)?, row.try_get::<_, i64>(1)?);
        }
        self.users
            .iter()
            .map(|user| {
                let seq = seqs
                    .get(&user.no.0)
                    .ok_or_else(|| Fault::internal("an account vanished"))?;
                Ok(Committed::Account {
                    user: user.id,
                    entry: AccountEntry {
                        seq: *seq as u64,
                        kind: self.kind,
                        at: self.at.0,
                        chat: self.chat.map(ChatId),
                        session: self.session.map(SessionId),
                        user: self.person.map(UserId),
                    },
                })
            })
            .collect()
    }
}

/// The outside's name of a user, as needed by a [`Note`].
pub(super) async fn actor(conn: &ClientWrapper, user: UserNo) -> Result<Actor, Fault> {
    let row = statements::row(conn, "SELECT id FROM users WHERE user_no = $1", &[&user.0]).await?;
    let row = row.ok_or(StoreError::NoAccess)?;
    Ok(Actor {
        no: user,
        id: UserId(row.try_get(0)?),
    })
}

/// Entries after one, oldest first, and whether there are more.
pub(super) async fn after(
    conn: &ClientWrapper,
    user: UserNo,
    after: Seq,
    limit: u32,
) -> Result<(Vec<AccountEntry>, bool), Fault> {
    let rows = statements::rows(
        conn,
        "SELECT seq, kind, at, chat, session, about FROM account_log
         WHERE user_no = $1 AND seq > $2 ORDER BY seq LIMIT $3",
        &[&user.0, &clamped(after), &(i64::from(limit) + 1)],
    )
    .await?;
    let mut entries = Vec::with_capacity(rows.len());
    for row in &rows {
        entries.push(AccountEntry {
            seq: row.try_get::<_, i64>(0)? as u64,
            kind: kind_of(row.try_get(1)?)?,
            at: row.try_get::<_, At>(2)?.0,
            chat: row.try_get::<_, Option<Uuid>>(3)?.map(ChatId),
            session: row.try_get::<_, Option<Uuid>>(4)?.map(SessionId),
            user: row.try_get::<_, Option<Uuid>>(5)?.map(UserId),
        });
    }
    let more = entries.len() > limit as usize;
    entries.truncate(limit as usize);
    Ok((entries, more))
}

/// A number of the outside's as a column can hold it.
pub(super) fn clamped(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The kind of an entry from its column.
pub(super) fn kind_of(number: i32) -> Result<u16, Fault> {
    u16::try_from(number).map_err(|_| Fault::internal(format!("an entry of kind {number}")))
}
