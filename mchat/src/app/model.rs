//! Everything the screen shows, as plain data.

use std::collections::{HashMap, HashSet};

use jiff::tz::TimeZone;
use proto::catalog::{Lang, Text};
use proto::event::Presence;
use proto::id::{ChatId, EntryId, UserId};
use proto::request::ChatKind;
use proto::{Seq, UnixMillis};

use super::action::Action;
use super::edit::Editor;
use super::first::First;
use super::hunt::Hits;
use super::key::Key;
use super::keymap::Keymap;
use super::layout::{self, Layout, Wants};
use super::notice::Notices;
use super::offer::Offer;
use super::open::OpenChat;
use super::popup::Popup;
use crate::client::model::{AccountRow, ChatRow, Link};
use crate::config::Settings;

/// What the application starts with.
#[derive(Debug, Clone)]
pub struct Start {
    /// Language of the interface.
    pub lang: Lang,
    /// Whether colours may be used.
    pub color: bool,
    /// Whether the terminal's background is light, as far as is known.
    pub light: bool,
    /// What was set in `config.toml`.
    pub settings: Settings,
    /// Where days begin.
    pub zone: TimeZone,
    /// Columns and rows.
    pub size: (u16, u16),
    /// The connection as it stands.
    pub link: Link,
    /// Who is signed in.
    pub account: Option<AccountRow>,
    /// The server the client tries, as a person would write it.
    pub server: String,
    /// From an invite link.
    pub invite: Option<String>,
    /// Makes ids unguessable; any number in tests.
    pub seed: u64,
    /// Milliseconds since the epoch.
    pub now: UnixMillis,
}

/// Which of the two panes keys go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pane {
    /// The chat list.
    List,
    /// The members of the open chat.
    Members,
    /// The timeline of the open chat, where a message is selected.
    Timeline,
    /// The composer of the open chat.
    Composer,
}

/// What narrows the chat list down.
#[derive(Debug)]
pub struct Filter {
    /// A part of the names wanted.
    pub text: Editor,
    /// Whether keys go to it.
    pub writing: bool,
}

/// A sentence shown for a while in the status line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What.
    pub text: String,
    /// Until when.
    pub until: UnixMillis,
}

/// The state of the application.
#[derive(Debug)]
pub struct Model {
    /// Language of the interface.
    pub lang: Lang,
    /// Whether colours may be used.
    pub color: bool,
    /// Whether the terminal's background is light, as far as is known.
    pub light: bool,
    /// What is set.
    pub settings: Settings,
    /// The keys in force.
    pub keys: Keymap,
    /// The keys of a chord pressed so far.
    pub pressed: Vec<Key>,
    /// Where days begin.
    pub zone: TimeZone,
    /// Columns and rows.
    pub size: (u16, u16),
    /// Whether the terminal has the focus.
    pub focused: bool,
    /// The time of the latest input.
    pub now: UnixMillis,
    /// The connection.
    pub link: Link,
    /// Whether the connection was up since the start.
    pub was_online: bool,
    /// When the next try starts, where offline.
    pub retry_at: Option<UnixMillis>,
    /// Who is signed in.
    pub account: Option<AccountRow>,
    /// The first-run screen that covers the chats, if any.
    pub first: Option<First>,
    /// The server in use, as a person would write it.
    pub server: String,
    /// From an invite link.
    pub invite: Option<String>,
    /// All chats, latest first.
    pub chats: Vec<ChatRow>,
    /// Whether the list was read at all.
    pub chats_loaded: bool,
    /// The selected line of the list.
    pub selected: Option<ChatId>,
    /// What narrows the list down; keys go there while it is written.
    pub filter: Option<Filter>,
    /// First visible line of the list.
    pub list_top: usize,
    /// Where keys go.
    pub pane: Pane,
    /// The open chat.
    pub open: Option<OpenChat>,
    /// What is being written, for each chat.
    pub drafts: HashMap<ChatId, Editor>,
    /// Words offered for what is being written.
    pub offer: Option<Offer>,
    /// A draft that is not kept yet, and when it is to be.
    pub(super) draft_due: Option<(ChatId, UnixMillis)>,
    /// Who is there.
    pub presence: HashMap<UserId, Presence>,
    /// Who is typing where, with name and the moment it lapses.
    pub typing: Vec<(ChatId, UserId, String, UnixMillis)>,
    /// Dialogs, the top one last.
    pub popups: Vec<Popup>,
    /// A sentence in the status line.
    pub notice: Option<Notice>,
    /// Whether the members are shown beside the chat, where there is room.
    pub members_shown: bool,
    /// The selected member.
    pub member_at: usize,
    /// Whose messages in groups are folded.
    pub blocked: HashSet<UserId>,
    /// The message that is being gone to.
    pub(super) jump: Option<(ChatId, Seq)>,
    /// Where jumps began, the latest last.
    pub(super) jumped: Vec<(ChatId, Seq)>,
    /// Messages that were found.
    pub(super) hits: Hits,
    /// Emoji reacted with, the latest first.
    pub(super) recent_emoji: Vec<String>,
    /// When the latest key was pressed.
    pub(super) last_input: UnixMillis,
    /// Away by itself.
    pub(super) idle: bool,
    /// Notifications.
    pub(super) notices: Notices,
    /// Commands that were written, the latest last.
    pub(super) history: Vec<String>,
    /// A read of the chat list is under way / wanted again.
    pub(super) chats_busy: Busy,
    /// The latest ticket of a timeline read.
    pub(super) ticket: u64,
    /// For ids.
    pub(super) random: u64,
}

/// Whether a read is under way, and whether it must be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Busy {
    #[default]
    Idle,
    Running,
    Again,
}

impl Model {
    /// The state at the start; [`start`](super::start) also says what to do
    /// first.
    pub(super) fn new(start: Start) -> Self {
        Self {
            lang: start.lang,
            color: start.color,
            light: start.light,
            settings: start.settings,
            keys: Keymap::default(),
            pressed: Vec::new(),
            zone: start.zone,
            size: start.size,
            focused: true,
            now: start.now,
            link: Link::Connecting,
            was_online: false,
            retry_at: None,
            account: start.account,
            first: None,
            server: start.server,
            invite: start.invite,
            chats: Vec::new(),
            chats_loaded: false,
            selected: None,
            filter: None,
            list_top: 0,
            pane: Pane::List,
            open: None,
            drafts: HashMap::new(),
            offer: None,
            draft_due: None,
            presence: HashMap::new(),
            typing: Vec::new(),
            popups: Vec::new(),
            notice: None,
            members_shown: false,
            member_at: 0,
            blocked: HashSet::new(),
            jump: None,
            jumped: Vec::new(),
            hits: Hits::default(),
            recent_emoji: Vec::new(),
            last_input: start.now,
            idle: false,
            notices: Notices::default(),
            history: Vec::new(),
            chats_busy: Busy::Idle,
            ticket: 0,
            random: start.seed,
        }
    }

    /// A text in the language of the interface.
    pub fn text(&self, text: Text) -> &'static str {
        text.get(self.lang)
    }

    /// The key of an action as shown; empty where it has none.
    pub fn key_of(&self, action: Action) -> String {
        self.keys.shown(action)
    }

    /// The account that is signed in.
    pub fn me(&self) -> Option<UserId> {
        self.account.as_ref().map(|account| account.user)
    }

    /// A chat of the list.
    pub fn chat(&self, id: ChatId) -> Option<&ChatRow> {
        self.chats.iter().find(|chat| chat.id == id)
    }

    /// What is being written in the open chat.
    pub fn draft(&self) -> Option<&Editor> {
        self.drafts.get(&self.open.as_ref()?.id)
    }

    /// What is being written in the open chat, made where there is none yet.
    pub(super) fn draft_mut(&mut self) -> Option<&mut Editor> {
        let chat = self.open.as_ref()?.id;
        Some(self.drafts.entry(chat).or_default())
    }

    /// Whether the connection is up.
    pub fn is_online(&self) -> bool {
        matches!(self.link, Link::Online { .. })
    }

    /// Whether the open chat can be written to.
    pub fn can_write(&self) -> bool {
        self.open
            .as_ref()
            .is_some_and(|open| !self.chat(open.id).is_some_and(|chat| chat.left))
    }

    /// Where everything is on the main screen.
    pub fn layout(&self) -> Layout {
        let columns = self.composer_columns();
        let most = usize::from(layout::COMPOSER_ROWS);
        let composer_rows = self
            .draft()
            .map_or(1, |draft| draft.line_count(columns, most));
        let wants = Wants {
            list_first: self.pane == Pane::List,
            single: self.settings.value("layout") == "single",
            composer_rows: u16::try_from(composer_rows).unwrap_or(u16::MAX),
            status_rows: u16::try_from(self.status_lines().len()).unwrap_or(1),
            reply: self
                .open
                .as_ref()
                .is_some_and(|open| open.reply.is_some() || open.editing.is_some()),
            members: self.shows_members(),
        };
        Layout::new(self.size, wants)
    }

    /// Columns of the composer and the timeline.
    pub fn composer_columns(&self) -> usize {
        let single = self.settings.value("layout") == "single";
        let members = self.shows_members();
        usize::from(Layout::composer_width(self.size, single, members))
    }

    /// Whether the members are shown beside the chat.
    pub fn shows_members(&self) -> bool {
        self.members_shown && self.room_for_members() && self.open_is_group()
    }

    /// Whether there is room beside the chat.
    pub(super) fn room_for_members(&self) -> bool {
        self.settings.value("layout") != "single" && self.size.0 >= layout::MEMBERS_BESIDE
    }

    fn open_is_group(&self) -> bool {
        self.open
            .as_ref()
            .and_then(|open| self.chat(open.id))
            .is_some_and(|chat| chat.kind != ChatKind::Private)
    }

    /// Who is typing in a chat.
    pub fn typing_in(&self, chat: ChatId) -> impl Iterator<Item = &str> {
        self.typing
            .iter()
            .filter(move |(other, ..)| *other == chat)
            .map(|(_, _, name, _)| name.as_str())
    }

    /// Says something in the status line for a while.
    pub(super) fn notify(&mut self, text: impl Into<String>) {
        let text = text.into();
        // Long enough to be read: 3 s and 60 ms for each character.
        let millis = 3_000 + 60 * i64::try_from(text.chars().count()).unwrap_or(100);
        self.notice = Some(Notice {
            text,
            until: self.now + millis,
        });
    }

    /// A fresh id (UUIDv7) from the clock and the seed.
    pub(super) fn fresh_id(&mut self) -> EntryId {
        let mut bytes = [0; 10];
        for half in bytes.chunks_mut(5) {
            // SplitMix64, Steele, Lea, Flood 2014.
            self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.random;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^= z >> 31;
            half.copy_from_slice(&z.to_le_bytes()[..5]);
        }
        let millis = u64::try_from(self.now).unwrap_or(0);
        EntryId(uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid())
    }
}
