//! `messengerd import`: takes over the database of the earlier messenger that
//! this program replaces.
//!
//! The source is read in one snapshot, in pages, and never changed. What it
//! holds goes through the store's own verbs, so that logs, numbers, cursors and
//! digests are as if it had been written here. Users, chats and messages keep
//! their ids; entries that have none there get one that is made of what they
//! stand for. By its id each row is found again: the same import once more
//! changes nothing, one that broke off is taken up, and rows that came to the
//! source meanwhile come here, too — at the end of their chats' logs, which
//! only grow, with the times they bear.
//!
//! In reading order: [`place`] says where the source is, `source` reads it;
//! `people`, `rooms`, then `events` and `log` bring in what it holds, `cursors`
//! how far it was read; [`report`] says what came of it.

mod cursors;
mod events;
mod ids;
mod left_out;
mod log;
mod people;
pub mod place;
pub mod report;
mod rooms;
mod source;
pub mod uploads;
mod words;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use proto::UnixMillis;
use proto::id::{ChatId, EntryId};
use proto::request::Role;
use proto::text::username_key;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::people::Person;
use self::report::Report;
use self::rooms::{Fate, Room};
use self::source::Source;
use self::uploads::Uploads;
use crate::config::{Config, StoreConfig};
use crate::identity::DataDir;
use crate::relocate;
use crate::service::now;
use crate::store::postgres::{LeaseError, Settings};
use crate::store::sqlite::SqliteStore;
use crate::store::{ChatNo, Committed, Feed, SharedStore};

/// What an import calls itself among the nodes of a database.
const NAME: &str = "messengerd import";

/// What to import, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the earlier messenger's database is.
    pub from: Settings,
    /// The directory of its uploads.
    pub uploads: Option<PathBuf>,
    /// Names, there, of accounts that are to administer the server here.
    pub admins: Vec<String>,
    /// Whether to keep nothing: it is imported into an empty store that is
    /// thrown away.
    pub dry_run: bool,
}

/// Imports into the store that `config` names.
///
/// # Errors
///
/// Where the source cannot be read, a daemon uses the store, or the store
/// fails: then the same again takes it up. Rows that stay behind are no error;
/// the report tells.
pub async fn run(options: &Options, config: &Config) -> anyhow::Result<Report> {
    let uploads = options.uploads.as_deref().map(Uploads::open).transpose()?;
    if let StoreConfig::Postgres(settings) = &config.store
        && settings.place() == options.from.place()
        && !options.dry_run
    {
        anyhow::bail!(
            "the earlier messenger's database and this one's are the same, {}: import into \
             another, empty one",
            settings.place()
        );
    }
    let source = Arc::new(Source::open(&options.from).await?);
    let target = Target::open(options, config).await?;
    let now = now();
    let epoch = source.beginning().await?.unwrap_or(now);
    let mut import = Import {
        source,
        store: target.store.clone(),
        uploads,
        admins: options.admins.iter().map(|it| username_key(it)).collect(),
        now,
        epoch,
        lease: target.lease,
        admin: false,
        ending: false,
        people: HashMap::new(),
        fates: HashMap::new(),
        rooms: HashMap::new(),
        numbers: HashMap::new(),
        pairs: HashMap::new(),
        demotions: Vec::new(),
        farewells: Vec::new(),
        report: Report {
            dry_run: options.dry_run,
            ..Report::default()
        },
    };
    let imported = import.all().await;
    target.stop.cancel();
    if let Some(lease) = import.lease.take()
        && let Err(LeaseError::Refused { other, .. }) = lease.await?
        && imported.is_err()
    {
        anyhow::bail!("{other} began to use the store: import again once it has stopped");
    }
    let closed = import.store.close().await;
    imported?;
    closed.context("cannot close the store")?;
    Ok(import.report)
}

/// An import under way.
struct Import {
    source: Arc<Source>,
    store: SharedStore,
    uploads: Option<Uploads>,
    /// Who is to be an administrator, by the key of their name.
    admins: HashSet<String>,
    now: UnixMillis,
    /// When the earlier messenger began: for what nobody knows the time of.
    epoch: UnixMillis,
    lease: Option<JoinHandle<Result<(), LeaseError>>>,
    /// Whether one of the accounts that came may administer the server.
    admin: bool,
    /// Whether nothing comes after what is done now.
    ending: bool,
    people: HashMap<Uuid, Person>,
    fates: HashMap<Uuid, Fate>,
    rooms: HashMap<ChatId, Room>,
    numbers: HashMap<ChatNo, ChatId>,
    /// Private chats of two people, the smaller id first.
    pairs: HashMap<(Uuid, Uuid), Fate>,
    /// Who made a chat and is no admin any more.
    demotions: Vec<(ChatId, Person, EntryId, Role, UnixMillis)>,
    /// Last admins who left.
    farewells: Vec<(Uuid, Person, EntryId, UnixMillis)>,
    report: Report,
}

impl Import {
    async fn all(&mut self) -> anyhow::Result<()> {
        for table in [
            "users",
            "avatars",
            "contacts",
            "chats",
            "chat_members",
            "chat_settings",
            "chat_invites",
            "messages",
            "message_reads",
            "reactions",
            "files",
        ] {
            self.report.table(table);
        }
        let empty = self.store.is_empty().await?;
        tracing::info!("importing users");
        self.users().await?;
        self.contacts().await?;
        tracing::info!("importing chats");
        self.chats().await?;
        tracing::info!("importing messages");
        self.events().await?;
        self.chat_settings().await?;
        self.chat_invites().await?;
        tracing::info!("importing what was read");
        self.cursors().await?;
        self.left_out().await?;
        if empty && !self.admin && !self.people.is_empty() {
            self.report.note(
                "no account here administers the server: name one with --admin in the first \
                 import"
                    .to_owned(),
            );
        }
        Ok(())
    }

    /// Refuses to go on where another node has come to use the store.
    fn undisturbed(&self) -> anyhow::Result<()> {
        let lost = self.lease.as_ref().is_some_and(JoinHandle::is_finished);
        anyhow::ensure!(!lost, "another node began to use the store");
        Ok(())
    }
}

/// The store that is imported into, kept from daemons.
struct Target {
    store: SharedStore,
    lease: Option<JoinHandle<Result<(), LeaseError>>>,
    stop: CancellationToken,
    _data: Option<DataDir>,
    _thrown_away: Option<ScratchDir>,
}

impl Target {
    async fn open(options: &Options, config: &Config) -> anyhow::Result<Self> {
        let stop = CancellationToken::new();
        if options.dry_run {
            let scratch = ScratchDir::make()?;
            let data = DataDir::open(&scratch.path)?;
            let store = embedded(&data).await?;
            return Ok(Self {
                store,
                lease: None,
                stop,
                _data: Some(data),
                _thrown_away: Some(scratch),
            });
        }
        let StoreConfig::Postgres(settings) = &config.store else {
            let data = DataDir::open(&config.data_dir)?;
            let store = embedded(&data).await?;
            return Ok(Self {
                store,
                lease: None,
                stop,
                _data: Some(data),
                _thrown_away: None,
            });
        };
        let data = DataDir::beside_daemon(&config.data_dir);
        let store = crate::server::open_store(config, &data, Arc::new(Deaf)).await?;
        let community = store.community();
        let lease = match relocate::alone(settings, NAME, community.as_bytes()).await? {
            Ok(lease) => tokio::spawn(lease.run(stop.clone(), || None)),
            Err(other) => anyhow::bail!(
                "the node {other} uses {}: stop it, then import",
                settings.place()
            ),
        };
        Ok(Self {
            store,
            lease: Some(lease),
            stop,
            _data: None,
            _thrown_away: None,
        })
    }
}

async fn embedded(data: &DataDir) -> anyhow::Result<SharedStore> {
    let path = data.join("messenger.db");
    let opened = tokio::task::spawn_blocking(move || SqliteStore::open(&path, Arc::new(Deaf)));
    Ok(Arc::new(opened.await?.context("cannot open the store")?))
}

/// Is told of nothing that matters: nobody is connected.
struct Deaf;

impl Feed for Deaf {
    fn committed(&self, batch: Vec<Committed>) {
        drop(batch);
    }
}

/// A directory that goes with this.
struct ScratchDir {
    path: PathBuf,
}

impl ScratchDir {
    fn make() -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(format!("messengerd-import-{}", Uuid::new_v4()));
        std::fs::create_dir(&path)
            .with_context(|| format!("cannot make the directory {}", path.display()))?;
        Ok(Self { path })
    }
}

impl Drop for ScratchDir {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "a directory stays behind");
        }
    }
}
