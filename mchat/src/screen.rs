//! No command: the screen.

use std::io::{self, IsTerminal};

use proto::catalog::CliText;

use crate::cli::{self, Failure, Global};
use crate::client::{Client, Options, ServerAddress};
use crate::config::Settings;
use crate::tui;

/// Opens the screen; the process's exit code.
pub fn run(global: &Global) -> u8 {
    cli::with_options(global, show)
}

/// Shows the screen until the person leaves.
///
/// # Errors
///
/// Where there is no terminal, or the profile cannot be opened.
fn show(options: Options) -> Result<(), Failure> {
    let lang = options.lang;
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
