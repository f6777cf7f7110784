//! The open chat: a window of its timeline, bounded in size, and the place in
//! it that is on the screen.

use std::collections::{HashMap, HashSet};

use proto::Seq;
use proto::entry::Body;
use proto::event::ReceiptCounts;
use proto::id::{ChatId, EntryId, UserId};

use super::message::Purpose;
use super::model::Busy;
use super::on_message::Editing;
use super::rows::{self, Look, Row};
use super::select::Reply;
use crate::client::model::{EntryRow, MemberRow, OutboxRow, Timeline};

/// Entries of a page read from the cache.
pub const PAGE: u32 = 120;
/// Most entries kept; those farthest from the screen go first.
pub const WINDOW: usize = 600;
/// Most receipt counts kept.
const RECEIPTS: usize = 200;

/// What is at the top of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scroll {
    /// The end is at the bottom, also when something comes.
    Follow,
    /// This line of this entry is at the top, whatever comes above or below.
    At(EntryId, isize),
}

/// Whether older entries are being brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Older {
    /// No.
    #[default]
    Idle,
    /// From the cache.
    Reading,
    /// From the server.
    Fetching,
    /// The server could not be asked; scrolling up tries again.
    Failed,
}

/// The open chat.
#[derive(Debug)]
pub struct OpenChat {
    /// Which.
    pub id: ChatId,
    /// The window, oldest first, without gaps.
    pub entries: Vec<EntryRow>,
    /// The cache has earlier ones.
    pub older_cached: bool,
    /// The server has earlier ones.
    pub older_remote: bool,
    /// The cache has later ones.
    pub newer_cached: bool,
    /// The outbox of this chat.
    pub outbox: Vec<OutboxRow>,
    /// Typed here and not yet seen in the outbox.
    pub pending: Vec<OutboxRow>,
    /// Members with cursors.
    pub members: Vec<MemberRow>,
    /// Counts for own messages in large chats.
    pub receipts: HashMap<Seq, ReceiptCounts>,
    /// Own read cursor.
    pub read: Seq,
    /// Latest entry on the server.
    pub head: Seq,
    /// The first entry under the line "new messages".
    pub new_from: Option<Seq>,
    /// What is on the screen.
    pub scroll: Scroll,
    /// Whether anything was read yet.
    pub loaded: bool,
    /// Whether older entries are on their way.
    pub older: Older,
    /// The lines, as last built.
    pub rows: Vec<Row>,
    /// The selected message.
    pub selected: Option<EntryId>,
    /// Messages whose hidden parts are shown.
    pub revealed: HashSet<EntryId>,
    /// The message that is being answered.
    pub reply: Option<Reply>,
    /// The message that is being changed in the composer.
    pub editing: Option<Editing>,
    /// Changes of messages that are not stored yet.
    pub changes: Vec<OutboxRow>,
    /// The read of what was changed, and whether it is to be repeated.
    pub(super) reread: Option<(u64, bool)>,
    pub(super) marked: Seq,
    pub(super) newer_busy: bool,
    pub(super) refresh: Busy,
    pub(super) ticket: u64,
    /// The read that last replaced the window.
    replaced: u64,
    /// Go to the line "new messages" once it is there.
    pub(super) to_new: bool,
}

impl OpenChat {
    /// A chat of which nothing is known yet.
    pub fn new(id: ChatId) -> Self {
        Self {
            id,
            entries: Vec::new(),
            older_cached: false,
            older_remote: false,
            newer_cached: false,
            outbox: Vec::new(),
            pending: Vec::new(),
            members: Vec::new(),
            receipts: HashMap::new(),
            read: 0,
            head: 0,
            new_from: None,
            scroll: Scroll::Follow,
            loaded: false,
            older: Older::Idle,
            rows: Vec::new(),
            selected: None,
            revealed: HashSet::new(),
            reply: None,
            editing: None,
            changes: Vec::new(),
            reread: None,
            marked: 0,
            newer_busy: false,
            refresh: Busy::Idle,
            ticket: 0,
            replaced: 0,
            to_new: false,
        }
    }

    /// Own messages that are not stored yet, oldest first.
    pub fn waiting(&self) -> impl Iterator<Item = &OutboxRow> {
        let stored = |id: EntryId| self.entries.iter().rev().any(|entry| entry.id == id);
        let queued = |id: EntryId| self.outbox.iter().any(|row| row.id == id);
        self.outbox.iter().filter(move |row| !stored(row.id)).chain(
            self.pending
                .iter()
                .filter(move |row| !stored(row.id) && !queued(row.id)),
        )
    }

    /// The first and last entry of the window.
    pub fn bounds(&self) -> Option<(Seq, Seq)> {
        Some((self.entries.first()?.seq, self.entries.last()?.seq))
    }

    /// Takes in a part of the timeline. Parts that do not touch the window are
    /// not joined to it.
    pub(super) fn take(
        &mut self,
        part: Timeline,
        purpose: Purpose,
        ticket: u64,
        me: Option<UserId>,
    ) {
        let first_time = !self.loaded;
        match purpose {
            // A later one came first.
            Purpose::Replace if ticket < self.replaced => {}
            Purpose::Replace => {
                self.replaced = ticket;
                self.entries = part.entries;
                self.older_cached = part.older_cached;
                self.older_remote = part.older_remote;
                self.newer_cached = part.newer_cached;
                self.loaded = true;
            }
            Purpose::Older => {
                let first = self.bounds().map_or(Seq::MAX, |(first, _)| first);
                let mut older = part.entries;
                older.retain(|entry| entry.seq < first);
                older.append(&mut self.entries);
                self.entries = older;
                self.older_cached = part.older_cached;
                self.older_remote = part.older_remote;
                if self.entries.len() > WINDOW {
                    self.entries.truncate(WINDOW);
                    self.newer_cached = true;
                }
            }
            Purpose::Newer => {
                let last = self.bounds().map_or(0, |(_, last)| last);
                self.entries
                    .extend(part.entries.into_iter().filter(|entry| entry.seq > last));
                self.newer_cached = part.newer_cached;
                let surplus = self.entries.len().saturating_sub(WINDOW);
                if surplus > 0 {
                    self.entries.drain(..surplus);
                    self.older_cached = true;
                }
            }
            Purpose::State => {}
        }
        if ticket >= self.ticket {
            self.ticket = ticket;
            self.outbox = part.outbox;
            self.changes = part.changes;
            self.members = part.members;
            self.read = part.read;
            self.head = part.head;
        }
        let outbox = &self.outbox;
        let entries = &self.entries;
        self.pending.retain(|row| {
            !outbox.iter().any(|other| other.id == row.id)
                && !entries.iter().rev().any(|entry| entry.id == row.id)
        });
        if first_time && self.loaded {
            self.marked = self.read;
            self.find_new(me);
        }
    }

    /// Draws the line "new messages" above the first message of somebody else
    /// that was not read.
    pub(super) fn find_new(&mut self, me: Option<UserId>) {
        let read = self.read;
        self.new_from = self
            .entries
            .iter()
            .find(|entry| {
                entry.seq > read
                    && me != Some(entry.actor)
                    && matches!(entry.body, Body::Message(_))
            })
            .map(|entry| entry.seq);
    }

    /// Keeps a count for an own message.
    pub(super) fn count(&mut self, counts: ReceiptCounts) {
        if self.receipts.len() >= RECEIPTS
            && let Some(oldest) = self.receipts.keys().min().copied()
        {
            self.receipts.remove(&oldest);
        }
        self.receipts.insert(counts.seq, counts);
    }

    /// Builds the lines anew.
    pub(super) fn build(&mut self, look: &Look) {
        self.rows = rows::build(self, look);
    }

    /// The first visible line on a screen of this many lines.
    pub fn top(&self, height: usize) -> usize {
        let last = self.rows.len().saturating_sub(height);
        match self.scroll {
            Scroll::Follow => last,
            Scroll::At(id, offset) => self.find(id, offset).map_or(last, |at| at.min(last)),
        }
    }

    /// Lines below the screen.
    pub fn below(&self, height: usize) -> usize {
        self.rows.len().saturating_sub(self.top(height) + height)
    }

    /// Whether the end of the chat is on the screen.
    pub fn at_end(&self, height: usize) -> bool {
        self.loaded && !self.newer_cached && self.below(height) == 0
    }

    /// Moves the screen by lines, down where positive.
    pub(super) fn scroll_by(&mut self, lines: isize, height: usize) {
        let top = self.top(height).saturating_add_signed(lines);
        self.scroll_to(top, height);
    }

    /// Puts a line at the top of the screen.
    pub(super) fn scroll_to(&mut self, top: usize, height: usize) {
        let last = self.rows.len().saturating_sub(height);
        self.scroll = if top >= last && !self.newer_cached {
            Scroll::Follow
        } else {
            match self.rows.get(top.min(last)) {
                Some(row) => Scroll::At(row.id, row.offset),
                None => Scroll::Follow,
            }
        };
    }

    /// The line "new messages".
    pub(super) fn new_line(&self) -> Option<usize> {
        self.rows.iter().position(|row| row.show == rows::Show::New)
    }

    fn find(&self, id: EntryId, offset: isize) -> Option<usize> {
        let first = self.rows.iter().position(|row| row.id == id)?;
        let lines = self.rows[first..].iter().take_while(|row| row.id == id);
        // The same line, or the nearest one where the entry has fewer now.
        lines
            .enumerate()
            .min_by_key(|(_, row)| (row.offset - offset).unsigned_abs())
            .map(|(at, _)| first + at)
    }
}
