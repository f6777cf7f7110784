//! `watch`: entries as they arrive, resumable.

use std::time::Duration;

use proto::catalog::CliText;
use proto::id::ChatId;
use tokio::time::Instant;
use uuid::Uuid;

use super::args::Watch;
use super::context::Context;
use super::failure::Failure;
use super::messages::link_text;
use super::output::{entry_json, json_line};
use super::{find, output::name};
use crate::client::model::{ClientEvent, Link, Refusal};
use crate::client::{Client, ClientError};

/// Entries read at once.
const PAGE: u32 = 500;
/// Another process of this profile may be the one that receives.
const LOOK: Duration = Duration::from_secs(1);

/// A place in the order of arrival of one profile.
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

pub(super) async fn watch(context: &Context, args: Watch) -> Result<(), Failure> {
    let profile = context.cache()?.profile_id()?;
    let since = args
        .since
        .as_deref()
        .map(|text| {
            Cursor::parse(text)
                .filter(|cursor| cursor.profile == profile)
                .ok_or_else(|| Failure::Usage(context.say(CliText::WrongCursor, &[])))
        })
        .transpose()?;
    // Before the connection brings anything.
    let latest = context.cache()?.last_arrival()?;
    let mut cursor = Cursor {
        profile,
        arrival: since.map_or(latest, |cursor| cursor.arrival.min(latest)),
    };
    let (client, mut events) = context.open_live().await?;
    let chat = match &args.chat {
        None => None,
        Some(wanted) => match find::cached(context, &client, wanted).await? {
            Some(chat) => Some(chat),
            None => {
                context.connected(&client, false).await?;
                Some(find::chat(context, &client, wanted, false).await?)
            }
        },
    };
    let mut shown_link = None;
    loop {
        print_new(context, &client, &mut cursor, chat).await?;
        let until = Instant::now() + LOOK;
        // Many events, one look.
        loop {
            let event = match tokio::time::timeout_at(until, events.recv()).await {
                Ok(Some(event)) => event,
                Ok(None) => return Err(ClientError::Closed.into()),
                Err(_) => break,
            };
            match event {
                ClientEvent::Entries { .. } => break,
                ClientEvent::Link(link) => linked(context, &client, link, &mut shown_link).await?,
                ClientEvent::Account(None) => return Err(ClientError::SignedOut.into()),
                ClientEvent::CacheTrouble(what) => context
                    .output
                    .talk(&context.say(CliText::Cache, &[("what", &name(&what))])),
                _ => {}
            }
        }
    }
}

async fn linked(
    context: &Context,
    client: &Client,
    link: Link,
    shown: &mut Option<String>,
) -> Result<(), Failure> {
    match link {
        Link::Refused {
            why: Refusal::Untrusted { shown },
        } => context.ask(client, &shown).await,
        Link::Refused { why } => Err(ClientError::Refused(why).into()),
        Link::SignedOut { .. } => Err(ClientError::SignedOut.into()),
        other => {
            // The same trouble again and again is said once.
            if let Some(text) = link_text(context, &other)
                && shown.as_ref() != Some(&text)
            {
                context.output.talk(&text);
                *shown = Some(text);
            }
            Ok(())
        }
    }
}

async fn print_new(
    context: &Context,
    client: &Client,
    cursor: &mut Cursor,
    chat: Option<ChatId>,
) -> Result<(), Failure> {
    loop {
        let rows = client.arrivals(cursor.arrival, chat, PAGE).await?;
        for row in &rows {
            cursor.arrival = row.arrival;
            let mut value = entry_json(row);
            value["cursor"] = cursor.text().into();
            context.output.line(&value, || json_line(&value))?;
        }
        if rows.len() < PAGE as usize {
            return Ok(());
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
