//! Keys as the application knows them, independent of any terminal library.

use std::fmt;

/// Which key, without modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// A key that types this character.
    Char(char),
    /// Return
    Enter,
    /// Tab; with shift it is [`Code::BackTab`].
    Tab,
    /// Shift-Tab
    BackTab,
    /// Erase to the left
    Backspace,
    /// Erase under the cursor
    Delete,
    /// Arrow
    Left,
    /// Arrow
    Right,
    /// Arrow
    Up,
    /// Arrow
    Down,
    /// To the beginning
    Home,
    /// To the end
    End,
    /// A page up
    PageUp,
    /// A page down
    PageDown,
    /// Escape
    Esc,
    /// A function key
    F(u8),
}

/// A pressed key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// Which.
    pub code: Code,
    /// With Control.
    pub ctrl: bool,
    /// With Alt (or Meta).
    pub alt: bool,
    /// With Shift; always false for characters, whose case tells.
    pub shift: bool,
}

impl Key {
    /// A key without modifiers.
    pub fn plain(code: Code) -> Self {
        Self {
            code,
            ctrl: false,
            alt: false,
            shift: false,
        }
    }

    /// Reads a key as the table of actions writes it: `C-` for Control, `A-`
    /// for Alt, `S-` for Shift, then a character or the name of a key.
    pub fn parse(spec: &str) -> Option<Self> {
        let mut key = Self::plain(Code::Esc);
        let mut rest = spec;
        loop {
            let bytes = rest.as_bytes();
            if bytes.len() < 3 || bytes[1] != b'-' {
                break;
            }
            match bytes[0] {
                b'C' => key.ctrl = true,
                b'A' => key.alt = true,
                b'S' => key.shift = true,
                _ => break,
            }
            rest = &rest[2..];
        }
        key.code = match rest {
            "Enter" => Code::Enter,
            "Tab" => Code::Tab,
            "BackTab" => Code::BackTab,
            "Backspace" => Code::Backspace,
            "Delete" => Code::Delete,
            "Left" => Code::Left,
            "Right" => Code::Right,
            "Up" => Code::Up,
            "Down" => Code::Down,
            "Home" => Code::Home,
            "End" => Code::End,
            "PageUp" => Code::PageUp,
            "PageDown" => Code::PageDown,
            "Esc" => Code::Esc,
            "Space" => Code::Char(' '),
            _ => {
                let mut chars = rest.chars();
                match (chars.next(), chars.next()) {
                    (Some(c), None) => Code::Char(c),
                    (Some('F'), Some(_)) => Code::F(rest[1..].parse().ok()?),
                    _ => return None,
                }
            }
        };
        Some(key)
    }

    /// The key as bindings compare it: a letter of the Russian layout stands
    /// for the Latin one on the same key, and case does not count together
    /// with Control or Alt.
    pub fn binding(self) -> Self {
        let Code::Char(c) = self.code else {
            return self;
        };
        let mut c = by_position(c);
        if self.ctrl || self.alt {
            c = c.to_ascii_lowercase();
        }
        Self {
            code: Code::Char(c),
            shift: false,
            ..self
        }
    }

    /// The character this key types, if it types one.
    pub fn typed(self) -> Option<char> {
        match self.code {
            Code::Char(c) if !self.ctrl && !self.alt => Some(c),
            _ => None,
        }
    }
}

/// The character that the US layout has where the Russian one has `c`.
/// ASCII stays as it is: it was typed with a Latin layout, or is a sign that
/// both layouts have.
pub fn by_position(c: char) -> char {
    const RUSSIAN: &str = "йцукенгшщзхъфывапролджэячсмитьбюё";
    const LATIN: &str = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`";
    const RUSSIAN_UPPER: &str = "ЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭЯЧСМИТЬБЮЁ";
    const LATIN_UPPER: &str = "QWERTYUIOP{}ASDFGHJKL:\"ZXCVBNM<>~";
    if c.is_ascii() {
        return c;
    }
    let find = |from: &str, to: &str| {
        let at = from.chars().position(|other| other == c)?;
        to.chars().nth(at)
    };
    find(RUSSIAN, LATIN)
        .or_else(|| find(RUSSIAN_UPPER, LATIN_UPPER))
        .unwrap_or(c)
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("Ctrl-")?;
        }
        if self.alt {
            f.write_str("Alt-")?;
        }
        if self.shift {
            f.write_str("Shift-")?;
        }
        match self.code {
            Code::Char(' ') => f.write_str("Space"),
            Code::Char(c) if self.ctrl || self.alt => write!(f, "{}", c.to_uppercase()),
            Code::Char(c) => write!(f, "{c}"),
            Code::F(n) => write!(f, "F{n}"),
            Code::BackTab => f.write_str("Shift-Tab"),
            code => write!(f, "{code:?}"),
        }
    }
}

/// What the mouse did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MouseKind {
    /// The main button went down.
    Press,
    /// The wheel turned away from the user.
    WheelUp,
    /// The wheel turned towards the user.
    WheelDown,
}

/// A mouse event at a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mouse {
    /// What.
    pub kind: MouseKind,
    /// Column, from 0.
    pub x: u16,
    /// Row, from 0.
    pub y: u16,
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn letters_of_the_russian_layout_mean_the_key_they_are_on() {
        for (typed, bound) in [("й", "q"), ("C-т", "C-n"), ("A-Г", "A-u"), ("Ж", ":")] {
            assert_eq!(
                Key::parse(typed).unwrap().binding(),
                Key::parse(bound).unwrap().binding(),
                "{typed}"
            );
        }
        assert_eq!(Key::parse("й").unwrap().typed(), Some('й'));
        assert_eq!(Key::parse("C-й").unwrap().typed(), None);
    }

    #[test]
    fn every_russian_letter_has_its_own_key() {
        let mut seen = std::collections::HashSet::new();
        for c in ('а'..='я').chain(['ё']).chain('А'..='Я').chain(['Ё']) {
            assert!(by_position(c).is_ascii(), "{c}");
            assert!(seen.insert(by_position(c)), "{c}");
        }
    }

    #[test]
    fn keys_are_shown_as_people_write_them() {
        for (spec, shown) in [
            ("C-n", "Ctrl-N"),
            ("A-Up", "Alt-Up"),
            ("F1", "F1"),
            ("?", "?"),
            ("BackTab", "Shift-Tab"),
        ] {
            assert_eq!(Key::parse(spec).unwrap().to_string(), shown);
        }
        assert_eq!(Key::parse("C-Nonsense"), None);
    }
}
