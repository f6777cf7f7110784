//! Appends: numbers, repeats, refusals, order.

use proto::entry::kind;

use super::{AT, Bed, act, actor, message, new_private, new_session, new_user};
use crate::store::groups::Act;
use crate::store::{ChatNo, Committed, StoreError};

pub(crate) async fn numbers_are_gapless(bed: Bed) {
    let ann = bed.user("ann").await;
    let chat = bed.group(&[&ann]).await;
    for number in 1..=5 {
        let landed = bed.say(&chat, &ann, "x").await.unwrap();
        assert_eq!((landed.seq, landed.msg_no), (number + 1, number));
        assert_eq!((landed.at, landed.dup), (AT, false));
    }
}

pub(crate) async fn concurrent_appends_are_gapless(bed: Bed) {
    let (ann, bob) = (bed.user("ann").await, bed.user("bob").await);
    let chats = [
        bed.group(&[&ann, &bob]).await,
        bed.group(&[&ann, &bob]).await,
        bed.group(&[&ann, &bob]).await,
    ];
    let mut pending = Vec::new();
    for number in 0..900 {
        let who = if number % 2 == 0 { &ann } else { &bob };
        let append = message(&chats[number % 3], who, "x");
        pending.push((number % 3, bed.store.append(append).unwrap()));
    }
    let mut next = [2, 2, 2];
    for (chat, landed) in pending {
        // Queued in this order, so they land in it.
        assert_eq!(landed.await.unwrap().seq, next[chat]);
        next[chat] += 1;
    }
    for chat in &chats {
        let page = bed.store.entries_after(chat.no, 0, 1000, 1 << 20).await;
        let page = page.unwrap();
        let numbers: Vec<_> = page.entries.iter().map(|e| (e.seq, e.msg_no)).collect();
        let wanted: Vec<_> = (1..=301).map(|seq| (seq, seq - 1)).collect();
        assert_eq!(numbers, wanted);
    }
}

pub(crate) async fn other_kinds_count_no_message(bed: Bed) {
    let ann = bed.user("ann").await;
    let chat = bed.group(&[&ann]).await;
    bed.say(&chat, &ann, "x").await.unwrap();
    let mut other = message(&chat, &ann, "reaction");
    other.kind = 900;
    other.ref_seq = Some(2);
    let landed = bed.store.append(other).unwrap().await.unwrap();
    assert_eq!((landed.seq, landed.msg_no), (3, 1));
}

pub(crate) async fn a_repeat_returns_the_first(bed: Bed) {
    let ann = bed.user("ann").await;
    let chat = bed.group(&[&ann]).await;
    let append = message(&chat, &ann, "once");
    let first = bed.store.append(append.clone()).unwrap().await.unwrap();
    bed.say(&chat, &ann, "between").await.unwrap();
    bed.feed.take();
    let mut repeat = append;
    repeat.at = AT + 1000;
    let second = bed.store.append(repeat).unwrap().await.unwrap();
    assert!(second.dup);
    assert_eq!((second.seq, second.msg_no), (first.seq, first.msg_no));
    assert_eq!(second.at, AT);
    assert!(bed.feed.take().is_empty(), "a repeat is no news");
    assert_eq!(bed.say(&chat, &ann, "next").await.unwrap().seq, 4);
}

pub(crate) async fn equal_ids_in_one_batch(bed: Bed) {
    let ann = bed.user("ann").await;
    let chat = bed.group(&[&ann]).await;
    let append = message(&chat, &ann, "x");
    let pending: Vec<_> = (0..50)
        .map(|_| bed.store.append(append.clone()).unwrap())
        .collect();
    let mut fresh = 0;
    for landed in pending {
        let landed = landed.await.unwrap();
        assert_eq!(landed.seq, 2);
        fresh += u32::from(!landed.dup);
    }
    assert_eq!(fresh, 1);
    assert_eq!(bed.say(&chat, &ann, "next").await.unwrap().seq, 3);
}

pub(crate) async fn a_foreign_id_is_a_conflict(bed: Bed) {
    let (ann, bob) = (bed.user("ann").await, bed.user("bob").await);
    let chat = bed.group(&[&ann, &bob]).await;
    let elsewhere = bed.group(&[&ann]).await;
    let append = message(&chat, &ann, "x");
    bed.store.append(append.clone()).unwrap().await.unwrap();
    let mut by_bob = append.clone();
    by_bob.actor = actor(&bob);
    let mut in_other_chat = append;
    (in_other_chat.chat, in_other_chat.chat_id) = (elsewhere.no, elsewhere.id);
    for foreign in [by_bob, in_other_chat] {
        let refused = bed.store.append(foreign).unwrap().await;
        assert!(matches!(refused, Err(StoreError::Conflict)));
    }
    assert_eq!(bed.say(&chat, &ann, "next").await.unwrap().seq, 3);
}

pub(crate) async fn a_stale_revision_of_a_member_lands(bed: Bed) {
    let (ann, bob) = (bed.user("ann").await, bed.user("bob").await);
    let chat = bed.group(&[&ann]).await;
    bed.store
        .add_members(act(&chat, &ann), vec![actor(&bob)])
        .await
        .unwrap();
    assert_eq!(bed.say(&chat, &ann, "x").await.unwrap().seq, 3);
}

pub(crate) async fn nothing_of_a_removed_member_lands(bed: Bed) {
    let (ann, bob) = (bed.user("ann").await, bed.user("bob").await);
    let chat = bed.group(&[&ann, &bob]).await;
    // All allowed under the same revision, the removal somewhere between.
    let say = || bed.store.append(message(&chat, &bob, "x")).unwrap();
    let before: Vec<_> = (0..300).map(|_| say()).collect();
    let removed = bed.store.remove_member(act(&chat, &ann), actor(&bob));
    let after: Vec<_> = (0..300).map(|_| say()).collect();
    removed.await.unwrap();
    for landed in before {
        landed.await.unwrap();
    }
    for refused in after {
        assert!(matches!(refused.await, Err(StoreError::NoAccess)));
    }
    let page = bed.store.entries_before(chat.no, 0, None, 2, 1000).await;
    let kinds: Vec<_> = page.unwrap().entries.iter().map(|e| e.kind).collect();
    assert_eq!(kinds, [kind::MESSAGE, kind::MEMBER_LEFT]);
    assert_eq!(bed.say(&chat, &ann, "x").await.unwrap().seq, 303);
}

pub(crate) async fn an_unknown_chat_has_no_access(bed: Bed) {
    let ann = bed.user("ann").await;
    let mut chat = bed.group(&[&ann]).await;
    chat.no = ChatNo(4711);
    let refused = bed.say(&chat, &ann, "x").await;
    assert!(matches!(refused, Err(StoreError::NoAccess)));
}

pub(crate) async fn a_failing_write_harms_no_neighbour(bed: Bed) {
    let (ann, bob) = (bed.user("ann").await, bed.user("bob").await);
    let chat = bed.group(&[&ann]).await;
    // A change of members that fails behind its first statements: its entry's
    // id is in use.
    let used = message(&chat, &ann, "x");
    let mut landing = vec![bed.store.append(used.clone()).unwrap()];
    let mut failing = Vec::new();
    for _ in 0..20 {
        landing.push(bed.store.append(message(&chat, &ann, "x")).unwrap());
        failing.push(bed.store.add_members(
            Act {
                entry: used.id,
                ..act(&chat, &ann)
            },
            vec![actor(&bob)],
        ));
        landing.push(bed.store.append(message(&chat, &ann, "x")).unwrap());
        drop(bed.store.create_user(new_user("ann"), new_session()));
    }
    for (number, landed) in landing.into_iter().enumerate() {
        assert_eq!(landed.await.unwrap().seq, number as u64 + 2);
    }
    for failed in failing {
        assert!(matches!(failed.await, Err(StoreError::Conflict)));
    }
    let now = bed.store.chat(chat.id).await.unwrap().unwrap();
    assert_eq!((now.members.len(), now.acl_rev), (1, chat.acl_rev));
    let (log, _) = bed.store.account_entries(bob.no, 0, 10).await.unwrap();
    assert_eq!(log.len(), 1, "bob joined nothing");
}

pub(crate) async fn the_feed_hears_in_order_before_the_answer(bed: Bed) {
    let (ann, bob) = (bed.user("ann").await, bed.user("bob").await);
    let chat = bed
        .store
        .create_chat(new_private(&ann, Some(&bob)))
        .await
        .unwrap();
    bed.feed.take();
    let append = message(&chat, &bob, "hello");
    let landed = bed.store.append(append.clone()).unwrap().await.unwrap();
    let told = bed.feed.take();
    let [
        Committed::Entry {
            chat: no,
            chat_id,
            acl_rev,
            entry,
        },
    ] = told.as_slice()
    else {
        panic!("told {told:?}");
    };
    assert_eq!((*no, *chat_id, *acl_rev), (chat.no, chat.id, chat.acl_rev));
    assert_eq!((entry.seq, entry.id), (landed.seq, append.id));
    assert_eq!((entry.actor, &entry.body), (bob.id, &append.body));

    let pending: Vec<_> = (0..700)
        .map(|_| bed.store.append(message(&chat, &ann, "x")).unwrap())
        .collect();
    for landed in pending {
        landed.await.unwrap();
    }
    let seqs: Vec<_> = bed
        .feed
        .take()
        .iter()
        .map(|event| match event {
            Committed::Entry { entry, .. } => entry.seq,
            other => panic!("told {other:?}"),
        })
        .collect();
    assert_eq!(seqs, (3..=702).collect::<Vec<_>>());
}

pub(crate) async fn a_closed_store_refuses(bed: Bed) {
    let ann = bed.user("ann").await;
    let chat = bed.group(&[&ann]).await;
    let pending: Vec<_> = (0..100)
        .map(|_| bed.store.append(message(&chat, &ann, "x")).unwrap())
        .collect();
    bed.store.close().await.unwrap();
    for landed in pending {
        landed.await.unwrap();
    }
    let late = bed.store.append(message(&chat, &ann, "x"));
    assert!(matches!(late.err(), Some(StoreError::Unavailable(_))));
    let read = bed.store.heads(ann.no).await;
    assert!(matches!(read, Err(StoreError::Unavailable(_))));
    bed.store.close().await.unwrap();
}
