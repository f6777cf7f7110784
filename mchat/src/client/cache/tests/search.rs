//! Finding messages in the cache.

use super::*;

fn said(n: u128, seq: Seq, at: i64, text: &str) -> Write {
    let (_, body) = Body::Message(Message::new(text)).encode().unwrap();
    Write::Entries {
        chat: chat(n),
        entries: vec![Entry {
            at,
            body,
            ..entry(n, seq, OTHER)
        }],
        floor: 0,
        live: true,
        backfill: false,
    }
}

fn found(db: &mut Db, query: &str, chat: Option<ChatId>) -> Vec<(ChatId, Seq)> {
    let page = db.search(query, chat, 50, None).unwrap();
    assert_eq!(page.behind, 0);
    page.hits.iter().map(|hit| (hit.chat, hit.seq)).collect()
}

#[test]
fn every_word_is_in_what_is_found_and_the_beginning_is_enough() {
    let (_dir, mut db) = open();
    db.apply(&[
        said(0, 1, 10, "Ёжик пьёт чай"),
        said(0, 2, 30, "The café is open"),
        said(1, 1, 20, "A hedgehog in the cafe, 2024-05"),
    ])
    .unwrap();
    assert_eq!(db.search("cafe", None, 9, None).unwrap().behind, 3);
    while db.index_some().unwrap() {}
    assert_eq!(found(&mut db, "ЕЖ", None), [(chat(0), 1)]);
    // The latest first, whatever chat it is in.
    assert_eq!(found(&mut db, "CAF", None), [(chat(0), 2), (chat(1), 1)]);
    assert_eq!(found(&mut db, "cafe hedge", None), [(chat(1), 1)]);
    assert_eq!(found(&mut db, "cafe", Some(chat(1))), [(chat(1), 1)]);
    assert_eq!(found(&mut db, "2024 05", None), [(chat(1), 1)]);
    assert!(found(&mut db, "afe", None).is_empty());
    assert!(found(&mut db, "\"' *(", None).is_empty());
    assert!(found(&mut db, "NEAR AND OR", None).is_empty());
    assert!(found(&mut db, "cafe", Some(chat(7))).is_empty());
}

#[test]
fn pages_of_results_neither_repeat_nor_leave_out() {
    let (_dir, mut db) = open();
    for seq in 1..=25 {
        // Several of the same millisecond.
        db.apply(&[said(0, seq, (seq / 4) as i64, "word")]).unwrap();
    }
    while db.index_some().unwrap() {}
    let mut all = Vec::new();
    let mut before = None;
    loop {
        let page = db.search("word", None, 7, before).unwrap();
        all.extend(page.hits.iter().map(|hit| hit.id));
        before = page.next;
        if !page.more {
            break;
        }
        assert_eq!(page.hits.len(), 7);
    }
    let whole = db.search("word", None, 50, None).unwrap().hits;
    assert_eq!(all.len(), 25);
    assert_eq!(all, whole.iter().map(|hit| hit.id).collect::<Vec<_>>());
}

#[test]
fn what_was_edited_is_found_by_its_present_text() {
    let (_dir, mut db) = open();
    db.apply(&[said(0, 1, 1, "apple")]).unwrap();
    while db.index_some().unwrap() {}
    let body = Body::Edited(proto::entry::Edited {
        text: "pear".into(),
    });
    let (kind, body) = body.encode().unwrap();
    db.apply(&[Write::Entries {
        chat: chat(0),
        entries: vec![Entry {
            kind,
            body,
            ref_seq: Some(1),
            ..entry(0, 2, OTHER)
        }],
        floor: 0,
        live: true,
        backfill: false,
    }])
    .unwrap();
    while db.index_some().unwrap() {}
    assert!(found(&mut db, "apple", None).is_empty());
    let hits = db.search("pear", None, 9, None).unwrap().hits;
    assert_eq!(hits[0].text(), Some("pear"));
}
