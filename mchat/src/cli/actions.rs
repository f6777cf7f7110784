//! The command-line form of what the screen can do: beside its table of
//! actions, for the manual. Tests see to it that neither side lacks one.

/// An action of the screen, by name, and the command that does the same.
pub const FORMS: &[(&str, &str)] = &[
    ("help", "mchat --help"),
    ("new", "mchat new [--group NAME] @user…"),
    ("open", "mchat history @user|CHAT"),
    ("unread", "mchat unread"),
    ("reply", "mchat reply @user|CHAT MESSAGE TEXT|-"),
    ("raw", "mchat show @user|CHAT MESSAGE --raw"),
    ("retry", "mchat sync"),
    ("logout", "mchat logout"),
    ("set", "config.toml, see mchat-config(5)"),
];

/// Commands of the screen that are about the screen alone.
pub const SCREEN: &[&str] = &[
    "quit",
    "suspend",
    "redraw",
    "open-palette",
    "next",
    "previous",
    "focus",
    "focus-back",
    "first-unread",
    "end",
    "discard",
    "reconnect",
    "list",
    "compose",
    "filter",
    "select-message",
    "edit-in-editor",
    "cancel-reply",
    "copy",
    "open-link",
    "reveal",
];

/// Commands for scripts, which the screen does in other ways or not at all.
pub const SCRIPTS: &[&str] = &[
    "register", "login", "whoami", "history", "watch", "wait-for", "hook run", "export", "unread",
    "sync", "chats",
];

/// The command-line form of an action.
pub fn form(action: &str) -> Option<&'static str> {
    FORMS
        .iter()
        .find(|(name, _)| *name == action)
        .map(|(_, form)| *form)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::app::action;
    use crate::cli::schema::VERBS;

    #[test]
    fn every_command_of_the_screen_has_a_form_on_the_command_line() {
        for entry in action::commands() {
            let alone = SCREEN.contains(&entry.name);
            assert!(
                form(entry.name).is_some() != alone,
                "{} is to be in FORMS or in SCREEN",
                entry.name
            );
        }
    }

    #[test]
    fn forms_are_commands_that_exist() {
        for (action, form) in FORMS {
            let Some(words) = form.strip_prefix("mchat ") else {
                continue;
            };
            let known = words.starts_with("--")
                || VERBS.iter().any(|prints| {
                    words == prints.verb || words.starts_with(&format!("{} ", prints.verb))
                });
            assert!(known, "{action}: {form}");
        }
    }
}
