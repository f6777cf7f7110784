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
//! `draft`, `setting`), [`open`], [`rows`] and [`select`] (the timeline),
//! [`markdown`], [`flow`] and [`link`] (what messages say), [`offer`]
//! (completion while writing), the features (`on_message`, `group`, `invite`,
//! [`member`], `person`, `hunt`, `away`: [`deed`] is what they ask for,
//! [`sheet`] their dialogs, [`rights`] what is offered), [`notice`] (notifications), [`linear`] (the
//! same without a screen), [`edit`] and [`wrap`] (text), [`layout`] (places on the screen).

pub mod action;
mod around;
mod away;
mod chat;
mod choose;
pub mod clock;
pub mod command;
pub mod compose;
pub mod deed;
mod dialog;
mod draft;
pub mod edit;
mod feature;
pub mod first;
pub mod flow;
mod group;
mod hunt;
mod invite;
pub mod key;
pub mod keymap;
pub mod layout;
pub mod linear;
pub mod link;
mod list;
pub mod markdown;
pub mod member;
pub mod message;
pub mod model;
pub mod notice;
pub mod offer;
pub mod on_message;
pub mod open;
mod person;
pub mod popup;
pub mod rights;
pub mod rows;
pub mod select;
mod setting;
pub mod sheet;
pub mod status;
mod told;
mod update;
pub mod wrap;

pub use self::message::{Effect, Msg};
pub use self::model::{Model, Start};
pub use self::update::{leave, start, update, wake};
