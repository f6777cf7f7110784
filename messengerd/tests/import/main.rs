//! `messengerd import`: the earlier messenger's database, with everything in it
//! that can be odd, comes into either store.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod kit;
#[path = "../servers/mod.rs"]
mod servers;
#[path = "../support/mod.rs"]
mod support;

mod again;
mod program;
mod whole;
