//! Colours by role: what a person can say of them in `config.toml`.

use std::fmt;

/// What a colour is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Messages and everything else that is read.
    Text,
    /// What is there without asking for attention.
    Dim,
    /// A heading, a name.
    Accent,
    /// Oneself.
    Own,
    /// How many messages are unread, and where they begin.
    Unread,
    /// Oneself was named.
    Mention,
    /// A sentence that should be noticed.
    Notice,
    /// Something that failed.
    Error,
    /// The selected line.
    Selection,
    /// A link.
    Link,
    /// Code in a message.
    Code,
    /// Quoted text.
    Quote,
    /// Hidden text.
    Spoiler,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 13] = [
        Self::Text,
        Self::Dim,
        Self::Accent,
        Self::Own,
        Self::Unread,
        Self::Mention,
        Self::Notice,
        Self::Error,
        Self::Selection,
        Self::Link,
        Self::Code,
        Self::Quote,
        Self::Spoiler,
    ];

    /// The name of its setting.
    pub fn setting(self) -> &'static str {
        match self {
            Self::Text => "theme.text",
            Self::Dim => "theme.dim",
            Self::Accent => "theme.accent",
            Self::Own => "theme.own",
            Self::Unread => "theme.unread",
            Self::Mention => "theme.mention",
            Self::Notice => "theme.notice",
            Self::Error => "theme.error",
            Self::Selection => "theme.selection",
            Self::Link => "theme.link",
            Self::Code => "theme.code",
            Self::Quote => "theme.quote",
            Self::Spoiler => "theme.spoiler",
        }
    }
}

/// A colour of the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Color {
    /// The terminal's own.
    Default,
    /// One of the sixteen, or of the 256, by number.
    Indexed(u8),
    /// Red, green, blue.
    Rgb(u8, u8, u8),
}

const NAMES: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "bright-black",
    "bright-red",
    "bright-green",
    "bright-yellow",
    "bright-blue",
    "bright-magenta",
    "bright-cyan",
    "bright-white",
];

impl Color {
    /// Reads `default`, a name (`red`, `bright-red`), a number up to 255 or
    /// `#rrggbb`.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(hex) = text.strip_prefix('#') {
            let plain = hex.len() == 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
            let part = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).ok();
            return plain
                .then(|| Some(Self::Rgb(part(0)?, part(2)?, part(4)?)))
                .flatten();
        }
        if text == "default" {
            return Some(Self::Default);
        }
        if let Some(at) = NAMES.iter().position(|name| *name == text) {
            return u8::try_from(at).ok().map(Self::Indexed);
        }
        text.parse().ok().map(Self::Indexed)
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Indexed(number) => match NAMES.get(usize::from(*number)) {
                Some(name) => f.write_str(name),
                None => write!(f, "{number}"),
            },
            Self::Rgb(r, g, b) => write!(f, "#{r:02x}{g:02x}{b:02x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_as_they_are_written() {
        for (text, color) in [
            ("default", Color::Default),
            ("bright-blue", Color::Indexed(12)),
            ("244", Color::Indexed(244)),
            ("#88c0d0", Color::Rgb(0x88, 0xc0, 0xd0)),
        ] {
            assert_eq!(Color::parse(text), Some(color));
            assert_eq!(color.to_string(), text);
        }
        for wrong in ["", "#12345", "#12345g", "256", "pink", "#é2345"] {
            assert_eq!(Color::parse(wrong), None, "{wrong}");
        }
    }
}
