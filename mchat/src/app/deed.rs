//! What features ask of the client: deeds, doors into chats, and questions.
//! All of them are plain data; `tui` carries them out.

use proto::id::{ChatId, SessionId};
use proto::request::{
    ChangeChat, ChatInvite, DirectoryList, Place, ProfileInfo, Role, SessionInfo, SetChatPrefs,
    SetProfile, SetStatus, User,
};
use proto::text::DisplayName;
use proto::{Seq, UnixMillis};
use uuid::Uuid;

use super::command::Person;
use super::message::Secret;
use crate::client::model::{ContactRow, EditRow, EntryRow, ReactionRow, ReceiptRow, SearchPage};

/// Most messages of one answer to [`Fetch::Messages`].
pub const HITS: u32 = 40;

/// Something to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Replace the text of a message.
    Edit {
        /// Where.
        chat: ChatId,
        /// Which.
        seq: Seq,
        /// By this.
        text: String,
    },
    /// Delete a message for everybody.
    Delete {
        /// Where.
        chat: ChatId,
        /// Which.
        seq: Seq,
    },
    /// Add a reaction or take it away.
    React {
        /// Where.
        chat: ChatId,
        /// To which message.
        seq: Seq,
        /// Which.
        emoji: String,
        /// Whether it is added.
        on: bool,
    },
    /// Pin a message or take the pin away.
    Pin {
        /// Where.
        chat: ChatId,
        /// Which.
        seq: Seq,
        /// Whether it is pinned.
        on: bool,
    },
    /// Repeat a message in a chat.
    Forward {
        /// Where to.
        to: ChatId,
        /// Where it is.
        from: ChatId,
        /// Which.
        seq: Seq,
    },
    /// Add somebody to a chat.
    Add(ChatId, Person),
    /// Remove somebody from a chat.
    Remove(ChatId, Person),
    /// Give a member a role.
    SetRole(ChatId, Person, Role),
    /// Keep a member from writing until then; 0: let them.
    Silence(ChatId, Person, UnixMillis),
    /// Keep somebody out of a chat, or no longer.
    Ban(ChatId, Person, bool),
    /// Leave a chat.
    Leave(ChatId),
    /// Delete a chat for everybody.
    DeleteChat(ChatId),
    /// Change a chat.
    Change(ChangeChat),
    /// Change what one is told of a chat.
    Prefs(SetChatPrefs),
    /// Take a chat out of the list.
    Hide(ChatId),
    /// Make an invite link invalid.
    RevokeInvite(ChatId, Uuid),
    /// Ask somebody to be a contact, or accept their asking.
    AddContact(Person),
    /// Call somebody so; none: by their own name.
    Nickname(Person, Option<DisplayName>),
    /// Take somebody off the contacts, or decline their asking.
    RemoveContact(Person),
    /// Block or unblock somebody.
    Block(Person, bool),
    /// Change one's profile.
    SetProfile(SetProfile),
    /// Choose how one is shown.
    SetStatus(SetStatus),
    /// Replace the password.
    ChangePassword {
        /// The present one.
        old: Secret,
        /// The new one.
        new: Secret,
    },
    /// End one of one's sessions.
    RevokeSession(SessionId),
}

impl Deed {
    /// Whether it goes through the outbox, where the order counts.
    pub fn is_queued(&self) -> bool {
        matches!(
            self,
            Self::Edit { .. }
                | Self::Delete { .. }
                | Self::React { .. }
                | Self::Pin { .. }
                | Self::Forward { .. }
        )
    }
}

/// A way into a chat, which is opened then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Door {
    /// Join a public chat.
    Join(ChatId),
    /// Join by an invite link, or by what it carries.
    Link(String),
    /// The private chat with somebody; with oneself: the notes.
    With(Person),
    /// Make a public chat.
    Public(String),
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetch {
    /// The pinned messages of a chat.
    Pins(ChatId),
    /// The texts a message had.
    History(ChatId, Seq),
    /// Who reacted to a message.
    Reactions(ChatId, Seq),
    /// Who received and read a message.
    Receipts(ChatId, Seq),
    /// The invite links of a chat.
    Invites(ChatId),
    /// A new invite link.
    NewInvite {
        /// To which chat.
        chat: ChatId,
        /// Until when it holds.
        expires_at: Option<UnixMillis>,
        /// How many may use it.
        max_uses: Option<u32>,
    },
    /// Who is banned from a chat.
    Banned(ChatId),
    /// The contact list, as cached.
    Contacts,
    /// Public chats with such a name.
    Directory(String),
    /// People with such a name.
    People(String),
    /// A profile; none: one's own.
    Profile(Option<Person>),
    /// One's sessions.
    Sessions,
    /// Messages with these words.
    Messages {
        /// The words.
        query: String,
        /// In one chat only.
        chat: Option<ChatId>,
        /// Behind this one.
        before: Option<Place>,
    },
    /// Bring this message into the cache.
    Reach(ChatId, Seq),
}

/// An answer.
#[derive(Debug, Clone)]
pub enum Found {
    /// Messages.
    Entries(Vec<EntryRow>),
    /// Texts of a message.
    Texts(Vec<EditRow>),
    /// Reactions.
    Reactions(Vec<ReactionRow>),
    /// Receipts.
    Receipts(Vec<ReceiptRow>),
    /// Invite links with their texts.
    Invites(Vec<(ChatInvite, String)>),
    /// People.
    Users(Vec<User>),
    /// Contacts.
    Contacts(Vec<ContactRow>),
    /// Public chats.
    Directory(DirectoryList),
    /// A profile.
    Profile(Box<ProfileInfo>),
    /// Sessions.
    Sessions(Vec<SessionInfo>),
    /// Results of a search.
    Page(SearchPage),
    /// Whether a message is in the cache now.
    Reached(bool),
}
