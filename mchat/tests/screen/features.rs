//! What can be done with messages, chats, members and people.

use mchat::app::deed::{Deed, Door, Fetch};
use mchat::app::key::{Mouse, MouseKind};
use mchat::app::message::{Effect, Msg};
use mchat::app::model::Pane;
use mchat::app::popup::Popup;
use mchat::app::wake;
use mchat::client::model::{ClientEvent, HitSource, Quote, Reaction};
use proto::catalog::Lang;
use proto::entry::{Body, MemberBanned, Message, RoleChanged, kind};
use proto::request::{ContactState, NotifyLevel, Role};

use crate::script::Script;
use crate::world::{BORIS, CLARA, ME, NOON, World, chat};

fn deeds(script: &mut Script) -> Vec<Deed> {
    let deeds = script.log().into_iter().filter_map(|effect| match effect {
        Effect::Do(deed) => Some(deed),
        _ => None,
    });
    deeds.collect()
}

/// In the group, where Anna has this role.
fn group(role: Role, size: (u16, u16)) -> Script {
    let mut world = World::sample();
    world.chats[1].role = role;
    let mut script = Script::new(world, size, Lang::En);
    script.keys("Down Enter");
    script
}

fn command(script: &mut Script, line: &str) -> String {
    script.keys("A-x").types(line).keys("Enter");
    script.screen()
}

#[test]
fn a_message_is_changed_in_the_composer_and_the_draft_comes_back() {
    let mut script = Script::sample();
    script.keys("Enter").types("a draft").keys("A-e");
    let screen = script.screen();
    assert!(screen.contains("Changing a message"), "{screen}");
    let text = script.model.draft().unwrap().text().to_owned();
    assert!(text.starts_with("A message that is long"), "{text}");
    script
        .keys("C-u C-k Backspace C-u")
        .types("shorter")
        .keys("Enter");
    assert_eq!(script.model.draft().unwrap().text(), "a draft");
    assert!(matches!(
        &deeds(&mut script)[..],
        [Deed::Edit { seq: 5, text, .. }] if text.ends_with("shorter")
    ));
    let screen = script.screen();
    assert!(screen.contains("shorter (edited)"), "{screen}");
    // Given up: nothing is sent, and the draft is there again.
    script.keys("A-e Esc");
    assert_eq!(script.model.draft().unwrap().text(), "a draft");
    assert!(deeds(&mut script).is_empty());
    // Not another person's.
    script.keys("C-u Up k e");
    assert!(script.screen().contains("your own can be changed"));
}

#[test]
fn a_message_is_deleted_after_a_question_and_leaves_a_tombstone() {
    let mut script = Script::sample();
    script.keys("Enter Up d");
    assert!(
        script
            .screen()
            .contains("Delete this message for everybody?")
    );
    script.keys("Esc");
    assert!(deeds(&mut script).is_empty());
    script.keys("d Enter");
    assert_eq!(deeds(&mut script).len(), 1);
    let screen = script.screen();
    assert!(screen.contains("Message deleted"), "{screen}");
    assert!(!screen.contains("wrapped on a narrow"), "{screen}");
    // Boris's own are his.
    script.keys("k d");
    assert!(script.screen().contains("You may delete only messages"));
}

#[test]
fn a_reaction_is_chosen_by_short_code_and_taken_back_by_the_same() {
    let mut script = Script::sample();
    script.keys("Enter Up +").types("tada").keys("Enter");
    let on = |deeds: Vec<Deed>| match &deeds[..] {
        [Deed::React { emoji, on, .. }] => {
            assert_eq!(emoji, "🎉");
            *on
        }
        other => panic!("{other:?}"),
    };
    assert!(on(deeds(&mut script)));
    let screen = script.screen();
    assert!(screen.contains("[🎉 1]"), "{screen}");
    // The latest is offered first.
    script.keys("+ Enter");
    assert!(!on(deeds(&mut script)));
    assert!(!script.screen().contains("[🎉 1]"));
    command(&mut script, "react :tada:");
    assert!(on(deeds(&mut script)));
    let screen = command(&mut script, "react :nonsense:");
    assert!(screen.contains("nonsense"), "{screen}");
}

#[test]
fn quotes_forwards_pins_and_reactions_of_others_stand_with_the_message() {
    let mut script = Script::sample();
    let seq = script.world.say(chat(1), BORIS, NOON, "so it is");
    let entry = script.world.entry_mut(chat(1), seq);
    entry.quote = Some(Quote {
        seq: 3,
        author: Some("anna".to_owned()),
        text: "Almost there 👍".to_owned(),
        deleted: false,
    });
    entry.pinned = true;
    entry.reactions = vec![Reaction {
        emoji: "🔥".to_owned(),
        count: 3,
        mine: false,
        names: vec!["clara".to_owned()],
    }];
    let forwarded = Message {
        forwarded: Some(proto::entry::Forwarded {
            user: CLARA,
            at: NOON,
        }),
        ..Message::new("the tent")
    };
    let body = Body::Message(forwarded);
    let other = script
        .world
        .append(chat(1), BORIS, NOON, kind::MESSAGE, body, None);
    script.world.entry_mut(chat(1), other).forwarded = Some("clara".to_owned());
    script.keys("Enter");
    let screen = script.screen();
    for text in [
        "│ anna: Almost there",
        "so it is (pinned)",
        "🔥 3",
        "Forwarded from clara",
    ] {
        assert!(screen.contains(text), "{text}:\n{screen}");
    }
    // To the original, and back.
    script.keys("Up k t");
    let selected = |script: &Script| script.model.selected_message().unwrap().seq;
    assert_eq!(selected(&script), Some(3));
    script.keys("T");
    assert_eq!(selected(&script), Some(seq));
    script.keys("T");
    assert!(script.screen().contains("nowhere to go back"));
}

#[test]
fn messages_of_the_blocked_are_folded_until_asked_for() {
    let mut script = Script::sample();
    script.world.contact(CLARA, "clara", ContactState::None);
    script.world.contacts[0].blocked = true;
    script.event(ClientEvent::Contacts);
    script.keys("Down Enter");
    let screen = script.screen();
    assert!(!screen.contains("Who brings the tent?"), "{screen}");
    assert!(screen.contains("somebody you blocked"), "{screen}");
    script.keys("Up k Space");
    assert!(script.screen().contains("Who brings the tent?"));
}

#[test]
fn a_message_menu_offers_what_is_allowed_and_a_second_click_opens_it() {
    let mut script = Script::sample();
    script.keys("Enter Up k Enter");
    let screen = script.screen();
    assert!(screen.contains("react to this message"), "{screen}");
    assert!(!screen.contains("delete this message"), "{screen}");
    script.keys("Esc");
    let (x, y) = script.cursor();
    let click = |script: &mut Script, x, y| {
        let kind = MouseKind::Press;
        script.send(Msg::Mouse(Mouse { kind, x, y }));
    };
    click(&mut script, x + 1, y);
    assert!(matches!(script.model.popups.last(), Some(Popup::Sheet(_))));
    script.keys("Esc").types("f");
    script.types("plans").keys("Enter");
    assert!(matches!(
        &deeds(&mut script)[..],
        [Deed::Forward { to, seq: 4, .. }] if *to == chat(2)
    ));
}

#[test]
fn lists_about_a_message_are_asked_for() {
    let mut script = Script::sample();
    script.keys("Enter Up s");
    let screen = script.screen();
    assert!(screen.contains("✓✓  Борис"), "{screen}");
    assert!(screen.contains("✓   clara"), "{screen}");
    script.keys("Esc w");
    assert!(script.screen().contains("👍  Борис"));
    script.keys("Esc E");
    assert!(script.screen().contains("second words"));
    script.keys("Enter");
    assert!(matches!(script.model.popups.last(), Some(Popup::Page(_))));
    script.keys("Esc Esc");
    assert_eq!(script.model.pane, Pane::Timeline);
}

#[test]
fn members_stand_beside_the_chat_where_there_is_room() {
    let mut script = group(Role::Admin, (120, 30));
    script.keys("A-g");
    assert_eq!(script.model.pane, Pane::Members);
    let screen = script.screen();
    assert!(screen.contains("Members (3)"), "{screen}");
    // The second one: Boris.
    script.keys("Down Enter");
    let screen = script.screen();
    assert!(screen.contains("make a moderator"), "{screen}");
    script.types("moderator").keys("Enter");
    assert!(matches!(
        &deeds(&mut script)[..],
        [Deed::SetRole(_, who, Role::Moderator)] if who.user == Some(BORIS)
    ));
    script.keys("x");
    assert!(script.screen().contains("Remove Борис from this chat?"));
    script.keys("Enter");
    assert!(matches!(&deeds(&mut script)[..], [Deed::Remove(..)]));
    script.keys("A-g");
    assert!(!script.screen().contains("Members (3)"));
}

#[test]
fn members_are_a_list_where_there_is_no_room() {
    let mut script = group(Role::Admin, (80, 24));
    script.keys("A-g").types("clara");
    script.keys("Enter").types("mute").keys("Enter Enter");
    let silenced = deeds(&mut script);
    let [Deed::Silence(_, who, until)] = &silenced[..] else {
        panic!("{silenced:?}");
    };
    assert_eq!((who.user, *until), (Some(CLARA), NOON + 3_600_000));
}

#[test]
fn the_roles_offered_are_those_of_the_one_who_was_named() {
    let mut script = group(Role::Admin, (80, 24));
    let screen = command(&mut script, "role @clara");
    assert!(screen.contains("Role of clara"), "{screen}");
    assert!(!screen.contains("make a plain member"), "{screen}");
    script.keys("Down Enter");
    assert!(matches!(
        &deeds(&mut script)[..],
        [Deed::SetRole(_, who, Role::Moderator)] if who.user == Some(CLARA)
    ));
}

#[test]
fn who_may_not_is_told_so_and_offered_nothing() {
    let mut script = group(Role::Member, (80, 24));
    for line in ["remove @clara", "ban @clara", "silence @clara 1h", "banned"] {
        let screen = command(&mut script, line);
        assert!(
            screen.contains("Only admins and moderators"),
            "{line}:\n{screen}"
        );
    }
    for line in [
        "role @clara admin",
        "rename X",
        "describe X",
        "chat-settings",
    ] {
        let screen = command(&mut script, line);
        assert!(screen.contains("Only admins of this chat"), "{line}");
    }
    script.keys("A-c");
    let screen = script.screen();
    assert!(screen.contains("leave the chat"), "{screen}");
    assert!(!screen.contains("rename the chat"), "{screen}");
    script.keys("Esc A-g").types("clara").keys("Enter");
    let screen = script.screen();
    assert!(screen.contains("show the profile"), "{screen}");
    assert!(!screen.contains("make an admin"), "{screen}");
    assert!(deeds(&mut script).is_empty());
    // A moderator touches members, not admins.
    let mut script = group(Role::Moderator, (80, 24));
    let members = script.world.members.get_mut(&chat(2)).unwrap();
    members[1].role = Role::Admin;
    script.event(ClientEvent::Cursors(chat(2)));
    command(&mut script, "silence @clara 1h");
    assert_eq!(deeds(&mut script).len(), 1);
    let screen = command(&mut script, "silence @Борис 1h");
    assert!(screen.contains("Only admins of this chat"), "{screen}");
}

#[test]
fn a_chat_is_changed_from_its_menu_and_by_command() {
    let mut script = group(Role::Admin, (80, 24));
    script.keys("A-c").types("rename").keys("Enter C-u");
    script.types("Autumn").keys("Enter");
    let done = deeds(&mut script);
    let [Deed::Change(change)] = &done[..] else {
        panic!("{done:?}");
    };
    assert_eq!(change.name.as_ref().unwrap().as_str(), "Autumn");
    command(&mut script, "chat-settings");
    script.keys("Enter");
    let done = deeds(&mut script);
    let [Deed::Change(change)] = &done[..] else {
        panic!("{done:?}");
    };
    assert!(!change.settings.unwrap().allow_invites);
    command(&mut script, "notify mentions");
    command(&mut script, "mute 2h");
    let done = deeds(&mut script);
    let [Deed::Prefs(level), Deed::Prefs(muted)] = &done[..] else {
        panic!("{done:?}");
    };
    assert_eq!(level.notify, Some(NotifyLevel::Mentions));
    assert_eq!(muted.muted_until, Some(NOON + 7_200_000));
    command(&mut script, "leave");
    assert!(script.screen().contains("Leave “Plans for the summer”?"));
    script.keys("Enter");
    assert!(matches!(&deeds(&mut script)[..], [Deed::Leave(_)]));
}

#[test]
fn an_invite_is_shown_as_text_and_code() {
    let mut script = group(Role::Admin, (80, 40));
    command(&mut script, "invite 7d 5");
    assert!(script.log().iter().any(|effect| matches!(
        effect,
        Effect::Fetch(Fetch::NewInvite {
            expires_at: Some(at),
            max_uses: Some(5),
            ..
        }) if *at == NOON + 7 * 86_400_000
    )));
    script.keys("Enter Enter");
    let screen = script.screen();
    assert!(screen.contains("mchat://localhost:8443"), "{screen}");
    assert!(screen.contains('▀') && screen.contains('█'), "{screen}");
    script.keys("Esc").types("revoke").keys("Enter Enter");
    assert!(matches!(&deeds(&mut script)[..], [Deed::RevokeInvite(..)]));
}

#[test]
fn public_chats_are_found_and_joined() {
    let mut script = Script::sample();
    script.keys("d");
    let screen = script.screen();
    assert!(screen.contains("people: 42"), "{screen}");
    script.keys("Enter");
    let entered = script.log();
    assert!(entered.contains(&Effect::Enter(Door::Join(chat(5)))));
    assert!(script.model.popups.is_empty());
    command(&mut script, "join mchat://localhost/?chat=abc");
    let link = "mchat://localhost/?chat=abc".to_owned();
    assert!(script.log().contains(&Effect::Enter(Door::Link(link))));
}

#[test]
fn contacts_have_requests_on_top() {
    let mut script = Script::sample();
    script.world.contact(CLARA, "clara", ContactState::Mutual);
    script.world.contact(BORIS, "boris", ContactState::Incoming);
    script.keys("A-r");
    let screen = script.screen();
    assert!(screen.contains("asks to be a contact"), "{screen}");
    script.keys("Enter");
    assert!(script.screen().contains("decline"));
    script.keys("Enter");
    assert!(matches!(
        &deeds(&mut script)[..],
        [Deed::AddContact(who)] if who.user == Some(BORIS)
    ));
    command(&mut script, "nickname @clara Clärchen");
    command(&mut script, "block @Борис");
    script.keys("Enter");
    let done = deeds(&mut script);
    assert!(matches!(
        &done[..],
        [Deed::Nickname(_, Some(_)), Deed::Block(_, true)]
    ));
}

#[test]
fn the_own_profile_has_its_switches() {
    let mut script = Script::sample();
    command(&mut script, "profile");
    let screen = script.screen();
    for text in [
        "Likes tents",
        "busy: writing",
        "Others see what I have read",
    ] {
        assert!(screen.contains(text), "{text}:\n{screen}");
    }
    script.types("others see").keys("Enter");
    let done = deeds(&mut script);
    let [Deed::SetProfile(change)] = &done[..] else {
        panic!("{done:?}");
    };
    assert_eq!(change.receipts, Some(false));
    script.keys("Esc");
    command(&mut script, "status busy in a meeting");
    let done = deeds(&mut script);
    let [Deed::SetStatus(status)] = &done[..] else {
        panic!("{done:?}");
    };
    assert_eq!(status.text.as_ref().unwrap().as_str(), "in a meeting");
    command(&mut script, "sessions");
    script.keys("Down Enter");
    assert!(script.screen().contains("End the session of phone?"));
    script.keys("Enter");
    assert!(matches!(&deeds(&mut script)[..], [Deed::RevokeSession(_)]));
}

#[test]
fn a_password_is_changed_in_a_form_that_shows_none_of_it() {
    let mut script = Script::sample();
    command(&mut script, "passwd");
    script.types("old secret").keys("Enter");
    script.types("new secret").keys("Enter");
    script.types("another").keys("Enter");
    let screen = script.screen();
    assert!(screen.contains("The two passwords differ."), "{screen}");
    assert!(!screen.contains("secret"), "{screen}");
    script.keys("C-u").types("new secret").keys("Enter");
    let done = deeds(&mut script);
    assert!(matches!(&done[..], [Deed::ChangePassword { .. }]));
    assert!(!format!("{done:?}").contains("secret"));
}

#[test]
fn a_search_leads_to_the_message_in_its_context_and_on() {
    let mut world = World::sample();
    for number in 0..300 {
        let text = match number % 100 {
            7 => format!("needle {number}"),
            _ => format!("hay {number}"),
        };
        world.say(chat(1), BORIS, NOON, &text);
    }
    let row = &mut world.chats[0];
    row.read = row.head;
    row.unread = 0;
    let mut script = Script::new(world, (80, 24), Lang::En);
    script.keys("Enter C-s").types("needle");
    let screen = script.screen();
    assert!(screen.contains("Search in Борис"), "{screen}");
    script.keys("Down Enter");
    let selected = |script: &Script| script.model.selected_message().unwrap().text.to_owned();
    assert_eq!(selected(&script), "needle 107");
    let screen = script.screen();
    assert!(screen.contains("hay 106") && screen.contains("hay 108"));
    script.types(".");
    assert_eq!(selected(&script), "needle 7");
    script.types(".");
    assert!(script.screen().contains("no further results"));
    script.types(",,");
    assert_eq!(selected(&script), "needle 207");
    // From another chat, and only in what is cached.
    script.world.searched = HitSource::Cache;
    script.keys("Left Down Enter A-s").types("tent");
    let screen = script.screen();
    assert!(screen.contains("only messages on this device"), "{screen}");
    script.keys("Enter");
    assert_eq!(selected(&script), "Who brings the tent?");
}

#[test]
fn who_presses_no_key_is_away_and_back_with_the_first() {
    let mut script = Script::sample();
    let at = wake(&script.model).unwrap();
    assert_eq!(at, NOON + 10 * 60_000);
    script.now = at;
    script.send(Msg::Tick);
    assert_eq!(script.log().last(), Some(&Effect::Idle(true)));
    assert_eq!(wake(&script.model), None);
    script.keys("Down");
    assert!(script.log().contains(&Effect::Idle(false)));
    command(&mut script, "set away_after 0");
    assert!(wake(&script.model).is_none_or(|at| at < script.now + 60_000));
}

#[test]
fn what_happens_in_a_chat_is_said() {
    let mut script = Script::sample();
    let body = Body::RoleChanged(RoleChanged {
        user: CLARA,
        role: Role::Moderator,
    });
    script
        .world
        .append(chat(2), ME, NOON, kind::ROLE_CHANGED, body, None);
    script.keys("Down Enter");
    let screen = script.screen();
    assert!(screen.contains("anna made clara a moderator"), "{screen}");
}

#[test]
fn who_was_banned_is_named_though_no_member_any_more() {
    let mut script = Script::sample();
    let dora = proto::id::UserId(uuid::Uuid::from_u128(0xd));
    let body = Body::MemberBanned(MemberBanned {
        user: dora,
        on: true,
    });
    let seq = script
        .world
        .append(chat(2), ME, NOON, kind::MEMBER_BANNED, body, None);
    script.world.entry_mut(chat(2), seq).subjects = vec![(dora, "dora".to_owned())];
    script.keys("Down Enter");
    let screen = script.screen();
    assert!(screen.contains("anna banned dora"), "{screen}");
}

#[test]
fn a_message_menu_opens_a_link_where_there_is_one() {
    let mut script = Script::sample();
    script.keys("Enter Up Enter");
    let screen = script.screen();
    assert!(!screen.contains("open its link"), "{screen}");
    script.keys("Esc Esc");
    script.hears(chat(1), BORIS, "see https://a.example");
    script.keys("Up Enter");
    let screen = script.screen();
    assert!(screen.contains("open its link"), "{screen}");
}

#[test]
fn keys_typed_while_an_answer_is_awaited_go_where_they_are_seen_to_go() {
    let mut script = Script::sample();
    script.keys("Enter C-s").types("hay");
    // An answer to what was written before does not take the rest away.
    let fetch = Fetch::Messages {
        query: "ha".to_owned(),
        chat: Some(chat(1)),
        before: None,
    };
    script.send(Msg::Fetched {
        fetch,
        result: Err("late".to_owned()),
    });
    let Some(Popup::Sheet(sheet)) = script.model.popups.last() else {
        panic!("no list");
    };
    assert_eq!(sheet.query.text(), "hay");
    script.keys("Esc").types("written");
    assert_eq!(script.model.draft().unwrap().text(), "written");
}
