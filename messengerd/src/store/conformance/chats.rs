//! Chats, members, heads.

use proto::entry::{Body, account_kind, kind};
use proto::id::ChatId;
use proto::request::Role;

use super::{Bed, act, actor, new_group, new_private};
use crate::store::{StoreError, UserRecord};

pub(crate) async fn a_group_has_its_members_in_order(bed: Bed) {
    let (ann, bob, carol) = (
        bed.user("ann").await,
        bed.user("bob").await,
        bed.user("carol").await,
    );
    let made = bed.group(&[&carol, &ann, &bob]).await;
    let found = bed.store.chat(made.id).await.unwrap().unwrap();
    assert_eq!(found, made);
    let people: Vec<_> = made.members.iter().map(|m| (m.no, m.role)).collect();
    assert_eq!(
        people,
        [
            (carol.no, Role::Admin),
            (ann.no, Role::Member),
            (bob.no, Role::Member)
        ]
    );
    let page = bed.store.entries_after(made.no, 0, 10, 1000).await.unwrap();
    assert_eq!(page.entries.len(), 1);
    let created = &page.entries[0];
    assert_eq!((created.seq, created.msg_no), (1, 0));
    let Body::Created(body) = Body::decode(created.kind, &created.body) else {
        panic!("not a Created entry");
    };
    assert_eq!(body.members, [carol.id, ann.id, bob.id]);
    let none = bed.store.chat(ChatId::generate()).await.unwrap();
    assert_eq!(none, None);
}

pub(crate) async fn creating_twice_returns_the_first(bed: Bed) {
    let ann = bed.user("ann").await;
    let chat = new_group(&[&ann]);
    let first = bed.store.create_chat(chat.clone()).await.unwrap();
    let second = bed.store.create_chat(chat).await.unwrap();
    assert_eq!(first, second);
    let (_, heads) = bed.store.heads(ann.no).await.unwrap();
    assert_eq!((heads.len(), heads[0].seq), (1, 1));
}

pub(crate) async fn anothers_chat_id_is_a_conflict(bed: Bed) {
    let (ann, bob) = (bed.user("ann").await, bed.user("bob").await);
    let first = new_group(&[&ann]);
    let mut second = new_group(&[&bob]);
    second.id = first.id;
    bed.store.create_chat(first).await.unwrap();
    let refused = bed.store.create_chat(second).await;
    assert!(matches!(refused, Err(StoreError::Conflict)));
}

pub(crate) async fn a_pair_has_one_private_chat(bed: Bed) {
    let (ann, bob) = (bed.user("ann").await, bed.user("bob").await);
    // Both at once.
    let one = bed.store.create_chat(new_private(&ann, Some(&bob)));
    let two = bed.store.create_chat(new_private(&bob, Some(&ann)));
    let (one, two) = (one.await.unwrap(), two.await.unwrap());
    assert_eq!(one, two);
    let carol = bed.user("carol").await;
    let found = |one: &UserRecord, other: &UserRecord| bed.store.private_chat(one.no, other.no);
    assert_eq!(found(&ann, &carol).await.unwrap(), None);
    let first = found(&ann, &bob).await.unwrap();
    assert!(first.is_some());
    assert_eq!(found(&bob, &ann).await.unwrap(), first);
    let other = bed.store.create_chat(new_private(&ann, Some(&carol)));
    assert_ne!(other.await.unwrap().id, one.id);
}

pub(crate) async fn notes_to_oneself(bed: Bed) {
    let ann = bed.user("ann").await;
    let one = bed.store.create_chat(new_private(&ann, None)).await;
    let two = bed.store.create_chat(new_private(&ann, None)).await;
    let one = one.unwrap();
    assert_eq!(one, two.unwrap());
    assert_eq!(one.members.len(), 1);
}

pub(crate) async fn members_are_added_once(bed: Bed) {
    let (ann, bob) = (bed.user("ann").await, bed.user("bob").await);
    let chat = bed.group(&[&ann]).await;
    for _ in 0..2 {
        let now = bed.now(&chat).await;
        bed.store
            .add_members(act(&now, &ann), vec![actor(&bob), actor(&bob), actor(&ann)])
            .await
            .unwrap();
    }
    let now = bed.now(&chat).await;
    assert_eq!(now.members.len(), 2);
    assert_eq!(now.members[1].role, Role::Member);
    assert_eq!(now.acl_rev, chat.acl_rev + 1);
    let page = bed.store.entries_after(chat.no, 1, 10, 1000).await.unwrap();
    assert_eq!(page.entries.len(), 1);
    let body = Body::decode(page.entries[0].kind, &page.entries[0].body);
    let Body::MembersAdded(body) = body else {
        panic!("not a MembersAdded entry");
    };
    assert_eq!(body.users, [bob.id]);
    let joined: Vec<_> = bed.account(&bob).await;
    assert_eq!(joined.len(), 2);
    assert_eq!(
        (joined[1].kind, joined[1].chat),
        (account_kind::CHAT_JOINED, Some(chat.id))
    );
}

pub(crate) async fn who_leaves_is_out(bed: Bed) {
    let (ann, bob) = (bed.user("ann").await, bed.user("bob").await);
    let chat = bed.group(&[&ann, &bob]).await;
    for _ in 0..2 {
        let now = bed.now(&chat).await;
        bed.store
            .remove_member(act(&now, &bob), actor(&bob))
            .await
            .unwrap();
    }
    let now = bed.now(&chat).await;
    assert_eq!((now.members.len(), now.acl_rev), (1, chat.acl_rev + 1));
    let head = bed.store.head(chat.no, ann.no).await.unwrap().unwrap();
    assert_eq!(head.seq, 2, "leaving twice is one entry");
    let log = bed.account(&bob).await;
    assert_eq!(log.last().unwrap().kind, account_kind::CHAT_LEFT);
}

pub(crate) async fn the_last_admin_hands_over(bed: Bed) {
    let (ann, bob, carol) = (
        bed.user("ann").await,
        bed.user("bob").await,
        bed.user("carol").await,
    );
    let chat = bed.group(&[&ann, &carol, &bob]).await;
    bed.store
        .set_role(act(&chat, &ann), actor(&bob), Role::Moderator)
        .await
        .unwrap();
    let roles = async || -> Vec<_> {
        let now = bed.now(&chat).await;
        now.members.iter().map(|m| (m.no, m.role)).collect()
    };
    // The moderator first, though the member is older.
    let now = bed.now(&chat).await;
    bed.store
        .remove_member(act(&now, &ann), actor(&ann))
        .await
        .unwrap();
    assert_eq!(
        roles().await,
        [(carol.no, Role::Member), (bob.no, Role::Admin)]
    );
    let after = bed.now(&chat).await;
    assert_eq!(after.acl_rev, now.acl_rev + 1);
    assert_eq!(
        bed.kinds(&chat).await,
        [
            kind::CREATED,
            kind::ROLE_CHANGED,
            kind::MEMBER_LEFT,
            kind::ROLE_CHANGED
        ]
    );
    bed.store
        .remove_member(act(&after, &bob), actor(&bob))
        .await
        .unwrap();
    assert_eq!(roles().await, [(carol.no, Role::Admin)]);
    let now = bed.now(&chat).await;
    bed.store
        .remove_member(act(&now, &carol), actor(&carol))
        .await
        .unwrap();
    assert_eq!(roles().await, []);
}

pub(crate) async fn heads_show_present_chats_only(bed: Bed) {
    let (ann, bob) = (bed.user("ann").await, bed.user("bob").await);
    let one = bed.group(&[&ann, &bob]).await;
    let two = bed.group(&[&ann, &bob]).await;
    bed.say(&one, &ann, "hello").await.unwrap();
    let (seq, heads) = bed.store.heads(bob.no).await.unwrap();
    // Opened a session, joined twice.
    assert_eq!(seq, 3);
    let mut ids = [one.id, two.id];
    ids.sort();
    assert_eq!(heads.iter().map(|head| head.chat).collect::<Vec<_>>(), ids);
    let head = heads.iter().find(|head| head.chat == one.id).unwrap();
    assert_eq!((head.seq, head.msg_no, head.read_no), (2, 1, 0));
    assert_eq!(
        bed.store.head(one.no, bob.no).await.unwrap().as_ref(),
        Some(head)
    );
    bed.store
        .remove_member(act(&one, &ann), actor(&bob))
        .await
        .unwrap();
    let (seq, heads) = bed.store.heads(bob.no).await.unwrap();
    assert_eq!((seq, heads.len(), heads[0].chat), (4, 1, two.id));
    assert_eq!(bed.store.head(one.no, bob.no).await.unwrap(), None);
}

pub(crate) async fn acquaintances_by_size(bed: Bed) {
    let (ann, bob, carol) = (
        bed.user("ann").await,
        bed.user("bob").await,
        bed.user("carol").await,
    );
    bed.group(&[&ann, &bob]).await;
    bed.group(&[&ann, &bob, &carol]).await;
    let known = |size| bed.store.acquaintances(ann.no, size);
    assert_eq!(known(1).await.unwrap(), []);
    assert_eq!(known(2).await.unwrap(), vec![bob.clone()]);
    assert_eq!(known(3).await.unwrap(), [bob, carol]);
}
