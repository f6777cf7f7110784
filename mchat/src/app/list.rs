//! The chat list: reading it, moving in it, opening a chat.

use proto::id::ChatId;
use proto::text::search_fold;

use super::action::Action;
use super::edit::Editor;
use super::key::{Mouse, MouseKind};
use super::message::Effect;
use super::model::{Busy, Filter, Model, Pane};
use crate::client::model::ChatRow;

impl Model {
    /// Reads the list anew; while a read is under way it is repeated after it.
    pub(super) fn reload_chats(&mut self) -> Vec<Effect> {
        match self.chats_busy {
            Busy::Idle => {
                self.chats_busy = Busy::Running;
                vec![Effect::LoadChats]
            }
            Busy::Running | Busy::Again => {
                self.chats_busy = Busy::Again;
                Vec::new()
            }
        }
    }

    pub(super) fn take_chats(&mut self, result: Result<Vec<ChatRow>, String>) -> Vec<Effect> {
        let again = std::mem::take(&mut self.chats_busy) == Busy::Again;
        match result {
            Ok(chats) => {
                self.chats = chats;
                self.chats_loaded = true;
                let known = self.selected.is_some_and(|id| self.chat(id).is_some());
                if !known {
                    self.selected = self.chats.first().map(|chat| chat.id);
                }
                self.show_selected();
            }
            Err(why) => self.notify(why),
        }
        let mut effects = self.settle_notices();
        if again {
            effects.extend(self.reload_chats());
        }
        effects
    }

    /// The chats of the list, narrowed down where that is wanted.
    pub fn shown_chats(&self) -> impl Iterator<Item = &ChatRow> {
        let wanted = self
            .filter
            .as_ref()
            .map(|filter| search_fold(filter.text.text().trim()));
        let open = self.open.as_ref().map(|open| open.id);
        self.chats.iter().filter(move |chat| match &wanted {
            Some(wanted) => search_fold(&chat.title).contains(wanted.as_str()),
            // Who looks for a hidden chat by name finds it.
            None => !chat.hidden || open == Some(chat.id),
        })
    }

    /// Whether keys go to what narrows the list down.
    pub fn is_filtering(&self) -> bool {
        self.pane == Pane::List && self.filter.as_ref().is_some_and(|filter| filter.writing)
    }

    pub(super) fn start_filter(&mut self) {
        self.pane = Pane::List;
        match &mut self.filter {
            Some(filter) => filter.writing = true,
            None => {
                self.filter = Some(Filter {
                    text: Editor::line(""),
                    writing: true,
                });
            }
        }
        self.rebuild();
    }

    pub(super) fn filter_text(&mut self, text: &str) {
        if let Some(filter) = &mut self.filter {
            filter.text.insert(text);
        }
        self.settle_selected();
    }

    /// A key while the filter is written; false where it is for the list.
    pub(super) fn filter_action(&mut self, action: Action) -> bool {
        let Some(filter) = &mut self.filter else {
            return false;
        };
        match action {
            Action::Edit(edit) => filter.text.apply(edit),
            Action::Cancel => self.filter = None,
            _ => return false,
        }
        self.settle_selected();
        true
    }

    /// Selects the first chat that is shown where the selected one is not.
    fn settle_selected(&mut self) {
        if self.selected_at().is_none() {
            let first = self.shown_chats().next().map(|chat| chat.id);
            self.selected = first;
        }
        self.show_selected();
    }

    fn selected_at(&self) -> Option<usize> {
        let id = self.selected?;
        self.shown_chats().position(|chat| chat.id == id)
    }

    pub(super) fn select(&mut self, step: isize) {
        let at = self.selected_at().unwrap_or(0);
        let last = self.shown_chats().count().saturating_sub(1);
        let to = at.saturating_add_signed(step).min(last);
        let chosen = self.shown_chats().nth(to).map(|chat| chat.id);
        self.selected = chosen;
        self.show_selected();
    }

    /// Scrolls the list so that the selected line is visible.
    pub(super) fn show_selected(&mut self) {
        let rows = usize::from(self.layout().list.height)
            .saturating_sub(2)
            .max(1);
        let Some(at) = self.selected_at() else {
            self.list_top = 0;
            return;
        };
        if at < self.list_top {
            self.list_top = at;
        } else if at >= self.list_top + rows {
            self.list_top = at + 1 - rows;
        }
        let most = self.shown_chats().count().saturating_sub(rows);
        self.list_top = self.list_top.min(most);
    }

    pub(super) fn open_selected(&mut self) -> Vec<Effect> {
        match self.selected {
            Some(chat) => self.open_chat(chat),
            None => Vec::new(),
        }
    }

    pub(super) fn open_next(&mut self, step: isize) -> Vec<Effect> {
        if self.open.is_some() {
            self.select(step);
        }
        self.open_selected()
    }

    /// The next chat below the open one that has unread messages, else the
    /// first one in the list.
    pub(super) fn open_next_unread(&mut self) -> Vec<Effect> {
        let open = self.open.as_ref().map(|open| open.id);
        let after = self
            .chats
            .iter()
            .position(|chat| Some(chat.id) == open)
            .map_or(0, |at| at + 1);
        let next: Option<ChatId> = self.chats[after..]
            .iter()
            .chain(&self.chats[..after])
            .find(|chat| chat.unread > 0 && Some(chat.id) != open)
            .map(|chat| chat.id);
        match next {
            Some(chat) => {
                self.selected = Some(chat);
                self.show_selected();
                self.open_chat(chat)
            }
            None => {
                self.notify(self.text(proto::catalog::Text::NothingUnread));
                Vec::new()
            }
        }
    }

    pub(super) fn main_mouse(&mut self, mouse: Mouse) -> Vec<Effect> {
        let layout = self.layout();
        let (x, y) = (mouse.x, mouse.y);
        match mouse.kind {
            MouseKind::Press if layout.members.contains(x, y) => {
                let rows = usize::from(layout.members.height.saturating_sub(2));
                let top = (self.member_at + 1).saturating_sub(rows);
                let Some(line) = usize::from(y - layout.members.y).checked_sub(2) else {
                    return Vec::new();
                };
                if top + line >= self.members().len() {
                    return Vec::new();
                }
                self.pane = Pane::Members;
                self.member_at = top + line;
                self.member_menu()
            }
            MouseKind::Press if layout.title.contains(x, y) && self.open.is_some() => {
                self.order(Action::ChatMenu.into())
            }
            // The heading of the list leads to everything else.
            MouseKind::Press if layout.list.contains(x, y) && y == layout.list.y => {
                self.order(Action::Palette.into())
            }
            MouseKind::Press if layout.list.contains(x, y) => {
                // The first line is the heading, the second one empty.
                let Some(line) = usize::from(y - layout.list.y).checked_sub(2) else {
                    return Vec::new();
                };
                let clicked = self.shown_chats().nth(self.list_top + line);
                match clicked.map(|chat| chat.id) {
                    Some(chat) => {
                        self.selected = Some(chat);
                        self.open_chat(chat)
                    }
                    None => Vec::new(),
                }
            }
            MouseKind::Press if layout.composer.contains(x, y) => {
                self.pane = Pane::Composer;
                let rows = usize::from(layout.composer.height);
                let columns = usize::from(layout.composer.width);
                let row = usize::from(y - layout.composer.y);
                let column = usize::from(x - layout.composer.x);
                if let Some(draft) = self.draft_mut() {
                    let lines = draft.lines(columns);
                    let top = super::compose::first_line(draft.place(&lines).0, rows);
                    draft.click(top + row, column, columns);
                }
                Vec::new()
            }
            MouseKind::Press if layout.timeline.contains(x, y) => {
                self.click_message(layout.timeline, x, y)
            }
            MouseKind::Press if layout.activity.contains(x, y) => self.go_to_end(),
            MouseKind::Press if layout.status.contains(x, y) => {
                self.click_status(x, y + 1 == layout.status.y + layout.status.height)
            }
            MouseKind::WheelUp | MouseKind::WheelDown => {
                let step = if mouse.kind == MouseKind::WheelUp {
                    -3
                } else {
                    3
                };
                if layout.list.contains(x, y) {
                    let rows = usize::from(layout.list.height).saturating_sub(2);
                    let last = self.shown_chats().count().saturating_sub(rows);
                    self.list_top = self.list_top.saturating_add_signed(step).min(last);
                } else {
                    self.scroll_lines(step);
                }
                Vec::new()
            }
            MouseKind::Press => Vec::new(),
        }
    }
}
