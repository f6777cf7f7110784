//! The local cache: one SQLite file for each profile, shared by any number of
//! processes.
//!
//! [`Db`] is the database, `Cache` runs it on two threads of its own: one
//! writes, the other reads, so that a screen never waits for a catch-up.

mod account;
mod apply;
mod changes;
mod chats;
mod drafts;
mod entries;
mod foreign;
mod members;
pub(crate) mod names;
mod outbox;
mod people;
mod schema;
mod search;
mod state;
#[cfg(test)]
mod tests;
pub(crate) mod verify;

use std::path::Path;
use std::sync::mpsc;

use tokio::sync::oneshot;

use super::error::ClientError;

pub use self::account::Stored;
pub(crate) use self::apply::Applied;
pub(crate) use self::foreign::Foreign;
pub(crate) use self::outbox::{Waiting, is_known};
pub use self::schema::Db;

/// Why the cache failed.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// From SQLite.
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The file cannot be opened or locked.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The profile was used by a newer program.
    #[error("the profile has schema {found}, this program knows {known}: run a newer mchat")]
    Newer {
        /// Schema of the profile.
        found: u32,
        /// Newest schema of this program.
        known: u32,
    },
    /// Something in the file is not what this program wrote.
    #[error("damaged: {0}")]
    Damaged(String),
    /// Unsent messages of another account are in the way.
    #[error("{unsent} unsent messages of {username}")]
    OtherAccount {
        /// Whose they are.
        username: String,
        /// How many.
        unsent: u64,
    },
}

impl From<DbError> for ClientError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::OtherAccount { username, unsent } => Self::OtherAccount { username, unsent },
            other => Self::Cache(other.to_string()),
        }
    }
}

type Job = Box<dyn FnOnce(&mut Db) + Send>;

/// The cache on its threads. The threads end with the last clone.
#[derive(Clone)]
pub(crate) struct Cache {
    write: mpsc::Sender<Job>,
    read: mpsc::Sender<Job>,
}

impl Cache {
    /// Opens a profile's cache, making and migrating it where needed.
    pub(crate) async fn open(profile: &Path) -> Result<Self, ClientError> {
        // One after the other: the first makes the file.
        let write = start("mchat-cache", profile).await?;
        let read = start("mchat-reader", profile).await?;
        Ok(Self { write, read })
    }

    /// Runs a query beside the writer.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Db) -> Result<T, DbError> + Send + 'static,
    ) -> Result<T, ClientError> {
        run(&self.read, job).await
    }

    /// Runs a change, in the order of calls.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Db) -> Result<T, DbError> + Send + 'static,
    ) -> Result<T, ClientError> {
        run(&self.write, job).await
    }
}

/// Queues the job before the first poll's answer is awaited, so that calls
/// made in order run in order.
fn run<T: Send + 'static>(
    thread: &mpsc::Sender<Job>,
    job: impl FnOnce(&mut Db) -> Result<T, DbError> + Send + 'static,
) -> impl Future<Output = Result<T, ClientError>> + Send + 'static {
    let (reply, done) = oneshot::channel();
    let sent = thread.send(Box::new(move |db| {
        // Nobody waits any more: the work is done all the same.
        let _ = reply.send(job(db));
    }));
    async move {
        if sent.is_err() {
            return Err(ClientError::Closed);
        }
        Ok(done.await.map_err(|_| ClientError::Closed)??)
    }
}

async fn start(name: &str, profile: &Path) -> Result<mpsc::Sender<Job>, ClientError> {
    let (jobs, queue) = mpsc::channel::<Job>();
    let (opened, ready) = oneshot::channel();
    let profile = profile.to_owned();
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            let mut db = match Db::open(&profile) {
                Ok(db) => db,
                Err(error) => {
                    let _ = opened.send(Err(error));
                    return;
                }
            };
            if opened.send(Ok(())).is_err() {
                return;
            }
            while let Ok(job) = queue.recv() {
                job(&mut db);
            }
        })
        .map_err(|error| ClientError::Cache(error.to_string()))?;
    ready.await.map_err(|_| ClientError::Closed)??;
    Ok(jobs)
}
