//! Lists, forms and questions of the features.

use proto::catalog::Text;

use super::dialog::field;
use super::paint::Painter;
use crate::app::Model;
use crate::app::layout::{Area, centered};
use crate::app::popup::Search;
use crate::app::sheet::{Form, Item, SHEET, SURE, Sheet, Source, Sure};
use crate::app::wrap;
use crate::config::color::Role;

/// A list to choose from; returns the place of the cursor: on the selected
/// line, or where something is written in a search.
pub(super) fn sheet(painter: &mut Painter<'_>, model: &Model, sheet: &Sheet) -> (u16, u16) {
    let area = centered(model.size, SHEET.0, SHEET.1);
    let inner = painter.frame(area, &sheet.title);
    painter.text(inner.x, inner.y, 1, "/", painter.dim());
    let at = (inner.x + 2, inner.y, inner.width - 2);
    let mut cursor = field(painter, &sheet.query, at, false);
    let foot = inner.y + inner.height - 1;
    painter.text(inner.x, foot, inner.width, &sheet.foot, painter.dim());
    let body = Area {
        y: inner.y + 2,
        height: inner.height.saturating_sub(3),
        ..inner
    };
    let shown = sheet.shown();
    if shown.is_empty() {
        nothing(painter, model, sheet, body);
        return cursor;
    }
    if let Search::Failed(why) = &sheet.search {
        painter.text(inner.x, foot, inner.width, why, painter.trouble());
    }
    let each = sheet.rows_each();
    let rows = usize::from(body.height) / each;
    let top = (sheet.selected + 1).saturating_sub(rows);
    for (line, (at, item)) in (0..rows).zip(shown.iter().enumerate().skip(top)) {
        let y = body.y + (line * each) as u16;
        draw_item(painter, item, Area { y, ..body });
        if at == sheet.selected {
            painter.restyle(body.x, y, body.width, painter.selected());
            let typed = sheet.source.is_search() || matches!(sheet.source, Source::Emoji(..));
            if !typed && sheet.query.is_empty() {
                cursor = (body.x, y);
            }
        }
    }
    cursor
}

fn draw_item(painter: &mut Painter<'_>, item: &Item, area: Area) {
    let Area { x, y, width, .. } = area;
    // What stands on the right has half of the line, or what a short name leaves.
    let left = usize::from(width).saturating_sub(wrap::width(&item.text) + 2);
    let most = left.max(usize::from(width / 2));
    let detail = wrap::fit(&item.detail, most).into_owned();
    painter.right(x, y, width, &detail, painter.dim());
    let taken = wrap::width(&detail) as u16;
    let room = width.saturating_sub(if taken > 0 { taken + 2 } else { 0 });
    let style = if item.strong {
        painter.accent()
    } else {
        painter.plain()
    };
    painter.text(x, y, room, &item.text, style);
    if !item.under.is_empty() {
        let style = painter.style(Role::Quote);
        painter.text(x + 2, y + 1, width.saturating_sub(2), &item.under, style);
    }
}

/// Why there is no line.
fn nothing(painter: &mut Painter<'_>, model: &Model, sheet: &Sheet, area: Area) {
    let text = match &sheet.search {
        Search::Failed(why) => {
            painter.paragraph(area, why, painter.trouble());
            return;
        }
        Search::Running => Text::Searching,
        Search::Idle if sheet.source.is_search() => Text::WriteToSearch,
        Search::Idle | Search::Done => Text::NothingHere,
    };
    painter.text(area.x, area.y, area.width, model.text(text), painter.dim());
}

/// A form; returns the place of the cursor.
pub(super) fn form(painter: &mut Painter<'_>, model: &Model, form: &Form) -> (u16, u16) {
    let rows = form.fields.len() as u16 * 3 + 5;
    let area = centered(model.size, 60, rows + 2);
    let inner = painter.frame(area, &form.title);
    let mut cursor = (inner.x, inner.y);
    let mut y = inner.y;
    for (at, line) in form.fields.iter().enumerate() {
        painter.text(inner.x, y, inner.width, &line.label, painter.plain());
        let place = field(
            painter,
            &line.editor,
            (inner.x, y + 1, inner.width),
            line.masked,
        );
        if at == form.at {
            cursor = place;
        }
        y += 3;
    }
    if let Some(why) = &form.trouble {
        let area = Area {
            y,
            height: 3,
            ..inner
        };
        painter.paragraph(area, why, painter.trouble());
    }
    let foot = inner.y + inner.height - 1;
    let keys = model.text(Text::FormKeys);
    painter.text(inner.x, foot, inner.width, keys, painter.dim());
    cursor
}

/// A question; returns the place of the cursor.
pub(super) fn sure(painter: &mut Painter<'_>, model: &Model, sure: &Sure) -> (u16, u16) {
    let area = centered(model.size, SURE.0, SURE.1);
    let inner = painter.frame(area, model.text(Text::SureTitle));
    let body = Area {
        height: inner.height.saturating_sub(2),
        ..inner
    };
    painter.paragraph(body, &sure.question, painter.plain());
    let foot = inner.y + inner.height - 1;
    let keys = model.text(Text::SureKeys);
    painter.text(inner.x, foot, inner.width, keys, painter.bold());
    (inner.x, foot)
}
