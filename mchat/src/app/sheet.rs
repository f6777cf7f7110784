//! Dialogs of the features: a list to choose from, a form to fill in, a
//! question to answer.

use proto::Seq;
use proto::id::ChatId;
use proto::request::{ChatSettings, Status};
use proto::text::search_fold;

use super::command::{Order, Person};
use super::deed::{Deed, Door, Fetch};
use super::edit::Editor;
use super::popup::Search;

/// What taking a line does.
#[derive(Debug, Clone)]
pub enum Pick {
    /// Nothing; the line is to be read.
    Nothing,
    /// An action.
    Act(Order),
    /// A deed at once; the dialogs close.
    Do(Deed),
    /// A deed at once; the list stays and is read anew.
    Toggle(Deed),
    /// A deed after a question.
    Ask(String, Deed),
    /// Into a chat.
    Enter(Door),
    /// Open a chat.
    Open(ChatId),
    /// To a message.
    Jump(ChatId, Seq),
    /// A further list.
    Menu(Box<Sheet>),
    /// A form.
    Write(Box<Form>),
    /// A further list that is to be asked for.
    Fetch(Fetch),
    /// Something to read, with a title.
    Read(String, String),
    /// Put a text into the clipboard.
    Copy(String),
    /// React with this to a message.
    React(ChatId, Seq, String),
    /// Go on with the search.
    More,
}

/// A line.
#[derive(Debug, Clone)]
pub struct Item {
    /// What it says; safe for a line.
    pub text: String,
    /// Said beside it; safe for a line.
    pub detail: String,
    /// Said below it in a list of two lines each; safe for a line.
    pub under: String,
    /// Whether it stands out.
    pub strong: bool,
    /// What taking it does.
    pub pick: Pick,
}

impl Item {
    /// A line that says only this.
    pub fn new(text: impl Into<String>, pick: Pick) -> Self {
        Self {
            text: text.into(),
            detail: String::new(),
            under: String::new(),
            strong: false,
            pick,
        }
    }

    /// With words beside it.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }
}

/// Where the lines come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// They are given.
    Given,
    /// They were asked for once, and are again after a deed.
    Asked(Fetch),
    /// The emoji that match what is written, for a message.
    Emoji(ChatId, Seq),
    /// Public chats that match what is written.
    Directory,
    /// People that match what is written.
    People,
    /// Messages that match what is written, in one chat or in all.
    Messages(Option<ChatId>),
}

impl Source {
    /// Whether what is written is asked for, not only filtered by.
    pub fn is_search(&self) -> bool {
        matches!(self, Self::Directory | Self::People | Self::Messages(_))
    }
}

/// A list to choose from.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// What it is; safe for a line.
    pub title: String,
    /// Where its lines come from.
    pub source: Source,
    /// What is written.
    pub query: Editor,
    /// All lines.
    pub items: Vec<Item>,
    /// The selected one among those shown.
    pub selected: usize,
    /// Whether an answer is awaited.
    pub search: Search,
    /// What was asked and not answered yet.
    pub asked: Option<Fetch>,
    /// A sentence below the lines.
    pub foot: String,
}

/// Columns and rows of a list, its frame included.
pub const SHEET: (u16, u16) = (76, 20);

/// Columns and rows of a question, its frame included.
pub const SURE: (u16, u16) = (60, 7);

impl Sheet {
    /// A list of these lines.
    pub fn given(title: impl Into<String>, items: Vec<Item>) -> Self {
        Self {
            title: title.into(),
            source: Source::Given,
            query: Editor::line(""),
            items,
            selected: 0,
            search: Search::Idle,
            asked: None,
            foot: String::new(),
        }
    }

    /// A list whose lines are still to come.
    pub fn of(title: impl Into<String>, source: Source) -> Self {
        Self {
            source,
            ..Self::given(title, Vec::new())
        }
    }

    /// Lines of the screen for each line.
    pub fn rows_each(&self) -> usize {
        if self.items.iter().any(|item| !item.under.is_empty()) {
            2
        } else {
            1
        }
    }

    /// The lines that match what is written.
    pub fn shown(&self) -> Vec<&Item> {
        let wanted = search_fold(self.query.text().trim());
        let all = wanted.is_empty()
            || self.source.is_search()
            || matches!(self.source, Source::Emoji(..));
        self.items
            .iter()
            .filter(|item| {
                all || search_fold(&item.text).contains(&wanted)
                    || search_fold(&item.detail).contains(&wanted)
            })
            .collect()
    }
}

/// What a form is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormKind {
    /// A chat's name.
    Rename(ChatId),
    /// What a chat is about.
    Describe(ChatId),
    /// Days after which messages go.
    Retention(ChatId, ChatSettings),
    /// What somebody is called here.
    Nickname(Person),
    /// How one is shown, with words and for how long.
    Status(Status),
    /// First name, last name, about oneself.
    Profile,
    /// The password: present, new, new again.
    Password,
    /// A new public chat.
    Public,
    /// An invite link to follow.
    Link,
    /// Somebody to add to a chat.
    Add(ChatId),
    /// For how long, and how often, a new invite link holds.
    Invite(ChatId),
}

/// A field of a form.
#[derive(Debug, Clone)]
pub struct FormField {
    /// What it asks.
    pub label: String,
    /// What is written.
    pub editor: Editor,
    /// Whether it is shown as dots.
    pub masked: bool,
}

/// A form.
#[derive(Debug, Clone)]
pub struct Form {
    /// What for.
    pub kind: FormKind,
    /// What it is.
    pub title: String,
    /// What it asks; at least one.
    pub fields: Vec<FormField>,
    /// The field that keys go to.
    pub at: usize,
    /// Why it cannot be taken.
    pub trouble: Option<String>,
    /// The server is being asked.
    pub busy: bool,
}

impl Form {
    /// A form with these labels and texts.
    pub fn new(kind: FormKind, title: impl Into<String>, fields: &[(&str, &str)]) -> Self {
        let masked = kind == FormKind::Password;
        let fields = fields.iter().map(|(label, text)| FormField {
            label: (*label).to_owned(),
            editor: Editor::line(text),
            masked,
        });
        Self {
            kind,
            title: title.into(),
            fields: fields.collect(),
            at: 0,
            trouble: None,
            busy: false,
        }
    }

    /// What is written in a field; empty where there is none.
    pub fn text(&self, at: usize) -> &str {
        self.fields
            .get(at)
            .map_or("", |field| field.editor.text().trim())
    }
}

/// Something that is done only after a yes.
#[derive(Debug, Clone)]
pub struct Sure {
    /// The question.
    pub question: String,
    /// What is done then.
    pub deed: Deed,
}
