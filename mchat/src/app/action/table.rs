//! The table itself.

use proto::catalog::Text;

use super::{Action, Entry, Form, Param, Scope};
use crate::app::edit::Edit;

/// Only by key.
const KEY: Form = Form::Key;
/// A command without arguments.
const CMD: Form = Form::Command {
    params: &[],
    needed: 0,
};

/// A command with arguments that all must be there.
const fn takes(params: &'static [Param]) -> Form {
    Form::Command {
        params,
        needed: params.len(),
    }
}

/// A command with arguments that may be left out.
const fn may_take(params: &'static [Param]) -> Form {
    Form::Command { params, needed: 0 }
}

/// The keys of the preset `vim`: as by default where none are given.
macro_rules! vim {
    ([$($key:literal),*]) => { &[$($key),*] };
    ([$($key:literal),*] [$($vim:literal),*]) => { &[$($vim),*] };
}

macro_rules! actions {
    ($($scope:ident {
        $($action:expr, $name:literal, $form:expr, [$($key:literal),*]
            $(vim [$($vim:literal),*])?, $help:ident;)*
    })*) => {
        &[$($(Entry {
            action: $action,
            name: $name,
            form: $form,
            plain: &[$($key),*],
            vim: vim!([$($key),*] $([$($vim),*])?),
            help: Text::$help,
            scope: Scope::$scope,
        },)*)*]
    };
}

/// Every action.
pub const ACTIONS: &[Entry] = actions! {
    Always {
        Action::Help, "help", CMD, ["F1"], HelpHelp;
        Action::Quit, "quit", CMD, ["C-q", "C-c"], HelpQuit;
        Action::Suspend, "suspend", CMD, ["C-z"], HelpSuspend;
        Action::Redraw, "redraw", CMD, ["C-l"], HelpRedraw;
    }
    Main {
        Action::Palette, "open-palette", CMD, ["C-p", "F2"], HelpPalette;
        Action::CommandLine, "command-line", KEY, ["A-x", "F3"], HelpCommandLine;
        Action::Set, "set", may_take(&[Param::Setting, Param::Value]), [], HelpSet;
        Action::NewChat, "new", CMD, ["C-n"], HelpNewChat;
        Action::OpenChat, "open", takes(&[Param::Chat]), [], HelpOpenChat;
        Action::NextChat, "next", CMD, ["A-Down", "C-Down"], HelpNextChat;
        Action::PreviousChat, "previous", CMD, ["A-Up", "C-Up"], HelpPreviousChat;
        Action::NextUnread, "unread", CMD, ["A-n"], HelpNextUnread;
        Action::SelectMessage, "select-message", CMD, ["A-m"], HelpSelectMessage;
        Action::EditInEditor, "edit-in-editor", CMD, ["C-g"], HelpEditInEditor;
        Action::CancelReply, "cancel-reply", CMD, [], HelpCancelReply;
        Action::SwitchFocus, "focus", CMD, ["Tab"], HelpSwitchFocus;
        Action::SwitchFocusBack, "focus-back", CMD, ["BackTab"], HelpSwitchFocusBack;
        Action::PageUp, "page-up", KEY, ["PageUp"] vim ["PageUp", "A-u"], HelpPageUp;
        Action::PageDown, "page-down", KEY, ["PageDown"] vim ["PageDown", "A-d"], HelpPageDown;
        Action::LineUp, "scroll-up", KEY, ["S-Up"], HelpLineUp;
        Action::LineDown, "scroll-down", KEY, ["S-Down"], HelpLineDown;
        Action::FirstUnread, "first-unread", CMD, ["A-u"] vim [], HelpFirstUnread;
        Action::ToEnd, "end", CMD, ["C-End", "A-End"], HelpToEnd;
        Action::Retry, "retry", CMD, ["C-r"], HelpRetry;
        Action::Discard, "discard", CMD, ["C-x"], HelpDiscard;
        Action::Reconnect, "reconnect", CMD, ["F5"], HelpReconnect;
        Action::Logout, "logout", CMD, [], HelpLogout;
    }
    Composer {
        Action::Send, "send", KEY, ["Enter"], HelpSend;
        Action::NewLine, "new-line", KEY, ["A-Enter", "C-j", "S-Enter"], HelpNewLine;
        Action::Up, "up", KEY, ["Up"], HelpUp;
        Action::Down, "down", KEY, ["Down"], HelpDown;
        Action::ToEnd, "end", CMD, ["Esc"] vim [], HelpToEnd;
        Action::GoToList, "list", CMD, ["A-l"], HelpGoToList;
        Action::SelectMessage, "select-message", CMD, [] vim ["Esc"], HelpSelectMessage;
    }
    Completion {
        Action::Complete, "complete", KEY, ["Tab"], HelpComplete;
        Action::Next, "move-down", KEY, ["Down"], HelpNext;
        Action::Previous, "move-up", KEY, ["Up"], HelpPrevious;
        Action::Cancel, "cancel", KEY, ["Esc"], HelpCancel;
    }
    List {
        Action::Confirm, "confirm", KEY, ["Enter", "Right"] vim ["Enter", "l", "Right"], HelpOpen;
        Action::Previous, "move-up", KEY, ["Up", "k"], HelpListUp;
        Action::Next, "move-down", KEY, ["Down", "j"], HelpListDown;
        Action::First, "first", KEY, ["Home", "g"] vim ["g g", "Home"], HelpFirst;
        Action::Last, "last", KEY, ["End", "G"] vim ["G", "End"], HelpLast;
        Action::NextUnread, "unread", CMD, ["n"], HelpNextUnread;
        Action::Compose, "compose", CMD, ["i"] vim ["i", "a"], HelpCompose;
        Action::Filter, "filter", CMD, ["/"], HelpFilter;
        Action::CommandLine, "command-line", KEY, [":"], HelpCommandLine;
        Action::Help, "help", CMD, ["?"], HelpHelp;
    }
    Timeline {
        Action::Previous, "move-up", KEY, ["Up", "k"], HelpMessageUp;
        Action::Next, "move-down", KEY, ["Down", "j"], HelpMessageDown;
        Action::First, "first", KEY, ["Home", "g"] vim ["g g", "Home"], HelpFirst;
        Action::Last, "last", KEY, ["End", "G"] vim ["G", "End"], HelpLast;
        Action::Reply, "reply", CMD, ["r"], HelpReply;
        Action::Copy, "copy", CMD, ["c", "y"] vim ["y y"], HelpCopy;
        Action::OpenLink, "open-link", CMD, ["o"], HelpOpenLink;
        Action::ShowRaw, "raw", CMD, ["v"], HelpShowRaw;
        Action::Reveal, "reveal", CMD, ["Space"], HelpReveal;
        Action::NextUnread, "unread", CMD, ["n"], HelpNextUnread;
        Action::Compose, "compose", CMD, ["Esc", "i"] vim ["i", "a"], HelpCompose;
        Action::GoToList, "list", CMD, ["Left", "h"], HelpGoToList;
        Action::CommandLine, "command-line", KEY, [":"], HelpCommandLine;
        Action::Help, "help", CMD, ["?"], HelpHelp;
    }
    Text {
        Action::Edit(Edit::Left), "left", KEY, ["Left", "C-b"], HelpLeft;
        Action::Edit(Edit::Right), "right", KEY, ["Right", "C-f"], HelpRight;
        Action::Edit(Edit::WordLeft), "word-left", KEY, ["C-Left", "A-Left", "A-b"], HelpWordLeft;
        Action::Edit(Edit::WordRight), "word-right", KEY, ["C-Right", "A-Right", "A-f"], HelpWordRight;
        Action::Edit(Edit::Home), "line-start", KEY, ["Home", "C-a"], HelpHome;
        Action::Edit(Edit::End), "line-end", KEY, ["End", "C-e"], HelpEnd;
        Action::Edit(Edit::Backspace), "erase-left", KEY, ["Backspace", "C-h", "S-Backspace"], HelpBackspace;
        Action::Edit(Edit::Delete), "erase-right", KEY, ["Delete", "C-d"], HelpDelete;
        Action::Edit(Edit::KillWordLeft), "erase-word-left", KEY, ["C-w", "A-Backspace", "C-Backspace"], HelpKillWordLeft;
        Action::Edit(Edit::KillWordRight), "erase-word-right", KEY, ["A-d", "C-Delete"] vim ["C-Delete"], HelpKillWordRight;
        Action::Edit(Edit::KillToHome), "erase-to-start", KEY, ["C-u"], HelpKillToHome;
        Action::Edit(Edit::KillToEnd), "erase-to-end", KEY, ["C-k"], HelpKillToEnd;
        Action::Edit(Edit::Yank), "put-back", KEY, ["C-y"], HelpYank;
        Action::Edit(Edit::Undo), "undo", KEY, ["A-z", "C-_", "C-7", "C-/"], HelpUndo;
    }
    Dialog {
        Action::Confirm, "confirm", KEY, ["Enter"], HelpConfirm;
        Action::Cancel, "cancel", KEY, ["Esc"], HelpCancel;
        Action::Next, "move-down", KEY, ["Down", "Tab"], HelpNext;
        Action::Previous, "move-up", KEY, ["Up", "BackTab"], HelpPrevious;
        Action::PageUp, "page-up", KEY, ["PageUp"], HelpPageUp;
        Action::PageDown, "page-down", KEY, ["PageDown"], HelpPageDown;
    }
    Command {
        Action::Complete, "complete", KEY, ["Tab"], HelpComplete;
        Action::CompleteBack, "complete-back", KEY, ["BackTab"], HelpCompleteBack;
    }
    People {
        Action::Mark, "mark", KEY, ["Tab"], HelpMark;
    }
    Sign {
        Action::SwitchMode, "switch-mode", KEY, ["C-t"], HelpSwitchMode;
    }
};
