//! All addresses and both transports at once, QUIC a little ahead: the first
//! Welcome wins.

use std::net::IpAddr;
use std::time::Duration;

use proto::hello::Hello;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::{AttemptError, Established, Target, Trust, quic, websocket};
use crate::client::core::Failure;
use crate::client::model::Transport;
use crate::client::nodes::{Place, Reach};

/// How much later each further address of a node is tried …
const STAGGER: Duration = Duration::from_millis(100);
/// … and each further node: one that is there and not near answers by then, and
/// no other has opened a session in vain.
const NODE_STAGGER: Duration = Duration::from_millis(250);
/// How much later than QUIC a WebSocket may win.
const FALL_BACK: Duration = Duration::from_millis(300);
/// The last part of that is a second try of QUIC, from the moment the server
/// took the TCP connection: one that came up just now has missed QUIC's first
/// packet, which is repeated only after a second.
const ONCE_MORE: Duration = Duration::from_millis(150);
/// How long one attempt may take …
const PATIENCE: Duration = Duration::from_secs(6);
/// … and to this machine, where a silent server is one that is not there.
const LOOPBACK_PATIENCE: Duration = Duration::from_millis(1500);
/// Once one node has said no, the others have this long to say yes.
const SECOND_OPINION: Duration = Duration::from_secs(2);
/// Most nodes that are tried …
const NODES: usize = 16;
/// … and most addresses of one.
const ADDRESSES: usize = 4;

/// Where to connect and whom to trust.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Addresses in order of preference.
    pub(crate) places: Vec<Place>,
    /// By what keys are judged.
    pub(crate) trust: Trust,
}

/// Makes a connection.
pub(crate) async fn connect(mut plan: Plan, hello: Hello) -> Result<Established, Failure> {
    plan.places.truncate(NODES);
    let alone = plan.places.len() == 1;
    let mut attempts = JoinSet::new();
    for (index, place) in plan.places.into_iter().enumerate() {
        let (trust, hello) = (plan.trust.clone(), hello.clone());
        attempts.spawn(async move {
            sleep(NODE_STAGGER * index as u32).await;
            one(place, trust, hello).await
        });
    }
    first(attempts, alone).await
}

/// Makes a connection to one node.
async fn one(place: Place, trust: Trust, hello: Hello) -> Result<Established, AttemptError> {
    let node = &place.node;
    let found = tokio::net::lookup_host((node.host.as_str(), node.port))
        .await
        .map_err(|error| AttemptError::unreachable(format!("{node}: {error}")))?;
    let mut attempts = JoinSet::new();
    let allowed = found.filter(|address| may_lead(&place, address.ip()));
    for (index, address) in allowed.take(ADDRESSES).enumerate() {
        let late = STAGGER * index as u32;
        let target = Target {
            place: place.clone(),
            address,
        };
        for (transport, delay) in [
            (Transport::Quic, late),
            (Transport::WebSocket, late + FALL_BACK - ONCE_MORE),
        ] {
            let (target, trust, hello) = (target.clone(), trust.clone(), hello.clone());
            attempts.spawn(async move {
                sleep(delay).await;
                attempt(transport, target, trust, hello).await
            });
        }
    }
    first(attempts, true).await.map_err(|failure| {
        AttemptError(match failure {
            // Nobody is asked about an address that a server named.
            Failure::Refused(_) if place.learned.is_some() => {
                Failure::Unreachable(format!("{}: not the server's key", place.node))
            }
            other => other,
        })
    })
}

/// Whether an address may be called for a place.
fn may_lead(place: &Place, address: IpAddr) -> bool {
    place
        .learned
        .is_none_or(|nearest| Reach::of(address).is_some_and(|reach| reach >= nearest))
}

/// The first connection, or why there is none. `at_once`: of one node the first
/// word counts.
async fn first(
    mut attempts: JoinSet<Result<Established, AttemptError>>,
    at_once: bool,
) -> Result<Established, Failure> {
    let mut worst = None;
    let mut until = None;
    loop {
        let next = async {
            match until {
                Some(until) => timeout_at(until, attempts.join_next())
                    .await
                    .unwrap_or_default(),
                None => attempts.join_next().await,
            }
        };
        match next.await {
            Some(Ok(Ok(established))) => return Ok(established),
            Some(Ok(Err(AttemptError(failure)))) => {
                if !matches!(failure, Failure::Unreachable(_)) {
                    if at_once {
                        return Err(failure);
                    }
                    until = until.or(Some(Instant::now() + SECOND_OPINION));
                }
                worst = Some(weightier(worst, failure));
            }
            Some(Err(error)) => {
                worst = Some(weightier(worst, Failure::Unreachable(error.to_string())));
            }
            None => {
                return Err(worst.unwrap_or_else(|| Failure::Unreachable("no address".to_owned())));
            }
        }
    }
}

/// What tells a person more.
fn weightier(one: Option<Failure>, other: Failure) -> Failure {
    let weight = |failure: &Failure| match failure {
        Failure::Unreachable(_) => 0,
        Failure::Goodbye(_) => 1,
        Failure::Refused(_) => 2,
    };
    match one {
        Some(one) if weight(&one) > weight(&other) => one,
        _ => other,
    }
}

async fn attempt(
    transport: Transport,
    target: Target,
    trust: Trust,
    hello: Hello,
) -> Result<Established, AttemptError> {
    let limit = if target.address.ip().is_loopback() {
        LOOPBACK_PATIENCE
    } else {
        PATIENCE
    };
    let node = target.place.node.clone();
    let made = async {
        match transport {
            Transport::Quic => quic::connect(target, &trust, &hello).await,
            Transport::WebSocket => {
                let tcp = websocket::reach(&target).await?;
                let quic = timeout(ONCE_MORE, quic::connect(target.clone(), &trust, &hello));
                let socket = websocket::connect(tcp, target, &trust, &hello);
                match tokio::join!(quic, socket) {
                    (Ok(Ok(quic)), _) => Ok(quic),
                    (_, socket) => socket,
                }
            }
        }
    };
    timeout(limit, made)
        .await
        .unwrap_or_else(|_| Err(AttemptError::unreachable(format!("{node}: no answer"))))
}
