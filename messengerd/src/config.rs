//! Settings: a file, `MESSENGERD_*` variables over it, flags over both. A raw
//! form as written becomes [`Config`], which holds only what is valid; all
//! problems are reported at once.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::service::accounts::Registration;
use crate::service::limiter::Rate;

/// The commented example, as `messengerd config example` prints it. A test
/// holds it against the defaults.
pub const EXAMPLE: &str = include_str!("../messengerd.example.toml");

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
}

/// Settings as written; every one may be missing.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawConfig {
    /// See [`Config::data_dir`].
    pub data_dir: Option<PathBuf>,
    /// See [`Config::listen`].
    pub listen: Option<String>,
    /// See [`Config::http`]; `off` for none.
    pub http: Option<String>,
    /// Allows plain HTTP on an address that others can reach.
    pub http_insecure: Option<bool>,
    /// See [`Config::advertise`].
    pub advertise: Option<String>,
    /// `local`, `open`, `invite` or `closed`.
    pub registration: Option<String>,
    /// See [`Config::log`].
    pub log: Option<String>,
    /// Certificate files.
    pub tls: RawTls,
    /// Bounds.
    pub limits: RawLimits,
}

/// The `[tls]` table.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawTls {
    /// PEM file of the chain.
    pub certificate: Option<PathBuf>,
    /// PEM file of the private key.
    pub key: Option<PathBuf>,
}

/// The `[limits]` table.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawLimits {
    /// Messages one account may send at once.
    pub send_burst: Option<u32>,
    /// Messages one account may send in a second after that.
    pub sends_per_second: Option<f64>,
    /// Connections that may wait to sign in, an eighth of them from one network.
    pub waiting_connections: Option<usize>,
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
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, is no TOML, or has a key that does not exist.
    pub fn from_file(path: &Path) -> Result<Self, Problems> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Problems(vec![format!("{}: {error}", path.display())]))?;
        Self::parse(&text).map_err(|error| Problems(vec![format!("{}: {error}", path.display())]))
    }

    /// Parses TOML.
    ///
    /// # Errors
    ///
    /// Where it is no TOML or has a key that does not exist.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
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
        }
    }

    /// Checks everything. `variable` looks up an environment variable.
    ///
    /// # Errors
    ///
    /// All problems, each with the key it is about.
    pub fn validate(self, variable: impl Fn(&str) -> Option<String>) -> Result<Config, Problems> {
        let mut problems = Vec::new();
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn home(name: &str) -> Option<String> {
        (name == "HOME").then(|| "/home/ada".to_owned())
    }

    #[test]
    fn the_example_says_the_defaults() {
        let defaults = RawConfig::default().validate(home).unwrap();
        // Each commented setting, taken out of its comment, is the default.
        let spelled: String = EXAMPLE
            .lines()
            .filter_map(|line| {
                line.strip_prefix("#= ")
                    .or_else(|| line.starts_with('[').then_some(line))
            })
            .flat_map(|line| [line, "\n"])
            .collect();
        let spelled = spelled.replace("~", "/home/ada");
        let raw = RawConfig::parse(&spelled).unwrap();
        assert!(raw.listen.is_some() && raw.http.is_some() && raw.limits.send_burst.is_some());
        assert_eq!(raw.validate(|_| None).unwrap(), defaults);
        assert_eq!(RawConfig::parse(EXAMPLE).unwrap(), RawConfig::default());
    }

    #[test]
    fn all_problems_are_told_at_once_with_their_keys() {
        let text = "listen = 'here'\nhttp = '0.0.0.0:80'\nregistration = 'maybe'\n[tls]\nkey = 'k'\n[limits]\nsend_burst = 0";
        let problems = RawConfig::parse(text)
            .unwrap()
            .validate(home)
            .unwrap_err()
            .0;
        for key in [
            "listen:",
            "http:",
            "registration:",
            "tls.certificate:",
            "limits.send_burst:",
        ] {
            assert!(
                problems.iter().any(|problem| problem.starts_with(key)),
                "{key} in {problems:?}"
            );
        }
        assert!(
            RawConfig::parse("lisen = 'x'")
                .unwrap_err()
                .to_string()
                .contains("lisen")
        );
    }

    #[test]
    fn flags_win_over_the_file() {
        let file = RawConfig::parse("listen = '127.0.0.1:1'\nhttp = 'off'").unwrap();
        let flags = RawConfig {
            listen: Some("127.0.0.1:2".into()),
            ..RawConfig::default()
        };
        let config = flags.over(file).validate(home).unwrap();
        assert_eq!(config.listen.port(), 2);
        assert_eq!(config.http, None);
    }
}
