//! Lists of chats and of people.

use proto::request::{ChatKind, ChatSettings, NewMemberHistory};
use proto::text::DisplayName;

use super::{AT, Bed, act, actor, new_private};
use crate::store::groups::{ChatChange, Door};
use crate::store::people::{ContactChange, ProfileChange};
use crate::store::timeline::ListedChat;
use crate::store::{CursorMove, UserRecord};

async fn list(bed: &Bed, user: &UserRecord, public: u32) -> Vec<ListedChat> {
    bed.store.chat_list(user.no, public, 2).await.unwrap()
}

pub(crate) async fn own_chats_are_listed_by_activity(bed: Bed) {
    let (ann, bob) = (bed.user("ann").await, bed.user("bob").await);
    let carol = bed.user("carol").await;
    let private = bed.store.create_chat(new_private(&ann, Some(&bob))).await;
    let private = private.unwrap();
    let group = bed.group(&[&bob, &carol, &ann]).await;
    bed.group(&[&bob, &carol]).await;
    bed.write(&group, &bob, "early", AT + 5).await;
    bed.write(&private, &bob, "late", AT + 9).await;
    let found = list(&bed, &ann, 0).await;
    let ids: Vec<_> = found.iter().map(|it| it.chat.id).collect();
    assert_eq!(ids, [private.id, group.id]);
    for listed in &found {
        assert!(listed.joined);
        let head = bed.store.head(listed.chat.no, ann.no).await.unwrap();
        assert_eq!(Some(&listed.head), head.as_ref());
        let prefs = bed.store.chat_prefs(listed.chat.no, ann.no).await.unwrap();
        assert_eq!(Some(listed.prefs), prefs);
        // All but the members is as when it is asked for alone.
        let mut whole = bed.store.chat(listed.chat.id).await.unwrap().unwrap();
        assert_eq!(listed.members, whole.members.len() as u64);
        assert_eq!(listed.chat.members[0].no, ann.no);
        assert!(listed.chat.members.len() <= 2);
        for member in &listed.chat.members {
            assert!(whole.members.contains(member));
        }
        whole.members.clone_from(&listed.chat.members);
        assert_eq!(listed.chat, whole);
        let last = listed.last.as_ref().unwrap();
        let same = bed.store.message(last.entry.id).await.unwrap();
        assert_eq!(same.as_ref(), Some(last));
        assert_eq!(listed.last_at, last.entry.at);
    }
    assert_eq!(found[1].chat.members[1].no, bob.no);
}

pub(crate) async fn the_list_knows_who_has_read(bed: Bed) {
    let (ann, bob) = (bed.user("ann").await, bed.user("bob").await);
    let carol = bed.user("carol").await;
    let chat = bed.group(&[&ann, &bob, &carol]).await;
    let cursors = async || {
        let found = list(&bed, &ann, 0).await;
        (found[0].delivered, found[0].read)
    };
    assert_eq!(cursors().await, (0, 0));
    bed.say(&chat, &ann, "text").await.unwrap();
    let moves = |user: &UserRecord, delivered, read, shown| CursorMove {
        chat: chat.no,
        user: user.no,
        read,
        delivered,
        shown,
    };
    let seen = vec![
        moves(&ann, 2, 2, true),
        moves(&bob, 2, 2, true),
        moves(&carol, 2, 0, true),
    ];
    bed.store.move_cursors(seen).await.unwrap();
    assert_eq!(cursors().await, (2, 0));
    // What is not shown does not count.
    let hidden = vec![moves(&carol, 2, 2, false)];
    bed.store.move_cursors(hidden).await.unwrap();
    assert_eq!(cursors().await, (2, 0));
    let shown = vec![moves(&carol, 2, 2, true)];
    bed.store.move_cursors(shown).await.unwrap();
    assert_eq!(cursors().await, (2, 2));
}

pub(crate) async fn public_chats_are_listed_to_outsiders(bed: Bed) {
    let (ann, bob) = (bed.user("ann").await, bed.user("bob").await);
    let quiet = bed.public(&ann).await;
    let busy = bed.public(&ann).await;
    let closed = bed.public(&ann).await;
    let left = bed.public(&ann).await;
    bed.write(&quiet, &ann, "quiet", AT + 1).await;
    bed.write(&busy, &ann, "busy", AT + 2).await;
    bed.write(&left, &ann, "left", AT + 3).await;
    bed.store
        .ban_member(act(&closed, &ann), actor(&bob), true)
        .await
        .unwrap();
    let join = act(&left, &bob);
    bed.store.join(join, Door::Public).await.unwrap();
    let now = bed.now(&left).await;
    assert!(list(&bed, &bob, 9).await[0].joined);
    bed.store
        .remove_member(act(&now, &bob), actor(&bob))
        .await
        .unwrap();
    let found = list(&bed, &bob, 9).await;
    let ids: Vec<_> = found.iter().map(|it| it.chat.id).collect();
    assert_eq!(ids, [left.id, busy.id, quiet.id]);
    for listed in &found {
        assert!(!listed.joined);
        assert_eq!(listed.chat.kind, ChatKind::Public);
        assert_eq!(listed.head.read, listed.head.seq);
        assert_eq!(listed.head.read_no, listed.head.msg_no);
        assert_eq!(listed.chat.members[0].no, ann.no);
        assert_eq!(listed.members, 1);
        assert!(listed.last.is_some());
    }
    assert!(list(&bed, &bob, 0).await.is_empty());
    let change = ChatChange {
        settings: Some(ChatSettings {
            history_for_new_members: NewMemberHistory::SinceJoin,
            ..ChatSettings::default()
        }),
        ..ChatChange::default()
    };
    let now = bed.now(&busy).await;
    bed.store
        .change_chat(act(&now, &ann), change)
        .await
        .unwrap();
    let found = list(&bed, &bob, 9).await;
    let hidden = found.iter().find(|it| it.chat.id == busy.id).unwrap();
    assert_eq!((&hidden.last, hidden.last_at), (&None, AT));
    assert_eq!(hidden.head.floor, hidden.head.seq);
}

pub(crate) async fn the_list_has_the_latest_message_behind_much_else(bed: Bed) {
    let ann = bed.user("ann").await;
    let chat = bed.group(&[&ann]).await;
    bed.say(&chat, &ann, "first").await.unwrap();
    let last = bed.say(&chat, &ann, "last").await.unwrap();
    for _ in 0..100 {
        let other = crate::store::Append {
            kind: 4711,
            ..super::message(&chat, &ann, "")
        };
        bed.store.append(other).unwrap().await.unwrap();
    }
    let found = list(&bed, &ann, 0).await;
    let shown = found[0].last.as_ref().map(|last| last.entry.seq);
    assert_eq!(shown, Some(last.seq));
    assert_eq!(found[0].head.seq, last.seq + 100);
}

pub(crate) async fn the_list_knows_of_blocks_and_bans(bed: Bed) {
    let (ann, bob) = (bed.user("ann").await, bed.user("bob").await);
    let carol = bed.user("carol").await;
    bed.store
        .create_chat(new_private(&ann, Some(&bob)))
        .await
        .unwrap();
    let group = bed.group(&[&ann, &bob, &carol]).await;
    bed.store
        .ban_member(act(&group, &ann), actor(&carol), true)
        .await
        .unwrap();
    let block = ContactChange::Block(true);
    bed.store
        .change_contact(actor(&bob), actor(&ann), block, AT)
        .await
        .unwrap();
    for listed in list(&bed, &ann, 0).await {
        let (banned, blockers) = (listed.chat.banned, listed.chat.blockers);
        match listed.chat.kind {
            ChatKind::Private => assert_eq!((banned, blockers), (vec![], vec![bob.id])),
            _ => assert_eq!((banned, blockers), (vec![carol.id], vec![])),
        }
    }
}

pub(crate) async fn people_are_listed_by_name(bed: Bed) {
    let ann = bed.user("ann").await;
    for name in ["Dora", "bob", "Carol"] {
        bed.user(name).await;
    }
    let bob = bed.store.user_by_login("bob".into()).await.unwrap();
    let bob = bob.unwrap();
    let change = ProfileChange {
        last_name: Some(Some(DisplayName::try_from("Ёлкин").unwrap())),
        ..ProfileChange::default()
    };
    bed.store
        .set_profile(actor(&bob), change, AT + 3)
        .await
        .unwrap();
    let names = async |query: &str, limit, offset| -> Vec<String> {
        let asked = bed.store.list_users(query.into(), ann.no, limit, offset);
        let found = asked.await.unwrap();
        found.into_iter().map(|user| user.username).collect()
    };
    assert_eq!(names("", 10, 0).await, ["bob", "Carol", "Dora"]);
    assert_eq!(names("", 2, 1).await, ["Carol", "Dora"]);
    assert_eq!(names("", 2, 3).await, [""; 0]);
    assert_eq!(names("OR", 10, 0).await, ["Dora"]);
    assert_eq!(names("елк", 10, 0).await, ["bob"]);
    assert_eq!(names("ann", 10, 0).await, [""; 0]);
    assert_eq!(names("100%_", 10, 0).await, [""; 0]);
}
