//! A daemon in this process and a bare client of the wire protocol.
#![allow(
    clippy::unwrap_used,
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "shared by several test programs"
)]

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use messengerd::config::{Config, RawConfig};
use messengerd::server::Server;
use proto::codec::{self, Encoded, Frame, FrameDecoder};
use proto::entry::{Body, Entry};
use proto::error::WireError;
use proto::event::{ChatEntry, Event};
use proto::hello::{HELLO, Hello, WELCOME, Welcome};
use proto::id::{ChatId, EntryId, UserId};
use proto::request::{
    Call, ChatInfo, ChatKind, CreateChat, History, Page, REFUSAL, REPLY, Register, Send, Sent,
    SignedIn,
};
use proto::text::{MessageText, Password, Token, Username};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// Longer than anything here takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub struct Daemon {
    pub server: Server,
    pub home: Arc<tempfile::TempDir>,
}

pub fn config(home: &std::path::Path) -> Config {
    let raw = RawConfig {
        data_dir: Some(home.join("data")),
        listen: Some("127.0.0.1:0".into()),
        http: Some("127.0.0.1:0".into()),
        ..RawConfig::default()
    };
    raw.validate(|_| None).unwrap()
}

impl Daemon {
    pub async fn start() -> Self {
        Self::start_in(Arc::new(tempfile::tempdir().unwrap()), |_| {}).await
    }

    pub async fn start_in(home: Arc<tempfile::TempDir>, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = config(home.path());
        change(&mut config);
        let server = Server::start(config).await.unwrap();
        Self { server, home }
    }

    pub fn address(&self) -> SocketAddr {
        self.server.addresses().listen
    }

    pub async fn user(&self, wire: Wire, name: &str) -> Client {
        let mut client = Client::connect(self, wire, None, true).await.unwrap();
        client.register(name).await.unwrap();
        client
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    Quic,
    WebSocket,
    PlainWebSocket,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + std::marker::Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + std::marker::Send> Stream for T {}

enum Link {
    Quic {
        send: quinn::SendStream,
        recv: quinn::RecvStream,
        decoder: FrameDecoder,
        connection: quinn::Connection,
        _endpoint: quinn::Endpoint,
    },
    WebSocket(Box<WebSocketStream<Box<dyn Stream>>>),
}

pub struct Client {
    link: Link,
    next_id: u32,
    pub events: VecDeque<Event>,
    pub welcome: Option<Welcome>,
    pub me: Option<SignedIn>,
}

#[derive(Debug)]
pub enum Failure {
    Refused(WireError),
    Goodbye(WireError),
    Gone(String),
}

impl Failure {
    pub fn code(&self) -> String {
        match self {
            Failure::Refused(error) | Failure::Goodbye(error) => error.code.to_string(),
            Failure::Gone(why) => format!("gone: {why}"),
        }
    }
}

#[derive(Debug)]
struct Anybody(Arc<rustls::crypto::CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }
    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

pub fn tls(alpn: &[u8]) -> rustls::ClientConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        .with_no_client_auth();
    config.alpn_protocols = vec![alpn.to_vec()];
    config
}

pub fn quic_config() -> quinn::ClientConfig {
    let crypto = quinn::crypto::rustls::QuicClientConfig::try_from(tls(proto::ALPN)).unwrap();
    let mut config = quinn::ClientConfig::new(Arc::new(crypto));
    let mut transport = quinn::TransportConfig::default();
    transport.keep_alive_interval(Some(Duration::from_secs(5)));
    config.transport_config(Arc::new(transport));
    config
}

pub async fn quic_connection(address: SocketAddr) -> (quinn::Endpoint, quinn::Connection) {
    let mut endpoint = quinn::Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
    endpoint.set_default_client_config(quic_config());
    let connection = endpoint
        .connect(address, "localhost")
        .unwrap()
        .await
        .unwrap();
    (endpoint, connection)
}

impl Client {
    pub async fn open(daemon: &Daemon, wire: Wire) -> Self {
        let addresses = daemon.server.addresses();
        Self::open_at(addresses.listen, addresses.http, wire).await
    }

    pub async fn open_at(listen: SocketAddr, http: Option<SocketAddr>, wire: Wire) -> Self {
        let link = match wire {
            Wire::Quic => {
                let (endpoint, connection) = quic_connection(listen).await;
                let (send, recv) = connection.open_bi().await.unwrap();
                Link::Quic {
                    send,
                    recv,
                    decoder: FrameDecoder::new(),
                    connection,
                    _endpoint: endpoint,
                }
            }
            Wire::WebSocket => {
                let tcp = TcpStream::connect(listen).await.unwrap();
                let connector = tokio_rustls::TlsConnector::from(Arc::new(tls(b"http/1.1")));
                let stream = connector
                    .connect("localhost".try_into().unwrap(), tcp)
                    .await
                    .unwrap();
                Self::web_socket(Box::new(stream), "wss").await
            }
            Wire::PlainWebSocket => {
                let tcp = TcpStream::connect(http.unwrap()).await.unwrap();
                Self::web_socket(Box::new(tcp), "ws").await
            }
        };
        Self {
            link,
            next_id: 1,
            events: VecDeque::new(),
            welcome: None,
            me: None,
        }
    }

    async fn web_socket(stream: Box<dyn Stream>, scheme: &str) -> Link {
        let url = format!("{scheme}://localhost{}", proto::WEBSOCKET_PATH);
        let config = tokio_tungstenite::tungstenite::protocol::WebSocketConfig::default()
            .read_buffer_size(4096)
            .write_buffer_size(4096);
        let (socket, _) = tokio_tungstenite::client_async_with_config(url, stream, Some(config))
            .await
            .unwrap();
        Link::WebSocket(Box::new(socket))
    }

    pub async fn connect(
        daemon: &Daemon,
        wire: Wire,
        token: Option<Token>,
        live: bool,
    ) -> Result<Self, Failure> {
        let mut client = Self::open(daemon, wire).await;
        client.hello(token, live).await?;
        Ok(client)
    }

    pub async fn hello(&mut self, token: Option<Token>, live: bool) -> Result<(), Failure> {
        let hello = Hello {
            version: proto::VERSION,
            min_version: proto::VERSION,
            capabilities: Vec::new(),
            client: "test".into(),
            token,
            live,
        };
        self.send_frame(&codec::encode(HELLO, 0, &hello).unwrap())
            .await;
        let frame = self.recv().await?;
        if frame.kind == WELCOME {
            self.welcome = Some(frame.decode().unwrap());
            return Ok(());
        }
        match Event::decode(&frame).unwrap() {
            Some(Event::Goodbye(goodbye)) => Err(Failure::Goodbye(goodbye.error)),
            other => panic!("neither welcome nor goodbye: {other:?}"),
        }
    }

    pub async fn send_frame(&mut self, frame: &Encoded) {
        match &mut self.link {
            Link::Quic { send, .. } => drop(send.write_all(&frame.stream()).await),
            Link::WebSocket(socket) => drop(socket.send(Message::Binary(frame.message())).await),
        }
    }

    /// Bytes as they are: on a stream, or as one binary message.
    pub async fn send_raw(&mut self, bytes: &[u8]) {
        match &mut self.link {
            Link::Quic { send, .. } => drop(send.write_all(bytes).await),
            Link::WebSocket(socket) => {
                drop(socket.send(Message::Binary(bytes.to_vec().into())).await)
            }
        }
    }

    pub async fn recv(&mut self) -> Result<Frame, Failure> {
        let next = async {
            match &mut self.link {
                Link::Quic { recv, decoder, .. } => loop {
                    if let Some(frame) = decoder.next_frame().unwrap() {
                        return Ok(frame);
                    }
                    match recv.read_chunk(65536, true).await {
                        Ok(Some(chunk)) => decoder.extend(&chunk.bytes),
                        Ok(None) => return Err(Failure::Gone("finished".into())),
                        Err(error) => return Err(Failure::Gone(error.to_string())),
                    }
                },
                Link::WebSocket(socket) => loop {
                    match socket.next().await {
                        Some(Ok(Message::Binary(bytes))) => {
                            return Ok(Frame::from_message(bytes).unwrap());
                        }
                        Some(Ok(Message::Close(_))) | None => {
                            return Err(Failure::Gone("closed".into()));
                        }
                        Some(Ok(_)) => {}
                        Some(Err(error)) => return Err(Failure::Gone(error.to_string())),
                    }
                },
            }
        };
        tokio::time::timeout(PATIENCE, next)
            .await
            .expect("no frame in time")
    }

    pub async fn start<C: Call>(&mut self, call: &C) -> u32 {
        let id = self.next_id;
        self.next_id += 1;
        self.send_frame(&call.encode(id).unwrap()).await;
        id
    }

    pub async fn finish<C: Call>(&mut self, id: u32) -> Result<C::Reply, Failure> {
        loop {
            let frame = self.recv().await?;
            if frame.request_id == id {
                if frame.kind == REFUSAL {
                    return Err(Failure::Refused(frame.decode().unwrap()));
                }
                assert_eq!(frame.kind, C::KIND | REPLY);
                return Ok(frame.decode().unwrap());
            }
            self.note(&frame)?;
        }
    }

    fn note(&mut self, frame: &Frame) -> Result<(), Failure> {
        // Answers to what a test does not wait for.
        if frame.kind & REPLY != 0 {
            return Ok(());
        }
        match Event::decode(frame).unwrap() {
            Some(Event::Goodbye(goodbye)) => Err(Failure::Goodbye(goodbye.error)),
            Some(event) => {
                self.events.push_back(event);
                Ok(())
            }
            None => panic!("unexpected frame {frame:?}"),
        }
    }

    pub async fn call<C: Call>(&mut self, call: C) -> Result<C::Reply, Failure> {
        let id = self.start(&call).await;
        self.finish::<C>(id).await
    }

    /// The next event that `wanted` makes something of; others are dropped.
    pub async fn event<T>(&mut self, mut wanted: impl FnMut(Event) -> Option<T>) -> T {
        loop {
            while let Some(event) = self.events.pop_front() {
                if let Some(found) = wanted(event) {
                    return found;
                }
            }
            let frame = self.recv().await.unwrap();
            self.note(&frame).unwrap();
        }
    }

    pub async fn next_message(&mut self) -> (ChatId, Entry, String) {
        self.event(|event| match event {
            Event::Entry(ChatEntry { chat, entry }) => {
                match Body::decode(entry.kind, &entry.body) {
                    Body::Message(message) => Some((chat, entry, message.text)),
                    _ => None,
                }
            }
            _ => None,
        })
        .await
    }

    /// Waits for the connection's end and says how it ended.
    pub async fn end(&mut self) -> Failure {
        loop {
            match self.recv().await {
                Ok(frame) => {
                    if let Err(failure) = self.note(&frame) {
                        return failure;
                    }
                }
                Err(failure) => return failure,
            }
        }
    }

    pub async fn register(&mut self, name: &str) -> Result<SignedIn, Failure> {
        self.register_with(name, None).await
    }

    pub async fn register_with(
        &mut self,
        name: &str,
        invite: Option<Token>,
    ) -> Result<SignedIn, Failure> {
        let signed_in = self
            .call(Register {
                username: Username::try_from(name).unwrap(),
                password: password(),
                email: None,
                invite,
                device: "test".try_into().unwrap(),
            })
            .await?;
        self.me = Some(signed_in.clone());
        Ok(signed_in)
    }

    pub fn id(&self) -> UserId {
        self.me.as_ref().unwrap().account.user
    }

    pub fn token(&self) -> Token {
        self.me.as_ref().unwrap().token.clone()
    }

    pub async fn private_chat(&mut self, with: UserId) -> ChatInfo {
        let call = CreateChat {
            id: ChatId::generate(),
            kind: ChatKind::Private,
            name: None,
            description: None,
            members: vec![with],
        };
        self.call(call).await.unwrap()
    }

    pub async fn group(&mut self, name: &str, members: Vec<UserId>) -> ChatInfo {
        let name = Some(name.try_into().unwrap());
        self.call(CreateChat {
            id: ChatId::generate(),
            kind: ChatKind::Group,
            name,
            description: None,
            members,
        })
        .await
        .unwrap()
    }

    pub async fn say(&mut self, chat: ChatId, text: &str) -> Result<Sent, Failure> {
        self.call(message(chat, EntryId::generate(), text)).await
    }

    pub async fn history(&mut self, chat: ChatId) -> Result<Page, Failure> {
        self.call(History {
            chat,
            before: None,
            limit: 1000,
        })
        .await
    }

    pub fn quic(&self) -> &quinn::Connection {
        match &self.link {
            Link::Quic { connection, .. } => connection,
            Link::WebSocket(_) => panic!("not on QUIC"),
        }
    }
}

pub fn password() -> Password {
    Password::try_from("correct horse").unwrap()
}

pub fn message(chat: ChatId, id: EntryId, text: &str) -> Send {
    Send {
        chat,
        id,
        text: MessageText::try_from(text).unwrap(),
        reply_to: None,
        forward: None,
        media: None,
    }
}

pub fn texts(page: &Page) -> Vec<String> {
    page.entries
        .iter()
        .filter_map(|entry| match Body::decode(entry.kind, &entry.body) {
            Body::Message(message) => Some(message.text),
            _ => None,
        })
        .collect()
}

/// One test for each way to connect.
#[macro_export]
macro_rules! on_every_wire {
    ($($name:ident)*) => {
        mod quic { $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(super::support::Wire::Quic).await })* }
        mod websocket { $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(super::support::Wire::WebSocket).await })* }
        mod plain_websocket { $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(super::support::Wire::PlainWebSocket).await })* }
    };
}
