//! People.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Time;

/// A person, as the asking one may see them.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct User {
    /// Which.
    pub id: Uuid,
    /// Unique, ignoring case.
    pub username: String,
    /// Only to oneself and to administrators, else empty.
    pub email: String,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// A URL, or empty.
    pub avatar: String,
    /// `online`, `offline`, `away`, `busy`; to oneself also `invisible`.
    pub status: String,
    /// When the last connection ended.
    pub last_seen: Option<Time>,
    /// Whether the account can be used.
    pub is_active: bool,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
    /// Words about themselves.
    pub bio: String,
    /// Words beside the status.
    pub status_text: String,
}

/// One person.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserAnswer {
    /// The person.
    pub user: User,
}
