//! Shells complete commands, chats and people: in a real bash in a terminal,
//! and zsh and fish where they are installed.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use crate::daemon::Daemon;
use crate::person::Person;

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../completions")
}

/// Where `mchat` is found under its name.
fn path() -> std::ffi::OsString {
    let bin = Path::new(env!("CARGO_BIN_EXE_mchat")).parent().unwrap();
    let mut all = vec![bin.to_owned()];
    all.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
    std::env::join_paths(all).unwrap()
}

/// Somebody with a private chat and a group, all of it in the cache.
fn person(home: &Path, daemon: &Daemon) -> Person {
    let anna = Person::new(home, "anna", &daemon.url());
    Person::new(home, "bob", &daemon.url());
    anna.run(&["new", "@bob"]).ok();
    anna.run(&["new", "--group", "Bird watchers"]).ok();
    anna.run(&["sync"]).ok();
    anna
}

/// What a terminal shows.
struct Shell {
    shown: Arc<Mutex<Vec<u8>>>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn portable_pty::Child + Send + Sync>,
    _pair: Box<dyn portable_pty::MasterPty + Send>,
}

impl Shell {
    fn bash(home: &Path) -> Self {
        let pair = native_pty_system()
            .openpty(PtySize {
                rows: 24,
                cols: 120,
                pixel_width: 0,
                pixel_height: 0,
            })
            .unwrap();
        let mut command = CommandBuilder::new("bash");
        command.args(["--norc", "--noprofile", "-i"]);
        command.env_clear();
        command.env("PATH", path());
        command.env("TERM", "dumb");
        command.env("PS1", "ready> ");
        command.env("INPUTRC", "/dev/null");
        command.env("LC_ALL", "C.UTF-8");
        command.env("HOME", home);
        command.env("XDG_DATA_HOME", home.join("data"));
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut output = pair.master.try_clone_reader().unwrap();
        let shown = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&shown);
        std::thread::spawn(move || {
            let mut some = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut some) {
                kept.lock().unwrap().extend(&some[..count]);
            }
        });
        let keys = pair.master.take_writer().unwrap();
        let mut shell = Self {
            shown,
            keys,
            child,
            _pair: pair.master,
        };
        shell.see("ready> ");
        let script = scripts().join("mchat.bash");
        shell.press(&format!(". {}\r", script.display()));
        shell.see("ready> ");
        shell
    }

    fn press(&mut self, keys: &str) {
        self.shown.lock().unwrap().clear();
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    #[track_caller]
    fn see(&self, text: &str) {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let shown = String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned();
            if shown.contains(text) {
                return;
            }
            assert!(Instant::now() < until, "{text:?} is not in {shown:?}");
            std::thread::yield_now();
        }
    }

    /// What a line becomes with a Tab behind it.
    #[track_caller]
    fn completes(&mut self, line: &str, to: &str) {
        self.press(&format!("{line}\t"));
        self.see(to);
        // Away with it.
        self.press("\u{15}\r");
        self.see("ready> ");
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn bash_completes_commands_chats_and_people() {
    let daemon = Daemon::start();
    let home = tempfile::tempdir().unwrap();
    person(home.path(), &daemon);
    // Without the network.
    drop(daemon);
    let mut shell = Shell::bash(&home.path().join("anna"));
    shell.completes("mchat wai", "mchat wait-for ");
    shell.completes("mchat members ro", "mchat members role ");
    shell.completes("mchat send @b", "mchat send @bob ");
    shell.completes("mchat send @", "mchat send @bob ");
    shell.completes("mchat history Bi", "mchat history Bird\\ watchers ");
    shell.completes("mchat history Bird\\ w", "mchat history Bird\\ watchers ");
    shell.completes("mchat members add Bird\\ watchers @b", "watchers @bob ");
    shell.completes("mchat wait-for --from @b", "--from @bob ");
}

#[test]
fn nothing_is_said_where_there_is_no_profile() {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_mchat"))
        .args(["--", "mchat", "send", ""])
        .env_clear()
        .env("HOME", home.path())
        .env("COMPLETE", "bash")
        .env("_CLAP_COMPLETE_INDEX", "2")
        .env("_CLAP_COMPLETE_COMP_TYPE", "9")
        .env("_CLAP_IFS", "\n")
        .output()
        .unwrap();
    assert!(output.stderr.is_empty());
    assert_eq!(output.status.code(), Some(0));
    assert!(std::fs::read_dir(home.path()).unwrap().next().is_none());
}

/// A shell that need not be installed.
fn asked(shell: &str, script: &str, home: &Path) -> Option<String> {
    let output = Command::new(shell)
        .args(["-c", script])
        .env("PATH", path())
        .env("HOME", home)
        .env("XDG_DATA_HOME", home.join("data"))
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn fish_and_zsh_complete_likewise() {
    let daemon = Daemon::start();
    let home = tempfile::tempdir().unwrap();
    person(home.path(), &daemon);
    let home = home.path().join("anna");
    let script = format!(
        "source {}; complete --do-complete 'mchat send '",
        scripts().join("mchat.fish").display()
    );
    if let Some(shown) = asked("fish", &script, &home) {
        assert!(shown.contains("@bob"), "{shown}");
        assert!(shown.contains("Bird watchers"), "{shown}");
    }
    // zsh completes in its line editor alone: what it is handed is looked at.
    let script = "words=(mchat send @b); _CLAP_COMPLETE_INDEX=2 _CLAP_IFS=$'\\n' \
                  COMPLETE=zsh mchat -- \"${words[@]}\"";
    if let Some(shown) = asked("zsh", script, &home) {
        assert_eq!(
            shown.lines().next().map(str::trim_end),
            Some("@bob:bob"),
            "{shown}"
        );
    }
}
