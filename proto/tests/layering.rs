//! Who may know whom. What a folder must not import is named here; a folder
//! that does not exist yet is passed over, one whose crate has other code in
//! its place is not.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

/// A folder or file, and the paths that nothing in it may import.
const RULES: &[(&str, &[&str])] = &[
    // The protocol is data.
    (
        "proto/src",
        &[
            "tokio",
            "quinn",
            "axum",
            "rusqlite",
            "rustls",
            "std::net",
            "std::fs",
            "messengerd",
            "mchat",
        ],
    ),
    // The screens' logic knows no terminal, no runtime and no network.
    (
        "mchat/src/app",
        &[
            "ratatui",
            "crossterm",
            "tokio",
            "quinn",
            "rusqlite",
            "crate::ui",
            "crate::tui",
        ],
    ),
    // The views read the logic and draw.
    (
        "mchat/src/ui",
        &[
            "tokio",
            "quinn",
            "rusqlite",
            "crate::tui",
            "crate::cli",
            "crate::client::Client",
        ],
    ),
    // The client is under the screens, never above them.
    (
        "mchat/src/client",
        &[
            "ratatui",
            "crossterm",
            "crate::app",
            "crate::ui",
            "crate::tui",
            "crate::cli",
        ],
    ),
    // Sans-IO: no sockets, no clock, no runtime.
    (
        "mchat/src/client/core",
        &[
            "tokio",
            "quinn",
            "rusqlite",
            "std::net",
            "std::fs",
            "std::time::SystemTime",
        ],
    ),
    (
        "mchat/src/client/core.rs",
        &[
            "tokio",
            "quinn",
            "rusqlite",
            "std::net",
            "std::fs",
            "std::time::SystemTime",
        ],
    ),
    // The command line goes through the client as the screens do.
    (
        "mchat/src/cli",
        &["ratatui", "crate::ui", "crate::tui", "quinn", "rusqlite"],
    ),
    // The rules know no transport and no back end.
    (
        "messengerd/src/service",
        &[
            "axum",
            "quinn",
            "rusqlite",
            "crate::transport",
            "crate::session",
            "crate::store::sqlite",
        ],
    ),
    (
        "messengerd/src/session",
        &["axum", "quinn", "rusqlite", "crate::transport"],
    ),
    (
        "messengerd/src/store",
        &[
            "axum",
            "quinn",
            "crate::transport",
            "crate::session",
            "crate::service",
        ],
    ),
    (
        "messengerd/src/bus",
        &[
            "axum",
            "quinn",
            "rusqlite",
            "crate::transport",
            "crate::session",
            "crate::service",
        ],
    ),
    ("messengerd/src/transport", &["rusqlite"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn sources(path: &Path, into: &mut Vec<PathBuf>) {
    if path.is_file() {
        into.push(path.to_owned());
    } else if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            sources(&entry.unwrap().path(), into);
        }
    }
}

/// The code of a line: without comments, and nothing from the unit tests on.
fn code(source: &str) -> impl Iterator<Item = (usize, &str)> {
    source
        .lines()
        .enumerate()
        .take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
        .map(|(number, line)| (number + 1, line.split("//").next().unwrap_or_default()))
}

/// Whether a line of code names the path, as `use path…` or `path::…`.
fn names(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let joined = |c: char| c.is_alphanumeric() || c == '_';
        let before = &line[..at];
        let after = &line[at + path.len()..];
        let starts = !before.ends_with(joined) && !before.ends_with("::");
        // A module or crate is followed by `::`; an item stands for itself.
        let item = path
            .rsplit("::")
            .next()
            .is_some_and(|last| last.starts_with(char::is_uppercase));
        let ends = after.starts_with("::")
            || ((before.trim_end().ends_with("use") || path.contains("::"))
                && !after.starts_with(joined));
        starts && (ends || (item && !after.starts_with(joined)))
    })
}

/// `use crate::{a, b::c}` on one or more lines, as lines that name each path.
fn flat(source: &str) -> Vec<(usize, String)> {
    let mut out = Vec::new();
    let mut group: Option<(usize, String)> = None;
    for (number, line) in code(source) {
        out.push((number, line.to_owned()));
        let trimmed = line.trim_start().trim_start_matches("pub ");
        if group.is_none() && trimmed.starts_with("use ") && line.contains("::{") {
            group = Some((number, String::new()));
        }
        if let Some((start, text)) = &mut group {
            text.push_str(line.trim());
            if line.contains(';') {
                if let Some((prefix, rest)) = text.split_once("::{") {
                    let prefix = prefix.trim_start_matches("pub ").trim_start_matches("use ");
                    for item in rest.split([',', '{', '}', ';']) {
                        let item = item.trim();
                        if !item.is_empty() {
                            out.push((*start, format!("use {prefix}::{item};")));
                        }
                    }
                }
                group = None;
            }
        }
    }
    out
}

fn violations(path: &Path, forbidden: &[&str]) -> Vec<String> {
    let mut files = Vec::new();
    sources(path, &mut files);
    let mut found = Vec::new();
    for file in files
        .iter()
        .filter(|file| file.extension().is_some_and(|e| e == "rs"))
    {
        let source = fs::read_to_string(file).unwrap();
        for (number, line) in flat(&source) {
            for import in forbidden {
                if names(&line, import) {
                    found.push(format!("{}:{number}: {import}: {line}", file.display()));
                }
            }
        }
    }
    found
}

#[test]
fn nobody_imports_what_is_above_them() {
    let mut found = Vec::new();
    let mut checked = 0;
    for (path, forbidden) in RULES {
        let path = root().join(path);
        if path.exists() {
            checked += 1;
            found.extend(violations(&path, forbidden));
        }
    }
    assert!(checked >= 2, "the sources were not found");
    assert!(found.is_empty(), "forbidden imports:\n{}", found.join("\n"));
}

#[test]
fn the_protocol_depends_on_nothing_that_does_io() {
    let manifest = fs::read_to_string(root().join("proto/Cargo.toml")).unwrap();
    let dependencies = manifest
        .split("[dependencies]")
        .nth(1)
        .unwrap()
        .split("\n[")
        .next()
        .unwrap();
    assert!(dependencies.contains("serde"));
    for name in ["tokio", "quinn", "axum", "rusqlite", "rustls"] {
        assert!(!dependencies.contains(name), "{name}");
    }
}

#[test]
fn the_check_sees_every_form_of_an_import() {
    let seen = |source: &str, path: &str| flat(source).iter().any(|(_, line)| names(line, path));
    assert!(seen("use tokio::sync::mpsc;", "tokio"));
    assert!(seen("use tokio;", "tokio"));
    assert!(seen("    tokio::spawn(x);", "tokio"));
    assert!(seen(
        "fn f(c: &crate::client::Client) {}",
        "crate::client::Client"
    ));
    assert!(seen("use crate::{app, ui::list};", "crate::ui"));
    assert!(seen("use crate::{\n    app,\n    ui,\n};", "crate::ui"));
    assert!(seen(
        "use crate::client::{Client, model};",
        "crate::client::Client"
    ));
    assert!(!seen(
        "use crate::client::{ClientEvent, model};",
        "crate::client::Client"
    ));
    assert!(!seen("// use tokio::sync;", "tokio"));
    assert!(!seen("use tokio_util::sync;", "tokio"));
    assert!(!seen("let tokio = 1;", "tokio"));
    assert!(!seen("use crate::uis::x;", "crate::ui"));
}
