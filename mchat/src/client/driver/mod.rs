//! The task behind [`Client`]: feeds the core, carries out what it decides.

mod command;
mod link;
mod outputs;
mod work;

use std::collections::{HashMap, HashSet, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use proto::catalog::{Lang, sentence};
use proto::codec::Frame;
use proto::error::ErrorCode;
use proto::hello::Account;
use proto::id::{ChatId, EntryId, UserId};
use proto::text::{DeviceName, Token};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::address::ServerAddress;
use super::cache::{Applied, Cache, Foreign, Waiting};
use super::conn::{Connection, Established, KnownServers, Trust};
use super::core::{Core, Failure, Millis, Outgoing, Ticket, Write};
use super::drain::DrainLock;
use super::error::ClientError;
use super::model::{ClientEvent, Link};
use super::nodes::Nodes;
use super::{Client, Events, Options, Outcome, Shared, lock_path};

pub(crate) use self::command::Command;

use self::link::Remembered;

/// How long a closing client goes on draining the outbox.
const CLOSING: Millis = 3_000;
/// How often to look for what other processes did to the profile.
const FOREIGN_EVERY: Millis = 500;
/// The same while somebody waits for a message that another process may send.
const FOREIGN_SOON: Millis = 60;
/// Most changes in one transaction.
const BATCH: usize = 64;
/// Most changes waiting before the connection is slowed down.
const BACKLOG: usize = 512;
/// Messages taken from the outbox at once.
const OUTBOX: u32 = 256;

type Reply<T> = oneshot::Sender<Result<T, ClientError>>;

/// Who waits for a ticket.
enum Waiter {
    Answer(Reply<Frame>),
    More(Reply<bool>),
    Unit(Reply<()>),
    Learned(oneshot::Sender<()>),
}

/// What is done in order, behind the changes of the cache before it.
enum Step {
    Write(Write),
    SignedIn(Account, Uuid, Token),
    SessionEnded,
    Event(ClientEvent),
    Done(Ticket, Result<bool, ClientError>),
    Typing(ChatId, UserId, bool),
}

/// What the cache's thread came back with.
enum Worked {
    Stored(Result<Applied, ClientError>, Vec<EntryId>),
    SignedIn(Result<(), ClientError>),
    SessionEnded(Result<(), ClientError>),
    Typing(ChatId, UserId, bool, Result<String, ClientError>),
    Outgoing(Result<Vec<Outgoing>, ClientError>),
    Foreign(Result<Option<Foreign>, ClientError>),
    Waiting(Result<Vec<(EntryId, Waiting)>, ClientError>),
    States(Result<Vec<super::core::ChatState>, ClientError>),
    /// Whether there is more to be indexed.
    Indexed(Result<bool, ClientError>),
}

type Work = Pin<Box<dyn Future<Output = Worked> + Send>>;
type Attempt = Pin<Box<dyn Future<Output = Result<Established, Failure>> + Send>>;

struct Driver {
    core: Core,
    cache: Cache,
    shared: Arc<Mutex<Shared>>,
    events: mpsc::UnboundedSender<ClientEvent>,
    link: watch::Sender<Link>,
    origin: Instant,
    options: Options,
    server: ServerAddress,
    nodes: Nodes,
    remembered: Remembered,
    trust: Trust,
    token: Option<Token>,

    attempt: Option<Attempt>,
    connection: Option<Connection>,
    heard: u64,

    steps: VecDeque<Step>,
    work: Option<Work>,
    reload_states: bool,
    waiters: HashMap<Ticket, Waiter>,
    next_ticket: Ticket,

    lock: DrainLock,
    want_outbox: bool,
    outbox_at: Millis,
    settling: HashSet<EntryId>,
    awaited: HashMap<EntryId, Vec<oneshot::Sender<Outcome>>>,
    check_awaited: bool,
    foreign_at: Millis,
    /// The search index may be behind.
    index: bool,
    closing: Option<oneshot::Sender<()>>,
    /// Until then a closing client goes on draining the outbox.
    close_by: Millis,
}

/// Opens the profile and starts the task.
pub(super) async fn start(options: Options) -> Result<(Client, Events), ClientError> {
    let cache = Cache::open(&options.profile).await?;
    let (stored, states, remembered) = cache
        .write(|db| Ok((db.stored()?, db.chat_states()?, Remembered::read(db)?)))
        .await?;
    let server = match &options.server {
        Some(server) => server.clone(),
        None => remembered.server().unwrap_or_else(ServerAddress::local),
    };
    let known = KnownServers::of(&options.profile);
    let trust = Trust {
        known: known.clone(),
        anyone: options.trust,
        fingerprint: options.fingerprint.or(server.fingerprint),
        given: server.nodes.clone(),
    };
    let device = match &options.device {
        Some(device) => device.clone(),
        None => device_name()?,
    };
    let shared = Arc::new(Mutex::new(Shared {
        account: stored.account.clone(),
        ..Shared::default()
    }));
    let (events_in, events) = mpsc::unbounded_channel();
    let (commands, inbox) = mpsc::unbounded_channel();
    let (link_in, link) = watch::channel(Link::Connecting);
    let seed = Uuid::new_v4().as_u64_pair().0;
    let lock = DrainLock::new(lock_path(&options.profile));
    let nodes = remembered.nodes(&server, seed);
    let mut core = Core::new(options.live, &stored, &states, seed).speaking(options.lang);
    core.know_nodes(nodes.count());
    let driver = Driver {
        core,
        cache: cache.clone(),
        shared: shared.clone(),
        events: events_in,
        link: link_in,
        origin: Instant::now(),
        server,
        nodes,
        remembered,
        trust,
        token: stored.token,
        attempt: None,
        connection: None,
        heard: 0,
        steps: VecDeque::new(),
        work: None,
        reload_states: false,
        waiters: HashMap::new(),
        next_ticket: 0,
        lock,
        want_outbox: false,
        outbox_at: 0,
        settling: HashSet::new(),
        awaited: HashMap::new(),
        check_awaited: false,
        foreign_at: FOREIGN_EVERY,
        index: options.live,
        closing: None,
        close_by: 0,
        options,
    };
    tokio::spawn(driver.run(inbox));
    let client = Client {
        known,
        cache,
        commands,
        link,
        shared,
        device,
    };
    Ok((client, events))
}

/// The machine's name, for the list of sessions.
fn device_name() -> Result<DeviceName, ClientError> {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .or_else(|_| std::fs::read_to_string("/etc/hostname"))
        .unwrap_or_default();
    let host: String = host
        .trim()
        .chars()
        .take(proto::limits::DEVICE_CHARS)
        .collect();
    DeviceName::try_from(host)
        .or_else(|_| DeviceName::try_from("mchat"))
        .map_err(ClientError::from)
}

impl Driver {
    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Command>) {
        self.probe_new();
        if self.options.connect {
            let out = self.core.start(0);
            self.carry_out(out);
        } else {
            self.set_link(Link::Offline {
                reason: String::new(),
                retry_in_ms: u64::MAX,
            });
        }
        loop {
            self.next_work();
            if self.closing.is_some() && self.is_settled() {
                break;
            }
            let timeout = self.wake();
            let listen = self.steps.len() < BACKLOG;
            tokio::select! {
                biased;
                worked = work(&mut self.work) => {
                    self.work = None;
                    self.worked(worked);
                }
                command = inbox.recv(), if self.closing.is_none() => match command {
                    Some(Command::Close(reply)) => {
                        self.closing = Some(reply);
                        self.close_by = self.now() + CLOSING;
                    }
                    Some(command) => self.command(command),
                    // Every handle is gone.
                    None => self.closing = Some(oneshot::channel().0),
                },
                ended = attempt(&mut self.attempt) => {
                    self.attempt = None;
                    self.ended(ended);
                }
                frame = frame(&mut self.connection), if listen => self.frame(frame),
                () = sleep_until(timeout) => self.timeout(),
            }
        }
        if let Some(connection) = self.connection.take() {
            connection.close().await;
        }
        self.lock.release();
        if let Some(reply) = self.closing.take() {
            // Nobody waits where the last handle was dropped.
            let _ = reply.send(());
        }
    }

    /// Whether a closing client has nothing left to do: what waits in the
    /// outbox goes out with whoever is connected.
    fn is_settled(&self) -> bool {
        let draining = self.core.is_online()
            && (self.want_outbox || self.core.is_draining() || !self.settling.is_empty())
            && self.now() < self.close_by;
        self.work.is_none() && self.steps.is_empty() && !draining
    }

    fn now(&self) -> Millis {
        self.origin.elapsed().as_millis() as Millis
    }

    fn wake(&self) -> Instant {
        let mut at = self.foreign_at;
        if let Some(core) = self.core.poll_timeout() {
            at = at.min(core);
        }
        if self.want_outbox && self.core.is_online() {
            at = at.min(self.outbox_at);
        }
        if self.closing.is_some() {
            at = at.min(self.close_by);
        }
        self.origin + Duration::from_millis(at)
    }

    fn timeout(&mut self) {
        let now = self.now();
        if let Some(connection) = &self.connection {
            let heard = connection.heard();
            if heard != self.heard {
                self.heard = heard;
                let out = self.core.handle_heard(now);
                self.carry_out(out);
            }
        }
        if self.core.poll_timeout().is_some_and(|at| now >= at) {
            let out = self.core.handle_timeout(now);
            self.carry_out(out);
        }
    }

    fn frame(&mut self, frame: Result<Frame, String>) {
        let now = self.now();
        let out = match frame {
            Ok(frame) => self.core.handle_frame(now, frame),
            Err(reason) => {
                self.connection = None;
                self.core.handle_disconnected(now, &reason)
            }
        };
        self.carry_out(out);
    }

    fn resolve(&mut self, id: EntryId, outcome: &Outcome) {
        for reply in self.awaited.remove(&id).unwrap_or_default() {
            // Who waited may have given up.
            let _ = reply.send(outcome.clone());
        }
    }

    fn trouble(&mut self, error: &ClientError) {
        self.tell(ClientEvent::CacheTrouble(error.to_string()));
    }

    fn tell(&mut self, event: ClientEvent) {
        let event = match event {
            ClientEvent::Link(link) => {
                let link = self.worded_link(link);
                self.set_link(link.clone());
                ClientEvent::Link(link)
            }
            ClientEvent::HeldBack { id, chat, error } => {
                self.shared().held_back.insert(id, error.clone());
                ClientEvent::HeldBack { id, chat, error }
            }
            other => other,
        };
        // Nobody may be listening: a command line.
        let _ = self.events.send(event);
    }

    fn set_link(&self, link: Link) {
        self.link.send_replace(link);
    }

    /// Words for a person where the core has none.
    fn worded_link(&self, link: Link) -> Link {
        match link {
            Link::Offline {
                reason,
                retry_in_ms,
            } if reason.is_empty() => Link::Offline {
                reason: no_answer(self.options.lang),
                retry_in_ms,
            },
            other => other,
        }
    }

    fn worded(&self, error: ClientError) -> ClientError {
        match error {
            ClientError::Offline(reason) if reason.is_empty() => {
                let reason = match &*self.link.borrow() {
                    Link::Offline { reason, .. } if !reason.is_empty() => reason.clone(),
                    _ => no_answer(self.options.lang),
                };
                ClientError::Offline(reason)
            }
            other => other,
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn no_answer(lang: Lang) -> String {
    sentence(lang, &ErrorCode::Unavailable.into())
}

async fn work(work: &mut Option<Work>) -> Worked {
    match work {
        Some(work) => work.await,
        None => std::future::pending().await,
    }
}

async fn attempt(attempt: &mut Option<Attempt>) -> Result<Established, Failure> {
    match attempt {
        Some(attempt) => attempt.await,
        None => std::future::pending().await,
    }
}

async fn frame(connection: &mut Option<Connection>) -> Result<Frame, String> {
    match connection {
        Some(connection) => connection.frame().await,
        None => std::future::pending().await,
    }
}
