//! How messages are told from each other by the words of a search, for those
//! who ask an index of words only where that is the shorter way.

use crate::text::search_fold;

/// The index is not asked for a word that more than one in so many texts have,
/// if it can be asked for another.
const FREQUENT: u32 = 8;

/// The words of a search, and in how many of the texts looked at each one was.
#[derive(Debug, Clone)]
pub struct Words<'a> {
    words: Vec<(&'a str, u32)>,
    looked: u32,
}

impl<'a> Words<'a> {
    /// Words made by [`search_words`](crate::text::search_words); what cannot be
    /// one is left out.
    pub fn new(words: &'a [String]) -> Self {
        let words = words.iter().map(String::as_str);
        Self {
            words: words
                .filter(|word| is_word(word))
                .map(|word| (word, 0))
                .collect(),
            looked: 0,
        }
    }

    /// Whether there is nothing to search for.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether all of them are in a folded text, as words or their beginnings.
    /// Counts those that are.
    pub fn look(&mut self, folded: &str) -> bool {
        let mut all = true;
        for (word, count) in &mut self.words {
            let here = has_word(folded, word);
            *count += u32::from(here);
            all &= here;
        }
        self.looked += 1;
        all
    }

    /// Those that the index is asked for, and those that are then looked for in
    /// what it names. For a frequent one it would have to read very many
    /// messages, and much of what it names without it has it.
    pub fn split(mut self) -> (Vec<&'a str>, Vec<&'a str>) {
        self.words.sort_by_key(|(_, count)| *count);
        let limit = self.looked / FREQUENT;
        let rare = self.words.partition_point(|(_, count)| *count <= limit);
        let words: Vec<&str> = self.words.iter().map(|(word, _)| *word).collect();
        let (asked, checked) = words.split_at(rare);
        (asked.to_vec(), checked.to_vec())
    }
}

/// Whether a folded text has a word that begins like this one.
pub fn has_word(folded: &str, beginning: &str) -> bool {
    folded.split(' ').any(|word| word.starts_with(beginning))
}

/// Whether a text has words that begin like all of these.
pub fn has_words(text: &str, beginnings: &[&str]) -> bool {
    if beginnings.is_empty() {
        return true;
    }
    let folded = search_fold(text);
    beginnings.iter().all(|word| has_word(&folded, word))
}

fn is_word(word: &str) -> bool {
    !word.is_empty() && word.chars().all(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::search_words;

    #[test]
    fn a_word_is_found_by_its_beginning() {
        let text = "Ёлки, crème-brûlée";
        for (beginning, wanted) in [("елк", true), ("brul", true), ("me", false), ("e", false)] {
            assert_eq!(has_words(text, &[beginning]), wanted, "{beginning}");
        }
        assert!(has_words(text, &["crem", "елки"]));
        assert!(!has_words(text, &["crem", "ель"]));
    }

    #[test]
    fn an_index_is_asked_for_what_is_rare() {
        let asked = search_words("often rare never");
        let mut words = Words::new(&asked);
        for number in 0..64 {
            let rare = if number == 63 { "rare" } else { "other" };
            assert!(!words.look(&format!("oftener {rare}")));
        }
        assert_eq!(words.split(), (vec!["never", "rare"], vec!["often"]));
    }

    #[test]
    fn frequent_words_alone_are_all_looked_for() {
        let asked = search_words("often usual");
        let mut words = Words::new(&asked);
        assert!(words.look("usual often"));
        assert!(!words.look("often"));
        assert_eq!(words.split(), (vec![], vec!["usual", "often"]));
    }
}
