//! Two people and a daemon, by the command line.

#![allow(clippy::unwrap_used, reason = "tests")]

mod commands;
mod completion;
#[allow(
    dead_code,
    reason = "shared with the browser tests, which use its pages"
)]
mod daemon;
mod device;
mod devices;
mod forward;
mod front;
mod link;
mod mute;
mod nodes;
mod outbox;
mod person;
mod scripts;
mod trust;
mod verbs;
