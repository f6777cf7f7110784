//! The client behind the TUI and the command line.
pub mod model;
