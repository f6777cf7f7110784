//! The command line: `:name` and typed arguments, read by the table of
//! actions.

mod argument;
mod complete;
mod line;

use proto::catalog::{Text, fill};
use proto::id::{ChatId, UserId};
use proto::text::printable_line;

use super::action::{self, Action, Entry};
use super::key::by_position;
use super::model::Model;
use crate::nearest::nearest;

pub(super) use self::argument::duration;
pub use self::complete::Completion;
pub(super) use self::complete::emoji_codes;
pub use self::line::CommandLine;

/// A person as named in a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their name, without `@`.
    pub name: String,
    /// Who that is, where it is known without asking the server.
    pub user: Option<UserId>,
}

/// An argument that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arg {
    /// Of [`Param::Text`](action::Param::Text), `Word`, `Setting`, `Value` and
    /// `OneOf`.
    Text(String),
    /// A number.
    Number(u64),
    /// A length of time in milliseconds.
    Millis(i64),
    /// A chat.
    Chat(ChatId),
    /// A person.
    Person(Person),
    /// The emoji itself.
    Emoji(String),
}

/// An action with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// What to do.
    pub action: Action,
    /// With what; at least as many as the action needs, of the sorts it takes.
    pub args: Vec<Arg>,
}

impl From<Action> for Order {
    fn from(action: Action) -> Self {
        Self {
            action,
            args: Vec::new(),
        }
    }
}

impl Order {
    /// The text at a place among the arguments.
    pub fn text(&self, at: usize) -> Option<&str> {
        match self.args.get(at) {
            Some(Arg::Text(text) | Arg::Emoji(text)) => Some(text),
            _ => None,
        }
    }

    /// The chat at a place among the arguments.
    pub fn chat(&self, at: usize) -> Option<ChatId> {
        match self.args.get(at) {
            Some(Arg::Chat(chat)) => Some(*chat),
            _ => None,
        }
    }

    /// The person at a place among the arguments.
    pub fn person(&self, at: usize) -> Option<&Person> {
        match self.args.get(at) {
            Some(Arg::Person(person)) => Some(person),
            _ => None,
        }
    }

    /// The number or the milliseconds at a place among the arguments.
    pub fn number(&self, at: usize) -> Option<i64> {
        match self.args.get(at) {
            Some(Arg::Number(number)) => i64::try_from(*number).ok(),
            Some(Arg::Millis(millis)) => Some(*millis),
            _ => None,
        }
    }
}

impl Model {
    /// Reads a command line, with or without its colon; where it cannot be
    /// read, a sentence says why and what to do.
    ///
    /// # Errors
    ///
    /// That sentence.
    pub fn read_command(&self, line: &str) -> Result<Order, String> {
        let line = line.trim_start();
        let line = line.strip_prefix(':').unwrap_or(line).trim();
        let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let entry = self.command_named(name)?;
        let args = self.arguments(entry, rest.trim())?;
        Ok(Order {
            action: entry.action,
            args,
        })
    }

    /// The command of a name, or of the beginning of one only.
    fn command_named(&self, name: &str) -> Result<&'static Entry, String> {
        let folded = name.to_lowercase();
        if let Some(entry) = action::commands().find(|entry| entry.name == folded) {
            return Ok(entry);
        }
        let mut begins = action::commands().filter(|entry| entry.name.starts_with(&folded));
        match (begins.next(), begins.next()) {
            (Some(entry), None) if !folded.is_empty() => return Ok(entry),
            (Some(one), Some(other)) if !folded.is_empty() => {
                let mut names = vec![format!(":{}", one.name), format!(":{}", other.name)];
                names.extend(begins.map(|entry| format!(":{}", entry.name)));
                let names = names.join(", ");
                return Err(fill(
                    self.text(Text::CommandAmbiguous),
                    &[("what", &printable_line(name)), ("names", &names)],
                ));
            }
            _ => {}
        }
        let names = || action::commands().map(|entry| entry.name);
        // Written with the Russian layout by mistake?
        let latin: String = folded.chars().map(by_position).collect();
        let meant = names()
            .find(|known| latin != folded && *known == latin)
            .or_else(|| nearest(&folded, names()));
        let what = printable_line(name);
        Err(match meant {
            Some(meant) => fill(
                self.text(Text::CommandMeant),
                &[("what", &what), ("meant", meant)],
            ),
            None => fill(self.text(Text::CommandUnknown), &[("what", &what)]),
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use jiff::tz::TimeZone;
    use proto::catalog::Lang;
    use proto::id::SessionId;
    use proto::request::ChatKind;
    use uuid::Uuid;

    use super::*;
    use crate::app::model::Start;
    use crate::client::model::{AccountRow, ChatRow, Link};

    pub(in crate::app) fn chat(number: u128, kind: ChatKind, title: &str) -> ChatRow {
        ChatRow {
            peer: (kind == ChatKind::Private).then_some(UserId(Uuid::from_u128(number + 100))),
            members: 2,
            ..ChatRow::new(ChatId(Uuid::from_u128(number)), kind, title)
        }
    }

    /// A model with a few chats and nobody's settings.
    pub(in crate::app) fn model() -> Model {
        let (mut model, _) = crate::app::start(Start {
            lang: Lang::En,
            color: true,
            light: false,
            settings: crate::config::Settings::default(),
            zone: TimeZone::UTC,
            size: (80, 24),
            link: Link::Connecting,
            account: Some(AccountRow {
                user: UserId(Uuid::from_u128(1)),
                username: "anna".to_owned(),
                session: SessionId(Uuid::from_u128(1)),
            }),
            server: String::new(),
            invite: None,
            seed: 1,
            now: 0,
        });
        model.chats = vec![
            chat(1, ChatKind::Private, "boris"),
            chat(2, ChatKind::Group, "Plans for the summer"),
            chat(3, ChatKind::Group, "plants"),
            chat(4, ChatKind::Private, "Борис"),
        ];
        model
    }

    #[test]
    fn a_command_is_known_by_its_name_or_an_unambiguous_beginning() {
        let model = model();
        for (line, action) in [
            (":quit", Action::Quit),
            ("quit", Action::Quit),
            ("  :q", Action::Quit),
            (":Reconnect", Action::Reconnect),
            (":open-p", Action::Palette),
        ] {
            assert_eq!(model.read_command(line).map(|o| o.action), Ok(action));
        }
    }

    #[test]
    fn an_unknown_command_names_what_was_probably_meant() {
        let mut model = model();
        let says = |line: &str, words: &str| {
            let sentence = model.read_command(line).err().unwrap_or_default();
            assert!(sentence.contains(words), "{line}: {sentence}");
        };
        says(":ыуе theme dark", ":set");
        says(":йгше", ":quit");
        says(":recnonect", ":reconnect");
        says(":re", ":reconnect");
        says(":xyzzy", "xyzzy");
        says(":", "");
        model.lang = Lang::Ru;
        let sentence = model.read_command(":ыуе").err().unwrap_or_default();
        assert!(sentence.contains("имелось в виду :set"), "{sentence}");
    }
}
