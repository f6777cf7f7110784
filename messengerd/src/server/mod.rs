//! Puts the parts together, runs them, and stops them in order: stop
//! accepting → tell clients → let them go → write what waits → close the store.

mod addresses;
mod bus;
mod invite;
mod membership;
mod sockets;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use proto::error::ErrorCode;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::addresses::Addresses;
use self::bus::NodeBus;
pub use self::invite::create_invite;
use self::membership::Membership;
use self::sockets::{bind, public_address};
use crate::config::{Config, StoreConfig};
use crate::identity::{DataDir, Identity};
use crate::service::feed::commit_queue;
use crate::service::pace::Pace;
use crate::service::receiver::Receiver;
use crate::service::{Parts, Service};
use crate::session::ServerInfo;
use crate::session::door::Door;
use crate::store::postgres::PostgresStore;
use crate::store::sqlite::SqliteStore;
use crate::store::{Feed, SharedStore};
use crate::transport::http::pages::Pages;
use crate::transport::http::socket::Sockets;
use crate::transport::http::{Context, router, serve};
use crate::transport::quic;

/// How long clients may take to leave.
const DRAIN_TIME: Duration = Duration::from_secs(3);

/// A running daemon.
pub struct Server {
    addresses: Addresses,
    service: Arc<Service>,
    store: SharedStore,
    endpoint: quinn::Endpoint,
    /// Ends accepting and what watches the certificate.
    stop: CancellationToken,
    /// Ends sessions.
    stop_sessions: CancellationToken,
    /// Ends cursors and presence, after the sessions.
    stop_writers: CancellationToken,
    accepting: TaskTracker,
    sessions: TaskTracker,
    writers: TaskTracker,
    publisher: tokio::task::JoinHandle<()>,
    bus: NodeBus,
    membership: Membership,
    _data: DataDir,
}

impl Server {
    /// Starts everything; when this returns, clients are served.
    ///
    /// # Errors
    ///
    /// Where an address is in use, a file cannot be used, or the store cannot
    /// be opened.
    pub async fn start(config: Config) -> anyhow::Result<Self> {
        let pages = Pages::new(config.web_dir.clone())?;
        let data = DataDir::open(&config.data_dir)?;
        let (commits_in, commits_out, backlog) = commit_queue();
        let store = open_store(&config, &data, commits_in.clone()).await?;
        let identity = Identity::load(&config, &data, &store).await?;
        let certificate = identity.certificate;
        let fingerprint = certificate.fingerprint()?;
        let receiver = Arc::new(Receiver::new(store.clone(), identity.node, Pace::default()));
        commits_in.invalidates(receiver.clone());
        let bus = NodeBus::start(&config, &store, identity.node, &receiver)?;
        let service = Service::new(Parts {
            store: store.clone(),
            bus: bus.shared(),
            receiver,
            backlog,
            token_secret: identity.token_secret,
            registration: config.registration,
            send_rate: config.send_rate,
        })?;

        let (tcp, udp) = bind(config.listen)?;
        let listen = tcp.local_addr()?;
        let endpoint = quic::endpoint(
            udp,
            certificate.server_config(&[proto::ALPN])?,
            &identity.endpoint_keys,
        )?;
        let http = match config.http {
            Some(address) => {
                let listener = TcpListener::bind(address).await;
                Some(listener.with_context(|| {
                    format!("cannot listen on http://{address}; is another daemon running?")
                })?)
            }
            None => None,
        };
        let http_address = http.as_ref().map(TcpListener::local_addr).transpose()?;
        let public = config
            .advertise
            .clone()
            .unwrap_or_else(|| public_address(listen));

        let (stop, stop_sessions, stop_writers) = (
            CancellationToken::new(),
            CancellationToken::new(),
            CancellationToken::new(),
        );
        let (accepting, sessions, writers) =
            (TaskTracker::new(), TaskTracker::new(), TaskTracker::new());
        let membership = Membership::enter(&config, identity.node, &public, &bus).await?;
        let info = Arc::new(ServerInfo {
            community: store.community(),
            nodes: membership.nodes(),
        });
        let door = Door::new(config.waiting);
        let web = Arc::new(config.web.clone());
        let context = Context {
            door: door.clone(),
            service: service.clone(),
            posted: Arc::default(),
            sockets: Sockets::new(service.clone(), Default::default()),
            info: info.clone(),
            fingerprint: fingerprint.clone(),
            port: listen.port(),
            registration: config.registration,
            pages,
            sessions: sessions.clone(),
            stop: stop_sessions.clone(),
            web: web.clone(),
        };
        let publisher = tokio::spawn(service.clone().publish(commits_out));
        writers.spawn({
            let (service, stop) = (service.clone(), stop_writers.clone());
            async move { service.cursors().run(stop).await }
        });
        writers.spawn({
            let (service, stop) = (service.clone(), stop_writers.clone());
            async move { service.presence().run(stop).await }
        });
        writers.spawn({
            let (service, stop) = (service.clone(), stop_writers.clone());
            async move { service.reconcile(stop).await }
        });
        writers.spawn({
            let (service, stop) = (service.clone(), stop_writers.clone());
            async move { service.keep_up(stop).await }
        });
        accepting.spawn(certificate.clone().watch(stop.clone()));
        accepting.spawn(quic::accept(
            endpoint.clone(),
            service.clone(),
            info,
            sessions.clone(),
            stop.clone(),
            door.clone(),
            stop_sessions.clone(),
        ));
        let tls = Arc::new(certificate.server_config(&[b"http/1.1"])?);
        let routes = router(context);
        accepting.spawn(serve::accept(
            tcp,
            Some(tls),
            routes.clone(),
            web.clone(),
            door.clone(),
            sessions.clone(),
            stop.clone(),
        ));
        if let Some(http) = http {
            accepting.spawn(serve::accept(
                http,
                None,
                routes,
                web,
                door,
                sessions.clone(),
                stop.clone(),
            ));
        }
        accepting.close();
        writers.close();
        let addresses = Addresses {
            listen,
            http: http_address,
            fingerprint,
            public,
            first_invite: identity.first_invite,
        };
        Ok(Self {
            addresses,
            service,
            store,
            endpoint,
            stop,
            stop_sessions,
            stop_writers,
            accepting,
            sessions,
            writers,
            publisher,
            bus,
            membership,
            _data: data,
        })
    }

    /// Where it is reached.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The rules, for programs that run a daemon inside.
    pub fn service(&self) -> &Arc<Service> {
        &self.service
    }

    /// Resolves, with why, if the daemon may not go on: another one has taken
    /// its place in the database.
    pub async fn lost(&mut self) -> anyhow::Error {
        self.membership.lost().await
    }

    /// Stops in order. Everything acknowledged is on disk in any case.
    ///
    /// # Errors
    ///
    /// Where the store cannot be closed.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.stop.cancel();
        self.accepting.wait().await;
        self.service.hub().end_all(&ErrorCode::ShuttingDown.into());
        self.stop_sessions.cancel();
        self.sessions.close();
        if tokio::time::timeout(DRAIN_TIME, self.sessions.wait())
            .await
            .is_err()
        {
            tracing::warn!(left = self.sessions.len(), "clients did not leave in time");
        }
        self.endpoint
            .close(quinn::VarInt::from_u32(0), b"shutting down");
        self.stop_writers.cancel();
        self.writers.wait().await;
        self.membership.leave().await;
        self.store.close().await.context("cannot close the store")?;
        self.publisher.abort();
        self.bus.stop().await;
        // The last packets tell clients that the connection is closed.
        let _ = tokio::time::timeout(Duration::from_millis(500), self.endpoint.wait_idle()).await;
        Ok(())
    }
}

/// Opens the store that the settings name.
pub(crate) async fn open_store(
    config: &Config,
    data: &DataDir,
    feed: Arc<dyn Feed>,
) -> anyhow::Result<SharedStore> {
    match &config.store {
        StoreConfig::Embedded => {
            let path = data.join("messenger.db");
            let opened =
                tokio::task::spawn_blocking(move || SqliteStore::open(&path, feed)).await?;
            Ok(Arc::new(opened.context("cannot open the store")?))
        }
        StoreConfig::Postgres(settings) => {
            let opened = PostgresStore::open(settings, feed).await;
            let place = settings.place();
            Ok(Arc::new(opened.with_context(|| {
                format!("cannot open the store on PostgreSQL, {place}")
            })?))
        }
    }
}
