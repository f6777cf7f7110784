//! Names, words, pictures, passwords.

use bytes::Bytes;
use proto::digest::Digest;
use proto::entry::account_kind;
use proto::error::ErrorCode;
use proto::event::Event;
use proto::id::UserId;
use proto::request::{
    Avatar, ChangePassword, Login, Ping, Profile, SearchUsers, SetAvatar, SetProfile, Status, User,
    Users,
};
use proto::text::Password;

use crate::ground::On;
use crate::support::{Client, Failure, Wire, password};
use crate::{device, told, user};

crate::on_both_stores! {
    a_profile_is_what_its_owner_says
    an_address_belongs_to_one
    who_shares_a_chat_learns_of_new_names_and_nobody_else
    a_picture_is_given_and_taken_away
    a_new_password_ends_all_other_sessions
    wrong_passwords_are_limited
    people_are_found_by_their_names
}

fn names(first: &str, last: &str) -> SetProfile {
    SetProfile {
        first_name: Some(first.try_into().unwrap()),
        last_name: Some(last.try_into().unwrap()),
        ..SetProfile::default()
    }
}

async fn profile(client: &mut Client, user: Option<UserId>) -> proto::request::ProfileInfo {
    client.call(Profile { user }).await.unwrap()
}

async fn next_looks(client: &mut Client) -> User {
    client
        .event(|event| match event {
            Event::Users(changed) => changed.users.into_iter().next(),
            _ => None,
        })
        .await
}

async fn profile_changed(client: &mut Client) {
    client
        .event(|event| match event {
            Event::Account(changed) => {
                (changed.entry.kind == account_kind::PROFILE_CHANGED).then_some(())
            }
            _ => None,
        })
        .await;
}

async fn a_profile_is_what_its_owner_says(on: On) {
    let daemon = on.daemon().await;
    let mut ada = user(on, &daemon, "ada").await;
    let mut other = device(&daemon, "ada").await;
    let mut bob = user(on, &daemon, "bob").await;
    let changed = ada
        .call(SetProfile {
            bio: Some("Engines.\nAnalytical ones.".try_into().unwrap()),
            email: Some("ada@example.org".try_into().unwrap()),
            ..names("Ada", "Lovelace")
        })
        .await
        .unwrap();
    profile_changed(&mut other).await;
    assert_eq!(profile(&mut other, None).await, changed);
    assert_eq!(changed.status, Status::Online);
    let own = changed.own.clone().unwrap();
    assert_eq!(
        (own.email.as_deref(), own.receipts),
        (Some("ada@example.org"), true)
    );
    // Others are not given the address, and strangers no status.
    let shown = profile(&mut bob, Some(ada.id())).await;
    assert_eq!((shown.own.clone(), shown.status), (None, Status::Offline));
    assert_eq!(shown.bio, "Engines.\nAnalytical ones.");
    assert_eq!(
        (
            shown.user.first_name.as_str(),
            shown.user.last_name.as_str()
        ),
        ("Ada", "Lovelace")
    );
    let cleared = ada
        .call(SetProfile {
            clear: ["last_name", "bio", "email"].map(str::to_owned).to_vec(),
            ..SetProfile::default()
        })
        .await
        .unwrap();
    assert_eq!(
        (
            cleared.user.first_name.as_str(),
            cleared.user.last_name.as_str()
        ),
        ("Ada", "")
    );
    assert_eq!(
        (cleared.bio.as_str(), cleared.own.unwrap().email),
        ("", None)
    );
    assert!(cleared.user.rev > changed.user.rev);
    let listed = bob
        .call(Users {
            ids: vec![ada.id()],
            names: Vec::new(),
        })
        .await
        .unwrap();
    assert_eq!(listed.users, [cleared.user]);
    for wrong in [
        SetProfile {
            clear: vec!["username".to_owned()],
            ..SetProfile::default()
        },
        SetProfile {
            clear: vec!["first_name".to_owned()],
            ..names("Ada", "Lovelace")
        },
    ] {
        assert_eq!(ada.call(wrong).await.unwrap_err().code(), "bad_request");
    }
    let unknown = Profile {
        user: Some(UserId::generate()),
    };
    assert_eq!(ada.call(unknown).await.unwrap_err().code(), "not_found");
}

async fn an_address_belongs_to_one(on: On) {
    let daemon = on.daemon().await;
    let mut ada = user(on, &daemon, "ada").await;
    let mut bob = user(on, &daemon, "bob").await;
    let address = |text: &str| SetProfile {
        email: Some(text.try_into().unwrap()),
        ..SetProfile::default()
    };
    ada.call(address("one@example.org")).await.unwrap();
    let refused = bob.call(address("ONE@example.org")).await.unwrap_err();
    assert_eq!(refused.code(), "email_taken");
    // One's own may be set again, and signs in.
    ada.call(address("One@example.org")).await.unwrap();
    device(&daemon, "one@example.org").await;
}

async fn who_shares_a_chat_learns_of_new_names_and_nobody_else(on: On) {
    let daemon = on.daemon().await;
    let mut ada = user(on, &daemon, "ada").await;
    let mut bob = user(on, &daemon, "bob").await;
    let mut eve = user(on, &daemon, "eve").await;
    ada.private_chat(bob.id()).await;
    let changed = ada.call(names("Ada", "Lovelace")).await.unwrap();
    assert_eq!(next_looks(&mut bob).await, changed.user);
    // What others do not see without asking tells nobody.
    ada.call(SetProfile {
        bio: Some("Engines".try_into().unwrap()),
        receipts: Some(true),
        ..SetProfile::default()
    })
    .await
    .unwrap();
    let changed = ada.call(names("Augusta", "Lovelace")).await.unwrap();
    assert_eq!(next_looks(&mut bob).await, changed.user);
    let of_ada = |event: &Event| matches!(event, Event::Users(_) | Event::Presence(_));
    let heard = told(&mut eve).await;
    let about_ada = heard
        .iter()
        .filter(|event| of_ada(event))
        .filter(|event| match event {
            Event::Presence(changed) => changed.users.iter().any(|state| state.user == ada.id()),
            _ => true,
        });
    assert_eq!(about_ada.count(), 0);
}

fn png(tail: &[u8]) -> Bytes {
    [b"\x89PNG\r\n\x1a\n".as_slice(), tail].concat().into()
}

async fn a_picture_is_given_and_taken_away(on: On) {
    let daemon = on.daemon().await;
    let mut ada = user(on, &daemon, "ada").await;
    let mut bob = user(on, &daemon, "bob").await;
    ada.private_chat(bob.id()).await;
    let picture = |image: Option<Bytes>| SetAvatar { chat: None, image };
    let image = png(b"one");
    ada.call(picture(Some(image.clone()))).await.unwrap();
    let hash = next_looks(&mut bob).await.avatar.unwrap();
    assert_eq!(hash, Digest(*blake3::hash(&image).as_bytes()));
    let got = bob.call(Avatar { hash }).await.unwrap();
    assert_eq!((got.mime.as_str(), got.image), ("image/png", image.clone()));
    // The same by two people is kept while one of them has it.
    bob.call(picture(Some(image))).await.unwrap();
    ada.call(picture(Some(png(b"two")))).await.unwrap();
    assert_ne!(next_looks(&mut bob).await.avatar, Some(hash));
    ada.call(Avatar { hash }).await.unwrap();
    bob.call(picture(None)).await.unwrap();
    assert_eq!(
        ada.call(Avatar { hash }).await.unwrap_err().code(),
        "not_found"
    );
    for (wrong, code) in [
        (Bytes::from_static(b"<svg/>"), "bad_request"),
        (Bytes::new(), "bad_request"),
        (png(&vec![0; proto::limits::AVATAR_BYTES]), "too_large"),
    ] {
        let refused = ada.call(picture(Some(wrong))).await.unwrap_err();
        assert_eq!(refused.code(), code);
    }
}

fn change(old: Password) -> ChangePassword {
    ChangePassword {
        old,
        new: "battery staple".try_into().unwrap(),
    }
}

async fn a_new_password_ends_all_other_sessions(on: On) {
    let daemon = on.daemon().await;
    let mut ada = user(on, &daemon, "ada").await;
    let mut other = device(&daemon, "ada").await;
    let wrong = change("not the old one".try_into().unwrap());
    assert_eq!(ada.call(wrong).await.unwrap_err().code(), "bad_credentials");
    ada.call(change(password())).await.unwrap();
    match other.end().await {
        Failure::Goodbye(error) => assert_eq!(error.code, ErrorCode::Unauthenticated),
        failure => panic!("{failure:?}"),
    }
    let resumed = Client::connect(&daemon, Wire::Quic, Some(other.token()), true).await;
    assert_eq!(resumed.err().unwrap().code(), "unauthenticated");
    ada.call(Ping {}).await.unwrap();
    let mut again = Client::connect(&daemon, Wire::Quic, None, true)
        .await
        .unwrap();
    let login = |password: Password| Login {
        login: "ada".to_owned(),
        password,
        device: "test".try_into().unwrap(),
    };
    let refused = again.call(login(password())).await.unwrap_err();
    assert_eq!(refused.code(), "bad_credentials");
    again
        .call(login("battery staple".try_into().unwrap()))
        .await
        .unwrap();
}

async fn wrong_passwords_are_limited(on: On) {
    let daemon = on.daemon().await;
    let mut ada = user(on, &daemon, "ada").await;
    let mut codes = Vec::new();
    while codes.last().map(String::as_str) != Some("rate_limited") {
        assert!(codes.len() < 30, "{codes:?}");
        let wrong = change("not the old one".try_into().unwrap());
        codes.push(ada.call(wrong).await.unwrap_err().code());
    }
    assert!(codes.len() > 5, "{codes:?}");
}

async fn people_are_found_by_their_names(on: On) {
    let daemon = on.daemon().await;
    let mut ada = user(on, &daemon, "ada").await;
    let mut bob = user(on, &daemon, "b.o_b").await;
    bob.call(names("Пётр", "Ёлкин")).await.unwrap();
    for query in ["петр", "ЁЛКИ", "b.o_", "Пётр Ёл"] {
        let found = ada
            .call(SearchUsers {
                query: query.to_owned(),
                limit: 10,
            })
            .await
            .unwrap();
        let found: Vec<&str> = found
            .users
            .iter()
            .map(|user| user.username.as_str())
            .collect();
        assert_eq!(found, ["b.o_b"], "{query}");
    }
}
