//! Migrations of both back ends.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

#[path = "servers/postgres.rs"]
mod postgres;

use std::path::Path;
use std::sync::Arc;

use messengerd::store::postgres::{PostgresStore, Settings, TlsMode, schema as postgres_schema};
use messengerd::store::sqlite::{SqliteStore, migrate, schema};
use messengerd::store::{Committed, Feed, Store, StoreError};
use rusqlite::Connection;
use tokio_postgres::NoTls;

struct Deaf;

impl Feed for Deaf {
    fn committed(&self, batch: Vec<Committed>) {
        drop(batch);
    }
}

#[test]
fn steps_are_applied_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let versions: Vec<_> = schema::MIGRATIONS.iter().map(|step| step.version).collect();
    assert_eq!(migrate(&path).unwrap(), versions);
    assert!(migrate(&path).unwrap().is_empty());
    assert!(versions.is_sorted_by(|one, next| one < next));
}

#[test]
fn racing_programs_take_turns() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let racing: Vec<_> = (0..4)
        .map(|_| {
            let path = path.clone();
            std::thread::spawn(move || migrate(&path).unwrap().len())
        })
        .collect();
    let applied: usize = racing.into_iter().map(|race| race.join().unwrap()).sum();
    assert_eq!(applied, schema::MIGRATIONS.len());
}

#[test]
fn a_newer_schema_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    migrate(&path).unwrap();
    let conn = Connection::open(&path).unwrap();
    conn.execute(
        "INSERT INTO migrations VALUES (4711, 'later', zeroblob(32), 0)",
        [],
    )
    .unwrap();
    let refused = SqliteStore::open(&path, Arc::new(Deaf)).err();
    assert!(matches!(
        refused,
        Some(StoreError::NewerSchema { found: 4711, .. })
    ));
}

#[test]
fn a_changed_step_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    migrate(&path).unwrap();
    let conn = Connection::open(&path).unwrap();
    conn.execute(
        "UPDATE migrations SET checksum = zeroblob(32) WHERE version = 1",
        [],
    )
    .unwrap();
    let refused = SqliteStore::open(&path, Arc::new(Deaf)).err();
    assert!(matches!(refused, Some(StoreError::ChangedMigration(1))));
}

#[tokio::test]
async fn the_community_stays() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = SqliteStore::open(&path, Arc::new(Deaf)).unwrap();
    let community = store.community();
    store.close().await.unwrap();
    let left: Vec<_> = std::fs::read_dir(directory.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "closing empties the log: {left:?}");
    let store = SqliteStore::open(&path, Arc::new(Deaf)).unwrap();
    assert_eq!(store.community(), community);
}

/// Rows of the first schema, in the words both dialects have.
const ROWS: &str = "
    INSERT INTO users (user_no, id, username, username_key, password_hash, admin, created_at)
      VALUES (1, {id}, 'Ann', 'ann', '$argon2id$', {true}, {now});
    INSERT INTO account_log (user_no, seq, kind, at) VALUES (1, 1, 2, {now});
    INSERT INTO sessions (id, user_no, device, created_at, last_used)
      VALUES ({id}, 1, 'laptop', {now}, {now});
    INSERT INTO chats (chat_no, id, kind, name, created_by, created_at, members)
      VALUES (1, {id}, 2, 'group', 1, {now}, 1);
    INSERT INTO members (chat_no, user_no, role, join_no, joined_at, read_seq, read_no, delivered_seq)
      VALUES (1, 1, 1, 1, {now}, 0, 0, 0);";

const SQLITE_ROWS: &str = "
    INSERT INTO chat_heads VALUES (1, 1, 1, 0, 1, 0);
    INSERT INTO messages (mid, id, sender, kind, msg_no, body, created_at)
      VALUES (4294967297, zeroblob(16), 1, 1, 1, x'00ff', 0);";

const POSTGRES_ROWS: &str = "
    INSERT INTO chat_heads VALUES (1, 1, 1, 0, 1);
    INSERT INTO chat_cursors VALUES (1, 0);
    INSERT INTO messages (chat_no, seq, id, sender, kind, msg_no, body, created_at)
      VALUES (1, 1, gen_random_uuid(), 1, 1, 1, '\\x00ff', now());";

fn rows(id: &str, yes: &str, now: &str) -> String {
    ROWS.replace("{id}", id)
        .replace("{true}", yes)
        .replace("{now}", now)
}

/// Everything that was declared.
fn sqlite_schema(path: &Path) -> Vec<String> {
    let conn = Connection::open(path).unwrap();
    let mut select = conn
        .prepare("SELECT coalesce(sql, name) FROM sqlite_master ORDER BY type, name")
        .unwrap();
    let declared = select.query_map([], |row| row.get(0)).unwrap();
    declared.map(Result::unwrap).collect()
}

#[test]
fn a_first_schema_with_rows_becomes_the_newest() {
    let directory = tempfile::tempdir().unwrap();
    let (old, fresh) = (
        directory.path().join("old.db"),
        directory.path().join("fresh.db"),
    );
    let mut conn = Connection::open(&old).unwrap();
    assert_eq!(
        schema::apply(&mut conn, &schema::MIGRATIONS[..1]).unwrap(),
        [1]
    );
    conn.execute_batch(&rows("zeroblob(16)", "1", "0")).unwrap();
    conn.execute_batch(SQLITE_ROWS).unwrap();
    drop(conn);
    assert_eq!(migrate(&old).unwrap().first(), Some(&2));
    migrate(&fresh).unwrap();
    assert_eq!(sqlite_schema(&old), sqlite_schema(&fresh));
    let conn = Connection::open(&old).unwrap();
    let body: Vec<u8> = conn
        .query_row("SELECT body FROM messages", [], |row| row.get(0))
        .unwrap();
    assert_eq!(body, [0, 0xff]);
}

#[test]
fn an_unfinished_move_is_not_opened() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    migrate(&path).unwrap();
    let conn = Connection::open(&path).unwrap();
    conn.execute(
        "INSERT INTO moves (community, started_at) VALUES (zeroblob(16), 0)",
        [],
    )
    .unwrap();
    let refused = SqliteStore::open(&path, Arc::new(Deaf)).err();
    assert!(matches!(refused, Some(StoreError::Unavailable(why)) if why.contains("unfinished")));
    conn.execute("UPDATE moves SET finished_at = 1", [])
        .unwrap();
    SqliteStore::open(&path, Arc::new(Deaf)).unwrap();
}

fn settings(database: &postgres::Database) -> Settings {
    Settings {
        server: database.config.clone(),
        tls: TlsMode::Disable,
        root_certificate: None,
    }
}

async fn open(database: &postgres::Database) -> Result<PostgresStore, StoreError> {
    PostgresStore::open(&settings(database), Arc::new(Deaf)).await
}

async fn postgres_migrate(database: &postgres::Database) -> Result<Vec<u32>, StoreError> {
    messengerd::store::postgres::migrate(&settings(database)).await
}

/// Everything that was declared, as the catalogues tell it.
async fn postgres_schema_of(database: &postgres::Database) -> Vec<String> {
    let (client, connection) = database.config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    let sql = "
        SELECT concat_ws(' ', 'column', table_name, ordinal_position, column_name, data_type,
                         is_nullable, column_default, collation_name, is_identity)
        FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL
        SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid))
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL
        SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL
        SELECT concat_ws(' ', 'options', relname, reloptions) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace
        ORDER BY 1";
    let declared = client.query(sql, &[]).await.unwrap();
    declared.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn steps_are_applied_once_to_postgres() {
    let database = postgres::database().await;
    let known = postgres_schema::MIGRATIONS;
    let versions: Vec<_> = known.iter().map(|step| step.version).collect();
    assert_eq!(postgres_migrate(&database).await.unwrap(), versions);
    assert!(postgres_migrate(&database).await.unwrap().is_empty());
    let embedded: Vec<_> = schema::MIGRATIONS.iter().map(|step| step.version).collect();
    assert_eq!(versions, embedded, "both dialects have the same steps");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_programs_take_turns_on_postgres() {
    let database = postgres::database().await;
    let race = || postgres_migrate(&database);
    let (a, b, c, d) = tokio::join!(race(), race(), race(), race());
    let applied: usize = [a, b, c, d].map(|race| race.unwrap().len()).iter().sum();
    assert_eq!(applied, postgres_schema::MIGRATIONS.len());
    let (a, b) = tokio::join!(open(&database), open(&database));
    assert_eq!(a.unwrap().community(), b.unwrap().community());
}

#[tokio::test]
async fn a_first_postgres_schema_with_rows_becomes_the_newest() {
    let (old, fresh) = (postgres::database().await, postgres::database().await);
    let first = &postgres_schema::MIGRATIONS[0];
    old.execute(
        "CREATE TABLE migrations (version integer PRIMARY KEY, name text NOT NULL,
           checksum bytea NOT NULL, applied_at timestamptz NOT NULL)",
    )
    .await;
    old.execute(first.sql).await;
    let checksum: String = first
        .checksum()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    old.execute(&format!(
        "INSERT INTO migrations VALUES (1, '{}', '\\x{checksum}', now())",
        first.name
    ))
    .await;
    old.execute(&rows("gen_random_uuid()", "true", "now()"))
        .await;
    old.execute(POSTGRES_ROWS).await;
    assert_eq!(postgres_migrate(&old).await.unwrap().first(), Some(&2));
    postgres_migrate(&fresh).await.unwrap();
    assert_eq!(
        postgres_schema_of(&old).await,
        postgres_schema_of(&fresh).await
    );
    let store = open(&old).await.unwrap();
    let ann = store
        .user_by_login("ann".to_owned())
        .await
        .unwrap()
        .unwrap();
    let (_, heads) = store.heads(ann.no).await.unwrap();
    assert_eq!((heads.len(), heads[0].seq), (1, 1));
}

#[tokio::test]
async fn a_newer_or_changed_postgres_schema_is_refused() {
    let database = postgres::database().await;
    postgres_migrate(&database).await.unwrap();
    database
        .execute("INSERT INTO migrations VALUES (4711, 'later', '', now())")
        .await;
    // Nothing is known of its checksum's form.
    let refused = open(&database).await.err();
    assert!(matches!(refused, Some(StoreError::Internal(_))));
    let zeros = "decode(repeat('00', 32), 'hex')";
    database
        .execute(&format!(
            "UPDATE migrations SET checksum = {zeros} WHERE version = 4711"
        ))
        .await;
    let refused = open(&database).await.err();
    assert!(matches!(
        refused,
        Some(StoreError::NewerSchema { found: 4711, .. })
    ));
    database
        .execute(&format!(
            "DELETE FROM migrations WHERE version = 4711;
             UPDATE migrations SET checksum = {zeros} WHERE version = 1"
        ))
        .await;
    let refused = open(&database).await.err();
    assert!(matches!(refused, Some(StoreError::ChangedMigration(1))));
}

#[tokio::test]
async fn an_unfinished_move_into_postgres_is_not_opened() {
    let database = postgres::database().await;
    postgres_migrate(&database).await.unwrap();
    database
        .execute("INSERT INTO moves (community, started_at) VALUES (gen_random_uuid(), now())")
        .await;
    let refused = open(&database).await.err();
    assert!(matches!(refused, Some(StoreError::Unavailable(why)) if why.contains("unfinished")));
    database
        .execute("UPDATE moves SET finished_at = now()")
        .await;
    open(&database).await.unwrap();
}
