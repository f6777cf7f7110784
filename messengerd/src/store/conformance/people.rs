//! Profiles, statuses, pictures, passwords.

use proto::entry::account_kind;
use proto::request::Status;
use proto::text::{Bio, DisplayName, Email, StatusText};

use super::{AT, Bed, act, actor, new_session, picture};
use crate::store::groups::ChatChange;
use crate::store::people::{ChosenStatus, ProfileChange};
use crate::store::{StoreError, Unique, UserRecord};

fn name(text: &str) -> Option<Option<DisplayName>> {
    Some(Some(DisplayName::try_from(text).unwrap()))
}

async fn found(bed: &Bed, user: &UserRecord) -> UserRecord {
    let mut users = bed.store.users(vec![user.id], Vec::new()).await.unwrap();
    users.remove(0)
}

pub(crate) async fn a_profile_changes_what_is_given(bed: Bed) {
    let ann = bed.user("ann").await;
    assert_eq!((ann.rev, ann.receipts, ann.created_at), (0, true, AT));
    let change = ProfileChange {
        first_name: name("Anna"),
        last_name: name("Ивановна"),
        bio: Some(Bio::try_from("two\nlines").unwrap()),
        email: Some(Some(Email::try_from("Ann@Example.org").unwrap())),
        receipts: Some(false),
    };
    let set = |change| bed.store.set_profile(actor(&ann), change, AT);
    let changed = set(change.clone()).await.unwrap();
    assert_eq!(
        (changed.first_name.as_str(), changed.last_name.as_str()),
        ("Anna", "Ивановна")
    );
    assert_eq!((changed.bio.as_str(), changed.rev), ("two\nlines", 1));
    assert_eq!(changed.email.as_deref(), Some("ann@example.org"));
    assert!(!changed.receipts);
    assert_eq!(found(&bed, &ann).await, changed);
    let entries = async || {
        let log = bed.account(&ann).await;
        let changes = log
            .iter()
            .filter(|entry| entry.kind == account_kind::PROFILE_CHANGED);
        changes.count()
    };
    assert_eq!(entries().await, 1);
    // The same once more is nothing.
    assert_eq!(set(change).await.unwrap(), changed);
    assert_eq!(entries().await, 1);
    // What others do not see is no revision of the profile.
    let quiet = ProfileChange {
        receipts: Some(true),
        email: Some(None),
        ..ProfileChange::default()
    };
    let quiet = set(quiet).await.unwrap();
    assert_eq!((quiet.rev, &quiet.email, quiet.receipts), (1, &None, true));
    assert_eq!(quiet.first_name, "Anna");
    let emptied = ProfileChange {
        first_name: Some(None),
        ..ProfileChange::default()
    };
    let emptied = set(emptied).await.unwrap();
    assert_eq!((emptied.first_name.as_str(), emptied.rev), ("", 2));
    assert_eq!(entries().await, 3);
    // Members of chats are shown as they are now.
    let chat = bed.group(&[&ann]).await;
    assert_eq!(chat.members[0].user, emptied.shown());
}

pub(crate) async fn an_address_of_anothers_profile_is_taken(bed: Bed) {
    let (ann, bob) = (bed.user("ann").await, bed.user("bob").await);
    let address = || ProfileChange {
        email: Some(Some(Email::try_from("a@example.org").unwrap())),
        ..ProfileChange::default()
    };
    let set = |user: &UserRecord| bed.store.set_profile(actor(user), address(), AT);
    set(&ann).await.unwrap();
    set(&ann).await.unwrap();
    let taken = set(&bob).await;
    assert!(matches!(taken, Err(StoreError::Taken(Unique::Email))));
    assert_eq!(found(&bed, &bob).await, bob);
}

pub(crate) async fn a_status_is_as_chosen(bed: Bed) {
    let ann = bed.user("ann").await;
    assert_eq!(ann.status, Status::Online);
    for status in [
        Status::Away,
        Status::Busy,
        Status::Invisible,
        Status::Online,
    ] {
        let chosen = ChosenStatus {
            status,
            text: Some(StatusText::try_from("at lunch").unwrap()),
            until: Some(AT + 5),
        };
        let set = bed.store.set_status(actor(&ann), chosen, AT).await.unwrap();
        assert_eq!(set.status, status);
        assert_eq!(
            (set.status_text.as_str(), set.status_until),
            ("at lunch", Some(AT + 5))
        );
        assert_eq!(found(&bed, &ann).await, set);
        let log = bed.account(&ann).await;
        assert_eq!(log.last().unwrap().kind, account_kind::PROFILE_CHANGED);
    }
    let plain = ChosenStatus {
        status: Status::Online,
        text: None,
        until: None,
    };
    let set = bed.store.set_status(actor(&ann), plain, AT).await.unwrap();
    assert_eq!(set, ann);
}

pub(crate) async fn a_picture_goes_with_the_last_who_has_it(bed: Bed) {
    let (ann, bob) = (bed.user("ann").await, bed.user("bob").await);
    let image = picture(b"image");
    let set = |user: &UserRecord, avatar| {
        bed.store
            .set_user_avatar(actor(user), avatar, String::new(), AT)
    };
    let missing = set(&ann, Some(image.hash)).await;
    assert!(matches!(missing, Err(StoreError::NoEntry)));
    for _ in 0..2 {
        bed.store.put_avatar(image.clone()).await.unwrap();
    }
    let kept = bed.store.avatar(image.hash).await.unwrap().unwrap();
    assert_eq!(kept, ("image/png".to_owned(), image.image.clone()));
    let with = set(&ann, Some(image.hash)).await.unwrap();
    assert_eq!((with.avatar, with.rev), (Some(image.hash), 1));
    set(&bob, Some(image.hash)).await.unwrap();
    // The same again takes it from nobody.
    set(&bob, Some(image.hash)).await.unwrap();
    let without = set(&ann, None).await.unwrap();
    assert_eq!((without.avatar, without.rev), (None, 2));
    assert!(bed.store.avatar(image.hash).await.unwrap().is_some());
    set(&bob, None).await.unwrap();
    assert_eq!(bed.store.avatar(image.hash).await.unwrap(), None);
    let log = bed.account(&bob).await;
    assert_eq!(log.last().unwrap().kind, account_kind::PROFILE_CHANGED);
}

pub(crate) async fn a_picture_elsewhere_takes_the_place_of_one_that_is_kept(bed: Bed) {
    const ELSEWHERE: &str = "https://example.org/a.png";
    let (ann, image) = (bed.user("ann").await, picture(b"image"));
    let chat = bed.group(&[&ann]).await;
    assert_eq!(
        (ann.avatar_url.as_str(), chat.avatar_url.as_str()),
        ("", "")
    );
    for (kept, url) in [
        (Some(image.hash), ""),
        (None, ELSEWHERE),
        (Some(image.hash), ""),
        (None, ""),
    ] {
        bed.store.put_avatar(image.clone()).await.unwrap();
        let set = bed
            .store
            .set_user_avatar(actor(&ann), kept, url.to_owned(), AT);
        let set = set.await.unwrap();
        assert_eq!((set.avatar, set.avatar_url.as_str()), (kept, url));
        assert_eq!(found(&bed, &ann).await, set);
        let change = ChatChange {
            avatar: Some(kept),
            avatar_url: Some(url.to_owned()),
            ..ChatChange::default()
        };
        let now = bed.now(&chat).await;
        bed.store
            .change_chat(act(&now, &ann), change)
            .await
            .unwrap();
        let now = bed.now(&chat).await;
        assert_eq!((now.avatar, now.avatar_url.as_str()), (kept, url));
        let listed = bed.store.chat_list(ann.no, 0, 1).await.unwrap();
        let listed = &listed[0].chat;
        assert_eq!((listed.avatar, &listed.avatar_url), (kept, &now.avatar_url));
        let is_kept = bed.store.avatar(image.hash).await.unwrap().is_some();
        assert_eq!(is_kept, kept.is_some());
    }
}

pub(crate) async fn a_new_password_ends_the_other_sessions(bed: Bed) {
    let ann = bed.user("ann").await;
    let (kept, other) = (new_session(), new_session());
    for session in [&kept, &other] {
        bed.store
            .create_session(ann.no, session.clone())
            .await
            .unwrap();
    }
    bed.store
        .set_password(actor(&ann), "$new$".to_owned(), kept.id, AT)
        .await
        .unwrap();
    assert_eq!(found(&bed, &ann).await.password_hash, "$new$");
    let open = bed.store.sessions(ann.no).await.unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].id, kept.id);
    let log = bed.account(&ann).await;
    let ended: Vec<_> = log
        .iter()
        .filter(|entry| entry.kind == account_kind::SESSION_ENDED)
        .collect();
    assert_eq!(ended.len(), 2);
    assert!(ended.iter().all(|entry| entry.session != Some(kept.id)));
}

pub(crate) async fn people_are_found_by_their_names(bed: Bed) {
    let (zoe, bob) = (bed.user("zoe").await, bed.user("anbob").await);
    let change = ProfileChange {
        first_name: name("Ánna"),
        last_name: name("Семёнова"),
        ..ProfileChange::default()
    };
    let zoe = bed
        .store
        .set_profile(actor(&zoe), change, AT)
        .await
        .unwrap();
    let search = |text: &str| bed.store.search_users(text.to_owned(), 10);
    // A user name that begins with it first.
    assert_eq!(search("an").await.unwrap(), [bob, zoe.clone()]);
    for query in ["anna", "СЕМЕНОВ", "anna семен"] {
        assert_eq!(
            search(query).await.unwrap(),
            std::slice::from_ref(&zoe),
            "{query}"
        );
    }
    assert_eq!(search("nobody").await.unwrap(), []);
}
