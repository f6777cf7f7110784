//! What is done behind the requests: bringing messages into the index of the
//! search, and deleting what a chat's retention no longer keeps. Among several
//! nodes each does both; the store keeps them out of each other's way.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use proto::event::{Event, FloorRaised};
use proto::id::ChatId;
use proto::{Seq, UnixMillis};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::{Service, now};
use crate::bus::Signal;
use crate::store::StoreError;

/// Entries brought into the index in one transaction: appends wait that long.
const INDEXED: u32 = 200;
/// Messages that come within this time are indexed together, so that one who
/// writes alone does not pay for two transactions each time.
const GATHER: Duration = Duration::from_millis(200);
/// While messages keep coming, the index takes at most one part in this many of
/// the writer's time.
const SHARE: u32 = 4;
/// Other nodes' messages are indexed by them; what one that died left behind is
/// found this often.
const LOOK: Duration = Duration::from_secs(60);
/// Entries deleted in one transaction.
const EXPIRED: u32 = 500;
/// Retention is looked at this often, and after each change of it.
const EXPIRE: Duration = Duration::from_secs(3600);
/// Pauses after failures of the store.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// What there is to do. A call that comes while it is being done is kept.
#[derive(Debug, Default)]
pub(super) struct Upkeep {
    /// Something was written, edited or deleted.
    index: Notify,
    /// The same, since the last look.
    written: AtomicBool,
    /// A retention changed, or a chat was deleted.
    pub(super) expire: Notify,
}

impl Upkeep {
    /// A message was written, edited or deleted.
    pub(super) fn note_written(&self) {
        self.written.store(true, Ordering::Relaxed);
        self.index.notify_one();
    }
}

/// Pauses that grow while the store fails, and the one line about it.
#[derive(Debug, Default)]
struct Failures(u32);

impl Failures {
    fn pause(&mut self, error: &StoreError, what: &str) -> Duration {
        if self.0 == 0 {
            tracing::warn!(%error, "{what}, trying again");
        }
        self.0 += 1;
        let doubled = PAUSE.0 * 2u32.saturating_pow(self.0 - 1).min(64);
        doubled.min(PAUSE.1)
    }
}

/// Tells the members of a chat that its log lost its beginning.
pub(super) fn floor_signal(chat: ChatId, floor: Seq) -> Signal {
    Signal::ToChat {
        chat,
        event: Event::Floor(FloorRaised { chat, floor }),
        except: None,
    }
}

impl Service {
    /// Does what is to be done behind the requests until cancelled.
    pub async fn keep_up(&self, stop: CancellationToken) {
        tokio::select! {
            () = self.index() => {}
            () = self.expire() => {}
            () = stop.cancelled() => {}
        }
    }

    async fn index(&self) {
        let mut failures = Failures::default();
        loop {
            let start = Instant::now();
            match self.store.index_entries(INDEXED).await {
                Ok(true) => {
                    failures = Failures::default();
                    let busy = self.upkeep.written.swap(false, Ordering::Relaxed);
                    sleep(start.elapsed() * if busy { SHARE - 1 } else { 0 }).await;
                }
                Ok(false) => {
                    failures = Failures::default();
                    tokio::select! {
                        () = self.upkeep.index.notified() => sleep(GATHER).await,
                        () = sleep(LOOK) => {}
                    }
                }
                Err(error) => sleep(failures.pause(&error, "messages not indexed")).await,
            }
        }
    }

    async fn expire(&self) {
        let mut failures = Failures::default();
        loop {
            match self.expire_once(now()).await {
                Ok(()) => {
                    failures = Failures::default();
                    tokio::select! {
                        () = self.upkeep.expire.notified() => {}
                        () = sleep(EXPIRE) => {}
                    }
                }
                Err(error) => sleep(failures.pause(&error, "retention not kept")).await,
            }
        }
    }

    /// Deletes what is older than its chat's retention at a time, and tells the
    /// members.
    ///
    /// # Errors
    ///
    /// Where the store fails; what was deleted before that is told.
    pub async fn expire_once(&self, at: UnixMillis) -> Result<(), StoreError> {
        loop {
            let (raised, more) = self.store.expire_entries(at, EXPIRED).await?;
            let signals: Vec<Signal> = raised
                .into_iter()
                .map(|raised| floor_signal(raised.chat, raised.floor))
                .collect();
            if !signals.is_empty() {
                self.bus.publish(signals);
            }
            if !more {
                return Ok(());
            }
            // Appends go in between.
            tokio::task::yield_now().await;
        }
    }
}
