//! A message as lines of styled pieces, in so many columns.

use std::ops::Range;

use proto::text::username_key;
use unicode_segmentation::UnicodeSegmentation;

use super::link::Link;
use super::markdown::{self, Part, Style};
use super::wrap::{self, Spaces};

/// A piece of a line that looks the same from end to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// What it says.
    pub text: String,
    /// How it looks.
    pub style: Style,
    /// Which of the message's links it belongs to.
    pub link: Option<usize>,
}

impl Span {
    /// A piece without markup.
    pub fn plain(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            style: Style::default(),
            link: None,
        }
    }

    /// Words about a text.
    pub fn note(text: impl Into<String>) -> Self {
        let style = Style {
            note: true,
            ..Style::default()
        };
        Self {
            style,
            ..Self::plain(text)
        }
    }
}

/// The columns of a line.
pub fn line_width(line: &[Span]) -> usize {
    line.iter().map(|span| wrap::width(&span.text)).sum()
}

/// The text of a line.
pub fn line_text(line: &[Span]) -> String {
    line.iter().map(|span| span.text.as_str()).collect()
}

/// How a message is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reading<'a> {
    /// Columns.
    pub columns: usize,
    /// Spoilers are shown.
    pub revealed: bool,
    /// There are no colours: code keeps its marks.
    pub marks: bool,
    /// One's own name, to see oneself mentioned.
    pub me: &'a str,
}

/// In front of each line of a quote.
const QUOTE: &str = "▎ ";
/// In front of each line of fenced code.
const FENCE: &str = "│ ";
/// In place of each column of a spoiler.
const HIDDEN: &str = "░";

/// A line before it is wrapped.
#[derive(Default)]
struct Line {
    text: String,
    cuts: Vec<(Range<usize>, Style, Option<usize>)>,
}

impl Line {
    fn push(&mut self, text: &str, style: Style, link: Option<usize>) {
        if text.is_empty() {
            return;
        }
        let start = self.text.len();
        self.text.push_str(text);
        self.cuts.push((start..self.text.len(), style, link));
    }

    fn prefix(&self) -> Option<(&'static str, Style)> {
        let (_, style, _) = self.cuts.first()?;
        if style.fence {
            Some((FENCE, *style))
        } else if style.quote {
            let style = Style {
                quote: true,
                ..Style::default()
            };
            Some((QUOTE, style))
        } else {
            None
        }
    }

    /// The pieces of a part of the line.
    fn cut(&self, range: Range<usize>, from: &mut usize) -> Vec<Span> {
        while self
            .cuts
            .get(*from)
            .is_some_and(|cut| cut.0.end <= range.start)
        {
            *from += 1;
        }
        self.cuts[*from..]
            .iter()
            .take_while(|(cut, ..)| cut.start < range.end)
            .map(|(cut, style, link)| Span {
                text: self.text[cut.start.max(range.start)..cut.end.min(range.end)].to_owned(),
                style: *style,
                link: *link,
            })
            .filter(|span| !span.text.is_empty())
            .collect()
    }
}

/// The lines of a text that is safe for a terminal, and its links.
pub fn lines(text: &str, reading: Reading<'_>) -> (Vec<Vec<Span>>, Vec<Link>) {
    let parsed = markdown::parse(text);
    let mut whole = vec![Line::default()];
    let mut label = String::new();
    for (at, token) in parsed.tokens.iter().enumerate() {
        let code = token.style.code && !token.style.fence;
        if token.part == Part::Shown || (reading.marks && code) {
            let piece = &text[token.range.clone()];
            label.push_str(piece);
            let mut style = token.style;
            style.me = style.mention && names(piece, reading.me);
            for (number, part) in piece.split('\n').enumerate() {
                if number > 0 {
                    whole.push(Line::default());
                }
                let Some(line) = whole.last_mut() else {
                    continue;
                };
                if style.spoiler && !reading.revealed {
                    line.push(&hidden(part), style, None);
                } else {
                    line.push(part, style, token.link);
                }
            }
        }
        let next = parsed.tokens.get(at + 1).and_then(|token| token.link);
        if next != token.link {
            let seen = !token.style.spoiler || reading.revealed;
            let link = token.link.filter(|_| seen);
            if let Some(number) = link
                && let Some(beside) = parsed.links[number].beside(&label)
                && let Some(line) = whole.last_mut()
            {
                let style = Style {
                    quote: token.style.quote,
                    ..Style::default()
                };
                line.push(&format!(" {beside}"), style, link);
            }
        }
        if next.is_none() || next != token.link {
            label.clear();
        }
    }
    let mut lines = Vec::new();
    for line in &whole {
        let prefix = line.prefix();
        let taken = prefix.map_or(0, |(prefix, _)| wrap::width(prefix));
        let columns = reading.columns.saturating_sub(taken);
        let mut from = 0;
        for range in wrap::wrap(&line.text, columns, Spaces::Drop) {
            let end = range.start + line.text[range.clone()].trim_end_matches(' ').len();
            let mut spans = line.cut(range.start..end, &mut from);
            if let Some((prefix, style)) = prefix {
                let first = Span {
                    text: prefix.to_owned(),
                    style,
                    link: None,
                };
                spans.insert(0, first);
            }
            lines.push(spans);
        }
    }
    (lines, parsed.links)
}

/// Whether an `@name` is oneself.
fn names(piece: &str, me: &str) -> bool {
    !me.is_empty() && username_key(piece.trim_start_matches('@')) == username_key(me)
}

/// As many marks as the text has columns.
fn hidden(text: &str) -> String {
    text.graphemes(true)
        .map(|cluster| HIDDEN.repeat(wrap::width(cluster)))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str, columns: usize) -> Vec<String> {
        let reading = Reading {
            columns,
            revealed: false,
            marks: false,
            me: "anna",
        };
        let (lines, _) = lines(text, reading);
        lines.iter().map(|line| line_text(line)).collect()
    }

    #[test]
    fn quotes_and_code_have_a_bar_on_every_line() {
        assert_eq!(shown("> one two\nthree", 6), ["▎ one", "▎ two", "three"]);
        assert_eq!(shown("```\na  b\n\nc\n```", 20), ["│ a  b", "", "│ c"]);
    }

    #[test]
    fn a_spoiler_shows_only_how_long_it_is() {
        assert_eq!(shown("a ||日b|| c", 20), ["a ░░░ c"]);
        let reading = Reading {
            columns: 20,
            revealed: true,
            marks: false,
            me: "",
        };
        assert_eq!(line_text(&lines("||b||", reading).0[0]), "b");
        let (hidden, _) = lines(
            "||https://a.b||",
            Reading {
                revealed: false,
                marks: false,
                ..reading
            },
        );
        assert!(hidden[0].iter().all(|span| span.link.is_none()));
    }

    #[test]
    fn code_keeps_its_marks_where_there_are_no_colours() {
        let reading = Reading {
            columns: 40,
            marks: true,
            ..Reading::default()
        };
        assert_eq!(line_text(&lines("**a** `b`", reading).0[0]), "a `b`");
    }

    #[test]
    fn links_say_where_they_lead() {
        assert_eq!(
            shown("[bank.example](https://evil.example/x) ok", 60),
            ["bank.example (evil.example) ok"]
        );
        assert_eq!(shown("see https://a.b/c", 60), ["see https://a.b/c"]);
        assert_eq!(
            shown("[a](https://b.c)[d](https://e.f)", 60),
            ["a (b.c)d (e.f)"]
        );
    }

    #[test]
    fn one_is_mentioned_by_name_only() {
        let reading = Reading {
            columns: 40,
            revealed: false,
            marks: false,
            me: "anna",
        };
        let mentioned = |text: &str| lines(text, reading).0[0].iter().any(|s| s.style.me);
        assert!(mentioned("hello @Anna!"));
        assert!(!mentioned("anna @annabel a@anna `@anna`"));
    }

    proptest! {
        #[test]
        fn styled_lines_fit_and_no_cluster_is_split(
            pieces in prop::collection::vec(prop_oneof![
                "[a-z ]{0,8}", "[*_~|`> @:]{0,3}", "\\PC{0,5}",
                Just("\n> ".to_owned()), Just("\n```\n".to_owned()), Just("**".to_owned()),
                Just("日本語👨‍👩‍👧e\u{301}".to_owned()),
                Just("[x](https://host.example/p)".to_owned()),
            ], 0..12),
            columns in 6usize..40,
        ) {
            let text = proto::text::printable_text(&pieces.concat()).into_owned();
            let reading = Reading { columns, revealed: true, marks: true, me: "anna" };
            let (lines, links) = lines(&text, reading);
            for line in &lines {
                let whole = line_text(line);
                prop_assert!(wrap::width(&whole) <= columns, "{whole:?}");
                prop_assert!(line.iter().all(|span| !span.text.is_empty()));
                prop_assert!(line.iter().all(|s| s.link.is_none_or(|at| at < links.len())));
            }
        }
    }
}
