//! Edits, deletions, reactions, pins.

use bytes::Bytes;
use proto::entry::{Body, Edited, Entry, kind};
use proto::id::EntryId;
use proto::limits::{PINS, REACTIONS_EACH};

use super::{AT, Bed, act, actor, message, new_private};
use crate::store::changes::{Change, MessageChange};
use crate::store::{Appended, ChatRecord, Committed, StoreError, UserRecord};

fn edit(text: &str) -> Change {
    let (_, body) = Body::Edited(Edited { text: text.into() }).encode().unwrap();
    Change::Edit(body)
}

fn react(emoji: &str, on: bool) -> Change {
    Change::React {
        emoji: emoji.to_owned(),
        on,
    }
}

fn change(chat: &ChatRecord, by: &UserRecord, seq: u64, what: Change) -> MessageChange {
    MessageChange {
        chat: chat.no,
        chat_id: chat.id,
        acl_rev: chat.acl_rev,
        actor: actor(by),
        id: EntryId::generate(),
        seq,
        at: AT + 7,
        what,
    }
}

async fn all(bed: &Bed, chat: &ChatRecord) -> Vec<Entry> {
    let page = bed.store.entries_after(chat.no, 0, 10_000, 1 << 20).await;
    page.unwrap().entries
}

struct Stage {
    ann: UserRecord,
    bob: UserRecord,
    chat: ChatRecord,
}

impl Stage {
    /// A chat whose second entry is a message of the first person's.
    async fn new(bed: &Bed) -> Self {
        let (ann, bob) = (bed.user("ann").await, bed.user("bob").await);
        let chat = bed.group(&[&ann, &bob]).await;
        assert_eq!(bed.write(&chat, &ann, "first", AT).await.seq, 2);
        Self { ann, bob, chat }
    }

    async fn does(
        &self,
        bed: &Bed,
        by: &UserRecord,
        seq: u64,
        what: Change,
    ) -> Result<Appended, StoreError> {
        bed.store
            .change_message(change(&self.chat, by, seq, what))
            .await
    }
}

pub(crate) async fn an_edit_is_the_text_from_then_on(bed: Bed) {
    let stage = Stage::new(&bed).await;
    let found = async || {
        bed.store
            .entry(stage.chat.no, 2)
            .await
            .unwrap()
            .unwrap()
            .edited
    };
    assert_eq!(found().await, None);
    for (number, text) in ["second", "third"].into_iter().enumerate() {
        let landed = stage.does(&bed, &stage.ann, 2, edit(text)).await.unwrap();
        assert_eq!(landed.seq, 3 + number as u64);
        assert_eq!((landed.msg_no, landed.dup), (1, false));
        assert_eq!(found().await.as_deref(), Some(text));
    }
    // The texts before stay in the log.
    let entries = all(&bed, &stage.chat).await;
    let texts: Vec<_> = entries[1..]
        .iter()
        .map(|entry| match Body::decode(entry.kind, &entry.body) {
            Body::Message(message) => message.text,
            Body::Edited(edited) => {
                assert_eq!(entry.ref_seq, Some(2));
                edited.text
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(texts, ["first", "second", "third"]);
    let message = bed.store.entry(stage.chat.no, 2).await.unwrap().unwrap();
    assert_eq!((message.chat, &message.entry), (stage.chat.id, &entries[1]));
    let created = bed.store.entry(stage.chat.no, 1).await.unwrap().unwrap();
    assert_eq!(created.entry, entries[0]);
    for nothing in [0, 5, u64::MAX] {
        let none = bed.store.entry(stage.chat.no, nothing).await.unwrap();
        assert_eq!(none, None);
    }
}

pub(crate) async fn only_its_author_edits_a_message(bed: Bed) {
    let stage = Stage::new(&bed).await;
    let refused = stage.does(&bed, &stage.bob, 2, edit("mine")).await;
    assert!(matches!(refused, Err(StoreError::NoAccess)));
    assert_eq!(all(&bed, &stage.chat).await.len(), 2);
}

pub(crate) async fn a_change_that_is_repeated_is_one(bed: Bed) {
    let stage = Stage::new(&bed).await;
    for what in [
        edit("x"),
        react("👍", true),
        react("👍", false),
        Change::Pin { on: true },
        Change::Delete,
    ] {
        let wanted = change(&stage.chat, &stage.ann, 2, what);
        let first = bed.store.change_message(wanted.clone()).await.unwrap();
        assert!(!first.dup);
        let mut again = wanted.clone();
        again.at += 100;
        let second = bed.store.change_message(again).await.unwrap();
        assert_eq!(second, Appended { dup: true, ..first });
        let mut foreign = wanted;
        foreign.actor = actor(&stage.bob);
        let refused = bed.store.change_message(foreign).await;
        assert!(matches!(refused, Err(StoreError::Conflict)));
    }
    assert_eq!(all(&bed, &stage.chat).await.len(), 7);
}

pub(crate) async fn what_is_no_message_is_not_changed(bed: Bed) {
    let stage = Stage::new(&bed).await;
    let other = bed.group(&[&stage.ann]).await;
    bed.write(&other, &stage.ann, "elsewhere", AT).await;
    bed.write(&other, &stage.ann, "elsewhere", AT).await;
    // The chat's making, nothing, nothing at all.
    for seq in [1, 3, u64::MAX] {
        for what in [
            edit("x"),
            Change::Delete,
            react("👍", true),
            react("👍", false),
            Change::Pin { on: true },
            Change::Pin { on: false },
        ] {
            let refused = stage.does(&bed, &stage.ann, seq, what).await;
            assert!(matches!(refused, Err(StoreError::NoEntry)), "{refused:?}");
        }
    }
    assert_eq!(all(&bed, &stage.chat).await.len(), 2);
}

pub(crate) async fn a_deletion_takes_every_text(bed: Bed) {
    let stage = Stage::new(&bed).await;
    let (ann, bob) = (&stage.ann, &stage.bob);
    stage.does(&bed, ann, 2, edit("secret")).await.unwrap();
    stage.does(&bed, bob, 2, react("👍", true)).await.unwrap();
    let pin = Change::Pin { on: true };
    stage.does(&bed, bob, 2, pin).await.unwrap();
    assert_eq!(bed.store.pins(stage.chat.no).await.unwrap().len(), 1);
    let before = all(&bed, &stage.chat).await;
    let landed = stage.does(&bed, bob, 2, Change::Delete).await.unwrap();
    assert_eq!(landed.seq, 6);
    let entries = all(&bed, &stage.chat).await;
    let Body::Message(message) = Body::decode(entries[1].kind, &entries[1].body) else {
        panic!("no message any more");
    };
    assert_eq!((message.text.as_str(), message.deleted), ("", true));
    assert_eq!(message.forwarded, None);
    let Body::Edited(edited) = Body::decode(entries[2].kind, &entries[2].body) else {
        panic!("no edit any more");
    };
    assert_eq!(edited.text, "");
    // The order and the counts stay.
    let bare = |entry: &Entry| Entry {
        body: Bytes::new(),
        ..entry.clone()
    };
    let kept: Vec<_> = entries[..5].iter().map(bare).collect();
    assert_eq!(kept, before.iter().map(bare).collect::<Vec<_>>());
    assert_eq!(entries[5].kind, kind::DELETED);
    assert_eq!(entries[5].ref_seq, Some(2));
    assert_eq!(bed.store.pins(stage.chat.no).await.unwrap(), []);
    let found = bed.store.entry(stage.chat.no, 2).await.unwrap().unwrap();
    assert_eq!((found.edited, found.entry), (None, entries[1].clone()));
    // There is nothing to change any more.
    for what in [edit("x"), Change::Delete, react("👍", false)] {
        let refused = stage.does(&bed, ann, 2, what).await;
        assert!(matches!(refused, Err(StoreError::NoEntry)));
    }
}

pub(crate) async fn a_reaction_stands_once(bed: Bed) {
    let stage = Stage::new(&bed).await;
    let (ann, bob) = (&stage.ann, &stage.bob);
    let none = stage.does(&bed, ann, 2, react("👍", false)).await.unwrap();
    assert_eq!((none.seq, none.dup), (2, true), "the message's place");
    let on = stage.does(&bed, ann, 2, react("👍", true)).await.unwrap();
    assert_eq!((on.seq, on.dup), (3, false));
    let again = stage.does(&bed, ann, 2, react("👍", true)).await.unwrap();
    assert_eq!(again, Appended { dup: true, ..on });
    // Another emoji and another person are others.
    stage.does(&bed, ann, 2, react("🎉", true)).await.unwrap();
    stage.does(&bed, bob, 2, react("👍", true)).await.unwrap();
    let off = stage.does(&bed, ann, 2, react("👍", false)).await.unwrap();
    assert_eq!((off.seq, off.dup), (6, false));
    let on = stage.does(&bed, ann, 2, react("👍", true)).await.unwrap();
    assert_eq!((on.seq, on.dup), (7, false));
    let entries = all(&bed, &stage.chat).await;
    let reactions: Vec<_> = entries[2..]
        .iter()
        .map(|entry| match Body::decode(entry.kind, &entry.body) {
            Body::Reacted(reacted) => (entry.actor, reacted.emoji, reacted.on),
            other => panic!("{other:?}"),
        })
        .collect();
    let up = || "👍".to_owned();
    assert_eq!(
        reactions,
        [
            (ann.id, up(), true),
            (ann.id, "🎉".to_owned(), true),
            (bob.id, up(), true),
            (ann.id, up(), false),
            (ann.id, up(), true),
        ]
    );
}

pub(crate) async fn reactions_of_one_person_are_counted(bed: Bed) {
    let stage = Stage::new(&bed).await;
    for number in 0..REACTIONS_EACH {
        let what = react(&format!("e{number}"), true);
        stage.does(&bed, &stage.ann, 2, what).await.unwrap();
    }
    let more = stage.does(&bed, &stage.ann, 2, react("x", true)).await;
    assert!(matches!(more, Err(StoreError::TooMany(_))));
    stage
        .does(&bed, &stage.bob, 2, react("x", true))
        .await
        .unwrap();
    stage
        .does(&bed, &stage.ann, 2, react("e0", false))
        .await
        .unwrap();
    stage
        .does(&bed, &stage.ann, 2, react("x", true))
        .await
        .unwrap();
}

pub(crate) async fn pins_are_listed_latest_first(bed: Bed) {
    let stage = Stage::new(&bed).await;
    bed.write(&stage.chat, &stage.bob, "other", AT).await;
    let pin = |on| Change::Pin { on };
    let none = stage.does(&bed, &stage.bob, 2, pin(false)).await.unwrap();
    assert_eq!((none.seq, none.dup), (2, true));
    let first = stage.does(&bed, &stage.bob, 3, pin(true)).await.unwrap();
    let again = stage.does(&bed, &stage.ann, 3, pin(true)).await.unwrap();
    assert_eq!(again, Appended { dup: true, ..first });
    stage.does(&bed, &stage.bob, 2, pin(true)).await.unwrap();
    stage.does(&bed, &stage.ann, 2, edit("new")).await.unwrap();
    let pins = bed.store.pins(stage.chat.no).await.unwrap();
    let found: Vec<_> = pins
        .iter()
        .map(|pin| (pin.entry.seq, pin.edited.as_deref(), pin.chat))
        .collect();
    let chat = stage.chat.id;
    assert_eq!(found, [(2, Some("new"), chat), (3, None, chat)]);
    stage.does(&bed, &stage.ann, 2, pin(false)).await.unwrap();
    let pins = bed.store.pins(stage.chat.no).await.unwrap();
    assert_eq!(pins.len(), 1);
    assert_eq!(pins[0].entry.seq, 3);
    let kinds = bed.kinds(&stage.chat).await;
    let pinned = kinds.iter().filter(|kind| **kind == kind::PINNED).count();
    assert_eq!(pinned, 3);
}

pub(crate) async fn pins_are_counted(bed: Bed) {
    let stage = Stage::new(&bed).await;
    let mut seqs = Vec::new();
    for _ in 0..PINS + 1 {
        seqs.push(bed.write(&stage.chat, &stage.ann, "x", AT).await.seq);
    }
    let pin = |on| Change::Pin { on };
    for seq in &seqs[..PINS] {
        stage.does(&bed, &stage.ann, *seq, pin(true)).await.unwrap();
    }
    let more = || stage.does(&bed, &stage.ann, seqs[PINS], pin(true));
    assert!(matches!(more().await, Err(StoreError::TooMany(_))));
    stage
        .does(&bed, &stage.ann, seqs[0], Change::Delete)
        .await
        .unwrap();
    more().await.unwrap();
}

pub(crate) async fn nothing_is_changed_by_who_left(bed: Bed) {
    let stage = Stage::new(&bed).await;
    bed.store
        .remove_member(act(&stage.chat, &stage.ann), actor(&stage.bob))
        .await
        .unwrap();
    // Allowed under the revision before.
    let late = stage.does(&bed, &stage.bob, 2, react("👍", true)).await;
    assert!(matches!(late, Err(StoreError::NoAccess)));
    stage
        .does(&bed, &stage.ann, 2, react("👍", true))
        .await
        .unwrap();

    let private = new_private(&stage.ann, Some(&stage.bob));
    let chat = bed.store.create_chat(private).await.unwrap();
    let seq = bed.write(&chat, &stage.ann, "x", AT).await.seq;
    let block = crate::store::people::ContactChange::Block(true);
    bed.store
        .change_contact(actor(&stage.ann), actor(&stage.bob), block, AT)
        .await
        .unwrap();
    let reaction = change(&chat, &stage.bob, seq, react("👍", true));
    let blocked = bed.store.change_message(reaction).await;
    assert!(matches!(blocked, Err(StoreError::NoAccess)));
}

pub(crate) async fn the_feed_hears_of_a_change(bed: Bed) {
    let stage = Stage::new(&bed).await;
    bed.feed.take();
    // Between appends, in the order of the log.
    let one = bed
        .store
        .append(message(&stage.chat, &stage.bob, "x"))
        .unwrap();
    one.await.unwrap();
    let wanted = change(&stage.chat, &stage.ann, 2, edit("new"));
    bed.store.change_message(wanted.clone()).await.unwrap();
    bed.store.change_message(wanted.clone()).await.unwrap();
    bed.say(&stage.chat, &stage.bob, "x").await.unwrap();
    let told: Vec<_> = bed
        .feed
        .take()
        .into_iter()
        .map(|event| match event {
            Committed::Entry { entry, .. } => entry,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(told, all(&bed, &stage.chat).await[2..]);
    assert_eq!((told[1].id, told[1].at), (wanted.id, AT + 7));
}
