//! This node among those that use the same database.

use anyhow::Context as _;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::bus::NodeBus;
use crate::config::{Config, StoreConfig};
use crate::store::postgres::{Lease, LeaseError, Node};

/// The lease on the database; on an embedded store, which is locked by its
/// directory, nothing.
pub(super) struct Membership {
    nodes: watch::Receiver<Vec<String>>,
    lease: Option<JoinHandle<Result<(), LeaseError>>>,
    stop: CancellationToken,
}

impl Membership {
    /// Takes the lease and renews it from here on. `public` is the address
    /// under which the other nodes' clients reach this one.
    pub(super) async fn enter(
        config: &Config,
        node: Uuid,
        public: &str,
        bus: &NodeBus,
    ) -> anyhow::Result<Self> {
        let stop = CancellationToken::new();
        let StoreConfig::Postgres(settings) = &config.store else {
            let (_, nodes) = watch::channel(config.advertise.clone().into_iter().collect());
            return Ok(Self {
                nodes,
                lease: None,
                stop,
            });
        };
        let node = Node {
            id: node,
            advertise: Some(public.to_owned()),
            bus: bus.identity(),
        };
        let lease = Lease::take(settings, node).await;
        let lease = lease.context("cannot serve from this database")?;
        let nodes = lease.nodes();
        let identity = bus.identify();
        let lease = tokio::spawn(lease.run(stop.clone(), identity));
        Ok(Self {
            nodes,
            lease: Some(lease),
            stop,
        })
    }

    /// `host:port` of all nodes that are up.
    pub(super) fn nodes(&self) -> watch::Receiver<Vec<String>> {
        self.nodes.clone()
    }

    /// Resolves, with why, if the lease was lost.
    pub(super) async fn lost(&mut self) -> anyhow::Error {
        match &mut self.lease {
            None => std::future::pending().await,
            Some(lease) => match lease.await {
                Ok(Ok(())) => anyhow::anyhow!("the lease on the database was given back"),
                Ok(Err(error)) => error.into(),
                Err(error) => error.into(),
            },
        }
    }

    /// Gives the lease back.
    pub(super) async fn leave(self) {
        self.stop.cancel();
        let Some(lease) = self.lease.filter(|lease| !lease.is_finished()) else {
            return;
        };
        match lease.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the lease was lost while leaving"),
            Err(error) => tracing::error!(%error, "the lease was not given back"),
        }
    }
}
