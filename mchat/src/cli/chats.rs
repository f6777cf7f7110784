//! `chats`, `new`, `unread`.

use proto::catalog::CliText;
use proto::id::ChatId;
use proto::request::ChatKind;
use proto::text::{ChatName, Description};
use serde_json::json;

use super::args::New;
use super::context::Context;
use super::failure::{Failure, exit};
use super::find;
use super::json::chat_json;
use super::output::{local_time, name};
use crate::client::model::ChatRow;
use crate::client::{ClientError, unix_now};

pub(super) async fn chats(context: &Context) -> Result<(), Failure> {
    let client = context.open().await?;
    let fresh = match context.connected(&client, false).await {
        Ok(()) => client.refresh().await.map_err(Failure::from),
        Err(failure) => Err(failure),
    };
    if let Err(failure) = &fresh
        && failure.code() != exit::UNREACHABLE
    {
        return fresh;
    }
    let now = unix_now();
    for chat in client.chats().await? {
        // To a person a hidden chat is not in the list; scripts see the mark.
        if chat.hidden && !context.output.is_json() {
            continue;
        }
        context
            .output
            .line(&chat_json(&chat, now), || line(&chat))?;
    }
    if fresh.is_err() {
        context.output.talk(&context.say(CliText::FromCache, &[]));
    }
    client.close().await;
    fresh
}

fn line(chat: &ChatRow) -> String {
    let unread = match chat.unread {
        0 => String::new(),
        unread => format!("  ({unread})"),
    };
    format!(
        "{}  {}  {}{unread}",
        chat.id,
        local_time(chat.last_at),
        name(&chat.title)
    )
}

pub(super) async fn new(context: &Context, args: New) -> Result<(), Failure> {
    let named = match (args.group, args.public) {
        (Some(name), _) => Some((ChatKind::Group, name)),
        (None, Some(name)) => Some((ChatKind::Public, name)),
        (None, None) => None,
    };
    let named = named
        .map(|(kind, name)| ChatName::try_from(name).map(|name| (kind, name)))
        .transpose()
        .map_err(ClientError::from)?;
    let description = args
        .description
        .map(Description::try_from)
        .transpose()
        .map_err(ClientError::from)?;
    if named.is_none() && (args.users.len() != 1 || description.is_some()) {
        return Err(Failure::Usage(context.say(CliText::PrivateNeedsOne, &[])));
    }
    let client = context.online().await?;
    let users = find::users(context, &client, &args.users).await?;
    let chat: ChatId = match named {
        Some((kind, name)) => {
            client
                .create_described_chat(kind, name, description, users)
                .await?
        }
        None => client.create_chat(ChatKind::Private, None, users).await?,
    };
    client.close().await;
    context
        .output
        .line(&json!({"chat": chat.to_string()}), || chat.to_string())
}

/// From the cache alone: no network, no threads.
pub(super) fn unread(context: &Context) -> Result<(), Failure> {
    let chats: Vec<ChatRow> = context
        .cache()?
        .chats()?
        .into_iter()
        .filter(|chat| chat.unread > 0)
        .collect();
    let total: u64 = chats.iter().map(|chat| chat.unread).sum();
    let list: Vec<_> = chats
        .iter()
        .map(
            |chat| json!({"chat": chat.id.to_string(), "title": chat.title, "unread": chat.unread}),
        )
        .collect();
    context
        .output
        .line(&json!({"unread": total, "chats": list}), || {
            let mut text = total.to_string();
            for chat in &chats {
                text.push_str(&format!("\n{}\t{}", chat.unread, name(&chat.title)));
            }
            text
        })
}
