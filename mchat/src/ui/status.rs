//! The lines at the bottom: the connection or a notice.

use proto::catalog::{Text, fill};

use super::paint::Painter;
use crate::app::Model;
use crate::app::action::Action;
use crate::app::layout::Area;
use crate::app::wrap;
use crate::client::model::{Link, Transport};

/// Draws the status.
pub(super) fn draw(painter: &mut Painter<'_>, model: &Model, area: Area) {
    let style = match (&model.notice, &model.link) {
        (Some(_), _) => painter.fresh(),
        (
            None,
            Link::Online {
                transport: Transport::Quic,
                ..
            }
            | Link::SignedOut { .. },
        ) => painter.dim(),
        (None, Link::Online { .. } | Link::Connecting) => painter.fresh(),
        (None, Link::Offline { .. } | Link::Refused { .. }) => painter.trouble(),
    };
    let lines = model.status_lines();
    let width = area.width.saturating_sub(2);
    for (y, line) in (area.y..area.y + area.height).zip(&lines) {
        painter.text(area.x + 1, y, width, line, style);
    }
    let hints = fill(
        model.text(Text::StatusHints),
        &[
            ("help", &model.key_of(Action::Help)),
            ("palette", &model.key_of(Action::Palette)),
        ],
    );
    let used = lines.last().map_or(0, |line| wrap::width(line));
    if model.first.is_none() && used + 3 + wrap::width(&hints) <= usize::from(width) {
        let y = area.y + area.height - 1;
        painter.right(area.x + 1, y, width, &hints, painter.dim());
    }
}
