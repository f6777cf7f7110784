//! Pauses that differ, so that nodes do not all ask at once.

use std::time::Duration;

use uuid::Uuid;

/// A time between two others, by chance.
pub(crate) fn between(shortest: Duration, longest: Duration) -> Duration {
    let span = longest.saturating_sub(shortest).as_micros() as u64;
    // The low bits of a version 4 UUID are random.
    let chance = Uuid::new_v4().as_u128() as u32;
    shortest + Duration::from_micros(span * u64::from(chance) / u64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_within_its_bounds_and_differs() {
        let (low, high) = (Duration::from_secs(15), Duration::from_secs(30));
        let pauses: Vec<_> = (0..100).map(|_| between(low, high)).collect();
        assert!(pauses.iter().all(|pause| (low..=high).contains(pause)));
        assert!(pauses.iter().any(|pause| *pause != pauses[0]));
        assert_eq!(between(low, low), low);
    }
}
