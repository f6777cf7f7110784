//! Chats and who is in them.

use proto::digest::Digest;
use proto::id::{ChatId, UserId};
use proto::request::{ChatKind, ChatSettings, NotifyLevel, Role};
use proto::{Seq, UnixMillis};

use super::EntryRow;

/// One line of the chat list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatRow {
    /// Which chat.
    pub id: ChatId,
    /// What sort.
    pub kind: ChatKind,
    /// Name of the group, or of the other person, or one's own for notes.
    pub title: String,
    /// The other person of a private chat.
    pub peer: Option<UserId>,
    /// Messages not read yet.
    pub unread: u64,
    /// Those of them that name the reader, as far as they are cached.
    pub mentions: u64,
    /// Latest entry on the server.
    pub head: Seq,
    /// Own read cursor.
    pub read: Seq,
    /// The latest cached message.
    pub last: Option<EntryRow>,
    /// When something last happened; orders the list.
    pub last_at: UnixMillis,
    /// Members, oneself included.
    pub members: u32,
    /// Whether it was left or deleted: it can be read, not written.
    pub left: bool,
    /// False for a public chat that is only looked at: writing, marking as read
    /// or typing there would join it.
    pub joined: bool,
    /// What it is about; may be empty.
    pub description: String,
    /// Its picture; of a private chat the other person's.
    pub avatar: Option<Digest>,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// What members may do.
    pub settings: ChatSettings,
    /// What one may do oneself.
    pub role: Role,
    /// Until when one may not write oneself; 0 where one may.
    pub silenced_until: UnixMillis,
    /// What of it to be told of.
    pub notify: NotifyLevel,
    /// Nothing to be told of until then; 0 for no pause.
    pub muted_until: UnixMillis,
    /// Out of the list until something new comes.
    pub hidden: bool,
}

impl ChatRow {
    /// A chat of which nothing more is known.
    pub fn new(id: ChatId, kind: ChatKind, title: impl Into<String>) -> Self {
        Self {
            id,
            kind,
            title: title.into(),
            peer: None,
            unread: 0,
            mentions: 0,
            head: 0,
            read: 0,
            last: None,
            last_at: 0,
            members: 0,
            left: false,
            joined: true,
            description: String::new(),
            avatar: None,
            created_by: None,
            settings: ChatSettings::default(),
            role: Role::Member,
            silenced_until: 0,
            notify: NotifyLevel::All,
            muted_until: 0,
            hidden: false,
        }
    }
}

/// A member of a chat with cursors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    /// Who.
    pub user: UserId,
    /// The name they sign in with.
    pub username: String,
    /// Their name as shown: nickname, else first and last name, else user name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Until when they may not write; 0 where they may.
    pub silenced_until: UnixMillis,
    /// Read up to, as far as they let others know.
    pub read: Seq,
    /// Received up to.
    pub delivered: Seq,
}

impl MemberRow {
    /// A member who has read nothing.
    pub fn new(user: UserId, username: impl Into<String>) -> Self {
        let username = username.into();
        Self {
            user,
            name: username.clone(),
            username,
            role: Role::Member,
            silenced_until: 0,
            read: 0,
            delivered: 0,
        }
    }
}
