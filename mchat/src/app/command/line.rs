//! The line in which a command is written, with its history.

use super::Completion;
use crate::app::action::Action;
use crate::app::edit::Editor;
use crate::app::message::Effect;
use crate::app::model::Model;
use crate::app::popup::Popup;

/// Most lines remembered.
const HISTORY: usize = 100;

/// A command being written.
#[derive(Debug)]
pub struct CommandLine {
    /// What is written, without the colon.
    pub editor: Editor,
    /// The words offered, and which of them was put in.
    pub offered: Completion,
    /// The word that was put in last.
    pub chosen: Option<usize>,
    /// Why the command was not carried out.
    pub trouble: Option<String>,
    /// How far back in the history.
    back: usize,
    /// What was written before going back.
    written: String,
}

impl CommandLine {
    fn new(text: &str) -> Self {
        Self {
            editor: Editor::line(text),
            offered: Completion::default(),
            chosen: None,
            trouble: None,
            back: 0,
            written: String::new(),
        }
    }

    fn put(&mut self, text: &str) {
        self.editor = Editor::line(text);
    }
}

impl Model {
    /// Opens the command line, with a beginning.
    pub(in crate::app) fn open_command_line(&mut self, text: &str) {
        let mut line = CommandLine::new(text);
        line.offered = self.complete(text);
        self.popups.push(Popup::Command(Box::new(line)));
    }

    fn command_line(&mut self) -> Option<&mut CommandLine> {
        match self.popups.last_mut() {
            Some(Popup::Command(line)) => Some(line),
            _ => None,
        }
    }

    pub(in crate::app) fn command_text(&mut self, text: &str) {
        if let Some(line) = self.command_line() {
            // A colon too much, by habit.
            let text = if line.editor.is_empty() {
                text.trim_start_matches(':')
            } else {
                text
            };
            line.editor.insert(text);
        }
        self.offer();
    }

    /// Looks up anew what may stand next.
    fn offer(&mut self) {
        let Some(line) = self.command_line() else {
            return;
        };
        let written = line.editor.text()[..line.editor.cursor()].to_owned();
        let offered = self.complete(&written);
        if let Some(line) = self.command_line() {
            line.offered = offered;
            line.chosen = None;
            line.trouble = None;
            line.back = 0;
        }
    }

    pub(in crate::app) fn command_action(&mut self, action: Action) -> Vec<Effect> {
        let history = self.history.len();
        let Some(line) = self.command_line() else {
            return Vec::new();
        };
        match action {
            Action::Complete | Action::CompleteBack => {
                let count = line.offered.words.len();
                if count == 0 {
                    return Vec::new();
                }
                let at = match (action, line.chosen) {
                    (Action::Complete, None) => 0,
                    (Action::Complete, Some(at)) => (at + 1) % count,
                    (_, at) => (at.unwrap_or(0) + count - 1) % count,
                };
                let stem = &line.editor.text()[..line.offered.start];
                let mut text = format!("{stem}{}", line.offered.words[at]);
                line.chosen = Some(at);
                // The only one is taken for good.
                if count == 1 {
                    text.push(' ');
                }
                line.put(&text);
                if count == 1 {
                    self.offer();
                }
            }
            Action::Previous | Action::Next => {
                let back = match action {
                    Action::Previous => (line.back + 1).min(history),
                    _ => line.back.saturating_sub(1),
                };
                if back == line.back {
                    return Vec::new();
                }
                if line.back == 0 {
                    line.written = line.editor.text().to_owned();
                }
                let text = match back {
                    0 => line.written.clone(),
                    back => self.history[history - back].clone(),
                };
                if let Some(line) = self.command_line() {
                    line.put(&text);
                }
                self.offer();
                if let Some(line) = self.command_line() {
                    line.back = back;
                }
            }
            Action::Edit(super::super::edit::Edit::Backspace) if line.editor.is_empty() => {
                self.popups.pop();
            }
            Action::Edit(edit) => {
                line.editor.apply(edit);
                self.offer();
            }
            Action::Confirm => return self.run_command(),
            _ => {}
        }
        Vec::new()
    }

    /// Carries out what is written; where it cannot be read it stays, with the
    /// reason.
    fn run_command(&mut self) -> Vec<Effect> {
        let Some(line) = self.command_line() else {
            return Vec::new();
        };
        let text = line.editor.text().trim().to_owned();
        if text.is_empty() {
            self.popups.pop();
            return Vec::new();
        }
        match self.read_command(&text) {
            Ok(order) => {
                self.popups.pop();
                self.remember(text);
                self.order(order)
            }
            Err(why) => {
                if let Some(line) = self.command_line() {
                    line.trouble = Some(why);
                }
                Vec::new()
            }
        }
    }

    /// Keeps a line for going back to it.
    pub(in crate::app) fn remember(&mut self, line: String) {
        self.history.retain(|other| *other != line);
        if self.history.len() >= HISTORY {
            self.history.remove(0);
        }
        self.history.push(line);
    }
}
