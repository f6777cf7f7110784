//! The bus that the settings name.

use std::sync::Arc;

use anyhow::Context as _;
use uuid::Uuid;

use crate::bus::Bus;
use crate::bus::local::LocalBus;
use crate::bus::redis::RedisBus;
use crate::config::Config;
use crate::service::receiver::Receiver;
use crate::store::SharedStore;
use crate::store::postgres::UNKNOWN_BUS;

/// The way to the other nodes, or to nobody.
pub(super) enum NodeBus {
    Alone(Arc<LocalBus>),
    Redis(Arc<RedisBus>),
}

impl NodeBus {
    /// Starts connecting where there is something to connect to.
    pub(super) fn start(
        config: &Config,
        store: &SharedStore,
        node: Uuid,
        receiver: &Arc<Receiver>,
    ) -> anyhow::Result<Self> {
        Ok(match &config.bus {
            None => Self::Alone(Arc::new(LocalBus::new(receiver.clone()))),
            Some(settings) => {
                let bus = RedisBus::start(settings, store.community(), node, receiver.clone());
                Self::Redis(bus.context("cannot use Redis")?)
            }
        })
    }

    /// As the service uses it.
    pub(super) fn shared(&self) -> Arc<dyn Bus> {
        match self {
            Self::Alone(bus) => bus.clone(),
            Self::Redis(bus) => bus.clone(),
        }
    }

    /// What tells this bus from others, as far as it has answered; none where
    /// there is nobody else on it.
    pub(super) fn identity(&self) -> Option<Uuid> {
        match self {
            Self::Alone(_) => None,
            Self::Redis(bus) => Some(bus.bus_id().unwrap_or(UNKNOWN_BUS)),
        }
    }

    /// Asks for it again and again.
    pub(super) fn identify(&self) -> impl Fn() -> Option<Uuid> + Send + Sync + 'static {
        let redis = match self {
            Self::Alone(_) => None,
            Self::Redis(bus) => Some(bus.clone()),
        };
        move || redis.as_ref().and_then(|bus| bus.bus_id())
    }

    /// Publishes what waits and disconnects.
    pub(super) async fn stop(&self) {
        match self {
            Self::Alone(_) => {}
            Self::Redis(bus) => bus.stop().await,
        }
    }
}
