//! Where everything durable lives, behind a trait in domain verbs.
//!
//! [`sqlite`] is the embedded back end, [`postgres`] the one that several nodes
//! share. A back end assigns every `seq`, keeps the promises below and knows no
//! rule beyond them; who may do what is decided in [`service`](crate::service).
//!
//! 1. A future that resolves to `Ok` has its effect on stable storage.
//! 2. Within a chat, entries get `seq` 1, 2, 3 … in commit order, without gaps,
//!    and `msg_no` counts those of kind message.
//! 3. The [`Feed`] is told of every batch that this node committed, in commit
//!    order per chat, before any of its callers gets an answer; or, where nobody
//!    can say what was committed, that it may have missed something.
//! 4. One bad row never fails its neighbours.
//!
//! Numbers ([`ChatNo`], [`UserNo`]) are the store's own and never leave the
//! daemon; UUIDs are what the outside knows.

pub mod changes;
#[cfg(test)]
pub(crate) mod conformance;
pub mod groups;
pub mod migrate;
pub mod people;
pub mod postgres;
pub mod sqlite;
pub mod timeline;
pub mod transfer;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use proto::digest::Digest;
use proto::entry::{AccountEntry, Entry};
use proto::event::Head;
use proto::id::{ChatId, EntryId, SessionId, UserId};
use proto::request::{ChatKind, ChatPrefs, ChatSettings, Role, Status, User};
use proto::text::{ChatName, Description, DeviceName, Email, Username};
use proto::{Seq, UnixMillis};
use uuid::Uuid;

use self::changes::{FoundMessage, MessageChange, SearchFound, SearchQuery};
use self::groups::{
    Act, ChatChange, ChatInviteRecord, Door, NewChatInvite, PublicRecord, RaisedFloor,
};
use self::people::{AvatarRecord, ChosenStatus, ContactChange, ContactRecord, ProfileChange};
use self::timeline::{ListedChat, MessageRecord, Window};

/// A user's number in this store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserNo(pub i64);

/// A chat's number in this store; less than 2^31.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChatNo(pub i64);

/// Who does something: both names of one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Actor {
    /// The store's name.
    pub no: UserNo,
    /// The outside's name.
    pub id: UserId,
}

/// What a store operation may fail with.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The queue of writes is full; nothing was done.
    #[error("the queue of writes is full")]
    Busy,
    /// The disk is full; nothing was done.
    #[error("no space left on the store's device")]
    Full,
    /// The store cannot be reached or is closing; nothing is known to be done.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// The id exists and belongs to something else.
    #[error("the id is in use")]
    Conflict,
    /// A name or address belongs to somebody else.
    #[error("{0} is taken")]
    Taken(Unique),
    /// The actor is not, or no longer, a member of the chat; or there is none.
    #[error("no such chat for this actor")]
    NoAccess,
    /// Members or properties of the chat are not as they were when this was
    /// decided; nothing was done.
    #[error("the chat has changed meanwhile")]
    Outdated,
    /// There is no such message or contact (any more).
    #[error("there is no such entry")]
    NoEntry,
    /// One more than may be.
    #[error("too many {0}")]
    TooMany(&'static str),
    /// The invite is unknown, used up or expired.
    #[error("the invite is not valid")]
    InviteInvalid,
    /// Only the first account may be made this way, and there is one.
    #[error("the store has accounts already")]
    NotFirst,
    /// The schema is of a newer program.
    #[error("the store has schema {found}, this program knows {known}: run a newer messengerd")]
    NewerSchema {
        /// Schema of the store.
        found: u32,
        /// Newest schema of this program.
        known: u32,
    },
    /// A migration that was applied is not the one of this program.
    #[error(
        "migration {0} of the store differs from this program's: it was changed after it was applied"
    )]
    ChangedMigration(u32),
    /// A bug, or a damaged store.
    #[error("store: {0}")]
    Internal(String),
}

/// What has to be unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unique {
    /// The user name.
    Username,
    /// The e-mail address.
    Email,
}

impl std::fmt::Display for Unique {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Username => "the user name",
            Self::Email => "the e-mail address",
        })
    }
}

/// A store's answer on its way.
pub type Pending<T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'static>>;

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRecord {
    /// The store's name.
    pub no: UserNo,
    /// The outside's name.
    pub id: UserId,
    /// As written by its owner.
    pub username: String,
    /// PHC string of the password.
    pub password_hash: String,
    /// Administers the server.
    pub admin: bool,
    /// May not sign in.
    pub disabled: bool,
    /// When the last live session ended.
    pub last_seen: Option<UnixMillis>,
    /// Address, lower case.
    pub email: Option<String>,
    /// When it was made.
    pub created_at: UnixMillis,
    /// First name; empty where none is given.
    pub first_name: String,
    /// Last name; empty where none is given.
    pub last_name: String,
    /// Words about themselves.
    pub bio: String,
    /// The picture.
    pub avatar: Option<Digest>,
    /// Where a picture is that is not kept here, as its owner gave it; empty
    /// where there is one here, or none.
    pub avatar_url: String,
    /// Grows with each change of names, picture or bio.
    pub rev: u64,
    /// As chosen.
    pub status: Status,
    /// Words beside it.
    pub status_text: String,
    /// When both fall back to plain online.
    pub status_until: Option<UnixMillis>,
    /// Whether others learn what they have read.
    pub receipts: bool,
    /// When names, address, words, picture or status were last changed.
    pub updated_at: UnixMillis,
}

impl UserRecord {
    /// The person as others see them.
    pub fn shown(&self) -> User {
        User {
            id: self.id,
            username: self.username.clone(),
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            avatar: self.avatar,
            rev: self.rev,
        }
    }
}

/// An account to be made.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Its id.
    pub id: UserId,
    /// Its name.
    pub username: Username,
    /// Its address.
    pub email: Option<Email>,
    /// PHC string.
    pub password_hash: String,
    /// By what right; checked in the same transaction.
    pub admission: Admission,
    /// When.
    pub at: UnixMillis,
}

/// By what right an account is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// Registration is open to this caller. The account is admin if it is the
    /// store's first and `first_is_admin`; if it would be the first and not
    /// `first_is_admin`, it is refused with [`StoreError::NotFirst`].
    Open {
        /// Whether this caller may be the first one.
        first_is_admin: bool,
    },
    /// With an invite (SHA-256 or BLAKE3 of its token), of which one use is
    /// taken. An admin invite makes an admin.
    Invite {
        /// Hash of the token.
        token_hash: [u8; 32],
    },
}

/// An invite to register, to be made.
#[derive(Debug, Clone)]
pub struct NewInvite {
    /// Hash of its token.
    pub token_hash: [u8; 32],
    /// Whether who uses it becomes admin.
    pub admin: bool,
    /// How often it may be used.
    pub max_uses: u32,
    /// Until when.
    pub expires_at: Option<UnixMillis>,
    /// When it was made.
    pub at: UnixMillis,
}

/// A signed-in device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRecord {
    /// Its id.
    pub id: SessionId,
    /// Whose.
    pub user: UserNo,
    /// What it calls itself.
    pub device: String,
    /// When it signed in.
    pub created_at: UnixMillis,
    /// When it was last used, to a minute.
    pub last_used: UnixMillis,
    /// Until when it lasts; none for one that lasts until it is ended.
    pub expires_at: Option<UnixMillis>,
}

/// A chat and its present members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatRecord {
    /// The store's name.
    pub no: ChatNo,
    /// The outside's name.
    pub id: ChatId,
    /// What sort.
    pub kind: ChatKind,
    /// Its name.
    pub name: Option<String>,
    /// When it was made.
    pub created_at: UnixMillis,
    /// Revision of members and properties.
    pub acl_rev: u64,
    /// The present members, in the order they joined.
    pub members: Vec<MemberRecord>,
    /// What it is about.
    pub description: String,
    /// Its picture.
    pub avatar: Option<Digest>,
    /// Where a picture is that is not kept here, as given; empty where there is
    /// one here, or none.
    pub avatar_url: String,
    /// Who made it.
    pub created_by: UserId,
    /// What members may do.
    pub settings: ChatSettings,
    /// Who may not come back.
    pub banned: Vec<UserId>,
    /// In a private chat, who of the two has blocked the other. A change of it
    /// makes one more revision of the chat, without an entry.
    pub blockers: Vec<UserId>,
    /// When properties were last changed.
    pub updated_at: UnixMillis,
}

impl ChatRecord {
    /// The revision as members see it: that of a private chat grows with blocks
    /// alone, of which nobody is to learn.
    pub fn shown_acl_rev(&self) -> u64 {
        match self.kind {
            ChatKind::Private => 1,
            ChatKind::Group | ChatKind::Public | ChatKind::Unknown => self.acl_rev,
        }
    }
}

/// A present member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRecord {
    /// The store's name.
    pub no: UserNo,
    /// The person as others see them.
    pub user: User,
    /// What they may do.
    pub role: Role,
    /// They may not write before this time; 0 for no limit.
    pub muted_until: UnixMillis,
    /// They see nothing up to this entry.
    pub from_seq: Seq,
    /// When they came, the last time.
    pub joined_at: UnixMillis,
}

/// A chat to be made.
#[derive(Debug, Clone)]
pub struct NewChat {
    /// Made by the client.
    pub id: ChatId,
    /// What sort.
    pub kind: ChatKind,
    /// The name of a group or public chat.
    pub name: Option<ChatName>,
    /// What it is about.
    pub description: Option<Description>,
    /// Who makes it: admin of a group or public chat, member of a private one.
    pub creator: Actor,
    /// The other members, without the creator and without repeats; at most one
    /// for a private chat (none: notes to oneself).
    pub others: Vec<Actor>,
    /// Id of the `Created` entry.
    pub entry: EntryId,
    /// When.
    pub at: UnixMillis,
}

/// An entry to be appended.
#[derive(Debug, Clone)]
pub struct Append {
    /// Where.
    pub chat: ChatNo,
    /// The chat's outside name, for the feed.
    pub chat_id: ChatId,
    /// The revision under which the service allowed it. On a mismatch the
    /// store checks in the same transaction that the actor is still a member.
    pub acl_rev: u64,
    /// Who.
    pub actor: Actor,
    /// Kind of the entry.
    pub kind: u16,
    /// Identity.
    pub id: EntryId,
    /// The entry it refers to.
    pub ref_seq: Option<Seq>,
    /// When.
    pub at: UnixMillis,
    /// Encoded body.
    pub body: Bytes,
}

/// Where an entry landed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Its position.
    pub seq: Seq,
    /// Its number among messages.
    pub msg_no: u64,
    /// When the first append of this id was taken.
    pub at: UnixMillis,
    /// Whether an earlier append had stored it.
    pub dup: bool,
}

/// Entries of a chat in rising order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryPage {
    /// The entries, oldest first, without gaps between them.
    pub entries: Vec<Entry>,
    /// Whether there are more in the direction asked.
    pub more: bool,
    /// Entries up to this one are gone.
    pub floor: Seq,
}

/// A move of one member's cursors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CursorMove {
    /// Where.
    pub chat: ChatNo,
    /// Whose.
    pub user: UserNo,
    /// Read up to here; 0 leaves it. Reading implies having received.
    pub read: Seq,
    /// Received up to here; 0 leaves it.
    pub delivered: Seq,
    /// Whether others see it: then the shown cursors catch up with the own ones.
    pub shown: bool,
}

/// Cursors after a move. Only moves that changed something are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CursorRecord {
    /// Where.
    pub chat: ChatNo,
    /// Whose.
    pub user: UserNo,
    /// The same, as the outside knows it.
    pub user_id: UserId,
    /// Read up to this entry …
    pub read: Seq,
    /// … and this message.
    pub read_no: u64,
    /// Received up to this entry.
    pub delivered: Seq,
    /// The same three as others see them.
    pub shown: ShownCursor,
    /// Whether the shown ones changed. Only then the chat's cursor revision
    /// grew.
    pub shown_moved: bool,
    /// The chat's cursor revision after this.
    pub cursor_rev: u64,
}

/// A member's cursors as others see them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ShownCursor {
    /// Read up to this entry …
    pub read: Seq,
    /// … and this message.
    pub read_no: u64,
    /// Received up to this entry.
    pub delivered: Seq,
}

/// How far the members of a chat have received and read one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Members other than its author who received it.
    pub delivered: u64,
    /// Members other than its author who read it.
    pub read: u64,
    /// Members other than its author.
    pub members: u64,
}

/// Where one chat stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChatRevision {
    /// The store's name.
    pub chat: ChatNo,
    /// The outside's name.
    pub chat_id: ChatId,
    /// Its latest entry.
    pub seq: Seq,
    /// Revision of members and properties.
    pub acl_rev: u64,
    /// Revision of the members' cursors.
    pub cursor_rev: u64,
    /// Entries up to this one are gone.
    pub floor: Seq,
}

/// Where one account's log stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountRevision {
    /// The store's name.
    pub user: UserNo,
    /// The outside's name.
    pub user_id: UserId,
    /// Its latest entry.
    pub seq: Seq,
}

/// What [`Store::revisions`] found; what does not exist is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revisions {
    /// The chats asked for.
    pub chats: Vec<ChatRevision>,
    /// The accounts asked for.
    pub accounts: Vec<AccountRevision>,
    /// Those of the sessions asked for that have ended.
    pub ended: Vec<SessionId>,
}

/// Something committed, as told to the [`Feed`].
#[derive(Debug, Clone)]
pub enum Committed {
    /// A new entry of a chat.
    Entry {
        /// Where.
        chat: ChatNo,
        /// The same, as the outside knows it.
        chat_id: ChatId,
        /// The chat's revision of members and properties after the entry.
        acl_rev: u64,
        /// The entry.
        entry: Entry,
    },
    /// A new entry of an account's log.
    Account {
        /// Whose.
        user: UserId,
        /// The entry.
        entry: AccountEntry,
    },
    /// Cursors moved.
    Cursor {
        /// The outside name of the chat.
        chat_id: ChatId,
        /// The cursors.
        cursor: CursorRecord,
    },
}

/// Is told of every committed batch. Called on the store's own thread or task:
/// it must not block.
pub trait Feed: Send + Sync {
    /// In commit order per chat, before the callers are answered.
    fn committed(&self, batch: Vec<Committed>);
    /// Something may have been committed, or may yet be within seconds, that
    /// this is not told of: the connection to the database was lost before its
    /// answer. Who keeps nothing of what it is told has nothing to do.
    fn unsure(&self) {}
}

/// Everything durable. See the module for the promises.
pub trait Store: Send + Sync {
    /// The community's id, made with the store.
    fn community(&self) -> Uuid;

    // Accounts

    /// Creates an account and opens its first session, atomically.
    fn create_user(&self, user: NewUser, session: NewSession) -> Pending<UserRecord>;
    /// By name (compared by [`Username::key`]) or by e-mail address.
    fn user_by_login(&self, login: String) -> Pending<Option<UserRecord>>;
    /// Those that exist, by id or by name.
    fn users(&self, ids: Vec<UserId>, names: Vec<String>) -> Pending<Vec<UserRecord>>;
    /// Enabled accounts whose user name, first or last name contains `query`
    /// (folded), user names that begin with it first.
    fn search_users(&self, query: String, limit: u32) -> Pending<Vec<UserRecord>>;
    /// Enabled accounts but `except`, by user name, whose user name, first or
    /// last name contains `query` (folded).
    fn list_users(
        &self,
        query: String,
        except: UserNo,
        limit: u32,
        offset: u32,
    ) -> Pending<Vec<UserRecord>>;
    /// Whether there is no account yet.
    fn is_empty(&self) -> Pending<bool>;
    /// Stores an invite to register.
    fn create_invite(&self, invite: NewInvite) -> Pending<()>;
    /// Whether an admin invite was ever made, so that a restart makes no other.
    fn has_admin_invite(&self) -> Pending<bool>;
    /// Notes when users were last seen; never moves back.
    fn set_last_seen(&self, seen: Vec<(UserNo, UnixMillis)>) -> Pending<()>;

    /// Replaces a password and ends every session but `keep`.
    fn set_password(
        &self,
        user: Actor,
        password_hash: String,
        keep: SessionId,
        at: UnixMillis,
    ) -> Pending<()>;
    /// Changes a profile, with a `PROFILE_CHANGED` entry in the account's log.
    fn set_profile(
        &self,
        user: Actor,
        change: ProfileChange,
        at: UnixMillis,
    ) -> Pending<UserRecord>;
    /// Chooses a status, with a `PROFILE_CHANGED` entry.
    fn set_status(&self, user: Actor, status: ChosenStatus, at: UnixMillis) -> Pending<UserRecord>;
    /// Keeps a picture; one that is there already stays.
    fn put_avatar(&self, avatar: AvatarRecord) -> Pending<()>;
    /// A picture: type and bytes.
    fn avatar(&self, hash: Digest) -> Pending<Option<(String, Bytes)>>;
    /// Gives an account a picture that is kept, or says where another one is,
    /// with a `PROFILE_CHANGED` entry; pictures that nobody has any more go.
    fn set_user_avatar(
        &self,
        user: Actor,
        avatar: Option<Digest>,
        url: String,
        at: UnixMillis,
    ) -> Pending<UserRecord>;

    /// Disables an account for good: its sessions end, whatever it said of
    /// itself goes, and so does how it stands to others and they to it (who see
    /// a change are told); no password is its any more. It leaves every group
    /// and public chat, as with [`remove_member`](Self::remove_member). What it
    /// wrote stays, and so do private chats and the user name. Repeated it does
    /// what is still to be done.
    fn delete_user(&self, user: Actor, at: UnixMillis) -> Pending<()>;

    // Contacts

    /// All whose state is not none or whom the user has blocked, by name.
    fn contacts(&self, user: UserNo) -> Pending<Vec<ContactRecord>>;
    /// Changes how `owner` stands to `other`. More than
    /// [`CONTACTS`](proto::limits::CONTACTS): [`StoreError::TooMany`].
    fn change_contact(
        &self,
        owner: Actor,
        other: Actor,
        change: ContactChange,
        at: UnixMillis,
    ) -> Pending<ContactRecord>;
    /// Those of `others` who have blocked `user`, or whom `user` has blocked.
    fn blocked_among(&self, user: UserNo, others: Vec<UserNo>) -> Pending<Vec<UserNo>>;

    // Sessions

    /// Opens a session; those of the same user that have expired are forgotten.
    fn create_session(&self, user: UserNo, session: NewSession) -> Pending<()>;
    /// The session and its account, unless it ended or expired or the account is
    /// disabled.
    fn session(&self, id: SessionId) -> Pending<Option<(SessionRecord, UserRecord)>>;
    /// A user's open sessions, latest used first.
    fn sessions(&self, user: UserNo) -> Pending<Vec<SessionRecord>>;
    /// Notes that sessions were used.
    fn touch_sessions(&self, used: Vec<(SessionId, UnixMillis)>) -> Pending<()>;
    /// Ends a user's session; false where there is no such open one.
    fn end_session(&self, user: UserNo, session: SessionId, at: UnixMillis) -> Pending<bool>;

    // Chats

    /// Makes a chat with its `Created` entry and an account-log entry for each
    /// member. Repeated by the same creator it returns the first one; a pair's
    /// second private chat returns the pair's first; another's id is a
    /// [`StoreError::Conflict`].
    fn create_chat(&self, chat: NewChat) -> Pending<ChatRecord>;
    /// A chat with its present members; `None` where it was deleted.
    fn chat(&self, id: ChatId) -> Pending<Option<ChatRecord>>;
    /// The heads of all chats the user is a present member of, by chat id, and
    /// the latest entry of the account log.
    fn heads(&self, user: UserNo) -> Pending<(Seq, Vec<Head>)>;
    /// The head of one chat as its member sees it.
    fn head(&self, chat: ChatNo, user: UserNo) -> Pending<Option<Head>>;
    /// All chats that the user is a present member of, and up to `public` public
    /// ones that they are not in and may come to, those of them with the latest
    /// entries; with up to `members` members each. The latest message or, where
    /// there is none, the latest chat comes first.
    fn chat_list(&self, user: UserNo, public: u32, members: u32) -> Pending<Vec<ListedChat>>;
    /// The private chat of two people (of one, for notes to oneself).
    fn private_chat(&self, one: UserNo, other: UserNo) -> Pending<Option<ChatId>>;
    /// Who may see the presence of `user`, and whose presence they may see: the
    /// present members of all private chats and groups that they are in whose
    /// size is at most `max_members`, and mutual contacts; without those whom
    /// one of the two has blocked, without repeats and without `user`.
    fn acquaintances(&self, user: UserNo, max_members: u32) -> Pending<Vec<UserRecord>>;
    /// Adds members with one `MembersAdded` entry (none where all are present
    /// already). One of them is banned: [`StoreError::NoAccess`].
    fn add_members(&self, act: Act, users: Vec<Actor>) -> Pending<()>;
    /// Removes a member with one `MemberLeft` entry; nothing where they are no
    /// member. Where the last admin leaves, the oldest remaining moderator, else
    /// the oldest remaining member, becomes admin, with a `RoleChanged` entry.
    fn remove_member(&self, act: Act, user: Actor) -> Pending<()>;
    /// Makes the actor a member with one `MembersAdded` entry; nothing where
    /// they are one. `act.acl_rev` is not looked at. A banned one, or a chat
    /// that is not public: [`StoreError::NoAccess`]; a link that does not hold:
    /// [`StoreError::InviteInvalid`].
    fn join(&self, act: Act, door: Door) -> Pending<()>;
    /// Changes properties with one `ChatChanged` entry. A picture that is not
    /// kept: [`StoreError::NoEntry`].
    fn change_chat(&self, act: Act, change: ChatChange) -> Pending<()>;
    /// Gives a member a role with one `RoleChanged` entry; nothing where they
    /// have it. No member: [`StoreError::NoEntry`].
    fn set_role(&self, act: Act, user: Actor, role: Role) -> Pending<()>;
    /// Lets a member write again (0) or not before a time, with one
    /// `MemberMuted` entry; nothing where that is so already. No member:
    /// [`StoreError::NoEntry`]. Who leaves and comes back is muted as before.
    fn mute_member(&self, act: Act, user: Actor, until: UnixMillis) -> Pending<()>;
    /// Bans somebody, who is no member from then on, or lifts the ban, with one
    /// `MemberBanned` entry; nothing where that is so already.
    fn ban_member(&self, act: Act, user: Actor, on: bool) -> Pending<()>;
    /// Deletes a chat: every member leaves, nobody finds it any more, its texts
    /// go behind it, with [`expire_entries`](Self::expire_entries). No entry
    /// tells of it but those of the members' accounts. Nothing where it is
    /// deleted already.
    fn delete_chat(&self, act: Act) -> Pending<()>;
    /// Public chats whose name or description contains `query` (folded), the
    /// largest first, and whether there are more.
    fn directory(
        &self,
        user: UserNo,
        query: String,
        limit: u32,
        offset: u32,
    ) -> Pending<(Vec<PublicRecord>, bool)>;
    /// A present member's own settings of a chat.
    fn chat_prefs(&self, chat: ChatNo, user: UserNo) -> Pending<Option<ChatPrefs>>;
    /// Sets them, with a `CHAT_PREFS_CHANGED` entry in the account's log.
    fn set_chat_prefs(
        &self,
        chat: ChatNo,
        user: Actor,
        prefs: ChatPrefs,
        at: UnixMillis,
    ) -> Pending<()>;
    /// Makes an invite link. More than
    /// [`CHAT_INVITES`](proto::limits::CHAT_INVITES) that hold:
    /// [`StoreError::TooMany`].
    fn create_chat_invite(&self, invite: NewChatInvite) -> Pending<ChatInviteRecord>;
    /// A chat's links that hold at a time, latest first.
    fn chat_invites(&self, chat: ChatNo, at: UnixMillis) -> Pending<Vec<ChatInviteRecord>>;
    /// The link with this token, if it holds at a time.
    fn chat_invite(&self, token: String, at: UnixMillis) -> Pending<Option<ChatInviteRecord>>;
    /// Makes a link invalid; false where the chat has none such.
    fn revoke_chat_invite(&self, chat: ChatNo, id: Uuid) -> Pending<bool>;
    /// Raises the floors of chats with a retention by up to `limit` entries in
    /// all: entries that are older than it go, with everything kept beside
    /// them. Read cursors below a floor move to it. Whether there is more to do.
    fn expire_entries(&self, now: UnixMillis, limit: u32) -> Pending<(Vec<RaisedFloor>, bool)>;

    // Entries

    /// Queues an append, in the order of calls per caller, without waiting; the
    /// future resolves once it is durable.
    ///
    /// # Errors
    ///
    /// [`StoreError::Busy`] at once where the queue is full. The future:
    /// [`StoreError::Conflict`] where the id is another's or another chat's,
    /// [`StoreError::NoAccess`] where the actor is no member any more.
    fn append(&self, append: Append) -> Result<Pending<Appended>, StoreError>;
    /// Changes a message; see [`MessageChange`].
    fn change_message(&self, change: MessageChange) -> Pending<Appended>;
    /// One entry, of any kind, with its present text where it is an edited
    /// message.
    fn entry(&self, chat: ChatNo, seq: Seq) -> Pending<Option<FoundMessage>>;
    /// Messages of a chat after `from` and above the floor, what is left of
    /// deleted ones among them, oldest first; and whether there are more in the
    /// direction of the window.
    fn messages(
        &self,
        chat: ChatNo,
        from: Seq,
        window: Window,
        limit: u32,
    ) -> Pending<(Vec<MessageRecord>, bool)>;
    /// Those of these entries that are there and messages, oldest first.
    fn messages_at(&self, chat: ChatNo, seqs: Vec<Seq>) -> Pending<Vec<MessageRecord>>;
    /// A message by its id, unless its chat was deleted.
    fn message(&self, id: EntryId) -> Pending<Option<MessageRecord>>;
    /// The pinned messages of a chat, latest pin first.
    fn pins(&self, chat: ChatNo) -> Pending<Vec<FoundMessage>>;
    /// Finds messages in the index.
    fn search(&self, query: SearchQuery) -> Pending<SearchFound>;
    /// Brings up to `limit` entries into the index, behind the appends. Whether
    /// there is more to do. New and edited texts come in, deleted ones go.
    fn index_entries(&self, limit: u32) -> Pending<bool>;
    /// Entries after `after`, oldest first, cut by `limit` and by `max_bytes`
    /// of bodies (at least one entry where there is one).
    fn entries_after(
        &self,
        chat: ChatNo,
        after: Seq,
        limit: u32,
        max_bytes: usize,
    ) -> Pending<EntryPage>;
    /// The latest entries before `before` (or the latest of all) and after
    /// `from`, oldest first.
    fn entries_before(
        &self,
        chat: ChatNo,
        from: Seq,
        before: Option<Seq>,
        limit: u32,
        max_bytes: usize,
    ) -> Pending<EntryPage>;
    /// Digest of a chat's log after `from` or the floor, the later of which it
    /// names, up to `upto` (cut to the head): where it was cut, that floor, the
    /// digest.
    fn digest(&self, chat: ChatNo, from: Seq, upto: Seq) -> Pending<(Seq, Seq, Digest)>;

    // Cursors

    /// Moves cursors forward, cut to the head; those where nothing changed
    /// (a shown one may still catch up), or whose user is no member, are passed
    /// over.
    fn move_cursors(&self, moves: Vec<CursorMove>) -> Pending<Vec<CursorRecord>>;
    /// The cursors of all present members and the chat's cursor revision.
    fn cursors(&self, chat: ChatNo) -> Pending<(Vec<CursorRecord>, u64)>;
    /// How far present members other than `author` are past `seq`, as shown.
    fn counts(&self, chat: ChatNo, author: UserNo, seq: Seq) -> Pending<Counts>;

    // Account logs

    /// Entries of a user's log after `after`.
    fn account_entries(
        &self,
        user: UserNo,
        after: Seq,
        limit: u32,
    ) -> Pending<(Vec<AccountEntry>, bool)>;
    /// Digest of a user's log up to `upto` (cut to the latest).
    fn account_digest(&self, user: UserNo, upto: Seq) -> Pending<(Seq, Digest)>;

    /// Where chats and accounts stand now and which sessions have ended or expired: for a
    /// node that may have missed what others did.
    fn revisions(
        &self,
        chats: Vec<ChatId>,
        users: Vec<UserId>,
        sessions: Vec<SessionId>,
    ) -> Pending<Revisions>;

    // Settings of the community

    /// A value kept for the whole community (secrets, keys).
    fn setting(&self, name: &'static str) -> Pending<Option<Vec<u8>>>;
    /// Keeps a value unless there is one; returns the one that holds.
    fn setting_or_insert(&self, name: &'static str, value: Vec<u8>) -> Pending<Vec<u8>>;

    /// Finishes what is queued and closes. Later calls fail with
    /// [`StoreError::Unavailable`].
    fn close(&self) -> Pending<()>;
}

/// A session to be opened.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Its id.
    pub id: SessionId,
    /// What it calls itself.
    pub device: DeviceName,
    /// When.
    pub at: UnixMillis,
    /// Until when it lasts; none for one that lasts until it is ended.
    pub expires_at: Option<UnixMillis>,
}

/// A store shared by all parts of the daemon.
pub type SharedStore = Arc<dyn Store>;
