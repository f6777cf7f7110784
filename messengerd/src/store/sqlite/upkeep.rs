//! Work behind the writer: moves the log into the database file, and digests
//! blocks of entries that became full.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::connection::Source;
use super::digests;
use super::writer::WeakQueue;
use crate::store::{ChatNo, Pending, StoreError};

/// How long the log may grow before it is moved.
const INTERVAL: Duration = Duration::from_millis(200);
/// Full blocks that may wait to be digested. One that does not fit is digested
/// when somebody asks for it.
const BLOCKS: usize = 1024;

enum Task {
    Block(ChatNo, u64),
    Stop(oneshot::Sender<()>),
}

/// The way to the thread.
#[derive(Clone)]
pub(super) struct Upkeep {
    tasks: mpsc::SyncSender<Task>,
    dirty: Arc<AtomicBool>,
}

/// The thread's end, to be started once the writer's queue exists.
pub(super) struct Worker {
    tasks: mpsc::Receiver<Task>,
    dirty: Arc<AtomicBool>,
    conn: Connection,
}

impl Upkeep {
    pub(super) fn new(source: &Source) -> Result<(Self, Worker), StoreError> {
        let (sender, receiver) = mpsc::sync_channel(BLOCKS);
        let dirty = Arc::new(AtomicBool::new(false));
        let worker = Worker {
            tasks: receiver,
            dirty: Arc::clone(&dirty),
            conn: source.checkpointer()?,
        };
        let upkeep = Self {
            tasks: sender,
            dirty,
        };
        Ok((upkeep, worker))
    }

    /// Notes that the log grew.
    pub(super) fn written(&self) {
        self.dirty.store(true, Ordering::Relaxed);
    }

    /// Notes that a block is full.
    pub(super) fn block_full(&self, chat: ChatNo, block: u64) {
        // See BLOCKS for what becomes of one that does not fit.
        let _ = self.tasks.try_send(Task::Block(chat, block));
    }

    /// Ends the thread.
    pub(super) fn close(&self) -> Pending<()> {
        let tasks = self.tasks.clone();
        Box::pin(async move {
            let (answer, stopped) = oneshot::channel();
            let mut task = Task::Stop(answer);
            loop {
                match tasks.try_send(task) {
                    Ok(()) => break,
                    Err(mpsc::TrySendError::Disconnected(_)) => return Ok(()),
                    Err(mpsc::TrySendError::Full(back)) => task = back,
                }
                tokio::task::yield_now().await;
            }
            // A thread that is gone has stopped.
            let _ = stopped.await;
            Ok(())
        })
    }
}

impl Worker {
    /// Starts the thread.
    pub(super) fn start(self, writes: WeakQueue) -> Result<(), StoreError> {
        thread::Builder::new()
            .name("store-upkeep".to_owned())
            .spawn(move || self.run(&writes))
            .map(drop)
            .map_err(|error| StoreError::Unavailable(error.to_string()))
    }

    fn run(self, writes: &WeakQueue) {
        let mut next = Instant::now() + INTERVAL;
        loop {
            match self
                .tasks
                .recv_timeout(next.saturating_duration_since(Instant::now()))
            {
                Ok(Task::Block(chat, block)) => self.digest(chat, block, writes),
                Ok(Task::Stop(answer)) => {
                    drop(self);
                    let _ = answer.send(());
                    return;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if Instant::now() >= next {
                if self.dirty.swap(false, Ordering::Relaxed) {
                    self.checkpoint();
                }
                next = Instant::now() + INTERVAL;
            }
        }
    }

    fn checkpoint(&self) {
        let moved = self
            .conn
            .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        if let Err(error) = moved {
            // The log keeps what it could not move: tried again later.
            self.dirty.store(true, Ordering::Relaxed);
            tracing::warn!(%error, "checkpoint");
        }
    }

    fn digest(&self, chat: ChatNo, block: u64, writes: &WeakQueue) {
        match digests::block(&self.conn, chat, block, u64::MAX, 0) {
            Ok(Some(digest)) => {
                if let Some(writes) = writes.upgrade() {
                    digests::keep(&writes, chat, vec![(block, digest)]);
                }
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "digest of a block"),
        }
    }
}
