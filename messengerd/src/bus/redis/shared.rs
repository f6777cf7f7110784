//! What the nodes keep together in Redis: signs of life, online users, limits.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use proto::id::UserId;
use redis::aio::MultiplexedConnection;
use redis::{Pipeline, RedisError, Script};
use uuid::Uuid;

use super::core::Core;
use crate::bus::{Answer, Beat, Bucket, BusError, Present, Pulse, Shared};

/// Users in one command.
const MEMBERS: usize = 5_000;
/// How long a dead node is remembered as such.
const BURIED: Duration = Duration::from_secs(3600);
/// A limit that is not answered for in this time is not asked for.
const LIMIT_PATIENCE: Duration = Duration::from_millis(50);

/// Takes `cost` tokens from a bucket; returns 0, or milliseconds until there
/// are as many. The server's clock counts, so that nodes need not agree.
static TAKE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local burst, rate, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
         local time = redis.call('TIME')
         local now = time[1] * 1000 + time[2] / 1000
         local known = redis.call('HMGET', KEYS[1], 'tokens', 'at')
         local tokens = burst
         if known[1] then
           tokens = math.min(burst, tonumber(known[1]) + (now - tonumber(known[2])) * rate / 1000)
         end
         local wait = 0
         if tokens >= cost then
           tokens = math.min(burst, tokens - cost)
         else
           wait = math.ceil((cost - tokens) * 1000 / rate)
         end
         redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', tostring(now))
         redis.call('PEXPIRE', KEYS[1], math.ceil((burst - tokens) * 1000 / rate) + 1000)
         return wait",
    )
});

/// See the module.
pub(super) struct Keys {
    core: Arc<Core>,
}

impl Keys {
    pub(super) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    fn connection(&self) -> Result<MultiplexedConnection, BusError> {
        let link = self.core.routes().keys.clone();
        link.and_then(|link| link.connection())
            .ok_or_else(|| BusError::Unavailable("not connected".into()))
    }

    /// Runs `work` on the connection of the keys.
    fn with<T, F>(&self, work: impl FnOnce(Arc<Core>, MultiplexedConnection) -> F) -> Answer<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, RedisError>> + Send + 'static,
    {
        let core = self.core.clone();
        match self.connection() {
            Ok(connection) => {
                let work = work(core.clone(), connection);
                Box::pin(async move {
                    work.await.map_err(|error| {
                        if error.is_cluster_error() {
                            core.topology_changed.notify_one();
                        }
                        BusError::Unavailable(error.to_string())
                    })
                })
            }
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }
}

fn millis(duration: Duration) -> u64 {
    duration.as_millis().max(1) as u64
}

/// Behind the id of a user who is idle: the set then has one member for each
/// user all the same.
const IDLE: u8 = 1;

fn members(pipe: &mut Pipeline, command: &str, key: &str, users: &[Present]) {
    for chunk in users.chunks(MEMBERS) {
        let command = pipe.cmd(command).arg(key);
        for Present { user, idle } in chunk {
            let mut member = user.as_bytes().to_vec();
            member.extend(idle.then_some(IDLE));
            command.arg(member);
        }
        pipe.ignore();
    }
}

/// `None` for what a newer version wrote.
fn present(member: &[u8]) -> Option<Present> {
    let (user, rest) = member.split_at_checked(16)?;
    let idle = match rest {
        [] => false,
        [IDLE] => true,
        _ => return None,
    };
    let user = UserId::from_bytes(user.try_into().ok()?);
    Some(Present { user, idle })
}

impl Shared for Keys {
    fn beat(&self, beat: Beat) -> Answer<Pulse> {
        self.with(|core, mut connection| async move {
            let (names, node) = (&core.names, core.node);
            let (own, online, life) = (names.node(node), names.online(node), millis(beat.life));
            let known = core.bus_id().unwrap_or_else(Uuid::new_v4);
            let mut pipe = redis::pipe();
            pipe.atomic();
            match &beat.all {
                Some(all) => {
                    pipe.del(&online).ignore();
                    members(&mut pipe, "SADD", &online, all);
                }
                None => {
                    members(&mut pipe, "SREM", &online, &beat.went);
                    members(&mut pipe, "SADD", &online, &beat.came);
                }
            }
            pipe.pset_ex(&own, beat.version, life).ignore();
            pipe.pexpire(&online, life as i64).ignore();
            pipe.sadd(names.nodes(), node.simple().to_string()).ignore();
            // A Redis that forgot its identity gets it back.
            pipe.set_nx(names.bus(), known.simple().to_string())
                .ignore();
            pipe.get(names.bus());
            pipe.scard(&online);
            pipe.cmd("GETDEL").arg(names.buried(node));
            pipe.smembers(names.nodes());
            let (bus, kept, buried, nodes): (String, usize, Option<String>, Vec<String>) =
                pipe.query_async(&mut connection).await?;
            if let Ok(bus) = Uuid::parse_str(&bus) {
                core.learn_bus_id(bus);
            }
            let others: Vec<Uuid> = nodes
                .iter()
                .filter_map(|other| Uuid::parse_str(other).ok())
                .filter(|other| *other != node)
                .collect();
            let mut pulse = Pulse {
                kept,
                buried: buried.is_some(),
                others: Vec::with_capacity(others.len()),
            };
            if !others.is_empty() {
                let mut get = redis::cmd("MGET");
                for other in &others {
                    get.arg(names.node(*other));
                }
                let versions: Vec<Option<u64>> = get.query_async(&mut connection).await?;
                pulse.others.extend(others.into_iter().zip(versions));
            }
            Ok(pulse)
        })
    }

    fn users_at(&self, node: Uuid) -> Answer<Option<(u64, Vec<Present>)>> {
        self.with(|core, mut connection| async move {
            let mut pipe = redis::pipe();
            pipe.atomic();
            pipe.get(core.names.node(node));
            pipe.smembers(core.names.online(node));
            let (version, users): (Option<u64>, Vec<Vec<u8>>) =
                pipe.query_async(&mut connection).await?;
            let users = users.iter().filter_map(|user| present(user));
            Ok(version.map(|version| (version, users.collect())))
        })
    }

    fn bury(&self, node: Uuid) -> Answer<bool> {
        self.with(|core, mut connection| async move {
            let names = &core.names;
            let mut pipe = redis::pipe();
            pipe.atomic();
            pipe.cmd("SET")
                .arg(names.buried(node))
                .arg(core.node.simple().to_string())
                .arg("NX")
                .arg("PX")
                .arg(millis(BURIED));
            pipe.srem(names.nodes(), node.simple().to_string()).ignore();
            let (first,): (Option<String>,) = pipe.query_async(&mut connection).await?;
            Ok(first.is_some())
        })
    }

    fn leave(&self, life: Duration) -> Answer<()> {
        self.with(move |core, mut connection| async move {
            let life = millis(life) as i64;
            let mut pipe = redis::pipe();
            pipe.atomic();
            pipe.pexpire(core.names.node(core.node), life).ignore();
            pipe.pexpire(core.names.online(core.node), life).ignore();
            pipe.query_async(&mut connection).await
        })
    }

    fn take(&self, bucket: Bucket, give: bool) -> Answer<Option<Duration>> {
        let asked = self.with(move |core, mut connection| async move {
            let wait: u64 = TAKE
                .key(core.names.bucket(&bucket.name))
                .arg(bucket.burst)
                .arg(bucket.per_second)
                .arg(if give { -1 } else { 1 })
                .invoke_async(&mut connection)
                .await?;
            Ok((wait > 0).then(|| Duration::from_millis(wait)))
        });
        Box::pin(async move {
            match tokio::time::timeout(LIMIT_PATIENCE, asked).await {
                Ok(answer) => answer,
                Err(_) => Err(BusError::Unavailable("no answer in time".into())),
            }
        })
    }
}
