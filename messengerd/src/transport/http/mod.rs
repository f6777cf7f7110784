//! The HTTP router, the same over TLS and on plain loopback: the pages,
//! `/health`, the web endpoint and the native protocol on WebSocket.

pub mod api;
mod cors;
pub mod pages;
pub mod posted;
pub mod serve;
pub mod settings;
pub mod socket;
mod swagger;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State, WebSocketUpgrade};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use proto::limits::FRAME_BYTES;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::service_fn;
use tower_service::Service as _;

use self::pages::Pages;
use self::posted::Posted;
use self::settings::WebSettings;
use self::socket::Sockets;
use super::websocket;
use crate::service::Service;
use crate::service::accounts::Registration;
use crate::session::connection::Peer;
use crate::session::door::Door;
use crate::session::{self, ServerInfo};

/// What the routes need.
#[derive(Clone)]
pub struct Context {
    /// The rules.
    pub service: Arc<Service>,
    /// What clients are told of this server.
    pub info: Arc<ServerInfo>,
    /// The key's fingerprint, shown on the sign-in page.
    pub fingerprint: String,
    /// The port of the native protocol, shown on the sign-in page.
    pub port: u16,
    /// Who may register, told by the sign-in page.
    pub registration: Registration,
    /// The pages.
    pub pages: Pages,
    /// Who may wait to sign in.
    pub door: Arc<Door>,
    /// What sessions posted lately.
    pub posted: Arc<Posted>,
    /// What all sockets share.
    pub sockets: Arc<Sockets>,
    /// Running sessions.
    pub sessions: TaskTracker,
    /// Ends them.
    pub stop: CancellationToken,
    /// How the endpoint is set.
    pub web: Arc<WebSettings>,
}

/// The routes.
pub fn router(context: Context) -> Router {
    let web = context.web.clone();
    let routes = Router::new()
        .merge(api::router())
        .merge(pages::router())
        .merge(swagger::router())
        .route("/health", get(api::health))
        .route("/ready", get(api::ready))
        .route("/ws", get(socket::upgrade))
        .route("/ws/", get(socket::upgrade))
        .route(proto::WEBSOCKET_PATH, get(upgrade))
        .fallback(pages::missing)
        .layer(axum::middleware::map_response(harden))
        .with_state(context);
    // Before the routing, which a layer around routes comes after.
    let routes = service_fn(move |mut request: Request| {
        let (mut routes, web) = (routes.clone(), web.clone());
        async move {
            api::resolve(&mut request, &web);
            let origin = cors::allowed(&web.cors_origins, request.headers());
            let answered = if cors::is_question(request.method()) {
                Ok(harden(cors::answer()).await)
            } else {
                routes.call(api::without_slash(request)).await
            };
            answered.map(|mut response| {
                cors::allow(&mut response, origin, &web.cors_origins);
                response
            })
        }
    });
    Router::new().fallback_service(routes)
}

async fn upgrade(
    State(context): State<Context>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let Context {
        service,
        info,
        sessions,
        door,
        stop,
        ..
    } = context;
    if stop.is_cancelled() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let Some(pass) = door.enter(address.ip()) else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    upgrade
        // The default reserves 128 KiB for each connection.
        .read_buffer_size(4096)
        .write_buffer_size(4096)
        .max_message_size(FRAME_BYTES)
        .max_frame_size(FRAME_BYTES)
        .on_upgrade(move |socket| {
            let (reader, writer) = websocket::split(socket);
            let session =
                session::serve(service, info, Peer { address }, reader, writer, pass, stop);
            sessions.track_future(Box::pin(session))
        })
}

/// Headers for every answer: nothing from elsewhere, no frames, no guessing.
async fn harden(mut response: Response) -> Response {
    const HEADERS: [(HeaderName, &str); 4] = [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}
