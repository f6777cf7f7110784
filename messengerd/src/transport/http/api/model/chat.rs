//! Chats and who is in them.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Message, Time, User};

/// A chat.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Chat {
    /// Which.
    pub id: Uuid,
    /// Empty for a private one.
    pub name: String,
    /// May be empty.
    pub description: String,
    /// `private`, `group` or `public`.
    #[serde(rename = "type")]
    pub kind: String,
    /// A URL, or empty.
    pub avatar: String,
    /// Who made it.
    pub created_by: Uuid,
    /// Always true: those that were deleted are not found.
    pub is_active: bool,
    /// When it was made.
    pub created_at: Time,
    /// When its properties last changed.
    pub updated_at: Time,
    /// Who made it.
    pub creator: Option<User>,
    /// Present members; in lists at most 20 of each chat.
    pub members: Vec<ChatMember>,
    /// How many members there are.
    pub member_count: u64,
    /// In lists the latest one, else the newest 100, oldest first.
    #[schema(no_recursion)]
    pub messages: Vec<Message>,
    /// The text of the latest message.
    pub last_message: String,
    /// When it was written.
    pub last_message_time: Option<Time>,
    /// Messages that the caller has not read.
    pub unread_count: u64,
    /// Whether another member is online, as far as the caller may see it.
    pub is_online: bool,
    /// The latest entry of its log.
    pub seq: u64,
    /// The caller has read up to here.
    pub read_seq: u64,
    /// What members may do.
    pub settings: ChatSettings,
    /// Whether the caller is a member.
    pub joined: bool,
    /// Whether the caller wants to hear nothing of it now.
    pub muted: bool,
}

/// A present member of a chat.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ChatMember {
    /// Of the membership.
    pub id: Uuid,
    /// Where.
    pub chat_id: Uuid,
    /// Who.
    pub user_id: Uuid,
    /// `admin`, `moderator` or `member`.
    pub role: String,
    /// Always true: who left is not listed.
    pub is_active: bool,
    /// Since when.
    pub joined_at: Time,
    /// Always null: who left is not listed.
    pub left_at: Option<Time>,
    /// As `joined_at`.
    pub created_at: Time,
    /// As `joined_at`.
    pub updated_at: Time,
    /// Who.
    pub user: User,
    /// They have read up to here, as far as they show it.
    pub read_seq: u64,
    /// They have received up to here.
    pub delivered_seq: u64,
    /// They may not write before this time.
    pub muted_until: Option<Time>,
}

/// What members of a chat may do.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct ChatSettings {
    /// Members may make invite links.
    pub allow_invites: bool,
    /// Members may add people.
    pub allow_members_add: bool,
    /// Members may share files.
    pub allow_file_sharing: bool,
    /// Members may start voice calls.
    pub allow_voice_calls: bool,
    /// Members may start video calls.
    pub allow_video_calls: bool,
    /// Days after which messages are deleted; 0 for never.
    pub message_retention: u32,
    /// `all` or `since_join`.
    #[schema(value_type = String)]
    pub history_for_new_members: &'static str,
}

/// An invite link to a chat.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ChatInvite {
    /// Which.
    pub id: Uuid,
    /// Where it leads.
    pub chat_id: Uuid,
    /// Who made it.
    pub invited_by: Uuid,
    /// What it is accepted with.
    pub token: String,
    /// Until when it holds.
    pub expires_at: Option<Time>,
    /// How many may join with it.
    pub max_uses: Option<u32>,
    /// How many have.
    pub uses: u32,
    /// When it was made.
    pub created_at: Time,
}
