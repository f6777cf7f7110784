//! Connections shared by reads and by writes that are not queued.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use deadpool_postgres::{ClientWrapper, Manager, ManagerConfig, Object, RecyclingMethod};
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::TaskTracker;

use super::connect::{Connector, LIMIT};
use super::error::{self, Fault, closed};
use super::statements;
use crate::store::{Committed, Feed, Pending, StoreError};

/// How often an operation that was in another's way is tried.
pub(super) const TRIES: u32 = 5;

/// The connections, shared by all who use them.
#[derive(Clone)]
pub(super) struct Pool {
    connections: deadpool_postgres::Pool,
    runtime: Handle,
    /// Operations that go on though nobody may be waiting for them.
    writes: TaskTracker,
    /// Operations under way.
    busy: Arc<AtomicUsize>,
    max_busy: usize,
    closing: Arc<AtomicBool>,
    feed: Arc<dyn Feed>,
}

/// Statements on their way.
pub(super) type Step<'a, T> = BoxFuture<'a, Result<T, Fault>>;

/// What a write came to.
pub(super) struct Done<T> {
    pub(super) value: T,
    /// What the feed is told.
    pub(super) events: Vec<Committed>,
}

impl<T> Done<T> {
    /// A result that nobody else has to hear of.
    pub(super) fn quiet(value: T) -> Self {
        Self {
            value,
            events: Vec::new(),
        }
    }
}

/// One more operation under way.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection of the pool. Unless it is given back it is closed: whoever
/// stopped waiting may have left a transaction open.
struct Lease(Option<Object>);

impl Lease {
    fn give_back(&mut self) {
        drop(self.0.take());
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(conn) = self.0.take() {
            drop(Object::take(conn));
        }
    }
}

impl Pool {
    /// Connections are made when they are needed.
    pub(super) fn new(
        connector: &Connector,
        connections: usize,
        max_busy: usize,
        runtime: Handle,
        feed: Arc<dyn Feed>,
    ) -> Result<Self, StoreError> {
        let manager = Manager::from_connect(
            connector.server().clone(),
            connector.clone(),
            ManagerConfig {
                recycling_method: RecyclingMethod::Fast,
            },
        );
        let connections = deadpool_postgres::Pool::builder(manager)
            .max_size(connections)
            .build()
            .map_err(|error| StoreError::Internal(error.to_string()))?;
        Ok(Self {
            connections,
            runtime,
            writes: TaskTracker::new(),
            busy: Arc::default(),
            max_busy,
            closing: Arc::default(),
            feed,
        })
    }

    fn place(&self) -> Result<Place, StoreError> {
        if self.closing.load(Ordering::Acquire) {
            return Err(closed());
        }
        let place = Place(Arc::clone(&self.busy));
        if self.busy.fetch_add(1, Ordering::Relaxed) >= self.max_busy {
            return Err(StoreError::Busy);
        }
        Ok(place)
    }

    /// Runs statements that change nothing, or only one of which does. Tried
    /// again where the connection turns out to have gone while it lay idle.
    pub(super) fn read<A, T, F>(&self, args: A, work: F) -> Pending<T>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'a> Fn(&'a ClientWrapper, &'a A) -> Step<'a, T> + Send + Sync + 'static,
    {
        let pool = self.clone();
        let place = self.place();
        Box::pin(async move {
            let place = place?;
            let runtime = pool.runtime.clone();
            // A task of its own: a connection held by a future that its owner
            // does not poll, while that one waits for a connection itself,
            // would never come back.
            let task = runtime.spawn(async move {
                let _place = place;
                let deadline = Instant::now() + LIMIT;
                let mut tries = 0;
                loop {
                    tries += 1;
                    match pool.attempt(deadline, &args, &work).await {
                        Err(fault) if tries < TRIES && fault.harmless() => {}
                        outcome => return Ok(outcome?),
                    }
                }
            });
            match task.await {
                Ok(result) => result,
                Err(error) => Err(StoreError::Internal(error.to_string())),
            }
        })
    }

    /// Runs a write to its end, whether or not its caller waits for that, and
    /// tells the feed what it committed.
    pub(super) fn write<A, T, F>(&self, args: A, work: F) -> Pending<T>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'a> Fn(&'a ClientWrapper, &'a A) -> Step<'a, Done<T>> + Send + Sync + 'static,
    {
        let pool = self.clone();
        let place = match self.place() {
            Ok(place) => place,
            Err(error) => return Box::pin(async { Err(error) }),
        };
        let task = self.writes.spawn_on(
            async move {
                let _place = place;
                let deadline = Instant::now() + LIMIT;
                let mut tries = 0;
                let done = loop {
                    tries += 1;
                    match pool.attempt(deadline, &args, &work).await {
                        Err(fault) if tries < TRIES && fault.repeatable() => {}
                        Err(fault) => {
                            if fault.lost() {
                                pool.feed.unsure();
                            }
                            return Err(fault.into());
                        }
                        Ok(done) => break done,
                    }
                };
                if !done.events.is_empty() {
                    pool.feed.committed(done.events);
                }
                Ok(done.value)
            },
            &self.runtime,
        );
        Box::pin(async move {
            match task.await {
                Ok(result) => result,
                Err(error) => Err(StoreError::Internal(error.to_string())),
            }
        })
    }

    /// Runs several operations one after the other to their end, whether or not
    /// anybody waits for that.
    pub(super) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.runtime.spawn(work)
    }

    async fn attempt<A, T, F>(&self, deadline: Instant, args: &A, work: &F) -> Result<T, Fault>
    where
        F: for<'a> Fn(&'a ClientWrapper, &'a A) -> Step<'a, T>,
    {
        let conn = timeout_at(deadline, self.connections.get())
            .await
            .map_err(|_| Fault::Silent)?
            .map_err(error::of_pool)?;
        let mut lease = Lease(Some(conn));
        let Some(conn) = &lease.0 else {
            return Err(Fault::Refused(closed()));
        };
        let outcome = match timeout_at(deadline, work(conn, args)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Fault::Silent),
        };
        let clean = match &outcome {
            Ok(_) => true,
            Err(fault) if fault.lost() => false,
            // A transaction it was in the middle of must not outlive it.
            Err(_) => matches!(
                timeout_at(deadline, statements::rollback(conn)).await,
                Ok(Ok(()))
            ),
        };
        if clean {
            lease.give_back();
        }
        outcome
    }

    /// Ends what is under way and closes the connections.
    pub(super) fn close(&self) -> Pending<()> {
        self.closing.store(true, Ordering::Release);
        let pool = self.clone();
        Box::pin(async move {
            pool.writes.close();
            pool.writes.wait().await;
            pool.connections.close();
            Ok(())
        })
    }
}
