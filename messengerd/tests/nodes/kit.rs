//! Nodes for tests: a bus with a sink that remembers, and whole services on one
//! store with sessions that are lists of events.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use messengerd::bus::local::LocalBus;
use messengerd::bus::redis::{RedisBus, Settings};
use messengerd::bus::{Bus, Signal, Sink};
use messengerd::service::accounts::Registration;
use messengerd::service::feed::{CommitQueue, Commits, commit_queue};
use messengerd::service::hub::{Listener, SharedListener};
use messengerd::service::limiter::Rate;
use messengerd::service::news::News;
use messengerd::service::pace::Pace;
use messengerd::service::passwords::Passwords;
use messengerd::service::receiver::Receiver;
use messengerd::service::{Caller, Parts, Service};
use messengerd::store::groups::Act;
use messengerd::store::sqlite::SqliteStore;
use messengerd::store::{
    Actor, Admission, Append, ChatRecord, NewChat, NewSession, NewUser, SharedStore, UserRecord,
};
use proto::codec::Frame;
use proto::entry::{Body, Message, kind};
use proto::error::WireError;
use proto::event::{Event, Presence, TypingChanged};
use proto::id::{ChatId, EntryId, SessionId, UserId};
use proto::request::{ChatKind, Reply, Request};
use proto::text::{ChatName, DeviceName, Password, Username};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Longer than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until `done` says so.
pub(crate) async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < PATIENCE, "{what} in time");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A sink that remembers.
#[derive(Default)]
pub(crate) struct Probe {
    heard: Mutex<Vec<Signal>>,
    pub(crate) missed: AtomicUsize,
    pub(crate) up: AtomicBool,
    slowness: Duration,
}

impl Probe {
    /// One that takes this long over each batch of other nodes.
    pub(crate) fn slow(slowness: Duration) -> Self {
        Self {
            slowness,
            ..Self::default()
        }
    }

    pub(crate) fn heard(&self) -> Vec<Signal> {
        self.heard.lock().unwrap().clone()
    }

    pub(crate) fn missed(&self) -> usize {
        self.missed.load(Ordering::SeqCst)
    }
}

impl Sink for Probe {
    fn deliver(&self, signals: Vec<Signal>) {
        self.heard.lock().unwrap().extend(signals);
    }

    fn arrived(&self, signals: Vec<Signal>) {
        std::thread::sleep(self.slowness);
        self.deliver(signals);
    }

    fn connected(&self, up: bool) {
        self.up.store(up, Ordering::SeqCst);
    }

    fn missed(&self) {
        self.missed.fetch_add(1, Ordering::SeqCst);
    }
}

/// Passes on what the bus brings, but keeps back who comes and goes at other
/// nodes until it is told to catch up: a node that is behind.
pub(crate) struct Behind {
    receiver: Arc<Receiver>,
    kept: Mutex<Option<Vec<Signal>>>,
}

impl Behind {
    fn new(receiver: Arc<Receiver>) -> Arc<Self> {
        Arc::new(Self {
            receiver,
            kept: Mutex::new(Some(Vec::new())),
        })
    }

    /// Hears what was kept back, and the rest as it comes.
    pub(crate) fn catch_up(&self) {
        let mut kept = self.kept.lock().unwrap();
        self.receiver.arrived(kept.take().unwrap_or_default());
    }

    /// How many have come or gone that the node has not heard of.
    pub(crate) fn kept(&self) -> usize {
        self.kept.lock().unwrap().as_ref().map_or(0, Vec::len)
    }
}

impl Sink for Behind {
    fn deliver(&self, signals: Vec<Signal>) {
        self.receiver.deliver(signals);
    }

    fn arrived(&self, signals: Vec<Signal>) {
        let mut kept = self.kept.lock().unwrap();
        let Some(kept) = kept.as_mut() else {
            return self.receiver.arrived(signals);
        };
        let (late, now): (Vec<Signal>, Vec<Signal>) = signals
            .into_iter()
            .partition(|signal| matches!(signal, Signal::Presence(_)));
        kept.extend(late);
        self.receiver.arrived(now);
    }

    fn connected(&self, up: bool) {
        self.receiver.connected(up);
    }

    fn missed(&self) {
        self.receiver.missed();
    }
}

pub(crate) fn one(url: String) -> Settings {
    Settings {
        urls: vec![url],
        cluster: false,
    }
}

/// A bus of a new node, connected.
pub(crate) async fn connected(
    settings: &Settings,
    community: Uuid,
    sink: Arc<dyn Sink>,
) -> Arc<RedisBus> {
    let bus = RedisBus::start(settings, community, Uuid::now_v7(), sink).unwrap();
    assert!(bus.wait_up(PATIENCE).await, "the bus is connected in time");
    bus
}

/// A signal that is told from others by its number.
pub(crate) fn numbered(chat: ChatId, number: u128) -> Signal {
    Signal::ToChat {
        chat,
        event: Event::Typing(TypingChanged {
            chat,
            user: UserId(Uuid::from_u128(number)),
            on: true,
        }),
        except: None,
    }
}

/// Times short enough for tests, with room for a busy machine.
pub(crate) fn quick() -> Pace {
    Pace {
        grace: Duration::from_millis(300),
        beat: Duration::from_millis(200),
        // Longer than the longest pause before a bus is reached again.
        life: Duration::from_millis(3500),
        compare: (Duration::from_secs(3600), Duration::from_secs(3600)),
        compare_down: Duration::from_millis(200),
        ..Pace::default()
    }
}

/// A store that several nodes share. Its commits are told by one of them.
pub(crate) struct Shelf {
    pub(crate) store: SharedStore,
    commits: Mutex<Option<(Arc<CommitQueue>, Commits)>>,
    pub(crate) community: Uuid,
    _home: Option<tempfile::TempDir>,
}

impl Shelf {
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let (queue, commits, _) = commit_queue();
        let store = SqliteStore::open(&home.path().join("store.db"), queue.clone()).unwrap();
        Self {
            _home: Some(home),
            ..Self::of(Arc::new(store), (queue, commits))
        }
    }

    /// One that is made already, with the queue that it tells of commits.
    pub(crate) fn of(store: SharedStore, commits: (Arc<CommitQueue>, Commits)) -> Self {
        Self {
            community: store.community(),
            store,
            commits: Mutex::new(Some(commits)),
            _home: None,
        }
    }

    pub(crate) async fn user(&self, name: &str) -> UserRecord {
        self.user_of(name, "$argon2id$".to_owned()).await
    }

    /// One who has a password.
    pub(crate) async fn user_with(&self, name: &str, password: Password) -> UserRecord {
        let passwords = Passwords::start().unwrap();
        let hash = passwords.hash(password).await.unwrap();
        self.user_of(name, hash).await
    }

    async fn user_of(&self, name: &str, password_hash: String) -> UserRecord {
        let user = NewUser {
            id: UserId::generate(),
            username: Username::try_from(name).unwrap(),
            email: None,
            password_hash,
            admission: Admission::Open {
                first_is_admin: true,
            },
            at: 1,
        };
        self.store.create_user(user, session()).await.unwrap()
    }

    /// A group of these, made by the first.
    pub(crate) async fn group(&self, people: &[&UserRecord]) -> ChatRecord {
        let chat = NewChat {
            id: ChatId::generate(),
            kind: ChatKind::Group,
            name: Some(ChatName::try_from("group").unwrap()),
            description: None,
            creator: actor(people[0]),
            others: people[1..].iter().map(|user| actor(user)).collect(),
            entry: EntryId::generate(),
            at: 1,
        };
        self.store.create_chat(chat).await.unwrap()
    }

    pub(crate) async fn say(&self, chat: &ChatRecord, user: &UserRecord, text: &str) {
        let body = Body::Message(Message::new(text));
        let append = Append {
            chat: chat.no,
            chat_id: chat.id,
            acl_rev: chat.acl_rev,
            actor: actor(user),
            kind: kind::MESSAGE,
            id: EntryId::generate(),
            ref_seq: None,
            at: 1,
            body: body.encode().unwrap().1,
        };
        self.store.append(append).unwrap().await.unwrap();
    }

    fn service(&self, receiver: Arc<Receiver>, bus: Arc<dyn Bus>) -> Arc<Service> {
        Service::new(Parts {
            store: self.store.clone(),
            receiver,
            bus,
            backlog: Default::default(),
            token_secret: vec![1; 32],
            registration: Registration::Open,
            send_rate: Rate {
                burst: 1_000,
                per_second: 1_000.0,
            },
        })
        .unwrap()
    }

    /// A node without a bus that is told of nothing but by what is returned
    /// with it.
    pub(crate) fn alone(&self, pace: Pace) -> (Arc<Service>, Arc<CommitQueue>) {
        let receiver = Arc::new(Receiver::new(self.store.clone(), Uuid::now_v7(), pace));
        let (feed, _, _) = commit_queue();
        feed.invalidates(receiver.clone());
        let bus = Arc::new(LocalBus::new(receiver.clone()));
        (self.service(receiver, bus), feed)
    }

    /// A node of this store. The first one tells of its commits.
    pub(crate) async fn node(&self, settings: &Settings, pace: Pace) -> Node {
        self.node_called(Uuid::now_v7(), settings, pace).await
    }

    pub(crate) async fn node_called(&self, id: Uuid, settings: &Settings, pace: Pace) -> Node {
        let receiver = Arc::new(Receiver::new(self.store.clone(), id, pace));
        let sink = receiver.clone();
        self.node_of(id, settings, receiver, sink).await
    }

    /// A node that is behind with who comes and goes at others.
    pub(crate) async fn node_behind(&self, settings: &Settings, pace: Pace) -> (Node, Arc<Behind>) {
        let id = Uuid::now_v7();
        let receiver = Arc::new(Receiver::new(self.store.clone(), id, pace));
        let behind = Behind::new(receiver.clone());
        let node = self.node_of(id, settings, receiver, behind.clone()).await;
        (node, behind)
    }

    async fn node_of(
        &self,
        id: Uuid,
        settings: &Settings,
        receiver: Arc<Receiver>,
        sink: Arc<dyn Sink>,
    ) -> Node {
        let bus = RedisBus::start(settings, self.community, id, sink).unwrap();
        assert!(bus.wait_up(PATIENCE).await, "the bus is connected in time");
        let service = self.service(receiver.clone(), bus.clone());
        let stop = CancellationToken::new();
        let mut tasks = Vec::new();
        let commits = self.commits.lock().unwrap().take();
        let publisher = commits.map(|(queue, commits)| {
            queue.invalidates(receiver.clone());
            tokio::spawn(service.clone().publish(commits))
        });
        tasks.push(tokio::spawn({
            let (service, stop) = (service.clone(), stop.clone());
            async move { service.presence().run(stop).await }
        }));
        tasks.push(tokio::spawn({
            let (service, stop) = (service.clone(), stop.clone());
            async move { service.reconcile(stop).await }
        }));
        tasks.push(tokio::spawn({
            let (service, stop) = (service.clone(), stop.clone());
            async move { service.cursors().run(stop).await }
        }));
        Node {
            id,
            store: self.store.clone(),
            receiver,
            bus,
            service,
            stop,
            tasks,
            publisher,
        }
    }
}

pub(crate) fn session() -> NewSession {
    NewSession {
        id: SessionId::generate(),
        device: DeviceName::try_from("test").unwrap(),
        at: 1,
        expires_at: None,
    }
}

pub(crate) fn actor(user: &UserRecord) -> Actor {
    Actor {
        no: user.no,
        id: user.id,
    }
}

/// Something that one of them does to a chat as it was found.
pub(crate) fn act(chat: &ChatRecord, by: &UserRecord) -> Act {
    Act {
        chat: chat.no,
        chat_id: chat.id,
        acl_rev: chat.acl_rev,
        actor: actor(by),
        entry: EntryId::generate(),
        at: 1,
    }
}

/// A live session, as one comes from a client.
pub(crate) async fn connect(
    store: &SharedStore,
    service: &Service,
    user: &UserRecord,
) -> Arc<Session> {
    let new = session();
    let id = new.id;
    store.create_session(user.no, new).await.unwrap();
    enter(service, user, id).await.unwrap()
}

async fn enter(
    service: &Service,
    user: &UserRecord,
    id: SessionId,
) -> Result<Arc<Session>, WireError> {
    let session = Arc::new(Session {
        user: user.id,
        session: id,
        events: Mutex::default(),
        arrivals: Mutex::default(),
        ended: AtomicBool::new(false),
        idle: AtomicBool::new(false),
        caller: caller(user, id),
    });
    let caller = session.caller.clone();
    let listener: SharedListener = session.clone();
    let came = service.presence().connected(caller.actor);
    let first = service.go_live(&caller, &listener).await?;
    session.events.lock().unwrap().splice(0..0, first);
    service
        .presence()
        .announce(caller.actor, came)
        .await
        .unwrap();
    Ok(session)
}

pub(crate) fn caller(user: &UserRecord, session: SessionId) -> Caller {
    Caller {
        actor: actor(user),
        username: user.username.clone(),
        session,
        admin: false,
    }
}

pub(crate) struct Node {
    pub(crate) id: Uuid,
    store: SharedStore,
    pub(crate) receiver: Arc<Receiver>,
    pub(crate) bus: Arc<RedisBus>,
    pub(crate) service: Arc<Service>,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    publisher: Option<JoinHandle<()>>,
}

impl Node {
    /// A live session, as one comes from a client.
    pub(crate) async fn connect(&self, user: &UserRecord) -> Arc<Session> {
        connect(&self.store, &self.service, user).await
    }

    /// A live session that was checked before.
    pub(crate) async fn enter(
        &self,
        user: &UserRecord,
        id: SessionId,
    ) -> Result<Arc<Session>, WireError> {
        enter(&self.service, user, id).await
    }

    /// What a session of somebody at this node gets for a request.
    pub(crate) async fn ask(
        &self,
        user: &UserRecord,
        request: Request,
    ) -> Result<Reply, WireError> {
        let caller = caller(user, SessionId::generate());
        self.service.submit(&caller, request).await?.await
    }

    pub(crate) fn disconnect(&self, session: &Arc<Session>) {
        let listener: SharedListener = session.clone();
        self.receiver.hub().detach(&listener);
        let idle = session.idle.load(Ordering::SeqCst);
        self.service.presence().disconnected(session.user, idle);
    }

    /// As if the client of a live session asked this.
    pub(crate) async fn call(
        &self,
        session: &Session,
        request: impl Into<Request>,
    ) -> Result<Reply, WireError> {
        let work = match request.into() {
            Request::Idle(idle) => self.service.turn(&session.caller, &session.idle, idle.on),
            request => self.service.submit(&session.caller, request).await,
        };
        work?.await
    }

    pub(crate) fn sees(&self, user: &UserRecord) -> bool {
        self.service.presence().is_online(user.id)
    }

    /// Ends in order.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        for task in self.tasks {
            task.await.unwrap();
        }
        if let Some(publisher) = self.publisher {
            publisher.abort();
        }
        self.bus.stop().await;
    }

    /// Ends as a power cut would: nobody is told.
    pub(crate) async fn kill(self) {
        for task in self.tasks.iter().chain(&self.publisher) {
            task.abort();
        }
        self.bus.stop().await;
    }
}

/// A session that keeps its events.
pub(crate) struct Session {
    user: UserId,
    session: SessionId,
    events: Mutex<Vec<Event>>,
    /// When each entry was told, whatever its chat.
    arrivals: Mutex<Vec<(Instant, u64)>>,
    ended: AtomicBool,
    idle: AtomicBool,
    caller: Caller,
}

impl Session {
    pub(crate) fn id(&self) -> SessionId {
        self.session
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    /// Entries of a chat, in the order in which they were told.
    pub(crate) fn entries(&self, chat: ChatId) -> Vec<u64> {
        let events = self.events.lock().unwrap();
        let entries = events.iter().filter_map(|event| match event {
            Event::Entry(told) if told.chat == chat => Some(told.entry.seq),
            _ => None,
        });
        entries.collect()
    }

    /// When each entry was told, by `seq`, for those who are in one chat.
    pub(crate) fn arrivals(&self) -> Vec<(Instant, u64)> {
        self.arrivals.lock().unwrap().clone()
    }

    /// What somebody was last seen as: none where nothing was told.
    pub(crate) fn seen(&self, user: &UserRecord) -> Option<Presence> {
        let events = self.events.lock().unwrap();
        let told = events.iter().rev().find_map(|event| match event {
            Event::Presence(changed) => changed.users.iter().find(|state| state.user == user.id),
            _ => None,
        });
        told.cloned()
    }

    /// What was told of somebody's presence, repeats left out.
    pub(crate) fn presence(&self, user: &UserRecord) -> Vec<bool> {
        let events = self.events.lock().unwrap();
        let told = events.iter().filter_map(|event| match event {
            Event::Presence(changed) => changed.users.iter().find(|state| state.user == user.id),
            _ => None,
        });
        let mut told: Vec<bool> = told.map(|state| state.online).collect();
        told.dedup();
        told
    }
}

impl Listener for Session {
    fn is_live(&self) -> bool {
        true
    }

    fn user(&self) -> UserId {
        self.user
    }

    fn session(&self) -> SessionId {
        self.session
    }

    fn push(&self, news: &Arc<News>) {
        let frame = Frame::from_message(news.encoded().message()).unwrap();
        let event = Event::decode(&frame).unwrap().unwrap();
        if let Event::Entry(told) = &event {
            let arrival = (Instant::now(), told.entry.seq);
            self.arrivals.lock().unwrap().push(arrival);
        }
        self.events.lock().unwrap().push(event);
    }

    fn end(&self, _why: WireError) {
        self.ended.store(true, Ordering::SeqCst);
    }
}

/// Publishes on a bus as if some node did.
pub(crate) fn publish(bus: &RedisBus, chat: ChatId, numbers: std::ops::Range<u128>) {
    for number in numbers {
        bus.publish(vec![numbered(chat, number)]);
    }
}
