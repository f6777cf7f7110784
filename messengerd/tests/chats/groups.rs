//! Public chats and groups: joining, roles, bans, settings, deleting.

use proto::event::{Event, FloorRaised, Head};
use proto::id::{ChatId, EntryId};
use proto::request::{
    AddMembers, Avatar, Banned, ChangeChat, ChatKind, ChatPrefs, ChatSettings, CreateChat, Cursors,
    DeleteChat, Digest, Directory, FOREVER, Mark, Members, MuteMember, NewMemberHistory,
    NotifyLevel, Pins, RemoveMember, Role, SetAvatar, SetChatPrefs, SetRole, SyncHeads, Typing,
};

use crate::crew::{
    ban, changes, code, create, delete, device, edit, entry, info, join, mute, pin, quiet, react,
    role, settings,
};
use crate::ground::On;
use crate::support::{Client, message, texts};

on_both_stores! {
    a_public_chat_is_found_read_and_joined_by_writing
    who_reads_from_outside_is_told_of_nothing
    the_banned_stay_out_until_the_ban_is_lifted
    the_muted_read_and_write_again_in_time
    the_last_admin_stays_one
    roles_that_are_taken_away_are_gone_at_once
    new_members_see_what_the_settings_say
    a_deleted_chat_is_gone_for_everybody
    a_chat_is_described_as_it_was_changed
    settings_out_of_range_are_refused
    what_one_wants_to_be_told_of_is_the_same_on_all_devices
    retention_really_deletes
    long_lists_of_members_come_in_parts
    a_creator_who_is_no_admin_deletes_nothing
    the_first_to_come_runs_a_chat_that_everybody_left
    a_block_is_seen_in_no_revision
    times_that_cannot_be_kept_are_refused
}

const DAY: i64 = 24 * 60 * 60 * 1000;

async fn a_public_chat_is_found_read_and_joined_by_writing(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    let mut bob = daemon.user(crate::support::Wire::Quic, "bob").await;
    let mut carl = quiet(&daemon, "carl").await;
    let call = CreateChat {
        id: ChatId::generate(),
        kind: ChatKind::Public,
        name: Some("Café Ёж".try_into().unwrap()),
        description: Some("talk about tea".try_into().unwrap()),
        members: Vec::new(),
    };
    let chat = ada.call(call).await.unwrap().id;
    create(&mut ada, ChatKind::Group, "cafe of friends", Vec::new()).await;
    ada.say(chat, "welcome").await.unwrap();
    for query in ["cafe", "еж", "TEA", ""] {
        let found = bob
            .call(Directory {
                query: query.to_owned(),
                limit: 10,
                offset: 0,
            })
            .await
            .unwrap();
        assert_eq!(found.chats.len(), 1, "{query}");
        let shown = &found.chats[0];
        assert_eq!((shown.id, shown.members, shown.joined), (chat, 1, false));
        assert_eq!(shown.description, "talk about tea");
    }
    let seen = info(&mut bob, chat).await.unwrap();
    assert!(!seen.joined);
    assert_eq!((seen.head.seq, seen.head.msg_no, seen.head.read), (2, 1, 0));
    assert_eq!(texts(&bob.history(chat).await.unwrap()), ["welcome"]);
    assert_eq!(info(&mut ada, chat).await.unwrap().members.len(), 1);
    // Writing makes a member, and what follows is told.
    let sent = bob.say(chat, "hi").await.unwrap();
    assert_eq!(sent.seq, 4);
    ada.say(chat, "hi bob").await.unwrap();
    entry(&mut bob, chat, 5).await;
    assert!(info(&mut bob, chat).await.unwrap().joined);
    // So do marking and typing.
    carl.call(Typing { chat, on: true }).await.unwrap();
    assert!(info(&mut carl, chat).await.unwrap().joined);
    let user = carl.id();
    carl.call(RemoveMember { chat, user }).await.unwrap();
    assert!(!info(&mut carl, chat).await.unwrap().joined);
    let read = Some(5);
    let delivered = None;
    let mark = Mark {
        chat,
        read,
        delivered,
    };
    carl.call(mark).await.unwrap();
    assert!(info(&mut carl, chat).await.unwrap().joined);
    assert!(join(&mut carl, chat).await.unwrap().joined);
    assert_eq!(changes(&mut carl, chat, 0).await.entries.len(), 8);
}

async fn who_reads_from_outside_is_told_of_nothing(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    let mut eve = daemon.user(crate::support::Wire::Quic, "eve").await;
    let chat = create(&mut ada, ChatKind::Public, "open", Vec::new())
        .await
        .id;
    ada.say(chat, "one").await.unwrap();
    changes(&mut eve, chat, 0).await;
    ada.say(chat, "two").await.unwrap();
    // Heads are complete, and only of one's own chats.
    eve.call(SyncHeads {}).await.unwrap();
    for event in &eve.events {
        match event {
            Event::Heads(heads) => assert!(heads.heads.is_empty()),
            Event::Entry(entry) => panic!("{entry:?}"),
            _ => {}
        }
    }
    let strict = ChatSettings {
        history_for_new_members: NewMemberHistory::SinceJoin,
        ..ChatSettings::default()
    };
    settings(&mut ada, chat, strict).await;
    // From outside no more is seen than by who joins now.
    let page = changes(&mut eve, chat, 0).await;
    assert!(page.entries.is_empty());
    assert_eq!(page.floor, 4);
    assert_eq!(info(&mut eve, chat).await.unwrap().head.floor, 4);
}

async fn the_banned_stay_out_until_the_ban_is_lifted(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    let mut bob = quiet(&daemon, "bob").await;
    let chat = create(&mut ada, ChatKind::Public, "open", vec![bob.id()])
        .await
        .id;
    ban(&mut ada, chat, bob.id(), true).await;
    assert_eq!(code(&bob.say(chat, "x").await), "forbidden");
    assert_eq!(code(&join(&mut bob, chat).await), "forbidden");
    let users = vec![bob.id()];
    let add = AddMembers { chat, users };
    assert_eq!(code(&ada.call(add.clone()).await), "forbidden");
    let listed = ada.call(Banned { chat, offset: 0 }).await.unwrap();
    let names: Vec<_> = listed
        .users
        .iter()
        .map(|user| user.username.as_str())
        .collect();
    assert_eq!((names, listed.more), (vec!["bob"], false));
    let behind = ada.call(Banned { chat, offset: 1 }).await.unwrap();
    assert!(behind.users.is_empty());
    // Twice is as once.
    ban(&mut ada, chat, bob.id(), true).await;
    ban(&mut ada, chat, bob.id(), false).await;
    join(&mut bob, chat).await.unwrap();
    ada.call(add).await.unwrap();
    let me = ada.id();
    let call = proto::request::BanMember {
        chat,
        user: me,
        on: true,
    };
    assert_eq!(code(&ada.call(call).await), "bad_request");
}

async fn the_muted_read_and_write_again_in_time(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    let mut bob = quiet(&daemon, "bob").await;
    let chat = create(&mut ada, ChatKind::Group, "g", vec![bob.id()])
        .await
        .id;
    mute(&mut ada, chat, bob.id(), FOREVER).await;
    assert_eq!(code(&bob.say(chat, "x").await), "muted");
    changes(&mut bob, chat, 0).await;
    let member = |info: proto::request::ChatInfo, bob: &Client| {
        let found = info.members.into_iter().find(|m| m.user.id == bob.id());
        found.unwrap().muted_until
    };
    let shown = info(&mut bob, chat).await.unwrap();
    assert_eq!(member(shown, &bob), Some(FOREVER));
    mute(&mut ada, chat, bob.id(), 0).await;
    bob.say(chat, "free").await.unwrap();
    let past = messengerd::service::now() - 1;
    mute(&mut ada, chat, bob.id(), past).await;
    let shown = info(&mut bob, chat).await.unwrap();
    assert_eq!(member(shown, &bob), None);
    // It ends by itself.
    let soon = messengerd::service::now() + 500;
    mute(&mut ada, chat, bob.id(), soon).await;
    loop {
        match code(&bob.say(chat, "again").await).as_str() {
            "ok" => break,
            other => assert_eq!(other, "muted"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(messengerd::service::now() >= soon);
    let until = -1;
    let user = bob.id();
    let call = MuteMember { chat, user, until };
    assert_eq!(code(&ada.call(call).await), "bad_request");
}

async fn the_last_admin_stays_one(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    let mut bob = quiet(&daemon, "bob").await;
    let chat = create(&mut ada, ChatKind::Group, "g", vec![bob.id()])
        .await
        .id;
    let (me, you) = (ada.id(), bob.id());
    let down = |user| SetRole {
        chat,
        user,
        role: Role::Member,
    };
    assert_eq!(code(&ada.call(down(me)).await), "forbidden");
    role(&mut ada, chat, you, Role::Admin).await;
    ada.call(down(me)).await.unwrap();
    assert_eq!(code(&ada.call(down(you)).await), "forbidden");
    assert_eq!(code(&bob.call(down(you)).await), "forbidden");
    // When the last one leaves, the oldest member follows.
    bob.call(RemoveMember { chat, user: you }).await.unwrap();
    let left = info(&mut ada, chat).await.unwrap();
    assert_eq!(left.members[0].role, Role::Admin);
    role(&mut ada, chat, me, Role::Admin).await;
}

async fn roles_that_are_taken_away_are_gone_at_once(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    let mut bob = quiet(&daemon, "bob").await;
    let chat = create(&mut ada, ChatKind::Group, "g", vec![bob.id()])
        .await
        .id;
    let said = ada.say(chat, "one").await.unwrap().seq;
    let user = bob.id();
    for _ in 0..5 {
        role(&mut ada, chat, user, Role::Moderator).await;
        let on = bob.call(pin(chat, said, true)).await;
        let off = bob.call(pin(chat, said, false)).await;
        assert_eq!((code(&on), code(&off)), ("ok".into(), "ok".into()));
        role(&mut ada, chat, user, Role::Member).await;
        assert_eq!(code(&bob.call(pin(chat, said, true)).await), "forbidden");
        assert_eq!(code(&bob.call(delete(chat, said)).await), "forbidden");
    }
}

async fn new_members_see_what_the_settings_say(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    let mut bob = quiet(&daemon, "bob").await;
    let mut carl = quiet(&daemon, "carl").await;
    let chat = create(&mut ada, ChatKind::Group, "g", Vec::new()).await.id;
    let old = ada.say(chat, "old words").await.unwrap().seq;
    ada.call(pin(chat, old, true)).await.unwrap();
    let add = |user| AddMembers {
        chat,
        users: vec![user],
    };
    ada.call(add(bob.id())).await.unwrap();
    assert_eq!(texts(&bob.history(chat).await.unwrap()), ["old words"]);
    let strict = ChatSettings {
        history_for_new_members: NewMemberHistory::SinceJoin,
        ..ChatSettings::default()
    };
    settings(&mut ada, chat, strict).await;
    ada.call(add(carl.id())).await.unwrap();
    let new = ada.say(chat, "new words").await.unwrap().seq;
    let from = new - 2;
    for page in [
        carl.history(chat).await.unwrap(),
        changes(&mut carl, chat, 0).await,
    ] {
        assert_eq!(page.floor, from);
        let seqs: Vec<u64> = page.entries.iter().map(|entry| entry.seq).collect();
        assert_eq!(seqs, [new - 1, new]);
        assert!(!page.more);
    }
    let head: Head = info(&mut carl, chat).await.unwrap().head;
    assert_eq!((head.floor, head.msg_no - head.read_no), (from, 1));
    let digest = carl.call(Digest { chat, upto: 99 }).await.unwrap();
    assert_eq!((digest.floor, digest.upto), (from, new));
    assert_ne!(
        digest.digest,
        ada.call(Digest { chat, upto: 99 }).await.unwrap().digest
    );
    let pins = carl.call(Pins { chat, offset: 0 }).await.unwrap();
    assert!(pins.pins.is_empty());
    for answer in [
        code(&carl.call(react(chat, old, "👍", true)).await),
        code(&carl.call(edit(chat, old, "x")).await),
        code(&carl.call(delete(chat, old)).await),
    ] {
        assert_eq!(answer, "not_found");
    }
    let mut call = message(chat, EntryId::generate(), "x");
    call.reply_to = Some(old);
    assert_eq!(code(&carl.call(call).await), "bad_request");
    let mut call = message(chat, EntryId::generate(), "x");
    call.forward = Some(proto::request::Origin { chat, seq: old });
    assert_eq!(code(&carl.call(call).await), "not_found");
    // Who was in before sees all of it as before.
    assert_eq!(changes(&mut bob, chat, 0).await.floor, 0);
}

async fn a_deleted_chat_is_gone_for_everybody(on: On) {
    let daemon = on.daemon().await;
    let mut ada = daemon.user(crate::support::Wire::Quic, "ada").await;
    let mut other = device(&daemon, &ada).await;
    let mut bob = daemon.user(crate::support::Wire::Quic, "bob").await;
    for kind in [ChatKind::Group, ChatKind::Public] {
        let chat = create(&mut ada, kind, "doomed", vec![bob.id()]).await.id;
        bob.say(chat, "words").await.unwrap();
        let link = ada.call(crate::crew::invite(chat, None)).await.unwrap();
        ada.call(DeleteChat { chat }).await.unwrap();
        for client in [&mut other, &mut bob] {
            client
                .event(|event| match event {
                    Event::Account(changed)
                        if changed.entry.kind == proto::entry::account_kind::CHAT_LEFT
                            && changed.entry.chat == Some(chat) =>
                    {
                        Some(())
                    }
                    _ => None,
                })
                .await;
        }
        for client in [&mut ada, &mut bob] {
            for answer in [
                code(&client.say(chat, "late").await),
                code(&client.history(chat).await),
                code(&client.call(Cursors { chat, offset: 0 }).await),
                code(&client.call(DeleteChat { chat }).await),
                code(&join(client, chat).await),
            ] {
                assert_eq!(answer, "not_found");
            }
            assert!(info(client, chat).await.is_none());
        }
        let token = link.token;
        let accept = proto::request::AcceptChatInvite { token };
        assert_eq!(code(&bob.call(accept).await), "invite_invalid");
        let query = "doomed".to_owned();
        let call = Directory {
            query,
            limit: 10,
            offset: 0,
        };
        assert!(bob.call(call).await.unwrap().chats.is_empty());
    }
    // While its creator is there, nobody else deletes a chat.
    let chat = create(&mut ada, ChatKind::Group, "kept", vec![bob.id()])
        .await
        .id;
    role(&mut ada, chat, bob.id(), Role::Admin).await;
    assert_eq!(code(&bob.call(DeleteChat { chat }).await), "forbidden");
    let user = ada.id();
    ada.call(RemoveMember { chat, user }).await.unwrap();
    bob.call(DeleteChat { chat }).await.unwrap();
}

async fn a_chat_is_described_as_it_was_changed(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    let chat = create(&mut ada, ChatKind::Group, "g", Vec::new()).await.id;
    let strict = ChatSettings {
        allow_file_sharing: false,
        message_retention: 7,
        ..ChatSettings::default()
    };
    ada.call(ChangeChat {
        chat,
        name: Some("renamed".try_into().unwrap()),
        description: Some("words".try_into().unwrap()),
        settings: Some(strict),
    })
    .await
    .unwrap();
    let image = proto::request::SetAvatar {
        chat: Some(chat),
        image: Some(b"GIF89a picture"[..].into()),
    };
    ada.call(image).await.unwrap();
    let shown = info(&mut ada, chat).await.unwrap();
    assert_eq!(shown.name.as_deref(), Some("renamed"));
    assert_eq!(shown.description, "words");
    assert_eq!(shown.settings, strict);
    assert_eq!(shown.created_by, Some(ada.id()));
    assert!(shown.avatar.is_some());
    let hash = shown.avatar.unwrap();
    assert_eq!(hash.0, *blake3::hash(b"GIF89a picture").as_bytes());
    let _ = Avatar { hash };
    let none = SetAvatar {
        chat: Some(chat),
        image: None,
    };
    ada.call(none).await.unwrap();
    assert_eq!(info(&mut ada, chat).await.unwrap().avatar, None);
    let kinds: Vec<u16> = changes(&mut ada, chat, 1)
        .await
        .entries
        .iter()
        .map(|entry| entry.kind)
        .collect();
    assert_eq!(kinds, [proto::entry::kind::CHAT_CHANGED; 3]);
}

async fn settings_out_of_range_are_refused(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    let chat = create(&mut ada, ChatKind::Group, "g", Vec::new()).await.id;
    let mut change = ChangeChat {
        chat,
        name: None,
        description: None,
        settings: None,
    };
    assert_eq!(code(&ada.call(change.clone()).await), "bad_request");
    change.settings = Some(ChatSettings {
        message_retention: u32::MAX,
        ..ChatSettings::default()
    });
    assert_eq!(code(&ada.call(change.clone()).await), "too_large");
    let image = |bytes: &'static [u8]| SetAvatar {
        chat: Some(chat),
        image: Some(bytes.into()),
    };
    let call = image(b"<svg/>");
    assert_eq!(code(&ada.call(call).await), "bad_request");
    let call = image(&[0xff; proto::limits::AVATAR_BYTES + 1]);
    assert_eq!(code(&ada.call(call).await), "too_large");
}

async fn what_one_wants_to_be_told_of_is_the_same_on_all_devices(on: On) {
    let daemon = on.daemon().await;
    let mut ada = daemon.user(crate::support::Wire::Quic, "ada").await;
    let mut other = device(&daemon, &ada).await;
    let mut bob = quiet(&daemon, "bob").await;
    let chat = create(&mut ada, ChatKind::Group, "g", vec![bob.id()])
        .await
        .id;
    let mut call = SetChatPrefs {
        chat,
        notify: Some(NotifyLevel::Mentions),
        muted_until: None,
        hidden_upto: None,
    };
    ada.call(call.clone()).await.unwrap();
    call.notify = None;
    call.hidden_upto = Some(1);
    ada.call(call.clone()).await.unwrap();
    for _ in 0..2 {
        other
            .event(|event| match event {
                Event::Account(changed) => (changed.entry.kind
                    == proto::entry::account_kind::CHAT_PREFS_CHANGED)
                    .then_some(()),
                _ => None,
            })
            .await;
    }
    let prefs = ChatPrefs {
        notify: NotifyLevel::Mentions,
        muted_until: 0,
        hidden_upto: 1,
    };
    assert_eq!(info(&mut other, chat).await.unwrap().prefs, prefs);
    let default = ChatPrefs::default();
    assert_eq!(info(&mut bob, chat).await.unwrap().prefs, default);
    call.muted_until = Some(-1);
    assert_eq!(code(&ada.call(call).await), "bad_request");
}

async fn retention_really_deletes(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    let mut bob = daemon.user(crate::support::Wire::Quic, "bob").await;
    let chat = create(&mut ada, ChatKind::Group, "g", vec![bob.id()])
        .await
        .id;
    let kept = create(&mut ada, ChatKind::Group, "h", vec![bob.id()])
        .await
        .id;
    for n in 0..30 {
        ada.say(chat, &format!("old word {n}")).await.unwrap();
    }
    ada.say(kept, "old word").await.unwrap();
    let short = ChatSettings {
        message_retention: 1,
        ..ChatSettings::default()
    };
    settings(&mut ada, chat, short).await;
    let service = daemon.server.service();
    service
        .expire_once(messengerd::service::now())
        .await
        .unwrap();
    assert_eq!(changes(&mut bob, chat, 0).await.floor, 0, "not old enough");
    let later = messengerd::service::now() + 2 * DAY;
    service.expire_once(later).await.unwrap();
    let raised = bob
        .event(|event| match event {
            Event::Floor(FloorRaised {
                chat: at,
                floor: 32,
            }) => Some(at),
            Event::Floor(raised) => panic!("{raised:?}"),
            _ => None,
        })
        .await;
    assert_eq!(raised, chat);
    let page = changes(&mut bob, chat, 0).await;
    assert_eq!((page.floor, page.entries.len()), (32, 0));
    let head = info(&mut bob, chat).await.unwrap().head;
    assert_eq!((head.floor, head.seq, head.msg_no), (32, 32, 30));
    assert_eq!(head.msg_no - head.read_no, 0);
    let digest = bob.call(Digest { chat, upto: 99 }).await.unwrap();
    assert_eq!((digest.floor, digest.upto), (32, 32));
    assert_eq!(changes(&mut bob, kept, 0).await.entries.len(), 2);
    // It goes on as before.
    assert_eq!(ada.say(chat, "new").await.unwrap().seq, 33);
    assert_eq!(texts(&bob.history(chat).await.unwrap()), ["new"]);
}

async fn long_lists_of_members_come_in_parts(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    let bob = quiet(&daemon, "bob").await;
    let chat = create(&mut ada, ChatKind::Group, "g", vec![bob.id()])
        .await
        .id;
    let all = ada.call(Members { chat, offset: 0 }).await.unwrap();
    let names = |list: &proto::request::MemberList| {
        let names = list.members.iter().map(|m| m.user.username.clone());
        names.collect::<Vec<_>>()
    };
    assert_eq!(
        (names(&all), all.more),
        (vec!["ada".into(), "bob".into()], false)
    );
    let rest = ada.call(Members { chat, offset: 1 }).await.unwrap();
    assert_eq!(
        (names(&rest), rest.acl_rev),
        (vec!["bob".into()], all.acl_rev)
    );
    let none = ada.call(Members { chat, offset: 9 }).await.unwrap();
    assert!(none.members.is_empty() && !none.more);
}

async fn a_creator_who_is_no_admin_deletes_nothing(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    let mut bob = quiet(&daemon, "bob").await;
    let chat = create(&mut ada, ChatKind::Public, "open", vec![bob.id()])
        .await
        .id;
    let user = ada.id();
    ada.call(RemoveMember { chat, user }).await.unwrap();
    join(&mut ada, chat).await.unwrap();
    assert_eq!(code(&ada.call(DeleteChat { chat }).await), "forbidden");
    bob.call(DeleteChat { chat }).await.unwrap();
}

async fn the_first_to_come_runs_a_chat_that_everybody_left(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    let mut bob = quiet(&daemon, "bob").await;
    let mut carl = quiet(&daemon, "carl").await;
    let chat = create(&mut ada, ChatKind::Public, "open", Vec::new())
        .await
        .id;
    let user = ada.id();
    ada.call(RemoveMember { chat, user }).await.unwrap();
    let found = join(&mut bob, chat).await.unwrap();
    assert_eq!(found.members[0].role, Role::Admin);
    let found = join(&mut carl, chat).await.unwrap();
    assert_eq!(found.members[1].role, Role::Member);
    // Created, left, came, runs it, came.
    assert_eq!(changes(&mut carl, chat, 0).await.entries.len(), 5);
}

async fn a_block_is_seen_in_no_revision(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    let mut bob = quiet(&daemon, "bob").await;
    let chat = ada.private_chat(bob.id()).await.id;
    let before = info(&mut bob, chat).await.unwrap();
    let call = proto::request::ChangeContact {
        user: bob.id(),
        nickname: None,
        clear_nickname: false,
        blocked: Some(true),
    };
    ada.call(call).await.unwrap();
    assert_eq!(code(&bob.say(chat, "x").await), "forbidden");
    let after = info(&mut bob, chat).await.unwrap();
    assert_eq!((after.acl_rev, after.head), (before.acl_rev, before.head));
    let list = bob.call(Members { chat, offset: 0 }).await.unwrap();
    assert_eq!(list.acl_rev, before.acl_rev);
}

async fn times_that_cannot_be_kept_are_refused(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    let bob = quiet(&daemon, "bob").await;
    let chat = create(&mut ada, ChatKind::Group, "g", vec![bob.id()])
        .await
        .id;
    let user = bob.id();
    for until in [proto::limits::TIME_MAX + 1, i64::MAX - 1] {
        let call = MuteMember { chat, user, until };
        assert_eq!(code(&ada.call(call).await), "bad_request");
        let mut call = crate::crew::invite(chat, None);
        call.expires_at = Some(until);
        assert_eq!(code(&ada.call(call).await), "bad_request");
    }
    let until = proto::limits::TIME_MAX;
    ada.call(MuteMember { chat, user, until }).await.unwrap();
    let mut call = crate::crew::invite(chat, None);
    call.expires_at = Some(until);
    ada.call(call).await.unwrap();
}
