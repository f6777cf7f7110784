//! What goes into the core and what comes out.

use proto::Seq;
use proto::codec::{CodecError, Encoded, Frame};
use proto::entry::{AccountEntry, Entry};
use proto::error::WireError;
use proto::event::{CursorMoved, Head, Presence, ReceiptCounts};
use proto::hello::Account;
use proto::id::{ChatId, EntryId, UserId};
use proto::request::{ChatInfo, Contact, MemberCursor, ProfileInfo, Sent, User};
use proto::text::Token;
use uuid::Uuid;

use crate::client::error::ClientError;
use crate::client::model::{ClientEvent, OutboxKind, Refusal};

/// Milliseconds from an origin of the caller's choice; never goes back.
pub type Millis = u64;

/// Tells apart what the core was asked to do.
pub type Ticket = u64;

/// Encodes a request under the id that the core chooses.
pub type Encode = Box<dyn FnOnce(u32) -> Result<Encoded, CodecError> + Send>;

/// How much to bring into the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// Heads, names and members of all chats.
    Heads,
    /// Also every entry that is newer than what is cached.
    CatchUp,
    /// Also every older one, down to the floor.
    Full,
}

/// Where the cache of one chat stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatState {
    /// Which chat.
    pub chat: ChatId,
    /// First and last cached entry; first = last + 1 where only the position
    /// is known.
    pub range: Option<(Seq, Seq)>,
    /// Entries up to this one are gone.
    pub floor: Seq,
    /// Latest entry on the server as far as known.
    pub head: Seq,
    /// Revision of members and properties that is cached; -1 for none.
    pub info_rev: i64,
    /// Revision of the members' cursors that is cached.
    pub cursor_rev: u64,
    /// Own delivered cursor on the server.
    pub delivered: Seq,
    /// Read up to here, and the server does not know yet; 0 for nothing.
    pub unmarked_read: Seq,
    /// False for a public chat that is only looked at.
    pub joined: bool,
}

/// A message to be sent, or a change of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its id.
    pub id: EntryId,
    /// Where it goes.
    pub chat: ChatId,
    /// What is to be done.
    pub kind: OutboxKind,
    /// The text or emoji.
    pub text: String,
    /// What it replies to.
    pub reply_to: Option<Seq>,
}

/// How an attempt to connect failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Nobody answered; in words for a person.
    Unreachable(String),
    /// The server's key is not to be trusted.
    Refused(Refusal),
    /// The server answered and said no.
    Goodbye(WireError),
}

/// A change of the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Keep this token.
    Token(Token),
    /// The cache belongs to this community.
    Community(Uuid),
    /// All chats of the account.
    Heads(Vec<Head>),
    /// What the server says of chats.
    Infos(Vec<ChatInfo>),
    /// Entries in rising order, without gaps.
    Entries {
        /// Which chat.
        chat: ChatId,
        /// What.
        entries: Vec<Entry>,
        /// Entries up to this one are gone; 0 where nothing is.
        floor: Seq,
        /// Whether they just happened.
        live: bool,
        /// Whether they come from scrolling back.
        backfill: bool,
    },
    /// One member's cursors.
    Cursor {
        /// The move.
        moved: CursorMoved,
        /// Whether no revision before it was missed.
        next: bool,
    },
    /// All members' cursors.
    Cursors {
        /// Which chat.
        chat: ChatId,
        /// The cursors.
        cursors: Vec<MemberCursor>,
        /// The revision they show.
        rev: u64,
    },
    /// Entries of the account log.
    Account(Vec<AccountEntry>),
    /// The server knows the read cursor.
    Marked {
        /// Which chat.
        chat: ChatId,
        /// Read up to.
        read: Seq,
    },
    /// The account is no member any more.
    Left(ChatId),
    /// A message is stored on the server.
    Sent {
        /// Where.
        chat: ChatId,
        /// Which.
        id: EntryId,
        /// The server's word.
        sent: Sent,
    },
    /// A message was refused for good.
    Failed {
        /// Where.
        chat: ChatId,
        /// Which.
        id: EntryId,
        /// Why.
        error: WireError,
    },
    /// Names of people.
    Users(Vec<User>),
    /// Nothing to write: whose cached names are older than these revisions?
    Revisions(Vec<(UserId, u64)>),
    /// The contact list, as it was at an entry of the account log.
    Contacts {
        /// All of it.
        contacts: Vec<Contact>,
        /// That entry.
        at: Seq,
    },
    /// One's own profile, as it was at an entry of the account log.
    Profile {
        /// The profile.
        info: ProfileInfo,
        /// That entry.
        at: Seq,
    },
    /// How far an own message got in a large chat.
    Counts(ReceiptCounts),
}

/// What the core wants done. To be carried out in order; [`Output::Done`] only
/// after the writes before it are in the cache.
#[derive(Debug)]
pub enum Output {
    /// Make a connection with this Hello.
    Connect {
        /// The session to go on with.
        token: Option<Token>,
        /// At another address rather than at the one last connected to.
        elsewhere: bool,
    },
    /// Make one beside the connection that is up, at another address rather
    /// than at its own: the first Welcome wins over its silence.
    Race {
        /// The session to go on with.
        token: Option<Token>,
    },
    /// The connection speaks again: stop making the one beside it.
    CallOff,
    /// Close the connection; the one that is made beside it takes its place.
    Abandon,
    /// Close the connection, and stop making one.
    Disconnect,
    /// Send a frame.
    Send(Encoded),
    /// Change the cache.
    Write(Write),
    /// A session was opened on this connection.
    SignedIn {
        /// Whose.
        account: Account,
        /// The community of the server.
        community: Uuid,
        /// The session's token.
        token: Token,
    },
    /// The session was ended by the server.
    SessionEnded,
    /// The answer to a call.
    Answer(Ticket, Result<Frame, ClientError>),
    /// Something longer is complete; for loading older entries, true where the
    /// server has still older ones.
    Done(Ticket, Result<bool, ClientError>),
    /// Tell the user.
    Event(ClientEvent),
    /// Somebody started or stopped typing.
    Typing {
        /// Where.
        chat: ChatId,
        /// Who.
        user: UserId,
        /// Whether.
        on: bool,
    },
    /// Who is there.
    Presence {
        /// Who is how.
        users: Vec<Presence>,
        /// Whether this replaces what was known.
        snapshot: bool,
    },
    /// A message of the outbox is on its way, or is not any more.
    Sending(ChatId, EntryId, bool),
    /// The outbox may be drained: the connection is up.
    Ready,
}
