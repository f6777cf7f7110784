//! The open chat: loading, refreshing, scrolling, marking read.

use proto::Seq;
use proto::id::ChatId;

use super::message::{Effect, Load, Purpose};
use super::model::{Busy, Model, Pane};
use super::open::{Older, OpenChat, PAGE};
use super::rows::Look;
use crate::client::model::{Anchor, Timeline};

impl Model {
    /// Opens a chat: where something is unread, there, else at its end.
    pub(super) fn open_chat(&mut self, chat: ChatId) -> Vec<Effect> {
        self.pane = Pane::Composer;
        if self.open.as_ref().is_some_and(|open| open.id == chat) {
            self.filter = None;
            self.rebuild();
            return Vec::new();
        }
        let mut effects = self.stop_typing();
        self.cancel_edit();
        effects.extend(self.flush_draft());
        self.member_at = 0;
        self.offer = None;
        self.filter = None;
        self.drafts.retain(|_, draft| !draft.is_empty());
        let mut open = OpenChat::new(chat);
        let anchor = match self.chat(chat) {
            Some(row) if row.unread > 0 => {
                open.to_new = true;
                Anchor::Around(row.read + 1)
            }
            _ => Anchor::Latest,
        };
        self.open = Some(open);
        self.selected = Some(chat);
        self.show_selected();
        effects.push(Effect::Opened(chat));
        effects.extend(self.load(anchor, PAGE, Purpose::Replace));
        effects
    }

    /// A read of the open chat.
    pub(super) fn load(&mut self, anchor: Anchor, limit: u32, purpose: Purpose) -> Vec<Effect> {
        let Some(open) = &self.open else {
            return Vec::new();
        };
        self.ticket += 1;
        vec![Effect::Load(Load {
            chat: open.id,
            anchor,
            limit,
            purpose,
            ticket: self.ticket,
        })]
    }

    /// Reads what may have changed in the open chat: entries behind the
    /// window, outbox, members, cursors.
    pub(super) fn refresh_open(&mut self) -> Vec<Effect> {
        let Some(open) = &mut self.open else {
            return Vec::new();
        };
        if !open.loaded || open.refresh != Busy::Idle {
            open.refresh = Busy::Again;
            return Vec::new();
        }
        open.refresh = Busy::Running;
        let (anchor, limit, purpose) = match open.bounds() {
            // Somewhere above: only what is not the entries themselves.
            Some(_) if open.newer_cached => (Anchor::After(open.head), 1, Purpose::State),
            Some((_, last)) => (Anchor::After(last), PAGE, Purpose::Newer),
            None => (Anchor::Latest, PAGE, Purpose::Replace),
        };
        self.load(anchor, limit, purpose)
    }

    pub(super) fn entries_came(&mut self, chat: ChatId, from: Seq, to: Seq) -> Vec<Effect> {
        let Some(open) = &mut self.open else {
            return Vec::new();
        };
        if open.id != chat {
            return Vec::new();
        }
        match open.bounds() {
            Some((first, _)) if to < first => {
                open.older_cached = true;
                Vec::new()
            }
            // In the midst of the window: it is read anew around the screen.
            Some((_, last)) if from <= last => {
                let height = usize::from(self.timeline_height());
                let anchor = self.open.as_ref().and_then(|open| open.anchor_seq(height));
                match anchor {
                    Some(seq) => self.load(Anchor::Around(seq), PAGE, Purpose::Replace),
                    None => self.load(Anchor::Latest, PAGE, Purpose::Replace),
                }
            }
            _ => {
                let open_head = open.head.max(to);
                open.head = open_head;
                self.refresh_open()
            }
        }
    }

    pub(super) fn take_timeline(
        &mut self,
        load: Load,
        result: Result<Timeline, String>,
    ) -> Vec<Effect> {
        let me = self.me();
        let height = usize::from(self.timeline_height());
        let Some(open) = self.open.as_mut().filter(|open| open.id == load.chat) else {
            return Vec::new();
        };
        let mut again = false;
        let mut reread = false;
        if let Some((ticket, repeat)) = open.reread
            && ticket == load.ticket
        {
            open.reread = None;
            reread = repeat;
        }
        match load.purpose {
            Purpose::Older => open.older = Older::Idle,
            _ if open.newer_busy && load.purpose == Purpose::Newer => open.newer_busy = false,
            Purpose::Newer | Purpose::State | Purpose::Replace => {
                again = std::mem::take(&mut open.refresh) == Busy::Again;
            }
        }
        match result {
            Ok(part) => {
                let was_at_end = open.at_end(height);
                let last = open.bounds().map_or(0, |(_, last)| last);
                let first_time = !open.loaded;
                if load.purpose == Purpose::Older && part.entries.is_empty() && part.older_remote {
                    // The server has brought nothing.
                    open.older = Older::Failed;
                }
                open.take(part, load.purpose, load.ticket, me);
                let unseen = !(was_at_end && self.focused && self.popups.is_empty());
                if !first_time
                    && unseen
                    && open.new_from.is_none()
                    && load.purpose == Purpose::Newer
                {
                    open.new_from = open
                        .entries
                        .iter()
                        .find(|entry| {
                            entry.seq > last
                                && me != Some(entry.actor)
                                && matches!(entry.body, proto::entry::Body::Message(_))
                        })
                        .map(|entry| entry.seq);
                }
                self.rebuild();
                if !self.arrive() {
                    self.go_to_new();
                }
            }
            Err(why) => {
                // Asked again once the person scrolls, not in a circle.
                match load.purpose {
                    Purpose::Older => open.older = Older::Failed,
                    Purpose::Newer => open.newer_busy = true,
                    Purpose::Replace | Purpose::State => {}
                }
                self.notify(why);
            }
        }
        let mut effects = Vec::new();
        if again {
            effects.extend(self.refresh_open());
        }
        if reread {
            effects.extend(self.reread());
        }
        effects
    }

    /// Messages of a chat were edited, deleted, reacted to: where they are in
    /// the window it is read anew around the screen.
    pub(super) fn messages_changed(&mut self, chat: ChatId, seqs: &[Seq]) -> Vec<Effect> {
        let Some(open) = self.open.as_ref().filter(|open| open.id == chat) else {
            return Vec::new();
        };
        let Some((first, last)) = open.bounds() else {
            return Vec::new();
        };
        let near = seqs.is_empty() || seqs.iter().any(|seq| (first..=last).contains(seq));
        if near { self.reread() } else { Vec::new() }
    }

    /// Reads the window anew; while that is under way it is repeated after it.
    fn reread(&mut self) -> Vec<Effect> {
        let height = usize::from(self.timeline_height());
        let Some(open) = &mut self.open else {
            return Vec::new();
        };
        if let Some((_, again)) = &mut open.reread {
            *again = true;
            return Vec::new();
        }
        let anchor = match open.anchor_seq(height) {
            Some(seq) => Anchor::Around(seq),
            None => Anchor::Latest,
        };
        open.reread = Some((self.ticket + 1, false));
        self.load(anchor, PAGE, Purpose::Replace)
    }

    /// Shows the line "new messages" near the top, where that was asked for
    /// and it is there by now.
    fn go_to_new(&mut self) {
        let height = usize::from(self.timeline_height());
        let Some(open) = self.open.as_mut().filter(|open| open.to_new) else {
            return;
        };
        if !open.loaded {
            return;
        }
        open.to_new = false;
        if let Some(line) = open.new_line() {
            open.scroll_to(line.saturating_sub(2), height);
        }
    }

    /// Loads more where the screen comes near an end of the window.
    pub(super) fn want_more(&mut self) -> Vec<Effect> {
        let height = usize::from(self.timeline_height());
        let online = self.is_online();
        let Some(open) = &mut self.open else {
            return Vec::new();
        };
        if !open.loaded || height == 0 {
            return Vec::new();
        }
        if open.newer_cached && open.below(height) < height && !open.newer_busy {
            let last = open.bounds().map_or(0, |(_, last)| last);
            open.newer_busy = true;
            return self.load(Anchor::After(last), PAGE, Purpose::Newer);
        }
        if open.older != Older::Idle || open.top(height) >= height {
            return Vec::new();
        }
        let first = open.bounds().map(|(first, _)| first);
        match first {
            Some(first) if open.older_cached => {
                open.older = Older::Reading;
                self.load(Anchor::Before(first), PAGE, Purpose::Older)
            }
            _ if open.older_remote && online => {
                open.older = Older::Fetching;
                vec![Effect::FetchOlder(open.id)]
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn fetched_older(
        &mut self,
        chat: ChatId,
        result: Result<bool, String>,
    ) -> Vec<Effect> {
        let Some(open) = self.open.as_mut().filter(|open| open.id == chat) else {
            return Vec::new();
        };
        match result {
            Ok(more) => {
                open.older_remote = more;
                let (anchor, purpose) = match open.bounds() {
                    Some((first, _)) => (Anchor::Before(first), Purpose::Older),
                    None => (Anchor::Latest, Purpose::Replace),
                };
                open.older = match purpose {
                    Purpose::Older => Older::Reading,
                    _ => Older::Idle,
                };
                self.load(anchor, PAGE, purpose)
            }
            Err(why) => {
                open.older = Older::Failed;
                self.notify(why);
                Vec::new()
            }
        }
    }

    /// After a failure entries are asked for again.
    pub(super) fn more_may_come(&mut self) {
        if let Some(open) = &mut self.open {
            open.newer_busy = false;
            if open.older == Older::Failed {
                open.older = Older::Idle;
            }
        }
    }

    /// Marks read what is on the screen: only where the chat is open at its
    /// end, nothing covers it and the terminal has the focus.
    pub(super) fn mark_read(&mut self) -> Vec<Effect> {
        let seen = self.focused && self.popups.is_empty() && self.first.is_none();
        let height = usize::from(self.timeline_height());
        let Some(open) = self
            .open
            .as_mut()
            .filter(|open| seen && open.at_end(height))
        else {
            return Vec::new();
        };
        if height == 0 || self.size.0 < super::layout::SMALLEST.0 {
            return Vec::new();
        }
        let upto = open.bounds().map_or(0, |(_, last)| last);
        if upto <= open.marked.max(open.read) {
            return Vec::new();
        }
        open.marked = upto;
        vec![Effect::MarkRead {
            chat: open.id,
            upto,
        }]
    }

    /// Lines of the timeline on the screen.
    pub fn timeline_height(&self) -> u16 {
        self.layout().timeline.height
    }

    /// Builds the lines of the open chat anew.
    pub(super) fn rebuild(&mut self) {
        let look = Look {
            width: self.composer_columns(),
            lang: self.lang,
            zone: self.zone.clone(),
            me: self.me(),
            my_name: self.my_name().to_owned(),
            blocked: self.blocked.clone(),
            marks: !self.color || self.settings.value("theme.name") == "none",
        };
        if let Some(open) = &mut self.open {
            open.build(&look);
        }
        self.check_selection();
    }

    pub(super) fn scroll_lines(&mut self, lines: isize) {
        let height = usize::from(self.timeline_height());
        self.more_may_come();
        if let Some(open) = &mut self.open {
            open.scroll_by(lines, height);
        }
    }

    pub(super) fn scroll_pages(&mut self, pages: isize) {
        let page = isize::from(self.timeline_height().saturating_sub(2).max(1) as i16);
        self.scroll_lines(pages * page);
    }

    pub(super) fn go_to_first_unread(&mut self) -> Vec<Effect> {
        let me = self.me();
        let Some(open) = &mut self.open else {
            return self.open_next_unread();
        };
        if open.new_line().is_some() {
            open.to_new = true;
            self.go_to_new();
            return Vec::new();
        }
        open.find_new(me);
        if open.new_from.is_some() {
            open.to_new = true;
            self.rebuild();
            self.go_to_new();
            return Vec::new();
        }
        self.open_next_unread()
    }

    pub(super) fn go_to_end(&mut self) -> Vec<Effect> {
        let Some(open) = &mut self.open else {
            return Vec::new();
        };
        open.scroll = super::open::Scroll::Follow;
        if open.newer_cached {
            return self.load(Anchor::Latest, PAGE, Purpose::Replace);
        }
        Vec::new()
    }
}

impl OpenChat {
    /// The entry at the top of the screen.
    fn anchor_seq(&self, height: usize) -> Option<Seq> {
        if self.scroll == super::open::Scroll::Follow {
            return None;
        }
        let row = self.rows.get(self.top(height))?;
        self.entries
            .iter()
            .find(|entry| entry.id == row.id)
            .map(|entry| entry.seq)
    }
}
