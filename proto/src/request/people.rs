//! People: profiles, statuses, contacts.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::User;
use crate::UnixMillis;
use crate::codec::is_default;
use crate::digest::Digest as Hash;
use crate::id::{ChatId, UserId};
use crate::text::{Bio, DisplayName, Email, Password, StatusText};

words! {
    /// Whether somebody is there, as chosen by themselves or as seen.
    Status {
        /// There.
        Online = "online",
        /// Not at the keyboard.
        Away = "away",
        /// Not to be disturbed.
        Busy = "busy",
        /// There, but shown to others as offline. Others never see this word.
        Invisible = "invisible",
        /// Not connected; never chosen.
        Offline = "offline",
    }
}

/// Replaces the password. All other sessions of the account end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangePassword {
    /// The present one; one of old may be shorter than a new one.
    #[serde(deserialize_with = "Password::deserialize_existing")]
    pub old: Password,
    /// The next one.
    pub new: Password,
}

/// Asks for a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Whose; the caller's own where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
}

/// Somebody's profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileInfo {
    /// Who.
    pub user: User,
    /// A few words about themselves; several lines.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub bio: String,
    /// When the account was made.
    pub created_at: UnixMillis,
    /// As others see it: [`Status::Offline`] where they may not see it. One's
    /// own: as chosen.
    pub status: Status,
    /// Words beside the status; empty where there are none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub status_text: String,
    /// When status and text fall back to plain online.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_until: Option<UnixMillis>,
    /// Only in one's own profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<OwnSettings>,
}

/// What only the account's owner sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnSettings {
    /// The e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether others learn what one has read.
    pub receipts: bool,
}

/// Changes the caller's own profile; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetProfile {
    /// First name; cleared by [`SetProfile::clear`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<DisplayName>,
    /// Last name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<DisplayName>,
    /// A few words about oneself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bio: Option<Bio>,
    /// The e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// Whether others learn what one has read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipts: Option<bool>,
    /// Fields to be emptied: `first_name`, `last_name`, `bio`, `email`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clear: Vec<String>,
}

/// Chooses how one is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetStatus {
    /// Not [`Status::Offline`].
    pub status: Status,
    /// Words beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<StatusText>,
    /// When both fall back to plain online.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<UnixMillis>,
}

/// Says that nobody is at this device, or that somebody is again. Who is idle
/// on all live sessions is shown as away. Lapses with the connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Idle {
    /// Whether.
    pub on: bool,
}

/// Sets or removes the picture of the caller or of a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAvatar {
    /// The chat's; the caller's own where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat: Option<ChatId>,
    /// PNG, JPEG, GIF or WebP of at most 128 KiB; absent: none any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Bytes>,
}

/// Asks for a picture by the hash that a user or chat names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Avatar {
    /// BLAKE3 of its bytes.
    pub hash: Hash,
}

/// Answer to [`Avatar`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AvatarImage {
    /// `image/png`, `image/jpeg`, `image/gif` or `image/webp`, by its content.
    pub mime: String,
    /// The bytes.
    pub image: Bytes,
}

words! {
    /// How two people stand to each other.
    ContactState {
        /// Both have the other as a contact: each sees the other's presence.
        Mutual = "mutual",
        /// Asked by the caller and not accepted (yet).
        Outgoing = "outgoing",
        /// Asked by the other; to be accepted with
        /// [`AddContact`] or declined with [`RemoveContact`].
        Incoming = "incoming",
        /// Listed only because the caller has blocked them.
        None = "none",
    }
}

/// An entry of one's contact list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Who.
    pub user: User,
    /// What the caller calls them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// How they stand.
    pub state: ContactState,
    /// Whether the caller has blocked them. The blocked one is never told.
    #[serde(default)]
    pub blocked: bool,
    /// Since when the entry is there.
    pub since: UnixMillis,
}

/// Lists the caller's contacts, requests and blocked people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contacts {
    /// How many to pass over.
    #[serde(default)]
    pub offset: u32,
}

/// Answer to [`Contacts`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactList {
    /// By name: those that fitted into a frame.
    pub contacts: Vec<Contact>,
    /// Whether there are more behind these.
    #[serde(default)]
    pub more: bool,
}

/// Asks somebody to be a contact, or accepts their asking. May be repeated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddContact {
    /// Who.
    pub user: UserId,
    /// What to call them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nickname: Option<DisplayName>,
}

/// Changes what the caller calls somebody, or blocks them. Blocking needs no
/// contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeContact {
    /// Who.
    pub user: UserId,
    /// The new nickname.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nickname: Option<DisplayName>,
    /// Whether the nickname is to be removed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub clear_nickname: bool,
    /// Blocks or unblocks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked: Option<bool>,
}

/// Takes somebody off the contact list, or declines their asking. May be
/// repeated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoveContact {
    /// Who.
    pub user: UserId,
}
