//! A profile with a large cache, made without a server: what is measured is the
//! reading.

use std::path::Path;
use std::time::Instant;

use mchat::client::cache::Db;
use mchat::client::model::Anchor;
use proto::entry::{Body, Message, kind};
use proto::id::{ChatId, EntryId, UserId};
use rusqlite::{Connection, params};

pub(crate) const CHATS: usize = 500;
/// Repeats of each measurement.
const RUNS: usize = 30;
const SYLLABLES: [&str; 16] = [
    "har", "лод", "win", "пар", "mor", "зав", "the", "чай", "cof", "вст", "lat", "ноч", "sea",
    "мор", "yes", "нет",
];

/// A word out of 4096, the first ones in up to a twelfth of all messages.
fn word(random: usize) -> String {
    let number = random % 4096;
    let number = number * number / 4096;
    [0, 4, 8]
        .map(|shift| SYLLABLES[(number >> shift) % 16])
        .concat()
}

/// Fills a profile with this many messages in [`CHATS`] chats; every tenth was
/// edited or reacted to.
pub(crate) fn make(profile: &Path, messages: usize) {
    drop(Db::open(profile).unwrap());
    let mut conn = Connection::open(profile.join("cache.db")).unwrap();
    conn.pragma_update(None, "synchronous", "OFF").unwrap();
    let users: Vec<UserId> = (0..100).map(|_| UserId::generate()).collect();
    let tx = conn.transaction().unwrap();
    for (key, value) in [
        ("user", users[0].to_string()),
        ("username", "me".to_owned()),
        ("session", uuid::Uuid::new_v4().to_string()),
        ("token", "token".to_owned()),
        ("community", uuid::Uuid::nil().to_string()),
    ] {
        tx.execute("INSERT INTO meta VALUES (?1, ?2)", [key, &value])
            .unwrap();
    }
    for (n, user) in users.iter().enumerate() {
        let name = if n == 0 {
            "me".into()
        } else {
            format!("user{n}")
        };
        tx.execute(
            "INSERT INTO users(id, username, name_key) VALUES (?1, ?2, ?2)",
            params![user.as_bytes(), name],
        )
        .unwrap();
    }
    let each = (messages / CHATS).max(1);
    for no in 1..=CHATS {
        tx.execute(
            "INSERT INTO chats(no, id, kind, name, title, members, info_rev, head, head_no, lo, hi,
               last_message, last_at, read, read_no)
             VALUES (?1, ?2, 1, ?3, ?3, 20, 1, ?4, ?4, 1, ?4, ?4, ?5, ?6, ?6)",
            params![
                no,
                ChatId::generate().as_bytes(),
                format!("group {no}"),
                each,
                (each * CHATS + no) as i64,
                each - no.min(each - 1) % 7,
            ],
        )
        .unwrap();
        for (position, user) in users.iter().take(20).enumerate() {
            tx.execute(
                "INSERT INTO members(chat_no, user, role, position, read) VALUES (?1, ?2, 0, ?3, ?4)",
                params![no, user.as_bytes(), position, each / 2],
            )
            .unwrap();
        }
    }
    {
        let mut entry = tx
            .prepare(
                "INSERT INTO entries(chat_no, seq, msg_no, kind, id, ref_seq, actor, at, body, backfill)
                 VALUES (?1, ?2, ?2, ?3, ?4, NULL, ?5, ?6, ?7, 0)",
            )
            .unwrap();
        let mut reaction = tx
            .prepare("INSERT INTO reactions VALUES (?1, ?2, ?3, '👍', ?2, 1)")
            .unwrap();
        for n in 0..each * CHATS {
            let (no, seq) = (n % CHATS + 1, n / CHATS + 1);
            // A small generator of our own: the same cache in every run.
            let random = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let words = [3, 15, 27, 39, 51].map(|shift| word(random >> shift));
            let text = format!("{} number {n}", words.join(" "));
            let (_, body) = Body::Message(Message::new(text)).encode().unwrap();
            let actor = users[n % 20];
            entry
                .execute(params![
                    no,
                    seq,
                    kind::MESSAGE,
                    EntryId::generate().as_bytes(),
                    actor.as_bytes(),
                    n as i64,
                    &body[..]
                ])
                .unwrap();
            if n % 10 == 0 {
                reaction
                    .execute(params![no, seq, users[n % 7].as_bytes()])
                    .unwrap();
            }
        }
    }
    tx.commit().unwrap();
}

/// Named measurements in milliseconds, with the figure each has to stay below.
pub(crate) fn measure(profile: &Path) -> Vec<(String, Option<f64>, Vec<f64>)> {
    let timed = |run: &mut dyn FnMut()| {
        let start = Instant::now();
        run();
        start.elapsed().as_secs_f64() * 1000.0
    };
    let mut results = Vec::new();
    let start = Instant::now();
    let mut db = Db::open(profile).unwrap();
    while db.index_some().unwrap() {}
    let indexed = start.elapsed().as_secs_f64() * 1000.0;
    results.push(("cache_index_all".to_owned(), None, vec![indexed]));
    let opened = (0..RUNS)
        .map(|_| {
            timed(&mut || {
                let mut db = Db::open(profile).unwrap();
                let chats = db.chats().unwrap();
                let page = db.timeline(chats[0].id, Anchor::Latest, 120).unwrap();
                assert_eq!((chats.len(), page.entries.len()), (CHATS, 120));
            })
        })
        .collect();
    results.push(("cache_open_list_page".to_owned(), Some(50.0), opened));
    let lists = (0..RUNS)
        .map(|_| {
            timed(&mut || {
                db.chats().unwrap();
            })
        })
        .collect();
    results.push(("cache_chats".to_owned(), None, lists));
    let chats = db.chats().unwrap();
    let pages = chats
        .iter()
        .take(RUNS)
        .map(|chat| {
            timed(&mut || {
                db.timeline(chat.id, Anchor::Before(chat.head / 2), 120)
                    .unwrap();
            })
        })
        .collect();
    results.push(("cache_timeline".to_owned(), None, pages));
    for (name, query, chat) in [
        ("common_word", "harharhar", None),
        ("common_words", "harharhar лодharhar", None),
        ("beginning", "harlat", None),
        ("one_letter", "h", None),
        ("in_all", "number", None),
        ("rare", "777777", None),
        ("in_a_chat", "harharhar", Some(chats[7].id)),
        ("nothing", "harharhar nowhere", None),
    ] {
        let runs = (0..RUNS)
            .map(|_| {
                timed(&mut || {
                    db.search(query, chat, 50, None).unwrap();
                })
            })
            .collect();
        // A word of every message is no word to search for.
        let target = (name != "in_all").then_some(150.0);
        results.push((format!("cache_search_{name}"), target, runs));
    }
    results
}
