//! What every bus has to do: one list of cases for the local bus, for Redis and
//! for a cluster.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use messengerd::bus::local::LocalBus;
use messengerd::bus::redis::Settings;
use messengerd::bus::{Bus, Signal, Transition};
use proto::event::{Event, TypingChanged};
use proto::id::{ChatId, SessionId, UserId};
use uuid::Uuid;

use crate::kit::{Probe, connected, numbered, one, until};
use crate::redis_server::{RedisCluster, RedisServer};

/// Nodes on one bus; the first one publishes.
struct Bed {
    nodes: Vec<(Arc<dyn Bus>, Arc<Probe>)>,
    _server: Box<dyn Any>,
}

async fn local() -> Bed {
    let probe = Arc::new(Probe::default());
    let bus: Arc<dyn Bus> = Arc::new(LocalBus::new(probe.clone()));
    Bed {
        nodes: vec![(bus, probe)],
        _server: Box::new(()),
    }
}

async fn several(settings: &Settings, server: Box<dyn Any>) -> Bed {
    let community = Uuid::now_v7();
    let mut nodes: Vec<(Arc<dyn Bus>, Arc<Probe>)> = Vec::new();
    for at in 0..3 {
        // One of them is slow.
        let slowness = Duration::from_millis(if at == 2 { 2 } else { 0 });
        let probe = Arc::new(Probe::slow(slowness));
        let bus = connected(settings, community, probe.clone()).await;
        nodes.push((bus, probe));
    }
    Bed {
        nodes,
        _server: server,
    }
}

async fn redis() -> Bed {
    let server = RedisServer::start();
    several(&one(server.url()), Box::new(server)).await
}

async fn cluster() -> Bed {
    let cluster = RedisCluster::start();
    let settings = Settings {
        urls: cluster.urls(),
        cluster: true,
    };
    several(&settings, Box::new(cluster)).await
}

impl Bed {
    fn bus(&self) -> &dyn Bus {
        &*self.nodes[0].0
    }

    fn own(&self) -> &Probe {
        &self.nodes[0].1
    }

    fn others(&self) -> impl Iterator<Item = &Arc<Probe>> {
        self.nodes[1..].iter().map(|(_, probe)| probe)
    }

    async fn all_hear(&self, count: usize) {
        for (_, probe) in &self.nodes {
            until("all signals arrive", || probe.heard().len() >= count).await;
            assert_eq!(probe.heard().len(), count);
        }
    }
}

fn every_signal() -> Vec<Signal> {
    let (user, chat) = (UserId::generate(), ChatId::generate());
    let event = Event::Typing(TypingChanged {
        chat,
        user,
        on: true,
    });
    vec![
        Signal::Joined { user, chat },
        Signal::ToChat {
            chat,
            event: event.clone(),
            except: Some(user),
        },
        Signal::ToUser {
            user,
            event: event.clone(),
        },
        Signal::ToUsers {
            users: vec![user, UserId::generate()],
            event,
        },
        Signal::Left { user, chat },
        Signal::SessionEnded {
            user,
            session: SessionId::generate(),
        },
        Signal::Presence(Transition {
            user,
            node: Uuid::now_v7(),
            online: true,
            idle: true,
            version: 7,
            relied: Some(Uuid::now_v7()),
        }),
        Signal::NodeGone(Uuid::now_v7()),
    ]
}

async fn every_signal_reaches_every_node(bed: Bed) {
    let signals = every_signal();
    bed.bus().publish(signals.clone());
    bed.all_hear(signals.len()).await;
    for (_, probe) in &bed.nodes {
        let heard = probe.heard();
        assert!(signals.iter().all(|signal| heard.contains(signal)));
    }
}

async fn ones_own_sink_hears_before_publish_returns(bed: Bed) {
    let chat = ChatId::generate();
    for number in 0..100 {
        bed.bus().publish(vec![numbered(chat, number)]);
        assert_eq!(bed.own().heard().len(), number as usize + 1);
    }
    // And not once more when it comes back from the server.
    bed.all_hear(100).await;
}

async fn a_chat_keeps_its_order(bed: Bed) {
    let chats: Vec<ChatId> = (0..10).map(|_| ChatId::generate()).collect();
    for number in 0..100 {
        let batch = chats.iter().map(|chat| numbered(*chat, number)).collect();
        bed.bus().publish(batch);
    }
    bed.all_hear(1_000).await;
    for (_, probe) in &bed.nodes {
        let heard = probe.heard();
        for chat in &chats {
            let wanted: Vec<Signal> = (0..100).map(|number| numbered(*chat, number)).collect();
            let of_chat: Vec<Signal> = heard
                .iter()
                .filter(|signal| matches!(signal, Signal::ToChat { chat: of, .. } if of == chat))
                .cloned()
                .collect();
            assert_eq!(of_chat, wanted);
        }
    }
}

async fn a_slow_sink_holds_up_nobody(bed: Bed) {
    let chat = ChatId::generate();
    let start = Instant::now();
    for number in 0..500 {
        bed.bus().publish(vec![numbered(chat, number)]);
    }
    // The slow one takes a second at least.
    assert!(start.elapsed() < Duration::from_millis(900));
    if let Some(quick) = bed.others().next() {
        until("the quick one hears", || quick.heard().len() == 500).await;
    }
    bed.all_hear(500).await;
}

async fn an_empty_batch_says_nothing(bed: Bed) {
    bed.bus().publish(Vec::new());
    bed.bus().publish(vec![numbered(ChatId::generate(), 1)]);
    bed.all_hear(1).await;
    for probe in bed.others() {
        // Nothing but the beginning of the connection.
        assert!(probe.up.load(Ordering::SeqCst));
    }
}

macro_rules! conformance {
    ($bed:ident: $($case:ident)*) => {
        mod $bed {
            $(#[tokio::test]
            async fn $case() {
                super::$case(super::$bed().await).await;
            })*
        }
    };
    ($($bed:ident)* => $cases:tt) => {
        $(conformance!(@ $bed $cases);)*
    };
    (@ $bed:ident [$($case:ident)*]) => {
        conformance!($bed: $($case)*);
    };
}

conformance!(local redis cluster => [
    every_signal_reaches_every_node
    ones_own_sink_hears_before_publish_returns
    a_chat_keeps_its_order
    a_slow_sink_holds_up_nobody
    an_empty_batch_says_nothing
]);
