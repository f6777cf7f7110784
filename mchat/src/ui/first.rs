//! The screens before the chats.

use proto::catalog::{Text, fill};
use proto::text::printable_line;

use super::dialog::field;
use super::paint::Painter;
use crate::app::Model;
use crate::app::action::Action;
use crate::app::first::{Field, First, ServerForm, SignForm};
use crate::app::layout::Area;

/// Draws a screen; returns the place of the cursor.
pub(super) fn draw(painter: &mut Painter<'_>, model: &Model, first: &First) -> Option<(u16, u16)> {
    let (columns, rows) = model.size;
    let width = columns.saturating_sub(4).min(66);
    let height = rows.saturating_sub(2).min(match first {
        First::Server(_) => 12,
        First::Trust(_) => 13,
        First::Sign(_) => 16,
    });
    let area = Area {
        x: (columns - width) / 2,
        y: (rows.saturating_sub(1) - height) / 2,
        width,
        height,
    };
    match first {
        First::Server(form) => Some(server(painter, model, form, area)),
        First::Trust(shown) => Some(trust(painter, model, shown, area)),
        First::Sign(form) => Some(sign(painter, model, form, area)),
    }
}

fn server(painter: &mut Painter<'_>, model: &Model, form: &ServerForm, area: Area) -> (u16, u16) {
    let inner = painter.frame(area, model.text(Text::Welcome));
    painter.text(
        inner.x,
        inner.y + 1,
        inner.width,
        model.text(Text::ServerQuestion),
        painter.plain(),
    );
    let cursor = field(
        painter,
        &form.address,
        (inner.x, inner.y + 2, inner.width),
        false,
    );
    let below = Area {
        y: inner.y + 4,
        height: inner.height.saturating_sub(6),
        ..inner
    };
    if let Some(why) = &form.trouble {
        painter.paragraph(below, &printable_line(why), painter.trouble());
    } else if form.busy {
        let text = fill(
            model.text(Text::TryingServer),
            &[("server", &printable_line(&model.server))],
        );
        painter.paragraph(below, &text, painter.dim());
    }
    let keys = fill(
        model.text(Text::ServerKeys),
        &[("quit", &model.key_of(Action::Quit))],
    );
    painter.text(
        inner.x,
        inner.y + inner.height - 1,
        inner.width,
        &keys,
        painter.dim(),
    );
    cursor
}

fn trust(painter: &mut Painter<'_>, model: &Model, shown: &str, area: Area) -> (u16, u16) {
    let inner = painter.frame(area, model.text(Text::TrustTitle));
    let text = fill(
        model.text(Text::TrustText),
        &[("server", &printable_line(&model.server))],
    );
    let used = painter.paragraph(
        Area {
            y: inner.y + 1,
            height: 4,
            ..inner
        },
        &text,
        painter.plain(),
    );
    let below = Area {
        y: inner.y + 2 + used,
        height: 4,
        ..inner
    };
    painter.paragraph(below, &grouped(&printable_line(shown)), painter.bold());
    painter.text(
        inner.x,
        inner.y + inner.height - 1,
        inner.width,
        model.text(Text::TrustKeys),
        painter.accent(),
    );
    (inner.x, inner.y + inner.height - 1)
}

fn sign(painter: &mut Painter<'_>, model: &Model, form: &SignForm, area: Area) -> (u16, u16) {
    let title = if form.register {
        Text::RegisterTitle
    } else {
        Text::SignInTitle
    };
    let inner = painter.frame(area, model.text(title));
    let labels = form
        .fields()
        .iter()
        .map(|field| crate::app::wrap::width(model.text(label(*field))));
    let column = labels.max().unwrap_or(0) as u16 + 2;
    let mut cursor = (inner.x, inner.y);
    let mut y = inner.y;
    // An empty line between the fields where there is room for it.
    let step = if inner.height >= 12 { 2 } else { 1 };
    for which in form.fields() {
        y += step;
        let focused = form.field == *which;
        let style = if focused {
            painter.bold()
        } else {
            painter.plain()
        };
        painter.text(inner.x, y, column, model.text(label(*which)), style);
        let place = (inner.x + column, y, inner.width.saturating_sub(column));
        let masked = matches!(which, Field::Password | Field::Again);
        let at = field(painter, form.editor(*which), place, masked);
        if focused {
            cursor = at;
        }
    }
    let foot = inner.y + inner.height - 1;
    let below = Area {
        y: y + 2,
        height: foot.saturating_sub(y + 2),
        ..inner
    };
    if let Some(why) = &form.trouble {
        painter.paragraph(below, &printable_line(why), painter.trouble());
    } else if form.busy {
        painter.paragraph(below, model.text(Text::AskingServer), painter.dim());
    }
    let keys = if form.register {
        Text::RegisterKeys
    } else {
        Text::SignInKeys
    };
    let keys = fill(
        model.text(keys),
        &[("mode", &model.key_of(Action::SwitchMode))],
    );
    painter.text(inner.x, foot, inner.width, &keys, painter.dim());
    cursor
}

/// A fingerprint in groups of eight, four to a line, as two people compare
/// them.
fn grouped(fingerprint: &str) -> String {
    let digits: Vec<char> = fingerprint.chars().collect();
    let lines: Vec<String> = digits
        .chunks(32)
        .map(|line| {
            let groups: Vec<String> = line.chunks(8).map(|group| group.iter().collect()).collect();
            groups.join(" ")
        })
        .collect();
    lines.join("\n")
}

fn label(field: Field) -> Text {
    match field {
        Field::Name => Text::FieldName,
        Field::Password => Text::FieldPassword,
        Field::Again => Text::FieldAgain,
        Field::Invite => Text::FieldInvite,
    }
}
