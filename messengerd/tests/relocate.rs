//! `messengerd move`: there and back, broken off, refused.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

#[path = "servers/postgres.rs"]
mod postgres;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use messengerd::identity::DataDir;
use messengerd::relocate::{Place, Report, run};
use messengerd::store::postgres::{Lease, Node, PostgresStore, Settings, TlsMode, migrate};
use messengerd::store::sqlite::{self, SqliteStore};
use messengerd::store::{Admission, Committed, Feed, NewSession, NewUser, Store};
use proto::id::{SessionId, UserId};
use rusqlite::{Connection, params};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

struct Deaf;

impl Feed for Deaf {
    fn committed(&self, batch: Vec<Committed>) {
        drop(batch);
    }
}

/// A community in an embedded store: `entries` in each of three chats, some of
/// them large, and every column both set and null where it may be.
fn community(directory: &Path, entries: i64) -> Place {
    fs::create_dir_all(directory).unwrap();
    let file = directory.join("messenger.db");
    sqlite::migrate(&file).unwrap();
    let mut conn = Connection::open(&file).unwrap();
    let tx = conn.transaction().unwrap();
    let id = || Uuid::now_v7().as_bytes().to_vec();
    tx.execute("INSERT INTO settings VALUES ('community', ?1)", [id()])
        .unwrap();
    for user in 1..=40_i64 {
        let email = (user % 2 == 0).then(|| format!("u{user}@example.org"));
        tx.execute(
            "INSERT INTO users VALUES (?1, ?2, ?3, ?4, ?5, '$argon2id$', ?6, ?7, ?8, 2, ?9,
               'Имя', 'Last', 'имя last', 'two\nlines', iif(?1 = 3, ?10, NULL), 7, 1 + ?1 % 4,
               'at lunch', iif(?1 % 2 = 0, NULL, 1700000000456), ?1 % 2,
               1600000000777, iif(?1 = 4, 'https://example.org/a.png', ''))",
            params![
                user * 3,
                id(),
                format!("Юзер {user}"),
                format!("юзер {user}"),
                email,
                user == 1,
                user == 7,
                (user % 3 == 0).then_some(1_700_000_000_123_i64 + user),
                1_600_000_000_001_i64 + user,
                [9_u8; 32],
            ],
        )
        .unwrap();
        for (seq, session) in [(1, Some(id())), (2, None)] {
            let chat = session.is_none().then(id);
            tx.execute(
                "INSERT INTO account_log VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?5)",
                params![user * 3, seq, 40_000, 1_650_000_000_007_i64, chat, session],
            )
            .unwrap();
        }
        tx.execute(
            "INSERT INTO sessions VALUES (?1, ?2, 'a device', 1, 1700000000999,
               iif(?2 % 2 = 0, 4000000000000, NULL))",
            params![id(), user * 3],
        )
        .unwrap();
    }
    for invite in 0..3_u8 {
        tx.execute(
            "INSERT INTO invites VALUES (?1, ?2, 4000000000, 1, ?3, 5)",
            params![[invite; 32], invite == 0, (invite == 1).then_some(9)],
        )
        .unwrap();
    }
    for chat in [1_i64, 2, 0x7fff_fffe] {
        let private = chat == 2;
        tx.execute(
            "INSERT INTO chats VALUES (?1, ?2, ?3, ?4, 3, 1600000000000, 2, ?5, ?6, 'about it',
               iif(?3 = 2, ?7, NULL), iif(?1 = 1, 1700000000789, NULL), 21, 365, ?3 = 2,
               'a group about it', 1600000000888, iif(?3 = 2, 'elsewhere', ''))",
            params![
                chat,
                id(),
                if private { 1 } else { 2 },
                (!private).then_some("a group"),
                private.then_some(3),
                private.then_some(6),
                [9_u8; 32],
            ],
        )
        .unwrap();
        tx.execute(
            "INSERT INTO chat_heads VALUES (?1, ?2, ?2, 0, 3, 17, 5)",
            [chat, entries],
        )
        .unwrap();
        for (user, left) in [(3_i64, None), (6, Some(1_700_000_000_000_i64))] {
            tx.execute(
                "INSERT INTO members VALUES (?1, ?2, 3, ?2, 1600000000000, ?3, 1, 1, 2,
                   9223372036854775807, ?3 IS NOT NULL, 1, 1, 1, 2, 3, 9223372036854775807, 4)",
                params![chat, user, left],
            )
            .unwrap();
        }
        tx.execute(
            "INSERT INTO chat_invites VALUES (?1, ?2, ?3, 3, 1700000000001,
               iif(?2 = 1, 1700000000002, NULL), iif(?2 = 2, 4000000000, NULL), 2, ?2 = 2)",
            params![id(), chat, format!("token {chat}")],
        )
        .unwrap();
        tx.execute("INSERT INTO message_edits VALUES (?1, 1, 2)", [chat])
            .unwrap();
        tx.execute("INSERT INTO reactions VALUES (?1, 1, 6, '👍', 3)", [chat])
            .unwrap();
        tx.execute("INSERT INTO pins VALUES (?1, 1, 4)", [chat])
            .unwrap();
        for seq in 1..=entries {
            let bytes = if seq % 100 == 0 { 60_000 } else { 80 };
            tx.execute(
                "INSERT INTO messages VALUES (?1, ?2, 3, 1, ?3, ?4, ?5, 1650000000003)",
                params![
                    chat << 32 | seq,
                    id(),
                    seq,
                    (seq % 5 == 0).then_some(1),
                    vec![seq as u8; bytes],
                ],
            )
            .unwrap();
        }
        tx.execute(
            "INSERT INTO chat_blocks VALUES (?1, 0, zeroblob(32))",
            [chat],
        )
        .unwrap();
    }
    for (owner, other) in [(3_i64, 6_i64), (6, 3)] {
        tx.execute(
            "INSERT INTO contacts VALUES (?1, ?2, 1, ?1 = 3, ?1 = 6, iif(?1 = 3, 'Боб', NULL), 5)",
            [owner, other],
        )
        .unwrap();
    }
    tx.execute(
        "INSERT INTO avatars VALUES (?1, 'image/png', x'00ff')",
        params![[9_u8; 32]],
    )
    .unwrap();
    tx.commit().unwrap();
    for name in ["jwt.secret", "quic.keys", "first.invite"] {
        fs::write(directory.join(name), format!("{name} of the community")).unwrap();
    }
    fs::write(
        directory.join("tls.crt"),
        "-----BEGIN CERTIFICATE-----\nb25l\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    fs::write(
        directory.join("tls.key"),
        "-----BEGIN PRIVATE KEY-----\ndHdv\n-----END PRIVATE KEY-----\n",
    )
    .unwrap();
    Place::Directory(directory.to_owned())
}

async fn database() -> (postgres::Database, Settings, Place) {
    let database = postgres::database().await;
    let settings = Settings::new(database.config.clone(), TlsMode::Disable, None).unwrap();
    let place = Place::Database(Box::new(settings.clone()));
    (database, settings, place)
}

async fn moved(from: &Place, to: &Place) -> Report {
    let report = run(from, to, |_, _| true).await.unwrap();
    assert!(report.same(), "{report}");
    report
}

async fn refusal(from: &Place, to: &Place) -> String {
    let refused = run(from, to, |_, _| true).await;
    format!("{:#}", refused.unwrap_err())
}

fn secrets(directory: &Path) -> Vec<Vec<u8>> {
    [
        "jwt.secret",
        "quic.keys",
        "tls.crt",
        "tls.key",
        "first.invite",
    ]
    .iter()
    .map(|name| fs::read(directory.join(name)).unwrap())
    .collect()
}

async fn sign_up(store: &dyn Store, name: &str) -> i64 {
    let user = NewUser {
        id: UserId::generate(),
        username: name.try_into().unwrap(),
        email: None,
        password_hash: "$".to_owned(),
        admission: Admission::Open {
            first_is_admin: false,
        },
        at: 1,
    };
    let session = NewSession {
        id: SessionId::generate(),
        device: "d".try_into().unwrap(),
        at: 1,
        expires_at: None,
    };
    store.create_user(user, session).await.unwrap().no.0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_community_moves_there_and_back_and_stays_itself() {
    let home = tempfile::tempdir().unwrap();
    let (first, second) = (home.path().join("first"), home.path().join("second"));
    let from = community(&first, 2500);
    let (_database, settings, to) = database().await;
    let there = moved(&from, &to).await;
    assert_eq!(there.tables.last().unwrap().source.0, 7500);
    assert_eq!(there.secrets, (4, true));
    let back = Place::Directory(second.clone());
    let back = moved(&to, &back).await;
    assert_eq!(there.tables, back.tables);
    assert_eq!(secrets(&first), secrets(&second));
    let third = Place::Directory(home.path().join("third"));
    let again = moved(&Place::Directory(second.clone()), &third).await;
    assert_eq!(again.tables, there.tables);

    // All three serve on, and give new rows new numbers.
    let postgres = PostgresStore::open(&settings, Arc::new(Deaf))
        .await
        .unwrap();
    let sqlite = SqliteStore::open(&second.join("messenger.db"), Arc::new(Deaf)).unwrap();
    assert_eq!(postgres.community(), sqlite.community());
    assert_eq!(sign_up(&postgres, "ada").await, 121);
    assert_eq!(sign_up(&sqlite, "ada").await, 121);
    postgres.close().await.unwrap();
    sqlite.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_that_broke_off_anywhere_is_taken_up() {
    let home = tempfile::tempdir().unwrap();
    let from = community(&home.path().join("from"), 1200);
    let (_database, settings, to) = database().await;
    let mut whole = 0;
    loop {
        // One page each time, the first one of which repeats nothing.
        let mut rows = 0;
        let (sender, receiver) = std::sync::mpsc::channel();
        let stopped = run(&from, &to, move |_, page| sender.send(page).is_err()).await;
        rows += receiver.iter().sum::<usize>();
        whole += rows;
        match stopped {
            Ok(report) => {
                assert!(report.same(), "{report}");
                break;
            }
            Err(error) => assert_eq!(error.to_string(), "stopped"),
        }
        let refused = PostgresStore::open(&settings, Arc::new(Deaf)).await.err();
        let refused = refused.unwrap().to_string();
        assert!(refused.contains("move"), "{refused}");
    }
    // Nothing was copied twice.
    assert_eq!(
        whole,
        1 + 40 + 80 + 40 + 3 + 3 + 3 + 6 + (2 + 3 + 1 + 3 + 3 + 3) + 3600
    );
    let said = refusal(&from, &to).await;
    assert!(said.contains("was moved to the target already"), "{said}");
    let store = PostgresStore::open(&settings, Arc::new(Deaf))
        .await
        .unwrap();
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changes_in_the_middle_of_a_move_is_found() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("from");
    let from = community(&directory, 1200);
    let (_database, settings, to) = database().await;
    let stopped = run(&from, &to, |table, _| table != "messages").await;
    assert_eq!(stopped.unwrap_err().to_string(), "stopped");
    let conn = Connection::open(directory.join("messenger.db")).unwrap();
    conn.execute("UPDATE users SET last_seen = 5 WHERE user_no = 3", [])
        .unwrap();
    drop(conn);
    let report = run(&from, &to, |_, _| true).await.unwrap();
    let differing: Vec<_> = report
        .tables
        .iter()
        .filter(|table| !table.same())
        .map(|table| table.table)
        .collect();
    assert_eq!(differing, ["users"], "{report}");
    assert!(report.to_string().contains("DIFFERS"));
    assert!(
        PostgresStore::open(&settings, Arc::new(Deaf))
            .await
            .is_err()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_must_not_be_moved_is_refused_with_a_sentence() {
    let home = tempfile::tempdir().unwrap();
    let from = community(&home.path().join("from"), 3);
    let (_database, settings, to) = database().await;
    let directory = |name: &str| Place::Directory(home.path().join(name));

    let said = refusal(&from, &from).await;
    assert!(said.contains("nothing to move"), "{said}");
    let said = refusal(&directory("nowhere"), &to).await;
    assert!(said.contains("there is no"), "{said}");
    assert!(!home.path().join("nowhere").exists());

    // Daemons at work, on either side.
    let daemon = DataDir::open(&home.path().join("from")).unwrap();
    let said = refusal(&from, &to).await;
    assert!(said.contains("another messengerd uses"), "{said}");
    drop(daemon);
    migrate(&settings).await.unwrap();
    let node = Node {
        id: Uuid::new_v4(),
        advertise: Some("chat1:8443".to_owned()),
        bus: Some(Uuid::new_v4()),
    };
    let lease = Lease::take(&settings, node).await.unwrap();
    let stop = CancellationToken::new();
    let lease = tokio::spawn(lease.run(stop.clone(), || None));
    let said = refusal(&from, &to).await;
    assert!(
        said.contains("chat1:8443") && said.contains("stop it"),
        "{said}"
    );
    stop.cancel();
    lease.await.unwrap().unwrap();

    // Something is there already.
    let full = community(&home.path().join("full"), 1);
    let said = refusal(&from, &full).await;
    assert!(
        said.contains("not empty, it has rows in settings"),
        "{said}"
    );
    fs::create_dir(home.path().join("keys")).unwrap();
    fs::write(home.path().join("keys/jwt.secret"), "another's").unwrap();
    let said = refusal(&from, &directory("keys")).await;
    assert!(said.contains("keys/jwt.secret"), "{said}");
    moved(&full, &to).await;
    let said = refusal(&from, &to).await;
    assert!(said.contains("another community"), "{said}");

    // Another schema.
    let old = community(&home.path().join("old"), 1);
    let conn = Connection::open(home.path().join("old/messenger.db")).unwrap();
    conn.execute("DELETE FROM migrations WHERE version = 2", [])
        .unwrap();
    let said = refusal(&old, &directory("target")).await;
    assert!(said.contains("run messengerd migrate"), "{said}");
    conn.execute(
        "INSERT INTO migrations VALUES (99, 'x', zeroblob(32), 0)",
        [],
    )
    .unwrap();
    let said = refusal(&old, &directory("target")).await;
    assert!(said.contains("run a newer messengerd"), "{said}");
}

#[test]
fn places_are_parsed() {
    let config = messengerd::config::RawConfig {
        data_dir: Some(PathBuf::from("/data")),
        ..messengerd::config::RawConfig::default()
    };
    let config = config.validate(|_| None).unwrap();
    let parse = |text: &str| Place::parse(text, None, &config);
    for (text, path) in [
        ("sqlite", "/data"),
        ("sqlite:/var/lib/m", "/var/lib/m"),
        ("sqlite:/var/lib/m/messenger.db", "/var/lib/m"),
        ("sqlite:messenger.db", "."),
    ] {
        assert_eq!(
            parse(text).unwrap(),
            Place::Directory(path.into()),
            "{text}"
        );
    }
    for text in ["postgres:postgres://u@h/d", "postgres://u@h/d"] {
        assert_eq!(parse(text).unwrap().to_string(), "d on h:5432");
    }
    for (text, says) in [
        ("postgres", "set DB_HOST"),
        ("mysql:x", "neither sqlite:PATH nor postgres:URL"),
        ("postgres://u:hunter2@h/d", "--to-password-file"),
        ("postgres:h", "no URL"),
    ] {
        let said = format!("{:#}", parse(text).unwrap_err());
        assert!(said.contains(says) && !said.contains("hunter2"), "{said}");
    }
}

/// The program itself, killed over and over in the middle.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_move_is_taken_up() {
    let home = tempfile::tempdir().unwrap();
    let from = home.path().join("from");
    community(&from, 8000);
    let (database, _, to) = database().await;
    let Place::Database(settings) = &to else {
        unreachable!()
    };
    let host = match &settings.server.get_hosts()[0] {
        tokio_postgres::config::Host::Unix(path) => path.display().to_string(),
        tokio_postgres::config::Host::Tcp(name) => name.clone(),
    };
    let url = format!(
        "postgres:///{}?host={host}&port={}&user={}",
        settings.server.get_dbname().unwrap(),
        settings.server.get_ports()[0],
        settings.server.get_user().unwrap()
    );
    let program = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_messengerd"));
        command
            .current_dir(home.path())
            .env("HOME", home.path())
            .args(["move", "--from", &format!("sqlite:{}", from.display())])
            .args(["--to", &url])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    };
    let (client, connection) = database
        .config
        .connect(tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    let rows = async || -> i64 {
        let exists = client
            .query_one("SELECT to_regclass('messages') IS NOT NULL", &[])
            .await
            .unwrap();
        if !exists.get::<_, bool>(0) {
            return 0;
        }
        let row = client.query_one("SELECT count(*) FROM messages", &[]).await;
        row.unwrap().get(0)
    };
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut kills = 0;
    for least in [1, 9_000, 18_000] {
        let mut child = program().spawn().unwrap();
        while rows().await < least && child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        kills += i32::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(kills > 0);
    let output = program().output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    if kills == 3 {
        assert!(output.status.success(), "{said}");
        assert!(
            said.contains("messages") && said.contains("24000"),
            "{said}"
        );
    } else {
        assert!(
            said.contains("already") || output.status.success(),
            "{said}"
        );
    }
    assert_eq!(rows().await, 24_000);
}
