//! `send`, `history`, `read`.

use std::collections::HashMap;
use std::io::Read;

use proto::catalog::{CliText, sentence};
use proto::entry::{Body, Entry};
use proto::id::{ChatId, EntryId, UserId};
use proto::request;
use serde_json::json;

use super::args::{History, Send, Target};
use super::context::Context;
use super::failure::{Failure, exit};
use super::find;
use super::output::{entry_json, json_line, local_time, name, paragraph};
use crate::client::model::{Anchor, EntryRow, Link, Refusal};
use crate::client::{Client, ClientError, Outcome};

pub(super) async fn send(context: &Context, args: Send) -> Result<(), Failure> {
    let text = match args.text.as_deref() {
        Some("-") | None => standard_input()?,
        Some(text) => text.to_owned(),
    };
    // Checked before anything is asked of anybody.
    proto::text::MessageText::try_from(text.as_str()).map_err(ClientError::from)?;
    let client = context.open().await?;
    let chat = match find::cached(context, &client, &args.to).await? {
        Some(chat) => chat,
        None => {
            context.connected(&client, false).await?;
            find::chat(context, &client, &args.to, true).await?
        }
    };
    let id = client.send(chat, &text, None, args.id).await?;
    if args.no_wait {
        client.close().await;
        return queued(context, id, chat);
    }
    let ended = tokio::time::timeout(context.timeout, delivered(context, &client, id)).await;
    let outcome = match ended {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(failure)) => {
            queued_line(context, id, chat)?;
            return Err(failure);
        }
        Err(_) => {
            // Asked before closing, which tries once more.
            if let Some(why) = client.held_back(id) {
                context.output.talk(&sentence(context.output.lang(), &why));
            }
            client.close().await;
            return queued(context, id, chat);
        }
    };
    match outcome {
        Outcome::Stored(seq) => {
            client.close().await;
            let value = json!({
                "state": "stored", "id": id.to_string(), "chat": chat.to_string(), "seq": seq,
            });
            context.output.line(&value, || id.to_string())
        }
        Outcome::Failed(error) => {
            // Who asked is told now: nothing stays behind to be told later.
            client.discard(id).await?;
            client.close().await;
            Err(ClientError::Server(error).into())
        }
        Outcome::Discarded => Err(Failure::Quiet(exit::FAILED)),
    }
}

/// Waits for the message's end, or for a reason why there will be none.
async fn delivered(context: &Context, client: &Client, id: EntryId) -> Result<Outcome, Failure> {
    loop {
        let refused = async {
            match client.connected(false, false).await {
                Ok(_) => std::future::pending().await,
                Err(error) => error,
            }
        };
        tokio::select! {
            outcome = client.outcome(id) => return Ok(outcome?),
            error = refused => match error {
                ClientError::Refused(Refusal::Untrusted { shown }) => {
                    context.ask(client, &shown).await?;
                }
                error => return Err(error.into()),
            },
        }
    }
}

fn queued(context: &Context, id: EntryId, chat: ChatId) -> Result<(), Failure> {
    queued_line(context, id, chat)?;
    context.output.talk(&context.say(CliText::Queued, &[]));
    Err(Failure::Quiet(exit::QUEUED))
}

/// The same for scripts and people: the exit code says that it is not the id
/// of a stored message.
fn queued_line(context: &Context, id: EntryId, chat: ChatId) -> Result<(), Failure> {
    let value = json!({"state": "queued", "id": id.to_string(), "chat": chat.to_string()});
    context.output.line(&value, || json_line(&value))
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

pub(super) async fn history(context: &Context, args: History) -> Result<(), Failure> {
    let client = context.open().await?;
    let fresh = match context.connected(&client, false).await {
        Ok(()) => remote(context, &client, &args).await,
        Err(failure) => Err(failure),
    };
    let (rows, fresh) = match fresh {
        Ok(rows) => (rows, Ok(())),
        Err(failure) if failure.code() == exit::UNREACHABLE => {
            let Some(chat) = find::cached(context, &client, &args.chat).await? else {
                return Err(failure);
            };
            let anchor = args.before.map_or(Anchor::Latest, Anchor::Before);
            let timeline = client.timeline(chat, anchor, args.limit).await?;
            (timeline.entries, Err(failure))
        }
        Err(failure) => return Err(failure),
    };
    for row in &rows {
        context.output.line(&entry_json(row), || {
            line(context, row, &|user| names(&rows, user))
        })?;
    }
    if fresh.is_err() {
        context.output.talk(&context.say(CliText::FromCache, &[]));
    }
    client.close().await;
    fresh
}

/// The entries from the server: the cache need not reach that far.
async fn remote(
    context: &Context,
    client: &Client,
    args: &History,
) -> Result<Vec<EntryRow>, Failure> {
    let chat = find::chat(context, client, &args.chat, false).await?;
    let mut before = args.before;
    let mut pages: Vec<Vec<Entry>> = Vec::new();
    let mut left = args.limit;
    while left > 0 {
        let page = client
            .call(request::History {
                chat,
                before,
                limit: left.min(proto::limits::PAGE_ENTRIES),
            })
            .await?;
        let Some(first) = page.entries.first() else {
            break;
        };
        before = Some(first.seq);
        left = left.saturating_sub(page.entries.len() as u32);
        pages.push(page.entries);
        if !page.more {
            break;
        }
    }
    let entries: Vec<Entry> = pages.into_iter().rev().flatten().collect();
    let known = people(client, &entries).await?;
    Ok(entries
        .into_iter()
        .map(|entry| {
            let body = Body::decode(entry.kind, &entry.body);
            EntryRow {
                msg_no: entry.msg_no,
                id: entry.id,
                ref_seq: entry.ref_seq,
                actor_name: known
                    .get(&entry.actor)
                    .cloned()
                    .unwrap_or_else(|| short(entry.actor)),
                at: entry.at,
                ..EntryRow::new(chat, entry.seq, entry.actor, entry.kind, body)
            }
        })
        .collect())
}

/// The names of who wrote.
async fn people(
    client: &Client,
    entries: &[Entry],
) -> Result<HashMap<UserId, String>, ClientError> {
    let mut ids: Vec<UserId> = entries.iter().map(|entry| entry.actor).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut known = HashMap::new();
    for some in ids.chunks(proto::limits::BATCH) {
        let found = client
            .call(request::Users {
                ids: some.to_vec(),
                names: Vec::new(),
            })
            .await?;
        known.extend(found.users.into_iter().map(|user| (user.id, user.username)));
    }
    Ok(known)
}

fn short(user: UserId) -> String {
    let text = user.0.simple().to_string();
    text[24..].to_owned()
}

fn names(rows: &[EntryRow], user: UserId) -> String {
    rows.iter()
        .find(|row| row.actor == user)
        .map_or_else(|| short(user), |row| name(&row.actor_name))
}

/// An entry for a person.
pub(super) fn line(context: &Context, row: &EntryRow, who: &dyn Fn(UserId) -> String) -> String {
    let (at, actor) = (local_time(row.at), name(&row.actor_name));
    let say = |text: CliText, other: &str| {
        let told = context.say(text, &[("name", &actor), ("who", other)]);
        format!("{at}  * {told}")
    };
    match &row.body {
        Body::Message(message) => format!("{at}  {actor}: {}", paragraph(&message.text)),
        Body::Created(_) => say(CliText::Created, ""),
        Body::MembersAdded(added) => {
            let all: Vec<String> = added.users.iter().map(|user| who(*user)).collect();
            say(CliText::Added, &all.join(", "))
        }
        Body::MemberLeft(left) if left.user == row.actor => say(CliText::Left, ""),
        Body::MemberLeft(left) => say(CliText::Removed, &who(left.user)),
        _ => say(CliText::Newer, ""),
    }
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

/// How the connection stands, for a person.
pub(super) fn link_text(context: &Context, link: &Link) -> Option<String> {
    use crate::client::model::Transport;
    match link {
        Link::Online { transport, address } => {
            let text = match transport {
                Transport::Quic => CliText::Online,
                Transport::WebSocket => CliText::OnlineWebSocket,
            };
            Some(context.say(text, &[("address", &name(address))]))
        }
        Link::Offline { reason, .. } => {
            Some(context.say(CliText::Offline, &[("reason", &name(reason))]))
        }
        _ => None,
    }
}
