//! Settings, from the weakest source to the strongest: a file `.env` in the
//! working directory, the settings file, the environment, flags. Their raw form
//! becomes [`Config`], which holds only what is valid; all problems are
//! reported at once, with the keys they are about and without any secret.

mod dotenv;
mod load;
mod places;
mod raw;
mod secret;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
mod variables;
mod web;

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

pub use self::load::load;
use self::places::Findings;
pub use self::raw::{RawConfig, RawDatabase, RawLimits, RawRedis, RawSecret, RawTls, RawWeb};
pub use self::secret::Secret;
use crate::bus::redis;
use crate::service::accounts::Registration;
use crate::service::limiter::Rate;
use crate::store::postgres;
use crate::transport::http::settings::WebSettings;

/// The commented example, as `messengerd config example` prints it. A test
/// holds it against the defaults.
pub const EXAMPLE: &str = include_str!("../../messengerd.example.toml");

/// The same for variables, as `messengerd config example --env` prints it.
pub const ENV_EXAMPLE: &str = include_str!("../../../.env.example");

/// Settings that are valid.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Where everything durable lives.
    pub data_dir: PathBuf,
    /// QUIC on UDP and TLS on TCP.
    pub listen: SocketAddr,
    /// Plain HTTP; none where switched off.
    pub http: Option<SocketAddr>,
    /// `host:port` under which clients reach this daemon.
    pub advertise: Option<String>,
    /// Who may register.
    pub registration: Registration,
    /// Certificate chain and key; made in the data directory where absent.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Messages one account may send.
    pub send_rate: Rate,
    /// Connections that may wait to sign in.
    pub waiting: usize,
    /// Least level of log lines.
    pub log: String,
    /// Where accounts and messages are.
    pub store: StoreConfig,
    /// How nodes on one database hear of each other; none for a single one.
    pub bus: Option<redis::Settings>,
    /// The web endpoint.
    pub web: WebSettings,
    /// What signs tokens, where the operator gives it.
    pub token_secret: Option<Secret>,
    /// What works and is unwise, in sentences for the log.
    pub warnings: Vec<String>,
}

/// Where accounts and messages are.
#[derive(Debug, Clone, PartialEq)]
pub enum StoreConfig {
    /// In the data directory.
    Embedded,
    /// In PostgreSQL, perhaps together with other nodes.
    Postgres(Box<postgres::Settings>),
}

impl Config {
    /// Which store and which bus these settings mean, for people.
    pub fn describe(&self) -> String {
        let store = match &self.store {
            StoreConfig::Embedded => format!("embedded, in {}", self.data_dir.display()),
            StoreConfig::Postgres(settings) => {
                format!(
                    "PostgreSQL, {} (sslmode {})",
                    settings.place(),
                    settings.tls
                )
            }
        };
        let bus = match &self.bus {
            None => "none, this daemon is the only one".to_owned(),
            Some(settings) => format!("Redis, {}", settings.place()),
        };
        format!("store  {store}\nbus    {bus}\n")
    }
}

/// Everything that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<String>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Problems {}

impl RawConfig {
    /// Checks everything. `variable` looks up a variable of the environment:
    /// where the data directory and systemd's credentials are.
    ///
    /// # Errors
    ///
    /// All problems, each with the key it is about.
    pub fn validate(self, variable: impl Fn(&str) -> Option<String>) -> Result<Config, Problems> {
        let mut findings = Findings {
            credentials: variable("CREDENTIALS_DIRECTORY").map(PathBuf::from),
            ..Findings::default()
        };
        let store = findings.store(self.database);
        let mut bus = findings.bus(self.redis);
        if bus.is_some() && findings.problems.is_empty() && store == StoreConfig::Embedded {
            findings.warnings.push(
                "Redis is set and not used: it connects the daemons on one PostgreSQL, and none is set".to_owned(),
            );
            bus = None;
        }
        let token_secret = findings.token_secret(self.token_secret);
        let web = findings.web(self.web);
        let Findings {
            mut problems,
            warnings,
            ..
        } = findings;
        let data_dir = self.data_dir.or_else(|| default_data_dir(variable));
        if data_dir.is_none() {
            problems.push("data_dir: not set, and there is no HOME to put it in".to_owned());
        }
        let listen = match self.listen.as_deref() {
            None => Some(SocketAddr::new(
                IpAddr::V6(Ipv6Addr::UNSPECIFIED),
                proto::DEFAULT_PORT,
            )),
            Some(text) => address("listen", text, &mut problems),
        };
        let http = match self.http.as_deref() {
            None => Some(SocketAddr::from(([127, 0, 0, 1], 8080))),
            Some("off") => None,
            Some(text) => address("http", text, &mut problems),
        };
        if let Some(http) = http
            && !http.ip().is_loopback()
            && self.http_insecure != Some(true)
        {
            problems.push(format!(
                "http: {http} can be reached from other machines, where passwords would cross the network in \
                 clear; use the TLS address for them, or set http_insecure = true behind a proxy that adds TLS"
            ));
        }
        let registration = match self.registration.as_deref() {
            None | Some("local") => Registration::Local,
            Some("open") => Registration::Open,
            Some("invite") => Registration::Invite,
            Some("closed") => Registration::Closed,
            Some(other) => {
                problems.push(format!(
                    "registration: {other:?} is none of local, open, invite, closed"
                ));
                Registration::Closed
            }
        };
        let tls = match (self.tls.certificate, self.tls.key) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            (Some(_), None) => {
                problems.push("tls.key: missing beside tls.certificate".to_owned());
                None
            }
            (None, Some(_)) => {
                problems.push("tls.certificate: missing beside tls.key".to_owned());
                None
            }
        };
        if let Some(advertise) = &self.advertise
            && !advertise
                .rsplit_once(':')
                .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
        {
            problems.push(format!("advertise: {advertise:?} is not HOST:PORT"));
        }
        let burst = self.limits.send_burst.unwrap_or(2_000);
        let per_second = self.limits.sends_per_second.unwrap_or(500.0);
        let waiting = self.limits.waiting_connections.unwrap_or(512);
        if waiting == 0 {
            problems.push("limits.waiting_connections: has to be at least 1".to_owned());
        }
        if burst == 0 {
            problems.push("limits.send_burst: has to be at least 1".to_owned());
        }
        if !(per_second.is_finite() && per_second > 0.0) {
            problems.push("limits.sends_per_second: has to be more than 0".to_owned());
        }
        let (Some(data_dir), Some(listen), true) = (data_dir, listen, problems.is_empty()) else {
            return Err(Problems(problems));
        };
        Ok(Config {
            data_dir,
            listen,
            http,
            advertise: self.advertise,
            registration,
            tls,
            send_rate: Rate { burst, per_second },
            waiting,
            log: self.log.unwrap_or_else(|| "info".to_owned()),
            store,
            bus,
            web,
            token_secret,
            warnings,
        })
    }
}

fn address(key: &str, text: &str, problems: &mut Vec<String>) -> Option<SocketAddr> {
    match text.parse() {
        Ok(address) => Some(address),
        Err(_) => {
            problems.push(format!(
                "{key}: {text:?} is not ADDR:PORT, such as 127.0.0.1:8443 or [::]:8443"
            ));
            None
        }
    }
}

/// systemd's state directory, else the user's data directory (XDG).
fn default_data_dir(variable: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let set = |name: &str| {
        variable(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    set("STATE_DIRECTORY")
        .or_else(|| set("XDG_DATA_HOME").map(|base| base.join("messengerd")))
        .or_else(|| set("HOME").map(|home| home.join(".local/share/messengerd")))
}
