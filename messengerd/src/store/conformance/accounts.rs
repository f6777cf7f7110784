//! Accounts, invites, sessions, settings.

use proto::entry::account_kind;
use proto::text::Email;

use super::{AT, Bed, new_session, new_user};
use crate::store::{Admission, Committed, NewInvite, StoreError, Unique};

pub(crate) async fn the_first_account_is_admin(bed: Bed) {
    assert!(bed.store.is_empty().await.unwrap());
    assert!(bed.user("ann").await.admin);
    assert!(!bed.store.is_empty().await.unwrap());
    assert!(!bed.user("bob").await.admin);
}

pub(crate) async fn an_empty_store_refuses_others(bed: Bed) {
    let mut user = new_user("ann");
    user.admission = Admission::Open {
        first_is_admin: false,
    };
    let refused = bed.store.create_user(user.clone(), new_session()).await;
    assert!(matches!(refused, Err(StoreError::NotFirst)));
    assert!(bed.store.is_empty().await.unwrap());
    bed.user("bob").await;
    let user = bed.store.create_user(user, new_session()).await.unwrap();
    assert!(!user.admin);
}

pub(crate) async fn names_are_unique_by_key(bed: Bed) {
    bed.user("Ann").await;
    let taken = bed.store.create_user(new_user("aNN"), new_session()).await;
    assert!(matches!(taken, Err(StoreError::Taken(Unique::Username))));
}

pub(crate) async fn addresses_are_unique_without_case(bed: Bed) {
    let email = |text: &str| Some(Email::try_from(text).unwrap());
    let mut ann = new_user("ann");
    ann.email = email("Ann@Example.org");
    bed.store.create_user(ann, new_session()).await.unwrap();
    let mut bob = new_user("bob");
    bob.email = email("ann@example.ORG");
    let taken = bed.store.create_user(bob, new_session()).await;
    assert!(matches!(taken, Err(StoreError::Taken(Unique::Email))));
    // Without an address there is nothing to collide.
    bed.user("carol").await;
    bed.user("dave").await;
}

pub(crate) async fn login_by_name_and_address(bed: Bed) {
    let mut ann = new_user("Ann");
    ann.email = Some(Email::try_from("ann@example.org").unwrap());
    let made = bed.store.create_user(ann, new_session()).await.unwrap();
    for login in ["ann", " ANN ", "Ann@example.org"] {
        let found = bed.store.user_by_login(login.to_owned()).await.unwrap();
        assert_eq!(found, Some(made.clone()), "{login}");
    }
    let none = bed.store.user_by_login("an".to_owned()).await.unwrap();
    assert_eq!(none, None);
}

fn invite(uses: u32, admin: bool, expires_at: Option<i64>) -> NewInvite {
    NewInvite {
        token_hash: [7; 32],
        admin,
        max_uses: uses,
        expires_at,
        at: AT,
    }
}

pub(crate) async fn an_invite_counts_its_uses(bed: Bed) {
    assert!(!bed.store.has_admin_invite().await.unwrap());
    bed.store
        .create_invite(invite(2, true, None))
        .await
        .unwrap();
    assert!(bed.store.has_admin_invite().await.unwrap());
    let invited = |name| {
        let mut user = new_user(name);
        user.admission = Admission::Invite {
            token_hash: [7; 32],
        };
        bed.store.create_user(user, new_session())
    };
    assert!(invited("ann").await.unwrap().admin);
    // A registration that fails takes no use.
    assert!(matches!(
        invited("ann").await,
        Err(StoreError::Taken(Unique::Username))
    ));
    assert!(invited("bob").await.unwrap().admin);
    assert!(matches!(
        invited("carol").await,
        Err(StoreError::InviteInvalid)
    ));
}

pub(crate) async fn an_invite_expires(bed: Bed) {
    bed.store
        .create_invite(invite(5, false, Some(AT)))
        .await
        .unwrap();
    for token in [[7; 32], [8; 32]] {
        let mut user = new_user("ann");
        user.admission = Admission::Invite { token_hash: token };
        let refused = bed.store.create_user(user, new_session()).await;
        assert!(matches!(refused, Err(StoreError::InviteInvalid)));
    }
}

pub(crate) async fn sessions_open_and_end(bed: Bed) {
    let ann = bed.user("ann").await;
    let mut second = new_session();
    second.at = AT + 5;
    bed.store
        .create_session(ann.no, second.clone())
        .await
        .unwrap();
    let open = bed.store.sessions(ann.no).await.unwrap();
    assert_eq!(open.len(), 2);
    assert_eq!(open[0].id, second.id);
    bed.store
        .touch_sessions(vec![(open[1].id, AT + 9)])
        .await
        .unwrap();
    let touched = bed.store.sessions(ann.no).await.unwrap();
    assert_eq!(touched[0].id, open[1].id);
    assert_eq!(touched[0].last_used, AT + 9);

    let bob = bed.user("bob").await;
    let end = |user, at| bed.store.end_session(user, second.id, at);
    assert!(!end(bob.no, AT).await.unwrap(), "another's session");
    bed.feed.take();
    assert!(end(ann.no, AT).await.unwrap());
    assert!(!end(ann.no, AT).await.unwrap());
    let told = bed.feed.take();
    assert!(matches!(
        told.as_slice(),
        [Committed::Account { user, entry }]
            if *user == ann.id && entry.kind == account_kind::SESSION_ENDED
                && entry.session == Some(second.id)
    ));
}

pub(crate) async fn an_ended_session_is_none(bed: Bed) {
    let session = new_session();
    let ann = bed
        .store
        .create_user(new_user("ann"), session.clone())
        .await
        .unwrap();
    let (found, user) = bed.store.session(session.id).await.unwrap().unwrap();
    assert_eq!((found.id, found.user), (session.id, ann.no));
    assert_eq!(user, ann);
    assert!(bed.store.end_session(ann.no, session.id, AT).await.unwrap());
    assert_eq!(bed.store.session(session.id).await.unwrap(), None);
}

pub(crate) async fn people_are_found(bed: Bed) {
    let ann = bed.user("Ann").await;
    let joann = bed.user("joann").await;
    let annika = bed.user("annika").await;
    bed.user("bob").await;
    let search = |text: &str, limit| bed.store.search_users(text.to_owned(), limit);
    let found = search("ANN", 10).await.unwrap();
    assert_eq!(found, [ann.clone(), annika.clone(), joann.clone()]);
    assert_eq!(search("ann", 2).await.unwrap(), [ann.clone(), annika]);
    assert_eq!(search("%", 10).await.unwrap(), []);
    let looked_up = bed
        .store
        .users(
            vec![joann.id, proto::id::UserId::generate()],
            vec!["ANN".to_owned(), "nobody".to_owned(), "joann".to_owned()],
        )
        .await
        .unwrap();
    assert_eq!(looked_up, [joann, ann]);
}

pub(crate) async fn last_seen_never_moves_back(bed: Bed) {
    let ann = bed.user("ann").await;
    for at in [AT, AT - 1] {
        bed.store.set_last_seen(vec![(ann.no, at)]).await.unwrap();
        let found = bed.store.users(vec![ann.id], Vec::new()).await.unwrap();
        assert_eq!(found[0].last_seen, Some(AT));
    }
}

pub(crate) async fn a_setting_is_kept_once(bed: Bed) {
    assert_eq!(bed.store.setting("key").await.unwrap(), None);
    let put = |value: &[u8]| bed.store.setting_or_insert("key", value.to_vec());
    assert_eq!(put(b"one").await.unwrap(), b"one");
    assert_eq!(put(b"two").await.unwrap(), b"one");
    assert_eq!(bed.store.setting("key").await.unwrap().unwrap(), b"one");
    assert!(!bed.store.community().is_nil());
}
