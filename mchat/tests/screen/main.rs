//! The screen: key scripts against the application with a world in memory,
//! what is drawn, and the real program in a pseudo-terminal.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../flow/daemon.rs"]
#[allow(dead_code, reason = "shared with the flow tests, which use more of it")]
mod daemon;
mod deeds;
mod dialogs;
mod features;
mod messages;
mod pace;
mod plain;
mod script;
mod scripts;
mod shots;
mod terminal;
mod world;
