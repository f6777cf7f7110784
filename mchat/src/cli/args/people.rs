//! People: contacts, search, status.

use clap::{Args, Subcommand, ValueEnum};

use super::super::names;
use super::value::Span;

/// A person.
#[derive(Debug, Args)]
pub struct Person {
    /// Who
    #[arg(value_name = "@user", add = names::user())]
    pub user: String,
}

/// See [`Verb::Contacts`](super::Verb::Contacts).
#[derive(Debug, Args)]
pub struct Contacts {
    /// What to do.
    #[command(subcommand)]
    pub verb: ContactVerb,
}

/// What can be done with contacts.
#[derive(Debug, Subcommand)]
pub enum ContactVerb {
    /// List contacts, requests and blocked people
    List,
    /// Ask somebody to be a contact, or accept their asking
    Add {
        /// Whom.
        #[command(flatten)]
        who: Person,
        /// What to call them
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
    /// Accept somebody's asking
    Accept(Person),
    /// Decline somebody's asking
    Decline(Person),
    /// Call somebody something else
    Rename {
        /// Whom.
        #[command(flatten)]
        who: Person,
        /// The nickname; "" for none
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Take somebody off the list
    Remove(Person),
    /// Hear and show nothing more of and to somebody, who is not told
    Block(Person),
    /// End a block
    Unblock(Person),
}

/// See [`Verb::Users`](super::Verb::Users).
#[derive(Debug, Args)]
pub struct Users {
    /// What to do.
    #[command(subcommand)]
    pub verb: UserVerb,
}

/// How people are found.
#[derive(Debug, Subcommand)]
pub enum UserVerb {
    /// By a part of their name
    Search {
        /// The part
        text: String,
    },
    /// By their exact name
    Show(Person),
}

/// How others see one, as chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StatusWord {
    /// There
    Online,
    /// Not at the keyboard
    Away,
    /// Not to be disturbed
    Busy,
    /// There, but shown as offline
    Invisible,
}

/// See [`Verb::Status`](super::Verb::Status).
#[derive(Debug, Args)]
pub struct Status {
    /// What others are to see; nothing to print what they see now
    pub status: Option<StatusWord>,
    /// Words beside it
    #[arg(long, requires = "status")]
    pub text: Option<String>,
    /// For how long; then it is plain online again
    #[arg(long = "for", value_name = "DURATION", requires = "status")]
    pub span: Option<Span>,
}
