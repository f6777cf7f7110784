//! Values of arguments, checked once where they are read.

use std::str::FromStr;

use clap::ValueEnum;
use proto::Seq;

/// Shortest beginning of an id.
pub(in crate::cli) const PREFIX: usize = 6;

/// Which message of a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageRef {
    /// By its number.
    Seq(Seq),
    /// By its id, or the beginning of it: hexadecimal digits without dashes.
    Id(String),
    /// From the end: 1 for the last one.
    Back(u64),
    /// The last one of somebody.
    LastOf(String),
    /// One's own last one.
    Mine,
}

impl FromStr for MessageRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || {
            "a number, an id (6 digits of it or more), last, last:@user, mine, -1, -2 …".to_owned()
        };
        match text {
            "last" => return Ok(Self::Back(1)),
            "mine" => return Ok(Self::Mine),
            _ => {}
        }
        if let Some(name) = text.strip_prefix("last:") {
            let name = name.strip_prefix('@').unwrap_or(name);
            return if name.is_empty() {
                Err(wrong())
            } else {
                Ok(Self::LastOf(name.to_owned()))
            };
        }
        if let Some(back) = text.strip_prefix('-') {
            return match back.parse() {
                Ok(back) if back > 0 => Ok(Self::Back(back)),
                _ => Err(wrong()),
            };
        }
        // An id begins with its time and so with a zero; a number never does.
        let digits = text.chars().all(|c| c.is_ascii_digit());
        if digits && !text.starts_with('0') {
            return text.parse().map(Self::Seq).map_err(|_| wrong());
        }
        let id: String = text.chars().filter(|c| *c != '-').collect();
        if (PREFIX..=32).contains(&id.len()) && id.chars().all(|c| c.is_ascii_hexdigit()) {
            return Ok(Self::Id(id.to_ascii_lowercase()));
        }
        Err(wrong())
    }
}

/// A length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// So many milliseconds.
    Millis(u64),
    /// Without end.
    Forever,
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || "a number with s, m, h, d or w, as in 90m, or forever".to_owned();
        if text == "forever" {
            return Ok(Self::Forever);
        }
        let (number, unit) = text
            .char_indices()
            .next_back()
            .map(|(at, unit)| (&text[..at], unit))
            .ok_or_else(wrong)?;
        let unit: u64 = match unit {
            's' => 1_000,
            'm' => 60_000,
            'h' => 3_600_000,
            'd' => 86_400_000,
            'w' => 604_800_000,
            _ => return Err(wrong()),
        };
        number
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(unit))
            // A thousand years, so that adding it to a clock cannot overflow.
            .filter(|span| (1..=31_536_000_000_000).contains(span))
            .map(Self::Millis)
            .ok_or_else(wrong)
    }
}

impl Span {
    /// When it is over, for one that begins now.
    pub fn end(self, now: proto::UnixMillis) -> proto::UnixMillis {
        match self {
            Self::Millis(span) => now.saturating_add(i64::try_from(span).unwrap_or(i64::MAX)),
            Self::Forever => proto::request::FOREVER,
        }
    }
}

/// A span that ends.
pub(super) fn limit(text: &str) -> Result<std::time::Duration, String> {
    match text.parse()? {
        Span::Millis(span) => Ok(std::time::Duration::from_millis(span)),
        Span::Forever => Err("a number with s, m, h, d or w, as in 10s".to_owned()),
    }
}

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// Yes
    On,
    /// No
    Off,
}

impl Switch {
    /// Whether it is on.
    pub fn on(self) -> bool {
        self == Self::On
    }
}

pub(super) fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.0..=86_400.0).contains(&seconds) => Ok(seconds),
        _ => Err("from 0 to 86400".to_owned()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn which_message_is_meant() {
        for (text, meant) in [
            ("7", MessageRef::Seq(7)),
            ("1234567", MessageRef::Seq(1_234_567)),
            ("last", MessageRef::Back(1)),
            ("-2", MessageRef::Back(2)),
            ("mine", MessageRef::Mine),
            ("last:@bob", MessageRef::LastOf("bob".into())),
            ("last:bob", MessageRef::LastOf("bob".into())),
            ("0199aa", MessageRef::Id("0199aa".into())),
            ("0199-AABB", MessageRef::Id("0199aabb".into())),
            ("019912345678", MessageRef::Id("019912345678".into())),
        ] {
            assert_eq!(text.parse(), Ok(meant), "{text}");
        }
        for text in [
            "",
            "0",
            "-0",
            "-",
            "--1",
            "last:",
            "last:@",
            "0199a",
            "message",
            "1x",
            "0199 aabb",
        ] {
            assert!(text.parse::<MessageRef>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn spans_have_a_unit() {
        for (text, meant) in [
            ("90m", Span::Millis(5_400_000)),
            ("10s", Span::Millis(10_000)),
            ("2h", Span::Millis(7_200_000)),
            ("7d", Span::Millis(604_800_000)),
            ("1w", Span::Millis(604_800_000)),
            ("forever", Span::Forever),
        ] {
            assert_eq!(text.parse(), Ok(meant), "{text}");
        }
        for text in [
            "",
            "7",
            "h",
            "0s",
            "-1h",
            "1.5h",
            "1y",
            "99999999999999w",
            "1ч",
        ] {
            assert!(text.parse::<Span>().is_err(), "{text:?}");
        }
        assert_eq!(Span::Millis(5).end(7), 12);
        assert_eq!(Span::Forever.end(7), i64::MAX);
    }
}
