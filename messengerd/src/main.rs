//! The Messenger daemon's command line.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use messengerd::cli::{Cli, Command, ConfigCommand};
use messengerd::config::{Config, ENV_EXAMPLE, EXAMPLE, StoreConfig};
use messengerd::relocate::{self, Place};
use messengerd::server::{Server, create_invite};
use messengerd::store::{postgres, sqlite};
use messengerd::{identity, import, telemetry};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

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
        Command::Import {
            from,
            from_password_file,
            uploads,
            admin,
            dry_run,
            json,
            settings,
        } => {
            let config = settings.load()?;
            telemetry::init(&config.log)?;
            let variable = |name: &str| std::env::var(name).ok();
            let options = import::Options {
                from: import::place::source(&from, from_password_file.as_deref(), variable)?,
                uploads,
                admins: admin,
                dry_run,
            };
            take_over(&options, &config, json)
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

fn take_over(options: &import::Options, config: &Config, json: bool) -> anyhow::Result<()> {
    let report = block_on(import::run(options, config))?;
    if json {
        print(&format!("{}\n", serde_json::to_string_pretty(&report)?))?;
    } else {
        print(&report.to_string())?;
    }
    anyhow::ensure!(
        report.is_complete(),
        "something stayed behind that should not have: see UNEXPECTED and the lines below the \
         table. What came is kept; once it is put right there, import again"
    );
    Ok(())
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
