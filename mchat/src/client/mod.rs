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
//! task that feeds it, [`conn`] makes connections, `nodes` says where, [`cache`]
//! is the database.

mod accounts;
pub mod address;
pub mod cache;
mod changing;
mod chats;
pub mod conn;
pub mod core;
mod drain;
mod driver;
mod error;
mod find;
mod groups;
pub mod model;
mod nodes;
mod options;
mod people;
mod random;
mod shown;
mod writing;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use proto::codec::Frame;
use proto::error::WireError;
use proto::event::Presence;
use proto::id::{EntryId, UserId};
use proto::request::Call;
use proto::text::DeviceName;
use proto::{Seq, UnixMillis};
use tokio::sync::{mpsc, oneshot, watch};

pub use self::accounts::Registration;
pub use self::address::ServerAddress;
pub use self::conn::Fingerprint;
pub use self::error::ClientError;
pub use self::options::Options;

use self::cache::Cache;
use self::driver::Command;
use self::model::{AccountRow, ClientEvent, Link};

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
    known: conn::KnownServers,
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
