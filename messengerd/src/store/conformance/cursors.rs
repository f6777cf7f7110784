//! Cursors and counts.

use super::{Bed, act, actor, message};
use crate::store::{
    ChatRecord, Committed, Counts, CursorMove, CursorRecord, ShownCursor, UserRecord,
};

fn to(chat: &ChatRecord, user: &UserRecord, read: u64, delivered: u64) -> CursorMove {
    CursorMove {
        chat: chat.no,
        user: user.no,
        read,
        delivered,
        shown: true,
    }
}

async fn shift(bed: &Bed, moves: Vec<CursorMove>) -> Vec<CursorRecord> {
    bed.store.move_cursors(moves).await.unwrap()
}

pub(crate) async fn cursors_are_cut_and_never_go_back(bed: Bed) {
    let ann = bed.user("ann").await;
    let chat = bed.group(&[&ann]).await;
    for _ in 0..4 {
        bed.say(&chat, &ann, "x").await.unwrap();
    }
    bed.feed.take();
    let moved = shift(&bed, vec![to(&chat, &ann, 3, 0)]).await;
    assert_eq!((moved[0].read, moved[0].read_no), (3, 2));
    assert_eq!(moved[0].cursor_rev, 1);
    let told = bed.feed.take();
    assert!(matches!(
        told.as_slice(),
        [Committed::Cursor { chat_id, cursor }] if *chat_id == chat.id && *cursor == moved[0]
    ));
    for back in [to(&chat, &ann, 2, 1), to(&chat, &ann, 0, 0)] {
        assert_eq!(shift(&bed, vec![back]).await, []);
    }
    assert!(bed.feed.take().is_empty());
    let moved = shift(&bed, vec![to(&chat, &ann, u64::MAX, 0)]).await;
    assert_eq!((moved[0].read, moved[0].read_no), (5, 4));
    let (cursors, rev) = bed.store.cursors(chat.no).await.unwrap();
    let still = CursorRecord {
        shown_moved: false,
        ..moved[0]
    };
    assert_eq!((cursors, rev), (vec![still], 2));
    let head = bed.store.head(chat.no, ann.no).await.unwrap().unwrap();
    assert_eq!((head.read, head.read_no, head.cursor_rev), (5, 4, 2));
}

pub(crate) async fn reading_implies_receiving(bed: Bed) {
    let ann = bed.user("ann").await;
    let chat = bed.group(&[&ann]).await;
    bed.say(&chat, &ann, "x").await.unwrap();
    let moved = shift(&bed, vec![to(&chat, &ann, 0, 1)]).await;
    assert_eq!((moved[0].read, moved[0].delivered), (0, 1));
    let moved = shift(&bed, vec![to(&chat, &ann, 2, 0)]).await;
    assert_eq!((moved[0].read, moved[0].delivered), (2, 2));
}

pub(crate) async fn a_cursor_counts_messages(bed: Bed) {
    let ann = bed.user("ann").await;
    let chat = bed.group(&[&ann]).await;
    // Entries 2 to 9: message, other, message, other …
    for number in 0..8 {
        let mut append = message(&chat, &ann, "x");
        if number % 2 == 1 {
            append.kind = 900;
        }
        bed.store.append(append).unwrap().await.unwrap();
    }
    for (read, read_no) in [(1, 0), (2, 1), (3, 1), (4, 2), (9, 4)] {
        let moved = shift(&bed, vec![to(&chat, &ann, read, 0)]).await;
        assert_eq!((moved[0].read, moved[0].read_no), (read, read_no));
    }
}

pub(crate) async fn a_stranger_has_no_cursor(bed: Bed) {
    let (ann, bob) = (bed.user("ann").await, bed.user("bob").await);
    let chat = bed.group(&[&ann, &bob]).await;
    let carol = bed.user("carol").await;
    bed.store
        .remove_member(act(&chat, &bob), actor(&bob))
        .await
        .unwrap();
    let moves = vec![
        to(&chat, &carol, 1, 1),
        to(&chat, &ann, 1, 1),
        to(&chat, &bob, 1, 1),
    ];
    let moved = shift(&bed, moves).await;
    assert_eq!(moved.len(), 1);
    assert_eq!((moved[0].user, moved[0].user_id), (ann.no, ann.id));
}

pub(crate) async fn counts_leave_out_the_author(bed: Bed) {
    let (ann, bob, carol) = (
        bed.user("ann").await,
        bed.user("bob").await,
        bed.user("carol").await,
    );
    let chat = bed.group(&[&ann, &bob, &carol]).await;
    let seq = bed.say(&chat, &ann, "x").await.unwrap().seq;
    shift(
        &bed,
        vec![
            to(&chat, &ann, seq, 0),
            to(&chat, &bob, seq, 0),
            to(&chat, &carol, 1, seq),
        ],
    )
    .await;
    let counts = bed.store.counts(chat.no, ann.no, seq).await.unwrap();
    let wanted = Counts {
        delivered: 2,
        read: 1,
        members: 2,
    };
    assert_eq!(counts, wanted);
}

pub(crate) async fn history_is_no_news(bed: Bed) {
    let (ann, bob) = (bed.user("ann").await, bed.user("bob").await);
    let chat = bed.group(&[&ann]).await;
    bed.say(&chat, &ann, "before").await.unwrap();
    bed.store
        .add_members(act(&chat, &ann), vec![actor(&bob)])
        .await
        .unwrap();
    bed.say(&chat, &ann, "after").await.unwrap();
    let head = bed.store.head(chat.no, bob.no).await.unwrap().unwrap();
    assert_eq!((head.msg_no, head.read_no), (2, 1));
}

/// A move that others do not see.
fn hidden(chat: &ChatRecord, user: &UserRecord, read: u64, delivered: u64) -> CursorMove {
    CursorMove {
        shown: false,
        ..to(chat, user, read, delivered)
    }
}

fn shown(read: u64, read_no: u64, delivered: u64) -> ShownCursor {
    ShownCursor {
        read,
        read_no,
        delivered,
    }
}

pub(crate) async fn a_hidden_cursor_stands_still_for_others(bed: Bed) {
    let ann = bed.user("ann").await;
    let chat = bed.group(&[&ann]).await;
    bed.say(&chat, &ann, "x").await.unwrap();
    bed.say(&chat, &ann, "x").await.unwrap();
    let moved = shift(&bed, vec![to(&chat, &ann, 2, 0)]).await;
    assert_eq!(
        (moved[0].shown, moved[0].shown_moved),
        (shown(2, 1, 2), true)
    );
    let rev = moved[0].cursor_rev;
    bed.feed.take();
    let moved = shift(&bed, vec![hidden(&chat, &ann, 3, 0)]).await;
    assert_eq!((moved[0].read, moved[0].read_no), (3, 2));
    assert_eq!(
        (moved[0].shown, moved[0].shown_moved),
        (shown(2, 1, 2), false)
    );
    assert_eq!(moved[0].cursor_rev, rev);
    // One's other devices are told.
    let told = bed.feed.take();
    assert!(matches!(
        told.as_slice(),
        [Committed::Cursor { cursor, .. }] if *cursor == moved[0]
    ));
    let (cursors, now) = bed.store.cursors(chat.no).await.unwrap();
    assert_eq!((cursors[0].shown, now), (shown(2, 1, 2), rev));
    let head = bed.store.head(chat.no, ann.no).await.unwrap().unwrap();
    assert_eq!((head.read, head.read_no, head.cursor_rev), (3, 2, rev));
    assert_eq!(shift(&bed, vec![hidden(&chat, &ann, 3, 3)]).await, []);
}

pub(crate) async fn a_shown_cursor_catches_up(bed: Bed) {
    let ann = bed.user("ann").await;
    let chat = bed.group(&[&ann]).await;
    bed.say(&chat, &ann, "x").await.unwrap();
    bed.say(&chat, &ann, "x").await.unwrap();
    shift(&bed, vec![hidden(&chat, &ann, 2, 3)]).await;
    // Its own place is no news, that it is shown is.
    let moved = shift(&bed, vec![to(&chat, &ann, 2, 0)]).await;
    assert_eq!((moved[0].read, moved[0].delivered), (2, 3));
    assert_eq!(
        (moved[0].shown, moved[0].shown_moved),
        (shown(2, 1, 3), true)
    );
    assert_eq!(shift(&bed, vec![to(&chat, &ann, 2, 3)]).await, []);
}

pub(crate) async fn counts_are_of_what_is_shown(bed: Bed) {
    let (ann, bob) = (bed.user("ann").await, bed.user("bob").await);
    let chat = bed.group(&[&ann, &bob]).await;
    let seq = bed.say(&chat, &ann, "x").await.unwrap().seq;
    let counts = async || {
        let counts = bed.store.counts(chat.no, ann.no, seq).await.unwrap();
        (counts.delivered, counts.read, counts.members)
    };
    shift(&bed, vec![hidden(&chat, &bob, seq, seq)]).await;
    assert_eq!(counts().await, (0, 0, 1));
    shift(&bed, vec![to(&chat, &bob, seq, 0)]).await;
    assert_eq!(counts().await, (1, 1, 1));
}
