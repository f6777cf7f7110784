//! Servers that a community of many nodes needs, for tests.
#![allow(unreachable_pub, reason = "shared by several test programs")]

pub mod postgres;
pub mod proxy;
pub mod redis;
