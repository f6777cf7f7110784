//! Entries as they arrive, with a cursor from which to go on: what `watch`,
//! `wait-for` and `hook` share.

use std::time::Duration;

use proto::catalog::CliText;
use proto::id::ChatId;
use tokio::time::Instant;
use uuid::Uuid;

use super::context::Context;
use super::failure::Failure;
use super::find;
use super::lines::link_text;
use super::output::name;
use crate::client::model::{ClientEvent, EntryRow, Link, Refusal};
use crate::client::{Client, ClientError, Events};

/// Entries read at once.
const PAGE: u32 = 500;
/// Another process of this profile may be the one that receives.
const LOOK: Duration = Duration::from_secs(1);

/// A place in the order of arrival of one profile.
#[derive(Clone, Copy)]
struct Cursor {
    profile: Uuid,
    arrival: u64,
}

impl Cursor {
    fn parse(text: &str) -> Option<Self> {
        let (profile, arrival) = text.rsplit_once('-')?;
        Some(Self {
            profile: profile.parse().ok()?,
            arrival: arrival.parse().ok()?,
        })
    }

    fn text(&self) -> String {
        format!("{}-{}", self.profile.simple(), self.arrival)
    }
}

/// The entries of a profile from a cursor on.
pub(super) struct Follow {
    pub(super) client: Client,
    events: Events,
    cursor: Cursor,
    chat: Option<ChatId>,
    /// Whether connections are talked about.
    talks: bool,
    shown_link: Option<String>,
    reached: bool,
}

impl Follow {
    /// Starts behind `since`, else from now on; of `chat` alone where there is
    /// one.
    ///
    /// # Errors
    ///
    /// [`Failure::Usage`] for a cursor of another profile; as for
    /// [`Context::open_live`].
    pub(super) async fn start(
        context: &Context,
        since: Option<&str>,
        chat: Option<&str>,
        talks: bool,
    ) -> Result<Self, Failure> {
        let profile = context.cache()?.profile_id()?;
        let since = since
            .map(|text| {
                Cursor::parse(text)
                    .filter(|cursor| cursor.profile == profile)
                    .ok_or_else(|| Failure::Usage(context.say(CliText::WrongCursor, &[])))
            })
            .transpose()?;
        // Before the connection brings anything.
        let latest = context.cache()?.last_arrival()?;
        let cursor = Cursor {
            profile,
            arrival: since.map_or(latest, |cursor| cursor.arrival.min(latest)),
        };
        let (client, events) = context.open_live().await?;
        let chat = match chat {
            None => None,
            Some(wanted) => match find::cached(context, &client, wanted).await? {
                Some(chat) => Some(chat),
                None => {
                    context.connected(&client, false).await?;
                    Some(find::chat(context, &client, wanted, false).await?)
                }
            },
        };
        Ok(Self {
            client,
            events,
            cursor,
            chat,
            talks,
            shown_link: None,
            reached: false,
        })
    }

    /// From where to go on behind a row.
    pub(super) fn cursor(&self, row: &EntryRow) -> String {
        Cursor {
            arrival: row.arrival,
            ..self.cursor
        }
        .text()
    }

    /// Whether the server was ever reached.
    pub(super) fn reached(&self) -> bool {
        self.reached
    }

    /// The next entries, at least one, in the order of arrival. Nothing is lost
    /// where the call is given up while it waits.
    ///
    /// # Errors
    ///
    /// Where the session ends or a person has to decide something.
    pub(super) async fn next(&mut self, context: &Context) -> Result<Vec<EntryRow>, Failure> {
        loop {
            let rows = self
                .client
                .arrivals(self.cursor.arrival, self.chat, PAGE)
                .await?;
            if let Some(last) = rows.last() {
                self.cursor.arrival = last.arrival;
                return Ok(rows);
            }
            self.change(context).await?;
        }
    }

    /// Waits until there may be something new. Many events, one look.
    async fn change(&mut self, context: &Context) -> Result<(), Failure> {
        let until = Instant::now() + LOOK;
        loop {
            let event = match tokio::time::timeout_at(until, self.events.recv()).await {
                Ok(Some(event)) => event,
                Ok(None) => return Err(ClientError::Closed.into()),
                Err(_) => return Ok(()),
            };
            match event {
                ClientEvent::Entries { .. } => return Ok(()),
                ClientEvent::Link(link) => self.linked(context, link).await?,
                ClientEvent::Account(None) => return Err(ClientError::SignedOut.into()),
                ClientEvent::CacheTrouble(what) => context
                    .output
                    .talk(&context.say(CliText::Cache, &[("what", &name(&what))])),
                _ => {}
            }
        }
    }

    async fn linked(&mut self, context: &Context, link: Link) -> Result<(), Failure> {
        match link {
            Link::Refused {
                why: Refusal::Untrusted { shown },
            } => context.ask(&self.client, &shown).await,
            Link::Refused { why } => Err(ClientError::Refused(why).into()),
            Link::SignedOut { .. } => Err(ClientError::SignedOut.into()),
            other => {
                self.reached |= matches!(other, Link::Online { .. });
                // The same trouble again and again is said once.
                if self.talks
                    && let Some(text) = link_text(context, &other)
                    && self.shown_link.as_ref() != Some(&text)
                {
                    context.output.talk(&text);
                    self.shown_link = Some(text);
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_its_text() {
        let profile = Uuid::from_u128(7);
        let text = Cursor {
            profile,
            arrival: 42,
        }
        .text();
        let cursor = Cursor::parse(&text).unwrap();
        assert_eq!((cursor.profile, cursor.arrival), (profile, 42));
        for wrong in ["", "42", "x-42", &text[1..], &format!("{text}x")] {
            assert!(Cursor::parse(wrong).is_none(), "{wrong}");
        }
    }
}
