//! Statuses, idle devices, receipts.

use proto::entry::account_kind;
use proto::event::{CursorMoved, Event, Presence};
use proto::id::{ChatId, UserId};
use proto::request::{Cursors, Idle, Mark, Profile, ProfileInfo, SetProfile, SetStatus, Status};

use crate::ground::On;
use crate::support::{Client, Wire};
use crate::{device, sees, sees_offline, sees_online, told, user};

crate::on_both_stores! {
    a_chosen_status_is_seen_and_lapses_by_itself
    a_status_has_to_be_one
    who_is_idle_on_all_devices_is_away
    what_was_chosen_beats_idling
    receipts_that_are_off_reach_ones_own_devices_only
}

pub(crate) fn status(status: Status) -> SetStatus {
    SetStatus {
        status,
        text: None,
        until: None,
    }
}

async fn own(client: &mut Client) -> ProfileInfo {
    client.call(Profile { user: None }).await.unwrap()
}

async fn sees_as(client: &mut Client, user: UserId, status: Option<Status>) -> Presence {
    sees(client, user, |state| state.online && state.status == status).await
}

async fn a_chosen_status_is_seen_and_lapses_by_itself(on: On) {
    let daemon = on.daemon().await;
    let mut ada = user(on, &daemon, "ada").await;
    let mut bob = user(on, &daemon, "bob").await;
    ada.private_chat(bob.id()).await;
    sees_online(&mut bob, ada.id()).await;
    let mut phone = device(&daemon, "ada").await;
    let until = messengerd::service::now() + 1_500;
    let chosen = ada
        .call(SetStatus {
            status: Status::Busy,
            text: Some("at the engine".try_into().unwrap()),
            until: Some(until),
        })
        .await
        .unwrap();
    assert_eq!(
        (
            chosen.status,
            chosen.status_text.as_str(),
            chosen.status_until
        ),
        (Status::Busy, "at the engine", Some(until))
    );
    phone
        .event(|event| match event {
            Event::Account(changed) => {
                (changed.entry.kind == account_kind::PROFILE_CHANGED).then_some(())
            }
            _ => None,
        })
        .await;
    assert_eq!(own(&mut phone).await, chosen);
    let seen = sees_as(&mut bob, ada.id(), Some(Status::Busy)).await;
    assert_eq!(seen.text.as_deref(), Some("at the engine"));
    // Whoever comes later sees it too.
    let mut later = device(&daemon, "bob").await;
    let seen = sees_online(&mut later, ada.id()).await;
    assert_eq!(seen.status, Some(Status::Busy));
    let asked = Profile {
        user: Some(ada.id()),
    };
    let shown = later.call(asked).await.unwrap();
    assert_eq!(
        (shown.status, shown.status_until),
        (Status::Busy, Some(until))
    );
    let seen = sees_as(&mut bob, ada.id(), None).await;
    assert_eq!(seen.text, None);
    assert!(messengerd::service::now() >= until);
    assert_eq!(own(&mut phone).await.status, Status::Online);
    // And one that follows another before that holds.
    let soon = messengerd::service::now() + 1_000;
    ada.call(SetStatus {
        until: Some(soon),
        ..status(Status::Away)
    })
    .await
    .unwrap();
    sees_as(&mut bob, ada.id(), Some(Status::Away)).await;
    ada.call(status(Status::Busy)).await.unwrap();
    sees_as(&mut bob, ada.id(), Some(Status::Busy)).await;
    let until = messengerd::service::now() + 1_200;
    bob.call(SetStatus {
        until: Some(until),
        ..status(Status::Busy)
    })
    .await
    .unwrap();
    // By the time that this one has lapsed the other would have.
    sees_as(&mut ada, bob.id(), Some(Status::Busy)).await;
    sees_as(&mut ada, bob.id(), None).await;
    let heard = told(&mut bob).await;
    assert!(
        !heard
            .iter()
            .any(|event| matches!(event, Event::Presence(changed)
            if changed.users.iter().any(|state| state.user == ada.id()))),
        "{heard:?}"
    );
}

async fn a_status_has_to_be_one(on: On) {
    let daemon = on.daemon().await;
    let mut ada = user(on, &daemon, "ada").await;
    for wrong in [
        status(Status::Offline),
        status(Status::Unknown),
        SetStatus {
            until: Some(1),
            ..status(Status::Busy)
        },
    ] {
        assert_eq!(ada.call(wrong).await.unwrap_err().code(), "bad_request");
    }
    // Who listens to nothing is not there to be idle.
    let token = ada.token();
    let mut script = Client::connect(&daemon, Wire::Quic, Some(token), false)
        .await
        .unwrap();
    let refused = script.call(Idle { on: true }).await.unwrap_err();
    assert_eq!(refused.code(), "bad_request");
}

async fn who_is_idle_on_all_devices_is_away(on: On) {
    let daemon = on.daemon().await;
    let mut ada = user(on, &daemon, "ada").await;
    let mut bob = user(on, &daemon, "bob").await;
    ada.private_chat(bob.id()).await;
    sees_online(&mut bob, ada.id()).await;
    ada.call(Idle { on: true }).await.unwrap();
    sees_as(&mut bob, ada.id(), Some(Status::Away)).await;
    // One's own choice is not idling.
    assert_eq!(own(&mut ada).await.status, Status::Online);
    let mut phone = device(&daemon, "ada").await;
    sees_as(&mut bob, ada.id(), None).await;
    phone.call(Idle { on: true }).await.unwrap();
    sees_as(&mut bob, ada.id(), Some(Status::Away)).await;
    phone.call(Idle { on: true }).await.unwrap();
    phone.call(Idle { on: false }).await.unwrap();
    sees_as(&mut bob, ada.id(), None).await;
    // With the device somebody was at, that is gone.
    drop(phone);
    sees_as(&mut bob, ada.id(), Some(Status::Away)).await;
    ada.call(Idle { on: false }).await.unwrap();
    sees_as(&mut bob, ada.id(), None).await;
    let id = ada.id();
    ada.call(Idle { on: true }).await.unwrap();
    drop(ada);
    sees_offline(&mut bob, id).await;
    // It lapses with the connection.
    device(&daemon, "ada").await;
    let back = sees_online(&mut bob, id).await;
    assert_eq!(back.status, None);
}

async fn what_was_chosen_beats_idling(on: On) {
    let daemon = on.daemon().await;
    let mut ada = user(on, &daemon, "ada").await;
    let mut bob = user(on, &daemon, "bob").await;
    ada.private_chat(bob.id()).await;
    sees_online(&mut bob, ada.id()).await;
    ada.call(status(Status::Busy)).await.unwrap();
    sees_as(&mut bob, ada.id(), Some(Status::Busy)).await;
    ada.call(Idle { on: true }).await.unwrap();
    let mut later = device(&daemon, "bob").await;
    assert_eq!(
        sees_online(&mut later, ada.id()).await.status,
        Some(Status::Busy)
    );
    ada.call(status(Status::Online)).await.unwrap();
    sees_as(&mut bob, ada.id(), Some(Status::Away)).await;
    ada.call(status(Status::Away)).await.unwrap();
    ada.call(Idle { on: false }).await.unwrap();
    let mut later = device(&daemon, "bob").await;
    assert_eq!(
        sees_online(&mut later, ada.id()).await.status,
        Some(Status::Away)
    );
}

pub(crate) async fn cursor_of(client: &mut Client, user: UserId, read: u64) -> CursorMoved {
    client
        .event(|event| match event {
            Event::Cursor(moved) => (moved.user == user && moved.read >= read).then_some(moved),
            _ => None,
        })
        .await
}

pub(crate) fn mark(chat: ChatId, read: u64) -> Mark {
    Mark {
        chat,
        read: Some(read),
        delivered: Some(read),
    }
}

pub(crate) async fn read_by(client: &mut Client, chat: ChatId, user: UserId) -> u64 {
    let list = client
        .call(Cursors { chat, offset: 0 })
        .await
        .unwrap()
        .cursors;
    list.iter().find(|cursor| cursor.user == user).unwrap().read
}

async fn receipts_that_are_off_reach_ones_own_devices_only(on: On) {
    let daemon = on.daemon().await;
    let mut ada = user(on, &daemon, "ada").await;
    let mut bob = user(on, &daemon, "bob").await;
    let mut phone = device(&daemon, "ada").await;
    let chat = ada.private_chat(bob.id()).await.id;
    let receipts = |on: bool| SetProfile {
        receipts: Some(on),
        ..SetProfile::default()
    };
    let changed = ada.call(receipts(false)).await.unwrap();
    assert!(!changed.own.unwrap().receipts);
    let first = bob.say(chat, "one").await.unwrap().seq;
    ada.call(mark(chat, first)).await.unwrap();
    assert_eq!(cursor_of(&mut phone, ada.id(), first).await.read, first);
    assert_eq!(read_by(&mut phone, chat, ada.id()).await, first);
    assert!(read_by(&mut bob, chat, ada.id()).await < first);
    // Writing shows nothing either.
    let own = ada.say(chat, "two").await.unwrap().seq;
    cursor_of(&mut phone, ada.id(), own).await;
    assert!(read_by(&mut bob, chat, ada.id()).await < first);
    let heard = told(&mut bob).await;
    let moved = |event: &Event| matches!(event, Event::Cursor(moved) if moved.user == ada.id());
    assert!(!heard.iter().any(moved), "{heard:?}");
    // On again, they catch up with the next mark.
    ada.call(receipts(true)).await.unwrap();
    ada.call(mark(chat, own)).await.unwrap();
    assert_eq!(cursor_of(&mut bob, ada.id(), own).await.read, own);
    assert_eq!(read_by(&mut bob, chat, ada.id()).await, own);
}
