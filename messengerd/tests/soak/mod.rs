//! Many pages on one daemon: everybody gets every message of their chats, in
//! order and once.
#![allow(dead_code, reason = "shared by tests and a bench")]

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::stream::FuturesUnordered;
use futures_util::{SinkExt, StreamExt};
use hdrhistogram::Histogram;
use messengerd::service::feed::commit_queue;
use messengerd::service::tokens::{NATIVE_LIFE_MS, Tokens};
use messengerd::store::sqlite::SqliteStore;
use messengerd::store::{Actor, Admission, NewChat, NewSession, NewUser, Store as _};
use proto::id::{ChatId, EntryId, SessionId, UserId};
use proto::request::ChatKind;
use serde::Deserialize;
use serde_json::json;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// What signs tokens.
pub(crate) const SECRET: &str = "a secret of tests, known to all";
/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes of a message.
const TEXT: usize = 100;
/// Bytes of a message to those who do not read.
const LARGE: usize = 50_000;

/// Who is in which chats, and how much is said.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) name: &'static str,
    pub(crate) people: usize,
    pub(crate) chats: usize,
    /// Of each chat; how many chats each one is in follows.
    pub(crate) members: usize,
    /// Messages a second in all.
    pub(crate) rate: u32,
    pub(crate) length: Duration,
    /// Who do not read; they have a chat of their own.
    pub(crate) slow: usize,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) sent: u64,
    /// Messages that pages got.
    pub(crate) told: u64,
    /// Slow readers whose socket was ended.
    pub(crate) cut: usize,
    /// From sending to having it, in microseconds.
    pub(crate) delays: Histogram<u64>,
}

struct Person {
    actor: Actor,
    token: String,
    chats: Vec<ChatId>,
}

/// Accounts and chats, put into a store directly.
pub(crate) struct World {
    people: Vec<Person>,
    slow: Vec<Person>,
    flood: Option<(ChatId, Person)>,
}

fn micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_micros() as u64
}

impl World {
    /// Makes the store of a daemon that is not running yet.
    pub(crate) async fn make(data: &Path, plan: &Plan) -> Self {
        std::fs::create_dir_all(data).unwrap();
        let (queue, _commits, _) = commit_queue();
        let store = SqliteStore::open(&data.join("messenger.db"), queue).unwrap();
        let mut people = Self::people(&store, "page", plan.people).await;
        for number in 0..plan.chats {
            // Neighbours are in most of each other's chats: as with friends.
            let first = number * plan.people / plan.chats;
            let members: Vec<usize> = (0..plan.members)
                .map(|at| (first + at) % plan.people)
                .collect();
            let actors = members.iter().map(|at| people[*at].actor).collect();
            let chat = Self::chat(&store, actors).await;
            for at in members {
                people[at].chats.push(chat);
            }
        }
        let slow = Self::people(&store, "slow", plan.slow).await;
        let mut flood = None;
        if !slow.is_empty() {
            let writer = Self::people(&store, "flood", 1).await.remove(0);
            let mut actors = vec![writer.actor];
            actors.extend(slow.iter().map(|person| person.actor));
            flood = Some((Self::chat(&store, actors).await, writer));
        }
        store.close().await.unwrap();
        Self {
            people,
            slow,
            flood,
        }
    }

    async fn people(store: &SqliteStore, name: &str, count: usize) -> Vec<Person> {
        let tokens = Tokens::new(SECRET.as_bytes());
        let at = (micros() / 1000) as i64;
        let made = (0..count).map(|number| {
            let session = NewSession {
                id: SessionId::generate(),
                device: "soak".try_into().unwrap(),
                at,
                expires_at: None,
            };
            let user = NewUser {
                id: UserId::generate(),
                username: format!("{name}{number}").try_into().unwrap(),
                email: None,
                password_hash: "$argon2id$".to_owned(),
                admission: Admission::Open {
                    first_is_admin: true,
                },
                at,
            };
            let token = tokens
                .issue(user.id, session.id, at, NATIVE_LIFE_MS)
                .unwrap();
            let made = store.create_user(user, session);
            async move {
                let user = made.await.unwrap();
                Person {
                    actor: Actor {
                        no: user.no,
                        id: user.id,
                    },
                    token: token.as_str().to_owned(),
                    chats: Vec::new(),
                }
            }
        });
        let mut people = Vec::with_capacity(count);
        for person in made {
            people.push(person.await);
        }
        people
    }

    async fn chat(store: &SqliteStore, actors: Vec<Actor>) -> ChatId {
        let id = ChatId::generate();
        let chat = NewChat {
            id,
            kind: ChatKind::Group,
            name: Some("soak".try_into().unwrap()),
            description: None,
            creator: actors[0],
            others: actors[1..].to_vec(),
            entry: EntryId::generate(),
            at: (micros() / 1000) as i64,
        };
        store.create_chat(chat).await.unwrap();
        id
    }
}

type Socket = WebSocketStream<TcpStream>;

async fn open(address: SocketAddr, person: &Person, small: bool) -> Socket {
    let socket = TcpSocket::new_v4().unwrap();
    if small {
        socket.set_recv_buffer_size(4096).unwrap();
    }
    let stream = socket.connect(address).await.unwrap();
    let url = format!("ws://{address}/ws?token={}", person.token);
    let config = WebSocketConfig::default()
        .read_buffer_size(16 * 1024)
        .write_buffer_size(4096);
    let opened = tokio_tungstenite::client_async_with_config(url, stream, Some(config));
    opened.await.unwrap().0
}

#[derive(Deserialize)]
struct Told<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    data: Said<'a>,
}

#[derive(Deserialize)]
struct Said<'a> {
    #[serde(default)]
    chat_id: Option<ChatId>,
    #[serde(default)]
    log_seq: Option<u64>,
    #[serde(default, borrow)]
    content: Option<&'a str>,
}

/// What one page has seen.
#[derive(Default)]
struct Seen {
    latest: HashMap<ChatId, u64>,
    told: u64,
    delays: Vec<u64>,
}

impl Seen {
    fn take(&mut self, text: &str, now: u64) {
        let told: Told<'_> = serde_json::from_str(text).unwrap();
        assert_ne!(told.kind, "resync");
        let (Some(chat), Some(seq)) = (told.data.chat_id, told.data.log_seq) else {
            return;
        };
        // The chat was made with entry 1, before anybody listened.
        let latest = self.latest.entry(chat).or_insert(1);
        assert_eq!(seq, *latest + 1, "{} in chat {chat}", told.kind);
        *latest = seq;
        if let Some(content) = told.data.content {
            self.told += 1;
            let sent: u64 = content.split(' ').next().unwrap().parse().unwrap();
            self.delays.push(now.saturating_sub(sent));
        }
    }
}

/// Everybody's pages, opened and reading.
pub(crate) struct Crowd {
    world: World,
    plan: Plan,
    address: SocketAddr,
    writers: Vec<futures_util::stream::SplitSink<Socket, Message>>,
    readers: Vec<tokio::task::JoinHandle<Seen>>,
    slow: Vec<Socket>,
    told: Arc<AtomicU64>,
    stop: watch::Sender<bool>,
}

impl Crowd {
    pub(crate) async fn open(address: SocketAddr, world: World, plan: Plan) -> Self {
        let (stop, stopped) = watch::channel(false);
        let told = Arc::new(AtomicU64::new(0));
        let (mut writers, mut readers) = (Vec::new(), Vec::new());
        for person in &world.people {
            let (writer, mut reader) = open(address, person, false).await.split();
            writers.push(writer);
            let (mut stopped, told) = (stopped.clone(), told.clone());
            readers.push(tokio::spawn(async move {
                let mut seen = Seen::default();
                loop {
                    let message = tokio::select! {
                        message = reader.next() => message,
                        _ = stopped.wait_for(|stop| *stop) => return seen,
                    };
                    match message {
                        Some(Ok(Message::Text(text))) => {
                            let before = seen.told;
                            seen.take(&text, micros());
                            told.fetch_add(seen.told - before, Ordering::Relaxed);
                        }
                        Some(Ok(_)) => {}
                        other => panic!("a page that reads was cut: {other:?}"),
                    }
                }
            }));
        }
        let mut slow = Vec::new();
        for person in &world.slow {
            slow.push(open(address, person, true).await);
        }
        Self {
            world,
            plan,
            address,
            writers,
            readers,
            slow,
            told,
            stop,
        }
    }

    /// Says what is to be said and waits until everybody has it.
    pub(crate) async fn run(mut self) -> Report {
        let plan = self.plan;
        let mut tick = tokio::time::interval(Duration::from_secs(1) / plan.rate);
        tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let flood = self.world.flood.take().map(|(chat, writer)| {
            let address = self.address;
            tokio::spawn(async move { flood(address, chat, writer, plan.length).await })
        });
        let filling = "x".repeat(TEXT);
        let end = Instant::now() + plan.length;
        let mut sent = 0;
        while Instant::now() < end {
            tick.tick().await;
            let at = sent as usize % self.world.people.len();
            let person = &self.world.people[at];
            let chats = &person.chats;
            let chat = chats[sent as usize / self.world.people.len() % chats.len()];
            let data = json!({
                "chat_id": chat,
                "content": format!("{} {filling}", micros()),
                "id": EntryId::generate(),
            });
            let frame = json!({ "type": "chat", "data": data }).to_string();
            self.writers[at]
                .send(Message::Text(frame.into()))
                .await
                .unwrap();
            sent += 1;
        }
        if let Some(flood) = flood {
            flood.await.unwrap();
        }
        let wanted = sent * plan.members as u64;
        let deadline = Instant::now() + PATIENCE;
        while self.told.load(Ordering::Relaxed) < wanted && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let mut closing: FuturesUnordered<_> = self.slow.into_iter().map(ends).collect();
        let mut cut = 0;
        while let Some(ended) = closing.next().await {
            cut += usize::from(ended);
        }
        self.stop.send(true).unwrap();
        let mut delays = Histogram::new(3).unwrap();
        let mut told = 0;
        for reader in self.readers {
            let seen = reader.await.unwrap();
            told += seen.told;
            for delay in seen.delays {
                delays.record(delay.max(1)).unwrap();
            }
        }
        assert_eq!(told, wanted, "each member gets each message once");
        Report {
            sent,
            told,
            cut,
            delays,
        }
    }
}

/// Whether a socket that nobody has read ends, once it is read, without a close
/// frame.
async fn ends(mut socket: Socket) -> bool {
    let end = async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Close(_))) => return false,
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return true,
            }
        }
    };
    timeout(Duration::from_secs(5), end).await.unwrap_or(false)
}

/// Fills what those have who do not read.
async fn flood(address: SocketAddr, chat: ChatId, writer: Person, length: Duration) {
    let (mut sink, mut source) = open(address, &writer, false).await.split();
    let reading = tokio::spawn(async move { while let Some(Ok(_)) = source.next().await {} });
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    let end = Instant::now() + length;
    let filling = "y".repeat(LARGE);
    while Instant::now() < end {
        tick.tick().await;
        let data = json!({ "chat_id": chat, "content": filling });
        let frame = json!({ "type": "chat", "data": data }).to_string();
        sink.send(Message::Text(frame.into())).await.unwrap();
    }
    reading.abort();
}
