//! Colours and attributes by role. Attributes alone tell every state apart, so
//! that nothing is lost without colours.

use proto::id::UserId;
use ratatui::style::{Color, Modifier, Style};

use crate::app::Model;
use crate::config::Settings;
use crate::config::color::{self, Role};

/// What the colours are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    /// A dark background.
    Dark,
    /// A light background.
    Light,
    /// No colours.
    None,
}

/// The styles in force.
#[derive(Debug, Clone)]
pub(super) struct Theme {
    base: Base,
    own: [Option<color::Color>; Role::ALL.len()],
}

/// Colours of names on a dark background; all can be read on black and on the
/// usual dark greys.
const NAMES_DARK: [u8; 12] = [203, 209, 215, 179, 149, 113, 79, 74, 111, 141, 176, 211];
/// Colours of names on a light background.
const NAMES_LIGHT: [u8; 12] = [88, 130, 94, 58, 28, 23, 24, 25, 54, 90, 125, 161];

impl Theme {
    /// The theme that is set.
    pub(super) fn of(model: &Model) -> Self {
        let base = if model.color {
            match model.settings.value("theme.name") {
                "none" => Base::None,
                "light" => Base::Light,
                "dark" => Base::Dark,
                _ if model.light => Base::Light,
                _ => Base::Dark,
            }
        } else {
            Base::None
        };
        Self::new(base, &model.settings)
    }

    fn new(base: Base, settings: &Settings) -> Self {
        Self {
            base,
            own: Role::ALL.map(|role| settings.color(role)),
        }
    }

    /// How something of this role looks.
    pub(super) fn style(&self, role: Role) -> Style {
        let style = Style::new().add_modifier(attributes(role));
        if self.base == Base::None {
            return match role {
                // Grey is what it has instead.
                Role::Dim => style.add_modifier(Modifier::DIM),
                // The number alone would be lost among others.
                Role::Unread | Role::Mention => style.add_modifier(Modifier::REVERSED),
                _ => style,
            };
        }
        let at = Role::ALL.iter().position(|other| *other == role);
        let own = at.and_then(|at| self.own[at]).map(terminal);
        let color = own.unwrap_or_else(|| match self.base {
            Base::Dark => dark(role),
            Base::Light | Base::None => light(role),
        });
        match (role, own) {
            // Reversed already; a colour of one's own is its background.
            (Role::Selection, Some(color)) => Style::new().bg(color).add_modifier(Modifier::BOLD),
            (Role::Selection, None) => style,
            _ => style.fg(color),
        }
    }

    /// How somebody's name looks: always the same for the same person.
    pub(super) fn name(&self, user: UserId) -> Style {
        let style = Style::new().add_modifier(Modifier::BOLD);
        let colors = match self.base {
            Base::None => return style,
            Base::Dark => &NAMES_DARK,
            Base::Light => &NAMES_LIGHT,
        };
        // FNV-1a; the ids are random in their last bytes only.
        let hash = user
            .0
            .as_bytes()
            .iter()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
            });
        // The last bytes have hardly reached the upper bits yet.
        let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        let at = (hash >> 40) as usize % colors.len();
        style.fg(Color::Indexed(colors[at]))
    }
}

/// What tells a role apart without colours.
fn attributes(role: Role) -> Modifier {
    match role {
        Role::Text | Role::Dim | Role::Code | Role::Quote | Role::Spoiler => Modifier::empty(),
        Role::Accent | Role::Own | Role::Unread | Role::Notice | Role::Error | Role::Mention => {
            Modifier::BOLD
        }
        Role::Selection => Modifier::REVERSED,
        Role::Link => Modifier::UNDERLINED,
    }
}

fn dark(role: Role) -> Color {
    match role {
        Role::Text | Role::Selection => Color::Reset,
        Role::Dim | Role::Spoiler => Color::Indexed(245),
        Role::Accent => Color::Indexed(80),
        Role::Own => Color::Indexed(114),
        Role::Unread | Role::Notice => Color::Indexed(221),
        Role::Mention => Color::Indexed(213),
        Role::Error => Color::Indexed(210),
        Role::Link => Color::Indexed(75),
        Role::Code => Color::Indexed(180),
        Role::Quote => Color::Indexed(250),
    }
}

fn light(role: Role) -> Color {
    match role {
        Role::Text | Role::Selection => Color::Reset,
        Role::Dim | Role::Spoiler => Color::Indexed(242),
        Role::Accent => Color::Indexed(24),
        Role::Own => Color::Indexed(22),
        Role::Unread | Role::Notice => Color::Indexed(94),
        Role::Mention => Color::Indexed(90),
        Role::Error => Color::Indexed(124),
        Role::Link => Color::Indexed(25),
        Role::Code => Color::Indexed(88),
        Role::Quote => Color::Indexed(239),
    }
}

fn terminal(color: color::Color) -> Color {
    match color {
        color::Color::Default => Color::Reset,
        color::Color::Indexed(number) => Color::Indexed(number),
        color::Color::Rgb(r, g, b) => Color::Rgb(r, g, b),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::config::settings;

    /// Red, green, blue of a colour of the 256: cube and greys only, as the
    /// first sixteen differ from terminal to terminal.
    fn rgb(number: u8) -> [u8; 3] {
        let step = |part: u8| if part == 0 { 0 } else { 55 + part * 40 };
        match number {
            16..=231 => {
                let cube = number - 16;
                [step(cube / 36), step(cube / 6 % 6), step(cube % 6)]
            }
            232.. => [8 + (number - 232) * 10; 3],
            _ => panic!("{number} is not the same everywhere"),
        }
    }

    /// Relative luminance and contrast as WCAG 2 has them.
    fn luminance(color: [u8; 3]) -> f64 {
        let [r, g, b] = color.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn every_colour_can_be_read_on_its_backgrounds() {
        type Case = (fn(Role) -> Color, [u8; 12], [[u8; 3]; 2]);
        let cases: [Case; 2] = [
            (dark, NAMES_DARK, [[0, 0, 0], [0x1e, 0x1e, 0x1e]]),
            (light, NAMES_LIGHT, [[0xff, 0xff, 0xff], [0xfa, 0xfa, 0xfa]]),
        ];
        for (colors, names, backgrounds) in cases {
            let roles = Role::ALL.iter().filter_map(|role| match colors(*role) {
                Color::Indexed(number) => Some(number),
                _ => None,
            });
            for number in roles.chain(names) {
                for background in backgrounds {
                    let contrast = contrast(rgb(number), background);
                    assert!(contrast >= 4.5, "{number} on {background:?}: {contrast:.2}");
                }
            }
        }
    }

    #[test]
    fn without_colours_no_style_has_one_and_states_differ() {
        let mut settings = Settings::default();
        let accent = settings::find("theme.accent").unwrap();
        settings.set(accent, Some("red".to_owned()));
        let theme = Theme::new(Base::None, &settings);
        for role in Role::ALL {
            let style = theme.style(role);
            assert_eq!((style.fg, style.bg), (None, None), "{role:?}");
        }
        let user = UserId(Uuid::from_u128(7));
        assert_eq!(theme.name(user).fg, None);
        for role in [
            Role::Dim,
            Role::Accent,
            Role::Unread,
            Role::Selection,
            Role::Link,
        ] {
            assert_ne!(theme.style(role), theme.style(Role::Text), "{role:?}");
        }
    }

    #[test]
    fn a_name_keeps_its_colour_and_one_can_choose_colours() {
        let mut settings = Settings::default();
        let accent = settings::find("theme.accent").unwrap();
        settings.set(accent, Some("#123456".to_owned()));
        let theme = Theme::new(Base::Dark, &settings);
        let user = |n| UserId(Uuid::from_u128(n));
        assert_eq!(theme.name(user(5)), theme.name(user(5)));
        let colors: std::collections::HashSet<_> =
            (0..64).map(|n| theme.name(user(n)).fg).collect();
        assert!(colors.len() > 6, "{}", colors.len());
        assert_eq!(
            theme.style(Role::Accent).fg,
            Some(Color::Rgb(0x12, 0x34, 0x56))
        );
    }
}
