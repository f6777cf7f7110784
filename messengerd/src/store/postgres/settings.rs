//! Where the database is.

use std::fmt;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use tokio_postgres::config::{Host, SslNegotiation};

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

/// The modes of libpq's `sslmode`, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
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

/// Why settings of the database cannot be used. Never repeats a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SettingsError(String);

fn wrong<T>(sentence: impl Into<String>) -> Result<T, SettingsError> {
    Err(SettingsError(sentence.into()))
}

impl TlsMode {
    /// By libpq's name; `allow` is `prefer`.
    ///
    /// # Errors
    ///
    /// Where there is no such mode.
    pub fn parse(name: &str) -> Result<Self, SettingsError> {
        match name {
            "disable" => Ok(Self::Disable),
            "allow" | "prefer" => Ok(Self::Prefer),
            "require" => Ok(Self::Require),
            "verify-ca" => Ok(Self::VerifyCa),
            "verify-full" => Ok(Self::VerifyFull),
            other => wrong(format!(
                "{other:?} is no mode of TLS: use disable, prefer, require, verify-ca or verify-full"
            )),
        }
    }
}

impl fmt::Display for TlsMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        })
    }
}

impl Settings {
    /// Parses `postgres://USER:PASSWORD@HOST:PORT,HOST:PORT/DATABASE?…`, as
    /// libpq does: everything may be missing but the host; a host that begins
    /// with a slash (`%2F`, or `?host=/run/postgresql`) is the directory of a
    /// socket.
    ///
    /// # Errors
    ///
    /// One sentence about what is wrong, without the URL.
    pub fn parse(url: &str) -> Result<Self, SettingsError> {
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return wrong("is no URL of PostgreSQL: write postgres://USER@HOST:PORT/DATABASE");
        }
        let (place, query) = url.split_once('?').unwrap_or((url, ""));
        let mut tls = TlsMode::default();
        let mut root_certificate = None;
        let mut rest = Vec::new();
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let Some((key, value)) = parameter.split_once('=') else {
                return wrong(format!("the parameter {parameter:?} has no value"));
            };
            let decoded = percent_decode_str(value)
                .decode_utf8()
                .or_else(|_| wrong(format!("the value of {key:?} is no UTF-8")))?;
            match key {
                "sslmode" => tls = TlsMode::parse(&decoded)?,
                // libpq's word for the authorities of the system.
                "sslrootcert" if decoded == "system" => root_certificate = None,
                "sslrootcert" => root_certificate = Some(PathBuf::from(decoded.as_ref())),
                _ => rest.push(parameter),
            }
        }
        let place = match rest.is_empty() {
            true => place.to_owned(),
            false => format!("{place}?{}", rest.join("&")),
        };
        let server: tokio_postgres::Config = place
            .parse()
            .map_err(|error| SettingsError(sentence(&error)))?;
        Self::new(server, tls, root_certificate)
    }

    /// With what has been put together elsewhere.
    ///
    /// # Errors
    ///
    /// Where there is no host, or the parts do not fit.
    pub fn new(
        server: tokio_postgres::Config,
        tls: TlsMode,
        root_certificate: Option<PathBuf>,
    ) -> Result<Self, SettingsError> {
        let hosts = server.get_hosts().len();
        if hosts == 0 {
            return wrong(
                "names no host: write postgres://USER@HOST/DATABASE, or ?host=/run/postgresql for a socket",
            );
        }
        let ports = server.get_ports().len();
        if ports > 1 && ports != hosts {
            return wrong(format!("has {hosts} hosts but {ports} ports"));
        }
        if server.get_ssl_negotiation() == SslNegotiation::Direct {
            return wrong("asks for sslnegotiation=direct, which is not supported: leave it out");
        }
        if root_certificate.is_some() && tls < TlsMode::VerifyCa {
            return wrong(format!(
                "has a root certificate that sslmode={tls} does not look at: use sslmode=verify-full"
            ));
        }
        Ok(Self {
            server,
            tls,
            root_certificate,
        })
    }

    /// Where it is, for people: `DATABASE on HOST:PORT`, without secrets.
    pub fn place(&self) -> String {
        let ports = self.server.get_ports();
        let hosts: Vec<String> = self
            .server
            .get_hosts()
            .iter()
            .enumerate()
            .map(|(at, host)| {
                let port = ports.get(at).or(ports.first()).copied().unwrap_or(5432);
                match host {
                    Host::Tcp(name) if name.contains(':') => format!("[{name}]:{port}"),
                    Host::Tcp(name) => format!("{name}:{port}"),
                    Host::Unix(directory) => {
                        format!("{}/.s.PGSQL.{port}", directory.display())
                    }
                }
            })
            .collect();
        let database = self.server.get_dbname().or(self.server.get_user());
        format!(
            "{} on {}",
            database.unwrap_or("the user's database"),
            hosts.join(",")
        )
    }
}

/// The library's errors have the part that helps one level down.
fn sentence(error: &tokio_postgres::Error) -> String {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    match cause {
        Some(cause) if cause.starts_with("unknown option") => {
            format!("has an {cause}: remove it")
        }
        Some(cause) => format!("cannot be parsed: {cause}"),
        None => format!("cannot be parsed: {error}"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_hosts_user_password_and_tls() {
        let settings = Settings::parse(
            "postgres://ada:p%40ss%2F%3F@db1:5433,db2:5434/chat?sslmode=verify-full&sslrootcert=%2Fetc%2Fca%20one.pem&connect_timeout=3",
        )
        .unwrap();
        assert_eq!(settings.server.get_user(), Some("ada"));
        assert_eq!(settings.server.get_password(), Some(&b"p@ss/?"[..]));
        assert_eq!(settings.server.get_ports(), [5433, 5434]);
        assert_eq!(settings.tls, TlsMode::VerifyFull);
        assert_eq!(settings.root_certificate, Some("/etc/ca one.pem".into()));
        assert_eq!(settings.place(), "chat on db1:5433,db2:5434");
        assert!(!format!("{settings:?}").contains("p@ss"));
    }

    #[test]
    fn a_socket_is_a_host_that_begins_with_a_slash() {
        for url in [
            "postgresql://ada@%2Frun%2Fpostgresql/chat",
            "postgres:///chat?user=ada&host=/run/postgresql",
        ] {
            let settings = Settings::parse(url).unwrap();
            assert_eq!(
                settings.server.get_hosts(),
                [Host::Unix("/run/postgresql".into())],
                "{url}"
            );
            assert_eq!(settings.place(), "chat on /run/postgresql/.s.PGSQL.5432");
        }
    }

    #[test]
    fn every_mode_of_tls_has_a_name() {
        for (name, mode) in [
            ("disable", TlsMode::Disable),
            ("allow", TlsMode::Prefer),
            ("prefer", TlsMode::Prefer),
            ("require", TlsMode::Require),
            ("verify-ca", TlsMode::VerifyCa),
            ("verify-full", TlsMode::VerifyFull),
        ] {
            let url = format!("postgres://h/d?sslmode={name}");
            assert_eq!(Settings::parse(&url).unwrap().tls, mode);
        }
        assert_eq!(
            Settings::parse("postgres://h/d").unwrap().tls,
            TlsMode::Prefer
        );
    }

    #[test]
    fn what_is_wrong_is_a_sentence_without_the_password() {
        for (url, says) in [
            ("mysql://u:hunter2@h/d", "is no URL of PostgreSQL"),
            ("host=h password=hunter2", "is no URL of PostgreSQL"),
            ("postgres://u:hunter2@h/d?sslmode=maybe", "\"maybe\""),
            ("postgres://u:hunter2@h/d?sslcert=x", "`sslcert`"),
            ("postgres://u:hunter2@h/d?nonsense=1", "`nonsense`"),
            ("postgres://u:hunter2@h:99999/d", "port"),
            ("postgres:///d?user=u&password=hunter2", "names no host"),
            ("postgres://u:hunter2@h/d?sslmode", "has no value"),
            (
                "postgres://u:hunter2@h/d?sslrootcert=/ca.pem",
                "verify-full",
            ),
            ("postgres://u:hunter2@h/d?sslnegotiation=direct", "direct"),
        ] {
            let error = Settings::parse(url).unwrap_err().to_string();
            assert!(error.contains(says), "{url}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
