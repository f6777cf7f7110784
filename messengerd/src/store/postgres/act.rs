//! A chat whose members or properties are about to change: locked, in a
//! transaction.

use std::collections::HashMap;

use deadpool_postgres::ClientWrapper;
use proto::entry::Body;
use proto::id::EntryId;
use proto::request::{ChatKind, Role};

use super::entry_row::EntryRow;
use super::error::Fault;
use super::pool::Done;
use super::{chats, members, statements};
use crate::store::groups::Act;
use crate::store::{Actor, Committed, StoreError};

pub(super) const LOCK_HEAD: &str = "SELECT head, msg_no, acl_rev, floor FROM chat_heads
    WHERE chat_no = $1 FOR NO KEY UPDATE";
pub(super) const LOCK_CURSORS: &str =
    "SELECT 1 FROM chat_cursors WHERE chat_no = $1 FOR NO KEY UPDATE";
const CHAT: &str =
    "SELECT kind, since_join, members FROM chats WHERE chat_no = $1 AND deleted_at IS NULL";
const PEOPLE: &str = "SELECT user_no, role, left_at IS NULL, banned, muted_until FROM members
    WHERE chat_no = $1 AND user_no = ANY($2::int8[])";
/// Whether the entry of this very act is there.
const DONE: &str =
    "SELECT 1 FROM messages WHERE id = $1 AND chat_no = $2 AND sender = $3 AND kind = $4";
/// One more revision, with this many entries.
pub(super) const CHANGE_HEAD: &str =
    "UPDATE chat_heads SET head = head + $2, acl_rev = acl_rev + 1 WHERE chat_no = $1";

/// How somebody who is or was a member stands to the chat.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    pub(super) role: Role,
    pub(super) present: bool,
    pub(super) banned: bool,
    pub(super) muted_until: i64,
}

/// See the module.
pub(super) struct Locked {
    pub(super) act: Act,
    pub(super) head: u64,
    pub(super) msg_no: u64,
    pub(super) acl_rev: u64,
    pub(super) kind: ChatKind,
    pub(super) since_join: bool,
    /// Present members.
    pub(super) members: usize,
    people: HashMap<i64, Standing>,
}

impl Locked {
    /// Begins a transaction and locks the chat at the revision on which the act
    /// was decided: its head against appends, its cursors against moves. `None`
    /// where this very act, whose entry is of this kind, was done before; the
    /// transaction has ended then.
    pub(super) async fn begin(
        conn: &ClientWrapper,
        act: Act,
        kind: u16,
        people: &[Actor],
    ) -> Result<Option<Self>, Fault> {
        let locked = Self::begin_anyhow(conn, act, people).await?;
        if locked.acl_rev == act.acl_rev {
            return Ok(Some(locked));
        }
        let (id, chat, actor) = (act.entry.0, act.chat.0, act.actor.no.0);
        let params: statements::Params<'_> = &[&id, &chat, &actor, &i32::from(kind)];
        if statements::row(conn, DONE, params).await?.is_none() {
            return Err(StoreError::Outdated.into());
        }
        statements::leave(conn).await?;
        Ok(None)
    }

    /// The same at whatever revision, and whether or not it was done before.
    pub(super) async fn begin_anyhow(
        conn: &ClientWrapper,
        act: Act,
        people: &[Actor],
    ) -> Result<Self, Fault> {
        let numbers: Vec<i64> = people.iter().map(|person| person.no.0).collect();
        let chat = act.chat.0;
        let rows = statements::start(
            conn,
            &[
                (LOCK_HEAD, &[&chat]),
                (LOCK_CURSORS, &[&chat]),
                (CHAT, &[&chat]),
                (PEOPLE, &[&chat, &numbers]),
            ],
        )
        .await?;
        let [head, _, chat, standings] = rows.as_slice() else {
            return Err(Fault::internal("answers were lost"));
        };
        let (head, chat) = (head.first().zip(chat.first())).ok_or(StoreError::NoAccess)?;
        let mut locked = Self {
            act,
            head: head.try_get::<_, i64>(0)? as u64,
            msg_no: head.try_get::<_, i64>(1)? as u64,
            acl_rev: head.try_get::<_, i64>(2)? as u64,
            kind: chats::kind_of(chat.try_get(0)?)?,
            since_join: chat.try_get(1)?,
            members: chat.try_get::<_, i64>(2)? as usize,
            people: HashMap::with_capacity(standings.len()),
        };
        for row in standings {
            let standing = Standing {
                role: members::role_of(row.try_get(1)?),
                present: row.try_get(2)?,
                banned: row.try_get(3)?,
                muted_until: row.try_get(4)?,
            };
            locked.people.insert(row.try_get(0)?, standing);
        }
        Ok(locked)
    }

    /// How one of those asked for stands, if they ever were a member.
    pub(super) fn standing(&self, user: Actor) -> Option<Standing> {
        self.people.get(&user.no.0).copied()
    }

    /// A present member among those asked for.
    pub(super) fn present(&self, user: Actor) -> Option<Standing> {
        self.standing(user).filter(|standing| standing.present)
    }

    /// The entry of the act.
    pub(super) fn entry(&self, body: &Body) -> Result<EntryRow, Fault> {
        self.nth_entry(1, self.act.entry, body)
    }

    /// An entry that the act brings with it.
    pub(super) fn second_entry(&self, body: &Body) -> Result<EntryRow, Fault> {
        self.nth_entry(2, EntryId::generate(), body)
    }

    fn nth_entry(&self, nth: u64, id: EntryId, body: &Body) -> Result<EntryRow, Fault> {
        let act = &self.act;
        let seq = self.head + nth;
        EntryRow::new(act.chat, seq, self.msg_no, act.actor, id, act.at, body)
    }

    /// What the feed is told of an entry.
    pub(super) fn event(&self, entry: EntryRow) -> Committed {
        entry.event(self.act.chat_id, self.acl_rev + 1)
    }

    /// Ends the transaction where there is nothing to be done.
    pub(super) async fn nothing(conn: &ClientWrapper) -> Result<Done<()>, Fault> {
        statements::leave(conn).await?;
        Ok(Done::quiet(()))
    }
}
