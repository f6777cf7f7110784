//! The chat list.

use proto::catalog::{Text, fill};
use proto::request::{ChatKind, NotifyLevel};
use proto::text::printable_line;

use super::dialog::field;
use super::paint::Painter;
use crate::app::Model;
use crate::app::action::Action;
use crate::app::layout::Layout;
use crate::app::model::Pane;
use crate::client::model::ChatRow;
use crate::config::color::Role;

/// Draws the list; returns the place of the selected line where keys go there.
pub(super) fn draw(
    painter: &mut Painter<'_>,
    model: &Model,
    layout: &Layout,
) -> Option<(u16, u16)> {
    let area = layout.list;
    if area.is_empty() {
        return None;
    }
    painter.pillar(layout.divider, painter.dim());
    let name = model
        .account
        .as_ref()
        .map_or("", |account| account.username.as_str());
    let used = painter.text(
        area.x + 1,
        area.y,
        area.width.saturating_sub(2),
        model.text(Text::Chats),
        painter.bold(),
    );
    let left = area.width.saturating_sub(used + 4);
    painter.right(
        area.x + area.width - 1 - left,
        area.y,
        left,
        &printable_line(name),
        painter.dim(),
    );

    if model.chats.is_empty() {
        if model.chats_loaded {
            painter.text(
                area.x + 1,
                area.y + 2,
                area.width - 2,
                model.text(Text::NoChats),
                painter.dim(),
            );
            let hint = fill(
                model.text(Text::NoChatsHint),
                &[("key", &model.key_of(Action::NewChat))],
            );
            painter.text(area.x + 1, area.y + 3, area.width - 2, &hint, painter.dim());
        }
        return (model.pane == Pane::List).then_some((area.x + 1, area.y + 2));
    }
    let mut cursor = None;
    if let Some(filter) = &model.filter {
        painter.text(area.x + 1, area.y + 1, 1, "/", painter.bold());
        let place = (area.x + 2, area.y + 1, area.width.saturating_sub(3));
        let at = field(painter, &filter.text, place, false);
        if filter.writing && model.pane == Pane::List {
            cursor = Some(at);
        }
        if model.shown_chats().next().is_none() {
            let text = model.text(Text::NoneOfThatName);
            painter.text(area.x + 1, area.y + 2, area.width - 2, text, painter.dim());
        }
    }
    let rows = area.height.saturating_sub(2);
    for (line, chat) in (0..rows).zip(model.shown_chats().skip(model.list_top)) {
        let y = area.y + 2 + line;
        row(painter, model, chat, (area.x, y, area.width));
        if model.selected == Some(chat.id) && model.pane == Pane::List {
            painter.restyle(area.x, y, area.width, painter.selected());
            cursor = cursor.or(Some((area.x + 1, y)));
        }
    }
    cursor
}

fn row(painter: &mut Painter<'_>, model: &Model, chat: &ChatRow, (x, y, width): (u16, u16, u16)) {
    let open = model.open.as_ref().is_some_and(|open| open.id == chat.id);
    let online = chat
        .peer
        .and_then(|peer| model.presence.get(&peer))
        .is_some_and(|presence| presence.online);
    let (mark, mark_style) = if online {
        ("●", painter.own())
    } else if chat.kind == ChatKind::Group {
        ("#", painter.dim())
    } else {
        (" ", painter.dim())
    };
    painter.text(x + 1, y, 1, mark, mark_style);
    let mut room = width.saturating_sub(4);
    if chat.unread > 0 {
        let badge = if chat.unread > 999 {
            "999+".to_owned()
        } else {
            chat.unread.to_string()
        };
        let quiet = chat.muted_until > model.now || chat.notify == NotifyLevel::None;
        let (badge, role) = if quiet {
            (format!("~{badge}"), Role::Dim)
        } else if chat.mentions > 0 {
            (format!("@{badge}"), Role::Mention)
        } else {
            (badge, Role::Unread)
        };
        painter.right(x, y, width - 1, &badge, painter.style(role));
        room = room.saturating_sub(badge.len() as u16 + 1);
    } else if types(chat, model) {
        painter.right(x, y, width - 1, "…", painter.dim());
        room = room.saturating_sub(2);
    }
    let style = match (open, chat.unread > 0) {
        (true, _) => painter.accent(),
        (_, true) => painter.bold(),
        _ if chat.left => painter.dim(),
        _ => painter.plain(),
    };
    painter.text(x + 3, y, room, &printable_line(&chat.title), style);
}

/// Somebody is typing there.
fn types(chat: &ChatRow, model: &Model) -> bool {
    model.typing_in(chat.id).next().is_some()
}

/// The title of a chat and, behind it, who is there.
pub(super) fn about(model: &Model, chat: &ChatRow) -> String {
    let count = chat.members.to_string();
    match (chat.kind, chat.peer) {
        (ChatKind::Group | ChatKind::Public | ChatKind::Unknown, _) => {
            fill(model.text(Text::People), &[("count", &count)])
        }
        (ChatKind::Private, Some(peer)) if model.me() == Some(peer) => {
            model.text(Text::Notes).to_owned()
        }
        (ChatKind::Private, Some(peer)) => model.presence_text(peer),
        (ChatKind::Private, None) => model.text(Text::Notes).to_owned(),
    }
}
