//! A person at the keyboard of the application.

use jiff::tz::TimeZone;
use mchat::app::key::Key;
use mchat::app::message::{Effect, Msg};
use mchat::app::{Model, Start, start, update};
use mchat::client::model::{AccountRow, ClientEvent, Link, Transport};
use mchat::config::Settings;
use mchat::ui;
use proto::UnixMillis;
use proto::catalog::Lang;
use proto::event::Presence;
use proto::id::SessionId;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use uuid::Uuid;

use crate::world::{BORIS, ME, NOON, World, entries};

pub(crate) struct Script {
    pub(crate) model: Model,
    pub(crate) world: World,
    pub(crate) now: UnixMillis,
    terminal: Terminal<TestBackend>,
}

pub(crate) fn online() -> Link {
    Link::Online {
        transport: Transport::Quic,
        address: "localhost:8443".to_owned(),
    }
}

/// Who is signed in.
pub(crate) fn anna() -> AccountRow {
    AccountRow {
        user: ME,
        username: "anna".to_owned(),
        session: SessionId(Uuid::from_u128(1)),
    }
}

impl Script {
    /// Anna, signed in and online.
    pub(crate) fn new(world: World, size: (u16, u16), lang: Lang) -> Self {
        let mut script = Self::with(world, size, lang, Some(anna()), online());
        script.event(ClientEvent::Presence(vec![Presence::new(
            BORIS, true, None,
        )]));
        script
    }

    pub(crate) fn with(
        world: World,
        size: (u16, u16),
        lang: Lang,
        account: Option<AccountRow>,
        link: Link,
    ) -> Self {
        Self::with_settings(world, size, lang, account, link, Settings::default())
    }

    pub(crate) fn with_settings(
        world: World,
        size: (u16, u16),
        lang: Lang,
        account: Option<AccountRow>,
        link: Link,
        settings: Settings,
    ) -> Self {
        let (model, effects) = start(Start {
            lang,
            color: true,
            light: false,
            settings,
            zone: TimeZone::UTC,
            size,
            link,
            account,
            server: "localhost:8443".to_owned(),
            invite: None,
            seed: 1,
            now: NOON,
        });
        let mut script = Self {
            model,
            world,
            now: NOON,
            terminal: Terminal::new(TestBackend::new(size.0, size.1)).unwrap(),
        };
        script.settle(effects);
        script
    }

    /// English, 80 by 24, with the sample chats.
    pub(crate) fn sample() -> Self {
        Self::new(World::sample(), (80, 24), Lang::En)
    }

    pub(crate) fn settle(&mut self, effects: Vec<Effect>) {
        let mut waiting: std::collections::VecDeque<Effect> = effects.into();
        let mut steps = 0;
        while let Some(effect) = waiting.pop_front() {
            steps += 1;
            assert!(
                steps < 1000,
                "the application never comes to rest: {effect:?}"
            );
            for message in self.world.answer(effect) {
                waiting.extend(update(&mut self.model, message, self.now));
            }
        }
    }

    pub(crate) fn send(&mut self, message: Msg) -> &mut Self {
        let effects = update(&mut self.model, message, self.now);
        self.settle(effects);
        self
    }

    pub(crate) fn event(&mut self, event: ClientEvent) -> &mut Self {
        self.send(Msg::Client(event))
    }

    /// Presses keys as the table of actions writes them, between spaces.
    pub(crate) fn keys(&mut self, keys: &str) -> &mut Self {
        for spec in keys.split(' ') {
            let key = Key::parse(spec).unwrap();
            self.send(Msg::Key(key));
        }
        self
    }

    /// Types characters, one key each.
    pub(crate) fn types(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            let key = Key::plain(mchat::app::key::Code::Char(c));
            self.send(Msg::Key(key));
        }
        self
    }

    /// Somebody says something, and it arrives.
    pub(crate) fn hears(
        &mut self,
        chat: proto::id::ChatId,
        who: proto::id::UserId,
        text: &str,
    ) -> &mut Self {
        let seq = self.world.say(chat, who, self.now, text);
        self.send(entries(chat, seq));
        self.event(ClientEvent::Chats(vec![chat]))
    }

    pub(crate) fn resize(&mut self, columns: u16, rows: u16) -> &mut Self {
        self.terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        self.send(Msg::Resize(columns, rows))
    }

    /// The lines on the screen, without the spaces at their ends, and the
    /// cursor.
    pub(crate) fn screen(&mut self) -> String {
        let model = &self.model;
        self.terminal.draw(|frame| ui::draw(frame, model)).unwrap();
        let buffer = self.terminal.backend().buffer();
        let mut text = String::new();
        for y in 0..buffer.area.height {
            let mut line = String::new();
            let mut x = 0;
            while x < buffer.area.width {
                let cell = buffer.cell((x, y)).unwrap();
                line.push_str(cell.symbol());
                x += (mchat::app::wrap::width(cell.symbol()) as u16).max(1);
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    /// The cells drawn last.
    pub(crate) fn buffer(&self) -> &ratatui::buffer::Buffer {
        self.terminal.backend().buffer()
    }

    pub(crate) fn cursor(&mut self) -> (u16, u16) {
        self.screen();
        let place = self.terminal.get_cursor_position().unwrap();
        (place.x, place.y)
    }

    /// Takes out what was asked for since the last time.
    pub(crate) fn log(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.world.log)
    }
}
