//! Another address of a daemon, UDP and TCP, that can fall silent or die while
//! the daemon goes on: to a client it is one node of two.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::runtime::Runtime;
use tokio::sync::watch;

pub(crate) struct Front {
    runtime: Option<Runtime>,
    /// Connections of an earlier generation are silent.
    generation: watch::Sender<u64>,
    address: SocketAddr,
}

impl Front {
    /// `udp`: whether QUIC gets through.
    pub(crate) fn start(to: SocketAddr, udp: bool) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (listener, socket) = runtime.block_on(async {
            loop {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                // Bound in either case, so that the port is nobody else's.
                if let Ok(socket) = UdpSocket::bind(listener.local_addr().unwrap()).await {
                    return (listener, socket);
                }
            }
        });
        let address = listener.local_addr().unwrap();
        let (generation, seen) = watch::channel(0);
        runtime.spawn(forward_tcp(listener, to, seen.clone()));
        runtime.spawn(forward_udp(socket, to, seen, udp));
        Self {
            runtime: Some(runtime),
            generation,
            address,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("mchat://{}", self.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The connections that are open stay open, and nothing comes through them
    /// any more.
    pub(crate) fn silence(&self) {
        self.generation.send_modify(|generation| *generation += 1);
    }

    pub(crate) fn kill(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn forward_tcp(listener: TcpListener, to: SocketAddr, generation: watch::Receiver<u64>) {
    while let Ok((mut inside, _)) = listener.accept().await {
        let mut generation = generation.clone();
        let mine = *generation.borrow_and_update();
        tokio::spawn(async move {
            let Ok(mut outside) = TcpStream::connect(to).await else {
                return;
            };
            let silenced = async {
                // An error: the front is gone, and this with it.
                let _ = generation.wait_for(|now| *now > mine).await.map(drop);
            };
            tokio::select! {
                // Either side may end it.
                _ = copy_bidirectional(&mut inside, &mut outside) => {}
                () = silenced => std::future::pending().await,
            }
        });
    }
}

async fn forward_udp(
    socket: UdpSocket,
    to: SocketAddr,
    generation: watch::Receiver<u64>,
    through: bool,
) {
    let socket = Arc::new(socket);
    let mut flows: HashMap<SocketAddr, (Arc<UdpSocket>, u64)> = HashMap::new();
    let mut packet = vec![0; 65_536];
    while let Ok((size, from)) = socket.recv_from(&mut packet).await {
        if !through {
            continue;
        }
        let now = *generation.borrow();
        let (outside, mine) = match flows.entry(from) {
            Entry::Occupied(flow) => flow.into_mut(),
            Entry::Vacant(free) => {
                let outside = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
                outside.connect(to).await.unwrap();
                let seen = generation.clone();
                tokio::spawn(back(outside.clone(), socket.clone(), from, seen));
                free.insert((outside, now))
            }
        };
        if *mine == now {
            // Packets may be lost.
            let _ = outside.send(&packet[..size]).await;
        }
    }
}

async fn back(
    outside: Arc<UdpSocket>,
    inside: Arc<UdpSocket>,
    to: SocketAddr,
    generation: watch::Receiver<u64>,
) {
    let mine = *generation.borrow();
    let mut packet = vec![0; 65_536];
    while let Ok(size) = outside.recv(&mut packet).await {
        if *generation.borrow() == mine {
            let _ = inside.send_to(&packet[..size], to).await;
        }
    }
}
