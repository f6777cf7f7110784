//! The linear mode: what it says, and that it draws nothing.

use mchat::app::linear::{Linear, SIZE};
use mchat::app::message::{Effect, Msg};
use mchat::app::{Start, start};
use mchat::client::model::ClientEvent;
use mchat::config::Settings;
use proto::UnixMillis;
use proto::catalog::Lang;
use proto::id::{ChatId, UserId};

use crate::script::{anna, online};
use crate::world::{BORIS, CLARA, NOON, World, chat, entries};

struct Talk {
    linear: Linear,
    world: World,
    now: UnixMillis,
    said: Vec<String>,
    quit: bool,
}

impl Talk {
    fn new(lang: Lang) -> Self {
        let (model, effects) = start(Start {
            lang,
            color: false,
            light: false,
            settings: Settings::default(),
            zone: jiff::tz::TimeZone::UTC,
            size: SIZE,
            link: online(),
            account: Some(anna()),
            server: String::new(),
            invite: None,
            seed: 1,
            now: NOON,
        });
        let mut talk = Self {
            linear: Linear::new(model),
            world: World::sample(),
            now: NOON,
            said: Vec::new(),
            quit: false,
        };
        talk.settle(effects);
        talk
    }

    fn settle(&mut self, effects: Vec<Effect>) {
        let mut waiting: std::collections::VecDeque<Effect> = effects.into();
        while let Some(effect) = waiting.pop_front() {
            self.quit |= effect == Effect::Quit;
            for message in self.world.answer(effect) {
                waiting.extend(self.linear.take_in(message, self.now));
            }
        }
        self.said.extend(self.linear.take_lines());
    }

    fn types(&mut self, line: &str) -> &mut Self {
        let effects = self.linear.line(line, self.now);
        self.settle(effects);
        self
    }

    fn send(&mut self, message: Msg) -> &mut Self {
        let effects = self.linear.take_in(message, self.now);
        self.settle(effects);
        self
    }

    fn hears(&mut self, chat: ChatId, who: UserId, text: &str) -> &mut Self {
        let seq = self.world.say(chat, who, self.now, text);
        self.send(entries(chat, seq));
        self.send(Msg::Client(ClientEvent::Chats(vec![chat])))
    }

    /// What was said since the last time.
    fn heard(&mut self) -> Vec<String> {
        std::mem::take(&mut self.said)
    }
}

fn draws(line: &str) -> bool {
    line.chars()
        .any(|c| matches!(c, '\u{2500}'..='\u{259f}' | '\u{2800}'..='\u{28ff}' | '\u{1b}'))
}

#[test]
fn a_chat_is_read_and_written_line_by_line() {
    let mut talk = Talk::new(Lang::En);
    talk.types("hello?");
    assert!(talk.heard().last().unwrap().contains(":open #name"));
    talk.types(":list").types(":open @борис");
    let heard = talk.heard();
    assert!(heard.contains(&"@Борис".to_owned()), "{heard:?}");
    assert!(heard.contains(&"* Борис".to_owned()), "{heard:?}");
    assert!(heard.contains(&"Sunday, 2 March 2025".to_owned()));
    assert!(heard.contains(&"11:01 anna: Almost there 👍".to_owned()));
    assert_eq!(heard.last().unwrap(), "  here.");
    talk.hears(chat(1), BORIS, "one\ntwo\u{1b}[2J");
    assert_eq!(talk.heard(), ["12:00 Борис: one", "  two\u{fffd}[2J"]);
    talk.types("an answer").types("::literally");
    assert!(talk.linear.is_busy());
    for message in talk.world.deliver() {
        talk.send(message);
    }
    assert_eq!(
        talk.heard(),
        ["12:00 anna: an answer", "12:00 anna: :literally"]
    );
    assert!(!talk.linear.is_busy());
    assert_eq!(talk.linear.prompt(), "Борис> ");
}

#[test]
fn commands_come_from_the_same_table() {
    let mut talk = Talk::new(Lang::En);
    talk.types("/help");
    assert!(talk.heard().iter().any(|line| line.starts_with(":quit - ")));
    talk.types(":recnonect");
    assert_eq!(
        talk.heard(),
        ["* There is no command :recnonect. Did you mean :reconnect?"]
    );
    talk.types(":set mouse?").types(":open-palette");
    let heard = talk.heard();
    assert_eq!(heard[0], "* mouse = on");
    assert!(heard[1].contains("--plain"), "{heard:?}");
    talk.types(":quit");
    assert!(talk.quit);
}

#[test]
fn a_failure_is_said_once_with_what_to_do() {
    let mut talk = Talk::new(Lang::En);
    talk.types(":open #plans").types("forbidden");
    talk.heard();
    let refused = talk.world.refuse();
    talk.send(refused).send(Msg::Tick);
    let heard = talk.heard();
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert!(heard[0].contains("Not sent") && heard[0].contains(":retry"));
}

#[test]
fn the_transcript_has_neither_boxes_nor_braille_nor_sequences() {
    for lang in [Lang::En, Lang::Ru] {
        let mut talk = Talk::new(lang);
        for line in [
            ":list",
            ":help",
            ":set",
            ":open #plans",
            "text",
            ":new",
            ":raw",
            ":unread",
            ":nonsense",
            ":next",
            ":end",
            ":logout",
        ] {
            talk.types(line);
        }
        talk.hears(chat(2), CLARA, "> quote\n```\ncode\n```\n||spoiler||");
        talk.types(":open #plans");
        let heard = talk.heard();
        assert!(heard.len() > 60, "{}", heard.len());
        let drawn = heard.iter().find(|line| draws(line));
        assert_eq!(drawn, None);
    }
}

#[test]
fn lists_are_said_and_what_cannot_be_undone_asks_first() {
    let mut talk = Talk::new(Lang::En);
    talk.types(":open #plans").heard();
    talk.types(":members");
    let heard = talk.heard();
    assert!(
        heard.iter().any(|line| line.contains("clara - member")),
        "{heard:?}"
    );
    talk.types(":search tent");
    let heard = talk.heard();
    assert!(
        heard
            .iter()
            .any(|line| line.contains("Who brings the tent?")),
        "{heard:?}"
    );
    talk.types(":delete");
    let heard = talk.heard();
    assert!(heard.last().unwrap().contains(":yes"), "{heard:?}");
    talk.types(":yes");
    assert!(talk.world.entry_mut(chat(2), 3).deleted);
    assert!(!talk.linear.is_busy());
    talk.types(":contacts").types(":invite 7d");
    let heard = talk.heard();
    assert!(heard.iter().any(|line| line.contains("mchat://")));
    assert!(!heard.iter().any(|line| draws(line)), "{heard:?}");
}
