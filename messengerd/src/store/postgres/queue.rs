//! The way to the committers: appends and the other writes to chats, in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use deadpool_postgres::ClientWrapper;
use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use super::chats;
use super::committer::Committer;
use super::error::closed;
use super::pool::{Done, Step};
use crate::store::{Append, Appended, ChatNo, ChatRecord, NewChat, Pending, StoreError};

/// Committers of one store; chats are spread over them by number.
pub(super) const SHARDS: usize = 2;

/// Where a job's result goes.
pub(super) type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

/// Work for a committer.
pub(super) enum Job {
    /// An append: the common case.
    Append(Waiting),
    /// Any other write to a chat, with a transaction of its own.
    Change(Box<dyn Change>),
    /// Finish and end.
    Close(Answer<()>),
}

/// An append and who waits for it.
pub(super) struct Waiting {
    pub(super) append: Append,
    pub(super) answer: Answer<Appended>,
}

/// A write with a transaction of its own, and who waits for it.
pub(super) trait Change: Send {
    fn run(self: Box<Self>, committer: &mut Committer) -> BoxFuture<'_, ()>;
}

struct Asked<A, F, T> {
    args: A,
    work: F,
    answer: Answer<T>,
}

impl<A, F, T> Change for Asked<A, F, T>
where
    A: Send + Sync + 'static,
    T: Send + 'static,
    F: for<'a> Fn(&'a ClientWrapper, &'a A) -> Step<'a, Done<T>> + Send + Sync + 'static,
{
    fn run(self: Box<Self>, committer: &mut Committer) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let outcome = committer.attempt(&self.args, &self.work).await;
            // Nobody may be waiting any more.
            let _ = self.answer.send(outcome);
        })
    }
}

/// The queues, one per committer.
#[derive(Clone)]
pub(super) struct Queue {
    jobs: Vec<mpsc::Sender<Job>>,
    /// Bytes of bodies that wait, in all of them.
    bytes: Arc<AtomicUsize>,
    max_bytes: usize,
    closing: Arc<AtomicBool>,
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
            closing: Arc::default(),
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
        self.put_change(shard_of(low ^ high), chat, |conn, chat| {
            Box::pin(chats::create(conn, chat))
        })
    }

    /// Queues any other write to a chat, behind the appends before it.
    pub(super) fn change<A, T, F>(&self, chat: ChatNo, args: A, work: F) -> Pending<T>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'a> Fn(&'a ClientWrapper, &'a A) -> Step<'a, Done<T>> + Send + Sync + 'static,
    {
        self.put_change(shard_of(chat.0), args, work)
    }

    fn put_change<A, T, F>(&self, shard: usize, args: A, work: F) -> Pending<T>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'a> Fn(&'a ClientWrapper, &'a A) -> Step<'a, Done<T>> + Send + Sync + 'static,
    {
        let (answer, result) = oneshot::channel();
        let asked = Asked { args, work, answer };
        let queued = self.put(shard, Job::Change(Box::new(asked)));
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
