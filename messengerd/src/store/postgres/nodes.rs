//! Which daemons use the database now. Each holds a lease: a row that it renews
//! and that lapses without it.
//!
//! Two daemons that do not share a bus would not hear of each other's events,
//! so only one that is alone may have none: whoever would break that is not let
//! in, and one that slept while another came in its place has to end.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use deadpool_postgres::ClientWrapper;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::connect::{Connector, LIMIT};
use super::error::Fault;
use super::settings::Settings;
use super::statements::{self, begin, commit, rollback};
use crate::store::StoreError;

/// The advisory lock of whoever comes in: "msgn" in ASCII.
const LOCK: i64 = 0x6d73_676e;

/// How fast leases are renewed and lapse. All nodes have to agree.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// A row is renewed this often …
    pub renew: Duration,
    /// … and is of a node that is gone this long after the last time.
    pub lapse: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            renew: Duration::from_secs(5),
            lapse: Duration::from_secs(15),
        }
    }
}

/// A node as the others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its id, which a restart keeps.
    pub id: Uuid,
    /// `host:port` under which clients reach it.
    pub advertise: Option<String>,
    /// The bus it is on, [`UNKNOWN_BUS`] before that has answered; none where it
    /// has only itself.
    pub bus: Option<Uuid>,
}

/// The bus of a node that has one which has not answered yet.
pub const UNKNOWN_BUS: Uuid = Uuid::nil();

impl Node {
    /// What people may know it by.
    fn name(&self) -> String {
        match &self.advertise {
            Some(address) => address.clone(),
            None => format!("with the id {}", self.id),
        }
    }

    /// Why this one cannot serve beside another, with what to do.
    fn refusal(&self, other: &Self) -> Option<String> {
        let name = other.name();
        match (self.bus, other.bus) {
            (Some(own), Some(others)) if own == others => None,
            (Some(UNKNOWN_BUS), Some(_)) | (Some(_), Some(UNKNOWN_BUS)) => None,
            (Some(_), Some(_)) => Some(format!(
                "the node {name} uses this database with another Redis: give both the same one, or stop it"
            )),
            (None, _) => Some(format!(
                "the node {name} uses this database, and this one has no Redis to hear of it by: \
                 give both the same Redis, or stop it"
            )),
            (Some(_), None) => Some(format!(
                "the node {name} uses this database without Redis and would hear nothing of this one: \
                 give both the same Redis, or stop it"
            )),
        }
    }
}

/// Since when another node has been in the way.
struct Obstacle {
    since: Instant,
    renewed: i64,
}

/// Why a node may not use the database, or not any more.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Another node is in the way.
    #[error("{sentence}")]
    Refused {
        /// What people may know it by.
        other: String,
        /// Why, and what to do.
        sentence: String,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Fault> for LeaseError {
    fn from(fault: Fault) -> Self {
        Self::Store(fault.into())
    }
}

/// The right to use the database.
pub struct Lease {
    connector: Connector,
    node: Node,
    pace: Pace,
    /// When this run began, in the database's microseconds: tells it from
    /// others with the same id.
    began: i64,
    live: watch::Sender<Vec<String>>,
    /// Older nodes that are on another bus.
    obstacles: HashMap<Uuid, Instant>,
}

/// What came of trying to enter.
enum Entry {
    Entered(i64),
    /// Nodes in the way, each with when it last renewed its row.
    Blocked(Vec<(Node, i64)>),
}

impl Lease {
    /// Takes a lease. A node with the same id is taken for this one's earlier
    /// run. Where a node in the way may be dead, this waits until that is
    /// known: it renews its row, or the row lapses. One on another bus gets time
    /// to notice that its own has been replaced.
    ///
    /// # Errors
    ///
    /// [`LeaseError::Refused`] where a live node is in the way.
    pub async fn take(settings: &Settings, node: Node) -> Result<Self, LeaseError> {
        Self::take_at(settings, node, Pace::default()).await
    }

    /// The same at another pace.
    ///
    /// # Errors
    ///
    /// See [`Lease::take`].
    pub async fn take_at(settings: &Settings, node: Node, pace: Pace) -> Result<Self, LeaseError> {
        let connector = Connector::new(settings)?;
        let mut seen: HashMap<Uuid, Obstacle> = HashMap::new();
        loop {
            let conn = connector.open().await?;
            let blocked = match limited(enter(&conn, &node, pace, None)).await? {
                Entry::Entered(began) => {
                    let lease = Self {
                        live: watch::Sender::new(addresses(limited(present(&conn, pace)).await?)),
                        connector,
                        node,
                        pace,
                        began,
                        obstacles: HashMap::new(),
                    };
                    return Ok(lease);
                }
                Entry::Blocked(blocked) => blocked,
            };
            for (other, renewed) in &blocked {
                let Some(obstacle) = seen.get(&other.id) else {
                    let (since, renewed) = (Instant::now(), *renewed);
                    seen.insert(other.id, Obstacle { since, renewed });
                    tracing::info!(
                        node = other.name(),
                        seconds = pace.lapse.as_secs(),
                        "another node used the database just now; waiting to see whether it still does"
                    );
                    continue;
                };
                let may_change = node.bus.is_some() && other.bus.is_some();
                let decided = !may_change || obstacle.since.elapsed() > pace.lapse;
                if obstacle.renewed != *renewed
                    && decided
                    && let Some(sentence) = node.refusal(other)
                {
                    let other = other.name();
                    return Err(LeaseError::Refused { other, sentence });
                }
            }
            tokio::time::sleep(pace.lapse / 30).await;
        }
    }

    /// Addresses of the live nodes, this one's included, oldest first; those
    /// that advertise none are left out.
    pub fn nodes(&self) -> watch::Receiver<Vec<String>> {
        self.live.subscribe()
    }

    /// Renews the lease until `stop`, then gives it back. While the database is
    /// away the node goes on and this tries again. `bus` says which bus the node
    /// is on, once that is known: it may be another one after a while.
    ///
    /// # Errors
    ///
    /// [`LeaseError::Refused`] where another node came in this one's place, or
    /// an older one turns out to be on another bus: this one has to end.
    pub async fn run(
        mut self,
        stop: CancellationToken,
        bus: impl Fn() -> Option<Uuid> + Send,
    ) -> Result<(), LeaseError> {
        let mut conn = None;
        let mut away = false;
        loop {
            let pause = if away {
                self.pace.renew / 5
            } else {
                self.pace.renew
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => break,
            }
            if self.node.bus.is_some() {
                self.node.bus = bus().or(self.node.bus);
            }
            match self.renew(&mut conn).await {
                Ok(()) => {
                    if away {
                        tracing::info!("the lease on the database is renewed again");
                    }
                    away = false;
                }
                Err(LeaseError::Store(error)) => {
                    if !away {
                        tracing::warn!(%error, "cannot renew the lease on the database, trying again");
                    }
                    conn = None;
                    away = true;
                }
                Err(refused) => return Err(refused),
            }
        }
        if let Err(error) = self.give_back(&mut conn).await {
            tracing::warn!(%error, "the lease on the database is left to lapse");
        }
        Ok(())
    }

    async fn renew(&mut self, conn: &mut Option<ClientWrapper>) -> Result<(), LeaseError> {
        let conn = connected(&self.connector, conn).await?;
        let renewed = limited(async {
            statements::run(
                conn,
                "UPDATE nodes SET renewed_at = clock_timestamp(), bus = $3
                 WHERE id = $1 AND (extract(epoch FROM started_at) * 1000000)::int8 = $2",
                &[&self.node.id, &self.began, &self.node.bus],
            )
            .await
        })
        .await?;
        if renewed == 0 {
            // It lapsed, and somebody who came in removed it.
            let entry = limited(enter(conn, &self.node, self.pace, Some(self.began))).await?;
            if let Entry::Blocked(blocked) = entry {
                return Err(self.lost(&blocked));
            }
        }
        let present = limited(present(conn, self.pace)).await?;
        self.examine(&present)?;
        let addresses = addresses(present);
        self.live.send_if_modified(|live| {
            let changed = *live != addresses;
            *live = addresses;
            changed
        });
        Ok(())
    }

    /// Looks for older nodes that have been on another bus for longer than it
    /// takes all to notice that the bus was replaced. Of two the younger ends.
    fn examine(&mut self, present: &[(Node, i64)]) -> Result<(), LeaseError> {
        let mut obstacles = HashMap::new();
        for (other, began) in present {
            if *began >= self.began || other.id == self.node.id {
                continue;
            }
            let Some(sentence) = self.node.refusal(other) else {
                continue;
            };
            let now = Instant::now();
            let since = self.obstacles.get(&other.id).copied().unwrap_or(now);
            if now - since > self.pace.lapse {
                let other = other.name();
                return Err(LeaseError::Refused { other, sentence });
            }
            obstacles.insert(other.id, since);
        }
        self.obstacles = obstacles;
        Ok(())
    }

    fn lost(&self, blocked: &[(Node, i64)]) -> LeaseError {
        let id = self.node.id;
        let found = blocked.iter().find_map(|(other, _)| {
            let sentence = if other.id == id {
                format!(
                    "another daemon runs with this node's id {id}: a copied data directory needs its own, \
                     remove node.id from it"
                )
            } else {
                self.node.refusal(other)?
            };
            Some((other.name(), sentence))
        });
        let (other, sentence) = found.unwrap_or_default();
        LeaseError::Refused { other, sentence }
    }

    async fn give_back(&self, conn: &mut Option<ClientWrapper>) -> Result<(), LeaseError> {
        let conn = connected(&self.connector, conn).await?;
        limited(async {
            statements::run(
                conn,
                "DELETE FROM nodes
                 WHERE id = $1 AND (extract(epoch FROM started_at) * 1000000)::int8 = $2",
                &[&self.node.id, &self.began],
            )
            .await
        })
        .await?;
        Ok(())
    }
}

async fn connected<'a>(
    connector: &Connector,
    conn: &'a mut Option<ClientWrapper>,
) -> Result<&'a ClientWrapper, Fault> {
    let open = match conn.take() {
        Some(open) if !open.is_closed() => open,
        _ => connector.open().await?,
    };
    Ok(conn.insert(open))
}

/// Makes or renews a node's row unless others are in the way; those that come
/// in take turns. `began` is that of this run, where it had a row before.
async fn enter(
    conn: &ClientWrapper,
    node: &Node,
    pace: Pace,
    began: Option<i64>,
) -> Result<Entry, Fault> {
    begin(conn).await?;
    statements::row(conn, "SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    // One clock for all: the database's, read after the wait for the lock.
    statements::run(
        conn,
        "DELETE FROM nodes WHERE renewed_at <= clock_timestamp() - make_interval(secs => $1)",
        &[&pace.lapse.as_secs_f64()],
    )
    .await?;
    let mut blocked = Vec::new();
    for row in statements::rows(
        conn,
        "SELECT id, advertise, bus, (extract(epoch FROM renewed_at) * 1000000)::int8
         FROM nodes ORDER BY started_at, id",
        &[],
    )
    .await?
    {
        let other = Node {
            id: row.try_get(0)?,
            advertise: row.try_get(1)?,
            bus: row.try_get(2)?,
        };
        let in_the_way = if other.id == node.id {
            began.is_some()
        } else {
            node.refusal(&other).is_some()
        };
        if in_the_way {
            blocked.push((other, row.try_get(3)?));
        }
    }
    if !blocked.is_empty() {
        rollback(conn).await?;
        return Ok(Entry::Blocked(blocked));
    }
    // Back after a lapse it is still the same run.
    let row = statements::row(
        conn,
        "INSERT INTO nodes (id, advertise, bus, started_at, renewed_at)
         VALUES ($1, $2, $3, coalesce('epoch'::timestamptz + $4::int8 * interval '1 microsecond',
                 clock_timestamp()), clock_timestamp())
         ON CONFLICT (id) DO UPDATE SET advertise = excluded.advertise, bus = excluded.bus,
           started_at = excluded.started_at, renewed_at = excluded.renewed_at
         RETURNING (extract(epoch FROM started_at) * 1000000)::int8",
        &[&node.id, &node.advertise, &node.bus, &began],
    )
    .await?
    .ok_or_else(|| Fault::internal("a node's row vanished"))?;
    commit(conn).await?;
    Ok(Entry::Entered(row.try_get(0)?))
}

/// The nodes that hold a lease now, oldest first, each with when it began.
async fn present(conn: &ClientWrapper, pace: Pace) -> Result<Vec<(Node, i64)>, Fault> {
    let rows = statements::rows(
        conn,
        "SELECT id, advertise, bus, (extract(epoch FROM started_at) * 1000000)::int8 FROM nodes
         WHERE renewed_at > clock_timestamp() - make_interval(secs => $1) ORDER BY started_at, id",
        &[&pace.lapse.as_secs_f64()],
    )
    .await?;
    rows.iter()
        .map(|row| {
            let node = Node {
                id: row.try_get(0)?,
                advertise: row.try_get(1)?,
                bus: row.try_get(2)?,
            };
            Ok((node, row.try_get(3)?))
        })
        .collect()
}

fn addresses(present: Vec<(Node, i64)>) -> Vec<String> {
    let addresses = present.into_iter();
    addresses.filter_map(|(node, _)| node.advertise).collect()
}

async fn limited<T>(work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    tokio::time::timeout(LIMIT, work)
        .await
        .unwrap_or(Err(Fault::Silent))
}
