//! How the web endpoint is set.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use axum::http::Uri;

/// Bytes of a file where nothing else is set.
pub const MAX_FILE_SIZE: u64 = 2 * 1024 * 1024 * 1024;
/// Hours for which a token lives where nothing else is set.
pub const TOKEN_HOURS: u32 = 24;

/// How the web endpoint is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebSettings {
    /// Hours for which a token from the web endpoint lives.
    pub token_hours: u32,
    /// Bytes of a file.
    pub max_file_size: u64,
    /// Whose pages may use the endpoint, beside its own.
    pub cors_origins: Origins,
    /// Who may say where a request comes from.
    pub trusted_proxies: Vec<Network>,
}

impl Default for WebSettings {
    fn default() -> Self {
        Self {
            token_hours: TOKEN_HOURS,
            max_file_size: MAX_FILE_SIZE,
            cors_origins: Origins::default(),
            trusted_proxies: Vec::new(),
        }
    }
}

impl WebSettings {
    /// How long a token lives, in milliseconds.
    pub fn token_life_ms(&self) -> i64 {
        i64::from(self.token_hours) * 60 * 60 * 1000
    }

    /// Whether this peer is one of the trusted proxies.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        self.trusted_proxies
            .iter()
            .any(|network| network.contains(peer))
    }
}

/// Whose pages may use the endpoint, beside its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origins {
    /// These, such as `https://chat.example.org`.
    These(Vec<String>),
    /// Everybody's, with a token.
    Any,
}

impl Default for Origins {
    fn default() -> Self {
        Self::These(Vec::new())
    }
}

impl Origins {
    /// From words as they are written: origins, or `*`.
    ///
    /// # Errors
    ///
    /// The word that is neither.
    pub fn parse<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let (mut any, mut these) = (false, Vec::new());
        for word in words {
            if word == "*" {
                any = true;
            } else {
                these.push(origin(word).ok_or_else(|| word.to_owned())?);
            }
        }
        Ok(if any { Self::Any } else { Self::These(these) })
    }
}

/// An origin as browsers write it.
fn origin(text: &str) -> Option<String> {
    let uri: Uri = text.parse().ok()?;
    let scheme = uri.scheme_str()?;
    let authority = uri.authority()?.as_str();
    let plain = text.eq_ignore_ascii_case(&format!("{scheme}://{authority}"));
    let known = matches!(scheme, "http" | "https") && !authority.contains('@');
    (plain && known).then(|| text.to_ascii_lowercase())
}

/// A network: an address and how many of its bits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// Whether an address is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let differing = network.to_bits() ^ address.to_bits();
                differing.leading_zeros() >= self.bits
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let differing = network.to_bits() ^ address.to_bits();
                differing.leading_zeros() >= self.bits
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse().map_err(|_| ())?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| ())?;
        let all = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(all);
        if bits > all {
            return Err(());
        }
        Ok(Self { address, bits })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_their_addresses() {
        for (network, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.1"),
            ("127.0.0.1", "::ffff:127.0.0.1", "127.0.0.2"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::1"),
            ("::1", "::1", "127.0.0.1"),
            ("0.0.0.0/0", "203.0.113.9", "::1"),
        ] {
            let network: Network = network.parse().unwrap();
            assert!(network.contains(inside.parse().unwrap()), "{network}");
            assert!(!network.contains(outside.parse().unwrap()), "{network}");
        }
        for wrong in ["", "10.0.0.0/33", "10.0.0/8", "::1/129", "/8", "proxy"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn origins_are_a_scheme_and_a_host() {
        assert_eq!(
            Origins::parse(["https://Chat.example:8443", "http://[::1]:80"]),
            Ok(Origins::These(vec![
                "https://chat.example:8443".to_owned(),
                "http://[::1]:80".to_owned()
            ]))
        );
        assert_eq!(Origins::parse(["https://a.example", "*"]), Ok(Origins::Any));
        for wrong in [
            "chat.example",
            "https://chat.example/",
            "https://chat.example/page",
            "https://u@chat.example",
            "ftp://chat.example",
            "null",
        ] {
            assert_eq!(Origins::parse([wrong]), Err(wrong.to_owned()));
        }
    }
}
