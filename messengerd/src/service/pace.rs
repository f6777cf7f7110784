//! How often nodes look at each other, and how long they wait.

use std::time::Duration;

/// Times of a node among others. Tests shorten them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// How long a user without a session still counts as online.
    pub grace: Duration,
    /// A node gives a sign of life this often …
    pub beat: Duration,
    /// … and is dead without one for this long.
    pub life: Duration,
    /// What was told is compared with the store at a chance time between
    /// these …
    pub compare: (Duration, Duration),
    /// … and this often while other nodes are not reached.
    pub compare_down: Duration,
    /// How long a cached chat is trusted while other nodes tell of changes …
    pub trust: Duration,
    /// … and while they cannot.
    pub trust_down: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            grace: seconds(5),
            beat: seconds(5),
            life: seconds(15),
            compare: (seconds(15), seconds(30)),
            compare_down: seconds(2),
            trust: seconds(30),
            trust_down: seconds(2),
        }
    }
}
