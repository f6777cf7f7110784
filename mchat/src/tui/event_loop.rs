//! The loop: the first of many things that may happen, one change, at most
//! sixty drawings a second, and nothing at all while nothing happens.

use std::io;
use std::time::Duration;

use crossterm::event::Event;
use futures_util::{Stream, StreamExt};
use proto::UnixMillis;
use ratatui::Terminal;
use ratatui::backend::Backend;
use ratatui::layout::Rect;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;

use super::input;
use super::signals::{Asked, Signals};
use crate::app::message::Ask;
use crate::app::{self, Effect, Model, Msg, Start};
use crate::client::Events;
use crate::ui;

/// Shortest time between two drawings.
const FRAME: Duration = Duration::from_millis(16);
/// Most inputs taken in between two drawings.
const BATCH: usize = 512;

/// Carries effects out without being waited for.
pub trait Executor {
    /// Starts one; what comes of it arrives as a message.
    fn execute(&mut self, effect: Effect);
}

/// What the loop asks of the terminal beside drawing.
pub trait Screen<B, I> {
    /// Gives the terminal back and stops until the shell goes on; false where
    /// that is not possible.
    ///
    /// # Errors
    ///
    /// Those of the terminal.
    fn suspend(&mut self) -> io::Result<bool>;

    /// The program was stopped from outside and goes on.
    ///
    /// # Errors
    ///
    /// Those of the terminal.
    fn resumed(&mut self) -> io::Result<()>;

    /// Does what only who holds the terminal can do; what comes of it is a
    /// message. While another program has the terminal, `input` is paused.
    ///
    /// # Errors
    ///
    /// Those of the terminal.
    fn ask(&mut self, ask: Ask, input: &mut I) -> io::Result<Option<Msg>>;

    /// Whether the terminal was given back behind the loop's back, by a panic
    /// in another thread.
    fn is_broken(&self) -> bool;
}

/// Where inputs come from.
#[derive(Debug)]
pub struct Sources<I> {
    /// The terminal.
    pub input: I,
    /// The client.
    pub events: Events,
    /// Results of effects.
    pub results: UnboundedReceiver<Msg>,
    /// Signals.
    pub signals: Signals,
}

enum Input {
    Message(Msg),
    Ended,
    Signal(Asked),
    Nothing,
}

/// Runs until the person leaves, the terminal is gone or a signal ends it.
///
/// # Errors
///
/// Those of the terminal.
pub async fn drive<B, I, S, X>(
    terminal: &mut Terminal<B>,
    screen: &mut S,
    mut sources: Sources<I>,
    executor: &mut X,
    start: Start,
    clock: fn() -> UnixMillis,
) -> anyhow::Result<()>
where
    B: Backend<Error: Send + Sync + 'static>,
    I: Stream<Item = io::Result<Event>> + Unpin,
    S: Screen<B, I>,
    X: Executor,
{
    let (mut model, effects) = app::start(start);
    let mut turn = Turn {
        quit: false,
        suspend: false,
        redraw: false,
        asks: Vec::new(),
    };
    turn.carry_out(effects, executor);
    let mut drawn: Option<Instant> = None;
    let mut dirty = true;
    while !turn.quit {
        if screen.is_broken() {
            anyhow::bail!("a part of the program failed; see the message above");
        }
        if dirty && drawn.is_none_or(|at| at.elapsed() >= FRAME) {
            let size = terminal.size()?;
            if (size.width, size.height) != model.size {
                let resize = Msg::Resize(size.width, size.height);
                turn.carry_out(app::update(&mut model, resize, clock()), executor);
            }
            terminal.draw(|frame| ui::draw(frame, &model))?;
            drawn = Some(Instant::now());
            dirty = false;
        }
        let frame = drawn.filter(|_| dirty).map(|at| at + FRAME);
        match next(&mut sources, &model, frame, clock).await {
            Input::Message(message) => {
                turn.carry_out(app::update(&mut model, message, clock()), executor);
                // What is there already is drawn together.
                for _ in 0..BATCH {
                    let Some(message) = waiting(&mut sources) else {
                        break;
                    };
                    turn.carry_out(app::update(&mut model, message, clock()), executor);
                }
                dirty = true;
            }
            Input::Ended | Input::Signal(Asked::Leave) => {
                turn.carry_out(app::leave(&mut model), executor);
                return Ok(());
            }
            Input::Signal(Asked::Suspend) => turn.suspend = true,
            Input::Signal(Asked::Resumed) => {
                screen.resumed()?;
                turn.redraw = true;
            }
            Input::Nothing => {}
        }
        if std::mem::take(&mut turn.suspend) {
            turn.redraw |= screen.suspend()?;
        }
        for ask in std::mem::take(&mut turn.asks) {
            let edits = matches!(ask, Ask::Edit { .. });
            let answer = screen.ask(ask, &mut sources.input)?;
            if edits {
                // Keys for the editor may have been signals for us, too.
                sources.signals.forget_interrupts()?;
                turn.redraw = true;
            }
            if let Some(message) = answer {
                turn.carry_out(app::update(&mut model, message, clock()), executor);
                dirty = true;
            }
        }
        if std::mem::take(&mut turn.redraw) {
            let size = terminal.size()?;
            terminal.resize(Rect::from((ratatui::layout::Position::ORIGIN, size)))?;
            dirty = true;
        }
    }
    Ok(())
}

/// What effects ask of the loop itself.
struct Turn {
    quit: bool,
    suspend: bool,
    redraw: bool,
    asks: Vec<Ask>,
}

impl Turn {
    fn carry_out(&mut self, effects: Vec<Effect>, executor: &mut impl Executor) {
        for effect in effects {
            match effect {
                Effect::Quit => self.quit = true,
                Effect::Suspend => self.suspend = true,
                Effect::Redraw => self.redraw = true,
                Effect::Ask(ask) => self.asks.push(ask),
                effect => executor.execute(effect),
            }
        }
    }
}

/// Waits for whatever comes first.
async fn next<I>(
    sources: &mut Sources<I>,
    model: &Model,
    frame: Option<Instant>,
    clock: fn() -> UnixMillis,
) -> Input
where
    I: Stream<Item = io::Result<Event>> + Unpin,
{
    let wake = app::wake(model).map(|at| {
        let millis = u64::try_from(at - clock()).unwrap_or(0);
        Instant::now() + Duration::from_millis(millis)
    });
    tokio::select! {
        biased;
        asked = sources.signals.next() => Input::Signal(asked),
        event = sources.input.next() => match event {
            Some(Ok(event)) => input::message(event).map_or(Input::Nothing, Input::Message),
            // The terminal is gone.
            Some(Err(_)) | None => Input::Ended,
        },
        () = until(frame) => Input::Nothing,
        Some(message) = sources.results.recv() => Input::Message(message),
        Some(event) = sources.events.recv() => Input::Message(Msg::Client(event)),
        () = until(wake) => Input::Message(Msg::Tick),
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// A message that is there already.
fn waiting<I>(sources: &mut Sources<I>) -> Option<Msg> {
    if let Ok(message) = sources.results.try_recv() {
        return Some(message);
    }
    sources.events.try_recv().ok().map(Msg::Client)
}
