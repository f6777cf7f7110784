//! The native protocol on WebSocket over TLS: one frame in one binary message.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use proto::codec::{Encoded, Frame};
use proto::hello::Hello;
use proto::limits::FRAME_BYTES;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, interval, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::trust::Verifier;
use super::{
    AttemptError, Connection, Established, Failure, INBOX, Target, Trust, encode_hello, welcome,
};
use crate::client::model::Transport;

type Socket = WebSocketStream<TlsStream<TcpStream>>;

/// As on QUIC: somebody who says nothing for this long is not there.
const IDLE: Duration = Duration::from_secs(15);
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// Opens the TCP connection.
pub(super) async fn reach(target: &Target) -> Result<TcpStream, AttemptError> {
    let why = |error: std::io::Error| {
        AttemptError::unreachable(format!("{}: {error}", target.place.node))
    };
    let tcp = TcpStream::connect(target.address).await.map_err(why)?;
    tcp.set_nodelay(true).map_err(why)?;
    Ok(tcp)
}

/// Says Hello over a TCP connection.
pub(super) async fn connect(
    tcp: TcpStream,
    target: Target,
    trust: &Trust,
    hello: &Hello,
) -> Result<Established, AttemptError> {
    let node = target.place.node.clone();
    let (verifier, tls) =
        Verifier::config(trust, &target, b"http/1.1").map_err(AttemptError::unreachable)?;
    let why = |error: &dyn std::fmt::Display| match verifier.refusal() {
        Some(refusal) => AttemptError(Failure::Refused(refusal)),
        None => AttemptError::unreachable(format!("{node}: {error}")),
    };
    let name = ServerName::try_from(node.host.clone()).map_err(|error| why(&error))?;
    let stream = TlsConnector::from(Arc::new(tls))
        .connect(name, tcp)
        .await
        .map_err(|error| why(&error))?;
    let config = WebSocketConfig::default()
        .read_buffer_size(4096)
        .write_buffer_size(4096)
        .max_message_size(Some(FRAME_BYTES))
        .max_frame_size(Some(FRAME_BYTES));
    let url = format!("wss://{node}{}", proto::WEBSOCKET_PATH);
    let (mut socket, _) = client_async_with_config(url, stream, Some(config))
        .await
        .map_err(|error| why(&error))?;
    socket
        .send(Message::Binary(encode_hello(hello)?.message()))
        .await
        .map_err(|error| why(&error))?;
    let (sink, mut stream) = socket.split();
    let heard = Arc::new(AtomicU64::new(0));
    let answer = read(&mut stream, &heard)
        .await
        .map_err(|error| why(&error))?;
    let welcome = welcome(&answer, &target.place)?;
    verifier.keep().map_err(|error| why(&error))?;
    let (frames_in, frames) = mpsc::channel(INBOX);
    let (send_out, outgoing) = mpsc::unbounded_channel();
    let reader = tokio::spawn(read_all(stream, frames_in, heard.clone()));
    let writer = tokio::spawn(write_all(sink, outgoing));
    Ok(Established {
        connection: Connection {
            send: send_out,
            frames,
            heard,
            reader,
            writer,
        },
        welcome,
        transport: Transport::WebSocket,
        node,
        at: target.address.ip(),
    })
}

async fn read(stream: &mut SplitStream<Socket>, heard: &AtomicU64) -> Result<Frame, String> {
    let mut until = Instant::now() + IDLE;
    loop {
        let message = timeout_at(until, stream.next())
            .await
            .map_err(|_| "no answer".to_owned())?;
        until = Instant::now() + IDLE;
        match message {
            Some(Ok(Message::Binary(bytes))) => {
                heard.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                return Frame::from_message(bytes).map_err(|error| error.to_string());
            }
            Some(Ok(Message::Close(_))) | None => return Err("closed by the server".to_owned()),
            Some(Ok(_)) => {
                heard.fetch_add(1, Ordering::Relaxed);
            }
            Some(Err(error)) => return Err(error.to_string()),
        }
    }
}

async fn read_all(
    mut stream: SplitStream<Socket>,
    frames: mpsc::Sender<Result<Frame, String>>,
    heard: Arc<AtomicU64>,
) {
    loop {
        let frame = read(&mut stream, &heard).await;
        let last = frame.is_err();
        if frames.send(frame).await.is_err() || last {
            return;
        }
    }
}

/// Writes what is queued, many frames between two flushes. Ends when the queue
/// is closed or the connection is gone; the reader tells the latter.
async fn write_all(
    mut sink: SplitSink<Socket, Message>,
    mut outgoing: mpsc::UnboundedReceiver<Encoded>,
) {
    let mut keep_alive = interval(KEEP_ALIVE);
    keep_alive.tick().await;
    let mut frames = Vec::new();
    loop {
        tokio::select! {
            count = outgoing.recv_many(&mut frames, 64) => {
                if count == 0 {
                    break;
                }
                for frame in frames.drain(..) {
                    if sink.feed(Message::Binary(frame.message())).await.is_err() {
                        return;
                    }
                }
            }
            _ = keep_alive.tick() => {
                if sink.feed(Message::Ping(Default::default())).await.is_err() {
                    return;
                }
            }
        }
        if sink.flush().await.is_err() {
            return;
        }
    }
    // The peer may be gone already.
    let _ = sink.close().await;
}
