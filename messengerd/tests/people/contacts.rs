//! Asking, accepting, declining, blocking.

use proto::entry::{AccountEntry, account_kind};
use proto::event::Event;
use proto::id::{ChatId, UserId};
use proto::request::{
    AccountChanges, AddContact, AddMembers, ChangeContact, ChatKind, Contact, ContactState,
    Contacts, CreateChat, Profile, RemoveContact, Status, Typing,
};

use crate::ground::On;
use crate::support::Client;
use crate::{device, sees_offline, sees_online, told, user};

crate::on_both_stores! {
    who_is_asked_may_accept_and_then_both_see_each_other
    who_is_asked_may_decline_and_the_other_is_not_told
    blocking_is_silent_and_cuts_everything
    a_nickname_is_ones_own
    there_is_no_contact_without_somebody
}

fn add(user: UserId) -> AddContact {
    AddContact {
        user,
        nickname: None,
    }
}

fn block(user: UserId, on: bool) -> ChangeContact {
    ChangeContact {
        user,
        nickname: None,
        clear_nickname: false,
        blocked: Some(on),
    }
}

async fn contacts(client: &mut Client) -> Vec<Contact> {
    let list = client.call(Contacts { offset: 0 }).await.unwrap();
    assert!(!list.more);
    list.contacts
}

async fn state(client: &mut Client, user: UserId) -> Option<ContactState> {
    let list = contacts(client).await;
    let known = list.iter().find(|contact| contact.user.id == user);
    known.map(|contact| contact.state)
}

async fn contact_changed(client: &mut Client, user: UserId) {
    client
        .event(|event| match event {
            Event::Account(changed) => (changed.entry.kind == account_kind::CONTACT_CHANGED
                && changed.entry.user == Some(user))
            .then_some(()),
            _ => None,
        })
        .await;
}

async fn account_log(client: &mut Client) -> Vec<AccountEntry> {
    let page = client
        .call(AccountChanges {
            after: 0,
            limit: 1000,
        })
        .await
        .unwrap();
    page.entries
}

async fn who_is_asked_may_accept_and_then_both_see_each_other(on: On) {
    let daemon = on.daemon().await;
    let mut ada = user(on, &daemon, "ada").await;
    let mut bob = user(on, &daemon, "bob").await;
    let mut phone = device(&daemon, "ada").await;
    let asked = ada.call(add(bob.id())).await.unwrap();
    assert_eq!(asked.state, ContactState::Outgoing);
    contact_changed(&mut bob, ada.id()).await;
    contact_changed(&mut phone, bob.id()).await;
    assert_eq!(
        state(&mut bob, ada.id()).await,
        Some(ContactState::Incoming)
    );
    // Asking alone shows nothing.
    let seen = ada
        .call(Profile {
            user: Some(bob.id()),
        })
        .await
        .unwrap();
    assert_eq!(seen.status, Status::Offline);
    let accepted = bob.call(add(ada.id())).await.unwrap();
    assert_eq!(accepted.state, ContactState::Mutual);
    sees_online(&mut ada, bob.id()).await;
    sees_online(&mut phone, bob.id()).await;
    sees_online(&mut bob, ada.id()).await;
    assert_eq!(
        state(&mut phone, bob.id()).await,
        Some(ContactState::Mutual)
    );
    let seen = ada
        .call(Profile {
            user: Some(bob.id()),
        })
        .await
        .unwrap();
    assert_eq!(seen.status, Status::Online);
    // From then on as any change is.
    let id = bob.id();
    drop(bob);
    sees_offline(&mut ada, id).await;
    let mut bob = device(&daemon, "bob").await;
    sees_online(&mut ada, bob.id()).await;
    sees_online(&mut bob, ada.id()).await;
    // Taken off the list, they see each other no longer.
    let other = RemoveContact { user: bob.id() };
    ada.call(other.clone()).await.unwrap();
    ada.call(other).await.unwrap();
    sees_offline(&mut ada, bob.id()).await;
    sees_offline(&mut bob, ada.id()).await;
    assert_eq!(state(&mut ada, bob.id()).await, None);
    assert_eq!(
        state(&mut bob, ada.id()).await,
        Some(ContactState::Outgoing)
    );
}

async fn who_is_asked_may_decline_and_the_other_is_not_told(on: On) {
    let daemon = on.daemon().await;
    let mut ada = user(on, &daemon, "ada").await;
    let mut bob = user(on, &daemon, "bob").await;
    ada.call(add(bob.id())).await.unwrap();
    contact_changed(&mut bob, ada.id()).await;
    let before = account_log(&mut ada).await;
    told(&mut ada).await;
    let decline = RemoveContact { user: ada.id() };
    bob.call(decline).await.unwrap();
    contact_changed(&mut bob, ada.id()).await;
    assert_eq!(state(&mut bob, ada.id()).await, None);
    assert_eq!(
        state(&mut ada, bob.id()).await,
        Some(ContactState::Outgoing)
    );
    assert_eq!(account_log(&mut ada).await, before);
    assert_eq!(told(&mut ada).await, []);
    // Who declined may think again.
    let mutual = bob.call(add(ada.id())).await.unwrap();
    assert_eq!(mutual.state, ContactState::Mutual);
    sees_online(&mut ada, bob.id()).await;
}

async fn blocking_is_silent_and_cuts_everything(on: On) {
    let daemon = on.daemon().await;
    let mut ada = user(on, &daemon, "ada").await;
    let mut bob = user(on, &daemon, "bob").await;
    let mut eve = user(on, &daemon, "eve").await;
    let chat = ada.private_chat(bob.id()).await.id;
    ada.call(add(bob.id())).await.unwrap();
    bob.call(add(ada.id())).await.unwrap();
    sees_online(&mut bob, ada.id()).await;
    sees_online(&mut ada, bob.id()).await;
    bob.say(chat, "hello").await.unwrap();
    assert_eq!(ada.next_message().await.2, "hello");
    let log = account_log(&mut bob).await;
    told(&mut bob).await;

    let blocked = ada.call(block(bob.id(), true)).await.unwrap();
    assert!(blocked.blocked);
    let gone = sees_offline(&mut bob, ada.id()).await;
    assert!(gone.last_seen.is_some());
    sees_offline(&mut ada, bob.id()).await;
    // Nothing else tells them.
    assert_eq!(account_log(&mut bob).await, log);
    assert_eq!(state(&mut bob, ada.id()).await, Some(ContactState::Mutual));
    let seen = bob
        .call(Profile {
            user: Some(ada.id()),
        })
        .await
        .unwrap();
    assert_eq!(seen.status, Status::Offline);
    assert_eq!(bob.say(chat, "hm").await.unwrap_err().code(), "forbidden");
    let create = CreateChat {
        id: ChatId::generate(),
        kind: ChatKind::Group,
        name: Some("us".try_into().unwrap()),
        description: None,
        members: vec![ada.id()],
    };
    assert_eq!(bob.call(create).await.unwrap_err().code(), "forbidden");
    let group = bob.group("others", vec![eve.id()]).await.id;
    let invite = AddMembers {
        chat: group,
        users: vec![ada.id()],
    };
    assert_eq!(bob.call(invite).await.unwrap_err().code(), "forbidden");
    // Neither types to the other, comes or goes.
    for client in [&mut ada, &mut bob] {
        client.call(Typing { chat, on: true }).await.unwrap();
    }
    told(&mut ada).await;
    told(&mut bob).await;
    let mut phone = device(&daemon, "ada").await;
    told(&mut phone).await;
    drop(ada);
    drop(phone);
    let mut ada = device(&daemon, "ada").await;
    // What everybody hears comes behind what nobody is to hear.
    let everybody = eve.private_chat(bob.id()).await.id;
    eve.say(everybody, "now").await.unwrap();
    let heard = told(&mut bob).await;
    assert!(!about(&heard, ada.id()), "{heard:?}");
    assert!(!about(&told(&mut ada).await, bob.id()));

    let unblocked = ada.call(block(bob.id(), false)).await.unwrap();
    assert_eq!(
        (unblocked.blocked, unblocked.state),
        (false, ContactState::Mutual)
    );
    sees_online(&mut bob, ada.id()).await;
    sees_online(&mut ada, bob.id()).await;
    assert_eq!(
        account_log(&mut bob).await.len(),
        log.len() + 2,
        "two chats"
    );
    bob.say(chat, "again").await.unwrap();
    assert_eq!(ada.next_message().await.2, "again");
}

/// Whether some event tells of this one's presence or typing.
fn about(events: &[Event], user: UserId) -> bool {
    events.iter().any(|event| match event {
        Event::Presence(changed) => changed.users.iter().any(|state| state.user == user),
        Event::Typing(changed) => changed.user == user,
        Event::Users(changed) => changed.users.iter().any(|known| known.id == user),
        _ => false,
    })
}

async fn a_nickname_is_ones_own(on: On) {
    let daemon = on.daemon().await;
    let mut ada = user(on, &daemon, "ada").await;
    let mut bob = user(on, &daemon, "bob").await;
    let other = bob.id();
    let nickname = |name: Option<&str>| ChangeContact {
        user: other,
        nickname: name.map(|name| name.try_into().unwrap()),
        clear_nickname: name.is_none(),
        blocked: None,
    };
    let refused = ada.call(nickname(Some("Bobby"))).await.unwrap_err();
    assert_eq!(refused.code(), "not_found");
    ada.call(AddContact {
        user: bob.id(),
        nickname: Some("Robert".try_into().unwrap()),
    })
    .await
    .unwrap();
    assert_eq!(
        contacts(&mut ada).await[0].nickname.as_deref(),
        Some("Robert")
    );
    ada.call(nickname(Some("Bobby"))).await.unwrap();
    assert_eq!(
        contacts(&mut ada).await[0].nickname.as_deref(),
        Some("Bobby")
    );
    assert_eq!(contacts(&mut bob).await[0].nickname, None);
    assert_eq!(ada.call(nickname(None)).await.unwrap().nickname, None);
}

async fn there_is_no_contact_without_somebody(on: On) {
    let daemon = on.daemon().await;
    let mut ada = user(on, &daemon, "ada").await;
    let bob = user(on, &daemon, "bob").await;
    for (user, code) in [(ada.id(), "bad_request"), (UserId::generate(), "not_found")] {
        let refused = [
            ada.call(add(user)).await.unwrap_err(),
            ada.call(block(user, true)).await.unwrap_err(),
            ada.call(RemoveContact { user }).await.unwrap_err(),
        ];
        assert!(refused.iter().all(|failure| failure.code() == code));
    }
    let nothing = ChangeContact {
        blocked: None,
        ..block(bob.id(), true)
    };
    assert_eq!(ada.call(nothing).await.unwrap_err().code(), "bad_request");
    // Blocking needs no contact.
    let blocked = ada.call(block(bob.id(), true)).await.unwrap();
    assert_eq!((blocked.state, blocked.blocked), (ContactState::None, true));
    assert_eq!(contacts(&mut ada).await, [blocked]);
    ada.call(block(bob.id(), false)).await.unwrap();
    assert_eq!(contacts(&mut ada).await, []);
}
