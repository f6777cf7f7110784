//! Where the earlier messenger's database is.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::Context;

use crate::config::{RawConfig, Secret, StoreConfig, read_variables};
use crate::store::postgres::Settings;

/// The earlier program's own default.
const HOST: &str = "localhost";

/// `postgres://…` without a password; `env:NAME` for a variable that holds such
/// a URL, with a password; `env` for the variables `DB_*`; else a file: with
/// such a URL in it, or the `.env` of the earlier messenger.
///
/// # Errors
///
/// One sentence about what is wrong, without any secret.
pub fn source(
    text: &str,
    password: Option<&Path>,
    variable: impl Fn(&str) -> Option<String>,
) -> anyhow::Result<Settings> {
    let mut settings = if is_url(text) {
        let settings = Settings::parse(text).context("the URL")?;
        anyhow::ensure!(
            settings.server.get_password().is_none(),
            "a password in an argument can be read by everybody on this machine: leave it out and \
             name its file with --from-password-file, or write --from env:NAME"
        );
        settings
    } else if text == "env" {
        of_variables(variable).context("the variables DB_*")?
    } else if let Some(name) = text.strip_prefix("env:") {
        let url = variable(name).with_context(|| format!("there is no variable {name}"))?;
        Settings::parse(url.trim()).with_context(|| format!("the variable {name}"))?
    } else {
        let path = Path::new(text);
        let written = fs::read_to_string(path).with_context(|| {
            format!("{text:?} is no URL of PostgreSQL, and there is no such file")
        })?;
        if is_url(written.trim()) {
            Settings::parse(written.trim()).with_context(|| path.display().to_string())?
        } else {
            let variables: HashMap<String, String> = read_variables(path)?;
            of_variables(|name| variables.get(name).cloned())
                .with_context(|| path.display().to_string())?
        }
    };
    if let Some(path) = password {
        let secret = Secret::read(path).map_err(anyhow::Error::msg)?;
        settings.server.password(secret.reveal());
    }
    Ok(settings)
}

fn is_url(text: &str) -> bool {
    text.starts_with("postgres://") || text.starts_with("postgresql://")
}

/// From `DB_HOST` and its like, with the earlier program's defaults.
fn of_variables(variable: impl Fn(&str) -> Option<String>) -> anyhow::Result<Settings> {
    let (raw, problems) = RawConfig::from_variables(|name| match name {
        "DB_HOST" => variable(name)
            .filter(|host| !host.is_empty())
            .or_else(|| Some(HOST.to_owned())),
        "DB_SSL_MODE" => variable(name)
            .filter(|mode| !mode.is_empty())
            .or_else(|| Some("disable".to_owned())),
        _ if name.starts_with("DB_") => variable(name),
        _ => None,
    });
    anyhow::ensure!(problems.is_empty(), "{}", problems.join("; "));
    let config = RawConfig {
        // Not used; without one there has to be a home.
        data_dir: Some(".".into()),
        database: raw.database,
        ..RawConfig::default()
    };
    match config.validate(|_| None)?.store {
        StoreConfig::Postgres(settings) => Ok(*settings),
        StoreConfig::Embedded => anyhow::bail!("no database is named: set DB_HOST"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn from(text: &str, variables: &[(&str, &str)]) -> anyhow::Result<Settings> {
        source(text, None, |name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_database_is_named_in_several_ways() {
        let home = tempfile::tempdir().unwrap();
        let (dotenv, url, password) = (
            home.path().join(".env"),
            home.path().join("url"),
            home.path().join("password"),
        );
        fs::write(
            &dotenv,
            "DB_HOST=db1\nDB_NAME=chat\nDB_USERNAME=go\nDB_PASSWORD=\"hunter 2\"\n\
             JWT_SECRET=your-secret-key\nREDIS_HOST=r\n",
        )
        .unwrap();
        fs::write(&url, "postgres://go:hunter%202@db1/chat\n").unwrap();
        fs::write(&password, "hunter 2\n").unwrap();
        let variables = [("OLD", "postgres://go:hunter%202@db1/chat")];
        for text in [dotenv.to_str().unwrap(), url.to_str().unwrap(), "env:OLD"] {
            let settings = from(text, &variables).unwrap();
            assert_eq!(settings.place(), "chat on db1:5432", "{text}");
            assert_eq!(settings.server.get_password(), Some(&b"hunter 2"[..]));
        }
        let settings = source("postgres://go@db1/chat", Some(&password), |_| None).unwrap();
        assert_eq!(settings.server.get_password(), Some(&b"hunter 2"[..]));
        let settings = from("env", &[]).unwrap();
        assert_eq!(settings.place(), "messenger on localhost:5432");
    }

    #[test]
    fn what_is_wrong_is_said_without_the_password() {
        for (text, says) in [
            ("postgres://go:hunter2@db/chat", "--from-password-file"),
            ("env:NOWHERE", "NOWHERE"),
            ("/no/such/file", "no such file"),
            ("env:BAD", "BAD"),
        ] {
            let error = from(text, &[("BAD", "mysql://go:hunter2@db")]).unwrap_err();
            let error = format!("{error:#}");
            assert!(error.contains(says), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
