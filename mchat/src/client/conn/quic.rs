//! The native protocol on QUIC: frames on the first bidirectional stream.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use proto::codec::{Encoded, Frame, FrameDecoder};
use proto::hello::Hello;
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Endpoint, RecvStream, SendStream, TransportConfig, VarInt};
use tokio::sync::mpsc;

use super::trust::Verifier;
use super::{
    AttemptError, Connection, Established, Failure, INBOX, Target, Trust, encode_hello, welcome,
};
use crate::client::model::Transport;

/// Sending starts the idle timer anew (RFC 9000, 10.1): a server that died is
/// noticed after this and one keep-alive, 17 s.
const IDLE_MS: u32 = 12_000;
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// A daemon on this machine that was killed is noticed sooner, for nothing.
const LOOPBACK_KEEP_ALIVE: Duration = Duration::from_millis(500);
const LOOPBACK_IDLE_MS: u32 = 3_000;

/// Enough to hand the last packet to the system.
const FAREWELL: Duration = Duration::from_millis(3);

pub(super) async fn connect(
    target: Target,
    trust: &Trust,
    hello: &Hello,
) -> Result<Established, AttemptError> {
    let node = target.place.node.clone();
    let (verifier, tls) =
        Verifier::config(trust, &target, proto::ALPN).map_err(AttemptError::unreachable)?;
    let why = |error: &dyn std::fmt::Display| match verifier.refusal() {
        Some(refusal) => AttemptError(Failure::Refused(refusal)),
        None => AttemptError::unreachable(format!("{node}: {error}")),
    };
    let crypto = QuicClientConfig::try_from(tls).map_err(|error| why(&error))?;
    let mut config = ClientConfig::new(Arc::new(crypto));
    let mut transport = TransportConfig::default();
    let (idle, keep_alive) = if target.address.ip().is_loopback() {
        (LOOPBACK_IDLE_MS, LOOPBACK_KEEP_ALIVE)
    } else {
        (IDLE_MS, KEEP_ALIVE)
    };
    transport
        .max_idle_timeout(Some(VarInt::from_u32(idle).into()))
        .keep_alive_interval(Some(keep_alive))
        .datagram_receive_buffer_size(None);
    config.transport_config(Arc::new(transport));
    let local: SocketAddr = if target.address.is_ipv6() {
        (Ipv6Addr::UNSPECIFIED, 0).into()
    } else {
        (Ipv4Addr::UNSPECIFIED, 0).into()
    };
    let endpoint = Endpoint::client(local).map_err(|error| why(&error))?;
    let connection = endpoint
        .connect_with(config, target.address, &node.host)
        .map_err(|error| why(&error))?
        .await
        .map_err(|error| why(&error))?;
    let (mut send, mut recv) = connection.open_bi().await.map_err(|error| why(&error))?;
    send.write_chunk(encode_hello(hello)?.stream())
        .await
        .map_err(|error| why(&error))?;
    let mut decoder = FrameDecoder::new();
    let heard = Arc::new(AtomicU64::new(0));
    let answer = read(&mut recv, &mut decoder, &heard)
        .await
        .map_err(|error| why(&error))?;
    let welcome = welcome(&answer, &target.place)?;
    verifier.keep().map_err(|error| why(&error))?;
    let (frames_in, frames) = mpsc::channel(INBOX);
    let (send_out, outgoing) = mpsc::unbounded_channel();
    let reader = tokio::spawn(read_all(recv, decoder, frames_in, heard.clone()));
    let writer = tokio::spawn(write_all(endpoint, connection, send, outgoing));
    Ok(Established {
        connection: Connection {
            send: send_out,
            frames,
            heard,
            reader,
            writer,
        },
        welcome,
        transport: Transport::Quic,
        node,
        at: target.address.ip(),
    })
}

async fn read(
    recv: &mut RecvStream,
    decoder: &mut FrameDecoder,
    heard: &AtomicU64,
) -> Result<Frame, String> {
    loop {
        if let Some(frame) = decoder.next_frame().map_err(|error| error.to_string())? {
            return Ok(frame);
        }
        match recv.read_chunk(64 * 1024, true).await {
            Ok(Some(chunk)) => {
                heard.fetch_add(chunk.bytes.len() as u64, Ordering::Relaxed);
                decoder.extend(&chunk.bytes);
            }
            Ok(None) => return Err("closed by the server".to_owned()),
            Err(error) => return Err(error.to_string()),
        }
    }
}

async fn read_all(
    mut recv: RecvStream,
    mut decoder: FrameDecoder,
    frames: mpsc::Sender<Result<Frame, String>>,
    heard: Arc<AtomicU64>,
) {
    loop {
        let frame = read(&mut recv, &mut decoder, &heard).await;
        let last = frame.is_err();
        if frames.send(frame).await.is_err() || last {
            return;
        }
    }
}

/// Writes what is queued, many frames at a time. Ends when the queue is closed
/// or the connection is gone; the reader tells the latter.
async fn write_all(
    endpoint: Endpoint,
    connection: quinn::Connection,
    mut send: SendStream,
    mut outgoing: mpsc::UnboundedReceiver<Encoded>,
) {
    let mut frames = Vec::new();
    while outgoing.recv_many(&mut frames, 64).await > 0 {
        let mut chunks: Vec<_> = frames.drain(..).map(|frame| frame.stream()).collect();
        if send.write_all_chunks(&mut chunks).await.is_err() {
            return;
        }
    }
    // What was asked was answered or is given up: nothing to wait for but the
    // packet that tells so. Staying for the draining period would cost each
    // short command a tenth of a second.
    connection.close(VarInt::from_u32(0), b"");
    let _ = tokio::time::timeout(FAREWELL, endpoint.wait_idle()).await;
}
