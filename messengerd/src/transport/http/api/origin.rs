//! Where a request comes from: who sent it, and which page had it sent.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, header, request::Parts};

/// Whether the connection is encrypted, as an extension of every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encrypted(pub bool);

/// The address that limits count by.
pub(super) fn peer(parts: &Parts) -> IpAddr {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map_or(IpAddr::from([0, 0, 0, 0]), |ConnectInfo(peer)| peer.ip())
}

/// Whether the connection is encrypted.
pub(in crate::transport::http) fn is_encrypted(parts: &Parts) -> bool {
    matches!(parts.extensions.get(), Some(Encrypted(true)))
}

/// Whether a page of this very site had the request sent. Browsers name the
/// page's origin with everything but plain reading; who names none is none of
/// our pages.
pub(in crate::transport::http) fn is_same(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let (Some(origin), Some(host)) = (text(header::ORIGIN), text(header::HOST)) else {
        return false;
    };
    let named = origin
        .strip_prefix("https://")
        .or_else(|| origin.strip_prefix("http://"));
    named.is_some_and(|named| named.eq_ignore_ascii_case(host))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_of_this_site_is_the_same_origin() {
        let same = |origin: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "chat.example:8443".parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            is_same(&headers)
        };
        assert!(same(Some("https://chat.example:8443")));
        for other in [
            None,
            Some("null"),
            Some("https://chat.example"),
            Some("https://chat.example:8443.evil.example"),
            Some("https://evil.example"),
        ] {
            assert!(!same(other), "{other:?}");
        }
    }
}
