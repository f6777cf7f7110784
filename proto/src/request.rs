//! What a client asks and what it is answered.
//!
//! A request's frame type is its [`Call::KIND`]; a success is answered with
//! type `KIND | 0x8000` and the reply as payload, a refusal with [`REFUSAL`]
//! and a [`WireError`](crate::error::WireError). Answers may come in another
//! order than the requests; the request id tells them apart.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::codec::{self, CodecError, Encoded, Frame, is_default};
use crate::digest::Digest as Hash;
use crate::entry::{AccountEntry, Entry};
use crate::hello::Account;
use crate::id::{ChatId, EntryId, SessionId, UserId};
use crate::text::{
    ChatName, Description, DeviceName, Email, MessageText, Password, Token, Username,
};
use crate::{Seq, UnixMillis};

macro_rules! words {
    ($(#[$outer:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$outer])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        pub enum $name {
            $($(#[$doc])* $variant,)*
            /// A word of a newer peer: to be shown, never to be sent.
            Unknown,
        }

        impl $name {
            /// Every value this version knows.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word on the wire.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                    Self::Unknown => "unknown",
                }
            }
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                match word.as_str() {
                    $($word => Self::$variant,)*
                    _ => Self::Unknown,
                }
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.as_str().to_owned()
            }
        }
    };
}

mod changes;
mod groups;
mod people;

pub use changes::*;
pub use groups::*;
pub use people::*;

/// Added to a request's type in the frame of its reply.
pub const REPLY: u16 = 0x8000;
/// Frame type of a refusal.
pub const REFUSAL: u16 = 0xffff;

/// A request that has a reply.
pub trait Call: Serialize + DeserializeOwned {
    /// The frame type.
    const KIND: u16;
    /// What a success is answered with.
    type Reply: Serialize + DeserializeOwned;

    /// Encodes the request.
    ///
    /// # Errors
    ///
    /// [`CodecError::TooLarge`].
    fn encode(&self, request_id: u32) -> Result<Encoded, CodecError> {
        codec::encode(Self::KIND, request_id, self)
    }

    /// Encodes the reply to a request of this type.
    ///
    /// # Errors
    ///
    /// [`CodecError::TooLarge`].
    fn encode_reply(request_id: u32, reply: &Self::Reply) -> Result<Encoded, CodecError> {
        codec::encode(Self::KIND | REPLY, request_id, reply)
    }
}

words! {
    /// What sort of chat.
    ChatKind {
        /// Two people; one such chat for each pair.
        Private = "private",
        /// Members only, by invitation.
        Group = "group",
        /// Anybody may read and join.
        Public = "public",
    }
}

words! {
    /// What a member may do.
    Role {
        /// Everything.
        Admin = "admin",
        /// Adds people; removes, mutes and bans members; deletes messages; pins.
        Moderator = "moderator",
        /// Writes.
        Member = "member",
    }
}

/// A person as others see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The account.
    pub id: UserId,
    /// Its name.
    pub username: String,
    /// First name; empty where none is given.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub first_name: String,
    /// Last name; empty where none is given.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub last_name: String,
    /// The picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar: Option<Hash>,
    /// Grows whenever names, picture or words about oneself change.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rev: u64,
}

impl User {
    /// A person without names or picture.
    pub fn new(id: UserId, username: impl Into<String>) -> Self {
        Self {
            id,
            username: username.into(),
            first_name: String::new(),
            last_name: String::new(),
            avatar: None,
            rev: 0,
        }
    }
}

/// Creates an account and signs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Register {
    /// The wanted name.
    pub username: Username,
    /// The password.
    pub password: Password,
    /// Optional; unique where present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// Needed where registration is by invite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite: Option<Token>,
    /// What to call this device in the list of sessions.
    pub device: DeviceName,
}

/// Signs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// User name or e-mail address.
    pub login: String,
    /// The password.
    pub password: Password,
    /// What to call this device in the list of sessions.
    pub device: DeviceName,
}

/// A session was opened. Heads and events follow if Hello asked for them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedIn {
    /// Who and which session.
    pub account: Account,
    /// Signs in next time, in Hello.
    pub token: Token,
}

/// Ends this session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logout {}

/// Nothing to say but yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {}

/// Lists the caller's sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sessions {}

/// Answer to [`Sessions`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionList {
    /// The sessions, latest used first.
    pub sessions: Vec<SessionInfo>,
}

/// A signed-in device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionInfo {
    /// Which.
    pub id: SessionId,
    /// What it calls itself.
    pub device: String,
    /// When it signed in.
    pub created_at: UnixMillis,
    /// When it was last connected, to a minute.
    pub last_used: UnixMillis,
    /// Whether it is the asking one.
    pub current: bool,
}

/// Ends one of the caller's sessions, at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokeSession {
    /// Which.
    pub session: SessionId,
}

/// Finds people whose name begins with or contains a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchUsers {
    /// The text; case does not matter.
    pub query: String,
    /// Most results, up to 50.
    pub limit: u32,
}

/// Looks people up by id or exact name; who does not exist is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Users {
    /// By id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<UserId>,
    /// By name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
}

/// People.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserList {
    /// Who was found.
    pub users: Vec<User>,
    /// Whether some did not fit into a frame. Of [`Users`](struct@Users) ask
    /// again for those that are not here, of [`Banned`] for those behind these.
    #[serde(default, skip_serializing_if = "is_default")]
    pub more: bool,
}

/// Creates a chat. Repeated with the same id by the same person it returns the
/// first one; a private chat of a pair that has one returns that one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateChat {
    /// Made by the client.
    pub id: ChatId,
    /// What sort of chat.
    pub kind: ChatKind,
    /// Needed for a group or public chat, absent for a private one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<ChatName>,
    /// What it is about; not for a private chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Description>,
    /// The other members; exactly one for a private chat (oneself for notes).
    pub members: Vec<UserId>,
}

/// A chat and who is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatInfo {
    /// Which chat.
    pub id: ChatId,
    /// What sort.
    pub kind: ChatKind,
    /// Its name; private chats have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When it was made.
    pub created_at: UnixMillis,
    /// The revision of members and properties that this shows.
    pub acl_rev: u64,
    /// The present members: those who joined first where not all fit.
    pub members: Vec<Member>,
    /// Whether there are more: ask [`Members`] for those behind these.
    #[serde(default, skip_serializing_if = "is_default")]
    pub members_more: bool,
    /// Where its log stood.
    pub head: crate::event::Head,
    /// What it is about.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Its picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar: Option<Hash>,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<UserId>,
    /// What members may do.
    #[serde(default, skip_serializing_if = "is_default")]
    pub settings: ChatSettings,
    /// The caller's own settings.
    #[serde(default, skip_serializing_if = "is_default")]
    pub prefs: ChatPrefs,
    /// False where the caller reads a public chat without being a member.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub joined: bool,
}

fn yes() -> bool {
    true
}

fn is_yes(value: &bool) -> bool {
    *value
}

/// A member of a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Who.
    pub user: User,
    /// What they may do.
    pub role: Role,
    /// Until when they may not write; absent where they may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted_until: Option<UnixMillis>,
}

/// Describes chats. Those that do not exist or are not the caller's are left
/// out alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chats {
    /// Which.
    pub ids: Vec<ChatId>,
}

/// Answer to [`Chats`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatList {
    /// Those that fitted into a frame, in the order asked.
    pub chats: Vec<ChatInfo>,
    /// Whether some did not fit: ask again for the rest.
    #[serde(default)]
    pub more: bool,
}

/// Lists the members of a chat, in the order they joined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Members {
    /// Which chat.
    pub chat: ChatId,
    /// How many to pass over.
    #[serde(default)]
    pub offset: u32,
}

/// Answer to [`Members`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberList {
    /// Those that fitted into a frame.
    pub members: Vec<Member>,
    /// Whether there are more behind these.
    #[serde(default)]
    pub more: bool,
    /// The revision of members and properties that this shows: where it is not
    /// that of the part before, begin anew.
    pub acl_rev: u64,
}

/// Adds people to a group or public chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddMembers {
    /// Which chat.
    pub chat: ChatId,
    /// Who; present members are passed over.
    pub users: Vec<UserId>,
}

/// Removes somebody from a group or public chat, or leaves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoveMember {
    /// Which chat.
    pub chat: ChatId,
    /// Who.
    pub user: UserId,
}

/// Writes a message. Answered once it is durable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Send {
    /// Where.
    pub chat: ChatId,
    /// Made by the sender (UUIDv7); repeating the request with the same id is
    /// harmless.
    pub id: EntryId,
    /// What.
    pub text: MessageText,
    /// The entry it replies to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Seq>,
    /// The message it forwards: the server puts that one's present text in the
    /// place of `text` and names its author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward: Option<Origin>,
}

/// Answer to [`Send`] and to every other request that adds one entry to a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The message's place in the log.
    pub seq: Seq,
    /// Its number among the messages.
    pub msg_no: u64,
    /// When the server took it.
    pub at: UnixMillis,
    /// Whether an earlier request had stored it already.
    #[serde(default)]
    pub dup: bool,
}

/// The entries after a known one, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// Which chat.
    pub chat: ChatId,
    /// The last entry the caller has; 0 for the beginning.
    pub after: Seq,
    /// Most entries, up to 1000.
    pub limit: u32,
}

/// The latest entries, or those before a known one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// Which chat.
    pub chat: ChatId,
    /// Entries before this one; none for the latest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Seq>,
    /// Most entries, up to 1000.
    pub limit: u32,
}

/// Entries in rising order, without gaps between them. Cut by count and by
/// 192 KiB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// The entries, oldest first.
    pub entries: Vec<Entry>,
    /// Whether there are more in the direction asked.
    #[serde(default)]
    pub more: bool,
    /// Entries up to this one are gone; 0 where nothing is.
    #[serde(default)]
    pub floor: Seq,
}

/// Moves the caller's own cursors forward; going back is ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Which chat.
    pub chat: ChatId,
    /// Read up to this entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<Seq>,
    /// Received up to this entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered: Option<Seq>,
}

/// Says that the caller is typing, or has stopped. Repeat every 3 to 5 s.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Typing {
    /// Where.
    pub chat: ChatId,
    /// Whether.
    pub on: bool,
}

/// The cursors of all members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursors {
    /// Which chat.
    pub chat: ChatId,
}

/// Answer to [`Cursors`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CursorList {
    /// One for each present member.
    pub cursors: Vec<MemberCursor>,
    /// The revision that this shows.
    pub cursor_rev: u64,
}

/// One member's cursors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberCursor {
    /// Who.
    pub user: UserId,
    /// Read up to this entry …
    pub read: Seq,
    /// … and up to this message.
    pub read_no: u64,
    /// Received up to this entry.
    pub delivered: Seq,
}

/// The digest of a chat's log; see [`digest`](crate::digest).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// Which chat.
    pub chat: ChatId,
    /// Up to and including this entry; cut to the head.
    pub upto: Seq,
}

/// Answer to [`Digest`] and [`AccountDigest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigestReply {
    /// The entry the digest goes up to.
    pub upto: Seq,
    /// Entries up to this one are gone and not covered.
    #[serde(default)]
    pub floor: Seq,
    /// The digest.
    pub digest: Hash,
}

/// Asks for [`Heads`](crate::event::Heads): they are sent as events, the
/// reply behind them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncHeads {}

/// The account log after a known entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountChanges {
    /// The last entry the caller has.
    pub after: Seq,
    /// Most entries, up to 1000.
    pub limit: u32,
}

/// Answer to [`AccountChanges`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountPage {
    /// The entries, oldest first.
    pub entries: Vec<AccountEntry>,
    /// Whether there are more.
    #[serde(default)]
    pub more: bool,
}

/// The digest of the caller's account log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountDigest {
    /// Up to and including this entry; cut to the latest.
    pub upto: Seq,
}

/// Asks whether the other side is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ping {}

macro_rules! calls {
    ($($number:literal $name:ident -> $reply:ty,)*) => {
        /// A decoded request.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Request {
            $(#[doc = concat!("See [`struct@", stringify!($name), "`].")] $name($name),)*
        }

        impl Request {
            /// The numbers of all requests this version knows.
            pub const KINDS: &'static [u16] = &[$($number,)*];
            /// Their names, in the same order.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name),)*];

            /// Decodes a request frame; `None` for a type of a newer version.
            ///
            /// # Errors
            ///
            /// [`CodecError::Payload`] where the payload is malformed or a
            /// text in it is not allowed.
            pub fn decode(frame: &Frame) -> Result<Option<Self>, CodecError> {
                Ok(Some(match frame.kind {
                    $($number => Self::$name(frame.decode()?),)*
                    _ => return Ok(None),
                }))
            }

            /// Encodes the request.
            ///
            /// # Errors
            ///
            /// [`CodecError::TooLarge`].
            pub fn encode(&self, request_id: u32) -> Result<Encoded, CodecError> {
                match self {
                    $(Self::$name(request) => Call::encode(request, request_id),)*
                }
            }

            /// The request's name, for logs.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => stringify!($name),)*
                }
            }
        }

        /// A decoded reply, named after its request. Who keeps the request
        /// decodes [`Call::Reply`] instead; this is for who sees frames alone.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Reply {
            $(#[doc = concat!("Reply to [`struct@", stringify!($name), "`].")] $name($reply),)*
        }

        impl Reply {
            /// Decodes a reply frame; `None` for a type of a newer version.
            ///
            /// # Errors
            ///
            /// [`CodecError::Payload`] where the payload is malformed.
            pub fn decode(frame: &Frame) -> Result<Option<Self>, CodecError> {
                if frame.kind & REPLY == 0 {
                    return Ok(None);
                }
                Ok(Some(match frame.kind & !REPLY {
                    $($number => Self::$name(frame.decode()?),)*
                    _ => return Ok(None),
                }))
            }

            /// Encodes the reply.
            ///
            /// # Errors
            ///
            /// [`CodecError::TooLarge`].
            pub fn encode(&self, request_id: u32) -> Result<Encoded, CodecError> {
                match self {
                    $(Self::$name(reply) => $name::encode_reply(request_id, reply),)*
                }
            }
        }

        $(impl Call for $name {
            const KIND: u16 = $number;
            type Reply = $reply;
        })*
    };
}

calls! {
    0x0100 Register -> SignedIn,
    0x0101 Login -> SignedIn,
    0x0102 Logout -> Done,
    0x0103 Sessions -> SessionList,
    0x0104 RevokeSession -> Done,
    0x0105 ChangePassword -> Done,
    0x0110 SearchUsers -> UserList,
    0x0111 Users -> UserList,
    0x0112 Profile -> ProfileInfo,
    0x0113 SetProfile -> ProfileInfo,
    0x0114 SetStatus -> ProfileInfo,
    0x0115 Idle -> Done,
    0x0116 SetAvatar -> Done,
    0x0117 Avatar -> AvatarImage,
    0x0118 Contacts -> ContactList,
    0x0119 AddContact -> Contact,
    0x011a ChangeContact -> Contact,
    0x011b RemoveContact -> Done,
    0x0120 CreateChat -> ChatInfo,
    0x0121 Chats -> ChatList,
    0x0122 AddMembers -> Done,
    0x0123 RemoveMember -> Done,
    0x0124 ChangeChat -> Done,
    0x0125 SetRole -> Done,
    0x0126 MuteMember -> Done,
    0x0127 BanMember -> Done,
    0x0128 Banned -> UserList,
    0x0129 DeleteChat -> Done,
    0x012a JoinChat -> ChatInfo,
    0x012b Directory -> DirectoryList,
    0x012c SetChatPrefs -> Done,
    0x012d CreateChatInvite -> ChatInvite,
    0x012e ChatInvites -> ChatInviteList,
    0x012f RevokeChatInvite -> Done,
    0x0130 Send -> Sent,
    0x0131 Changes -> Page,
    0x0132 History -> Page,
    0x0133 Mark -> Done,
    0x0134 Typing -> Done,
    0x0135 Cursors -> CursorList,
    0x0136 Digest -> DigestReply,
    0x0137 AcceptChatInvite -> ChatInfo,
    0x0138 EditMessage -> Sent,
    0x0139 DeleteMessage -> Sent,
    0x013a React -> Sent,
    0x013b PinMessage -> Sent,
    0x013c Pins -> PinList,
    0x013d SearchMessages -> SearchResults,
    0x013e Members -> MemberList,
    0x0140 SyncHeads -> Done,
    0x0141 AccountChanges -> AccountPage,
    0x0142 AccountDigest -> DigestReply,
    0x0143 Ping -> Done,
}
