//! Section 5: the settings of both programs, and the JSON of `mchat`.

use mchat::app::action::{ACTIONS, Scope};
use mchat::cli::schema::{Field, SHAPES, Type, VERBS};
use mchat::config::settings::SETTINGS;
use proto::catalog::Lang;

use super::roff::Page;

/// The pages, by file name.
pub(super) fn pages() -> Vec<(String, String)> {
    vec![
        ("mchat-config.5".to_owned(), config()),
        ("mchat-json.5".to_owned(), json()),
        ("messengerd.toml.5".to_owned(), daemon()),
    ]
}

fn source() -> String {
    format!("Messenger {}", env!("CARGO_PKG_VERSION"))
}

fn config() -> String {
    let mut page = Page::new("mchat-config", 5, &source(), "settings of mchat");
    page.section("DESCRIPTION");
    page.text(
        "mchat reads $XDG_CONFIG_HOME/mchat/config.toml (~/.config/mchat/config.toml), a TOML \
         file. Every setting may be absent. The screen changes it with the command :set, keeping \
         comments. A dot in a name stands for a table: notify.bell is bell in [notify].",
    );
    page.section("SETTINGS");
    for setting in SETTINGS {
        let mut about = sentence(setting.help.get(Lang::En));
        if !setting.default.is_empty() {
            about.push_str(&format!(" Default: {}.", setting.default));
        }
        page.field(setting.name, &setting.takes(), &about);
    }
    page.section("KEYS");
    page.text(
        "In [keys], \"KEY\" = \"ACTION\" binds a key wherever the action has its place, and in \
         [keys.SCOPE] in one scope only; the action none unbinds. C- is Control, A- Alt, S- \
         Shift. A key of a Latin layout works at the same place of a Russian one.",
    );
    page.verbatim("[keys]\npreset = \"vim\"\n\"C-t\" = \"new\"\n\n[keys.list]\n\"x\" = \"none\"");
    for scope in Scope::ALL {
        let entries: Vec<_> = ACTIONS
            .iter()
            .filter(|entry| entry.scope == scope)
            .collect();
        if entries.is_empty() {
            continue;
        }
        page.part(&format!("Actions of the scope {}", scope.name()));
        for entry in entries {
            let mut about = sentence(entry.help.get(Lang::En));
            let keys = |keys: &[&str]| {
                if keys.is_empty() {
                    "none".to_owned()
                } else {
                    keys.join("  ")
                }
            };
            about.push_str(&format!(" Keys: {}.", keys(entry.plain)));
            if entry.vim != entry.plain {
                about.push_str(&format!(" Preset vim: {}.", keys(entry.vim)));
            }
            page.item(entry.name, &about);
        }
    }
    page.section("SEE ALSO");
    page.text("mchat(1)");
    page.finish()
}

/// A help text as a sentence.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters
        .next()
        .map(|first| first.to_uppercase().collect())
        .unwrap_or_default();
    let mut sentence = first + letters.as_str();
    if !sentence.ends_with(['.', '?', '!', '…']) {
        sentence.push('.');
    }
    sentence
}

fn json() -> String {
    let mut page = Page::new("mchat-json", 5, &source(), "what mchat prints with --json");
    page.section("DESCRIPTION");
    page.text(
        "With --json each result is one JSON object on a line of standard output. Fields are \
         added, never changed or removed; a reader passes over what it does not know. Texts are \
         as they were written; characters that would steer a terminal are escaped, which a JSON \
         reader undoes. Failures are an object {\"error\": WORD, \"message\": SENTENCE} on \
         standard error; the exit code says the same.",
    );
    page.text(
        "An id is a UUID. A time is in milliseconds since 1970 UTC. A field in brackets may be \
         missing.",
    );
    page.section("COMMANDS");
    for prints in VERBS {
        page.item(prints.verb, &prints.shapes.join(" or "));
    }
    page.section("OBJECTS");
    for shape in SHAPES {
        page.part(shape.name);
        let mut about = shape.about.to_owned();
        if let Some(with) = shape.with {
            about.push_str(&format!(" It has the fields of {with}, and these:"));
        }
        page.text(&about);
        for Field {
            name,
            of,
            optional,
            about,
        } in shape.fields
        {
            let name = if *optional {
                format!("[{name}]")
            } else {
                (*name).to_owned()
            };
            page.field(&name, &worded(*of), about);
        }
    }
    page.section("SEE ALSO");
    page.text("mchat(1)");
    page.finish()
}

fn worded(of: Type) -> String {
    match of {
        Type::Text => "text".to_owned(),
        Type::Id => "id".to_owned(),
        Type::Number => "number".to_owned(),
        Type::Time => "time".to_owned(),
        Type::Flag => "true or false".to_owned(),
        Type::Word(words) => words
            .iter()
            .map(|word| format!("\"{word}\""))
            .collect::<Vec<_>>()
            .join(", "),
        Type::Shape(name) => name.to_owned(),
        Type::List(of) => format!("array of {}", worded(*of)),
        Type::Null(of) => format!("{}, or null", worded(*of)),
    }
}

fn daemon() -> String {
    let mut page = Page::new("messengerd.toml", 5, &source(), "settings of messengerd");
    page.section("DESCRIPTION");
    page.text(
        "messengerd reads the file that --config or MESSENGERD_CONFIG names, a TOML file. Every \
         setting may be absent. Flags go before variables, variables before this file. What \
         follows is the commented example that messengerd config example prints; it shows the \
         defaults. messengerd config check says what is wrong with a file.",
    );
    page.section("SETTINGS");
    page.verbatim(messengerd::config::EXAMPLE);
    page.section("VARIABLES");
    page.text(
        "The same as variables of the environment or in a file .env of the working directory, as \
         messengerd config example --env prints it:",
    );
    page.verbatim(messengerd::config::ENV_EXAMPLE);
    page.section("SEE ALSO");
    page.text("messengerd(1)");
    page.finish()
}
