//! Brings a database to this program's schema.

use std::time::{SystemTime, UNIX_EPOCH};

use deadpool_postgres::ClientWrapper;

use super::error::Fault;
use super::statements::{self, begin, commit};
use super::timestamp::At;
use crate::store::StoreError;
use crate::store::migrate::{self, Migration};

/// Every step, oldest first.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "initial",
        sql: include_str!("../../../../sql/postgres/0001_initial.sql"),
    },
    Migration {
        version: 2,
        name: "nodes_and_moves",
        sql: include_str!("../../../../sql/postgres/0002_nodes_and_moves.sql"),
    },
    Migration {
        version: 3,
        name: "people_groups_changes",
        sql: include_str!("../../../../sql/postgres/0003_people_groups_changes.sql"),
    },
    Migration {
        version: 4,
        name: "search",
        sql: include_str!("../../../../sql/postgres/0004_search.sql"),
    },
    Migration {
        version: 5,
        name: "web",
        sql: include_str!("../../../../sql/postgres/0005_web.sql"),
    },
    Migration {
        version: 6,
        name: "avatar_urls",
        sql: include_str!("../../../../sql/postgres/0006_avatar_urls.sql"),
    },
];

/// The advisory lock of whoever changes the schema: "msgr" in ASCII.
const LOCK: i64 = 0x6d73_6772;

/// Applies what is missing, each step in its own transaction, and returns the
/// versions applied. Programs that do this at once take turns.
pub(super) async fn apply(conn: &ClientWrapper, known: &[Migration]) -> Result<Vec<u32>, Fault> {
    // A step may take long, and so may the wait for another program's.
    conn.batch_execute("SET statement_timeout = 0; SET lock_timeout = 0")
        .await?;
    let locked = conn
        .query_one("SELECT pg_try_advisory_lock($1)", &[&LOCK])
        .await?;
    if !locked.try_get(0)? {
        tracing::info!("another program changes the database's schema; waiting for its end");
        statements::row(conn, "SELECT pg_advisory_lock($1)", &[&LOCK]).await?;
    }
    let applied = steps(conn, known).await;
    // The lock ends with the connection if not here.
    if applied.is_ok() {
        statements::row(conn, "SELECT pg_advisory_unlock($1)", &[&LOCK]).await?;
        conn.batch_execute("RESET statement_timeout; RESET lock_timeout")
            .await?;
    }
    applied
}

async fn steps(conn: &ClientWrapper, known: &[Migration]) -> Result<Vec<u32>, Fault> {
    let table = conn
        .query_one("SELECT to_regclass('migrations') IS NULL", &[])
        .await?;
    // Only then: a role that may not create tables can use what there is.
    if table.try_get(0)? {
        conn.batch_execute(
            "CREATE TABLE migrations (
               version    integer PRIMARY KEY,
               name       text NOT NULL,
               checksum   bytea NOT NULL,
               applied_at timestamptz NOT NULL
             )",
        )
        .await?;
    }
    let applied = applied(conn).await?;
    let mut versions = Vec::new();
    for step in migrate::pending(known, &applied)? {
        begin(conn).await?;
        conn.batch_execute(step.sql).await?;
        conn.execute(
            "INSERT INTO migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)",
            &[
                &step.version.cast_signed(),
                &step.name,
                &step.checksum().as_slice(),
                &now(),
            ],
        )
        .await?;
        commit(conn).await?;
        versions.push(step.version);
    }
    Ok(versions)
}

/// Versions and checksums of the steps that were applied.
pub(super) async fn applied(conn: &ClientWrapper) -> Result<Vec<(u32, [u8; 32])>, Fault> {
    let mut applied = Vec::new();
    for row in conn
        .query(
            "SELECT version, checksum FROM migrations ORDER BY version",
            &[],
        )
        .await?
    {
        let version: i32 = row.try_get(0)?;
        let checksum: &[u8] = row.try_get(1)?;
        let damaged = || Fault::internal(format!("the record of migration {version} is damaged"));
        applied.push((
            u32::try_from(version).map_err(|_| damaged())?,
            checksum.try_into().map_err(|_| damaged())?,
        ));
    }
    Ok(applied)
}

/// Refuses a database whose contents are only partly there.
pub(super) async fn refuse_unfinished_move(conn: &ClientWrapper) -> Result<(), Fault> {
    let unfinished = conn
        .query_opt("SELECT 1 FROM moves WHERE finished_at IS NULL", &[])
        .await?;
    match unfinished {
        None => Ok(()),
        Some(_) => Err(Fault::Refused(StoreError::Unavailable(
            migrate::UNFINISHED_MOVE.to_owned(),
        ))),
    }
}

/// The time of this machine.
pub(super) fn now() -> At {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    At(since.map_or(0, |since| since.as_millis() as i64))
}
