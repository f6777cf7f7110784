//! What the client knows, as plain data: rows of the cache and what happens.
//!
//! Remote text in here is raw; whoever shows it makes it safe with
//! [`proto::text::printable_line`] or [`proto::text::printable_text`].

mod chat;
mod entry;
mod outbox;
mod people;

use proto::Seq;
use proto::error::WireError;
use proto::event::{Presence, ReceiptCounts};
use proto::id::{ChatId, EntryId, SessionId, UserId};

pub use self::chat::{ChatRow, MemberRow};
pub(crate) use self::entry::subjects;
pub use self::entry::{
    Anchor, EditRow, EntryRow, HitSource, Quote, Reaction, ReactionRow, Receipt, ReceiptRow,
    SearchPage, Timeline,
};
pub use self::outbox::{OutboxKind, OutboxRow, OutboxState};
pub use self::people::ContactRow;

/// How the client reaches the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// The usual way.
    Quic,
    /// Where UDP is blocked.
    WebSocket,
}

/// State of the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// Being made; nothing was reached yet.
    Connecting,
    /// Up, and the server knows who we are.
    Online {
        /// How.
        transport: Transport,
        /// `host:port` that answered.
        address: String,
    },
    /// Up, but nobody is signed in.
    SignedOut {
        /// How.
        transport: Transport,
        /// `host:port` that answered.
        address: String,
    },
    /// Lost or not reached; the next try starts by itself.
    Offline {
        /// Why, in words for a person.
        reason: String,
        /// Milliseconds until the next try.
        retry_in_ms: u64,
    },
    /// Given up until a person decides: certificate changed, protocol version
    /// too old, session ended.
    Refused {
        /// Why.
        why: Refusal,
    },
}

/// Why the client stopped trying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The server's key is not the pinned one.
    CertificateChanged {
        /// Fingerprint that is pinned.
        pinned: String,
        /// Fingerprint that was shown.
        shown: String,
    },
    /// The server's key is unknown and nobody has said to trust it.
    Untrusted {
        /// Fingerprint that was shown.
        shown: String,
    },
    /// The server said no.
    Server(WireError),
    /// Another community than the one whose messages this profile holds
    /// answers at this address.
    OtherCommunity,
}

/// The signed-in account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// Who.
    pub user: UserId,
    /// Their name.
    pub username: String,
    /// This device's session.
    pub session: SessionId,
}

/// Something happened. Rows are to be read anew from the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientEvent {
    /// The connection changed.
    Link(Link),
    /// Somebody signed in, or the session ended.
    Account(Option<AccountRow>),
    /// These chats' rows changed (title, unread, last message, membership); an
    /// empty list stands for all.
    Chats(Vec<ChatId>),
    /// Entries `from..=to` of a chat are in the cache now; `live` where they
    /// came as they happened, not while catching up.
    Entries {
        /// Which chat.
        chat: ChatId,
        /// First.
        from: Seq,
        /// Last.
        to: Seq,
        /// Whether they just happened.
        live: bool,
    },
    /// The outbox of a chat changed.
    Outbox(ChatId),
    /// The server did not take a message for now and says why; it stays in the
    /// outbox and is tried again.
    HeldBack {
        /// Which message.
        id: EntryId,
        /// Where it goes.
        chat: ChatId,
        /// Why.
        error: WireError,
    },
    /// Members' cursors of a chat changed.
    Cursors(ChatId),
    /// How far one's own message got in a large chat.
    Receipts(ReceiptCounts),
    /// Somebody started or stopped typing (lapsing is done by the client).
    Typing {
        /// Where.
        chat: ChatId,
        /// Who.
        user: UserId,
        /// Their name as shown.
        username: String,
        /// Whether.
        on: bool,
    },
    /// Who is there.
    Presence(Vec<Presence>),
    /// These messages of a chat are to be read anew: edited, deleted, reacted
    /// to, pinned; an empty list stands for all of the chat.
    Changed {
        /// Which chat.
        chat: ChatId,
        /// Which messages.
        seqs: Vec<Seq>,
    },
    /// The contact list changed.
    Contacts,
    /// Names or pictures of people changed; an empty list stands for all.
    People(Vec<UserId>),
    /// One's own profile, status or settings changed.
    Profile,
    /// How far [`Client::reach`](super::Client::reach) got: the chat is cached
    /// from this entry on.
    Reaching {
        /// Which chat.
        chat: ChatId,
        /// What is looked for.
        seq: Seq,
        /// The oldest cached entry.
        lo: Seq,
    },
    /// Everything the server had is in the cache.
    Synced,
    /// The cache could not be read or written; in words for a person.
    CacheTrouble(String),
}
