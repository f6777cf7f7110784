//! Signals: leave in order, stop and come back.

use std::io;

use rustix::process::{Signal as Raise, getpid, getsid, kill_current_process_group};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::guard::Guard;

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// Leave.
    Leave,
    /// Stop until the shell goes on.
    Suspend,
    /// The program was stopped and goes on.
    Resumed,
}

/// The signals that are listened for.
#[derive(Debug)]
pub struct Signals {
    term: Signal,
    hangup: Signal,
    interrupt: Signal,
    stop: Signal,
    cont: Signal,
}

impl Signals {
    /// Listens from now on.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            stop: signal(SignalKind::from_raw(Raise::TSTP.as_raw()))?,
            cont: signal(SignalKind::from_raw(Raise::CONT.as_raw()))?,
        })
    }

    /// Interrupts up to now were meant for another program.
    pub(super) fn forget_interrupts(&mut self) -> io::Result<()> {
        self.interrupt = signal(SignalKind::interrupt())?;
        Ok(())
    }

    /// The next one.
    pub(super) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.term.recv() => Asked::Leave,
            _ = self.hangup.recv() => Asked::Leave,
            _ = self.interrupt.recv() => Asked::Leave,
            _ = self.stop.recv() => Asked::Suspend,
            _ = self.cont.recv() => Asked::Resumed,
        }
    }
}

/// Gives the terminal back, stops the whole job and, once the shell brings it
/// back, takes the terminal again. False where no shell could bring it back:
/// the program leads its session.
pub(super) fn suspend(guard: &mut Guard) -> io::Result<bool> {
    if getsid(None)? == getpid() {
        return Ok(false);
    }
    guard.leave();
    // SIGTSTP is listened for and would only come back here.
    kill_current_process_group(Raise::STOP)?;
    guard.enter_again()?;
    Ok(true)
}
