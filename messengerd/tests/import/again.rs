//! Later imports: what came meanwhile, on both sides.

use proto::entry::{Body, Message, kind};
use proto::id::EntryId;

use crate::kit::{Earlier, Target, chat, log, table, texts, user, uuid};
use messengerd::store::{Actor, Append};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_meanwhile_comes_behind_in_sqlite() {
    comes_behind(Target::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_meanwhile_comes_behind_in_postgres() {
    comes_behind(Target::postgres().await).await;
}

async fn comes_behind(target: Target) {
    let earlier = Earlier::odd().await;
    target.import(&earlier).await;

    // Here somebody writes on, and changes a role and a name.
    let store = target.open().await;
    let team = chat(&store, 0x201).await;
    let ada = user(&store, 0x101).await;
    let (_, body) = Body::Message(Message::new("written here"))
        .encode()
        .unwrap();
    let append = Append {
        chat: team.no,
        chat_id: team.id,
        acl_rev: team.acl_rev,
        actor: Actor {
            no: ada.no,
            id: ada.id,
        },
        kind: kind::MESSAGE,
        id: EntryId::generate(),
        ref_seq: None,
        at: 1_800_000_000_000,
        body,
    };
    store.append(append).unwrap().await.unwrap();
    store.close().await.unwrap();
    drop(store);

    // There, too: a message older than the last one, an edit, a deletion, a
    // reaction, somebody new.
    earlier
        .database
        .execute(
            "INSERT INTO messages (id, sender_id, chat_id, content, created_at) VALUES
               ('00000000-0000-0000-0000-000000000311', '00000000-0000-0000-0000-000000000102',
                '00000000-0000-0000-0000-000000000201', 'late', '2024-01-05 00:01:30+00');
             UPDATE messages SET content = 'first, edited', is_edited = true,
               updated_at = '2024-03-01 00:00:00+00'
             WHERE id = '00000000-0000-0000-0000-000000000301';
             UPDATE messages SET deleted_at = '2024-03-02 00:00:00+00'
             WHERE id = '00000000-0000-0000-0000-000000000303';
             INSERT INTO reactions (message_id, user_id, emoji, created_at) VALUES
               ('00000000-0000-0000-0000-000000000301', '00000000-0000-0000-0000-000000000102',
                '❤️', '2024-03-03 00:00:00+00');
             INSERT INTO users (id, username, email, password, created_at) VALUES
               ('00000000-0000-0000-0000-000000000107', 'new', 'new@example.org', '', now());
             INSERT INTO chat_members (chat_id, user_id, joined_at) VALUES
               ('00000000-0000-0000-0000-000000000201', '00000000-0000-0000-0000-000000000107',
                '2024-03-04 00:00:00+00')",
        )
        .await;
    let report = target.import(&earlier).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!(table(&report, "messages").imported, 1);
    assert_eq!(table(&report, "users").imported, 1);
    assert_eq!(table(&report, "chat_members").imported, 1);
    assert_eq!(table(&report, "reactions").imported, 1);

    let store = target.open().await;
    let team = chat(&store, 0x201).await;
    let entries = log(&store, &team).await;
    assert_eq!(
        texts(&entries),
        [
            "first",
            "second, edited",
            "-",
            "-",
            "photo.jpg",
            "written here",
            "late"
        ]
    );
    let late = entries
        .iter()
        .find(|entry| entry.id.0 == uuid(0x311))
        .unwrap();
    assert_eq!((late.at, late.msg_no), (1_704_412_890_000, 7));
    let first = entries
        .iter()
        .find(|entry| entry.id.0 == uuid(0x301))
        .unwrap();
    let shown = store.entry(team.no, first.seq).await.unwrap().unwrap();
    assert_eq!(shown.edited.as_deref(), Some("first, edited"));
    assert!(
        team.members
            .iter()
            .any(|member| member.user.username == "new")
    );
    store.close().await.unwrap();
    drop(store);

    let rows = target.dump().await;
    target.import(&earlier).await;
    assert_eq!(target.dump().await, rows);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_of_those_who_were_here_before_stay_theirs() {
    let target = Target::sqlite();
    let store = target.open_empty().await;
    let taken = messengerd::store::imports::ImportedUser {
        id: proto::id::UserId::generate(),
        username: "BOB".try_into().unwrap(),
        email: Some("bob@example.org".try_into().unwrap()),
        password_hash: "$none".to_owned(),
        admin: true,
        disabled: false,
        first_name: None,
        last_name: None,
        avatar: None,
        status: proto::request::Status::Online,
        last_seen: None,
        created_at: 1,
    };
    store.import_user(taken).await.unwrap();
    store.close().await.unwrap();
    drop(store);
    let earlier = Earlier::odd().await;
    let report = target.import(&earlier).await;
    assert!(report.is_complete(), "{report}");
    let store = target.open().await;
    let bob = user(&store, 0x102).await;
    assert_ne!(bob.username.to_lowercase(), "bob");
    assert_eq!(bob.email, None);
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_broke_off_is_taken_up() {
    let earlier = Earlier::odd().await;
    let (whole, broken) = (Target::sqlite(), Target::sqlite());
    whole.import(&earlier).await;
    // The file refuses one message in the middle.
    broken.open_empty().await.close().await.unwrap();
    let file = broken.config.data_dir.join("messenger.db");
    let sql = |sql: &str| {
        rusqlite::Connection::open(&file)
            .unwrap()
            .execute_batch(sql)
    };
    sql(
        "CREATE TRIGGER broken BEFORE INSERT ON messages WHEN NEW.msg_no = 700
         BEGIN SELECT RAISE(ABORT, 'broken'); END",
    )
    .unwrap();
    let broke = messengerd::import::run(&earlier.options(), &broken.config).await;
    assert!(broke.is_err());
    let store = broken.open().await;
    let news = log(&store, &chat(&store, 0x202).await).await;
    assert!((3..1100).contains(&news.len()), "{}", news.len());
    store.close().await.unwrap();
    drop(store);
    sql("DROP TRIGGER broken").unwrap();
    let report = broken.import(&earlier).await;
    assert!(report.is_complete(), "{report}");
    // All is there once and in its order; only who left may be told earlier, as
    // somebody else is admin by then.
    let (_, chats) = crate::whole::ids();
    let (whole, broken) = (whole.open().await, broken.open().await);
    for id in chats {
        let (one, other) = (
            chat(&whole, id.as_u128()).await,
            chat(&broken, id.as_u128()).await,
        );
        let (log_one, log_other) = (log(&whole, &one).await, log(&broken, &other).await);
        assert_eq!(log_one.len(), log_other.len());
        assert_eq!(texts(&log_one), texts(&log_other));
        let roles = |chat: &messengerd::store::ChatRecord| {
            let members = chat.members.iter();
            members.map(|it| (it.user.id, it.role)).collect::<Vec<_>>()
        };
        assert_eq!(roles(&one), roles(&other));
    }
    whole.close().await.unwrap();
    broken.close().await.unwrap();
}
