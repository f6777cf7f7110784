//! People as this account sees them.

use proto::UnixMillis;
use proto::digest::Digest;
use proto::id::UserId;
use proto::request::ContactState;

/// An entry of the contact list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactRow {
    /// Who.
    pub user: UserId,
    /// The name they sign in with.
    pub username: String,
    /// Their name as shown: nickname, else first and last name, else user name.
    pub name: String,
    /// What they are called here.
    pub nickname: Option<String>,
    /// Their picture.
    pub avatar: Option<Digest>,
    /// How the two stand.
    pub state: ContactState,
    /// Whether they are blocked.
    pub blocked: bool,
    /// Since when they are listed.
    pub since: UnixMillis,
}
