//! What comes into [`update`](super::update) and what goes out of it.

use proto::Seq;
use proto::catalog::Lang;
use proto::id::{ChatId, EntryId};
use proto::request::User;

use super::deed::{Deed, Door, Fetch, Found};
use super::key::{Key, Mouse};
use super::notice::Notification;
use crate::client::model::{Anchor, ChatRow, ClientEvent, EntryRow, Timeline};
use crate::config::Settings;

/// Something went wrong, as a sentence in the reader's language.
pub type Sentence = String;

/// An input.
#[derive(Debug, Clone)]
pub enum Msg {
    /// A key was pressed.
    Key(Key),
    /// The mouse did something.
    Mouse(Mouse),
    /// A text was pasted.
    Paste(String),
    /// The terminal has these columns and rows now.
    Resize(u16, u16),
    /// The terminal got or lost the focus.
    Focus(bool),
    /// The moment [`wake`](super::wake) asked for has come.
    Tick,
    /// The client tells something.
    Client(ClientEvent),
    /// Answer to [`Effect::LoadChats`].
    Chats(Result<Vec<ChatRow>, Sentence>),
    /// Answer to [`Effect::Load`].
    Loaded {
        /// From the effect.
        load: Load,
        /// The part of the timeline.
        result: Result<Timeline, Sentence>,
    },
    /// Answer to [`Effect::FetchOlder`].
    FetchedOlder {
        /// Which chat.
        chat: ChatId,
        /// Whether the server has still older ones.
        result: Result<bool, Sentence>,
    },
    /// Answer to [`Effect::Send`]: the message is durably in the outbox.
    Queued {
        /// Which chat.
        chat: ChatId,
        /// The message.
        id: EntryId,
        /// What was written, to give it back where it could not be kept.
        text: String,
        /// Whether it is kept.
        result: Result<(), Sentence>,
    },
    /// Answer to [`Effect::Search`].
    Found {
        /// From the effect.
        query: String,
        /// Who was found.
        result: Result<Vec<User>, Sentence>,
    },
    /// Answer to [`Effect::CreateChat`].
    ChatMade(Result<ChatId, Sentence>),
    /// Answer to [`Effect::Register`] and [`Effect::Login`].
    Signed(Result<(), Sentence>),
    /// Answer to [`Effect::SetServer`] and [`Effect::Trust`].
    ServerSet(Result<(), Sentence>),
    /// Answer to [`Effect::ReadNew`].
    NewRead {
        /// Which chat.
        chat: ChatId,
        /// Up to which entry was asked.
        to: Seq,
        /// The entries.
        result: Result<Vec<EntryRow>, Sentence>,
    },
    /// Answer to [`Effect::LoadDrafts`].
    Drafts(Result<Vec<(ChatId, String)>, Sentence>),
    /// Answer to [`Ask::Edit`].
    Edited {
        /// Whose draft.
        chat: ChatId,
        /// What was written.
        result: Result<String, Sentence>,
    },
    /// Answer to [`Effect::Do`].
    DeedDone {
        /// From the effect.
        deed: Deed,
        /// Whether it is done.
        result: Result<(), Sentence>,
    },
    /// Answer to [`Effect::Fetch`].
    Fetched {
        /// From the effect.
        fetch: Fetch,
        /// What was found.
        result: Result<Found, Sentence>,
    },
    /// Answer to effects of which only a failure matters.
    Done(Result<(), Sentence>),
}

/// What a loaded part of the timeline is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// In place of what is shown.
    Replace,
    /// Before what is shown.
    Older,
    /// Behind what is shown.
    Newer,
    /// Only outbox, members and cursors; entries are not wanted.
    State,
}

/// A read of the cache for the open chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Which chat.
    pub chat: ChatId,
    /// Which part.
    pub anchor: Anchor,
    /// Most entries.
    pub limit: u32,
    /// What for.
    pub purpose: Purpose,
    /// Grows with each read, so that a late answer is known as such.
    pub ticket: u64,
}

/// Something to be done outside. None of them is awaited: what comes of it
/// returns as a [`Msg`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Read the chat list from the cache.
    LoadChats,
    /// Read a part of a timeline from the cache.
    Load(Load),
    /// Bring a page of entries older than the cached ones from the server
    /// into the cache.
    FetchOlder(ChatId),
    /// Say which chat is open, so that the client keeps it current first.
    Opened(ChatId),
    /// Put a message into the outbox.
    Send {
        /// Where.
        chat: ChatId,
        /// Its identity.
        id: EntryId,
        /// What.
        text: String,
        /// The entry it answers.
        reply_to: Option<Seq>,
    },
    /// Keep what is being written in a chat; empty: nothing.
    SaveDraft {
        /// Which chat.
        chat: ChatId,
        /// What.
        text: String,
    },
    /// Read what was being written when the program ended.
    LoadDrafts,
    /// Read entries that just came from the cache, to tell of them.
    ReadNew {
        /// Which chat.
        chat: ChatId,
        /// First.
        from: Seq,
        /// Last.
        to: Seq,
    },
    /// Open an address with another program.
    OpenLink(String),
    /// Send a failed message again.
    Retry(EntryId),
    /// Give a failed message up.
    Discard(EntryId),
    /// Everything up to here was seen.
    MarkRead {
        /// Which chat.
        chat: ChatId,
        /// Up to which entry.
        upto: Seq,
    },
    /// Tell the others that something is being written here.
    Typing {
        /// Which chat.
        chat: ChatId,
        /// Whether.
        on: bool,
    },
    /// Do something.
    Do(Deed),
    /// Find something out.
    Fetch(Fetch),
    /// Go into a chat; the answer is [`Msg::ChatMade`].
    Enter(Door),
    /// Nobody is at this device, or somebody is again.
    Idle(bool),
    /// Find people by name.
    Search(String),
    /// Create a chat: private with one person, a group where it has a name.
    CreateChat {
        /// Of a group.
        name: Option<String>,
        /// The others.
        members: Vec<User>,
    },
    /// Create an account.
    Register {
        /// Name.
        username: String,
        /// Password.
        password: Secret,
        /// Where the server wants one.
        invite: Option<Secret>,
    },
    /// Sign in.
    Login {
        /// Name or e-mail address.
        login: String,
        /// Password.
        password: Secret,
    },
    /// End this session.
    Logout,
    /// Use this server: `host`, `host:port` or an `mchat://` link.
    SetServer(String),
    /// Trust the server with this fingerprint from now on.
    Trust(String),
    /// Connect now.
    Reconnect,
    /// Keep a setting in `config.toml`; none: take it out.
    SaveSetting {
        /// Its name.
        name: &'static str,
        /// Its value in its one spelling.
        value: Option<String>,
    },
    /// Word sentences in this language from now on.
    Speak(Lang),
    /// Ask something of the terminal.
    Ask(Ask),
    /// Stop until the shell brings the program back.
    Suspend,
    /// Draw everything anew.
    Redraw,
    /// End.
    Quit,
}

/// What only who holds the terminal can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Report the mouse, or no longer.
    Mouse(bool),
    /// Put a text into the clipboard.
    Copy(String),
    /// Set the title of the window.
    Title(String),
    /// Notify.
    Notify(Notification),
    /// Take the notification of a chat back.
    Unnotify(ChatId),
    /// These are the settings now.
    Settings(Box<Settings>),
    /// Let a person change a draft in their own editor.
    Edit {
        /// Whose draft.
        chat: ChatId,
        /// What is written.
        text: String,
    },
}

/// A text that `Debug` does not show.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}
