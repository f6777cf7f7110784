//! The one thread that writes. It takes what waits, up to [`BATCH`], into one
//! transaction without waiting for more, commits it, tells the feed and then
//! answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::error::{again, closed, spoils_batch};
use super::heads::Heads;
use super::index::Behind;
use super::upkeep::Upkeep;
use super::{entries, error};
use crate::store::{Append, Appended, ChatNo, Committed, Feed, Pending, StoreError};

/// Most jobs in one transaction.
const BATCH: usize = 512;

type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

/// An open transaction as a job sees it.
pub(super) struct Tx<'a> {
    pub(super) conn: &'a Connection,
    pub(super) heads: &'a mut Heads,
    /// What the feed will be told if the batch commits.
    pub(super) events: &'a mut Vec<Committed>,
    /// Blocks of 1024 entries that became full.
    pub(super) full_blocks: &'a mut Vec<(ChatNo, u64)>,
}

/// Work for the writer.
pub(super) enum Job {
    /// An append: the common case, without a savepoint of its own.
    Append(Append, Answer<Appended>),
    /// Any other write.
    Write(Box<dyn Write>),
    /// Finish and end the thread.
    Close(Answer<()>),
}

/// A write whose result waits for the commit.
pub(super) trait Write: Send {
    /// Does the work inside a savepoint and keeps the result.
    ///
    /// The error is the result's, shortened to whether the batch is spoilt.
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), Option<StoreError>>;
    /// Answers: with the kept result, or with why the batch failed.
    fn answer(self: Box<Self>, failed: Option<&StoreError>);
}

struct Call<T, F> {
    work: Option<F>,
    result: Option<Result<T, StoreError>>,
    answer: Answer<T>,
}

impl<T, F> Write for Call<T, F>
where
    T: Send,
    F: FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), Option<StoreError>> {
        let Some(work) = self.work.take() else {
            return Ok(());
        };
        let result = work(tx);
        let outcome = match &result {
            Ok(_) => Ok(()),
            Err(error) if spoils_batch(error) => Err(Some(again(error))),
            Err(_) => Err(None),
        };
        self.result = Some(result);
        outcome
    }

    fn answer(self: Box<Self>, failed: Option<&StoreError>) {
        let result = match (failed, self.result) {
            (Some(error), _) => Err(again(error)),
            (None, Some(result)) => result,
            (None, None) => Err(closed()),
        };
        // Nobody may be waiting any more; the write stands either way.
        let _ = self.answer.send(result);
    }
}

/// The way to the writer.
#[derive(Clone)]
pub(super) struct Queue {
    jobs: mpsc::Sender<Job>,
    /// Bytes of bodies that wait.
    bytes: Arc<AtomicUsize>,
    max_bytes: usize,
    closing: Arc<AtomicBool>,
}

impl Queue {
    pub(super) fn new(jobs: usize, max_bytes: usize) -> (Self, mpsc::Receiver<Job>) {
        let (sender, receiver) = mpsc::channel(jobs);
        let queue = Self {
            jobs: sender,
            bytes: Arc::new(AtomicUsize::new(0)),
            max_bytes,
            closing: Arc::new(AtomicBool::new(false)),
        };
        (queue, receiver)
    }

    /// Queues an append, or says at once that it cannot.
    pub(super) fn append(&self, append: Append) -> Result<Pending<Appended>, StoreError> {
        let bytes = append.body.len();
        if self.bytes.fetch_add(bytes, Ordering::Relaxed) > self.max_bytes {
            self.bytes.fetch_sub(bytes, Ordering::Relaxed);
            return Err(StoreError::Busy);
        }
        let (answer, result) = oneshot::channel();
        if let Err(error) = self.put(Job::Append(append, answer)) {
            self.bytes.fetch_sub(bytes, Ordering::Relaxed);
            return Err(error);
        }
        Ok(Box::pin(async move {
            result.await.unwrap_or_else(|_| Err(closed()))
        }))
    }

    /// Queues any other write.
    pub(super) fn write<T, F>(&self, work: F) -> Pending<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (answer, result) = oneshot::channel();
        let queued = self.put(Job::Write(Box::new(Call {
            work: Some(work),
            result: None,
            answer,
        })));
        Box::pin(async move {
            queued?;
            result.await.unwrap_or_else(|_| Err(closed()))
        })
    }

    /// A way to the writer that does not keep it running.
    pub(super) fn downgrade(&self) -> WeakQueue {
        WeakQueue {
            jobs: self.jobs.downgrade(),
            queue_bytes: Arc::clone(&self.bytes),
            max_bytes: self.max_bytes,
            closing: Arc::clone(&self.closing),
        }
    }

    /// Queues the end behind everything that waits. Later calls are refused.
    pub(super) fn close(&self) -> Pending<()> {
        self.closing.store(true, Ordering::Release);
        let jobs = self.jobs.clone();
        Box::pin(async move {
            let (answer, result) = oneshot::channel();
            // A writer that is gone has closed already.
            if jobs.send(Job::Close(answer)).await.is_err() {
                return Ok(());
            }
            result.await.unwrap_or(Ok(()))
        })
    }

    fn put(&self, job: Job) -> Result<(), StoreError> {
        if self.closing.load(Ordering::Acquire) {
            return Err(closed());
        }
        self.jobs.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Busy,
            mpsc::error::TrySendError::Closed(_) => closed(),
        })
    }
}

/// See [`Queue::downgrade`].
pub(super) struct WeakQueue {
    jobs: mpsc::WeakSender<Job>,
    queue_bytes: Arc<AtomicUsize>,
    max_bytes: usize,
    closing: Arc<AtomicBool>,
}

impl WeakQueue {
    /// The queue, unless its store is gone.
    pub(super) fn upgrade(&self) -> Option<Queue> {
        Some(Queue {
            jobs: self.jobs.upgrade()?,
            bytes: Arc::clone(&self.queue_bytes),
            max_bytes: self.max_bytes,
            closing: Arc::clone(&self.closing),
        })
    }
}

/// What waits for a batch's commit.
enum Waiting {
    Append(Result<Appended, StoreError>, Answer<Appended>),
    Write(Box<dyn Write>),
}

pub(super) struct Writer {
    pub(super) conn: Connection,
    pub(super) feed: Arc<dyn Feed>,
    pub(super) upkeep: Upkeep,
    pub(super) behind: Arc<Behind>,
    pub(super) bytes: Arc<AtomicUsize>,
    pub(super) heads: Heads,
}

impl Writer {
    pub(super) fn new(
        conn: Connection,
        feed: Arc<dyn Feed>,
        upkeep: Upkeep,
        behind: Arc<Behind>,
        queue: &Queue,
    ) -> Self {
        Self {
            conn,
            feed,
            upkeep,
            behind,
            bytes: Arc::clone(&queue.bytes),
            heads: Heads::default(),
        }
    }

    /// Works until it is closed or every sender is gone.
    pub(super) fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut closers = Vec::new();
        while jobs.blocking_recv_many(&mut batch, BATCH) > 0 {
            self.batch(&mut batch, &mut closers);
            if !closers.is_empty() {
                // What slipped in behind is still finished.
                jobs.close();
            }
        }
        drop(self);
        for closer in closers {
            let _ = closer.send(Ok(()));
        }
    }

    fn batch(&mut self, jobs: &mut Vec<Job>, closers: &mut Vec<Answer<()>>) {
        let mut waiting = Vec::with_capacity(jobs.len());
        let mut events = Vec::with_capacity(jobs.len());
        let mut full_blocks = Vec::new();
        let outcome = self.work(jobs, &mut waiting, closers, &mut events, &mut full_blocks);
        match outcome {
            Ok(()) => {
                self.heads.trim();
                if !waiting.is_empty() {
                    self.upkeep.written();
                }
                if !events.is_empty() {
                    self.behind.committed(&events);
                    self.feed.committed(events);
                }
                for waits in waiting {
                    match waits {
                        Waiting::Append(result, answer) => drop(answer.send(result)),
                        Waiting::Write(write) => write.answer(None),
                    }
                }
                for (chat, block) in full_blocks {
                    self.upkeep.block_full(chat, block);
                }
            }
            Err(error) => {
                self.heads.clear();
                if !self.conn.is_autocommit()
                    && let Err(rollback) = self.conn.execute_batch("ROLLBACK")
                {
                    tracing::error!(%rollback, "a failed batch could not be rolled back");
                }
                tracing::warn!(%error, writes = waiting.len(), "a batch of writes failed");
                for waits in waiting {
                    match waits {
                        Waiting::Append(_, answer) => drop(answer.send(Err(again(&error)))),
                        Waiting::Write(write) => write.answer(Some(&error)),
                    }
                }
            }
        }
    }

    /// Every job ends up in `waiting` whatever happens; the result says whether
    /// all of it is durable.
    fn work(
        &mut self,
        jobs: &mut Vec<Job>,
        waiting: &mut Vec<Waiting>,
        closers: &mut Vec<Answer<()>>,
        events: &mut Vec<Committed>,
        full_blocks: &mut Vec<(ChatNo, u64)>,
    ) -> Result<(), StoreError> {
        let mut state = self.begin();
        for job in jobs.drain(..) {
            let mut tx = Tx {
                conn: &self.conn,
                heads: &mut self.heads,
                events,
                full_blocks,
            };
            match job {
                Job::Close(answer) => closers.push(answer),
                Job::Append(append, answer) => {
                    self.bytes.fetch_sub(append.body.len(), Ordering::Relaxed);
                    let result = match &state {
                        Ok(()) => entries::append(&mut tx, append),
                        Err(error) => Err(again(error)),
                    };
                    if state.is_ok()
                        && let Err(error) = &result
                        && (spoils_batch(error) || self.conn.is_autocommit())
                    {
                        state = Err(again(error));
                    }
                    waiting.push(Waiting::Append(result, answer));
                }
                Job::Write(mut write) => {
                    if state.is_ok() {
                        state = isolated(&mut tx, write.as_mut());
                    }
                    waiting.push(Waiting::Write(write));
                }
            }
        }
        state?;
        self.heads.flush(&self.conn)?;
        self.conn.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    }

    fn begin(&self) -> Result<(), StoreError> {
        self.conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        Ok(())
    }
}

/// Runs a write so that, if it fails, its neighbours stand. An error means that
/// the whole transaction is lost.
fn isolated(tx: &mut Tx<'_>, write: &mut dyn Write) -> Result<(), StoreError> {
    tx.heads.flush(tx.conn)?;
    let (events, blocks) = (tx.events.len(), tx.full_blocks.len());
    tx.conn.prepare_cached("SAVEPOINT job")?.execute([])?;
    let outcome = write.run(tx).and_then(|()| {
        tx.heads.flush(tx.conn).map_err(Some)?;
        let released = tx
            .conn
            .prepare_cached("RELEASE job")
            .map_err(error::some)?
            .execute([]);
        released.map(drop).map_err(error::some)
    });
    match outcome {
        Ok(()) => Ok(()),
        Err(Some(error)) => Err(error),
        Err(None) if tx.conn.is_autocommit() => Err(StoreError::Unavailable(
            "the transaction was rolled back".to_owned(),
        )),
        Err(None) => {
            tx.heads.drop_unflushed();
            tx.events.truncate(events);
            tx.full_blocks.truncate(blocks);
            tx.conn.prepare_cached("ROLLBACK TO job")?.execute([])?;
            tx.conn.prepare_cached("RELEASE job")?.execute([])?;
            Ok(())
        }
    }
}
