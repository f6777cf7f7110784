//! `history`, `read`, `show`, `pins`, `search`.

use std::collections::HashMap;

use proto::Seq;
use proto::catalog::CliText;
use proto::id::{ChatId, UserId};
use proto::request;
use serde_json::json;

use super::args::{History, Search, Show, Target};
use super::context::Context;
use super::failure::{Failure, exit};
use super::json::entry_json;
use super::lines::{line, short};
use super::output::{local_time, name, paragraph};
use super::{find, reference};
use crate::client::Client;
use crate::client::model::{Anchor, EntryRow, HitSource};

pub(super) async fn history(context: &Context, args: History) -> Result<(), Failure> {
    let client = context.open().await?;
    let mut stale = context.reached(&client).await?;
    if stale.is_none()
        && let Err(error) = client.sync(false).await
    {
        let failure = Failure::from(error);
        if failure.code() != exit::UNREACHABLE {
            return Err(failure);
        }
        stale = Some(failure);
    }
    let Some(chat) = find::shown(context, &client, &args.chat, stale.is_some()).await? else {
        return from_cache(context, stale);
    };
    let rows = if args.log {
        log(&client, chat, &args, stale.is_none()).await?
    } else {
        timeline(&client, chat, &args, stale.is_none()).await?
    };
    let names = names(&client, chat).await?;
    for row in &rows {
        context.output.line(&entry_json(row), || {
            line(context, row, &|user| named(&names, user))
        })?;
    }
    client.close().await;
    from_cache(context, stale)
}

/// Says that what was shown is not current, where it is not.
fn from_cache(context: &Context, stale: Option<Failure>) -> Result<(), Failure> {
    let Some(failure) = stale else {
        return Ok(());
    };
    context.output.talk(&context.say(CliText::FromCache, &[]));
    Err(failure)
}

/// Messages as they are now, and what else is shown.
async fn timeline(
    client: &Client,
    chat: ChatId,
    args: &History,
    load: bool,
) -> Result<Vec<EntryRow>, Failure> {
    let anchor = args.before.map_or(Anchor::Latest, Anchor::Before);
    loop {
        let page = client.timeline(chat, anchor, args.limit).await?;
        let enough = page.entries.len() >= args.limit as usize;
        if enough || !load || !page.older_remote || args.limit == 0 {
            return Ok(page.entries);
        }
        client.load_older(chat).await?;
    }
}

/// Every entry of the log.
async fn log(
    client: &Client,
    chat: ChatId,
    args: &History,
    load: bool,
) -> Result<Vec<EntryRow>, Failure> {
    let head = client.chat(chat).await?.map_or(0, |row| row.head);
    let end = args.before.unwrap_or(head + 1).min(head + 1);
    let first = end.saturating_sub(u64::from(args.limit)).max(1);
    if load && first < end {
        client.reach(chat, first).await?;
    }
    let mut rows = Vec::new();
    let mut after = first - 1;
    while after + 1 < end {
        let left = end - 1 - after;
        let page = client.entries(chat, after, left.min(1000) as u32).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        rows.extend(page.into_iter().filter(|row| row.seq < end));
    }
    Ok(rows)
}

/// The names of the people of a chat.
pub(super) async fn names(
    client: &Client,
    chat: ChatId,
) -> Result<HashMap<UserId, String>, Failure> {
    let members = client.members(chat).await?;
    Ok(members
        .into_iter()
        .map(|member| (member.user, member.name))
        .collect())
}

fn named(names: &HashMap<UserId, String>, user: UserId) -> String {
    names
        .get(&user)
        .map_or_else(|| short(user), |known| name(known))
}

pub(super) async fn read(context: &Context, args: Target) -> Result<(), Failure> {
    let client = context.online().await?;
    client.refresh().await?;
    let chat = find::chat(context, &client, &args.chat, false).await?;
    let head = client.chat(chat).await?.map_or(0, |chat| chat.head);
    if head > 0 {
        client
            .call(request::Mark {
                chat,
                read: Some(head),
                delivered: None,
            })
            .await?;
        client.mark_read(chat, head).await?;
    }
    client.close().await;
    let value = json!({"chat": chat.to_string(), "read": head});
    context.output.line(&value, || {
        context.say(CliText::ReadTo, &[("seq", &head.to_string())])
    })
}

pub(super) async fn show(context: &Context, args: Show) -> Result<(), Failure> {
    let client = context.online().await?;
    let chat = find::chat(context, &client, &args.chat, false).await?;
    client.sync(false).await?;
    let seq = reference::message(context, &client, chat, &args.message).await?;
    let none = || Failure::NotFound(context.say(CliText::NoMessage, &[]));
    if !client.reach(chat, seq).await? {
        return Err(none());
    }
    let row = client.entry(chat, seq).await?.ok_or_else(none)?;
    let details = Details::of(&client, chat, seq, &row).await?;
    let names = names(&client, chat).await?;
    client.close().await;
    let mut value = entry_json(&row);
    details.add(&mut value);
    context.output.line(&value, || {
        if args.raw {
            return raw(&row);
        }
        let mut text = line(context, &row, &|user| named(&names, user));
        details.write(context, &mut text);
        text
    })
}

/// A message's text without what steers a terminal, otherwise as it is.
fn raw(row: &EntryRow) -> String {
    proto::text::printable_text(row.text().unwrap_or_default()).into_owned()
}

/// What is known of one message beside its line.
struct Details {
    edits: Vec<crate::client::model::EditRow>,
    reactions: Vec<crate::client::model::ReactionRow>,
    receipts: Vec<crate::client::model::ReceiptRow>,
}

impl Details {
    async fn of(client: &Client, chat: ChatId, seq: Seq, row: &EntryRow) -> Result<Self, Failure> {
        let own = client.account().is_some_and(|own| own.user == row.actor);
        Ok(Self {
            edits: client.edit_history(chat, seq).await?,
            reactions: client.reactions(chat, seq).await?,
            receipts: if own {
                client.receipts(chat, seq).await?
            } else {
                Vec::new()
            },
        })
    }

    fn add(&self, value: &mut serde_json::Value) {
        value["history"] = self
            .edits
            .iter()
            .map(|edit| json!({"seq": edit.seq, "at": edit.at, "text": edit.text}))
            .collect();
        value["reacted"] = self
            .reactions
            .iter()
            .map(|row| {
                json!({
                    "user": row.user.to_string(), "name": row.name,
                    "emoji": row.emoji, "at": row.at,
                })
            })
            .collect();
        value["receipts"] = self
            .receipts
            .iter()
            .map(|row| {
                json!({
                    "user": row.user.to_string(), "name": row.name,
                    "delivered": row.delivered, "read": row.read,
                })
            })
            .collect();
    }

    fn write(&self, context: &Context, text: &mut String) {
        if self.edits.len() > 1 {
            for edit in &self.edits {
                text.push_str(&format!(
                    "\n  {}  {}",
                    local_time(edit.at),
                    paragraph(&edit.text)
                ));
            }
        }
        for row in &self.reactions {
            text.push_str(&format!("\n  {}  {}", name(&row.emoji), name(&row.name)));
        }
        for row in &self.receipts {
            let state = match (row.read, row.delivered) {
                (true, _) => CliText::HasRead,
                (false, true) => CliText::HasReceived,
                (false, false) => CliText::HasNot,
            };
            let state = context.say(state, &[]);
            text.push_str(&format!("\n  {}: {state}", name(&row.name)));
        }
    }
}

pub(super) async fn pins(context: &Context, args: Target) -> Result<(), Failure> {
    let client = context.open().await?;
    let stale = context.reached(&client).await?;
    let Some(chat) = find::shown(context, &client, &args.chat, stale.is_some()).await? else {
        return from_cache(context, stale);
    };
    let names = names(&client, chat).await?;
    for row in client.pins(chat).await? {
        context.output.line(&entry_json(&row), || {
            line(context, &row, &|user| named(&names, user))
        })?;
    }
    client.close().await;
    from_cache(context, stale)
}

pub(super) async fn search(context: &Context, args: Search) -> Result<(), Failure> {
    let query = args.words.join(" ");
    if proto::text::search_words(&query).is_empty() {
        return Err(Failure::Usage(context.say(CliText::NoWords, &[])));
    }
    let client = context.open().await?;
    let stale = context.reached(&client).await?;
    let chat = match &args.chat {
        None => None,
        Some(wanted) => match find::shown(context, &client, wanted, stale.is_some()).await? {
            Some(chat) => Some(chat),
            None => return from_cache(context, stale),
        },
    };
    let titles: HashMap<ChatId, String> = client
        .chats()
        .await?
        .into_iter()
        .map(|row| (row.id, row.title))
        .collect();
    let (mut left, mut before, mut behind) = (args.limit, None, 0);
    let mut offline = stale.is_some();
    while left > 0 {
        let limit = left.min(proto::limits::SEARCH_RESULTS);
        let page = if offline {
            client.search_cache(&query, chat, limit, before).await?
        } else {
            client.search(&query, chat, limit, before).await?
        };
        offline |= page.from == HitSource::Cache;
        behind = page.behind;
        for row in &page.hits {
            let title = titles
                .get(&row.chat)
                .map(String::as_str)
                .unwrap_or_default();
            context.output.line(&entry_json(row), || {
                let text = line(context, row, &|user| short(user));
                format!("{}  {text}", name(title))
            })?;
        }
        left = left.saturating_sub(page.hits.len() as u32);
        before = page.next;
        if !page.more || page.hits.is_empty() {
            break;
        }
    }
    if behind > 0 {
        let behind = behind.to_string();
        context
            .output
            .talk(&context.say(CliText::Behind, &[("count", &behind)]));
    }
    client.close().await;
    match stale {
        Some(failure) => {
            context
                .output
                .talk(&context.say(CliText::CacheSearched, &[]));
            Err(failure)
        }
        None => Ok(()),
    }
}
