//! How a client is opened.

use std::path::PathBuf;

use proto::catalog::Lang;
use proto::text::DeviceName;

use super::address::ServerAddress;
use super::conn::Fingerprint;

/// How a client is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// The profile's directory; made where it does not exist.
    pub profile: PathBuf,
    /// The server; without one the profile's last server is used, and without
    /// that the daemon of this machine.
    pub server: Option<ServerAddress>,
    /// Trust any server on first use (`--trust`). A changed key is refused all
    /// the same.
    pub trust: bool,
    /// The server's key must have this fingerprint; it is pinned in place of
    /// another one.
    pub fingerprint: Option<Fingerprint>,
    /// Whether to receive heads and events, and make the user online. Without
    /// it the connection only answers.
    pub live: bool,
    /// Whether to connect at all.
    pub connect: bool,
    /// Language of the sentences in events and errors.
    pub lang: Lang,
    /// What this device is called in the list of sessions; by default the
    /// machine's name.
    pub device: Option<DeviceName>,
}

impl Options {
    /// A live client of a profile that connects to its last server.
    pub fn new(profile: impl Into<PathBuf>) -> Self {
        Self {
            profile: profile.into(),
            server: None,
            trust: false,
            fingerprint: None,
            live: true,
            connect: true,
            lang: Lang::En,
            device: None,
        }
    }
}
