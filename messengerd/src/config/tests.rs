//! Settings from all their sources.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;
use crate::store::postgres::TlsMode;
use crate::transport::http::settings::Origins;

/// Sources of settings in a directory of their own.
struct Sources {
    home: tempfile::TempDir,
    variables: HashMap<String, String>,
}

impl Sources {
    fn new(variables: &[(&str, &str)]) -> Self {
        let mut variables: HashMap<String, String> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        variables.insert("HOME".to_owned(), "/home/ada".to_owned());
        Self {
            home: tempfile::tempdir().unwrap(),
            variables,
        }
    }

    fn write(&self, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = self.home.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn load_with(&self, flags: RawConfig, file: Option<&Path>) -> Result<Config, Problems> {
        load(
            flags,
            file.map(Path::to_owned),
            |name| self.variables.get(name).cloned(),
            self.home.path(),
        )
    }

    fn load(&self) -> Result<Config, Problems> {
        self.load_with(RawConfig::default(), None)
    }
}

fn database(config: &Config) -> &postgres::Settings {
    match &config.store {
        StoreConfig::Postgres(settings) => settings,
        StoreConfig::Embedded => panic!("not PostgreSQL"),
    }
}

#[test]
fn flags_win_over_variables_over_the_file_over_dotenv() {
    let mut sources = Sources::new(&[]);
    let flags = || RawConfig {
        listen: Some("127.0.0.1:4".to_owned()),
        ..RawConfig::default()
    };
    sources.write(
        ".env",
        "MESSENGERD_LISTEN=127.0.0.1:1\nSERVER_PORT=11\n",
        0o600,
    );
    assert_eq!(sources.load().unwrap().listen.port(), 1);
    assert_eq!(
        sources.load().unwrap().http.unwrap().to_string(),
        "127.0.0.1:11"
    );
    let file = sources.write("m.toml", "listen = '127.0.0.1:2'", 0o600);
    let load = |sources: &Sources, flags| sources.load_with(flags, Some(&file)).unwrap();
    assert_eq!(load(&sources, RawConfig::default()).listen.port(), 2);
    sources
        .variables
        .insert("MESSENGERD_LISTEN".to_owned(), "127.0.0.1:3".to_owned());
    assert_eq!(load(&sources, RawConfig::default()).listen.port(), 3);
    assert_eq!(load(&sources, flags()).listen.port(), 4);
    assert_eq!(load(&sources, flags()).http.unwrap().port(), 11);
}

#[test]
fn dotenv_may_name_the_settings_file() {
    let sources = Sources::new(&[]);
    let file = sources.write("m.toml", "registration = 'closed'", 0o600);
    sources.write(
        ".env",
        &format!("MESSENGERD_CONFIG={}", file.display()),
        0o600,
    );
    assert_eq!(sources.load().unwrap().registration, Registration::Closed);
}

#[test]
fn the_earlier_names_reach_postgres_and_redis() {
    let sources = Sources::new(&[
        ("DB_HOST", "db1, /run/postgresql"),
        ("DB_PASSWORD", "p@ss"),
        ("DB_SSL_MODE", "require"),
        ("REDIS_HOST", "cache"),
        ("REDIS_PASSWORD", "hunter2"),
        ("REDIS_DB", "2"),
        ("JWT_SECRET", "0123456789abcdef"),
        ("JWT_EXPIRES_IN", "12"),
        ("MAX_FILE_SIZE", "10485760"),
        ("ENVIRONMENT", "production"),
        ("READ_TIMEOUT", "15s"),
    ]);
    let config = sources.load().unwrap();
    let settings = database(&config);
    assert_eq!(
        settings.place(),
        "messenger on db1:5432,/run/postgresql/.s.PGSQL.5432"
    );
    assert_eq!(settings.server.get_user(), Some("postgres"));
    assert_eq!(settings.server.get_password(), Some(&b"p@ss"[..]));
    assert_eq!(settings.tls, TlsMode::Require);
    assert_eq!(config.web.token_hours, 12);
    assert_eq!(config.web.max_file_size, 10_485_760);
    let bus = config.bus.as_ref().unwrap();
    assert_eq!(bus.urls, ["redis://:hunter2@cache:6379/2"]);
    assert_eq!(
        config.token_secret.as_ref().unwrap().reveal(),
        "0123456789abcdef"
    );
    let shown = format!("{config:?}{}", config.describe());
    for secret in ["p@ss", "hunter2", "0123456789abcdef"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(
        config.describe().contains("cache:6379/2"),
        "{}",
        config.describe()
    );
}

#[test]
fn a_place_said_by_a_stronger_source_replaces_the_weaker_one() {
    let mut sources = Sources::new(&[("DB_PASSWORD", "of the environment")]);
    let file = sources.write(
        "m.toml",
        "[database]\nurl = 'postgres://ada@toml/chat'\n[redis]\nurls = 'redis://toml'",
        0o600,
    );
    let config = sources
        .load_with(RawConfig::default(), Some(&file))
        .unwrap();
    assert_eq!(database(&config).place(), "chat on toml:5432");
    assert_eq!(
        database(&config).server.get_password(),
        Some(&b"of the environment"[..])
    );
    for (name, value) in [("DB_HOST", "env"), ("REDIS_HOST", "env")] {
        sources.variables.insert(name.to_owned(), value.to_owned());
    }
    let config = sources
        .load_with(RawConfig::default(), Some(&file))
        .unwrap();
    assert_eq!(database(&config).place(), "messenger on env:5432");
    assert_eq!(config.bus.unwrap().place(), "env:6379/0");
}

#[test]
fn several_urls_of_redis_are_a_cluster() {
    let mut sources = Sources::new(&[
        ("MESSENGERD_DATABASE_URL", "postgres://u@h/d"),
        ("MESSENGERD_REDIS_URL", "redis://a:1 redis://b:2"),
    ]);
    assert!(sources.load().unwrap().bus.unwrap().cluster);
    for (name, value) in [
        ("MESSENGERD_REDIS_URL", "redis://a:1"),
        ("MESSENGERD_REDIS_CLUSTER", "true"),
    ] {
        sources.variables.insert(name.to_owned(), value.to_owned());
    }
    assert!(sources.load().unwrap().bus.unwrap().cluster);
}

#[test]
fn redis_without_postgres_is_not_used_and_that_is_said() {
    let config = Sources::new(&[("REDIS_HOST", "cache")]).load().unwrap();
    assert_eq!(config.bus, None);
    assert!(config.warnings[0].contains("Redis is set and not used"));
}

#[test]
fn passwords_come_from_files_and_from_systemds_credentials() {
    let mut sources = Sources::new(&[("DB_HOST", "db"), ("REDIS_HOST", "cache")]);
    let credentials = sources.home.path().join("credentials");
    fs::create_dir(&credentials).unwrap();
    for (name, value) in [
        ("db_password", "one\n"),
        ("redis_password", "two"),
        ("jwt_secret", "three-three-three\r\n"),
    ] {
        fs::write(credentials.join(name), value).unwrap();
    }
    sources.variables.insert(
        "CREDENTIALS_DIRECTORY".to_owned(),
        credentials.display().to_string(),
    );
    let config = sources.load().unwrap();
    assert_eq!(database(&config).server.get_password(), Some(&b"one"[..]));
    assert_eq!(config.bus.unwrap().urls, ["redis://:two@cache:6379/0"]);
    assert_eq!(config.token_secret.unwrap().reveal(), "three-three-three");
    assert_eq!(config.warnings, Vec::<String>::new());

    let file = sources.write("password", "four\n", 0o644);
    sources
        .variables
        .insert("DB_PASSWORD_FILE".to_owned(), file.display().to_string());
    let config = sources.load().unwrap();
    assert_eq!(database(&config).server.get_password(), Some(&b"four"[..]));
    assert!(
        config.warnings[0].contains("chmod 600"),
        "{:?}",
        config.warnings
    );

    sources
        .variables
        .insert("DB_PASSWORD_FILE".to_owned(), "/nowhere".to_owned());
    let problems = sources.load().unwrap_err();
    assert!(
        problems.to_string().starts_with("DB_PASSWORD: /nowhere"),
        "{problems}"
    );
}

#[test]
fn a_password_that_everybody_can_read_is_warned_of() {
    let sources = Sources::new(&[]);
    let text = "[database]\nurl = 'postgres://ada:hunter2@db/chat'";
    for (mode, warns) in [(0o644, true), (0o600, false)] {
        let file = sources.write("m.toml", text, mode);
        let config = sources
            .load_with(RawConfig::default(), Some(&file))
            .unwrap();
        assert_eq!(!config.warnings.is_empty(), warns, "{:?}", config.warnings);
    }
    sources.write(".env", "DB_PASSWORD=hunter2", 0o604);
    let warnings = sources.load().unwrap().warnings;
    assert!(warnings[0].contains(".env"), "{warnings:?}");
}

#[test]
fn the_web_endpoint_is_set_by_file_and_variables() {
    let mut sources = Sources::new(&[]);
    let file = sources.write(
        "m.toml",
        "[web]\ntoken_hours = 2\ncors_origins = ['*']\ntrusted_proxies = ['10.0.0.0/8']",
        0o600,
    );
    let web = |sources: &Sources| {
        let config = sources.load_with(RawConfig::default(), Some(&file));
        config.unwrap().web
    };
    let settings = web(&sources);
    assert_eq!(settings.token_life_ms(), 2 * 60 * 60 * 1000);
    assert_eq!(settings.cors_origins, Origins::Any);
    assert!(settings.trusts("10.1.2.3".parse().unwrap()));
    assert!(!settings.trusts("127.0.0.1".parse().unwrap()));
    for (name, value) in [
        ("JWT_EXPIRES_IN", "3"),
        (
            "MESSENGERD_CORS_ORIGINS",
            "https://a.example, https://b.example",
        ),
        ("MESSENGERD_TRUSTED_PROXIES", "::1 127.0.0.1"),
    ] {
        sources.variables.insert(name.to_owned(), value.to_owned());
    }
    let settings = web(&sources);
    assert_eq!(settings.token_hours, 3);
    let origins = ["https://a.example", "https://b.example"];
    assert_eq!(
        settings.cors_origins,
        Origins::These(origins.map(str::to_owned).to_vec())
    );
    assert!(settings.trusts("::1".parse().unwrap()));
    assert!(!settings.trusts("10.1.2.3".parse().unwrap()));
}

#[test]
fn poor_secrets_of_tokens_are_refused() {
    for (secret, says) in [
        ("your-secret-key", "everybody knows"),
        ("short", "shorter than 16 bytes"),
    ] {
        let problems = Sources::new(&[("JWT_SECRET", secret)]).load().unwrap_err();
        let said = problems.to_string();
        assert!(
            said.starts_with("JWT_SECRET: ") && said.contains(says),
            "{said}"
        );
    }
}

#[test]
fn slips_in_every_source_are_told_at_once_without_secrets() {
    let sources = Sources::new(&[
        (
            "MESSENGERD_DATABASE_URL",
            "postgres://u:hunter2@h/d?nonsense=1",
        ),
        ("DB_HOST", "other"),
        ("REDIS_HOST", "cache"),
        ("REDIS_PORT", "many"),
        ("SERVER_PORT", "http"),
        ("JWT_EXPIRES_IN", "a day"),
        ("MESSENGERD_LISTEN", "here"),
        ("JWT_SECRET", "hunter2"),
    ]);
    sources.write(".env", "hunter2\nMAX_FILE_SIZE=big", 0o600);
    let file = sources.write(
        "m.toml",
        "[database]\nurl = \"postgres://u:hunter2@h",
        0o600,
    );
    let said = sources
        .load_with(RawConfig::default(), Some(&file))
        .unwrap_err()
        .to_string();
    for key in [
        "MESSENGERD_DATABASE_URL: set beside DB_HOST",
        "database.url: ",
        "REDIS_PORT: ",
        "SERVER_PORT: ",
        "JWT_EXPIRES_IN: ",
        "listen: ",
        "JWT_SECRET: ",
        ".env: line 1",
        "m.toml: line 2",
    ] {
        assert!(said.contains(key), "{key} in {said}");
    }
    assert!(!said.contains("hunter2"), "{said}");
    // A value of the wrong type is not repeated either.
    let error = RawConfig::parse("[redis]\ncluster = 'redis://:hunter2@h'").unwrap_err();
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn the_example_of_variables_says_the_defaults() {
    let commented = Sources::new(&[]);
    commented.write(".env", ENV_EXAMPLE, 0o600);
    let defaults = Sources::new(&[]).load().unwrap();
    assert_eq!(commented.load().unwrap(), defaults);
    // Each commented setting, taken out of its comment, is the default.
    let spelled = |also: &str| {
        let sources = Sources::new(&[]);
        let lines: Vec<&str> = ENV_EXAMPLE
            .lines()
            .filter_map(|line| line.strip_prefix("#= "))
            .chain(also.lines())
            .collect();
        let text = lines.join("\n").replace('~', "/home/ada");
        sources.write(".env", &text, 0o600);
        sources.load().unwrap()
    };
    assert_eq!(spelled(""), defaults);
    let places = Sources::new(&[("DB_HOST", "localhost"), ("REDIS_HOST", "localhost")]);
    assert_eq!(
        spelled("DB_HOST=localhost\nREDIS_HOST=localhost"),
        places.load().unwrap()
    );
    // The places given as examples are places.
    for line in ENV_EXAMPLE.lines().chain(EXAMPLE.lines()) {
        let Some((name, value)) = line
            .strip_prefix("# ")
            .and_then(|line| line.split_once('='))
        else {
            continue;
        };
        let value = value.trim().trim_matches('"');
        match name.trim() {
            "MESSENGERD_DATABASE_URL" => drop(postgres::Settings::parse(value).unwrap()),
            "MESSENGERD_REDIS_URL" => drop(redis::Settings::parse(&[value], false).unwrap()),
            "url" if value.starts_with("postgres") => {
                drop(postgres::Settings::parse(value).unwrap())
            }
            "url" => drop(redis::Settings::parse(&[value], false).unwrap()),
            _ => {}
        }
    }
}

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
    let text = "listen = 'here'\nhttp = '0.0.0.0:80'\nregistration = 'maybe'\n[tls]\nkey = 'k'\n[limits]\nsend_burst = 0\n\
                [web]\ntoken_hours = 0\nmax_file_size = 0\ncors_origins = ['chat.example']\ntrusted_proxies = ['proxy']";
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
        "web.token_hours:",
        "web.max_file_size:",
        "web.cors_origins:",
        "web.trusted_proxies:",
    ] {
        assert!(
            problems.iter().any(|problem| problem.starts_with(key)),
            "{key} in {problems:?}"
        );
    }
    assert!(
        RawConfig::parse("lisen = 'x'")
            .unwrap_err()
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
