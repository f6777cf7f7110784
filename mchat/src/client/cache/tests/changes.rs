//! What was done to messages, in whatever order it comes.

use proto::entry::{Deleted, Edited, Forwarded, Pinned, Reacted};
use proto::event::ReceiptCounts;

use super::*;
use crate::client::model::{EntryRow, OutboxKind, Receipt};

fn change(seq: Seq, target: Seq, actor: UserId, body: &Body) -> Entry {
    let (kind, body) = body.encode().unwrap();
    Entry {
        seq,
        kind,
        id: EntryId(Uuid::from_u128(u128::from(seq))),
        msg_no: 0,
        ref_seq: Some(target),
        actor,
        at: seq as i64,
        body,
    }
}

fn edited(seq: Seq, target: Seq, text: &str) -> Entry {
    let body = Body::Edited(Edited { text: text.into() });
    change(seq, target, OTHER, &body)
}

fn reacted(seq: Seq, target: Seq, actor: UserId, on: bool) -> Entry {
    let emoji = "👍".into();
    change(seq, target, actor, &Body::Reacted(Reacted { emoji, on }))
}

fn said(seq: Seq, actor: UserId, text: &str) -> Entry {
    let (_, body) = Body::Message(Message::new(text)).encode().unwrap();
    Entry {
        body,
        ..entry(0, seq, actor)
    }
}

fn put(db: &mut Db, entries: Vec<Entry>, backfill: bool) {
    let write = Write::Entries {
        chat: chat(0),
        entries,
        floor: 0,
        live: !backfill,
        backfill,
    };
    assert!(!db.apply(&[write]).unwrap().ranges[0].disjoint);
}

fn shown(db: &Db, seq: Seq) -> EntryRow {
    db.entry(chat(0), seq).unwrap().unwrap()
}

/// A log that does everything, as one page, as it happens and backwards.
#[test]
fn the_state_of_messages_does_not_depend_on_the_order_of_pages() {
    let log = vec![
        said(1, OTHER, "one"),
        said(2, OTHER, "two"),
        said(3, OTHER, "three"),
        reacted(4, 1, ME, true),
        reacted(5, 1, OTHER, true),
        edited(6, 2, "two, better"),
        change(7, 2, ME, &Body::Pinned(Pinned { on: true })),
        reacted(8, 1, OTHER, false),
        edited(9, 2, "two, best @me"),
        edited(10, 3, "three, better"),
        reacted(11, 3, OTHER, true),
        change(12, 3, OTHER, &Body::Deleted(Deleted {})),
        change(13, 1, ME, &Body::Pinned(Pinned { on: true })),
        change(14, 1, ME, &Body::Pinned(Pinned { on: false })),
    ];
    let whole: Vec<Vec<Entry>> = vec![log.clone()];
    let forwards: Vec<Vec<Entry>> = log.iter().map(|entry| vec![entry.clone()]).collect();
    let backwards: Vec<Vec<Entry>> = log.chunks(2).rev().map(<[Entry]>::to_vec).collect();
    for (n, pages) in [whole, forwards, backwards].into_iter().enumerate() {
        let (_dir, mut db) = open();
        for page in pages {
            put(&mut db, page.clone(), n == 2);
            // What comes twice changes nothing.
            put(&mut db, page, n == 2);
        }
        let one = shown(&db, 1);
        assert_eq!(one.reactions.len(), 1);
        assert_eq!((one.reactions[0].count, one.reactions[0].mine), (1, true));
        assert!(!one.pinned);
        let two = shown(&db, 2);
        assert_eq!((two.text(), two.edits), (Some("two, best @me"), 2));
        assert!(two.pinned && two.mention);
        let history = db.edit_history(chat(0), 2).unwrap();
        let texts: Vec<&str> = history.iter().map(|edit| edit.text.as_str()).collect();
        assert_eq!(texts, ["two", "two, better", "two, best @me"]);
        let three = shown(&db, 3);
        assert!(three.deleted && three.reactions.is_empty());
        assert_eq!((three.text(), three.edits), (Some(""), 0));
        assert!(db.edit_history(chat(0), 3).unwrap().is_empty());
        assert_eq!(db.pins(chat(0)).unwrap().len(), 1);
        let row = db.chat(chat(0)).unwrap().unwrap();
        assert_eq!((row.mentions, row.last.unwrap().seq), (1, 3));
        assert_eq!(seqs(&mut db, 0), [1, 2, 3, 7, 13, 14]);
    }
}

#[test]
fn nothing_of_a_deleted_text_stays_in_the_cache() {
    let (dir, mut db) = open();
    put(
        &mut db,
        vec![
            said(1, OTHER, "first-secret"),
            edited(2, 1, "second-secret"),
        ],
        false,
    );
    while db.index_some().unwrap() {}
    assert_eq!(db.search("secret", None, 9, None).unwrap().hits.len(), 1);
    put(
        &mut db,
        vec![change(3, 1, OTHER, &Body::Deleted(Deleted {}))],
        false,
    );
    assert!(db.search("secret", None, 9, None).unwrap().hits.is_empty());
    for seq in 1..=3 {
        let row = shown(&db, seq);
        assert!(!format!("{:?}", row.body).contains("secret"), "{row:?}");
    }
    db.conn
        .pragma_update(None, "wal_checkpoint", "TRUNCATE")
        .unwrap();
    let bytes = std::fs::read(dir.path().join("cache.db")).unwrap();
    let holds = |text: &[u8]| bytes.windows(text.len()).any(|part| part == text);
    assert!(!holds(b"first-secret") && !holds(b"second-secret"));
}

#[test]
fn a_text_that_comes_after_its_deletion_is_not_kept() {
    let (_dir, mut db) = open();
    put(
        &mut db,
        vec![change(5, 3, OTHER, &Body::Deleted(Deleted {}))],
        false,
    );
    put(
        &mut db,
        vec![said(3, OTHER, "secret @me"), edited(4, 3, "secret @me")],
        true,
    );
    let rows = db.entries(chat(0), 0, 10).unwrap();
    assert!(!format!("{rows:?}").contains("secret"));
    assert_eq!(db.chat(chat(0)).unwrap().unwrap().mentions, 0);
}

#[test]
fn what_belongs_to_messages_below_the_floor_goes_with_them() {
    let (_dir, mut db) = open();
    put(
        &mut db,
        vec![
            said(1, OTHER, "one @me"),
            said(2, OTHER, "two"),
            reacted(3, 1, OTHER, true),
            edited(4, 1, "one again @me"),
        ],
        false,
    );
    while db.index_some().unwrap() {}
    db.apply(&[Write::Entries {
        chat: chat(0),
        entries: Vec::new(),
        floor: 1,
        live: false,
        backfill: false,
    }])
    .unwrap();
    for table in ["edits", "reactions", "mentions"] {
        let left: u32 = db
            .conn
            .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(left, 0, "{table}");
    }
    assert!(db.search("one", None, 9, None).unwrap().hits.is_empty());
    assert_eq!(db.search("two", None, 9, None).unwrap().hits.len(), 1);
}

#[test]
fn a_reply_quotes_the_present_text() {
    let (_dir, mut db) = open();
    let mut reply = said(2, ME, "yes");
    reply.ref_seq = Some(1);
    let mut to_missing = said(3, ME, "and this?");
    to_missing.ref_seq = Some(99);
    put(
        &mut db,
        vec![said(1, OTHER, "old"), reply, to_missing],
        false,
    );
    put(&mut db, vec![edited(4, 1, "new")], false);
    let quote = shown(&db, 2).quote.unwrap();
    assert_eq!((quote.seq, quote.text.as_str()), (1, "new"));
    assert!(quote.author.is_some());
    assert_eq!(shown(&db, 3).quote.unwrap().author, None);
    put(
        &mut db,
        vec![change(5, 1, OTHER, &Body::Deleted(Deleted {}))],
        false,
    );
    let quote = shown(&db, 2).quote.unwrap();
    assert!(quote.deleted && quote.text.is_empty());
}

#[test]
fn mentions_count_while_they_are_unread() {
    let (_dir, mut db) = open();
    let entries = vec![
        said(1, OTHER, "hello @me"),
        said(2, OTHER, "mail me@me"),
        said(3, ME, "I am @me"),
        said(4, OTHER, "@ME!"),
    ];
    put(&mut db, entries, false);
    let mentions = |db: &mut Db| db.chat(chat(0)).unwrap().unwrap().mentions;
    assert_eq!(mentions(&mut db), 2);
    db.mark_read(chat(0), 1).unwrap();
    assert_eq!(mentions(&mut db), 1);
    put(&mut db, vec![edited(5, 4, "never mind")], false);
    assert_eq!(mentions(&mut db), 0);
}

#[test]
fn who_is_forwarded_is_named() {
    let (_dir, mut db) = open();
    db.apply(&[Write::Infos(vec![info(0, "g")])]).unwrap();
    let mut entry = said(1, ME, "");
    let body = Body::Message(Message {
        forwarded: Some(Forwarded { user: OTHER, at: 0 }),
        ..Message::new("quoted")
    });
    (_, entry.body) = body.encode().unwrap();
    put(&mut db, vec![entry], false);
    assert_eq!(shown(&db, 1).forwarded.as_deref(), Some("other"));
}

#[test]
fn own_messages_show_how_far_they_got() {
    let (_dir, mut db) = open();
    db.apply(&[Write::Infos(vec![info(0, "g")])]).unwrap();
    put(
        &mut db,
        vec![said(1, ME, "a"), said(2, ME, "b"), said(3, OTHER, "c")],
        false,
    );
    let moved = CursorMoved {
        chat: chat(0),
        user: OTHER,
        read: 1,
        read_no: 1,
        delivered: 2,
        cursor_rev: 1,
    };
    db.apply(&[Write::Cursor { moved, next: true }]).unwrap();
    let receipt = |db: &mut Db, seq: Seq| {
        let timeline = db.timeline(chat(0), Anchor::Latest, 10).unwrap();
        let row = timeline.entries.into_iter().find(|row| row.seq == seq);
        row.unwrap().receipt
    };
    let of = |delivered, read| {
        Some(Receipt {
            delivered,
            read,
            of: 1,
        })
    };
    assert_eq!(receipt(&mut db, 1), of(1, 1));
    assert_eq!(receipt(&mut db, 2), of(1, 0));
    assert_eq!(receipt(&mut db, 3), None);
    let rows = db.receipts(chat(0), 2).unwrap();
    assert_eq!(rows.len(), 1);
    assert!(rows[0].delivered && !rows[0].read);
    let counts = ReceiptCounts {
        chat: chat(0),
        seq: 2,
        delivered: 1,
        read: 1,
        members: 1,
    };
    db.apply(&[Write::Counts(counts)]).unwrap();
    assert_eq!(receipt(&mut db, 2), of(1, 1));
}

fn typed(id: u128, kind: OutboxKind, text: &str) -> OutboxRow {
    OutboxRow {
        kind,
        text: text.into(),
        ..row(0, id)
    }
}

#[test]
fn changes_on_their_way_are_shown() {
    let (_dir, mut db) = open();
    put(
        &mut db,
        vec![
            said(1, ME, "a"),
            said(2, OTHER, "b"),
            said(3, ME, "c"),
            reacted(4, 2, ME, true),
        ],
        false,
    );
    for change in [
        typed(1, OutboxKind::Edit { seq: 1 }, "A"),
        typed(2, OutboxKind::React { seq: 2, on: false }, "👍"),
        typed(3, OutboxKind::React { seq: 2, on: true }, "🎉"),
        typed(4, OutboxKind::Delete { seq: 3 }, ""),
        typed(5, OutboxKind::Pin { seq: 1, on: true }, ""),
    ] {
        db.enqueue(&change).unwrap();
    }
    let timeline = db.timeline(chat(0), Anchor::Latest, 10).unwrap();
    assert_eq!((timeline.changes.len(), timeline.outbox.len()), (5, 0));
    let rows = timeline.entries;
    assert_eq!(rows[0].text(), Some("A"));
    assert!(rows[0].pinned && rows[0].pending);
    assert_eq!(rows[1].reactions.len(), 1);
    assert_eq!(rows[1].reactions[0].emoji, "🎉");
    assert!(rows[2].deleted);
    assert_eq!(db.outgoing(10).unwrap().len(), 5);
}

#[test]
fn an_outbox_of_before_goes_out() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cache.db");
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch(include_str!("../0001_cache.sql"))
        .unwrap();
    old.execute_batch(include_str!("../0002_own.sql")).unwrap();
    old.execute(
        "INSERT INTO meta VALUES ('profile_id', ?1)",
        [Uuid::nil().to_string()],
    )
    .unwrap();
    old.execute(
        "INSERT INTO outbox(id, chat, text, reply_to, at) VALUES (?1, ?2, 'typed', 3, 0)",
        rusqlite::params![[7u8; 16], chat(0).as_bytes()],
    )
    .unwrap();
    old.execute_batch(
        "INSERT INTO chats(id, title, info_rev) VALUES (x'00112233445566778899aabbccddeeff', 't', 5);
         PRAGMA user_version = 2;",
    )
    .unwrap();
    drop(old);
    let db = Db::open(dir.path()).unwrap();
    let row = &db.outgoing(10).unwrap()[0];
    assert_eq!(
        (row.kind, row.text.as_str()),
        (OutboxKind::Message, "typed")
    );
    assert_eq!(row.reply_to, Some(3));
    assert_eq!(
        db.chat_states().unwrap()[0].info_rev,
        -1,
        "to be described anew"
    );
}

#[test]
fn drafts_are_kept_by_chat() {
    let (dir, mut db) = open();
    db.save_draft(chat(0), "one", 1).unwrap();
    db.save_draft(chat(1), "two", 2).unwrap();
    db.save_draft(chat(0), "three", 3).unwrap();
    drop(db);
    let mut db = Db::open(dir.path()).unwrap();
    let all = db.drafts().unwrap();
    assert_eq!(
        all,
        [(chat(0), "three".to_owned()), (chat(1), "two".to_owned())]
    );
    db.save_draft(chat(0), "", 4).unwrap();
    assert_eq!(db.drafts().unwrap().len(), 1);
}
