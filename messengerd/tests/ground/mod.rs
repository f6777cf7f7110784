//! What a flow runs on: how its clients connect, and what its daemon keeps
//! everything in.
#![allow(dead_code, reason = "shared by several test programs")]

use std::ops::Deref;
use std::sync::Arc;

use messengerd::bus::redis;
use messengerd::config::{Config, StoreConfig};
use messengerd::service::limiter::Rate;
use messengerd::store::postgres::{Settings, TlsMode};

use crate::servers::postgres::{Database, database};
use crate::servers::redis::RedisServer;
use crate::support::{Daemon, Wire};

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(crate) struct On {
    pub(crate) wire: Wire,
    /// PostgreSQL and Redis instead of the embedded store.
    pub(crate) shared: bool,
}

/// A daemon with what it stands on.
pub(crate) struct Ground {
    daemon: Daemon,
    servers: Option<(Database, RedisServer)>,
}

impl On {
    pub(crate) async fn daemon(self) -> Ground {
        let servers = if self.shared {
            Some((database().await, RedisServer::start()))
        } else {
            None
        };
        let home = Arc::new(tempfile::tempdir().unwrap());
        let daemon = start(home, servers.as_ref()).await;
        Ground { daemon, servers }
    }
}

/// Tests do more in a second than people.
const RATE: Rate = Rate {
    burst: 1_000_000,
    per_second: 1_000_000.0,
};

async fn start(home: Arc<tempfile::TempDir>, servers: Option<&(Database, RedisServer)>) -> Daemon {
    Daemon::start_in(home, |config: &mut Config| {
        config.send_rate = RATE;
        if let Some((database, redis)) = servers {
            config.store = StoreConfig::Postgres(Box::new(Settings {
                server: database.config.clone(),
                tls: TlsMode::Disable,
                root_certificate: None,
            }));
            config.bus = Some(redis::Settings {
                urls: vec![redis.url()],
                cluster: false,
            });
        }
    })
    .await
}

impl Ground {
    /// The same daemon after a stop and a start.
    pub(crate) async fn restart(self) -> Self {
        let home = self.daemon.home.clone();
        self.daemon.server.stop().await.unwrap();
        let daemon = start(home, self.servers.as_ref()).await;
        Self {
            daemon,
            servers: self.servers,
        }
    }
}

impl Deref for Ground {
    type Target = Daemon;

    fn deref(&self) -> &Daemon {
        &self.daemon
    }
}

/// One test for each thing to stand on.
#[macro_export]
macro_rules! on_both_stores {
    ($($name:ident)*) => {
        $crate::on_every_ground!(@sqlite Quic false $($name)*);
        $crate::on_every_ground!(@postgres Quic true $($name)*);
    };
}

/// One test for each way to connect and each thing to stand on.
#[macro_export]
macro_rules! on_every_ground {
    ($($name:ident)*) => {
        $crate::on_every_ground!(@quic Quic false $($name)*);
        $crate::on_every_ground!(@websocket WebSocket false $($name)*);
        $crate::on_every_ground!(@plain_websocket PlainWebSocket false $($name)*);
        $crate::on_every_ground!(@shared_quic Quic true $($name)*);
        $crate::on_every_ground!(@shared_websocket WebSocket true $($name)*);
    };
    (@$module:ident $wire:ident $shared:literal $($name:ident)*) => {
        mod $module { $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::ground::On {
                    wire: $crate::support::Wire::$wire,
                    shared: $shared,
                })
                .await
            })* }
    };
}
