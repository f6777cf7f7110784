//! Settings as they are written, before anything is checked.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};

use super::Problems;
use super::secret::Secret;

/// Settings as written; every one may be missing. What [`Config`](super::Config) says of its
/// fields is not said again here.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawConfig {
    /// See [`Config::data_dir`](super::Config::data_dir).
    pub data_dir: Option<PathBuf>,
    /// See [`Config::listen`](super::Config::listen).
    pub listen: Option<String>,
    /// See [`Config::http`](super::Config::http); `off` for none.
    pub http: Option<String>,
    /// Allows plain HTTP on an address that others can reach.
    pub http_insecure: Option<bool>,
    /// See [`Config::advertise`](super::Config::advertise).
    pub advertise: Option<String>,
    /// `local`, `open`, `invite` or `closed`.
    pub registration: Option<String>,
    /// See [`Config::log`](super::Config::log).
    pub log: Option<String>,
    /// Certificate files.
    pub tls: RawTls,
    /// Bounds.
    pub limits: RawLimits,
    /// PostgreSQL.
    pub database: RawDatabase,
    /// Redis.
    pub redis: RawRedis,
    /// The web endpoint.
    pub web: RawWeb,
    /// What signs tokens; from variables only.
    #[serde(skip)]
    pub token_secret: RawSecret,
}

/// The `[tls]` table.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawTls {
    /// PEM file of the chain.
    pub certificate: Option<PathBuf>,
    /// PEM file of the private key.
    pub key: Option<PathBuf>,
}

/// The `[limits]` table.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawLimits {
    /// Messages one account may send at once.
    pub send_burst: Option<u32>,
    /// Messages one account may send in a second after that.
    pub sends_per_second: Option<f64>,
    /// Connections that may wait to sign in, an eighth of them from one network.
    pub waiting_connections: Option<usize>,
}

/// The `[database]` table and the variables `DB_*`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawDatabase {
    /// Where it is; may hold a password.
    pub url: Option<Secret>,
    /// File that holds the password.
    pub password_file: Option<PathBuf>,
    /// In place of the URL: names, addresses, or the directory of a socket.
    #[serde(skip)]
    pub host: Option<String>,
    /// One for all hosts.
    #[serde(skip)]
    pub port: Option<String>,
    /// Who signs in there.
    #[serde(skip)]
    pub username: Option<String>,
    /// Their password.
    #[serde(skip)]
    pub password: Option<Secret>,
    /// Which database.
    #[serde(skip)]
    pub name: Option<String>,
    /// As libpq names it.
    #[serde(skip)]
    pub ssl_mode: Option<String>,
}

/// The `[redis]` table and the variables `REDIS_*`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawRedis {
    /// Where it is; may hold a password.
    pub url: Option<Secret>,
    /// Nodes of a cluster.
    #[serde(deserialize_with = "one_or_many")]
    pub urls: Vec<Secret>,
    /// Whether it is a cluster, also where one node is named.
    pub cluster: Option<bool>,
    /// File that holds the password.
    pub password_file: Option<PathBuf>,
    /// In place of the URL: name, address, or the path of a socket.
    #[serde(skip)]
    pub host: Option<String>,
    /// Its port.
    #[serde(skip)]
    pub port: Option<String>,
    /// Its password.
    #[serde(skip)]
    pub password: Option<Secret>,
    /// Number of the database.
    #[serde(skip)]
    pub database: Option<String>,
}

/// The `[web]` table.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawWeb {
    /// See [`WebSettings::token_hours`](crate::transport::http::settings::WebSettings::token_hours).
    pub token_hours: Option<u32>,
    /// See [`WebSettings::max_file_size`](crate::transport::http::settings::WebSettings::max_file_size).
    pub max_file_size: Option<u64>,
    /// Origins, or `*`.
    pub cors_origins: Option<Vec<String>>,
    /// Addresses and networks in CIDR notation.
    pub trusted_proxies: Option<Vec<String>>,
}

/// A secret, or where it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RawSecret {
    /// Itself.
    pub value: Option<Secret>,
    /// File that holds it.
    pub file: Option<PathBuf>,
}

impl RawConfig {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, is no TOML, or has a key that does not exist.
    pub fn from_file(path: &Path) -> Result<Self, Problems> {
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string());
        text.and_then(|text| Self::parse(&text))
            .map_err(|error| Problems(vec![format!("{}: {error}", path.display())]))
    }

    /// Parses TOML.
    ///
    /// # Errors
    ///
    /// Where it is no TOML or has a key that does not exist. The line in
    /// question is named, not shown: it may hold a password.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| {
                let before = text.get(..span.start).unwrap_or_default();
                format!("line {}: ", before.matches('\n').count() + 1)
            });
            let said = match error.message() {
                secret if secret.contains("://") => "a value of the wrong type",
                said => said,
            };
            format!("{}{said}", line.unwrap_or_default())
        })
    }

    /// These settings where they are given, else `under`'s.
    pub fn over(self, under: Self) -> Self {
        Self {
            data_dir: self.data_dir.or(under.data_dir),
            listen: self.listen.or(under.listen),
            http: self.http.or(under.http),
            http_insecure: self.http_insecure.or(under.http_insecure),
            advertise: self.advertise.or(under.advertise),
            registration: self.registration.or(under.registration),
            log: self.log.or(under.log),
            tls: RawTls {
                certificate: self.tls.certificate.or(under.tls.certificate),
                key: self.tls.key.or(under.tls.key),
            },
            limits: RawLimits {
                send_burst: self.limits.send_burst.or(under.limits.send_burst),
                sends_per_second: self
                    .limits
                    .sends_per_second
                    .or(under.limits.sends_per_second),
                waiting_connections: self
                    .limits
                    .waiting_connections
                    .or(under.limits.waiting_connections),
            },
            database: self.database.over(under.database),
            redis: self.redis.over(under.redis),
            web: RawWeb {
                token_hours: self.web.token_hours.or(under.web.token_hours),
                max_file_size: self.web.max_file_size.or(under.web.max_file_size),
                cors_origins: self.web.cors_origins.or(under.web.cors_origins),
                trusted_proxies: self.web.trusted_proxies.or(under.web.trusted_proxies),
            },
            token_secret: match self.token_secret {
                RawSecret {
                    value: None,
                    file: None,
                } => under.token_secret,
                given => given,
            },
        }
    }
}

impl RawDatabase {
    /// Whoever says where it is replaces all that was said of that before, in
    /// whatever way; and the same of the password.
    fn over(self, under: Self) -> Self {
        let placed = self.url.is_some() || self.host.is_some();
        let keyed = self.password.is_some() || self.password_file.is_some();
        Self {
            url: if placed { self.url } else { under.url },
            host: if placed { self.host } else { under.host },
            port: self.port.or(under.port),
            username: self.username.or(under.username),
            name: self.name.or(under.name),
            ssl_mode: self.ssl_mode.or(under.ssl_mode),
            password: if keyed { self.password } else { under.password },
            password_file: if keyed {
                self.password_file
            } else {
                under.password_file
            },
        }
    }
}

impl RawRedis {
    fn over(self, under: Self) -> Self {
        let placed = self.url.is_some() || !self.urls.is_empty() || self.host.is_some();
        let keyed = self.password.is_some() || self.password_file.is_some();
        Self {
            url: if placed { self.url } else { under.url },
            urls: if placed { self.urls } else { under.urls },
            host: if placed { self.host } else { under.host },
            cluster: self.cluster.or(under.cluster),
            port: self.port.or(under.port),
            database: self.database.or(under.database),
            password: if keyed { self.password } else { under.password },
            password_file: if keyed {
                self.password_file
            } else {
                under.password_file
            },
        }
    }
}

/// A list that may be written as its only member.
fn one_or_many<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Secret>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        One(Secret),
        Many(Vec<Secret>),
    }
    Ok(match Written::deserialize(from)? {
        Written::One(url) => vec![url],
        Written::Many(urls) => urls,
    })
}
