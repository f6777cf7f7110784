//! Threads that read, each with its own connection.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::thread;

use proto::id::UserId;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::connection::Source;
use super::error::closed;
use crate::store::{Pending, StoreError};

/// Ids kept by one reader before it starts anew, about 48 bytes each.
const USERS: usize = 100_000;

/// One reader: its connection and what never changes of the rows it saw.
pub(super) struct Reader {
    pub(super) conn: Connection,
    users: HashMap<i64, UserId>,
}

impl Reader {
    pub(super) fn new(conn: Connection) -> Self {
        Self {
            conn,
            users: HashMap::new(),
        }
    }

    /// The outside's name of a user.
    pub(super) fn user_id(&mut self, no: i64) -> Result<UserId, StoreError> {
        if let Some(id) = self.users.get(&no) {
            return Ok(*id);
        }
        let id = self
            .conn
            .prepare_cached("SELECT id FROM users WHERE user_no = ?1")?
            .query_row([no], |row| Ok(UserId::from_bytes(row.get(0)?)))?;
        if self.users.len() >= USERS {
            self.users.clear();
        }
        self.users.insert(no, id);
        Ok(id)
    }

    /// Runs several reads on one state of the store.
    pub(super) fn snapshot<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.conn.prepare_cached("BEGIN")?.execute([])?;
        let result = read(self);
        self.conn.prepare_cached("COMMIT")?.execute([])?;
        result
    }
}

enum Job {
    Read(Box<dyn FnOnce(&mut Reader) + Send>),
    Stop(oneshot::Sender<()>),
}

/// The way to the readers.
pub(super) struct Readers {
    jobs: mpsc::Sender<Job>,
    threads: usize,
}

impl Readers {
    /// Starts the threads.
    pub(super) fn start(source: &Source, threads: usize, queue: usize) -> Result<Self, StoreError> {
        let (sender, receiver) = mpsc::channel(queue);
        let receiver = Arc::new(Mutex::new(receiver));
        for number in 0..threads {
            let reader = Reader::new(source.reader()?);
            let receiver = Arc::clone(&receiver);
            thread::Builder::new()
                .name(format!("store-read-{number}"))
                .spawn(move || run(reader, &receiver))
                .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        }
        Ok(Self {
            jobs: sender,
            threads,
        })
    }

    pub(super) fn read<T, F>(&self, read: F) -> Pending<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Reader) -> Result<T, StoreError> + Send + 'static,
    {
        let (answer, result) = oneshot::channel();
        let queued = self
            .jobs
            .try_send(Job::Read(Box::new(move |reader| {
                // Nobody may be waiting any more.
                let _ = answer.send(read(reader));
            })))
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => StoreError::Busy,
                mpsc::error::TrySendError::Closed(_) => closed(),
            });
        Box::pin(async move {
            queued?;
            result.await.unwrap_or_else(|_| Err(closed()))
        })
    }

    /// Ends the threads behind the reads that wait.
    pub(super) fn close(&self) -> Pending<()> {
        let jobs = self.jobs.clone();
        let threads = self.threads;
        Box::pin(async move {
            for _ in 0..threads {
                let (answer, stopped) = oneshot::channel();
                if jobs.send(Job::Stop(answer)).await.is_ok() {
                    // A thread that is gone has stopped.
                    let _ = stopped.await;
                }
            }
            Ok(())
        })
    }
}

fn run(mut reader: Reader, jobs: &Mutex<mpsc::Receiver<Job>>) {
    loop {
        let job = match jobs.lock() {
            Ok(mut jobs) => jobs.blocking_recv(),
            Err(_) => return,
        };
        match job {
            Some(Job::Read(read)) => read(&mut reader),
            Some(Job::Stop(answer)) => {
                drop(reader);
                let _ = answer.send(());
                return;
            }
            None => return,
        }
    }
}
