//! Dialogs over the chats.

use proto::catalog::Text;
use proto::request::User;

use super::action::{self, Entry};
use super::edit::Editor;
use super::model::Model;

/// A dialog.
#[derive(Debug)]
pub enum Popup {
    /// All keys and commands; the first visible line.
    Help(usize),
    /// Choosing a command.
    Palette(Palette),
    /// Starting a chat.
    NewChat(Box<NewChat>),
}

/// The command palette.
#[derive(Debug)]
pub struct Palette {
    /// What is looked for.
    pub query: Editor,
    /// The selected line among those found.
    pub selected: usize,
}

impl Palette {
    pub(super) fn new() -> Self {
        Self {
            query: Editor::line(""),
            selected: 0,
        }
    }

    /// The commands whose name begins with what is written, then those whose
    /// name or words contain it.
    pub fn found(&self, model: &Model) -> Vec<&'static Entry> {
        let query = self
            .query
            .text()
            .trim()
            .trim_start_matches(':')
            .to_lowercase();
        let mut found: Vec<(u8, &'static Entry)> = action::commands()
            .filter_map(|entry| {
                let help = model.text(entry.help).to_lowercase();
                let rank = if entry.command.starts_with(&query) {
                    0
                } else if entry.command.contains(&query) || help.contains(&query) {
                    1
                } else {
                    return None;
                };
                Some((rank, entry))
            })
            .collect();
        found.sort_by_key(|(rank, _)| *rank);
        found.into_iter().map(|(_, entry)| entry).collect()
    }
}

/// Which step of a new chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Choosing people.
    People,
    /// Naming the group.
    Name,
}

/// What the search has brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Search {
    /// Nothing was asked.
    Idle,
    /// Asked, no answer yet.
    Running,
    /// Answered.
    Done,
    /// It failed, as a sentence.
    Failed(String),
}

/// The dialog for a new chat.
#[derive(Debug)]
pub struct NewChat {
    /// Which step.
    pub step: Step,
    /// The name looked for.
    pub query: Editor,
    /// Who was found.
    pub found: Vec<User>,
    /// The selected line.
    pub selected: usize,
    /// Who is marked for a group.
    pub marked: Vec<User>,
    /// The name of the group.
    pub name: Editor,
    /// The state of the search.
    pub search: Search,
    /// The query that was sent last and is not answered yet.
    pub(super) asked: Option<String>,
    /// The chat is being made.
    pub making: bool,
    /// Why it could not be made.
    pub trouble: Option<String>,
}

impl NewChat {
    pub(super) fn new() -> Self {
        Self {
            step: Step::People,
            query: Editor::line(""),
            found: Vec::new(),
            selected: 0,
            marked: Vec::new(),
            name: Editor::line(""),
            search: Search::Idle,
            asked: None,
            making: false,
            trouble: None,
        }
    }

    /// The field that keys go to.
    pub fn field(&self) -> &Editor {
        match self.step {
            Step::People => &self.query,
            Step::Name => &self.name,
        }
    }

    pub(super) fn field_mut(&mut self) -> &mut Editor {
        match self.step {
            Step::People => &mut self.query,
            Step::Name => &mut self.name,
        }
    }

    /// Whether somebody is marked.
    pub fn is_marked(&self, user: &User) -> bool {
        self.marked.iter().any(|other| other.id == user.id)
    }

    pub(super) fn toggle(&mut self) {
        let Some(user) = self.found.get(self.selected).cloned() else {
            return;
        };
        match self.marked.iter().position(|other| other.id == user.id) {
            Some(at) => {
                self.marked.remove(at);
            }
            None => self.marked.push(user),
        }
    }
}

/// A heading of the help and the actions under it.
pub const SECTIONS: &[(Text, &[action::Scope])] = &[
    (
        Text::SectionAlways,
        &[action::Scope::Always, action::Scope::Main],
    ),
    (
        Text::SectionComposer,
        &[action::Scope::Composer, action::Scope::Text],
    ),
    (Text::SectionList, &[action::Scope::List]),
    (
        Text::SectionDialog,
        &[
            action::Scope::Dialog,
            action::Scope::People,
            action::Scope::Sign,
        ],
    ),
];

/// A line of the help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HelpLine {
    /// A heading.
    Heading(&'static str),
    /// Keys, command and what they do.
    Entry {
        /// All keys.
        keys: String,
        /// `:name`, or nothing.
        command: String,
        /// In words.
        help: &'static str,
    },
    /// Nothing.
    Gap,
}

/// The lines of the help.
pub fn help_lines(model: &Model) -> Vec<HelpLine> {
    let mut lines = Vec::new();
    for (heading, scopes) in SECTIONS {
        if !lines.is_empty() {
            lines.push(HelpLine::Gap);
        }
        lines.push(HelpLine::Heading(model.text(*heading)));
        for entry in action::ACTIONS
            .iter()
            .filter(|entry| scopes.contains(&entry.scope))
        {
            let keys: Vec<String> = entry
                .keys
                .iter()
                .filter_map(|spec| super::key::Key::parse(spec))
                .take(2)
                .map(|key| key.to_string())
                .collect();
            let command = match entry.command {
                "" => String::new(),
                name => format!(":{name}"),
            };
            lines.push(HelpLine::Entry {
                keys: keys.join(", "),
                command,
                help: model.text(entry.help),
            });
        }
    }
    lines
}
