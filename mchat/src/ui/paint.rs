//! Cells: styles, and text that never leaves its area.

use proto::id::UserId;
use ratatui::buffer::Buffer;
use ratatui::style::{Modifier, Style};

use super::theme::Theme;
use crate::app::flow::Span;
use crate::app::layout::Area;
use crate::app::markdown;
use crate::app::wrap::{self, Spaces};
use crate::config::color::Role;

/// Puts text into cells.
pub(super) struct Painter<'a> {
    buffer: &'a mut Buffer,
    theme: Theme,
}

impl<'a> Painter<'a> {
    pub(super) fn new(buffer: &'a mut Buffer, theme: Theme) -> Self {
        Self { buffer, theme }
    }

    /// How something of a role looks.
    pub(super) fn style(&self, role: Role) -> Style {
        self.theme.style(role)
    }

    pub(super) fn plain(&self) -> Style {
        self.style(Role::Text)
    }

    /// What is there without asking for attention.
    pub(super) fn dim(&self) -> Style {
        self.style(Role::Dim)
    }

    pub(super) fn bold(&self) -> Style {
        self.plain().add_modifier(Modifier::BOLD)
    }

    /// The selected line.
    pub(super) fn selected(&self) -> Style {
        self.style(Role::Selection)
    }

    /// Where one writes.
    pub(super) fn underlined(&self) -> Style {
        Style::new().add_modifier(Modifier::UNDERLINED)
    }

    /// A heading, a name.
    pub(super) fn accent(&self) -> Style {
        self.style(Role::Accent)
    }

    /// Oneself.
    pub(super) fn own(&self) -> Style {
        self.style(Role::Own)
    }

    /// Something to notice.
    pub(super) fn fresh(&self) -> Style {
        self.style(Role::Notice)
    }

    /// Something that failed.
    pub(super) fn trouble(&self) -> Style {
        self.style(Role::Error)
    }

    /// Somebody's name.
    pub(super) fn name(&self, user: UserId) -> Style {
        self.theme.name(user)
    }

    /// A piece of a message.
    pub(super) fn markup(&self, markup: markdown::Style) -> Style {
        let role = if markup.spoiler {
            Role::Spoiler
        } else if markup.code {
            Role::Code
        } else if markup.me {
            Role::Mention
        } else if markup.link {
            Role::Link
        } else if markup.mention {
            Role::Accent
        } else if markup.quote {
            Role::Quote
        } else if markup.note {
            Role::Dim
        } else {
            Role::Text
        };
        let mut style = self.style(role);
        for (on, modifier) in [
            (markup.bold, Modifier::BOLD),
            (markup.italic, Modifier::ITALIC),
            (markup.strike, Modifier::CROSSED_OUT),
        ] {
            if on {
                style = style.add_modifier(modifier);
            }
        }
        style
    }

    /// Writes the pieces of a line, as far as they fit.
    pub(super) fn spans(&mut self, x: u16, y: u16, width: u16, spans: &[Span]) {
        let mut used = 0;
        for span in spans {
            let style = self.markup(span.style);
            used += self.text(x + used, y, width.saturating_sub(used), &span.text, style);
        }
    }

    /// Writes a line, cut with `…` at the width given; returns the columns
    /// used.
    pub(super) fn text(&mut self, x: u16, y: u16, width: u16, text: &str, style: Style) -> u16 {
        let area = self.buffer.area;
        if y >= area.bottom() || x >= area.right() || width == 0 {
            return 0;
        }
        let width = width.min(area.right() - x);
        // A tab has no width of its own and would be left out.
        let text = text.replace('\t', " ");
        let text = wrap::fit(&text, usize::from(width));
        let (end, _) = self
            .buffer
            .set_stringn(x, y, &text, usize::from(width), style);
        end - x
    }

    /// Writes a line that ends at the right edge of the width given.
    pub(super) fn right(&mut self, x: u16, y: u16, width: u16, text: &str, style: Style) {
        let used = u16::try_from(wrap::width(text))
            .unwrap_or(u16::MAX)
            .min(width);
        self.text(x + width - used, y, used, text, style);
    }

    /// Writes a line in the middle.
    pub(super) fn center(&mut self, area: Area, y: u16, text: &str, style: Style) {
        let used = u16::try_from(wrap::width(text))
            .unwrap_or(u16::MAX)
            .min(area.width);
        self.text(area.x + (area.width - used) / 2, y, used, text, style);
    }

    /// Writes a wrapped text from the top of an area; returns the lines used.
    pub(super) fn paragraph(&mut self, area: Area, text: &str, style: Style) -> u16 {
        let mut used = 0;
        for range in wrap::wrap(text, usize::from(area.width), Spaces::Drop) {
            if used == area.height {
                break;
            }
            self.text(area.x, area.y + used, area.width, &text[range], style);
            used += 1;
        }
        used
    }

    /// A horizontal line.
    pub(super) fn rule(&mut self, x: u16, y: u16, width: u16, style: Style) {
        self.text(x, y, width, &"─".repeat(usize::from(width)), style);
    }

    /// A horizontal line with words in its middle.
    pub(super) fn titled_rule(
        &mut self,
        area: Area,
        y: u16,
        title: &str,
        rule: Style,
        words: Style,
    ) {
        self.rule(area.x, y, area.width, rule);
        let title = format!(" {title} ");
        self.center(area, y, &title, words);
    }

    /// A vertical line.
    pub(super) fn pillar(&mut self, area: Area, style: Style) {
        for y in area.y..area.y + area.height {
            self.text(area.x, y, 1, "│", style);
        }
    }

    /// Restyles a whole line.
    pub(super) fn restyle(&mut self, x: u16, y: u16, width: u16, style: Style) {
        let area = ratatui::layout::Rect {
            x,
            y,
            width,
            height: 1,
        };
        self.buffer
            .set_style(area.intersection(self.buffer.area), style);
    }

    /// Empties an area.
    pub(super) fn clear(&mut self, area: Area) {
        for y in area.y..area.y + area.height {
            for x in area.x..area.x + area.width {
                if let Some(cell) = self.buffer.cell_mut((x, y)) {
                    cell.reset();
                }
            }
        }
    }

    /// Empties an area and draws a frame with a title around it; returns what
    /// is inside, one column from the frame.
    pub(super) fn frame(&mut self, area: Area, title: &str) -> Area {
        let style = self.dim();
        self.clear(area);
        let (right, bottom) = (area.x + area.width - 1, area.y + area.height - 1);
        self.rule(area.x, area.y, area.width, style);
        self.rule(area.x, bottom, area.width, style);
        for y in area.y..=bottom {
            self.text(area.x, y, 1, "│", style);
            self.text(right, y, 1, "│", style);
        }
        for (x, y, corner) in [
            (area.x, area.y, "╭"),
            (right, area.y, "╮"),
            (area.x, bottom, "╰"),
            (right, bottom, "╯"),
        ] {
            self.text(x, y, 1, corner, style);
        }
        let words = self.bold();
        self.text(
            area.x + 2,
            area.y,
            area.width.saturating_sub(4),
            &format!(" {title} "),
            words,
        );
        Area {
            x: area.x + 2,
            y: area.y + 1,
            width: area.width.saturating_sub(4),
            height: area.height.saturating_sub(2),
        }
    }
}
