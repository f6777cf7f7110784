//! Where a request comes from: who sent it, through whom, and which page had it
//! sent.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Request, header};

use super::super::settings::WebSettings;

/// Whether the way from the client is encrypted, as an extension of every
/// request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encrypted(pub bool);

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Somebody of whom is only known that they are not on this machine.
const SOMEBODY: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// Has a request say where it truly comes from. After this its peer, whether it
/// came encrypted and its `Host` are those of the client, where the connection
/// is a trusted proxy's.
///
/// Being on this machine gives rights. So nobody is on it who came through a
/// proxy, trusted or not, or whom a page of elsewhere has sent.
pub(in super::super) fn resolve<B>(request: &mut Request<B>, settings: &WebSettings) {
    let ConnectInfo(address) = request
        .extensions()
        .get()
        .copied()
        .unwrap_or(ConnectInfo(SocketAddr::new(SOMEBODY, 0)));
    let peer = address.ip().to_canonical();
    let encrypted = matches!(request.extensions().get(), Some(Encrypted(true)));
    let headers = request.headers();
    let resolved = if settings.trusts(peer) {
        let client = client(peer, headers, settings);
        let encrypted = last(headers, &FORWARDED_PROTO)
            .map_or(encrypted, |proto| proto.eq_ignore_ascii_case("https"));
        if let Some(host) = headers.get(FORWARDED_HOST).cloned() {
            request.headers_mut().insert(header::HOST, host);
        }
        request.extensions_mut().insert(Encrypted(encrypted));
        client
    } else if peer.is_loopback() && (is_forwarded(headers) || is_foreign(headers)) {
        SOMEBODY
    } else {
        peer
    };
    if resolved != peer {
        let resolved = SocketAddr::new(resolved, 0);
        request.extensions_mut().insert(ConnectInfo(resolved));
    }
}

/// Who sent what came by a trusted proxy: the right-most address that is no
/// trusted proxy's. Further left anybody may have written.
fn client(peer: IpAddr, headers: &HeaderMap, settings: &WebSettings) -> IpAddr {
    let mut client = peer;
    let values = headers.get_all(FORWARDED_FOR).into_iter();
    let values: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
    for said in values.iter().rev().flat_map(|value| value.rsplit(',')) {
        if !settings.trusts(client) {
            break;
        }
        client = match address(said.trim()) {
            Some(address) => address,
            None => return SOMEBODY,
        };
    }
    if client.is_loopback() {
        SOMEBODY
    } else {
        client
    }
}

/// An address, perhaps with a port.
fn address(text: &str) -> Option<IpAddr> {
    let address: Option<IpAddr> = text
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse()
        .ok();
    let with_port = || text.parse().ok().map(|address: SocketAddr| address.ip());
    Some(address.or_else(with_port)?.to_canonical())
}

/// Whether a proxy passed it on.
fn is_forwarded(headers: &HeaderMap) -> bool {
    [&FORWARDED_FOR, &REAL_IP, &header::FORWARDED, &header::VIA]
        .iter()
        .any(|name| headers.contains_key(*name))
}

/// Whether a browser sent it for a page that this machine does not serve under a
/// name of this machine: another site's, or one whose name was made to lead here.
fn is_foreign(headers: &HeaderMap) -> bool {
    let browses = headers.contains_key(header::ORIGIN) || headers.contains_key(FETCH_SITE);
    let host = text(headers, &header::HOST).unwrap_or_default();
    browses && !(is_same(headers, false) && is_of_this_machine(host))
}

fn is_of_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    name.eq_ignore_ascii_case("localhost")
        || address(name).is_some_and(|address| address.is_loopback())
}

/// The address that limits count by.
pub(super) fn peer(parts: &Parts) -> IpAddr {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map_or(SOMEBODY, |ConnectInfo(peer)| peer.ip())
}

/// Whether the way from the client is encrypted.
pub(in crate::transport::http) fn is_encrypted(parts: &Parts) -> bool {
    matches!(parts.extensions.get(), Some(Encrypted(true)))
}

/// Whether a page of this very site had the request sent. Browsers name the
/// page's origin with everything but plain reading, and newer ones say whether
/// it is the same; who says neither is none of our pages.
pub(in crate::transport::http) fn is_same(headers: &HeaderMap, encrypted: bool) -> bool {
    let Some(origin) = text(headers, &header::ORIGIN) else {
        return text(headers, &FETCH_SITE) == Some("same-origin");
    };
    let Some(host) = text(headers, &header::HOST) else {
        return false;
    };
    let named = match origin.strip_prefix("https://") {
        Some(named) => Some(named),
        // A page that came in clear may be anybody's on the way.
        None if encrypted => None,
        None => origin.strip_prefix("http://"),
    };
    named.is_some_and(|named| named.eq_ignore_ascii_case(host))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The last member of a list.
fn last<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let value = headers.get_all(name).into_iter().next_back()?;
    value.to_str().ok()?.rsplit(',').next().map(str::trim)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn request(peer: &str, headers: &[(&str, &str)]) -> Request<()> {
        let mut request = Request::new(());
        let peer = SocketAddr::new(peer.parse().unwrap(), 1);
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(Encrypted(false));
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            request.headers_mut().append(name, value.parse().unwrap());
        }
        request
    }

    fn resolved(trusted: &[&str], peer: &str, headers: &[(&str, &str)]) -> (String, bool) {
        let settings = WebSettings {
            trusted_proxies: trusted.iter().map(|text| text.parse().unwrap()).collect(),
            ..WebSettings::default()
        };
        let mut request = request(peer, headers);
        resolve(&mut request, &settings);
        let (parts, ()) = request.into_parts();
        (super::peer(&parts).to_string(), is_encrypted(&parts))
    }

    #[test]
    fn only_a_page_of_this_site_is_the_same_origin() {
        let same = |origin: Option<&str>, encrypted| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "chat.example:8443".parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            is_same(&headers, encrypted)
        };
        assert!(same(Some("https://chat.example:8443"), true));
        assert!(same(Some("http://chat.example:8443"), false));
        for other in [
            None,
            Some("null"),
            Some("http://chat.example:8443"),
            Some("https://chat.example"),
            Some("https://chat.example:8443.evil.example"),
            Some("https://evil.example"),
        ] {
            assert!(!same(other, true), "{other:?}");
        }
    }

    #[test]
    fn a_browser_that_names_no_origin_says_whether_it_is_the_same() {
        let same = |site: &str, origin: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "chat.example".parse().unwrap());
            headers.insert(FETCH_SITE, site.parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            is_same(&headers, true)
        };
        assert!(same("same-origin", None));
        assert!(!same("same-site", None));
        assert!(!same("none", None));
        assert!(!same("same-origin", Some("https://evil.example")));
    }

    #[test]
    fn behind_trusted_proxies_the_right_most_other_is_the_peer() {
        let trusted = ["10.0.0.0/8", "127.0.0.1"];
        let from = |peer: &str, said: &[(&str, &str)]| resolved(&trusted, peer, said).0;
        assert_eq!(
            from(
                "127.0.0.1",
                &[(
                    "x-forwarded-for",
                    "127.0.0.1, 198.51.100.7, 203.0.113.9, 10.0.0.2"
                )]
            ),
            "203.0.113.9"
        );
        let two = [
            ("x-forwarded-for", "198.51.100.7"),
            ("x-forwarded-for", "[2001:db8::5]:4711"),
        ];
        assert_eq!(from("10.1.1.1", &two), "2001:db8::5");
        // Who is no proxy may say what they like.
        assert_eq!(
            from("203.0.113.9", &[("x-forwarded-for", "127.0.0.1")]),
            "203.0.113.9"
        );
    }

    #[test]
    fn nobody_who_comes_through_a_proxy_is_on_this_machine() {
        for (trusted, said) in [
            (&["127.0.0.1"][..], &[][..]),
            (&["127.0.0.1"], &[("x-forwarded-for", "127.0.0.1")]),
            (&["127.0.0.1"], &[("x-forwarded-for", "unknown")]),
            (
                &["127.0.0.1"],
                &[("x-forwarded-for", "::ffff:127.0.0.1, 127.0.0.1")],
            ),
            (&[], &[("x-forwarded-for", "203.0.113.9")]),
            (&[], &[("forwarded", "for=203.0.113.9")]),
            (&[], &[("via", "1.1 proxy")]),
        ] {
            assert_eq!(resolved(trusted, "127.0.0.1", said).0, "0.0.0.0");
        }
        assert_eq!(resolved(&[], "127.0.0.1", &[]).0, "127.0.0.1");
    }

    #[test]
    fn nobody_whom_another_sites_page_sent_is_on_this_machine() {
        let from = |host: &str, name: &str, value: &str| {
            resolved(&[], "127.0.0.1", &[("host", host), (name, value)]).0
        };
        for host in ["localhost:8080", "127.0.0.1:8080", "[::1]:8080"] {
            assert_eq!(from(host, "origin", &format!("http://{host}")), "127.0.0.1");
            assert_eq!(from(host, "sec-fetch-site", "same-origin"), "127.0.0.1");
            assert_eq!(from(host, "sec-fetch-site", "cross-site"), "0.0.0.0");
            assert_eq!(from(host, "origin", "http://evil.example"), "0.0.0.0");
        }
        // A name that was made to lead here.
        let evil = "evil.example:8080";
        assert_eq!(from(evil, "origin", "http://evil.example:8080"), "0.0.0.0");
    }

    #[test]
    fn a_trusted_proxy_says_whether_the_way_is_encrypted() {
        let of = |trusted: &[&str], said: &str| {
            resolved(trusted, "10.0.0.1", &[("x-forwarded-proto", said)]).1
        };
        assert!(of(&["10.0.0.1"], "https"));
        assert!(of(&["10.0.0.1"], "http, HTTPS"));
        assert!(!of(&["10.0.0.1"], "http"));
        assert!(!of(&[], "https"));
    }
}
