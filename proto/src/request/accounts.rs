//! Accounts and their sessions.

use serde::{Deserialize, Serialize};

use crate::UnixMillis;
use crate::hello::Account;
use crate::id::SessionId;
use crate::text::{DeviceName, Email, Password, Token, Username};

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
    /// The password; one of old may be shorter than a new one.
    #[serde(deserialize_with = "Password::deserialize_existing")]
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
