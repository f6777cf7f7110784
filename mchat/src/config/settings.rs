//! What can be set, by name: the table, and the values in force.

use std::collections::BTreeMap;

use proto::catalog::{Lang, Text};

use super::color::{Color, Role};
use super::trouble::Trouble;
use crate::nearest::nearest;

/// What a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `on` or `off`; `true` or `false` in the file.
    Switch,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Any text.
    Text,
    /// Whole minutes; 0 for never.
    Minutes,
    /// A part of the day, `22:00-07:00`, or `off`.
    Hours,
    /// A colour.
    Color,
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its name: the path in `config.toml` with dots.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// What holds where it is not set; empty: nothing.
    pub default: &'static str,
    /// What it is for.
    pub help: Text,
}

macro_rules! settings {
    ($($name:literal, $kind:expr, $default:literal, $help:ident;)*) => {
        &[$(Setting { name: $name, kind: $kind, default: $default, help: Text::$help },)*]
    };
}

/// Every setting.
pub const SETTINGS: &[Setting] = settings! {
    "server", Kind::Text, "", SetServer;
    "lang", Kind::OneOf(&["auto", "en", "ru"]), "auto", SetLang;
    "mouse", Kind::Switch, "on", SetMouse;
    "layout", Kind::OneOf(&["auto", "single"]), "auto", SetLayout;
    "away_after", Kind::Minutes, "10", SetAway;
    "keys.preset", Kind::OneOf(&["plain", "vim"]), "plain", SetPreset;
    "notify.bell", Kind::Switch, "on", SetBell;
    "notify.osc", Kind::OneOf(&["auto", "9", "99", "777", "off"]), "auto", SetOsc;
    "notify.desktop", Kind::Switch, "off", SetDesktop;
    "notify.quiet_hours", Kind::Hours, "off", SetQuietHours;
    "notify.preview", Kind::Switch, "on", SetPreview;
    "theme.name", Kind::OneOf(&["auto", "dark", "light", "none"]), "auto", SetTheme;
    "theme.text", Kind::Color, "", SetColor;
    "theme.dim", Kind::Color, "", SetColor;
    "theme.accent", Kind::Color, "", SetColor;
    "theme.own", Kind::Color, "", SetColor;
    "theme.unread", Kind::Color, "", SetColor;
    "theme.mention", Kind::Color, "", SetColor;
    "theme.notice", Kind::Color, "", SetColor;
    "theme.error", Kind::Color, "", SetColor;
    "theme.selection", Kind::Color, "", SetColor;
    "theme.link", Kind::Color, "", SetColor;
    "theme.code", Kind::Color, "", SetColor;
    "theme.quote", Kind::Color, "", SetColor;
    "theme.spoiler", Kind::Color, "", SetColor;
};

/// A part of the day, in minutes since midnight; it may go over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// First minute.
    pub from: u16,
    /// The minute after the last one.
    pub to: u16,
}

impl Hours {
    /// Reads `22:00-07:00`.
    pub fn parse(text: &str) -> Option<Self> {
        let minute = |text: &str| -> Option<u16> {
            let (hour, minute) = text.trim().split_once(':')?;
            let plain = |part: &str| {
                (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
            };
            let (hour, minute) = (plain(hour) && plain(minute)).then_some((hour, minute))?;
            let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
            (hour < 24 && minute < 60).then_some(hour * 60 + minute)
        };
        let (from, to) = text.split_once(['-', '–'])?;
        Some(Self {
            from: minute(from)?,
            to: minute(to)?,
        })
    }

    /// Whether a minute of the day is within.
    pub fn contains(self, minute: u16) -> bool {
        if self.from <= self.to {
            (self.from..self.to).contains(&minute)
        } else {
            minute >= self.from || minute < self.to
        }
    }
}

impl std::fmt::Display for Hours {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (from, to) = (self.from, self.to);
        write!(
            f,
            "{:02}:{:02}-{:02}:{:02}",
            from / 60,
            from % 60,
            to / 60,
            to % 60
        )
    }
}

impl Setting {
    /// A value in its one spelling; none where it is not one.
    pub fn check(&self, value: &str) -> Option<String> {
        let value = value.trim();
        match self.kind {
            Kind::Switch => match value {
                "on" | "true" | "yes" => Some("on".to_owned()),
                "off" | "false" | "no" => Some("off".to_owned()),
                _ => None,
            },
            Kind::OneOf(words) => words.contains(&value).then(|| value.to_owned()),
            Kind::Text => Some(value.to_owned()),
            Kind::Minutes => value.parse::<u16>().ok().map(|count| count.to_string()),
            Kind::Hours if value == "off" => Some(value.to_owned()),
            Kind::Hours => Hours::parse(value).map(|hours| hours.to_string()),
            Kind::Color => Color::parse(value).map(|color| color.to_string()),
        }
    }

    /// What it takes, for a sentence.
    pub fn takes(&self) -> String {
        match self.kind {
            Kind::Switch => "on, off".to_owned(),
            Kind::OneOf(words) => words.join(", "),
            Kind::Text => "text".to_owned(),
            Kind::Minutes => "0-65535".to_owned(),
            Kind::Hours => "22:00-07:00, off".to_owned(),
            Kind::Color => "#rrggbb, 0-255, red, bright-red …, default".to_owned(),
        }
    }

    /// Words to choose from.
    pub fn words(&self) -> Vec<&'static str> {
        match self.kind {
            Kind::Switch => vec!["on", "off"],
            Kind::OneOf(words) => words.to_vec(),
            Kind::Text | Kind::Minutes => Vec::new(),
            Kind::Hours => vec!["off"],
            Kind::Color => vec!["default"],
        }
    }
}

/// The setting of a name: its path, or the last part of it where no other
/// setting ends so; `theme` stands for `theme.name`.
pub fn find(name: &str) -> Option<&'static Setting> {
    let name = match name {
        "theme" => "theme.name",
        name => name,
    };
    if let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) {
        return Some(setting);
    }
    let mut ending = SETTINGS
        .iter()
        .filter(|setting| setting.name.rsplit('.').next() == Some(name));
    match (ending.next(), ending.next()) {
        (Some(setting), None) => Some(setting),
        _ => None,
    }
}

/// The name that was probably meant.
pub fn meant(name: &str) -> Option<&'static str> {
    let names = SETTINGS.iter().map(|setting| setting.name);
    let last = |name: &'static str| name.rsplit('.').next().unwrap_or(name);
    nearest(name, names.clone())
        .or_else(|| nearest(name, names.map(last).chain(["theme"])))
        .and_then(find)
        .map(|setting| setting.name)
}

/// A key bound in `config.toml`, as it is written there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The scope; none: wherever the action has keys.
    pub scope: Option<String>,
    /// The key.
    pub key: String,
    /// The action's name, or `none`.
    pub action: String,
    /// The line in the file.
    pub line: usize,
}

/// The values in force.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Those that were set, in their one spelling.
    values: BTreeMap<&'static str, String>,
    /// Keys that were bound.
    pub bindings: Vec<Binding>,
    /// What in the file could not be used.
    pub troubles: Vec<Trouble>,
}

impl Settings {
    /// Sets a value that [`Setting::check`] gave, or takes it back.
    pub fn set(&mut self, setting: &'static Setting, value: Option<String>) {
        match value {
            Some(value) => self.values.insert(setting.name, value),
            None => self.values.remove(setting.name),
        };
    }

    /// The value of a setting, as set or by default; empty: none.
    pub fn value(&self, name: &str) -> &str {
        match self.values.get(name) {
            Some(value) => value,
            None => find(name).map_or("", |setting| setting.default),
        }
    }

    /// Whether a switch is on.
    pub fn on(&self, name: &str) -> bool {
        self.value(name) == "on"
    }

    /// The server for profiles that have none yet.
    pub fn server(&self) -> Option<&str> {
        Some(self.value("server")).filter(|server| !server.is_empty())
    }

    /// The language: as set, else by the locale.
    pub fn lang(&self) -> Lang {
        match self.value("lang") {
            "en" => Lang::En,
            "ru" => Lang::Ru,
            _ => super::locale(),
        }
    }

    /// When no notification is wanted.
    pub fn quiet_hours(&self) -> Option<Hours> {
        Hours::parse(self.value("notify.quiet_hours"))
    }

    /// The colour a person wants for a role.
    pub fn color(&self, role: Role) -> Option<Color> {
        Color::parse(self.value(role.setting()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_values_and_every_role_has_a_setting() {
        for setting in SETTINGS {
            if !setting.default.is_empty() {
                assert_eq!(
                    setting.check(setting.default).as_deref(),
                    Some(setting.default)
                );
            }
            for word in setting.words() {
                assert!(setting.check(word).is_some(), "{} {word}", setting.name);
            }
        }
        for role in Role::ALL {
            assert_eq!(find(role.setting()).unwrap().kind, Kind::Color);
        }
    }

    #[test]
    fn settings_are_found_by_path_or_last_part_and_slips_are_named() {
        assert_eq!(find("theme").unwrap().name, "theme.name");
        assert_eq!(find("bell").unwrap().name, "notify.bell");
        assert_eq!(find("theme.own").unwrap().name, "theme.own");
        assert!(find("bel").is_none());
        assert_eq!(meant("bel"), Some("notify.bell"));
        assert_eq!(meant("thmee"), Some("theme.name"));
        assert_eq!(meant("qqqqqq"), None);
    }

    #[test]
    fn hours_go_over_midnight() {
        let night = Hours::parse("22:00-7:30").unwrap();
        assert_eq!(night.to_string(), "22:00-07:30");
        for (minute, within) in [
            (0, true),
            (449, true),
            (450, false),
            (1319, false),
            (1320, true),
        ] {
            assert_eq!(night.contains(minute), within, "{minute}");
        }
        let noon = Hours::parse("12:00-13:00").unwrap();
        assert!(noon.contains(720) && !noon.contains(780) && !noon.contains(0));
        for wrong in [
            "",
            "22:00",
            "24:00-1:00",
            "1:60-2:00",
            "a:b-c:d",
            "+1:00-2:00",
        ] {
            assert_eq!(Hours::parse(wrong), None, "{wrong}");
        }
    }
}
