//! Changes of messages. Each is an entry of its chat's log, in one transaction
//! with its effect on what is kept beside the log.

use deadpool_postgres::ClientWrapper;
use proto::entry::{self, Body, kind};
use proto::limits::{PINS, REACTIONS_EACH};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::account::{clamped, kind_of};
use super::act::LOCK_HEAD;
use super::entry_row::EntryRow;
use super::error::Fault;
use super::pool::Done;
use super::statements::{self, Params, leave};
use super::timestamp::At;
use super::{index, lanes};
use crate::store::changes::{Change, MessageChange};
use crate::store::{Appended, StoreError};

const EXISTING: &str =
    "SELECT chat_no, sender, seq, msg_no, created_at FROM messages WHERE id = $1";
const TARGET: &str = "SELECT kind, sender, body, msg_no, created_at, id FROM messages
    WHERE chat_no = $1 AND seq = $2";
const REACTIONS: &str = "SELECT r.emoji = $4, r.entry_seq, e.msg_no, e.created_at
    FROM reactions r LEFT JOIN messages e ON e.chat_no = r.chat_no AND e.seq = r.entry_seq
    WHERE r.chat_no = $1 AND r.seq = $2 AND r.user_no = $3";
const PINNED: &str = "SELECT p.seq = $2, p.entry_seq, e.msg_no, e.created_at
    FROM pins p LEFT JOIN messages e ON e.chat_no = p.chat_no AND e.seq = p.entry_seq
    WHERE p.chat_no = $1";

const ADVANCE: &str = "UPDATE chat_heads SET head = head + 1 WHERE chat_no = $1";
const EDIT: &str = "INSERT INTO message_edits (chat_no, seq, edit_seq) VALUES ($1, $2, $3)";
const REACT: &str = "INSERT INTO reactions (chat_no, seq, user_no, emoji, entry_seq)
    VALUES ($1, $2, $3, $4, $5)";
const UNREACT: &str = "DELETE FROM reactions
    WHERE chat_no = $1 AND seq = $2 AND user_no = $3 AND emoji = $4";
const PIN: &str = "INSERT INTO pins (chat_no, seq, entry_seq) VALUES ($1, $2, $3)";
const UNPIN: &str = "DELETE FROM pins WHERE chat_no = $1 AND seq = $2";
const EMPTY: &str = "UPDATE messages SET body = $3 WHERE chat_no = $1 AND seq = $2";
const EMPTY_EDITS: &str = "UPDATE messages e SET body = $3 FROM message_edits d
    WHERE d.chat_no = $1 AND d.seq = $2 AND e.chat_no = d.chat_no AND e.seq = d.edit_seq";
const FORGET_EDITS: &str = "DELETE FROM message_edits WHERE chat_no = $1 AND seq = $2";
const FORGET_REACTIONS: &str = "DELETE FROM reactions WHERE chat_no = $1 AND seq = $2";

/// What is known under the chat's lock.
struct State {
    head: u64,
    msg_no: u64,
    acl_rev: u64,
    /// The message itself, as a place.
    target: Appended,
    target_id: uuid::Uuid,
    /// What stands of the actor's reactions to it, or of the chat's pins.
    stands: Vec<Stand>,
}

/// A reaction or a pin that stands.
struct Stand {
    same: bool,
    entry: Appended,
}

/// See [`Store::change_message`](crate::store::Store::change_message).
pub(super) async fn change(
    conn: &ClientWrapper,
    wanted: &MessageChange,
) -> Result<Done<Appended>, Fault> {
    let state = match look(conn, wanted).await? {
        Looked::New(state) => state,
        Looked::There(first) => {
            leave(conn).await?;
            return Ok(Done::quiet(first));
        }
    };
    if let Some(there) = already(wanted, &state)? {
        leave(conn).await?;
        return Ok(Done::quiet(there));
    }
    let body = match &wanted.what {
        // Replaced by what the caller has encoded.
        Change::Edit(_) => Body::Edited(entry::Edited {
            text: String::new(),
        }),
        Change::Delete => Body::Deleted(entry::Deleted {}),
        Change::React { emoji, on } => Body::Reacted(entry::Reacted {
            emoji: emoji.clone(),
            on: *on,
        }),
        Change::Pin { on } => Body::Pinned(entry::Pinned { on: *on }),
    };
    let seq = state.head + 1;
    let mut row = EntryRow::new(
        wanted.chat,
        seq,
        state.msg_no,
        wanted.actor,
        wanted.id,
        wanted.at,
        &body,
    )?
    .about(wanted.seq);
    if let Change::Edit(body) = &wanted.what {
        row = row.with_body(body);
    }
    commit(conn, wanted, &state, &row).await?;
    Ok(Done {
        value: Appended {
            seq,
            msg_no: state.msg_no,
            at: wanted.at,
            dup: false,
        },
        events: vec![row.event(wanted.chat_id, state.acl_rev)],
    })
}

enum Looked {
    New(State),
    /// An earlier request of this id.
    There(Appended),
}

/// Begins a transaction, locks the chat and looks what there is.
async fn look(conn: &ClientWrapper, wanted: &MessageChange) -> Result<Looked, Fault> {
    let (chat, seq, user) = (wanted.chat.0, clamped(wanted.seq), wanted.actor.no.0);
    let (chats, users) = ([chat], [user]);
    let (reacting, pinning): ([&(dyn ToSql + Sync); 4], [&(dyn ToSql + Sync); 2]);
    let beside: (&'static str, Params<'_>) = match &wanted.what {
        Change::React { emoji, .. } => {
            reacting = [&chat, &seq, &user, emoji];
            (REACTIONS, &reacting)
        }
        _ => {
            pinning = [&chat, &seq];
            (PINNED, &pinning)
        }
    };
    let answers = statements::start(
        conn,
        &[
            (LOCK_HEAD, &[&chat]),
            (EXISTING, &[&wanted.id.0]),
            (lanes::STANDINGS, &[&chats.as_slice(), &users.as_slice()]),
            (TARGET, &[&chat, &seq]),
            beside,
        ],
    )
    .await?;
    let [head, existing, standing, target, stands] = answers.as_slice() else {
        return Err(Fault::internal("answers were lost"));
    };
    let head = head.first().ok_or(StoreError::NoAccess)?;
    let acl_rev = head.try_get::<_, i64>(2)? as u64;
    if acl_rev != wanted.acl_rev && !lanes::may_write(standing.first(), wanted.at)? {
        return Err(StoreError::NoAccess.into());
    }
    if let Some(first) = existing.first() {
        if (first.try_get(0)?, first.try_get(1)?) != (chat, user) {
            return Err(StoreError::Conflict.into());
        }
        return Ok(Looked::There(place(first, 2)?));
    }
    let target = target.first().ok_or(StoreError::NoEntry)?;
    let floor = head.try_get::<_, i64>(3)? as u64;
    if wanted.seq <= floor
        || kind_of(target.try_get(0)?)? != kind::MESSAGE
        || is_deleted(target.try_get(2)?)
    {
        return Err(StoreError::NoEntry.into());
    }
    let author: i64 = target.try_get(1)?;
    if matches!(wanted.what, Change::Edit(_)) && author != user {
        return Err(StoreError::NoAccess.into());
    }
    let stands = stands
        .iter()
        .map(|row| {
            Ok(Stand {
                same: row.try_get(0)?,
                entry: place(row, 1)?,
            })
        })
        .collect::<Result<_, Fault>>()?;
    Ok(Looked::New(State {
        head: head.try_get::<_, i64>(0)? as u64,
        msg_no: head.try_get::<_, i64>(1)? as u64,
        acl_rev,
        target: Appended {
            seq: wanted.seq,
            msg_no: target.try_get::<_, i64>(3)? as u64,
            at: target.try_get::<_, At>(4)?.0,
            dup: true,
        },
        target_id: target.try_get(5)?,
        stands,
    }))
}

/// Reads `seq`, `msg_no` and time of an entry that was there before.
fn place(row: &Row, at: usize) -> Result<Appended, Fault> {
    Ok(Appended {
        seq: row.try_get::<_, i64>(at)? as u64,
        msg_no: row.try_get::<_, Option<i64>>(at + 1)?.unwrap_or(0) as u64,
        at: row.try_get::<_, Option<At>>(at + 2)?.map_or(0, |at| at.0),
        dup: true,
    })
}

/// Whether the body of a message is what is left of a deleted one.
pub(super) fn is_deleted(body: &[u8]) -> bool {
    matches!(Body::decode(kind::MESSAGE, body), Body::Message(message) if message.deleted)
}

/// Where what is wanted is so already: the place of what made it so.
fn already(wanted: &MessageChange, state: &State) -> Result<Option<Appended>, Fault> {
    let (on, most, what) = match &wanted.what {
        Change::Edit(_) | Change::Delete => return Ok(None),
        Change::React { on, .. } => (*on, REACTIONS_EACH, "reactions"),
        Change::Pin { on } => (*on, PINS, "pins"),
    };
    let stands = state.stands.iter().find(|stand| stand.same);
    match (on, stands) {
        (true, Some(stand)) => Ok(Some(stand.entry)),
        (false, None) => Ok(Some(state.target)),
        (true, None) if state.stands.len() >= most => Err(StoreError::TooMany(what).into()),
        (true, None) | (false, Some(_)) => Ok(None),
    }
}

/// The entry and its effect.
async fn commit(
    conn: &ClientWrapper,
    wanted: &MessageChange,
    state: &State,
    row: &EntryRow,
) -> Result<(), Fault> {
    let (chat, seq, user) = (wanted.chat.0, clamped(wanted.seq), wanted.actor.no.0);
    let entry_seq = state.head as i64 + 1;
    let advance: (&'static str, Params<'_>) = (ADVANCE, &[&chat]);
    let params = row.params();
    let insert: (&'static str, Params<'_>) = (EntryRow::INSERT, &params);
    match &wanted.what {
        Change::Edit(_) => {
            let edit: Params<'_> = &[&chat, &seq, &entry_seq];
            statements::finish(conn, &[advance, insert, (EDIT, edit)]).await?;
        }
        Change::React { emoji, on: true } => {
            let react: Params<'_> = &[&chat, &seq, &user, emoji, &entry_seq];
            statements::finish(conn, &[advance, insert, (REACT, react)]).await?;
        }
        Change::React { emoji, on: false } => {
            let unreact: Params<'_> = &[&chat, &seq, &user, emoji];
            statements::finish(conn, &[advance, insert, (UNREACT, unreact)]).await?;
        }
        Change::Pin { on: true } => {
            let pin: Params<'_> = &[&chat, &seq, &entry_seq];
            statements::finish(conn, &[advance, insert, (PIN, pin)]).await?;
        }
        Change::Pin { on: false } => {
            let unpin: Params<'_> = &[&chat, &seq];
            statements::finish(conn, &[advance, insert, (UNPIN, unpin)]).await?;
        }
        Change::Delete => {
            let message = Body::Message(entry::Message {
                deleted: true,
                ..entry::Message::new("")
            });
            let edited = Body::Edited(entry::Edited {
                text: String::new(),
            });
            let (message, edited) = (encoded(&message)?, encoded(&edited)?);
            let at = At(state.target.at);
            statements::finish(
                conn,
                &[
                    advance,
                    insert,
                    (EMPTY, &[&chat, &seq, &message]),
                    (EMPTY_EDITS, &[&chat, &seq, &edited]),
                    (FORGET_EDITS, &[&chat, &seq]),
                    (FORGET_REACTIONS, &[&chat, &seq]),
                    (UNPIN, &[&chat, &seq]),
                    (index::FORGET, &[&chat, &at, &state.target_id]),
                ],
            )
            .await?;
        }
    }
    Ok(())
}

fn encoded(body: &Body) -> Result<Vec<u8>, Fault> {
    let (_, bytes) = body
        .encode()
        .map_err(|error| Fault::internal(error.to_string()))?;
    Ok(bytes.to_vec())
}
