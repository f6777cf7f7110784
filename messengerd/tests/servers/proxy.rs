//! A TCP proxy whose connections a test can let flow, hold up or cut.
#![allow(
    clippy::unwrap_used,
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "shared by several test programs"
)]

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

/// What becomes of bytes and connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// They pass.
    Open,
    /// Nothing passes, as through a cable that is cut: connections stay, new
    /// ones are taken and then hear nothing.
    Silent,
    /// Connections end, new ones, too.
    Closed,
}

/// Ends with this value.
pub struct Proxy {
    address: SocketAddr,
    way: watch::Sender<(Way, u64)>,
    task: AbortHandle,
}

impl Proxy {
    /// Starts one before a server.
    pub async fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (way, state) = watch::channel((Way::Open, 0));
        let task = tokio::spawn(accept(listener, server, state)).abort_handle();
        Self { address, way, task }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets everything pass again, what was held up first.
    pub fn open(&self) {
        self.way.send_modify(|(way, _)| *way = Way::Open);
    }

    /// Holds everything up.
    pub fn silence(&self) {
        self.way.send_modify(|(way, _)| *way = Way::Silent);
    }

    /// Ends all connections and every new one.
    pub fn close(&self) {
        self.way.send_modify(|(way, cuts)| {
            *way = Way::Closed;
            *cuts += 1;
        });
    }

    /// Ends the connections there are; new ones pass.
    pub fn cut(&self) {
        self.way.send_modify(|(_, cuts)| *cuts += 1);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, server: SocketAddr, state: watch::Receiver<(Way, u64)>) {
    let mut connections = JoinSet::new();
    loop {
        let (client, _) = listener.accept().await.unwrap();
        connections.spawn(forward(client, server, state.clone()));
        while connections.try_join_next().is_some() {}
    }
}

async fn forward(client: TcpStream, server: SocketAddr, mut state: watch::Receiver<(Way, u64)>) {
    let (way, cuts) = *state.borrow_and_update();
    if way == Way::Closed {
        return;
    }
    let mut ended = state.clone();
    let passing = async move {
        open(&mut state).await;
        let Ok(server) = TcpStream::connect(server).await else {
            return;
        };
        client.set_nodelay(true).unwrap();
        server.set_nodelay(true).unwrap();
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        tokio::join!(
            pass(from_client, to_server, state.clone()),
            pass(from_server, to_client, state),
        );
    };
    tokio::select! {
        () = passing => {}
        _ = ended.wait_for(|(_, now)| *now != cuts) => {}
    }
}

/// Waits until bytes may pass.
async fn open(state: &mut watch::Receiver<(Way, u64)>) {
    if state.wait_for(|(way, _)| *way == Way::Open).await.is_err() {
        // The proxy ends, and this with it.
        std::future::pending().await
    }
}

async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut state: watch::Receiver<(Way, u64)>,
) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let Ok(bytes) = from.read(&mut buffer).await else {
            return;
        };
        open(&mut state).await;
        if bytes == 0 || to.write_all(&buffer[..bytes]).await.is_err() {
            let _ = to.shutdown().await;
            return;
        }
    }
}
