//! Messages: writing, changing, finding, following.

use clap::{Args, Subcommand};
use proto::Seq;
use proto::id::EntryId;

use super::super::names;
use super::value::{self, MessageRef};

/// A chat.
#[derive(Debug, Args)]
pub struct Target {
    /// A person, or a chat: id, beginning of an id (6 or more), or exact name
    #[arg(value_name = "@user|CHAT", add = names::chat())]
    pub chat: String,
}

/// A message of a chat.
#[derive(Debug, Args)]
pub struct Message {
    /// A person, or a chat: id, beginning of an id (6 or more), or exact name
    #[arg(value_name = "@user|CHAT", add = names::chat())]
    pub chat: String,
    /// Number, id (6 or more of it), last, last:@user, mine, or -1, -2 … from the end
    #[arg(value_name = "MESSAGE", allow_negative_numbers = true)]
    pub message: MessageRef,
    /// How the change is made.
    #[command(flatten)]
    pub outbox: Outbox,
}

/// What holds for everything that goes through the outbox.
#[derive(Debug, Clone, Copy, Args)]
pub struct Outbox {
    /// Put it into the outbox and return at once (exit code 8)
    #[arg(long)]
    pub no_wait: bool,
}

/// See [`Verb::Send`](super::Verb::Send).
#[derive(Debug, Args)]
pub struct Send {
    /// A person, or a chat: id, beginning of an id (6 or more), or exact name
    #[arg(value_name = "@user|CHAT", add = names::chat())]
    pub to: String,
    /// The text; - or nothing for standard input
    #[arg(value_name = "TEXT|-")]
    pub text: Option<String>,
    /// Id of the message: sending the same id again stores it once
    #[arg(long, value_name = "UUID")]
    pub id: Option<EntryId>,
    /// How it is sent.
    #[command(flatten)]
    pub outbox: Outbox,
}

/// See [`Verb::Reply`](super::Verb::Reply).
#[derive(Debug, Args)]
pub struct Reply {
    /// Which message.
    #[command(flatten)]
    pub to: Message,
    /// The text; - or nothing for standard input
    #[arg(value_name = "TEXT|-")]
    pub text: Option<String>,
    /// Id of the message: sending the same id again stores it once
    #[arg(long, value_name = "UUID")]
    pub id: Option<EntryId>,
}

/// See [`Verb::Forward`](super::Verb::Forward).
#[derive(Debug, Args)]
pub struct Forward {
    /// Which message.
    #[command(flatten)]
    pub from: Message,
    /// Where to: a person, or a chat
    #[arg(value_name = "@user|CHAT", add = names::chat())]
    pub to: String,
}

/// See [`Verb::Edit`](super::Verb::Edit).
#[derive(Debug, Args)]
pub struct Edit {
    /// Which message.
    #[command(flatten)]
    pub what: Message,
    /// The new text; - or nothing for standard input
    #[arg(value_name = "TEXT|-")]
    pub text: Option<String>,
}

/// See [`Verb::Delete`](super::Verb::Delete).
#[derive(Debug, Args)]
pub struct Delete {
    /// Which message.
    #[command(flatten)]
    pub what: Message,
}

/// See [`Verb::React`](super::Verb::React).
#[derive(Debug, Args)]
pub struct React {
    /// Which message.
    #[command(flatten)]
    pub what: Message,
    /// An emoji, or its short code such as :+1:
    #[arg(value_name = "EMOJI")]
    pub emoji: String,
}

/// See [`Verb::Show`](super::Verb::Show).
#[derive(Debug, Args)]
pub struct Show {
    /// A person, or a chat: id, beginning of an id (6 or more), or exact name
    #[arg(value_name = "@user|CHAT", add = names::chat())]
    pub chat: String,
    /// Number, id (6 or more of it), last, last:@user, mine, or -1, -2 … from the end
    #[arg(value_name = "MESSAGE", allow_negative_numbers = true)]
    pub message: MessageRef,
    /// The text alone, as it was written
    #[arg(long)]
    pub raw: bool,
}

/// See [`Verb::Search`](super::Verb::Search).
#[derive(Debug, Args)]
pub struct Search {
    /// Words, or beginnings of words; a message has to have all of them
    #[arg(required = true, value_name = "WORD")]
    pub words: Vec<String>,
    /// Only in this chat
    #[arg(long, value_name = "@user|CHAT", add = names::chat())]
    pub chat: Option<String>,
    /// Most results
    #[arg(short = 'n', default_value_t = 20, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
}

/// See [`Verb::History`](super::Verb::History).
#[derive(Debug, Args)]
pub struct History {
    /// A person, or a chat: id, beginning of an id (6 or more), or exact name
    #[arg(value_name = "@user|CHAT", add = names::chat())]
    pub chat: String,
    /// Most entries
    #[arg(short = 'n', default_value_t = 20, value_name = "N")]
    pub limit: u32,
    /// Only entries before this one
    #[arg(long, value_name = "SEQ")]
    pub before: Option<Seq>,
    /// Every entry of the log: edits, deletions and reactions, too
    #[arg(long)]
    pub log: bool,
}

/// See [`Verb::Watch`](super::Verb::Watch).
#[derive(Debug, Args)]
pub struct Watch {
    /// Go on after this cursor of an earlier watch; by default from now on
    #[arg(long, value_name = "CURSOR")]
    pub since: Option<String>,
    /// Only this chat: @user, id, beginning of an id (6 or more), or exact name
    #[arg(value_name = "CHAT", add = names::chat())]
    pub chat: Option<String>,
}

/// See [`Verb::WaitFor`](super::Verb::WaitFor).
#[derive(Debug, Args)]
pub struct WaitFor {
    /// Only a message of this person
    #[arg(long, value_name = "@user", add = names::user())]
    pub from: Option<String>,
    /// Only a message in this chat
    #[arg(long, value_name = "@user|CHAT", add = names::chat())]
    pub chat: Option<String>,
    /// Only a message that contains this; case and accents do not matter
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
    /// Also what came after this cursor of watch, wait-for or hook; by default from now on
    #[arg(long, value_name = "CURSOR")]
    pub since: Option<String>,
}

/// See [`Verb::Hook`](super::Verb::Hook).
#[derive(Debug, Args)]
pub struct Hook {
    /// What to do.
    #[command(subcommand)]
    pub verb: HookVerb,
}

/// What can be done with hooks.
#[derive(Debug, Subcommand)]
pub enum HookVerb {
    /// Run a program for each entry, with the entry as JSON on its standard input
    Run(HookRun),
}

/// See [`HookVerb::Run`].
#[derive(Debug, Args)]
pub struct HookRun {
    /// Only entries of this chat
    #[arg(long, value_name = "@user|CHAT", add = names::chat())]
    pub chat: Option<String>,
    /// Also what came after this cursor of watch, wait-for or hook; by default from now on
    #[arg(long, value_name = "CURSOR")]
    pub since: Option<String>,
    /// Also for one's own entries
    #[arg(long)]
    pub own: bool,
    /// How long one run may take before it is killed with all it started
    #[arg(long, default_value = "10s", value_name = "DURATION", value_parser = value::limit)]
    pub limit: std::time::Duration,
    /// How many may run at the same time; above 1 they may end in another order
    #[arg(long, default_value_t = 1, value_name = "N",
          value_parser = clap::value_parser!(u16).range(1..=64))]
    pub parallel: u16,
    /// The program and its arguments, up to the end of the line; there is no shell in between
    #[arg(
        long,
        required = true,
        num_args = 1..,
        allow_hyphen_values = true,
        value_names = ["CMD", "ARG"],
        value_hint = clap::ValueHint::CommandName
    )]
    pub exec: Vec<std::ffi::OsString>,
}

/// See [`Verb::Export`](super::Verb::Export).
#[derive(Debug, Args)]
pub struct Export {
    /// A person, or a chat: id, beginning of an id (6 or more), or exact name
    #[arg(
        value_name = "@user|CHAT",
        required_unless_present = "all",
        conflicts_with = "all",
        add = names::chat()
    )]
    pub chat: Option<String>,
    /// All chats, those that were left too, as far as they are cached
    #[arg(long)]
    pub all: bool,
    /// Go on behind this entry of an earlier export
    #[arg(long, value_name = "[CHAT:]SEQ")]
    pub after: Option<String>,
}

/// See [`Verb::Sync`](super::Verb::Sync).
#[derive(Debug, Args)]
pub struct Sync {
    /// Then compare logs, cursors and account log with the server
    #[arg(long)]
    pub verify: bool,
}
