//! The contract of REST line by line, by what a script has: curl and jq.

use std::process::Stdio;

use tokio::process::Command;

use crate::kit::Site;

#[tokio::test]
async fn every_line_holds() {
    let site = Site::start().await;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/web/contract.sh");
    let run = Command::new("bash")
        .arg(script)
        .arg(site.door().origin())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = run.await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complained}");
}
