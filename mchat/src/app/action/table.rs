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

/// A person and, where they are to be called otherwise, how.
const NICKNAME: Form = Form::Command {
    params: &[Param::Person, Param::Text],
    needed: 1,
};

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
        Action::EditMessage, "edit", may_take(&[Param::Text]), ["A-e"], HelpEditMessage;
        Action::Search, "search", may_take(&[Param::Text]), ["C-s"], HelpSearch;
        Action::SearchAll, "search-all", may_take(&[Param::Text]), ["A-s"], HelpSearchAll;
        Action::JumpBack, "jump-back", CMD, ["A-o"], HelpJumpBack;
        Action::ChatMenu, "chat-menu", CMD, ["A-c", "F4"], HelpChatMenu;
        Action::Members, "members", CMD, ["A-g", "F6"], HelpMembers;
        Action::Contacts, "contacts", CMD, ["A-r", "F7"], HelpContacts;
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
        Action::FindPeople, "people", may_take(&[Param::Text]), ["f"], HelpFindPeople;
        Action::Directory, "directory", may_take(&[Param::Text]), ["d"], HelpDirectory;
        Action::Join, "join", may_take(&[Param::Text]), ["J"], HelpJoin;
        Action::NewPublic, "new-public", may_take(&[Param::Text]), ["N"], HelpNewPublic;
        Action::Notes, "notes", CMD, ["o"], HelpNotes;
        Action::Message, "message", takes(&[Param::Person]), ["w"], HelpMessage;
        Action::Pins, "pins", CMD, ["p"], HelpPins;
        Action::NotifyLevel, "notify", may_take(&[Param::OneOf(&["all", "mentions", "none"])]), ["e"], HelpNotifyLevel;
        Action::MuteChat, "mute", may_take(&[Param::Duration]), ["m"], HelpMuteChat;
        Action::UnmuteChat, "unmute", CMD, ["M"], HelpUnmuteChat;
        Action::HideChat, "hide", CMD, ["H"], HelpHideChat;
        Action::Invite, "invite", may_take(&[Param::Duration, Param::Number]), ["v"], HelpInvite;
        Action::Invites, "invites", CMD, ["V"], HelpInvites;
        Action::Rename, "rename", may_take(&[Param::Text]), ["R"], HelpRename;
        Action::Describe, "describe", may_take(&[Param::Text]), ["D"], HelpDescribe;
        Action::ChatSettings, "chat-settings", CMD, ["S"], HelpChatSettings;
        Action::Leave, "leave", CMD, ["L"], HelpLeave;
        Action::DeleteChat, "delete-chat", CMD, ["X"], HelpDeleteChat;
        Action::AddContact, "add-contact", takes(&[Param::Person]), ["a"] vim ["A"], HelpAddContact;
        Action::Nickname, "nickname", NICKNAME, ["c"], HelpNickname;
        Action::RemoveContact, "remove-contact", takes(&[Param::Person]), ["x"], HelpRemoveContact;
        Action::Block, "block", takes(&[Param::Person]), ["b"], HelpBlock;
        Action::Unblock, "unblock", takes(&[Param::Person]), ["B"], HelpUnblock;
        Action::Profile, "profile", may_take(&[Param::Person]), ["P"], HelpProfile;
        Action::Status, "status", may_take(&[Param::OneOf(&["online", "away", "busy", "invisible"]), Param::Text]), ["s"], HelpStatus;
        Action::ReadReceipts, "read-receipts", takes(&[Param::OneOf(&["on", "off"])]), ["r"], HelpReadReceipts;
        Action::Sessions, "sessions", CMD, ["z"], HelpSessions;
        Action::Password, "passwd", CMD, ["W"], HelpPassword;
        Action::CommandLine, "command-line", KEY, [":"], HelpCommandLine;
        Action::Help, "help", CMD, ["?"], HelpHelp;
    }
    Timeline {
        Action::Previous, "move-up", KEY, ["Up", "k"], HelpMessageUp;
        Action::Next, "move-down", KEY, ["Down", "j"], HelpMessageDown;
        Action::First, "first", KEY, ["Home", "g"] vim ["g g", "Home"], HelpFirst;
        Action::Last, "last", KEY, ["End", "G"] vim ["G", "End"], HelpLast;
        Action::MessageMenu, "message-menu", CMD, ["Enter"], HelpMessageMenu;
        Action::Reply, "reply", CMD, ["r"], HelpReply;
        Action::EditMessage, "edit", may_take(&[Param::Text]), ["e"], HelpEditMessage;
        Action::DeleteMessage, "delete", CMD, ["d", "Delete"] vim ["d d", "Delete"], HelpDeleteMessage;
        Action::React, "react", may_take(&[Param::Emoji]), ["+"], HelpReact;
        Action::Forward, "forward", may_take(&[Param::Chat]), ["f"], HelpForward;
        Action::Pin, "pin", CMD, ["p"], HelpPin;
        Action::WhoReacted, "reactions", CMD, ["w"], HelpWhoReacted;
        Action::WhoRead, "receipts", CMD, ["s"], HelpWhoRead;
        Action::EditHistory, "history", CMD, ["E"], HelpEditHistory;
        Action::JumpToOriginal, "original", CMD, ["t"] vim ["g d", "t"], HelpJumpToOriginal;
        Action::JumpBack, "jump-back", CMD, ["T"], HelpJumpBack;
        Action::Search, "search", may_take(&[Param::Text]), ["/"], HelpSearch;
        Action::NextHit, "next-hit", CMD, ["."] vim ["n"], HelpNextHit;
        Action::PreviousHit, "previous-hit", CMD, [","] vim ["N"], HelpPreviousHit;
        Action::Copy, "copy", CMD, ["c", "y"] vim ["y y"], HelpCopy;
        Action::OpenLink, "open-link", CMD, ["o"], HelpOpenLink;
        Action::ShowRaw, "raw", CMD, ["v"], HelpShowRaw;
        Action::Reveal, "reveal", CMD, ["Space"], HelpReveal;
        Action::NextUnread, "unread", CMD, ["n"] vim ["u"], HelpNextUnread;
        Action::Compose, "compose", CMD, ["Esc", "i"] vim ["i", "a"], HelpCompose;
        Action::GoToList, "list", CMD, ["Left", "h"], HelpGoToList;
        Action::CommandLine, "command-line", KEY, [":"], HelpCommandLine;
        Action::Help, "help", CMD, ["?"], HelpHelp;
    }
    Members {
        Action::Previous, "move-up", KEY, ["Up", "k"], HelpListUp;
        Action::Next, "move-down", KEY, ["Down", "j"], HelpListDown;
        Action::First, "first", KEY, ["Home", "g"] vim ["g g", "Home"], HelpFirst;
        Action::Last, "last", KEY, ["End", "G"] vim ["G", "End"], HelpLast;
        Action::MemberMenu, "member-menu", CMD, ["Enter"], HelpMemberMenu;
        Action::AddMember, "add", may_take(&[Param::Person]), ["a"], HelpAddMember;
        Action::RemoveMember, "remove", may_take(&[Param::Person]), ["x"], HelpRemoveMember;
        Action::SetRole, "role", may_take(&[Param::Person, Param::OneOf(&["admin", "moderator", "member"])]), ["r"], HelpSetRole;
        Action::SilenceMember, "silence", may_take(&[Param::Person, Param::Duration]), ["m"], HelpSilenceMember;
        Action::UnsilenceMember, "unsilence", may_take(&[Param::Person]), ["u"], HelpUnsilenceMember;
        Action::BanMember, "ban", may_take(&[Param::Person]), ["b"], HelpBanMember;
        Action::UnbanMember, "unban", takes(&[Param::Person]), ["B"], HelpUnbanMember;
        Action::Banned, "banned", CMD, ["L"], HelpBanned;
        Action::Compose, "compose", CMD, ["Esc", "i"], HelpCompose;
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
