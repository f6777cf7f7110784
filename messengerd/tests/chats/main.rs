//! What people may do in chats and what comes of it, on both stores.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

#[macro_use]
#[path = "../ground/mod.rs"]
mod ground;
mod changes;
mod crew;
mod groups;
mod invites;
mod matrix;
mod search;
#[path = "../servers/mod.rs"]
mod servers;
#[path = "../support/mod.rs"]
mod support;
