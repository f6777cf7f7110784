//! Draws the [`Model`]: pure functions from the state to cells. Nothing here
//! changes the state.

mod chat;
mod command;
mod dialog;
mod first;
mod list;
mod members;
mod paint;
mod sheet;
mod status;
mod theme;

use proto::catalog::Text;
use ratatui::Frame;

use self::paint::Painter;
use self::theme::Theme;
use crate::app::Model;
use crate::app::layout::{Area, SMALLEST};

/// Draws everything and puts the cursor where the next character goes.
pub fn draw(frame: &mut Frame<'_>, model: &Model) {
    let area = frame.area();
    let size = (area.width, area.height);
    let mut painter = Painter::new(frame.buffer_mut(), Theme::of(model));
    let cursor = if size.0 < SMALLEST.0 || size.1 < SMALLEST.1 {
        let whole = Area {
            x: 0,
            y: 0,
            width: size.0,
            height: size.1,
        };
        painter.paragraph(whole, model.text(Text::TooSmall), painter.plain());
        None
    } else if size != model.size {
        // The state learns of a resize with the next message; until then
        // nothing is drawn in the wrong place.
        None
    } else {
        screen(&mut painter, model)
    };
    if let Some((x, y)) = cursor {
        frame.set_cursor_position((x, y));
    }
}

fn screen(painter: &mut Painter<'_>, model: &Model) -> Option<(u16, u16)> {
    let layout = model.layout();
    let mut cursor = match &model.first {
        Some(first) => first::draw(painter, model, first),
        None => {
            let list = list::draw(painter, model, &layout);
            let composer = chat::draw(painter, model, &layout);
            let members = members::draw(painter, model, &layout);
            composer.or(list).or(members)
        }
    };
    status::draw(painter, model, layout.status);
    for popup in &model.popups {
        cursor = dialog::draw(painter, model, popup);
    }
    cursor
}
