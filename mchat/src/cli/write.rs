//! `send`, `reply`, `forward`, `edit`, `delete`, `react`, `unreact`, `pin`,
//! `unpin`.

use std::io::Read;

use proto::Seq;
use proto::catalog::CliText;
use proto::id::ChatId;
use proto::text::{Emoji, MessageText};

use super::args::{Delete, Edit, Forward, Message, React, Reply, Send};
use super::context::Context;
use super::failure::Failure;
use super::outbox::settle;
use super::{find, reference};
use crate::client::{Client, ClientError};

pub(super) async fn send(context: &Context, args: Send) -> Result<(), Failure> {
    let text = message_text(args.text)?;
    let client = context.open().await?;
    let chat = place(context, &client, &args.to).await?;
    let id = client.send(chat, &text, None, args.id).await?;
    settle(context, client, chat, id, args.outbox.no_wait).await
}

pub(super) async fn reply(context: &Context, args: Reply) -> Result<(), Failure> {
    let text = message_text(args.text)?;
    let (client, chat, seq) = meant(context, &args.to).await?;
    let id = client.send(chat, &text, Some(seq), args.id).await?;
    settle(context, client, chat, id, args.to.outbox.no_wait).await
}

pub(super) async fn forward(context: &Context, args: Forward) -> Result<(), Failure> {
    let (client, chat, seq) = meant(context, &args.from).await?;
    let to = place(context, &client, &args.to).await?;
    let id = client.forward(to, chat, seq).await?;
    settle(context, client, to, id, args.from.outbox.no_wait).await
}

pub(super) async fn edit(context: &Context, args: Edit) -> Result<(), Failure> {
    let text = message_text(args.text)?;
    let (client, chat, seq) = meant(context, &args.what).await?;
    let id = client.edit(chat, seq, &text).await?;
    settle(context, client, chat, id, args.what.outbox.no_wait).await
}

pub(super) async fn delete(context: &Context, args: Delete) -> Result<(), Failure> {
    let (client, chat, seq) = meant(context, &args.what).await?;
    let shown = client.entry(chat, seq).await?;
    let text: String = shown
        .as_ref()
        .and_then(|entry| entry.text())
        .unwrap_or_default()
        .chars()
        .take(60)
        .collect();
    context.confirm(
        CliText::AskDelete,
        &[
            ("seq", &seq.to_string()),
            ("text", &super::output::name(&text)),
        ],
    )?;
    let id = client.delete(chat, seq).await?;
    settle(context, client, chat, id, args.what.outbox.no_wait).await
}

pub(super) async fn react(context: &Context, args: React, on: bool) -> Result<(), Failure> {
    let emoji = emoji(context, &args.emoji, on)?;
    let (client, chat, seq) = meant(context, &args.what).await?;
    let id = client.react(chat, seq, &emoji, on).await?;
    settle(context, client, chat, id, args.what.outbox.no_wait).await
}

pub(super) async fn pin(context: &Context, args: Message, on: bool) -> Result<(), Failure> {
    let (client, chat, seq) = meant(context, &args).await?;
    let id = client.pin(chat, seq, on).await?;
    settle(context, client, chat, id, args.outbox.no_wait).await
}

/// A chat to write to; the network is asked only where the cache does not know
/// it.
async fn place(context: &Context, client: &Client, wanted: &str) -> Result<ChatId, Failure> {
    match find::cached(context, client, wanted).await? {
        Some(chat) => Ok(chat),
        None => {
            context.connected(client, false).await?;
            find::chat(context, client, wanted, true).await
        }
    }
}

/// An open client and the message that is meant.
async fn meant(context: &Context, args: &Message) -> Result<(Client, ChatId, Seq), Failure> {
    let client = context.open().await?;
    let chat = match find::cached(context, &client, &args.chat).await? {
        Some(chat) => chat,
        None => {
            context.connected(&client, false).await?;
            find::chat(context, &client, &args.chat, false).await?
        }
    };
    let seq = reference::message(context, &client, chat, &args.message).await?;
    Ok((client, chat, seq))
}

/// The text of a message, checked before anything is asked of anybody.
fn message_text(given: Option<String>) -> Result<String, Failure> {
    let text = text_or_input(given)?;
    MessageText::try_from(text.as_str()).map_err(ClientError::from)?;
    Ok(text)
}

/// A text as given, or standard input for `-` and where none is given.
pub(super) fn text_or_input(given: Option<String>) -> Result<String, Failure> {
    match given.as_deref() {
        Some("-") | None => standard_input(),
        Some(_) => Ok(given.unwrap_or_default()),
    }
}

fn standard_input() -> Result<String, Failure> {
    let mut text = String::new();
    std::io::stdin().lock().read_to_string(&mut text)?;
    // The line end of the last line belongs to the terminal or the pipe.
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

/// An emoji as it is or by its short code. What was given as one by other
/// clients may be taken back, whatever it is.
fn emoji(context: &Context, given: &str, on: bool) -> Result<String, Failure> {
    let code = given.starts_with(':');
    let emoji = match crate::emoji::meant(given) {
        Some(emoji) => emoji,
        None if on || code => {
            let given = super::output::name(given);
            let text = context.say(CliText::NoShortCode, &[("code", &given)]);
            return Err(Failure::Usage(text));
        }
        None => given.to_owned(),
    };
    Emoji::try_from(emoji.as_str()).map_err(ClientError::from)?;
    Ok(emoji)
}
