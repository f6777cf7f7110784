//! Keys in dialogs: help, palette, new chat.

use proto::catalog::{Text, fill};
use proto::id::ChatId;
use proto::request::User;
use proto::text::ChatName;

use super::action::Action;
use super::key::{Mouse, MouseKind};
use super::layout::centered;
use super::message::Effect;
use super::model::Model;
use super::popup::{
    self, HELP, NewChat, PAGE_COLUMNS, PALETTE, Page, Popup, Search, Step, links_size,
};
use super::sheet::{SHEET, SURE};

impl Model {
    pub(super) fn open_new_chat(&mut self) {
        self.popups.push(Popup::NewChat(Box::new(NewChat::new())));
    }

    /// Text typed or pasted into a dialog.
    pub(super) fn dialog_text(&mut self, text: &str) -> Vec<Effect> {
        match self.popups.last_mut() {
            Some(Popup::Palette(palette)) => {
                palette.query.insert(text);
                palette.selected = 0;
                Vec::new()
            }
            Some(Popup::NewChat(dialog)) => {
                dialog.field_mut().insert(text);
                dialog.trouble = None;
                self.search()
            }
            Some(Popup::Command(_)) => {
                self.command_text(text);
                Vec::new()
            }
            Some(Popup::Sheet(_)) => self.sheet_text(text),
            Some(Popup::Form(_)) => {
                self.form_text(text);
                Vec::new()
            }
            Some(Popup::Help(_) | Popup::Page(_) | Popup::Links(_) | Popup::Sure(_)) | None => {
                Vec::new()
            }
        }
    }

    pub(super) fn dialog_mouse(&mut self, mouse: Mouse) -> Vec<Effect> {
        match mouse.kind {
            MouseKind::WheelUp => self.dialog_action(Action::Previous),
            MouseKind::WheelDown => self.dialog_action(Action::Next),
            MouseKind::Press => self.dialog_click(mouse),
        }
    }

    /// A click on a line of a list takes it; beside the dialog it closes it.
    fn dialog_click(&mut self, mouse: Mouse) -> Vec<Effect> {
        let Some(popup) = self.popups.last_mut() else {
            return Vec::new();
        };
        let (size, head) = match popup {
            Popup::Palette(_) => (PALETTE, 2),
            Popup::Links(links) => (links_size(links), 0),
            Popup::Help(_) => (HELP, usize::MAX),
            Popup::Sheet(_) => (SHEET, 2),
            Popup::Sure(_) => (SURE, usize::MAX),
            Popup::Page(_) | Popup::Command(_) | Popup::NewChat(_) | Popup::Form(_) => {
                return Vec::new();
            }
        };
        let area = centered(self.size, size.0, size.1);
        if !area.contains(mouse.x, mouse.y) {
            return self.dialog_action(Action::Cancel);
        }
        if let Popup::Sure(_) = popup {
            return self.dialog_action(Action::Confirm);
        }
        let mut rows = usize::from(area.height.saturating_sub(2)).saturating_sub(head);
        let mut each = 1;
        if let Popup::Sheet(sheet) = popup {
            // The last line is the foot.
            each = sheet.rows_each();
            rows = rows.saturating_sub(1) / each * each;
        }
        let Some(line) = usize::from(mouse.y - area.y)
            .checked_sub(1)
            .and_then(|line| line.checked_sub(head))
            .filter(|line| *line < rows)
        else {
            return Vec::new();
        };
        let (selected, count) = match popup {
            Popup::Palette(palette) => (&mut palette.selected, usize::MAX),
            Popup::Links(links) => (&mut links.selected, links.links.len()),
            Popup::Sheet(sheet) => {
                let count = sheet.shown().len();
                (&mut sheet.selected, count)
            }
            _ => return Vec::new(),
        };
        let at = (*selected + 1).saturating_sub(rows / each) + line / each;
        if at >= count {
            return Vec::new();
        }
        *selected = at;
        self.dialog_action(Action::Confirm)
    }

    pub(super) fn dialog_action(&mut self, action: Action) -> Vec<Effect> {
        if action == Action::Cancel {
            match self.popups.last_mut() {
                Some(Popup::NewChat(dialog)) if dialog.step == Step::Name => {
                    dialog.step = Step::People;
                    dialog.trouble = None;
                }
                _ => {
                    self.popups.pop();
                }
            }
            return Vec::new();
        }
        match self.popups.last() {
            Some(Popup::Help(_) | Popup::Page(_)) => {
                self.help_action(action);
                Vec::new()
            }
            Some(Popup::Command(_)) => self.command_action(action),
            Some(Popup::Links(_)) => self.links_action(action),
            Some(Popup::Palette(_)) => self.palette_action(action),
            Some(Popup::NewChat(_)) => self.new_chat_action(action),
            Some(Popup::Sheet(_)) => self.sheet_action(action),
            Some(Popup::Form(_)) => self.form_action(action),
            Some(Popup::Sure(_)) => self.sure_action(action),
            None => Vec::new(),
        }
    }

    /// Lines of the help on the screen.
    pub fn help_height(&self) -> usize {
        usize::from(self.size.1).saturating_sub(4).max(1)
    }

    fn links_action(&mut self, action: Action) -> Vec<Effect> {
        let Some(Popup::Links(links)) = self.popups.last_mut() else {
            return Vec::new();
        };
        let last = links.links.len().saturating_sub(1);
        match action {
            Action::Next => links.selected = (links.selected + 1).min(last),
            Action::Previous => links.selected = links.selected.saturating_sub(1),
            Action::PageDown => links.selected = last,
            Action::PageUp => links.selected = 0,
            Action::Confirm => {
                let link = links.links.get(links.selected).cloned();
                self.popups.pop();
                return link.map_or_else(Vec::new, |link| self.follow(&link));
            }
            _ => {}
        }
        Vec::new()
    }

    /// Columns of a page's text on the screen.
    pub fn page_columns(&self) -> usize {
        usize::from(self.size.0.saturating_sub(2).min(PAGE_COLUMNS)).saturating_sub(4)
    }

    fn help_action(&mut self, action: Action) {
        let lines = match self.popups.last() {
            Some(Popup::Page(page)) => page.lines(self.page_columns()).len(),
            _ => popup::help_lines(self).len(),
        };
        let height = self.help_height();
        let page = height.saturating_sub(2).max(1) as isize;
        let step = match action {
            Action::Next => 1,
            Action::Previous => -1,
            Action::PageDown => page,
            Action::PageUp => -page,
            Action::Confirm => {
                self.popups.pop();
                return;
            }
            _ => return,
        };
        if let Some(Popup::Help(top) | Popup::Page(Page { top, .. })) = self.popups.last_mut() {
            let last = lines.saturating_sub(height);
            *top = top.saturating_add_signed(step).min(last);
        }
    }

    fn palette_action(&mut self, action: Action) -> Vec<Effect> {
        let Some(Popup::Palette(palette)) = self.popups.last() else {
            return Vec::new();
        };
        let found = palette.found(self);
        let chosen = found.get(palette.selected).map(|entry| entry.action);
        let last = found.len().saturating_sub(1);
        let Some(Popup::Palette(palette)) = self.popups.last_mut() else {
            return Vec::new();
        };
        match action {
            Action::Next => palette.selected = (palette.selected + 1).min(last),
            Action::Previous => palette.selected = palette.selected.saturating_sub(1),
            Action::PageDown => palette.selected = last,
            Action::PageUp => palette.selected = 0,
            Action::Edit(edit) => {
                palette.query.apply(edit);
                palette.selected = 0;
            }
            Action::Confirm => {
                let written = palette.query.text().trim().to_owned();
                self.popups.pop();
                let Some(action) = chosen else {
                    return Vec::new();
                };
                if written.contains(char::is_whitespace) && last == 0 {
                    return match self.read_command(&written) {
                        Ok(order) => self.order(order),
                        Err(why) => {
                            self.notify(why);
                            Vec::new()
                        }
                    };
                }
                return self.act(action);
            }
            _ => {}
        }
        Vec::new()
    }

    fn new_chat_action(&mut self, action: Action) -> Vec<Effect> {
        let Some(Popup::NewChat(dialog)) = self.popups.last_mut() else {
            return Vec::new();
        };
        let last = dialog.found.len().saturating_sub(1);
        match action {
            Action::Next => dialog.selected = (dialog.selected + 1).min(last),
            Action::Previous => dialog.selected = dialog.selected.saturating_sub(1),
            Action::PageDown => dialog.selected = last,
            Action::PageUp => dialog.selected = 0,
            Action::Mark => {
                dialog.toggle();
                // The next name is typed from the beginning.
                dialog.query.take();
                return self.search();
            }
            Action::Edit(edit) => {
                dialog.field_mut().apply(edit);
                return self.search();
            }
            Action::Confirm if !dialog.making => return self.confirm_new_chat(),
            _ => {}
        }
        Vec::new()
    }

    fn confirm_new_chat(&mut self) -> Vec<Effect> {
        let online = self.is_online();
        let lang = self.lang;
        let Some(Popup::NewChat(dialog)) = self.popups.last_mut() else {
            return Vec::new();
        };
        let (name, members) = match dialog.step {
            Step::People if dialog.marked.is_empty() => {
                let Some(user) = dialog.found.get(dialog.selected).cloned() else {
                    return Vec::new();
                };
                (None, vec![user])
            }
            Step::People => {
                dialog.step = Step::Name;
                return Vec::new();
            }
            Step::Name => {
                let name = dialog.name.text().trim().to_owned();
                if ChatName::try_from(name.as_str()).is_err() {
                    dialog.trouble = Some(Text::BadChatName.get(lang).to_owned());
                    return Vec::new();
                }
                (Some(name), dialog.marked.clone())
            }
        };
        if !online {
            dialog.trouble = Some(Text::NeedsServer.get(lang).to_owned());
            return Vec::new();
        }
        dialog.making = true;
        dialog.trouble = None;
        vec![Effect::CreateChat { name, members }]
    }

    /// Asks for people of the written name, one question at a time: while one
    /// is not answered yet, the latest waits for its answer.
    fn search(&mut self) -> Vec<Effect> {
        let online = self.is_online();
        let lang = self.lang;
        let Some(Popup::NewChat(dialog)) = self.popups.last_mut() else {
            return Vec::new();
        };
        if dialog.step != Step::People {
            return Vec::new();
        }
        let query = dialog
            .query
            .text()
            .trim()
            .trim_start_matches('@')
            .to_owned();
        if query.is_empty() {
            dialog.found.clear();
            dialog.selected = 0;
            dialog.search = Search::Idle;
            return Vec::new();
        }
        if !online {
            dialog.search = Search::Failed(Text::NeedsServer.get(lang).to_owned());
            return Vec::new();
        }
        dialog.search = Search::Running;
        if dialog.asked.is_some() {
            return Vec::new();
        }
        dialog.asked = Some(query.clone());
        vec![Effect::Search(query)]
    }

    pub(super) fn take_found(
        &mut self,
        query: &str,
        result: Result<Vec<User>, String>,
    ) -> Vec<Effect> {
        let dialog = self.popups.iter_mut().find_map(|popup| match popup {
            Popup::NewChat(dialog) => Some(dialog),
            _ => None,
        });
        let Some(dialog) = dialog.filter(|dialog| dialog.asked.as_deref() == Some(query)) else {
            return Vec::new();
        };
        dialog.asked = None;
        let wanted = dialog
            .query
            .text()
            .trim()
            .trim_start_matches('@')
            .to_owned();
        match result {
            Ok(users) if !wanted.is_empty() => {
                dialog.found = users;
                dialog.selected = 0;
                dialog.search = Search::Done;
            }
            Ok(_) => {}
            Err(why) => {
                dialog.found.clear();
                dialog.search = Search::Failed(why);
            }
        }
        if wanted == query {
            Vec::new()
        } else {
            self.search()
        }
    }

    pub(super) fn chat_made(&mut self, result: Result<ChatId, String>) -> Vec<Effect> {
        match result {
            Ok(chat) => {
                self.popups
                    .retain(|popup| !matches!(popup, Popup::NewChat(_)));
                let mut effects = self.reload_chats();
                effects.extend(self.open_chat(chat));
                effects
            }
            Err(why) => {
                for popup in &mut self.popups {
                    if let Popup::NewChat(dialog) = popup {
                        dialog.making = false;
                        dialog.trouble = Some(why);
                        return Vec::new();
                    }
                }
                self.notify(fill(self.text(Text::ChatNotMade), &[("why", &why)]));
                Vec::new()
            }
        }
    }
}
