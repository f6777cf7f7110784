//! Signed-in devices.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Time;

/// A signed-in device.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Session {
    /// Which.
    pub id: Uuid,
    /// What it calls itself.
    pub device: String,
    /// When it signed in.
    pub created_at: Time,
    /// When it was last used, to a minute.
    pub last_used: Time,
    /// Whether it is the asking one.
    pub current: bool,
}
