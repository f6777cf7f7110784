//! The screen: key scripts against the application with a world in memory,
//! what is drawn, and the real program in a pseudo-terminal.
#![allow(clippy::unwrap_used, reason = "tests")]

mod script;
mod scripts;
mod shots;
mod terminal;
mod world;
