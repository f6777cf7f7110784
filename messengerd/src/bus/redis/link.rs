//! The connection to one server: subscribed to its channels, publishing in
//! order, made anew whenever it is lost.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::try_join_all;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ConnectionInfo, PushInfo, PushKind, RedisError, Value};
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::core::Core;
use crate::bus::pause::between;

/// A server that does not answer for this long is not there.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
/// How often a quiet server is asked whether it is there.
const PING: Duration = Duration::from_secs(1);
/// Pauses between tries to connect, doubled each time.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));
/// Batches and bytes sent without waiting for answers.
const AHEAD: (usize, usize) = (256, 1024 * 1024);

/// An encoded batch and its shard.
pub(super) struct Outgoing {
    pub(super) shard: usize,
    pub(super) bytes: Bytes,
}

/// See the module.
pub(super) struct Link {
    client: Client,
    /// Channels that belong here.
    shards: watch::Sender<Vec<usize>>,
    queue: mpsc::UnboundedSender<Outgoing>,
    connection: Mutex<Option<MultiplexedConnection>>,
    up: AtomicBool,
    /// Batches were dropped since the others were last told so.
    lost: AtomicBool,
}

/// The receiving end of a link's queue, for [`Link::run`].
pub(super) type Queue = mpsc::UnboundedReceiver<Outgoing>;

impl Link {
    /// A link to this server, not connected yet. `lost`: whether batches for
    /// its shards were dropped before.
    pub(super) fn new(
        server: ConnectionInfo,
        shards: Vec<usize>,
        lost: bool,
    ) -> Result<(Arc<Self>, Queue), RedisError> {
        let (queue, receiver) = mpsc::unbounded_channel();
        let link = Self {
            client: Client::open(server)?,
            shards: watch::Sender::new(shards),
            queue,
            connection: Mutex::default(),
            up: AtomicBool::new(false),
            lost: AtomicBool::new(lost),
        };
        Ok((Arc::new(link), receiver))
    }

    /// Whether batches go out and come in.
    pub(super) fn is_up(&self) -> bool {
        self.up.load(Ordering::SeqCst)
    }

    /// The connection for commands, while there is one.
    pub(super) fn connection(&self) -> Option<MultiplexedConnection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn keep(&self, connection: Option<MultiplexedConnection>) {
        self.up.store(connection.is_some(), Ordering::SeqCst);
        *self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = connection;
    }

    /// Queues a batch, or drops it where nobody would take it.
    pub(super) fn send(&self, outgoing: Outgoing, core: &Core) {
        let length = outgoing.bytes.len();
        if !self.is_up() || !core.admit(length) {
            core.counters.dropped.fetch_add(1, Ordering::Relaxed);
            self.lost.store(true, Ordering::SeqCst);
        } else if self.queue.send(outgoing).is_err() {
            // The bus was stopped.
            core.released(length);
        }
    }

    /// Gives the link other channels.
    pub(super) fn serve(&self, shards: Vec<usize>) {
        self.shards.send_if_modified(|present| {
            let changed = *present != shards;
            *present = shards;
            changed
        });
    }

    /// Keeps the connection until cancelled.
    pub(super) async fn run(
        self: Arc<Self>,
        core: Arc<Core>,
        mut queue: Queue,
        stop: CancellationToken,
    ) {
        let mut back_off = BACK_OFF.0;
        loop {
            let mut shards = self.shards.subscribe();
            shards.mark_unchanged();
            let ended = tokio::select! {
                ended = self.connected(&core, &mut queue) => ended,
                // Other channels: a new connection subscribes to them.
                _ = shards.changed() => Ok(()),
                () = stop.cancelled() => {
                    self.flush(&core, &mut queue).await;
                    self.keep(None);
                    return;
                }
            };
            let was_up = self.is_up();
            self.keep(None);
            self.drop_queued(&core, &mut queue);
            if was_up {
                self.lost.store(true, Ordering::SeqCst);
                back_off = BACK_OFF.0;
            }
            core.link_changed();
            if let Err(error) = ended {
                if was_up {
                    tracing::warn!(%error, "the bus is lost");
                } else {
                    tracing::debug!(%error, "the bus is not reached");
                }
                core.topology_changed.notify_one();
                tokio::select! {
                    () = tokio::time::sleep(between(back_off / 2, back_off)) => {}
                    () = stop.cancelled() => return,
                }
                back_off = (back_off * 2).min(BACK_OFF.1);
            }
        }
    }

    /// Connects and works until the connection ends.
    async fn connected(&self, core: &Arc<Core>, queue: &mut Queue) -> Result<(), RedisError> {
        let gone = Arc::new(Notify::new());
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE))
            .set_push_sender(receiver(core.clone(), gone.clone()));
        let mut connection = self
            .client
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        let shards = self.shards.borrow().clone();
        try_join_all(
            shards
                .iter()
                .map(|shard| subscribe(connection.clone(), core, *shard)),
        )
        .await?;
        // From here on batches are queued and none is dropped, so that the
        // notice covers all that were.
        self.keep(Some(connection.clone()));
        if let Some(shard) = shards.first()
            && self.lost.swap(false, Ordering::SeqCst)
            && let Err(error) = publish(core, &[core.lost_notice(*shard)], &mut connection).await
        {
            self.lost.store(true, Ordering::SeqCst);
            return Err(error);
        }
        tracing::debug!(channels = shards.len(), "the bus is connected");
        core.link_changed();
        // What others published while there was no subscription is lost.
        core.sink.missed();
        tokio::select! {
            error = self.publish_queued(core, queue, connection.clone()) => Err(error),
            error = ping(connection) => Err(error),
            () = gone.notified() => Err(RedisError::from(std::io::Error::from(
                std::io::ErrorKind::ConnectionReset,
            ))),
        }
    }

    async fn publish_queued(
        &self,
        core: &Core,
        queue: &mut Queue,
        mut connection: MultiplexedConnection,
    ) -> RedisError {
        let mut batches = Vec::new();
        loop {
            batches.clear();
            let Some(first) = queue.recv().await else {
                std::future::pending::<()>().await;
                continue;
            };
            let mut bytes = first.bytes.len();
            let shard = first.shard;
            batches.push(first);
            while batches.len() < AHEAD.0
                && bytes < AHEAD.1
                && let Ok(next) = queue.try_recv()
            {
                bytes += next.bytes.len();
                batches.push(next);
            }
            core.released(bytes);
            if self.lost.swap(false, Ordering::SeqCst) {
                batches.push(core.lost_notice(shard));
            }
            if let Err(error) = publish(core, &batches, &mut connection).await {
                let lost = batches.len() as u64;
                core.counters.dropped.fetch_add(lost, Ordering::Relaxed);
                self.lost.store(true, Ordering::SeqCst);
                return error;
            }
        }
    }

    /// Sends what is queued before a stop.
    async fn flush(&self, core: &Core, queue: &mut Queue) {
        let mut batches = Vec::new();
        while let Ok(next) = queue.try_recv() {
            core.released(next.bytes.len());
            batches.push(next);
        }
        if let Some(mut connection) = self.connection()
            && let Err(error) = publish(core, &batches, &mut connection).await
        {
            tracing::debug!(%error, "the last batches were not published");
        }
    }

    fn drop_queued(&self, core: &Core, queue: &mut Queue) {
        while let Ok(dropped) = queue.try_recv() {
            core.released(dropped.bytes.len());
            core.counters.dropped.fetch_add(1, Ordering::Relaxed);
            self.lost.store(true, Ordering::SeqCst);
        }
    }
}

/// Takes what the server pushes. It runs in the connection's own task: while
/// a batch is delivered no further one is read, so a node that cannot keep up
/// is one that Redis disconnects, and grows no queue here.
fn receiver(
    core: Arc<Core>,
    gone: Arc<Notify>,
) -> impl Fn(PushInfo) -> Result<(), std::convert::Infallible> + Send + Sync + 'static {
    move |push| {
        match push.kind {
            PushKind::Message | PushKind::SMessage => {
                if let Some(Value::BulkString(bytes)) = push.data.last() {
                    core.receive(bytes);
                }
            }
            // The slot went to another server, or the connection is gone.
            PushKind::SUnsubscribe | PushKind::Disconnection => gone.notify_one(),
            _ => {}
        }
        Ok(())
    }
}

async fn subscribe(
    mut connection: MultiplexedConnection,
    core: &Core,
    shard: usize,
) -> Result<(), RedisError> {
    let command = if core.cluster {
        "SSUBSCRIBE"
    } else {
        "SUBSCRIBE"
    };
    let answer: Value = redis::cmd(command)
        .arg(core.names.channel(shard))
        .query_async(&mut connection)
        .await?;
    match answer {
        Value::ServerError(error) => Err(error.into()),
        _ => Ok(()),
    }
}

async fn publish(
    core: &Core,
    batches: &[Outgoing],
    connection: &mut MultiplexedConnection,
) -> Result<(), RedisError> {
    if batches.is_empty() {
        return Ok(());
    }
    let command = if core.cluster { "SPUBLISH" } else { "PUBLISH" };
    let mut pipe = redis::pipe();
    for batch in batches {
        pipe.cmd(command)
            .arg(core.names.channel(batch.shard))
            .arg(batch.bytes.as_ref())
            .ignore();
    }
    pipe.query_async::<()>(connection).await?;
    let (count, bytes) = (
        batches.len() as u64,
        batches.iter().map(|batch| batch.bytes.len() as u64).sum(),
    );
    core.counters.published.fetch_add(count, Ordering::Relaxed);
    core.counters
        .published_bytes
        .fetch_add(bytes, Ordering::Relaxed);
    Ok(())
}

/// Returns when the server does not answer.
async fn ping(mut connection: MultiplexedConnection) -> RedisError {
    loop {
        tokio::time::sleep(PING).await;
        if let Err(error) = redis::cmd("PING")
            .query_async::<Value>(&mut connection)
            .await
        {
            return error;
        }
    }
}

/// Bytes that wait to be published, over all links.
#[derive(Default)]
pub(super) struct Waiting(AtomicUsize);

impl Waiting {
    /// Counts bytes in unless they would be more than `limit`.
    pub(super) fn admit(&self, bytes: usize, limit: usize) -> bool {
        let before = self.0.fetch_add(bytes, Ordering::SeqCst);
        let room = before + bytes <= limit;
        if !room {
            self.0.fetch_sub(bytes, Ordering::SeqCst);
        }
        room
    }

    pub(super) fn release(&self, bytes: usize) {
        self.0.fetch_sub(bytes, Ordering::SeqCst);
    }
}
