//! The back end of many nodes: one PostgreSQL database shared by all of them.
//!
//! Two tasks write to the chats, each to its share of them, in groups of one
//! round trip (`committer`, with the ways of appending in `lanes`); one moves
//! cursors (`mover`); everything else runs on a pool of connections (`pool`).
//! `connect` says what a connection is told, `schema` has the migrations, every
//! other file the statements of one noun.
//!
//! Nodes know nothing of each other here: the rows they lock, in the order that
//! the schema lays down, are all that is between them.

mod account;
mod answers;
mod chats;
mod committer;
mod connect;
mod cursors;
mod digests;
mod entries;
mod entry_row;
mod error;
mod invites;
mod lanes;
mod members;
mod mover;
mod nodes;
mod pool;
mod queue;
mod revisions;
pub mod schema;
mod sessions;
mod settings;
mod statements;
#[cfg(test)]
mod tests;
mod timestamp;
mod tls;
pub(super) mod transfer;
mod upkeep;
mod users;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use deadpool_postgres::ClientWrapper;
use futures_util::FutureExt;
use proto::digest::Digest;
use proto::entry::AccountEntry;
use proto::event::Head;
use proto::id::{ChatId, SessionId, UserId};
use proto::{Seq, UnixMillis};
use tokio::runtime::Handle;
use uuid::Uuid;

use self::committer::Committer;
use self::connect::Connector;
use self::error::Fault;
use self::members::{Addition, Removal};
use self::mover::Mover;
pub use self::nodes::{Lease, LeaseError, Node, Pace, UNKNOWN_BUS};
use self::pool::{Done, Pool};
use self::queue::Queue;
pub use self::settings::{Settings, SettingsError, TlsMode};
use self::upkeep::Upkeep;
use super::groups::Act;
use super::{
    Actor, Append, Appended, ChatNo, ChatRecord, Counts, CursorMove, CursorRecord, EntryPage, Feed,
    NewChat, NewInvite, NewSession, NewUser, Pending, Revisions, SessionRecord, Store, StoreError,
    UserNo, UserRecord,
};

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
/// [`Store::close`] also waits for that.
pub struct PostgresStore {
    community: Uuid,
    queue: Queue,
    mover: Mover,
    pool: Pool,
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
        let mut committers = Vec::with_capacity(shards.len());
        for jobs in shards {
            let committer = Committer::new(
                connector.clone(),
                connector.open().await?,
                Arc::clone(&feed),
                upkeep.clone(),
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

impl Store for PostgresStore {
    fn community(&self) -> Uuid {
        self.community
    }

    fn create_user(&self, user: NewUser, session: NewSession) -> Pending<UserRecord> {
        self.pool.write((user, session), |conn, (user, session)| {
            Box::pin(users::create(conn, user, session))
        })
    }

    fn user_by_login(&self, login: String) -> Pending<Option<UserRecord>> {
        self.pool
            .read(login, |conn, login| Box::pin(users::by_login(conn, login)))
    }

    fn users(&self, ids: Vec<UserId>, names: Vec<String>) -> Pending<Vec<UserRecord>> {
        self.pool.read((ids, names), |conn, (ids, names)| {
            Box::pin(users::find(conn, ids, names))
        })
    }

    fn search_users(&self, query: String, limit: u32) -> Pending<Vec<UserRecord>> {
        self.pool.read((query, limit), |conn, (query, limit)| {
            Box::pin(users::search(conn, query, *limit))
        })
    }

    fn is_empty(&self) -> Pending<bool> {
        self.pool
            .read((), |conn, ()| Box::pin(users::is_empty(conn)))
    }

    fn create_invite(&self, invite: NewInvite) -> Pending<()> {
        self.pool.write(invite, |conn, invite| {
            Box::pin(invites::create(conn, invite))
        })
    }

    fn has_admin_invite(&self) -> Pending<bool> {
        self.pool
            .read((), |conn, ()| Box::pin(invites::any_admin(conn)))
    }

    fn set_last_seen(&self, seen: Vec<(UserNo, UnixMillis)>) -> Pending<()> {
        self.pool.write(seen, |conn, seen| {
            Box::pin(users::set_last_seen(conn, seen))
        })
    }

    fn create_session(&self, user: UserNo, session: NewSession) -> Pending<()> {
        self.pool.write((user, session), |conn, (user, session)| {
            Box::pin(sessions::create(conn, *user, session))
        })
    }

    fn session(&self, id: SessionId) -> Pending<Option<(SessionRecord, UserRecord)>> {
        self.pool
            .read(id, |conn, id| Box::pin(sessions::get(conn, *id)))
    }

    fn sessions(&self, user: UserNo) -> Pending<Vec<SessionRecord>> {
        self.pool
            .read(user, |conn, user| Box::pin(sessions::of_user(conn, *user)))
    }

    fn touch_sessions(&self, used: Vec<(SessionId, UnixMillis)>) -> Pending<()> {
        self.pool
            .write(used, |conn, used| Box::pin(sessions::touch(conn, used)))
    }

    fn end_session(&self, user: UserNo, session: SessionId, at: UnixMillis) -> Pending<bool> {
        self.pool
            .write((user, session, at), |conn, &(user, session, at)| {
                Box::pin(sessions::end(conn, user, session, at))
            })
    }

    fn create_chat(&self, chat: NewChat) -> Pending<ChatRecord> {
        self.queue.create(chat)
    }

    fn chat(&self, id: ChatId) -> Pending<Option<ChatRecord>> {
        self.pool
            .read(id, |conn, id| Box::pin(chats::get(conn, *id)))
    }

    fn heads(&self, user: UserNo) -> Pending<(Seq, Vec<Head>)> {
        self.pool
            .read(user, |conn, user| Box::pin(chats::heads(conn, *user)))
    }

    fn head(&self, chat: ChatNo, user: UserNo) -> Pending<Option<Head>> {
        self.pool.read((chat, user), |conn, &(chat, user)| {
            Box::pin(chats::head(conn, chat, user))
        })
    }

    fn acquaintances(&self, user: UserNo, max_members: u32) -> Pending<Vec<UserRecord>> {
        self.pool
            .read((user, max_members), |conn, &(user, max_members)| {
                Box::pin(users::acquaintances(conn, user, max_members))
            })
    }

    fn add_members(&self, act: Act, users: Vec<Actor>) -> Pending<()> {
        self.queue.add(Addition {
            chat: act.chat,
            actor: act.actor,
            users,
            entry: act.entry,
            at: act.at,
        })
    }

    fn remove_member(&self, act: Act, user: Actor) -> Pending<()> {
        self.queue.remove(Removal {
            chat: act.chat,
            actor: act.actor,
            user,
            entry: act.entry,
            at: act.at,
        })
    }

    fn append(&self, append: Append) -> Result<Pending<Appended>, StoreError> {
        self.queue.append(append)
    }

    fn entries_after(
        &self,
        chat: ChatNo,
        after: Seq,
        limit: u32,
        max_bytes: usize,
    ) -> Pending<EntryPage> {
        self.pool.read(
            (chat, after, limit, max_bytes),
            |conn, &(chat, after, limit, max_bytes)| {
                Box::pin(entries::after(conn, chat, after, limit, max_bytes))
            },
        )
    }

    fn entries_before(
        &self,
        chat: ChatNo,
        _from: Seq,
        before: Option<Seq>,
        limit: u32,
        max_bytes: usize,
    ) -> Pending<EntryPage> {
        self.pool.read(
            (chat, before, limit, max_bytes),
            |conn, &(chat, before, limit, max_bytes)| {
                Box::pin(entries::before(conn, chat, before, limit, max_bytes))
            },
        )
    }

    fn digest(&self, chat: ChatNo, _from: Seq, upto: Seq) -> Pending<(Seq, Seq, Digest)> {
        let pool = self.pool.clone();
        let read = pool.read((chat, upto), |conn, &(chat, upto)| {
            Box::pin(digests::log(conn, chat, upto))
        });
        Box::pin(async move {
            let (upto, floor, digest, computed) = read.await?;
            if !computed.is_empty() {
                // Goes on by itself; a lost one is computed again.
                drop(pool.write((chat, computed), |conn, (chat, computed)| {
                    Box::pin(digests::keep(conn, *chat, computed))
                }));
            }
            Ok((upto, floor, digest))
        })
    }

    fn move_cursors(&self, moves: Vec<CursorMove>) -> Pending<Vec<CursorRecord>> {
        self.mover.advance(moves)
    }

    fn cursors(&self, chat: ChatNo) -> Pending<(Vec<CursorRecord>, u64)> {
        self.pool
            .read(chat, |conn, chat| Box::pin(cursors::of_chat(conn, *chat)))
    }

    fn counts(&self, chat: ChatNo, author: UserNo, seq: Seq) -> Pending<Counts> {
        self.pool
            .read((chat, author, seq), |conn, &(chat, author, seq)| {
                Box::pin(cursors::counts(conn, chat, author, seq))
            })
    }

    fn account_entries(
        &self,
        user: UserNo,
        after: Seq,
        limit: u32,
    ) -> Pending<(Vec<AccountEntry>, bool)> {
        self.pool
            .read((user, after, limit), |conn, &(user, after, limit)| {
                Box::pin(account::after(conn, user, after, limit))
            })
    }

    fn account_digest(&self, user: UserNo, upto: Seq) -> Pending<(Seq, Digest)> {
        self.pool.read((user, upto), |conn, &(user, upto)| {
            Box::pin(digests::account(conn, user, upto))
        })
    }

    fn revisions(
        &self,
        chats: Vec<ChatId>,
        users: Vec<UserId>,
        sessions: Vec<SessionId>,
    ) -> Pending<Revisions> {
        self.pool.read(
            (chats, users, sessions),
            |conn, (chats, users, sessions)| {
                Box::pin(revisions::find(conn, chats, users, sessions))
            },
        )
    }

    fn setting(&self, name: &'static str) -> Pending<Option<Vec<u8>>> {
        self.pool
            .read(name, |conn, name| Box::pin(invites::setting(conn, name)))
    }

    fn setting_or_insert(&self, name: &'static str, value: Vec<u8>) -> Pending<Vec<u8>> {
        self.pool.write((name, value), |conn, (name, value)| {
            Box::pin(async move {
                let holds = invites::setting_or_insert(conn, name, value).await?;
                Ok(Done::quiet(holds))
            })
        })
    }

    fn close(&self) -> Pending<()> {
        let mover = self.mover.close();
        let queue = self.queue.close();
        let pool = self.pool.clone();
        Box::pin(async move {
            mover.await?;
            queue.await?;
            pool.close().await
        })
    }
}
