//! Which server of a cluster serves which channels, looked up now and then and
//! whenever a link fails.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, RedisError, Value,
    from_redis_value,
};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::core::Core;
use super::link::{Link, PATIENCE};
use super::names::{self, SHARDS};
use crate::bus::pause::between;

/// How often the cluster is asked where things are: while all is well, and
/// while something is not served.
const LOOK: Duration = Duration::from_secs(15);
const LOOK_DOWN: Duration = Duration::from_secs(1);

type Address = (String, u16);

/// Slots from, to, and who serves them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Range {
    first: u16,
    last: u16,
    owner: Address,
}

/// See the module.
pub(super) struct Topology {
    core: Arc<Core>,
    seeds: Vec<ConnectionInfo>,
    links: HashMap<Address, (Arc<Link>, CancellationToken)>,
    tasks: TaskTracker,
}

impl Topology {
    pub(super) fn new(core: Arc<Core>, seeds: Vec<ConnectionInfo>, tasks: TaskTracker) -> Self {
        Self {
            core,
            seeds,
            links: HashMap::new(),
            tasks,
        }
    }

    /// Keeps the routes right until cancelled.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        loop {
            let look = async {
                match self.ranges().await {
                    Some(ranges) => self.follow(&ranges, &stop),
                    None => tracing::debug!("no server of the cluster tells its slots"),
                }
            };
            tokio::select! {
                () = look => {}
                () = stop.cancelled() => return,
            }
            let pause = if self.core.state.borrow().is_up() {
                LOOK
            } else {
                LOOK_DOWN
            };
            tokio::select! {
                () = tokio::time::sleep(between(pause / 2, pause)) => {}
                () = self.core.topology_changed.notified() => {
                    // Several links may fail together.
                    tokio::time::sleep(LOOK_DOWN / 4).await;
                }
                () = stop.cancelled() => return,
            }
        }
    }

    /// The slots as the first server that answers sees them.
    async fn ranges(&self) -> Option<Vec<Range>> {
        for ((host, _), (link, _)) in &self.links {
            if let Some(mut connection) = link.connection() {
                let answer = redis::cmd("CLUSTER")
                    .arg("SLOTS")
                    .query_async::<Value>(&mut connection)
                    .await;
                if let Ok(value) = answer {
                    return parse(value, host);
                }
            }
        }
        for seed in &self.seeds {
            match ask(seed).await {
                Ok(value) => return parse(value, host_of(seed)),
                Err(error) => tracing::debug!(%error, "a server of the cluster does not answer"),
            }
        }
        None
    }

    fn follow(&mut self, ranges: &[Range], stop: &CancellationToken) {
        let owner = |slot: u16| {
            ranges
                .iter()
                .find(|range| (range.first..=range.last).contains(&slot))
                .map(|range| range.owner.clone())
        };
        let mut wanted: BTreeMap<Address, Vec<usize>> = BTreeMap::new();
        for shard in 0..SHARDS {
            if let Some(owner) = owner(names::slot(&self.core.names.channel(shard))) {
                wanted.entry(owner).or_default().push(shard);
            }
        }
        let keys = owner(self.core.names.keys_slot());
        if let Some(keys) = &keys {
            wanted.entry(keys.clone()).or_default();
        }
        self.links.retain(|address, (_, ended)| {
            let stays = wanted.contains_key(address);
            if !stays {
                ended.cancel();
            }
            stays
        });
        let first = self.core.routes().shards.iter().all(Option::is_none);
        for (address, shards) in &wanted {
            match self.links.get(address) {
                Some((link, _)) => link.serve(shards.clone()),
                // What was published for these channels while nobody served
                // them is lost.
                None => self.open(address, shards.clone(), !first, stop),
            }
        }
        let link = |address: &Address| self.links.get(address).map(|(link, _)| link.clone());
        let mut routes = self.core.routes();
        routes.shards.fill(None);
        for (address, shards) in &wanted {
            for shard in shards {
                routes.shards[*shard] = link(address);
            }
        }
        routes.keys = keys.as_ref().and_then(link);
        drop(routes);
        self.core.link_changed();
    }

    fn open(
        &mut self,
        address: &Address,
        shards: Vec<usize>,
        lost: bool,
        stop: &CancellationToken,
    ) {
        let Some(seed) = self.seeds.first() else {
            return;
        };
        match Link::new(at(seed, address), shards, lost) {
            Ok((link, queue)) => {
                let ended = stop.child_token();
                self.tasks
                    .spawn(link.clone().run(self.core.clone(), queue, ended.clone()));
                self.links.insert(address.clone(), (link, ended));
            }
            Err(error) => tracing::warn!(%error, "a server of the cluster cannot be used"),
        }
    }
}

async fn ask(seed: &ConnectionInfo) -> Result<Value, RedisError> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE));
    let mut connection = Client::open(seed.clone())?
        .get_multiplexed_async_connection_with_config(&config)
        .await?;
    redis::cmd("CLUSTER")
        .arg("SLOTS")
        .query_async(&mut connection)
        .await
}

fn host_of(server: &ConnectionInfo) -> &str {
    match server.addr() {
        ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. } => host,
        _ => "",
    }
}

/// The same way in as `seed`, at another address.
fn at(seed: &ConnectionInfo, (host, port): &Address) -> ConnectionInfo {
    let address = match seed.addr().clone() {
        ConnectionAddr::TcpTls {
            insecure,
            tls_params,
            ..
        } => ConnectionAddr::TcpTls {
            host: host.clone(),
            port: *port,
            insecure,
            tls_params,
        },
        _ => ConnectionAddr::Tcp(host.clone(), *port),
    };
    seed.clone().set_addr(address)
}

/// Reads the answer to `CLUSTER SLOTS`. A server that does not know its own
/// address stands for the one that was asked.
fn parse(value: Value, asked: &str) -> Option<Vec<Range>> {
    let ranges: Vec<Vec<Value>> = from_redis_value(value).ok()?;
    let ranges = ranges.into_iter().map(|range| {
        let mut fields = range.into_iter();
        let first = from_redis_value(fields.next()?).ok()?;
        let last = from_redis_value(fields.next()?).ok()?;
        let mut owner = from_redis_value::<Vec<Value>>(fields.next()?)
            .ok()?
            .into_iter();
        let host: Option<String> = from_redis_value(owner.next()?).ok()?;
        let port = from_redis_value(owner.next()?).ok()?;
        let host = host.filter(|host| !host.is_empty() && host != "?");
        Some(Range {
            first,
            last,
            owner: (host.unwrap_or_else(|| asked.to_owned()), port),
        })
    });
    ranges.collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn slots_name_their_servers() {
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let range = |first, last, host: Value, port| {
            Value::Array(vec![
                Value::Int(first),
                Value::Int(last),
                Value::Array(vec![host, Value::Int(port), text("id")]),
            ])
        };
        let answer = Value::Array(vec![
            range(0, 99, text("192.0.2.1"), 7000),
            range(100, 16_383, Value::Nil, 7001),
        ]);
        let ranges = parse(answer, "redis.example").unwrap();
        assert_eq!(ranges[0].owner, ("192.0.2.1".to_owned(), 7000));
        assert_eq!(ranges[1].owner, ("redis.example".to_owned(), 7001));
        assert_eq!(parse(Value::Nil, "x").unwrap_or_default(), []);
        assert_eq!(parse(Value::Array(vec![Value::Int(1)]), "x"), None);
    }
}
