//! A daemon inside the test, on a port of its own, that can be stopped and
//! started again on the same data.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use messengerd::config::RawConfig;
use messengerd::server::Server;
use tokio::runtime::Runtime;

pub(crate) struct Daemon {
    runtime: Runtime,
    server: Option<Server>,
    address: SocketAddr,
    /// Where the pages are, for a daemon that has them.
    pages: Option<SocketAddr>,
    advertise: Option<String>,
    pub(crate) dir: tempfile::TempDir,
}

impl Daemon {
    pub(crate) fn start() -> Self {
        Self::serving(None)
    }

    /// With the pages on plain HTTP.
    pub(crate) fn with_pages() -> Self {
        Self::serving(Some("127.0.0.1:0".parse().unwrap()))
    }

    fn serving(pages: Option<SocketAddr>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let dir = tempfile::tempdir().unwrap();
        let any = "127.0.0.1:0".parse().unwrap();
        let server = serve(&runtime, dir.path(), any, pages, None);
        let address = server.addresses().listen;
        let pages = server.addresses().http;
        Self {
            runtime,
            server: Some(server),
            address,
            pages,
            advertise: None,
            dir,
        }
    }

    /// Starts again, and names this address as its own from then on.
    pub(crate) fn advertise(&mut self, address: String) {
        self.stop();
        self.advertise = Some(address);
        self.again();
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the pages are.
    pub(crate) fn http(&self) -> SocketAddr {
        self.pages.unwrap()
    }

    pub(crate) fn url(&self) -> String {
        format!("mchat://{}", self.address)
    }

    pub(crate) fn fingerprint(&self) -> String {
        self.server
            .as_ref()
            .unwrap()
            .addresses()
            .fingerprint
            .clone()
    }

    pub(crate) fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            self.runtime.block_on(server.stop()).unwrap();
        }
    }

    /// On the same address and data.
    pub(crate) fn again(&mut self) {
        assert!(self.server.is_none());
        self.server = Some(serve(
            &self.runtime,
            self.dir.path(),
            self.address,
            self.pages,
            self.advertise.clone(),
        ));
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            // A failing test is told by its own panic.
            let stopped = self.runtime.block_on(async {
                tokio::time::timeout(Duration::from_secs(10), server.stop()).await
            });
            drop(stopped);
        }
    }
}

fn serve(
    runtime: &Runtime,
    data: &Path,
    listen: SocketAddr,
    pages: Option<SocketAddr>,
    advertise: Option<String>,
) -> Server {
    let config = RawConfig {
        data_dir: Some(data.to_owned()),
        listen: Some(listen.to_string()),
        http: Some(pages.map_or("off".into(), |address| address.to_string())),
        advertise,
        ..RawConfig::default()
    }
    .validate(|_| None)
    .unwrap();
    runtime.block_on(Server::start(config)).unwrap()
}
