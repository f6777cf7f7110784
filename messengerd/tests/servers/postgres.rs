//! PostgreSQL for tests.
//!
//! [`database`] makes a fresh database, on the server that
//! `MESSENGER_TEST_POSTGRES` names (a URL, as a superuser) or else on a private
//! one of this process. [`Server`] is one that a test may stop, kill and start.
//!
//! A private server lives in a temporary directory, runs as an unprivileged
//! user and is watched over by a shell that reads from this process: when this
//! process ends, however it does, the shell stops the server and removes the
//! directory.
#![allow(
    clippy::unwrap_used,
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "shared by several test programs"
)]

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio_postgres::{Config, NoTls};

/// How long a server may take to start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// The superuser of private servers.
const USER: &str = "postgres";

/// A database that is dropped with this.
pub struct Database {
    /// How it is reached, as its owner and superuser.
    pub config: Config,
    admin: Config,
    name: String,
}

/// A fresh, empty database.
pub async fn database() -> Database {
    static PRIVATE: OnceLock<Server> = OnceLock::new();
    let admin = match std::env::var("MESSENGER_TEST_POSTGRES") {
        Ok(url) => url.parse().expect("MESSENGER_TEST_POSTGRES is not a URL"),
        Err(_) => PRIVATE
            .get_or_init(|| Server::start(&Options::default()))
            .config(),
    };
    Database::create(admin).await
}

impl Database {
    /// A fresh database on a server.
    pub async fn create(admin: Config) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        let sql = format!("CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0");
        execute(&admin, &sql).await;
        let mut config = admin.clone();
        config.dbname(&name);
        // Said, for those who pass it on in parts.
        if config.get_ports().is_empty() {
            config.port(5432);
        }
        Self {
            config,
            admin,
            name,
        }
    }

    /// Runs statements in it.
    pub async fn execute(&self, sql: &str) {
        execute(&self.config, sql).await;
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let admin = self.admin.clone();
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // A server that a test has stopped takes it along.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let connecting = tokio::time::timeout(PATIENCE, admin.connect(NoTls));
                if let Ok(Ok((client, connection))) = connecting.await {
                    tokio::spawn(connection);
                    let _ = client.batch_execute(&sql).await;
                }
            });
        });
        let _ = dropping.join();
    }
}

async fn execute(config: &Config, sql: &str) {
    let (client, connection) = config.connect(NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap();
    drop(client);
    connection.await.unwrap().unwrap();
}

/// How a private server runs.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Listens on a loopback port, too.
    pub tcp: bool,
    /// Waits for the disk, so that it survives being killed.
    pub durable: bool,
    /// More settings: `name=value`.
    pub settings: Vec<String>,
    /// Files of its directory, readable by it alone.
    pub files: Vec<(String, String)>,
}

/// A private server.
pub struct Server {
    directory: PathBuf,
    port: u16,
    arguments: Vec<String>,
    owner: Option<(u32, u32)>,
    watcher: Option<Child>,
}

impl Server {
    pub fn start(options: &Options) -> Self {
        // Sockets have short paths.
        let directory = tempfile::Builder::new()
            .prefix("mpg")
            .tempdir_in("/tmp")
            .unwrap()
            .keep();
        let owner = owner();
        if let Some((user, group)) = owner {
            chown(&directory, Some(user), Some(group)).unwrap();
        }
        for (name, content) in &options.files {
            let path = directory.join(name);
            fs::write(&path, content).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            if let Some((user, group)) = owner {
                chown(&path, Some(user), Some(group)).unwrap();
            }
        }
        let port = free_port();
        let mut arguments = vec![
            format!("port={port}"),
            format!("unix_socket_directories={}", directory.display()),
            "shared_buffers=64MB".to_owned(),
            "max_connections=200".to_owned(),
            "logging_collector=off".to_owned(),
        ];
        let listen = if options.tcp { "127.0.0.1" } else { "" };
        arguments.push(format!("listen_addresses={listen}"));
        if !options.durable {
            for name in ["fsync", "full_page_writes"] {
                arguments.push(format!("{name}=off"));
            }
        }
        arguments.extend(options.settings.iter().cloned());
        let mut server = Self {
            directory,
            port,
            arguments,
            owner,
            watcher: None,
        };
        server.init();
        server.run();
        server
    }

    /// How its database `postgres` is reached through its socket.
    pub fn config(&self) -> Config {
        let mut config = Config::new();
        config
            .host_path(&self.directory)
            .port(self.port)
            .user(USER)
            .dbname("postgres");
        config
    }

    /// The same over TCP.
    pub fn tcp_config(&self) -> Config {
        let mut config = Config::new();
        config
            .host("127.0.0.1")
            .port(self.port)
            .user(USER)
            .dbname("postgres");
        config
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        let pid = self.pid().unwrap();
        let killed = Command::new("kill")
            .args(["-9", &pid.to_string()])
            .status()
            .unwrap();
        assert!(killed.success());
        self.wait();
        self.wait_for_backends();
    }

    /// Starts it again after [`kill`](Self::kill).
    pub fn restart(&mut self) {
        self.run();
    }

    /// Waits until the killed server's own processes have ended: a new one is
    /// refused while they hold its memory.
    fn wait_for_backends(&self) {
        let deadline = Instant::now() + PATIENCE;
        let directory = self.directory.display().to_string();
        let is_one = |entry: fs::DirEntry| {
            let link = fs::read_link(entry.path().join("cwd")).unwrap_or_default();
            let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            link.starts_with(&directory) && line.starts_with(b"postgres:")
        };
        while fs::read_dir("/proc").unwrap().flatten().any(is_one) {
            assert!(Instant::now() < deadline, "old backends do not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Ends it at once, in order.
    fn stop(&mut self) {
        if let Some(watcher) = &mut self.watcher {
            drop(watcher.stdin.take());
        }
        self.wait();
    }

    fn wait(&mut self) {
        if let Some(mut watcher) = self.watcher.take() {
            // Waiting would close it, which tells the shell to clean up.
            let stdin = watcher.stdin.take();
            watcher.wait().unwrap();
            drop(stdin);
        }
    }

    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    fn pid(&self) -> Option<u32> {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).ok()?;
        file.lines().next()?.parse().ok()
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.directory)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LC_ALL", "C")
            .process_group(0);
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        command
    }

    fn init(&self) {
        let made = self
            .command(&program("initdb"))
            .arg("-D")
            .arg(self.data())
            .args(["--no-sync", "--no-instructions", "--auth=trust"])
            .args(["--encoding=UTF8", "--locale=C", "--username", USER])
            .output()
            .unwrap();
        let talk = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "initdb: {talk}");
    }

    /// Starts the server under a watching shell and waits until it answers.
    fn run(&mut self) {
        // The directory goes with the test program, not with a killed server.
        let script = r#"
            log=$1 data=$2 directory=$3 program=$4
            shift 4
            "$program" -D "$data" "$@" >>"$log" 2>&1 </dev/null &
            server=$!
            { cat >/dev/null; kill -QUIT $server 2>/dev/null; } <&3 3<&- &
            watcher=$!
            exec 3<&-
            wait $server
            if ! kill $watcher 2>/dev/null; then cd / && rm -rf "$directory"; fi
        "#;
        let log = self.directory.join("log");
        let mut command = self.command(Path::new("/bin/sh"));
        command
            .args(["-c", &format!("exec 3<&0\n{script}"), "sh"])
            .args([&log, &self.data(), &self.directory, &program("postgres")]);
        for argument in &self.arguments {
            command.args(["-c", argument]);
        }
        let watcher = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.watcher = Some(watcher);
        let deadline = Instant::now() + PATIENCE;
        while !self.is_ready() {
            let ended = self.watcher.as_mut().unwrap().try_wait().unwrap();
            if ended.is_some() || Instant::now() > deadline {
                let talk = fs::read_to_string(&log).unwrap_or_default();
                panic!("PostgreSQL does not start: {talk}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The server writes its state into the last line of this file; a killed one
    /// leaves it behind.
    fn is_ready(&self) -> bool {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let lives = |pid: &str| Path::new("/proc").join(pid).exists();
        if !file.lines().next().is_some_and(lives) {
            return false;
        }
        file.lines()
            .nth(7)
            .is_some_and(|state| state.trim() == "ready")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// A port that nobody listens on just now.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Whom the server runs as where this runs as root, which it refuses.
fn owner() -> Option<(u32, u32)> {
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let of = |name: &str| {
        let line = users
            .lines()
            .find(|line| line.split(':').next() == Some(name))?;
        let mut numbers = line.split(':').skip(2);
        let user = numbers.next()?.parse().ok()?;
        let group = numbers.next()?.parse().ok()?;
        Some((user, group))
    };
    Some(of("postgres").or_else(|| of("nobody")).unwrap())
}

/// A program of PostgreSQL.
fn program(name: &str) -> PathBuf {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin").join(name)))
        })
        .filter(|(_, path)| path.exists())
        .collect();
    found.sort();
    if let Some((_, path)) = found.pop() {
        return path;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|directory| directory.join(name))
        .find(|path| path.exists())
        .unwrap_or_else(|| {
            panic!("there is no {name}: install the Debian package postgresql, or set MESSENGER_TEST_POSTGRES")
        })
}
