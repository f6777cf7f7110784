//! Rate limits by token bucket: in memory, where `now` is an argument, or
//! shared by all nodes.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use proto::error::{ErrorCode, WireError};

use crate::bus::{Bucket as SharedBucket, BusError, Shared};

/// How often something may be done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// At once.
    pub burst: u32,
    /// Then, in a second.
    pub per_second: f64,
}

impl Rate {
    /// `burst` at once, then one every `interval`.
    pub fn every(interval: Duration, burst: u32) -> Self {
        Self {
            burst,
            per_second: 1.0 / interval.as_secs_f64(),
        }
    }
}

/// Whom an address stands for where people are counted: an IPv6 network of one
/// customer (/64) is one, as an IPv4 address is.
pub fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(v6) if !v6.is_loopback() => {
            IpAddr::V6((u128::from(v6) & !u128::from(u64::MAX)).into())
        }
        address => address,
    }
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

/// Buckets, one a key. Full ones are forgotten.
#[derive(Debug)]
pub struct Limiter<K> {
    rate: Rate,
    buckets: Mutex<HashMap<K, Bucket>>,
}

/// Keys kept before full buckets are swept.
const SWEEP: usize = 10_000;

impl<K: Eq + Hash> Limiter<K> {
    /// A limiter with this rate for each key.
    pub fn new(rate: Rate) -> Self {
        Self {
            rate,
            buckets: Mutex::default(),
        }
    }

    /// Takes one for `key`.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::RateLimited`] with the time until there is one.
    pub fn take(&self, key: K, now: Instant) -> Result<(), WireError> {
        let rate = self.rate;
        let full = f64::from(rate.burst);
        let refilled = |bucket: &Bucket| {
            (bucket.tokens + now.duration_since(bucket.at).as_secs_f64() * rate.per_second)
                .min(full)
        };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= SWEEP {
            buckets.retain(|_, bucket| refilled(bucket) < full);
        }
        let bucket = buckets.entry(key).or_insert(Bucket {
            tokens: full,
            at: now,
        });
        let tokens = refilled(bucket);
        bucket.at = now;
        if tokens >= 1.0 {
            bucket.tokens = tokens - 1.0;
            return Ok(());
        }
        bucket.tokens = tokens;
        let wait_ms = ((1.0 - tokens) / rate.per_second * 1000.0).ceil() as u64;
        Err(WireError::new(ErrorCode::RateLimited).retry_after(wait_ms))
    }
}

impl<K: Eq + Hash> Limiter<K> {
    /// Gives one back that turned out not to count.
    pub fn give_back(&self, key: &K) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = buckets.get_mut(key) {
            bucket.tokens = (bucket.tokens + 1.0).min(f64::from(self.rate.burst));
        }
    }
}

/// A limiter that counts for all nodes together, and for this one alone where
/// there are no others or they are not reached.
pub struct SharedLimiter {
    name: &'static str,
    local: Limiter<String>,
    shared: Option<Arc<dyn Shared>>,
}

impl SharedLimiter {
    /// A limiter with this rate for each key. `name` tells its buckets from
    /// those of others.
    pub fn new(name: &'static str, rate: Rate, shared: Option<Arc<dyn Shared>>) -> Self {
        Self {
            name,
            local: Limiter::new(rate),
            shared,
        }
    }

    /// `None` where there is nobody to ask.
    async fn ask(&self, key: &str, give: bool) -> Option<Result<Option<Duration>, BusError>> {
        let bucket = SharedBucket {
            name: format!("{}:{key}", self.name),
            burst: self.local.rate.burst,
            per_second: self.local.rate.per_second,
        };
        Some(self.shared.as_ref()?.take(bucket, give).await)
    }

    /// Takes one for `key`.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::RateLimited`] with the time until there is one.
    pub async fn take(&self, key: &str) -> Result<(), WireError> {
        match self.ask(key, false).await {
            Some(Ok(None)) => Ok(()),
            Some(Ok(Some(wait))) => {
                Err(WireError::new(ErrorCode::RateLimited).retry_after(wait.as_millis() as u64))
            }
            Some(Err(error)) => {
                tracing::debug!(%error, limit = self.name, "limited on this node alone");
                self.local.take(key.to_owned(), Instant::now())
            }
            None => self.local.take(key.to_owned(), Instant::now()),
        }
    }

    /// Gives one back that turned out not to count.
    pub async fn give_back(&self, key: &str) {
        match self.ask(key, true).await {
            Some(Ok(_)) => {}
            Some(Err(_)) | None => self.local.give_back(&key.to_owned()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_then_its_rate() {
        let limiter = Limiter::new(Rate::every(Duration::from_secs(10), 3));
        let start = Instant::now();
        for _ in 0..3 {
            limiter.take("a", start).unwrap();
        }
        let refused = limiter.take("a", start).unwrap_err();
        assert_eq!(refused.code, ErrorCode::RateLimited);
        assert_eq!(refused.retry_after_ms, Some(10_000));
        limiter.take("b", start).unwrap();
        limiter.take("a", start + Duration::from_secs(10)).unwrap();
        limiter
            .take("a", start + Duration::from_secs(10))
            .unwrap_err();
        limiter.give_back(&"a");
        limiter.take("a", start + Duration::from_secs(10)).unwrap();
    }
}
