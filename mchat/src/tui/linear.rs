//! The linear mode: lines from standard input, lines to standard output.

use std::io::Write;
use std::time::Duration;

use anyhow::Context;
use jiff::tz::TimeZone;
use proto::UnixMillis;
use tokio::io::{AsyncBufRead, AsyncBufReadExt};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::effects::Effects;
use super::event_loop::Executor;
use super::{LEAVE, Options, notify, random, unix_now};
use crate::app::linear::{Linear, SIZE};
use crate::app::message::Ask;
use crate::app::{Effect, Msg, Start, start, wake};
use crate::client::{Client, Events};
use crate::config::Settings;

/// How long the end of the input waits for what was typed to be sent.
const DRAIN: Duration = Duration::from_secs(5);

/// Talks in lines until the input ends or the person leaves. The client is
/// closed afterwards.
///
/// # Errors
///
/// Where the output cannot be written.
pub async fn run_linear<I, O>(
    client: Client,
    mut events: Events,
    options: Options,
    mut input: I,
    mut output: O,
    prompts: bool,
) -> anyhow::Result<()>
where
    I: AsyncBufRead + Unpin,
    O: Write,
{
    let (replies, mut results) = mpsc::unbounded_channel();
    let (model, first) = start(Start {
        lang: options.lang,
        color: false,
        light: false,
        settings: options.settings.clone(),
        zone: TimeZone::system(),
        size: SIZE,
        link: client.link(),
        account: client.account(),
        server: options.server,
        invite: options.invite,
        seed: random(),
        now: unix_now(),
    });
    let mut talk = Talk {
        linear: Linear::new(model),
        effects: Effects::new(client.clone(), options.lang, replies),
        settings: options.settings,
        quit: false,
        prompted: false,
    };
    talk.carry_out(first);
    let mut line = Vec::new();
    let mut ended: Option<Instant> = None;
    let spoken = async {
        loop {
            talk.speak(&mut output, prompts && ended.is_none())?;
            let sent = ended.is_some() && !talk.linear.is_busy();
            if talk.quit || sent {
                return Ok(());
            }
            tokio::select! {
                biased;
                Some(message) = results.recv() => talk.take_in(message),
                Some(event) = events.recv() => talk.take_in(Msg::Client(event)),
                read = input.read_until(b'\n', &mut line),
                    if ended.is_none() && talk.linear.is_ready() => {
                    if read? == 0 {
                        ended = Some(Instant::now() + DRAIN);
                    } else {
                        let text = String::from_utf8_lossy(&line).into_owned();
                        line.clear();
                        talk.prompted = false;
                        let effects = talk.linear.line(&text, unix_now());
                        talk.carry_out(effects);
                    }
                }
                () = until(wake(talk.linear.model())) => talk.take_in(Msg::Tick),
                () = at(ended) => return Ok(()),
            }
        }
    };
    let spoken: anyhow::Result<()> = spoken.await;
    let last = talk.linear.leave();
    talk.carry_out(last);
    let late = tokio::time::timeout(LEAVE, async {
        talk.effects.finish().await;
        client.close().await;
    })
    .await;
    spoken?;
    late.context("the local cache did not answer while leaving")
}

struct Talk {
    linear: Linear,
    effects: Effects,
    settings: Settings,
    quit: bool,
    /// A prompt stands at the end of the output.
    prompted: bool,
}

impl Talk {
    fn take_in(&mut self, message: Msg) {
        let effects = self.linear.take_in(message, unix_now());
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Quit => self.quit = true,
                Effect::Suspend | Effect::Redraw => {}
                Effect::Ask(ask) => self.ask(ask),
                effect => self.effects.execute(effect),
            }
        }
    }

    /// Sequences for a terminal would be read out; the desktop is another
    /// matter.
    fn ask(&mut self, ask: Ask) {
        match ask {
            Ask::Settings(settings) => self.settings = *settings,
            Ask::Notify(new) if self.settings.on("notify.desktop") => {
                // Without a desktop there is nobody to tell.
                let _ = notify::desktop(&new);
            }
            _ => {}
        }
    }

    fn speak(&mut self, output: &mut impl Write, prompts: bool) -> anyhow::Result<()> {
        let lines = self.linear.take_lines();
        if !lines.is_empty() && self.prompted {
            writeln!(output)?;
            self.prompted = false;
        }
        for line in lines {
            writeln!(output, "{line}")?;
        }
        if prompts && !self.prompted {
            write!(output, "{}", self.linear.prompt())?;
            self.prompted = true;
        }
        output.flush()?;
        Ok(())
    }
}

async fn until(moment: Option<UnixMillis>) {
    match moment {
        Some(moment) => {
            let millis = u64::try_from(moment - unix_now()).unwrap_or(0);
            tokio::time::sleep(Duration::from_millis(millis)).await;
        }
        None => std::future::pending().await,
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
