//! Puts the parts together, runs them, and stops them in order: stop
//! accepting → tell clients → let them go → write what waits → close the store.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use proto::error::ErrorCode;
use proto::text::Token;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::bus::local::LocalBus;
use crate::config::{Config, StoreConfig};
use crate::identity::{DataDir, Identity};
use crate::service::access::Access;
use crate::service::feed::commit_queue;
use crate::service::hub::Hub;
use crate::service::{Parts, Service};
use crate::session::ServerInfo;
use crate::session::door::Door;
use crate::store::SharedStore;
use crate::store::sqlite::SqliteStore;
use crate::transport::http::{Context, router, serve};
use crate::transport::quic;

/// How long clients may take to leave.
const DRAIN_TIME: Duration = Duration::from_secs(3);
/// Tries to find a port that is free for UDP and TCP alike.
const PORT_TRIES: u32 = 20;

/// A running daemon.
pub struct Server {
    addresses: Addresses,
    service: Arc<Service>,
    store: SharedStore,
    endpoint: quinn::Endpoint,
    /// Ends accepting and the helpers' work.
    stop: CancellationToken,
    /// Ends sessions.
    stop_sessions: CancellationToken,
    /// Ends cursors and presence, after the sessions.
    stop_writers: CancellationToken,
    accepting: TaskTracker,
    sessions: TaskTracker,
    writers: TaskTracker,
    publisher: tokio::task::JoinHandle<()>,
    _data: DataDir,
}

/// Where a daemon is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// UDP and TCP of the native protocol and the pages.
    pub listen: SocketAddr,
    /// Plain HTTP.
    pub http: Option<SocketAddr>,
    /// SHA-256 of the public key.
    pub fingerprint: String,
    /// `host:port` as others would type it.
    pub public: String,
    /// The invite for the first account, while there is none.
    pub first_invite: Option<Token>,
}

impl Addresses {
    /// The link that brings the fingerprint along.
    pub fn link(&self) -> String {
        format!("mchat://{}/?fp={}", self.public, self.fingerprint)
    }

    /// The link for the first account.
    pub fn invite_link(&self) -> Option<String> {
        let token = self.first_invite.as_ref()?;
        Some(format!("{}&invite={}", self.link(), token.as_str()))
    }
}

impl Server {
    /// Starts everything; when this returns, clients are served.
    ///
    /// # Errors
    ///
    /// Where an address is in use, a file cannot be used, or the store cannot
    /// be opened.
    pub async fn start(config: Config) -> anyhow::Result<Self> {
        anyhow::ensure!(
            config.store == StoreConfig::Embedded,
            "PostgreSQL is not served by this build"
        );
        let data = DataDir::open(&config.data_dir)?;
        let (commits_in, commits_out, backlog) = commit_queue();
        let store_path = data.join("messenger.db");
        let feed = commits_in.clone();
        let opened =
            tokio::task::spawn_blocking(move || SqliteStore::open(&store_path, feed)).await?;
        let store: SharedStore = Arc::new(opened.context("cannot open the store")?);
        let identity = Identity::load(&config, &data, &store).await?;
        let certificate = identity.certificate;
        let fingerprint = certificate.fingerprint()?;
        let hub = Arc::new(Hub::new());
        let access = Arc::new(Access::new(store.clone()));
        commits_in.invalidates(access.clone());
        let service = Service::new(Parts {
            store: store.clone(),
            bus: Arc::new(LocalBus::new(hub.clone())),
            hub,
            access,
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
        let info = Arc::new(ServerInfo {
            community: store.community(),
            nodes: config.advertise.into_iter().collect(),
        });
        let door = Door::new(config.waiting);
        let context = Context {
            door: door.clone(),
            service: service.clone(),
            info: info.clone(),
            fingerprint: fingerprint.clone(),
            port: listen.port(),
            sessions: sessions.clone(),
            stop: stop_sessions.clone(),
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
            door.clone(),
            sessions.clone(),
            stop.clone(),
        ));
        if let Some(http) = http {
            accepting.spawn(serve::accept(
                http,
                None,
                routes,
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
        self.store.close().await.context("cannot close the store")?;
        self.publisher.abort();
        // The last packets tell clients that the connection is closed.
        let _ = tokio::time::timeout(Duration::from_millis(500), self.endpoint.wait_idle()).await;
        Ok(())
    }
}

/// Binds one port for TCP and UDP. Where the default address wants IPv6 and
/// there is none, IPv4 serves.
fn bind(address: SocketAddr) -> anyhow::Result<(TcpListener, UdpSocket)> {
    match bind_both(address) {
        Err(error)
            if address.ip().is_unspecified()
                && address.is_ipv6()
                && matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported) =>
        {
            let v4 = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), address.port());
            tracing::info!("no IPv6 here, listening on {v4}");
            bind_both(v4).with_context(|| format!("cannot listen on {v4}"))
        }
        bound => bound.with_context(|| {
            format!("cannot listen on {address}; is another daemon running? --listen takes another ADDR:PORT")
        }),
    }
}

fn bind_both(address: SocketAddr) -> io::Result<(TcpListener, UdpSocket)> {
    let mut tries = 0;
    loop {
        // The standard library sets SO_REUSEADDR: a restart need not wait.
        let tcp = std::net::TcpListener::bind(address)?;
        tcp.set_nonblocking(true)?;
        let bound = tcp.local_addr()?;
        match UdpSocket::bind(bound) {
            Ok(udp) => return Ok((TcpListener::from_std(tcp)?, udp)),
            // The system's choice for TCP may be somebody's UDP port.
            Err(error)
                if address.port() == 0
                    && error.kind() == io::ErrorKind::AddrInUse
                    && tries < PORT_TRIES =>
            {
                tries += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

/// `host:port` as somebody on another machine would most likely type it.
pub(crate) fn public_address(listen: SocketAddr) -> String {
    let host = if listen.ip().is_unspecified() {
        outward_address().unwrap_or(listen.ip())
    } else {
        listen.ip()
    };
    let host = if host.is_unspecified() {
        IpAddr::V4(Ipv4Addr::LOCALHOST)
    } else {
        host
    };
    SocketAddr::new(host, listen.port()).to_string()
}

/// The address this machine would use towards the outside. Connecting a UDP
/// socket sends nothing; the target is reserved for documentation (RFC 5737).
fn outward_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}
