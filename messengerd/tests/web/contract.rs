//! The contract, line by line, by curl and jq: see `contract.sh`.

use std::process::Stdio;

use tokio::process::Command;

use crate::kit::Site;

/// Follows these sections of the contract on a daemon of their own.
async fn follow(sections: &[&str]) {
    let site = Site::start().await;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/web/contract.sh");
    let followed = Command::new("bash")
        .arg(script)
        .arg(site.door().origin())
        .args(sections)
        .stdin(Stdio::null())
        .env_remove("http_proxy")
        .env("no_proxy", "*")
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        followed.status.success(),
        "{}{}",
        text(&followed.stdout),
        text(&followed.stderr)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conventions() {
    follow(&["conventions"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn auth() {
    follow(&["auth"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users() {
    follow(&["users"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chats() {
    follow(&["chats"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invites() {
    follow(&["invites"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages() {
    follow(&["messages"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contacts() {
    follow(&["contacts"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_and_files_say_that_they_are_to_come() {
    follow(&["later"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rest() {
    follow(&["rest"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages() {
    follow(&["pages"]).await;
}
