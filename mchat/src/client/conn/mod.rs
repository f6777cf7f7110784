//! Connections: QUIC and WebSocket with the same frames, and which key to
//! trust.

mod fingerprint;
mod known;
mod quic;
mod race;
mod trust;
mod websocket;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proto::codec::{self, Encoded, Frame};
use proto::event::Event;
use proto::hello::{HELLO, Hello, WELCOME, Welcome};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

pub use self::fingerprint::{Fingerprint, FingerprintError};
pub use self::known::KnownServers;
pub(crate) use self::race::{Plan, connect};
pub use self::trust::Trust;

use super::address::Node;
use super::core::Failure;
use super::model::Transport;
use super::nodes::Place;

/// Frames that wait to be handled; beyond it the peer is slowed down.
const INBOX: usize = 128;

/// An open connection. Dropping it ends it at once.
pub(crate) struct Connection {
    send: mpsc::UnboundedSender<Encoded>,
    frames: mpsc::Receiver<Result<Frame, String>>,
    heard: Arc<AtomicU64>,
    reader: JoinHandle<()>,
    writer: JoinHandle<()>,
}

impl Connection {
    /// Queues a frame; on a dead connection nothing happens, as its end is
    /// told by [`Connection::frame`].
    pub(crate) fn send(&self, frame: Encoded) {
        let _ = self.send.send(frame);
    }

    /// The next frame, or in words for a person why there is none any more.
    pub(crate) async fn frame(&mut self) -> Result<Frame, String> {
        match self.frames.recv().await {
            Some(frame) => frame,
            None => Err(String::new()),
        }
    }

    /// Bytes received so far.
    pub(crate) fn heard(&self) -> u64 {
        self.heard.load(Ordering::Relaxed)
    }

    /// Sends what is queued and closes in order; bounded in time.
    pub(crate) async fn close(mut self) {
        let (gone, _) = mpsc::unbounded_channel();
        drop(std::mem::replace(&mut self.send, gone));
        let limit = std::time::Duration::from_millis(300);
        // A peer that does not take it in time does not get it.
        let _ = tokio::time::timeout(limit, &mut self.writer).await;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.reader.abort();
        self.writer.abort();
    }
}

/// A connection whose Hello was answered with Welcome.
pub(crate) struct Established {
    pub(crate) connection: Connection,
    pub(crate) welcome: Welcome,
    pub(crate) transport: Transport,
    /// The address as it was given or named.
    pub(crate) node: Node,
    /// Where it led.
    pub(crate) at: IpAddr,
}

/// One address to try.
#[derive(Debug, Clone)]
struct Target {
    place: Place,
    address: SocketAddr,
}

/// Why one attempt failed.
#[derive(Debug)]
struct AttemptError(Failure);

impl AttemptError {
    fn unreachable(why: impl std::fmt::Display) -> Self {
        Self(Failure::Unreachable(why.to_string()))
    }
}

fn encode_hello(hello: &Hello) -> Result<Encoded, AttemptError> {
    codec::encode(HELLO, 0, hello).map_err(AttemptError::unreachable)
}

/// Reads the answer to Hello.
fn welcome(frame: &Frame, place: &Place) -> Result<Welcome, AttemptError> {
    if frame.kind == WELCOME {
        let welcome: Welcome = frame.decode().map_err(AttemptError::unreachable)?;
        if place
            .community
            .is_some_and(|wanted| wanted != welcome.community)
        {
            let why = format!("{}: a server of another community", place.node);
            return Err(AttemptError::unreachable(why));
        }
        return Ok(welcome);
    }
    match Event::decode(frame) {
        Ok(Some(Event::Goodbye(goodbye))) => Err(AttemptError(Failure::Goodbye(goodbye.error))),
        _ => Err(AttemptError::unreachable("not a Messenger server")),
    }
}
