//! Messages as they stand now, in pages.

use proto::entry::{Body, Edited, kind};
use proto::id::EntryId;

use super::{AT, Bed, act, actor, message};
use crate::store::changes::{Change, MessageChange};
use crate::store::timeline::{Edit, MessageRecord, Window};
use crate::store::{Append, ChatRecord, UserRecord};

async fn does(bed: &Bed, chat: &ChatRecord, by: &UserRecord, seq: u64, what: Change) -> EntryId {
    let id = EntryId::generate();
    let change = MessageChange {
        chat: chat.no,
        chat_id: chat.id,
        acl_rev: chat.acl_rev,
        actor: actor(by),
        id,
        seq,
        at: AT + 7,
        what,
    };
    bed.store.change_message(change).await.unwrap();
    id
}

fn react(emoji: &str) -> Change {
    Change::React {
        emoji: emoji.to_owned(),
        on: true,
    }
}

/// The entries of a page, and whether there are more.
async fn page(
    bed: &Bed,
    chat: &ChatRecord,
    from: u64,
    window: Window,
    limit: u32,
) -> (Vec<u64>, bool) {
    let page = bed.store.messages(chat.no, from, window, limit).await;
    let (found, more) = page.unwrap();
    (found.iter().map(|found| found.entry.seq).collect(), more)
}

fn latest(offset: u32) -> Window {
    Window::Latest { offset }
}

/// Messages 2, 4, 6 … 20 with something else between them.
async fn mixed(bed: &Bed) -> (UserRecord, ChatRecord) {
    let ann = bed.user("ann").await;
    let chat = bed.group(&[&ann]).await;
    for _ in 0..10 {
        bed.say(&chat, &ann, "text").await.unwrap();
        let other = Append {
            kind: 4711,
            ..message(&chat, &ann, "")
        };
        bed.store.append(other).unwrap().await.unwrap();
    }
    (ann, chat)
}

pub(crate) async fn messages_come_in_pages(bed: Bed) {
    let (_, chat) = mixed(&bed).await;
    let seqs = |seqs: &[u64], more| (seqs.to_vec(), more);
    let page = async |from, window, limit| page(&bed, &chat, from, window, limit).await;
    assert_eq!(page(0, latest(0), 3).await, seqs(&[16, 18, 20], true));
    assert_eq!(page(0, latest(3), 3).await, seqs(&[10, 12, 14], true));
    assert_eq!(page(0, latest(7), 3).await, seqs(&[2, 4, 6], false));
    assert_eq!(page(0, latest(9), 3).await, seqs(&[2], false));
    for beyond in [10, 11, u32::MAX] {
        assert_eq!(page(0, latest(beyond), 3).await, seqs(&[], false));
    }
    assert_eq!(page(8, latest(2), 5).await, seqs(&[10, 12, 14, 16], false));
    assert_eq!(page(14, latest(4), 5).await, seqs(&[], false));
    assert_eq!(page(0, Window::Before(9), 2).await, seqs(&[6, 8], true));
    assert_eq!(page(0, Window::Before(6), 2).await, seqs(&[2, 4], false));
    assert_eq!(page(4, Window::Before(9), 5).await, seqs(&[6, 8], false));
    assert_eq!(page(0, Window::Before(0), 5).await, seqs(&[], false));
    assert_eq!(page(0, Window::After(6), 2).await, seqs(&[8, 10], true));
    assert_eq!(page(0, Window::After(16), 2).await, seqs(&[18, 20], false));
    assert_eq!(page(16, Window::After(0), 2).await, seqs(&[18, 20], false));
    for end in [20, u64::MAX] {
        assert_eq!(page(0, Window::After(end), 2).await, seqs(&[], false));
        assert_eq!(page(end, latest(0), 2).await, seqs(&[], false));
    }
}

pub(crate) async fn a_message_has_what_hangs_on_it(bed: Bed) {
    let (ann, bob) = (bed.user("ann").await, bed.user("bob").await);
    let chat = bed.group(&[&ann, &bob]).await;
    bed.write(&chat, &ann, "first", AT + 1).await;
    bed.write(&chat, &bob, "second", AT + 2).await;
    let up = does(&bed, &chat, &bob, 2, react("👍")).await;
    let tada = does(&bed, &chat, &ann, 2, react("🎉")).await;
    let (_, text) = Body::Edited(Edited { text: "1st".into() })
        .encode()
        .unwrap();
    does(&bed, &chat, &ann, 2, Change::Edit(text)).await;
    does(&bed, &chat, &ann, 2, Change::Pin { on: true }).await;
    let (found, more) = bed.store.messages(chat.no, 0, latest(0), 50).await.unwrap();
    assert!(!more);
    let [first, second] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!((first.chat, first.chat_no), (chat.id, chat.no));
    assert_eq!((first.entry.seq, first.entry.at), (2, AT + 1));
    assert_eq!(
        (first.entry.kind, first.entry.actor),
        (kind::MESSAGE, ann.id)
    );
    assert!(first.pinned);
    let edit = Edit {
        text: "1st".into(),
        at: AT + 7,
    };
    assert_eq!(first.edited, Some(edit));
    let reactions: Vec<_> = first
        .reactions
        .iter()
        .map(|it| (it.id, it.user, it.emoji.as_str(), it.at))
        .collect();
    let expected = [(up, bob.id, "👍", AT + 7), (tada, ann.id, "🎉", AT + 7)];
    assert_eq!(reactions, expected);
    assert_eq!(second.entry.actor, bob.id);
    assert!(!second.pinned && second.edited.is_none() && second.reactions.is_empty());

    // What is left of a deleted one stays in its place.
    does(&bed, &chat, &ann, 2, Change::Delete).await;
    let found = bed.store.message(first.entry.id).await.unwrap().unwrap();
    assert!(!found.pinned && found.edited.is_none() && found.reactions.is_empty());
    assert!(matches!(
        Body::decode(found.entry.kind, &found.entry.body),
        Body::Message(message) if message.deleted
    ));
}

pub(crate) async fn messages_are_found_by_place_and_id(bed: Bed) {
    let (ann, chat) = mixed(&bed).await;
    let at = async |seqs: &[u64]| -> Vec<MessageRecord> {
        bed.store.messages_at(chat.no, seqs.to_vec()).await.unwrap()
    };
    let found = at(&[6, 1, 3, 2, 6, 0, 99, u64::MAX]).await;
    let seqs: Vec<u64> = found.iter().map(|found| found.entry.seq).collect();
    assert_eq!(seqs, [2, 6]);
    assert!(at(&[]).await.is_empty());
    let second = &found[1];
    let again = bed.store.message(second.entry.id).await.unwrap();
    assert_eq!(again.as_ref(), Some(second));
    let unknown = bed.store.message(EntryId::generate()).await.unwrap();
    assert_eq!(unknown, None);
    // Entries that are no messages have ids, too.
    let entries = bed.store.entries_after(chat.no, 0, 1, 1 << 20).await;
    let created = bed.store.message(entries.unwrap().entries[0].id).await;
    assert_eq!(created.unwrap(), None);
    bed.store.delete_chat(act(&chat, &ann)).await.unwrap();
    assert_eq!(bed.store.message(second.entry.id).await.unwrap(), None);
}
