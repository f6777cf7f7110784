//! The Messenger daemon.
pub mod store;
