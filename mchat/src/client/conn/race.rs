//! All addresses and both transports at once, QUIC a little ahead: the first
//! Welcome wins.

use std::time::Duration;

use proto::hello::Hello;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::{AttemptError, Established, Target, Trust, quic, websocket};
use crate::client::address::Node;
use crate::client::core::Failure;
use crate::client::model::Transport;

/// How much later each further address is tried.
const STAGGER: Duration = Duration::from_millis(100);
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
/// Most addresses that are tried.
const TARGETS: usize = 16;

/// Where to connect and whom to trust.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Addresses in order of preference.
    pub(crate) nodes: Vec<Node>,
    /// By what keys are judged.
    pub(crate) trust: Trust,
}

/// Makes a connection.
pub(crate) async fn connect(plan: Plan, hello: Hello) -> Result<Established, Failure> {
    let mut targets = Vec::new();
    let mut failure = None;
    for node in &plan.nodes {
        match tokio::net::lookup_host((node.host.as_str(), node.port)).await {
            Ok(addresses) => targets.extend(addresses.map(|address| Target {
                node: node.clone(),
                address,
            })),
            Err(error) => failure = Some(Failure::Unreachable(format!("{node}: {error}"))),
        }
    }
    targets.truncate(TARGETS);
    let mut attempts = JoinSet::new();
    for (index, target) in targets.into_iter().enumerate() {
        let late = STAGGER * index as u32;
        for (transport, delay) in [
            (Transport::Quic, late),
            (Transport::WebSocket, late + FALL_BACK - ONCE_MORE),
        ] {
            let (target, trust, hello) = (target.clone(), plan.trust.clone(), hello.clone());
            attempts.spawn(async move {
                sleep(delay).await;
                attempt(transport, target, trust, hello).await
            });
        }
    }
    let mut worst = failure;
    while let Some(ended) = attempts.join_next().await {
        match ended {
            Ok(Ok(established)) => return Ok(established),
            Ok(Err(AttemptError(failure))) => {
                // With one server its first word counts.
                if plan.nodes.len() == 1 && !matches!(failure, Failure::Unreachable(_)) {
                    return Err(failure);
                }
                worst = Some(weightier(worst, failure));
            }
            Err(error) => worst = Some(Failure::Unreachable(error.to_string())),
        }
    }
    Err(worst.unwrap_or_else(|| Failure::Unreachable("no address".to_owned())))
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
    let node = target.node.clone();
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
