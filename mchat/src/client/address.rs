//! Where a server is: `mchat://HOST:PORT[,HOST:PORT…][/?fp=…&invite=…&chat=…]`.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use proto::text::Token;

use super::conn::Fingerprint;

/// Longest name of the domain name system.
const HOST_BYTES: usize = 253;

/// One address of a server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Node {
    /// Name or IP address, without brackets.
    pub host: String,
    /// UDP and TCP port.
    pub port: u16,
}

impl Node {
    /// Whether the address cannot leave this machine.
    pub fn is_loopback(&self) -> bool {
        self.host.eq_ignore_ascii_case("localhost")
            || self
                .host
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl FromStr for Node {
    type Err = AddressError;

    /// `HOST`, `HOST:PORT`, `[IPV6]:PORT`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        node(text).ok_or_else(|| AddressError(text.to_owned()))
    }
}

/// A server as a person gives it: its addresses and, in an invite link, the
/// fingerprint of its key and an invite to register or to join a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerAddress {
    /// At least one.
    pub nodes: Vec<Node>,
    /// SHA-256 of the server's public key.
    pub fingerprint: Option<Fingerprint>,
    /// An invite to register.
    pub invite: Option<Token>,
    /// An invite to a chat.
    pub chat: Option<Token>,
}

/// Why a text is no server address. For developers and logs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a server address: {0}")]
pub struct AddressError(String);

impl ServerAddress {
    /// The daemon of this machine on its default port.
    pub fn local() -> Self {
        Self {
            nodes: vec![Node {
                host: "localhost".to_owned(),
                port: proto::DEFAULT_PORT,
            }],
            fingerprint: None,
            invite: None,
            chat: None,
        }
    }

    /// The whole link, with what is secret in it.
    pub fn link(&self) -> String {
        let mut link = self.to_string();
        let mut mark = "/?";
        let parameters = [
            ("fp", self.fingerprint.map(|print| print.to_string())),
            ("invite", self.invite.clone().map(String::from)),
            ("chat", self.chat.clone().map(String::from)),
        ];
        for (name, value) in parameters {
            if let Some(value) = value {
                link.push_str(mark);
                link.push_str(name);
                link.push('=');
                link.push_str(&value);
                mark = "&";
            }
        }
        link
    }
}

impl fmt::Display for ServerAddress {
    /// The addresses alone, as they are remembered.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("mchat://")?;
        for (index, node) in self.nodes.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            write!(f, "{node}")?;
        }
        Ok(())
    }
}

impl FromStr for ServerAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let rest = text.strip_prefix("mchat://").unwrap_or(text);
        let (places, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut nodes: Vec<Node> = Vec::new();
        for place in places.trim_end_matches('/').split(',') {
            let place = place.trim().trim_end_matches('/');
            let place = place.strip_prefix("mchat://").unwrap_or(place);
            let node = place
                .parse()
                .map_err(|AddressError(_)| AddressError(text.to_owned()))?;
            if !nodes.contains(&node) {
                nodes.push(node);
            }
        }
        let mut address = Self {
            nodes,
            fingerprint: None,
            invite: None,
            chat: None,
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let wrong = || AddressError(format!("{text}: {name}"));
            match name {
                "fp" => address.fingerprint = Some(value.parse().map_err(|_| wrong())?),
                "invite" => address.invite = Some(Token::try_from(value).map_err(|_| wrong())?),
                "chat" => address.chat = Some(Token::try_from(value).map_err(|_| wrong())?),
                // A parameter of a newer link.
                _ => {}
            }
        }
        Ok(address)
    }
}

fn node(place: &str) -> Option<Node> {
    let (host, port) = if let Some(rest) = place.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        let port = match rest {
            "" => proto::DEFAULT_PORT,
            rest => rest.strip_prefix(':')?.parse().ok()?,
        };
        host.parse::<std::net::Ipv6Addr>().ok()?;
        (host, port)
    } else if place.matches(':').count() > 1 {
        place.parse::<std::net::Ipv6Addr>().ok()?;
        (place, proto::DEFAULT_PORT)
    } else {
        match place.split_once(':') {
            Some((host, port)) => (host, port.parse().ok()?),
            None => (place, proto::DEFAULT_PORT),
        }
    };
    let sound = !host.is_empty()
        && host.len() <= HOST_BYTES
        && host
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':'));
    (sound && port != 0).then(|| Node {
        host: host.to_owned(),
        port,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn forms_of_an_address() {
        for (text, shown) in [
            ("localhost", "mchat://localhost:8443"),
            ("host.example:1", "mchat://host.example:1"),
            ("mchat://[::1]:7/", "mchat://[::1]:7"),
            ("::1", "mchat://[::1]:8443"),
            ("mchat://a:1,b:2", "mchat://a:1,b:2"),
        ] {
            let address: ServerAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), shown);
            assert_eq!(shown.parse::<ServerAddress>().unwrap(), address);
        }
        for text in ["", "a:b", "a:0", "[::1", "a b", "mchat://", "http://a"] {
            assert!(text.parse::<ServerAddress>().is_err(), "{text}");
        }
    }

    #[test]
    fn invite_link() {
        let fp = "ab".repeat(32);
        let link = format!("mchat://h:9/?fp={fp}&invite=to-ken&later=1");
        let address: ServerAddress = link.parse().unwrap();
        assert_eq!(address.fingerprint.unwrap().to_string(), fp);
        assert_eq!(address.invite.unwrap().as_str(), "to-ken");
        assert!("mchat://h:9/?fp=zz".parse::<ServerAddress>().is_err());
    }

    #[test]
    fn a_link_to_a_chat_is_read_as_it_was_written() {
        let link = format!("mchat://h:9/?fp={}&chat=to-ken", "ab".repeat(32));
        let address: ServerAddress = link.parse().unwrap();
        assert_eq!(address.chat.as_ref().unwrap().as_str(), "to-ken");
        assert!(address.invite.is_none());
        assert_eq!(address.link(), link);
        assert_eq!(address.to_string(), "mchat://h:9", "no secret in it");
    }
}
