//! `config.toml`: reading as much of it as can be used, and changing one value
//! without touching the rest.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use toml_edit::{Document, DocumentMut, Item, Table, TableLike, Value};

use super::ConfigError;
use super::settings::{self, Binding, Kind, Setting, Settings};
use super::trouble::{Fault, Trouble};

/// Most lines passed over before the rest is given up.
const MOST_FAULTS: usize = 20;

/// Reads the file; none is as good as an empty one. What cannot be used is in
/// [`Settings::troubles`], with its line.
///
/// # Errors
///
/// [`ConfigError::Unreadable`].
pub fn read(path: &Path) -> Result<Settings, ConfigError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(parse(&text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Settings::default()),
        Err(error) => Err(ConfigError::Unreadable {
            path: path.to_owned(),
            error,
        }),
    }
}

/// Reads a text. Lines that are not TOML are passed over, with all that stands
/// under a heading that is none.
pub fn parse(text: &str) -> Settings {
    let mut settings = Settings::default();
    let mut rest = text.to_owned();
    loop {
        match Document::parse(rest.as_str()) {
            Ok(document) => {
                let mut reader = Reader {
                    text,
                    settings: &mut settings,
                };
                reader.table("", document.as_table());
                break;
            }
            Err(error) => {
                let at = error.span().map_or(0, |span| span.start).min(rest.len());
                settings.troubles.push(Trouble {
                    line: line_of(text, at),
                    fault: Fault::Syntax(error.message().replace('\n', " ")),
                });
                if settings.troubles.len() >= MOST_FAULTS || !blank(&mut rest, at) {
                    break;
                }
            }
        }
    }
    settings.troubles.sort_by_key(|trouble| trouble.line);
    settings
}

/// The number of the line of a byte.
fn line_of(text: &str, at: usize) -> usize {
    let before = &text.as_bytes()[..at.min(text.len())];
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}

/// Puts spaces in place of the line of a byte, so that the others keep their
/// places; where it is a heading, of all lines up to the next one. False where
/// there is nothing to blank.
fn blank(text: &mut String, at: usize) -> bool {
    let start = text.as_bytes()[..at]
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let line_end = |from: usize| {
        let found = text.as_bytes()[from..].iter().position(|b| *b == b'\n');
        found.map_or(text.len(), |at| from + at)
    };
    let mut end = line_end(start);
    if text[start..end].trim_start().starts_with('[') {
        while end < text.len() && !text[end + 1..].trim_start_matches(' ').starts_with('[') {
            end = line_end(end + 1);
        }
    }
    if text[start..end].trim().is_empty() {
        return false;
    }
    let spaces: String = text[start..end]
        .bytes()
        .map(|byte| if byte == b'\n' { '\n' } else { ' ' })
        .collect();
    text.replace_range(start..end, &spaces);
    true
}

struct Reader<'a> {
    text: &'a str,
    settings: &'a mut Settings,
}

impl Reader<'_> {
    fn line(&self, table: &dyn TableLike, key: &str) -> usize {
        let span = table
            .get_key_value(key)
            .and_then(|(key, item)| key.span().or_else(|| item.span()));
        line_of(self.text, span.map_or(0, |span| span.start))
    }

    fn trouble(&mut self, line: usize, fault: Fault) {
        self.settings.troubles.push(Trouble { line, fault });
    }

    /// Settings whose path begins with `prefix`.
    fn table(&mut self, prefix: &str, table: &dyn TableLike) {
        for (key, item) in table.iter() {
            let line = self.line(table, key);
            let name = match prefix {
                "" => key.to_owned(),
                prefix => format!("{prefix}.{key}"),
            };
            let setting = settings::SETTINGS.iter().find(|one| one.name == name);
            match (setting, item.as_table_like()) {
                (Some(setting), None) => self.value(setting, item, line),
                (None, Some(inner)) if name == "keys" => self.keys(inner),
                (None, Some(inner)) if prefix.is_empty() && is_section(key) => {
                    self.table(key, inner);
                }
                _ => {
                    let meant = settings::meant(&name);
                    self.trouble(line, Fault::Setting { name, meant });
                }
            }
        }
    }

    fn value(&mut self, setting: &'static Setting, item: &Item, line: usize) {
        let written = plain(item);
        match setting.check(&written) {
            Some(value) => self.settings.set(setting, Some(value)),
            None => self.trouble(
                line,
                Fault::Value {
                    name: setting.name.to_owned(),
                    value: written,
                    takes: setting.takes(),
                },
            ),
        }
    }

    fn keys(&mut self, keys: &dyn TableLike) {
        for (key, item) in keys.iter() {
            let line = self.line(keys, key);
            match (key, item.as_table_like()) {
                ("preset", None) => {
                    if let Some(setting) = settings::find("keys.preset") {
                        self.value(setting, item, line);
                    }
                }
                (scope, Some(table)) => {
                    for (key, item) in table.iter() {
                        let line = self.line(table, key);
                        self.binding(Some(scope.to_owned()), key, item, line);
                    }
                }
                (key, None) => self.binding(None, key, item, line),
            }
        }
    }

    fn binding(&mut self, scope: Option<String>, key: &str, item: &Item, line: usize) {
        self.settings.bindings.push(Binding {
            scope,
            key: key.to_owned(),
            action: plain(item),
            line,
        });
    }
}

/// Whether some setting's path begins so.
fn is_section(name: &str) -> bool {
    settings::SETTINGS
        .iter()
        .any(|setting| setting.name.split_once('.').is_some_and(|(s, _)| s == name))
}

/// A value as a person would type it.
fn plain(item: &Item) -> String {
    match item.as_value() {
        Some(Value::String(text)) => text.value().clone(),
        Some(Value::Boolean(on)) => on.value().to_string(),
        Some(Value::Integer(number)) => number.value().to_string(),
        Some(value) => value.to_string().trim().to_owned(),
        None => item.to_string().trim().to_owned(),
    }
}

/// Changes one value in the file, or takes it out; comments and everything
/// else stay as they are. The file is replaced as a whole, so that it is
/// either the old or the new one whatever happens.
///
/// # Errors
///
/// [`ConfigError::Unreadable`] where it cannot be read or written;
/// [`ConfigError::Malformed`] where it is not TOML, as what a person wrote
/// would be lost.
pub fn write(path: &Path, setting: &Setting, value: Option<&str>) -> Result<(), ConfigError> {
    let unreadable = |error| ConfigError::Unreadable {
        path: path.to_owned(),
        error,
    };
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(unreadable(error)),
    };
    let mut document: DocumentMut = text.parse().map_err(|error| ConfigError::Malformed {
        path: path.to_owned(),
        error: Box::new(error),
    })?;
    let (section, key) = match setting.name.split_once('.') {
        Some((section, key)) => (Some(section), key),
        None => (None, setting.name),
    };
    change(document.as_table_mut(), section, key, setting, value);
    replace(path, &document.to_string()).map_err(unreadable)
}

fn change(
    root: &mut Table,
    section: Option<&str>,
    key: &str,
    setting: &Setting,
    value: Option<&str>,
) {
    let table: &mut dyn TableLike = match section {
        None => root,
        Some(section) => {
            let item = root
                .entry(section)
                .or_insert_with(|| Item::Table(Table::new()));
            match item.as_table_like_mut() {
                Some(table) => table,
                // Something that is no table stands in the way, and was
                // reported as unknown when the file was read.
                None => return,
            }
        }
    };
    let Some(value) = value else {
        table.remove(key);
        return;
    };
    let mut new: Value = match setting.kind {
        Kind::Switch => (value == "on").into(),
        _ => value.into(),
    };
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            *new.decor_mut() = old.decor().clone();
            *old = new;
        }
        None => {
            table.insert(key, Item::Value(new));
        }
    }
}

/// Writes a file beside the old one and puts it in its place. A link stays
/// one: what it leads to is replaced.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = target.parent().map_or_else(PathBuf::new, Path::to_owned);
    fs::create_dir_all(&folder)?;
    let beside = folder.join(format!(".config.toml.{}", std::process::id()));
    let written = (|| {
        let mut file = fs::File::create(&beside)?;
        file.write_all(text.as_bytes())?;
        if let Ok(old) = fs::metadata(&target) {
            file.set_permissions(old.permissions())?;
        }
        file.sync_all()?;
        fs::rename(&beside, &target)
    })();
    if written.is_err() {
        // What was half written is of no use; the error is the one to tell.
        let _ = fs::remove_file(&beside);
    }
    written
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proto::catalog::Lang;

    use super::*;

    fn lines(settings: &Settings) -> Vec<usize> {
        settings.troubles.iter().map(|t| t.line).collect()
    }

    #[test]
    fn what_can_be_used_is_used_and_the_rest_is_named_with_its_line() {
        let settings = parse(
            "mouse = false\nmosue = true\n[theme]\nname = \"light\"\naccent = \"pink\"\n\
             own = 34\n[notify]\nquiet_hours = \"22:00-07:00\"\nbell = \"loud\"\n[call]\nx = 1\n",
        );
        assert!(!settings.on("mouse"));
        assert_eq!(settings.value("theme.name"), "light");
        assert_eq!(settings.value("theme.own"), "34");
        assert!(settings.quiet_hours().is_some());
        assert!(settings.on("notify.bell"));
        assert_eq!(lines(&settings), [2, 5, 9, 10]);
        let said: Vec<String> = settings
            .troubles
            .iter()
            .map(|trouble| trouble.sentence(Lang::En))
            .collect();
        assert!(
            said[0].contains("mosue") && said[0].contains("mouse"),
            "{said:?}"
        );
        assert!(
            said[1].contains("pink") && said[1].contains("#rrggbb"),
            "{said:?}"
        );
    }

    #[test]
    fn lines_that_are_not_toml_are_passed_over() {
        let settings = parse(
            "lang = ru\nmouse = false\n[keys.main\n\"C-x\" = \"quit\"\n[theme]\nname = \"dark\"\nname = \"light\"\n",
        );
        assert_eq!(lines(&settings), [1, 3, 7]);
        assert!(!settings.on("mouse"));
        assert_eq!(settings.value("theme.name"), "dark");
        assert!(settings.bindings.is_empty());
        for hostile in ["[", "\u{0}", "]]\n[[", "a=", "\"\"\"", "[a]\n[a]\n"] {
            assert!(!parse(hostile).troubles.is_empty(), "{hostile:?}");
        }
    }

    #[test]
    fn bindings_keep_their_scope_and_line() {
        let settings = parse(
            "[keys]\npreset = \"vim\"\n\"C-x\" = \"none\"\n[keys.list]\n\"d d\" = \"logout\"\n",
        );
        assert_eq!(settings.value("keys.preset"), "vim");
        let seen: Vec<_> = settings
            .bindings
            .iter()
            .map(|b| (b.scope.as_deref(), &*b.key, &*b.action, b.line))
            .collect();
        assert_eq!(
            seen,
            [(None, "C-x", "none", 3), (Some("list"), "d d", "logout", 5)]
        );
        assert_eq!(settings.troubles, []);
    }

    #[test]
    fn changing_a_value_keeps_comments_and_everything_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/config.toml");
        let set = |name: &str, value: Option<&str>| {
            write(&path, settings::find(name).unwrap(), value).unwrap();
            fs::read_to_string(&path).unwrap()
        };
        assert_eq!(set("mouse", Some("off")), "mouse = false\n");
        let old = "# mine\nserver = 'h:1' # home\n\n[theme] # colours\nname = \"dark\"   # night\n";
        fs::write(&path, old).unwrap();
        assert_eq!(
            set("theme", Some("light")),
            old.replace("\"dark\"", "\"light\"")
        );
        let text = set("notify.bell", Some("off"));
        assert!(
            text.contains("# night") && text.contains("[notify]\nbell = false\n"),
            "{text}"
        );
        let text = set("theme", None);
        assert!(!text.contains("name") && text.contains("# home"), "{text}");
        assert_eq!(parse(&text).troubles, []);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_is_not_toml_is_not_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        fs::write(&path, "mouse = \n").unwrap();
        let setting = settings::find("mouse").unwrap();
        assert!(matches!(
            write(&path, setting, Some("on")),
            Err(ConfigError::Malformed { .. })
        ));
        assert_eq!(fs::read_to_string(&path).unwrap(), "mouse = \n");
    }

    #[test]
    fn a_link_to_the_file_stays_one() {
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real.toml"), dir.path().join("config.toml"));
        fs::write(&real, "").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        write(&link, settings::find("mouse").unwrap(), Some("off")).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&real).unwrap(), "mouse = false\n");
    }
}
