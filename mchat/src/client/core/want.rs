//! Something small that is asked for whole when it changed.

use super::Millis;

/// Pause after an attempt that failed.
const PAUSE: Millis = 2_000;

/// Whether it is wanted, and on its way. Changes while it is on its way make it
/// be asked for once more, however many they were.
#[derive(Debug, Default)]
pub(super) struct Want {
    wanted: bool,
    asking: bool,
    not_before: Millis,
}

impl Want {
    pub(super) fn new(wanted: bool) -> Self {
        Self {
            wanted,
            ..Self::default()
        }
    }

    /// It changed.
    pub(super) fn want(&mut self) {
        self.wanted = true;
    }

    /// True where it is to be asked for now: it is on its way then.
    pub(super) fn due(&mut self, now: Millis) -> bool {
        if !self.wanted || self.asking || now < self.not_before {
            return false;
        }
        self.wanted = false;
        self.asking = true;
        true
    }

    /// It came.
    pub(super) fn came(&mut self) {
        self.asking = false;
    }

    /// It did not come: to be asked for again later, or not at all.
    pub(super) fn failed(&mut self, now: Millis, again: bool) {
        self.asking = false;
        self.wanted |= again;
        self.not_before = now + PAUSE;
    }

    /// The connection on which it was asked for is gone.
    pub(super) fn lost(&mut self) {
        self.wanted |= self.asking;
        self.asking = false;
        self.not_before = 0;
    }

    /// When to look again.
    pub(super) fn wake(&self) -> Option<Millis> {
        (self.wanted && !self.asking).then_some(self.not_before)
    }

    /// Whether it is wanted or on its way.
    pub(super) fn is_open(&self) -> bool {
        self.wanted || self.asking
    }
}
