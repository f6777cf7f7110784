//! What a session needs of a transport: frames in, frames out.

use std::future::Future;
use std::io;
use std::net::SocketAddr;

use proto::codec::{CodecError, Encoded, Frame};

/// The other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Where it is.
    pub address: SocketAddr,
}

/// Why no frame came.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// The connection broke.
    #[error("connection lost: {0}")]
    Lost(String),
    /// The peer sent what is no frame.
    #[error(transparent)]
    Protocol(#[from] CodecError),
}

/// The incoming half.
pub trait FrameReader: Send {
    /// The next frame; `None` where the peer ended in good order. Dropping the
    /// future loses nothing.
    fn recv(&mut self) -> impl Future<Output = Result<Option<Frame>, ConnectionError>> + Send;
}

/// The outgoing half.
pub trait FrameWriter: Send {
    /// Sends frames in order and flushes them.
    fn send(&mut self, frames: &[Encoded]) -> impl Future<Output = io::Result<()>> + Send;

    /// Ends the connection once the peer has what was sent.
    fn close(&mut self) -> impl Future<Output = ()> + Send;
}
