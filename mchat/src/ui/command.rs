//! The command line at the bottom, with the words that may stand next.

use super::dialog::field;
use super::paint::Painter;
use crate::app::Model;
use crate::app::command::CommandLine;
use crate::app::layout::Area;

/// Most words shown.
const WORDS: u16 = 8;

/// Draws it; returns the place of the cursor.
pub(super) fn draw(painter: &mut Painter<'_>, model: &Model, line: &CommandLine) -> (u16, u16) {
    let (columns, rows) = model.size;
    let bottom = rows - 1;
    let whole = |y: u16, height: u16| Area {
        x: 0,
        y,
        width: columns,
        height,
    };
    let mut y = bottom;
    if let Some(why) = &line.trouble {
        let lines = crate::app::wrap::wrap(
            why,
            usize::from(columns.saturating_sub(2)),
            crate::app::wrap::Spaces::Drop,
        );
        let height = (lines.len() as u16).min(rows / 2);
        y -= height;
        painter.clear(whole(y, height));
        let area = Area {
            x: 1,
            width: columns.saturating_sub(2),
            ..whole(y, height)
        };
        painter.paragraph(area, why, painter.trouble());
    }
    words(painter, line, y, columns);
    painter.clear(whole(bottom, 1));
    painter.text(0, bottom, 1, ":", painter.bold());
    field(painter, &line.editor, (1, bottom, columns - 1), false)
}

/// The words, the chosen one among them, above row `y`.
fn words(painter: &mut Painter<'_>, line: &CommandLine, y: u16, columns: u16) {
    let words = &line.offered.words;
    let shown = (words.len() as u16).min(WORDS).min(y);
    let at = line.chosen.unwrap_or(0);
    let top = (at + 1).saturating_sub(usize::from(shown));
    for (row, (number, word)) in (0..shown).zip(words.iter().enumerate().skip(top)) {
        let y = y - shown + row;
        let area = Area {
            x: 0,
            y,
            width: columns.min(40),
            height: 1,
        };
        painter.clear(area);
        painter.text(2, y, area.width - 3, word, painter.plain());
        if line.chosen == Some(number) {
            painter.text(0, y, 1, ">", painter.bold());
            painter.restyle(0, y, area.width, painter.selected());
        } else {
            painter.restyle(0, y, area.width, painter.dim());
        }
    }
}
