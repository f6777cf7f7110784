//! An entry of the store's own making, which goes with a change of its chat.

use bytes::Bytes;
use proto::entry::{Body, Entry};
use proto::id::{ChatId, EntryId};
use proto::{Seq, UnixMillis};
use tokio_postgres::types::ToSql;

use super::error::Fault;
use super::timestamp::At;
use crate::store::{Actor, ChatNo, Committed};

/// Such an entry, as parameters of [`INSERT`](Self::INSERT) and as the feed is
/// told of it. Its id is made for this one change: a repeat is a conflict.
pub(super) struct EntryRow {
    chat: ChatNo,
    seq: i64,
    msg_no: i64,
    ref_seq: Option<i64>,
    actor: Actor,
    id: EntryId,
    kind: u16,
    kind_number: i32,
    at: At,
    body: Vec<u8>,
}

impl EntryRow {
    pub(super) const INSERT: &'static str = "INSERT INTO messages
          (chat_no, seq, id, sender, kind, msg_no, body, created_at, ref_seq)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

    pub(super) fn new(
        chat: ChatNo,
        seq: Seq,
        msg_no: u64,
        actor: Actor,
        id: EntryId,
        at: UnixMillis,
        body: &Body,
    ) -> Result<Self, Fault> {
        let (kind, body) = body
            .encode()
            .map_err(|error| Fault::internal(error.to_string()))?;
        Ok(Self {
            chat,
            seq: seq as i64,
            msg_no: msg_no as i64,
            ref_seq: None,
            actor,
            id,
            kind,
            kind_number: i32::from(kind),
            at: At(at),
            body: body.to_vec(),
        })
    }

    /// The same with a body that is encoded already.
    pub(super) fn with_body(self, body: &Bytes) -> Self {
        Self {
            body: body.to_vec(),
            ..self
        }
    }

    /// An entry that changes another one.
    pub(super) fn about(self, seq: Seq) -> Self {
        Self {
            ref_seq: Some(seq as i64),
            ..self
        }
    }

    pub(super) fn params(&self) -> [&(dyn ToSql + Sync); 9] {
        [
            &self.chat.0,
            &self.seq,
            &self.id.0,
            &self.actor.no.0,
            &self.kind_number,
            &self.msg_no,
            &self.body,
            &self.at,
            &self.ref_seq,
        ]
    }

    /// What the feed is told.
    pub(super) fn event(self, chat_id: ChatId, acl_rev: u64) -> Committed {
        Committed::Entry {
            chat: self.chat,
            chat_id,
            acl_rev,
            entry: Entry {
                seq: self.seq as u64,
                kind: self.kind,
                id: self.id,
                msg_no: self.msg_no as u64,
                ref_seq: self.ref_seq.map(|seq| seq as u64),
                actor: self.actor.id,
                at: self.at.0,
                body: Bytes::from(self.body),
            },
        }
    }
}
