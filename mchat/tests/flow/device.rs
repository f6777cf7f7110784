//! A signed-in device of somebody: the client itself, without a command line.

use std::path::Path;
use std::time::Duration;

use mchat::client::model::{Anchor, EntryRow};
use mchat::client::{Client, ClientError, Events, Options, Outcome, Registration};
use proto::Seq;
use proto::id::{ChatId, EntryId, UserId};
use proto::text::Password;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Device {
    pub(crate) name: String,
    pub(crate) client: Client,
    pub(crate) user: UserId,
    events: Events,
}

fn password() -> Password {
    "correct horse".try_into().unwrap()
}

impl Device {
    async fn open(profile: &Path, server: &str) -> (Client, Events) {
        let mut options = Options::new(profile);
        options.server = Some(server.parse().unwrap());
        let (client, events) = Client::open(options).await.unwrap();
        client.connected(true, false).await.unwrap();
        (client, events)
    }

    /// The first device of somebody new.
    pub(crate) async fn register(home: &Path, name: &str, server: &str) -> Self {
        let (client, events) = Self::open(&home.join(name), server).await;
        let registration = Registration {
            username: name.try_into().unwrap(),
            password: password(),
            email: None,
            invite: None,
        };
        let account = client.register(registration).await.unwrap();
        Self {
            name: name.to_owned(),
            client,
            user: account.user,
            events,
        }
    }

    /// Another device of somebody.
    pub(crate) async fn login(home: &Path, name: &str, device: &str, server: &str) -> Self {
        let (client, events) = Self::open(&home.join(device), server).await;
        let account = client.login(name, password()).await.unwrap();
        Self {
            name: device.to_owned(),
            client,
            user: account.user,
            events,
        }
    }

    /// The same device later.
    pub(crate) async fn again(home: &Path, device: &str, server: &str) -> Self {
        let (client, events) = Self::open(&home.join(device), server).await;
        let account = client.account().unwrap();
        Self {
            name: device.to_owned(),
            client,
            user: account.user,
            events,
        }
    }

    /// Waits until what the cache shows is as wanted; looks after each event.
    pub(crate) async fn sees<T, F: Future<Output = Result<T, ClientError>>>(
        &mut self,
        what: &str,
        show: impl Fn(Client) -> F,
        wanted: impl Fn(&T) -> bool,
    ) -> T
    where
        T: std::fmt::Debug,
    {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let shown = show(self.client.clone()).await.unwrap();
            if wanted(&shown) {
                return shown;
            }
            let event = tokio::time::timeout_at(deadline, self.events.recv()).await;
            assert!(event.is_ok(), "{}: {what}: {shown:?}", self.name);
            while self.events.try_recv().is_ok() {}
        }
    }

    /// Waits until a cached entry is as wanted.
    pub(crate) async fn sees_entry(
        &mut self,
        what: &str,
        chat: ChatId,
        seq: Seq,
        wanted: impl Fn(&EntryRow) -> bool,
    ) {
        let show = |client: Client| async move { client.entry(chat, seq).await };
        self.sees(what, show, |row| row.as_ref().is_some_and(&wanted))
            .await;
    }

    /// Types a message and waits until it is stored.
    pub(crate) async fn say(&self, chat: ChatId, text: &str, reply_to: Option<Seq>) -> Seq {
        let id = self.client.send(chat, text, reply_to, None).await.unwrap();
        self.stored(chat, id).await
    }

    /// Waits until something typed is stored.
    pub(crate) async fn stored(&self, chat: ChatId, id: EntryId) -> Seq {
        let outcome = tokio::time::timeout(PATIENCE, self.client.outcome(id)).await;
        match outcome.unwrap().unwrap() {
            Outcome::Stored(Some(seq)) => seq,
            // It was in the log before anybody asked.
            Outcome::Stored(None) => {
                let entries = self.client.entries(chat, 0, 10_000).await.unwrap();
                entries.iter().find(|row| row.id == id).unwrap().seq
            }
            other => panic!("{}: {other:?}", self.name),
        }
    }

    /// What became of something that is refused.
    pub(crate) async fn refused(&self, id: EntryId) -> proto::error::ErrorCode {
        let outcome = tokio::time::timeout(PATIENCE, self.client.outcome(id)).await;
        match outcome.unwrap().unwrap() {
            Outcome::Failed(error) => error.code,
            other => panic!("{}: {other:?}", self.name),
        }
    }

    /// Everything shown of a chat's messages, for comparison with another device.
    pub(crate) async fn picture(&self, chat: ChatId) -> Vec<String> {
        let timeline = self
            .client
            .timeline(chat, Anchor::Latest, 500)
            .await
            .unwrap();
        assert!(timeline.outbox.is_empty() && timeline.changes.is_empty());
        timeline
            .entries
            .iter()
            .map(|row| {
                let mut reactions: Vec<String> = row
                    .reactions
                    .iter()
                    .map(|given| format!("{}{}", given.emoji, given.count))
                    .collect();
                reactions.sort();
                format!(
                    "{} {} {:?} edits {} deleted {} pinned {} {:?} quotes {:?} of {:?}",
                    row.seq,
                    row.kind,
                    row.text(),
                    row.edits,
                    row.deleted,
                    row.pinned,
                    reactions,
                    row.quote.as_ref().map(|quote| (quote.seq, &quote.text)),
                    row.forwarded,
                )
            })
            .collect()
    }

    /// Everything is here, and the same as on the server.
    pub(crate) async fn verified(&self) {
        self.client.sync(true).await.unwrap();
        let verified = self.client.verify().await.unwrap();
        assert_eq!(verified.differences, [""; 0], "{}", self.name);
    }

    pub(crate) async fn close(self) {
        self.client.close().await;
    }
}
