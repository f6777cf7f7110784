//! Plays one scenario: starts a daemon and Node beside it, and does what the
//! scenario asks of the daemon. It asks by a line on its standard output that
//! begins with `@`, and is answered by a line on its input.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::daemon::Daemon;

/// Runs `scenarios/NAME.js`.
#[track_caller]
pub(crate) fn play(name: &str) {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    assert!(
        sources.join("node_modules").is_dir(),
        "Node's packages are missing: run .ci/install-deps test"
    );
    let mut daemon = Daemon::with_pages();
    let home = tempfile::tempdir().unwrap();
    let mut node = Command::new("node")
        .arg(sources.join("play.js"))
        .arg(name)
        .env("MESSENGER_URL", format!("http://{}", daemon.http()))
        .env("MESSENGER_HOME", home.path())
        .env("MESSENGER_SHOTS", shots())
        .env("MCHAT", env!("CARGO_BIN_EXE_mchat"))
        .env("MCHAT_SERVER", daemon.url())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node is missing: run .ci/install-deps test");
    let mut answers = node.stdin.take().unwrap();
    for line in BufReader::new(node.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        match line.as_str() {
            "@stop" => daemon.stop(),
            "@start" => daemon.again(),
            other => {
                println!("{other}");
                continue;
            }
        }
        writeln!(answers, "done").unwrap();
    }
    assert!(node.wait().unwrap().success(), "{name} failed, see above");
}

/// Beside what else is built.
fn shots() -> PathBuf {
    let binary = Path::new(env!("CARGO_BIN_EXE_mchat"));
    let target = binary.parent().and_then(Path::parent).unwrap();
    let dir = target.join("browser");
    std::fs::create_dir_all(&dir).unwrap();
    dir
}
