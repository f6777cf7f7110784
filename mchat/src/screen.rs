//! No command: the screen.

use std::io::{self, IsTerminal};

use proto::catalog::CliText;

use crate::cli::{self, Failure, Global};
use crate::client::{Client, ClientError, Options, ServerAddress};
use crate::config::Settings;
use crate::tui;

/// Opens the screen, or talks in lines (`plain`); the process's exit code.
pub fn run(global: &Global, plain: bool) -> u8 {
    cli::with_options(global, |options| show(options, plain))
}

/// Shows the screen until the person leaves.
///
/// # Errors
///
/// Where there is no terminal, or the profile cannot be opened.
fn show(options: Options, plain: bool) -> Result<(), Failure> {
    let lang = options.lang;
    if plain {
        return talk(options);
    }
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(Failure::Usage(CliText::NoScreen.get(lang).to_owned()));
    }
    let settings = Settings::load()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let done = runtime.block_on(async {
        let given = options.server.clone();
        let (client, events) = Client::open(options).await?;
        let server = given.unwrap_or_else(ServerAddress::local);
        let options = tui::Options {
            lang,
            server: server.to_string(),
            settings,
            invite: server.invite.map(String::from),
        };
        tui::run(client, events, options)
            .await
            .map_err(|error| Failure::Other(format!("{error:#}")))
    });
    // The thread that reads the terminal may wait for a key for ever.
    runtime.shutdown_background();
    done
}

/// Talks in lines until the person leaves or the input ends.
///
/// # Errors
///
/// Where nobody is signed in, the profile cannot be opened or the output
/// cannot be written.
fn talk(options: Options) -> Result<(), Failure> {
    let settings = Settings::load()?;
    let lang = options.lang;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let done = runtime.block_on(async {
        let given = options.server.clone();
        let (client, events) = Client::open(options).await?;
        if client.account().is_none() {
            return Err(Failure::Client(ClientError::SignedOut));
        }
        let server = given.unwrap_or_else(ServerAddress::local);
        let options = tui::Options {
            lang,
            server: server.to_string(),
            invite: None,
            settings,
        };
        let prompts = io::stdin().is_terminal() && io::stdout().is_terminal();
        let input = tokio::io::BufReader::new(tokio::io::stdin());
        tui::run_linear(client, events, options, input, io::stdout(), prompts)
            .await
            .map_err(|error| match error.downcast::<io::Error>() {
                Ok(error) => error.into(),
                Err(error) => Failure::Other(format!("{error:#}")),
            })
    });
    // The thread that reads the input may wait for a line for ever.
    runtime.shutdown_background();
    done
}
