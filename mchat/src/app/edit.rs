//! The text editor behind the composer and every field: it moves and erases
//! by grapheme cluster, word and line.

use std::ops::Range;

use proto::text::is_steering;
use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

use super::wrap::{self, Spaces};

/// Earlier states kept for undo.
const UNDO: usize = 100;

/// A motion or change of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Edit {
    /// One cluster to the left.
    Left,
    /// One cluster to the right.
    Right,
    /// To the beginning of this or the previous word.
    WordLeft,
    /// To the end of this or the next word.
    WordRight,
    /// To the beginning of the line.
    Home,
    /// To the end of the line.
    End,
    /// Erases the cluster to the left.
    Backspace,
    /// Erases the cluster under the cursor.
    Delete,
    /// Erases to the beginning of the word.
    KillWordLeft,
    /// Erases to the end of the word.
    KillWordRight,
    /// Erases to the beginning of the line.
    KillToHome,
    /// Erases to the end of the line.
    KillToEnd,
    /// Puts in what was erased last by word or line.
    Yank,
    /// Takes the last change back.
    Undo,
}

/// A text being written. The cursor always stands on the boundary of a
/// grapheme cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Editor {
    text: String,
    cursor: usize,
    /// The column to keep while moving up and down.
    goal: Option<usize>,
    killed: String,
    undo: Vec<(String, usize)>,
    /// Whether the last change was typing, which is undone as a whole.
    typing: bool,
    single_line: bool,
}

impl Editor {
    /// An empty text of several lines.
    pub fn new() -> Self {
        Self::default()
    }

    /// A field of one line with a text, the cursor behind it.
    pub fn line(text: &str) -> Self {
        let mut editor = Self {
            single_line: true,
            ..Self::default()
        };
        editor.insert(text);
        editor.undo.clear();
        editor
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where the cursor is, in bytes.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Takes the text out and leaves an empty one.
    pub fn take(&mut self) -> String {
        self.remember();
        self.cursor = 0;
        self.goal = None;
        self.typing = false;
        std::mem::take(&mut self.text)
    }

    /// Puts a text in at the cursor. Characters that steer a terminal are left
    /// out; line ends become line feeds, or spaces in a field of one line.
    pub fn insert(&mut self, text: &str) {
        let clean = self.clean(text);
        if clean.is_empty() {
            return;
        }
        let typing = clean.chars().nth(1).is_none() && clean != "\n";
        if !(typing && self.typing) {
            self.remember();
        }
        self.typing = typing;
        self.goal = None;
        self.text.insert_str(self.cursor, &clean);
        self.cursor += clean.len();
        self.settle();
    }

    /// Puts a text in place of a part that begins and ends between clusters;
    /// the cursor stands behind it.
    pub fn replace(&mut self, range: Range<usize>, text: &str) {
        let clean = self.clean(text);
        self.remember();
        self.typing = false;
        self.goal = None;
        self.cursor = range.start + clean.len();
        self.text.replace_range(range, &clean);
        self.settle();
    }

    /// What [`insert`](Self::insert) would put in.
    pub fn clean(&self, text: &str) -> String {
        let unix = text.replace("\r\n", "\n").replace('\r', "\n");
        let break_as = if self.single_line { ' ' } else { '\n' };
        unix.chars()
            .filter_map(|c| match c {
                '\n' => Some(break_as),
                '\t' => Some('\t'),
                c if is_steering(c) => None,
                c => Some(c),
            })
            .collect()
    }

    /// Moves or changes.
    pub fn apply(&mut self, edit: Edit) {
        self.goal = None;
        match edit {
            Edit::Left => self.go(self.previous(self.cursor)),
            Edit::Right => self.go(self.next(self.cursor)),
            Edit::WordLeft => self.go(self.word_left()),
            Edit::WordRight => self.go(self.word_right()),
            Edit::Home => self.go(self.home()),
            Edit::End => self.go(self.end()),
            Edit::Backspace => self.erase(self.previous(self.cursor)..self.cursor),
            Edit::Delete => self.erase(self.cursor..self.next(self.cursor)),
            Edit::KillWordLeft => self.kill(self.word_left()..self.cursor),
            Edit::KillWordRight => self.kill(self.cursor..self.word_right()),
            Edit::KillToHome => {
                let home = self.home();
                // At the beginning already: join with the line before.
                let from = if home == self.cursor {
                    self.previous(home)
                } else {
                    home
                };
                self.kill(from..self.cursor);
            }
            Edit::KillToEnd => {
                let end = self.end();
                let to = if end == self.cursor {
                    self.next(end)
                } else {
                    end
                };
                self.kill(self.cursor..to);
            }
            Edit::Yank => {
                let killed = self.killed.clone();
                self.typing = false;
                self.insert(&killed);
                self.typing = false;
            }
            Edit::Undo => {
                if let Some((text, cursor)) = self.undo.pop() {
                    self.text = text;
                    self.cursor = cursor;
                }
                self.typing = false;
            }
        }
    }

    /// Moves to the line above (`up`) or below as wrapped in `columns`; false
    /// where there is none.
    pub fn vertical(&mut self, up: bool, columns: usize) -> bool {
        let lines = self.lines(columns);
        let (row, column) = self.place(&lines);
        let target = if up {
            row.checked_sub(1)
        } else {
            Some(row + 1).filter(|row| *row < lines.len())
        };
        let Some(target) = target else {
            return false;
        };
        let goal = self.goal.unwrap_or(column);
        let at = self.at_column(&lines, target, goal);
        self.go(at);
        self.goal = Some(goal);
        true
    }

    /// The lines as wrapped in `columns`, one column of which is left for the
    /// cursor behind the last character.
    pub fn lines(&self, columns: usize) -> Vec<Range<usize>> {
        wrap::wrap(&self.text, columns.saturating_sub(1), Spaces::Keep)
    }

    /// How many lines those are, up to `most`. Looks at no more of a long text
    /// than that needs, as it is asked with every key.
    pub fn line_count(&self, columns: usize, most: usize) -> usize {
        // Eight bytes for a column hold all but texts of marks and joiners,
        // which then show in fewer lines than they might.
        let mut end = self.text.len().min(most * columns * 8);
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let shown = &self.text[..end];
        wrap::wrap(shown, columns.saturating_sub(1), Spaces::Keep)
            .len()
            .min(most)
    }

    /// Line and column of the cursor in lines from [`lines`](Self::lines).
    pub fn place(&self, lines: &[Range<usize>]) -> (usize, usize) {
        let row = lines
            .iter()
            .rposition(|line| line.start <= self.cursor)
            .unwrap_or(0);
        let start = lines.get(row).map_or(0, |line| line.start);
        (row, wrap::width(&self.text[start..self.cursor]))
    }

    /// Puts the cursor at a line and column, as a click does.
    pub fn click(&mut self, row: usize, column: usize, columns: usize) {
        let lines = self.lines(columns);
        let row = row.min(lines.len().saturating_sub(1));
        let at = self.at_column(&lines, row, column);
        self.goal = None;
        self.go(at);
    }

    fn at_column(&self, lines: &[Range<usize>], row: usize, column: usize) -> usize {
        let Some(line) = lines.get(row) else {
            return self.cursor;
        };
        // The end of a wrapped line is the beginning of the next one.
        let soft = lines
            .get(row + 1)
            .is_some_and(|next| next.start == line.end);
        let mut used = 0;
        let mut at = line.start;
        for cluster in self.text[line.clone()].graphemes(true) {
            let wide = wrap::width(cluster);
            let last = soft && at + cluster.len() >= line.end;
            if used + wide > column || last {
                break;
            }
            used += wide;
            at += cluster.len();
        }
        at
    }

    fn go(&mut self, to: usize) {
        self.cursor = to;
        self.typing = false;
    }

    fn erase(&mut self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        self.remember();
        self.typing = false;
        self.cursor = range.start;
        self.text.replace_range(range, "");
        self.settle();
    }

    fn kill(&mut self, range: Range<usize>) {
        if !range.is_empty() {
            self.killed = self.text[range.clone()].to_owned();
        }
        self.erase(range);
    }

    fn remember(&mut self) {
        if self.undo.len() == UNDO {
            self.undo.remove(0);
        }
        self.undo.push((self.text.clone(), self.cursor));
    }

    /// A change may merge the clusters around the cursor: moves it behind.
    fn settle(&mut self) {
        let mut boundary = GraphemeCursor::new(self.cursor, self.text.len(), true);
        if !boundary.is_boundary(&self.text, 0).unwrap_or(true) {
            self.cursor = self.next(self.cursor);
        }
    }

    fn previous(&self, from: usize) -> usize {
        GraphemeCursor::new(from, self.text.len(), true)
            .prev_boundary(&self.text, 0)
            .ok()
            .flatten()
            .unwrap_or(0)
    }

    fn next(&self, from: usize) -> usize {
        GraphemeCursor::new(from, self.text.len(), true)
            .next_boundary(&self.text, 0)
            .ok()
            .flatten()
            .unwrap_or(self.text.len())
    }

    fn home(&self) -> usize {
        self.text[..self.cursor].rfind('\n').map_or(0, |at| at + 1)
    }

    fn end(&self) -> usize {
        self.text[self.cursor..]
            .find('\n')
            .map_or(self.text.len(), |at| self.cursor + at)
    }

    fn word_left(&self) -> usize {
        let is_word = |piece: &str| piece.chars().any(char::is_alphanumeric);
        self.text[..self.cursor]
            .split_word_bound_indices()
            .rfind(|(_, piece)| is_word(piece))
            .map_or(0, |(at, _)| at)
    }

    fn word_right(&self) -> usize {
        let is_word = |piece: &str| piece.chars().any(char::is_alphanumeric);
        self.text[self.cursor..]
            .split_word_bound_indices()
            .find(|(_, piece)| is_word(piece))
            .map_or(self.text.len(), |(at, piece)| {
                self.cursor + at + piece.len()
            })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn editor(text: &str) -> Editor {
        let mut editor = Editor::new();
        editor.insert(text);
        editor
    }

    #[test]
    fn clusters_are_erased_whole() {
        let mut editor = editor("a👨‍👩‍👧e\u{301}");
        editor.apply(Edit::Backspace);
        assert_eq!(editor.text(), "a👨‍👩‍👧");
        editor.apply(Edit::Backspace);
        assert_eq!(editor.text(), "a");
        editor.apply(Edit::Undo);
        assert_eq!(editor.text(), "a👨‍👩‍👧");
    }

    #[test]
    fn words_and_lines_are_motions() {
        let mut editor = editor("first line\nвторая строка, end");
        editor.apply(Edit::WordLeft);
        editor.apply(Edit::WordLeft);
        editor.insert("|");
        assert_eq!(editor.text(), "first line\nвторая |строка, end");
        editor.apply(Edit::KillToHome);
        assert_eq!(editor.text(), "first line\nстрока, end");
        editor.apply(Edit::KillWordRight);
        assert_eq!(editor.text(), "first line\n, end");
        editor.apply(Edit::Yank);
        editor.apply(Edit::KillToEnd);
        assert_eq!(editor.text(), "first line\nстрока");
    }

    #[test]
    fn moving_up_and_down_keeps_the_column() {
        let mut editor = editor("abcdef\nx\nabcdef");
        assert!(editor.vertical(true, 40));
        assert!(editor.vertical(true, 40));
        assert_eq!(editor.cursor(), 6);
        assert!(!editor.vertical(true, 40));
        assert!(editor.vertical(false, 40));
        assert_eq!(editor.cursor(), 8);
    }

    #[test]
    fn lines_are_counted_up_to_a_bound() {
        for text in [
            "",
            "one",
            "one\ntwo\nthree",
            &"слово ".repeat(5000),
            &"日本".repeat(900),
        ] {
            let editor = editor(text);
            for columns in [10, 40] {
                let all = editor.lines(columns).len();
                assert_eq!(editor.line_count(columns, 8), all.min(8), "{columns}");
            }
        }
    }

    #[test]
    fn typing_is_undone_as_a_whole() {
        let mut editor = editor("draft ");
        for c in ["o", "n", "e"] {
            editor.insert(c);
        }
        editor.apply(Edit::Undo);
        assert_eq!(editor.text(), "draft ");
    }

    #[test]
    fn steering_characters_are_not_put_in() {
        assert_eq!(editor("a\u{1b}[31mb\u{202e}c\r\nd").text(), "a[31mbc\nd");
        assert_eq!(Editor::line("a\nb").text(), "a b");
    }

    fn step() -> impl Strategy<Value = (u8, String)> {
        (
            0u8..20,
            prop_oneof!["[a-z ]{0,6}", "\\PC{0,4}", Just("👨‍👩‍👧\u{301}".to_owned())],
        )
    }

    proptest! {
        #[test]
        fn the_cursor_stands_between_clusters_and_inside_the_box(
            steps in prop::collection::vec(step(), 0..40), columns in 4usize..20
        ) {
            const EDITS: [Edit; 14] = [
                Edit::Left, Edit::Right, Edit::WordLeft, Edit::WordRight, Edit::Home, Edit::End,
                Edit::Backspace, Edit::Delete, Edit::KillWordLeft, Edit::KillWordRight,
                Edit::KillToHome, Edit::KillToEnd, Edit::Yank, Edit::Undo,
            ];
            let mut editor = Editor::new();
            for (step, text) in steps {
                match step as usize {
                    n if n < EDITS.len() => editor.apply(EDITS[n]),
                    14 => { editor.vertical(true, columns); }
                    15 => { editor.vertical(false, columns); }
                    16 => editor.insert("\n"),
                    17 => editor.click(text.len(), 3, columns),
                    18 => {
                        let end = editor.cursor();
                        let before = &editor.text()[..end];
                        let start = before.grapheme_indices(true).nth_back(1);
                        let start = start.map_or(0, |(at, _)| at);
                        editor.replace(start..end, &text);
                    }
                    _ => editor.insert(&text),
                }
                let at = editor.cursor();
                prop_assert!(at <= editor.text().len());
                let on_boundary = at == editor.text().len()
                    || editor.text().grapheme_indices(true).any(|(start, _)| start == at);
                prop_assert!(on_boundary, "{at} in {:?}", editor.text());
                let lines = editor.lines(columns);
                let (row, column) = editor.place(&lines);
                prop_assert!(row < lines.len());
                prop_assert!(column < columns, "{column} of {columns}");
            }
        }
    }
}
