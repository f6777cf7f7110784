//! Noticing what other processes did to the same profile.

use proto::Seq;
use proto::id::ChatId;

use super::account::id16;
use super::{Db, DbError};
use crate::client::core::ChatState;
use crate::client::model::ClientEvent;

/// What another process has changed.
#[derive(Debug, Default)]
pub(crate) struct Foreign {
    /// Events to tell; empty where nothing changed.
    pub(crate) events: Vec<ClientEvent>,
    /// Where all chats stand now.
    pub(crate) states: Vec<ChatState>,
    /// Something waits to be sent.
    pub(crate) outgoing: bool,
}

impl Db {
    /// Whether another process has committed since the last call, and what.
    /// One cheap pragma where nothing happened.
    pub(crate) fn poll_foreign(&mut self) -> Result<Option<Foreign>, DbError> {
        let version = self.read_data_version()?;
        if version == self.data_version {
            return Ok(None);
        }
        self.data_version = version;
        let mut foreign = Foreign {
            states: self.chat_states()?,
            outgoing: self.has_outgoing()?,
            ..Foreign::default()
        };
        {
            let mut query = self.conn.prepare_cached(
                "SELECT c.id, min(e.seq), max(e.seq), max(e.kind IN (5, 6, 7, 8)) FROM entries e JOIN chats c ON c.no = e.chat_no
                 WHERE e.arrival > ?1 GROUP BY e.chat_no",
            )?;
            let rows = query.query_map([self.announced], |row| {
                Ok((
                    ChatId::from_bytes(id16(row.get_ref(0)?.as_blob()?)?),
                    row.get::<_, Seq>(1)?,
                    row.get::<_, Seq>(2)?,
                    row.get::<_, bool>(3)?,
                ))
            })?;
            for row in rows {
                let (chat, from, to, changes) = row?;
                if changes {
                    let seqs = Vec::new();
                    foreign.events.push(ClientEvent::Changed { chat, seqs });
                }
                foreign.events.push(ClientEvent::Entries {
                    chat,
                    from,
                    to,
                    live: false,
                });
            }
        }
        self.announced = self.last_arrival()?;
        let mut chats: Vec<ChatId> = self.outbox(None)?.iter().map(|row| row.chat).collect();
        chats.dedup();
        foreign
            .events
            .extend(chats.into_iter().map(ClientEvent::Outbox));
        foreign.events.push(ClientEvent::Chats(Vec::new()));
        Ok(Some(foreign))
    }
}
