//! The client behind the TUI and the command line.
//!
//! [`Client`] is a cheap handle; [`Client::open`] starts the parts behind it
//! and returns the receiver of [`ClientEvent`]s. What is *shown* is always read
//! from the local cache ([`Client::chats`], [`Client::timeline`] …), which
//! answers without the network; an event only says what to read anew. What is
//! *typed* goes to a durable outbox ([`Client::send`]) and is on its way
//! whenever the server is reached. No method blocks the calling thread.
//!
//! ```no_run
//! # async fn show() -> Result<(), mchat::client::ClientError> {
//! use mchat::client::{Client, Options, model::{Anchor, ClientEvent}};
//!
//! let (client, mut events) = Client::open(Options::new("/tmp/profile")).await?;
//! for chat in client.chats().await? {
//!     let page = client.timeline(chat.id, Anchor::Latest, 50).await?;
//! }
//! while let Some(event) = events.recv().await {
//!     if let ClientEvent::Entries { chat, .. } = event { /* read anew */ }
//! }
//! # Ok(()) }
//! ```
//!
//! Inside: [`core`] decides and knows neither clock nor socket, `driver` is the
//! task that feeds it, [`conn`] makes connections, [`cache`] is the database.

pub mod address;
pub mod cache;
pub mod conn;
pub mod core;
mod drain;
mod driver;
mod error;
pub mod model;
mod nodes;
mod options;
mod random;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use proto::codec::Frame;
use proto::error::{ErrorCode, WireError};
use proto::event::Presence;
use proto::id::{ChatId, EntryId, UserId};
use proto::request::{self, Call, ChatInfo, ChatKind, SessionInfo, User};
use proto::text::{ChatName, DeviceName, Email, MessageText, Password, Token, Username};
use proto::{Seq, UnixMillis, limits};
use tokio::sync::{mpsc, oneshot, watch};

pub use self::address::ServerAddress;
pub use self::conn::Fingerprint;
pub use self::error::ClientError;
pub use self::options::Options;

use self::cache::Cache;
use self::driver::Command;
use self::model::{
    AccountRow, Anchor, ChatRow, ClientEvent, EntryRow, Link, OutboxRow, OutboxState, Timeline,
};

/// Receives what happens, in order. Dropping it is harmless.
pub type Events = mpsc::UnboundedReceiver<ClientEvent>;

/// What became of a message from the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is stored on the server, at this position where it is known.
    Stored(Option<Seq>),
    /// It was refused for good and stays in the outbox as failed.
    Failed(WireError),
    /// It was discarded.
    Discarded,
}

/// What `sync --verify` found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// Chats that were compared.
    pub chats: u64,
    /// Entries that were compared.
    pub entries: u64,
    /// What differs, in words for developers; empty where all is the same.
    pub differences: Vec<String>,
}

/// A new account.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The wanted name.
    pub username: Username,
    /// The password.
    pub password: Password,
    /// Optional.
    pub email: Option<Email>,
    /// Needed where registration is by invite.
    pub invite: Option<Token>,
}

/// What the handle and the driver both see, beside the cache.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) account: Option<AccountRow>,
    pub(crate) presence: HashMap<UserId, Presence>,
    /// Messages of the outbox that are on their way from this process.
    pub(crate) sending: std::collections::HashSet<EntryId>,
    /// Why the server did not take some of them for now.
    pub(crate) held_back: HashMap<EntryId, WireError>,
}

/// The client. Cheap to clone; the connection ends with [`Client::close`] or
/// when the last clone is dropped.
#[derive(Clone)]
pub struct Client {
    cache: Cache,
    commands: mpsc::UnboundedSender<Command>,
    link: watch::Receiver<Link>,
    shared: Arc<Mutex<Shared>>,
    device: DeviceName,
}

impl Client {
    /// Opens a profile and, where `options` has a server, starts connecting.
    /// Needs a tokio runtime with time and I/O; returns as soon as the cache is
    /// open, before the network answers.
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`] where the profile cannot be opened.
    pub async fn open(options: Options) -> Result<(Self, Events), ClientError> {
        driver::start(options).await
    }

    // The connection

    /// State of the connection now.
    pub fn link(&self) -> Link {
        self.link.borrow().clone()
    }

    /// To await changes of the connection.
    pub fn watch_link(&self) -> watch::Receiver<Link> {
        self.link.clone()
    }

    /// Waits until the connection is up ([`Link::Online`], or
    /// [`Link::SignedOut`] where `signed_out_will_do`).
    ///
    /// # Errors
    ///
    /// [`ClientError::Offline`] at the first failed attempt where `fail_fast`;
    /// [`ClientError::Refused`] and [`ClientError::SignedOut`] always. There is
    /// no time-out: the caller wraps it.
    pub async fn connected(
        &self,
        signed_out_will_do: bool,
        fail_fast: bool,
    ) -> Result<Link, ClientError> {
        let mut link = self.link.clone();
        loop {
            let now = link.borrow_and_update().clone();
            match now {
                Link::Online { .. } => return Ok(now),
                Link::SignedOut { .. } if signed_out_will_do => return Ok(now),
                Link::SignedOut { .. } => return Err(ClientError::SignedOut),
                Link::Refused { why } => return Err(ClientError::Refused(why)),
                Link::Offline { reason, .. } if fail_fast => {
                    return Err(ClientError::Offline(reason));
                }
                Link::Connecting | Link::Offline { .. } => {}
            }
            link.changed().await.map_err(|_| ClientError::Closed)?;
        }
    }

    /// Connects to this server from now on and remembers it once it answered.
    pub fn use_server(&self, server: ServerAddress) {
        self.tell(Command::UseServer(server));
    }

    /// Trusts the key with this fingerprint (as shown by
    /// [`Refusal`](model::Refusal)) for the current server, pins it and
    /// connects.
    pub fn trust(&self, shown: Fingerprint) {
        self.tell(Command::Trust(shown));
    }

    /// Tries again now instead of after the back-off.
    pub fn reconnect(&self) {
        self.tell(Command::Reconnect);
    }

    /// Ends the connection in order and waits for it.
    pub async fn close(&self) {
        let (reply, done) = oneshot::channel();
        self.tell(Command::Close(reply));
        // An error means that the driver has ended already.
        let _ = done.await;
    }

    // Accounts

    /// The signed-in account, as far as this profile knows, online or not.
    pub fn account(&self) -> Option<AccountRow> {
        self.shared().account.clone()
    }

    /// Creates an account and signs in.
    ///
    /// # Errors
    ///
    /// [`ClientError::Server`] with the server's refusal.
    pub async fn register(&self, new: Registration) -> Result<AccountRow, ClientError> {
        self.may_become(Some(new.username.as_str())).await?;
        self.call(request::Register {
            username: new.username,
            password: new.password,
            email: new.email,
            invite: new.invite,
            device: self.device.clone(),
        })
        .await?;
        self.signed_in().await
    }

    /// Signs in by user name or e-mail address.
    ///
    /// # Errors
    ///
    /// [`ClientError::Server`] with the server's refusal;
    /// [`ClientError::OtherAccount`] where the profile holds unsent messages of
    /// somebody else.
    pub async fn login(&self, login: &str, password: Password) -> Result<AccountRow, ClientError> {
        let name = (!login.contains('@')).then_some(login);
        self.may_become(name).await?;
        self.call(request::Login {
            login: login.to_owned(),
            password,
            device: self.device.clone(),
        })
        .await?;
        self.signed_in().await
    }

    /// Ends this device's session, and forgets what the profile cached unless
    /// unsent messages wait in it.
    ///
    /// # Errors
    ///
    /// [`ClientError::SignedOut`], or why the server was not told.
    pub async fn logout(&self) -> Result<(), ClientError> {
        if self.account().is_none() {
            return Err(ClientError::SignedOut);
        }
        self.call(request::Logout {}).await?;
        let (reply, done) = oneshot::channel();
        self.tell(Command::SignOut(reply));
        done.await.map_err(|_| ClientError::Closed)?
    }

    /// The account's signed-in devices.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn sessions(&self) -> Result<Vec<SessionInfo>, ClientError> {
        Ok(self.call(request::Sessions {}).await?.sessions)
    }

    // What the cache shows

    /// All chats, latest first. O(chats), without the network.
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn chats(&self) -> Result<Vec<ChatRow>, ClientError> {
        self.cache.read(|db| db.chats()).await
    }

    /// One chat, without the network; `None` where it is not known.
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn chat(&self, chat: ChatId) -> Result<Option<ChatRow>, ClientError> {
        self.cache.read(move |db| db.chat(chat)).await
    }

    /// Up to `limit` entries of a chat with its outbox, members and cursors.
    /// O(limit + members), without the network. A chat that is not known is an
    /// empty one.
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn timeline(
        &self,
        chat: ChatId,
        anchor: Anchor,
        limit: u32,
    ) -> Result<Timeline, ClientError> {
        let mut timeline = self
            .cache
            .read(move |db| db.timeline(chat, anchor, limit))
            .await?;
        self.show_sending(&mut timeline.outbox);
        Ok(timeline)
    }

    /// Entries by arrival in this profile, after an ordinal, oldest first, of
    /// one chat or of all. Entries loaded by scrolling back are left out.
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn arrivals(
        &self,
        after: u64,
        chat: Option<ChatId>,
        limit: u32,
    ) -> Result<Vec<EntryRow>, ClientError> {
        self.cache
            .read(move |db| db.arrivals(after, chat, limit))
            .await
    }

    /// How many chats and entries are cached.
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn counts(&self) -> Result<(u64, u64), ClientError> {
        self.cache.read(|db| db.counts()).await
    }

    /// The latest arrival ordinal; 0 where nothing is cached.
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn last_arrival(&self) -> Result<u64, ClientError> {
        self.cache.read(|db| db.last_arrival()).await
    }

    /// Everything in the outbox, oldest first.
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn outbox(&self) -> Result<Vec<OutboxRow>, ClientError> {
        let mut rows = self.cache.read(|db| db.outbox(None)).await?;
        self.show_sending(&mut rows);
        Ok(rows)
    }

    /// People known by name from the cache: exact match, case folded.
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn cached_user(&self, name: &str) -> Result<Option<User>, ClientError> {
        let name = name.to_owned();
        self.cache.read(move |db| db.user_by_name(&name)).await
    }

    /// Who is there, as last heard; empty while offline.
    pub fn presence(&self) -> HashMap<UserId, Presence> {
        self.shared().presence.clone()
    }

    // Chats

    /// Says which chat is on the screen: it is caught up before all others and
    /// its members' cursors are kept current.
    pub fn open_chat(&self, chat: Option<ChatId>) {
        self.tell(Command::OpenChat(chat));
    }

    /// Fetches a page of entries older than those cached into the cache
    /// ([`ClientEvent::Entries`] follows before this returns); true where the
    /// server has still older ones.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn load_older(&self, chat: ChatId) -> Result<bool, ClientError> {
        let (reply, done) = oneshot::channel();
        self.tell(Command::LoadOlder { chat, reply });
        done.await.map_err(|_| ClientError::Closed)?
    }

    /// Makes a group, or the private chat with one person (oneself for notes),
    /// or finds the private chat that exists.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn create_chat(
        &self,
        kind: ChatKind,
        name: Option<ChatName>,
        members: Vec<UserId>,
    ) -> Result<ChatId, ClientError> {
        let info = self
            .call(request::CreateChat {
                id: ChatId::generate(),
                kind,
                name,
                members,
            })
            .await?;
        self.learn(info).await
    }

    /// The private chat with somebody: from the cache, else from the server,
    /// which makes it where there is none.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn private_chat(&self, user: UserId) -> Result<ChatId, ClientError> {
        if let Some(chat) = self.cache.read(move |db| db.private_chat(user)).await? {
            return Ok(chat);
        }
        self.create_chat(ChatKind::Private, None, vec![user]).await
    }

    /// Adds people to a group.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn add_members(&self, chat: ChatId, users: Vec<UserId>) -> Result<(), ClientError> {
        self.call(request::AddMembers { chat, users }).await?;
        Ok(())
    }

    /// Removes somebody from a group, or leaves it.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn remove_member(&self, chat: ChatId, user: UserId) -> Result<(), ClientError> {
        self.call(request::RemoveMember { chat, user }).await?;
        Ok(())
    }

    // Writing

    /// Puts a message into the outbox. When this returns it is on disk and will
    /// be delivered exactly once, by this process or by a later one. `id`: a
    /// fresh one unless given.
    ///
    /// # Errors
    ///
    /// [`ClientError::Invalid`] where the text is empty or too long,
    /// [`ClientError::SignedOut`] where nobody ever signed in,
    /// [`ClientError::Cache`].
    pub async fn send(
        &self,
        chat: ChatId,
        text: &str,
        reply_to: Option<Seq>,
        id: Option<EntryId>,
    ) -> Result<EntryId, ClientError> {
        let text = MessageText::try_from(text)?;
        if self.account().is_none() {
            return Err(ClientError::SignedOut);
        }
        let row = OutboxRow {
            id: id.unwrap_or_else(EntryId::generate),
            chat,
            text: text.into(),
            reply_to,
            at: unix_now(),
            state: OutboxState::Queued,
        };
        let id = row.id;
        self.cache.write(move |db| db.enqueue(&row)).await?;
        self.tell(Command::Queued(chat));
        Ok(id)
    }

    /// Why the server did not take a message of the outbox when this process
    /// last tried, where it said so and has not been asked again since.
    pub fn held_back(&self, id: EntryId) -> Option<WireError> {
        self.shared().held_back.get(&id).cloned()
    }

    /// Waits until a message of the outbox has come to its end, whichever
    /// process brings it there. There is no time-out: the caller wraps it.
    ///
    /// # Errors
    ///
    /// [`ClientError::Closed`].
    pub async fn outcome(&self, id: EntryId) -> Result<Outcome, ClientError> {
        let (reply, done) = oneshot::channel();
        self.tell(Command::Await { id, reply });
        done.await.map_err(|_| ClientError::Closed)
    }

    /// Queues a failed message again.
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn retry(&self, id: EntryId) -> Result<(), ClientError> {
        if let Some(chat) = self.cache.write(move |db| db.requeue(id)).await? {
            self.tell(Command::Queued(chat));
        }
        Ok(())
    }

    /// Takes a failed message out of the outbox; true where it was there. One
    /// that is not failed may be on its way and stays.
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn discard(&self, id: EntryId) -> Result<bool, ClientError> {
        let chat = self.cache.write(move |db| db.discard(id)).await?;
        if let Some(chat) = chat {
            self.tell(Command::Discarded { id, chat });
        }
        Ok(chat.is_some())
    }

    /// Moves the own read cursor, at once in the cache and, coalesced, on the
    /// server (also later, when offline now).
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn mark_read(&self, chat: ChatId, upto: Seq) -> Result<(), ClientError> {
        if self.cache.write(move |db| db.mark_read(chat, upto)).await? {
            self.tell(Command::MarkRead { chat, upto });
        }
        Ok(())
    }

    /// Says that the person is typing in a chat or has stopped; to be called at
    /// each key, it is sent at most every 3 s.
    pub fn typing(&self, chat: ChatId, on: bool) {
        self.tell(Command::Typing { chat, on });
    }

    // People

    /// Finds people whose name begins with or contains a text.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn search_users(&self, query: &str) -> Result<Vec<User>, ClientError> {
        let found = self
            .call(request::SearchUsers {
                query: query.to_owned(),
                limit: limits::SEARCH_RESULTS,
            })
            .await?;
        Ok(found.users)
    }

    /// Looks somebody up by exact name (with or without `@`): in the cache,
    /// else on the server.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call); nobody of that name is
    /// [`ErrorCode::NotFound`].
    pub async fn user(&self, name: &str) -> Result<User, ClientError> {
        let name = name.strip_prefix('@').unwrap_or(name);
        if let Some(user) = self.cached_user(name).await? {
            return Ok(user);
        }
        let found = self
            .call(request::Users {
                ids: Vec::new(),
                names: vec![name.to_owned()],
            })
            .await?;
        let Some(user) = found.users.into_iter().next() else {
            return Err(ClientError::Server(ErrorCode::NotFound.into()));
        };
        let kept = user.clone();
        self.cache.write(move |db| db.put_users(&[kept])).await?;
        Ok(user)
    }

    // Synchronisation

    /// Brings the heads of all chats into the cache, so that the chat list and
    /// the unread counts are current.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn refresh(&self) -> Result<(), ClientError> {
        self.sync_to(core::Depth::Heads).await
    }

    /// Brings everything new into the cache; with `full` also everything old,
    /// down to each chat's floor.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn sync(&self, full: bool) -> Result<(), ClientError> {
        self.sync_to(if full {
            core::Depth::Full
        } else {
            core::Depth::CatchUp
        })
        .await
    }

    /// Compares the cache with the server: logs by digest, cursors, account
    /// log. To be called after [`sync`](Self::sync)`(true)`.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn verify(&self) -> Result<Verified, ClientError> {
        cache::verify::run(self).await
    }

    /// Asks the server anything. While connecting it waits for the connection.
    ///
    /// # Errors
    ///
    /// [`ClientError::Server`] with the refusal, [`ClientError::Offline`],
    /// [`ClientError::Refused`], [`ClientError::SignedOut`],
    /// [`ClientError::Timeout`] after 30 s.
    pub async fn call<C: Call + Send + 'static>(&self, call: C) -> Result<C::Reply, ClientError> {
        let (reply, done) = oneshot::channel();
        self.tell(Command::Call {
            encode: Box::new(move |id| call.encode(id)),
            kind: C::KIND,
            reply,
        });
        let frame: Frame = done.await.map_err(|_| ClientError::Closed)??;
        Ok(frame.decode()?)
    }

    // Values of the profile

    /// The id of this profile's cache: what an arrival ordinal belongs to.
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn profile_id(&self) -> Result<uuid::Uuid, ClientError> {
        self.cache.read(|db| db.profile_id()).await
    }

    async fn sync_to(&self, depth: core::Depth) -> Result<(), ClientError> {
        let (reply, done) = oneshot::channel();
        self.tell(Command::Sync { depth, reply });
        done.await.map_err(|_| ClientError::Closed)?
    }

    /// Stores what the server said of a chat and has it caught up.
    async fn learn(&self, info: ChatInfo) -> Result<ChatId, ClientError> {
        let id = info.id;
        let (reply, done) = oneshot::channel();
        self.tell(Command::Learn {
            info: Box::new(info),
            reply,
        });
        done.await.map_err(|_| ClientError::Closed)?;
        Ok(id)
    }

    /// Refuses to sign in as somebody else over unsent messages.
    async fn may_become(&self, name: Option<&str>) -> Result<(), ClientError> {
        let (owner, unsent) = self.cache.read(|db| db.owner()).await?;
        match owner {
            Some(owner)
                if unsent > 0
                    && name.is_none_or(|name| {
                        proto::text::username_key(name) != proto::text::username_key(&owner)
                    }) =>
            {
                Err(ClientError::OtherAccount {
                    username: owner,
                    unsent,
                })
            }
            _ => Ok(()),
        }
    }

    /// Waits until the cache knows the session that was just opened.
    async fn signed_in(&self) -> Result<AccountRow, ClientError> {
        let mut link = self.link.clone();
        loop {
            if let Some(account) = self.account()
                && matches!(*link.borrow_and_update(), Link::Online { .. })
            {
                return Ok(account);
            }
            if let Link::Refused { why } = self.link() {
                return Err(ClientError::Refused(why));
            }
            link.changed().await.map_err(|_| ClientError::Closed)?;
        }
    }

    fn show_sending(&self, rows: &mut [OutboxRow]) {
        let shared = self.shared();
        for row in rows {
            if row.state == OutboxState::Queued && shared.sending.contains(&row.id) {
                row.state = OutboxState::Sending;
            }
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A command that cannot be delivered drops its reply channel, which the
    /// caller sees as [`ClientError::Closed`].
    fn tell(&self, command: Command) {
        let _ = self.commands.send(command);
    }
}

/// Milliseconds since the epoch by this machine's clock.
pub(crate) fn unix_now() -> UnixMillis {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as UnixMillis)
}

/// Where the outbox lock of a profile is.
pub(crate) fn lock_path(profile: &Path) -> std::path::PathBuf {
    profile.join("outbox.lock")
}
