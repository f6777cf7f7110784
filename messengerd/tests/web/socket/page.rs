//! A page's socket, as seen by a test.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::kit::Site;
use crate::support::PATIENCE;

pub(crate) struct Page {
    pub(crate) socket: WebSocketStream<TcpStream>,
}

/// How a socket ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    Closed(u16),
    /// Without a close frame.
    Dropped,
}

/// Why there is no socket: status and body.
pub(crate) type Refused = (u16, Value);

impl Page {
    pub(crate) async fn open(site: &Site, token: &str) -> Self {
        Self::at(address(site), token).await
    }

    pub(crate) async fn at(address: SocketAddr, token: &str) -> Self {
        let path = format!("/ws?token={token}");
        Self::ask(address, &path, &[]).await.unwrap()
    }

    /// Asks for a socket in some way.
    pub(crate) async fn ask(
        address: SocketAddr,
        path: &str,
        headers: &[(&'static str, String)],
    ) -> Result<Self, Refused> {
        let stream = TcpStream::connect(address).await.unwrap();
        let mut request = format!("ws://{address}{path}")
            .into_client_request()
            .unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match tokio_tungstenite::client_async(request, stream).await {
            Ok((socket, _)) => Ok(Self { socket }),
            Err(Error::Http(response)) => {
                let status = response.status().as_u16();
                let body = response.into_body().unwrap_or_default();
                Err((status, serde_json::from_slice(&body).unwrap()))
            }
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) async fn send(&mut self, kind: &str, data: Value) {
        let frame = json!({ "type": kind, "data": data });
        self.send_text(&frame.to_string()).await;
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        let text = Message::Text(text.to_owned().into());
        self.socket.send(text).await.unwrap();
    }

    /// The next frame.
    pub(crate) async fn next(&mut self) -> Value {
        let next = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Text(text))) => {
                        let frame: Value = serde_json::from_str(&text).unwrap();
                        let mut keys: Vec<&String> = frame.as_object().unwrap().keys().collect();
                        keys.sort();
                        assert_eq!(keys, ["data", "timestamp", "type", "user_id"], "{frame}");
                        return frame;
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    other => panic!("no frame but {other:?}"),
                }
            }
        };
        let next = tokio::time::timeout(PATIENCE, next).await;
        next.expect("no frame in time")
    }

    /// The next frame of a type, and what came before it.
    pub(crate) async fn upto(&mut self, kind: &str) -> (Value, Vec<Value>) {
        let mut before = Vec::new();
        loop {
            let frame = self.next().await;
            if frame["type"] == kind {
                return (frame, before);
            }
            before.push(frame);
        }
    }

    /// The next frame of a type; others are passed over.
    pub(crate) async fn wait(&mut self, kind: &str) -> Value {
        self.upto(kind).await.0
    }

    /// The next frame of a type whose data are so.
    pub(crate) async fn wait_for(&mut self, kind: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let frame = self.wait(kind).await;
            if wanted(&frame["data"]) {
                return frame;
            }
        }
    }

    /// Everything up to the answer to a frame that nobody knows.
    pub(crate) async fn fence(&mut self) -> Vec<Value> {
        self.send_text(r#"{"type":"fence","id":"fence"}"#).await;
        let mut before = Vec::new();
        loop {
            let frame = self.next().await;
            if frame["type"] == "error" && frame["data"]["id"] == "fence" {
                return before;
            }
            before.push(frame);
        }
    }

    /// Waits for the end.
    pub(crate) async fn end(&mut self) -> End {
        let end = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Close(frame))) => {
                        let code = frame.map_or(CloseCode::Status, |frame| frame.code);
                        return End::Closed(code.into());
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return End::Dropped,
                }
            }
        };
        let end = tokio::time::timeout(PATIENCE, end).await;
        end.expect("no end in time")
    }
}

pub(crate) fn address(site: &Site) -> SocketAddr {
    site.daemon.server.addresses().http.unwrap()
}

/// The texts of new messages among frames.
pub(crate) fn messages(frames: &[Value]) -> Vec<String> {
    let messages = frames
        .iter()
        .filter(|frame| frame["type"] == "new_message" || frame["type"] == "message_posted");
    let texts = messages.map(|frame| frame["data"]["content"].as_str().unwrap().to_owned());
    texts.collect()
}
