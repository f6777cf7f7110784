//! Where things are and what a person has set: XDG directories, profiles,
//! language, `config.toml`.

use std::env;
use std::path::{Path, PathBuf};

use proto::catalog::Lang;
use serde::Deserialize;

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Neither an XDG directory nor a home is known.
    #[error("neither XDG_DATA_HOME nor HOME is set")]
    Homeless,
    /// The file cannot be read.
    #[error("{path}: {error}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("{path}: {error}")]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: Box<toml::de::Error>,
    },
    /// The name would leave the directory of profiles.
    #[error("not a profile name: {0}")]
    Profile(String),
}

/// `config.toml`; every setting may be absent.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Server for profiles that have none yet.
    pub server: Option<String>,
    /// `en` or `ru`; otherwise by the locale.
    pub lang: Option<String>,
}

/// A directory of the XDG base directory specification, ours.
fn xdg(variable: &str, fallback: &str) -> Result<PathBuf, ConfigError> {
    let absolute = |name: &str| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute(variable)
        .or_else(|| absolute("HOME").map(|home| home.join(fallback)))
        .map(|base| base.join("mchat"))
        .ok_or(ConfigError::Homeless)
}

/// The directory of a profile.
///
/// # Errors
///
/// [`ConfigError::Homeless`]; [`ConfigError::Profile`] for a name that is no
/// plain directory name.
pub fn profile_dir(name: &str) -> Result<PathBuf, ConfigError> {
    let plain = !name.is_empty()
        && name.len() <= 64
        && !name.starts_with('.')
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if !plain {
        return Err(ConfigError::Profile(name.to_owned()));
    }
    Ok(xdg("XDG_DATA_HOME", ".local/share")?
        .join("profiles")
        .join(name))
}

impl Settings {
    /// Reads `config.toml`; none is as good as an empty one.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Unreadable`] and [`ConfigError::Malformed`].
    pub fn load() -> Result<Self, ConfigError> {
        Self::read(&xdg("XDG_CONFIG_HOME", ".config")?.join("config.toml"))
    }

    fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => {
                return Err(ConfigError::Unreadable {
                    path: path.to_owned(),
                    error,
                });
            }
        };
        toml::from_str(&text).map_err(|error| ConfigError::Malformed {
            path: path.to_owned(),
            error: Box::new(error),
        })
    }

    /// The language: as set, else by the locale.
    pub fn lang(&self) -> Lang {
        match self.lang.as_deref() {
            Some(lang) => Lang::from_locale(lang),
            None => locale(),
        }
    }
}

/// The language of the locale, by the variables in the order of POSIX.
pub fn locale() -> Lang {
    ["LC_ALL", "LC_MESSAGES", "LANG"]
        .iter()
        .find_map(|name| env::var(name).ok().filter(|value| !value.is_empty()))
        .map_or(Lang::En, |locale| Lang::from_locale(&locale))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_profile_stays_in_its_directory() {
        for name in ["", "..", ".hidden", "a/b", "../a", "a\0b"] {
            assert!(
                matches!(profile_dir(name), Err(ConfigError::Profile(_))),
                "{name:?}"
            );
        }
    }

    #[test]
    fn settings_are_optional_and_checked() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        assert_eq!(Settings::read(&path).unwrap(), Settings::default());
        std::fs::write(&path, "server = 'h:1'\nlang = 'ru'\n").unwrap();
        let settings = Settings::read(&path).unwrap();
        assert_eq!(settings.server.as_deref(), Some("h:1"));
        assert_eq!(settings.lang(), Lang::Ru);
        std::fs::write(&path, "sever = 'h:1'\n").unwrap();
        assert!(matches!(
            Settings::read(&path),
            Err(ConfigError::Malformed { .. })
        ));
    }
}
