//! The earlier messenger's database, targets, and what they hold as text.

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use messengerd::config::{Config, StoreConfig};
use messengerd::import::report::{Report, Table};
use messengerd::import::{self, Options};
use messengerd::store::postgres::{PostgresStore, Settings, TlsMode};
use messengerd::store::sqlite::SqliteStore;
use messengerd::store::{ChatRecord, Committed, Feed, SharedStore, UserRecord};
use proto::entry::{Body, Entry};
use proto::id::{ChatId, UserId};
use tempfile::TempDir;
use tokio_postgres::NoTls;
use uuid::Uuid;

use crate::servers::postgres::{Database, database};
use crate::support;

/// "secret" and "пароль Боба", as the earlier messenger and others keep them.
const ADA: &str = "$2a$10$N9qo8uLOickgx2ZMRZoMyecBPBZPbMY9K9Iy/VaK.7YTHTLYF41De";
const BOB: &str = "$2b$04$abcdefghijklmnopqrstuu/j6bZlWiXHeGpk0JTh.PaNN3lQeq4o.";

/// A picture, as far as anybody looks.
pub(crate) const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\nIHDR of a picture";

pub(crate) struct Deaf;

impl Feed for Deaf {
    fn committed(&self, batch: Vec<Committed>) {
        drop(batch);
    }
}

/// The earlier messenger: its database and its uploads.
pub(crate) struct Earlier {
    pub(crate) database: Database,
    pub(crate) home: TempDir,
}

impl Earlier {
    /// With its tables, which are empty.
    pub(crate) async fn empty() -> Self {
        let database = database().await;
        database.execute(include_str!("schema.sql")).await;
        let home = tempfile::tempdir().unwrap();
        let uploads = home.path().join("uploads");
        std::fs::create_dir(&uploads).unwrap();
        std::fs::write(uploads.join("ada.png"), PICTURE).unwrap();
        std::fs::write(uploads.join("team.png"), b"GIF89a of a team").unwrap();
        Self { database, home }
    }

    /// With everything that can be odd.
    pub(crate) async fn odd() -> Self {
        let earlier = Self::empty().await;
        let fixture = include_str!("fixture.sql")
            .replace("{ADA}", ADA)
            .replace("{BOB}", BOB);
        earlier.database.execute(&fixture).await;
        earlier
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings::new(self.database.config.clone(), TlsMode::Disable, None).unwrap()
    }

    pub(crate) fn options(&self) -> Options {
        Options {
            from: self.settings(),
            uploads: Some(self.home.path().join("uploads")),
            admins: vec!["Ada".to_owned()],
            dry_run: false,
        }
    }

    /// Every row of every table.
    pub(crate) async fn dump(&self) -> String {
        dump_postgres(&self.database.config).await
    }
}

/// A store to import into.
pub(crate) struct Target {
    pub(crate) config: Config,
    _home: Arc<TempDir>,
    database: Option<Database>,
}

impl Target {
    pub(crate) fn sqlite() -> Self {
        let home = Arc::new(tempfile::tempdir().unwrap());
        Self {
            config: support::config(home.path()),
            _home: home,
            database: None,
        }
    }

    pub(crate) async fn postgres() -> Self {
        let mut target = Self::sqlite();
        let database = database().await;
        let settings = Settings::new(database.config.clone(), TlsMode::Disable, None).unwrap();
        target.config.store = StoreConfig::Postgres(Box::new(settings));
        target.database = Some(database);
        target
    }

    pub(crate) async fn import(&self, earlier: &Earlier) -> Report {
        import::run(&earlier.options(), &self.config).await.unwrap()
    }

    pub(crate) async fn open(&self) -> SharedStore {
        match &self.config.store {
            StoreConfig::Embedded => {
                let path = self.config.data_dir.join("messenger.db");
                Arc::new(SqliteStore::open(&path, Arc::new(Deaf)).unwrap())
            }
            StoreConfig::Postgres(settings) => {
                Arc::new(PostgresStore::open(settings, Arc::new(Deaf)).await.unwrap())
            }
        }
    }

    /// The same before anything was imported.
    pub(crate) async fn open_empty(&self) -> SharedStore {
        std::fs::create_dir_all(&self.config.data_dir).unwrap();
        self.open().await
    }

    /// Every row of every table but the lease's.
    pub(crate) async fn dump(&self) -> String {
        match &self.database {
            Some(database) => dump_postgres(&database.config).await,
            None => dump_sqlite(&self.config.data_dir.join("messenger.db")),
        }
    }
}

async fn dump_postgres(config: &tokio_postgres::Config) -> String {
    let (client, connection) = config.connect(NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut dump = String::new();
    let tables = client
        .query(
            "SELECT relname::text FROM pg_class WHERE relkind = 'r'
             AND relnamespace = 'public'::regnamespace AND relname <> 'nodes' ORDER BY 1",
            &[],
        )
        .await
        .unwrap();
    for table in tables {
        let name: String = table.get(0);
        let rows = client
            .query(&format!("SELECT t::text FROM \"{name}\" t ORDER BY 1"), &[])
            .await
            .unwrap();
        for row in rows {
            writeln!(dump, "{name} {}", row.get::<_, String>(0)).unwrap();
        }
    }
    drop(client);
    connection.await.unwrap().unwrap();
    dump
}

fn dump_sqlite(path: &Path) -> String {
    let conn = rusqlite::Connection::open(path).unwrap();
    let mut tables = conn
        .prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
             AND name NOT LIKE 'message_search%' ORDER BY name",
        )
        .unwrap();
    let names: Vec<String> = tables
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let mut dump = String::new();
    for name in names {
        let mut rows = conn.prepare(&format!("SELECT * FROM \"{name}\"")).unwrap();
        let columns = rows.column_count();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let values: Vec<String> = (0..columns)
                .map(|at| format!("{:?}", row.get_ref(at).unwrap()))
                .collect();
            writeln!(dump, "{name} {}", values.join(" ")).unwrap();
        }
    }
    dump
}

/// The UUID of zeros that ends so.
pub(crate) fn uuid(end: u128) -> Uuid {
    Uuid::from_u128(end)
}

pub(crate) async fn user(store: &SharedStore, end: u128) -> UserRecord {
    let found = store.users(vec![UserId(uuid(end))], Vec::new()).await;
    found.unwrap().pop().unwrap()
}

pub(crate) async fn chat(store: &SharedStore, end: u128) -> ChatRecord {
    store.chat(ChatId(uuid(end))).await.unwrap().unwrap()
}

/// All entries of a chat.
pub(crate) async fn log(store: &SharedStore, chat: &ChatRecord) -> Vec<Entry> {
    let page = store.entries_after(chat.no, 0, 100_000, usize::MAX).await;
    page.unwrap().entries
}

/// The texts of a chat's messages as written, deleted ones as `-`.
pub(crate) fn texts(log: &[Entry]) -> Vec<String> {
    let bodies = log
        .iter()
        .map(|entry| Body::decode(entry.kind, &entry.body));
    bodies
        .filter_map(|body| match body {
            Body::Message(message) if message.deleted => Some("-".to_owned()),
            Body::Message(message) => Some(message.text),
            _ => None,
        })
        .collect()
}

pub(crate) fn table<'a>(report: &'a Report, name: &str) -> &'a Table {
    let mut tables = report.tables.iter();
    tables.find(|table| table.table == name).unwrap()
}

/// What a store holds for the outside, so that two of them can be compared:
/// numbers of its own are left out.
pub(crate) async fn shape(store: &SharedStore, chats: &[Uuid], users: &[Uuid]) -> String {
    let mut shape = String::new();
    for id in users {
        let found = store.users(vec![UserId(*id)], Vec::new()).await.unwrap();
        let user = found.first().unwrap();
        let shown = UserRecord {
            no: messengerd::store::UserNo(0),
            ..user.clone()
        };
        writeln!(shape, "{shown:?}").unwrap();
        let entries = store.account_entries(user.no, 0, 1000).await.unwrap();
        writeln!(shape, "{entries:?}").unwrap();
        let digest = store.account_digest(user.no, u64::MAX >> 1).await.unwrap();
        writeln!(shape, "{digest:?}").unwrap();
        for contact in store.contacts(user.no).await.unwrap() {
            let (state, blocked) = (contact.state, contact.blocked);
            writeln!(
                shape,
                "{:?} {state:?} {blocked} {:?}",
                contact.user.id, contact.nickname
            )
            .unwrap();
        }
        for head in store.heads(user.no).await.unwrap().1 {
            writeln!(shape, "{head:?}").unwrap();
        }
    }
    for id in chats {
        let chat = store.chat(ChatId(*id)).await.unwrap().unwrap();
        let members: Vec<_> = chat
            .members
            .iter()
            .map(|member| (member.user.id, member.role, member.from_seq))
            .collect();
        writeln!(
            shape,
            "{id} {:?} {:?} {:?} {:?} {members:?} {:?} {:?}",
            chat.kind, chat.name, chat.description, chat.settings, chat.avatar, chat.created_by
        )
        .unwrap();
        for entry in log(store, &chat).await {
            writeln!(shape, "{entry:?}").unwrap();
        }
        let digest = store.digest(chat.no, 0, u64::from(u32::MAX)).await;
        writeln!(shape, "{:?}", digest.unwrap()).unwrap();
        let (cursors, rev) = store.cursors(chat.no).await.unwrap();
        let cursors: Vec<_> = cursors
            .iter()
            .map(|it| (it.user_id, it.read, it.read_no, it.delivered, it.shown))
            .collect();
        writeln!(shape, "{rev} {cursors:?}").unwrap();
    }
    shape
}
