//! The load that both back ends and their bare loops get, and what is made of
//! the figures.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hdrhistogram::Histogram;
use messengerd::store::{
    Actor, Admission, Append, ChatRecord, Committed, Feed, NewChat, NewSession, NewUser,
    SharedStore,
};
use proto::entry::kind;
use proto::id::{ChatId, EntryId, SessionId, UserId};
use proto::request::ChatKind;
use proto::text::{ChatName, DeviceName, Username};
use tokio::runtime::Runtime;

pub(crate) const CHATS: usize = 1_000;
pub(crate) const BODY: Bytes = Bytes::from_static(&[b'x'; 60]);
pub(crate) const ROUNDS: usize = 5;
const AT: i64 = 1_700_000_000_000;

/// One side of a comparison.
pub(crate) trait Side: Send + Sync + 'static {
    /// Appends to a chat, counted from 0, and waits until that is durable.
    fn append(&self, chat: usize) -> impl Future<Output = ()> + Send;
}

/// Hears and forgets: what is done with it is measured elsewhere.
pub(crate) struct Deaf;

impl Feed for Deaf {
    fn committed(&self, batch: Vec<Committed>) {
        drop(batch);
    }
}

/// A store with chats in it.
#[derive(Clone)]
pub(crate) struct Ours {
    pub(crate) store: SharedStore,
    pub(crate) chats: Vec<ChatRecord>,
    pub(crate) actor: Actor,
}

impl Ours {
    /// Makes an account.
    pub(crate) async fn account(store: &SharedStore) -> Actor {
        let user = NewUser {
            id: UserId::generate(),
            username: Username::try_from("bench").unwrap(),
            email: None,
            password_hash: String::new(),
            admission: Admission::Open {
                first_is_admin: true,
            },
            at: AT,
        };
        let session = NewSession {
            id: SessionId::generate(),
            device: DeviceName::try_from("bench").unwrap(),
            at: AT,
            expires_at: None,
        };
        let user = store.create_user(user, session).await.unwrap();
        Actor {
            no: user.no,
            id: user.id,
        }
    }

    /// Makes an account and its chats.
    pub(crate) async fn fill(store: SharedStore) -> Self {
        let actor = Self::account(&store).await;
        let making: Vec<_> = (0..CHATS)
            .map(|number| {
                store.create_chat(NewChat {
                    id: ChatId::generate(),
                    kind: ChatKind::Group,
                    name: Some(ChatName::try_from(format!("chat {number}")).unwrap()),
                    description: None,
                    creator: actor,
                    others: Vec::new(),
                    entry: EntryId::generate(),
                    at: AT,
                })
            })
            .collect();
        let mut chats = Vec::new();
        for made in making {
            chats.push(made.await.unwrap());
        }
        Self {
            store,
            chats,
            actor,
        }
    }
}

impl Side for Ours {
    async fn append(&self, chat: usize) {
        let chat = &self.chats[chat % self.chats.len()];
        let append = Append {
            chat: chat.no,
            chat_id: chat.id,
            acl_rev: chat.acl_rev,
            actor: self.actor,
            kind: kind::MESSAGE,
            id: EntryId::generate(),
            ref_seq: None,
            at: AT,
            body: BODY,
        };
        self.store.append(append).unwrap().await.unwrap();
    }
}

/// Uniform numbers, the same for all sides (xorshift64*).
pub(crate) struct Uniform(pub(crate) u64);

impl Uniform {
    pub(crate) fn chat(&mut self) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % CHATS
    }
}

/// Keeps `outstanding` appends to each side under way for a while; appends per
/// second.
pub(crate) fn run<S: Side>(
    runtime: &Runtime,
    sides: &[Arc<S>],
    outstanding: usize,
    length: Duration,
    latency: &mut Histogram<u64>,
) -> f64 {
    let started = Instant::now();
    let end = started + length;
    let clients: Vec<_> = sides
        .iter()
        .enumerate()
        .flat_map(|(number, side)| (0..outstanding).map(move |client| (number, client, side)))
        .map(|(number, client, side)| {
            let side = Arc::clone(side);
            let seed = (number as u64) << 32 | (client as u64 + 1);
            runtime.spawn(async move {
                let mut uniform = Uniform(0x9e37_79b9_7f4a_7c15 ^ seed);
                let mut micros = Vec::new();
                loop {
                    let sent = Instant::now();
                    if sent >= end {
                        return micros;
                    }
                    side.append(uniform.chat()).await;
                    micros.push(sent.elapsed().as_micros() as u64);
                }
            })
        })
        .collect();
    let mut appends = 0;
    for client in clients {
        let micros = runtime.block_on(client).unwrap();
        appends += micros.len();
        for micros in micros {
            latency.record(micros).unwrap();
        }
    }
    appends as f64 / started.elapsed().as_secs_f64()
}

/// Reads the latest 50 entries of random chats, one after the other; the p50
/// and the p99 in milliseconds.
pub(crate) fn fetches(runtime: &Runtime, ours: &Ours, times: usize) -> (f64, f64) {
    runtime.block_on(async {
        for chat in 0..CHATS {
            futures_util::future::join_all((0..50).map(|_| ours.append(chat))).await;
        }
    });
    let mut latency = histogram();
    let mut uniform = Uniform(42);
    runtime.block_on(async {
        for _ in 0..times {
            let chat = ours.chats[uniform.chat()].no;
            let asked = Instant::now();
            let page = ours.store.entries_before(chat, 0, None, 50, 192 * 1024);
            assert_eq!(page.await.unwrap().entries.len(), 50);
            latency.record(asked.elapsed().as_micros() as u64).unwrap();
        }
    });
    (millis(&latency, 0.5), millis(&latency, 0.99))
}

pub(crate) fn histogram() -> Histogram<u64> {
    Histogram::new(3).unwrap()
}

pub(crate) fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

pub(crate) fn millis(latency: &Histogram<u64>, quantile: f64) -> f64 {
    latency.value_at_quantile(quantile) as f64 / 1000.0
}

/// The length of one run: `BENCH_SECONDS`, 2 where that is not set.
pub(crate) fn length() -> Duration {
    let seconds = std::env::var("BENCH_SECONDS").map_or(2.0, |text| text.parse().unwrap());
    Duration::from_secs_f64(seconds)
}
