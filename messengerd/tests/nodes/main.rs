//! Several nodes: the bus between them, who is online where, shared limits, and
//! what is found when the bus has lost something.
#![allow(clippy::unwrap_used, reason = "tests")]

mod behind;
mod bus;
mod cluster;
mod faults;
mod kit;
mod limits;
mod order;
mod people;
#[path = "../servers/postgres.rs"]
mod postgres_server;
mod presence;
mod reconcile;
#[path = "../servers/redis.rs"]
mod redis_server;
mod rights;
mod sockets;
