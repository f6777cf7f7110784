//! A task that moves cursors: one transaction after the other, so that the feed
//! hears of a chat's cursors in the order of their revisions, each for all the
//! calls that wait.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{mpsc, oneshot};

use super::cursors;
use super::error::{again, closed};
use super::pool::Pool;
use super::queue::Answer;
use crate::store::{CursorMove, CursorRecord, Pending, StoreError};

/// Calls that may wait.
const CALLS: usize = 1024;
/// Calls in one transaction.
const BATCH: usize = 64;

enum Job {
    Move(Vec<CursorMove>, Answer<Vec<CursorRecord>>),
    Close(Answer<()>),
}

/// The way to the task.
pub(super) struct Mover {
    jobs: mpsc::Sender<Job>,
    closing: AtomicBool,
}

/// The task's end.
pub(super) struct Jobs(mpsc::Receiver<Job>);

impl Mover {
    pub(super) fn new() -> (Self, Jobs) {
        let (sender, receiver) = mpsc::channel(CALLS);
        let mover = Self {
            jobs: sender,
            closing: AtomicBool::new(false),
        };
        (mover, Jobs(receiver))
    }

    /// Queues moves.
    pub(super) fn advance(&self, moves: Vec<CursorMove>) -> Pending<Vec<CursorRecord>> {
        let (answer, result) = oneshot::channel();
        let queued = if self.closing.load(Ordering::Acquire) {
            Err(closed())
        } else {
            self.jobs
                .try_send(Job::Move(moves, answer))
                .map_err(|error| match error {
                    mpsc::error::TrySendError::Full(_) => StoreError::Busy,
                    mpsc::error::TrySendError::Closed(_) => closed(),
                })
        };
        Box::pin(async move {
            queued?;
            result.await.unwrap_or_else(|_| Err(closed()))
        })
    }

    /// Ends the task behind what waits. Later calls are refused.
    pub(super) fn close(&self) -> Pending<()> {
        self.closing.store(true, Ordering::Release);
        let jobs = self.jobs.clone();
        Box::pin(async move {
            let (answer, result) = oneshot::channel();
            // A task that is gone has closed already.
            if jobs.send(Job::Close(answer)).await.is_err() {
                return Ok(());
            }
            result.await.unwrap_or(Ok(()))
        })
    }
}

/// Works until it is closed or nobody can ask any more.
pub(super) async fn run(pool: Pool, Jobs(mut jobs): Jobs) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut closers = Vec::new();
    while jobs.recv_many(&mut batch, BATCH).await > 0 {
        let mut moves = Vec::new();
        let mut calls = Vec::new();
        for job in batch.drain(..) {
            match job {
                Job::Move(wanted, answer) => {
                    moves.extend(wanted);
                    calls.push((moves.len(), answer));
                }
                Job::Close(answer) => {
                    closers.push(answer);
                    jobs.close();
                }
            }
        }
        advance(&pool, moves, calls).await;
    }
    for closer in closers {
        // Nobody may be waiting any more.
        let _ = closer.send(Ok(()));
    }
}

/// One transaction. Each call comes with the end of its moves.
async fn advance(
    pool: &Pool,
    moves: Vec<CursorMove>,
    calls: Vec<(usize, Answer<Vec<CursorRecord>>)>,
) {
    let moved = if moves.is_empty() {
        Ok(Vec::new())
    } else {
        pool.write(moves, |conn, moves| Box::pin(cursors::advance(conn, moves)))
            .await
    };
    let mut moved = moved.map(|moved| moved.into_iter().peekable());
    for (end, answer) in calls {
        let result = match &mut moved {
            Ok(moved) => {
                let mut own = Vec::new();
                while let Some((_, cursor)) = moved.next_if(|(index, _)| *index < end) {
                    own.push(cursor);
                }
                Ok(own)
            }
            Err(StoreError::Busy) => Err(StoreError::Busy),
            Err(error) => Err(again(error)),
        };
        let _ = answer.send(result);
    }
}
