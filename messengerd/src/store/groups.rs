//! Running a chat, as a store keeps it.

use proto::UnixMillis;
use proto::digest::Digest;
use proto::id::{ChatId, EntryId, UserId};
use proto::limits;
use proto::request::{ChatKind, ChatSettings};
use proto::text::{ChatName, Description};
use uuid::Uuid;

use super::{Actor, ChatNo};

/// Something done to a chat or its members, which adds one entry to its log and
/// makes one more revision of members and properties.
///
/// The rules are the service's: it decides on what it knows, and the store
/// makes sure, under the chat's lock, that this is still so. Where the revision
/// is another one by then, nothing is done and the answer is
/// [`StoreError::Outdated`](super::StoreError::Outdated) — or success, where an
/// entry of this id and of the act's kind by the same actor is in this chat's
/// log: then it was done before and its answer got lost.
#[derive(Debug, Clone, Copy)]
pub struct Act {
    /// Where.
    pub chat: ChatNo,
    /// The same, as the outside knows it.
    pub chat_id: ChatId,
    /// The revision on which it was decided.
    pub acl_rev: u64,
    /// Who does it.
    pub actor: Actor,
    /// Id of the entry.
    pub entry: EntryId,
    /// When.
    pub at: UnixMillis,
}

/// New properties of a chat; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChatChange {
    /// The name.
    pub name: Option<ChatName>,
    /// The description; may be empty.
    pub description: Option<Description>,
    /// All settings.
    pub settings: Option<ChatSettings>,
    /// The picture, which [`Store::put_avatar`](super::Store::put_avatar) has
    /// stored; an inner `None` removes it.
    pub avatar: Option<Option<Digest>>,
    /// Where a picture is that is not kept here; empty for none. Of no concern
    /// to clients of the native protocol.
    pub avatar_url: Option<String>,
}

impl ChatChange {
    /// The picture that is kept and where another one is, where either changes:
    /// one replaces the other.
    pub fn picture(&self) -> Option<(Option<Digest>, &str)> {
        match (self.avatar, &self.avatar_url) {
            (None, None) => None,
            (avatar, url) => Some((avatar.flatten(), url.as_deref().unwrap_or_default())),
        }
    }
}

/// How many members a chat of this kind may have.
pub fn most_members(kind: ChatKind) -> usize {
    match kind {
        ChatKind::Private => 2,
        ChatKind::Group | ChatKind::Unknown => limits::GROUP_MEMBERS,
        ChatKind::Public => limits::PUBLIC_MEMBERS,
    }
}

/// By what right somebody joins a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Door {
    /// It is public.
    Public,
    /// With the token of an invite link, of which one use is taken.
    Invite(String),
}

/// An invite link to a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatInviteRecord {
    /// Its id.
    pub id: Uuid,
    /// Where it leads.
    pub chat: ChatNo,
    /// The same, as the outside knows it.
    pub chat_id: ChatId,
    /// Who made it.
    pub by: UserId,
    /// What it is accepted with.
    pub token: String,
    /// When it was made.
    pub created_at: UnixMillis,
    /// Until when it holds.
    pub expires_at: Option<UnixMillis>,
    /// How many may join with it.
    pub max_uses: Option<u32>,
    /// How many have.
    pub uses: u32,
}

/// An invite link to be made.
#[derive(Debug, Clone)]
pub struct NewChatInvite {
    /// Its id, made by the client. Repeated by the same creator for the same
    /// chat it is the first one again; another's is a conflict.
    pub id: Uuid,
    /// Where it leads.
    pub chat: ChatNo,
    /// Who makes it.
    pub by: Actor,
    /// Unguessable.
    pub token: String,
    /// Until when it holds.
    pub expires_at: Option<UnixMillis>,
    /// How many may join with it.
    pub max_uses: Option<u32>,
    /// When it is made.
    pub at: UnixMillis,
}

/// A public chat, as the directory shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicRecord {
    /// Which.
    pub id: ChatId,
    /// Its name.
    pub name: String,
    /// What it is about.
    pub description: String,
    /// Its picture.
    pub avatar: Option<Digest>,
    /// Present members.
    pub members: u64,
    /// Whether the asking user is one.
    pub joined: bool,
}

/// A chat whose log lost its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RaisedFloor {
    /// The outside name of the chat.
    pub chat: ChatId,
    /// Entries up to this one are gone.
    pub floor: proto::Seq,
}
