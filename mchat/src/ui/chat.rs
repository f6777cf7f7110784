//! The open chat: title, timeline, composer.

use proto::catalog::{Text, fill};
use proto::text::printable_line;

use super::list;
use super::paint::Painter;
use crate::app::Model;
use crate::app::action::Action;
use crate::app::compose::first_line;
use crate::app::layout::{Area, Layout};
use crate::app::model::Pane;
use crate::app::offer::Offer;
use crate::app::open::OpenChat;
use crate::app::rows::{Row, Show};
use crate::app::wrap;
use crate::config::color::Role;

/// Draws the chat; returns the place of the cursor where keys go there.
pub(super) fn draw(
    painter: &mut Painter<'_>,
    model: &Model,
    layout: &Layout,
) -> Option<(u16, u16)> {
    if layout.title.is_empty() {
        return None;
    }
    let Some(open) = &model.open else {
        let hint = fill(
            model.text(Text::NoOpenChat),
            &[("key", &model.key_of(Action::NewChat))],
        );
        let area = layout.timeline;
        let middle = Area {
            y: area.y + area.height / 2,
            height: 3,
            ..area
        };
        painter.paragraph(middle, &hint, painter.dim());
        return None;
    };
    title(painter, model, open, layout.title);
    let selected = timeline(painter, model, open, layout.timeline);
    activity(painter, model, open, layout.activity);
    painter.rule(
        layout.rule.x,
        layout.rule.y,
        layout.rule.width,
        painter.dim(),
    );
    reply(painter, model, open, layout.reply);
    let cursor = composer(painter, model, layout.composer);
    if let (Some(offer), Some((x, _)), Pane::Composer) = (&model.offer, cursor, model.pane) {
        offered(painter, offer, (x, layout.rule.y), layout.composer);
    }
    cursor.or(selected)
}

/// The message that is being answered.
fn reply(painter: &mut Painter<'_>, model: &Model, open: &OpenChat, area: Area) {
    if open.editing.is_some() && !area.is_empty() {
        let text = model.text(Text::EditingMessage);
        painter.text(area.x, area.y, area.width, text, painter.accent());
        return;
    }
    let Some(reply) = open.reply.as_ref().filter(|_| !area.is_empty()) else {
        return;
    };
    let name = fill(model.text(Text::Replying), &[("who", &reply.author)]);
    let used = painter.text(area.x, area.y, area.width, &name, painter.accent());
    let room = area.width.saturating_sub(used + 1);
    painter.text(
        area.x + used + 1,
        area.y,
        room,
        &reply.text,
        painter.style(Role::Quote),
    );
}

/// Words offered for the one before the cursor, above row `bottom`.
fn offered(painter: &mut Painter<'_>, offer: &Offer, (x, bottom): (u16, u16), within: Area) {
    let wide = offer.words.iter().map(|word| wrap::width(&word.shown));
    let width = (wide.max().unwrap_or(0) as u16 + 4).min(within.width);
    let x = x.min(within.x + within.width - width);
    let height = (offer.words.len() as u16).min(bottom);
    for (y, (at, word)) in (bottom - height..bottom).zip(offer.words.iter().enumerate()) {
        let area = Area {
            x,
            y,
            width,
            height: 1,
        };
        painter.clear(area);
        painter.text(
            x + 2,
            y,
            width.saturating_sub(3),
            &word.shown,
            painter.plain(),
        );
        if at == offer.selected {
            painter.text(x, y, 1, ">", painter.bold());
            painter.restyle(x, y, width, painter.selected());
        } else {
            painter.restyle(x, y, width, painter.dim());
        }
    }
}

fn title(painter: &mut Painter<'_>, model: &Model, open: &OpenChat, area: Area) {
    if let Some(chat) = model.chat(open.id) {
        let inner = area.width.saturating_sub(2);
        let about = list::about(model, chat);
        let room = inner.saturating_sub(about.chars().count() as u16 + 2);
        painter.text(
            area.x + 1,
            area.y,
            room,
            &printable_line(&chat.title),
            painter.accent(),
        );
        painter.right(area.x + 1, area.y, inner, &about, painter.dim());
    }
    painter.rule(area.x, area.y + 1, area.width, painter.dim());
}

/// Returns the place of the selected message where keys go there.
fn timeline(
    painter: &mut Painter<'_>,
    model: &Model,
    open: &OpenChat,
    area: Area,
) -> Option<(u16, u16)> {
    let height = usize::from(area.height);
    if open.loaded && open.rows.is_empty() {
        let text = if open.older_remote {
            Text::LoadingOlder
        } else {
            Text::NoMessages
        };
        painter.center(
            area,
            area.y + area.height / 2,
            model.text(text),
            painter.dim(),
        );
        return None;
    }
    let selected = open.selected.filter(|_| model.pane == Pane::Timeline);
    let mut cursor = None;
    let top = open.top(height);
    let shown = &open.rows[top..open.rows.len().min(top + height)];
    // A short chat stands at the bottom, where the next message appears.
    let free = height - shown.len();
    for (line, row) in shown.iter().enumerate() {
        let y = area.y + (free + line) as u16;
        draw_row(
            painter,
            model,
            row,
            Area {
                y,
                height: 1,
                ..area
            },
        );
        let own = matches!(row.show, Show::Line { .. } | Show::Mark(_));
        if own && selected == Some(row.id) && area.x > 0 {
            // In the free column beside the timeline.
            painter.text(area.x - 1, y, 1, "▌", painter.accent());
            cursor = cursor.or(Some((area.x, y)));
        }
    }
    cursor
}

fn draw_row(painter: &mut Painter<'_>, model: &Model, row: &Row, area: Area) {
    let Area { x, y, width, .. } = area;
    match &row.show {
        Show::Gap => {}
        Show::Earlier => {
            let offline =
                !model.is_online() && model.open.as_ref().is_some_and(|open| !open.older_cached);
            let text = if offline {
                Text::OlderOffline
            } else {
                Text::LoadingOlder
            };
            painter.center(area, y, model.text(text), painter.dim());
        }
        Show::Day(day) => painter.titled_rule(area, y, day, painter.dim(), painter.dim()),
        Show::New => {
            let text = model.text(Text::NewMessages);
            let style = painter.style(Role::Unread);
            painter.titled_rule(area, y, text, painter.fresh(), style);
        }
        Show::Author {
            user,
            name,
            time,
            own,
        } => {
            let style = if *own {
                painter.own()
            } else {
                painter.name(*user)
            };
            let room = width.saturating_sub(time.len() as u16 + 2);
            let used = painter.text(x, y, room, name, style);
            painter.text(x + used + 2, y, width - used - 2, time, painter.dim());
        }
        Show::Line { spans, mark } => {
            painter.spans(x, y, width, spans);
            if let Some(mark) = mark {
                painter.right(x, y, width, &mark.text, painter.dim());
            }
        }
        Show::Mark(mark) if mark.failed => {
            painter.text(x, y, width, &mark.text, painter.trouble());
        }
        Show::Mark(mark) => painter.right(x, y, width, &mark.text, painter.dim()),
        Show::Event(text) => painter.center(area, y, text, painter.dim()),
    }
}

/// Who is typing; on the right what waits below, or what to do about failures.
fn activity(painter: &mut Painter<'_>, model: &Model, open: &OpenChat, area: Area) {
    let mut right = String::new();
    if open.below(usize::from(model.timeline_height())) > 0 || open.newer_cached {
        right = fill(
            model.text(Text::MoreBelow),
            &[("key", &model.key_of(Action::ToEnd))],
        );
    } else if model.failed().next().is_some() {
        let keys = [
            ("retry", &*model.key_of(Action::Retry)),
            ("discard", &*model.key_of(Action::Discard)),
        ];
        right = fill(model.text(Text::FailedKeys), &keys);
    }
    painter.right(area.x, area.y, area.width, &right, painter.fresh());
    let names: Vec<String> = model
        .typing_in(open.id)
        .map(|name| printable_line(name).into_owned())
        .collect();
    if names.is_empty() {
        return;
    }
    let text = if names.len() == 1 {
        Text::TypingOne
    } else {
        Text::TypingMany
    };
    let typing = fill(model.text(text), &[("who", &names.join(", "))]);
    let taken = crate::app::wrap::width(&right) as u16;
    let room = area
        .width
        .saturating_sub(if taken > 0 { taken + 2 } else { 0 });
    painter.text(area.x, area.y, room, &typing, painter.dim());
}

fn composer(painter: &mut Painter<'_>, model: &Model, area: Area) -> Option<(u16, u16)> {
    let focused = model.pane == Pane::Composer;
    if !model.can_write() {
        painter.text(
            area.x,
            area.y,
            area.width,
            model.text(Text::LeftChat),
            painter.dim(),
        );
        return None;
    }
    let Some(draft) = model.draft().filter(|draft| !draft.is_empty()) else {
        painter.text(
            area.x,
            area.y,
            area.width,
            model.text(Text::WriteHere),
            painter.dim(),
        );
        return focused.then_some((area.x, area.y));
    };
    let lines = draft.lines(usize::from(area.width));
    let (row, column) = draft.place(&lines);
    let top = first_line(row, usize::from(area.height));
    for (y, range) in (area.y..area.y + area.height).zip(&lines[top.min(lines.len())..]) {
        painter.text(
            area.x,
            y,
            area.width,
            &draft.text()[range.clone()],
            painter.plain(),
        );
    }
    focused.then_some((area.x + column as u16, area.y + (row - top) as u16))
}
