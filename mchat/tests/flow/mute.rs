//! A server that answers Hello and nothing else, as one whose database hangs.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use mchat::client::cache::Db;
use proto::codec::{self, Frame};
use proto::hello::{Account, HELLO, Hello, WELCOME, Welcome};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::tungstenite::Message;

pub(crate) struct Mute {
    _runtime: Runtime,
    pub(crate) address: SocketAddr,
}

impl Mute {
    /// With the key in the daemon's directory, and for the one account of a
    /// profile; names this node.
    pub(crate) fn start(daemon: &Path, profile: &Path, named: SocketAddr) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let chain = CertificateDer::pem_file_iter(daemon.join("tls.crt"))
            .unwrap()
            .collect::<Result<Vec<_>, _>>()
            .unwrap();
        let key = PrivateKeyDer::from_pem_file(daemon.join("tls.key")).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        let stored = Db::open(profile).unwrap().stored().unwrap();
        let account = stored.account.unwrap();
        let welcome = Welcome {
            version: proto::VERSION,
            capabilities: Vec::new(),
            server: "mute".into(),
            community: stored.community.unwrap(),
            nodes: vec![named.to_string()],
            account: Some(Account {
                user: account.user,
                username: account.username,
                session: account.session,
                admin: false,
            }),
            token: None,
            time: 0,
        };
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                tokio::spawn(serve(acceptor.clone(), tcp, welcome.clone()));
            }
        });
        Self {
            _runtime: runtime,
            address,
        }
    }
}

/// One connection; a client may end it at any step.
async fn serve(acceptor: TlsAcceptor, tcp: TcpStream, mut welcome: Welcome) {
    let Ok(tls) = acceptor.accept(tcp).await else {
        return;
    };
    let Ok(mut socket) = tokio_tungstenite::accept_async(tls).await else {
        return;
    };
    while let Some(Ok(message)) = socket.next().await {
        let Message::Binary(bytes) = message else {
            continue;
        };
        let frame = Frame::from_message(bytes).unwrap();
        if frame.kind == HELLO {
            let hello: Hello = frame.decode().unwrap();
            welcome.account = welcome.account.filter(|_| hello.token.is_some());
            let answer = codec::encode(WELCOME, frame.request_id, &welcome).unwrap();
            if socket
                .send(Message::Binary(answer.message()))
                .await
                .is_err()
            {
                return;
            }
        }
    }
}
