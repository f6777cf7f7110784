//! What in `config.toml` could not be used, as sentences.

use proto::catalog::{Lang, Text, fill};
use proto::text::printable_line;

/// Something in the file that was passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It is not TOML; in the parser's words.
    Syntax(String),
    /// There is no such setting.
    Setting {
        /// What was written.
        name: String,
        /// What was probably meant.
        meant: Option<&'static str>,
    },
    /// The setting takes something else.
    Value {
        /// The setting.
        name: String,
        /// What was written.
        value: String,
        /// What it takes.
        takes: String,
    },
    /// There is no such scope.
    Scope(String),
    /// That is no key.
    Key(String),
    /// The key types a character where text is written.
    TextKey(String),
    /// There is no such action.
    Action {
        /// What was written.
        name: String,
        /// What was probably meant.
        meant: Option<&'static str>,
    },
    /// The key was bound already.
    Duplicate {
        /// The key.
        key: String,
        /// The line where it was.
        first: usize,
    },
}

impl Trouble {
    /// A sentence that names the line and says what is wrong with it.
    pub fn sentence(&self, lang: Lang) -> String {
        let safe = |text: &str| printable_line(text).into_owned();
        let get = |text: Text| text.get(lang);
        let what = match &self.fault {
            Fault::Syntax(why) => fill(get(Text::FaultSyntax), &[("why", &safe(why))]),
            Fault::Setting { name, meant } => match meant {
                Some(meant) => fill(
                    get(Text::FaultSettingMeant),
                    &[("what", &safe(name)), ("meant", meant)],
                ),
                None => fill(get(Text::FaultSetting), &[("what", &safe(name))]),
            },
            Fault::Value { name, value, takes } => fill(
                get(Text::FaultValue),
                &[("name", name), ("what", &safe(value)), ("takes", takes)],
            ),
            Fault::Scope(name) => fill(get(Text::FaultScope), &[("what", &safe(name))]),
            Fault::Key(key) => fill(get(Text::FaultKey), &[("what", &safe(key))]),
            Fault::TextKey(key) => fill(get(Text::FaultTextKey), &[("what", &safe(key))]),
            Fault::Action { name, meant } => match meant {
                Some(meant) => fill(
                    get(Text::FaultActionMeant),
                    &[("what", &safe(name)), ("meant", meant)],
                ),
                None => fill(get(Text::FaultAction), &[("what", &safe(name))]),
            },
            Fault::Duplicate { key, first } => fill(
                get(Text::FaultDuplicate),
                &[("what", &safe(key)), ("first", &first.to_string())],
            ),
        };
        let line = self.line.to_string();
        fill(
            get(Text::FaultLine),
            &[("line", line.as_str()), ("what", &what)],
        )
    }
}
