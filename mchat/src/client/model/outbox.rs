//! What was typed here and is not known to be stored.

use proto::error::WireError;
use proto::id::{ChatId, EntryId};
use proto::{Seq, UnixMillis};

/// Where something of the outbox stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutboxState {
    /// Waits for the connection or for an earlier one.
    Queued,
    /// On its way.
    Sending,
    /// Refused for good; stays until retried or discarded.
    Failed(WireError),
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutboxKind {
    /// Write a message.
    Message,
    /// Write a message that repeats another one.
    Forward {
        /// Where that one is.
        from: ChatId,
        /// Which one.
        seq: Seq,
    },
    /// Replace a message's text.
    Edit {
        /// Which message.
        seq: Seq,
    },
    /// Delete a message for everybody.
    Delete {
        /// Which message.
        seq: Seq,
    },
    /// Add a reaction or take it away.
    React {
        /// To which message.
        seq: Seq,
        /// Whether it is added.
        on: bool,
    },
    /// Pin a message or take the pin away.
    Pin {
        /// Which message.
        seq: Seq,
        /// Whether it is pinned.
        on: bool,
    },
}

impl OutboxKind {
    /// Whether a message comes of it, rather than a change of one.
    pub fn is_message(self) -> bool {
        matches!(self, Self::Message | Self::Forward { .. })
    }

    /// The message that is changed.
    pub fn target(self) -> Option<Seq> {
        match self {
            Self::Message | Self::Forward { .. } => None,
            Self::Edit { seq }
            | Self::Delete { seq }
            | Self::React { seq, .. }
            | Self::Pin { seq, .. } => Some(seq),
        }
    }
}

/// Something in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its id, the same once stored.
    pub id: EntryId,
    /// Where it goes.
    pub chat: ChatId,
    /// What is to be done.
    pub kind: OutboxKind,
    /// The text; of a reaction the emoji; of a forwarded message its text as
    /// far as it was cached; else empty.
    pub text: String,
    /// The entry a message replies to.
    pub reply_to: Option<Seq>,
    /// When it was typed.
    pub at: UnixMillis,
    /// Where it stands.
    pub state: OutboxState,
}

impl OutboxRow {
    /// A message that was just typed.
    pub fn message(id: EntryId, chat: ChatId, text: impl Into<String>, at: UnixMillis) -> Self {
        Self {
            id,
            chat,
            kind: OutboxKind::Message,
            text: text.into(),
            reply_to: None,
            at,
            state: OutboxState::Queued,
        }
    }
}
