//! Where the bus is.

use std::fmt;

/// How Redis is reached.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// `redis://`, `rediss://` or `unix:` URLs; several for a cluster. They may
    /// hold a password.
    pub urls: Vec<String>,
    /// Whether they are nodes of a Redis Cluster.
    pub cluster: bool,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("servers", &self.urls.len())
            .field("cluster", &self.cluster)
            .finish_non_exhaustive()
    }
}
