//! Opening the cache, and its schema.

use std::fs::{self, File, OpenOptions};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::DbError;

/// How long a process waits for another one's transaction; each is short.
const BUSY: Duration = Duration::from_secs(20);

/// Append-only: a released step is never changed.
const STEPS: &[&str] = &[
    include_str!("0001_cache.sql"),
    include_str!("0002_own.sql"),
    include_str!("0003_people_groups_changes.sql"),
];

/// One connection to a profile's cache.
pub struct Db {
    pub(super) conn: Connection,
    /// The latest arrival that was announced in this process.
    pub(super) announced: u64,
    pub(super) data_version: i64,
}

impl Db {
    /// Opens the cache of a profile, making the directory (0700) and the file
    /// (0600: it holds messages and the session's token) where they are
    /// missing.
    ///
    /// # Errors
    ///
    /// [`DbError::Newer`] for a profile of a newer program, [`DbError::Io`],
    /// [`DbError::Sqlite`].
    pub fn open(profile: &Path) -> Result<Self, DbError> {
        let path = profile.join("cache.db");
        if !path.exists() {
            make_private(profile, &path)?;
        }
        let mut conn = connect(&path)?;
        if version(&conn)? != STEPS.len() as u32 {
            migrate(profile, &mut conn)?;
        }
        let mut db = Self {
            conn,
            announced: 0,
            data_version: 0,
        };
        db.announced = db.last_arrival()?;
        db.data_version = db.read_data_version()?;
        Ok(db)
    }

    /// Starts a change. At once with the write lock: a transaction that began
    /// as a reader could not wait for it.
    pub(super) fn begin(&mut self) -> Result<Transaction<'_>, DbError> {
        Ok(self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)?)
    }

    pub(super) fn read_data_version(&self) -> Result<i64, DbError> {
        Ok(self
            .conn
            .query_row("PRAGMA data_version", [], |row| row.get(0))?)
    }
}

fn make_private(profile: &Path, path: &Path) -> Result<(), DbError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(profile)?;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?;
    Ok(())
}

fn connect(path: &Path) -> Result<Connection, DbError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY)?;
    conn.set_prepared_statement_cache_capacity(160);
    conn.pragma_update(None, "synchronous", "NORMAL")?;
    conn.pragma_update(None, "foreign_keys", "OFF")?;
    // Of a deleted message nothing stays in the file.
    conn.pragma_update(None, "secure_delete", "FAST")?;
    Ok(conn)
}

fn version(conn: &Connection) -> Result<u32, DbError> {
    Ok(conn.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

/// Under a lock file: switching a new file to WAL does not wait for others.
fn migrate(profile: &Path, conn: &mut Connection) -> Result<(), DbError> {
    let lock = File::create(profile.join("schema.lock"))?;
    lock.lock()?;
    let known = STEPS.len() as u32;
    let found = version(conn)?;
    if found > known {
        return Err(DbError::Newer { found, known });
    }
    if found == 0 {
        conn.pragma_update(None, "journal_mode", "WAL")?;
    }
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for step in STEPS.iter().skip(found as usize) {
        tx.execute_batch(step)?;
    }
    if found == 0 {
        tx.execute(
            "INSERT INTO meta(key, value) VALUES ('profile_id', ?1)",
            [uuid::Uuid::new_v4().to_string()],
        )?;
    }
    tx.pragma_update(None, "user_version", known)?;
    tx.commit()?;
    lock.unlock()?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn many_processes_may_make_the_same_profile() {
        let dir = tempfile::tempdir().unwrap();
        let profile = dir.path().join("p");
        let ids: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| Db::open(&profile).unwrap().profile_id().unwrap()))
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert!(ids.iter().all(|id| *id == ids[0]));
    }

    #[test]
    fn a_newer_profile_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(dir.path()).unwrap();
        db.conn.pragma_update(None, "user_version", 99).unwrap();
        drop(db);
        assert!(matches!(
            Db::open(dir.path()),
            Err(DbError::Newer { found: 99, .. })
        ));
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let profile = dir.path().join("p");
        let db = Db::open(&profile).unwrap();
        db.set_meta("token", Some("t")).unwrap();
        for name in ["cache.db", "cache.db-wal", "cache.db-shm"] {
            let mode = fs::metadata(profile.join(name))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o077, 0, "{name}");
        }
    }
}
