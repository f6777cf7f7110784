//! What the client knows, as plain data: rows of the cache and what happens.
//!
//! Remote text in here is raw; whoever shows it makes it safe with
//! [`proto::text::printable_line`] or [`proto::text::printable_text`].

use proto::entry::Body;
use proto::error::WireError;
use proto::event::{Presence, ReceiptCounts};
use proto::id::{ChatId, EntryId, SessionId, UserId};
use proto::request::{ChatKind, Role};
use proto::{Seq, UnixMillis};

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

/// One line of the chat list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatRow {
    /// Which chat.
    pub id: ChatId,
    /// What sort.
    pub kind: ChatKind,
    /// Name of the group, or of the other person, or one's own for notes.
    pub title: String,
    /// The other person of a private chat.
    pub peer: Option<UserId>,
    /// Messages not read yet.
    pub unread: u64,
    /// Latest entry on the server.
    pub head: Seq,
    /// Own read cursor.
    pub read: Seq,
    /// The latest cached message.
    pub last: Option<EntryRow>,
    /// When something last happened; orders the list.
    pub last_at: UnixMillis,
    /// Members, oneself included.
    pub members: u32,
    /// Whether it was left: it can be read, not written.
    pub left: bool,
}

/// One cached entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryRow {
    /// Which chat.
    pub chat: ChatId,
    /// Position in the log.
    pub seq: Seq,
    /// Number among messages.
    pub msg_no: u64,
    /// Kind as on the wire.
    pub kind: u16,
    /// Identity.
    pub id: EntryId,
    /// What it refers to.
    pub ref_seq: Option<Seq>,
    /// Who.
    pub actor: UserId,
    /// Their name as far as known, else a short form of the id.
    pub actor_name: String,
    /// When.
    pub at: UnixMillis,
    /// What.
    pub body: Body,
    /// Arrival ordinal in this profile's cache.
    pub arrival: u64,
}

/// Where a message typed here stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutboxState {
    /// Waits for the connection or for an earlier one.
    Queued,
    /// On its way.
    Sending,
    /// Refused for good; stays until retried or discarded.
    Failed(WireError),
}

/// A message in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its id, the same once stored.
    pub id: EntryId,
    /// Where it goes.
    pub chat: ChatId,
    /// What.
    pub text: String,
    /// The entry it replies to.
    pub reply_to: Option<Seq>,
    /// When it was typed.
    pub at: UnixMillis,
    /// Where it stands.
    pub state: OutboxState,
}

/// A member of a chat with cursors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    /// Who.
    pub user: UserId,
    /// Their name.
    pub username: String,
    /// What they may do.
    pub role: Role,
    /// Read up to.
    pub read: Seq,
    /// Received up to.
    pub delivered: Seq,
}

/// Which part of a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// The end.
    Latest,
    /// Entries before this one.
    Before(Seq),
    /// Entries after this one.
    After(Seq),
    /// Half before, half from this one on.
    Around(Seq),
}

/// A part of a chat's timeline, from the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// Which chat.
    pub chat: ChatId,
    /// What was asked for.
    pub anchor: Anchor,
    /// Oldest first.
    pub entries: Vec<EntryRow>,
    /// The cache holds earlier ones.
    pub older_cached: bool,
    /// The server holds earlier ones than the cache.
    pub older_remote: bool,
    /// The cache holds later ones.
    pub newer_cached: bool,
    /// Everything still in the outbox for this chat, oldest first.
    pub outbox: Vec<OutboxRow>,
    /// Present members with their cursors.
    pub members: Vec<MemberRow>,
    /// Own read cursor.
    pub read: Seq,
    /// Latest entry on the server as far as known.
    pub head: Seq,
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
        /// Their name.
        username: String,
        /// Whether.
        on: bool,
    },
    /// Who is there.
    Presence(Vec<Presence>),
    /// Everything the server had is in the cache.
    Synced,
    /// The cache could not be read or written; in words for a person.
    CacheTrouble(String),
}
