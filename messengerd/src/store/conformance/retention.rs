//! Entries that go.

use proto::entry::{Body, Edited, kind};
use proto::id::EntryId;
use proto::limits::DIGEST_BLOCK;
use proto::request::ChatSettings;

use super::{AT, Bed, act, actor, message};
use crate::store::changes::{Change, MessageChange};
use crate::store::groups::{ChatChange, RaisedFloor};
use crate::store::{ChatRecord, CursorMove, UserRecord};

const DAY: i64 = 24 * 60 * 60 * 1000;

/// A chat that keeps its entries for a day, and the two in it.
async fn short_lived(bed: &Bed) -> (ChatRecord, UserRecord, UserRecord) {
    let (ann, bob) = (bed.user("ann").await, bed.user("bob").await);
    let chat = bed.group(&[&ann, &bob]).await;
    let change = ChatChange {
        settings: Some(ChatSettings {
            message_retention: 1,
            ..ChatSettings::default()
        }),
        ..ChatChange::default()
    };
    bed.store
        .change_chat(act(&chat, &ann), change)
        .await
        .unwrap();
    (bed.now(&chat).await, ann, bob)
}

fn change(chat: &ChatRecord, by: &UserRecord, seq: u64, what: Change) -> MessageChange {
    MessageChange {
        chat: chat.no,
        chat_id: chat.id,
        acl_rev: chat.acl_rev,
        actor: actor(by),
        id: EntryId::generate(),
        seq,
        at: AT,
        what,
    }
}

async fn seqs(bed: &Bed, chat: &ChatRecord) -> (Vec<u64>, u64) {
    let page = bed.store.entries_after(chat.no, 0, 9000, 1 << 20).await;
    let page = page.unwrap();
    let seqs = page.entries.iter().map(|entry| entry.seq).collect();
    (seqs, page.floor)
}

pub(crate) async fn old_entries_go_with_all_that_hangs_on_them(bed: Bed) {
    let (chat, ann, bob) = short_lived(&bed).await;
    // 1 and 2: made and settings. 3: old.
    bed.write(&chat, &ann, "old words", AT).await;
    let (_, edit) = Body::Edited(Edited {
        text: "older words".to_owned(),
    })
    .encode()
    .unwrap();
    for what in [
        Change::Edit(edit),
        Change::React {
            emoji: "👍".to_owned(),
            on: true,
        },
        Change::Pin { on: true },
    ] {
        bed.store
            .change_message(change(&chat, &ann, 3, what))
            .await
            .unwrap();
    }
    bed.write(&chat, &ann, "young words", AT + DAY).await;
    bed.index().await;
    let expire = |now| bed.store.expire_entries(now, 100);
    // To the millisecond.
    assert_eq!(expire(AT + DAY).await.unwrap(), (vec![], false));
    bed.feed.take();
    let (raised, more) = expire(AT + DAY + 1).await.unwrap();
    let floor = RaisedFloor {
        chat: chat.id,
        floor: 6,
    };
    assert_eq!((raised, more), (vec![floor], false));
    assert!(bed.feed.take().is_empty());
    assert_eq!(seqs(&bed, &chat).await, (vec![7], 6));
    assert_eq!(expire(AT + DAY + 1).await.unwrap(), (vec![], false));
    assert_eq!(bed.store.pins(chat.no).await.unwrap(), []);
    assert_eq!(bed.store.entry(chat.no, 3).await.unwrap(), None);
    // Nothing unread is lost to a count; what was unread is read now.
    let head = bed.store.head(chat.no, bob.no).await.unwrap().unwrap();
    assert_eq!((head.seq, head.floor, head.read), (7, 6, 6));
    assert_eq!(head.delivered, 6);
    assert_eq!(head.msg_no - head.read_no, 1);
    let (cursors, _) = bed.store.cursors(chat.no).await.unwrap();
    for cursor in cursors {
        assert_eq!((cursor.read, cursor.read_no), (6, 1));
        assert_eq!((cursor.shown.read, cursor.shown.delivered), (6, 6));
    }
    let query = crate::store::changes::SearchQuery {
        user: ann.no,
        words: vec!["words".to_owned()],
        chat: None,
        before: None,
        limit: 10,
    };
    let found = bed.store.search(query).await.unwrap();
    assert_eq!((found.found.len(), found.behind), (1, 0));
    assert_eq!(found.found[0].entry.seq, 7);
    // The log goes on where it was, an emptied one, too.
    let later = expire(AT + 3 * DAY).await.unwrap();
    assert_eq!(later.0.len(), 1);
    assert_eq!(seqs(&bed, &chat).await, (vec![], 7));
    let landed = bed.write(&chat, &bob, "new", AT + 3 * DAY).await;
    assert_eq!((landed.seq, landed.msg_no), (8, 3));
    let head = bed.store.head(chat.no, bob.no).await.unwrap().unwrap();
    assert_eq!(head.msg_no - head.read_no, 1);
}

pub(crate) async fn a_floor_is_raised_in_slices(bed: Bed) {
    let (chat, ann, bob) = short_lived(&bed).await;
    for _ in 0..10 {
        bed.write(&chat, &ann, "x", AT).await;
    }
    let ahead = CursorMove {
        chat: chat.no,
        user: bob.no,
        read: 8,
        delivered: 9,
        shown: true,
    };
    bed.store.move_cursors(vec![ahead]).await.unwrap();
    let mut floors = Vec::new();
    loop {
        let (raised, more) = bed.store.expire_entries(AT + 2 * DAY, 5).await.unwrap();
        floors.extend(raised.iter().map(|raised| raised.floor));
        let head = bed.store.head(chat.no, bob.no).await.unwrap().unwrap();
        assert!(head.read >= head.floor && head.read >= 8);
        if !more {
            break;
        }
    }
    assert_eq!(floors, [5, 10, 12]);
    assert_eq!(seqs(&bed, &chat).await, (vec![], 12));
}

pub(crate) async fn a_digest_above_the_floor(bed: Bed) {
    let (chat, ann, _) = short_lived(&bed).await;
    let pending: Vec<_> = (0..2 * DIGEST_BLOCK)
        .map(|number| {
            let mut append = message(&chat, &ann, "x");
            append.at = AT + number as i64;
            bed.store.append(append).unwrap()
        })
        .collect();
    for landed in pending {
        landed.await.unwrap();
    }
    let head = 2 * DIGEST_BLOCK + 2;
    // Whole blocks are kept from here on.
    bed.store.digest(chat.no, 0, head).await.unwrap();
    let now = AT + DAY + 100;
    while bed.store.expire_entries(now, 50).await.unwrap().1 {}
    let floor = 102;
    let after = bed.store.digest(chat.no, floor, head).await.unwrap();
    let (cut, from, digest) = bed.store.digest(chat.no, 0, head).await.unwrap();
    assert_eq!((cut, from), (head, floor));
    assert_eq!(after, (head, floor, digest));
    let page = bed.store.entries_after(chat.no, 0, 9000, 1 << 20).await;
    let entries = page.unwrap().entries;
    assert_eq!(entries[0].seq, floor + 1);
    assert_eq!(digest, super::logs::of_entries(&entries));
}

pub(crate) async fn a_chat_without_retention_keeps_everything(bed: Bed) {
    let ann = bed.user("ann").await;
    let chat = bed.group(&[&ann]).await;
    bed.write(&chat, &ann, "x", AT).await;
    let expired = bed.store.expire_entries(AT + 1000 * DAY, 100).await;
    assert_eq!(expired.unwrap(), (vec![], false));
    assert_eq!(bed.kinds(&chat).await, [kind::CREATED, kind::MESSAGE]);
}

pub(crate) async fn what_a_deleted_chat_held_goes(bed: Bed) {
    let ann = bed.user("ann").await;
    let chat = bed.group(&[&ann]).await;
    for _ in 0..9 {
        bed.write(&chat, &ann, "x", AT).await;
    }
    bed.index().await;
    bed.store.delete_chat(act(&chat, &ann)).await.unwrap();
    loop {
        let (raised, more) = bed.store.expire_entries(AT, 4).await.unwrap();
        assert_eq!(raised, [], "nobody is left to tell");
        if !more {
            break;
        }
    }
    let (left, _) = seqs(&bed, &chat).await;
    assert_eq!(left, Vec::<u64>::new());
    assert_eq!(
        bed.store.expire_entries(AT, 4).await.unwrap(),
        (vec![], false)
    );
}
