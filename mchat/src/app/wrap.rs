//! Text in columns: widths, cutting and wrapping by grapheme cluster, as a
//! terminal shows them.

use std::borrow::Cow;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What becomes of the spaces at which a line is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spaces {
    /// Those that do not fit are left out: for reading.
    Drop,
    /// All stay: for editing, where the cursor may stand on each.
    Keep,
}

/// The columns a text takes.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// The lines of a text in at most `columns` columns (at least 2), as byte
/// ranges without their line feeds. Lines break at spaces where possible,
/// else between grapheme clusters; a cluster that is wider than a whole line
/// is broken between its characters.
pub fn wrap(text: &str, columns: usize, spaces: Spaces) -> Vec<Range<usize>> {
    let columns = columns.max(2);
    let mut lines = Vec::new();
    let mut offset = 0;
    for line in text.split('\n') {
        wrap_line(line, offset, columns, spaces, &mut lines);
        offset += line.len() + 1;
    }
    lines
}

fn wrap_line(
    line: &str,
    offset: usize,
    columns: usize,
    spaces: Spaces,
    lines: &mut Vec<Range<usize>>,
) {
    if line.len() <= columns && line.is_ascii() {
        lines.push(offset..offset + line.len());
        return;
    }
    let mut start = 0;
    let mut used = 0;
    // Where the next line may begin, and the columns used up to there.
    let mut break_at: Option<(usize, usize)> = None;
    let mut dropping = false;
    for (at, unit, wide) in units(line, columns) {
        let space = unit == " ";
        if dropping {
            if space {
                start = at + unit.len();
                continue;
            }
            dropping = false;
        }
        if used + wide > columns {
            if space && spaces == Spaces::Drop {
                lines.push(offset + start..offset + at);
                start = at + unit.len();
                used = 0;
                break_at = None;
                dropping = true;
                continue;
            }
            match break_at.take() {
                Some((place, before)) if place > start => {
                    lines.push(offset + start..offset + place);
                    start = place;
                    used -= before;
                }
                _ => {
                    lines.push(offset + start..offset + at);
                    start = at;
                    used = 0;
                }
            }
            // What followed the break may itself leave no room for this one.
            if used + wide > columns {
                lines.push(offset + start..offset + at);
                start = at;
                used = 0;
            }
        }
        used += wide;
        if space {
            break_at = Some((at + unit.len(), used));
        }
    }
    if !dropping || start < line.len() || lines.is_empty() {
        lines.push(offset + start..offset + line.len());
    }
}

/// The pieces that are never broken, with their columns.
fn units(line: &str, columns: usize) -> impl Iterator<Item = (usize, &str, usize)> {
    line.grapheme_indices(true).flat_map(move |(at, cluster)| {
        let wide = width(cluster);
        let whole = (wide <= columns).then_some((at, cluster, wide));
        let split = (wide > columns).then(|| {
            cluster.char_indices().map(move |(inner, c)| {
                let piece = &cluster[inner..inner + c.len_utf8()];
                (at + inner, piece, c.width().unwrap_or(0))
            })
        });
        whole.into_iter().chain(split.into_iter().flatten())
    })
}

/// The text, or as much of its beginning as fits with `…` behind it.
pub fn fit(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    if columns == 0 {
        return Cow::Borrowed("");
    }
    let mut used = 0;
    let mut end = 0;
    for (at, cluster) in text.grapheme_indices(true) {
        let wide = width(cluster);
        if used + wide > columns - 1 {
            break;
        }
        used += wide;
        end = at + cluster.len();
    }
    Cow::Owned(format!("{}…", text[..end].trim_end()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(text: &str, columns: usize) -> Vec<&str> {
        wrap(text, columns, Spaces::Drop)
            .into_iter()
            .map(|range| &text[range])
            .collect()
    }

    #[test]
    fn lines_break_at_spaces() {
        assert_eq!(lines("one two three", 8), ["one two ", "three"]);
        assert_eq!(lines("one two three", 7), ["one two", "three"]);
        assert_eq!(lines("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(lines("", 3), [""]);
        assert_eq!(lines("a\n\nb", 3), ["a", "", "b"]);
        assert_eq!(lines("abc   ", 3), ["abc"]);
    }

    #[test]
    fn wide_clusters_stay_whole() {
        assert_eq!(lines("日本語", 5), ["日本", "語"]);
        let family = "👨‍👩‍👧";
        assert_eq!(width(family), 2);
        assert_eq!(lines(&format!("{family}{family}"), 3), [family, family]);
        assert_eq!(
            lines("e\u{301}e\u{301}e\u{301}", 2),
            ["e\u{301}e\u{301}", "e\u{301}"]
        );
    }

    #[test]
    fn cut_text_ends_with_an_ellipsis_inside_the_columns() {
        assert_eq!(fit("abcdef", 6), "abcdef");
        assert_eq!(fit("abcdef", 4), "abc…");
        assert_eq!(fit("日本語", 4), "日…");
        assert_eq!(fit("abc", 0), "");
    }

    fn mixed() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "[ -~]{0,12}",
            "[а-яё ]{0,12}",
            "\\PC{0,6}",
            Just("日本語のテキスト".to_owned()),
            Just("👨‍👩‍👧 🇷🇺👍🏽".to_owned()),
            Just("e\u{301}\u{302}\u{303}".to_owned()),
            Just("👩\u{200d}👩\u{200d}👩\u{200d}👩\u{200d}👩".to_owned()),
            Just("\n".to_owned()),
            Just("   ".to_owned()),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn wrapped_lines_fit_and_lose_nothing(text in mixed(), columns in 2usize..40) {
            for spaces in [Spaces::Drop, Spaces::Keep] {
                let ranges = wrap(&text, columns, spaces);
                let mut end = 0;
                for range in &ranges {
                    let between = &text[end..range.start];
                    match spaces {
                        Spaces::Drop => prop_assert!(
                            between.chars().all(|c| c == ' ' || c == '\n'), "{between:?} lost"),
                        Spaces::Keep => prop_assert!(between.is_empty() || between == "\n"),
                    }
                    let line = &text[range.clone()];
                    prop_assert!(width(line) <= columns, "{line:?} is wider than {columns}");
                    end = range.end;
                }
                prop_assert!(text[end..].chars().all(|c| c == ' ' && spaces == Spaces::Drop));
            }
        }

        #[test]
        fn cut_text_fits(text in "\\PC{0,30}", columns in 0usize..20) {
            prop_assert!(width(&fit(&text, columns)) <= columns);
        }
    }
}
