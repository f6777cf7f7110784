//! Somebody with a profile who is there all the time.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mchat::client::model::{Anchor, Link};
use mchat::client::{Client, Events, Options, Outcome, Registration};
use proto::entry::Body;
use proto::id::{ChatId, EntryId, UserId};

/// Longer than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) struct Guest {
    pub(crate) client: Client,
    pub(crate) user: UserId,
    /// Ids of messages that the server has acknowledged.
    pub(crate) acknowledged: Arc<Mutex<Vec<(ChatId, EntryId)>>>,
    waits: Vec<tokio::task::JoinHandle<()>>,
    _events: Events,
}

impl Guest {
    pub(crate) async fn register(home: &Path, name: &str, server: &str) -> Self {
        let mut options = Options::new(home.join(name));
        options.server = Some(server.parse().unwrap());
        let (client, events) = Client::open(options).await.unwrap();
        client.connected(true, false).await.unwrap();
        let account = loop {
            let registration = Registration {
                username: name.try_into().unwrap(),
                password: "correct horse".try_into().unwrap(),
                email: None,
                invite: None,
            };
            match client.register(registration).await {
                Ok(account) => break account,
                // Hashing is bounded.
                Err(error) => println!("{name}: {error}, again"),
            }
        };
        Self {
            client,
            user: account.user,
            acknowledged: Arc::default(),
            waits: Vec::new(),
            _events: events,
        }
    }

    /// Types a message; what becomes of it is noted.
    pub(crate) async fn say(&mut self, chat: ChatId, text: &str) {
        let id = self.client.send(chat, text, None, None).await.unwrap();
        let (client, acknowledged) = (self.client.clone(), self.acknowledged.clone());
        self.waits.push(tokio::spawn(async move {
            match client.outcome(id).await.unwrap() {
                Outcome::Stored(_) => acknowledged.lock().unwrap().push((chat, id)),
                other => panic!("{id}: {other:?}"),
            }
        }));
    }

    /// Waits until everything typed is acknowledged.
    pub(crate) async fn drained(&mut self) {
        for wait in self.waits.drain(..) {
            tokio::time::timeout(PATIENCE, wait)
                .await
                .expect("the outbox drains")
                .unwrap();
        }
    }

    /// Where this client is connected.
    pub(crate) fn place(&self) -> Option<String> {
        match self.client.link() {
            Link::Online { address, .. } => Some(address),
            _ => None,
        }
    }

    /// How long after `since` the client is online at another place than `not`.
    pub(crate) fn elsewhere(
        &self,
        not: String,
        since: Instant,
    ) -> tokio::task::JoinHandle<Duration> {
        let mut link = self.client.watch_link();
        tokio::spawn(async move {
            loop {
                if let Link::Online { address, .. } = &*link.borrow_and_update()
                    && *address != not
                {
                    return since.elapsed();
                }
                link.changed().await.unwrap();
            }
        })
    }

    /// The whole log of a chat as this client holds it: number, id, text.
    pub(crate) async fn log(&self, chat: ChatId) -> Vec<(u64, EntryId, Option<String>)> {
        let timeline = self
            .client
            .timeline(chat, Anchor::Latest, 1_000_000)
            .await
            .unwrap();
        let row = |entry: mchat::client::model::EntryRow| {
            let text = match entry.body {
                Body::Message(message) => Some(message.text),
                _ => None,
            };
            (entry.seq, entry.id, text)
        };
        timeline.entries.into_iter().map(row).collect()
    }

    /// Catches up and proves that the cache is what the server holds, once
    /// others' cursors have stopped moving.
    pub(crate) async fn verify(&self) {
        let start = Instant::now();
        loop {
            let checked = async {
                self.client.connected(false, false).await?;
                self.client.sync(true).await?;
                self.client.verify().await
            };
            match tokio::time::timeout(PATIENCE, checked).await.unwrap() {
                Ok(verified) if verified.differences.is_empty() => return,
                Ok(verified) => {
                    assert!(start.elapsed() < PATIENCE, "{:?}", verified.differences);
                }
                // A server that was just restarted.
                Err(error) => assert!(start.elapsed() < PATIENCE, "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
