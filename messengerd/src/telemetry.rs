//! Logging. Levels: `error` needs a person, `warn` may, `info` is the daemon's
//! life, `debug` a connection's. Never in a log: texts, tokens, passwords;
//! addresses and names only at `debug`.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Sends log lines of at least `level` (or what `MESSENGERD_LOG` says) to
/// standard error.
///
/// # Errors
///
/// Where the filter cannot be parsed or a logger is set already.
pub fn init(level: &str) -> anyhow::Result<()> {
    let directives = std::env::var("MESSENGERD_LOG").unwrap_or_else(|_| level.to_owned());
    let filter = EnvFilter::try_new(&directives)?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
        .with_target(false);
    // The journal has its own time stamps.
    let started = if std::env::var_os("JOURNAL_STREAM").is_some() {
        lines.without_time().try_init()
    } else {
        lines.try_init()
    };
    started.map_err(|error| anyhow::anyhow!("logging: {error}"))
}
