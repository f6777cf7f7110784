//! One import, looked at from all sides.

use proto::entry::{Body, kind};
use proto::id::{ChatId, UserId};
use proto::request::{ChatKind, ContactState, Role, Status};
use proto::text::search_words;

use crate::kit::{Earlier, Target, chat, log, shape, table, texts, user, uuid};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_comes_into_sqlite() {
    comes(Target::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_comes_into_postgres() {
    comes(Target::postgres().await).await;
}

/// Users and chats of the fixture that are here afterwards.
pub(crate) fn ids() -> (Vec<uuid::Uuid>, Vec<uuid::Uuid>) {
    let users = (0x101..=0x106).map(uuid).collect();
    let chats = [0x201, 0x202, 0x203, 0x206].map(uuid).to_vec();
    (users, chats)
}

async fn comes(target: Target) {
    let earlier = Earlier::odd().await;
    let before = earlier.dump().await;
    let report = target.import(&earlier).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!(earlier.dump().await, before, "the source is as it was");
    for counted in &report.tables {
        let skipped: u64 = counted.skipped.iter().map(|it| it.rows).sum();
        let sum = counted.imported + counted.merged + skipped;
        assert_eq!(counted.read, sum, "{}\n{report}", counted.table);
    }

    let store = target.open().await;
    people(&store).await;
    chats(&store).await;
    messages(&store).await;
    cursors(&store).await;
    counts(&report);

    // Words are found once the index has caught up, as after any write.
    while store.index_entries(1000).await.unwrap() {}
    let ada = user(&store, 0x101).await;
    let found = store.search(messengerd::store::changes::SearchQuery {
        user: ada.no,
        words: search_words("second"),
        chat: None,
        before: None,
        limit: 10,
    });
    assert_eq!(found.await.unwrap().found.len(), 1);
    let (users, chats) = ids();
    let first = shape(&store, &chats, &users).await;
    store.close().await.unwrap();
    drop(store);

    // Once more: nothing changes, not one row.
    let rows = target.dump().await;
    let again = target.import(&earlier).await;
    assert!(again.is_complete(), "{again}");
    assert!(
        again.tables.iter().all(|table| table.imported == 0),
        "{again}"
    );
    let after = target.dump().await;
    for (before, after) in rows.lines().zip(after.lines()) {
        assert_eq!(before, after);
    }
    assert_eq!(rows, after);
    let store = target.open().await;
    assert_eq!(shape(&store, &chats, &users).await, first);
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_stores_hold_the_same() {
    let earlier = Earlier::odd().await;
    let (users, chats) = ids();
    let mut shapes = Vec::new();
    for target in [Target::sqlite(), Target::postgres().await] {
        target.import(&earlier).await;
        let store = target.open().await;
        shapes.push(shape(&store, &chats, &users).await);
        store.close().await.unwrap();
    }
    for (one, other) in shapes[0].lines().zip(shapes[1].lines()) {
        assert_eq!(one, other);
    }
    assert_eq!(shapes[0].lines().count(), shapes[1].lines().count());
}

async fn people(store: &messengerd::store::SharedStore) {
    let ada = user(store, 0x101).await;
    assert_eq!(ada.username, "Ada");
    assert_eq!(ada.email.as_deref(), Some("ada@example.org"));
    assert_eq!((ada.admin, ada.disabled), (true, false));
    assert_eq!(ada.first_name, "Ада");
    assert_eq!(ada.status, Status::Busy);
    assert_eq!(ada.created_at, 1_704_067_201_000);
    assert_eq!(ada.last_seen, Some(1_714_557_600_123));
    assert!(ada.password_hash.starts_with("$2a$10$"));
    let picture = store.avatar(ada.avatar.unwrap()).await.unwrap().unwrap();
    assert_eq!(picture.0, "image/png");
    assert_eq!(&picture.1[..], crate::kit::PICTURE);

    let bob = user(store, 0x102).await;
    assert_eq!((bob.username.as_str(), bob.admin), ("bob", false));
    assert_eq!((bob.avatar, bob.last_seen), (None, None));
    let upper = user(store, 0x103).await;
    assert_eq!(upper.username, "ADA-2");
    assert_eq!((upper.email.clone(), upper.avatar), (None, None));
    assert_eq!(upper.first_name, "line break");
    assert_eq!(upper.last_name, "x".repeat(64));
    assert_eq!(upper.status, Status::Invisible);
    let eve = user(store, 0x104).await;
    assert_eq!(
        (eve.username.as_str(), eve.disabled),
        ("eve_the_great", false)
    );
    assert_eq!(eve.email, None);
    let gone = user(store, 0x105).await;
    assert_eq!((gone.username.as_str(), gone.disabled), ("BOB-2", true));
    let idle = user(store, 0x106).await;
    assert_eq!(
        (idle.disabled, idle.password_hash.as_str()),
        (true, "$none")
    );

    let contacts = store.contacts(ada.no).await.unwrap();
    assert_eq!(contacts.len(), 1);
    assert_eq!(contacts[0].user.id, bob.id);
    assert_eq!(contacts[0].nickname.as_deref(), Some("Бобик"));
    assert!(contacts[0].blocked);
    let contacts = store.contacts(bob.no).await.unwrap();
    assert_eq!(contacts[0].state, ContactState::Mutual);
    assert!(!contacts[0].blocked);
}

async fn chats(store: &messengerd::store::SharedStore) {
    let roles = |chat: &messengerd::store::ChatRecord| {
        let mut roles: Vec<_> = chat
            .members
            .iter()
            .map(|member| (member.user.id.0.as_u128(), member.role))
            .collect();
        roles.sort_by_key(|role| role.0);
        roles
    };
    let team = chat(store, 0x201).await;
    assert_eq!(team.kind, ChatKind::Group);
    assert_eq!(team.name.as_deref(), Some("Team"));
    assert_eq!(team.description, "two\nlines");
    assert!(team.avatar.is_some());
    assert_eq!(team.created_by, UserId(uuid(0x101)));
    assert_eq!(
        roles(&team),
        [
            (0x101, Role::Admin),
            (0x102, Role::Moderator),
            (0x105, Role::Member)
        ]
    );
    assert!(!team.settings.allow_invites);
    assert!(team.settings.allow_voice_calls);
    assert_eq!(team.settings.message_retention, 36_500);
    let links = store
        .chat_invites(team.no, 1_800_000_000_000)
        .await
        .unwrap();
    assert_eq!(links.len(), 1);
    assert_eq!(
        (links[0].token.as_str(), links[0].max_uses),
        ("open-door", Some(3))
    );

    let news = chat(store, 0x202).await;
    assert_eq!(news.kind, ChatKind::Public);
    assert_eq!(news.created_by, UserId(uuid(0x102)));
    assert_eq!(roles(&news), [(0x103, Role::Admin), (0x104, Role::Member)]);

    let private = chat(store, 0x203).await;
    assert_eq!(private.kind, ChatKind::Private);
    assert_eq!(private.members.len(), 2);
    for behind in [0x204, 0x205, 0x207] {
        let none = store.chat(ChatId(uuid(behind))).await.unwrap();
        assert!(none.is_none(), "{behind:x}");
    }
    let odd = chat(store, 0x206).await;
    assert_eq!(
        (odd.kind, odd.name.as_deref()),
        (ChatKind::Group, Some("Chat"))
    );
    assert_eq!(odd.created_by, UserId(uuid(0x104)));
    // Nobody is its admin there: somebody has to be.
    assert_eq!(roles(&odd), [(0x104, Role::Admin)]);
}

async fn messages(store: &messengerd::store::SharedStore) {
    let team = log(store, &chat(store, 0x201).await).await;
    assert_eq!(
        texts(&team),
        ["first", "second, edited", "third", "-", "photo.jpg"]
    );
    let at = |end: u128| team.iter().find(|entry| entry.id.0 == uuid(end)).unwrap();
    // A log without gaps, its messages in their order, each with its number.
    let seqs: Vec<u64> = team.iter().map(|entry| entry.seq).collect();
    assert_eq!(seqs, (1..=team.len() as u64).collect::<Vec<_>>());
    assert_eq!(at(0x301).msg_no, 1);
    assert_eq!(at(0x305).msg_no, 5);
    assert_eq!(at(0x301).at, 1_704_412_860_000);
    assert_eq!(at(0x305).at, 1_704_413_220_000);
    assert_eq!(at(0x302).actor, UserId(uuid(0x105)));
    assert_eq!(at(0x303).ref_seq, Some(at(0x301).seq));
    assert_eq!(at(0x305).ref_seq, None);
    let about = |end: u128, wanted: u16| {
        let seq = at(end).seq;
        team.iter()
            .filter(|entry| entry.kind == wanted && entry.ref_seq == Some(seq))
            .collect::<Vec<_>>()
    };
    assert_eq!(about(0x302, kind::EDITED).len(), 1);
    assert_eq!(about(0x302, kind::EDITED)[0].at, 1_704_413_100_000);
    assert_eq!(about(0x304, kind::DELETED).len(), 1);
    assert!(about(0x304, kind::EDITED).is_empty());
    let reactions = about(0x301, kind::REACTED);
    assert_eq!(reactions.len(), 1);
    assert_eq!(reactions[0].id.0, uuid(0x502), "undated: with its message");
    assert!(about(0x304, kind::REACTED).is_empty());
    // What happened is told in the order in which it did.
    let left = team.iter().find(|entry| entry.kind == kind::MEMBER_LEFT);
    assert_eq!(left.unwrap().at, 1_704_585_600_000);

    let news = log(store, &chat(store, 0x202).await).await;
    let said = texts(&news);
    assert_eq!(said.len(), 1101);
    assert_eq!(said[0], "in the news");
    assert_eq!(said[1100], "news 1100");
    let first = news.iter().find(|entry| entry.id.0 == uuid(0x306)).unwrap();
    assert_eq!(first.ref_seq, None, "a reply across chats is none");

    let private = log(store, &chat(store, 0x203).await).await;
    assert_eq!(texts(&private), ["direct 1", "direct 2", "direct 3"]);
    // The pair that had no chat has one now.
    let eve = user(store, 0x104).await;
    let mut found = Vec::new();
    for head in store.heads(eve.no).await.unwrap().1 {
        let record = store.chat(head.chat).await.unwrap().unwrap();
        if record.kind == ChatKind::Private {
            found.push(log(store, &record).await);
        }
    }
    assert_eq!(found.len(), 1);
    assert_eq!(texts(&found[0]), ["hello bob", "hello eve"]);
    let reply = found[0].last().unwrap();
    assert_eq!(reply.ref_seq, Some(reply.seq - 1));

    let long = texts(&log(store, &chat(store, 0x206).await).await);
    assert!(long.len() > 1);
    assert_eq!(long.concat(), "длинно ".repeat(12_000));
    let text = |body: Body| matches!(body, Body::Message(message) if message.text.is_empty());
    assert!(
        !team
            .iter()
            .filter(|entry| entry.kind == kind::EDITED)
            .any(|entry| text(Body::decode(entry.kind, &entry.body)))
    );
}

async fn cursors(store: &messengerd::store::SharedStore) {
    let team = chat(store, 0x201).await;
    let entries = log(store, &team).await;
    let seq = |end: u128| {
        let found = entries.iter().find(|entry| entry.id.0 == uuid(end));
        found.unwrap().seq
    };
    let (cursors, _) = store.cursors(team.no).await.unwrap();
    let of = |end: u128| {
        let found = cursors.iter().find(|it| it.user_id.0 == uuid(end));
        *found.unwrap()
    };
    // What they read, or wrote after that.
    assert_eq!((of(0x102).read, of(0x102).read_no), (seq(0x303), 3));
    assert_eq!(of(0x102).delivered, seq(0x303));
    assert_eq!(of(0x105).read, seq(0x302));
    assert_eq!(of(0x101).read, seq(0x305));
    assert_eq!(of(0x101).shown.read, seq(0x305));
    let private = chat(store, 0x203).await;
    let (cursors, _) = store.cursors(private.no).await.unwrap();
    let bob = cursors.iter().find(|it| it.user_id.0 == uuid(0x102));
    assert_eq!(bob.unwrap().read_no, 2);
}

fn counts(report: &messengerd::import::report::Report) {
    let row = |name: &str| {
        let table = table(report, name);
        let skipped: u64 = table.skipped.iter().map(|it| it.rows).sum();
        (table.read, table.imported, table.merged, skipped)
    };
    assert_eq!(row("users"), (6, 6, 0, 0));
    assert_eq!(row("avatars"), (5, 2, 0, 3), "{report}");
    assert_eq!(row("contacts"), (4, 2, 1, 1), "{report}");
    assert_eq!(row("chats"), (7, 4, 1, 2), "{report}");
    assert_eq!(row("chat_settings"), (4, 2, 1, 1), "{report}");
    assert_eq!(row("chat_invites"), (4, 1, 0, 3), "{report}");
    assert_eq!(row("messages"), (1114, 1112, 0, 2), "{report}");
    let reads = row("message_reads");
    assert_eq!((reads.0, reads.1 + reads.2, reads.3), (4, 3, 1), "{report}");
    assert_eq!(row("reactions"), (3, 1, 1, 1), "{report}");
    assert_eq!(row("files"), (3, 0, 0, 3), "{report}");
    for name in [
        "calls",
        "call_participants",
        "call_settings",
        "user_sessions",
    ] {
        assert_eq!(row(name), (1, 0, 0, 1), "{name}");
    }
    let adapted = &table(report, "messages").adapted;
    assert_eq!(adapted["a message of an unknown type: text"], 1);
    assert_eq!(
        adapted["a reply to something that is not in its chat: a message"],
        2
    );
    assert_eq!(
        table(report, "chats").adapted["a channel: a public chat"],
        1
    );
    let text = report.to_string();
    assert!(text.contains("\"ADA\" is called ADA-2 here"), "{text}");
    assert!(
        text.contains("its path") || text.contains("leads out of the uploads"),
        "{text}"
    );
}
