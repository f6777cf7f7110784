//! Chats: making, properties, members, invite links.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use uuid::Uuid;

use super::super::names;
use super::messages::Target;
use super::value::{Span, Switch};

/// See [`Verb::New`](super::Verb::New).
#[derive(Debug, Args)]
pub struct New {
    /// Make a group of this name
    #[arg(long, value_name = "NAME", conflicts_with = "public")]
    pub group: Option<String>,
    /// Make a public chat of this name: anybody may read and join it
    #[arg(long, value_name = "NAME")]
    pub public: Option<String>,
    /// What it is about
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// The other people; oneself alone for notes
    #[arg(value_name = "@user", add = names::user())]
    pub users: Vec<String>,
}

/// See [`Verb::Chat`](super::Verb::Chat).
#[derive(Debug, Args)]
pub struct Chat {
    /// What to do.
    #[command(subcommand)]
    pub verb: ChatVerb,
}

/// What can be done with a chat's properties.
#[derive(Debug, Subcommand)]
pub enum ChatVerb {
    /// Print them
    Show(Target),
    /// Change them; what is not named stays
    Set(SetChat),
}

/// How much of the log new members see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HistoryFor {
    /// All of it
    All,
    /// What came after they joined
    SinceJoin,
}

/// What to be told of beside the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Notify {
    /// Every message
    All,
    /// Messages that name oneself
    Mentions,
    /// Nothing
    None,
}

/// See [`ChatVerb::Set`].
#[derive(Debug, Args)]
pub struct SetChat {
    /// A person, or a chat: id, beginning of an id (6 or more), or exact name
    #[arg(value_name = "@user|CHAT", add = names::chat())]
    pub chat: String,
    /// For all: delete entries after so many days; 0 for never
    #[arg(long, value_name = "DAYS", help_heading = "For everybody (admins)",
          value_parser = clap::value_parser!(u32).range(..=i64::from(proto::limits::RETENTION_DAYS)))]
    pub retention: Option<u32>,
    /// How much of the log new members see
    #[arg(long, value_name = "WHICH", help_heading = "For everybody (admins)")]
    pub history: Option<HistoryFor>,
    /// Whether members may make invite links
    #[arg(long, value_name = "on|off", help_heading = "For everybody (admins)")]
    pub invites: Option<Switch>,
    /// Whether members may add people
    #[arg(long, value_name = "on|off", help_heading = "For everybody (admins)")]
    pub adding: Option<Switch>,
    /// Whether members may share files
    #[arg(long, value_name = "on|off", help_heading = "For everybody (admins)")]
    pub files: Option<Switch>,
    /// Whether members may start voice calls
    #[arg(long, value_name = "on|off", help_heading = "For everybody (admins)")]
    pub voice: Option<Switch>,
    /// Whether members may start video calls
    #[arg(long, value_name = "on|off", help_heading = "For everybody (admins)")]
    pub video: Option<Switch>,
    /// The chat's picture: a file of at most 128 KiB, or none
    #[arg(long, value_name = "FILE|none", help_heading = "For everybody (admins)",
          value_hint = clap::ValueHint::FilePath)]
    pub avatar: Option<PathBuf>,
    /// What to be told of
    #[arg(long, value_name = "WHAT", help_heading = "For oneself")]
    pub notify: Option<Notify>,
    /// Be told of nothing for this long
    #[arg(
        long,
        value_name = "DURATION",
        help_heading = "For oneself",
        conflicts_with = "unmute"
    )]
    pub mute: Option<Span>,
    /// Be told again
    #[arg(long, help_heading = "For oneself")]
    pub unmute: bool,
    /// Out of the list until something new comes
    #[arg(long, help_heading = "For oneself", conflicts_with = "unhide")]
    pub hide: bool,
    /// Back into the list
    #[arg(long, help_heading = "For oneself")]
    pub unhide: bool,
}

/// See [`Verb::Members`](super::Verb::Members).
#[derive(Debug, Args)]
pub struct Members {
    /// What to do.
    #[command(subcommand)]
    pub verb: MemberVerb,
}

/// Some people of a chat.
#[derive(Debug, Args)]
pub struct Several {
    /// Id of the chat, beginning of an id (6 or more), or exact name
    #[arg(value_name = "CHAT", add = names::chat())]
    pub chat: String,
    /// Who
    #[arg(required = true, value_name = "@user", add = names::user())]
    pub users: Vec<String>,
}

/// One person of a chat.
#[derive(Debug, Args)]
pub struct One {
    /// Id of the chat, beginning of an id (6 or more), or exact name
    #[arg(value_name = "CHAT", add = names::chat())]
    pub chat: String,
    /// Who
    #[arg(value_name = "@user", add = names::user())]
    pub user: String,
}

/// A role, as given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// May do everything
    Admin,
    /// Adds people; removes, mutes and bans members; deletes messages; pins
    Moderator,
    /// Writes
    Member,
}

/// What can be done with members.
#[derive(Debug, Subcommand)]
pub enum MemberVerb {
    /// List them with their roles
    List(Target),
    /// Add people
    Add(Several),
    /// Remove people
    Remove(Several),
    /// Give somebody a role
    Role {
        /// Whom.
        #[command(flatten)]
        who: One,
        /// Which
        role: Role,
    },
    /// Let somebody read but not write
    Mute {
        /// Whom.
        #[command(flatten)]
        who: One,
        /// For how long
        #[arg(long = "for", default_value = "forever", value_name = "DURATION")]
        span: Span,
    },
    /// Let somebody write again
    Unmute(One),
    /// Remove somebody and keep them from coming back
    Ban(One),
    /// Let somebody come back
    Unban(One),
    /// List who is banned
    Banned(Target),
}

/// See [`Verb::Join`](super::Verb::Join).
#[derive(Debug, Args)]
pub struct Join {
    /// Id or exact name of a public chat, or an invite link
    #[arg(value_name = "CHAT|LINK")]
    pub chat: String,
}

/// See [`Verb::Rename`](super::Verb::Rename).
#[derive(Debug, Args)]
pub struct Rename {
    /// Id of the chat, beginning of an id (6 or more), or exact name
    #[arg(value_name = "CHAT", add = names::chat())]
    pub chat: String,
    /// The new name
    pub name: String,
}

/// See [`Verb::Describe`](super::Verb::Describe).
#[derive(Debug, Args)]
pub struct Describe {
    /// Id of the chat, beginning of an id (6 or more), or exact name
    #[arg(value_name = "CHAT", add = names::chat())]
    pub chat: String,
    /// The description; "" for none, - or nothing for standard input
    #[arg(value_name = "TEXT|-")]
    pub text: Option<String>,
}

/// See [`Verb::Directory`](super::Verb::Directory).
#[derive(Debug, Args)]
pub struct Directory {
    /// What name or description contain; nothing for all
    #[arg(default_value = "", value_name = "TEXT", hide_default_value = true)]
    pub query: String,
    /// Most results
    #[arg(short = 'n', default_value_t = 50, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
}

/// See [`Verb::Invite`](super::Verb::Invite).
#[derive(Debug, Args)]
pub struct Invite {
    /// What to do.
    #[command(subcommand)]
    pub verb: InviteVerb,
}

/// What can be done with invite links.
#[derive(Debug, Subcommand)]
pub enum InviteVerb {
    /// Make a link; prints it
    Create {
        /// Id of the chat, beginning of an id (6 or more), or exact name
        #[arg(value_name = "CHAT", add = names::chat())]
        chat: String,
        /// How long it holds
        #[arg(long = "for", default_value = "7d", value_name = "DURATION")]
        span: Span,
        /// How many may join with it; any number by default
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        uses: Option<u32>,
        /// Print it as a QR code, too
        #[arg(long)]
        qr: bool,
    },
    /// Join a chat with a link
    Accept {
        /// The link, or the token in it
        link: String,
    },
    /// List the links of a chat that hold
    List(Target),
    /// Make a link invalid
    Revoke {
        /// Id of the chat, beginning of an id (6 or more), or exact name
        #[arg(value_name = "CHAT", add = names::chat())]
        chat: String,
        /// Id of the link, as list shows it
        #[arg(value_name = "ID")]
        id: Uuid,
    },
    /// Print a link as a QR code
    Qr {
        /// A link, or a chat: its latest link that holds
        #[arg(value_name = "LINK|CHAT", add = names::chat())]
        what: String,
    },
}
