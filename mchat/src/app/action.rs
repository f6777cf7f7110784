//! The one table of actions. Key map, command palette and help read it.

use proto::catalog::Text;

use super::edit::Edit;
use super::key::Key;

/// What a person can ask for with a key or a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Leave the program.
    Quit,
    /// Show all keys and commands.
    Help,
    /// Choose a command by name.
    Palette,
    /// Stop the program until the shell brings it back.
    Suspend,
    /// Draw the whole screen anew.
    Redraw,
    /// Start a chat or a group.
    NewChat,
    /// Open the next chat of the list.
    NextChat,
    /// Open the previous chat of the list.
    PreviousChat,
    /// Open the next chat that has unread messages.
    NextUnread,
    /// Move between chat list and composer.
    SwitchFocus,
    /// Scroll a page up.
    PageUp,
    /// Scroll a page down.
    PageDown,
    /// Scroll a line up.
    LineUp,
    /// Scroll a line down.
    LineDown,
    /// Go to the first unread message.
    FirstUnread,
    /// Go to the end.
    ToEnd,
    /// Send the failed messages of this chat again.
    Retry,
    /// Give the first failed message of this chat up.
    Discard,
    /// Connect now instead of waiting.
    Reconnect,
    /// Sign out on this device.
    Logout,
    /// Send what is written.
    Send,
    /// Begin a new line.
    NewLine,
    /// One line up, in the text or the timeline.
    Up,
    /// One line down, in the text or the timeline.
    Down,
    /// Change the text.
    Edit(Edit),
    /// Take the selected line.
    Confirm,
    /// Close or go back.
    Cancel,
    /// Next field or line.
    Next,
    /// Previous field or line.
    Previous,
    /// Mark or unmark the selected person.
    Mark,
    /// Sign in instead of registering, or the other way round.
    SwitchMode,
}

/// Where an action's keys apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Everywhere.
    Always,
    /// Where the chats are.
    Main,
    /// In the composer.
    Composer,
    /// In the chat list.
    List,
    /// In every text.
    Text,
    /// In dialogs and forms.
    Dialog,
    /// In the dialog for a new chat.
    People,
    /// Where one signs in.
    Sign,
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// What it does.
    pub action: Action,
    /// Its name in the palette; empty where a command makes no sense.
    pub command: &'static str,
    /// Its keys, the one to show first.
    pub keys: &'static [&'static str],
    /// What it does, in words.
    pub help: Text,
    /// Where the keys apply.
    pub scope: Scope,
}

macro_rules! actions {
    ($($scope:ident { $($action:expr, $command:literal, [$($key:literal),*], $help:ident;)* })*) => {
        &[$($(Entry {
            action: $action,
            command: $command,
            keys: &[$($key),*],
            help: Text::$help,
            scope: Scope::$scope,
        },)*)*]
    };
}

/// Every action.
pub const ACTIONS: &[Entry] = actions! {
    Always {
        Action::Help, "help", ["F1"], HelpHelp;
        Action::Quit, "quit", ["C-q", "C-c"], HelpQuit;
        Action::Suspend, "suspend", ["C-z"], HelpSuspend;
        Action::Redraw, "redraw", ["C-l"], HelpRedraw;
    }
    Main {
        Action::Palette, "commands", ["C-p", "F2"], HelpPalette;
        Action::NewChat, "new", ["C-n"], HelpNewChat;
        Action::NextChat, "next", ["A-Down", "C-Down"], HelpNextChat;
        Action::PreviousChat, "previous", ["A-Up", "C-Up"], HelpPreviousChat;
        Action::NextUnread, "unread", ["A-n"], HelpNextUnread;
        Action::SwitchFocus, "focus", ["Tab", "BackTab"], HelpSwitchFocus;
        Action::PageUp, "", ["PageUp"], HelpPageUp;
        Action::PageDown, "", ["PageDown"], HelpPageDown;
        Action::LineUp, "", ["S-Up"], HelpLineUp;
        Action::LineDown, "", ["S-Down"], HelpLineDown;
        Action::FirstUnread, "first-unread", ["A-u"], HelpFirstUnread;
        Action::ToEnd, "end", ["Esc", "C-End", "A-End"], HelpToEnd;
        Action::Retry, "retry", ["C-r"], HelpRetry;
        Action::Discard, "discard", ["C-x"], HelpDiscard;
        Action::Reconnect, "reconnect", ["F5"], HelpReconnect;
        Action::Logout, "logout", [], HelpLogout;
    }
    Composer {
        Action::Send, "", ["Enter"], HelpSend;
        Action::NewLine, "", ["A-Enter", "C-j", "S-Enter"], HelpNewLine;
        Action::Up, "", ["Up"], HelpUp;
        Action::Down, "", ["Down"], HelpDown;
    }
    List {
        Action::Confirm, "", ["Enter", "Right"], HelpOpen;
        Action::Previous, "", ["Up", "k"], HelpListUp;
        Action::Next, "", ["Down", "j"], HelpListDown;
        Action::Palette, "", [":"], HelpPalette;
        Action::Help, "", ["?"], HelpHelp;
    }
    Text {
        Action::Edit(Edit::Left), "", ["Left", "C-b"], HelpLeft;
        Action::Edit(Edit::Right), "", ["Right", "C-f"], HelpRight;
        Action::Edit(Edit::WordLeft), "", ["C-Left", "A-Left", "A-b"], HelpWordLeft;
        Action::Edit(Edit::WordRight), "", ["C-Right", "A-Right", "A-f"], HelpWordRight;
        Action::Edit(Edit::Home), "", ["Home", "C-a"], HelpHome;
        Action::Edit(Edit::End), "", ["End", "C-e"], HelpEnd;
        Action::Edit(Edit::Backspace), "", ["Backspace", "C-h", "S-Backspace"], HelpBackspace;
        Action::Edit(Edit::Delete), "", ["Delete", "C-d"], HelpDelete;
        Action::Edit(Edit::KillWordLeft), "", ["C-w", "A-Backspace", "C-Backspace"], HelpKillWordLeft;
        Action::Edit(Edit::KillWordRight), "", ["A-d", "C-Delete"], HelpKillWordRight;
        Action::Edit(Edit::KillToHome), "", ["C-u"], HelpKillToHome;
        Action::Edit(Edit::KillToEnd), "", ["C-k"], HelpKillToEnd;
        Action::Edit(Edit::Yank), "", ["C-y"], HelpYank;
        Action::Edit(Edit::Undo), "", ["A-z", "C-_", "C-7", "C-/"], HelpUndo;
    }
    Dialog {
        Action::Confirm, "", ["Enter"], HelpConfirm;
        Action::Cancel, "", ["Esc"], HelpCancel;
        Action::Next, "", ["Down", "Tab"], HelpNext;
        Action::Previous, "", ["Up", "BackTab"], HelpPrevious;
        Action::PageUp, "", ["PageUp"], HelpPageUp;
        Action::PageDown, "", ["PageDown"], HelpPageDown;
    }
    People {
        Action::Mark, "", ["Tab"], HelpMark;
    }
    Sign {
        Action::SwitchMode, "", ["C-t"], HelpSwitchMode;
    }
};

/// The action of a key, the first of the scopes deciding.
pub fn find(key: Key, scopes: &[Scope]) -> Option<Action> {
    let key = key.binding();
    scopes.iter().find_map(|scope| {
        ACTIONS
            .iter()
            .filter(|entry| entry.scope == *scope)
            .find(|entry| {
                entry
                    .keys
                    .iter()
                    .any(|spec| Key::parse(spec).is_some_and(|bound| bound == key))
            })
            .map(|entry| entry.action)
    })
}

/// The first key of an action, as shown; empty where it has none.
pub fn shown_key(action: Action) -> String {
    ACTIONS
        .iter()
        .filter(|entry| entry.action == action)
        .find_map(|entry| entry.keys.first())
        .and_then(|spec| Key::parse(spec))
        .map(|key| key.to_string())
        .unwrap_or_default()
}

/// The actions that have a name, for the palette.
pub fn commands() -> impl Iterator<Item = &'static Entry> {
    ACTIONS.iter().filter(|entry| !entry.command.is_empty())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn every_key_is_written_rightly_and_bound_once_where_it_applies() {
        let together: &[&[Scope]] = &[
            &[Scope::Always, Scope::Main, Scope::Composer, Scope::Text],
            &[Scope::Always, Scope::Main, Scope::List],
            &[Scope::Always, Scope::Dialog, Scope::Sign, Scope::Text],
            &[Scope::Always, Scope::People, Scope::Text],
        ];
        for scopes in together {
            let mut bound = HashMap::new();
            for entry in ACTIONS.iter().filter(|entry| scopes.contains(&entry.scope)) {
                for spec in entry.keys {
                    let key = Key::parse(spec).unwrap();
                    assert_eq!(key, key.binding(), "{spec} is not what a key press gives");
                    let other = bound.insert(key, entry.action);
                    assert_eq!(other, None, "{spec} in {scopes:?}");
                }
            }
        }
    }

    #[test]
    fn every_command_has_one_name() {
        let mut names = HashMap::new();
        for entry in commands() {
            assert_eq!(names.insert(entry.command, entry.action), None);
        }
        assert!(names.len() >= 15);
    }

    #[test]
    fn keys_work_with_the_russian_layout() {
        let scopes = [Scope::Always, Scope::Main, Scope::List];
        for (typed, action) in [
            ("C-й", Action::Quit),
            ("C-т", Action::NewChat),
            ("A-т", Action::NextUnread),
            ("A-Г", Action::FirstUnread),
            ("Ж", Action::Palette),
            ("о", Action::Next),
        ] {
            assert_eq!(
                find(Key::parse(typed).unwrap(), &scopes),
                Some(action),
                "{typed}"
            );
        }
    }
}
