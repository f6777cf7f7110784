//! `/ws`: what happens, as JSON, and what pages do beside REST.
//!
//! A socket is a session like a native one: the same hub tells it, the same
//! service takes what it asks. `queue` holds what it is to be sent, `render`
//! makes frames of events once for all sockets, `shown` knows what this one has
//! seen, `act` takes what it sends.
//!
//! Beside `seq`, data that come of an entry of a chat's log have `log_seq`, the
//! number of that entry: a page that knows the one before sees what it missed.
//!
//! Types beyond those of the earlier messenger, which ignores them. From pages:
//!
//! | type | data |
//! |---|---|
//! | `idle` | `on`: nobody is at the page |
//! | `watch` | `user_ids`, at most 200: answered with a `user_status` of each |
//!
//! To pages:
//!
//! | type | data |
//! |---|---|
//! | `message_posted` | as `new_message`, to the sockets of the posting session |
//! | `message_delivered` | `chat_id, user_id, seq`: somebody has received so far |
//! | `message_receipts` | `chat_id, seq, delivered, read, members`: in large chats, to the author |
//! | `user_updated` | `user_id, user`: names or picture of somebody known changed |
//! | `profile_changed` | `user`: one's own profile changed |
//! | `contacts_changed` | `contact_id`: the contact list changed about somebody |
//! | `sessions_changed` | `session_id`: a device signed in or out |
//! | `error` | `id, error, code, retry_after?`: a frame with an `id` was refused |

mod act;
mod frame;
mod handshake;
mod link;
mod queue;
mod received;
mod render;
mod shown;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use hyper_util::rt::TokioIo;
use proto::error::ErrorCode;
use proto::text::Token;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use self::handshake::Handshake;
use self::link::Socket;
use self::render::Renderer;
use super::Context;
use super::api::error::{ApiError, ApiResult};
use super::api::{origin, signed_in};
use crate::service::{Service, now};

/// Bytes of a frame from a page.
const FRAME_BYTES: usize = 256 * 1024;
/// Sockets of one session.
const EACH: usize = 32;

/// What all sockets of a node share.
pub struct Sockets {
    renderer: Renderer,
    pace: Pace,
}

/// How often a socket is asked for a sign of life, and how long it may be
/// silent.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Between two questions.
    pub ping: Duration,
    /// Without anything from the other end for this long it is gone.
    pub silence: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            ping: Duration::from_secs(54),
            silence: Duration::from_secs(60),
        }
    }
}

impl Sockets {
    /// None yet.
    pub fn new(service: Arc<Service>, pace: Pace) -> Arc<Self> {
        Arc::new(Self {
            renderer: Renderer::new(service),
            pace,
        })
    }
}

/// Makes a request a socket.
pub(super) async fn upgrade(
    State(context): State<Context>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    mut parts: Parts,
) -> Response {
    match open(context, address, &mut parts).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    }
}

async fn open(context: Context, address: SocketAddr, parts: &mut Parts) -> ApiResult<Response> {
    if context.stop.is_cancelled() {
        return Err(ErrorCode::ShuttingDown.into());
    }
    let token = token(parts)?;
    let (caller, _) = context.service.resume(&token).await?;
    let expires = context.service.expiry(&token)?;
    let handshake = Handshake::read(parts)?;
    let connections = context.service.hub();
    if connections.connections(caller.actor.id, caller.session) >= EACH {
        return Err(ApiError::new(
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limited",
            "This session has too many open connections: close some.",
        ));
    }
    let Some(pass) = context.door.enter(address.ip()) else {
        return Err(ErrorCode::Busy.into());
    };
    let left = u64::try_from(expires - now()).unwrap_or(0);
    // Far enough away for a clock that is set meanwhile, near enough to count.
    let left = Duration::from_millis(left).min(Duration::from_secs(365 * 24 * 3600));
    let socket = Socket::new(&context, caller, Instant::now() + left);
    let stop = context.stop.clone();
    let (upgraded, response) = handshake.split();
    context.sessions.spawn(Box::pin(async move {
        match upgraded.await {
            Ok(upgraded) => {
                let config = WebSocketConfig::default()
                    // The default reserves 128 KiB for each connection.
                    .read_buffer_size(4096)
                    .write_buffer_size(16 * 1024)
                    .max_message_size(Some(FRAME_BYTES))
                    .max_frame_size(Some(FRAME_BYTES));
                let stream = TokioIo::new(upgraded);
                let stream =
                    WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
                socket.run(stream, pass, stop).await;
            }
            Err(error) => tracing::debug!(%error, "no socket came of a request"),
        }
    }));
    Ok(response)
}

/// The token: of the address, of the header, or of our pages' cookie, which only
/// our own pages may use.
fn token(parts: &Parts) -> ApiResult<Token> {
    let queried = parts.uri.query().and_then(|query| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find_map(|(name, value)| (name == "token" && !value.is_empty()).then_some(value))
    });
    let text = match queried.or_else(|| signed_in::bearer(&parts.headers)) {
        Some(text) => text,
        None => {
            let encrypted = origin::is_encrypted(parts);
            let cookie = signed_in::cookie(&parts.headers, encrypted);
            let cookie = cookie.ok_or_else(ApiError::unauthenticated)?;
            if !origin::is_same(&parts.headers, encrypted) {
                return Err(ApiError::new(
                    StatusCode::FORBIDDEN,
                    "forbidden",
                    "This request comes from another site: sign in with a token, or use our own pages.",
                ));
            }
            cookie
        }
    };
    Token::try_from(text).map_err(|_| ApiError::unauthenticated())
}
