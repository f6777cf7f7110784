//! A private `redis-server` for tests: on loopback, in a temporary directory,
//! without persistence. It dies with the test.
#![allow(
    clippy::unwrap_used,
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "shared by several test programs"
)]

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Longer than a server takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct RedisServer {
    home: tempfile::TempDir,
    port: u16,
    arguments: Vec<String>,
    child: Option<Child>,
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Waits until `ready` says so.
fn wait(what: &str, mut ready: impl FnMut() -> bool) {
    let start = Instant::now();
    while !ready() {
        assert!(start.elapsed() < PATIENCE, "{what} in time");
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl RedisServer {
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// With further arguments to `redis-server`.
    pub fn start_with(arguments: &[&str]) -> Self {
        Self::start_on(|_| arguments.iter().map(|text| (*text).to_owned()).collect())
    }

    fn start_on(arguments: impl Fn(u16) -> Vec<String>) -> Self {
        // Somebody may take the port between the choice and the start.
        for _ in 0..20 {
            let port = free_port();
            let mut server = Self {
                home: tempfile::tempdir().unwrap(),
                port,
                arguments: arguments(port),
                child: None,
            };
            if server.run() {
                return server;
            }
        }
        panic!("redis-server found no free port");
    }

    /// Whether it runs; false where the port is taken.
    fn run(&mut self) -> bool {
        // The kernel ends the server with the thread that started it.
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "redis-server"])
            .args(["--port", &self.port.to_string()])
            .args(["--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .args(["--unixsocket", &self.socket()])
            .arg("--dir")
            .arg(self.home.path())
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let Ok(mut child) = command.spawn() else {
            panic!("setpriv is missing: install the Debian package util-linux");
        };
        let start = Instant::now();
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                assert_ne!(
                    status.code(),
                    Some(127),
                    "redis-server is missing: install the Debian package redis-server"
                );
                return false;
            }
            if self.answers() {
                self.child = Some(child);
                return true;
            }
            assert!(start.elapsed() < PATIENCE, "redis-server starts in time");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether this very server answers: another could have the port.
    fn answers(&self) -> bool {
        std::os::unix::net::UnixStream::connect(self.socket()).is_ok()
            && std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok()
    }

    pub fn socket(&self) -> String {
        let path = self.home.path().join("redis.sock");
        path.to_str().unwrap().to_owned()
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// A connection to look at the server with.
    pub fn client(&self) -> redis::Connection {
        let client = redis::Client::open(self.url()).unwrap();
        client.get_connection().unwrap()
    }

    fn pid(&self) -> Pid {
        let child = self.child.as_ref().unwrap();
        Pid::from_raw(child.id() as i32).unwrap()
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
            let _ = std::fs::remove_file(self.socket());
        }
    }

    /// Starts it again on the same port.
    pub fn restart(&mut self) {
        self.kill();
        let start = Instant::now();
        while !self.run() {
            assert!(start.elapsed() < PATIENCE, "the port is free again in time");
        }
    }

    /// Lets it hang: connections stay, nothing is answered.
    pub fn hang(&self) {
        kill_process(self.pid(), Signal::STOP).unwrap();
    }

    pub fn resume(&self) {
        kill_process(self.pid(), Signal::CONT).unwrap();
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Three servers that share the slots, without replicas.
pub struct RedisCluster {
    pub servers: Vec<RedisServer>,
}

impl RedisCluster {
    pub fn start() -> Self {
        let ports = std::cell::RefCell::new(std::collections::HashMap::new());
        let servers: Vec<RedisServer> = (0..3)
            .map(|_| {
                RedisServer::start_on(|port| {
                    let bus = free_port();
                    ports.borrow_mut().insert(port, bus);
                    [
                        "--cluster-enabled",
                        "yes",
                        "--cluster-node-timeout",
                        "1000",
                        "--cluster-require-full-coverage",
                        "no",
                        "--cluster-port",
                        &bus.to_string(),
                    ]
                    .map(str::to_owned)
                    .to_vec()
                })
            })
            .collect();
        let ends = [0, 5461, 10923, 16384];
        for (at, server) in servers.iter().enumerate() {
            let mut client = server.client();
            redis::cmd("CLUSTER")
                .arg("SET-CONFIG-EPOCH")
                .arg(at + 1)
                .exec(&mut client)
                .unwrap();
            redis::cmd("CLUSTER")
                .arg("ADDSLOTSRANGE")
                .arg(ends[at])
                .arg(ends[at + 1] - 1)
                .exec(&mut client)
                .unwrap();
        }
        for other in &servers[1..] {
            redis::cmd("CLUSTER")
                .arg("MEET")
                .arg("127.0.0.1")
                .arg(other.port)
                .arg(ports.borrow()[&other.port])
                .exec(&mut servers[0].client())
                .unwrap();
        }
        let cluster = Self { servers };
        cluster.wait_whole();
        cluster
    }

    /// Waits until all servers see all slots served.
    pub fn wait_whole(&self) {
        wait("the cluster is whole", || {
            self.servers.iter().all(|server| {
                let info: String = redis::cmd("CLUSTER")
                    .arg("INFO")
                    .query(&mut server.client())
                    .unwrap();
                info.contains("cluster_state:ok")
                    && info.contains("cluster_slots_ok:16384")
                    && info.contains("cluster_known_nodes:3")
            })
        });
    }

    pub fn urls(&self) -> Vec<String> {
        self.servers.iter().map(RedisServer::url).collect()
    }
}
