//! The command-line form of what the screen can do: beside its table of
//! actions, for the manual. Tests see to it that neither side lacks one.

/// An action of the screen, by name, and the command that does the same.
pub const FORMS: &[(&str, &str)] = &[
    ("help", "mchat --help"),
    ("new", "mchat new [--group NAME] @user…"),
    ("open", "mchat history @user|CHAT"),
    ("unread", "mchat unread"),
    ("reply", "mchat reply @user|CHAT MESSAGE TEXT|-"),
    ("edit", "mchat edit @user|CHAT MESSAGE TEXT|-"),
    ("delete", "mchat delete @user|CHAT MESSAGE"),
    ("react", "mchat react @user|CHAT MESSAGE EMOJI"),
    ("forward", "mchat forward @user|CHAT MESSAGE @user|CHAT"),
    ("pin", "mchat pin @user|CHAT MESSAGE"),
    ("pins", "mchat pins @user|CHAT"),
    ("reactions", "mchat show @user|CHAT MESSAGE"),
    ("receipts", "mchat show @user|CHAT MESSAGE"),
    ("history", "mchat show @user|CHAT MESSAGE"),
    ("original", "mchat show @user|CHAT MESSAGE"),
    ("search", "mchat search TEXT"),
    ("search-all", "mchat search TEXT"),
    ("members", "mchat members list CHAT"),
    ("add", "mchat members add CHAT @user…"),
    ("remove", "mchat members remove CHAT @user…"),
    ("role", "mchat members role CHAT @user ROLE"),
    ("silence", "mchat members mute CHAT @user"),
    ("unsilence", "mchat members unmute CHAT @user"),
    ("ban", "mchat members ban CHAT @user"),
    ("unban", "mchat members unban CHAT @user"),
    ("banned", "mchat members banned CHAT"),
    ("rename", "mchat rename CHAT NAME"),
    ("describe", "mchat describe CHAT TEXT"),
    ("chat-settings", "mchat chat set CHAT"),
    ("notify", "mchat chat set CHAT --notify LEVEL"),
    ("mute", "mchat chat set CHAT --mute DURATION"),
    ("unmute", "mchat chat set CHAT --unmute"),
    ("hide", "mchat chat set CHAT --hide"),
    ("leave", "mchat leave CHAT"),
    ("delete-chat", "mchat delete-chat CHAT"),
    ("invite", "mchat invite create CHAT"),
    ("invites", "mchat invite list CHAT"),
    ("join", "mchat join LINK"),
    ("directory", "mchat directory [TEXT]"),
    ("new-public", "mchat new --public NAME"),
    ("message", "mchat send @user TEXT|-"),
    ("notes", "mchat send @yourself TEXT|-"),
    ("contacts", "mchat contacts list"),
    ("people", "mchat users search TEXT"),
    ("add-contact", "mchat contacts add @user"),
    ("nickname", "mchat contacts rename @user [NAME]"),
    ("remove-contact", "mchat contacts remove @user"),
    ("block", "mchat contacts block @user"),
    ("unblock", "mchat contacts unblock @user"),
    ("profile", "mchat profile show"),
    ("status", "mchat status WORD [--text TEXT] [--for DURATION]"),
    ("read-receipts", "mchat profile set --receipts on|off"),
    ("sessions", "mchat sessions list"),
    ("passwd", "mchat passwd"),
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
    "message-menu",
    "member-menu",
    "chat-menu",
    "jump-back",
    "next-hit",
    "previous-hit",
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
