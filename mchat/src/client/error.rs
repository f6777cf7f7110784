//! What an operation of the client may fail with.

use proto::error::{ErrorCode, WireError};

use super::model::Refusal;

/// Why an operation of [`Client`](super::Client) failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The server said no.
    #[error("{0}")]
    Server(#[from] WireError),
    /// The server is not reached right now; in words for a person.
    #[error("server not reached: {0}")]
    Offline(String),
    /// The client gave up until a person decides.
    #[error("connection refused")]
    Refused(Refusal),
    /// Nobody is signed in with this profile.
    #[error("nobody is signed in")]
    SignedOut,
    /// No answer in time; whether the server did it is not known.
    #[error("no answer in time")]
    Timeout,
    /// A value cannot be sent; in words of [`proto::text::TextError`].
    #[error("{0}")]
    Invalid(String),
    /// The profile holds unsent messages of another account.
    #[error("the profile holds {unsent} unsent messages of {username}")]
    OtherAccount {
        /// Whose profile it is.
        username: String,
        /// How many messages wait.
        unsent: u64,
    },
    /// The local cache could not be read or written.
    #[error("local cache: {0}")]
    Cache(String),
    /// The client was closed.
    #[error("the client was closed")]
    Closed,
}

impl ClientError {
    /// Whether nobody was there to ask, so that the cache has to answer.
    pub fn is_unreached(&self) -> bool {
        matches!(
            self,
            Self::Offline(_) | Self::Refused(_) | Self::SignedOut | Self::Timeout
        )
    }

    /// Whether the cache has to answer about a chat: nobody was there to ask, or
    /// the chat was left and the server does not know the asker in it.
    pub(super) fn leaves_it_to_the_cache(&self) -> bool {
        self.is_unreached() || self.code() == Some(&ErrorCode::NotFound)
    }

    /// The server's code, where it was the server that refused.
    pub fn code(&self) -> Option<&ErrorCode> {
        match self {
            Self::Server(error) => Some(&error.code),
            _ => None,
        }
    }
}

impl From<proto::codec::CodecError> for ClientError {
    fn from(error: proto::codec::CodecError) -> Self {
        Self::Invalid(error.to_string())
    }
}

impl From<proto::text::TextError> for ClientError {
    fn from(error: proto::text::TextError) -> Self {
        Self::Invalid(error.to_string())
    }
}
