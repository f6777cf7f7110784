//! Other programs: opening a link, the desktop's notifications, the editor.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::app::link::Link;

/// Starts a program that nobody waits for, in a process group of its own, so
/// that no key of this terminal reaches it.
///
/// # Errors
///
/// Where it cannot be started.
pub(super) fn detached(command: &mut Command) -> io::Result<()> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()?;
    // Its end is taken note of, so that no zombie stays.
    std::thread::Builder::new()
        .name("child".to_owned())
        .spawn(move || child.wait())?;
    Ok(())
}

/// Opens a link with `$BROWSER`, else with the desktop's own way.
///
/// # Errors
///
/// Where the address is none that may be opened, or nothing could be started.
pub(super) fn open_link(address: &str) -> io::Result<()> {
    if Link::parse(address).is_none() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let browsers = std::env::var("BROWSER").unwrap_or_default();
    // Several stand between colons, the first that can be started is taken.
    let known = browsers
        .split(':')
        .filter(|name| !name.trim().is_empty())
        .chain(["xdg-open", "open"]);
    let mut failed = io::Error::from(io::ErrorKind::NotFound);
    for browser in known {
        let mut words = browser.split_whitespace();
        let Some(program) = words.next() else {
            continue;
        };
        match detached(Command::new(program).args(words).arg(address)) {
            Ok(()) => return Ok(()),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// A file that is gone when this is dropped.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // Where it cannot be removed there is nobody left to tell.
        let _ = fs::remove_file(&self.0);
    }
}

/// Most bytes taken back from an editor.
const MOST: u64 = 1 << 20;

/// Lets a person change a text in `$VISUAL` or `$EDITOR`, which has the
/// terminal meanwhile. The file can be read by nobody else and is removed
/// afterwards.
///
/// # Errors
///
/// Where there is no editor or it failed: the text is as it was.
pub(super) fn edit(text: &str) -> io::Result<String> {
    let set = |name| {
        std::env::var(name)
            .ok()
            .filter(|value| !value.trim().is_empty())
    };
    let editor = set("VISUAL")
        .or_else(|| set("EDITOR"))
        .unwrap_or_else(|| "vi".to_owned());
    let path = std::env::temp_dir().join(format!("mchat-{}.md", uuid::Uuid::new_v4().simple()));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    let scratch = Scratch(path);
    file.write_all(text.as_bytes())?;
    drop(file);
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or("vi");
    let status = Command::new(program)
        .args(words)
        .arg(&scratch.0)
        .status()
        .map_err(|error| io::Error::new(error.kind(), format!("{program}: {error}")))?;
    if !status.success() {
        return Err(io::Error::other(format!("{program}: {status}")));
    }
    let mut written = String::new();
    fs::File::open(&scratch.0)?
        .take(MOST)
        .read_to_string(&mut written)?;
    // Editors end the last line; a message does not.
    Ok(written.trim_end_matches('\n').to_owned())
}
