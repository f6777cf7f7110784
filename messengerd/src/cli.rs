//! The daemon's arguments, for the program itself and for its manual.
#![allow(
    rustdoc::broken_intra_doc_links,
    reason = "these are the words of --help"
)]

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};

use crate::config::{self, Config, RawConfig};

/// The Messenger daemon: chats over QUIC and WebSocket, embedded storage.
#[derive(Debug, Parser)]
#[command(name = "messengerd", version, about)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve clients until told to stop.
    Serve(Settings),
    /// Look at the settings.
    Config {
        /// What to do.
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Make an invite link, also while the daemon runs.
    Invite {
        /// How many accounts it may make.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        uses: u32,
        /// For how many days; for ever where absent.
        #[arg(long)]
        days: Option<u32>,
        /// Settings.
        #[command(flatten)]
        settings: Settings,
    },
    /// Bring the store's schema up to this program and exit.
    Migrate(Settings),
    /// Take over the database of the earlier messenger. Stop its daemon before.
    ///
    /// Accounts (with their passwords), contacts, chats and messages come into
    /// the store that is set; nothing is changed where they come from. Once
    /// more, or after it broke off, it goes on where it is: what is here stays
    /// as it is, what is new comes at the end of the chats' logs. Ends with a
    /// table, and with 1 where something stayed behind that should not have.
    Import {
        /// Where it is: a postgres:// URL without a password, env:NAME for a
        /// variable that holds such a URL, env for the variables DB_*, or a
        /// file with either (such as the earlier messenger's .env).
        #[arg(long, value_name = "PLACE")]
        from: String,
        /// File with the password of that database.
        #[arg(long, value_name = "FILE")]
        from_password_file: Option<PathBuf>,
        /// Directory of the earlier messenger's uploads, for pictures of people
        /// and chats.
        #[arg(long, value_name = "DIR")]
        uploads: Option<PathBuf>,
        /// An account, by its name there, that is to administer the server; may
        /// be given several times.
        #[arg(long, value_name = "USER")]
        admin: Vec<String>,
        /// Keep nothing: import into an empty store that is thrown away, and
        /// show the table.
        #[arg(long)]
        dry_run: bool,
        /// Print the table as JSON.
        #[arg(long)]
        json: bool,
        /// Settings.
        #[command(flatten)]
        settings: Settings,
    },
    /// Move the community into another, empty store. Stop its daemons before.
    ///
    /// A place is sqlite:PATH (a data directory), postgres:URL (without a
    /// password), or sqlite or postgres alone for the one that is set. Broken
    /// off, the same again takes the move up.
    Move {
        /// Where the community is.
        #[arg(long, value_name = "PLACE")]
        from: String,
        /// Where it is to be.
        #[arg(long, value_name = "PLACE")]
        to: String,
        /// File with the password of the database it is in.
        #[arg(long, value_name = "FILE")]
        from_password_file: Option<PathBuf>,
        /// File with the password of the database it is to be in.
        #[arg(long, value_name = "FILE")]
        to_password_file: Option<PathBuf>,
        /// Settings.
        #[command(flatten)]
        settings: Settings,
    },
}

/// What can be done with the settings.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check the settings and say all that is wrong with them.
    Check(Settings),
    /// Print a commented example file.
    Example {
        /// Of variables, for a file `.env`, in place of messengerd.toml.
        #[arg(long)]
        env: bool,
    },
}

/// Settings given as flags.
#[derive(Debug, Args)]
pub struct Settings {
    /// Settings file (TOML).
    #[arg(long, env = "MESSENGERD_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where accounts, messages and keys live.
    #[arg(long, env = "MESSENGERD_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// QUIC (UDP) and TLS (TCP) [default: [::]:8443].
    #[arg(long, env = "MESSENGERD_LISTEN", value_name = "ADDR:PORT")]
    pub listen: Option<String>,
    /// Plain HTTP, or "off" [default: 127.0.0.1:8080].
    #[arg(long, env = "MESSENGERD_HTTP", value_name = "ADDR:PORT")]
    pub http: Option<String>,
    /// Allow plain HTTP on an address that other machines can reach.
    #[arg(long, env = "MESSENGERD_HTTP_INSECURE")]
    pub http_insecure: bool,
    /// Address for invite links, as clients reach this daemon.
    #[arg(long, env = "MESSENGERD_ADVERTISE", value_name = "HOST:PORT")]
    pub advertise: Option<String>,
    /// Who may make an account: local, open, invite, closed [default: local].
    #[arg(long, env = "MESSENGERD_REGISTRATION", value_name = "POLICY")]
    pub registration: Option<String>,
    /// Serve the pages from here in place of the built-in ones, to work on them.
    #[arg(long, env = "MESSENGERD_WEB_DIR", value_name = "DIR")]
    pub web_dir: Option<PathBuf>,
}

impl Settings {
    /// The settings of all sources, these before all others.
    ///
    /// # Errors
    ///
    /// All that is wrong with them.
    pub fn load(self) -> anyhow::Result<Config> {
        let flags = RawConfig {
            data_dir: self.data_dir,
            listen: self.listen,
            http: self.http,
            http_insecure: self.http_insecure.then_some(true),
            advertise: self.advertise,
            registration: self.registration,
            web_dir: self.web_dir,
            ..RawConfig::default()
        };
        let variable = |name: &str| std::env::var(name).ok();
        let directory = std::env::current_dir().context("there is no working directory")?;
        Ok(config::load(flags, self.config, variable, &directory)?)
    }
}
