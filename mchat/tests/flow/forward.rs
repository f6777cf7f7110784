//! A port where only TCP gets through; UDP falls silent or is closed.

use std::net::{SocketAddr, UdpSocket};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

pub(crate) struct Forward {
    _runtime: Runtime,
    _silent: Option<UdpSocket>,
    pub(crate) address: SocketAddr,
}

impl Forward {
    pub(crate) fn tcp_only(to: SocketAddr, silent_udp: bool) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (listener, silent) = loop {
            let bound = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
            // Bound in either case, so that the port is nobody else's now.
            if let Ok(udp) = UdpSocket::bind(bound.local_addr().unwrap()) {
                break (bound, udp);
            }
        };
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move {
            while let Ok((mut inside, _)) = listener.accept().await {
                tokio::spawn(async move {
                    if let Ok(mut outside) = TcpStream::connect(to).await {
                        // Either side may end it.
                        let _ = copy_bidirectional(&mut inside, &mut outside).await;
                    }
                });
            }
        });
        Self {
            _runtime: runtime,
            _silent: silent_udp.then_some(silent),
            address,
        }
    }
}
