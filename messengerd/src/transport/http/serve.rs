//! Accepting HTTP connections, plain or with TLS.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_service::Service as _;

use super::api::Encrypted;
use super::settings::WebSettings;
use crate::session::door::Door;

/// A TLS handshake has to be done within this time …
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// … and the header of a request within this one.
const HEADER_TIME: Duration = Duration::from_secs(10);
/// Pause after an accept that failed for want of a resource.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections until stopped.
pub async fn accept(
    listener: TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    router: Router,
    web: Arc<WebSettings>,
    door: Arc<Door>,
    connections: TaskTracker,
    stop: CancellationToken,
) {
    let tls = tls.map(TlsAcceptor::from);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file handles, most likely: others will close some.
                tracing::warn!(%error, "connection not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // Behind a proxy everybody comes from it, wherever it is.
        let from = if web.trusts(peer.ip()) {
            IpAddr::from(Ipv4Addr::LOCALHOST)
        } else {
            peer.ip()
        };
        let Some(pass) = door.enter(from) else {
            continue;
        };
        let (tls, router, stop) = (tls.clone(), router.clone(), stop.clone());
        connections.spawn(async move {
            // A session on it takes a place of its own.
            let _pass = pass;
            if let Err(error) = Box::pin(connection(stream, peer, tls, router, stop)).await {
                tracing::debug!(%error, "HTTP connection ended");
            }
        });
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<TlsAcceptor>,
    router: Router,
    stop: CancellationToken,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    match tls {
        None => serve(stream, peer, false, router, stop).await,
        Some(tls) => {
            let handshake = tokio::time::timeout(HANDSHAKE_TIME, Box::pin(tls.accept(stream)));
            let stream = handshake.await.map_err(|_| io::ErrorKind::TimedOut)??;
            serve(stream, peer, true, router, stop).await
        }
    }
}

async fn serve<S>(
    stream: S,
    peer: SocketAddr,
    encrypted: bool,
    router: Router,
    stop: CancellationToken,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(Encrypted(encrypted));
        router.clone().call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .max_buf_size(16 * 1024)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    served.map_err(io::Error::other)
}
