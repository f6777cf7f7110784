//! The arguments.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use proto::Seq;
use proto::id::EntryId;

use crate::client::{Fingerprint, ServerAddress};

/// Messenger for the terminal. Without a command it opens the screen.
#[derive(Debug, Parser)]
#[command(name = "mchat", version, about, disable_help_subcommand = true)]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
    /// Lines instead of a screen, for screen readers and pipes
    #[arg(long)]
    pub plain: bool,
    /// What to do; nothing: the screen.
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

/// What holds for every command.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Profile: an account with its messages on this machine
    #[arg(
        short = 'P',
        long,
        global = true,
        default_value = "default",
        value_name = "PROFILE"
    )]
    pub profile: String,
    /// Server, or an invite link; by default MCHAT_SERVER, else the profile's last one, else this machine
    ///
    /// Several addresses are nodes of one server: the one that worked last is
    /// tried first, then these in this order, then those that the server named
    /// itself; where one falls silent the next one takes its place.
    #[arg(long, global = true, value_name = "mchat://HOST:PORT[,…]")]
    pub server: Option<ServerAddress>,
    /// Trust an unknown server's key (a changed one is refused all the same)
    #[arg(long, global = true, conflicts_with = "fingerprint")]
    pub trust: bool,
    /// The server's key must have this fingerprint
    #[arg(long, global = true, value_name = "FP")]
    pub fingerprint: Option<Fingerprint>,
    /// Seconds to wait for the server
    #[arg(long, global = true, default_value_t = 5.0, value_name = "S", value_parser = seconds)]
    pub timeout: f64,
    /// One JSON object a line on standard output
    #[arg(long, global = true)]
    pub json: bool,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.0..=86_400.0).contains(&seconds) => Ok(seconds),
        _ => Err("from 0 to 86400".to_owned()),
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Create an account and sign in
    Register(Register),
    /// Sign in
    Login(Login),
    /// End this device's session
    Logout,
    /// Who is signed in
    Whoami,
    /// Start a private chat or a group; prints its id
    New(New),
    /// List chats, latest first
    Chats,
    /// Send a message; prints its id once it is stored
    Send(Send),
    /// Print messages
    History(History),
    /// Print entries as they arrive, one JSON object a line
    Watch(Watch),
    /// Mark a chat as read
    Read(Target),
    /// Count unread messages, without the network
    Unread,
    /// Download everything into the local cache
    Sync(Sync),
}

/// See [`Verb::Register`].
#[derive(Debug, Args)]
pub struct Register {
    /// User name
    #[arg(long, value_name = "NAME")]
    pub user: String,
    /// E-mail address
    #[arg(long)]
    pub email: Option<String>,
    /// Invite, where the server wants one; also taken from an invite link
    #[arg(long, value_name = "TOKEN")]
    pub invite: Option<String>,
    /// File with the password in its first line; - for standard input
    #[arg(long, value_name = "FILE|-")]
    pub password_file: PathBuf,
}

/// See [`Verb::Login`].
#[derive(Debug, Args)]
pub struct Login {
    /// User name or e-mail address
    #[arg(long, value_name = "NAME")]
    pub user: String,
    /// File with the password in its first line; - for standard input
    #[arg(long, value_name = "FILE|-")]
    pub password_file: PathBuf,
}

/// See [`Verb::New`].
#[derive(Debug, Args)]
pub struct New {
    /// Make a group of this name
    #[arg(long, value_name = "NAME")]
    pub group: Option<String>,
    /// The other people
    #[arg(value_name = "@user")]
    pub users: Vec<String>,
}

/// See [`Verb::Send`].
#[derive(Debug, Args)]
pub struct Send {
    /// A person, or a chat: id, beginning of an id (6 or more), or exact name
    #[arg(value_name = "@user|CHAT")]
    pub to: String,
    /// The text; - or nothing for standard input
    #[arg(value_name = "TEXT|-")]
    pub text: Option<String>,
    /// Id of the message: sending the same id again stores it once
    #[arg(long, value_name = "UUID")]
    pub id: Option<EntryId>,
    /// Put it into the outbox and return at once (exit code 8)
    #[arg(long)]
    pub no_wait: bool,
}

/// See [`Verb::History`].
#[derive(Debug, Args)]
pub struct History {
    /// A person, or a chat: id, beginning of an id (6 or more), or exact name
    #[arg(value_name = "@user|CHAT")]
    pub chat: String,
    /// Most entries
    #[arg(short = 'n', default_value_t = 20, value_name = "N")]
    pub limit: u32,
    /// Only entries before this one
    #[arg(long, value_name = "SEQ")]
    pub before: Option<Seq>,
}

/// See [`Verb::Watch`].
#[derive(Debug, Args)]
pub struct Watch {
    /// Go on after this cursor of an earlier watch; by default from now on
    #[arg(long, value_name = "CURSOR")]
    pub since: Option<String>,
    /// Only this chat: @user, id, beginning of an id (6 or more), or exact name
    #[arg(value_name = "CHAT")]
    pub chat: Option<String>,
}

/// See [`Verb::Read`].
#[derive(Debug, Args)]
pub struct Target {
    /// A person, or a chat: id, beginning of an id (6 or more), or exact name
    #[arg(value_name = "@user|CHAT")]
    pub chat: String,
}

/// See [`Verb::Sync`].
#[derive(Debug, Args)]
pub struct Sync {
    /// Then compare logs, cursors and account log with the server
    #[arg(long)]
    pub verify: bool,
}
