//! Everything that is generated, in memory.

mod commands;
mod formats;
mod readme;
mod roff;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use clap::CommandFactory;
use clap_complete::aot::{Shell, generate};
use clap_complete::env::EnvCompleter;
use mchat::cli;

/// Where completions are.
const COMPLETIONS: &str = "completions";
/// Where the manual is.
const MANUAL: &str = "completions/man";

/// Every document: its path in the repository, and its text.
pub(crate) fn all(root: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut documents = BTreeMap::new();
    completions(&mut documents)?;
    for (name, text) in commands::pages()?.into_iter().chain(formats::pages()) {
        documents.insert(format!("{MANUAL}/{name}"), text);
    }
    let readme = std::fs::read_to_string(root.join("README.md"))?;
    documents.insert("README.md".to_owned(), readme::current(&readme));
    Ok(documents)
}

/// The generated files that are there now.
pub(crate) fn written(root: &Path) -> io::Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for folder in [COMPLETIONS, MANUAL] {
        for entry in std::fs::read_dir(root.join(folder))? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                found.insert(format!("{folder}/{}", entry.file_name().to_string_lossy()));
            }
        }
    }
    Ok(found)
}

/// Those of `mchat` ask the program itself, which knows chats and people; those
/// of the daemon need nothing.
fn completions(documents: &mut BTreeMap<String, String>) -> io::Result<()> {
    for shell in cli::SHELLS {
        let shell: &dyn EnvCompleter = shell;
        let mut script = Vec::new();
        shell.write_registration(cli::VARIABLE, "mchat", "mchat", "mchat", &mut script)?;
        let path = format!("{COMPLETIONS}/mchat.{}", shell.name());
        documents.insert(path, text(script)?);
    }
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        let mut script = Vec::new();
        let mut command = messengerd::cli::Cli::command();
        generate(shell, &mut command, "messengerd", &mut script);
        documents.insert(format!("{COMPLETIONS}/messengerd.{shell}"), text(script)?);
    }
    Ok(())
}

fn text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(io::Error::other)
}
