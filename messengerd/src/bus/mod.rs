//! How nodes tell each other what happened.
//!
//! The bus may lose, repeat or reorder: the log is the truth, clients see gaps
//! by `seq`, and nodes compare what they delivered with the store. [`local`] is
//! the bus of a single node, [`redis`] that of many.

pub mod local;
pub(crate) mod pause;
pub mod redis;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use proto::event::Event;
use proto::id::{ChatId, SessionId, UserId};
use uuid::Uuid;

/// Something that sessions of some node may have to know.
#[derive(Debug, Clone, PartialEq)]
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
    /// A user came online at a node or went offline there: for the nodes' own
    /// books, no session is told.
    Presence(Transition),
    /// A node is dead: none of its users is online there.
    NodeGone(Uuid),
}

/// A user came online at one node, went offline there, or has nobody at any of
/// their devices there, or somebody again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    /// Who.
    pub user: UserId,
    /// Where.
    pub node: Uuid,
    /// Whether they are there.
    pub online: bool,
    /// Whether they are idle at all devices there.
    pub idle: bool,
    /// The node's count of transitions after this one, without gaps.
    pub version: u64,
    /// A node where the user was believed to be online, for which reason nobody
    /// was told of this. If that is no longer so, that node tells.
    pub relied: Option<Uuid>,
}

/// Takes what the bus brings. Must not block.
pub trait Sink: Send + Sync {
    /// Signals of this node, in the order in which they were published.
    fn deliver(&self, signals: Vec<Signal>);
    /// Signals of another node, in the order in which it published them.
    fn arrived(&self, signals: Vec<Signal>) {
        self.deliver(signals);
    }
    /// The way to the other nodes was lost, or is there (again).
    fn connected(&self, _up: bool) {}
    /// Other nodes' signals may have been lost.
    fn missed(&self) {}
}

/// Carries signals to every node's sink, this node's included.
pub trait Bus: Send + Sync {
    /// Publishes a batch; never blocks and never fails the caller. This node's
    /// sink has it when this returns.
    fn publish(&self, signals: Vec<Signal>);
    /// Whether the other nodes can be reached as far as is known.
    fn is_up(&self) -> bool {
        true
    }
    /// What the nodes keep together; `None` where there is one node only.
    fn shared(&self) -> Option<Arc<dyn Shared>> {
        None
    }
}

/// Why something shared could not be read or changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum BusError {
    /// The server is not reached, or did not answer in time.
    #[error("the bus is not available: {0}")]
    Unavailable(String),
    /// A URL is no address of a server.
    #[error("{0}")]
    Address(String),
}

/// An answer of the bus on its way; it comes in bounded time.
pub type Answer<T> = Pin<Box<dyn Future<Output = Result<T, BusError>> + Send + 'static>>;

/// A user who is online at a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Present {
    /// Who.
    pub user: UserId,
    /// Whether they are idle at all devices there.
    pub idle: bool,
}

/// A node's sign of life, with what changed in its set of online users.
#[derive(Debug, Clone, Default)]
pub struct Beat {
    /// The node's count of transitions.
    pub version: u64,
    /// Users who came since the last beat, or are otherwise than they were.
    pub came: Vec<Present>,
    /// Users who went since then, or are otherwise: as they were.
    pub went: Vec<Present>,
    /// Instead of changes: all who are online here.
    pub all: Option<Vec<Present>>,
    /// How long the node counts as alive without another beat.
    pub life: Duration,
}

/// What a beat brought back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pulse {
    /// How many users the shared set of this node holds now.
    pub kept: usize,
    /// Whether this node was declared dead since its last beat.
    pub buried: bool,
    /// Other nodes and their versions; no version where a node's life is over.
    pub others: Vec<(Uuid, Option<u64>)>,
}

/// A bucket of tokens for [`Shared::take`].
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// Tokens it holds when full.
    pub burst: u32,
    /// Tokens it gains in a second.
    pub per_second: f64,
}

/// What nodes keep together beside the log: who lives, who is online where, and
/// limits. All of it may be lost at any time.
pub trait Shared: Send + Sync {
    /// Says that this node lives; returns the others.
    fn beat(&self, beat: Beat) -> Answer<Pulse>;
    /// The online users of a node with the version of the set; none where its
    /// life is over.
    fn users_at(&self, node: Uuid) -> Answer<Option<(u64, Vec<Present>)>>;
    /// Forgets a dead node. True for the first who does.
    fn bury(&self, node: Uuid) -> Answer<bool>;
    /// Ends this node's life after `life`.
    fn leave(&self, life: Duration) -> Answer<()>;
    /// Takes one token, or puts one back (`give`). Returns how long to wait
    /// where there is none.
    fn take(&self, bucket: Bucket, give: bool) -> Answer<Option<Duration>>;
}
