//! The bus of many nodes: Redis, alone or as a cluster.
//!
//! A batch is delivered to this node's sink at once and then published, on one
//! of 64 channels: the whole batch on that of its first chat, or on a cluster
//! (sharded pub/sub) a part for each channel it touches. Every node reads all
//! channels. Nothing here waits for Redis: what cannot be published is dropped,
//! counted, and the others are told that something was lost, so that they
//! compare with the store.

mod core;
mod link;
mod names;
mod settings;
mod shared;
mod topology;
mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use redis::{ConnectionInfo, IntoConnectionInfo, ProtocolVersion};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use self::core::Core;
use self::link::{Link, Outgoing};
use self::names::SHARDS;
pub use self::settings::{Settings, SettingsError};
use self::shared::Keys;
use self::topology::Topology;
use super::{Bus, BusError, Shared, Signal, Sink};

/// Whether all channels are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Yes.
    Connected {
        /// Since when.
        since: SystemTime,
    },
    /// No, or not yet.
    Down {
        /// Since when.
        since: SystemTime,
    },
}

impl State {
    /// Whether signals reach the other nodes.
    pub fn is_up(&self) -> bool {
        matches!(self, Self::Connected { .. })
    }
}

/// What the bus did so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Batches that Redis took.
    pub published: u64,
    /// Their bytes.
    pub published_bytes: u64,
    /// Batches of other nodes.
    pub received: u64,
    /// Batches that were not published: no connection, or too many waited.
    pub dropped: u64,
    /// Batches of other nodes that could not be read.
    pub unreadable: u64,
}

/// See the module.
pub struct RedisBus {
    core: Arc<Core>,
    shared: Arc<Keys>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl RedisBus {
    /// Starts connecting; returns at once. Until the bus is connected it is
    /// [`State::Down`] and loses what is published.
    ///
    /// Has to be called within a tokio runtime.
    ///
    /// # Errors
    ///
    /// [`BusError::Address`] where a URL is none, or where there are several
    /// without a cluster.
    pub fn start(
        settings: &Settings,
        community: Uuid,
        node: Uuid,
        sink: Arc<dyn Sink>,
    ) -> Result<Arc<Self>, BusError> {
        let servers = servers(settings)?;
        let core = Core::new(node, community, settings.cluster, sink)
            .map_err(|error| BusError::Unavailable(error.to_string()))?;
        let core = Arc::new(core);
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        core.sink.connected(false);
        if settings.cluster {
            let topology = Topology::new(core.clone(), servers, tasks.clone());
            tasks.spawn(topology.run(stop.clone()));
        } else {
            for server in servers {
                let (link, queue) = Link::new(server, (0..SHARDS).collect(), false)
                    .map_err(|error| BusError::Address(error.to_string()))?;
                {
                    let mut routes = core.routes();
                    routes.shards.fill(Some(link.clone()));
                    routes.keys = Some(link.clone());
                }
                tasks.spawn(link.run(core.clone(), queue, stop.clone()));
            }
        }
        tasks.close();
        Ok(Arc::new(Self {
            shared: Arc::new(Keys::new(core.clone())),
            core,
            tasks,
            stop,
        }))
    }

    /// Whether the bus is connected, and since when.
    pub fn state(&self) -> watch::Receiver<State> {
        self.core.state.subscribe()
    }

    /// Waits until the bus is connected; false where it is not in time.
    pub async fn wait_up(&self, patience: Duration) -> bool {
        let mut state = self.state();
        tokio::time::timeout(patience, state.wait_for(State::is_up))
            .await
            .is_ok_and(|state| state.is_ok())
    }

    /// What identifies this Redis for the community, the same on all nodes that
    /// share it; none before it has answered a [`Shared::beat`].
    pub fn bus_id(&self) -> Option<Uuid> {
        self.core.bus_id()
    }

    /// What the bus did so far.
    pub fn counts(&self) -> Counts {
        self.core.counters.counts()
    }

    /// Publishes what waits, disconnects and ends all tasks.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

impl Bus for RedisBus {
    fn publish(&self, signals: Vec<Signal>) {
        let mut parts: BTreeMap<usize, Vec<&Signal>> = BTreeMap::new();
        if self.core.cluster {
            for signal in &signals {
                parts.entry(names::shard(signal)).or_default().push(signal);
            }
        } else if let Some(first) = signals.first() {
            parts.insert(names::shard(first), signals.iter().collect());
        }
        let encoded: Vec<Outgoing> = parts
            .into_iter()
            .filter_map(
                |(shard, signals)| match wire::encode(self.core.node, &signals) {
                    Ok(bytes) => Some(Outgoing { shard, bytes }),
                    // Only an event over the limit of a frame does this, which
                    // no client could be sent either.
                    Err(error) => {
                        tracing::error!(%error, "batch not encoded");
                        None
                    }
                },
            )
            .collect();
        self.core.sink.deliver(signals);
        for outgoing in encoded {
            self.core.send(outgoing);
        }
    }

    fn is_up(&self) -> bool {
        self.core.state.borrow().is_up()
    }

    fn shared(&self) -> Option<Arc<dyn Shared>> {
        Some(self.shared.clone())
    }
}

impl Drop for RedisBus {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn servers(settings: &Settings) -> Result<Vec<ConnectionInfo>, BusError> {
    match settings.urls.len() {
        0 => {
            return Err(BusError::Address(
                "no URL of a Redis server is given".into(),
            ));
        }
        1 => {}
        _ if settings.cluster => {}
        several => {
            return Err(BusError::Address(format!(
                "{several} Redis servers are given, which only a cluster can be: say that it is one, or name one server"
            )));
        }
    }
    let servers = settings.urls.iter().enumerate().map(|(at, url)| {
        // The URL may hold a password and is not shown.
        let info = url.as_str().into_connection_info().map_err(|error| {
            BusError::Address(format!(
                "the URL of Redis server {} cannot be used ({error}); write redis://host:6379/0, rediss://… or unix:///path",
                at + 1
            ))
        })?;
        let redis = info
            .redis_settings()
            .clone()
            .set_protocol(ProtocolVersion::RESP3);
        Ok(info.set_redis_settings(redis))
    });
    servers.collect()
}
