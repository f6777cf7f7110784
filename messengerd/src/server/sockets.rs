//! The sockets of a daemon, and under which address others find them.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

use anyhow::Context as _;
use tokio::net::TcpListener;

/// Tries to find a port that is free for UDP and TCP alike.
const PORT_TRIES: u32 = 20;

/// Binds one port for TCP and UDP. Where the default address wants IPv6 and
/// there is none, IPv4 serves.
pub(super) fn bind(address: SocketAddr) -> anyhow::Result<(TcpListener, UdpSocket)> {
    match bind_both(address) {
        Err(error)
            if address.ip().is_unspecified()
                && address.is_ipv6()
                && matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported) =>
        {
            let v4 = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), address.port());
            tracing::info!("no IPv6 here, listening on {v4}");
            bind_both(v4).with_context(|| format!("cannot listen on {v4}"))
        }
        bound => bound.with_context(|| {
            format!("cannot listen on {address}; is another daemon running? --listen takes another ADDR:PORT")
        }),
    }
}

fn bind_both(address: SocketAddr) -> io::Result<(TcpListener, UdpSocket)> {
    let mut tries = 0;
    loop {
        // The standard library sets SO_REUSEADDR: a restart need not wait.
        let tcp = std::net::TcpListener::bind(address)?;
        tcp.set_nonblocking(true)?;
        let bound = tcp.local_addr()?;
        match UdpSocket::bind(bound) {
            Ok(udp) => return Ok((TcpListener::from_std(tcp)?, udp)),
            // The system's choice for TCP may be somebody's UDP port.
            Err(error)
                if address.port() == 0
                    && error.kind() == io::ErrorKind::AddrInUse
                    && tries < PORT_TRIES =>
            {
                tries += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

/// `host:port` as somebody on another machine would most likely type it.
pub(super) fn public_address(listen: SocketAddr) -> String {
    let host = if listen.ip().is_unspecified() {
        outward_address().unwrap_or(listen.ip())
    } else {
        listen.ip()
    };
    let host = if host.is_unspecified() {
        IpAddr::V4(Ipv4Addr::LOCALHOST)
    } else {
        host
    };
    SocketAddr::new(host, listen.port()).to_string()
}

/// The address this machine would use towards the outside. Connecting a UDP
/// socket sends nothing; the target is reserved for documentation (RFC 5737).
fn outward_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}
