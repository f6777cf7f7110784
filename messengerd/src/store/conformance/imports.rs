//! What comes from another messenger.

use proto::id::UserId;
use proto::request::Status;
use proto::text::{DisplayName, Email, Username};

use super::{AT, Bed, actor, message, new_group, new_session, picture};
use crate::store::imports::ImportedUser;
use crate::store::{StoreError, Unique};

fn imported(name: &str) -> ImportedUser {
    ImportedUser {
        id: UserId::generate(),
        username: Username::try_from(name).unwrap(),
        email: None,
        password_hash: "$2a$10$".to_owned(),
        admin: false,
        disabled: false,
        first_name: None,
        last_name: None,
        avatar: None,
        status: Status::Online,
        last_seen: None,
        created_at: AT - 5,
    }
}

pub(crate) async fn an_account_comes_as_it_was_and_only_once(bed: Bed) {
    let avatar = picture(b"hers");
    bed.store.put_avatar(avatar.clone()).await.unwrap();
    let given = ImportedUser {
        email: Some(Email::try_from("Ada@Example.org").unwrap()),
        admin: true,
        disabled: true,
        first_name: Some(DisplayName::try_from("Ада").unwrap()),
        last_name: Some(DisplayName::try_from("L").unwrap()),
        avatar: Some(avatar.hash),
        status: Status::Busy,
        last_seen: Some(AT + 7),
        ..imported("Ada")
    };
    let (ada, fresh) = bed.store.import_user(given.clone()).await.unwrap();
    assert!(fresh);
    assert_eq!(ada.id, given.id);
    assert_eq!(ada.username, "Ada");
    assert_eq!(ada.email.as_deref(), Some("ada@example.org"));
    assert_eq!((ada.admin, ada.disabled), (true, true));
    assert_eq!(
        (ada.first_name.as_str(), ada.last_name.as_str()),
        ("Ада", "L")
    );
    assert_eq!(ada.avatar, Some(avatar.hash));
    assert_eq!(ada.status, Status::Busy);
    assert_eq!((ada.created_at, ada.last_seen), (AT - 5, Some(AT + 7)));
    assert!(bed.account(&ada).await.is_empty());
    assert!(bed.feed.take().is_empty());

    let changed = ImportedUser {
        username: Username::try_from("somebody").unwrap(),
        ..given
    };
    let (again, fresh) = bed.store.import_user(changed).await.unwrap();
    assert!(!fresh);
    assert_eq!(again, ada);
    // Found by name, and not by those who look for people: it is disabled.
    let found = bed.store.user_by_login("ADA".to_owned()).await.unwrap();
    assert_eq!(found.unwrap().no, ada.no);
    let found = bed.store.search_users("ада".to_owned(), 5).await.unwrap();
    assert!(found.is_empty());
}

pub(crate) async fn an_account_takes_nobodys_name(bed: Bed) {
    let (first, _) = bed.store.import_user(imported("ada")).await.unwrap();
    let refused = bed.store.import_user(imported("ADA")).await;
    assert!(matches!(refused, Err(StoreError::Taken(Unique::Username))));
    let address = |name: &str| ImportedUser {
        email: Some(Email::try_from("a@b").unwrap()),
        ..imported(name)
    };
    bed.store.import_user(address("bob")).await.unwrap();
    let refused = bed.store.import_user(address("eve")).await;
    assert!(matches!(refused, Err(StoreError::Taken(Unique::Email))));
    let unkept = ImportedUser {
        avatar: Some(picture(b"nowhere").hash),
        ..imported("mallory")
    };
    let refused = bed.store.import_user(unkept).await;
    assert!(matches!(refused, Err(StoreError::NoEntry)));
    // Accounts that came so have a place in chats like others.
    let chat = bed.store.create_chat(new_group(&[&first])).await.unwrap();
    assert_eq!(chat.members.len(), 1);
}

pub(crate) async fn entries_are_found_by_their_ids(bed: Bed) {
    let ada = bed.user("ada").await;
    let (one, two) = (bed.group(&[&ada]).await, bed.group(&[&ada]).await);
    let (first, second) = (message(&one, &ada, "1"), message(&two, &ada, "2"));
    let nowhere = message(&two, &ada, "3").id;
    let ids = vec![second.id, nowhere, first.id];
    for append in [first.clone(), second.clone()] {
        bed.store.append(append).unwrap().await.unwrap();
    }
    let mut found = bed.store.places(ids).await.unwrap();
    found.sort_by_key(|place| place.chat);
    let found: Vec<_> = found
        .iter()
        .map(|place| (place.id, place.chat, place.seq))
        .collect();
    assert_eq!(found, [(first.id, one.no, 2), (second.id, two.no, 2)]);
    assert!(bed.store.places(Vec::new()).await.unwrap().is_empty());
}

pub(crate) async fn a_hash_is_replaced_and_no_session_ends(bed: Bed) {
    let ada = bed.user("ada").await;
    let session = new_session();
    let id = session.id;
    bed.store.create_session(ada.no, session).await.unwrap();
    let before = bed.account(&ada).await;
    let replace = |old: &str, new: &str| {
        bed.store
            .replace_password_hash(ada.no, old.to_owned(), new.to_owned())
    };
    assert!(!replace("another", "$new$").await.unwrap());
    assert!(replace(&ada.password_hash, "$new$").await.unwrap());
    assert!(!replace(&ada.password_hash, "$newer$").await.unwrap());
    let (_, now) = bed.store.session(id).await.unwrap().unwrap();
    assert_eq!(now.password_hash, "$new$");
    assert_eq!(actor(&now), actor(&ada));
    assert_eq!(bed.account(&ada).await, before);
}
