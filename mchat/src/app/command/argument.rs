//! Arguments of commands: from words to values.

use proto::catalog::{Text, fill};
use proto::id::ChatId;
use proto::request::ChatKind;
use proto::text::{printable_line, username_key};

use super::{Arg, Person};
use crate::app::action::{Entry, Param};
use crate::app::model::Model;
use crate::client::model::ChatRow;
use crate::emoji;

/// The first word of a text and what is behind it. Quotation marks hold a word
/// together and are left out.
pub(super) fn word(text: &str) -> (String, &str) {
    let mut quoted = false;
    let mut word = String::new();
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => {
                return (word, text[at..].trim_start());
            }
            c => word.push(c),
        }
    }
    (word, "")
}

/// How a chat is named in a command: `@name` or `#name`, in quotation marks
/// where it has spaces.
pub(super) fn chat_word(chat: &ChatRow) -> String {
    let sign = match chat.kind {
        ChatKind::Private => '@',
        ChatKind::Group | ChatKind::Public | ChatKind::Unknown => '#',
    };
    let title = printable_line(&chat.title).replace('"', "");
    if title.contains(char::is_whitespace) {
        format!("{sign}\"{title}\"")
    } else {
        format!("{sign}{title}")
    }
}

/// Milliseconds of `30s`, `10m`, `2h`, `7d`, `2w`.
pub(in crate::app) fn duration(word: &str) -> Option<i64> {
    let unit = word.chars().next_back()?;
    let seconds = match unit {
        's' | 'с' => 1,
        'm' | 'м' => 60,
        'h' | 'ч' => 3600,
        'd' | 'д' => 86_400,
        'w' | 'н' => 604_800,
        _ => return None,
    };
    let count: i64 = word[..word.len() - unit.len_utf8()].parse().ok()?;
    let millis = count.checked_mul(seconds)?.checked_mul(1000)?;
    (count > 0).then_some(millis)
}

impl Model {
    /// The arguments of a command.
    pub(super) fn arguments(&self, entry: &Entry, rest: &str) -> Result<Vec<Arg>, String> {
        let mut args = Vec::new();
        let mut rest = rest;
        let params = entry.params();
        for (at, param) in params.iter().enumerate() {
            if rest.is_empty() {
                break;
            }
            let last = at + 1 == params.len();
            // What comes last may have spaces.
            let whole = match param {
                Param::Text => true,
                Param::Chat | Param::Value => last && !rest.contains('"'),
                _ => false,
            };
            let (text, behind) = if whole {
                (rest.to_owned(), "")
            } else {
                word(rest)
            };
            args.push(self.argument(entry, *param, text)?);
            rest = behind;
        }
        if args.len() < entry.needed() {
            return Err(fill(
                self.text(Text::ArgumentMissing),
                &[("usage", &entry.usage())],
            ));
        }
        if !rest.is_empty() {
            return Err(fill(
                self.text(Text::ArgumentSurplus),
                &[("what", &printable_line(rest)), ("usage", &entry.usage())],
            ));
        }
        Ok(args)
    }

    fn argument(&self, entry: &Entry, param: Param, text: String) -> Result<Arg, String> {
        let wrong = |template: Text| {
            let shown = printable_line(&text).into_owned();
            Err(fill(
                self.text(template),
                &[("what", &shown), ("usage", &entry.usage())],
            ))
        };
        match param {
            Param::Text | Param::Word | Param::Setting | Param::Value => Ok(Arg::Text(text)),
            Param::Number => match text.parse() {
                Ok(number) => Ok(Arg::Number(number)),
                Err(_) => wrong(Text::ArgumentNumber),
            },
            Param::Duration => match duration(&text) {
                Some(millis) => Ok(Arg::Millis(millis)),
                None => wrong(Text::ArgumentDuration),
            },
            Param::Emoji => match emoji::meant(&text) {
                Some(emoji) => Ok(Arg::Emoji(emoji)),
                None => wrong(Text::ArgumentEmoji),
            },
            Param::OneOf(words) => match words.iter().find(|word| **word == text) {
                Some(word) => Ok(Arg::Text((*word).to_owned())),
                None => wrong(Text::ArgumentWord),
            },
            Param::Person => {
                let name = text.trim_start_matches('@');
                if name.is_empty() {
                    return wrong(Text::ArgumentPerson);
                }
                let key = username_key(name);
                let user = self
                    .known_people()
                    .find(|(_, known)| username_key(known) == key)
                    .map(|(user, _)| user);
                Ok(Arg::Person(Person {
                    name: name.to_owned(),
                    user,
                }))
            }
            Param::Chat => match self.chats_named(&text)[..] {
                [chat] => Ok(Arg::Chat(chat)),
                [] => wrong(Text::ArgumentChat),
                _ => wrong(Text::ArgumentChats),
            },
        }
    }

    /// The chats that a word may stand for: those of that very name, else
    /// those whose name begins with it.
    fn chats_named(&self, text: &str) -> Vec<ChatId> {
        let wanted = text.replace('"', "").to_lowercase();
        let (private, wanted) = match wanted.strip_prefix('@') {
            Some(name) => (Some(true), name),
            None => match wanted.strip_prefix('#') {
                Some(name) => (Some(false), name),
                None => (None, wanted.as_str()),
            },
        };
        let wanted = wanted.trim();
        if wanted.is_empty() {
            return Vec::new();
        }
        let found = |matches: &dyn Fn(&str) -> bool| -> Vec<ChatId> {
            self.chats
                .iter()
                .filter(|chat| {
                    private.is_none_or(|private| private == (chat.kind == ChatKind::Private))
                })
                .filter(|chat| matches(&chat.title.to_lowercase()))
                .map(|chat| chat.id)
                .collect()
        };
        let exact = found(&|title| title == wanted);
        if exact.is_empty() {
            found(&|title| title.starts_with(wanted))
        } else {
            exact
        }
    }

    /// People whose names are known here: of private chats and of the open
    /// chat.
    pub(in crate::app) fn known_people(&self) -> impl Iterator<Item = (proto::id::UserId, &str)> {
        let members = self.open.iter().flat_map(|open| &open.members);
        let peers = self
            .chats
            .iter()
            .filter_map(|chat| Some((chat.peer?, chat.title.as_str())));
        members
            .map(|member| (member.user, member.username.as_str()))
            .chain(peers)
    }
}

#[cfg(test)]
mod tests {
    use proto::id::UserId;
    use uuid::Uuid;

    use super::super::tests::model;
    use super::*;

    #[test]
    fn chats_are_named_by_sign_and_title() {
        let model = model();
        let id = |number| Ok(Some(ChatId(Uuid::from_u128(number))));
        let open = |line: &str| model.read_command(line).map(|order| order.chat(0));
        assert_eq!(open(":open @boris"), id(1));
        assert_eq!(open(":open #Plans for the summer"), id(2));
        assert_eq!(open(":open #\"plans for the summer\""), id(2));
        assert_eq!(open(":open plant"), id(3));
        assert_eq!(open(":open @бОр"), id(4));
        let says = |line: &str| open(line).err().unwrap_or_default();
        assert!(says(":open #plan").contains("several"));
        assert!(says(":open @nobody").contains("@nobody"));
        assert!(says(":open").contains(":open #CHAT"));
        assert!(says(":quit now").contains("now"));
    }

    #[test]
    fn values_are_read_by_their_sort() {
        assert_eq!(duration("30m"), Some(1_800_000));
        assert_eq!(duration("2ч"), Some(7_200_000));
        for wrong in ["", "m", "-1h", "0s", "5", "5x", "99999999999999999w"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
        assert_eq!(word("\"a b\" c d"), ("a b".to_owned(), "c d"));
        assert_eq!(word("#\"a b\""), ("#a b".to_owned(), ""));
        let model = model();
        let user = UserId(Uuid::from_u128(104));
        assert!(model.known_people().any(|known| known == (user, "Борис")));
    }
}
