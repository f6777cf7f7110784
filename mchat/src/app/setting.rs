//! Settings while the program runs: keys, `:set`, what the file had that
//! could not be used.

use proto::catalog::{Text, fill};
use proto::text::printable_line;

use super::action::{self, ACTIONS, Scope};
use super::command::Order;
use super::keymap::{Chord, Keymap, Preset, parse_chord};
use super::message::{Ask, Effect};
use super::model::Model;
use super::popup::{Page, Popup};
use crate::config::Settings;
use crate::config::settings::{self, Binding, SETTINGS, Setting};
use crate::config::trouble::{Fault, Trouble};
use crate::nearest::nearest;

/// The keys of these settings, and what of the bindings could not be used.
pub(super) fn keymap(settings: &Settings) -> (Keymap, Vec<Trouble>) {
    let preset = match settings.value("keys.preset") {
        "vim" => Preset::Vim,
        _ => Preset::Plain,
    };
    let mut keymap = Keymap::new(preset);
    let mut troubles = Vec::new();
    let mut bound: Vec<(Scope, Chord, usize)> = Vec::new();
    for binding in &settings.bindings {
        let mut fault = |fault| {
            troubles.push(Trouble {
                line: binding.line,
                fault,
            });
        };
        match read(binding, &bound) {
            Ok((scopes, chord, action)) => {
                for scope in scopes {
                    keymap.bind(scope, chord.clone(), action);
                    bound.push((scope, chord.clone(), binding.line));
                }
            }
            Err(what) => fault(what),
        }
    }
    (keymap, troubles)
}

type Bound = (Vec<Scope>, Chord, Option<action::Action>);

/// What a line of `[keys]` means.
fn read(binding: &Binding, bound: &[(Scope, Chord, usize)]) -> Result<Bound, Fault> {
    let chord = parse_chord(&binding.key).ok_or_else(|| Fault::Key(binding.key.clone()))?;
    let action = match binding.action.as_str() {
        "none" => None,
        name => match action::named(name) {
            Some(action) => Some(action),
            None => {
                return Err(Fault::Action {
                    name: name.to_owned(),
                    meant: nearest(name, ACTIONS.iter().map(|entry| entry.name)),
                });
            }
        },
    };
    let scopes: Vec<Scope> = match &binding.scope {
        Some(name) => match Scope::named(name) {
            Some(scope) => vec![scope],
            None => return Err(Fault::Scope(name.clone())),
        },
        // Wherever the action has its place; a key that is to do nothing does
        // so everywhere.
        None => Scope::ALL
            .into_iter()
            .filter(|scope| {
                action.is_none_or(|action| {
                    ACTIONS
                        .iter()
                        .any(|entry| entry.action == action && entry.scope == *scope)
                })
            })
            .collect(),
    };
    let types = chord[0].typed().is_some() || chord.len() > 1;
    if action.is_some() && types && scopes.iter().any(|scope| scope.is_text()) {
        return Err(Fault::TextKey(binding.key.clone()));
    }
    let both =
        |one: Scope, other: Scope| one == other || one == Scope::Always || other == Scope::Always;
    let twice = bound
        .iter()
        .find(|(scope, other, _)| *other == chord && scopes.iter().any(|new| both(*new, *scope)));
    if let Some((.., first)) = twice {
        return Err(Fault::Duplicate {
            key: binding.key.clone(),
            first: *first,
        });
    }
    Ok((scopes, chord, action))
}

impl Model {
    /// Puts the keys of the settings in force.
    pub(super) fn settle_keys(&mut self) {
        let (keys, troubles) = keymap(&self.settings);
        self.keys = keys;
        self.pressed.clear();
        for trouble in troubles {
            if !self.settings.troubles.contains(&trouble) {
                self.settings.troubles.push(trouble);
            }
        }
    }

    /// Shows what of `config.toml` could not be used.
    pub(super) fn tell_troubles(&mut self) {
        let mut troubles = std::mem::take(&mut self.settings.troubles);
        if troubles.is_empty() {
            return;
        }
        troubles.sort_by_key(|trouble| trouble.line);
        let sentences: Vec<String> = troubles
            .iter()
            .map(|trouble| trouble.sentence(self.lang))
            .collect();
        let page = Page::new(self.text(Text::TroublesTitle), sentences.join("\n"));
        self.popups.push(Popup::Page(page));
    }

    /// Names of settings, for completion.
    pub(super) fn setting_names(&self) -> Vec<String> {
        SETTINGS.iter().map(|one| one.name.to_owned()).collect()
    }

    /// Values of a setting, for completion.
    pub(super) fn setting_values(&self, name: &str) -> Vec<String> {
        settings::find(name).map_or_else(Vec::new, |setting| {
            let words = setting.words().into_iter().chain(["default"]);
            words.map(str::to_owned).collect()
        })
    }

    /// `:set`, `:set NAME`, `:set NAME?`, `:set NAME VALUE`.
    pub(super) fn set(&mut self, order: &Order) -> Vec<Effect> {
        let Some(name) = order.text(0) else {
            self.show_settings();
            return Vec::new();
        };
        let asked = name.trim_end_matches('?');
        let Some(setting) = settings::find(asked) else {
            let what = printable_line(asked);
            let sentence = match settings::meant(asked) {
                Some(meant) => fill(
                    self.text(Text::SettingMeant),
                    &[("what", &what), ("meant", meant)],
                ),
                None => fill(self.text(Text::SettingUnknown), &[("what", &what)]),
            };
            self.notify(sentence);
            return Vec::new();
        };
        match order.text(1) {
            Some(value) if asked == name => self.change(setting, value),
            _ => {
                let value = self.settings.value(setting.name);
                self.notify(format!("{} = {}", setting.name, shown(value)));
                Vec::new()
            }
        }
    }

    fn change(&mut self, setting: &'static Setting, value: &str) -> Vec<Effect> {
        let value = match value.trim() {
            "default" => None,
            value => match setting.check(value) {
                Some(value) => Some(value),
                None => {
                    let values = [
                        ("name", setting.name),
                        ("what", &*printable_line(value)),
                        ("takes", &*setting.takes()),
                    ];
                    self.notify(fill(self.text(Text::SettingValue), &values));
                    return Vec::new();
                }
            },
        };
        self.settings.set(setting, value.clone());
        let mut effects = vec![Effect::SaveSetting {
            name: setting.name,
            value,
        }];
        match setting.name {
            "lang" => {
                self.lang = self.settings.lang();
                effects.push(Effect::Speak(self.lang));
            }
            "mouse" => effects.push(Effect::Ask(Ask::Mouse(self.settings.on("mouse")))),
            "keys.preset" => self.settle_keys(),
            name if name.starts_with("notify.") => {
                effects.push(Effect::Ask(Ask::Settings(Box::new(self.settings.clone()))));
            }
            _ => {}
        }
        let value = self.settings.value(setting.name);
        self.notify(format!("{} = {}", setting.name, shown(value)));
        self.rebuild();
        self.show_selected();
        effects
    }

    fn show_settings(&mut self) {
        let width = SETTINGS.iter().map(|one| one.name.len()).max().unwrap_or(0) + 2;
        let lines: Vec<String> = SETTINGS
            .iter()
            .map(|one| {
                let value = shown(self.settings.value(one.name));
                let help = self.text(one.help);
                format!("{:width$}{value:14}{help}", one.name)
            })
            .collect();
        let page = Page::new(self.text(Text::SettingsTitle), lines.join("\n"));
        self.popups.push(Popup::Page(page));
    }
}

/// A value for a person: a dash for none.
fn shown(value: &str) -> &str {
    match value {
        "" => "—",
        value => value,
    }
}

#[cfg(test)]
mod tests {
    use proto::catalog::Lang;

    use super::super::command::tests::model;
    use super::*;
    use crate::app::action::Action;
    use crate::app::key::Key;
    use crate::app::keymap::Found;
    use crate::config::file::parse;

    #[test]
    fn bindings_change_keys_and_wrong_ones_are_named_with_their_lines() {
        let settings = parse(
            "[keys]\n\"C-x\" = \"none\"\n\"C-г\" = \"new\"\n\"C-u\" = \"quit\"\n\
             \"C-Nope\" = \"quit\"\n\"C-o\" = \"qiut\"\n\
             [keys.list]\n\"d d\" = \"logout\"\n[keys.lits]\n\"x\" = \"quit\"\n\
             [keys.composer]\n\"x\" = \"send\"\n",
        );
        let (keys, troubles) = keymap(&settings);
        let find = |spec: &str, scopes: &[Scope]| {
            let pressed: Vec<Key> = spec.split(' ').filter_map(Key::parse).collect();
            keys.find(&pressed, scopes)
        };
        assert_eq!(find("C-x", &[Scope::Main]), Found::Nothing);
        assert_eq!(find("C-u", &[Scope::Main]), Found::Action(Action::NewChat));
        assert_eq!(find("в в", &[Scope::List]), Found::Action(Action::Logout));
        let lines: Vec<usize> = troubles.iter().map(|one| one.line).collect();
        assert_eq!(lines, [4, 5, 6, 10, 12]);
        let said: Vec<String> = troubles.iter().map(|one| one.sentence(Lang::En)).collect();
        assert!(
            said[2].contains("qiut") && said[2].contains("quit"),
            "{said:?}"
        );
    }

    #[test]
    fn a_wrong_place_for_keys_is_told_the_right_ones() {
        let (_, troubles) = keymap(&parse("[keys.lits]\n\"x\" = \"quit\"\n"));
        let said = troubles[0].sentence(Lang::En);
        for scope in Scope::ALL {
            assert!(said.contains(scope.name()), "{said}");
        }
    }

    #[test]
    fn the_same_key_twice_is_named_also_by_position() {
        let settings = parse("[keys.main]\n\"C-o\" = \"new\"\n\"C-щ\" = \"quit\"\n");
        let (_, troubles) = keymap(&settings);
        assert_eq!(troubles.len(), 1);
        let said = troubles[0].sentence(Lang::En);
        assert!(said.contains("Line 3") && said.contains("line 2"), "{said}");
    }

    #[test]
    fn set_changes_shows_and_refuses() {
        let mut model = model();
        let mut run = |line: &str| {
            let effects = match model.read_command(line) {
                Ok(order) => model.order(order),
                Err(why) => panic!("{why}"),
            };
            let notice = model.notice.take().map(|notice| notice.text);
            (effects, notice.unwrap_or_default())
        };
        let (effects, said) = run(":set theme dark");
        assert_eq!(
            effects,
            [Effect::SaveSetting {
                name: "theme.name",
                value: Some("dark".to_owned())
            }]
        );
        assert_eq!(said, "theme.name = dark");
        assert_eq!(run(":set theme?").1, "theme.name = dark");
        assert_eq!(run(":set mouse off").0[1], Effect::Ask(Ask::Mouse(false)));
        assert_eq!(run(":set lang ru").0[1], Effect::Speak(Lang::Ru));
        assert_eq!(run(":set lang en").0[1], Effect::Speak(Lang::En));
        assert_eq!(
            run(":set theme default").0,
            [Effect::SaveSetting {
                name: "theme.name",
                value: None
            }]
        );
        let (effects, said) = run(":set thmee dark");
        assert!(effects.is_empty() && said.contains("theme"), "{said}");
        let (effects, said) = run(":set mouse perhaps");
        assert!(effects.is_empty() && said.contains("on, off"), "{said}");
        run(":set");
        assert!(matches!(model.popups.last(), Some(Popup::Page(_))));
    }

    #[test]
    fn a_preset_takes_effect_at_once() {
        let mut model = model();
        let escape = [Key::plain(crate::app::key::Code::Esc)];
        let scopes = [Scope::Composer, Scope::Main];
        assert_eq!(
            model.keys.find(&escape, &scopes),
            Found::Action(Action::ToEnd)
        );
        if let Ok(order) = model.read_command(":set preset vim") {
            model.order(order);
        }
        assert_eq!(
            model.keys.find(&escape, &scopes),
            Found::Action(Action::SelectMessage)
        );
    }
}
