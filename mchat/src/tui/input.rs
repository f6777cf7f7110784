//! What crossterm reports, as the application takes it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use crossterm::event::{
    Event, EventStream, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent,
    MouseEventKind,
};

use futures_util::Stream;

use crate::app::Msg;
use crate::app::key::{Code, Key, Mouse, MouseKind};

/// The keys and everything else the terminal reports; it can be left alone for
/// a while.
#[derive(Debug)]
pub(super) struct Keys(Option<EventStream>);

impl Keys {
    pub(super) fn new() -> Self {
        Self(Some(EventStream::new()))
    }

    /// Reads no more from now on.
    pub(super) fn pause(&mut self) {
        self.0 = None;
    }

    /// Reads again.
    pub(super) fn resume(&mut self) {
        self.0 = Some(EventStream::new());
    }
}

impl Stream for Keys {
    type Item = io::Result<Event>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match &mut self.0 {
            Some(stream) => Pin::new(stream).poll_next(context),
            None => Poll::Pending,
        }
    }
}

/// The message of an event; none where it means nothing here.
pub(super) fn message(event: Event) -> Option<Msg> {
    Some(match event {
        Event::Key(event) if event.kind != KeyEventKind::Release => Msg::Key(key(event)?),
        Event::Key(_) => return None,
        Event::Mouse(event) => Msg::Mouse(mouse(event)?),
        Event::Paste(text) => Msg::Paste(text),
        Event::Resize(columns, rows) => Msg::Resize(columns, rows),
        Event::FocusGained => Msg::Focus(true),
        Event::FocusLost => Msg::Focus(false),
    })
}

fn key(event: KeyEvent) -> Option<Key> {
    let code = match event.code {
        KeyCode::Char(c) => Code::Char(c),
        KeyCode::Enter => Code::Enter,
        KeyCode::Tab => Code::Tab,
        KeyCode::BackTab => Code::BackTab,
        KeyCode::Backspace => Code::Backspace,
        KeyCode::Delete => Code::Delete,
        KeyCode::Left => Code::Left,
        KeyCode::Right => Code::Right,
        KeyCode::Up => Code::Up,
        KeyCode::Down => Code::Down,
        KeyCode::Home => Code::Home,
        KeyCode::End => Code::End,
        KeyCode::PageUp => Code::PageUp,
        KeyCode::PageDown => Code::PageDown,
        KeyCode::Esc => Code::Esc,
        KeyCode::F(n) => Code::F(n),
        _ => return None,
    };
    let has = |modifier| event.modifiers.contains(modifier);
    Some(Key {
        code,
        ctrl: has(KeyModifiers::CONTROL),
        alt: has(KeyModifiers::ALT) || has(KeyModifiers::META),
        shift: has(KeyModifiers::SHIFT) && !matches!(code, Code::Char(_) | Code::BackTab),
    })
}

fn mouse(event: MouseEvent) -> Option<Mouse> {
    let kind = match event.kind {
        MouseEventKind::Down(MouseButton::Left) => MouseKind::Press,
        MouseEventKind::ScrollUp => MouseKind::WheelUp,
        MouseEventKind::ScrollDown => MouseKind::WheelDown,
        _ => return None,
    };
    Some(Mouse {
        kind,
        x: event.column,
        y: event.row,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shifted_letter_is_the_letter_and_a_release_is_nothing() {
        let press = KeyEvent::new(KeyCode::Char('A'), KeyModifiers::SHIFT);
        assert_eq!(key(press), Some(Key::plain(Code::Char('A'))));
        let release = KeyEvent {
            kind: KeyEventKind::Release,
            ..press
        };
        assert!(message(Event::Key(release)).is_none());
    }
}
