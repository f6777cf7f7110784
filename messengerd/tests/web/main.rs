//! The web endpoint through its public door: REST, the socket, the pages.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod accounts;
mod contract;
mod door;
mod kit;
mod people;
mod strangers;
#[path = "../support/mod.rs"]
mod support;
