//! Edits, deletions, reactions, pins, replies and forwarding.

use proto::entry::{Body, Entry, Message, kind};
use proto::id::{ChatId, EntryId};
use proto::limits;
use proto::request::{
    ChatKind, Digest, FOREVER, JoinChat, Origin, Pins, React, RemoveMember, Send,
};

use crate::crew::{
    ban, body, changes, code, create, delete, device, edit, entry, info, mute, pin, quiet, react,
    role, settings,
};
use crate::ground::On;
use crate::support::{Client, message};

on_both_stores! {
    what_is_done_on_one_device_is_seen_on_all_and_after_an_absence
    a_repeated_change_is_made_once
    an_edit_keeps_what_was_before
    only_authors_edit_and_nobody_edits_the_words_of_others
    a_deleted_message_is_gone_for_everybody
    reactions_and_pins_that_are_there_already_add_nothing
    reactions_and_pins_have_limits
    a_reply_is_to_a_message_that_is_there
    a_forwarded_message_is_by_its_first_author
    a_private_or_deleted_message_is_not_forwarded
    sends_and_forwards_in_flight_keep_their_order
    nothing_of_a_removed_member_lands_while_changes_are_outstanding
}

fn forward(to: ChatId, chat: ChatId, seq: u64) -> Send {
    Send {
        forward: Some(Origin { chat, seq }),
        media: None,
        ..message(to, EntryId::generate(), "is not used")
    }
}

fn text(entry: &Entry) -> Message {
    match body(entry) {
        Body::Message(message) => message,
        other => panic!("{other:?}"),
    }
}

/// Each action once by `ada`; the numbers of the entries that it made.
async fn everything(ada: &mut Client, bob: &Client, carl: &Client) -> (ChatId, Vec<u64>) {
    let group = create(ada, ChatKind::Public, "team", vec![bob.id(), carl.id()]).await;
    let chat = group.id;
    let mut last = group.head.seq;
    let mut made = vec![last];
    let said = ada.say(chat, "hello").await.unwrap().seq;
    made.push(said);
    let reply = Send {
        reply_to: Some(said),
        ..message(chat, EntryId::generate(), "as I said")
    };
    made.push(ada.call(reply).await.unwrap().seq);
    made.push(ada.call(forward(chat, chat, said)).await.unwrap().seq);
    made.push(ada.call(edit(chat, said, "hallo")).await.unwrap().seq);
    made.push(ada.call(react(chat, said, "👍", true)).await.unwrap().seq);
    made.push(ada.call(react(chat, said, "👍", false)).await.unwrap().seq);
    made.push(ada.call(pin(chat, said, true)).await.unwrap().seq);
    made.push(ada.call(pin(chat, said, false)).await.unwrap().seq);
    last = ada.call(delete(chat, said)).await.unwrap().seq;
    made.push(last);
    role(ada, chat, carl.id(), proto::request::Role::Moderator).await;
    mute(ada, chat, carl.id(), FOREVER).await;
    mute(ada, chat, carl.id(), 0).await;
    settings(ada, chat, proto::request::ChatSettings::default()).await;
    ban(ada, chat, carl.id(), true).await;
    ban(ada, chat, carl.id(), false).await;
    made.extend(last + 1..=last + 6);
    (chat, made)
}

async fn what_is_done_on_one_device_is_seen_on_all_and_after_an_absence(on: On) {
    let daemon = on.daemon().await;
    let wire = crate::support::Wire::Quic;
    let mut ada = daemon.user(wire, "ada").await;
    let mut other = device(&daemon, &ada).await;
    let mut bob = daemon.user(wire, "bob").await;
    let carl = quiet(&daemon, "carl").await;
    let (chat, made) = everything(&mut ada, &bob, &carl).await;
    let (mut at_ada, mut at_bob) = (Vec::new(), Vec::new());
    for seq in &made {
        at_ada.push(entry(&mut other, chat, *seq).await);
        at_bob.push(entry(&mut bob, chat, *seq).await);
    }
    assert_eq!(at_ada, at_bob);
    let kinds: Vec<u16> = at_bob.iter().map(|entry| entry.kind).collect();
    assert_eq!(
        kinds,
        [
            kind::CREATED,
            kind::MESSAGE,
            kind::MESSAGE,
            kind::MESSAGE,
            kind::EDITED,
            kind::REACTED,
            kind::REACTED,
            kind::PINNED,
            kind::PINNED,
            kind::DELETED,
            kind::ROLE_CHANGED,
            kind::MEMBER_MUTED,
            kind::MEMBER_MUTED,
            kind::CHAT_CHANGED,
            kind::MEMBER_BANNED,
            kind::MEMBER_BANNED,
        ]
    );
    // Who was away gets the same, but for the texts that were deleted since.
    let mut back = device(&daemon, &bob).await;
    let page = changes(&mut back, chat, 0).await;
    let away = |entry: &Entry| (entry.seq, entry.kind, entry.id, entry.ref_seq, entry.actor);
    assert_eq!(
        page.entries.iter().map(away).collect::<Vec<_>>(),
        at_bob.iter().map(away).collect::<Vec<_>>()
    );
    assert_eq!(text(&page.entries[1]).text, "");
    assert!(text(&page.entries[1]).deleted);
}

async fn a_repeated_change_is_made_once(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    let mut bob = quiet(&daemon, "bob").await;
    let chat = create(&mut ada, ChatKind::Private, "", vec![bob.id()])
        .await
        .id;
    let said = ada.say(chat, "hello").await.unwrap().seq;
    let call = edit(chat, said, "hallo");
    let first = ada.call(call.clone()).await.unwrap();
    let again = ada.call(call.clone()).await.unwrap();
    assert!(!first.dup && again.dup);
    assert_eq!((first.seq, first.at), (again.seq, again.at));
    // The same id for something else is refused without a reason.
    let other = proto::request::DeleteMessage {
        chat,
        id: call.id,
        seq: said,
    };
    let refused = bob.call(React {
        chat,
        id: call.id,
        seq: said,
        emoji: "👍".try_into().unwrap(),
        on: true,
    });
    assert_eq!(code(&refused.await), "conflict");
    let gone = delete(chat, said);
    assert!(!ada.call(gone.clone()).await.unwrap().dup);
    assert!(ada.call(gone).await.unwrap().dup);
    assert!(ada.call(call).await.unwrap().dup, "after it was deleted");
    assert_eq!(code(&bob.call(other).await), "forbidden");
    assert_eq!(changes(&mut bob, chat, said).await.entries.len(), 2);
}

async fn an_edit_keeps_what_was_before(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    let chat = create(&mut ada, ChatKind::Private, "", Vec::new()).await.id;
    let said = ada.say(chat, "one").await.unwrap().seq;
    for words in ["two", "three"] {
        ada.call(edit(chat, said, words)).await.unwrap();
    }
    let page = changes(&mut ada, chat, said - 1).await;
    assert_eq!(text(&page.entries[0]).text, "one");
    let edits: Vec<_> = page.entries[1..].iter().map(body).collect();
    let edited = |text: &str| {
        Body::Edited(proto::entry::Edited {
            text: text.to_owned(),
        })
    };
    assert_eq!(edits, [edited("two"), edited("three")]);
    ada.call(pin(chat, said, true)).await.unwrap();
    let pins = ada.call(Pins { chat, offset: 0 }).await.unwrap().pins;
    assert_eq!(pins[0].edited.as_deref(), Some("three"));
}

async fn only_authors_edit_and_nobody_edits_the_words_of_others(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    let mut bob = quiet(&daemon, "bob").await;
    let chat = create(&mut ada, ChatKind::Group, "g", vec![bob.id()])
        .await
        .id;
    let said = bob.say(chat, "of bob").await.unwrap().seq;
    assert_eq!(code(&ada.call(edit(chat, said, "x")).await), "forbidden");
    let repeated = ada.call(forward(chat, chat, said)).await.unwrap().seq;
    let forged = ada.call(edit(chat, repeated, "forged")).await;
    assert_eq!(code(&forged), "forbidden");
    // What is no message, and what is not there.
    for seq in [1, 0, 99, u64::MAX] {
        for answer in [
            code(&ada.call(edit(chat, seq, "x")).await),
            code(&ada.call(delete(chat, seq)).await),
            code(&ada.call(react(chat, seq, "👍", true)).await),
            code(&ada.call(pin(chat, seq, true)).await),
        ] {
            assert_eq!(answer, "not_found", "{seq}");
        }
    }
}

async fn a_deleted_message_is_gone_for_everybody(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    let mut bob = quiet(&daemon, "bob").await;
    let chat = create(&mut ada, ChatKind::Group, "g", vec![bob.id()])
        .await
        .id;
    let said = bob.say(chat, "secret one").await.unwrap().seq;
    bob.call(edit(chat, said, "secret two")).await.unwrap();
    bob.call(react(chat, said, "👍", true)).await.unwrap();
    ada.call(pin(chat, said, true)).await.unwrap();
    let upto = 99;
    let before = ada.call(Digest { chat, upto }).await.unwrap();
    ada.call(delete(chat, said)).await.unwrap();
    let page = changes(&mut bob, chat, 0).await;
    let all = page.entries.iter().map(|entry| entry.body.to_vec());
    for body in all {
        assert!(!String::from_utf8_lossy(&body).contains("secret"));
    }
    let pins = ada.call(Pins { chat, offset: 0 }).await.unwrap();
    assert!(pins.pins.is_empty());
    // Nothing more can be done to it; its place in the log stays.
    assert_eq!(code(&bob.call(edit(chat, said, "x")).await), "not_found");
    let late = bob.call(react(chat, said, "👎", true)).await;
    assert_eq!(code(&late), "not_found");
    let upto = before.upto;
    let after = ada.call(Digest { chat, upto }).await.unwrap();
    assert_eq!(before.digest, after.digest);
}

async fn reactions_and_pins_that_are_there_already_add_nothing(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    let chat = create(&mut ada, ChatKind::Private, "", Vec::new()).await.id;
    let said = ada.say(chat, "one").await.unwrap().seq;
    let none = ada.call(react(chat, said, "👍", false)).await.unwrap();
    assert!(none.dup);
    let first = ada.call(react(chat, said, "👍", true)).await.unwrap();
    let again = ada.call(react(chat, said, "👍", true)).await.unwrap();
    assert!(!first.dup && again.dup);
    assert!(ada.call(pin(chat, said, false)).await.unwrap().dup);
    let first = ada.call(pin(chat, said, true)).await.unwrap();
    assert!(!first.dup);
    assert!(ada.call(pin(chat, said, true)).await.unwrap().dup);
    assert_eq!(changes(&mut ada, chat, said).await.entries.len(), 2);
}

async fn reactions_and_pins_have_limits(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    let chat = create(&mut ada, ChatKind::Private, "", Vec::new()).await.id;
    let said = ada.say(chat, "one").await.unwrap().seq;
    let mut outcomes = Vec::new();
    for n in 0..=limits::REACTIONS_EACH {
        let emoji = format!("{n}");
        outcomes.push(code(&ada.call(react(chat, said, &emoji, true)).await));
    }
    assert_eq!(outcomes.pop().unwrap(), "too_large");
    assert!(outcomes.iter().all(|outcome| outcome == "ok"));
    for n in 0..=limits::PINS {
        let said = ada.say(chat, "to pin").await.unwrap().seq;
        outcomes.push(code(&ada.call(pin(chat, said, true)).await));
        assert_eq!(outcomes.len(), limits::REACTIONS_EACH + n + 1);
    }
    assert_eq!(outcomes.pop().unwrap(), "too_large");
    assert!(outcomes.iter().all(|outcome| outcome == "ok"));
    let pins = ada.call(Pins { chat, offset: 10 }).await.unwrap();
    assert_eq!((pins.pins.len(), pins.more), (limits::PINS - 10, false));
}

async fn a_reply_is_to_a_message_that_is_there(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    let chat = create(&mut ada, ChatKind::Private, "", Vec::new()).await.id;
    let said = ada.say(chat, "one").await.unwrap().seq;
    let reply = |to| Send {
        reply_to: Some(to),
        ..message(chat, EntryId::generate(), "reply")
    };
    for nothing in [0, 1, said + 1, u64::MAX] {
        assert_eq!(code(&ada.call(reply(nothing)).await), "bad_request");
    }
    let sent = ada.call(reply(said)).await.unwrap();
    let page = changes(&mut ada, chat, said).await;
    assert_eq!(page.entries[0].ref_seq, Some(said));
    // Also to one that was deleted meanwhile.
    ada.call(delete(chat, said)).await.unwrap();
    ada.call(reply(said)).await.unwrap();
    ada.call(reply(sent.seq)).await.unwrap();
}

async fn a_forwarded_message_is_by_its_first_author(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    let mut bob = quiet(&daemon, "bob").await;
    let chat = create(&mut ada, ChatKind::Group, "g", vec![bob.id()])
        .await
        .id;
    let notes = create(&mut bob, ChatKind::Private, "", Vec::new()).await.id;
    let said = ada.say(chat, "first").await.unwrap();
    ada.call(edit(chat, said.seq, "second")).await.unwrap();
    let once = bob.call(forward(notes, chat, said.seq)).await.unwrap();
    let twice = bob.call(forward(notes, notes, once.seq)).await.unwrap();
    let page = changes(&mut bob, notes, once.seq - 1).await;
    for entry in &page.entries {
        let message = text(entry);
        assert_eq!(message.text, "second");
        let from = message.forwarded.unwrap();
        assert_eq!((from.user, from.at), (ada.id(), said.at));
        assert_eq!(entry.actor, bob.id());
    }
    assert_eq!(page.entries.last().unwrap().seq, twice.seq);
}

async fn a_private_or_deleted_message_is_not_forwarded(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    let mut eve = quiet(&daemon, "eve").await;
    let hidden = create(&mut ada, ChatKind::Group, "g", Vec::new()).await.id;
    let secret = ada.say(hidden, "secret").await.unwrap().seq;
    let notes = create(&mut eve, ChatKind::Private, "", Vec::new()).await.id;
    let missing = forward(notes, ChatId::generate(), secret);
    for call in [forward(notes, hidden, secret), missing] {
        assert_eq!(code(&eve.call(call).await), "not_found");
    }
    ada.call(delete(hidden, secret)).await.unwrap();
    for seq in [1, secret, 99] {
        let answer = ada.call(forward(hidden, hidden, seq)).await;
        assert_eq!(code(&answer), "not_found");
    }
}

async fn sends_and_forwards_in_flight_keep_their_order(on: On) {
    let daemon = on.daemon().await;
    let mut ada = daemon.user(crate::support::Wire::Quic, "ada").await;
    let chat = create(&mut ada, ChatKind::Private, "", Vec::new()).await.id;
    let said = ada.say(chat, "again").await.unwrap().seq;
    let mut calls = Vec::new();
    for n in 0..100 {
        let mut call = message(chat, EntryId::generate(), &n.to_string());
        match n % 3 {
            0 => call.forward = Some(Origin { chat, seq: said }),
            1 => call.reply_to = Some(said),
            _ => {}
        }
        ada.start(&call).await;
        calls.push(call.id);
    }
    entry(&mut ada, chat, said + 100).await;
    let page = changes(&mut ada, chat, said).await;
    let stored: Vec<EntryId> = page.entries.iter().map(|entry| entry.id).collect();
    assert_eq!(stored, calls);
}

async fn nothing_of_a_removed_member_lands_while_changes_are_outstanding(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    let mut bob = quiet(&daemon, "bob").await;
    let chat = create(&mut ada, ChatKind::Group, "g", vec![bob.id()])
        .await
        .id;
    let said = bob.say(chat, "one").await.unwrap().seq;
    let mut started = Vec::new();
    for n in 0..60 {
        let number = match n % 3 {
            0 => bob.start(&edit(chat, said, &n.to_string())).await,
            1 => bob.start(&react(chat, said, "👍", n % 2 == 0)).await,
            _ => bob.start(&message(chat, EntryId::generate(), "more")).await,
        };
        started.push((n, number));
        if n == 30 {
            let user = bob.id();
            ada.call(RemoveMember { chat, user }).await.unwrap();
        }
    }
    let removal = changes(&mut ada, chat, 0)
        .await
        .entries
        .iter()
        .find(|entry| entry.kind == kind::MEMBER_LEFT)
        .unwrap()
        .seq;
    for late in [
        code(&bob.call(edit(chat, said, "late")).await),
        code(&bob.call(delete(chat, said)).await),
        code(&bob.call(react(chat, said, "👍", true)).await),
        code(&bob.call(JoinChat { chat }).await),
    ] {
        assert_eq!(late, "not_found");
    }
    let page = changes(&mut ada, chat, removal).await;
    assert!(page.entries.is_empty(), "{:?}", page.entries);
    assert!(info(&mut bob, chat).await.is_none());
}
