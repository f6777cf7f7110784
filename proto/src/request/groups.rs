//! Running a chat: properties, roles, bans, invite links, the directory of
//! public chats.

use serde::{Deserialize, Serialize};

use super::Role;
use crate::UnixMillis;
use crate::digest::Digest as Hash;
use crate::id::{ChatId, UserId};
use crate::text::{ChatName, Description, Token};
use uuid::Uuid;

words! {
    /// How much of the log new members see.
    NewMemberHistory {
        /// All of it.
        All = "all",
        /// What came after they joined.
        SinceJoin = "since_join",
    }
}

/// What members may do in a chat. Admins and moderators may add and invite
/// whatever it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Days after which entries are deleted; 0 for never.
    pub message_retention: u32,
    /// How much of the log new members see.
    pub history_for_new_members: NewMemberHistory,
}

impl Default for ChatSettings {
    fn default() -> Self {
        Self {
            allow_invites: true,
            allow_members_add: true,
            allow_file_sharing: true,
            allow_voice_calls: true,
            allow_video_calls: true,
            message_retention: 0,
            history_for_new_members: NewMemberHistory::All,
        }
    }
}

words! {
    /// What of a chat the caller wants to be told of beside the screen.
    NotifyLevel {
        /// Every message.
        All = "all",
        /// Messages that name the caller.
        Mentions = "mentions",
        /// Nothing.
        None = "none",
    }
}

/// The caller's own settings of one chat, the same on all devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatPrefs {
    /// What to be told of.
    pub notify: NotifyLevel,
    /// Nothing until then; 0 for no pause, [`FOREVER`] for good.
    #[serde(default)]
    pub muted_until: UnixMillis,
    /// Out of the list until something newer than this entry comes; 0 for not
    /// hidden.
    #[serde(default)]
    pub hidden_upto: crate::Seq,
}

impl Default for ChatPrefs {
    fn default() -> Self {
        Self {
            notify: NotifyLevel::All,
            muted_until: 0,
            hidden_upto: 0,
        }
    }
}

/// A time that does not come.
pub const FOREVER: UnixMillis = i64::MAX;

/// Changes the caller's own settings of a chat; what is absent stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetChatPrefs {
    /// Which chat.
    pub chat: ChatId,
    /// What to be told of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify: Option<NotifyLevel>,
    /// Nothing until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted_until: Option<UnixMillis>,
    /// Out of the list until something newer comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden_upto: Option<crate::Seq>,
}

/// Changes properties of a group or public chat; what is absent stays. For
/// admins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeChat {
    /// Which chat.
    pub chat: ChatId,
    /// The new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<ChatName>,
    /// The new description; may be empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Description>,
    /// All settings anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<ChatSettings>,
}

/// Gives a member a role. For admins; the last admin stays one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetRole {
    /// Which chat.
    pub chat: ChatId,
    /// Who.
    pub user: UserId,
    /// What they may do from now on.
    pub role: Role,
}

/// Lets a member read but not write, or write again. For moderators about
/// members, for admins about everybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MuteMember {
    /// Which chat.
    pub chat: ChatId,
    /// Who.
    pub user: UserId,
    /// Until when; [`FOREVER`] for good, 0 to let them write again.
    pub until: UnixMillis,
}

/// Removes somebody and keeps them from coming back, or lets them come back.
/// For moderators about members, for admins about everybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BanMember {
    /// Which chat.
    pub chat: ChatId,
    /// Who; they need not be a member.
    pub user: UserId,
    /// Whether.
    pub on: bool,
}

/// Lists who is banned from a chat. For admins and moderators.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Banned {
    /// Which chat.
    pub chat: ChatId,
    /// How many to pass over.
    #[serde(default)]
    pub offset: u32,
}

/// Deletes a group or public chat for everybody. For its creator, else its
/// admins once the creator has left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteChat {
    /// Which chat.
    pub chat: ChatId,
}

/// Joins a public chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinChat {
    /// Which chat.
    pub chat: ChatId,
}

/// Finds public chats whose name or description contains a text; the largest
/// first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directory {
    /// The text; case does not matter; empty for all.
    pub query: String,
    /// Most results, up to 50.
    pub limit: u32,
    /// How many to pass over.
    #[serde(default)]
    pub offset: u32,
}

/// Answer to [`Directory`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryList {
    /// What was found.
    pub chats: Vec<PublicChat>,
    /// Whether there are more.
    #[serde(default)]
    pub more: bool,
}

/// A public chat as the directory shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicChat {
    /// Which chat.
    pub id: ChatId,
    /// Its name.
    pub name: String,
    /// What it is about.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Its picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar: Option<Hash>,
    /// How many are in it.
    pub members: u64,
    /// Whether the caller is.
    #[serde(default)]
    pub joined: bool,
}

/// Makes an invite link. For admins, moderators and, where the settings allow
/// it, members. Repeated with the same id it returns the first one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateChatInvite {
    /// Which chat.
    pub chat: ChatId,
    /// Made by the client.
    pub id: Uuid,
    /// Until when it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<UnixMillis>,
    /// How many may join with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_uses: Option<u32>,
}

/// An invite link to a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatInvite {
    /// Its id.
    pub id: Uuid,
    /// Which chat.
    pub chat: ChatId,
    /// Who made it.
    pub by: UserId,
    /// What to accept it with.
    pub token: Token,
    /// When it was made.
    pub created_at: UnixMillis,
    /// Until when it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<UnixMillis>,
    /// How many may join with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_uses: Option<u32>,
    /// How many have.
    pub uses: u32,
}

/// Lists a chat's invite links that still hold: all for admins and moderators,
/// one's own for members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatInvites {
    /// Which chat.
    pub chat: ChatId,
}

/// Answer to [`ChatInvites`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatInviteList {
    /// Latest first.
    pub invites: Vec<ChatInvite>,
}

/// Makes an invite link invalid. For admins, moderators and who made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokeChatInvite {
    /// Which chat.
    pub chat: ChatId,
    /// Which link.
    pub id: Uuid,
}

/// Joins a chat with an invite link. A member already: nothing happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptChatInvite {
    /// From the link.
    pub token: Token,
}
