//! `compose.yaml`, `Dockerfile` and what they refer to, checked without a
//! container engine.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "tests; pub is for the modules here"
)]

mod compose;
mod dockerfile;

use std::path::{Path, PathBuf};

/// A file or directory of the top level.
pub fn top(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .join(name)
}

/// A file's text.
pub fn read(name: &str) -> String {
    std::fs::read_to_string(top(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}
