//! Changes of messages, of people and of chats.

use proto::entry::account_kind;
use proto::event::{AccountChanged, FloorRaised, Presence, PresenceChanged, UsersChanged};
use proto::request::Status;

use super::*;

fn settled() -> (World, ChatId) {
    let mut world = World::new(true);
    let chat = chat_id(0);
    for n in 1..=3 {
        world.server.say(chat, &format!("{n}"));
    }
    world.connect();
    let heads = world.server.heads();
    world.tell(&heads);
    world.settle();
    (world, chat)
}

fn typed(world: &mut World, chat: ChatId, id: u128, kind: OutboxKind, text: &str) -> Outgoing {
    let id = EntryId(Uuid::from_u128(id));
    let row = OutboxRow {
        kind,
        ..OutboxRow::message(id, chat, text, 0)
    };
    world.db.enqueue(&row).unwrap();
    Outgoing {
        id,
        chat,
        kind,
        text: text.into(),
        reply_to: None,
    }
}

fn row(world: &mut World, chat: ChatId, seq: Seq) -> crate::client::model::EntryRow {
    world.db.entry(chat, seq).unwrap().unwrap()
}

#[test]
fn changes_go_out_in_order_behind_the_messages_of_their_chat() {
    let (mut world, chat) = settled();
    let items = vec![
        world.queue(chat, 1),
        typed(&mut world, chat, 2, OutboxKind::Edit { seq: 4 }, "better"),
        typed(
            &mut world,
            chat,
            3,
            OutboxKind::React { seq: 2, on: true },
            "👍",
        ),
        typed(&mut world, chat, 4, OutboxKind::Delete { seq: 3 }, ""),
    ];
    // Shown before anything was sent.
    assert_eq!(row(&mut world, chat, 2).reactions[0].count, 1);
    assert!(row(&mut world, chat, 2).pending);
    assert!(row(&mut world, chat, 3).deleted);
    let ids: Vec<EntryId> = items.iter().map(|item| item.id).collect();
    world.act(|core, now| core.handle_outbox(now, items));
    world.settle();
    assert_eq!(world.server.sent, ids);
    assert_eq!(row(&mut world, chat, 4).text(), Some("better"));
    let reacted = row(&mut world, chat, 2);
    assert!(reacted.reactions[0].mine && !reacted.pending);
    assert_eq!(row(&mut world, chat, 3).text(), Some(""));
    assert!(world.db.outbox(None).unwrap().is_empty());
    // The log is whole, also where the changes are not shown as entries.
    let seqs: Vec<Seq> = world
        .db
        .entries(chat, 0, 100)
        .unwrap()
        .iter()
        .map(|row| row.seq)
        .collect();
    assert_eq!(seqs, (1..=7).collect::<Vec<_>>());
    assert_eq!(world.cached(chat), [1, 2, 3, 4]);
}

#[test]
fn a_change_whose_answer_was_lost_is_done_once() {
    let (mut world, chat) = settled();
    let item = typed(
        &mut world,
        chat,
        9,
        OutboxKind::React { seq: 1, on: true },
        "👍",
    );
    world.act(|core, now| core.handle_outbox(now, vec![item.clone()]));
    // The server does it and the answer is lost.
    let frame = Frame::from_message(world.to_server.pop_front().unwrap()).unwrap();
    world.server.answer(&frame);
    world.act(|core, now| core.handle_disconnected(now, "gone"));
    world.pass(60_000);
    world.welcome();
    let heads = world.server.heads();
    world.tell(&heads);
    world.act(|core, now| core.handle_outbox(now, vec![item]));
    world.settle();
    assert_eq!(world.server.logs[&chat].len(), 4);
    let row = row(&mut world, chat, 1);
    assert_eq!((row.reactions[0].count, row.pending), (1, false));
    assert!(world.db.outbox(None).unwrap().is_empty());
}

#[test]
fn a_refused_change_fails_and_is_not_shown_any_more() {
    let (mut world, chat) = settled();
    let item = typed(&mut world, chat, 9, OutboxKind::Edit { seq: 1 }, "not mine");
    assert_eq!(row(&mut world, chat, 1).text(), Some("not mine"));
    world.act(|core, now| core.handle_outbox(now, vec![item.clone()]));
    let frame = Frame::from_message(world.to_server.pop_front().unwrap()).unwrap();
    let error = WireError::new(ErrorCode::Forbidden);
    let refusal = proto::codec::encode(request::REFUSAL, frame.request_id, &error).unwrap();
    world.deliver(&refusal);
    assert_eq!(row(&mut world, chat, 1).text(), Some("1"));
    let timeline = world.db.timeline(chat, Anchor::Latest, 10).unwrap();
    assert_eq!(timeline.changes[0].state, OutboxState::Failed(error));
    assert!(timeline.outbox.is_empty());
    assert!(world.events.contains(&ClientEvent::Changed {
        chat,
        seqs: vec![1]
    }));
}

#[test]
fn only_entries_about_the_chat_make_it_be_described_anew() {
    let (mut world, chat) = settled();
    let asked = |world: &World| {
        world
            .server
            .asked
            .iter()
            .filter(|name| **name == "Chats")
            .count()
    };
    let before = asked(&world);
    let (kind, body) = Body::Reacted(Reacted {
        emoji: "👍".into(),
        on: true,
    })
    .encode()
    .unwrap();
    let mut entry = message(4, OTHER, "");
    (entry.kind, entry.body, entry.ref_seq, entry.msg_no) = (kind, body, Some(1), 3);
    world
        .server
        .logs
        .get_mut(&chat)
        .unwrap()
        .push(entry.clone());
    world.tell_entry(chat, entry);
    world.settle();
    assert_eq!(asked(&world), before);
    assert_eq!(row(&mut world, chat, 1).reactions[0].names, ["other"]);
    let body = Body::ChatChanged(proto::entry::ChatChanged::default());
    let (kind, body) = body.encode().unwrap();
    let mut entry = message(5, OTHER, "");
    (entry.kind, entry.body, entry.msg_no) = (kind, body, 3);
    world
        .server
        .logs
        .get_mut(&chat)
        .unwrap()
        .push(entry.clone());
    world.tell_entry(chat, entry);
    world.settle();
    assert_eq!(asked(&world), before + 1);
}

fn account_entry(seq: Seq, kind: u16) -> AccountEntry {
    AccountEntry {
        seq,
        kind,
        at: 0,
        chat: None,
        session: None,
        user: Some(OTHER),
    }
}

#[test]
fn contacts_are_asked_for_once_however_many_changed() {
    let (mut world, _) = settled();
    let asked = |world: &World| {
        let names = world.server.asked.iter();
        names.filter(|name| **name == "Contacts").count()
    };
    assert_eq!(asked(&world), 1, "never heard of before");
    world.server.contacts = vec![Contact {
        user: request::User::new(OTHER, "other"),
        nickname: Some("Olga".into()),
        state: ContactState::Mutual,
        blocked: false,
        since: 0,
    }];
    for seq in 1..=5 {
        let entry = account_entry(seq, account_kind::CONTACT_CHANGED);
        world.server.account.push(entry.clone());
        world.tell(&Event::Account(AccountChanged { entry }));
    }
    world.settle();
    assert_eq!(asked(&world), 3, "one on its way, one for all others");
    assert_eq!(world.db.contacts().unwrap()[0].name, "Olga");
    assert_eq!(row(&mut world, chat_id(0), 1).actor_name, "Olga");
    assert!(!world.db.stored().unwrap().contacts_stale);
    assert!(world.events.contains(&ClientEvent::Contacts));
}

#[test]
fn people_whose_names_are_old_are_asked_for() {
    let (mut world, _) = settled();
    let asked = |world: &World| {
        world
            .server
            .asked
            .iter()
            .filter(|name| **name == "Users")
            .count()
    };
    let before = asked(&world);
    let mut seen = Presence::new(OTHER, true, None);
    seen.rev = 1;
    seen.status = Some(Status::Away);
    for _ in 0..3 {
        let users = vec![seen.clone()];
        world.tell(&Event::Presence(PresenceChanged {
            users,
            snapshot: false,
        }));
    }
    world.settle();
    assert_eq!(asked(&world), before + 1);
    let mut user = request::User::new(OTHER, "other");
    (user.first_name, user.rev) = ("Olga".into(), 2);
    world.tell(&Event::Users(UsersChanged { users: vec![user] }));
    assert_eq!(row(&mut world, chat_id(0), 1).actor_name, "Olga");
}

#[test]
fn a_raised_floor_takes_the_entries_below_it() {
    let (mut world, chat) = settled();
    world.server.floor = 2;
    world.tell(&Event::Floor(FloorRaised { chat, floor: 2 }));
    world.settle();
    assert_eq!(world.cached(chat), [3]);
    assert!(world.events.contains(&ClientEvent::Changed {
        chat,
        seqs: Vec::new()
    }));
}

#[test]
fn being_idle_is_told_again_on_each_connection() {
    let (mut world, _) = settled();
    world.act(|core, now| core.handle_idle(now, true));
    world.act(|core, now| core.handle_idle(now, true));
    world.settle();
    let asked = |world: &World| {
        world
            .server
            .asked
            .iter()
            .filter(|name| **name == "Idle")
            .count()
    };
    assert_eq!(asked(&world), 1);
    world.act(|core, now| core.handle_disconnected(now, "gone"));
    world.pass(60_000);
    world.welcome();
    world.settle();
    assert_eq!(asked(&world), 2);
}

fn member(n: u128) -> request::Member {
    request::Member {
        user: request::User::new(UserId(Uuid::from_u128(n)), format!("user{n}")),
        role: request::Role::Member,
        muted_until: None,
    }
}

#[test]
fn members_that_do_not_fit_into_a_frame_are_asked_for() {
    let mut world = World::new(true);
    let chat = chat_id(0);
    world.server.say(chat, "1");
    world.server.members = (1..=7).map(member).collect();
    world.connect();
    let heads = world.server.heads();
    world.tell(&heads);
    world.settle();
    assert_eq!(world.db.members_of(chat).unwrap().len(), 7);
    assert!(world.events.contains(&ClientEvent::Synced));
    // Somebody leaves while the parts are on their way: they begin anew.
    let body = Body::MemberLeft(proto::entry::MemberLeft {
        user: UserId(Uuid::from_u128(7)),
    });
    let (kind, body) = body.encode().unwrap();
    let mut entry = message(2, OTHER, "");
    (entry.kind, entry.body, entry.msg_no) = (kind, body, 1);
    let log = world.server.logs.get_mut(&chat).unwrap();
    log.push(entry.clone());
    world.tell_entry(chat, entry);
    let bytes = world.to_server.pop_front().unwrap();
    let frame = Frame::from_message(bytes).unwrap();
    let answers = world.server.answer(&frame);
    world.server.members.pop();
    world.server.acl_rev += 1;
    for answer in answers {
        world.deliver(&answer);
    }
    world.settle();
    assert_eq!(world.db.members_of(chat).unwrap().len(), 6);
}

#[test]
fn an_own_cursor_that_others_do_not_see_moves_all_the_same() {
    let (mut world, chat) = settled();
    world.tell(&Event::Cursor(proto::event::CursorMoved {
        chat,
        user: ME,
        read: 3,
        read_no: 3,
        delivered: 3,
        cursor_rev: 0,
    }));
    assert_eq!(world.db.chat(chat).unwrap().unwrap().unread, 0);
}

#[test]
fn what_changes_while_a_chat_is_asked_about_is_asked_for_again() {
    let (mut world, chat) = settled();
    let changed = |seq: Seq| {
        let body = Body::ChatChanged(proto::entry::ChatChanged::default());
        let (kind, body) = body.encode().unwrap();
        let mut entry = message(seq, OTHER, "");
        (entry.kind, entry.body, entry.msg_no) = (kind, body, 3);
        entry
    };
    for entry in [changed(4), changed(5)] {
        let log = world.server.logs.get_mut(&chat).unwrap();
        log.push(entry.clone());
        world.server.acl_rev += 1;
        if entry.seq == 5 {
            // The answer is of before, and comes after.
            let bytes = world.to_server.pop_front().unwrap();
            let frame = Frame::from_message(bytes).unwrap();
            world.server.acl_rev -= 1;
            let answers = world.server.answer(&frame);
            world.server.acl_rev += 1;
            world.tell_entry(chat, entry);
            for answer in answers {
                world.deliver(&answer);
            }
        } else {
            world.tell_entry(chat, entry);
        }
    }
    world.settle();
    assert_eq!(world.db.chat_states().unwrap()[0].info_rev, 3);
}
