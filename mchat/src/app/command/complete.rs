//! What may stand next in a command line.

use proto::text::printable_line;

use super::argument::{chat_word, word};
use crate::app::action::{self, Param};
use crate::app::model::Model;

/// Most words offered.
const MOST: usize = 50;

/// The words that may stand in place of the last one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Completion {
    /// Where the last word begins, in bytes.
    pub start: usize,
    /// What it may become.
    pub words: Vec<String>,
}

impl Model {
    /// What may stand at the end of a command line.
    pub fn complete(&self, line: &str) -> Completion {
        let colon = line.len() - line.trim_start().trim_start_matches(':').len();
        let body = &line[colon..];
        let Some((name, rest)) = body.split_once(char::is_whitespace) else {
            let folded = body.to_lowercase();
            let names = action::commands().map(|entry| entry.name);
            let words = names.filter(|name| name.starts_with(&folded));
            return Completion {
                start: colon,
                words: words.map(str::to_owned).collect(),
            };
        };
        let Some(entry) = action::commands().find(|entry| entry.name == name) else {
            return Completion::default();
        };
        // Past the words that are finished.
        let mut behind = rest.trim_start();
        let mut before = Vec::new();
        for param in entry.params() {
            let last = before.len() + 1 == entry.params().len();
            let (text, next) = word(behind);
            let finished = !next.is_empty() || behind.ends_with(char::is_whitespace);
            let open_ended = *param == Param::Text || (*param == Param::Chat && last);
            if !finished || text.is_empty() || open_ended {
                let start = line.len() - behind.len();
                let words = self.words(*param, &behind.replace('"', ""), &before);
                return Completion { start, words };
            }
            before.push(text);
            behind = next;
        }
        Completion::default()
    }

    /// The words of a sort that begin with, or else contain, what is written.
    fn words(&self, param: Param, written: &str, before: &[String]) -> Vec<String> {
        let all: Vec<String> = match param {
            Param::Text | Param::Word | Param::Number | Param::Duration => Vec::new(),
            Param::OneOf(words) => words.iter().map(|word| (*word).to_owned()).collect(),
            Param::Chat => self.chats.iter().map(chat_word).collect(),
            Param::Person => {
                let names = self.known_people();
                let mut names: Vec<String> = names
                    .map(|(_, name)| format!("@{}", printable_line(name)))
                    .collect();
                names.dedup();
                names
            }
            Param::Emoji => return emoji_codes(written.trim_matches(':')),
            Param::Setting => self.setting_names(),
            Param::Value => self.setting_values(before.last().map_or("", String::as_str)),
        };
        matching(&all, written)
    }
}

/// Those that begin with what is written, then those that contain it.
fn matching(all: &[String], written: &str) -> Vec<String> {
    let plain = |word: &str| word.replace('"', "").to_lowercase();
    let wanted = plain(written);
    let bare = wanted.trim_start_matches(['@', '#']);
    let begins: Vec<&String> = all
        .iter()
        .filter(|word| plain(word).starts_with(&wanted))
        .collect();
    let rest = all.iter().filter(|word| {
        !plain(word).starts_with(&wanted) && !bare.is_empty() && plain(word).contains(bare)
    });
    begins.into_iter().chain(rest).take(MOST).cloned().collect()
}

/// The short codes of emoji that begin with what is written, shortest first,
/// in their colons.
pub(in crate::app) fn emoji_codes(written: &str) -> Vec<String> {
    let written = written.to_lowercase();
    let mut codes: Vec<&str> = emojis::iter()
        .flat_map(emojis::Emoji::shortcodes)
        .filter(|code| code.starts_with(&written))
        .collect();
    codes.sort_by_key(|code| (code.len(), *code));
    codes
        .into_iter()
        .take(MOST)
        .map(|code| format!(":{code}:"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::model;
    use super::*;

    #[test]
    fn names_then_arguments_are_completed() {
        let model = model();
        let words = |line: &str| model.complete(line).words;
        assert!(words(":").contains(&"quit".to_owned()));
        assert_eq!(words(":recon"), ["reconnect"]);
        assert_eq!(
            words(":open #pla"),
            ["#\"Plans for the summer\"", "#plants"]
        );
        assert_eq!(words(":open @бо"), ["@Борис"]);
        assert_eq!(words(":open #\"Plans f"), ["#\"Plans for the summer\""]);
        assert_eq!(words(":open summer"), ["#\"Plans for the summer\""]);
        assert_eq!(words(":nonsense x"), [""; 0]);
        assert_eq!(model.complete(":open #pla").start, 6);
        assert_eq!(model.complete("recon").start, 0);
    }

    #[test]
    fn short_codes_begin_with_the_shortest() {
        let codes = emoji_codes("smil");
        assert_eq!(codes[0], ":smile:");
        assert!(codes.len() > 2);
    }
}
