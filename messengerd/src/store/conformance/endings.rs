//! The ends of accounts and of sessions.

use proto::entry::{account_kind, kind};
use proto::request::Role;
use proto::text::{ChatName, DeviceName};

use super::{AT, Bed, act, actor, new_private, new_session, new_user, picture};
use crate::store::groups::ChatChange;
use crate::store::people::{ContactChange, NO_PASSWORD, ProfileChange};
use crate::store::{Committed, NewSession, StoreError, UserNo};

pub(crate) async fn a_deleted_account_leaves_everything(bed: Bed) {
    let (ann, bob) = (bed.user("ann").await, bed.user("bob").await);
    let carol = bed.user("carol").await;
    let private = bed.store.create_chat(new_private(&ann, Some(&bob))).await;
    let private = private.unwrap();
    let group = bed.group(&[&ann, &bob]).await;
    let others = bed.group(&[&bob, &carol]).await;
    bed.say(&group, &ann, "stays").await.unwrap();
    let add = ContactChange::Add { nickname: None };
    let contact = |owner, other, change| bed.store.change_contact(owner, other, change, AT);
    contact(actor(&bob), actor(&ann), add.clone())
        .await
        .unwrap();
    contact(actor(&ann), actor(&carol), ContactChange::Block(true))
        .await
        .unwrap();
    let image = picture(b"image");
    bed.store.put_avatar(image.clone()).await.unwrap();
    bed.store
        .set_user_avatar(actor(&ann), Some(image.hash), String::new(), AT)
        .await
        .unwrap();
    bed.feed.take();

    bed.store.delete_user(actor(&ann), AT + 9).await.unwrap();

    let gone = bed.store.users(vec![ann.id], vec![]).await.unwrap();
    let gone = &gone[0];
    assert!(gone.disabled);
    assert_eq!(gone.password_hash, NO_PASSWORD);
    assert_eq!((&gone.email, gone.avatar), (&None, None));
    assert_eq!((gone.updated_at, gone.username.as_str()), (AT + 9, "ann"));
    assert_eq!(bed.store.avatar(image.hash).await.unwrap(), None);
    assert!(bed.store.sessions(ann.no).await.unwrap().is_empty());
    assert!(bed.store.contacts(bob.no).await.unwrap().is_empty());
    assert!(bed.store.contacts(ann.no).await.unwrap().is_empty());
    let taken = bed.store.create_user(new_user("Ann"), new_session()).await;
    assert!(matches!(taken, Err(StoreError::Taken(_))));

    // The group goes on under who is left, with what was written.
    let now = bed.now(&group).await;
    let left: Vec<_> = now.members.iter().map(|it| (it.no, it.role)).collect();
    assert_eq!(left, [(bob.no, Role::Admin)]);
    assert_eq!(
        bed.kinds(&group).await,
        [
            kind::CREATED,
            kind::MESSAGE,
            kind::MEMBER_LEFT,
            kind::ROLE_CHANGED
        ]
    );
    assert_eq!(bed.now(&private).await.members.len(), 2);
    assert_eq!(bed.now(&others).await, others);

    let told = bed.feed.take();
    let account = |id, wanted| {
        told.iter().any(|told| {
            matches!(told, Committed::Account { user, entry }
                if *user == id && entry.kind == wanted)
        })
    };
    assert!(account(ann.id, account_kind::SESSION_ENDED));
    assert!(account(ann.id, account_kind::PROFILE_CHANGED));
    assert!(account(ann.id, account_kind::CHAT_LEFT));
    assert!(account(bob.id, account_kind::CONTACT_CHANGED));
    // Who was blocked has seen nothing of it and sees nothing now.
    assert!(!account(carol.id, account_kind::CONTACT_CHANGED));

    // Again it does nothing.
    bed.store.delete_user(actor(&ann), AT + 10).await.unwrap();
    assert!(bed.feed.take().is_empty());
    let nobody = crate::store::Actor {
        no: UserNo(4711),
        id: proto::id::UserId::generate(),
    };
    let refused = bed.store.delete_user(nobody, AT).await;
    assert!(matches!(refused, Err(StoreError::NoAccess)));
}

pub(crate) async fn a_session_expires(bed: Bed) {
    let ann = bed.user("ann").await;
    let session = |expires_at| NewSession {
        device: DeviceName::try_from("page").unwrap(),
        expires_at,
        ..new_session()
    };
    let (past, future) = (
        session(Some(AT + 1)),
        session(Some(i64::from(u32::MAX) * 1000)),
    );
    for session in [&past, &future] {
        bed.store
            .create_session(ann.no, session.clone())
            .await
            .unwrap();
    }
    assert_eq!(bed.store.session(past.id).await.unwrap(), None);
    let found = bed.store.session(future.id).await.unwrap().unwrap();
    assert_eq!(found.0.expires_at, future.expires_at);
    let listed = bed.store.sessions(ann.no).await.unwrap();
    assert_eq!(listed.len(), 2);
    assert!(listed.iter().all(|session| session.id != past.id));
    let ids = vec![past.id, future.id];
    let revisions = bed.store.revisions(vec![], vec![], ids).await.unwrap();
    assert_eq!(revisions.ended, [past.id]);
    // The next sign-in forgets it.
    let next = NewSession {
        at: AT + 2,
        ..session(None)
    };
    bed.store.create_session(ann.no, next).await.unwrap();
    let ended = bed.store.end_session(ann.no, past.id, AT).await.unwrap();
    assert!(!ended);
}

pub(crate) async fn changes_are_dated(bed: Bed) {
    let ann = bed.user("ann").await;
    assert_eq!(ann.updated_at, AT);
    let receipts = ProfileChange {
        receipts: Some(false),
        ..ProfileChange::default()
    };
    let changed = bed.store.set_profile(actor(&ann), receipts.clone(), AT + 1);
    assert_eq!(changed.await.unwrap().updated_at, AT + 1);
    let same = bed.store.set_profile(actor(&ann), receipts, AT + 2).await;
    assert_eq!(same.unwrap().updated_at, AT + 1);
    let chat = bed.group(&[&ann]).await;
    assert_eq!((chat.updated_at, chat.members[0].joined_at), (AT, AT));
    let change = ChatChange {
        name: Some(ChatName::try_from("other").unwrap()),
        ..ChatChange::default()
    };
    let mut renaming = act(&chat, &ann);
    renaming.at = AT + 4;
    bed.store.change_chat(renaming, change).await.unwrap();
    assert_eq!(bed.now(&chat).await.updated_at, AT + 4);
}
