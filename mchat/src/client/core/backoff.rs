//! When to try again.

use super::Millis;
use crate::client::random::Random;

/// Longest pause between two tries, in milliseconds.
const LONGEST: Millis = 15_000;
/// For this many tries the pause stays within a second: a restart is short.
const QUICK: u32 = 12;

/// Pauses that grow, with jitter so that clients do not return in step.
#[derive(Debug, Clone)]
pub(super) struct Backoff {
    attempt: u32,
    random: Random,
}

impl Backoff {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            attempt: 0,
            random: Random::new(seed),
        }
    }

    /// The pause before the next try.
    pub(super) fn next(&mut self) -> Millis {
        let pause = if self.attempt < QUICK {
            (100 << self.attempt.min(4)).min(1000)
        } else {
            (1000 << (self.attempt - QUICK + 1).min(4)).min(LONGEST)
        };
        self.attempt = self.attempt.saturating_add(1);
        pause / 2 + self.jitter(pause / 2)
    }

    /// A pause of any length up to `most`.
    pub(super) fn jitter(&mut self, most: Millis) -> Millis {
        self.random.below(most + 1)
    }

    pub(super) fn reset(&mut self) {
        self.attempt = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quick_at_first_and_bounded() {
        for seed in 0..50 {
            let mut backoff = Backoff::new(seed);
            let pauses: Vec<_> = (0..40).map(|_| backoff.next()).collect();
            assert!(pauses[0] <= 100);
            assert!(pauses[..12].iter().all(|p| *p <= 1000), "{pauses:?}");
            assert!(pauses.iter().all(|p| *p <= LONGEST));
            assert!(pauses[30] >= LONGEST / 2);
        }
    }
}
