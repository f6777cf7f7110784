//! The arguments. One file for each family of verbs; their values in
//! [`value`].

mod account;
mod chats;
mod messages;
mod people;
pub(super) mod value;

use clap::{Args, Parser, Subcommand};

use super::names;
use crate::client::{Fingerprint, ServerAddress};

pub(super) use self::account::*;
pub(super) use self::chats::*;
pub(super) use self::messages::*;
pub(super) use self::people::*;
pub(super) use self::value::{MessageRef, Span, Switch};

/// Messenger for the terminal. Without a command it opens the screen.
///
/// CHAT is a chat's id, the beginning of it (6 digits or more) or its exact
/// name; @user is the private chat with somebody. MESSAGE is a number as
/// history shows it, a message's id or the beginning of it (6 digits or more),
/// "last", "last:@user", "mine" (one's own last), or -1, -2 … from the end.
/// DURATION is a number with s, m, h, d or w, as in 90m.
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
        value_name = "PROFILE",
        add = names::profile()
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
    /// Seconds to wait for the server, 5 by default; with wait-for: for the message, for ever by default
    #[arg(long, global = true, value_name = "S", value_parser = value::seconds)]
    pub timeout: Option<f64>,
    /// One JSON object a line on standard output
    #[arg(long, global = true)]
    pub json: bool,
    /// Do what cannot be undone without asking
    #[arg(short = 'y', long, global = true)]
    pub yes: bool,
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
    /// Change the password; all other sessions end
    Passwd(Passwd),
    /// Signed-in devices
    Sessions(Sessions),

    /// Send a message; prints its id once it is stored
    Send(Send),
    /// Answer a message
    Reply(Reply),
    /// Forward a message to another chat
    Forward(Forward),
    /// Replace the text of one's own message
    Edit(Edit),
    /// Delete a message for everybody
    Delete(Delete),
    /// Add a reaction to a message
    React(React),
    /// Take one's own reaction away
    Unreact(React),
    /// Pin a message
    Pin(Message),
    /// Take the pin of a message away
    Unpin(Message),
    /// Print the pinned messages of a chat
    Pins(Target),
    /// Print one message: edits, reactions, who has read it
    Show(Show),
    /// Find messages by words in them
    Search(Search),

    /// Print messages
    History(History),
    /// Print entries as they arrive, one JSON object a line
    Watch(Watch),
    /// Wait for a message and print it
    WaitFor(WaitFor),
    /// Run a program for each entry
    Hook(Hook),
    /// Print all of a chat, one JSON object a line
    Export(Export),
    /// Mark a chat as read
    Read(Target),
    /// Count unread messages, without the network
    Unread,
    /// Download everything into the local cache
    Sync(Sync),

    /// Start a private chat, a group or a public chat; prints its id
    New(New),
    /// List chats, latest first
    Chats,
    /// Properties of a chat, and one's own settings of it
    Chat(Chat),
    /// The people in a chat
    Members(Members),
    /// Join a public chat, or a chat by its invite link
    Join(Join),
    /// Leave a chat
    Leave(Target),
    /// Give a chat another name
    Rename(Rename),
    /// Say what a chat is about
    Describe(Describe),
    /// Delete a chat for everybody
    DeleteChat(Target),
    /// Find public chats
    Directory(Directory),
    /// Invite links of a chat
    Invite(Invite),

    /// People one knows: requests, nicknames, blocks
    Contacts(Contacts),
    /// Find people
    Users(Users),
    /// Show or choose how others see one
    Status(Status),
    /// Names, picture and words about oneself
    Profile(Profile),
}
