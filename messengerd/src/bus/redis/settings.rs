//! Where the bus is.

use std::fmt;

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo};

/// How Redis is reached.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// `redis://`, `rediss://` or `unix:` URLs; several for a cluster. They may
    /// hold a password.
    pub urls: Vec<String>,
    /// Whether they are nodes of a Redis Cluster.
    pub cluster: bool,
}

/// Why settings of the bus cannot be used. Never repeats a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SettingsError(String);

fn wrong<T>(sentence: impl Into<String>) -> Result<T, SettingsError> {
    Err(SettingsError(sentence.into()))
}

impl Settings {
    /// Checks URLs; more than one means a cluster.
    ///
    /// # Errors
    ///
    /// One sentence about what is wrong, without the URL.
    pub fn parse(urls: &[impl AsRef<str>], cluster: bool) -> Result<Self, SettingsError> {
        let cluster = cluster || urls.len() > 1;
        if urls.is_empty() {
            return wrong("names no server: write redis://HOST:PORT");
        }
        for url in urls {
            let info = check(url.as_ref())?;
            if cluster && matches!(info.addr(), ConnectionAddr::Unix(_)) {
                return wrong("names a socket, but the nodes of a cluster are reached by TCP");
            }
            if cluster && info.redis_settings().db() != 0 {
                return wrong("names a database, but a cluster has only number 0: leave it out");
            }
        }
        Ok(Self {
            urls: urls.iter().map(|url| url.as_ref().to_owned()).collect(),
            cluster,
        })
    }

    /// From its parts; a host that begins with a slash is a socket.
    ///
    /// # Errors
    ///
    /// Where the host is no name, address or path.
    pub fn from_parts(host: &str, port: u16, database: u16) -> Result<Self, SettingsError> {
        let url = if host.starts_with('/') {
            let socket = redis::parse_redis_url("unix:///").map(|mut url| {
                url.set_path(host);
                if database != 0 {
                    url.query_pairs_mut()
                        .append_pair("db", &database.to_string());
                }
                url.to_string()
            });
            socket.map_or_else(|| wrong(format!("{host:?} is no path of a socket")), Ok)?
        } else {
            let name = |b: u8| b.is_ascii_alphanumeric() || b"-._:".contains(&b);
            if !host.bytes().all(name) || host.is_empty() {
                return wrong(format!("{host:?} is no host name, address or path"));
            }
            let host = match host.contains(':') {
                true => format!("[{host}]"),
                false => host.to_owned(),
            };
            format!("redis://{host}:{port}/{database}")
        };
        Self::parse(&[url], false)
    }

    /// The same with this password, in place of those in the URLs.
    ///
    /// # Errors
    ///
    /// Where a URL cannot hold one.
    pub fn with_password(self, password: &str) -> Result<Self, SettingsError> {
        let fill = |text: &String| {
            let mut url = redis::parse_redis_url(text)?;
            if url.scheme().ends_with("unix") {
                let others: Vec<(String, String)> = url
                    .query_pairs()
                    .filter(|(key, _)| key != "pass")
                    .map(|(key, value)| (key.into_owned(), value.into_owned()))
                    .collect();
                url.query_pairs_mut()
                    .clear()
                    .extend_pairs(others)
                    .append_pair("pass", password);
            } else {
                url.set_password(Some(password)).ok()?;
            }
            Some(url.to_string())
        };
        match self.urls.iter().map(fill).collect::<Option<Vec<_>>>() {
            Some(urls) => Ok(Self { urls, ..self }),
            None => wrong("cannot hold a password: write redis://HOST:PORT"),
        }
    }

    /// Whether a URL holds a password.
    pub fn has_password(&self) -> bool {
        self.urls
            .iter()
            .any(|url| check(url).is_ok_and(|info| info.redis_settings().password().is_some()))
    }

    /// Where it is, for people: `HOST:PORT/DATABASE`, without secrets.
    pub fn place(&self) -> String {
        let places: Vec<String> = self
            .urls
            .iter()
            .map(|url| match check(url) {
                Ok(info) => format!("{}/{}", info.addr(), info.redis_settings().db()),
                Err(error) => error.to_string(),
            })
            .collect();
        match self.cluster {
            true => format!("cluster at {}", places.join(", ")),
            false => places.join(", "),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("servers", &self.urls.len())
            .field("cluster", &self.cluster)
            .finish_non_exhaustive()
    }
}

fn check(text: &str) -> Result<ConnectionInfo, SettingsError> {
    let Some(url) = redis::parse_redis_url(text) else {
        return wrong(
            "is no URL of Redis: write redis://HOST:PORT, rediss://HOST:PORT or unix:/PATH",
        );
    };
    let known: &[&str] = match url.scheme().ends_with("unix") {
        true => &["db", "user", "pass", "protocol"],
        false => &["protocol"],
    };
    if let Some((key, _)) = url
        .query_pairs()
        .find(|(key, _)| !known.contains(&key.as_ref()))
    {
        return wrong(format!("has an unknown parameter {key:?}: remove it"));
    }
    url.into_connection_info().or_else(|error| {
        // What the library says besides may be a part of the URL.
        wrong(format!("cannot be parsed: {}", kind(&error)))
    })
}

fn kind(error: &redis::RedisError) -> String {
    error
        .detail()
        .map_or_else(|| error.to_string(), |_| format!("{:?}", error.kind()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn urls_say_where_it_is_and_nothing_secret() {
        let one = Settings::parse(&["redis://:hunter2@cache:6380/3"], false).unwrap();
        assert!(!one.cluster && one.has_password());
        assert_eq!(one.place(), "cache:6380/3");
        assert!(!format!("{one:?}").contains("hunter2"));
        let secure = Settings::parse(&["rediss://cache"], false).unwrap();
        assert_eq!(secure.place(), "cache:6379/0");
        let socket = Settings::parse(&["unix:/run/redis.sock?db=2"], false).unwrap();
        assert_eq!(socket.place(), "/run/redis.sock/2");
        let nodes = Settings::parse(&["redis://a:1", "redis://b:2"], false).unwrap();
        assert!(nodes.cluster);
        assert_eq!(nodes.place(), "cluster at a:1/0, b:2/0");
        assert!(Settings::parse(&["redis://a:1"], true).unwrap().cluster);
    }

    #[test]
    fn parts_and_a_password_make_a_url() {
        for (host, database, url) in [
            ("localhost", 0, "redis://:p%40%2Fss@localhost:6379/0"),
            ("::1", 4, "redis://:p%40%2Fss@[::1]:6379/4"),
        ] {
            let settings = Settings::from_parts(host, 6379, database).unwrap();
            let settings = settings.with_password("p@/ss").unwrap();
            assert_eq!(settings.urls, [url]);
            let info = check(&settings.urls[0]).unwrap();
            assert_eq!(info.redis_settings().password(), Some("p@/ss"));
        }
        let socket = Settings::from_parts("/run/a b.sock", 6379, 2).unwrap();
        let socket = socket.with_password("p&=@ss").unwrap();
        let info = check(&socket.urls[0]).unwrap();
        assert_eq!(info.addr(), &ConnectionAddr::Unix("/run/a b.sock".into()));
        assert_eq!(info.redis_settings().password(), Some("p&=@ss"));
        assert_eq!(info.redis_settings().db(), 2);
    }

    #[test]
    fn what_is_wrong_is_a_sentence_without_the_password() {
        for (url, says) in [
            ("http://:hunter2@h", "is no URL of Redis"),
            ("redis://:hunter2@h/words", "cannot be parsed"),
            ("redis://:hunter2@h?nonsense=1", "\"nonsense\""),
            ("rediss://:hunter2@h#what", "cannot be parsed"),
        ] {
            let error = Settings::parse(&[url], false).unwrap_err().to_string();
            assert!(error.contains(says), "{url}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
        for urls in [["unix:/a", "redis://b"], ["redis://a/1", "redis://b"]] {
            assert!(Settings::parse(&urls, false).is_err(), "{urls:?}");
        }
        assert!(Settings::from_parts("a,b", 1, 0).is_err());
        assert!(Settings::parse(&[] as &[&str], false).is_err());
    }
}
