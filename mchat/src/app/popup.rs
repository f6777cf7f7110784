//! Dialogs over the chats.

use proto::catalog::Text;
use proto::request::User;

use super::action::{self, Entry};
use super::command::CommandLine;
use super::edit::Editor;
use super::key::by_position;
use super::keymap::shown_chord;
use super::link::Link;
use super::model::Model;
use super::sheet::{Form, Sheet, Sure};
use super::wrap::{Spaces, wrap};

/// A dialog.
#[derive(Debug)]
pub enum Popup {
    /// All keys and commands; the first visible line.
    Help(usize),
    /// Choosing a command.
    Palette(Palette),
    /// Writing a command.
    Command(Box<CommandLine>),
    /// Something to read.
    Page(Page),
    /// Which of several links to open.
    Links(Links),
    /// Starting a chat.
    NewChat(Box<NewChat>),
    /// A list to choose from.
    Sheet(Box<Sheet>),
    /// A form to fill in.
    Form(Box<Form>),
    /// A question.
    Sure(Box<Sure>),
}

/// Columns and rows of the palette, its frame included.
pub const PALETTE: (u16, u16) = (64, 18);
/// Columns and rows of the help, its frame included.
pub const HELP: (u16, u16) = (78, u16::MAX);

/// Columns and rows of the choice of links, its frame included.
pub fn links_size(links: &Links) -> (u16, u16) {
    let rows = u16::try_from(links.links.len()).unwrap_or(u16::MAX);
    (76, rows.saturating_add(2))
}

/// Most columns of a page, its frame included.
pub const PAGE_COLUMNS: u16 = 76;

/// Something to read, line by line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// What it is.
    pub title: String,
    /// Its text; lines are wrapped.
    pub text: String,
    /// The first visible line.
    pub top: usize,
}

impl Page {
    /// A page at its beginning.
    pub fn new(title: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            text: text.into(),
            top: 0,
        }
    }

    /// The lines in so many columns.
    pub fn lines(&self, columns: usize) -> Vec<&str> {
        wrap(&self.text, columns, Spaces::Drop)
            .into_iter()
            .map(|range| &self.text[range])
            .collect()
    }
}

/// The links of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links {
    /// Where they lead.
    pub links: Vec<Link>,
    /// The selected line.
    pub selected: usize,
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

    /// The commands, best match first: those whose name has the letters that
    /// are written, in that order, or whose words contain them.
    pub fn found(&self, model: &Model) -> Vec<&'static Entry> {
        let query = self
            .query
            .text()
            .trim()
            .trim_start_matches(':')
            .to_lowercase();
        let name = query.split_whitespace().next().unwrap_or_default();
        if name != query && action::commands().any(|entry| entry.name == name) {
            // A whole command with its arguments.
            return action::commands()
                .filter(|entry| entry.name == name)
                .collect();
        }
        let latin: String = query.chars().map(by_position).collect();
        let mut found: Vec<(usize, &'static Entry)> = action::commands()
            .filter_map(|entry| {
                let help = model.text(entry.help).to_lowercase();
                let rank = match scattered(entry.name, &query) {
                    Some(rank) => rank,
                    None if help.contains(&query) => 1000,
                    // Written with the Russian layout by mistake.
                    None => 2000 + scattered(entry.name, &latin)?,
                };
                Some((rank, entry))
            })
            .collect();
        found.sort_by_key(|(rank, _)| *rank);
        found.into_iter().map(|(_, entry)| entry).collect()
    }
}

/// How far apart the letters of `query` are in `name`, in their order; 0 where
/// it begins with them; none where one is missing.
fn scattered(name: &str, query: &str) -> Option<usize> {
    let mut letters = name.chars().enumerate();
    let mut rank = 0;
    let mut next = 0;
    for wanted in query.chars() {
        let (at, _) = letters.find(|(_, letter)| *letter == wanted)?;
        // The beginning of a word is as good as going on.
        let begins = at == 0 || name.as_bytes().get(at - 1) == Some(&b'-');
        rank += if begins { at - next } else { 4 * (at - next) };
        next = at + 1;
    }
    Some(rank)
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
        &[
            action::Scope::Composer,
            action::Scope::Completion,
            action::Scope::Text,
        ],
    ),
    (Text::SectionList, &[action::Scope::List]),
    (Text::SectionTimeline, &[action::Scope::Timeline]),
    (Text::SectionMembers, &[action::Scope::Members]),
    (
        Text::SectionDialog,
        &[
            action::Scope::Dialog,
            action::Scope::Command,
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
    /// How the command above is written.
    Usage(String),
    /// Nothing.
    Gap,
}

/// The lines of the help.
pub fn help_lines(model: &Model) -> Vec<HelpLine> {
    let mut lines = Vec::new();
    for (heading, scopes) in SECTIONS {
        if !action::ACTIONS
            .iter()
            .any(|entry| scopes.contains(&entry.scope))
        {
            continue;
        }
        if !lines.is_empty() {
            lines.push(HelpLine::Gap);
        }
        lines.push(HelpLine::Heading(model.text(*heading)));
        for entry in action::ACTIONS
            .iter()
            .filter(|entry| scopes.contains(&entry.scope))
        {
            let keys: Vec<String> = model
                .keys
                .keys(entry.action, entry.scope)
                .take(2)
                .map(|chord| shown_chord(chord))
                .collect();
            let command = match entry.form {
                action::Form::Key => String::new(),
                action::Form::Command { .. } => format!(":{}", entry.name),
            };
            if keys.is_empty() && command.is_empty() {
                continue;
            }
            lines.push(HelpLine::Entry {
                keys: keys.join(", "),
                command,
                help: model.text(entry.help),
            });
            if !entry.params().is_empty() {
                lines.push(HelpLine::Usage(entry.usage()));
            }
        }
    }
    lines
}
