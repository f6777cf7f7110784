//! Which server keys are trusted.

use crate::daemon::Daemon;
use crate::person::{Person, finish};

/// Removes the daemon's certificate, so that it makes another one.
fn change_certificate(daemon: &mut Daemon) -> String {
    daemon.stop();
    for name in ["tls.crt", "tls.key"] {
        std::fs::remove_file(daemon.dir.path().join(name)).unwrap();
    }
    daemon.again();
    daemon.fingerprint()
}

#[test]
fn a_changed_key_is_refused_until_its_fingerprint_is_given() {
    let mut daemon = Daemon::start();
    let home = tempfile::tempdir().unwrap();
    let alice = Person::new(home.path(), "alice", &daemon.url());
    alice.run(&["send", "@alice", "before"]).ok();
    let old = daemon.fingerprint();
    let new = change_certificate(&mut daemon);
    assert_ne!(old, new);
    let refused = alice.run(&["chats"]).code(5);
    assert!(refused.err.contains(&new) && refused.err.contains(&old));
    alice.run(&["--trust", "chats"]).code(5);
    let queued = alice.run(&["send", "@alice", "during"]).code(5);
    assert_eq!(queued.one()["state"], "queued");
    alice.run(&["--fingerprint", &old, "chats"]).code(5);
    alice
        .run(&["--fingerprint", &new.to_uppercase(), "chats"])
        .ok();
    let rows = alice.run(&["--json", "history", "@alice"]).ok().json();
    assert_eq!(rows.last().unwrap()["text"], "during");
}

#[test]
fn an_invite_link_brings_its_fingerprint() {
    let daemon = Daemon::start();
    let home = tempfile::tempdir().unwrap();
    let good = format!("{}/?fp={}", daemon.url(), daemon.fingerprint());
    let alice = Person::new(home.path(), "alice", &good);
    alice.run(&["chats"]).ok();
    let bad = format!("{}/?fp={}", daemon.url(), "ab".repeat(32));
    let bob = Person::stranger(home.path(), "bob", &bad);
    bob.input(
        &["register", "--user", "bob", "--password-file", "-"],
        "correct horse\n",
    )
    .code(5);
}

#[test]
fn another_server_at_the_same_address_is_not_mixed_in() {
    let daemon = Daemon::start();
    let other = Daemon::start();
    let home = tempfile::tempdir().unwrap();
    let alice = Person::new(home.path(), "alice", &daemon.url());
    let refused = alice.run(&["--server", &other.url(), "chats"]).code(1);
    assert!(refused.err.contains("Another server"), "{}", refused.err);
    alice.run(&["chats"]).ok();
    // Nor is it the profile's server from then on.
    let mut command = alice.command(&["chats"]);
    command.env_remove("MCHAT_SERVER");
    finish(command).ok();
}
