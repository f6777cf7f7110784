//! Words offered while a message is written: emoji by their short codes,
//! people and chats.

use proto::text::printable_line;

use super::action::Action;
use super::command::emoji_codes;
use super::message::Effect;
use super::model::{Model, Pane};
use crate::client::model::ChatRow;
use crate::emoji::of_code;
use proto::request::ChatKind;

/// Most words offered.
const MOST: usize = 8;

/// A word that may take the place of the one before the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// What is put in.
    pub text: String,
    /// How it is shown.
    pub shown: String,
}

/// The words offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Where the word before the cursor begins, in bytes of the draft.
    pub start: usize,
    /// What it may become; never empty.
    pub words: Vec<Word>,
    /// The selected one.
    pub selected: usize,
}

impl Model {
    /// Whether words are offered and keys go there.
    pub(super) fn is_offering(&self) -> bool {
        self.offer.is_some() && self.pane == Pane::Composer
    }

    /// The draft has changed: looks up what may be offered, and puts an emoji
    /// in place of a short code that was finished.
    pub(super) fn look_up_offer(&mut self) {
        self.offer = None;
        let Some(draft) = self.draft() else {
            return;
        };
        let before = &draft.text()[..draft.cursor()];
        if let Some((start, emoji)) = finished_code(before) {
            let end = draft.cursor();
            if let Some(draft) = self.draft_mut() {
                draft.replace(start..end, emoji);
            }
            return;
        }
        let start = before
            .char_indices()
            .rfind(|(_, c)| c.is_whitespace() || "([{«“\"".contains(*c))
            .map_or(0, |(at, c)| at + c.len_utf8());
        let word = &before[start..];
        let words = self.words_for(word);
        if !words.is_empty() {
            self.offer = Some(Offer {
                start,
                words,
                selected: 0,
            });
        }
    }

    fn words_for(&self, word: &str) -> Vec<Word> {
        let mut chars = word.chars();
        let sign = chars.next();
        let rest = chars.as_str().to_lowercase();
        match sign {
            Some(':') if rest.chars().count() >= 2 => emoji_codes(&rest)
                .into_iter()
                .filter_map(|code| {
                    let emoji = of_code(&code)?;
                    Some(Word {
                        text: emoji.to_owned(),
                        shown: format!("{emoji} {code}"),
                    })
                })
                .take(MOST)
                .collect(),
            Some('@') => {
                let mut names: Vec<String> = self
                    .known_people()
                    .filter(|(_, name)| name.to_lowercase().starts_with(&rest))
                    .map(|(_, name)| format!("@{}", printable_line(name)))
                    .collect();
                names.sort();
                names.dedup();
                // Written in full: there is nothing to offer.
                names.retain(|name| name.to_lowercase() != word.to_lowercase());
                with_space(names)
            }
            Some('#') if !rest.is_empty() => {
                let group = |chat: &&ChatRow| chat.kind != ChatKind::Private;
                let names = self.chats.iter().filter(group).map(|chat| &chat.title);
                let mut names: Vec<String> = names
                    .filter(|title| title.to_lowercase().starts_with(&rest))
                    .map(|title| format!("#{}", printable_line(title)))
                    .collect();
                names.retain(|name| name.to_lowercase() != word.to_lowercase());
                with_space(names)
            }
            _ => Vec::new(),
        }
    }

    /// A key while words are offered.
    pub(super) fn offer_action(&mut self, action: Action) -> Vec<Effect> {
        let Some(offer) = &mut self.offer else {
            return Vec::new();
        };
        let count = offer.words.len();
        match action {
            Action::Next => offer.selected = (offer.selected + 1) % count,
            Action::Previous => offer.selected = (offer.selected + count - 1) % count,
            Action::Cancel => self.offer = None,
            Action::Complete => {
                let (start, word) = (offer.start, offer.words[offer.selected].text.clone());
                self.offer = None;
                let Some(draft) = self.draft_mut() else {
                    return Vec::new();
                };
                let end = draft.cursor();
                draft.replace(start..end, &word);
                return self.typed();
            }
            _ => {}
        }
        Vec::new()
    }
}

/// Names, each with a space behind it.
fn with_space(names: Vec<String>) -> Vec<Word> {
    names
        .into_iter()
        .take(MOST)
        .map(|name| Word {
            text: format!("{name} "),
            shown: name,
        })
        .collect()
}

/// The short code that ends a text, with its place and the emoji it stands
/// for. Times of day (`10:30:`) and addresses are none.
fn finished_code(before: &str) -> Option<(usize, &'static str)> {
    let inside = before.strip_suffix(':')?;
    let start = inside.rfind(':')?;
    let code = &inside[start + 1..];
    let free = inside[..start]
        .chars()
        .next_back()
        .is_none_or(|c| !c.is_alphanumeric() && c != ':');
    let plain = code.len() > 1 || code.chars().all(|c| c.is_ascii_alphabetic());
    let named = !code.is_empty() && !code.contains(char::is_whitespace);
    (free && plain && named)
        .then(|| Some((start, of_code(code)?)))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finished_short_code_becomes_its_emoji() {
        assert_eq!(finished_code("so :smile:"), Some((3, "😄")));
        assert_eq!(finished_code(":+1:"), Some((0, "👍")));
        for none in [
            "at 10:30:",
            "a:b:",
            "::",
            ": smile:",
            ":nonsense:",
            ":smile",
        ] {
            assert_eq!(finished_code(none), None, "{none}");
        }
    }
}
