//! Settings from variables: `MESSENGERD_*`, and the names that the earlier
//! messenger had for the same things.

use std::path::PathBuf;

use super::raw::{RawConfig, RawDatabase, RawRedis, RawSecret, RawWeb};
use super::secret::Secret;

impl RawConfig {
    /// What the variables that `variable` looks up say, and what is wrong with
    /// them. An empty one counts as unset.
    pub(super) fn from_variables(variable: impl Fn(&str) -> Option<String>) -> (Self, Vec<String>) {
        let mut problems = Vec::new();
        let text = |name: &str| variable(name).filter(|value| !value.is_empty());
        let path = |name: &str| text(name).map(PathBuf::from);
        let secret = |name: &str| text(name).map(Secret::new);
        for (one, other) in [
            ("MESSENGERD_DATABASE_URL", "DB_HOST"),
            ("MESSENGERD_REDIS_URL", "REDIS_HOST"),
            ("DB_PASSWORD", "DB_PASSWORD_FILE"),
            ("REDIS_PASSWORD", "REDIS_PASSWORD_FILE"),
            ("JWT_SECRET", "JWT_SECRET_FILE"),
        ] {
            if text(one).is_some() && text(other).is_some() {
                problems.push(format!("{one}: set beside {other}; keep one of the two"));
            }
        }
        let mut number = |name: &str, unit: &str, most: u64| {
            let value = text(name)?;
            match value.parse::<u64>() {
                Ok(number) if (1..=most).contains(&number) => Some(number),
                _ => {
                    problems.push(format!("{name}: {value:?} is no whole number of {unit}"));
                    None
                }
            }
        };
        let token_hours = number("JWT_EXPIRES_IN", "hours", u32::MAX.into());
        let max_file_size = number("MAX_FILE_SIZE", "bytes", i64::MAX as u64);
        let words = |name: &str| -> Option<Vec<String>> {
            let words = text(name)?;
            let words = words.split([' ', ',']).filter(|word| !word.is_empty());
            Some(words.map(str::to_owned).collect())
        };
        let mut flag = |name: &str| {
            let value = text(name)?;
            match value.to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => Some(true),
                "false" | "0" | "no" | "off" => Some(false),
                _ => {
                    problems.push(format!("{name}: {value:?} is neither true nor false"));
                    None
                }
            }
        };
        let http_insecure = flag("MESSENGERD_HTTP_INSECURE");
        let cluster = flag("MESSENGERD_REDIS_CLUSTER");
        let http = text("MESSENGERD_HTTP").or_else(|| {
            let port = text("SERVER_PORT")?;
            if port.parse::<u16>().is_err() {
                problems.push(format!("SERVER_PORT: {port:?} is no port"));
                return None;
            }
            Some(format!("127.0.0.1:{port}"))
        });
        let raw = Self {
            data_dir: path("MESSENGERD_DATA_DIR"),
            listen: text("MESSENGERD_LISTEN"),
            http,
            http_insecure,
            advertise: text("MESSENGERD_ADVERTISE"),
            registration: text("MESSENGERD_REGISTRATION"),
            log: text("MESSENGERD_LOG"),
            database: RawDatabase {
                url: secret("MESSENGERD_DATABASE_URL"),
                host: text("DB_HOST"),
                port: text("DB_PORT"),
                username: text("DB_USERNAME"),
                name: text("DB_NAME"),
                ssl_mode: text("DB_SSL_MODE"),
                password: secret("DB_PASSWORD"),
                password_file: path("DB_PASSWORD_FILE"),
            },
            redis: RawRedis {
                url: None,
                urls: text("MESSENGERD_REDIS_URL")
                    .map(|urls| urls.split_whitespace().map(Secret::new).collect())
                    .unwrap_or_default(),
                cluster,
                host: text("REDIS_HOST"),
                port: text("REDIS_PORT"),
                database: text("REDIS_DB"),
                password: secret("REDIS_PASSWORD"),
                password_file: path("REDIS_PASSWORD_FILE"),
            },
            web: RawWeb {
                token_hours: token_hours.and_then(|hours| hours.try_into().ok()),
                max_file_size,
                cors_origins: words("MESSENGERD_CORS_ORIGINS"),
                trusted_proxies: words("MESSENGERD_TRUSTED_PROXIES"),
            },
            token_secret: RawSecret {
                value: secret("JWT_SECRET"),
                file: path("JWT_SECRET_FILE"),
            },
            ..Self::default()
        };
        (raw, problems)
    }
}
