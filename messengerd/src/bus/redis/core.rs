//! What all links of one bus share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use super::link::{Link, Outgoing, Waiting};
use super::names::{Names, SHARDS};
use super::wire::{self, Notice};
use super::{Counts, State};
use crate::bus::Sink;

/// Bytes that may wait to be published.
const WAITING_BYTES: usize = 8 * 1024 * 1024;

/// Which link serves what.
pub(super) struct Routes {
    /// By shard.
    pub(super) shards: Vec<Option<Arc<Link>>>,
    /// Of the keys.
    pub(super) keys: Option<Arc<Link>>,
}

#[derive(Default)]
pub(super) struct Counters {
    pub(super) published: AtomicU64,
    pub(super) published_bytes: AtomicU64,
    pub(super) received: AtomicU64,
    pub(super) dropped: AtomicU64,
    pub(super) unreadable: AtomicU64,
}

impl Counters {
    pub(super) fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            published: read(&self.published),
            published_bytes: read(&self.published_bytes),
            received: read(&self.received),
            dropped: read(&self.dropped),
            unreadable: read(&self.unreadable),
        }
    }
}

/// See the module.
pub(super) struct Core {
    pub(super) node: Uuid,
    pub(super) names: Names,
    pub(super) cluster: bool,
    pub(super) sink: Arc<dyn Sink>,
    pub(super) counters: Counters,
    /// A link failed: the servers' places may have changed.
    pub(super) topology_changed: Notify,
    pub(super) state: watch::Sender<State>,
    routes: Mutex<Routes>,
    waiting: Waiting,
    /// What identifies the Redis, once it was asked.
    bus_id: Mutex<Option<Uuid>>,
    /// The notice that batches were lost, encoded.
    lost: Bytes,
}

impl Core {
    pub(super) fn new(
        node: Uuid,
        community: Uuid,
        cluster: bool,
        sink: Arc<dyn Sink>,
    ) -> Result<Self, wire::WireError> {
        Ok(Self {
            node,
            names: Names::new(community),
            cluster,
            sink,
            counters: Counters::default(),
            topology_changed: Notify::new(),
            state: watch::Sender::new(State::Down {
                since: SystemTime::now(),
            }),
            routes: Mutex::new(Routes {
                shards: vec![None; SHARDS],
                keys: None,
            }),
            waiting: Waiting::default(),
            bus_id: Mutex::default(),
            lost: wire::encode(node, &[])?,
        })
    }

    pub(super) fn routes(&self) -> MutexGuard<'_, Routes> {
        self.routes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this many bytes more may wait; counts them in.
    pub(super) fn admit(&self, bytes: usize) -> bool {
        self.waiting.admit(bytes, WAITING_BYTES)
    }

    pub(super) fn released(&self, bytes: usize) {
        self.waiting.release(bytes);
    }

    /// Tells the nodes that this one's batches were lost.
    pub(super) fn lost_notice(&self, shard: usize) -> Outgoing {
        Outgoing {
            shard,
            bytes: self.lost.clone(),
        }
    }

    /// Queues a batch where its shard is served.
    pub(super) fn send(&self, outgoing: Outgoing) {
        let link = self.routes().shards.get(outgoing.shard).cloned().flatten();
        match link {
            Some(link) => link.send(outgoing, self),
            // Links that come later tell that batches were lost.
            None => {
                self.counters.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Delivers what came from the server.
    pub(super) fn receive(&self, bytes: &[u8]) {
        match wire::decode(self.node, bytes) {
            Ok(None) => {}
            Ok(Some(Notice::Signals(signals))) => {
                self.counters.received.fetch_add(1, Ordering::Relaxed);
                self.sink.arrived(signals);
            }
            Ok(Some(Notice::Lost)) => self.sink.missed(),
            Err(error) => {
                // Once is enough for the log; the store has what it said.
                if self.counters.unreadable.fetch_add(1, Ordering::Relaxed) == 0 {
                    tracing::warn!(%error, "a batch of another node cannot be read");
                }
                self.sink.missed();
            }
        }
    }

    /// Sees whether all channels are served, and tells the sink of a change.
    pub(super) fn link_changed(&self) {
        // The lock is held for the telling too, so that two changes are told
        // in their order.
        let routes = self.routes();
        let up = routes
            .shards
            .iter()
            .all(|link| link.as_ref().is_some_and(|link| link.is_up()));
        let changed = self.state.send_if_modified(|state| {
            let changed = up != state.is_up();
            if changed {
                let since = SystemTime::now();
                *state = if up {
                    State::Connected { since }
                } else {
                    State::Down { since }
                };
            }
            changed
        });
        if changed {
            self.sink.connected(up);
        }
    }

    pub(super) fn bus_id(&self) -> Option<Uuid> {
        *self.bus_id.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn learn_bus_id(&self, id: Uuid) {
        *self.bus_id.lock().unwrap_or_else(PoisonError::into_inner) = Some(id);
    }
}
