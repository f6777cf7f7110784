//! The generated part of the README: what the screen and the command line can
//! do, side by side.

use mchat::app::action::{self, ACTIONS, Entry};
use mchat::cli::actions;
use proto::catalog::Lang;

const BEGIN: &str = "<!-- actions: made by `make man` -->\n";
const END: &str = "<!-- end of actions -->\n";

/// The README with the table as it has to be; as it is where it has no place
/// for one.
pub(super) fn current(readme: &str) -> String {
    match (readme.split_once(BEGIN), readme.split_once(END)) {
        (Some((before, _)), Some((_, after))) => {
            format!("{before}{BEGIN}{}{END}{after}", table())
        }
        _ => readme.to_owned(),
    }
}

fn table() -> String {
    let mut table = String::from("| action | key | command | command line |\n|---|---|---|---|\n");
    for entry in action::commands() {
        let Some(form) = actions::form(entry.name) else {
            continue;
        };
        table.push_str(&format!(
            "| {} | {} | {} | {} |\n",
            cell(entry.help.get(Lang::En)),
            key(entry),
            code(&entry.usage()),
            if form.starts_with("mchat ") {
                code(form)
            } else {
                cell(form)
            },
        ));
    }
    table
}

/// The first key wherever the action has one; every command is in the palette.
fn key(entry: &Entry) -> String {
    ACTIONS
        .iter()
        .filter(|other| other.action == entry.action)
        .find_map(|other| other.plain.first())
        .map_or_else(
            || format!("{}, {}", code("C-p"), entry.name),
            |key| code(key),
        )
}

fn code(text: &str) -> String {
    format!("`{}`", cell(text))
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
