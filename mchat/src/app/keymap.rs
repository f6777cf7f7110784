//! Which key does what: a preset of the table, with a person's own bindings
//! over it.

use std::collections::HashMap;

use super::action::{ACTIONS, Action, Entry, Scope};
use super::key::Key;

/// A set of keys to start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Preset {
    /// Keys as most programs have them.
    #[default]
    Plain,
    /// Letters move in lists and the timeline, Escape leaves the text.
    Vim,
}

impl Preset {
    /// The keys of a line of the table.
    pub fn keys(self, entry: &Entry) -> &'static [&'static str] {
        match self {
            Self::Plain => entry.plain,
            Self::Vim => entry.vim,
        }
    }
}

/// One key, or several one after another, as [`Key::binding`] writes them.
pub type Chord = Vec<Key>;

/// Reads a key or, between spaces, several: `C-x`, `g g`.
pub fn parse_chord(spec: &str) -> Option<Chord> {
    let keys: Option<Chord> = spec
        .split_whitespace()
        .map(|key| Key::parse(key).map(Key::binding))
        .collect();
    keys.filter(|keys| (1..=3).contains(&keys.len()))
}

/// A chord as people write it.
pub fn shown_chord(chord: &[Key]) -> String {
    let keys: Vec<String> = chord.iter().map(Key::to_string).collect();
    keys.join(" ")
}

/// What pressed keys mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// This action.
    Action(Action),
    /// The beginning of a longer chord.
    Prefix,
    /// Nothing.
    Nothing,
}

/// The keys in force.
#[derive(Debug, Clone)]
pub struct Keymap {
    /// For each scope, chords in the order in which they are shown.
    bound: HashMap<Scope, Vec<(Chord, Action)>>,
}

impl Keymap {
    /// The keys of a preset.
    pub fn new(preset: Preset) -> Self {
        let mut bound: HashMap<Scope, Vec<(Chord, Action)>> = HashMap::new();
        for entry in ACTIONS {
            let keys = preset.keys(entry).iter();
            let chords = keys.filter_map(|spec| parse_chord(spec));
            let line = bound.entry(entry.scope).or_default();
            line.extend(chords.map(|chord| (chord, entry.action)));
        }
        Self { bound }
    }

    /// Binds a chord, or takes its binding away; what it did before is
    /// forgotten. A new key of an action is shown before its others.
    pub fn bind(&mut self, scope: Scope, chord: Chord, action: Option<Action>) {
        let line = self.bound.entry(scope).or_default();
        line.retain(|(other, _)| *other != chord);
        if let Some(action) = action {
            line.insert(0, (chord, action));
        }
    }

    /// What these keys mean, the first of the scopes deciding.
    pub fn find(&self, pressed: &[Key], scopes: &[Scope]) -> Found {
        let pressed: Chord = pressed.iter().map(|key| key.binding()).collect();
        for scope in scopes {
            let Some(line) = self.bound.get(scope) else {
                continue;
            };
            if let Some((_, action)) = line.iter().find(|(chord, _)| *chord == pressed) {
                return Found::Action(*action);
            }
            if line.iter().any(|(chord, _)| chord.starts_with(&pressed)) {
                return Found::Prefix;
            }
        }
        Found::Nothing
    }

    /// The keys of an action in a scope, the one to show first.
    pub fn keys(&self, action: Action, scope: Scope) -> impl Iterator<Item = &Chord> {
        self.bound
            .get(&scope)
            .into_iter()
            .flatten()
            .filter(move |(_, other)| *other == action)
            .map(|(chord, _)| chord)
    }

    /// The first key of an action wherever it has one, as shown; empty where
    /// it has none.
    pub fn shown(&self, action: Action) -> String {
        Scope::ALL
            .iter()
            .find_map(|scope| self.keys(action, *scope).next())
            .map(|chord| shown_chord(chord))
            .unwrap_or_default()
    }
}

impl Default for Keymap {
    fn default() -> Self {
        Self::new(Preset::Plain)
    }
}

/// Scopes whose keys apply together: one key must not mean two things there.
pub const TOGETHER: &[&[Scope]] = &[
    &[Scope::Always, Scope::Main, Scope::Composer, Scope::Text],
    &[Scope::Always, Scope::Completion],
    &[Scope::Always, Scope::Main, Scope::List],
    &[Scope::Always, Scope::Main, Scope::Timeline],
    &[Scope::Always, Scope::Main, Scope::Members],
    &[Scope::Always, Scope::Dialog, Scope::Sign, Scope::Text],
    &[Scope::Always, Scope::Command, Scope::Text],
    &[Scope::Always, Scope::People, Scope::Text],
];

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn find(keymap: &Keymap, keys: &str, scopes: &[Scope]) -> Found {
        let keys: Vec<Key> = keys.split(' ').map(|k| Key::parse(k).unwrap()).collect();
        keymap.find(&keys, scopes)
    }

    #[test]
    fn every_key_is_written_rightly_and_bound_once_where_it_applies() {
        for preset in [Preset::Plain, Preset::Vim] {
            for scopes in TOGETHER {
                let mut bound: HashMap<Chord, Action> = HashMap::new();
                for entry in ACTIONS.iter().filter(|entry| scopes.contains(&entry.scope)) {
                    for spec in preset.keys(entry) {
                        let chord = parse_chord(spec).unwrap();
                        let first = Key::parse(spec.split(' ').next().unwrap()).unwrap();
                        assert_eq!(first, first.binding(), "{spec} is not what a press gives");
                        let typed = chord[0].typed().is_some() || chord.len() > 1;
                        assert!(!(typed && entry.scope.is_text()), "{spec} is text");
                        let other = bound.insert(chord, entry.action);
                        assert_eq!(other, None, "{spec} in {scopes:?}");
                    }
                }
                for chord in bound.keys() {
                    let longer = bound
                        .keys()
                        .find(|other| other.len() > chord.len() && other.starts_with(chord));
                    assert_eq!(longer, None, "{chord:?} hides it in {scopes:?}");
                }
            }
        }
    }

    #[test]
    fn keys_work_with_the_russian_layout() {
        let keymap = Keymap::default();
        let scopes = [Scope::Always, Scope::Main, Scope::List];
        for (typed, action) in [
            ("C-й", Action::Quit),
            ("C-т", Action::NewChat),
            ("A-т", Action::NextUnread),
            ("A-Г", Action::FirstUnread),
            ("Ж", Action::CommandLine),
            ("о", Action::Next),
        ] {
            assert_eq!(
                find(&keymap, typed, &scopes),
                Found::Action(action),
                "{typed}"
            );
        }
    }

    #[test]
    fn a_binding_replaces_what_the_key_did_also_under_a_russian_layout() {
        let mut keymap = Keymap::default();
        keymap.bind(
            Scope::Main,
            parse_chord("C-ч").unwrap(),
            Some(Action::NewChat),
        );
        let scopes = [Scope::Main];
        assert_eq!(
            find(&keymap, "C-x", &scopes),
            Found::Action(Action::NewChat)
        );
        assert_eq!(keymap.shown(Action::NewChat), "Ctrl-X");
        assert_eq!(keymap.shown(Action::Discard), "");
        keymap.bind(Scope::Main, parse_chord("C-x").unwrap(), None);
        assert_eq!(find(&keymap, "C-ч", &scopes), Found::Nothing);
    }

    #[test]
    fn chords_of_several_keys_are_found_by_and_by() {
        let keymap = Keymap::new(Preset::Vim);
        let scopes = [Scope::List];
        assert_eq!(find(&keymap, "g", &scopes), Found::Prefix);
        assert_eq!(find(&keymap, "п", &scopes), Found::Prefix);
        assert_eq!(find(&keymap, "g п", &scopes), Found::Action(Action::First));
        assert_eq!(find(&keymap, "g x", &scopes), Found::Nothing);
        assert_eq!(parse_chord("g g g g"), None);
        assert_eq!(parse_chord("C-Nonsense"), None);
    }
}
