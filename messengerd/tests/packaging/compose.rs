//! The services.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{dockerfile, read, top};

/// As far as it is used here: a key that is not among these is refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Compose {
    name: String,
    #[serde(rename = "x-daemon")]
    _daemon: IgnoredAny,
    #[serde(rename = "x-daemon-environment")]
    _daemon_environment: IgnoredAny,
    services: BTreeMap<String, Service>,
    configs: BTreeMap<String, Inline>,
    secrets: BTreeMap<String, File>,
    volumes: BTreeMap<String, Option<IgnoredAny>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Service {
    build: Option<String>,
    image: Option<String>,
    profiles: Vec<String>,
    command: Vec<String>,
    user: Option<String>,
    restart: Option<String>,
    stop_signal: Option<String>,
    stop_grace_period: Option<String>,
    read_only: bool,
    cap_drop: Vec<String>,
    security_opt: Vec<String>,
    ulimits: BTreeMap<String, u64>,
    shm_size: Option<String>,
    environment: BTreeMap<String, String>,
    ports: Vec<String>,
    volumes: Vec<String>,
    secrets: Vec<String>,
    configs: Vec<Mount>,
    depends_on: BTreeMap<String, Dependency>,
    healthcheck: Option<Healthcheck>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Inline {
    content: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    file: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mount {
    source: String,
    target: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Dependency {
    condition: String,
    #[serde(default)]
    restart: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Healthcheck {
    test: Vec<String>,
    interval: String,
    timeout: String,
    retries: u32,
    start_period: String,
}

/// What it looks for in the directory of credentials.
const CREDENTIALS: &[&str] = &["db_password", "redis_password", "jwt_secret"];

fn compose() -> Compose {
    serde_saphyr::from_str(&read("compose.yaml")).unwrap_or_else(|error| panic!("{error}"))
}

impl Compose {
    fn daemons(&self) -> impl Iterator<Item = (&String, &Service)> {
        self.services
            .iter()
            .filter(|(_, service)| service.build.is_some())
    }
}

/// The text with its variables replaced as where nothing is set, and their names.
fn interpolated(text: &str) -> (String, BTreeSet<String>) {
    let mut names = BTreeSet::new();
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out += before;
        if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            rest = after;
            continue;
        }
        let inner = after
            .strip_prefix('{')
            .and_then(|text| text.split_once('}'));
        let (variable, after) = inner.unwrap_or_else(|| panic!("a lone $ in {text:?}"));
        let (name, default) = variable
            .split_once(":-")
            .unwrap_or_else(|| panic!("{variable} has no default"));
        names.insert(name.to_owned());
        out += default;
        rest = after;
    }
    (out + rest, names)
}

/// `(host, container, protocol)` of a published port.
fn port(text: &str) -> (u16, u16, String) {
    let (text, _) = interpolated(text);
    let (ports, protocol) = text.split_once('/').unwrap();
    let (host, container) = ports.split_once(':').unwrap();
    (
        host.parse().unwrap(),
        container.parse().unwrap(),
        protocol.to_owned(),
    )
}

#[test]
fn every_service_comes_from_somewhere() {
    let compose = compose();
    assert_eq!(compose.name, "messenger");
    for (name, service) in &compose.services {
        match &service.build {
            Some(directory) => assert!(top(directory).join("Dockerfile").exists(), "{name}"),
            None => {
                let image = service.image.as_deref().unwrap();
                assert!(image.contains(':'), "{name}: {image} names no version");
            }
        }
        assert_eq!(service.restart.as_deref(), Some("unless-stopped"), "{name}");
    }
}

#[test]
fn the_default_is_one_daemon_and_the_cluster_two() {
    let compose = compose();
    let of = |profile: &str| -> Vec<_> {
        compose
            .services
            .iter()
            .filter(|(_, one)| one.profiles.is_empty() || one.profiles.contains(&profile.into()))
            .map(|(name, _)| name.as_str())
            .collect()
    };
    assert_eq!(of(""), ["messengerd", "postgres", "redis"]);
    assert_eq!(
        of("cluster"),
        [
            "balancer",
            "messengerd",
            "messengerd-2",
            "postgres",
            "redis"
        ]
    );
}

#[test]
fn dependencies_exist_and_say_when_they_are_ready() {
    let compose = compose();
    for (name, service) in &compose.services {
        for (other, how) in &service.depends_on {
            let dependency = compose.services.get(other);
            let dependency = dependency.unwrap_or_else(|| panic!("{name}: no service {other}"));
            assert!(
                dependency.profiles.is_empty() || dependency.profiles == service.profiles,
                "{name} may start without {other}"
            );
            assert_eq!(how.condition, "service_healthy", "{name}: {other}");
            assert!(dependency.build.is_some() || dependency.healthcheck.is_some());
            // Only who keeps addresses has to follow.
            assert_eq!(how.restart, name == "balancer", "{name}: {other}");
        }
        if let Some(health) = &service.healthcheck {
            assert!(["CMD", "CMD-SHELL"].contains(&health.test[0].as_str()));
            for period in [&health.interval, &health.timeout, &health.start_period] {
                assert!(period.strip_suffix('s').unwrap().parse::<u32>().is_ok());
            }
            assert!(health.retries > 0);
        }
    }
    assert_eq!(dockerfile::of_the_image("HEALTHCHECK").len(), 1);
}

#[test]
fn published_ports_are_unique_and_exposed() {
    let compose = compose();
    let exposed = dockerfile::of_the_image("EXPOSE").join(" ");
    let mut seen = BTreeSet::new();
    for (name, service) in &compose.services {
        for text in &service.ports {
            let (host, container, protocol) = port(text);
            assert!(
                seen.insert((host, protocol.clone())),
                "{name}: {text} twice"
            );
            if service.build.is_some() {
                let inside = format!("{container}/{protocol}");
                assert!(exposed.split(' ').any(|one| one == inside), "{inside}");
            }
        }
    }
    // QUIC and the fall-back of each.
    assert_eq!(seen.len(), 6);
}

#[test]
fn each_daemon_advertises_the_port_it_is_published_at() {
    let compose = compose();
    for (name, service) in compose.daemons() {
        let (advertised, _) = interpolated(&service.environment["MESSENGERD_ADVERTISE"]);
        let (_, advertised) = advertised.rsplit_once(':').unwrap();
        for text in &service.ports {
            assert_eq!(port(text).0.to_string(), advertised, "{name}");
        }
    }
}

#[test]
fn secrets_are_files_outside_of_the_sources() {
    let compose = compose();
    let maker = read(".ci/compose");
    for (name, secret) in &compose.secrets {
        assert_eq!(secret.file, format!(".secrets/{name}"));
        assert!(maker.contains(&format!("secret {name}\n")), "{name}");
    }
    assert!(read(".gitignore").lines().any(|line| line == ".secrets/"));
    for (name, service) in &compose.services {
        for secret in &service.secrets {
            assert!(compose.secrets.contains_key(secret), "{name}: {secret}");
        }
        let tests = service.healthcheck.iter().flat_map(|one| &one.test);
        let texts = service.environment.values().chain(&service.command);
        for text in texts.chain(tests) {
            for after in text.split("/run/secrets/").skip(1) {
                let end = after.find(|c: char| !c.is_ascii_lowercase() && c != '_');
                let secret = &after[..end.unwrap_or(after.len())];
                assert!(
                    service.secrets.iter().any(|one| one == secret),
                    "{name} does not get {secret}"
                );
            }
        }
        for variable in service.environment.keys() {
            assert!(
                !(variable.contains("PASSWORD") || variable.contains("SECRET"))
                    || variable.ends_with("_FILE"),
                "{name}: {variable} would be in the open"
            );
        }
    }
}

#[test]
fn volumes_exist_and_belong_to_one_service() {
    let compose = compose();
    let data = dockerfile::of_the_image("VOLUME");
    let mut used = Vec::new();
    for (name, service) in &compose.services {
        for volume in &service.volumes {
            let (volume, path) = volume.split_once(':').unwrap();
            used.push(volume.to_owned());
            if service.build.is_some() {
                assert_eq!(path, data[0], "{name}");
            }
        }
    }
    used.sort_unstable();
    assert_eq!(used, compose.volumes.keys().cloned().collect::<Vec<_>>());
}

#[test]
fn the_daemon_knows_its_variables() {
    let compose = compose();
    let read_by_it = format!(
        "{}{}",
        read("messengerd/src/config/variables.rs"),
        read("messengerd/src/config/mod.rs")
    );
    assert_eq!(compose.daemons().count(), 2);
    for (name, service) in compose.daemons() {
        for variable in service.environment.keys() {
            let known = read_by_it.contains(&format!("\"{variable}\""));
            assert!(known, "{name}: {variable}");
        }
        assert_eq!(service.environment["CREDENTIALS_DIRECTORY"], "/run/secrets");
        for secret in &service.secrets {
            assert!(CREDENTIALS.contains(&secret.as_str()), "{name}: {secret}");
        }
        for host in ["DB_HOST", "REDIS_HOST"] {
            let host = &service.environment[host];
            assert!(service.depends_on.contains_key(host), "{name}: {host}");
        }
    }
    let (one, two) = (
        &compose.services["messengerd"].environment,
        &compose.services["messengerd-2"].environment,
    );
    let differing: Vec<_> = one
        .iter()
        .filter(|(key, value)| two[*key] != **value)
        .collect();
    assert_eq!(
        differing.len(),
        1,
        "only the address differs: {differing:?}"
    );
}

#[test]
fn the_daemon_takes_them() {
    let compose = compose();
    let directory = tempfile::tempdir().unwrap();
    for secret in compose.secrets.keys() {
        std::fs::write(directory.path().join(secret), "0123456789abcdef").unwrap();
    }
    for (name, service) in compose.daemons() {
        let output = Command::new(env!("CARGO_BIN_EXE_messengerd"))
            .args(["config", "check"])
            .current_dir(&directory)
            .env_clear()
            .envs(&service.environment)
            .env("CREDENTIALS_DIRECTORY", directory.path())
            .env(
                "MESSENGERD_ADVERTISE",
                interpolated(&service.environment["MESSENGERD_ADVERTISE"]).0,
            )
            .env("MESSENGERD_DATA_DIR", directory.path())
            .output()
            .unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(output.status.success(), "{name}: {said}");
        assert!(
            said.contains("messenger on postgres:5432") && said.contains("Redis, redis:6379"),
            "{name}: {said}"
        );
        assert_eq!(said.lines().count(), 3, "{name}, without warnings: {said}");
    }
}

#[test]
fn the_database_is_the_one_that_is_made() {
    let compose = compose();
    let daemon = &compose.services["messengerd"].environment;
    let server = &compose.services[&daemon["DB_HOST"]].environment;
    assert_eq!(daemon["DB_NAME"], server["POSTGRES_DB"]);
    assert_eq!(daemon["DB_USERNAME"], server["POSTGRES_USER"]);
    assert_eq!(
        format!("{}/db_password", daemon["CREDENTIALS_DIRECTORY"]),
        server["POSTGRES_PASSWORD_FILE"]
    );
    let image = compose.services["postgres"].image.as_deref().unwrap();
    let version = image.strip_prefix("postgres:").unwrap().split('-').next();
    assert!(version.unwrap().parse::<u32>().unwrap() >= 15);
    let image = compose.services["redis"].image.as_deref().unwrap();
    let version = image.strip_prefix("redis:").unwrap().split('-').next();
    assert!(version.unwrap().parse::<u32>().unwrap() >= 7);
}

#[test]
fn the_balancer_knows_every_daemon() {
    let compose = compose();
    let balancer = &compose.services["balancer"];
    for mount in &balancer.configs {
        assert!(compose.configs.contains_key(&mount.source));
        assert_eq!(mount.target, "/etc/nginx/nginx.conf");
    }
    let (text, variables) = interpolated(&compose.configs["balancer"].content);
    assert!(variables.is_empty());
    assert!(text.contains("hash $remote_addr"));
    assert_eq!(text.matches('{').count(), text.matches('}').count());
    let servers: BTreeSet<_> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("server ")?.strip_suffix(';'))
        .collect();
    let daemons: Vec<_> = compose.daemons().map(|(name, _)| name.clone()).collect();
    for daemon in &daemons {
        assert!(servers.contains(format!("{daemon}:8443").as_str()));
        assert!(balancer.depends_on.contains_key(daemon));
    }
    assert_eq!(servers.len(), daemons.len());
}

#[test]
fn what_can_be_set_has_a_default_and_is_explained() {
    let text = read("compose.yaml");
    let (head, body) = text.split_once("\nname:").unwrap();
    let (_, variables) = interpolated(body);
    assert!(!variables.is_empty());
    for name in variables {
        assert!(head.contains(&format!("#   {name} ")), "{name}");
    }
}

#[test]
fn services_run_with_few_rights() {
    for (name, service) in &compose().services {
        if service.build.is_some() || name == "redis" {
            assert!(service.read_only, "{name}");
            assert_eq!(service.cap_drop, ["ALL"], "{name}");
            assert_eq!(service.security_opt, ["no-new-privileges:true"], "{name}");
        }
        if service.build.is_some() {
            assert!(service.ulimits["nofile"] >= 65536, "{name}");
            assert!(service.stop_grace_period.is_some(), "{name}");
        }
    }
    let compose = compose();
    assert_eq!(compose.services["redis"].user.as_deref(), Some("redis"));
    let postgres = &compose.services["postgres"];
    // "Fast" shutdown, as PostgreSQL calls it; TERM waits for who is connected.
    assert_eq!(postgres.stop_signal.as_deref(), Some("SIGINT"));
    assert!(postgres.shm_size.is_some());
}
