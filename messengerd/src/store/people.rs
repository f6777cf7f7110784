//! Profiles and contacts as a store keeps them.

use proto::UnixMillis;
use proto::digest::Digest;
use proto::request::{ContactState, Status};
use proto::text::{Bio, DisplayName, Email, StatusText};

use super::UserRecord;

/// Stands in the place of an account's password hash where no password is to
/// verify: a sound PHC string of no algorithm.
pub const NO_PASSWORD: &str = "$none";

/// A change of one's own profile; what is `None` stays, an inner `None` empties.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileChange {
    /// First name.
    pub first_name: Option<Option<DisplayName>>,
    /// Last name.
    pub last_name: Option<Option<DisplayName>>,
    /// Words about oneself.
    pub bio: Option<Bio>,
    /// The address; unique where present.
    pub email: Option<Option<Email>>,
    /// Whether others learn what they have read.
    pub receipts: Option<bool>,
}

/// What somebody has chosen to be shown as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenStatus {
    /// Not [`Status::Offline`].
    pub status: Status,
    /// Words beside it.
    pub text: Option<StatusText>,
    /// When both fall back to plain online; whoever reads them compares.
    pub until: Option<UnixMillis>,
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvatarRecord {
    /// BLAKE3 of the bytes.
    pub hash: Digest,
    /// By its content.
    pub mime: &'static str,
    /// The bytes.
    pub image: bytes::Bytes,
}

/// How one account stands to another, as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactRecord {
    /// The other one.
    pub user: UserRecord,
    /// What the owner calls them.
    pub nickname: Option<String>,
    /// How they stand.
    pub state: ContactState,
    /// Whether the owner has blocked them.
    pub blocked: bool,
    /// Since when there is an entry.
    pub since: UnixMillis,
}

/// A change of how one account stands to another.
///
/// Each direction is a row of its own with `added`, `declined`, `blocked` and
/// the nickname. The state that an owner sees: mutual where both have added,
/// outgoing where only the owner has, incoming where only the other has and the
/// owner has neither declined nor blocked, none otherwise. Both accounts' logs
/// get a `CONTACT_CHANGED` entry where what their owner sees changed, so the one
/// who is blocked or declined is not told; the owner's always.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContactChange {
    /// The owner adds the other (asks, or accepts); declined is cleared.
    Add {
        /// What to call them; `None` leaves it.
        nickname: Option<DisplayName>,
    },
    /// The owner takes the other off the list or declines.
    Remove,
    /// What the owner calls the other; there has to be an entry, else
    /// [`StoreError::NoEntry`](super::StoreError::NoEntry).
    Nickname(Option<DisplayName>),
    /// The owner blocks or unblocks the other.
    Block(bool),
}
