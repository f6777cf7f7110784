//! Where a daemon is reached.

use std::net::SocketAddr;

use proto::text::Token;

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
