//! The selected message, markup, links, drafts, completion, notifications.

use mchat::app::action::Action;
use mchat::app::key::{Mouse, MouseKind};
use mchat::app::message::{Ask, Effect, Msg};
use mchat::app::model::Pane;
use mchat::app::popup::Popup;
use mchat::app::wake;
use mchat::client::model::ClientEvent;
use mchat::config::{Settings, file};
use proto::catalog::Lang;
use proto::request::{ChatKind, NotifyLevel};

use crate::script::{Script, anna, online};
use crate::world::{BORIS, CLARA, ME, NOON, World, chat};

fn asks(log: Vec<Effect>) -> Vec<Ask> {
    let asks = log.into_iter().filter_map(|effect| match effect {
        Effect::Ask(Ask::Title(_)) => None,
        Effect::Ask(ask) => Some(ask),
        _ => None,
    });
    asks.collect()
}

fn bodies(log: Vec<Effect>) -> Vec<String> {
    let bodies = asks(log).into_iter().filter_map(|ask| match ask {
        Ask::Notify(new) => Some(format!("{}: {}", new.title, new.body)),
        _ => None,
    });
    bodies.collect()
}

fn with_settings(text: &str) -> Script {
    let settings: Settings = file::parse(text);
    let (size, lang) = ((80, 24), Lang::En);
    Script::with_settings(
        World::sample(),
        size,
        lang,
        Some(anna()),
        online(),
        settings,
    )
}

#[test]
fn a_message_is_selected_by_up_from_an_empty_text_and_the_cursor_stands_on_it() {
    let mut script = Script::sample();
    script.keys("Enter Up");
    assert_eq!(script.model.pane, Pane::Timeline);
    let text = |script: &Script| script.model.selected_message().unwrap().text.to_owned();
    assert!(text(&script).starts_with("A message that is long"));
    script.keys("k");
    assert!(text(&script).starts_with("Отлично."));
    let screen = script.screen();
    let (x, y) = script.cursor();
    let line = screen.lines().nth(usize::from(y)).unwrap();
    assert!(line.contains("▌Отлично."), "{line}");
    assert_eq!(
        script.buffer().cell((x - 1, y)).unwrap().symbol(),
        "▌",
        "{screen}"
    );
    script.keys("g");
    assert!(text(&script).starts_with("Добрый день!"));
    script.keys("G Down");
    assert_eq!(script.model.pane, Pane::Composer);
    // Not from a text that is being written.
    script.types("x").keys("Up");
    assert_eq!(script.model.pane, Pane::Composer);
}

#[test]
fn tab_goes_round_the_panes_and_back() {
    let mut script = Script::sample();
    script.keys("Enter");
    let mut seen = Vec::new();
    for _ in 0..3 {
        script.keys("Tab");
        seen.push(script.model.pane);
    }
    assert_eq!(seen, [Pane::List, Pane::Timeline, Pane::Composer]);
    script.keys("BackTab");
    assert_eq!(script.model.pane, Pane::Timeline);
    script.keys("Esc");
    assert_eq!(script.model.pane, Pane::Composer);
}

#[test]
fn the_text_of_a_message_is_copied_as_it_was_typed() {
    let mut script = Script::sample();
    script.hears(chat(1), BORIS, "**so** `it` is");
    script.keys("Enter Up c");
    let copied = Ask::Copy("**so** `it` is".to_owned());
    assert_eq!(asks(script.log()).last(), Some(&copied));
    script.keys("v");
    let screen = script.screen();
    assert!(screen.contains("**so** `it` is"), "{screen}");
    assert!(matches!(script.model.popups.last(), Some(Popup::Page(_))));
}

#[test]
fn markup_is_shown_by_attributes_and_its_marks_are_gone() {
    use ratatui::style::Modifier;
    let mut script = Script::sample();
    script.model.color = false;
    script.hears(chat(1), BORIS, "**bold** ~~gone~~ ||secret|| @anna");
    script.keys("Enter");
    let screen = script.screen();
    assert!(screen.contains("bold gone ░░░░░░ @anna"), "{screen}");
    let row = screen.lines().position(|line| line.contains("bold gone"));
    let row = row.unwrap() as u16;
    let line = screen.lines().nth(usize::from(row)).unwrap();
    let start = line.chars().take_while(|c| *c != 'b').count() as u16;
    let style = |x: u16| script.buffer().cell((start + x, row)).unwrap().modifier;
    assert!(style(0).contains(Modifier::BOLD));
    assert!(style(5).contains(Modifier::CROSSED_OUT) && !style(5).contains(Modifier::BOLD));
    assert!(style(17).contains(Modifier::REVERSED));
    script.keys("Up Space");
    assert!(script.screen().contains("bold gone secret @anna"));
    script.keys("Space");
    assert!(!script.screen().contains("secret"));
}

#[test]
fn links_are_opened_where_they_really_lead() {
    let mut script = Script::sample();
    script.keys("Enter Up o");
    assert!(script.screen().contains("no link in this message"));
    script.hears(chat(1), BORIS, "[bank.example](https://evil.example/x)");
    let screen = script.screen();
    assert!(screen.contains("bank.example (evil.example)"), "{screen}");
    script.keys("G o");
    let opened = |script: &mut Script| {
        let log = script.log();
        log.into_iter().find_map(|effect| match effect {
            Effect::OpenLink(address) => Some(address),
            _ => None,
        })
    };
    assert_eq!(opened(&mut script).unwrap(), "https://evil.example/x");
    script.hears(chat(1), BORIS, "https://a.example and https://b.example/");
    script.keys("G o Down Enter");
    assert_eq!(opened(&mut script).unwrap(), "https://b.example/");
    assert!(script.model.popups.is_empty());
}

#[test]
fn the_mouse_selects_messages_and_follows_links() {
    let mut script = Script::sample();
    script.keys("Enter");
    script.hears(chat(1), BORIS, "see https://a.example/ there");
    let screen = script.screen();
    let y = screen.lines().position(|line| line.contains("a.example"));
    let y = y.unwrap() as u16;
    let line = screen.lines().nth(usize::from(y)).unwrap();
    let x = line.split("https").next().unwrap().chars().count() as u16;
    let press = |x| {
        Msg::Mouse(Mouse {
            kind: MouseKind::Press,
            x,
            y,
        })
    };
    script.log();
    script.send(press(x - 2));
    assert_eq!(script.model.pane, Pane::Timeline);
    assert!(script.log().is_empty());
    script.send(press(x + 3));
    let address = "https://a.example/".to_owned();
    assert_eq!(script.log(), [Effect::OpenLink(address)]);
}

#[test]
fn a_reply_shows_what_it_answers_and_is_sent_with_it() {
    let mut script = Script::sample();
    script.keys("Enter Up k r");
    let screen = script.screen();
    assert!(screen.contains("Answer to Борис: Отлично."), "{screen}");
    script.keys("Esc");
    assert!(!script.screen().contains("Answer to"));
    script.keys("Up k r").types("yes").keys("Enter");
    let sent = script.log().into_iter().find_map(|effect| match effect {
        Effect::Send { reply_to, .. } => reply_to,
        _ => None,
    });
    assert_eq!(sent, Some(4));
    assert!(!script.screen().contains("Answer to"));
}

#[test]
fn a_draft_is_kept_after_a_moment_when_leaving_and_not_once_it_is_sent() {
    let mut script = Script::sample();
    script.keys("Enter").types("half");
    assert_eq!(script.world.drafts.get(&chat(1)), None);
    let at = wake(&script.model).unwrap();
    script.now = at;
    script.send(Msg::Tick);
    assert_eq!(script.world.drafts[&chat(1)], "half");
    script.types(" a word").keys("A-Down");
    assert_eq!(script.world.drafts[&chat(1)], "half a word");
    script.keys("A-Up Enter");
    assert_eq!(script.world.drafts[&chat(1)], "");
    script.types("last").keys("C-q");
    assert_eq!(script.world.drafts[&chat(1)], "last");
    // It is there again after a restart.
    let mut world = World::sample();
    world.drafts.insert(chat(1), "last".to_owned());
    let mut script = Script::new(world, (80, 24), Lang::En);
    script.keys("Enter");
    assert_eq!(script.model.draft().unwrap().text(), "last");
}

#[test]
fn short_codes_become_emoji_and_words_are_offered() {
    let mut script = Script::sample();
    script.keys("Enter").types("so :+1: at 10:30: :smi");
    let screen = script.screen();
    assert!(screen.contains(":smile:"), "{screen}");
    script.keys("Tab");
    let draft = |script: &Script| script.model.draft().unwrap().text().to_owned();
    assert_eq!(draft(&script), "so 👍 at 10:30: 😄");
    script.keys("C-u").types("hi @бо").keys("Tab").types("#pl");
    assert!(script.screen().contains("#Plans for the summer"));
    script.keys("Esc Tab");
    assert_eq!(draft(&script), "hi @Борис #pl");
    assert_eq!(script.model.pane, Pane::List);
    // Return sends, whatever is offered.
    script.keys("Tab Tab Enter");
    assert!(script.model.draft().is_none_or(|draft| draft.is_empty()));
}

#[test]
fn ones_own_editor_gets_the_draft_and_gives_it_back() {
    let mut script = Script::sample();
    script.keys("Enter").types("one").keys("C-g");
    let asked = asks(script.log());
    let edit = Ask::Edit {
        chat: chat(1),
        text: "one".to_owned(),
    };
    assert_eq!(asked, [edit]);
    script.send(Msg::Edited {
        chat: chat(1),
        result: Ok("one\ntwo".to_owned()),
    });
    assert_eq!(script.model.draft().unwrap().text(), "one\ntwo");
    script.send(Msg::Edited {
        chat: chat(1),
        result: Err("vi: not found".to_owned()),
    });
    assert_eq!(script.model.draft().unwrap().text(), "one\ntwo");
    assert!(script.screen().contains("vi: not found"));
}

#[test]
fn a_notification_comes_for_what_nobody_looks_at() {
    let mut script = Script::sample();
    script.keys("Enter").log();
    script.hears(chat(1), BORIS, "seen at once");
    assert_eq!(bodies(script.log()), [""; 0]);
    script.hears(chat(2), CLARA, "in the\ngroup \u{1b}[2J");
    assert_eq!(
        bodies(script.log()),
        ["clara · Plans for the summer: in the group \u{fffd}[2J"]
    );
    script.send(Msg::Focus(false));
    script.hears(chat(1), BORIS, "> quoted\n**yes**, ||no||");
    assert_eq!(bodies(script.log()), ["Борис: yes, ░░"]);
    // One's own words from another device, and what is caught up with.
    script.hears(chat(2), ME, "by me");
    let seq = script.world.say(chat(2), BORIS, NOON, "while offline");
    script.event(ClientEvent::Entries {
        chat: chat(2),
        from: seq,
        to: seq,
        live: false,
    });
    assert_eq!(bodies(script.log()), [""; 0]);
}

#[test]
fn muted_chats_and_quiet_hours_are_quiet_and_mentions_get_through() {
    let mut script = Script::sample();
    script.world.chats[1].notify = NotifyLevel::Mentions;
    script.event(ClientEvent::Chats(vec![]));
    script.log();
    script.hears(chat(2), CLARA, "nothing for you");
    assert_eq!(bodies(script.log()), [""; 0]);
    script.now += 2_000;
    script.hears(chat(2), CLARA, "@anna, look");
    assert_eq!(bodies(script.log()).len(), 1);
    assert!(script.screen().contains("@2"), "{}", script.screen());
    script.world.chats[1].muted_until = script.now + 60_000;
    script.event(ClientEvent::Chats(vec![]));
    script.now += 2_000;
    script.hears(chat(2), CLARA, "@anna, again");
    assert_eq!(bodies(script.log()), [""; 0]);

    let mut quiet = with_settings("[notify]\nquiet_hours = \"11:30-12:30\"\n");
    quiet.hears(chat(2), CLARA, "at noon");
    assert_eq!(bodies(quiet.log()), [""; 0]);
    quiet.now += 3_600_000;
    quiet.hears(chat(2), CLARA, "at one");
    assert_eq!(bodies(quiet.log()).len(), 1);
    let mut discreet = with_settings("[notify]\npreview = false\n");
    discreet.hears(chat(2), CLARA, "secret");
    assert!(!bodies(discreet.log())[0].contains("secret"));
}

#[test]
fn a_notification_goes_away_once_the_chat_is_read_and_the_title_counts() {
    let mut script = Script::sample();
    script.hears(chat(2), CLARA, "news");
    let titles = |log: Vec<Effect>| -> Vec<String> {
        let titles = log.into_iter().filter_map(|effect| match effect {
            Effect::Ask(Ask::Title(title)) => Some(title),
            _ => None,
        });
        titles.collect()
    };
    assert_eq!(titles(script.log()).last().unwrap(), "(1) mchat");
    // Read on another device.
    script.world.chats[1].unread = 0;
    script.event(ClientEvent::Chats(vec![chat(2)]));
    let log = script.log();
    assert!(asks(log.clone()).contains(&Ask::Unnotify(chat(2))));
    assert_eq!(titles(log), ["mchat"]);
}

#[test]
fn the_list_is_narrowed_down_and_goes_on_to_the_next_unread() {
    let mut script = Script::sample();
    script.keys("/").types("plan");
    let screen = script.screen();
    assert!(
        screen.contains("Plans") && !screen.contains("● "),
        "{screen}"
    );
    script.keys("Enter");
    assert_eq!(script.model.open.as_ref().unwrap().id, chat(2));
    assert!(script.screen().contains("● Борис"));
    script.keys("Tab /").types("zzz");
    assert!(script.screen().contains("None of that name."));
    script.keys("Esc");
    script.hears(chat(1), BORIS, "unread");
    script.keys("n");
    assert_eq!(script.model.open.as_ref().unwrap().id, chat(1));
}

#[test]
fn commands_are_written_completed_and_explained() {
    let mut script = Script::sample();
    script.keys(":").types("ope");
    assert!(script.screen().contains("open-palette"));
    script.keys("C-u").types("open #pl").keys("Tab");
    let screen = script.screen();
    assert!(
        screen.contains(":open #\"Plans for the summer\""),
        "{screen}"
    );
    script.keys("Enter");
    assert_eq!(script.model.open.as_ref().unwrap().id, chat(2));
    script.keys("A-x").types("ыуе theme dark").keys("Enter");
    let screen = script.screen();
    assert!(screen.contains("Did you mean :set?"), "{screen}");
    script.keys("C-u").types("set theme light").keys("Enter");
    let log = script.log();
    assert!(log.contains(&Effect::SaveSetting {
        name: "theme.name",
        value: Some("light".to_owned())
    }));
    assert!(script.model.popups.is_empty());
    script.keys("A-x Up");
    assert!(script.screen().contains(":set theme light"));
    script.keys("Esc C-p").types("set mouse off").keys("Enter");
    assert_eq!(asks(script.log()), [Ask::Mouse(false)]);
}

#[test]
fn what_the_file_has_wrong_is_said_at_the_start_and_the_rest_holds() {
    let mut script =
        with_settings("[keys]\npreset = \"vim\"\n\"C-o\" = \"qiut\"\n\"C-t\" = \"new\"\n");
    let screen = script.screen();
    assert!(
        screen.contains("Line 3") && screen.contains("quit"),
        "{screen}"
    );
    script.keys("Esc C-t");
    assert!(script.screen().contains("Find people"));
    script.keys("Esc Enter Esc");
    assert_eq!(script.model.pane, Pane::Timeline);
    script.keys("g g y y");
    assert!(matches!(asks(script.log())[..], [Ask::Copy(_)]));
    script.keys("i").types("text");
    assert_eq!(script.model.draft().unwrap().text(), "text");
    assert_eq!(script.model.key_of(Action::NewChat), "Ctrl-T");
}

#[test]
fn the_whole_width_is_used_where_one_pane_is_wanted() {
    let mut script = with_settings("layout = \"single\"\n");
    script.keys("Enter");
    let screen = script.screen();
    assert!(!screen.contains("Chats"), "{screen}");
    script.keys("Tab");
    let screen = script.screen();
    assert!(screen.contains("Chats") && !screen.contains("Write a message"));
}

#[test]
fn a_long_message_is_scrolled_through() {
    let mut world = World::default();
    world.add_chat(chat(1), ChatKind::Private, "Борис", &[ME, BORIS]);
    let long: Vec<String> = (0..60).map(|n| format!("line {n}.")).collect();
    world.say(chat(1), BORIS, NOON, &long.join("\n"));
    world.say(chat(1), BORIS, NOON, "the last");
    let row = &mut world.chats[0];
    (row.read, row.unread) = (row.head, 0);
    let mut script = Script::new(world, (80, 24), Lang::En);
    script.keys("Enter Up k");
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..12 {
        for n in 0..60 {
            if script.screen().contains(&format!("line {n}.")) {
                seen.insert(n);
            }
        }
        script.keys("j");
    }
    assert_eq!(seen.len(), 60, "{seen:?}");
}

#[test]
fn the_hints_below_are_buttons() {
    let mut script = Script::sample();
    let screen = script.screen();
    let line = screen.lines().last().unwrap();
    let column = |words: &str| line.split(words).next().unwrap().chars().count() as u16;
    let press = |x| {
        Msg::Mouse(Mouse {
            kind: MouseKind::Press,
            x,
            y: 23,
        })
    };
    let (help, commands) = (column("F1 help"), column("Ctrl-P"));
    script.send(press(help - 2));
    assert!(script.model.popups.is_empty());
    script.send(press(help + 1));
    assert!(matches!(script.model.popups.last(), Some(Popup::Help(_))));
    // Beside the dialog it is closed.
    script.send(press(0));
    assert!(script.model.popups.is_empty());
    script.send(press(commands));
    assert!(script.screen().contains("Commands"));
}
