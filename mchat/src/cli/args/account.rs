//! Accounts and sessions.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::super::names;

/// See [`Verb::Register`](super::Verb::Register).
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
    /// File with the password in its first line; - for standard input; without it the terminal is asked
    #[arg(long, value_name = "FILE|-", value_hint = clap::ValueHint::FilePath)]
    pub password_file: Option<PathBuf>,
}

/// See [`Verb::Login`](super::Verb::Login).
#[derive(Debug, Args)]
pub struct Login {
    /// User name or e-mail address
    #[arg(long, value_name = "NAME")]
    pub user: String,
    /// File with the password in its first line; - for standard input; without it the terminal is asked
    #[arg(long, value_name = "FILE|-", value_hint = clap::ValueHint::FilePath)]
    pub password_file: Option<PathBuf>,
}

/// See [`Verb::Passwd`](super::Verb::Passwd).
#[derive(Debug, Args)]
pub struct Passwd {
    /// File with the present password in its first line; - for standard input; without it the terminal is asked
    #[arg(long, value_name = "FILE|-", value_hint = clap::ValueHint::FilePath)]
    pub old_password_file: Option<PathBuf>,
    /// File with the next password in its first line; - for standard input (its second line where the present one is its first); without it the terminal is asked
    #[arg(long, value_name = "FILE|-", value_hint = clap::ValueHint::FilePath)]
    pub new_password_file: Option<PathBuf>,
}

/// See [`Verb::Sessions`](super::Verb::Sessions).
#[derive(Debug, Args)]
pub struct Sessions {
    /// What to do.
    #[command(subcommand)]
    pub verb: SessionVerb,
}

/// What can be done with sessions.
#[derive(Debug, Subcommand)]
pub enum SessionVerb {
    /// List them, latest used first
    List,
    /// End some of them, at once
    Revoke {
        /// Ids, or beginnings of them (6 digits or more)
        #[arg(required = true, value_name = "SESSION")]
        sessions: Vec<String>,
    },
}

/// See [`Verb::Profile`](super::Verb::Profile).
#[derive(Debug, Args)]
pub struct Profile {
    /// What to do.
    #[command(subcommand)]
    pub verb: ProfileVerb,
}

/// What can be done with profiles.
#[derive(Debug, Subcommand)]
pub enum ProfileVerb {
    /// Print a profile
    Show {
        /// Whose; one's own by default
        #[arg(value_name = "@user", add = names::user())]
        user: Option<String>,
    },
    /// Change one's own; what is not named stays
    Set(SetProfile),
    /// Set one's picture, or save somebody's
    Avatar(Avatar),
}

/// See [`ProfileVerb::Set`].
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub struct SetProfile {
    /// First name; "" for none
    #[arg(long, value_name = "NAME")]
    pub first_name: Option<String>,
    /// Last name; "" for none
    #[arg(long, value_name = "NAME")]
    pub last_name: Option<String>,
    /// A few words about oneself; "" for none
    #[arg(long, value_name = "TEXT")]
    pub bio: Option<String>,
    /// E-mail address; "" for none
    #[arg(long)]
    pub email: Option<String>,
    /// Whether others learn what one has read
    #[arg(long, value_name = "on|off")]
    pub receipts: Option<super::Switch>,
}

/// See [`ProfileVerb::Avatar`].
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Avatar {
    /// Picture to set: PNG, JPEG, GIF or WebP of at most 128 KiB
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub file: Option<PathBuf>,
    /// Have no picture any more
    #[arg(long)]
    pub none: bool,
    /// Write somebody's picture to standard output
    #[arg(long, value_name = "@user", add = names::user())]
    pub of: Option<String>,
}
