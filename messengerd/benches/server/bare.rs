//! The bare write loops: as many connections, one 200-byte write to each, and
//! nothing else.

use std::io::BufRead;
use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::support::Wire;

const EVENT: usize = 200;

/// Serves until standard input ends; each line on it is one event to all.
pub(crate) fn serve(kind: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let (lines_in, mut lines) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for _ in std::io::stdin().lock().lines() {
            let _ = lines_in.send(());
        }
    });
    runtime.block_on(async {
        match kind {
            "quic" => {
                let certificate = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
                let key = rustls::pki_types::PrivateKeyDer::try_from(certificate.signing_key.serialize_der()).unwrap();
                let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
                let mut tls = rustls::ServerConfig::builder_with_provider(provider)
                    .with_protocol_versions(&[&rustls::version::TLS13])
                    .unwrap()
                    .with_no_client_auth()
                    .with_single_cert(vec![certificate.cert.der().clone()], key)
                    .unwrap();
                tls.alpn_protocols = vec![proto::ALPN.to_vec()];
                let crypto = quinn::crypto::rustls::QuicServerConfig::try_from(tls).unwrap();
                let config = quinn::ServerConfig::with_crypto(Arc::new(crypto));
                let endpoint = quinn::Endpoint::server(config, "127.0.0.1:0".parse().unwrap()).unwrap();
                println!("ready listen={}", endpoint.local_addr().unwrap());
                let mut streams = Vec::new();
                loop {
                    tokio::select! {
                        incoming = endpoint.accept() => {
                            let connection = incoming.unwrap().await.unwrap();
                            let (send, recv) = connection.accept_bi().await.unwrap();
                            streams.push((send, recv, connection));
                        }
                        line = lines.recv() => {
                            if line.is_none() { return }
                            for (send, ..) in &mut streams {
                                send.write_all(&[7; EVENT]).await.unwrap();
                            }
                        }
                    }
                }
            }
            _ => {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                println!("ready listen={}", listener.local_addr().unwrap());
                let mut sockets = Vec::new();
                loop {
                    tokio::select! {
                        accepted = listener.accept() => {
                            let stream = accepted.unwrap().0;
                            stream.set_nodelay(true).unwrap();
                            sockets.push(tokio_tungstenite::accept_async_with_config(stream, Some(small())).await.unwrap());
                        }
                        line = lines.recv() => {
                            if line.is_none() { return }
                            let event = bytes::Bytes::from_static(&[7; EVENT]);
                            for socket in &mut sockets {
                                socket.send(Message::Binary(event.clone())).await.unwrap();
                            }
                        }
                    }
                }
            }
        }
    });
}

fn small() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(4096)
        .write_buffer_size(4096)
}

/// A client of a bare loop.
pub(crate) enum Listener {
    Quic(
        quinn::RecvStream,
        #[expect(dead_code, reason = "keeps the connection")]
        (quinn::SendStream, quinn::Connection, quinn::Endpoint),
    ),
    WebSocket(Box<WebSocketStream<TcpStream>>),
}

/// Connects as many clients.
pub(crate) async fn connect(address: &SocketAddr, wire: Wire, count: usize) -> Vec<Listener> {
    let mut listeners = Vec::with_capacity(count);
    for _ in 0..count {
        listeners.push(match wire {
            Wire::Quic => {
                let (endpoint, connection) = crate::support::quic_connection(*address).await;
                let (mut send, recv) = connection.open_bi().await.unwrap();
                send.write_all(b"x").await.unwrap();
                Listener::Quic(recv, (send, connection, endpoint))
            }
            _ => {
                let stream = TcpStream::connect(address).await.unwrap();
                let (socket, _) = tokio_tungstenite::client_async_with_config(
                    "ws://localhost/",
                    stream,
                    Some(small()),
                )
                .await
                .unwrap();
                Listener::WebSocket(Box::new(socket))
            }
        });
    }
    listeners
}

/// Listeners at work; each comes back once it has heard one event.
pub(crate) type Hearing = tokio::task::JoinSet<Listener>;

/// Lets each listen for one event.
pub(crate) fn hear(listeners: Vec<Listener>) -> Hearing {
    let mut tasks = tokio::task::JoinSet::new();
    for mut listener in listeners {
        tasks.spawn(async move {
            match &mut listener {
                Listener::Quic(recv, ..) => recv.read_exact(&mut [0; EVENT]).await.unwrap(),
                Listener::WebSocket(socket) => drop(socket.next().await.unwrap().unwrap()),
            }
            listener
        });
    }
    tasks
}
