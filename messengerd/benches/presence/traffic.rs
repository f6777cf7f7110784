//! What went through Redis in some time, and what it cost the processor.

use std::time::Instant;

use crate::Bed;
use crate::people::Person;

/// Per second, except where it says otherwise.
#[derive(Debug, Clone)]
pub(crate) struct Traffic {
    pub(crate) seconds: f64,
    /// Bytes from the nodes to Redis and from Redis to the nodes.
    pub(crate) input: f64,
    pub(crate) output: f64,
    /// Bytes of the batches among them that nodes tell each other.
    pub(crate) published: f64,
    /// Events that sessions were told.
    pub(crate) told: f64,
    /// Percent of one processor: this process, with both nodes, and Redis.
    pub(crate) cpu: f64,
    pub(crate) redis_cpu: f64,
    /// Whole sets of a node's users that were read, in all.
    pub(crate) sets_read: u64,
    /// People who came or went, in all.
    pub(crate) transitions: usize,
}

impl Traffic {
    /// Both directions.
    pub(crate) fn bytes(&self) -> f64 {
        self.input + self.output
    }
}

/// Totals since the start of everything.
struct Totals {
    input: f64,
    output: f64,
    published: f64,
    told: f64,
    cpu: f64,
    redis_cpu: f64,
    set_reads: u64,
}

/// Runs from its start to its stop.
pub(crate) struct Meter {
    redis: redis::Connection,
    started: Instant,
    before: Totals,
    /// Bytes that one look at Redis costs, in and out.
    look: [f64; 2],
}

impl Meter {
    pub(crate) fn start(bed: &Bed) -> Self {
        let mut redis = bed.server.client();
        let first = totals(&mut redis, bed);
        let before = totals(&mut redis, bed);
        Self {
            redis,
            started: Instant::now(),
            look: [before.input - first.input, before.output - first.output],
            before,
        }
    }

    pub(crate) fn stop(mut self, bed: &Bed) -> Traffic {
        let seconds = self.started.elapsed().as_secs_f64();
        let (before, now) = (&self.before, totals(&mut self.redis, bed));
        Traffic {
            seconds,
            input: (now.input - before.input - self.look[0]) / seconds,
            output: (now.output - before.output - self.look[1]) / seconds,
            published: (now.published - before.published) / seconds,
            told: (now.told - before.told) / seconds,
            cpu: (now.cpu - before.cpu) / seconds * 100.0,
            redis_cpu: (now.redis_cpu - before.redis_cpu) / seconds * 100.0,
            // A sign of life reads one, that of the nodes.
            sets_read: now.set_reads - before.set_reads,
            transitions: 0,
        }
    }
}

fn totals(redis: &mut redis::Connection, bed: &Bed) -> Totals {
    let info: String = redis::cmd("INFO")
        .arg("stats")
        .arg("cpu")
        .arg("commandstats")
        .query(redis)
        .unwrap();
    let field = |name: &str| -> f64 {
        let line = info.lines().find_map(|line| line.strip_prefix(name));
        line.map_or(0.0, |value| value.trim().parse().unwrap())
    };
    let calls = |command: &str| -> u64 {
        let line = info.lines().find_map(|line| line.strip_prefix(command));
        line.map_or(0, |rest| {
            let calls = rest.strip_prefix(":calls=").unwrap();
            calls.split(',').next().unwrap().parse().unwrap()
        })
    };
    let published = bed
        .nodes
        .iter()
        .map(|node| node.bus.counts().published_bytes);
    Totals {
        input: field("total_net_input_bytes:"),
        output: field("total_net_output_bytes:"),
        published: published.sum::<u64>() as f64,
        told: bed.people.iter().map(Person::told).sum::<u64>() as f64,
        cpu: own_cpu(),
        redis_cpu: field("used_cpu_sys:") + field("used_cpu_user:"),
        // Every sign of life reads the set of nodes and asks for the size of
        // its own set; what is more are sets of users.
        set_reads: calls("cmdstat_smembers").saturating_sub(calls("cmdstat_scard")),
    }
}

/// User and system time of this process so far, in seconds.
fn own_cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let fields: Vec<&str> = fields.split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}
