//! The Messenger daemon's command line.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use messengerd::config::{self, Config, ENV_EXAMPLE, EXAMPLE, RawConfig, StoreConfig};
use messengerd::relocate::{self, Place};
use messengerd::server::{Server, create_invite};
use messengerd::store::{postgres, sqlite};
use messengerd::{identity, telemetry};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

/// The Messenger daemon: chats over QUIC and WebSocket, embedded storage.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve clients until told to stop.
    Serve(Settings),
    /// Look at the settings.
    Config {
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
        #[command(flatten)]
        settings: Settings,
    },
    /// Bring the store's schema up to this program and exit.
    Migrate(Settings),
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
        #[command(flatten)]
        settings: Settings,
    },
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Check the settings and say all that is wrong with them.
    Check(Settings),
    /// Print a commented example file.
    Example {
        /// Of variables, for a file `.env`, in place of messengerd.toml.
        #[arg(long)]
        env: bool,
    },
}

#[derive(Args)]
struct Settings {
    /// Settings file (TOML).
    #[arg(long, env = "MESSENGERD_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where accounts, messages and keys live.
    #[arg(long, env = "MESSENGERD_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// QUIC (UDP) and TLS (TCP) [default: [::]:8443].
    #[arg(long, env = "MESSENGERD_LISTEN", value_name = "ADDR:PORT")]
    listen: Option<String>,
    /// Plain HTTP, or "off" [default: 127.0.0.1:8080].
    #[arg(long, env = "MESSENGERD_HTTP", value_name = "ADDR:PORT")]
    http: Option<String>,
    /// Allow plain HTTP on an address that other machines can reach.
    #[arg(long, env = "MESSENGERD_HTTP_INSECURE")]
    http_insecure: bool,
    /// Address for invite links, as clients reach this daemon.
    #[arg(long, env = "MESSENGERD_ADVERTISE", value_name = "HOST:PORT")]
    advertise: Option<String>,
    /// Who may make an account: local, open, invite, closed [default: local].
    #[arg(long, env = "MESSENGERD_REGISTRATION", value_name = "POLICY")]
    registration: Option<String>,
}

impl Settings {
    fn load(self) -> anyhow::Result<Config> {
        let flags = RawConfig {
            data_dir: self.data_dir,
            listen: self.listen,
            http: self.http,
            http_insecure: self.http_insecure.then_some(true),
            advertise: self.advertise,
            registration: self.registration,
            ..RawConfig::default()
        };
        let variable = |name: &str| std::env::var(name).ok();
        let directory = std::env::current_dir().context("there is no working directory")?;
        Ok(config::load(flags, self.config, variable, &directory)?)
    }
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("messengerd: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Serve(settings) => {
            let config = settings.load()?;
            telemetry::init(&config.log)?;
            for warning in &config.warnings {
                tracing::warn!("{warning}");
            }
            raise_file_limit();
            block_on(serve(config))
        }
        Command::Config {
            command: ConfigCommand::Check(settings),
        } => {
            let config = settings.load()?;
            for warning in &config.warnings {
                eprintln!("messengerd: {warning}");
            }
            print(&format!("the settings are valid\n{}", config.describe()))
        }
        Command::Config {
            command: ConfigCommand::Example { env },
        } => print(if env { ENV_EXAMPLE } else { EXAMPLE }),
        Command::Invite {
            uses,
            days,
            settings,
        } => print(&format!(
            "{}\n",
            block_on(create_invite(&settings.load()?, uses, days))?
        )),
        Command::Migrate(settings) => {
            let steps = block_on(migrate(&settings.load()?))?;
            print(&match steps.last() {
                Some(version) => format!("the store has schema {version} now\n"),
                None => "the store has the newest schema already\n".to_owned(),
            })
        }
        Command::Move {
            from,
            to,
            from_password_file,
            to_password_file,
            settings,
        } => {
            let config = settings.load()?;
            telemetry::init(&config.log)?;
            let from = Place::parse(&from, from_password_file.as_deref(), &config)?;
            let to = Place::parse(&to, to_password_file.as_deref(), &config)?;
            relocate(&from, &to)
        }
    }
}

fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(work)
}

/// Brings the store that the settings name to this program's schema and returns
/// the versions applied.
async fn migrate(config: &Config) -> anyhow::Result<Vec<u32>> {
    let steps = match &config.store {
        StoreConfig::Embedded => {
            let data = identity::DataDir::open(&config.data_dir)?;
            sqlite::migrate(&data.join("messenger.db"))
        }
        StoreConfig::Postgres(settings) => postgres::migrate(settings).await,
    };
    steps.context("cannot migrate the store")
}

fn relocate(from: &Place, to: &Place) -> anyhow::Result<()> {
    let report = block_on(relocate::run(from, to, |_, _| true))?;
    print(&report.to_string())?;
    anyhow::ensure!(
        report.same(),
        "the two sides differ, did something change {from} meanwhile? Empty {to} and move again; \
         no daemon starts on it as it is"
    );
    print(&format!(
        "{to} holds the community now; {from} is as it was\n"
    ))
}

/// Lets the daemon have as many sockets as the system allows it: the usual soft
/// limit of 1024 is for programs that use select(2).
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, limit = limit.current, "the limit of open files stays");
    }
}

fn print(text: &str) -> anyhow::Result<()> {
    Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
}

async fn serve(config: Config) -> anyhow::Result<()> {
    // Before `ready`, so that a stop right behind it is a graceful one.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut server = Server::start(config).await?;
    announce(&server)?;
    if let Err(error) = sd_notify::notify(&[sd_notify::NotifyState::Ready]) {
        tracing::debug!(%error, "no service manager to tell");
    }
    let lost = tokio::select! {
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
        error = server.lost() => Some(error),
    };
    tracing::info!("stopping");
    if let Err(error) = sd_notify::notify(&[sd_notify::NotifyState::Stopping]) {
        tracing::debug!(%error, "no service manager to tell");
    }
    server.stop().await?;
    lost.map_or(Ok(()), Err)
}

/// Tells people and scripts where the daemon is; the line `ready` is for both.
fn announce(server: &Server) -> anyhow::Result<()> {
    let addresses = server.addresses();
    let mut text = format!(
        "address     {}\nfingerprint {}\n",
        addresses.link(),
        addresses.fingerprint
    );
    if let Some(link) = addresses.invite_link() {
        text += &format!(
            "invite      {link}\n            (makes the first account, which is the administrator)\n"
        );
    }
    let http = addresses
        .http
        .map_or_else(|| "off".to_owned(), |http| http.to_string());
    text += &format!("ready listen={} http={http}\n", addresses.listen);
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}
