//! The members beside the open chat.

use proto::catalog::Text;
use proto::request::Role as MemberRole;
use proto::text::printable_line;

use super::paint::Painter;
use crate::app::Model;
use crate::app::layout::{Area, Layout};
use crate::app::member::presence_mark;
use crate::app::model::Pane;

/// Draws the members; returns the place of the selected one where keys go
/// there.
pub(super) fn draw(
    painter: &mut Painter<'_>,
    model: &Model,
    layout: &Layout,
) -> Option<(u16, u16)> {
    let area = layout.members;
    if area.is_empty() {
        return None;
    }
    let line = Area { width: 1, ..area };
    painter.pillar(line, painter.dim());
    let (x, width) = (area.x + 2, area.width.saturating_sub(3));
    let members = model.members();
    let title = format!("{} ({})", model.text(Text::MembersTitle), members.len());
    painter.text(x, area.y, width, &title, painter.accent());
    let rows = usize::from(area.height.saturating_sub(2));
    let focused = model.pane == Pane::Members;
    let top = (model.member_at + 1).saturating_sub(rows);
    let mut cursor = None;
    for (y, (at, row)) in (area.y + 2..).zip(members.iter().enumerate().skip(top).take(rows)) {
        painter.text(x, y, 1, presence_mark(model, row), painter.own());
        let (sign, style) = match row.role {
            MemberRole::Admin => ("@", painter.bold()),
            MemberRole::Moderator => ("+", painter.bold()),
            MemberRole::Member | MemberRole::Unknown => (" ", painter.plain()),
        };
        painter.text(x + 2, y, 1, sign, style);
        let muted = row.silenced_until > model.now;
        let mut room = width.saturating_sub(3);
        if muted {
            painter.right(x, y, width, "✗", painter.trouble());
            room = room.saturating_sub(2);
        }
        let style = if model.me() == Some(row.user) {
            painter.own()
        } else {
            painter.name(row.user)
        };
        painter.text(x + 3, y, room, &printable_line(&row.name), style);
        if focused && at == model.member_at {
            painter.restyle(x, y, width, painter.selected());
            cursor = Some((x, y));
        }
    }
    cursor
}
