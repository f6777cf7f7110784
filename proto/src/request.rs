//! What a client asks and what it is answered.
//!
//! A request's frame type is its [`Call::KIND`]; a success is answered with
//! type `KIND | 0x8000` and the reply as payload, a refusal with [`REFUSAL`]
//! and a [`WireError`](crate::error::WireError). Answers may come in another
//! order than the requests; the request id tells them apart.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::codec::{self, CodecError, Encoded, Frame};

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

mod accounts;
mod changes;
mod chats;
mod groups;
mod messages;
mod people;
mod sync;
mod users;

pub use accounts::*;
pub use changes::*;
pub use chats::*;
pub use groups::*;
pub use messages::*;
pub use people::*;
pub use sync::*;
pub use users::*;

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

/// Nothing to say but yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {}

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
