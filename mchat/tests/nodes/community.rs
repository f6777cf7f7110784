//! Daemons that share a database and a bus, as processes that can be killed.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tokio_postgres::config::Host;

/// A database as its address is given to a daemon.
pub(crate) fn url(config: &tokio_postgres::Config) -> String {
    let host = match &config.get_hosts()[0] {
        Host::Unix(path) => path.display().to_string().replace('/', "%2F"),
        Host::Tcp(name) => name.clone(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let (user, name) = (config.get_user().unwrap(), config.get_dbname().unwrap());
    format!("postgres://{user}@{host}:{port}/{name}?sslmode=disable")
}

pub(crate) struct Node {
    child: Child,
    pub(crate) address: SocketAddr,
    data: PathBuf,
}

impl Node {
    fn start(data: PathBuf, listen: &str, database: &str, redis: Option<&str>) -> Self {
        let program = Path::new(env!("CARGO_BIN_EXE_mchat")).with_file_name("messengerd");
        assert!(
            program.exists(),
            "{} is built with the workspace",
            program.display()
        );
        let mut command = Command::new(program);
        command
            .args(["serve", "--http", "off", "--listen", listen, "--data-dir"])
            .arg(&data)
            .env("MESSENGERD_LOG", "warn")
            .env("MESSENGERD_DATABASE_URL", database)
            .stdout(Stdio::piped());
        if let Some(redis) = redis {
            command.env("MESSENGERD_REDIS_URL", redis);
        }
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines.find_map(|line| {
            line.unwrap()
                .strip_prefix("ready listen=")
                .map(str::to_owned)
        });
        let Some(ready) = ready else {
            panic!("the daemon did not start: {:?}", child.wait());
        };
        // Its later lines need a reader.
        std::thread::spawn(move || lines.for_each(drop));
        let address = ready.split(' ').next().unwrap().parse().unwrap();
        Self {
            child,
            address,
            data,
        }
    }

    /// As `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have been killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Nodes of one community.
pub(crate) struct Community {
    pub(crate) nodes: Vec<Node>,
    database: String,
    redis: Option<String>,
    home: tempfile::TempDir,
}

impl Community {
    /// `count` daemons on a database and a bus. The first one is up before the
    /// others start.
    pub(crate) fn start(count: usize, database: &str, redis: &str) -> Self {
        let mut community = Self {
            nodes: Vec::new(),
            database: database.to_owned(),
            redis: Some(redis.to_owned()),
            home: tempfile::tempdir().unwrap(),
        };
        for _ in 0..count {
            community.add();
        }
        community
    }

    fn add(&mut self) {
        let data = self.home.path().join(format!("node{}", self.nodes.len()));
        let node = Node::start(data, "127.0.0.1:0", &self.database, self.redis.as_deref());
        self.nodes.push(node);
    }

    /// A node that was killed, on its address and data.
    pub(crate) fn again(&mut self, number: usize) {
        let (data, listen) = {
            let node = &self.nodes[number];
            (node.data.clone(), node.address.to_string())
        };
        self.nodes[number] = Node::start(data, &listen, &self.database, self.redis.as_deref());
    }

    /// All nodes as a person would give them, `first` in front.
    pub(crate) fn server(&self, first: usize) -> String {
        let count = self.nodes.len();
        let places: Vec<_> = (0..count)
            .map(|n| self.nodes[(first + n) % count].address.to_string())
            .collect();
        format!("mchat://{}", places.join(","))
    }
}
