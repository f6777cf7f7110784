//! Chats and who is in them.

use serde::{Deserialize, Serialize};

use super::{ChatPrefs, ChatSettings, User};
use crate::UnixMillis;
use crate::codec::is_default;
use crate::digest::Digest as Hash;
use crate::event::Head;
use crate::id::{ChatId, UserId};
use crate::text::{ChatName, Description};

words! {
    /// What sort of chat.
    ChatKind {
        /// Two people; one such chat for each pair.
        Private = "private",
        /// Members only, by invitation.
        Group = "group",
        /// Anybody may read and join.
        Public = "public",
    }
}

words! {
    /// What a member may do.
    Role {
        /// Everything.
        Admin = "admin",
        /// Adds people; removes, mutes and bans members; deletes messages; pins.
        Moderator = "moderator",
        /// Writes.
        Member = "member",
    }
}

/// Creates a chat. Repeated with the same id by the same person it returns the
/// first one; a private chat of a pair that has one returns that one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateChat {
    /// Made by the client.
    pub id: ChatId,
    /// What sort of chat.
    pub kind: ChatKind,
    /// Needed for a group or public chat, absent for a private one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<ChatName>,
    /// What it is about; not for a private chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Description>,
    /// The other members; exactly one for a private chat (oneself for notes).
    pub members: Vec<UserId>,
}

/// A chat and who is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatInfo {
    /// Which chat.
    pub id: ChatId,
    /// What sort.
    pub kind: ChatKind,
    /// Its name; private chats have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When it was made.
    pub created_at: UnixMillis,
    /// The revision of members and properties that this shows.
    pub acl_rev: u64,
    /// The present members. Where not all fit it is some of them, the caller
    /// among them.
    pub members: Vec<Member>,
    /// Whether there are more: [`Members`] lists all.
    #[serde(default, skip_serializing_if = "is_default")]
    pub members_more: bool,
    /// Where its log stood.
    pub head: Head,
    /// What it is about.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Its picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar: Option<Hash>,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<UserId>,
    /// What members may do.
    #[serde(default, skip_serializing_if = "is_default")]
    pub settings: ChatSettings,
    /// The caller's own settings.
    #[serde(default, skip_serializing_if = "is_default")]
    pub prefs: ChatPrefs,
    /// False where the caller reads a public chat without being a member.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub joined: bool,
}

fn yes() -> bool {
    true
}

fn is_yes(value: &bool) -> bool {
    *value
}

/// A member of a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Who.
    pub user: User,
    /// What they may do.
    pub role: Role,
    /// Until when they may not write; absent where they may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted_until: Option<UnixMillis>,
}

/// Describes chats. Those that do not exist or are not the caller's are left
/// out alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chats {
    /// Which.
    pub ids: Vec<ChatId>,
}

/// Answer to [`Chats`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatList {
    /// Those that fitted into a frame, in the order asked.
    pub chats: Vec<ChatInfo>,
    /// Whether some did not fit: ask again for the rest.
    #[serde(default)]
    pub more: bool,
}

/// Lists the members of a chat, in an order that stays while `acl_rev` does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Members {
    /// Which chat.
    pub chat: ChatId,
    /// How many to pass over.
    #[serde(default)]
    pub offset: u32,
}

/// Answer to [`Members`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberList {
    /// Those that fitted into a frame.
    pub members: Vec<Member>,
    /// Whether there are more behind these.
    #[serde(default)]
    pub more: bool,
    /// The revision of members and properties that this shows: where it is not
    /// that of the part before, begin anew.
    pub acl_rev: u64,
}

/// Adds people to a group or public chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddMembers {
    /// Which chat.
    pub chat: ChatId,
    /// Who; present members are passed over.
    pub users: Vec<UserId>,
}

/// Removes somebody from a group or public chat, or leaves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoveMember {
    /// Which chat.
    pub chat: ChatId,
    /// Who.
    pub user: UserId,
}
