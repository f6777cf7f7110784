//! Somebody with a profile who types commands.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

pub(crate) struct Person {
    pub(crate) name: String,
    home: PathBuf,
    pub(crate) server: String,
}

/// What a command came to.
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) took: Duration,
}

impl Done {
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{} {}", self.out, self.err);
        self
    }

    #[track_caller]
    pub(crate) fn code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{} {}", self.out, self.err);
        self
    }

    pub(crate) fn json(&self) -> Vec<Value> {
        self.out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    pub(crate) fn one(&self) -> Value {
        let mut all = self.json();
        assert_eq!(all.len(), 1, "{}", self.out);
        all.remove(0)
    }
}

impl Person {
    /// Somebody without an account yet.
    pub(crate) fn stranger(home: &Path, name: &str, server: &str) -> Self {
        Self {
            name: name.to_owned(),
            home: home.join(name),
            server: server.to_owned(),
        }
    }

    /// Somebody who has registered.
    pub(crate) fn new(home: &Path, name: &str, server: &str) -> Self {
        let person = Self::stranger(home, name, server);
        person
            .input(
                &["register", "--user", name, "--password-file", "-"],
                "correct horse\n",
            )
            .ok();
        person
    }

    pub(crate) fn profile(&self) -> PathBuf {
        self.home.join("data/mchat/profiles/default")
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mchat"));
        command
            .args(args)
            .env_clear()
            .env("HOME", &self.home)
            .env("XDG_DATA_HOME", self.home.join("data"))
            .env("MCHAT_SERVER", &self.server)
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Done {
        finish(self.command(args))
    }

    pub(crate) fn input(&self, args: &[&str], input: &str) -> Done {
        let started = Instant::now();
        let mut command = self.command(args);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        done(child.wait_with_output().unwrap(), started)
    }

    pub(crate) fn watch(&self, args: &[&str]) -> Watch {
        let mut all = vec!["watch"];
        all.extend(args);
        let mut child = self
            .command(&all)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (lines_in, lines) = channel();
        let stdout = child.stdout.take().unwrap();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                if lines_in.send(line.unwrap()).is_err() {
                    return;
                }
            }
        });
        let (talk_in, talk) = channel();
        let stderr = child.stderr.take().unwrap();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines() {
                if talk_in.send(line.unwrap()).is_err() {
                    return;
                }
            }
        });
        Watch { child, lines, talk }
    }
}

pub(crate) fn finish(mut command: Command) -> Done {
    let started = Instant::now();
    done(command.output().unwrap(), started)
}

fn done(output: Output, started: Instant) -> Done {
    Done {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
        took: started.elapsed(),
    }
}

/// A running `watch`.
pub(crate) struct Watch {
    child: Child,
    lines: Receiver<String>,
    talk: Receiver<String>,
}

impl Watch {
    /// The next line, as it was written.
    #[track_caller]
    pub(crate) fn line(&self) -> String {
        self.lines.recv_timeout(Duration::from_secs(15)).unwrap()
    }

    /// The next entry.
    #[track_caller]
    pub(crate) fn next(&self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    /// The next message's text; other entries are passed over.
    #[track_caller]
    pub(crate) fn text(&self) -> String {
        loop {
            if let Some(text) = self.next()["text"].as_str() {
                return text.to_owned();
            }
        }
    }

    /// The next line of talk.
    #[track_caller]
    pub(crate) fn said(&self) -> String {
        self.talk.recv_timeout(Duration::from_secs(15)).unwrap()
    }

    /// Nothing more came.
    #[track_caller]
    pub(crate) fn ended_without(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let rest: Vec<String> = self.lines.iter().collect();
        assert!(rest.is_empty(), "{rest:?}");
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
