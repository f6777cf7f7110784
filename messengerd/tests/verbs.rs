//! The program's verbs on a community that is in PostgreSQL.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

#[path = "servers/postgres.rs"]
mod postgres;

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use messengerd::store::postgres::{PostgresStore, Settings, TlsMode};
use messengerd::store::{Admission, Committed, Feed, NewSession, NewUser, Store};
use proto::id::{SessionId, UserId};
use tokio_postgres::config::Host;

struct Deaf;

impl Feed for Deaf {
    fn committed(&self, batch: Vec<Committed>) {
        drop(batch);
    }
}

/// Runs a verb with the variables that the earlier messenger had.
fn verb(home: &Path, server: &tokio_postgres::Config, arguments: &[&str]) -> Output {
    let host = match &server.get_hosts()[0] {
        Host::Unix(path) => path.display().to_string(),
        Host::Tcp(name) => name.clone(),
    };
    Command::new(env!("CARGO_BIN_EXE_messengerd"))
        .args(arguments)
        .current_dir(home)
        .env_clear()
        .env("HOME", home)
        .env("DB_HOST", host)
        .env("DB_PORT", server.get_ports()[0].to_string())
        .env("DB_USERNAME", server.get_user().unwrap())
        .env("DB_NAME", server.get_dbname().unwrap())
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    let both = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8(both).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrate_and_invite_work_on_the_database_that_is_set() {
    let database = postgres::database().await;
    let home = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| verb(home.path(), &database.config, arguments);
    let checked = said(&run(&["config", "check"]));
    let place = format!("PostgreSQL, {}", database.config.get_dbname().unwrap());
    assert!(checked.contains(&place), "{checked}");
    for expected in [
        "the store has schema 6 now\n",
        "the store has the newest schema already\n",
    ] {
        assert_eq!(said(&run(&["migrate"])), expected);
    }
    let early = run(&["invite"]);
    assert!(!early.status.success());
    let early = said(&early);
    assert!(early.contains("there is no account yet"), "{early}");

    let settings = Settings::new(database.config.clone(), TlsMode::Disable, None).unwrap();
    let store = PostgresStore::open(&settings, Arc::new(Deaf))
        .await
        .unwrap();
    let admission = Admission::Open {
        first_is_admin: true,
    };
    let user = NewUser {
        id: UserId::generate(),
        username: "ada".try_into().unwrap(),
        email: None,
        password_hash: "$".to_owned(),
        admission,
        at: 1,
    };
    let session = NewSession {
        id: SessionId::generate(),
        device: "d".try_into().unwrap(),
        at: 1,
        expires_at: None,
    };
    store.create_user(user, session).await.unwrap();
    store.close().await.unwrap();
    let links = [run(&["invite"]), run(&["invite", "--uses", "3"])].map(|made| {
        assert!(made.status.success(), "{}", said(&made));
        let link = said(&made);
        let (base, token) = link.split_once("&invite=").unwrap();
        (base.to_owned(), token.to_owned())
    });
    // The certificate is the community's, not that of whoever runs the verb.
    assert!(links[0].0.contains("?fp="), "{links:?}");
    assert_eq!(links[0].0, links[1].0);
    assert_ne!(links[0].1, links[1].1);
    assert!(std::fs::read_dir(home.path()).unwrap().next().is_none());
}
