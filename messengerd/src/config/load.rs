//! Brings the sources of settings together.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::raw::RawConfig;
use super::secret::exposed;
use super::{Config, Problems, dotenv};
use crate::bus::redis;
use crate::store::postgres;

/// The settings of this start: `flags` over the environment, which `variable`
/// looks up, over the settings file, over `.env` in `directory`.
///
/// # Errors
///
/// Everything that is wrong, in any source.
pub fn load(
    flags: RawConfig,
    file: Option<PathBuf>,
    variable: impl Fn(&str) -> Option<String>,
    directory: &Path,
) -> Result<Config, Problems> {
    let mut problems = Vec::new();
    let mut collect = |found: Problems| problems.extend(found.0);
    let dotenv_path = directory.join(".env");
    let dotenv: HashMap<String, String> = dotenv::read(&dotenv_path)
        .map_err(&mut collect)
        .unwrap_or_default();
    let file = file
        .or_else(|| variable("MESSENGERD_CONFIG").map(PathBuf::from))
        .or_else(|| dotenv.get("MESSENGERD_CONFIG").map(PathBuf::from))
        .filter(|path| !path.as_os_str().is_empty());
    let written = match &file {
        Some(path) => RawConfig::from_file(path)
            .map_err(&mut collect)
            .unwrap_or_default(),
        None => RawConfig::default(),
    };
    let (below, slips) = RawConfig::from_variables(|name| dotenv.get(name).cloned());
    let of_file = |slip| format!("{}: {slip}", dotenv_path.display());
    collect(Problems(slips.into_iter().map(of_file).collect()));
    let (environment, slips) = RawConfig::from_variables(&variable);
    collect(Problems(slips));

    let mut warnings = Vec::new();
    if holds_secret(&below) {
        warnings.extend(exposed(&dotenv_path));
    }
    if let Some(path) = &file
        && holds_secret(&written)
    {
        warnings.extend(exposed(path));
    }
    let merged = flags.over(environment).over(written).over(below);
    match merged.validate(variable) {
        Ok(mut config) if problems.is_empty() => {
            config.warnings.extend(warnings);
            Ok(config)
        }
        Ok(_) => Err(Problems(problems)),
        Err(found) => {
            problems.extend(found.0);
            Err(Problems(problems))
        }
    }
}

/// Whether settings hold a password or a key themselves, not only its file.
fn holds_secret(raw: &RawConfig) -> bool {
    let of_database = |url: &super::Secret| {
        postgres::Settings::parse(url.reveal())
            .is_ok_and(|settings| settings.server.get_password().is_some())
    };
    let of_redis = |url: &super::Secret| {
        redis::Settings::parse(&[url.reveal()], false).is_ok_and(|settings| settings.has_password())
    };
    raw.database.password.is_some()
        || raw.redis.password.is_some()
        || raw.token_secret.value.is_some()
        || raw.database.url.as_ref().is_some_and(of_database)
        || raw.redis.url.iter().chain(&raw.redis.urls).any(of_redis)
}
