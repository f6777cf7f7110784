//! Opens connections the way each of their users needs them.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::Options;
use crate::store::StoreError;

/// How long a connection waits for others.
const PATIENCE: Duration = Duration::from_secs(5);
/// Prepared statements each connection keeps.
const STATEMENTS: usize = 128;

/// Where a database is and how it is reached.
#[derive(Debug, Clone)]
pub(super) struct Source {
    path: PathBuf,
    vfs: Option<String>,
}

impl Source {
    pub(super) fn new(path: &Path, options: &Options) -> Self {
        Self {
            path: path.to_owned(),
            vfs: options.vfs.clone(),
        }
    }

    /// The connection that writes. Creates the file.
    pub(super) fn writer(&self) -> Result<Connection, StoreError> {
        let conn = self.open(OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        let mode = write_ahead(&conn)?;
        if mode != "wal" {
            return Err(StoreError::Unavailable(format!(
                "the file system of {} cannot hold a write-ahead log",
                self.path.display()
            )));
        }
        // FULL: a commit returns after its sync. The checkpoint on this
        // connection is a backstop for times when the one beside it never
        // finds the log idle (see `upkeep`).
        conn.execute_batch(
            "PRAGMA synchronous = FULL;
             PRAGMA foreign_keys = ON;
             PRAGMA secure_delete = ON;
             PRAGMA cache_size = -65536;
             PRAGMA temp_store = MEMORY;
             PRAGMA wal_autocheckpoint = 16000;
             PRAGMA journal_size_limit = 268435456;",
        )?;
        Ok(conn)
    }

    /// A connection that only reads. The writer has been opened before.
    pub(super) fn reader(&self) -> Result<Connection, StoreError> {
        let conn = self.open(OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        conn.execute_batch(
            "PRAGMA query_only = ON; PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY;",
        )?;
        Ok(conn)
    }

    /// A connection that moves the log into the database file.
    pub(super) fn checkpointer(&self) -> Result<Connection, StoreError> {
        let conn = self.open(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        conn.execute_batch(
            "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -1024;",
        )?;
        Ok(conn)
    }

    fn open(&self, access: OpenFlags) -> Result<Connection, StoreError> {
        let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = match &self.vfs {
            Some(vfs) => Connection::open_with_flags_and_vfs(&self.path, flags, vfs.as_str()),
            None => Connection::open_with_flags(&self.path, flags),
        }?;
        conn.busy_timeout(PATIENCE)?;
        conn.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(conn)
    }
}

/// Switches a database to write-ahead logging and returns the mode it has then.
/// SQLite does not wait for others here as it does elsewhere (another program
/// may be making the same database), so this does.
fn write_ahead(conn: &Connection) -> Result<String, StoreError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)) {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && Instant::now() < deadline =>
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            answer => return Ok(answer?),
        }
    }
}
