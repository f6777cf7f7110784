//! The chat list: reading it, moving in it, opening a chat.

use proto::id::ChatId;

use super::key::{Mouse, MouseKind};
use super::message::Effect;
use super::model::{Busy, Model, Pane};
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
        if again {
            self.reload_chats()
        } else {
            Vec::new()
        }
    }

    fn selected_at(&self) -> Option<usize> {
        let id = self.selected?;
        self.chats.iter().position(|chat| chat.id == id)
    }

    pub(super) fn select(&mut self, step: isize) {
        let at = self.selected_at().unwrap_or(0);
        let last = self.chats.len().saturating_sub(1);
        let to = at.saturating_add_signed(step).min(last);
        self.selected = self.chats.get(to).map(|chat| chat.id);
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
        self.list_top = self.list_top.min(self.chats.len().saturating_sub(rows));
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
            MouseKind::Press if layout.list.contains(x, y) => {
                // The first line is the heading, the second one empty.
                let Some(line) = usize::from(y - layout.list.y).checked_sub(2) else {
                    return Vec::new();
                };
                match self.chats.get(self.list_top + line).map(|chat| chat.id) {
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
            MouseKind::Press if layout.activity.contains(x, y) => self.go_to_end(),
            MouseKind::WheelUp | MouseKind::WheelDown => {
                let step = if mouse.kind == MouseKind::WheelUp {
                    -3
                } else {
                    3
                };
                if layout.list.contains(x, y) {
                    let rows = usize::from(layout.list.height).saturating_sub(2);
                    let last = self.chats.len().saturating_sub(rows);
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
