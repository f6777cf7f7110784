//! The little markup of messages: `**bold**`, `*italics*` and `_italics_`,
//! `~~strike~~`, `` `code` ``, fenced code, `> quotes`, `||spoilers||`,
//! `[links](https://…)` and bare ones, `@names`.
//!
//! A text is cut into [`Token`]s that together are the text again, to the
//! byte; markup that does not close is plain text. A line is looked at a
//! bounded number of times, however hostile it is.

use std::ops::Range;

use super::link::{self, Link};

/// How a piece looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// Heavier.
    pub bold: bool,
    /// Slanted.
    pub italic: bool,
    /// Struck through.
    pub strike: bool,
    /// As typed, on one line or in a fence.
    pub code: bool,
    /// Code in a fence.
    pub fence: bool,
    /// Somebody else's words.
    pub quote: bool,
    /// Hidden until asked for.
    pub spoiler: bool,
    /// Leads somewhere.
    pub link: bool,
    /// Names somebody.
    pub mention: bool,
    /// Names oneself; known only to who knows the name.
    pub me: bool,
    /// Not of the text: said about it.
    pub note: bool,
}

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Shown.
    Shown,
    /// Markup, which shows only in how the rest looks.
    Marker,
}

/// A piece of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Where it is, in bytes.
    pub range: Range<usize>,
    /// What it is for.
    pub part: Part,
    /// How it looks.
    pub style: Style,
    /// Which of the links it belongs to.
    pub link: Option<usize>,
}

/// A text that was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parsed {
    /// Its pieces, in order, without gaps.
    pub tokens: Vec<Token>,
    /// Where its links lead.
    pub links: Vec<Link>,
}

/// Reads a text.
pub fn parse(text: &str) -> Parsed {
    let mut reader = Reader {
        text,
        parsed: Parsed::default(),
    };
    reader.lines();
    reader.parsed
}

/// Longest label of a link that is looked for, in bytes.
const LABEL: usize = 300;

/// A mark, and what in the style it switches on.
type Pair = (&'static str, fn(&mut Style) -> &mut bool);

/// The marks that stand on both sides of a piece, longer ones first.
const PAIRS: [Pair; 5] = [
    ("**", |style| &mut style.bold),
    ("~~", |style| &mut style.strike),
    ("||", |style| &mut style.spoiler),
    ("*", |style| &mut style.italic),
    ("_", |style| &mut style.italic),
];

struct Reader<'a> {
    text: &'a str,
    parsed: Parsed,
}

impl Reader<'_> {
    fn lines(&mut self) {
        let mut at = 0;
        // Whether a fence further down can close; looked for once.
        let mut fences = true;
        while at < self.text.len() {
            let end = self.line_end(at);
            let line = &self.text[at..end];
            if fences && line.starts_with("```") {
                match self.fence(at, end) {
                    Some(behind) => {
                        at = behind;
                        continue;
                    }
                    None => fences = false,
                }
            }
            let mut style = Style::default();
            let mut start = at;
            if line.starts_with('>') {
                style.quote = true;
                start += if line.starts_with("> ") { 2 } else { 1 };
                self.push(at..start, Part::Marker, style, None);
            }
            self.inline(start..end, style);
            at = self.line_break(end, style);
        }
    }

    fn line_end(&self, from: usize) -> usize {
        let found = self.text[from..].find('\n');
        found.map_or(self.text.len(), |at| from + at)
    }

    /// Keeps the line feed at `end`, if there is one; returns what follows.
    fn line_break(&mut self, end: usize, style: Style) -> usize {
        let behind = (end + 1).min(self.text.len());
        self.push(end..behind, Part::Shown, style, None);
        behind
    }

    /// A fenced block whose first line is `at..end`; none where it does not
    /// close.
    fn fence(&mut self, at: usize, end: usize) -> Option<usize> {
        let body = (end + 1).min(self.text.len());
        let mut close = body;
        loop {
            if close >= self.text.len() {
                return None;
            }
            let line_end = self.line_end(close);
            if self.text[close..line_end].trim_end() == "```" {
                break;
            }
            close = line_end + 1;
        }
        let style = Style {
            code: true,
            fence: true,
            ..Style::default()
        };
        self.push(at..body, Part::Marker, style, None);
        // The line feed before the closing fence belongs to the fence.
        let last = close.saturating_sub(1).max(body);
        self.push(body..last, Part::Shown, style, None);
        let fence_end = self.line_end(close);
        self.push(last..fence_end, Part::Marker, style, None);
        Some(self.line_break(fence_end, Style::default()))
    }

    fn push(&mut self, range: Range<usize>, part: Part, style: Style, link: Option<usize>) {
        if range.is_empty() {
            return;
        }
        if let Some(last) = self.parsed.tokens.last_mut()
            && (last.part, last.style, last.link) == (part, style, link)
            && last.range.end == range.start
        {
            last.range.end = range.end;
            return;
        }
        self.parsed.tokens.push(Token {
            range,
            part,
            style,
            link,
        });
    }

    /// A part of one line.
    fn inline(&mut self, range: Range<usize>, style: Style) {
        const SPECIAL: [char; 8] = ['`', '*', '_', '~', '|', '[', '@', ':'];
        // Marks that were looked for in vain from here on.
        let mut dead = [false; PAIRS.len()];
        let mut dead_code = [false; 4];
        let mut plain = range.start;
        let mut at = range.start;
        while let Some(found) = self.text[at..range.end].find(SPECIAL) {
            at += found;
            let rest = &self.text[at..range.end];
            let first = rest.chars().next().unwrap_or_default();
            let behind = match first {
                '`' => self.code(plain, at..range.end, style, &mut dead_code),
                '[' => self.labelled(plain, at..range.end, style),
                ':' => self.bare(plain, at..range.end, style),
                '@' => self.mention(plain, at..range.end, style),
                _ => self.pair(plain, at..range.end, style, &mut dead),
            };
            match behind {
                Some(behind) => {
                    at = behind;
                    plain = behind;
                }
                None => {
                    let run = match first {
                        // A longer or shorter run of them is none of ours.
                        '`' => rest.len() - rest.trim_start_matches('`').len(),
                        _ => first.len_utf8(),
                    };
                    at += run;
                }
            }
        }
        self.push(plain..range.end, Part::Shown, style, None);
    }

    fn before(&self, at: usize) -> Option<char> {
        self.text[..at].chars().next_back()
    }

    fn pair(
        &mut self,
        plain: usize,
        range: Range<usize>,
        style: Style,
        dead: &mut [bool; PAIRS.len()],
    ) -> Option<usize> {
        let rest = &self.text[range.clone()];
        let which = PAIRS.iter().position(|(mark, _)| rest.starts_with(mark))?;
        let (mark, field) = PAIRS[which];
        let mut inner_style = style;
        if dead[which] || std::mem::replace(field(&mut inner_style), true) {
            return None;
        }
        let opens = self
            .before(range.start)
            .is_none_or(|c| c.is_whitespace() || "([{\"'«“„>*_~|-—–:".contains(c));
        let body = range.start + mark.len();
        let inside = self.text[body..range.end].chars().next()?;
        if !opens || inside.is_whitespace() || mark.starts_with(inside) {
            return None;
        }
        let mut from = body;
        loop {
            let Some(found) = self.text[from..range.end].find(mark) else {
                dead[which] = true;
                return None;
            };
            let close = from + found;
            let behind = close + mark.len();
            let last = self.before(close);
            let next = self.text[behind..range.end].chars().next();
            let letter = mark.chars().next();
            let doubled = mark.len() == 1 && (next == letter || last == letter);
            let closes = close > body
                && last.is_some_and(|c| !c.is_whitespace())
                && next.is_none_or(|c| !c.is_alphanumeric())
                && !doubled;
            if closes {
                self.push(plain..range.start, Part::Shown, style, None);
                self.push(range.start..body, Part::Marker, inner_style, None);
                self.inline(body..close, inner_style);
                self.push(close..behind, Part::Marker, inner_style, None);
                return Some(behind);
            }
            from = behind;
        }
    }

    fn code(
        &mut self,
        plain: usize,
        range: Range<usize>,
        style: Style,
        dead: &mut [bool; 4],
    ) -> Option<usize> {
        let rest = &self.text[range.clone()];
        let run = rest.len() - rest.trim_start_matches('`').len();
        if run >= dead.len() || dead[run] {
            return None;
        }
        let body = range.start + run;
        let mut from = body;
        loop {
            let Some(found) = self.text[from..range.end].find('`') else {
                dead[run] = true;
                return None;
            };
            let close = from + found;
            let tail = &self.text[close..range.end];
            let other = tail.len() - tail.trim_start_matches('`').len();
            if other == run {
                let code = Style {
                    code: true,
                    ..style
                };
                self.push(plain..range.start, Part::Shown, style, None);
                self.push(range.start..body, Part::Marker, code, None);
                self.push(body..close, Part::Shown, code, None);
                self.push(close..close + run, Part::Marker, code, None);
                return Some(close + run);
            }
            from = close + other;
        }
    }

    /// `[label](address)`.
    fn labelled(&mut self, plain: usize, range: Range<usize>, style: Style) -> Option<usize> {
        if style.link {
            return None;
        }
        let label = link::near(&self.text[range.clone()], LABEL);
        let middle = range.start + label.find("](").filter(|length| *length > 1)?;
        let address = middle + 2;
        let rest = link::near(&self.text[address..range.end], link::LONGEST + 1);
        let length = rest.find(|c: char| c == ')' || c.is_whitespace())?;
        let close = address + length;
        if !self.text[close..].starts_with(')') {
            return None;
        }
        let target = Link::parse(&self.text[address..close])?;
        let linked = Style {
            link: true,
            ..style
        };
        let number = self.parsed.links.len();
        self.parsed.links.push(target);
        self.push(plain..range.start, Part::Shown, style, None);
        let link = Some(number);
        self.push(range.start..range.start + 1, Part::Marker, linked, link);
        self.push(range.start + 1..middle, Part::Shown, linked, link);
        self.push(middle..close + 1, Part::Marker, linked, link);
        Some(close + 1)
    }

    /// An address that stands by itself, found by its colon.
    fn bare(&mut self, plain: usize, range: Range<usize>, style: Style) -> Option<usize> {
        if style.link {
            return None;
        }
        let before = &self.text[plain..range.start];
        let scheme = link::SCHEMES
            .iter()
            .find(|scheme| ends_with_word(before, scheme))?;
        let start = range.start - scheme.len();
        let length = link::bare_length(&self.text[start..range.end]);
        let target = Link::parse(&self.text[start..start + length])?;
        let linked = Style {
            link: true,
            ..style
        };
        let number = self.parsed.links.len();
        self.parsed.links.push(target);
        self.push(plain..start, Part::Shown, style, None);
        self.push(start..start + length, Part::Shown, linked, Some(number));
        Some(start + length)
    }

    fn mention(&mut self, plain: usize, range: Range<usize>, style: Style) -> Option<usize> {
        let free = self
            .before(range.start)
            .is_none_or(|c| !c.is_alphanumeric() && !"@._-/".contains(c));
        let name = &self.text[range.start + 1..range.end];
        let length = name
            .find(|c: char| !(c.is_alphanumeric() || "._-".contains(c)))
            .unwrap_or(name.len());
        let length = name[..length].trim_end_matches(['.', '_', '-']).len();
        if !free || style.link || !name[..length].starts_with(char::is_alphanumeric) {
            return None;
        }
        let named = Style {
            mention: true,
            ..style
        };
        let end = range.start + 1 + length;
        self.push(plain..range.start, Part::Shown, style, None);
        self.push(range.start..end, Part::Shown, named, None);
        Some(end)
    }
}

/// Whether a text ends with this word, in any case, and not in the midst of
/// another one.
fn ends_with_word(text: &str, word: &str) -> bool {
    let Some(start) = text.len().checked_sub(word.len()) else {
        return false;
    };
    text.is_char_boundary(start)
        && text[start..].eq_ignore_ascii_case(word)
        && !text[..start].ends_with(char::is_alphanumeric)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is shown, with letters in braces for how it looks.
    fn shown(text: &str) -> String {
        let mut out = String::new();
        for token in parse(text).tokens {
            if token.part == Part::Marker {
                continue;
            }
            let style = token.style;
            let flags = [
                (style.bold, 'b'),
                (style.italic, 'i'),
                (style.strike, 's'),
                (style.code, 'c'),
                (style.quote, 'q'),
                (style.spoiler, 'h'),
                (style.link, 'l'),
                (style.mention, 'm'),
            ];
            let flags: String = flags.iter().filter(|f| f.0).map(|f| f.1).collect();
            let piece = &text[token.range];
            if flags.is_empty() {
                out.push_str(piece);
            } else {
                out.push_str(&format!("{{{flags} {piece}}}"));
            }
        }
        out
    }

    #[test]
    fn marks_make_styles() {
        for (text, wanted) in [
            ("a **b** c", "a {b b} c"),
            ("*a* _b_ ~~c~~", "{i a} {i b} {s c}"),
            ("**a *b* c**", "{b a }{bi b}{b  c}"),
            ("`a *b*` ``c`d``", "{c a *b*} {c c`d}"),
            ("||the end|| is", "{h the end} is"),
            ("> said\nanswer", "{q said\n}answer"),
            ("```rust\nlet a;\n\n*b*\n```\nend", "{c let a;\n\n*b*}\nend"),
            ("hi @anna, and a@b.c", "hi {m @anna}, and a@b.c"),
            (
                "see https://a.b/c_d_e. Yes",
                "see {l https://a.b/c_d_e}. Yes",
            ),
            ("[here](https://a.b)!", "{l here}!"),
        ] {
            assert_eq!(shown(text), wanted, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_markup_stays_as_it_was_typed() {
        for text in [
            "2 * 3 * 4",
            "snake_case_name",
            "a ** b",
            "**open",
            "`open",
            "```\nopen",
            "¯\\_(ツ)_/¯",
            "[x](javascript:alert(1))",
            "a || b || c",
            "**** ____ ~~~~",
            "e-mail: none",
        ] {
            assert_eq!(shown(text), text, "{text:?}");
        }
    }

    #[test]
    fn hostile_markup_is_read_at_once() {
        for unit in [
            "*a ",
            "**a ",
            "[",
            "[](",
            "`a ",
            "``",
            "_a*b~~c||",
            "[a](x) ",
            "> *_~~||",
        ] {
            let text = unit.repeat(65_536 / unit.len());
            let parsed = parse(&text);
            assert_eq!(parsed.tokens.last().unwrap().range.end, text.len());
        }
    }

    fn marked_up() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "[a-zа-я ]{0,6}",
            "\\PC{0,4}",
            "[*_~|`>\\[\\]()@:\n]{0,4}",
            Just("**".to_owned()),
            Just("||".to_owned()),
            Just("\n```\n".to_owned()),
            Just("https://host.example/x".to_owned()),
            Just("[label](https://host.example)".to_owned()),
            Just("👨‍👩‍👧e\u{301}".to_owned()),
        ];
        prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn the_pieces_are_the_text_again(text in marked_up()) {
            let parsed = parse(&text);
            let mut end = 0;
            for token in &parsed.tokens {
                prop_assert_eq!(token.range.start, end);
                prop_assert!(!token.range.is_empty());
                prop_assert!(text.is_char_boundary(token.range.end));
                prop_assert!(token.link.is_none_or(|at| at < parsed.links.len()));
                end = token.range.end;
            }
            prop_assert_eq!(end, text.len());
        }
    }
}
