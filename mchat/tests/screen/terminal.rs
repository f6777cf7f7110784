//! The real program in a pseudo-terminal.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::daemon::Daemon;

const PATIENCE: Duration = Duration::from_secs(60);

/// What the program has written, and the screen it makes.
struct Seen {
    parser: vt100::Parser,
    bytes: Vec<u8>,
    ended: bool,
}

struct Pty {
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    writer: Box<dyn Write + Send>,
    seen: Arc<(Mutex<Seen>, Condvar)>,
}

impl Pty {
    fn mchat(home: &Path, server: &str) -> Self {
        Self::mchat_with(home, server, &[])
    }

    fn mchat_with(home: &Path, server: &str, variables: &[(&str, &str)]) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_mchat"));
        command.env_clear();
        command.env("HOME", home);
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("TZ", "UTC");
        command.env("MCHAT_SERVER", server);
        for (name, value) in variables {
            command.env(name, value);
        }
        Self::spawn(command)
    }

    fn spawn(command: CommandBuilder) -> Self {
        let size = PtySize {
            rows: 24,
            cols: 80,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let seen = Arc::new((
            Mutex::new(Seen {
                parser: vt100::Parser::new(24, 80, 0),
                bytes: Vec::new(),
                ended: false,
            }),
            Condvar::new(),
        ));
        let shared = seen.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            loop {
                let count = reader.read(&mut buffer).unwrap_or(0);
                let mut seen = shared.0.lock().unwrap();
                seen.parser.process(&buffer[..count]);
                seen.bytes.extend_from_slice(&buffer[..count]);
                seen.ended = count == 0;
                shared.1.notify_all();
                if count == 0 {
                    break;
                }
            }
        });
        Self {
            writer: pair.master.take_writer().unwrap(),
            master: pair.master,
            child,
            seen,
        }
    }

    /// Waits until what was seen is as wanted.
    fn wait(&self, what: &str, wanted: impl Fn(&Seen) -> bool) {
        let until = Instant::now() + PATIENCE;
        let mut seen = self.seen.0.lock().unwrap();
        while !wanted(&seen) {
            let left = until.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero() && !seen.ended,
                "never saw {what}:\n{}",
                seen.parser.screen().contents()
            );
            seen = self.seen.1.wait_timeout(seen, left).unwrap().0;
        }
    }

    fn sees(&self, text: &str) -> &Self {
        self.wait(text, |seen| seen.parser.screen().contents().contains(text));
        self
    }

    fn screen(&self) -> String {
        self.seen.0.lock().unwrap().parser.screen().contents()
    }

    fn types(&mut self, text: &str) -> &mut Self {
        self.writer.write_all(text.as_bytes()).unwrap();
        self.writer.flush().unwrap();
        self
    }

    fn resize(&self, rows: u16, cols: u16) {
        let mut seen = self.seen.0.lock().unwrap();
        seen.parser.screen_mut().set_size(rows, cols);
        drop(seen);
        self.master
            .resize(PtySize {
                rows,
                cols,
                pixel_width: 0,
                pixel_height: 0,
            })
            .unwrap();
    }

    /// Waits for the end; the exit code and everything written.
    fn end(mut self) -> (u32, String) {
        let code = self.child.wait().unwrap().exit_code();
        drop(self.master);
        let until = Instant::now() + PATIENCE;
        let mut seen = self.seen.0.lock().unwrap();
        while !seen.ended {
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "the terminal was never closed");
            seen = self.seen.1.wait_timeout(seen, left).unwrap().0;
        }
        (code, String::from_utf8_lossy(&seen.bytes).into_owned())
    }

    fn register(&mut self, name: &str) {
        self.sees("Sign in").sees("Password");
        // Ctrl-T: a new account.
        self.types("\x14").sees("Password again");
        self.types(name).types("\r");
        self.types("correct horse\r").types("correct horse");
        self.sees(&"•".repeat(13));
        self.types("\r").sees("No chats yet.");
    }
}

/// Everything that was switched on was switched off, in the end.
fn assert_restored(written: &str) {
    for mode in ["?1049", "?2004", "?1004", "?1000", "?1006"] {
        let on = written.rfind(&format!("\x1b[{mode}h"));
        let off = written.rfind(&format!("\x1b[{mode}l"));
        assert!(on.is_some(), "{mode} was never on");
        assert!(off > on, "{mode} was left on: {written:?}");
    }
    assert!(
        written.rfind("\x1b[?25h") > written.rfind("\x1b[?25l"),
        "no cursor"
    );
}

/// An address at which nothing answers.
fn nowhere() -> String {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("mchat://{}", socket.local_addr().unwrap())
}

#[test]
fn it_draws_resizes_and_leaves_the_terminal_as_it_was() {
    let home = tempfile::tempdir().unwrap();
    let mut pty = Pty::mchat(home.path(), &nowhere());
    pty.sees("Welcome to Messenger");
    pty.resize(12, 44);
    pty.wait("the smaller screen", |seen| {
        let rows: Vec<String> = seen.parser.screen().rows(0, 44).collect();
        rows[11].contains("…") || rows[11].contains("Offline") || rows[10].contains("Offline")
    });
    pty.resize(8, 30);
    pty.sees("window larger");
    pty.resize(24, 80);
    pty.sees("Server: host, host:port or an mchat:// link");
    pty.types("\x11");
    let (code, written) = pty.end();
    assert_eq!(code, 0);
    assert_restored(&written);
}

#[test]
fn a_signal_ends_it_in_order() {
    let home = tempfile::tempdir().unwrap();
    let pty = Pty::mchat(home.path(), &nowhere());
    pty.sees("Welcome to Messenger");
    let pid = i32::try_from(pty.child.process_id().unwrap()).unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let (code, written) = pty.end();
    assert_eq!(code, 0);
    assert_restored(&written);
}

/// Runs only inside the terminal of the next test.
#[test]
#[ignore = "the inner half of a_panic_gives_the_terminal_back"]
fn inside_a_panic() {
    let _guard = mchat::tui::Guard::enter().unwrap();
    panic!("the reason can be read");
}

#[test]
fn a_panic_gives_the_terminal_back() {
    let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
    command.args([
        "--exact",
        "terminal::inside_a_panic",
        "--ignored",
        "--nocapture",
        "--test-threads=1",
    ]);
    let (code, written) = Pty::spawn(command).end();
    assert_ne!(code, 0);
    assert_restored(&written);
    let left = written.rfind("\x1b[?1049l").unwrap();
    assert!(
        written[left..].contains("the reason can be read"),
        "{written:?}"
    );
}

#[test]
fn two_people_talk_in_two_terminals_and_a_restart_loses_nothing() {
    let mut daemon = Daemon::start();
    let homes = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let mut anna = Pty::mchat(homes[0].path(), &daemon.url());
    anna.register("anna");
    let mut boris = Pty::mchat(homes[1].path(), &daemon.url());
    boris.register("boris");

    // Found by name; one message each way.
    anna.types("\x0e").sees("Find people by name");
    anna.types("bor").sees("  boris");
    anna.types("\r").sees("Write a message");
    anna.types("hello, boris");
    anna.types("\r").sees("delivered");
    boris.sees("● anna").sees("1");
    boris.types("\r").sees("hello, boris");
    anna.wait("the message read", |seen| {
        seen.parser.screen().contents().contains(" read")
    });
    boris.types("hello, an");
    anna.sees("boris is typing…");
    boris.types("na\r");
    anna.sees("hello, anna");

    // The daemon goes away and comes back under both.
    daemon.stop();
    anna.wait("that the connection is gone", |seen| {
        let screen = seen.parser.screen().contents();
        screen.contains("Reconnecting…") || screen.contains("Offline:")
    });
    anna.types("written meanwhile\r");
    anna.sees("waiting");
    daemon.again();
    boris.sees("written meanwhile");
    anna.sees("Online over ");
    for (who, text) in [
        (&anna, "written meanwhile"),
        (&boris, "written meanwhile"),
        (&boris, "hello, boris"),
        (&anna, "hello, anna"),
    ] {
        assert_eq!(who.screen().matches(text).count(), 1, "{}", who.screen());
    }

    // One of them leaves and comes back: the cache is on the screen at once.
    boris.types("\x11");
    let (code, written) = boris.end();
    assert_eq!(code, 0);
    assert_restored(&written);
    anna.types("while you were away\r").sees("sent");
    let mut boris = Pty::mchat(homes[1].path(), &daemon.url());
    boris.sees("anna");
    boris.types("\r").sees("while you were away");
    anna.types("\x11");
    boris.types("\x11");
    assert_eq!(anna.end().0, 0);
    assert_eq!(boris.end().0, 0);
}

#[test]
fn without_a_screen_lines_are_read_from_a_pipe_and_nothing_is_drawn() {
    let daemon = Daemon::start();
    let homes = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let mut anna = Pty::mchat(homes[0].path(), &daemon.url());
    anna.register("anna");
    let mut boris = Pty::mchat(homes[1].path(), &daemon.url());
    boris.register("boris");
    anna.types("\x0e").sees("Find people by name");
    anna.types("bor").sees("  boris");
    anna.types("\r").sees("Write a message");
    anna.types("hello, boris\r").sees("delivered");
    boris.sees("● anna");
    anna.types("\x11");
    assert_eq!(anna.end().0, 0);

    let mut plain = std::process::Command::new(env!("CARGO_BIN_EXE_mchat"))
        .arg("--plain")
        .env_clear()
        .env("HOME", homes[0].path())
        .env("LANG", "C.UTF-8")
        .env("MCHAT_SERVER", daemon.url())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = plain.stdin.take().unwrap();
    input
        .write_all(":open @boris\nfrom a pipe\n".as_bytes())
        .unwrap();
    drop(input);
    let output = plain.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains(" anna: hello, boris\n"), "{said}");
    assert!(said.contains(" anna: from a pipe\n"), "{said}");
    assert!(!said.contains('\u{1b}'), "{said:?}");
    boris.types("\r").sees("from a pipe");
    boris.types("\x11");
    assert_eq!(boris.end().0, 0);
}

#[test]
fn ones_own_editor_has_the_terminal_and_gives_it_back_also_when_it_fails() {
    use std::os::unix::fs::PermissionsExt;

    let daemon = Daemon::start();
    let home = tempfile::tempdir().unwrap();
    let editor = home.path().join("editor");
    let script = "#!/bin/sh\nstat -c 'mode %a' \"$1\"\nread answer\n\
                  if [ \"$answer\" = fail ]; then exit 3; fi\necho \"$answer\" >> \"$1\"\n";
    std::fs::write(&editor, script).unwrap();
    std::fs::set_permissions(&editor, std::fs::Permissions::from_mode(0o755)).unwrap();
    let scratch = home.path().join("scratch");
    std::fs::create_dir(&scratch).unwrap();
    let mut pty = Pty::mchat_with(
        home.path(),
        &daemon.url(),
        &[
            ("VISUAL", editor.to_str().unwrap()),
            ("TMPDIR", scratch.to_str().unwrap()),
        ],
    );
    pty.register("anna");
    // Notes to oneself.
    pty.types("\x0e").sees("Find people by name");
    pty.types("anna").sees("(you)");
    pty.types("\r").sees("Write a message");
    pty.types("begun\n\x07").sees("mode 600");
    pty.types("from the editor\r").sees("from the editor");
    pty.sees("Online over");
    pty.types("\x07");
    // The first one is still there under the screen.
    pty.wait("the editor again", |seen| {
        seen.parser.screen().contents().matches("mode 600").count() == 2
    });
    pty.types("fail\r").sees("The editor failed");
    assert!(pty.screen().contains("from the editor"));
    pty.types("\r").sees("sent");
    assert_eq!(std::fs::read_dir(&scratch).unwrap().count(), 0);
    pty.types("\x11");
    let (code, written) = pty.end();
    assert_eq!(code, 0);
    assert_restored(&written);
    assert!(written.contains("\x1b[22;2t") && written.contains("\x1b[23;2t"));
}

#[test]
fn what_one_does_to_messages_the_other_sees() {
    let daemon = Daemon::start();
    let homes = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let mut anna = Pty::mchat(homes[0].path(), &daemon.url());
    anna.register("anna");
    let mut boris = Pty::mchat(homes[1].path(), &daemon.url());
    boris.register("boris");
    // A group of the two.
    anna.types("\x0e").sees("Find people by name");
    anna.types("bor").sees("  boris");
    anna.types("\t").sees("In the group: boris");
    anna.types("\r").types("tents").types("\r");
    anna.sees("anna created the group");
    anna.types("who has a tent?\r").sees("delivered");
    boris.sees("tents");
    boris.types("\r").sees("who has a tent?");

    // An answer; its quote is seen by both.
    boris.types("\x1b[A").types("r").sees("Answer to anna");
    boris.types("I have\r");
    for who in [&boris, &anna] {
        who.sees("│ anna: who has a tent?").sees("I have");
    }
    // A change.
    boris.types("\x1be").sees("Changing a message");
    boris.types(" two\r");
    for who in [&anna, &boris] {
        who.sees("I have two (edited)");
    }
    // A reaction.
    anna.types("\x1b[A").types("+").sees("write a short code");
    anna.types("tada").sees(":tada:");
    anna.types("\r");
    anna.sees("[🎉");
    boris.sees("🎉");
    // Who is there, and a role.
    anna.types("\x1bg").sees("Members");
    anna.types("boris").sees("member");
    anna.types("\r").sees("make a moderator");
    anna.types("moderator\r");
    for who in [&anna, &boris] {
        who.sees("anna made boris a moderator");
    }
    // A search leads to the message.
    boris.types("\x13").sees("Search in tents");
    boris.types("two").sees("I have two");
    boris.wait("the hit", |seen| {
        let screen = seen.parser.screen().contents();
        screen.matches("I have two").count() >= 1 && !screen.contains("Searching…")
    });
    boris.types("\r");
    boris.wait("the message in its context", |seen| {
        let screen = seen.parser.screen().contents();
        !screen.contains("Search in tents") && screen.contains("▌I have two")
    });
    // Deleted for everybody, after a question.
    boris.types("d").sees("Delete this message for everybody?");
    boris.types("\r");
    for who in [&anna, &boris] {
        who.sees("Message deleted");
        assert!(!who.screen().contains("I have two"), "{}", who.screen());
    }
    for who in [anna, boris] {
        let mut who = who;
        who.types("\x11");
        assert_eq!(who.end().0, 0);
    }
}
