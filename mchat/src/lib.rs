//! The terminal client of Messenger.
pub mod client;
