//! The terminal around the application: input in, cells out, effects carried
//! out by the client. The one place of the screen that knows crossterm and
//! tokio.
//!
//! [`run`] owns the terminal until the person leaves. `event_loop` waits for
//! whatever comes first (a key, an event of the client, the result of an
//! effect, a signal, a moment the screen asked for), lets
//! [`update`](crate::app::update) take it in, hands the effects to `effects`
//! and draws when something changed. Nothing in the loop awaits the network or
//! the cache.

mod effects;
mod event_loop;
mod guard;
mod input;
mod signals;
mod words;

use std::hash::{BuildHasher, Hasher};
use std::io::{self, BufWriter, Stdout};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use crossterm::event::EventStream;
use jiff::tz::TimeZone;
use proto::UnixMillis;
use proto::catalog::Lang;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use tokio::sync::mpsc;

pub use self::event_loop::{Executor, Screen, Sources, drive};
pub use self::guard::{Guard, restore};
pub use self::words::sentence_of;

use self::effects::Effects;
pub use self::signals::Signals;
use crate::app::{Msg, Start};
use crate::client::model::ClientEvent;
use crate::client::{Client, Events};
use crate::config::Settings;

/// How long leaving waits for what was written to be on disk.
const LEAVE: Duration = Duration::from_secs(3);

/// How the screen is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Language of the interface.
    pub lang: Lang,
    /// The server that the client tries, as a person would write it.
    pub server: String,
    /// An invite to register, from a link.
    pub invite: Option<String>,
    /// What was set in `config.toml`.
    pub settings: Settings,
}

/// Shows the client on the terminal until the person leaves or the terminal
/// is gone. The client is closed afterwards.
///
/// # Errors
///
/// Where the terminal cannot be used: standard input or output is none, or
/// writing to it failed.
pub async fn run(client: Client, events: Events, options: Options) -> anyhow::Result<()> {
    let signals = Signals::new().context("cannot listen for signals")?;
    let guard =
        Guard::enter_with(options.settings.on("mouse")).context("cannot use this terminal")?;
    let backend = CrosstermBackend::new(BufWriter::with_capacity(64 * 1024, io::stdout()));
    let mut terminal = Terminal::new(backend)?;
    let size = terminal.size()?;

    let (replies, results) = mpsc::unbounded_channel();
    let present = client.presence().into_values().collect();
    replies.send(Msg::Client(ClientEvent::Presence(present)))?;
    let start = Start {
        lang: options.lang,
        color: std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        settings: options.settings,
        zone: TimeZone::system(),
        size: (size.width, size.height),
        link: client.link(),
        account: client.account(),
        server: options.server,
        invite: options.invite,
        seed: random(),
        now: unix_now(),
    };
    let mut effects = Effects::new(client.clone(), options.lang, replies);
    let sources = Sources {
        input: EventStream::new(),
        events,
        results,
        signals,
    };
    let mut screen = Surface { guard };
    let ended = drive(
        &mut terminal,
        &mut screen,
        sources,
        &mut effects,
        start,
        unix_now,
    )
    .await;
    let Surface { guard } = screen;
    drop(guard);
    // What was typed reaches the disk before the program ends.
    let late = tokio::time::timeout(LEAVE, async {
        effects.finish().await;
        client.close().await;
    })
    .await;
    ended?;
    late.context("the local cache did not answer while leaving")
}

struct Surface {
    guard: Guard,
}

impl Screen<CrosstermBackend<BufWriter<Stdout>>> for Surface {
    fn suspend(&mut self) -> io::Result<bool> {
        signals::suspend(&mut self.guard)
    }

    fn resumed(&mut self) -> io::Result<()> {
        self.guard.enter_again()
    }

    fn mouse(&mut self, on: bool) -> io::Result<()> {
        self.guard.mouse(on)
    }

    fn is_broken(&self) -> bool {
        guard::panicked()
    }
}

/// Milliseconds since the epoch by this machine's clock.
fn unix_now() -> UnixMillis {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as UnixMillis)
}

/// A number that nobody guesses, for the ids of messages; they must be unique,
/// not secret.
fn random() -> u64 {
    // RandomState is seeded by the system for each process.
    let mut hasher = std::hash::RandomState::new().build_hasher();
    hasher.write_u64(unix_now() as u64);
    hasher.write_u32(std::process::id());
    hasher.finish()
}
