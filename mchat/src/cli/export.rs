//! `export`: all that is known of chats, as JSON lines.

use proto::Seq;
use proto::catalog::CliText;
use proto::id::ChatId;
use serde_json::Value;

use super::args::Export;
use super::context::Context;
use super::failure::Failure;
use super::find;
use super::json::{chat_details, entry_json, member_json};
use super::output::{json_line, name};
use crate::client::model::ChatRow;
use crate::client::{Client, unix_now};

/// Entries read at once.
const PAGE: u32 = 500;

pub(super) async fn export(context: &Context, args: Export) -> Result<(), Failure> {
    let client = context.online().await?;
    let chats = match &args.chat {
        Some(wanted) => {
            let chat = find::chat(context, &client, wanted, false).await?;
            client.sync(false).await?;
            while client.load_older(chat).await? {}
            client.chat(chat).await?.into_iter().collect()
        }
        None => {
            client.sync(true).await?;
            client.chats().await?
        }
    };
    let from = match &args.after {
        None => None,
        Some(text) => Some(place(context, text, &chats, args.all)?),
    };
    for chat in in_order(chats, from) {
        let after = from.filter(|(place, _)| *place == chat.id);
        if after.is_none() {
            head(context, &client, &chat).await?;
        }
        entries(context, &client, chat.id, after.map_or(0, |(_, seq)| seq)).await?;
    }
    client.close().await;
    Ok(())
}

/// By id, which is by when they were made, from the named one on: a broken off
/// export goes on in the same order.
fn in_order(mut chats: Vec<ChatRow>, from: Option<(ChatId, Seq)>) -> Vec<ChatRow> {
    chats.sort_unstable_by_key(|chat| chat.id);
    if let Some((chat, _)) = from {
        chats.retain(|row| row.id >= chat);
    }
    chats
}

/// `SEQ`, of the only chat, or `CHAT:SEQ`.
fn place(
    context: &Context,
    text: &str,
    chats: &[ChatRow],
    all: bool,
) -> Result<(ChatId, Seq), Failure> {
    let found = match (text.split_once(':'), chats) {
        (Some((chat, seq)), _) => chat.parse().ok().zip(seq.parse().ok()),
        (None, [only]) if !all => text.parse().ok().map(|seq| (only.id, seq)),
        (None, _) => None,
    };
    found.ok_or_else(|| {
        let text = name(text);
        Failure::Usage(context.say(CliText::NoPlace, &[("text", &text)]))
    })
}

/// The line that a chat begins with.
async fn head(context: &Context, client: &Client, chat: &ChatRow) -> Result<(), Failure> {
    let now = unix_now();
    let mut value = chat_details(chat, now);
    value["type"] = "chat".into();
    let people: Vec<Value> = client
        .members(chat.id)
        .await?
        .iter()
        .map(|member| member_json(member, now))
        .collect();
    value["people"] = people.into();
    context.output.line(&value, || json_line(&value))
}

async fn entries(
    context: &Context,
    client: &Client,
    chat: ChatId,
    mut after: Seq,
) -> Result<(), Failure> {
    loop {
        let rows = client.entries(chat, after, PAGE).await?;
        for row in &rows {
            after = row.seq;
            let value = entry_json(row);
            context.output.line(&value, || json_line(&value))?;
        }
        if rows.len() < PAGE as usize {
            return Ok(());
        }
    }
}
