//! The handshake: the client's first frame is [`Hello`], the server answers
//! with [`Welcome`] or with [`Goodbye`](crate::event::Goodbye).

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::UnixMillis;
use crate::id::{SessionId, UserId};
use crate::text::Token;

/// Frame type of [`Hello`].
pub const HELLO: u16 = 0x0001;
/// Frame type of [`Welcome`].
pub const WELCOME: u16 = 0x0002;

/// The client's first frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Newest version the client speaks.
    pub version: u16,
    /// Oldest version the client speaks.
    pub min_version: u16,
    /// Optional features the client knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<String>,
    /// Name and version of the program, for the session list and logs.
    pub client: String,
    /// The session to go on with; none to register or sign in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Token>,
    /// Whether the client wants heads and events. Without it the connection
    /// only answers requests and does not make its user online.
    #[serde(default)]
    pub live: bool,
}

/// The server's answer to [`Hello`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// The version both will speak.
    pub version: u16,
    /// Optional features the server knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<String>,
    /// Name and version of the server program.
    pub server: String,
    /// Identifies the community whose data this is: the same on all its
    /// nodes and over restarts. A cache of another one must not be used.
    pub community: Uuid,
    /// Addresses (`host:port`) of all nodes, this one first; may be empty
    /// where the server does not know how it is reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<String>,
    /// Who the token belongs to; none where Hello had no token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Account>,
    /// A fresh token to keep in place of the old one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Token>,
    /// The server's clock.
    pub time: UnixMillis,
}

/// The signed-in account of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The account.
    pub user: UserId,
    /// Its name.
    pub username: String,
    /// This device's session.
    pub session: SessionId,
    /// Whether the account administers the server.
    #[serde(default)]
    pub admin: bool,
}
