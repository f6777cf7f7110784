//! Turning an HTTP request into a socket (RFC 6455, 4.2).

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use hyper::upgrade::OnUpgrade;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::super::api::error::{ApiError, ApiResult};

/// What is needed to answer.
pub(super) struct Handshake {
    /// The connection, once the answer has gone out.
    pub(super) upgraded: OnUpgrade,
    accept: HeaderValue,
}

impl Handshake {
    /// Reads a request.
    ///
    /// # Errors
    ///
    /// 400 where it does not ask for a socket, 426 for another version.
    pub(super) fn read(parts: &mut Parts) -> ApiResult<Self> {
        let headers = &parts.headers;
        let no_socket = || ApiError::bad_request("This is a WebSocket: ask for an upgrade.");
        if parts.method != Method::GET
            || !has(headers, header::CONNECTION, "upgrade")
            || !has(headers, header::UPGRADE, "websocket")
        {
            return Err(no_socket());
        }
        if !has(headers, header::SEC_WEBSOCKET_VERSION, "13") {
            return Err(ApiError::bad_request(
                "Only version 13 of WebSocket is spoken here.",
            ));
        }
        let key = headers
            .get(header::SEC_WEBSOCKET_KEY)
            .ok_or_else(no_socket)?;
        let accept = derive_accept_key(key.as_bytes());
        let accept = HeaderValue::try_from(accept).map_err(|_| no_socket())?;
        let upgraded = parts.extensions.remove::<OnUpgrade>();
        Ok(Self {
            upgraded: upgraded.ok_or_else(no_socket)?,
            accept,
        })
    }

    /// The answer that makes it a socket.
    pub(super) fn answer(accept: HeaderValue) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        response
    }

    /// Both parts.
    pub(super) fn split(self) -> (OnUpgrade, Response) {
        (self.upgraded, Self::answer(self.accept))
    }
}

/// Whether a header lists this word.
fn has(headers: &HeaderMap, name: HeaderName, word: &str) -> bool {
    let values = headers.get_all(name).into_iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|item| item.trim().eq_ignore_ascii_case(word))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_in_a_list_in_any_letter_case() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONNECTION, "keep-alive, Upgrade".parse().unwrap());
        assert!(has(&headers, header::CONNECTION, "upgrade"));
        assert!(!has(&headers, header::CONNECTION, "up"));
        assert!(!has(&headers, header::UPGRADE, "websocket"));
    }
}
