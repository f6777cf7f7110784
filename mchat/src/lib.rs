//! The terminal client of Messenger: a TUI, and every action as a subcommand.
//!
//! [`client`] is the part that both share; it knows the network and the local
//! cache and nothing of terminals. [`cli`] is the subcommands. The screen is
//! [`app`] (state and its changes), [`ui`] (drawing) and [`tui`] (the loop
//! around them); [`screen`] starts it.

pub mod app;
pub mod cli;
pub mod client;
pub mod config;
pub mod emoji;
pub mod nearest;
pub mod screen;
pub mod tui;
pub mod ui;
