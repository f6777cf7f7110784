//! Acts on a chat: checked against its revision, told by an entry of its log.

use proto::entry::Body;
use proto::id::EntryId;
use proto::{Seq, UnixMillis};
use rusqlite::params;

use super::entries;
use super::writer::Tx;
use crate::store::groups::Act;
use crate::store::{Actor, Append, ChatNo, StoreError};

/// A chat at the revision an entry of the store's own making gets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) chat: ChatNo,
    pub(super) chat_id: proto::id::ChatId,
    pub(super) acl_rev: u64,
}

/// Whether an act is to be done: false where it was done before.
///
/// # Errors
///
/// [`StoreError::Outdated`] where the chat is not as it was when this was
/// decided.
pub(super) fn holds(tx: &mut Tx<'_>, act: &Act, kind: u16) -> Result<bool, StoreError> {
    let state = tx
        .heads
        .get(tx.conn, act.chat)?
        .ok_or(StoreError::NoAccess)?;
    if state.acl_rev == act.acl_rev {
        return Ok(true);
    }
    let done = tx
        .conn
        .prepare_cached(
            "SELECT 1 FROM messages WHERE id = ?1 AND sender = ?2 AND kind = ?3 AND mid >> 32 = ?4",
        )?
        .exists(params![
            act.entry.as_bytes(),
            act.actor.no.0,
            kind,
            act.chat.0
        ])?;
    if done {
        Ok(false)
    } else {
        Err(StoreError::Outdated)
    }
}

/// Makes one more revision of a chat's members and properties.
pub(super) fn revise(tx: &mut Tx<'_>, chat: ChatNo) -> Result<u64, StoreError> {
    let state = tx.heads.get(tx.conn, chat)?.ok_or(StoreError::NoAccess)?;
    let acl_rev = state.acl_rev + 1;
    tx.heads.change(chat, |state| state.acl_rev = acl_rev);
    Ok(acl_rev)
}

/// Makes one more revision of the chat and appends the entry that tells why.
pub(super) fn tell(tx: &mut Tx<'_>, act: &Act, body: &Body) -> Result<Place, StoreError> {
    let place = Place {
        chat: act.chat,
        chat_id: act.chat_id,
        acl_rev: revise(tx, act.chat)?,
    };
    append(tx, place, act.actor, act.entry, act.at, body)?;
    Ok(place)
}

/// Appends an entry that goes with a change of the chat itself. Its id is made
/// for this one change: a repeat is a conflict.
pub(super) fn append(
    tx: &mut Tx<'_>,
    place: Place,
    actor: Actor,
    id: EntryId,
    at: UnixMillis,
    body: &Body,
) -> Result<Seq, StoreError> {
    let (kind, body) = body
        .encode()
        .map_err(|error| StoreError::Internal(error.to_string()))?;
    let appended = entries::append(
        tx,
        Append {
            chat: place.chat,
            chat_id: place.chat_id,
            acl_rev: place.acl_rev,
            actor,
            kind,
            id,
            ref_seq: None,
            at,
            body,
        },
    )?;
    if appended.dup {
        return Err(StoreError::Conflict);
    }
    Ok(appended.seq)
}

/// Counts members who came or went.
pub(super) fn count_members(tx: &Tx<'_>, chat: ChatNo, by: i64) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached("UPDATE chats SET members = members + ?2 WHERE chat_no = ?1")?
        .execute([chat.0, by])?;
    Ok(())
}
