//! The wire format as other programs see it: its bytes, what it tolerates and
//! what it refuses.

#![allow(clippy::unwrap_used, reason = "tests")]

mod any;
mod catalog;
mod document;
mod golden;
mod hostile;
mod roundtrip;
mod samples;
mod text;
mod tolerance;
