//! The wire protocol of Messenger as data.
//!
//! Everything here is types, limits and a codec: no sockets, no clock, no
//! runtime. `messengerd` and `mchat` both depend on this crate and on nothing
//! of each other. `PROTOCOL.md` beside this crate says the same in prose.
//!
//! In reading order:
//!
//! - [`limits`]: every bound of the protocol, once;
//! - [`id`], [`text`]: values that are checked where they are decoded;
//! - [`codec`]: frames on a byte stream or in WebSocket messages;
//! - [`hello`]: the handshake;
//! - [`request`]: what a client asks and what it is answered;
//! - [`entry`]: the entries of a chat's log and of an account's log;
//! - [`event`]: what the server tells without being asked;
//! - [`error`]: refusals, with a stable code;
//! - [`digest`]: how both sides prove that they hold the same log;
//! - [`search`]: which messages have the words that are searched for;
//! - [`catalog`]: every interface text, in English and Russian.

pub mod catalog;
pub mod codec;
pub mod digest;
pub mod entry;
pub mod error;
pub mod event;
pub mod hello;
pub mod id;
pub mod limits;
pub mod request;
pub mod search;
pub mod text;

/// Milliseconds since the Unix epoch, UTC.
pub type UnixMillis = i64;

/// Position of an entry in a chat's log: 1, 2, 3 … without gaps.
pub type Seq = u64;

/// The protocol version this crate speaks; the ALPN carries the same number.
pub const VERSION: u16 = 1;

/// ALPN of the native protocol on QUIC.
pub const ALPN: &[u8] = b"mchat/1";

/// Path of the native protocol on WebSocket.
pub const WEBSOCKET_PATH: &str = "/mchat/v1";

/// Default port of the daemon, UDP and TCP.
pub const DEFAULT_PORT: u16 = 8443;
