//! The one table of actions. Key map, palette, command line and help read it:
//! whoever adds an action adds a line to [`ACTIONS`] and says in `update` what
//! it does.

mod table;

use proto::catalog::Text;

use super::edit::Edit;

pub use self::table::ACTIONS;

/// What a person can ask for with a key or a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Leave the program.
    Quit,
    /// Show all keys and commands.
    Help,
    /// Choose a command by name.
    Palette,
    /// Write a command.
    CommandLine,
    /// Show or change a setting.
    Set,
    /// Stop the program until the shell brings it back.
    Suspend,
    /// Draw the whole screen anew.
    Redraw,
    /// Start a chat or a group.
    NewChat,
    /// Open a chat by name.
    OpenChat,
    /// Open the next chat of the list.
    NextChat,
    /// Open the previous chat of the list.
    PreviousChat,
    /// Open the next chat that has unread messages.
    NextUnread,
    /// On to the next pane.
    SwitchFocus,
    /// Back to the pane before.
    SwitchFocusBack,
    /// To the timeline, where a message is selected.
    SelectMessage,
    /// Narrow the chat list down.
    Filter,
    /// Put the text of the selected message into the clipboard.
    Copy,
    /// Open the link of the selected message.
    OpenLink,
    /// Show the selected message as it was typed.
    ShowRaw,
    /// Show what is hidden in the selected message.
    Reveal,
    /// Answer the selected message.
    Reply,
    /// Answer none, or change none.
    CancelReply,
    /// Show what can be done with the selected message.
    MessageMenu,
    /// Change the text of a message.
    EditMessage,
    /// Delete the selected message.
    DeleteMessage,
    /// React to the selected message.
    React,
    /// Forward the selected message.
    Forward,
    /// Pin the selected message, or take the pin away.
    Pin,
    /// Show who reacted to the selected message.
    WhoReacted,
    /// Show who received and read the selected message.
    WhoRead,
    /// Show the texts that the selected message had.
    EditHistory,
    /// Go to the message that the selected one answers.
    JumpToOriginal,
    /// Go back to where the last jump began.
    JumpBack,
    /// Find messages of this chat.
    Search,
    /// Find messages of all chats.
    SearchAll,
    /// Go to the next message that was found.
    NextHit,
    /// Go to the previous message that was found.
    PreviousHit,
    /// Show what can be done with the chat.
    ChatMenu,
    /// Show the pinned messages.
    Pins,
    /// Change the chat's name.
    Rename,
    /// Change what the chat is about.
    Describe,
    /// Change what members may do.
    ChatSettings,
    /// Leave the chat.
    Leave,
    /// Delete the chat for everybody.
    DeleteChat,
    /// Choose what of the chat to be told of.
    NotifyLevel,
    /// Be told nothing of the chat for a while.
    MuteChat,
    /// Be told of the chat again.
    UnmuteChat,
    /// Take the chat out of the list.
    HideChat,
    /// List the chat's invite links.
    Invites,
    /// Make an invite link.
    Invite,
    /// Join a chat by an invite link.
    Join,
    /// Find public chats.
    Directory,
    /// Make a public chat.
    NewPublic,
    /// Show the members, or no longer.
    Members,
    /// Show what can be done with the selected member.
    MemberMenu,
    /// Add somebody to the chat.
    AddMember,
    /// Remove a member.
    RemoveMember,
    /// Give a member a role.
    SetRole,
    /// Keep a member from writing.
    SilenceMember,
    /// Let a member write again.
    UnsilenceMember,
    /// Keep somebody out of the chat.
    BanMember,
    /// Let somebody come back.
    UnbanMember,
    /// List who is banned.
    Banned,
    /// Show the contacts.
    Contacts,
    /// Find people.
    FindPeople,
    /// Ask somebody to be a contact, or accept their asking.
    AddContact,
    /// Call a contact otherwise.
    Nickname,
    /// Take somebody off the contacts.
    RemoveContact,
    /// Block somebody.
    Block,
    /// Unblock somebody.
    Unblock,
    /// Write to somebody.
    Message,
    /// Open the notes to oneself.
    Notes,
    /// Show a profile.
    Profile,
    /// Choose how one is shown.
    Status,
    /// Send read receipts or not.
    ReadReceipts,
    /// List one's sessions.
    Sessions,
    /// Change the password.
    Password,
    /// Write in one's own editor.
    EditInEditor,
    /// To the composer.
    Compose,
    /// To the chat list.
    GoToList,
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
    /// The first line.
    First,
    /// The last line.
    Last,
    /// Complete what is written.
    Complete,
    /// Complete with the one before.
    CompleteBack,
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
    /// In the composer, while words are offered.
    Completion,
    /// In the chat list.
    List,
    /// In the timeline, where a message is selected.
    Timeline,
    /// In the list of members.
    Members,
    /// In every text.
    Text,
    /// In dialogs and forms.
    Dialog,
    /// In the command line.
    Command,
    /// In the dialog for a new chat.
    People,
    /// Where one signs in.
    Sign,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 12] = [
        Self::Always,
        Self::Main,
        Self::Composer,
        Self::Completion,
        Self::List,
        Self::Timeline,
        Self::Members,
        Self::Text,
        Self::Dialog,
        Self::Command,
        Self::People,
        Self::Sign,
    ];

    /// Its name in `config.toml`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Main => "main",
            Self::Composer => "composer",
            Self::Completion => "completion",
            Self::List => "list",
            Self::Timeline => "timeline",
            Self::Members => "members",
            Self::Text => "text",
            Self::Dialog => "dialog",
            Self::Command => "command",
            Self::People => "people",
            Self::Sign => "sign",
        }
    }

    /// The scope of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }

    /// Whether characters are text here, so that no key that types one and no
    /// sequence can be bound.
    pub fn is_text(self) -> bool {
        matches!(
            self,
            Self::Always
                | Self::Main
                | Self::Composer
                | Self::Completion
                | Self::Text
                | Self::Dialog
                | Self::Command
                | Self::People
                | Self::Sign
        )
    }
}

/// What a command takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Param {
    /// The rest of the line, as it stands.
    Text,
    /// One word.
    Word,
    /// A number.
    Number,
    /// A length of time: `30m`, `2h`, `7d`.
    Duration,
    /// A chat: `#name`, `@name` for a private one.
    Chat,
    /// A person: `@name`.
    Person,
    /// An emoji or its short code.
    Emoji,
    /// The name of a setting.
    Setting,
    /// The value of the setting before it.
    Value,
    /// One of these words.
    OneOf(&'static [&'static str]),
}

impl Param {
    /// How it is written in the help.
    pub fn shown(self) -> String {
        match self {
            Self::Text => "TEXT".to_owned(),
            Self::Word => "WORD".to_owned(),
            Self::Number => "N".to_owned(),
            Self::Duration => "TIME".to_owned(),
            Self::Chat => "#CHAT".to_owned(),
            Self::Person => "@NAME".to_owned(),
            Self::Emoji => ":EMOJI:".to_owned(),
            Self::Setting => "SETTING".to_owned(),
            Self::Value => "VALUE".to_owned(),
            Self::OneOf(words) => words.join("|"),
        }
    }
}

/// Whether an action is a command, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A command would make no sense.
    Key,
    /// `:name` and these arguments, of which the first `needed` must be there.
    Command {
        /// What it takes.
        params: &'static [Param],
        /// How many of them at least.
        needed: usize,
    },
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// What it does.
    pub action: Action,
    /// Its name, the same on every line of an action: for commands and
    /// bindings. Names never change.
    pub name: &'static str,
    /// Its command.
    pub form: Form,
    /// Its keys by default, the one to show first.
    pub plain: &'static [&'static str],
    /// Its keys with the preset `vim`.
    pub vim: &'static [&'static str],
    /// What it does, in words.
    pub help: Text,
    /// Where the keys apply.
    pub scope: Scope,
}

impl Entry {
    /// Whether it can be asked for by `:name`.
    pub fn is_command(&self) -> bool {
        matches!(self.form, Form::Command { .. })
    }

    /// What its command takes.
    pub fn params(&self) -> &'static [Param] {
        match self.form {
            Form::Key => &[],
            Form::Command { params, .. } => params,
        }
    }

    /// How many arguments must be there.
    pub fn needed(&self) -> usize {
        match self.form {
            Form::Key => 0,
            Form::Command { needed, .. } => needed,
        }
    }

    /// Its command as the help shows it, `:set [SETTING] [VALUE]`; empty where
    /// it has none.
    pub fn usage(&self) -> String {
        if !self.is_command() {
            return String::new();
        }
        let mut usage = format!(":{}", self.name);
        for (at, param) in self.params().iter().enumerate() {
            let shown = param.shown();
            if at < self.needed() {
                usage.push_str(&format!(" {shown}"));
            } else {
                usage.push_str(&format!(" [{shown}]"));
            }
        }
        usage
    }
}

/// The first line of an action: its name and its command.
pub fn entry(action: Action) -> Option<&'static Entry> {
    ACTIONS.iter().find(|entry| entry.action == action)
}

/// The action of a name.
pub fn named(name: &str) -> Option<Action> {
    ACTIONS
        .iter()
        .find(|entry| entry.name == name)
        .map(|entry| entry.action)
}

/// Every command, once.
pub fn commands() -> impl Iterator<Item = &'static Entry> {
    ACTIONS.iter().enumerate().filter_map(|(at, entry)| {
        let first = !ACTIONS[..at]
            .iter()
            .any(|other| other.action == entry.action);
        (first && entry.is_command()).then_some(entry)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn every_action_has_one_name_and_every_name_one_action() {
        let mut names = HashMap::new();
        let mut actions = HashMap::new();
        for entry in ACTIONS {
            let plain = |c: char| c.is_ascii_lowercase() || c == '-';
            assert!(!entry.name.is_empty() && entry.name.chars().all(plain));
            let action = *names.entry(entry.name).or_insert(entry.action);
            assert_eq!(action, entry.action, "{}", entry.name);
            let (name, form) = *actions
                .entry(entry.action)
                .or_insert((entry.name, entry.form));
            assert_eq!((name, form), (entry.name, entry.form));
            assert!(entry.needed() <= entry.params().len(), "{}", entry.name);
        }
        assert!(commands().count() >= 15);
    }

    #[test]
    fn an_action_without_a_command_has_a_key() {
        for entry in ACTIONS.iter().filter(|entry| !entry.is_command()) {
            for preset in [entry.plain, entry.vim] {
                assert!(!preset.is_empty(), "{}", entry.name);
            }
        }
    }

    #[test]
    fn scopes_are_found_by_name() {
        for scope in Scope::ALL {
            assert_eq!(Scope::named(scope.name()), Some(scope));
        }
    }
}
