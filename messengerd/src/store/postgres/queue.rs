//! The way to the committers: appends and the other writes to chats, in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::{mpsc, oneshot};

use super::error::closed;
use super::members::{Addition, Removal};
use crate::store::{Append, Appended, ChatRecord, NewChat, Pending, StoreError};

/// Committers of one store; chats are spread over them by number.
pub(super) const SHARDS: usize = 2;

/// Where a job's result goes.
pub(super) type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

/// Work for a committer.
pub(super) enum Job {
    /// An append: the common case.
    Append(Waiting),
    /// Any other write to a chat.
    Change(Change),
    /// Finish and end.
    Close(Answer<()>),
}

/// An append and who waits for it.
pub(super) struct Waiting {
    pub(super) append: Append,
    pub(super) answer: Answer<Appended>,
}

/// A write with a transaction of its own.
pub(super) enum Change {
    Create(Box<NewChat>, Answer<ChatRecord>),
    Add(Addition, Answer<()>),
    Remove(Removal, Answer<()>),
}

/// The queues, one per committer.
pub(super) struct Queue {
    jobs: Vec<mpsc::Sender<Job>>,
    /// Bytes of bodies that wait, in all of them.
    bytes: Arc<AtomicUsize>,
    max_bytes: usize,
    closing: AtomicBool,
}

impl Queue {
    /// The queues, of `jobs` places together, and their other ends.
    pub(super) fn new(jobs: usize, max_bytes: usize) -> (Self, Vec<mpsc::Receiver<Job>>) {
        let places = (jobs / SHARDS).max(1);
        let (senders, receivers) = (0..SHARDS).map(|_| mpsc::channel(places)).unzip();
        let queue = Self {
            jobs: senders,
            bytes: Arc::default(),
            max_bytes,
            closing: AtomicBool::new(false),
        };
        (queue, receivers)
    }

    /// What the committers count down.
    pub(super) fn bytes(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.bytes)
    }

    /// Queues an append, or says at once that it cannot.
    pub(super) fn append(&self, append: Append) -> Result<Pending<Appended>, StoreError> {
        let bytes = append.body.len();
        if self.bytes.fetch_add(bytes, Ordering::Relaxed) > self.max_bytes {
            self.bytes.fetch_sub(bytes, Ordering::Relaxed);
            return Err(StoreError::Busy);
        }
        let (answer, result) = oneshot::channel();
        let shard = shard_of(append.chat.0);
        if let Err(error) = self.put(shard, Job::Append(Waiting { append, answer })) {
            self.bytes.fetch_sub(bytes, Ordering::Relaxed);
            return Err(error);
        }
        Ok(Box::pin(async move {
            result.await.unwrap_or_else(|_| Err(closed()))
        }))
    }

    /// Queues the making of a chat. A pair's go to one committer, so that the
    /// second finds the first after the feed was told of it.
    pub(super) fn create(&self, chat: NewChat) -> Pending<ChatRecord> {
        let (low, high) = chat.others.first().map_or((0, 0), |other| {
            let (own, other) = (chat.creator.no.0, other.no.0);
            (own.min(other), own.max(other))
        });
        self.change(shard_of(low ^ high), |answer| {
            Change::Create(Box::new(chat), answer)
        })
    }

    /// Queues a change of the members.
    pub(super) fn add(&self, addition: Addition) -> Pending<()> {
        self.change(shard_of(addition.chat.0), |answer| {
            Change::Add(addition, answer)
        })
    }

    /// Queues a change of the members.
    pub(super) fn remove(&self, removal: Removal) -> Pending<()> {
        self.change(shard_of(removal.chat.0), |answer| {
            Change::Remove(removal, answer)
        })
    }

    fn change<T: Send + 'static>(
        &self,
        shard: usize,
        change: impl FnOnce(Answer<T>) -> Change,
    ) -> Pending<T> {
        let (answer, result) = oneshot::channel();
        let queued = self.put(shard, Job::Change(change(answer)));
        Box::pin(async move {
            queued?;
            result.await.unwrap_or_else(|_| Err(closed()))
        })
    }

    fn put(&self, shard: usize, job: Job) -> Result<(), StoreError> {
        if self.closing.load(Ordering::Acquire) {
            return Err(closed());
        }
        let jobs = self.jobs.get(shard).ok_or_else(closed)?;
        jobs.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Busy,
            mpsc::error::TrySendError::Closed(_) => closed(),
        })
    }

    /// Queues the end behind everything that waits. Later calls are refused.
    pub(super) fn close(&self) -> Pending<()> {
        self.closing.store(true, Ordering::Release);
        let shards = self.jobs.clone();
        Box::pin(async move {
            let mut ends = Vec::new();
            for jobs in shards {
                let (answer, result) = oneshot::channel();
                // A committer that is gone has closed already.
                if jobs.send(Job::Close(answer)).await.is_ok() {
                    ends.push(result);
                }
            }
            for end in ends {
                end.await.unwrap_or(Ok(()))?;
            }
            Ok(())
        })
    }
}

fn shard_of(number: i64) -> usize {
    (number.unsigned_abs() % SHARDS as u64) as usize
}
