//! The lines at the bottom: the connection or a notice.

use super::paint::Painter;
use crate::app::Model;
use crate::app::layout::Area;
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
    if let Some(hints) = model.status_hints() {
        let y = area.y + area.height - 1;
        painter.right(area.x + 1, y, width, &hints, painter.dim());
    }
}
