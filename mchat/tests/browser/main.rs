//! The pages in a real browser, against a daemon of their own, with `mchat`
//! beside them. What happens in a scenario is in `scenarios/NAME.js`, driven by
//! Node; here is the daemon it asks for.
//!
//! Node's packages are installed by `.ci/install-deps test`. Screenshots are
//! written to `target/browser`.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../flow/daemon.rs"]
#[allow(dead_code, reason = "shared with the flow tests, which use more of it")]
mod daemon;
mod scenario;

use scenario::play;

#[test]
fn people_register_and_sign_in() {
    play("front");
}

#[test]
fn two_browsers_and_a_terminal_talk() {
    play("talk");
}

#[test]
fn a_long_history_is_walked_and_searched() {
    play("history");
}

#[test]
fn people_are_found_added_and_blocked() {
    play("people");
}

#[test]
fn chats_are_made_changed_joined_and_left() {
    play("chats");
}

#[test]
fn a_profile_and_its_sessions_are_kept() {
    play("account");
}

#[test]
fn hostile_texts_stay_texts() {
    play("hostile");
}

#[test]
fn what_was_missed_is_caught_up() {
    play("absence");
}

#[test]
fn a_keyboard_is_enough() {
    play("keyboard");
}

#[test]
fn a_phone_is_enough() {
    play("phone");
}

#[test]
fn all_pages_and_dialogs_are_accessible() {
    play("looks");
}
