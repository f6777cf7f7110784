//! Which message is meant.

use proto::Seq;
use proto::catalog::CliText;
use proto::entry::Body;
use proto::id::{ChatId, UserId};

use super::args::MessageRef;
use super::context::Context;
use super::failure::Failure;
use super::find;
use crate::client::model::{Anchor, EntryRow};
use crate::client::{Client, ClientError};

/// Entries looked at in one go.
const PAGE: u32 = 200;
/// How many pages back a message is looked for.
const PAGES: u32 = 50;

/// The number of a message. A number stands for itself; an id is looked for in
/// the cache first; what is counted from the end needs the server, as an old
/// state would name another message.
pub(super) async fn message(
    context: &Context,
    client: &Client,
    chat: ChatId,
    wanted: &MessageRef,
) -> Result<Seq, Failure> {
    if let MessageRef::Seq(seq) = wanted {
        return Ok(*seq);
    }
    let matcher = Matcher::new(context, client, wanted).await?;
    if matches!(wanted, MessageRef::Id(_))
        && let Some(seq) = look(context, client, chat, &matcher, false).await?
    {
        return Ok(seq);
    }
    context.connected(client, false).await?;
    client.sync(false).await?;
    look(context, client, chat, &matcher, true)
        .await?
        .ok_or_else(|| Failure::NotFound(context.say(CliText::NoMessage, &[])))
}

/// Walks back through the messages of a chat.
async fn look(
    context: &Context,
    client: &Client,
    chat: ChatId,
    matcher: &Matcher,
    load: bool,
) -> Result<Option<Seq>, Failure> {
    let (mut anchor, mut passed) = (Anchor::Latest, 0);
    let mut found = None;
    for _ in 0..PAGES {
        let page = client.timeline(chat, anchor, PAGE).await?;
        for entry in page.entries.iter().rev() {
            match matcher.meets(entry, &mut passed) {
                true if !matcher.many() => return Ok(Some(entry.seq)),
                true if found.is_some() => {
                    return Err(Failure::Usage(context.say(CliText::AmbiguousMessage, &[])));
                }
                true => found = Some(entry.seq),
                false => {}
            }
        }
        match page.entries.first() {
            Some(first) if page.older_cached => anchor = Anchor::Before(first.seq),
            // The beginning of an id that is met is looked for no further.
            _ if found.is_some() || !load || !page.older_remote => break,
            first => {
                if let Some(first) = first {
                    anchor = Anchor::Before(first.seq);
                }
                client.load_older(chat).await?;
            }
        }
    }
    Ok(found)
}

/// What is looked for, from the end backwards.
struct Matcher {
    wanted: MessageRef,
    /// Whose messages count, where that matters.
    by: Option<UserId>,
}

impl Matcher {
    async fn new(context: &Context, client: &Client, wanted: &MessageRef) -> Result<Self, Failure> {
        let by = match wanted {
            MessageRef::Mine => Some(client.account().ok_or(ClientError::SignedOut)?.user),
            MessageRef::LastOf(name) => Some(match client.cached_user(name).await? {
                Some(user) => user.id,
                None => {
                    context.connected(client, false).await?;
                    find::user(context, client, name).await?
                }
            }),
            _ => None,
        };
        Ok(Self {
            wanted: wanted.clone(),
            by,
        })
    }

    /// Whether there may be several.
    fn many(&self) -> bool {
        matches!(&self.wanted, MessageRef::Id(id) if id.len() < 32)
    }

    fn meets(&self, entry: &EntryRow, passed: &mut u64) -> bool {
        if !matches!(entry.body, Body::Message(_)) {
            return false;
        }
        match &self.wanted {
            MessageRef::Seq(seq) => entry.seq == *seq,
            MessageRef::Id(id) => entry.id.0.simple().to_string().starts_with(id.as_str()),
            _ if entry.deleted => false,
            MessageRef::Back(back) => {
                *passed += 1;
                *passed == *back
            }
            MessageRef::Mine | MessageRef::LastOf(_) => Some(entry.actor) == self.by,
        }
    }
}
