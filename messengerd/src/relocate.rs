//! `messengerd move`: a community changes its store and stays itself. Besides
//! the rows, which [`store::transfer`](crate::store::transfer) copies, its
//! secrets move, so that clients neither sign in nor trust anew; and no daemon
//! may use either side meanwhile.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::config::{Config, Secret, StoreConfig};
use crate::identity::{
    CERTIFICATE, CERTIFICATE_FILE, CERTIFICATE_KEY_FILE, DataDir, ENDPOINT_KEYS, FIRST_INVITE,
    TOKEN_SECRET,
};
use crate::store::postgres::{self, Lease, LeaseError, Node};
use crate::store::transfer::{Compared, End, Role, Transfer};

/// The secrets, as settings of a database are named.
const SECRETS: [&str; 4] = [TOKEN_SECRET, ENDPOINT_KEYS, CERTIFICATE, FIRST_INVITE];
/// What a move calls itself among the nodes of a database.
const NAME: &str = "messengerd move";
/// The file of an embedded store in its data directory.
const FILE: &str = "messenger.db";

/// A store that a community is in, or is to be in.
#[derive(Debug, Clone, PartialEq)]
pub enum Place {
    /// Embedded, in this data directory.
    Directory(PathBuf),
    /// A database.
    Database(Box<postgres::Settings>),
}

impl Place {
    /// `sqlite:PATH`, the path that of a data directory or of the file in it;
    /// `postgres:URL`, the URL without a password; either word alone means the
    /// store that `config` has.
    ///
    /// # Errors
    ///
    /// One sentence about what is wrong.
    pub fn parse(text: &str, password: Option<&Path>, config: &Config) -> anyhow::Result<Self> {
        let settings = if text == "sqlite" {
            return Ok(Self::Directory(config.data_dir.clone()));
        } else if let Some(path) = text.strip_prefix("sqlite:") {
            let path = Path::new(path);
            let directory = match path.parent() {
                Some(parent) if path.file_name().is_some_and(|name| name == FILE) => parent,
                _ => path,
            };
            return Ok(Self::Directory(match directory.as_os_str().is_empty() {
                true => PathBuf::from("."),
                false => directory.to_owned(),
            }));
        } else if text == "postgres" {
            let StoreConfig::Postgres(settings) = &config.store else {
                anyhow::bail!("no PostgreSQL is set: set DB_HOST, or write postgres:URL");
            };
            settings.as_ref().clone()
        } else if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            from_argument(text)?
        } else if let Some(url) = text.strip_prefix("postgres:") {
            from_argument(url)?
        } else {
            anyhow::bail!("{text:?} is neither sqlite:PATH nor postgres:URL");
        };
        let mut settings = settings;
        if let Some(path) = password {
            let secret = Secret::read(path).map_err(anyhow::Error::msg)?;
            settings.server.password(secret.reveal());
        }
        Ok(Self::Database(Box::new(settings)))
    }

    /// Whether two places are plainly one; where they only turn out to be, the
    /// target is not empty.
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Directory(one), Self::Directory(other)) => {
                let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
                real(one) == real(other)
            }
            (Self::Database(one), Self::Database(other)) => one.place() == other.place(),
            _ => false,
        }
    }
}

fn from_argument(url: &str) -> anyhow::Result<postgres::Settings> {
    let settings = postgres::Settings::parse(url).context("the URL")?;
    anyhow::ensure!(
        settings.server.get_password().is_none(),
        "a password in an argument can be read by everybody on this machine: leave it out and name \
         its file with --from-password-file or --to-password-file"
    );
    Ok(settings)
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => write!(f, "{}", path.join(FILE).display()),
            Self::Database(settings) => f.write_str(&settings.place()),
        }
    }
}

/// What a move came to.
#[derive(Debug)]
pub struct Report {
    /// Each table on both sides.
    pub tables: Vec<Compared>,
    /// How many secrets there are, and whether both sides have the same.
    pub secrets: (usize, bool),
}

impl Report {
    /// Whether both sides hold the same.
    pub fn same(&self) -> bool {
        self.secrets.1 && self.tables.iter().all(Compared::same)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<12} {:>12}  hash", "table", "rows")?;
        for table in &self.tables {
            let (rows, hash) = table.source;
            write!(f, "{:<12} {rows:>12}  ", table.table)?;
            if table.same() {
                let start: String = hash.iter().take(8).map(|b| format!("{b:02x}")).collect();
                writeln!(f, "{start} ok")?;
            } else {
                writeln!(f, "DIFFERS, the target has {} rows", table.target.0)?;
            }
        }
        let (secrets, same) = self.secrets;
        let verdict = if same { "ok" } else { "DIFFER" };
        writeln!(f, "{:<12} {secrets:>12}  {verdict}", "secrets")
    }
}

/// Moves a community. `page` is told of the rows of each page that is safe in
/// the target and may stop the move by returning false.
///
/// # Errors
///
/// Where the move may not begin, a store fails, or it is stopped: then the same
/// again takes it up. A report of sides that differ is no error; the target is
/// refused by daemons then.
pub async fn run(
    from: &Place,
    to: &Place,
    page: impl FnMut(&'static str, usize) -> bool + Send + 'static,
) -> anyhow::Result<Report> {
    anyhow::ensure!(
        !from.is(to),
        "both sides are {from}: there is nothing to move"
    );
    if let Place::Directory(path) = from
        && !path.join(FILE).exists()
    {
        anyhow::bail!("there is no {from}: there is nothing to move");
    }
    let (locks, mut source) = (lock(from)?, open(from, Role::Source).await?);
    let (more_locks, target) = (lock(to)?, open(to, Role::Target).await?);
    let (community, source) = tokio::task::spawn_blocking(move || {
        let community = source.setting("community");
        (community, source)
    })
    .await?;
    let community =
        community?.context("the source holds no community: there is nothing to move")?;
    let stop = CancellationToken::new();
    let mut leases = Vec::new();
    for place in [from, to] {
        leases.extend(lease(place, &community, stop.clone()).await?);
    }
    let (from, to) = (from.clone(), to.clone());
    let moved = tokio::task::spawn_blocking(move || {
        let _locks = (locks, more_locks);
        let moved = relocate(&from, &to, source, target, &leases, page);
        (moved, leases)
    });
    let (moved, leases) = moved.await?;
    stop.cancel();
    for lease in leases {
        if let Err(LeaseError::Refused { other, .. }) = lease.await? {
            return Err(moved.err().unwrap_or_else(|| {
                anyhow::anyhow!(
                    "{other} began to use a side of the move: move again once it has stopped"
                )
            }));
        }
    }
    moved
}

/// Keeps daemons away from a data directory.
fn lock(place: &Place) -> anyhow::Result<Option<DataDir>> {
    match place {
        Place::Directory(path) => Ok(Some(DataDir::open(path)?)),
        Place::Database(_) => Ok(None),
    }
}

async fn open(place: &Place, role: Role) -> anyhow::Result<End> {
    let (place, runtime) = (place.clone(), Handle::current());
    let opened = tokio::task::spawn_blocking(move || match place {
        Place::Directory(path) => End::sqlite(&path.join(FILE), role),
        Place::Database(settings) => End::postgres(&settings, role, runtime),
    });
    Ok(opened.await??)
}

/// Keeps daemons away from a database: nobody else is on the bus that this one
/// says it has. The id is the community's own, so that a move that was killed
/// is in nobody's way when it is taken up.
async fn lease(
    place: &Place,
    community: &[u8],
    stop: CancellationToken,
) -> anyhow::Result<Option<JoinHandle<Result<(), LeaseError>>>> {
    let Place::Database(settings) = place else {
        return Ok(None);
    };
    match alone(settings, NAME, community).await? {
        Ok(lease) => Ok(Some(tokio::spawn(lease.run(stop, || None)))),
        Err(other) => anyhow::bail!("the node {other} uses {place}: stop it, then move"),
    }
}

/// Takes a database for a program that has to be alone on it, and is known to
/// daemons by `name`; or says which node is there.
pub(crate) async fn alone(
    settings: &postgres::Settings,
    name: &'static str,
    community: &[u8],
) -> anyhow::Result<Result<Lease, String>> {
    let mut id = blake3::Hasher::new_derive_key(name);
    id.update(community);
    let mut bytes = [0; 16];
    id.finalize_xof().fill(&mut bytes);
    let id = uuid::Builder::from_custom_bytes(bytes).into_uuid();
    let node = Node {
        id,
        advertise: Some(name.to_owned()),
        bus: Some(Uuid::new_v4()),
    };
    match Lease::take(settings, node).await {
        Ok(lease) => Ok(Ok(lease)),
        Err(LeaseError::Refused { other, .. }) => Ok(Err(other)),
        Err(error) => Err(error).with_context(|| settings.place()),
    }
}

fn relocate(
    from: &Place,
    to: &Place,
    source: End,
    target: End,
    leases: &[JoinHandle<Result<(), LeaseError>>],
    mut page: impl FnMut(&'static str, usize) -> bool,
) -> anyhow::Result<Report> {
    let undisturbed = || leases.iter().all(|lease| !lease.is_finished());
    let mut transfer = Transfer::new(source, target, &SECRETS, || has_secrets(to))?;
    if transfer.taken_up() {
        tracing::info!("taking up the move where it broke off");
    }
    let mut under_way = "";
    transfer.copy(|table, rows| {
        if table != under_way {
            tracing::info!(table, "copying");
            under_way = table;
        }
        page(table, rows) && undisturbed()
    })?;
    let (source, target) = transfer.ends();
    let secrets = read_secrets(from, source)?;
    write_secrets(to, target, &secrets)?;
    let same = read_secrets(to, target)? == secrets;
    tracing::info!("comparing both sides");
    let report = Report {
        tables: transfer.compare(undisturbed)?,
        secrets: (secrets.len(), same),
    };
    if report.same() {
        transfer.finish()?;
    }
    Ok(report)
}

/// Secrets that lie in a directory already, and must not be overwritten.
fn has_secrets(place: &Place) -> Option<String> {
    let Place::Directory(path) = place else {
        return None;
    };
    [
        TOKEN_SECRET,
        ENDPOINT_KEYS,
        FIRST_INVITE,
        CERTIFICATE_FILE,
        CERTIFICATE_KEY_FILE,
    ]
    .iter()
    .map(|name| path.join(name))
    .find(|path| path.exists())
    .map(|path| path.display().to_string())
}

type Secrets = Vec<(&'static str, Vec<u8>)>;

fn read_secrets(place: &Place, end: &mut End) -> anyhow::Result<Secrets> {
    let mut secrets = Vec::new();
    for name in SECRETS {
        let value = match place {
            Place::Database(_) => end.setting(name)?,
            Place::Directory(path) if name == CERTIFICATE => {
                let certificate = read(&path.join(CERTIFICATE_FILE))?;
                let key = read(&path.join(CERTIFICATE_KEY_FILE))?;
                certificate
                    .zip(key)
                    .map(|(one, other)| [one, other].concat())
            }
            Place::Directory(path) => read(&path.join(name))?,
        };
        secrets.extend(value.map(|value| (name, value)));
    }
    Ok(secrets)
}

fn write_secrets(place: &Place, end: &mut End, secrets: &Secrets) -> anyhow::Result<()> {
    for (name, value) in secrets {
        match place {
            Place::Database(_) => end.set(name, value)?,
            Place::Directory(path) if *name == CERTIFICATE => {
                let (certificate, key) = split(value)?;
                // The key first: a certificate without its key is made anew.
                keep(&path.join(CERTIFICATE_KEY_FILE), key)?;
                keep(&path.join(CERTIFICATE_FILE), certificate)?;
            }
            Place::Directory(path) => keep(&path.join(name), value)?,
        }
    }
    Ok(())
}

/// The certificates of a text in PEM, and the key behind them.
fn split(pem: &[u8]) -> anyhow::Result<(&[u8], &[u8])> {
    let text = std::str::from_utf8(pem).context("the certificate is damaged")?;
    let key = text
        .match_indices("-----BEGIN ")
        .find(|(at, _)| {
            let line = text.get(*at..).and_then(|rest| rest.lines().next());
            line.is_some_and(|line| line.contains("PRIVATE KEY"))
        })
        .context("the certificate has no key")?
        .0;
    Ok(pem.split_at(key))
}

fn read(path: &Path) -> anyhow::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

fn keep(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    crate::identity::write_private(path, bytes)
        .with_context(|| format!("cannot write {}", path.display()))
}
