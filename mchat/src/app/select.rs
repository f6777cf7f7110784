//! The selected message of the timeline, and what can be done with it.

use proto::catalog::{Text, fill};
use proto::id::EntryId;
use proto::text::{printable_line, printable_text};
use proto::{Seq, UnixMillis};

use super::clock;
use super::flow::{self, Reading};
use super::layout::Area;
use super::link::Link;
use super::message::{Ask, Effect};
use super::model::{Model, Pane};
use super::open::OpenChat;
use super::popup::{Links, Page, Popup};
use super::rows::Show;
use super::wrap;

/// A message of the open chat, stored or waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// Its identity.
    pub id: EntryId,
    /// Its place in the log, once it has one.
    pub seq: Option<Seq>,
    /// Who wrote it; raw.
    pub author: &'a str,
    /// What they wrote; raw.
    pub text: &'a str,
    /// When.
    pub at: UnixMillis,
}

/// The message that is being answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Its place in the log.
    pub seq: Seq,
    /// Who wrote it; safe for a line.
    pub author: String,
    /// What they wrote; safe for a line.
    pub text: String,
}

impl OpenChat {
    /// A message by its identity.
    pub fn message<'a>(&'a self, id: EntryId, my_name: &'a str) -> Option<Message<'a>> {
        let entry = self.entries.iter().find(|entry| entry.id == id);
        if let Some(entry) = entry {
            return Some(Message {
                id,
                seq: Some(entry.seq),
                author: &entry.actor_name,
                text: entry.text()?,
                at: entry.at,
            });
        }
        let row = self.waiting().find(|row| row.id == id)?;
        Some(Message {
            id,
            seq: None,
            author: my_name,
            text: &row.text,
            at: row.at,
        })
    }

    /// The messages that have lines, from top to bottom, with the first and
    /// last line of each.
    fn blocks(&self) -> Vec<(EntryId, usize, usize)> {
        let mut blocks: Vec<(EntryId, usize, usize)> = Vec::new();
        for (at, row) in self.rows.iter().enumerate() {
            let own = matches!(row.show, Show::Line { .. } | Show::Mark(_));
            match blocks.last_mut() {
                _ if !own => {}
                Some((id, _, last)) if *id == row.id => *last = at,
                _ => blocks.push((row.id, at, at)),
            }
        }
        blocks
    }

    /// The first line of the selected message.
    pub fn selected_line(&self) -> Option<usize> {
        let id = self.selected?;
        let own = |show: &Show| matches!(show, Show::Line { .. });
        self.rows
            .iter()
            .position(|row| row.id == id && own(&row.show))
    }
}

impl Model {
    /// The selected message, where keys go to the timeline.
    pub fn selected_message(&self) -> Option<Message<'_>> {
        if self.pane != Pane::Timeline {
            return None;
        }
        let open = self.open.as_ref()?;
        open.message(open.selected?, self.my_name())
    }

    /// One's own name; empty where nobody is signed in.
    pub fn my_name(&self) -> &str {
        self.account
            .as_ref()
            .map_or("", |account| account.username.as_str())
    }

    /// Keys go to the timeline from now on; the last message on the screen is
    /// selected. False where there is none.
    pub(super) fn enter_timeline(&mut self) -> bool {
        let height = usize::from(self.timeline_height());
        let Some(open) = &mut self.open else {
            return false;
        };
        let bottom = open.top(height) + height;
        let blocks = open.blocks();
        let known = open
            .selected
            .filter(|id| blocks.iter().any(|(other, ..)| other == id));
        let last = blocks
            .iter()
            .rev()
            .find(|(_, first, _)| *first < bottom)
            .or(blocks.first())
            .map(|(id, ..)| *id);
        open.selected = known.or(last);
        if open.selected.is_none() {
            return false;
        }
        self.pane = Pane::Timeline;
        self.show_selection();
        true
    }

    /// Selects the message so many above or below; far numbers are the ends.
    pub(super) fn select_message(&mut self, step: isize) {
        let height = usize::from(self.timeline_height());
        self.more_may_come();
        let Some(open) = &mut self.open else {
            return;
        };
        let blocks = open.blocks();
        let at = blocks
            .iter()
            .position(|(id, ..)| Some(*id) == open.selected);
        let Some(at) = at else {
            open.selected = blocks.last().map(|(id, ..)| *id);
            return;
        };
        let (_, first, last) = blocks[at];
        let top = open.top(height);
        // A message taller than the screen is scrolled through before the next
        // one comes.
        let hidden = match step {
            1 => last >= top + height,
            -1 => first < top,
            _ => false,
        };
        if hidden {
            open.scroll_by(step * (height / 2).max(1) as isize, height);
            return;
        }
        if step == 1 && at + 1 == blocks.len() {
            if open.at_end(height) {
                open.selected = None;
                self.pane = Pane::Composer;
            } else {
                open.scroll_by(1, height);
            }
            return;
        }
        if step == -1 && at == 0 {
            open.scroll_by(-1, height);
            return;
        }
        let to = at.saturating_add_signed(step).min(blocks.len() - 1);
        open.selected = Some(blocks[to].0);
        self.show_selection();
    }

    /// Scrolls so that the selected message is on the screen.
    pub(super) fn show_selection(&mut self) {
        let height = usize::from(self.timeline_height());
        let Some(open) = &mut self.open else {
            return;
        };
        let blocks = open.blocks();
        let block = blocks.iter().find(|(id, ..)| Some(*id) == open.selected);
        let Some((_, first, last)) = block else {
            return;
        };
        // With the name above it, where there is one.
        let first = first.saturating_sub(1);
        let top = open.top(height);
        if first < top {
            open.scroll_to(first, height);
        } else if *last >= top + height {
            open.scroll_to((*last + 1).saturating_sub(height).min(first), height);
        }
    }

    /// Where the selection was lost with its message, keys go to the composer.
    pub(super) fn check_selection(&mut self) {
        let Some(open) = &mut self.open else {
            return;
        };
        if open.selected.is_some() && open.selected_line().is_none() {
            open.selected = None;
            if self.pane == Pane::Timeline {
                self.pane = Pane::Composer;
            }
        }
    }

    /// A click on the timeline: selects the message, follows the link.
    pub(super) fn click_message(&mut self, area: Area, x: u16, y: u16) -> Vec<Effect> {
        let height = usize::from(area.height);
        let Some(open) = &mut self.open else {
            return Vec::new();
        };
        let top = open.top(height);
        let free = height - open.rows.len().min(height);
        let line = usize::from(y - area.y).checked_sub(free);
        let Some(row) = line.and_then(|line| open.rows.get(top + line)) else {
            return Vec::new();
        };
        let (id, show) = (row.id, row.show.clone());
        if open.message(id, "").is_none() {
            return Vec::new();
        }
        let again = self.pane == Pane::Timeline && open.selected == Some(id);
        open.selected = Some(id);
        self.pane = Pane::Timeline;
        self.offer = None;
        let Show::Line { spans, .. } = show else {
            return Vec::new();
        };
        let mut column = usize::from(x - area.x);
        for span in &spans {
            let wide = wrap::width(&span.text);
            if column < wide {
                let link = self.selected_message().and_then(|message| {
                    let links = links(message.text);
                    links.into_iter().nth(span.link?)
                });
                if let Some(link) = link {
                    return self.follow(&link);
                }
                break;
            }
            column -= wide;
        }
        // The second click asks what can be done with it.
        if again {
            return self.message_menu();
        }
        Vec::new()
    }

    fn chosen(&mut self) -> Option<Message<'_>> {
        if self.selected_message().is_none() {
            self.notify(self.text(Text::NoMessageSelected));
        }
        self.selected_message()
    }

    /// Puts the text of the selected message into the clipboard.
    pub(super) fn copy_message(&mut self) -> Vec<Effect> {
        let Some(text) = self.chosen().map(|message| message.text.to_owned()) else {
            return Vec::new();
        };
        self.notify(self.text(Text::Copied));
        vec![Effect::Ask(Ask::Copy(text))]
    }

    /// Opens the link of the selected message; asks which where it has
    /// several.
    pub(super) fn open_link(&mut self) -> Vec<Effect> {
        let Some(message) = self.chosen() else {
            return Vec::new();
        };
        let mut links = links(message.text);
        links.dedup();
        match links.len() {
            0 => {
                self.notify(self.text(Text::NoLink));
                Vec::new()
            }
            1 => self.follow(&links.remove(0)),
            _ => {
                self.popups.push(Popup::Links(Links { links, selected: 0 }));
                Vec::new()
            }
        }
    }

    pub(super) fn follow(&mut self, link: &Link) -> Vec<Effect> {
        let host = printable_line(&link.host).into_owned();
        self.notify(fill(self.text(Text::Opening), &[("host", &host)]));
        vec![Effect::OpenLink(link.address.clone())]
    }

    /// Shows the selected message as it was typed.
    pub(super) fn show_raw(&mut self) -> Vec<Effect> {
        let zone = self.zone.clone();
        let Some(message) = self.chosen() else {
            return Vec::new();
        };
        let title = format!(
            "{}, {}",
            printable_line(message.author),
            clock::time_text(message.at, &zone)
        );
        let page = Page::new(title, printable_text(message.text));
        self.popups.push(Popup::Page(page));
        Vec::new()
    }

    /// Shows what is hidden in the selected message, or hides it again.
    pub(super) fn reveal(&mut self) {
        let Some(id) = self.chosen().map(|message| message.id) else {
            return;
        };
        if let Some(open) = &mut self.open
            && !open.revealed.remove(&id)
        {
            open.revealed.insert(id);
        }
        self.rebuild();
    }

    /// The next message written answers the selected one.
    pub(super) fn reply_to_selected(&mut self) {
        let Some(message) = self.chosen() else {
            return;
        };
        let Some(seq) = message.seq else {
            self.notify(self.text(Text::NotStoredYet));
            return;
        };
        let reply = Reply {
            seq,
            author: printable_line(message.author).into_owned(),
            text: one_line(message.text),
        };
        self.cancel_edit();
        if let Some(open) = &mut self.open {
            open.reply = Some(reply);
        }
        self.go_to_pane(Pane::Composer);
    }
}

/// The links of a text that is not made safe yet.
pub fn links(text: &str) -> Vec<Link> {
    let reading = Reading {
        columns: 80,
        revealed: true,
        ..Reading::default()
    };
    flow::lines(&printable_text(text), reading).1
}

/// A text on one line, without its quotes and its markup, as a reminder of it.
/// What is hidden stays hidden.
pub fn one_line(text: &str) -> String {
    let reading = Reading {
        columns: usize::MAX,
        ..Reading::default()
    };
    let (lines, _) = flow::lines(&printable_text(text), reading);
    let quoted = |line: &[flow::Span]| line.first().is_some_and(|span| span.style.quote);
    let own: Vec<String> = lines
        .iter()
        .filter(|line| !quoted(line))
        .map(|line| flow::line_text(line).trim().to_owned())
        .filter(|line| !line.is_empty())
        .collect();
    let text = if own.is_empty() {
        lines.iter().map(|line| flow::line_text(line)).collect()
    } else {
        own
    };
    text.join(" ").trim().chars().take(200).collect()
}
