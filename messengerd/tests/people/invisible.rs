//! Whoever is invisible is offline to everybody else.

use bytes::Bytes;
use proto::entry::Body;
use proto::event::Event;
use proto::id::UserId;
use proto::request::{Idle, Profile, SetAvatar, SetProfile, SetStatus, Status, Typing};

use crate::ground::On;
use crate::presence::{cursor_of, mark, read_by, status};
use crate::support::Client;
use crate::{device, sees_offline, sees_online, told, user};

crate::on_both_stores! {
    nothing_that_an_invisible_one_does_shows
    who_comes_invisible_was_never_seen
    an_invisible_time_that_lapses_shows_who_is_there
}

async fn waits_for(client: &mut Client, wanted: impl Fn(&Event) -> bool) -> Vec<Event> {
    let mut heard = Vec::new();
    client
        .event(|event| {
            let found = wanted(&event);
            heard.push(event);
            found.then_some(())
        })
        .await;
    heard
}

fn goes(event: &Event, user: UserId) -> bool {
    matches!(event, Event::Presence(changed)
        if changed.users.iter().any(|state| state.user == user && !state.online))
}

/// Events in which this one has a part.
fn part_of(events: &[Event], user: UserId) -> Vec<&Event> {
    let has_part = |event: &&Event| match event {
        Event::Presence(changed) => changed.users.iter().any(|state| state.user == user),
        Event::Users(changed) => changed.users.iter().any(|known| known.id == user),
        Event::Typing(changed) => changed.user == user,
        Event::Cursor(moved) => moved.user == user,
        Event::Entry(told) => {
            told.entry.actor == user
                && !matches!(
                    Body::decode(told.entry.kind, &told.entry.body),
                    Body::Created(_)
                )
        }
        _ => false,
    };
    events.iter().filter(has_part).collect()
}

async fn nothing_that_an_invisible_one_does_shows(on: On) {
    let daemon = on.daemon().await;
    let mut ada = user(on, &daemon, "ada").await;
    let mut bob = user(on, &daemon, "bob").await;
    let mut eve = user(on, &daemon, "eve").await;
    let (ada_id, bob_id) = (ada.id(), bob.id());
    let chat = ada.private_chat(eve.id()).await.id;
    let group = ada.group("us", vec![bob.id(), eve.id()]).await.id;
    let first = eve.say(chat, "are you there?").await.unwrap().seq;
    let second = eve.say(group, "all of you?").await.unwrap().seq;
    sees_online(&mut eve, ada.id()).await;

    ada.call(status(Status::Invisible)).await.unwrap();
    let gone = sees_offline(&mut eve, ada.id()).await;
    assert_eq!((gone.status, gone.text.clone()), (None, None));
    assert!(gone.last_seen.is_some());
    told(&mut eve).await;

    // All that a client does.
    let mut phone = device(&daemon, "ada").await;
    for client in [&mut ada, &mut phone] {
        client.call(mark(chat, first)).await.unwrap();
        client.call(mark(group, second)).await.unwrap();
        client.call(Typing { chat, on: true }).await.unwrap();
        let typing = Typing {
            chat: group,
            on: true,
        };
        client.call(typing).await.unwrap();
        for on in [true, false, true] {
            client.call(Idle { on }).await.unwrap();
        }
    }
    let image = Some(Bytes::from_static(b"\x89PNG\r\n\x1a\nnew"));
    ada.call(SetAvatar { chat: None, image }).await.unwrap();
    let changed = ada
        .call(SetProfile {
            first_name: Some("Ada".try_into().unwrap()),
            bio: Some("Here.".try_into().unwrap()),
            ..SetProfile::default()
        })
        .await
        .unwrap();
    ada.call(SetStatus {
        text: Some("nobody reads this".try_into().unwrap()),
        ..status(Status::Invisible)
    })
    .await
    .unwrap();
    // Her own devices have it all.
    assert_eq!(cursor_of(&mut phone, ada_id, first).await.read, first);
    assert_eq!(read_by(&mut phone, group, ada_id).await, second);
    drop(phone);
    drop(ada);
    // Bob does the same later, and is seen by eve: what is told of him comes
    // behind what would have been told of ada.
    bob.call(mark(group, second)).await.unwrap();
    bob.call(Typing {
        chat: group,
        on: true,
    })
    .await
    .unwrap();
    let mut heard = waits_for(&mut eve, |event| {
        matches!(event, Event::Cursor(moved) if moved.user == bob_id && moved.read == second)
    })
    .await;
    drop(bob);
    heard.extend(waits_for(&mut eve, |event| goes(event, bob_id)).await);
    heard.extend(told(&mut eve).await);
    assert!(!part_of(&heard, bob_id).is_empty());
    assert_eq!(part_of(&heard, ada_id), Vec::<&Event>::new());
    assert_eq!(read_by(&mut eve, chat, ada_id).await, 0);
    assert_eq!(read_by(&mut eve, group, ada_id).await, 0);

    // Whoever asks anew finds what was told when she went.
    let mut later = device(&daemon, "eve").await;
    let seen = sees_offline(&mut later, ada_id).await;
    assert_eq!(
        (seen.last_seen, seen.status, seen.text),
        (gone.last_seen, None, None)
    );
    let asked = Profile { user: Some(ada_id) };
    let shown = later.call(asked).await.unwrap();
    assert_eq!(
        (shown.status, shown.status_text.as_str(), shown.status_until),
        (Status::Offline, "", None)
    );

    // Visible again, she is there with what is new, and her receipts catch up.
    let mut ada = device(&daemon, "ada").await;
    ada.call(status(Status::Online)).await.unwrap();
    let back = sees_online(&mut eve, ada_id).await;
    assert_eq!(back.rev, changed.user.rev);
    ada.call(mark(chat, first)).await.unwrap();
    assert_eq!(cursor_of(&mut eve, ada_id, first).await.read, first);
}

async fn who_comes_invisible_was_never_seen(on: On) {
    let daemon = on.daemon().await;
    let mut ada = user(on, &daemon, "ada").await;
    let mut eve = user(on, &daemon, "eve").await;
    let bob = user(on, &daemon, "bob").await;
    let ada_id = ada.id();
    ada.call(status(Status::Invisible)).await.unwrap();
    // Whoever meets her now sees nobody there.
    ada.private_chat(eve.id()).await;
    let seen = sees_offline(&mut eve, ada_id).await;
    eve.private_chat(bob.id()).await;
    drop(ada);
    device(&daemon, "ada").await;
    drop(bob);
    let heard = waits_for(&mut eve, |event| {
        matches!(event, Event::Presence(changed)
            if changed.users.iter().any(|state| state.user != ada_id && !state.online))
    })
    .await;
    assert_eq!(part_of(&heard, ada_id), Vec::<&Event>::new());
    let mut later = device(&daemon, "eve").await;
    assert_eq!(
        sees_offline(&mut later, ada_id).await.last_seen,
        seen.last_seen
    );
}

async fn an_invisible_time_that_lapses_shows_who_is_there(on: On) {
    let daemon = on.daemon().await;
    let mut ada = user(on, &daemon, "ada").await;
    let mut eve = user(on, &daemon, "eve").await;
    ada.private_chat(eve.id()).await;
    sees_online(&mut eve, ada.id()).await;
    let until = messengerd::service::now() + 1_000;
    ada.call(SetStatus {
        until: Some(until),
        ..status(Status::Invisible)
    })
    .await
    .unwrap();
    sees_offline(&mut eve, ada.id()).await;
    let back = sees_online(&mut eve, ada.id()).await;
    assert_eq!((back.status, back.text), (None, None));
    assert!(messengerd::service::now() >= until);
}
