//! The Messenger daemon as a library; the binary only parses and calls it.
//!
//! A request's way: [`transport`] turns bytes into frames → [`session`] is one
//! connected client and decodes requests → [`service`] is the only door to the
//! rules → [`store`] makes it durable, its feed goes through the [`bus`] to the
//! [`service::hub`], which hands events to the sessions of those concerned.
//!
//! In reading order: [`server`] puts the parts together, [`config`] says how;
//! then along the way above. Nothing points backwards: `service` knows no
//! transport, `store` no rule.

pub mod bus;
pub mod cli;
pub mod config;
pub mod identity;
pub mod import;
pub mod relocate;
pub mod server;
pub mod service;
pub mod session;
pub mod store;
pub mod telemetry;
pub mod transport;
