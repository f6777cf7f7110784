//! The embedded back end: one SQLite database in WAL mode.
//!
//! One thread writes, in groups of one commit (`writer`); a few read beside it
//! (`readers`); one moves the log into the database and digests full blocks
//! behind them (`upkeep`). `schema` has the migrations, every other file the
//! statements of one noun.

mod account;
mod acts;
mod avatars;
mod changes;
mod chat_invites;
mod chat_list;
mod chats;
mod connection;
mod contacts;
mod cursors;
mod digests;
mod entries;
mod error;
mod expiry;
mod farewell;
mod found;
mod heads;
mod index;
mod invites;
mod members;
mod prefs;
mod profiles;
mod properties;
mod readers;
mod revisions;
mod roles;
pub mod schema;
mod search;
mod sessions;
#[cfg(test)]
mod tests;
mod timeline;
pub(super) mod transfer;
mod upkeep;
mod users;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::thread;

use bytes::Bytes;
use proto::digest::Digest;
use proto::entry::AccountEntry;
use proto::event::Head;
use proto::id::{ChatId, EntryId, SessionId, UserId};
use proto::request::{ChatPrefs, Role};
use proto::{Seq, UnixMillis};
use uuid::Uuid;

use self::connection::Source;
use self::index::Behind;
use self::readers::Readers;
use self::upkeep::Upkeep;
use self::writer::{Queue, Writer};
use super::changes::{FoundMessage, MessageChange, SearchFound, SearchQuery};
use super::groups::{
    Act, ChatChange, ChatInviteRecord, Door, NewChatInvite, PublicRecord, RaisedFloor,
};
use super::people::{AvatarRecord, ChosenStatus, ContactChange, ContactRecord, ProfileChange};
use super::timeline::{ListedChat, MessageRecord, Window};
use super::{
    Actor, Append, Appended, ChatNo, ChatRecord, Counts, CursorMove, CursorRecord, EntryPage, Feed,
    NewChat, NewInvite, NewSession, NewUser, Pending, Revisions, SessionRecord, Store, StoreError,
    UserNo, UserRecord,
};

/// How a store is opened; the default suits a daemon.
#[derive(Debug, Clone)]
pub struct Options {
    /// Name of a registered VFS; SQLite's own where none is given.
    pub vfs: Option<String>,
    /// Writes that may wait.
    pub queue: usize,
    /// Bytes of entries' bodies that may wait.
    pub queue_bytes: usize,
    /// Threads that read.
    pub readers: usize,
    /// Reads that may wait.
    pub read_queue: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            vfs: None,
            queue: 16_384,
            queue_bytes: 64 * 1024 * 1024,
            readers: 3,
            read_queue: 16_384,
        }
    }
}

/// A store in one file (and the two that SQLite keeps beside it). Dropping it
/// lets the threads finish what is queued; [`Store::close`] also waits for
/// that.
pub struct SqliteStore {
    community: Uuid,
    queue: Queue,
    readers: Readers,
    upkeep: Upkeep,
    behind: Arc<Behind>,
}

/// Brings a database to this program's schema, creating it where there is none,
/// and returns the versions applied.
///
/// # Errors
///
/// [`StoreError::NewerSchema`], [`StoreError::ChangedMigration`], and whatever
/// the file answers.
pub fn migrate(path: &Path) -> Result<Vec<u32>, StoreError> {
    let mut conn = Source::new(path, &Options::default()).writer()?;
    schema::apply(&mut conn, schema::MIGRATIONS)
}

/// Stores an invite in a database that a daemon may have open.
///
/// # Errors
///
/// [`StoreError::Unavailable`] where there is no database or no account yet
/// (the first one is the administrator's, by the daemon's own invite), and
/// whatever the file answers.
pub fn create_invite(path: &Path, invite: &NewInvite) -> Result<(), StoreError> {
    if !path.exists() {
        return Err(StoreError::Unavailable(format!(
            "there is no {}: start the daemon once",
            path.display()
        )));
    }
    let conn = Source::new(path, &Options::default()).writer()?;
    if users::is_empty(&conn)? {
        return Err(StoreError::Unavailable(
            "there is no account yet: make the first one with the invite that the daemon prints"
                .to_owned(),
        ));
    }
    invites::create(&conn, invite)
}

impl SqliteStore {
    /// Opens or creates the store, brings it to this program's schema and
    /// starts its threads.
    ///
    /// # Errors
    ///
    /// See [`migrate`].
    pub fn open(path: &Path, feed: Arc<dyn Feed>) -> Result<Self, StoreError> {
        Self::open_with(path, feed, &Options::default())
    }

    /// The same with other than the default options.
    ///
    /// # Errors
    ///
    /// See [`migrate`].
    pub fn open_with(
        path: &Path,
        feed: Arc<dyn Feed>,
        options: &Options,
    ) -> Result<Self, StoreError> {
        let source = Source::new(path, options);
        let mut conn = source.writer()?;
        schema::apply(&mut conn, schema::MIGRATIONS)?;
        schema::refuse_unfinished_move(&conn)?;
        let fresh = Uuid::now_v7();
        let community = invites::setting_or_insert(&conn, "community", fresh.as_bytes())?;
        let community = Uuid::from_slice(&community)
            .map_err(|error| StoreError::Internal(format!("id of the community: {error}")))?;
        let (queue, jobs) = Queue::new(options.queue, options.queue_bytes);
        let (upkeep, worker) = Upkeep::new(&source)?;
        let behind = Arc::new(Behind::default());
        let readers = Readers::start(&source, options.readers, options.read_queue)?;
        worker.start(queue.downgrade())?;
        let writer = Writer::new(conn, feed, upkeep.clone(), Arc::clone(&behind), &queue);
        thread::Builder::new()
            .name("store-write".to_owned())
            .spawn(move || {
                let _guard = EndWithWriter;
                writer.run(jobs);
            })
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self {
            community,
            queue,
            readers,
            upkeep,
            behind,
        })
    }
}

/// A daemon that cannot write any more must not look alive: after a panic on
/// the writer it ends, and whoever supervises it starts it anew. Everything
/// acknowledged is on disk.
struct EndWithWriter;

impl Drop for EndWithWriter {
    fn drop(&mut self) {
        if thread::panicking() {
            tracing::error!("the store's writer failed, the program ends");
            std::process::abort();
        }
    }
}

impl Store for SqliteStore {
    fn community(&self) -> Uuid {
        self.community
    }

    fn create_user(&self, user: NewUser, session: NewSession) -> Pending<UserRecord> {
        self.queue.write(|tx| users::create(tx, user, session))
    }

    fn user_by_login(&self, login: String) -> Pending<Option<UserRecord>> {
        self.readers
            .read(move |reader| users::by_login(&reader.conn, &login))
    }

    fn users(&self, ids: Vec<UserId>, names: Vec<String>) -> Pending<Vec<UserRecord>> {
        self.readers
            .read(move |reader| users::find(&reader.conn, &ids, &names))
    }

    fn search_users(&self, query: String, limit: u32) -> Pending<Vec<UserRecord>> {
        self.readers
            .read(move |reader| users::search(&reader.conn, &query, limit))
    }

    fn list_users(
        &self,
        query: String,
        except: UserNo,
        limit: u32,
        offset: u32,
    ) -> Pending<Vec<UserRecord>> {
        self.readers
            .read(move |reader| users::list(&reader.conn, &query, except, limit, offset))
    }

    fn is_empty(&self) -> Pending<bool> {
        self.readers.read(|reader| users::is_empty(&reader.conn))
    }

    fn create_invite(&self, invite: NewInvite) -> Pending<()> {
        self.queue
            .write(move |tx| invites::create(tx.conn, &invite))
    }

    fn has_admin_invite(&self) -> Pending<bool> {
        self.readers.read(|reader| invites::any_admin(&reader.conn))
    }

    fn set_last_seen(&self, seen: Vec<(UserNo, UnixMillis)>) -> Pending<()> {
        self.queue
            .write(move |tx| users::set_last_seen(tx.conn, &seen))
    }

    fn set_password(
        &self,
        user: Actor,
        password_hash: String,
        keep: SessionId,
        at: UnixMillis,
    ) -> Pending<()> {
        self.queue
            .write(move |tx| profiles::set_password(tx, user, &password_hash, keep, at))
    }

    fn set_profile(
        &self,
        user: Actor,
        change: ProfileChange,
        at: UnixMillis,
    ) -> Pending<UserRecord> {
        self.queue
            .write(move |tx| profiles::set(tx, user, change, at))
    }

    fn set_status(&self, user: Actor, status: ChosenStatus, at: UnixMillis) -> Pending<UserRecord> {
        self.queue
            .write(move |tx| profiles::set_status(tx, user, &status, at))
    }

    fn put_avatar(&self, avatar: AvatarRecord) -> Pending<()> {
        self.queue.write(move |tx| avatars::put(tx.conn, &avatar))
    }

    fn avatar(&self, hash: Digest) -> Pending<Option<(String, Bytes)>> {
        self.readers
            .read(move |reader| avatars::get(&reader.conn, hash))
    }

    fn set_user_avatar(
        &self,
        user: Actor,
        avatar: Option<Digest>,
        url: String,
        at: UnixMillis,
    ) -> Pending<UserRecord> {
        self.queue
            .write(move |tx| profiles::set_avatar(tx, user, avatar, &url, at))
    }

    fn delete_user(&self, user: Actor, at: UnixMillis) -> Pending<()> {
        self.queue.write(move |tx| farewell::delete(tx, user, at))
    }

    fn contacts(&self, user: UserNo) -> Pending<Vec<ContactRecord>> {
        self.readers
            .read(move |reader| contacts::of_user(&reader.conn, user))
    }

    fn change_contact(
        &self,
        owner: Actor,
        other: Actor,
        change: ContactChange,
        at: UnixMillis,
    ) -> Pending<ContactRecord> {
        self.queue
            .write(move |tx| contacts::change(tx, owner, other, change, at))
    }

    fn blocked_among(&self, user: UserNo, others: Vec<UserNo>) -> Pending<Vec<UserNo>> {
        self.readers
            .read(move |reader| contacts::blocked_among(&reader.conn, user, &others))
    }

    fn create_session(&self, user: UserNo, session: NewSession) -> Pending<()> {
        self.queue
            .write(move |tx| users::sign_in(tx, user, &session))
    }

    fn session(&self, id: SessionId) -> Pending<Option<(SessionRecord, UserRecord)>> {
        self.readers
            .read(move |reader| sessions::get(&reader.conn, id, schema::now()))
    }

    fn sessions(&self, user: UserNo) -> Pending<Vec<SessionRecord>> {
        self.readers
            .read(move |reader| sessions::of_user(&reader.conn, user, schema::now()))
    }

    fn touch_sessions(&self, used: Vec<(SessionId, UnixMillis)>) -> Pending<()> {
        self.queue.write(move |tx| sessions::touch(tx.conn, &used))
    }

    fn end_session(&self, user: UserNo, session: SessionId, at: UnixMillis) -> Pending<bool> {
        self.queue
            .write(move |tx| users::sign_out(tx, user, session, at))
    }

    fn create_chat(&self, chat: NewChat) -> Pending<ChatRecord> {
        self.queue.write(|tx| chats::create(tx, chat))
    }

    fn chat(&self, id: ChatId) -> Pending<Option<ChatRecord>> {
        self.readers
            .read(move |reader| reader.snapshot(|reader| chats::get(&reader.conn, id)))
    }

    fn heads(&self, user: UserNo) -> Pending<(Seq, Vec<Head>)> {
        self.readers.read(move |reader| chats::heads(reader, user))
    }

    fn head(&self, chat: ChatNo, user: UserNo) -> Pending<Option<Head>> {
        self.readers
            .read(move |reader| chats::head(&reader.conn, chat, user))
    }

    fn chat_list(&self, user: UserNo, public: u32, members: u32) -> Pending<Vec<ListedChat>> {
        self.readers
            .read(move |reader| chat_list::list(reader, user, public, members))
    }

    fn private_chat(&self, one: UserNo, other: UserNo) -> Pending<Option<ChatId>> {
        self.readers
            .read(move |reader| chats::private(&reader.conn, one, other))
    }

    fn acquaintances(&self, user: UserNo, max_members: u32) -> Pending<Vec<UserRecord>> {
        self.readers
            .read(move |reader| contacts::acquaintances(&reader.conn, user, max_members))
    }

    fn add_members(&self, act: Act, users: Vec<Actor>) -> Pending<()> {
        self.queue.write(move |tx| members::add(tx, &act, &users))
    }

    fn remove_member(&self, act: Act, user: Actor) -> Pending<()> {
        self.queue.write(move |tx| members::remove(tx, &act, user))
    }

    fn join(&self, act: Act, door: Door) -> Pending<()> {
        self.queue.write(move |tx| members::join(tx, &act, &door))
    }

    fn change_chat(&self, act: Act, change: ChatChange) -> Pending<()> {
        self.queue
            .write(move |tx| properties::change(tx, &act, &change))
    }

    fn set_role(&self, act: Act, user: Actor, role: Role) -> Pending<()> {
        self.queue.write(move |tx| roles::set(tx, &act, user, role))
    }

    fn mute_member(&self, act: Act, user: Actor, until: UnixMillis) -> Pending<()> {
        self.queue
            .write(move |tx| roles::mute(tx, &act, user, until))
    }

    fn ban_member(&self, act: Act, user: Actor, on: bool) -> Pending<()> {
        self.queue.write(move |tx| roles::ban(tx, &act, user, on))
    }

    fn delete_chat(&self, act: Act) -> Pending<()> {
        self.queue.write(move |tx| properties::delete(tx, &act))
    }

    fn directory(
        &self,
        user: UserNo,
        query: String,
        limit: u32,
        offset: u32,
    ) -> Pending<(Vec<PublicRecord>, bool)> {
        self.readers
            .read(move |reader| prefs::directory(&reader.conn, user, &query, limit, offset))
    }

    fn chat_prefs(&self, chat: ChatNo, user: UserNo) -> Pending<Option<ChatPrefs>> {
        self.readers
            .read(move |reader| prefs::get(&reader.conn, chat, user))
    }

    fn set_chat_prefs(
        &self,
        chat: ChatNo,
        user: Actor,
        prefs: ChatPrefs,
        at: UnixMillis,
    ) -> Pending<()> {
        self.queue
            .write(move |tx| prefs::set(tx, chat, user, prefs, at))
    }

    fn create_chat_invite(&self, invite: NewChatInvite) -> Pending<ChatInviteRecord> {
        self.queue
            .write(move |tx| chat_invites::create(tx, &invite))
    }

    fn chat_invites(&self, chat: ChatNo, at: UnixMillis) -> Pending<Vec<ChatInviteRecord>> {
        self.readers
            .read(move |reader| chat_invites::of_chat(&reader.conn, chat, at))
    }

    fn chat_invite(&self, token: String, at: UnixMillis) -> Pending<Option<ChatInviteRecord>> {
        self.readers
            .read(move |reader| chat_invites::by_token(&reader.conn, &token, at))
    }

    fn revoke_chat_invite(&self, chat: ChatNo, id: Uuid) -> Pending<bool> {
        self.queue
            .write(move |tx| chat_invites::revoke(tx.conn, chat, id))
    }

    fn expire_entries(&self, now: UnixMillis, limit: u32) -> Pending<(Vec<RaisedFloor>, bool)> {
        let plan = self
            .readers
            .read(move |reader| reader.snapshot(|reader| expiry::plan(&reader.conn, now, limit)));
        let queue = self.queue.downgrade();
        Box::pin(async move {
            let (steps, more) = plan.await?;
            if steps.is_empty() {
                return Ok((Vec::new(), more));
            }
            let queue = queue.upgrade().ok_or_else(error::closed)?;
            let raised = queue.write(move |tx| expiry::apply(tx, &steps)).await?;
            Ok((raised, more))
        })
    }

    fn append(&self, append: Append) -> Result<Pending<Appended>, StoreError> {
        self.queue.append(append)
    }

    fn change_message(&self, change: MessageChange) -> Pending<Appended> {
        self.queue.write(move |tx| changes::apply(tx, change))
    }

    fn entry(&self, chat: ChatNo, seq: Seq) -> Pending<Option<FoundMessage>> {
        self.readers
            .read(move |reader| found::entry(reader, chat, seq))
    }

    fn messages(
        &self,
        chat: ChatNo,
        from: Seq,
        window: Window,
        limit: u32,
    ) -> Pending<(Vec<MessageRecord>, bool)> {
        self.readers
            .read(move |reader| timeline::page(reader, chat, from, window, limit))
    }

    fn messages_at(&self, chat: ChatNo, seqs: Vec<Seq>) -> Pending<Vec<MessageRecord>> {
        self.readers
            .read(move |reader| timeline::at(reader, chat, seqs))
    }

    fn message(&self, id: EntryId) -> Pending<Option<MessageRecord>> {
        self.readers.read(move |reader| timeline::by_id(reader, id))
    }

    fn pins(&self, chat: ChatNo) -> Pending<Vec<FoundMessage>> {
        self.readers.read(move |reader| found::pins(reader, chat))
    }

    fn search(&self, query: SearchQuery) -> Pending<SearchFound> {
        self.readers
            .read(move |reader| search::search(reader, &query))
    }

    fn index_entries(&self, limit: u32) -> Pending<bool> {
        let behind = Arc::clone(&self.behind);
        let scan =
            (!behind.is_scanned()).then(|| self.readers.read(|reader| index::scan(&reader.conn)));
        let queue = self.queue.downgrade();
        Box::pin(async move {
            if let Some(scan) = scan {
                behind.scanned(scan.await?);
            }
            index::fill_all(&behind, &queue, limit).await?;
            Ok(!behind.is_empty())
        })
    }

    fn entries_after(
        &self,
        chat: ChatNo,
        after: Seq,
        limit: u32,
        max_bytes: usize,
    ) -> Pending<EntryPage> {
        self.readers
            .read(move |reader| entries::after(reader, chat, after, limit, max_bytes))
    }

    fn entries_before(
        &self,
        chat: ChatNo,
        from: Seq,
        before: Option<Seq>,
        limit: u32,
        max_bytes: usize,
    ) -> Pending<EntryPage> {
        self.readers
            .read(move |reader| entries::before(reader, chat, from, before, limit, max_bytes))
    }

    fn digest(&self, chat: ChatNo, from: Seq, upto: Seq) -> Pending<(Seq, Seq, Digest)> {
        let queue = self.queue.downgrade();
        self.readers.read(move |reader| {
            let (upto, floor, digest, computed) =
                reader.snapshot(|reader| digests::log(&reader.conn, chat, from, upto))?;
            if !computed.is_empty()
                && let Some(queue) = queue.upgrade()
            {
                digests::keep(&queue, chat, computed);
            }
            Ok((upto, floor, digest))
        })
    }

    fn move_cursors(&self, moves: Vec<CursorMove>) -> Pending<Vec<CursorRecord>> {
        self.queue.write(move |tx| cursors::advance(tx, &moves))
    }

    fn cursors(&self, chat: ChatNo) -> Pending<(Vec<CursorRecord>, u64)> {
        self.readers
            .read(move |reader| cursors::of_chat(reader, chat))
    }

    fn counts(&self, chat: ChatNo, author: UserNo, seq: Seq) -> Pending<Counts> {
        self.readers
            .read(move |reader| cursors::counts(&reader.conn, chat, author, seq))
    }

    fn account_entries(
        &self,
        user: UserNo,
        after: Seq,
        limit: u32,
    ) -> Pending<(Vec<AccountEntry>, bool)> {
        self.readers
            .read(move |reader| account::after(&reader.conn, user, after, limit))
    }

    fn account_digest(&self, user: UserNo, upto: Seq) -> Pending<(Seq, Digest)> {
        self.readers
            .read(move |reader| reader.snapshot(|reader| digests::account(reader, user, upto)))
    }

    fn revisions(
        &self,
        chats: Vec<ChatId>,
        users: Vec<UserId>,
        sessions: Vec<SessionId>,
    ) -> Pending<Revisions> {
        self.readers
            .read(move |reader| revisions::find(reader, &chats, &users, &sessions, schema::now()))
    }

    fn setting(&self, name: &'static str) -> Pending<Option<Vec<u8>>> {
        self.readers
            .read(move |reader| invites::setting(&reader.conn, name))
    }

    fn setting_or_insert(&self, name: &'static str, value: Vec<u8>) -> Pending<Vec<u8>> {
        self.queue
            .write(move |tx| invites::setting_or_insert(tx.conn, name, &value))
    }

    fn close(&self) -> Pending<()> {
        let upkeep = self.upkeep.close();
        let readers = self.readers.close();
        let writer = self.queue.close();
        Box::pin(async move {
            readers.await?;
            upkeep.await?;
            // Last: closing the last connection empties the log.
            writer.await
        })
    }
}
