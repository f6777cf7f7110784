//! Entries of a contact list.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Time, User};

/// An entry of the caller's contact list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Contact {
    /// Of the entry.
    pub id: Uuid,
    /// Whose list it is.
    pub user_id: Uuid,
    /// Who is in it.
    pub contact_id: Uuid,
    /// What the owner calls them; may be empty.
    pub nickname: String,
    /// Whether the owner has blocked them.
    pub is_blocked: bool,
    /// `mutual`, `outgoing`, `incoming` or `none`.
    pub state: String,
    /// Since when there is an entry.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
    /// Who is in it.
    pub contact: User,
    /// As in `contact`.
    pub username: String,
    /// As in `contact`.
    pub first_name: String,
    /// As in `contact`.
    pub last_name: String,
    /// As in `contact`.
    pub avatar: String,
    /// As in `contact`.
    pub status: String,
    /// As in `contact`.
    pub last_seen: Option<Time>,
}
