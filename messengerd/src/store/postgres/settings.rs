//! Where the database is.

use std::path::PathBuf;

/// How PostgreSQL is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Hosts, user, password, database. Its own `ssl_mode` is not used.
    pub server: tokio_postgres::Config,
    /// What has to be true of the connection.
    pub tls: TlsMode,
    /// PEM file of the authorities that may vouch for the server; the system's
    /// where absent.
    pub root_certificate: Option<PathBuf>,
}

/// The modes of libpq's `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TlsMode {
    /// Never.
    Disable,
    /// Where the server can, without looking at its certificate.
    #[default]
    Prefer,
    /// Always, without looking at the certificate.
    Require,
    /// Always, the certificate signed by a known authority.
    VerifyCa,
    /// The same, and made out to the host that was asked.
    VerifyFull,
}
