//! Dialogs over the chats.

use proto::catalog::{Text, fill};
use proto::text::printable_line;

use super::command;
use super::paint::Painter;
use super::sheet;
use crate::app::Model;
use crate::app::edit::Editor;
use crate::app::layout::{Area, centered};
use crate::app::popup::{
    self, HELP, HelpLine, Links, NewChat, PAGE_COLUMNS, PALETTE, Page, Palette, Popup, Search,
    Step, links_size,
};
use crate::config::color::Role;

/// Draws a dialog; returns the place of the cursor.
pub(super) fn draw(painter: &mut Painter<'_>, model: &Model, popup: &Popup) -> Option<(u16, u16)> {
    match popup {
        Popup::Help(top) => Some(help(painter, model, *top)),
        Popup::Palette(dialog) => Some(palette(painter, model, dialog)),
        Popup::Command(line) => Some(command::draw(painter, model, line)),
        Popup::Page(page) => Some(read(painter, model, page)),
        Popup::Links(dialog) => Some(links(painter, model, dialog)),
        Popup::NewChat(dialog) => Some(new_chat(painter, model, dialog)),
        Popup::Sheet(dialog) => Some(sheet::sheet(painter, model, dialog)),
        Popup::Form(dialog) => Some(sheet::form(painter, model, dialog)),
        Popup::Sure(dialog) => Some(sheet::sure(painter, model, dialog)),
    }
}

fn help(painter: &mut Painter<'_>, model: &Model, top: usize) -> (u16, u16) {
    let lines = popup::help_lines(model);
    let height = model.help_height();
    let area = centered(model.size, HELP.0, height as u16 + 2);
    let inner = painter.frame(area, model.text(Text::HelpTitle));
    let hint = format!(" {} ", model.text(Text::HelpKeys));
    painter.center(area, area.y + area.height - 1, &hint, painter.dim());
    let keys = 22.min(inner.width / 2);
    let command = if inner.width >= 68 { 16 } else { 0 };
    for (y, line) in (inner.y..inner.y + inner.height).zip(lines.iter().skip(top)) {
        match line {
            HelpLine::Gap => {}
            HelpLine::Usage(usage) => {
                let x = inner.x + keys + command;
                let room = inner.width - keys - command;
                painter.text(x, y, room, usage, painter.dim());
            }
            HelpLine::Heading(text) => {
                painter.text(inner.x, y, inner.width, text, painter.accent());
            }
            HelpLine::Entry {
                keys: shown,
                command: name,
                help,
            } => {
                painter.text(inner.x, y, keys - 1, shown, painter.bold());
                if command > 0 {
                    painter.text(inner.x + keys, y, command - 1, name, painter.dim());
                }
                let x = keys + command;
                painter.text(inner.x + x, y, inner.width - x, help, painter.plain());
            }
        }
    }
    (inner.x, inner.y)
}

/// A page, from its first visible line on.
fn read(painter: &mut Painter<'_>, model: &Model, page: &Page) -> (u16, u16) {
    let lines = page.lines(model.page_columns());
    let height = lines.len().clamp(1, model.help_height()) as u16;
    let area = centered(model.size, PAGE_COLUMNS, height + 2);
    let inner = painter.frame(area, &page.title);
    let hint = format!(" {} ", model.text(Text::HelpKeys));
    painter.center(area, area.y + area.height - 1, &hint, painter.dim());
    for (y, line) in (inner.y..inner.y + inner.height).zip(lines.iter().skip(page.top)) {
        painter.text(inner.x, y, inner.width, line, painter.plain());
    }
    (inner.x, inner.y)
}

/// The links of a message: where each leads, whatever its label says.
fn links(painter: &mut Painter<'_>, model: &Model, dialog: &Links) -> (u16, u16) {
    let (width, height) = links_size(dialog);
    let area = centered(model.size, width, height);
    let inner = painter.frame(area, model.text(Text::LinksTitle));
    let top = (dialog.selected + 1).saturating_sub(usize::from(inner.height));
    let mut cursor = (inner.x, inner.y);
    for (line, (at, link)) in (0..inner.height).zip(dialog.links.iter().enumerate().skip(top)) {
        let y = inner.y + line;
        let address = printable_line(&link.address);
        painter.text(inner.x, y, inner.width, &address, painter.style(Role::Link));
        if at == dialog.selected {
            painter.restyle(inner.x, y, inner.width, painter.selected());
            cursor = (inner.x, y);
        }
    }
    cursor
}

/// A field of one line; shows the part around the cursor. Returns the cursor.
pub(super) fn field(
    painter: &mut Painter<'_>,
    editor: &Editor,
    (x, y, width): (u16, u16, u16),
    masked: bool,
) -> (u16, u16) {
    use unicode_segmentation::UnicodeSegmentation;

    let (text, before) = if masked {
        let dots = |text: &str| "•".repeat(text.graphemes(true).count());
        (dots(editor.text()), dots(&editor.text()[..editor.cursor()]))
    } else {
        let plain = editor.text().replace('\t', " ");
        let before = plain[..editor.cursor()].to_owned();
        (plain, before)
    };
    let room = usize::from(width.saturating_sub(1));
    // Clusters are left out on the left until the cursor is inside.
    let mut start = 0;
    let mut hidden = 0;
    let at = crate::app::wrap::width(&before);
    for cluster in text.graphemes(true) {
        if at - hidden <= room {
            break;
        }
        hidden += crate::app::wrap::width(cluster);
        start += cluster.len();
    }
    let mut end = start;
    let mut used = 0;
    for cluster in text[start..].graphemes(true) {
        let wide = crate::app::wrap::width(cluster);
        if used + wide > usize::from(width) {
            break;
        }
        used += wide;
        end += cluster.len();
    }
    painter.text(x, y, width, &text[start..end], painter.plain());
    painter.restyle(x, y, width, painter.underlined());
    (x + at.saturating_sub(hidden) as u16, y)
}

fn palette(painter: &mut Painter<'_>, model: &Model, dialog: &Palette) -> (u16, u16) {
    let found = dialog.found(model);
    let area = centered(model.size, PALETTE.0, PALETTE.1);
    let inner = painter.frame(area, model.text(Text::PaletteTitle));
    painter.text(inner.x, inner.y, 1, ":", painter.dim());
    let cursor = field(
        painter,
        &dialog.query,
        (inner.x + 2, inner.y, inner.width - 2),
        false,
    );
    if found.is_empty() {
        painter.text(
            inner.x,
            inner.y + 2,
            inner.width,
            model.text(Text::NoCommand),
            painter.dim(),
        );
    }
    let rows = inner.height.saturating_sub(2);
    let top = (dialog.selected + 1).saturating_sub(usize::from(rows));
    for (line, entry) in (0..rows).zip(found.iter().skip(top)) {
        let y = inner.y + 2 + line;
        let key = model.key_of(entry.action);
        let command = 16;
        let keys = 10;
        let help = inner.width.saturating_sub(command + keys + 1);
        painter.text(inner.x, y, command - 1, entry.name, painter.bold());
        painter.text(
            inner.x + command,
            y,
            help,
            model.text(entry.help),
            painter.plain(),
        );
        painter.right(inner.x, y, inner.width, &key, painter.dim());
        if usize::from(line) + top == dialog.selected {
            painter.restyle(inner.x, y, inner.width, painter.selected());
        }
    }
    cursor
}

fn new_chat(painter: &mut Painter<'_>, model: &Model, dialog: &NewChat) -> (u16, u16) {
    let title = match dialog.step {
        Step::People => Text::NewChatTitle,
        Step::Name => Text::NewGroupTitle,
    };
    let area = centered(model.size, 60, 16);
    let inner = painter.frame(area, model.text(title));
    let row = |y: u16| (inner.x, inner.y + y, inner.width);
    let question = match dialog.step {
        Step::People => Text::FindPeople,
        Step::Name => Text::GroupName,
    };
    painter.text(
        inner.x,
        inner.y,
        inner.width,
        model.text(question),
        painter.plain(),
    );
    let cursor = field(painter, dialog.field(), row(1), false);
    let mut y = 2;
    if !dialog.marked.is_empty() {
        let names: Vec<&str> = dialog
            .marked
            .iter()
            .map(|user| user.username.as_str())
            .collect();
        let text = fill(
            model.text(Text::InGroup),
            &[("who", &printable_line(&names.join(", ")))],
        );
        painter.text(inner.x, inner.y + y, inner.width, &text, painter.own());
        y += 1;
    }
    y += 1;
    let foot = inner.height - 1;
    if let Some(why) = &dialog.trouble {
        let area = Area {
            y: inner.y + y,
            height: 3,
            ..inner
        };
        y += painter.paragraph(area, why, painter.trouble());
    }
    if dialog.step == Step::People {
        people(
            painter,
            model,
            dialog,
            Area {
                y: inner.y + y,
                height: foot.saturating_sub(y + 1),
                ..inner
            },
        );
    }
    let keys = match dialog.step {
        _ if dialog.making => Text::MakingChat,
        Step::Name => Text::NameKeys,
        Step::People if dialog.marked.is_empty() => Text::PeopleKeys,
        Step::People => Text::MarkedKeys,
    };
    painter.text(
        inner.x,
        inner.y + foot,
        inner.width,
        model.text(keys),
        painter.dim(),
    );
    cursor
}

fn people(painter: &mut Painter<'_>, model: &Model, dialog: &NewChat, area: Area) {
    let word = match &dialog.search {
        Search::Failed(why) => {
            painter.paragraph(area, why, painter.trouble());
            return;
        }
        Search::Running if dialog.found.is_empty() => Some(Text::Searching),
        Search::Done if dialog.found.is_empty() => Some(Text::NobodyFound),
        Search::Idle | Search::Running | Search::Done => None,
    };
    if let Some(word) = word {
        painter.text(area.x, area.y, area.width, model.text(word), painter.dim());
        return;
    }
    let top = (dialog.selected + 1).saturating_sub(usize::from(area.height));
    for (line, user) in (0..area.height).zip(dialog.found.iter().skip(top)) {
        let y = area.y + line;
        let mark = if dialog.is_marked(user) { "✓" } else { " " };
        painter.text(area.x, y, 1, mark, painter.own());
        let name = printable_line(&user.username);
        let used = painter.text(area.x + 2, y, area.width - 2, &name, painter.plain());
        if model.me() == Some(user.id) {
            let you = format!("({})", model.text(Text::You));
            painter.text(
                area.x + 3 + used,
                y,
                area.width.saturating_sub(3 + used),
                &you,
                painter.dim(),
            );
        }
        if usize::from(line) + top == dialog.selected {
            painter.restyle(area.x, y, area.width, painter.selected());
        }
    }
}
