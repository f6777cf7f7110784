//! The application behind the terminal: pure state and its changes.
//!
//! [`start`] makes a [`Model`]; [`update`] takes a [`Msg`] and the time and
//! says which [`Effect`]s to carry out; whoever carries them out sends what
//! comes of them back as messages. Nothing here waits, reads a clock or knows
//! a terminal: `tui` feeds it, `ui` draws it.
//!
//! In reading order: [`message`], [`model`], [`action`] (the one table of
//! actions), [`keymap`] (their keys), [`command`] (the command line), `update`
//! and its parts by topic (`first`, `list`, `chat`, `compose`, `dialog`,
//! `setting`), [`open`] and [`rows`] (the timeline), [`edit`] and [`wrap`]
//! (text), [`layout`] (places on the screen).

pub mod action;
mod chat;
pub mod clock;
pub mod command;
pub mod compose;
mod dialog;
pub mod edit;
pub mod first;
pub mod key;
pub mod keymap;
pub mod layout;
mod list;
pub mod message;
pub mod model;
pub mod open;
pub mod popup;
pub mod rows;
mod setting;
pub mod status;
mod update;
pub mod wrap;

pub use self::message::{Effect, Msg};
pub use self::model::{Model, Start};
pub use self::update::{start, update, wake};
