//! The one guard of the terminal: what was switched on is switched off again,
//! on every way out.

use std::io::{self, Write};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::Show;
use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste,
    EnableFocusChange, EnableMouseCapture, KeyboardEnhancementFlags, PopKeyboardEnhancementFlags,
    PushKeyboardEnhancementFlags,
};
use crossterm::execute;
use crossterm::style::Print;
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};

/// Whether the terminal is ours now; the panic hook and the guard both ask.
static HELD: AtomicBool = AtomicBool::new(false);
/// Whether the key protocol was pushed.
static ENHANCED: AtomicBool = AtomicBool::new(false);
/// Whether mouse events are wanted.
static MOUSE: AtomicBool = AtomicBool::new(true);
static PANICKED: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

/// Holds the terminal: raw mode, alternate screen, mouse, paste and focus
/// reports. Dropping it gives the terminal back.
#[derive(Debug)]
pub struct Guard(());

impl Guard {
    /// Takes the terminal.
    ///
    /// # Errors
    ///
    /// Those of the terminal.
    pub fn enter() -> io::Result<Self> {
        Self::enter_with(true)
    }

    /// Takes the terminal, with or without mouse events.
    ///
    /// # Errors
    ///
    /// Those of the terminal.
    pub fn enter_with(mouse: bool) -> io::Result<Self> {
        MOUSE.store(mouse, Ordering::SeqCst);
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                // First the terminal, so that the report can be read.
                restore();
                PANICKED.store(true, Ordering::SeqCst);
                before(info);
            }));
        });
        let guard = Self(());
        take()?;
        Ok(guard)
    }

    /// Asks for mouse events, or no longer.
    pub(super) fn mouse(&mut self, on: bool) -> io::Result<()> {
        MOUSE.store(on, Ordering::SeqCst);
        if on {
            execute!(io::stdout(), EnableMouseCapture)
        } else {
            execute!(io::stdout(), DisableMouseCapture)
        }
    }

    /// Gives the terminal back for a while.
    pub(super) fn leave(&mut self) {
        restore();
    }

    /// Takes the terminal again, whoever changed its modes meanwhile.
    pub(super) fn enter_again(&mut self) -> io::Result<()> {
        restore();
        take()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        restore();
    }
}

fn take() -> io::Result<()> {
    HELD.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    let mut out = io::stdout();
    execute!(
        out,
        // The title that was is kept for the end.
        Print("\x1b[22;2t"),
        EnterAlternateScreen,
        EnableBracketedPaste,
        EnableFocusChange
    )?;
    if MOUSE.load(Ordering::SeqCst) {
        execute!(out, EnableMouseCapture)?;
    }
    if enhances_keys() {
        ENHANCED.store(true, Ordering::SeqCst);
        execute!(
            out,
            PushKeyboardEnhancementFlags(KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES)
        )?;
    }
    Ok(())
}

/// Gives the terminal back, if it is held: safe to call at any time and more
/// than once. Errors are of no use here: the terminal is gone.
pub fn restore() {
    if !HELD.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    if ENHANCED.swap(false, Ordering::SeqCst) {
        let _ = execute!(out, PopKeyboardEnhancementFlags);
    }
    let _ = execute!(
        out,
        DisableMouseCapture,
        DisableFocusChange,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        Print("\x1b[23;2t"),
        Show
    );
    let _ = out.flush();
    let _ = disable_raw_mode();
}

/// Whether some thread panicked since the terminal was taken.
pub(super) fn panicked() -> bool {
    PANICKED.load(Ordering::SeqCst)
}

/// Whether the terminal is one that knows the kitty keyboard protocol. It is
/// told by its name: asking it would hold the first key back until it answers,
/// two seconds where it never does.
fn enhances_keys() -> bool {
    let is = |name: &str, known: &[&str]| {
        std::env::var(name).is_ok_and(|value| known.iter().any(|known| value.contains(known)))
    };
    is(
        "TERM",
        &["kitty", "foot", "ghostty", "alacritty", "wezterm", "rio"],
    ) || is("TERM_PROGRAM", &["WezTerm", "ghostty", "rio"]) && !is("TERM", &["tmux", "screen"])
}
