//! The one place where the state changes.

use proto::UnixMillis;

use super::action::{self, Action, Form, Scope};
use super::command::Order;
use super::deed::Fetch;
use super::first::First;
use super::key::{Key, Mouse};
use super::keymap::Found;
use super::message::{Effect, Msg};
use super::model::{Model, Pane, Start};
use super::popup::{Palette, Popup};

/// The first state and what to do first.
pub fn start(start: Start) -> (Model, Vec<Effect>) {
    let link = start.link.clone();
    let mut model = Model::new(start);
    model.link_changed(link);
    model.settle_keys();
    model.tell_troubles();
    let mut effects = model.reload_chats();
    effects.push(Effect::LoadDrafts);
    effects.push(Effect::Fetch(Fetch::Contacts));
    (model, effects)
}

/// The program ends: what must not be lost.
pub fn leave(model: &mut Model) -> Vec<Effect> {
    model.flush_draft()
}

/// Takes an input in at a moment and says what is to be done.
pub fn update(model: &mut Model, msg: Msg, now: UnixMillis) -> Vec<Effect> {
    model.now = now;
    model.lapse();
    let mut first = match msg {
        Msg::Key(_) | Msg::Mouse(_) | Msg::Paste(_) => model.here(),
        _ => model.go_away(),
    };
    let mut effects = match msg {
        Msg::Key(key) => model.key(key),
        Msg::Mouse(mouse) => model.mouse(mouse),
        Msg::Paste(text) => model.paste(&text),
        Msg::Resize(columns, rows) => {
            model.size = (columns, rows);
            if model.pane == Pane::Members && !model.shows_members() {
                model.pane = Pane::Composer;
            }
            model.rebuild();
            Vec::new()
        }
        Msg::Focus(focused) => {
            model.focused = focused;
            Vec::new()
        }
        Msg::Tick => model.keep_draft(),
        Msg::Client(event) => model.client(event),
        Msg::Chats(result) => model.take_chats(result),
        Msg::Loaded { load, result } => model.take_timeline(load, result),
        Msg::FetchedOlder { chat, result } => model.fetched_older(chat, result),
        Msg::Queued {
            chat,
            id,
            text,
            result,
        } => model.queued(chat, id, &text, result),
        Msg::Found { query, result } => model.take_found(&query, result),
        Msg::ChatMade(result) => model.chat_made(result),
        Msg::Signed(result) => {
            model.signed(result);
            Vec::new()
        }
        Msg::ServerSet(result) => {
            model.server_set(result);
            Vec::new()
        }
        Msg::NewRead { chat, to, result } => model.heralded(chat, to, result),
        Msg::Drafts(result) => {
            model.take_drafts(result);
            Vec::new()
        }
        Msg::Edited { chat, result } => model.edited(chat, result),
        Msg::DeedDone { deed, result } => model.deed_done(&deed, result),
        Msg::Fetched { fetch, result } => model.fetched(&fetch, result),
        Msg::Done(result) => {
            if let Err(why) = result {
                model.notify(why);
            }
            Vec::new()
        }
    };
    effects.extend(model.want_more());
    effects.extend(model.mark_read());
    first.extend(effects);
    first
}

/// When the screen changes by itself: the next lapse or countdown.
pub fn wake(model: &Model) -> Option<UnixMillis> {
    let typing = model.typing.iter().map(|(.., until)| *until).min();
    let notice = model.notice.as_ref().map(|notice| notice.until);
    let countdown = model.retry_at.and_then(|at| {
        let left = at - model.now;
        (left > 0).then(|| model.now + (left - 1) % 1000 + 1)
    });
    let draft = model.draft_due.map(|(_, due)| due);
    [typing, notice, countdown, draft, model.away_at()]
        .into_iter()
        .flatten()
        .min()
}

impl Model {
    fn lapse(&mut self) {
        let now = self.now;
        self.typing.retain(|(.., until)| *until > now);
        if self
            .notice
            .as_ref()
            .is_some_and(|notice| notice.until <= now)
        {
            self.notice = None;
        }
    }

    fn scopes(&self) -> &'static [Scope] {
        match (self.popups.last(), &self.first) {
            (Some(Popup::NewChat(dialog)), _) if dialog.step == super::popup::Step::People => {
                &[Scope::Always, Scope::People, Scope::Dialog, Scope::Text]
            }
            (Some(Popup::Command(_)), _) => {
                &[Scope::Always, Scope::Command, Scope::Dialog, Scope::Text]
            }
            (Some(_), _) => &[Scope::Always, Scope::Dialog, Scope::Text],
            (None, Some(First::Sign(_))) => {
                &[Scope::Always, Scope::Sign, Scope::Dialog, Scope::Text]
            }
            (None, Some(_)) => &[Scope::Always, Scope::Dialog, Scope::Text],
            (None, None) if self.is_filtering() => &[Scope::Always, Scope::Dialog, Scope::Text],
            (None, None) if self.pane == Pane::List => &[Scope::Always, Scope::List, Scope::Main],
            (None, None) if self.pane == Pane::Members => {
                &[Scope::Always, Scope::Members, Scope::Main]
            }
            (None, None) if self.pane == Pane::Timeline => {
                &[Scope::Always, Scope::Timeline, Scope::Main]
            }
            (None, None) if self.is_offering() => &[
                Scope::Always,
                Scope::Completion,
                Scope::Composer,
                Scope::Text,
                Scope::Main,
            ],
            (None, None) => &[Scope::Always, Scope::Composer, Scope::Text, Scope::Main],
        }
    }

    fn key(&mut self, key: Key) -> Vec<Effect> {
        self.pressed.push(key);
        match self.keys.find(&self.pressed, self.scopes()) {
            Found::Action(action) => {
                self.pressed.clear();
                return self.act(action);
            }
            Found::Prefix => return Vec::new(),
            Found::Nothing => {
                let begun = self.pressed.len() > 1;
                self.pressed.clear();
                // The chord was none; the key may mean something by itself.
                if begun {
                    return self.key(key);
                }
            }
        }
        let Some(c) = key.typed() else {
            return Vec::new();
        };
        self.type_text(c.encode_utf8(&mut [0; 4]))
    }

    fn paste(&mut self, text: &str) -> Vec<Effect> {
        self.type_text(text)
    }

    /// Puts a text in where the cursor is.
    fn type_text(&mut self, text: &str) -> Vec<Effect> {
        if !self.popups.is_empty() {
            return self.dialog_text(text);
        }
        if let Some(first) = &mut self.first {
            if let First::Trust(_) = first {
                // One letter on purpose, so that nobody trusts by a stray
                // Return; not `y`, whose key types the Russian "n".
                let letter = text.chars().next().map(super::key::by_position);
                return match letter {
                    Some('t' | 'T') => self.trust(),
                    _ => Vec::new(),
                };
            }
            if let Some(editor) = first.editor_mut() {
                editor.insert(text);
            }
            return Vec::new();
        }
        if self.is_filtering() {
            self.filter_text(text);
            return Vec::new();
        }
        self.compose_text(text)
    }

    /// Carries an action out that comes without arguments. Where it needs
    /// some, the command line asks for them.
    pub(super) fn act(&mut self, action: Action) -> Vec<Effect> {
        match action::entry(action).map(|entry| entry.form) {
            Some(Form::Command { needed, .. }) if needed > 0 => {
                let name = action::entry(action).map_or("", |entry| entry.name);
                self.open_command_line(&format!("{name} "));
                Vec::new()
            }
            _ => self.order(action.into()),
        }
    }

    /// Carries an action out, whether it came from a key, the palette or the
    /// command line.
    pub(super) fn order(&mut self, order: Order) -> Vec<Effect> {
        let action = order.action;
        match action {
            Action::Quit => {
                let mut effects = self.flush_draft();
                effects.push(Effect::Quit);
                return effects;
            }
            Action::Suspend => return vec![Effect::Suspend],
            Action::Redraw => return vec![Effect::Redraw],
            Action::Help => {
                match self.popups.last() {
                    Some(Popup::Help(_)) => {
                        self.popups.pop();
                    }
                    _ => self.popups.push(Popup::Help(0)),
                }
                return Vec::new();
            }
            _ => {}
        }
        if !self.popups.is_empty() {
            return self.dialog_action(action);
        }
        if let Some(first) = &mut self.first {
            if let (Action::Edit(edit), Some(editor)) = (action, first.editor_mut()) {
                editor.apply(edit);
                return Vec::new();
            }
            return self.first_action(action);
        }
        if self.is_filtering() && self.filter_action(action) {
            return Vec::new();
        }
        if self.is_offering()
            && matches!(
                action,
                Action::Next | Action::Previous | Action::Cancel | Action::Complete
            )
        {
            return self.offer_action(action);
        }
        match action {
            Action::Palette => self.popups.push(Popup::Palette(Palette::new())),
            Action::CommandLine => self.open_command_line(""),
            Action::Set => return self.set(&order),
            Action::NewChat => self.open_new_chat(),
            Action::OpenChat => {
                if let Some(chat) = order.chat(0) {
                    return self.open_chat(chat);
                }
            }
            Action::NextChat => return self.open_next(1),
            Action::PreviousChat => return self.open_next(-1),
            Action::NextUnread => return self.open_next_unread(),
            Action::SwitchFocus | Action::SwitchFocusBack => {
                // From left to right, then to the text; back the other way.
                let on = action == Action::SwitchFocus;
                let beside = self.shows_members();
                let to = match self.pane {
                    Pane::List if on => Pane::Timeline,
                    Pane::Timeline if on => Pane::Composer,
                    Pane::Composer if on && beside => Pane::Members,
                    Pane::Composer | Pane::Members if on => Pane::List,
                    Pane::List if beside => Pane::Members,
                    Pane::List | Pane::Members => Pane::Composer,
                    Pane::Composer => Pane::Timeline,
                    Pane::Timeline => Pane::List,
                };
                self.go_to_pane(to);
                // There may be no message to select.
                if to == Pane::Timeline && self.pane != to {
                    self.go_to_pane(if on { Pane::Composer } else { Pane::List });
                }
            }
            Action::SelectMessage => self.go_to_pane(Pane::Timeline),
            Action::Filter => self.start_filter(),
            Action::Copy => return self.copy_message(),
            Action::OpenLink => return self.open_link(),
            Action::ShowRaw => return self.show_raw(),
            Action::Reveal => self.reveal(),
            Action::Reply => self.reply_to_selected(),
            Action::CancelReply => {
                self.cancel_edit();
                if let Some(open) = &mut self.open {
                    open.reply = None;
                }
                self.rebuild();
            }
            Action::EditInEditor => return self.edit_in_editor(),
            Action::Compose => self.go_to_pane(Pane::Composer),
            Action::GoToList => self.go_to_pane(Pane::List),
            Action::Confirm => return self.open_selected(),
            Action::Next => self.step(1),
            Action::Previous => self.step(-1),
            Action::First => self.step(isize::MIN),
            Action::Last => self.step(isize::MAX),
            Action::PageUp => self.scroll_pages(-1),
            Action::PageDown => self.scroll_pages(1),
            Action::LineUp => self.scroll_lines(-1),
            Action::LineDown => self.scroll_lines(1),
            Action::FirstUnread => return self.go_to_first_unread(),
            Action::ToEnd if self.is_replying() && self.pane == Pane::Composer => {
                return self.order(Action::CancelReply.into());
            }
            Action::ToEnd => return self.go_to_end(),
            Action::Retry => return self.retry(),
            Action::Discard => return self.discard(),
            Action::Reconnect => return vec![Effect::Reconnect],
            Action::Logout => return vec![Effect::Logout],
            Action::Send => return self.send(),
            Action::NewLine => return self.compose_text("\n"),
            Action::Up => self.vertical(true),
            Action::Down => self.vertical(false),
            Action::Edit(edit) => return self.compose_edit(edit),
            Action::Cancel
            | Action::Mark
            | Action::Complete
            | Action::CompleteBack
            | Action::SwitchMode
            | Action::Help
            | Action::Quit
            | Action::Suspend
            | Action::Redraw => {}
            _ => return self.feature(&order),
        }
        Vec::new()
    }

    fn is_replying(&self) -> bool {
        self.open
            .as_ref()
            .is_some_and(|open| open.reply.is_some() || open.editing.is_some())
    }

    /// Moves the selection of the pane that keys go to.
    fn step(&mut self, step: isize) {
        match self.pane {
            Pane::Timeline => self.select_message(step),
            Pane::Members => {
                let last = self.members().len().saturating_sub(1);
                self.member_at = self.member_at.saturating_add_signed(step).min(last);
            }
            Pane::List | Pane::Composer => self.select(step),
        }
    }

    /// Keys go to this pane from now on, where it is there.
    pub(super) fn go_to_pane(&mut self, pane: Pane) {
        self.offer = None;
        if pane == Pane::Timeline {
            if self.enter_timeline() {
                self.rebuild();
            }
            return;
        }
        self.pane = match &mut self.open {
            Some(open) => {
                // Who comes back by another key begins at the end again.
                if pane == Pane::Composer {
                    open.selected = None;
                }
                pane
            }
            None => Pane::List,
        };
        self.rebuild();
    }

    fn mouse(&mut self, mouse: Mouse) -> Vec<Effect> {
        if !self.popups.is_empty() {
            return self.dialog_mouse(mouse);
        }
        if self.first.is_some() {
            return Vec::new();
        }
        self.main_mouse(mouse)
    }
}
