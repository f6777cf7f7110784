//! Whole screens, compared exactly with the files in `shots/`. With
//! `UPDATE_SHOTS=1` the files are written anew; look at the difference.

use std::path::PathBuf;

use mchat::client::model::{ClientEvent, Link, Refusal, Transport};
use proto::catalog::Lang;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};

use crate::script::Script;
use crate::world::{BORIS, World, chat};

pub(crate) const SIZES: [(u16, u16); 2] = [(80, 24), (160, 50)];

pub(crate) fn compare(name: &str, lang: Lang, size: (u16, u16), screen: &str) {
    let lang = match lang {
        Lang::En => "en",
        Lang::Ru => "ru",
    };
    let file = format!("{name}-{lang}-{}x{}.txt", size.0, size.1);
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/screen/shots")
        .join(&file);
    if std::env::var_os("UPDATE_SHOTS").is_some() {
        std::fs::write(&path, screen).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{file}: {error}; make it with UPDATE_SHOTS=1"));
    assert!(
        expected == screen,
        "{file} differs; see whether it should.\nexpected:\n{expected}\nshown:\n{screen}"
    );
}

/// The screen after some keys, in both sizes and languages.
fn shots(name: &str, act: impl Fn(&mut Script)) {
    for lang in [Lang::En, Lang::Ru] {
        for size in SIZES {
            let mut script = Script::new(World::sample(), size, lang);
            act(&mut script);
            let screen = script.screen();
            for line in screen.lines() {
                assert!(
                    mchat::app::wrap::width(line) <= usize::from(size.0),
                    "{line:?}"
                );
            }
            compare(name, lang, size, &screen);
        }
    }
}

/// How the cells look that are not plain, line by line: where from, where to.
fn styles(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in 0..buffer.area.height {
        let looks = |x: u16| {
            let cell = buffer.cell((x, y)).unwrap();
            (cell.fg, cell.bg, cell.modifier)
        };
        let plain = (Color::Reset, Color::Reset, Modifier::empty());
        let mut runs = Vec::new();
        let mut x = 0;
        while x < buffer.area.width {
            let look = looks(x);
            let start = x;
            while x < buffer.area.width && looks(x) == look {
                x += 1;
            }
            if look == plain {
                continue;
            }
            let (fg, bg, modifier) = look;
            let mut words = vec![format!("{start}-{}", x - 1)];
            if fg != Color::Reset {
                words.push(format!("{fg}"));
            }
            if bg != Color::Reset {
                words.push(format!("on {bg}"));
            }
            words.extend(modifier.iter_names().map(|(name, _)| name.to_lowercase()));
            runs.push(words.join(" "));
        }
        text.push_str(format!("{y:3}: {}", runs.join(", ")).trim_end());
        text.push('\n');
    }
    text
}

/// The looks of a screen, dark and without colours, beside its text.
fn looks(name: &str, act: impl Fn(&mut Script)) {
    for color in [true, false] {
        let theme = if color { "dark" } else { "none" };
        for lang in [Lang::En, Lang::Ru] {
            for size in SIZES {
                let mut script = Script::new(World::sample(), size, lang);
                script.model.color = color;
                act(&mut script);
                let screen = script.screen();
                let styles = styles(script.buffer());
                let both = format!("{screen}\n{styles}");
                compare(&format!("{name}-{theme}"), lang, size, &both);
            }
        }
    }
}

#[test]
fn the_looks_of_the_list() {
    looks("looks-list", |script| {
        script
            .hears(chat(2), BORIS, "New in the group")
            .hears(chat(2), BORIS, "@anna, look");
    });
}

#[test]
fn the_looks_of_a_selected_message_with_markup() {
    looks("looks-markup", |script| {
        script.hears(
            chat(1),
            BORIS,
            "**bold** *italics* ~~strike~~ `code` ||spoiler|| @anna\n> a quote\n\
             ```\nlet fenced = 1;\n```\n[bank.example](https://evil.example/)",
        );
        script
            .keys("Enter")
            .hears(chat(1), BORIS, "https://a.example");
        script.keys("Up k r Up k");
    });
}

#[test]
fn the_command_line() {
    shots("command", |script| {
        script.keys(":").types("set theme.name ").keys("Tab Tab");
    });
}

#[test]
fn words_offered_while_writing() {
    shots("offer", |script| {
        script.keys("Enter").types("so :smi").keys("Down");
    });
}

#[test]
fn the_chat_list() {
    shots("list", |script| {
        script.hears(chat(2), BORIS, "New in the group");
    });
}

#[test]
fn an_open_chat() {
    shots("chat", |script| {
        script.keys("Enter").types("A draft\u{20}");
        script.event(ClientEvent::Typing {
            chat: chat(1),
            user: BORIS,
            username: "Борис".to_owned(),
            on: true,
        });
    });
}

#[test]
fn a_failed_message() {
    shots("failed", |script| {
        script
            .keys("Down Enter")
            .types("Not for everybody")
            .keys("Enter");
        let refused = script.world.refuse();
        script.send(refused);
    });
}

#[test]
fn a_new_group() {
    shots("group", |script| {
        script.keys("C-n").types("clara").keys("Tab").types("о");
    });
}

#[test]
fn the_palette() {
    shots("palette", |script| {
        script.keys("C-p");
    });
}

#[test]
fn the_help() {
    shots("help", |script| {
        script.keys("F1");
    });
}

#[test]
fn an_unknown_server() {
    for lang in [Lang::En, Lang::Ru] {
        for size in SIZES {
            let why = Refusal::Untrusted {
                shown: "0123456789abcdef".repeat(4),
            };
            let link = Link::Refused { why };
            let mut script = Script::with(World::default(), size, lang, None, link);
            compare("trust", lang, size, &script.screen());
        }
    }
}

#[test]
fn no_hint_is_cut_on_a_usual_screen() {
    for lang in [Lang::En, Lang::Ru] {
        let link = || Link::SignedOut {
            transport: Transport::WebSocket,
            address: "chat.example:8443".to_owned(),
        };
        let mut sign = Script::with(World::default(), (80, 24), lang, None, link());
        let mut seen = sign.screen();
        seen += &sign.keys("C-t").screen();
        seen += &sign.keys("Esc").screen();
        let mut chats = Script::new(World::sample(), (80, 24), lang);
        seen += &chats.keys("C-n").screen();
        seen += &chats.types("cla").keys("Tab").screen();
        seen += &chats.keys("Enter").screen();
        seen += &chats.keys("Esc Esc C-p").screen();
        for line in seen.lines().filter(|line| line.contains('│')) {
            let inside = line.split('│').nth_back(1).unwrap_or_default();
            assert!(!inside.trim_end().ends_with('…'), "{line}");
        }
    }
}

#[test]
fn registering() {
    for lang in [Lang::En, Lang::Ru] {
        for size in SIZES {
            let link = Link::SignedOut {
                transport: Transport::WebSocket,
                address: "chat.example:8443".to_owned(),
            };
            let mut script = Script::with(World::default(), size, lang, None, link);
            script.keys("C-t").types("anna").keys("Tab").types("secret");
            compare("register", lang, size, &script.screen());
        }
    }
}

#[test]
fn what_was_done_to_messages() {
    shots("done", |script| {
        use mchat::client::model::{Quote, Reaction};
        let at = crate::world::NOON;
        let seq = script
            .world
            .say(chat(2), BORIS, at, "I would rather go in August.");
        let entry = script.world.entry_mut(chat(2), seq);
        entry.quote = Some(Quote {
            seq: 2,
            author: Some("clara".to_owned()),
            text: "Who brings the tent?".to_owned(),
            deleted: false,
        });
        entry.edited = Some("I would rather go in September.".to_owned());
        entry.pinned = true;
        let reaction = |emoji: &str, count, mine| Reaction {
            emoji: emoji.to_owned(),
            count,
            mine,
            names: Vec::new(),
        };
        entry.reactions = vec![reaction("👍", 2, true), reaction("🔥", 1, false)];
        let gone = script.world.say(chat(2), BORIS, at, "");
        script.world.entry_mut(chat(2), gone).deleted = true;
        script.keys("Down Enter Up k");
    });
}

#[test]
fn the_menu_of_a_message() {
    shots("message-menu", |script| {
        script.keys("Enter Up Enter");
    });
}

#[test]
fn the_members() {
    shots("members", |script| {
        script.world.chats[1].role = proto::request::Role::Admin;
        script.keys("Down Enter A-g");
    });
}

#[test]
fn a_search() {
    shots("search", |script| {
        script.keys("A-s").types("te");
    });
}

#[test]
fn the_contacts() {
    shots("contacts", |script| {
        use proto::request::ContactState;
        let world = &mut script.world;
        world.contact(BORIS, "Борис", ContactState::Mutual);
        world.contact(crate::world::CLARA, "clara", ContactState::Incoming);
        script.keys("A-r");
    });
}

#[test]
fn the_own_profile() {
    shots("profile", |script| {
        script.types("P");
    });
}
