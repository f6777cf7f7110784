//! Who may wait to be let in. A connection costs memory before anybody has
//! signed in on it, so their number is bounded: in all, and for each network
//! outside of this machine.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::service::limiter::network;

/// The part of all places that one network may take: one in eight.
const SHARE: usize = 8;

#[derive(Debug, Default)]
struct State {
    waiting: usize,
    networks: HashMap<IpAddr, usize>,
}

/// Counts connections that have not signed in.
#[derive(Debug)]
pub struct Door {
    places: usize,
    state: Mutex<State>,
}

/// One place, free again when this is dropped.
#[derive(Debug)]
pub struct Pass {
    door: Arc<Door>,
    network: Option<IpAddr>,
}

impl Door {
    /// A door before which so many may wait.
    pub fn new(places: usize) -> Arc<Self> {
        Arc::new(Self {
            places,
            state: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a peer, or none where all are taken.
    pub fn enter(self: &Arc<Self>, peer: IpAddr) -> Option<Pass> {
        let mut state = self.state();
        if state.waiting >= self.places {
            return None;
        }
        // Behind a proxy on this machine everybody comes from here.
        let network = Some(network(peer)).filter(|network| !network.is_loopback());
        if let Some(network) = network {
            let taken = state.networks.entry(network).or_default();
            if *taken >= (self.places / SHARE).max(1) {
                return None;
            }
            *taken += 1;
        }
        state.waiting += 1;
        Some(Pass {
            door: self.clone(),
            network,
        })
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut state = self.door.state();
        state.waiting -= 1;
        if let Some(network) = self.network
            && let Some(taken) = state.networks.get_mut(&network)
        {
            *taken -= 1;
            if *taken == 0 {
                state.networks.remove(&network);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn peer(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_network_takes_its_share_and_no_more() {
        let door = Door::new(16);
        let first = [1, 2].map(|_| door.enter(peer("2001:db8::1")).unwrap());
        // The same customer's network.
        assert!(door.enter(peer("2001:db8::2")).is_none());
        let other = door.enter(peer("2001:db8:1::1")).unwrap();
        drop(first);
        assert!(door.enter(peer("2001:db8::2")).is_some());
        drop(other);
        assert_eq!(door.state().waiting, 0);
        assert!(door.state().networks.is_empty());
    }

    #[test]
    fn all_together_are_bounded_and_places_come_back() {
        let door = Door::new(16);
        let mut passes: Vec<Pass> = (0..16)
            .map(|_| door.enter(peer("::ffff:127.0.0.1")).unwrap())
            .collect();
        assert!(door.enter(peer("192.0.2.1")).is_none());
        passes.pop();
        assert!(door.enter(peer("192.0.2.1")).is_some());
    }
}
