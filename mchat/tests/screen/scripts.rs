//! What a person does, and what comes of it.

use mchat::app::first::First;
use mchat::app::key::{Mouse, MouseKind};
use mchat::app::message::{Effect, Msg};
use mchat::app::model::Pane;
use mchat::app::open::{Scroll, WINDOW};
use mchat::app::wake;
use mchat::client::model::{ClientEvent, Link, Refusal, Transport};
use proto::catalog::Lang;
use proto::id::ChatId;

use crate::script::{Script, online};
use crate::world::{BORIS, CLARA, ME, World, chat};

fn sent(log: &[Effect]) -> Vec<String> {
    log.iter()
        .filter_map(|effect| match effect {
            Effect::Send { text, .. } => Some(text.clone()),
            _ => None,
        })
        .collect()
}

fn marks(log: &[Effect]) -> Vec<(ChatId, u64)> {
    log.iter()
        .filter_map(|effect| match effect {
            Effect::MarkRead { chat, upto } => Some((*chat, *upto)),
            _ => None,
        })
        .collect()
}

/// When one is away by itself, after a key at noon: all there is to wake for.
const AWAY: Option<i64> = Some(crate::world::NOON + 10 * 60_000);

#[test]
fn a_message_is_written_and_goes_through_its_states() {
    let mut script = Script::sample();
    script.keys("Enter").types("Ok, see you").keys("Enter");
    assert_eq!(sent(&script.log()), ["Ok, see you"]);
    assert!(script.screen().contains("waiting"));
    for message in script.world.deliver() {
        script.send(message);
    }
    assert!(script.screen().contains("sent"), "{}", script.screen());
    script.world.receive(chat(1), BORIS, 5, 6);
    script.event(ClientEvent::Cursors(chat(1)));
    assert!(script.screen().contains("delivered"));
    script.world.receive(chat(1), BORIS, 6, 6);
    script.event(ClientEvent::Cursors(chat(1)));
    let screen = script.screen();
    assert!(!screen.contains("delivered"));
    assert_eq!(screen.matches("Ok, see you").count(), 1, "{screen}");
    assert!(screen.contains("read"));
}

#[test]
fn a_group_says_how_many_have_read() {
    let mut script = Script::sample();
    script.keys("Down Enter");
    assert!(
        script.screen().contains("read by 1 of 2"),
        "{}",
        script.screen()
    );
    script.world.receive(chat(2), CLARA, 3, 3);
    script.event(ClientEvent::Cursors(chat(2)));
    let screen = script.screen();
    assert!(
        !screen.contains("read by") && screen.contains(" read\n"),
        "{screen}"
    );
}

#[test]
fn a_refused_message_says_why_and_can_be_retried_or_discarded() {
    let mut script = Script::sample();
    script.keys("Enter").types("forbidden words").keys("Enter");
    let refused = script.world.refuse();
    script.send(refused);
    let screen = script.screen();
    assert!(
        screen.contains("Not sent: You are not allowed to do that."),
        "{screen}"
    );
    assert!(
        screen.contains("Ctrl-R try again · Ctrl-X discard"),
        "{screen}"
    );
    script.log();
    script.keys("C-r");
    assert!(matches!(script.log()[0], Effect::Retry(_)));
    assert!(!script.screen().contains("Not sent"));
    let refused = script.world.refuse();
    script.send(refused);
    script.keys("C-x");
    assert!(script.world.outbox.is_empty());
    assert!(!script.screen().contains("Not sent"));
    assert_eq!(script.model.draft().unwrap().text(), "forbidden words");
}

#[test]
fn a_message_that_could_not_be_kept_comes_back_into_the_composer() {
    let mut script = Script::sample();
    script.world.full = Some("The disk is full.".to_owned());
    script.keys("Enter").types("precious").keys("Enter");
    assert_eq!(script.model.draft().unwrap().text(), "precious");
    assert!(script.screen().contains("The disk is full."));
}

#[test]
fn a_paste_is_one_draft_and_never_sends() {
    let mut script = Script::sample();
    script.keys("Enter");
    script.send(Msg::Paste("first\r\nsecond\rthird\u{1b}[2J\n".to_owned()));
    assert_eq!(sent(&script.log()), [""; 0]);
    assert_eq!(
        script.model.draft().unwrap().text(),
        "first\nsecond\nthird[2J\n"
    );
    script.keys("Enter");
    assert_eq!(sent(&script.log()), ["first\nsecond\nthird[2J\n"]);
}

#[test]
fn enter_sends_and_the_other_enters_begin_a_line() {
    let mut script = Script::sample();
    script
        .keys("Enter")
        .types("one")
        .keys("A-Enter")
        .types("two")
        .keys("C-j")
        .types("three");
    assert_eq!(sent(&script.log()), [""; 0]);
    script.keys("Enter Enter");
    assert_eq!(sent(&script.log()), ["one\ntwo\nthree"]);
}

#[test]
fn every_chat_keeps_its_draft() {
    let mut script = Script::sample();
    script
        .keys("Enter")
        .types("to Boris")
        .keys("A-Down")
        .types("to the group")
        .keys("A-Up");
    assert_eq!(script.model.draft().unwrap().text(), "to Boris");
    script.keys("A-Down");
    assert_eq!(script.model.draft().unwrap().text(), "to the group");
}

#[test]
fn read_is_marked_only_when_seen() {
    let mut script = Script::sample();
    script.keys("Enter").log();
    // Not while the terminal is in the background,
    script
        .send(Msg::Focus(false))
        .hears(chat(1), BORIS, "are you there?");
    assert_eq!(marks(&script.log()), []);
    assert!(script.screen().contains("new messages"));
    script.send(Msg::Focus(true));
    assert_eq!(marks(&script.log()), [(chat(1), 6)]);
    // nor in another chat,
    script.hears(chat(2), BORIS, "in the group");
    assert_eq!(marks(&script.log()), []);
    // nor under a dialog,
    script.keys("F1").hears(chat(1), BORIS, "under the help");
    assert_eq!(marks(&script.log()), []);
    script.keys("Esc");
    assert_eq!(marks(&script.log()), [(chat(1), 7)]);
    // nor above the end.
    script
        .resize(80, 12)
        .keys("PageUp")
        .hears(chat(1), BORIS, "below the screen");
    assert_eq!(marks(&script.log()), []);
    assert!(script.screen().contains("more below"));
    script.keys("C-End");
    assert_eq!(marks(&script.log()), [(chat(1), 8)]);
}

/// A chat with many messages, of which the cache has the last ones.
fn long_chat(cached_from: u64) -> World {
    let mut world = World::sample();
    for n in 6..=1000 {
        world.say(
            chat(1),
            BORIS,
            crate::world::NOON - 100_000 + n,
            &format!("message {n}."),
        );
    }
    world.cached_from.insert(chat(1), cached_from);
    let row = &mut world.chats[0];
    row.read = row.head;
    row.unread = 0;
    world
}

#[test]
fn scrolling_back_loads_from_the_cache_then_from_the_server_and_stays_in_place() {
    let mut script = Script::new(long_chat(700), (80, 24), Lang::En);
    script.keys("Enter");
    assert!(script.screen().contains("message 1000."));
    let mut asked_server = 0;
    let mut lowest = 1000;
    for _ in 0..80 {
        script.keys("PageUp");
        let screen = script.screen();
        let shown: Vec<u64> = screen
            .lines()
            .filter_map(|line| {
                line.split("message ")
                    .nth(1)?
                    .split('.')
                    .next()?
                    .parse()
                    .ok()
            })
            .collect();
        for pair in shown.windows(2) {
            assert_eq!(pair[0] + 1, pair[1], "a gap or a repeat: {screen}");
        }
        let (Some(first), Some(last)) = (shown.first(), shown.last()) else {
            break;
        };
        // The page before is joined on to this one: nothing is jumped over.
        assert!(
            *last >= lowest - 1 || lowest == 1000,
            "{lowest} then {shown:?}"
        );
        lowest = *first;
        asked_server += script
            .log()
            .iter()
            .filter(|effect| matches!(effect, Effect::FetchOlder(_)))
            .count();
        let open = script.model.open.as_ref().unwrap();
        assert!(open.entries.len() <= WINDOW);
    }
    assert!(asked_server >= 6, "{asked_server}");
    assert!(
        script.screen().contains("started the chat"),
        "{}",
        script.screen()
    );
    script.keys("C-End");
    assert!(script.screen().contains("message 1000."));
}

#[test]
fn what_arrives_does_not_move_what_is_being_read() {
    let mut script = Script::new(long_chat(1), (80, 24), Lang::En);
    script.keys("Enter PageUp PageUp");
    let before = script.screen();
    for n in 0..30 {
        script.hears(chat(1), BORIS, &format!("later {n}"));
    }
    let after = script.screen();
    let timeline = |screen: &str| -> Vec<String> {
        let rows = screen.lines().skip(2).take(17);
        rows.map(|line| line.chars().skip(25).collect()).collect()
    };
    assert_eq!(timeline(&before), timeline(&after));
    script.resize(100, 30).resize(80, 24);
    assert_eq!(timeline(&before), timeline(&script.screen()));
}

#[test]
fn a_chat_opens_at_its_first_unread_message() {
    let mut world = long_chat(1);
    world.chats[0].read = 900;
    world.chats[0].unread = 100;
    let mut script = Script::new(world, (80, 24), Lang::En);
    assert!(script.screen().contains("100"));
    script.keys("Enter");
    let screen = script.screen();
    assert!(screen.contains("new messages"), "{screen}");
    assert!(
        screen.contains("message 901.") && !screen.contains("message 1000."),
        "{screen}"
    );
    assert_eq!(marks(&script.log()), []);
    script.keys("C-End");
    assert!(script.screen().contains("message 1000."));
    assert_eq!(marks(&script.log()), [(chat(1), 1000)]);
    script.keys("A-u");
    assert!(script.screen().contains("new messages") || script.model.notice.is_some());
}

#[test]
fn typing_is_shown_lapses_and_needs_no_further_wakes() {
    let mut script = Script::sample();
    script.keys("Enter");
    assert_eq!(wake(&script.model), AWAY);
    script.event(ClientEvent::Typing {
        chat: chat(1),
        user: BORIS,
        username: "Борис".to_owned(),
        on: true,
    });
    assert!(script.screen().contains("Борис is typing…"));
    let at = wake(&script.model).unwrap();
    assert_eq!(at, script.now + 6000);
    script.now = at;
    script.send(Msg::Tick);
    assert!(!script.screen().contains("typing"));
    assert_eq!(wake(&script.model), AWAY);
}

#[test]
fn others_are_told_that_something_is_written() {
    let mut script = Script::sample();
    script.keys("Enter").log();
    script.types("h");
    assert_eq!(
        script.log(),
        [Effect::Typing {
            chat: chat(1),
            on: true
        }]
    );
    script.keys("Backspace");
    assert_eq!(
        script.log(),
        [Effect::Typing {
            chat: chat(1),
            on: false
        }]
    );
}

#[test]
fn a_private_chat_is_started_by_name() {
    let mut script = Script::sample();
    script.keys("C-n").types("cla");
    assert!(script.screen().contains("clara"));
    script.keys("Enter");
    assert!(script.model.popups.is_empty());
    assert_eq!(script.model.open.as_ref().unwrap().id, chat(9));
    assert_eq!(script.model.pane, Pane::Composer);
}

#[test]
fn a_group_is_made_of_marked_people() {
    let mut script = Script::sample();
    script
        .keys("C-n")
        .types("cla")
        .keys("Tab")
        .types("бор")
        .keys("Tab");
    assert!(
        script.screen().contains("In the group: clara, Борис"),
        "{}",
        script.screen()
    );
    script.keys("Enter").types("Book club").keys("Enter");
    let made = script.log().into_iter().find_map(|effect| match effect {
        Effect::CreateChat { name, members } => Some((name, members)),
        _ => None,
    });
    let (name, members) = made.unwrap();
    assert_eq!(name.as_deref(), Some("Book club"));
    let ids: Vec<_> = members.iter().map(|user| user.id).collect();
    assert_eq!(ids, [CLARA, BORIS]);
}

#[test]
fn one_search_is_asked_at_a_time_and_the_latest_wins() {
    let mut script = Script::sample();
    script.keys("C-n");
    // The answers are held back.
    let mut asked = Vec::new();
    for c in "bor".chars() {
        let key = Msg::Key(mchat::app::key::Key::plain(mchat::app::key::Code::Char(c)));
        asked.extend(mchat::app::update(&mut script.model, key, script.now));
    }
    assert_eq!(asked, [Effect::Search("b".to_owned())]);
    let answer = Msg::Found {
        query: "b".to_owned(),
        result: Ok(Vec::new()),
    };
    let next = mchat::app::update(&mut script.model, answer, script.now);
    assert_eq!(next, [Effect::Search("bor".to_owned())]);
}

#[test]
fn the_palette_runs_commands_and_works_with_a_russian_layout() {
    let mut script = Script::sample();
    script.keys("C-з").types("qui");
    assert!(script.screen().contains("leave"));
    script.keys("Enter");
    // The palette is left by the command itself.
    assert!(script.model.popups.is_empty());
    script.keys("C-з").types("йгше");
    assert!(script.screen().contains("leave"), "{}", script.screen());
    script.keys("Esc Ж").types(":help").keys("Enter");
    assert!(script.screen().contains("Keys and commands"));
}

#[test]
fn the_first_run_goes_from_server_to_trust_to_registration() {
    let world = World::sample();
    let mut script = Script::with(world, (80, 24), Lang::En, None, Link::Connecting);
    assert!(matches!(script.model.first, Some(First::Server(_))));
    script.keys("C-u");
    script.send(Msg::Paste(
        "mchat://chat.example:8443/?fp=aa&invite=T0ken".to_owned(),
    ));
    script.keys("Enter");
    assert!(
        matches!(script.log().last(), Some(Effect::SetServer(address)) if address.contains("chat.example"))
    );
    let shown = "ab".repeat(32);
    script.event(ClientEvent::Link(Link::Refused {
        why: Refusal::Untrusted {
            shown: shown.clone(),
        },
    }));
    assert!(
        script
            .screen()
            .contains("abababab abababab abababab abababab "),
        "{}",
        script.screen()
    );
    // Neither Return nor the key with the Russian "no" trusts it.
    script.keys("Enter н");
    assert_eq!(script.log(), []);
    script.keys("t");
    assert_eq!(script.log(), [Effect::Trust(shown)]);
    script.event(ClientEvent::Link(Link::SignedOut {
        transport: Transport::Quic,
        address: "chat.example:8443".to_owned(),
    }));
    script
        .types("clara")
        .keys("Enter")
        .types("short")
        .keys("Enter")
        .types("short")
        .keys("Enter");
    let screen = script.screen();
    assert!(
        screen.contains("8 characters at least") && !screen.contains("short\n"),
        "{screen}"
    );
    assert!(
        screen.contains("•••••") && screen.contains("T0ken"),
        "{screen}"
    );
    script
        .keys("C-u")
        .types("long enough")
        .keys("Tab C-u")
        .types("long enough")
        .keys("Enter");
    let log = script.log();
    assert!(
        matches!(&log[..], [Effect::Register { username, password, invite }]
        if username == "clara" && password.0 == "long enough" && invite.as_ref().unwrap().0 == "T0ken")
    );
    assert!(!format!("{log:?}").contains("long enough"));
    script.send(Msg::Signed(Err(
        "The name clara is taken. Choose another one.".to_owned(),
    )));
    assert!(script.screen().contains("The name clara is taken."));
}

#[test]
fn the_cache_is_on_screen_before_the_network_answers() {
    let mut script = Script::sample();
    script
        .event(ClientEvent::Link(Link::Connecting))
        .keys("Enter");
    let screen = script.screen();
    assert!(
        screen.contains("Almost there") && screen.contains("Reconnecting…"),
        "{screen}"
    );
}

#[test]
fn offline_counts_down_and_says_why() {
    let mut script = Script::sample();
    script.event(ClientEvent::Link(Link::Offline {
        reason: "no answer".to_owned(),
        retry_in_ms: 2500,
    }));
    assert!(
        script
            .screen()
            .contains("Offline: no answer. Next try in 3 s (F5: now).")
    );
    let at = wake(&script.model).unwrap();
    assert_eq!(at, script.now + 500);
    script.now = at;
    script.send(Msg::Tick);
    assert!(
        script.screen().contains("Next try in 2 s"),
        "{}",
        script.screen()
    );
    script.event(ClientEvent::Link(online()));
    assert_eq!(wake(&script.model), AWAY);
    script.event(ClientEvent::Link(Link::Online {
        transport: Transport::WebSocket,
        address: "localhost:8443".to_owned(),
    }));
    assert!(
        script
            .screen()
            .contains("Online over WebSocket, as UDP did not get through")
    );
}

#[test]
fn remote_text_cannot_steer_the_terminal() {
    let mut world = World::sample();
    world.chats[0].title = "\u{1b}]0;title\u{7}\u{202e}evil".to_owned();
    world.say(
        chat(1),
        BORIS,
        crate::world::NOON,
        "a\u{1b}[31mred\u{202e}back\u{9b}2J\rover",
    );
    let mut script = Script::new(world, (80, 24), Lang::En);
    let screen = script.keys("Enter").screen();
    assert!(screen.contains("red"));
    assert!(
        !screen
            .chars()
            .any(|c| c != '\n' && proto::text::is_steering(c)),
        "{screen:?}"
    );
}

#[test]
fn the_mouse_opens_chats_scrolls_and_places_the_cursor() {
    let mut script = Script::new(long_chat(1), (80, 24), Lang::En);
    let press = |x, y| {
        Msg::Mouse(Mouse {
            kind: MouseKind::Press,
            x,
            y,
        })
    };
    script.send(press(5, 3));
    assert_eq!(script.model.open.as_ref().unwrap().id, chat(2));
    script.send(press(5, 2));
    assert_eq!(script.model.open.as_ref().unwrap().id, chat(1));
    script.send(Msg::Mouse(Mouse {
        kind: MouseKind::WheelUp,
        x: 50,
        y: 10,
    }));
    assert!(matches!(
        script.model.open.as_ref().unwrap().scroll,
        Scroll::At(..)
    ));
    script.types("abcdef");
    let (x, y) = script.cursor();
    script.send(press(x - 4, y)).types("|");
    assert_eq!(script.model.draft().unwrap().text(), "ab|cdef");
}

#[test]
fn a_small_window_says_so_and_a_narrow_one_shows_one_pane() {
    let mut script = Script::sample();
    script.keys("Enter").resize(39, 24);
    assert!(script.screen().contains("window larger"));
    script.resize(80, 9);
    assert!(script.screen().contains("window larger"));
    script.resize(40, 10);
    let screen = script.screen();
    assert!(
        screen.contains("Write a message…") && !screen.contains("Chats"),
        "{screen}"
    );
    script.keys("Tab");
    assert!(script.screen().contains("Chats"));
}

#[test]
fn somebody_else_signing_in_sees_nothing_of_the_former() {
    let mut script = Script::sample();
    script.keys("Enter").types("secret draft");
    script.world.chats.clear();
    script.event(ClientEvent::Account(None));
    script.event(ClientEvent::Link(Link::SignedOut {
        transport: Transport::Quic,
        address: "localhost:8443".to_owned(),
    }));
    let screen = script.screen();
    assert!(
        screen.contains("Sign in") && !screen.contains("secret"),
        "{screen}"
    );
    assert!(script.model.drafts.is_empty() && script.model.open.is_none());
    assert_ne!(script.model.me(), Some(ME));
}

#[test]
fn nothing_in_the_help_is_cut() {
    for lang in [Lang::En, Lang::Ru] {
        let mut script = Script::new(World::sample(), (80, 24), lang);
        script.keys("F1");
        for _ in 0..6 {
            let screen = script.screen();
            let cut = screen
                .lines()
                .filter(|line| line.starts_with(" │"))
                .find(|line| line.contains('…'));
            assert_eq!(cut, None);
            script.keys("PageDown");
        }
    }
}

#[test]
fn a_cache_that_fails_is_not_asked_in_a_circle() {
    let mut script = Script::new(long_chat(1), (80, 24), Lang::En);
    script.keys("Enter").log();
    let key = Msg::Key(mchat::app::key::Key::parse("PageUp").unwrap());
    let mut asked = Vec::new();
    for _ in 0..20 {
        asked = mchat::app::update(&mut script.model, key.clone(), script.now);
        if !asked.is_empty() {
            break;
        }
    }
    let [Effect::Load(load)] = asked[..] else {
        panic!("{asked:?}");
    };
    let failed = Msg::Loaded {
        load,
        result: Err("The cache failed.".to_owned()),
    };
    script.send(failed);
    assert_eq!(script.log(), []);
    assert!(script.screen().contains("The cache failed."));
    script.keys("PageUp");
    assert!(matches!(script.log()[..], [Effect::Load(_)]));
}

#[test]
fn earlier_messages_that_cannot_be_had_now_are_said_to_be_on_the_server() {
    let mut script = Script::new(long_chat(990), (80, 24), Lang::En);
    script.event(ClientEvent::Link(Link::Connecting));
    script.keys("Enter PageUp PageUp");
    let screen = script.screen();
    assert!(
        screen.contains("Earlier messages are on the server"),
        "{screen}"
    );
    script.event(ClientEvent::Link(online()));
    assert!(
        !script
            .screen()
            .contains("Earlier messages are on the server")
    );
    script.keys("PageUp PageUp");
    assert!(script.screen().contains("message 9"), "{}", script.screen());
}

#[test]
fn without_colour_nothing_is_coloured() {
    let mut script = Script::sample();
    script.model.color = false;
    script.keys("Enter").hears(chat(2), BORIS, "unread");
    script.screen();
    for cell in &script.buffer().content {
        assert_eq!(cell.fg, ratatui::style::Color::Reset);
        assert_eq!(cell.bg, ratatui::style::Color::Reset);
    }
}
