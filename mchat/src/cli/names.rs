//! Completion by the shell: names of chats and people come from the cache,
//! without the network. It never speaks: what cannot be read is no candidate.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};
use clap_complete::CompleteEnv;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::{Bash, EnvCompleter, Fish, Shells, Zsh};
use proto::text::{is_steering, printable_line};

use super::Cli;
use crate::client::cache::names::Names;
use crate::config;

/// What a shell sets to be told what may come next.
pub const VARIABLE: &str = "COMPLETE";

/// The shells that are served.
pub const SHELLS: [&dyn EnvCompleter; 3] = [&Words, &Zsh, &Fish];

/// Answers a shell that asks what may come next and ends the process; without
/// such a question nothing happens. To be called before anything is written.
pub fn answer() {
    CompleteEnv::with_factory(Cli::command)
        .var(VARIABLE)
        .shells(Shells(&SHELLS))
        .complete();
}

/// bash, to which an `@` ends a word: the words are put together again.
struct Words;

impl EnvCompleter for Words {
    fn name(&self) -> &'static str {
        Bash.name()
    }

    fn is(&self, name: &str) -> bool {
        Bash.is(name)
    }

    fn write_registration(
        &self,
        var: &str,
        name: &str,
        bin: &str,
        completer: &str,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let script = include_str!("complete.bash")
            .replace("{name}", &name.replace('-', "_"))
            .replace("{bin}", bin)
            .replace("{completer}", completer)
            .replace("{var}", var);
        out.write_all(script.as_bytes())
    }

    fn write_complete(
        &self,
        command: &mut Command,
        args: Vec<OsString>,
        directory: Option<&Path>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        Bash.write_complete(command, args, directory, out)
    }
}

/// Completes a chat: `@user` for a private one, else its name.
pub(super) fn chat() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| chats(current).unwrap_or_default())
}

/// Completes a person.
pub(super) fn user() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| users(current).unwrap_or_default())
}

/// Completes a profile.
pub(super) fn profile() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| profiles(current).unwrap_or_default())
}

fn chats(current: &OsStr) -> Option<Vec<CompletionCandidate>> {
    let typed = typed(current)?;
    let names = Names::open(&profile_dir()?).ok()?;
    let begin = typed.to_lowercase();
    let begins = |text: &str| text.to_lowercase().starts_with(&begin);
    let mut found = Vec::new();
    for chat in names.chats().ok()? {
        let shown = printable_line(&chat.title).into_owned();
        let value = match chat.peer {
            Some(peer) => format!("@{peer}"),
            // What a shell would trip over is reached by the id.
            None if chat.title.chars().any(is_steering) => chat.id.to_string(),
            None => chat.title,
        };
        if begins(&value) {
            found.push(candidate(&value, Some(shown)));
        } else if !begin.is_empty() && begins(&chat.id.to_string()) {
            found.push(candidate(&chat.id.to_string(), Some(shown)));
        }
    }
    Some(found)
}

fn users(current: &OsStr) -> Option<Vec<CompletionCandidate>> {
    let typed = typed(current)?;
    let begin = typed.strip_prefix('@').unwrap_or(&typed);
    let names = Names::open(&profile_dir()?).ok()?;
    let users = names.users(begin).ok()?;
    Some(
        users
            .iter()
            .map(|user| candidate(&format!("@{user}"), None))
            .collect(),
    )
}

fn profiles(current: &OsStr) -> Option<Vec<CompletionCandidate>> {
    let typed = typed(current)?;
    let all = config::profile_dir("default").ok()?;
    let names = std::fs::read_dir(all.parent()?)
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Some(
        names
            .filter(|name| name.starts_with(&typed) && !name.chars().any(is_steering))
            .map(CompletionCandidate::new)
            .collect(),
    )
}

/// bash hands a word over as it stands in the line, with its backslashes.
fn typed(current: &OsStr) -> Option<String> {
    let text = current.to_str()?;
    Some(if bash() {
        text.replace('\\', "")
    } else {
        text.to_owned()
    })
}

fn candidate(value: &str, about: Option<String>) -> CompletionCandidate {
    let value = if bash() { quoted(value) } else { value.into() };
    CompletionCandidate::new(value).help(about.map(Into::into))
}

/// The variable is gone by now; this one is set by the script for bash alone.
fn bash() -> bool {
    env::var_os("_CLAP_COMPLETE_COMP_TYPE").is_some()
}

/// zsh and fish quote what they insert, bash does not.
fn quoted(value: &str) -> String {
    let mut quoted = String::with_capacity(value.len());
    for c in value.chars() {
        if c.is_whitespace() || "\\'\"$`!*?[](){}<>|&;#~".contains(c) {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted
}

/// The profile that the line names so far.
fn profile_dir() -> Option<PathBuf> {
    let words: Vec<String> = env::args().collect();
    let mut words = words.iter().map(String::as_str);
    let mut name = "default";
    while let Some(word) = words.next() {
        if matches!(word, "-P" | "--profile") {
            name = words.next().unwrap_or(name);
        } else if let Some(given) = word
            .strip_prefix("--profile=")
            .or_else(|| word.strip_prefix("-P").filter(|rest| !rest.is_empty()))
        {
            name = given;
        }
    }
    config::profile_dir(name).ok()
}
