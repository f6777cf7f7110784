//! How a command ends that did not do what was asked: exit code and sentence.

use proto::catalog::{CliText, Lang, fill, sentence};
use proto::error::{ErrorCode, WireError};
use proto::text::printable_line;

use crate::client::ClientError;
use crate::client::model::Refusal;
use crate::config::ConfigError;

/// Exit codes; stable.
pub mod exit {
    /// Refused or failed.
    pub const FAILED: u8 = 1;
    /// Wrong usage.
    pub const USAGE: u8 = 2;
    /// The server was not reached.
    pub const UNREACHABLE: u8 = 3;
    /// Nobody is signed in.
    pub const SIGNED_OUT: u8 = 4;
    /// The server's certificate has changed.
    pub const CERTIFICATE: u8 = 5;
    /// No such chat or person.
    pub const NOT_FOUND: u8 = 6;
    /// Too many requests.
    pub const RATE_LIMITED: u8 = 7;
    /// The message waits in the outbox.
    pub const QUEUED: u8 = 8;
}

/// Why a command failed.
#[derive(Debug)]
pub enum Failure {
    /// From the client.
    Client(ClientError),
    /// Wrong usage, in words for a person.
    Usage(String),
    /// No such thing, in words for a person.
    NotFound(String),
    /// Something else, in words for a person.
    Other(String),
    /// Ends with this code; what there is to say was said.
    Quiet(u8),
    /// Nobody reads the output any more.
    BrokenPipe,
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::Client(error)
    }
}

impl From<crate::client::cache::DbError> for Failure {
    fn from(error: crate::client::cache::DbError) -> Self {
        Self::Client(error.into())
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        match error {
            ConfigError::Profile(_) => Self::Usage(error.to_string()),
            other => Self::Other(other.to_string()),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            Self::BrokenPipe
        } else {
            Self::Other(error.to_string())
        }
    }
}

impl Failure {
    /// The process's exit code.
    pub fn code(&self) -> u8 {
        match self {
            Self::Client(error) => client_code(error),
            Self::Usage(_) => exit::USAGE,
            Self::NotFound(_) => exit::NOT_FOUND,
            Self::Other(_) => exit::FAILED,
            Self::Quiet(code) => *code,
            Self::BrokenPipe => 0,
        }
    }

    /// A stable word for scripts.
    pub fn word(&self) -> &str {
        match self {
            Self::Client(ClientError::Server(error)) => error.code.as_str(),
            _ => match self.code() {
                exit::USAGE => "usage",
                exit::UNREACHABLE => "unreachable",
                exit::SIGNED_OUT => "signed_out",
                exit::CERTIFICATE => "certificate_changed",
                exit::NOT_FOUND => "not_found",
                exit::RATE_LIMITED => "rate_limited",
                exit::QUEUED => "queued",
                _ => "failed",
            },
        }
    }

    /// The sentence for a person, safe for a terminal; `None` where there is
    /// nothing to say.
    pub fn sentence(&self, lang: Lang) -> Option<String> {
        match self {
            Self::Client(error) => Some(client_sentence(lang, error)),
            Self::Usage(text) | Self::NotFound(text) | Self::Other(text) => Some(text.clone()),
            Self::Quiet(_) | Self::BrokenPipe => None,
        }
    }
}

fn client_code(error: &ClientError) -> u8 {
    match error {
        ClientError::Server(error) => server_code(error),
        ClientError::Refused(Refusal::CertificateChanged { .. }) => exit::CERTIFICATE,
        ClientError::Refused(Refusal::Server(error)) => server_code(error),
        ClientError::Refused(_) => exit::FAILED,
        ClientError::Offline(_) | ClientError::Timeout => exit::UNREACHABLE,
        ClientError::SignedOut => exit::SIGNED_OUT,
        ClientError::Invalid(_) => exit::USAGE,
        ClientError::OtherAccount { .. } | ClientError::Cache(_) | ClientError::Closed => {
            exit::FAILED
        }
    }
}

/// The exit code for a refusal of the server.
pub(super) fn server_code(error: &WireError) -> u8 {
    match error.code {
        ErrorCode::Unauthenticated => exit::SIGNED_OUT,
        ErrorCode::NotFound => exit::NOT_FOUND,
        ErrorCode::RateLimited => exit::RATE_LIMITED,
        _ => exit::FAILED,
    }
}

fn client_sentence(lang: Lang, error: &ClientError) -> String {
    let say = |text: CliText, values: &[(&str, &str)]| fill(text.get(lang), values);
    match error {
        ClientError::Server(error) | ClientError::Refused(Refusal::Server(error)) => {
            sentence(lang, error)
        }
        ClientError::Offline(reason) => {
            say(CliText::Unreachable, &[("reason", &printable_line(reason))])
        }
        ClientError::Refused(Refusal::CertificateChanged { pinned, shown }) => say(
            CliText::CertificateChanged,
            &[("pinned", pinned), ("shown", shown)],
        ),
        ClientError::Refused(Refusal::Untrusted { shown }) => {
            say(CliText::Untrusted, &[("fingerprint", shown)])
        }
        ClientError::Refused(Refusal::OtherCommunity) => say(CliText::OtherCommunity, &[]),
        ClientError::SignedOut => say(CliText::SignedOut, &[]),
        ClientError::Timeout => say(CliText::Timeout, &[]),
        ClientError::Invalid(what) => say(CliText::Invalid, &[("what", &printable_line(what))]),
        ClientError::OtherAccount { username, unsent } => say(
            CliText::OtherAccount,
            &[
                ("name", &printable_line(username)),
                ("count", &unsent.to_string()),
            ],
        ),
        ClientError::Cache(what) => say(CliText::Cache, &[("what", &printable_line(what))]),
        ClientError::Closed => say(CliText::Closed, &[]),
    }
}
