//! The native protocol on WebSocket (RFC 6455), for networks without UDP: one
//! frame a binary message.

use std::io;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use proto::codec::{Encoded, Frame};

use crate::session::connection::{ConnectionError, FrameReader, FrameWriter};

/// Without anything from the peer for this long a connection is gone. Clients
/// ping every 5 s.
const IDLE_TIME: Duration = Duration::from_secs(20);

/// Splits a socket into the halves of a session.
pub fn split(socket: WebSocket) -> (WebSocketReader, WebSocketWriter) {
    let (sink, stream) = socket.split();
    (WebSocketReader(stream), WebSocketWriter(sink))
}

/// The incoming half.
pub struct WebSocketReader(SplitStream<WebSocket>);

impl FrameReader for WebSocketReader {
    async fn recv(&mut self) -> Result<Option<Frame>, ConnectionError> {
        loop {
            let message = tokio::time::timeout(IDLE_TIME, self.0.next())
                .await
                .map_err(|_| ConnectionError::Lost("silent for too long".into()))?;
            match message {
                Some(Ok(Message::Binary(bytes))) => return Ok(Some(Frame::from_message(bytes)?)),
                // Pings are answered by the library when it is next polled.
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Text(_))) => {
                    return Err(proto::codec::CodecError::Payload("text message".into()).into());
                }
                Some(Ok(Message::Close(_))) | None => return Ok(None),
                Some(Err(error)) => return Err(ConnectionError::Lost(error.to_string())),
            }
        }
    }
}

/// The outgoing half.
pub struct WebSocketWriter(SplitSink<WebSocket, Message>);

impl FrameWriter for WebSocketWriter {
    async fn send(&mut self, frames: &[Encoded]) -> io::Result<()> {
        for frame in frames {
            self.0
                .feed(Message::Binary(frame.message()))
                .await
                .map_err(io::Error::other)?;
        }
        self.0.flush().await.map_err(io::Error::other)
    }

    async fn close(&mut self) {
        let close = CloseFrame {
            code: close_code::NORMAL,
            reason: "bye".into(),
        };
        // Fails only where the connection is gone already.
        let _ = self.0.send(Message::Close(Some(close))).await;
    }
}
