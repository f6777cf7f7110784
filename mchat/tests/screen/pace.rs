//! The loop: how often it draws, and that it ends.

use std::io;
use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use futures_util::stream;
use jiff::tz::TimeZone;
use mchat::app::deed::Fetch;
use mchat::app::message::{Ask, Effect};
use mchat::app::{Msg, Start};
use mchat::client::model::{AccountRow, ClientEvent};
use mchat::config::Settings;
use mchat::tui::{Executor, Screen, Signals, Sources, drive};
use proto::catalog::Lang;
use proto::id::SessionId;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use tokio::sync::mpsc;

use crate::script::online;
use crate::world::{BORIS, ME, NOON, chat};

struct Still;

impl<I> Screen<TestBackend, I> for Still {
    fn suspend(&mut self) -> io::Result<bool> {
        Ok(false)
    }

    fn resumed(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn ask(&mut self, _ask: Ask, _input: &mut I) -> io::Result<Option<Msg>> {
        Ok(None)
    }

    fn is_broken(&self) -> bool {
        false
    }
}

#[derive(Default)]
struct Kept(Vec<Effect>);

impl Executor for Kept {
    fn execute(&mut self, effect: Effect) {
        self.0.push(effect);
    }
}

/// Runs the loop with the input given; how many frames it drew, and what it
/// asked for.
async fn run(
    input: impl futures_util::Stream<Item = io::Result<Event>> + Unpin,
    events: mpsc::UnboundedReceiver<ClientEvent>,
) -> (usize, Vec<Effect>) {
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    let (_replies, results) = mpsc::unbounded_channel::<Msg>();
    let sources = Sources {
        input,
        events,
        results,
        signals: Signals::new().unwrap(),
    };
    let start = Start {
        lang: Lang::En,
        color: true,
        light: false,
        settings: Settings::default(),
        zone: TimeZone::UTC,
        size: (80, 24),
        link: online(),
        account: Some(AccountRow {
            user: ME,
            username: "anna".to_owned(),
            session: SessionId(uuid::Uuid::from_u128(1)),
        }),
        server: String::new(),
        invite: None,
        seed: 1,
        now: NOON,
    };
    let mut kept = Kept::default();
    drive(&mut terminal, &mut Still, sources, &mut kept, start, || {
        NOON
    })
    .await
    .unwrap();
    let frames = terminal.draw(|_| {}).unwrap().count;
    (frames, kept.0)
}

fn key(code: KeyCode, modifiers: KeyModifiers) -> io::Result<Event> {
    Ok(Event::Key(KeyEvent::new(code, modifiers)))
}

#[tokio::test]
async fn keys_become_effects_and_quit_ends() {
    let (_events, receiver) = mpsc::unbounded_channel();
    let input = stream::iter([
        key(KeyCode::F(5), KeyModifiers::NONE),
        key(KeyCode::Char('й'), KeyModifiers::CONTROL),
        key(KeyCode::F(5), KeyModifiers::NONE),
    ]);
    let (_, effects) = run(input, receiver).await;
    assert_eq!(
        effects,
        [
            Effect::LoadChats,
            Effect::LoadDrafts,
            Effect::Fetch(Fetch::Contacts),
            Effect::Reconnect
        ]
    );
}

#[tokio::test]
async fn the_end_of_the_terminal_is_the_end() {
    let (_events, receiver) = mpsc::unbounded_channel();
    run(stream::iter([]), receiver).await;
}

#[tokio::test]
async fn an_idle_screen_is_drawn_once_and_a_burst_at_sixty_a_second() {
    let (events, receiver) = mpsc::unbounded_channel();
    let burst = Duration::from_millis(400);
    let input = Box::pin(stream::once(async move {
        // Nothing happens first.
        tokio::time::sleep(burst).await;
        let until = tokio::time::Instant::now() + burst;
        while tokio::time::Instant::now() < until {
            for on in [true, false] {
                let typing = ClientEvent::Typing {
                    chat: chat(1),
                    user: BORIS,
                    username: "boris".to_owned(),
                    on,
                };
                events.send(typing).unwrap();
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        key(KeyCode::Char('q'), KeyModifiers::CONTROL)
    }));
    let (frames, _) = run(input, receiver).await;
    // 400 ms hold 25 frames of 16 ms; one at the start and one at each end.
    assert!((2..=30).contains(&frames), "{frames}");
}
