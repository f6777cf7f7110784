//! Which store and which bus the settings mean, and the secrets for them.

use std::fs;
use std::path::PathBuf;

use super::StoreConfig;
use super::raw::{RawDatabase, RawRedis, RawSecret};
use super::secret::{Secret, exposed};
use crate::bus::redis;
use crate::store::postgres::{self, TlsMode};

/// The secret that the earlier messenger's documentation shows.
const SAMPLE_SECRET: &str = "your-secret-key";
/// The least length of a secret that signs tokens.
const SECRET_BYTES: usize = 16;

/// What is found on the way from raw settings to valid ones.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// Why they are not valid.
    pub(super) problems: Vec<String>,
    /// What works and is unwise.
    pub(super) warnings: Vec<String>,
    /// systemd's directory of credentials.
    pub(super) credentials: Option<PathBuf>,
}

impl Findings {
    fn problem(&mut self, key: &str, said: impl std::fmt::Display) {
        self.problems.push(format!("{key}: {said}"));
    }

    /// The store, and where PostgreSQL is.
    pub(super) fn store(&mut self, raw: RawDatabase) -> StoreConfig {
        let settings = match (&raw.url, &raw.host) {
            (Some(url), _) => postgres::Settings::parse(url.reveal())
                .map_err(|error| self.problem("database.url", error))
                .ok(),
            (None, Some(host)) => self.database_from_parts(host, &raw),
            (None, None) => return StoreConfig::Embedded,
        };
        let password = self.secret(
            "DB_PASSWORD",
            raw.password,
            raw.password_file,
            "db_password",
        );
        let Some(mut settings) = settings else {
            // The problems say why; nobody gets to see this.
            return StoreConfig::Embedded;
        };
        if let Some(password) = password {
            settings.server.password(password.reveal());
        }
        if let Some(path) = &settings.root_certificate
            && let Err(error) = fs::File::open(path)
        {
            self.problem(
                "database.url",
                format!("sslrootcert {}: {error}", path.display()),
            );
        }
        StoreConfig::Postgres(Box::new(settings))
    }

    fn database_from_parts(&mut self, host: &str, raw: &RawDatabase) -> Option<postgres::Settings> {
        let port = self.number("DB_PORT", raw.port.as_deref(), 5432_u16);
        let mode = raw
            .ssl_mode
            .as_deref()
            .map_or(Ok(TlsMode::default()), TlsMode::parse);
        let mode = mode
            .map_err(|error| self.problem("DB_SSL_MODE", error))
            .ok();
        let mut server = tokio_postgres::Config::new();
        server
            .user(raw.username.as_deref().unwrap_or("postgres"))
            .dbname(raw.name.as_deref().unwrap_or("messenger"))
            .port(port?);
        for host in host.split(',').map(str::trim) {
            server.host(host);
        }
        postgres::Settings::new(server, mode?, None)
            .map_err(|error| self.problem("DB_HOST", error))
            .ok()
    }

    /// The bus, and where Redis is.
    pub(super) fn bus(&mut self, raw: RawRedis) -> Option<redis::Settings> {
        let urls: Vec<&str> = raw
            .url
            .iter()
            .chain(&raw.urls)
            .map(Secret::reveal)
            .collect();
        let settings = match &raw.host {
            _ if !urls.is_empty() => redis::Settings::parse(&urls, raw.cluster == Some(true))
                .map_err(|error| self.problem("redis.url", error))
                .ok(),
            Some(host) => {
                let port = self.number("REDIS_PORT", raw.port.as_deref(), 6379);
                let database = self.number("REDIS_DB", raw.database.as_deref(), 0);
                port.zip(database).and_then(|(port, database)| {
                    let one = redis::Settings::from_parts(host, port, database);
                    one.and_then(|one| redis::Settings::parse(&one.urls, raw.cluster == Some(true)))
                        .map_err(|error| self.problem("REDIS_HOST", error))
                        .ok()
                })
            }
            None => return None,
        };
        let password = self.secret(
            "REDIS_PASSWORD",
            raw.password,
            raw.password_file,
            "redis_password",
        );
        match (settings, password) {
            (Some(settings), Some(password)) => settings
                .with_password(password.reveal())
                .map_err(|error| self.problem("redis.url", error))
                .ok(),
            (settings, _) => settings,
        }
    }

    /// What signs tokens, where it is given.
    pub(super) fn token_secret(&mut self, raw: RawSecret) -> Option<Secret> {
        let secret = self.secret("JWT_SECRET", raw.value, raw.file, "jwt_secret")?;
        if secret.reveal() == SAMPLE_SECRET {
            self.problem(
                "JWT_SECRET",
                "is the sample that everybody knows: leave it out, and one is made and kept",
            );
        } else if secret.reveal().len() < SECRET_BYTES {
            self.problem(
                "JWT_SECRET",
                format!(
                    "is shorter than {SECRET_BYTES} bytes: leave it out, and one is made and kept"
                ),
            );
        }
        Some(secret)
    }

    /// A secret from its variable, else its file, else systemd's credential.
    fn secret(
        &mut self,
        key: &str,
        value: Option<Secret>,
        file: Option<PathBuf>,
        credential: &str,
    ) -> Option<Secret> {
        if value.is_some() {
            return value;
        }
        let given = file.is_some();
        let path = match file {
            Some(path) => path,
            None => self.credentials.as_ref()?.join(credential),
        };
        if !given && !path.exists() {
            return None;
        }
        match Secret::read(&path) {
            Ok(secret) => {
                if given {
                    self.warnings.extend(exposed(&path));
                }
                Some(secret)
            }
            Err(error) => {
                self.problem(key, error);
                None
            }
        }
    }

    fn number<N: std::str::FromStr>(
        &mut self,
        key: &str,
        text: Option<&str>,
        default: N,
    ) -> Option<N> {
        let Some(text) = text else {
            return Some(default);
        };
        let number = text.parse().ok();
        if number.is_none() {
            self.problem(key, format!("{text:?} is no such number"));
        }
        number
    }
}
