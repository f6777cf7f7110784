//! People.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use proto::id::UserId;

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

impl User {
    /// Somebody of whom nothing is known but the id.
    pub fn nobody(id: UserId) -> Self {
        Self {
            id: id.0,
            username: String::new(),
            email: String::new(),
            first_name: String::new(),
            last_name: String::new(),
            avatar: String::new(),
            status: "offline".to_owned(),
            last_seen: None,
            is_active: false,
            created_at: Time(0),
            updated_at: Time(0),
            bio: String::new(),
            status_text: String::new(),
        }
    }
}

/// One person.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserAnswer {
    /// The person.
    pub user: User,
}
