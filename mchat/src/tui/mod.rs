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

mod deeds;
mod effects;
mod event_loop;
mod guard;
mod input;
mod linear;
mod notify;
mod signals;
mod spawn;
mod words;

use std::hash::{BuildHasher, Hasher};
use std::io::{self, BufWriter, Stdout};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use jiff::tz::TimeZone;
use proto::UnixMillis;
use proto::catalog::{Lang, Text, fill};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use tokio::sync::mpsc;

pub use self::event_loop::{Executor, Screen, Sources, drive};
pub use self::guard::{Guard, restore};
pub use self::linear::run_linear;
pub use self::words::sentence_of;

use self::effects::Effects;
use self::input::Keys;
pub use self::signals::Signals;
use crate::app::message::Ask;
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
        light: has_light_background(),
        settings: options.settings.clone(),
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
        input: Keys::new(),
        events,
        results,
        signals,
    };
    let mut screen = Surface {
        guard,
        terminal: notify::Terminal::new(),
        settings: options.settings,
        lang: options.lang,
    };
    let ended = drive(
        &mut terminal,
        &mut screen,
        sources,
        &mut effects,
        start,
        unix_now,
    )
    .await;
    drop(screen);
    // What was typed reaches the disk before the program ends.
    let late = tokio::time::timeout(LEAVE, async {
        effects.finish().await;
        client.close().await;
    })
    .await;
    ended?;
    late.context("the local cache did not answer while leaving")
}

/// Whether the terminal says that its background is light. `COLORFGBG` is
/// what there is without asking the terminal, which would hold keys back.
fn has_light_background() -> bool {
    let colors = std::env::var("COLORFGBG").unwrap_or_default();
    matches!(colors.rsplit(';').next(), Some("7" | "15"))
}

struct Surface {
    guard: Guard,
    terminal: notify::Terminal,
    settings: Settings,
    lang: Lang,
}

impl Surface {
    fn edit(&mut self, text: &str, input: &mut Keys) -> io::Result<String> {
        // Whoever reads the terminal would take keys away from the editor.
        input.pause();
        self.guard.leave();
        let written = tokio::task::block_in_place(|| spawn::edit(text));
        let entered = self.guard.enter_again();
        input.resume();
        entered?;
        written
    }
}

impl Screen<CrosstermBackend<BufWriter<Stdout>>, Keys> for Surface {
    fn ask(&mut self, ask: Ask, input: &mut Keys) -> io::Result<Option<Msg>> {
        let bytes = match ask {
            Ask::Mouse(on) => {
                self.guard.mouse(on)?;
                return Ok(None);
            }
            Ask::Settings(settings) => {
                self.settings = *settings;
                return Ok(None);
            }
            Ask::Edit { chat, text } => {
                let result = self.edit(&text, input).map_err(|error| error.to_string());
                return Ok(Some(Msg::Edited { chat, result }));
            }
            Ask::Copy(text) => self.terminal.copy(&text),
            Ask::Title(title) => self.terminal.title(&title),
            Ask::Unnotify(chat) => self.terminal.unnotify(&self.settings, chat),
            Ask::Notify(new) => {
                notify::write(&self.terminal.notify(&self.settings, &new))?;
                if self.settings.on("notify.desktop")
                    && let Err(error) = notify::desktop(&new)
                {
                    let sentence = Text::NotNotified.get(self.lang);
                    let sentence = fill(sentence, &[("why", &error.to_string())]);
                    return Ok(Some(Msg::Done(Err(sentence))));
                }
                return Ok(None);
            }
        };
        notify::write(&bytes)?;
        Ok(None)
    }

    fn suspend(&mut self) -> io::Result<bool> {
        signals::suspend(&mut self.guard)
    }

    fn resumed(&mut self) -> io::Result<()> {
        self.guard.enter_again()
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
