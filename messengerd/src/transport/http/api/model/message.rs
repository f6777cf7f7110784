//! What was written.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Chat, Time, User};

/// A message.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Message {
    /// Which; made by the sender.
    pub id: Uuid,
    /// Its place in the chat's log.
    pub seq: u64,
    /// Who wrote it.
    pub sender_id: Uuid,
    /// The other one of a private chat.
    pub receiver_id: Option<Uuid>,
    /// Where.
    pub chat_id: Uuid,
    /// The present text; empty once deleted.
    pub content: String,
    /// `text`, `file`, `image`, `video`, `audio` or `system`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `sent`, `delivered` or `read`: by every other member.
    pub status: String,
    /// Whether the text is not the first one.
    pub is_edited: bool,
    /// The message it replies to.
    pub reply_to_id: Option<Uuid>,
    /// When it was taken.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
    /// Who wrote it.
    pub sender: User,
    /// The other one of a private chat.
    pub receiver: Option<User>,
    /// The chat, without members and messages, where a single message is asked for.
    #[schema(no_recursion)]
    pub chat: Option<Box<Chat>>,
    /// The message it replies to, without what that one replies to.
    #[schema(no_recursion)]
    pub reply_to: Option<Box<Message>>,
    /// Always empty: kept for earlier programs.
    #[schema(value_type = Vec<Object>)]
    pub replies: Vec<Value>,
    /// What is attached.
    #[schema(value_type = Vec<Object>)]
    pub files: Vec<Value>,
    /// In the order made.
    pub reactions: Vec<Reaction>,
    /// How to call who wrote it.
    pub sender_name: String,
    /// Whether it was deleted.
    pub deleted: bool,
    /// When the text was last changed.
    pub edited_at: Option<Time>,
    /// Whether it is pinned.
    pub pinned: bool,
    /// Who wrote what it repeats.
    pub forwarded_from: Option<Uuid>,
    /// The text with what a search found between `**` … `**`; only in results of a search.
    pub highlight: Option<String>,
}

/// A reaction to a message.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Reaction {
    /// Which.
    pub id: Uuid,
    /// To what.
    pub message_id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// What.
    pub emoji: String,
    /// When.
    pub created_at: Time,
    /// Whose.
    pub user: User,
}
