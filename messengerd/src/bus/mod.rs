//! How nodes tell each other what happened.
//!
//! The bus may lose, repeat or reorder: the log is the truth, and clients see
//! gaps by `seq`. [`local`] is the bus of a single node.

pub mod local;
pub mod redis;

use proto::event::Event;
use proto::id::{ChatId, SessionId, UserId};

/// Something that sessions of some node may have to know.
#[derive(Debug, Clone)]
pub enum Signal {
    /// For everybody in a chat.
    ToChat {
        /// Which chat.
        chat: ChatId,
        /// What happened.
        event: Event,
        /// Whose sessions need not know.
        except: Option<UserId>,
    },
    /// For all sessions of one user.
    ToUser {
        /// Who.
        user: UserId,
        /// What happened.
        event: Event,
    },
    /// For all sessions of several users.
    ToUsers {
        /// Who.
        users: Vec<UserId>,
        /// What happened.
        event: Event,
    },
    /// The user is a member of the chat from now on.
    Joined {
        /// Who.
        user: UserId,
        /// Where.
        chat: ChatId,
    },
    /// The user is no member of the chat any more.
    Left {
        /// Who.
        user: UserId,
        /// Where.
        chat: ChatId,
    },
    /// The session was ended; its connections go.
    SessionEnded {
        /// Whose.
        user: UserId,
        /// Which.
        session: SessionId,
    },
}

/// Takes what the bus brings. Must not block.
pub trait Sink: Send + Sync {
    /// Signals in the order in which one publisher gave them.
    fn deliver(&self, signals: Vec<Signal>);
}

/// Carries signals to every node's sink, this node's included.
pub trait Bus: Send + Sync {
    /// Publishes a batch; never blocks and never fails the caller.
    fn publish(&self, signals: Vec<Signal>);
}
