//! Brings a database file to this program's schema.

use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, TransactionBehavior, params};

use crate::store::StoreError;
use crate::store::migrate::{self, Migration};

/// Every step, oldest first.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "initial",
        sql: include_str!("../../../../sql/sqlite/0001_initial.sql"),
    },
    Migration {
        version: 2,
        name: "nodes_and_moves",
        sql: include_str!("../../../../sql/sqlite/0002_nodes_and_moves.sql"),
    },
    Migration {
        version: 3,
        name: "people_groups_changes",
        sql: include_str!("../../../../sql/sqlite/0003_people_groups_changes.sql"),
    },
    Migration {
        version: 4,
        name: "search",
        sql: include_str!("../../../../sql/sqlite/0004_search.sql"),
    },
    Migration {
        version: 5,
        name: "web",
        sql: include_str!("../../../../sql/sqlite/0005_web.sql"),
    },
    Migration {
        version: 6,
        name: "avatar_urls",
        sql: include_str!("../../../../sql/sqlite/0006_avatar_urls.sql"),
    },
];

/// Applies what is missing, each step in its own transaction, and returns the
/// versions applied. Programs that do this at once take turns: the write lock
/// is taken before the applied steps are read.
///
/// # Errors
///
/// See [`migrate::pending`]; and whatever the file answers.
pub fn apply(conn: &mut Connection, known: &[Migration]) -> Result<Vec<u32>, StoreError> {
    let mut versions = Vec::new();
    loop {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute_batch(
            "CREATE TABLE IF NOT EXISTS migrations (
               version    INTEGER PRIMARY KEY,
               name       TEXT NOT NULL,
               checksum   BLOB NOT NULL,
               applied_at INTEGER NOT NULL
             ) STRICT",
        )?;
        let applied = tx
            .prepare("SELECT version, checksum FROM migrations ORDER BY version")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<Vec<(u32, [u8; 32])>, _>>()?;
        let pending = migrate::pending(known, &applied)?;
        let Some(step) = pending.first() else {
            tx.commit()?;
            return Ok(versions);
        };
        tx.execute_batch(step.sql)?;
        tx.execute(
            "INSERT INTO migrations (version, name, checksum, applied_at) VALUES (?1, ?2, ?3, ?4)",
            params![step.version, step.name, step.checksum(), now()],
        )?;
        tx.commit()?;
        versions.push(step.version);
    }
}

/// Refuses a database whose contents are only partly there.
pub(super) fn refuse_unfinished_move(conn: &Connection) -> Result<(), StoreError> {
    let unfinished = conn
        .prepare("SELECT 1 FROM moves WHERE finished_at IS NULL")?
        .exists([])?;
    if unfinished {
        return Err(StoreError::Unavailable(migrate::UNFINISHED_MOVE.to_owned()));
    }
    Ok(())
}

/// The time of this machine.
pub(super) fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as i64)
}
