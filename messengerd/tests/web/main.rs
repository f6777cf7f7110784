//! The web endpoint through its public door: REST, the socket, the pages.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod accounts;
mod chats;
mod contract;
mod document;
mod door;
mod kit;
mod members;
mod messages;
mod people;
mod rooms;
mod shapes;
#[path = "../soak/mod.rs"]
mod soak;
mod socket;
mod strangers;
#[path = "../support/mod.rs"]
mod support;
