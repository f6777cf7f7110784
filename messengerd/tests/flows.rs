//! What clients can rely on, through every transport alike.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod ground;
mod servers;
mod support;

use ground::On;
use proto::error::ErrorCode;
use proto::event::{CursorMoved, Event, Head, Presence};
use proto::id::{ChatId, EntryId, SessionId};
use proto::request::{
    AccountChanges, AddMembers, Changes, ChatKind, Chats, CreateChat, Cursors, Digest, History,
    Login, Logout, Mark, RemoveMember, RevokeSession, SearchUsers, Sessions, SyncHeads, Typing,
    Users,
};
use support::{Client, Failure, message, password, texts};

on_every_ground! {
    two_people_talk_both_ways
    a_repeated_send_is_stored_once
    sends_in_flight_keep_their_order
    a_stranger_cannot_tell_a_chat_from_none
    a_removed_member_neither_reads_nor_writes
    reading_moves_cursors_and_unread
    writing_marks_nothing_of_others_as_read
    typing_reaches_the_others_only
    presence_follows_the_connection
    sessions_are_listed_and_ended_at_once
    a_session_goes_on_with_its_token
    heads_name_every_chat
    a_private_chat_of_a_pair_is_one
    wrong_name_and_wrong_password_are_the_same
    everything_survives_a_restart
}

async fn two_people_talk_both_ways(on: On) {
    let daemon = on.daemon().await;
    let mut ada = daemon.user(on.wire, "ada").await;
    let mut bob = daemon.user(on.wire, "bob").await;
    let found = ada
        .call(SearchUsers {
            query: "BO".into(),
            limit: 10,
        })
        .await
        .unwrap();
    assert_eq!(
        found
            .users
            .iter()
            .map(|user| user.username.as_str())
            .collect::<Vec<_>>(),
        ["bob"]
    );
    let chat = ada.private_chat(found.users[0].id).await.id;
    ada.say(chat, "hello").await.unwrap();
    let (where_to, entry, text) = bob.next_message().await;
    assert_eq!(
        (where_to, text.as_str(), entry.actor),
        (chat, "hello", ada.id())
    );
    bob.say(chat, "привет 👋").await.unwrap();
    assert_eq!(ada.next_message().await.2, "hello");
    assert_eq!(ada.next_message().await.2, "привет 👋");
    let page = bob.history(chat).await.unwrap();
    assert_eq!(texts(&page), ["hello", "привет 👋"]);
    assert_eq!(
        page.entries
            .iter()
            .map(|entry| entry.seq)
            .collect::<Vec<_>>(),
        [1, 2, 3]
    );
    assert_eq!(
        page.entries
            .iter()
            .map(|entry| entry.msg_no)
            .collect::<Vec<_>>(),
        [0, 1, 2]
    );
}

async fn a_repeated_send_is_stored_once(on: On) {
    let daemon = on.daemon().await;
    let mut ada = daemon.user(on.wire, "ada").await;
    let mut bob = daemon.user(on.wire, "bob").await;
    let chat = ada.private_chat(bob.id()).await.id;
    let send = message(chat, EntryId::generate(), "once");
    let first = ada.call(send.clone()).await.unwrap();
    let again = ada.call(send.clone()).await.unwrap();
    assert!(!first.dup && again.dup);
    assert_eq!((first.seq, first.at), (again.seq, again.at));
    assert_eq!(texts(&ada.history(chat).await.unwrap()), ["once"]);
    // Another's id, and the same id in another chat, reveal nothing.
    assert_eq!(bob.call(send.clone()).await.unwrap_err().code(), "conflict");
    let group = ada.group("g", vec![]).await.id;
    assert_eq!(
        ada.call(message(group, send.id, "once"))
            .await
            .unwrap_err()
            .code(),
        "conflict"
    );
}

async fn sends_in_flight_keep_their_order(on: On) {
    let daemon = on.daemon().await;
    let mut ada = daemon.user(on.wire, "ada").await;
    let mut bob = daemon.user(on.wire, "bob").await;
    let chat = ada.private_chat(bob.id()).await.id;
    let mut ids = Vec::new();
    for n in 0..500 {
        ids.push(
            ada.start(&message(chat, EntryId::generate(), &n.to_string()))
                .await,
        );
    }
    let expected: Vec<String> = (0..500).map(|n| n.to_string()).collect();
    let mut heard = Vec::new();
    while heard.len() < 500 {
        heard.push(bob.next_message().await.2);
    }
    assert_eq!(heard, expected);
    assert_eq!(texts(&ada.history(chat).await.unwrap()), expected);
}

async fn a_stranger_cannot_tell_a_chat_from_none(on: On) {
    let daemon = on.daemon().await;
    let mut ada = daemon.user(on.wire, "ada").await;
    let bob = daemon.user(on.wire, "bob").await;
    let mut eve = daemon.user(on.wire, "eve").await;
    let real = ada.private_chat(bob.id()).await.id;
    ada.say(real, "secret").await.unwrap();
    for chat in [real, ChatId::generate()] {
        let refused = [
            eve.call(message(chat, EntryId::generate(), "x"))
                .await
                .unwrap_err(),
            eve.call(History {
                chat,
                before: None,
                limit: 1,
            })
            .await
            .unwrap_err(),
            eve.call(Changes {
                chat,
                after: 0,
                limit: 1,
            })
            .await
            .unwrap_err(),
            eve.call(Mark {
                chat,
                read: Some(1),
                delivered: None,
            })
            .await
            .unwrap_err(),
            eve.call(Typing { chat, on: true }).await.unwrap_err(),
            eve.call(Cursors { chat, offset: 0 }).await.unwrap_err(),
            eve.call(Digest { chat, upto: 1 }).await.unwrap_err(),
            eve.call(AddMembers {
                chat,
                users: vec![eve.id()],
            })
            .await
            .unwrap_err(),
            eve.call(RemoveMember {
                chat,
                user: bob.id(),
            })
            .await
            .unwrap_err(),
        ];
        for failure in refused {
            let Failure::Refused(error) = failure else {
                panic!("{failure:?}")
            };
            assert_eq!(error, ErrorCode::NotFound.into());
        }
        assert!(
            eve.call(Chats { ids: vec![chat] })
                .await
                .unwrap()
                .chats
                .is_empty()
        );
    }
    // An id that is in use is not told apart from one that never was.
    let call = CreateChat {
        id: real,
        kind: ChatKind::Private,
        name: None,
        description: None,
        members: vec![bob.id()],
    };
    assert_eq!(eve.call(call).await.unwrap_err().code(), "conflict");
}

async fn a_removed_member_neither_reads_nor_writes(on: On) {
    let daemon = on.daemon().await;
    let mut ada = daemon.user(on.wire, "ada").await;
    let mut bob = daemon.user(on.wire, "bob").await;
    let group = ada.group("team", vec![bob.id()]).await.id;
    bob.say(group, "before").await.unwrap();
    // What is in flight when the removal is acknowledged lands before it or
    // not at all.
    let mut in_flight = Vec::new();
    for n in 0..64 {
        in_flight.push(
            bob.start(&message(group, EntryId::generate(), &n.to_string()))
                .await,
        );
    }
    ada.call(RemoveMember {
        chat: group,
        user: bob.id(),
    })
    .await
    .unwrap();
    for n in 0..64 {
        bob.start(&message(group, EntryId::generate(), &format!("late {n}")))
            .await;
    }
    let refused = bob
        .call(message(group, EntryId::generate(), "after"))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "not_found");
    assert_eq!(bob.history(group).await.unwrap_err().code(), "not_found");
    let page = ada.history(group).await.unwrap();
    let removal = page
        .entries
        .iter()
        .find(|entry| entry.kind == proto::entry::kind::MEMBER_LEFT)
        .unwrap();
    assert!(
        page.entries
            .iter()
            .all(|entry| entry.actor != bob.id() || entry.seq < removal.seq)
    );
    assert!(texts(&page).iter().all(|text| !text.starts_with("late")));
    ada.say(group, "alone").await.unwrap();
    let heads = bob.call(SyncHeads {}).await;
    heads.unwrap();
    let mut chats = None;
    for event in &bob.events {
        match event {
            Event::Heads(heads) => chats = Some(heads.heads.len()),
            Event::Entry(entry) => {
                assert_ne!(entry.entry.seq, removal.seq + 1, "told of what came after")
            }
            _ => {}
        }
    }
    assert_eq!(chats, Some(0));
}

async fn head_of(client: &mut Client, chat: ChatId) -> Head {
    client
        .call(Chats { ids: vec![chat] })
        .await
        .unwrap()
        .chats
        .remove(0)
        .head
}

async fn reading_moves_cursors_and_unread(on: On) {
    let daemon = on.daemon().await;
    let mut ada = daemon.user(on.wire, "ada").await;
    let mut bob = daemon.user(on.wire, "bob").await;
    let chat = ada.private_chat(bob.id()).await.id;
    for text in ["one", "two", "three"] {
        ada.say(chat, text).await.unwrap();
    }
    let head = head_of(&mut bob, chat).await;
    assert_eq!(head.msg_no - head.read_no, 3);
    let of_bob = |bob: proto::id::UserId| {
        move |event| match event {
            Event::Cursor(moved) if moved.user == bob => Some(moved),
            _ => None,
        }
    };
    bob.call(Mark {
        chat,
        read: None,
        delivered: Some(4),
    })
    .await
    .unwrap();
    let CursorMoved {
        read, delivered, ..
    } = ada.event(of_bob(bob.id())).await;
    assert_eq!((read, delivered), (0, 4));
    bob.call(Mark {
        chat,
        read: Some(3),
        delivered: None,
    })
    .await
    .unwrap();
    let moved = ada.event(of_bob(bob.id())).await;
    assert_eq!((moved.read, moved.read_no, moved.delivered), (3, 2, 4));
    // Back is ignored, beyond the head is cut.
    bob.call(Mark {
        chat,
        read: Some(1),
        delivered: None,
    })
    .await
    .unwrap();
    bob.call(Mark {
        chat,
        read: Some(99),
        delivered: None,
    })
    .await
    .unwrap();
    assert_eq!(ada.event(of_bob(bob.id())).await.read, 4);
    let head = head_of(&mut bob, chat).await;
    assert_eq!((head.read, head.msg_no - head.read_no), (4, 0));
    let cursors = ada.call(Cursors { chat, offset: 0 }).await.unwrap();
    let own = cursors
        .cursors
        .iter()
        .find(|cursor| cursor.user == bob.id())
        .unwrap();
    assert_eq!((own.read, own.read_no), (4, 3));
    assert_eq!(cursors.cursor_rev, head.cursor_rev);
}

async fn writing_marks_nothing_of_others_as_read(on: On) {
    let daemon = on.daemon().await;
    let mut ada = daemon.user(on.wire, "ada").await;
    let mut bob = daemon.user(on.wire, "bob").await;
    let chat = ada.private_chat(bob.id()).await.id;
    let me = bob.id();
    // A node that is late tells of all cursors of a chat once more.
    let reads = |chat, upto| {
        move |event| match event {
            Event::Cursor(moved) if (moved.user, moved.chat, moved.read) == (me, chat, upto) => {
                Some(())
            }
            _ => None,
        }
    };
    bob.call(Mark {
        chat,
        read: Some(1),
        delivered: None,
    })
    .await
    .unwrap();
    bob.event(reads(chat, 1)).await;
    // Nothing of others in between: one's own message counts as read, the
    // first one behind the chat's beginning too.
    let notes = bob.group("notes", vec![]).await.id;
    bob.say(notes, "first").await.unwrap();
    bob.event(reads(notes, 2)).await;
    bob.say(chat, "mine").await.unwrap();
    bob.event(reads(chat, 2)).await;
    ada.say(chat, "yours").await.unwrap();
    bob.say(chat, "mine too").await.unwrap();
    let received = |event| match event {
        Event::Cursor(moved) if moved.user == me && moved.delivered == 4 => Some(()),
        _ => None,
    };
    bob.event(received).await;
    let head = head_of(&mut bob, chat).await;
    assert_eq!((head.read, head.msg_no - head.read_no), (2, 2));
}

async fn typing_reaches_the_others_only(on: On) {
    let daemon = on.daemon().await;
    let mut ada = daemon.user(on.wire, "ada").await;
    let mut bob = daemon.user(on.wire, "bob").await;
    let mut eve = daemon.user(on.wire, "eve").await;
    let chat = ada.private_chat(bob.id()).await.id;
    ada.call(Typing { chat, on: true }).await.unwrap();
    let typing = |event| match event {
        Event::Typing(typing) => Some(typing),
        _ => None,
    };
    let seen = bob.event(typing).await;
    assert_eq!((seen.chat, seen.user, seen.on), (chat, ada.id(), true));
    for outsider in [&mut ada, &mut eve] {
        outsider.call(SyncHeads {}).await.unwrap();
        assert!(
            !outsider
                .events
                .iter()
                .any(|event| matches!(event, Event::Typing(_)))
        );
    }
}

async fn presence_follows_the_connection(on: On) {
    let daemon = on.daemon().await;
    let mut ada = daemon.user(on.wire, "ada").await;
    let bob = daemon.user(on.wire, "bob").await;
    ada.private_chat(bob.id()).await;
    let (bob_id, token) = (bob.id(), bob.token());
    // The same may be said twice; what counts is that the change is said.
    let of_bob = move |online: bool| {
        move |event| match event {
            Event::Presence(changed) => changed
                .users
                .into_iter()
                .find(|presence: &Presence| presence.user == bob_id && presence.online == online),
            _ => None,
        }
    };
    ada.event(of_bob(true)).await;
    drop(bob);
    let gone = ada.event(of_bob(false)).await;
    assert!(gone.last_seen.is_some());
    let mut back = Client::connect(&daemon, on.wire, Some(token), true)
        .await
        .unwrap();
    ada.event(of_bob(true)).await;
    let snapshot = back
        .event(|event| match event {
            Event::Presence(changed) if changed.snapshot => Some(changed.users),
            _ => None,
        })
        .await;
    assert_eq!(snapshot, [Presence::new(ada.id(), true, None)]);
}

async fn sessions_are_listed_and_ended_at_once(on: On) {
    let daemon = on.daemon().await;
    let mut desk = daemon.user(on.wire, "ada").await;
    let mut phone = Client::connect(&daemon, on.wire, None, true).await.unwrap();
    let login = || Login {
        login: "ADA".into(),
        password: password(),
        device: "phone".try_into().unwrap(),
    };
    let signed_in = phone.call(login()).await.unwrap();
    let sessions = desk.call(Sessions {}).await.unwrap().sessions;
    assert_eq!(sessions.len(), 2);
    assert!(
        sessions
            .iter()
            .any(|session| session.current
                && session.id == desk.me.as_ref().unwrap().account.session)
    );
    assert_eq!(
        desk.call(RevokeSession {
            session: SessionId::generate()
        })
        .await
        .unwrap_err()
        .code(),
        "not_found"
    );
    desk.call(RevokeSession {
        session: signed_in.account.session,
    })
    .await
    .unwrap();
    assert_eq!(phone.end().await.code(), "unauthenticated");
    let refused = Client::connect(&daemon, on.wire, Some(signed_in.token), true)
        .await
        .err()
        .unwrap();
    assert_eq!(refused.code(), "unauthenticated");
    let token = desk.token();
    desk.call(Logout {}).await.unwrap();
    let refused = Client::connect(&daemon, on.wire, Some(token), true)
        .await
        .err()
        .unwrap();
    assert_eq!(refused.code(), "unauthenticated");
}

async fn a_session_goes_on_with_its_token(on: On) {
    let daemon = on.daemon().await;
    let mut ada = daemon.user(on.wire, "ada").await;
    let chat = ada.group("notes", vec![]).await.id;
    let (id, token) = (ada.id(), ada.token());
    drop(ada);
    let mut again = Client::connect(&daemon, on.wire, Some(token), false)
        .await
        .unwrap();
    assert_eq!(
        again
            .welcome
            .as_ref()
            .unwrap()
            .account
            .as_ref()
            .unwrap()
            .user,
        id
    );
    again.say(chat, "back").await.unwrap();
    assert!(
        again.events.is_empty(),
        "a connection that is not live gets no events"
    );
}

async fn heads_name_every_chat(on: On) {
    let daemon = on.daemon().await;
    let mut ada = daemon.user(on.wire, "ada").await;
    let mut chats = Vec::new();
    for n in 0..50 {
        let chat = ada.group(&format!("group {n}"), vec![]).await.id;
        ada.say(chat, "hi").await.unwrap();
        chats.push(chat);
    }
    let mut again = Client::connect(&daemon, on.wire, Some(ada.token()), true)
        .await
        .unwrap();
    let heads = again
        .event(|event| match event {
            Event::Heads(heads) => Some(heads),
            _ => None,
        })
        .await;
    assert!(!heads.more);
    assert_eq!(heads.account_seq, 51);
    let log = again
        .call(AccountChanges {
            after: 0,
            limit: 1000,
        })
        .await
        .unwrap();
    assert_eq!(
        log.entries
            .iter()
            .map(|entry| entry.seq)
            .collect::<Vec<_>>(),
        (1..=51).collect::<Vec<_>>()
    );
    let mut named: Vec<ChatId> = heads.heads.iter().map(|head| head.chat).collect();
    named.sort_unstable();
    chats.sort_unstable();
    assert_eq!(named, chats);
    assert!(
        heads
            .heads
            .iter()
            .all(|head| head.seq == 2 && head.msg_no == 1)
    );
}

async fn a_private_chat_of_a_pair_is_one(on: On) {
    let daemon = on.daemon().await;
    let mut ada = daemon.user(on.wire, "ada").await;
    let mut bob = daemon.user(on.wire, "bob").await;
    let first = ada.private_chat(bob.id()).await;
    assert_eq!(bob.private_chat(ada.id()).await.id, first.id);
    let notes = ada.private_chat(ada.id()).await;
    assert_ne!(notes.id, first.id);
    assert_eq!(notes.members.len(), 1);
    let group = CreateChat {
        id: ChatId::generate(),
        kind: ChatKind::Group,
        name: Some("team".try_into().unwrap()),
        description: None,
        members: vec![bob.id()],
    };
    let made = ada.call(group.clone()).await.unwrap();
    assert_eq!(ada.call(group.clone()).await.unwrap().id, made.id);
    assert_eq!(bob.call(group).await.unwrap_err().code(), "conflict");
    let found = ada
        .call(Users {
            ids: vec![],
            names: vec!["Bob".into(), "nobody".into()],
        })
        .await
        .unwrap();
    assert_eq!(found.users.len(), 1);
}

async fn wrong_name_and_wrong_password_are_the_same(on: On) {
    let daemon = on.daemon().await;
    let ada = daemon.user(on.wire, "ada").await;
    drop(ada);
    let mut client = Client::connect(&daemon, on.wire, None, true).await.unwrap();
    let mut errors = Vec::new();
    for (name, pass) in [("ada", "not her password"), ("nobody", "correct horse")] {
        let login = Login {
            login: name.into(),
            password: pass.try_into().unwrap(),
            device: "test".try_into().unwrap(),
        };
        let Failure::Refused(error) = client.call(login).await.unwrap_err() else {
            panic!()
        };
        errors.push(error);
    }
    assert_eq!(errors[0], errors[1]);
    assert_eq!(errors[0].code, ErrorCode::BadCredentials);
    let Failure::Refused(taken) = client.register("ADA").await.unwrap_err() else {
        panic!()
    };
    assert_eq!(taken.code, ErrorCode::UsernameTaken);
    assert_eq!(
        client.history(ChatId::generate()).await.unwrap_err().code(),
        "unauthenticated"
    );
}

async fn everything_survives_a_restart(on: On) {
    let daemon = on.daemon().await;
    let mut ada = daemon.user(on.wire, "ada").await;
    let mut bob = daemon.user(on.wire, "bob").await;
    let chat = ada.private_chat(bob.id()).await.id;
    ada.say(chat, "kept").await.unwrap();
    bob.call(Mark {
        chat,
        read: Some(2),
        delivered: None,
    })
    .await
    .unwrap();
    let token = bob.token();
    let fingerprint = daemon.server.addresses().fingerprint.clone();
    let community = ada.welcome.as_ref().unwrap().community;
    let daemon = daemon.restart().await;
    assert_eq!(bob.end().await.code(), "shutting_down");
    assert_eq!(daemon.server.addresses().fingerprint, fingerprint);
    let mut bob = Client::connect(&daemon, on.wire, Some(token), true)
        .await
        .unwrap();
    assert_eq!(bob.welcome.as_ref().unwrap().community, community);
    assert_eq!(texts(&bob.history(chat).await.unwrap()), ["kept"]);
    let head = head_of(&mut bob, chat).await;
    assert_eq!((head.read, head.msg_no - head.read_no), (2, 0));
}
