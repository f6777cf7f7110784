//! People as others see them, and finding them.

use serde::{Deserialize, Serialize};

use crate::codec::is_default;
use crate::digest::Digest as Hash;
use crate::id::UserId;

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
    /// again for those that are not here, of [`Banned`](super::Banned) for those behind these.
    #[serde(default, skip_serializing_if = "is_default")]
    pub more: bool,
}
