//! The native protocol on QUIC (RFC 9000): the first bidirectional stream of a
//! connection carries frames.

use std::future::IntoFuture;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use bytes::Bytes;
use proto::codec::{Encoded, Frame, FrameDecoder};
use quinn::crypto::rustls::QuicServerConfig;
use quinn::{
    Connection, Endpoint, EndpointConfig, Incoming, RecvStream, SendStream, TransportConfig, VarInt,
};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::service::Service;
use crate::session::connection::{ConnectionError, FrameReader, FrameWriter, Peer};
use crate::session::door::{Door, Pass};
use crate::session::{self, ServerInfo};

/// A connection has to open its control stream within this time.
const OPEN_TIME: Duration = Duration::from_secs(10);
/// Without a packet for this long a connection is gone. Clients keep theirs
/// alive every 5 s.
const IDLE_TIME: Duration = Duration::from_secs(15);
/// Bytes of datagrams that wait for a peer: 0.8 s of five voices.
const DATAGRAM_BYTES: usize = 64 * 1024;

/// The endpoint's own keys, kept over restarts so that clients of the previous
/// run are told at once that their connection is gone (stateless reset).
pub struct EndpointKeys {
    /// Signs stateless reset tokens.
    pub reset: [u8; 64],
    /// Recognises our own connection ids.
    pub connection_ids: u64,
}

/// Makes the endpoint on a bound UDP socket.
///
/// # Errors
///
/// Where the socket or the TLS configuration is not usable.
pub fn endpoint(
    socket: std::net::UdpSocket,
    tls: rustls::ServerConfig,
    keys: &EndpointKeys,
) -> anyhow::Result<Endpoint> {
    let mut transport = TransportConfig::default();
    transport
        .max_idle_timeout(Some(VarInt::from_u32(IDLE_TIME.as_millis() as u32).into()))
        .max_concurrent_bidi_streams(VarInt::from_u32(16))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .stream_receive_window(VarInt::from_u32(256 * 1024))
        .receive_window(VarInt::from_u32(1024 * 1024))
        .send_window(1024 * 1024)
        .datagram_receive_buffer_size(Some(DATAGRAM_BYTES))
        .datagram_send_buffer_size(DATAGRAM_BYTES);
    let mut server = quinn::ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls)?));
    server.transport_config(Arc::new(transport));
    let mut config = EndpointConfig::new(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, &keys.reset)));
    let id_key = keys.connection_ids;
    config
        .cid_generator(move || Box::new(quinn_proto::HashedConnectionIdGenerator::from_key(id_key)))
        // A later release may tell STUN and DTLS from QUIC by its first byte
        // on this port (RFC 9443), which the greased bit would prevent.
        .grease_quic_bit(false);
    let runtime = quinn::default_runtime().ok_or_else(|| io::Error::other("no async runtime"))?;
    Ok(Endpoint::new(config, Some(server), socket, runtime)?)
}

/// Accepts connections until `stop`; `stop_sessions` ends what was accepted.
pub async fn accept(
    endpoint: Endpoint,
    service: Arc<Service>,
    info: Arc<ServerInfo>,
    sessions: TaskTracker,
    stop: CancellationToken,
    door: Arc<Door>,
    stop_sessions: CancellationToken,
) {
    loop {
        let incoming = tokio::select! {
            incoming = endpoint.accept() => incoming,
            () = stop.cancelled() => return,
        };
        let Some(incoming) = incoming else { return };
        let Some(pass) = door.enter(incoming.remote_address().ip()) else {
            incoming.refuse();
            continue;
        };
        let (service, info, stop) = (service.clone(), info.clone(), stop_sessions.clone());
        sessions.spawn(async move {
            if let Err(error) = Box::pin(serve(incoming, service, info, pass, stop)).await {
                tracing::debug!(%error, "QUIC connection ended");
            }
        });
    }
}

async fn serve(
    incoming: Incoming,
    service: Arc<Service>,
    info: Arc<ServerInfo>,
    pass: Pass,
    stop: CancellationToken,
) -> Result<(), quinn::ConnectionError> {
    let connection = Box::pin(incoming.into_future()).await?;
    let opened = tokio::time::timeout(OPEN_TIME, connection.accept_bi()).await;
    let Ok(opened) = opened else {
        connection.close(VarInt::from_u32(1), b"no control stream");
        return Ok(());
    };
    let (send, recv) = opened?;
    let peer = Peer {
        address: connection.remote_address(),
    };
    let reader = QuicReader {
        stream: recv,
        decoder: FrameDecoder::new(),
    };
    let writer = QuicWriter {
        stream: send,
        connection,
        chunks: Vec::new(),
    };
    session::serve(service, info, peer, reader, writer, pass, stop).await;
    Ok(())
}

struct QuicReader {
    stream: RecvStream,
    decoder: FrameDecoder,
}

impl FrameReader for QuicReader {
    async fn recv(&mut self) -> Result<Option<Frame>, ConnectionError> {
        loop {
            if let Some(frame) = self.decoder.next_frame()? {
                return Ok(Some(frame));
            }
            match self.stream.read_chunk(64 * 1024, true).await {
                Ok(Some(chunk)) => self.decoder.extend(&chunk.bytes),
                Ok(None) => return Ok(None),
                Err(error) => return Err(ConnectionError::Lost(error.to_string())),
            }
        }
    }
}

struct QuicWriter {
    stream: SendStream,
    connection: Connection,
    chunks: Vec<Bytes>,
}

impl FrameWriter for QuicWriter {
    async fn send(&mut self, frames: &[Encoded]) -> io::Result<()> {
        self.chunks.extend(frames.iter().map(Encoded::stream));
        let written = self.stream.write_all_chunks(&mut self.chunks).await;
        self.chunks.clear();
        if self.chunks.capacity() > 64 {
            self.chunks = Vec::new();
        }
        written.map_err(io::Error::other)
    }

    async fn close(&mut self) {
        // Both fail only where the connection is gone already.
        let _ = self.stream.finish();
        let _ = self.stream.stopped().await;
        self.connection.close(VarInt::from_u32(0), b"bye");
    }
}
