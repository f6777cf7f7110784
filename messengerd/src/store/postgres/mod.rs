//! The back end of many nodes: one PostgreSQL database shared by all of them.
//!
//! Two tasks write to the chats, each to its share of them, in groups of one
//! round trip (`committer`, with the ways of appending in `lanes`); one moves
//! cursors (`mover`); everything else runs on a pool of connections (`pool`).
//! `verbs` says which does what, `connect` what a connection is told, `schema`
//! has the migrations, every other file the statements of one noun.
//!
//! Nodes know nothing of each other here: the rows they lock, in the order that
//! the schema lays down, are all that is between them.

mod account;
mod act;
mod answers;
mod avatars;
mod changes;
mod chat_invites;
mod chat_list;
mod chats;
mod committer;
mod connect;
mod contacts;
mod cursors;
mod digests;
mod entries;
mod entry_row;
mod error;
mod expiry;
mod farewell;
mod groups;
mod index;
mod invites;
mod lanes;
mod members;
mod mover;
mod nodes;
mod people;
mod pool;
mod queue;
mod revisions;
pub mod schema;
mod search;
mod sessions;
mod settings;
mod statements;
#[cfg(test)]
mod tests;
mod timeline;
mod timestamp;
mod tls;
pub(super) mod transfer;
mod upkeep;
mod users;
mod verbs;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use deadpool_postgres::ClientWrapper;
use futures_util::FutureExt;
use tokio::runtime::Handle;
use uuid::Uuid;

use self::committer::Committer;
use self::connect::Connector;
use self::error::Fault;
use self::index::Dirty;
use self::mover::Mover;
pub use self::nodes::{Lease, LeaseError, Node, Pace, UNKNOWN_BUS};
use self::pool::Pool;
use self::queue::Queue;
pub use self::settings::{Settings, SettingsError, TlsMode};
use self::upkeep::Upkeep;
use super::{Feed, NewInvite, StoreError};

/// How a store is opened; the default suits a daemon.
#[derive(Debug, Clone)]
pub struct Options {
    /// Writes to chats that may wait.
    pub queue: usize,
    /// Bytes of entries' bodies that may wait.
    pub queue_bytes: usize,
    /// Connections for everything but writes to chats, which have two more.
    pub connections: usize,
    /// Operations on them that may be under way or wait.
    pub operations: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            queue: 16_384,
            queue_bytes: 64 * 1024 * 1024,
            connections: 8,
            operations: 16_384,
        }
    }
}

/// A store in one database. Dropping it lets the tasks finish what is queued;
/// [`Store::close`](super::Store::close) also waits for that.
pub struct PostgresStore {
    community: Uuid,
    queue: Queue,
    mover: Mover,
    pool: Pool,
    dirty: Dirty,
}

/// Brings a database to this program's schema and returns the versions applied.
///
/// # Errors
///
/// [`StoreError::NewerSchema`], [`StoreError::ChangedMigration`],
/// [`StoreError::Unavailable`] where the server is too old, the database has
/// another encoding than UTF-8 or cannot be reached, and whatever the server
/// answers.
pub async fn migrate(settings: &Settings) -> Result<Vec<u32>, StoreError> {
    let conn = Connector::new(settings)?.open().await?;
    Ok(prepared(&conn).await?)
}

/// Stores an invite in a database that daemons may have open.
///
/// # Errors
///
/// [`StoreError::Unavailable`] where there is no account yet (the first one is
/// the administrator's, by the daemon's own invite), and whatever the server
/// answers.
pub async fn create_invite(settings: &Settings, invite: &NewInvite) -> Result<(), StoreError> {
    let conn = Connector::new(settings)?.open().await?;
    if users::is_empty(&conn).await? {
        return Err(StoreError::Unavailable(
            "there is no account yet: make the first one with the invite that the daemon prints"
                .to_owned(),
        ));
    }
    invites::create(&conn, invite).await?;
    Ok(())
}

async fn prepared(conn: &ClientWrapper) -> Result<Vec<u32>, Fault> {
    connect::examine(conn).await?;
    schema::apply(conn, schema::MIGRATIONS).await
}

impl PostgresStore {
    /// Opens the store, brings it to this program's schema and starts its tasks
    /// on the runtime this is called on.
    ///
    /// # Errors
    ///
    /// See [`migrate`]; and [`StoreError::Unavailable`] where a move into the
    /// database is unfinished.
    pub async fn open(settings: &Settings, feed: Arc<dyn Feed>) -> Result<Self, StoreError> {
        Self::open_with(settings, feed, &Options::default()).await
    }

    /// The same with other than the default options.
    ///
    /// # Errors
    ///
    /// See [`open`](Self::open).
    pub async fn open_with(
        settings: &Settings,
        feed: Arc<dyn Feed>,
        options: &Options,
    ) -> Result<Self, StoreError> {
        let connector = Connector::new(settings)?;
        let conn = connector.open().await?;
        prepared(&conn).await?;
        schema::refuse_unfinished_move(&conn).await?;
        let fresh = Uuid::now_v7();
        let community = invites::setting_or_insert(&conn, "community", fresh.as_bytes()).await?;
        let community = Uuid::from_slice(&community)
            .map_err(|error| StoreError::Internal(format!("id of the community: {error}")))?;
        drop(conn);

        let pool = Pool::new(
            &connector,
            options.connections,
            options.operations,
            Handle::current(),
            Arc::clone(&feed),
        )?;
        let (queue, shards) = Queue::new(options.queue, options.queue_bytes);
        let (upkeep, full_blocks) = Upkeep::new();
        let (mover, moves) = Mover::new();
        let dirty = Dirty::default();
        let mut committers = Vec::with_capacity(shards.len());
        for jobs in shards {
            let committer = Committer::new(
                connector.clone(),
                connector.open().await?,
                Arc::clone(&feed),
                upkeep.clone(),
                dirty.clone(),
                queue.bytes(),
            );
            committers.push(committer.run(jobs));
        }
        for committer in committers {
            start(committer);
        }
        start(mover::run(pool.clone(), moves));
        start(upkeep::run(pool.clone(), full_blocks));
        Ok(Self {
            community,
            queue,
            mover,
            pool,
            dirty,
        })
    }
}

/// Starts a task of the store. A daemon that cannot write any more must not
/// look alive: after a panic in one of them it ends, and whoever supervises it
/// starts it anew. Everything acknowledged is on disk.
fn start(task: impl Future<Output = ()> + Send + 'static) {
    // Dropping the handle does not end the task.
    drop(tokio::spawn(async move {
        if AssertUnwindSafe(task).catch_unwind().await.is_err() {
            tracing::error!("a task of the store failed, the program ends");
            std::process::abort();
        }
    }));
}
