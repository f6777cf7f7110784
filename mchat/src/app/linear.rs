//! The application without a screen: lines in, lines out, for screen readers
//! and pipes. It is the same [`Model`] with the same table of actions; what
//! would be drawn is said.

use proto::Seq;
use proto::UnixMillis;
use proto::catalog::{Text, fill, sentence};
use proto::entry::Body;
use proto::id::{ChatId, EntryId};
use proto::request::ChatKind;
use proto::text::{printable_line, printable_text};

use super::action::Action;
use super::clock;
use super::deed::Deed;
use super::message::{Effect, Msg};
use super::model::{Model, Pane};
use super::popup::{self, HelpLine, Popup, Search};
use super::rows::Show;
use super::sheet::Sheet;
use super::status;
use super::update::{leave, update};
use crate::client::model::{EntryRow, Link, OutboxState};

/// Messages said of a chat that is opened.
const FIRST: usize = 20;
/// Columns and rows of the screen that nobody sees.
pub const SIZE: (u16, u16) = (80, 24);

/// The application, and what of it was said.
#[derive(Debug)]
pub struct Linear {
    model: Model,
    lines: Vec<String>,
    /// The chat whose messages are said, and the last entry that was.
    open: Option<(ChatId, Option<Seq>)>,
    /// The day of the message said last.
    day: Option<jiff::civil::Date>,
    /// The connection as last said.
    link: Option<std::mem::Discriminant<Link>>,
    /// Messages whose failure was said.
    failed: Vec<EntryId>,
    /// Lists that were asked for and have no answer yet.
    waiting: Vec<Popup>,
    /// Deeds under way.
    done_awaited: usize,
    /// What is done once the answer is yes.
    sure: Option<Deed>,
}

impl Linear {
    /// Speaks for a model that was just started.
    pub fn new(model: Model) -> Self {
        let mut linear = Self {
            model,
            lines: Vec::new(),
            open: None,
            day: None,
            link: None,
            failed: Vec::new(),
            waiting: Vec::new(),
            done_awaited: 0,
            sure: None,
        };
        linear.say_popups();
        linear
    }

    /// The state behind it.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The lines to be said since the last time.
    pub fn take_lines(&mut self) -> Vec<String> {
        std::mem::take(&mut self.lines)
    }

    /// What stands in front of what is typed: the name of the open chat.
    pub fn prompt(&self) -> String {
        let open = self.model.open.as_ref();
        match open.and_then(|open| self.model.chat(open.id)) {
            Some(chat) => format!("{}> ", printable_line(&chat.title)),
            None => "> ".to_owned(),
        }
    }

    /// Whether chats are known, so that what is typed can name them.
    pub fn is_ready(&self) -> bool {
        self.model.chats_loaded
    }

    /// Whether something typed is still on its way, or an opened chat is still
    /// being read.
    pub fn is_busy(&self) -> bool {
        let waits = !self.waiting.is_empty() || self.done_awaited > 0;
        waits
            || self.model.open.as_ref().is_some_and(|open| {
                !open.loaded
                    || open
                        .waiting()
                        .any(|row| !matches!(row.state, OutboxState::Failed(_)))
            })
    }

    /// The program ends: what must not be lost.
    pub fn leave(&mut self) -> Vec<Effect> {
        leave(&mut self.model)
    }

    /// An input other than a typed line.
    pub fn take_in(&mut self, msg: Msg, now: UnixMillis) -> Vec<Effect> {
        // An answer looks for its list.
        self.model.popups.append(&mut self.waiting);
        if matches!(msg, Msg::DeedDone { .. } | Msg::ChatMade(_)) {
            self.done_awaited = self.done_awaited.saturating_sub(1);
        }
        let mut effects = update(&mut self.model, msg, now);
        self.count(&effects);
        effects.extend(self.say(now));
        effects
    }

    /// A typed line: a command behind `:` or `/`, else a message. The sign
    /// twice begins a message with it.
    pub fn line(&mut self, line: &str, now: UnixMillis) -> Vec<Effect> {
        let line = line.trim_end_matches(['\r', '\n']);
        self.model.now = now;
        let mut effects = self.model.here();
        let more = match line.strip_prefix([':', '/']) {
            Some(rest) if !rest.starts_with([':', '/']) => self.command(rest),
            Some(rest) => self.message(rest),
            None => self.message(line),
        };
        effects.extend(more);
        self.count(&effects);
        effects.extend(self.say(now));
        effects
    }

    /// Deeds are waited for before the end.
    fn count(&mut self, effects: &[Effect]) {
        let deeds = effects
            .iter()
            .filter(|effect| matches!(effect, Effect::Do(_) | Effect::Enter(_)));
        self.done_awaited += deeds.count();
    }

    fn message(&mut self, text: &str) -> Vec<Effect> {
        if text.trim().is_empty() {
            return Vec::new();
        }
        if self.model.open.is_none() {
            self.note(self.model.text(Text::OpenFirst));
            return Vec::new();
        }
        if !self.model.can_write() {
            self.note(self.model.text(Text::LeftChat));
            return Vec::new();
        }
        self.model.pane = Pane::Composer;
        let mut effects = self.model.compose_text(text);
        effects.extend(self.model.act(Action::Send));
        effects
    }

    fn command(&mut self, line: &str) -> Vec<Effect> {
        match (line.trim(), self.sure.take()) {
            ("yes" | "да", Some(deed)) => return vec![Effect::Do(deed)],
            ("no" | "нет", Some(_)) => return Vec::new(),
            _ => {}
        }
        let order = match self.model.read_command(line) {
            Ok(order) => order,
            Err(why) => {
                self.note(&why);
                return Vec::new();
            }
        };
        match order.action {
            Action::GoToList => {
                self.say_chats();
                Vec::new()
            }
            // Nothing of it can be heard.
            Action::Redraw
            | Action::SwitchFocus
            | Action::SwitchFocusBack
            | Action::Compose
            | Action::Filter
            | Action::EditInEditor
            | Action::Palette
            | Action::Suspend => {
                self.note(self.model.text(Text::NeedsScreen));
                Vec::new()
            }
            // Without a selection it is about the latest message.
            Action::EditMessage if order.text(0).is_none() => {
                self.note(self.model.text(Text::NeedsScreen));
                Vec::new()
            }
            Action::EditMessage => {
                self.model.pane = Pane::Composer;
                self.model.order(order)
            }
            Action::Copy
            | Action::OpenLink
            | Action::ShowRaw
            | Action::Reply
            | Action::React
            | Action::Forward
            | Action::Pin
            | Action::DeleteMessage
            | Action::WhoReacted
            | Action::WhoRead
            | Action::EditHistory => {
                self.select_latest();
                self.model.order(order)
            }
            _ => self.model.order(order),
        }
    }

    fn select_latest(&mut self) {
        if self.model.enter_timeline() {
            self.model.select_message(isize::MAX);
        }
    }

    fn note(&mut self, text: &str) {
        self.lines.push(format!("* {}", printable_line(text)));
    }

    /// Says what has changed.
    fn say(&mut self, now: UnixMillis) -> Vec<Effect> {
        self.model.now = now;
        self.say_link();
        self.say_popups();
        if let Some(notice) = self.model.notice.take() {
            self.note(&notice.text);
        }
        let effects = self.say_open();
        self.say_failed();
        effects
    }

    fn say_link(&mut self) {
        let kind = std::mem::discriminant(&self.model.link);
        if self.link.replace(kind) != Some(kind) {
            let text = status::link_text(self.model.lang, &self.model.link, 0);
            self.note(&text);
        }
    }

    fn say_popups(&mut self) {
        let mut waiting = Vec::new();
        while let Some(popup) = self.model.popups.pop() {
            match popup {
                Popup::Page(page) => {
                    self.lines.push(page.title.clone());
                    self.lines.extend(page.text.lines().map(str::to_owned));
                }
                Popup::Help(_) => self.say_help(),
                Popup::Links(links) => {
                    let addresses = links.links.iter();
                    self.lines
                        .extend(addresses.map(|link| printable_line(&link.address).into_owned()));
                }
                Popup::Sheet(sheet) if sheet.asked.is_some() => {
                    waiting.push(Popup::Sheet(sheet));
                }
                Popup::Sheet(sheet) => self.say_sheet(&sheet),
                Popup::Sure(sure) => {
                    self.note(&sure.question);
                    self.note(self.model.text(Text::SureLinear));
                    self.sure = Some(sure.deed);
                }
                _ => self.note(self.model.text(Text::NeedsScreen)),
            }
        }
        self.waiting.extend(waiting);
    }

    fn say_sheet(&mut self, sheet: &Sheet) {
        self.lines.push(sheet.title.clone());
        if let Search::Failed(why) = &sheet.search {
            self.note(why);
            return;
        }
        let shown = sheet.shown();
        if shown.is_empty() {
            self.note(self.model.text(Text::NothingHere));
        }
        for item in shown {
            let parts = [&*item.text, &*item.detail, &*item.under];
            let parts: Vec<&str> = parts
                .into_iter()
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .collect();
            self.lines.push(format!("  {}", parts.join(" - ")));
        }
        if !sheet.foot.is_empty() && sheet.source.is_search() {
            self.note(&sheet.foot);
        }
    }

    /// The commands; keys mean nothing here.
    fn say_help(&mut self) {
        let mut seen = Vec::new();
        for line in popup::help_lines(&self.model) {
            if let HelpLine::Entry { command, help, .. } = line
                && !command.is_empty()
                && !seen.contains(&command)
            {
                self.lines.push(format!("{command} - {help}"));
                seen.push(command);
            }
        }
    }

    fn say_chats(&mut self) {
        if self.model.chats.is_empty() {
            self.note(self.model.text(Text::NoChats));
        }
        for chat in &self.model.chats {
            let sign = match chat.kind {
                ChatKind::Private => '@',
                ChatKind::Group | ChatKind::Public | ChatKind::Unknown => '#',
            };
            let mut line = format!("{sign}{}", printable_line(&chat.title));
            if chat.unread > 0 {
                let count = chat.unread.to_string();
                let unread = fill(self.model.text(Text::UnreadCount), &[("count", &count)]);
                line.push_str(&format!(" ({unread})"));
            }
            self.lines.push(line);
        }
    }

    /// The messages of the open chat that were not said yet.
    fn say_open(&mut self) -> Vec<Effect> {
        let Some(open) = &self.model.open else {
            self.open = None;
            return Vec::new();
        };
        let id = open.id;
        if self.open.is_none_or(|(said, _)| said != id) {
            self.open = Some((id, None));
            self.day = None;
            if let Some(chat) = self.model.chat(id) {
                let title = printable_line(&chat.title).into_owned();
                self.note(&title);
            }
        }
        let Some(open) = self.model.open.as_ref().filter(|open| open.loaded) else {
            return Vec::new();
        };
        if open.newer_cached {
            return self.model.go_to_end();
        }
        let said = self.open.and_then(|(_, said)| said);
        let fresh: Vec<EntryRow> = match said {
            Some(said) => open
                .entries
                .iter()
                .filter(|entry| entry.seq > said)
                .cloned()
                .collect(),
            None => {
                let unread = open
                    .entries
                    .iter()
                    .filter(|entry| entry.seq > open.read)
                    .count();
                let count = unread.max(FIRST).min(open.entries.len());
                open.entries[open.entries.len() - count..].to_vec()
            }
        };
        let last = open.entries.last().map(|entry| entry.seq);
        self.open = Some((id, last.or(said)));
        for entry in &fresh {
            self.say_entry(entry);
        }
        Vec::new()
    }

    fn say_entry(&mut self, entry: &EntryRow) {
        let day = clock::day(entry.at, &self.model.zone);
        if self.day.replace(day) != Some(day) {
            self.lines.push(clock::day_text(day, self.model.lang));
        }
        let time = clock::time_text(entry.at, &self.model.zone);
        if !matches!(entry.body, Body::Message(_)) {
            let rows = self.model.open.iter().flat_map(|open| &open.rows);
            let parts: Vec<&str> = rows
                .filter(|row| row.id == entry.id)
                .filter_map(|row| match &row.show {
                    Show::Event(text) => Some(text.trim()),
                    _ => None,
                })
                .collect();
            if !parts.is_empty() {
                self.lines.push(format!("{time} {}", parts.join(" ")));
            }
            return;
        }
        let author = printable_line(&entry.actor_name);
        let text = printable_text(entry.text().unwrap_or_default());
        let model = &self.model;
        let mut about = Vec::new();
        if let Some(quote) = &entry.quote {
            let who = quote.author.as_deref().unwrap_or("?");
            let words = model.with_name(Text::Replying, who);
            about.push(words.trim_end_matches(':').to_owned());
        }
        if let Some(who) = &entry.forwarded {
            about.push(model.with_name(Text::ForwardedFrom, who));
        }
        if entry.edited.is_some() {
            about.push(model.text(Text::EditedMark).to_owned());
        }
        let about = match about.is_empty() {
            true => String::new(),
            false => format!(" ({})", about.join(", ")),
        };
        let text = match (entry.deleted, model.blocked.contains(&entry.actor)) {
            (true, _) => model.text(Text::DeletedMessage).into(),
            (false, true) => model.text(Text::BlockedMessage).into(),
            (false, false) => text,
        };
        let mut parts = text.lines();
        let first = parts.next().unwrap_or_default();
        self.lines.push(format!("{time} {author}{about}: {first}"));
        self.lines.extend(parts.map(|part| format!("  {part}")));
    }

    fn say_failed(&mut self) {
        let lang = self.model.lang;
        let new: Vec<(EntryId, String)> = self
            .model
            .failed()
            .filter(|row| !self.failed.contains(&row.id))
            .filter_map(|row| match &row.state {
                OutboxState::Failed(error) => Some((row.id, sentence(lang, error))),
                _ => None,
            })
            .collect();
        for (id, why) in new {
            self.failed.push(id);
            let text = fill(self.model.text(Text::Failed), &[("why", &why)]);
            let keys = [("retry", ":retry"), ("discard", ":discard")];
            let keys = fill(self.model.text(Text::FailedKeys), &keys);
            self.note(&format!("{text} ({keys})"));
        }
    }
}
