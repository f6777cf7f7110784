//! What comes from another messenger, as a store takes it.

use proto::digest::Digest;
use proto::id::{EntryId, UserId};
use proto::request::Status;
use proto::text::{DisplayName, Email, Username};
use proto::{Seq, UnixMillis};

use super::ChatNo;

/// An account as it was elsewhere.
#[derive(Debug, Clone)]
pub struct ImportedUser {
    /// Its id, there and here.
    pub id: UserId,
    /// Its name.
    pub username: Username,
    /// Its address.
    pub email: Option<Email>,
    /// What its password verifies against.
    pub password_hash: String,
    /// Whether it administers the server.
    pub admin: bool,
    /// Whether it may not sign in.
    pub disabled: bool,
    /// First name.
    pub first_name: Option<DisplayName>,
    /// Last name.
    pub last_name: Option<DisplayName>,
    /// A picture, which [`Store::put_avatar`](super::Store::put_avatar) has
    /// stored.
    pub avatar: Option<Digest>,
    /// As chosen.
    pub status: Status,
    /// When it was last connected.
    pub last_seen: Option<UnixMillis>,
    /// When it was made.
    pub created_at: UnixMillis,
}

/// Where an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryPlace {
    /// Which.
    pub id: EntryId,
    /// Its chat.
    pub chat: ChatNo,
    /// Its position there.
    pub seq: Seq,
}
