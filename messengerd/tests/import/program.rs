//! The program itself: what it prints, how it ends, whom it lets in.

use std::path::Path;
use std::process::{Command, Output};

use messengerd::config::StoreConfig;
use messengerd::server::Server;
use messengerd::service::accounts::Life;
use proto::error::ErrorCode;
use proto::request::Login;
use proto::text::{DeviceName, Password};

use crate::kit::{Earlier, Target, table, user};

/// Writes the source's URL where only its owner reads it, and runs the program.
fn import(earlier: &Earlier, data: &Path, more: &[&str]) -> Output {
    let config = &earlier.database.config;
    let host = match config.get_hosts().first().unwrap() {
        tokio_postgres::config::Host::Tcp(name) => name.clone(),
        tokio_postgres::config::Host::Unix(path) => path.display().to_string(),
    };
    let variables = earlier.home.path().join("earlier.env");
    let text = format!(
        "DB_HOST={host}\nDB_PORT={}\nDB_USERNAME={}\nDB_NAME={}\nJWT_SECRET=your-secret-key\n",
        config.get_ports().first().unwrap_or(&5432),
        config.get_user().unwrap(),
        config.get_dbname().unwrap(),
    );
    std::fs::write(&variables, text).unwrap();
    Command::new(env!("CARGO_BIN_EXE_messengerd"))
        .env_clear()
        .current_dir(earlier.home.path())
        .arg("import")
        .arg("--from")
        .arg(&variables)
        .arg("--data-dir")
        .arg(data)
        .args(more)
        .output()
        .unwrap()
}

fn said(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_ends_with_a_table_and_says_what_nobody_expects() {
    let earlier = Earlier::odd().await;
    let data = earlier.home.path().join("data");
    let dry = import(&earlier, &data, &["--dry-run", "--uploads", "uploads"]);
    let (out, err) = said(&dry);
    assert!(dry.status.success(), "{err}");
    assert!(out.contains("dry run: nothing was kept"), "{out}");
    assert!(
        out.contains("messages                 1114       1112"),
        "{out}"
    );
    assert!(!data.join("messenger.db").exists());

    // Somebody wrote who is not there any more: that is not as it should be.
    earlier
        .database
        .execute(
            "INSERT INTO messages (id, sender_id, chat_id, content, created_at) VALUES
               ('00000000-0000-0000-0000-000000000399', '00000000-0000-0000-0000-000000000999',
                '00000000-0000-0000-0000-000000000201', 'a ghost', now())",
        )
        .await;
    let whole = import(&earlier, &data, &["--json"]);
    let (out, err) = said(&whole);
    assert_eq!(whole.status.code(), Some(1), "{err}");
    assert!(err.contains("should not have"), "{err}");
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    let messages = report["tables"]
        .as_array()
        .unwrap()
        .iter()
        .find(|table| table["table"] == "messages")
        .unwrap();
    assert_eq!(messages["imported"], 1112);
    let skipped = messages["skipped"].as_array().unwrap();
    assert!(
        skipped
            .iter()
            .any(|it| it["expected"] == false && it["rows"] == 1)
    );
    let notes = report["notes"].as_array().unwrap();
    let ghost = "messages 00000000-0000-0000-0000-000000000399: its sender is not among the users";
    assert!(notes.iter().any(|note| note == ghost), "{notes:?}");
    assert!(notes.iter().any(|note| {
        note.as_str()
            .is_some_and(|note| note.contains("no account here administers the server"))
    }));

    let wrong = import(&earlier, &data, &["--uploads", "nowhere"]);
    let (_, err) = said(&wrong);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(err.contains("cannot use the uploads in nowhere"), "{err}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_on_the_store_is_in_the_way() {
    let earlier = Earlier::empty().await;
    for target in [Target::sqlite(), Target::postgres().await] {
        let server = Server::start(target.config.clone()).await.unwrap();
        let refused = messengerd::import::run(&earlier.options(), &target.config).await;
        let refused = format!("{:#}", refused.unwrap_err());
        let sentence = match target.config.store {
            StoreConfig::Embedded => "another messengerd uses",
            StoreConfig::Postgres(_) => "stop it, then import",
        };
        assert!(refused.contains(sentence), "{refused}");
        server.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_such_database_is_refused() {
    let target = Target::postgres().await;
    let earlier = Earlier::empty().await;
    let StoreConfig::Postgres(own) = &target.config.store else {
        unreachable!()
    };
    let refusal = async |from: &messengerd::store::postgres::Settings| {
        let mut options = earlier.options();
        options.from = from.clone();
        let refused = messengerd::import::run(&options, &Target::sqlite().config).await;
        format!("{:#}", refused.unwrap_err())
    };
    let none = refusal(own).await;
    assert!(none.contains("it has no users.id"), "{none}");
    messengerd::store::postgres::migrate(own).await.unwrap();
    let ours = refusal(own).await;
    assert!(
        ours.contains("holds a community of this program already"),
        "{ours}"
    );
    let mut options = earlier.options();
    options.from = own.as_ref().clone();
    let same = messengerd::import::run(&options, &target.config).await;
    let same = format!("{:#}", same.unwrap_err());
    assert!(same.contains("are the same"), "{same}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_came_signs_in_with_the_password_of_old_in_sqlite() {
    sign_in(Target::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_came_signs_in_with_the_password_of_old_in_postgres() {
    sign_in(Target::postgres().await).await;
}

async fn sign_in(target: Target) {
    let earlier = Earlier::odd().await;
    let report = target.import(&earlier).await;
    assert_eq!(table(&report, "users").imported, 6);
    let server = Server::start(target.config.clone()).await.unwrap();
    let login = async |name: &str, password: &str| {
        let request = Login {
            login: name.to_owned(),
            password: Password::existing(password).unwrap(),
            device: DeviceName::try_from("test").unwrap(),
        };
        let peer = std::net::Ipv4Addr::LOCALHOST.into();
        server.service().login(peer, Life::Sliding, request).await
    };
    let refused = login("ada", "secreT").await.err().unwrap();
    assert_eq!(refused.code, ErrorCode::BadCredentials);
    let (caller, _) = login("ada", "secret").await.unwrap();
    assert!(caller.admin);
    let (again, _) = login("ada@example.org", "secret").await.unwrap();
    assert_eq!(again.actor, caller.actor);
    login("bob", "пароль Боба").await.unwrap();
    login("eve_the_great", "пароль Боба").await.unwrap();
    for disabled in ["BOB-2", "idle"] {
        let refused = login(disabled, "пароль Боба").await.err().unwrap();
        assert_eq!(refused.code, ErrorCode::BadCredentials, "{disabled}");
    }
    server.stop().await.unwrap();

    let store = target.open().await;
    for (end, ours) in [(0x101, true), (0x102, true), (0x103, false)] {
        let hash = user(&store, end).await.password_hash;
        assert_eq!(hash.starts_with("$argon2id$"), ours, "{hash}");
    }
    // The sessions that were opened with the old hash go on.
    let ada = user(&store, 0x101).await;
    assert_eq!(store.sessions(ada.no).await.unwrap().len(), 2);
    store.close().await.unwrap();
}
