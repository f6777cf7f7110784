//! Refusals. A refusal carries a stable code, parameters and, where trying
//! again makes sense, when; each interface words it in its reader's language
//! (see [`catalog`](crate::catalog)).

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $word:literal,)*) => {
        /// What went wrong, as a stable word. A word that this program does not
        /// know is kept as [`ErrorCode::Other`].
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        pub enum ErrorCode {
            $($(#[$doc])* $variant,)*
            /// A word of a newer peer.
            Other(String),
        }

        impl ErrorCode {
            /// Every code this version knows.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$variant,)*];

            /// The stable word.
            pub fn as_str(&self) -> &str {
                match self {
                    $(ErrorCode::$variant => $word,)*
                    ErrorCode::Other(word) => word,
                }
            }
        }

        impl From<String> for ErrorCode {
            fn from(word: String) -> Self {
                match word.as_str() {
                    $($word => ErrorCode::$variant,)*
                    _ => ErrorCode::Other(word),
                }
            }
        }
    };
}

codes! {
    /// A field is missing, malformed or out of range; parameter `what`.
    BadRequest = "bad_request",
    /// The request needs a signed-in session, or the session has ended.
    Unauthenticated = "unauthenticated",
    /// Wrong name or password; the two are not told apart.
    BadCredentials = "bad_credentials",
    /// Known and visible, but not allowed.
    Forbidden = "forbidden",
    /// Does not exist, or is not for this caller's eyes.
    NotFound = "not_found",
    /// An id is already in use for something else.
    Conflict = "conflict",
    /// The user name belongs to somebody; parameter `name`.
    UsernameTaken = "username_taken",
    /// The e-mail address belongs to somebody.
    EmailTaken = "email_taken",
    /// This server takes no new accounts.
    RegistrationClosed = "registration_closed",
    /// A new account needs an invite.
    InviteRequired = "invite_required",
    /// The invite is unknown, used up or expired.
    InviteInvalid = "invite_invalid",
    /// A member who may not write at present.
    Muted = "muted",
    /// Larger than the limit; parameters `what`, `limit`.
    TooLarge = "too_large",
    /// Too many tries; comes with `retry_after_ms`.
    RateLimited = "rate_limited",
    /// The server is overloaded right now; try again.
    Busy = "busy",
    /// The server's disk is full; nothing was stored; try again.
    StorageFull = "storage_full",
    /// The server cannot reach what it needs right now; try again.
    Unavailable = "unavailable",
    /// A bug on the server; the details are in its log.
    Internal = "internal",
    /// The peer does not know this request.
    Unsupported = "unsupported",
    /// No common protocol version; parameters `theirs`, `ours`.
    VersionMismatch = "version_mismatch",
    /// The peer broke the protocol; parameter `what`.
    ProtocolViolation = "protocol_violation",
    /// The server is going down; connect again.
    ShuttingDown = "shutting_down",
}

impl ErrorCode {
    /// The parameters a refusal with this code comes with.
    pub fn params(&self) -> &'static [&'static str] {
        match self {
            Self::BadRequest | Self::ProtocolViolation => &["what"],
            Self::UsernameTaken => &["name"],
            Self::TooLarge => &["what", "limit"],
            Self::VersionMismatch => &["theirs", "ours"],
            _ => &[],
        }
    }
}

impl From<ErrorCode> for String {
    fn from(code: ErrorCode) -> String {
        match code {
            ErrorCode::Other(word) => word,
            known => known.as_str().to_owned(),
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A refusal as it travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}{}", describe(.params))]
pub struct WireError {
    /// The stable word.
    pub code: ErrorCode,
    /// Values for the placeholders of the sentence.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, String>,
    /// After how many milliseconds the same request may succeed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

fn describe(params: &BTreeMap<String, String>) -> String {
    params
        .iter()
        .map(|(name, value)| format!(" {name}={value}"))
        .collect()
}

impl WireError {
    /// A refusal without parameters.
    pub fn new(code: ErrorCode) -> Self {
        Self {
            code,
            params: BTreeMap::new(),
            retry_after_ms: None,
        }
    }

    /// The same with one more parameter.
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.params.insert(name.to_owned(), value.to_string());
        self
    }

    /// The same with a time to wait, in milliseconds.
    pub fn retry_after(mut self, millis: u64) -> Self {
        self.retry_after_ms = Some(millis);
        self
    }

    /// True where repeating the unchanged request later may succeed, so that
    /// an outbox keeps it.
    pub fn is_retryable(&self) -> bool {
        self.retry_after_ms.is_some()
            || matches!(
                self.code,
                ErrorCode::RateLimited
                    | ErrorCode::Busy
                    | ErrorCode::StorageFull
                    | ErrorCode::Unavailable
                    | ErrorCode::ShuttingDown
            )
    }
}

impl From<ErrorCode> for WireError {
    fn from(code: ErrorCode) -> Self {
        Self::new(code)
    }
}
