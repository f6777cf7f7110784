//! Thin adapters: bytes to frames and back. What a frame means is the
//! [`session`](crate::session)'s business.

pub mod http;
pub mod memory;
pub mod quic;
pub mod tls;
pub mod websocket;
