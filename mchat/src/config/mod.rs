//! Where things are and what a person has set: XDG directories, profiles,
//! language, `config.toml`.
//!
//! [`settings`] is the table of what can be set; [`mod@file`] reads and changes
//! the file; [`trouble`] words what could not be used.

pub mod color;
pub mod file;
pub mod settings;
pub mod trouble;

use std::env;
use std::path::PathBuf;

use proto::catalog::Lang;

pub use self::settings::Settings;
use self::trouble::Fault;

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
        error: Box<toml_edit::TomlError>,
    },
    /// Something in the file cannot be used.
    #[error("{path}: {what}")]
    Trouble {
        /// Which file.
        path: PathBuf,
        /// Which line, and why.
        what: String,
    },
    /// The name would leave the directory of profiles.
    #[error("not a profile name: {0}")]
    Profile(String),
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

/// Where `config.toml` is.
///
/// # Errors
///
/// [`ConfigError::Homeless`].
pub fn path() -> Result<PathBuf, ConfigError> {
    Ok(xdg("XDG_CONFIG_HOME", ".config")?.join("config.toml"))
}

impl Settings {
    /// Reads `config.toml`; none is as good as an empty one, and what cannot be
    /// used is in [`Settings::troubles`].
    ///
    /// # Errors
    ///
    /// [`ConfigError::Unreadable`].
    pub fn load() -> Result<Self, ConfigError> {
        file::read(&path()?)
    }

    /// Refuses a file of which something outside the screen's own sections
    /// could not be used: a script should not go on with half of it.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Trouble`] with the first of it.
    pub fn strict(self) -> Result<Self, ConfigError> {
        let trouble = self.troubles.iter().find(|trouble| match &trouble.fault {
            Fault::Syntax(_) => true,
            Fault::Setting { name, .. } | Fault::Value { name, .. } => !name.contains('.'),
            _ => false,
        });
        match trouble {
            Some(trouble) => Err(ConfigError::Trouble {
                path: path()?,
                what: trouble.sentence(self.lang()),
            }),
            None => Ok(self),
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
    fn a_script_does_not_go_on_with_half_a_file_but_with_a_wrong_key() {
        assert!(file::parse("sever = 'h:1'\n").strict().is_err());
        assert!(file::parse("server = \n").strict().is_err());
        let settings = file::parse("server = 'h:1'\nlang = 'ru'\n[keys]\n'C-nonsense' = 'x'\n");
        let settings = settings.strict().unwrap();
        assert_eq!(settings.server(), Some("h:1"));
        assert_eq!(settings.lang(), Lang::Ru);
    }
}
