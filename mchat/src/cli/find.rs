//! Which chat is meant: `@user`, an id, the beginning of one, or a name.

use proto::catalog::CliText;
use proto::error::ErrorCode;
use proto::id::{ChatId, UserId};
use proto::text::username_key;

use super::args::value::PREFIX;
use super::context::Context;
use super::failure::Failure;
use super::output::name;
use crate::client::model::ChatRow;
use crate::client::{Client, ClientError};

/// A chat from the cache; `None` where it is not there.
pub(super) async fn cached(
    context: &Context,
    client: &Client,
    wanted: &str,
) -> Result<Option<ChatId>, Failure> {
    let chats = client.chats().await?;
    if let Some(user) = wanted.strip_prefix('@') {
        let Some(user) = client.cached_user(user).await? else {
            return Ok(None);
        };
        return Ok(private(client, &chats, user.id));
    }
    let choice = match (choose(wanted, chats.iter()), wanted.strip_prefix('#')) {
        // As the screen writes it.
        (Choice::None, Some(name)) => choose(name, chats.iter()),
        (choice, _) => choice,
    };
    match choice {
        Choice::One(chat) => Ok(Some(chat)),
        Choice::None => Ok(None),
        Choice::Many(candidates) => {
            let mut text = context.say(CliText::Ambiguous, &[("name", &name(wanted))]);
            for chat in candidates {
                text.push_str(&format!("\n  {}  {}", chat.id, name(&chat.title)));
            }
            Err(Failure::Usage(text))
        }
    }
}

fn private(client: &Client, chats: &[ChatRow], user: UserId) -> Option<ChatId> {
    let own = client.account().is_some_and(|own| own.user == user);
    chats
        .iter()
        .find(|chat| {
            chat.kind == proto::request::ChatKind::Private
                && !chat.left
                && if own {
                    chat.peer.is_none() && chat.members > 0
                } else {
                    chat.peer == Some(user)
                }
        })
        .map(|chat| chat.id)
}

/// A chat, with the server's help where the cache does not know it; a private
/// chat is made where there is none and `make` says so.
pub(super) async fn chat(
    context: &Context,
    client: &Client,
    wanted: &str,
    make: bool,
) -> Result<ChatId, Failure> {
    if let Some(chat) = cached(context, client, wanted).await? {
        return Ok(chat);
    }
    client.refresh().await?;
    if let Some(chat) = cached(context, client, wanted).await? {
        return Ok(chat);
    }
    if make && wanted.starts_with('@') {
        let user = user(context, client, wanted).await?;
        return Ok(client.private_chat(user).await?);
    }
    Err(Failure::NotFound(
        context.say(CliText::NoChat, &[("name", &name(wanted))]),
    ))
}

/// A chat to be shown; `None` where the cache does not know it and the server
/// is not reached.
pub(super) async fn shown(
    context: &Context,
    client: &Client,
    wanted: &str,
    stale: bool,
) -> Result<Option<ChatId>, Failure> {
    match cached(context, client, wanted).await? {
        Some(chat) => Ok(Some(chat)),
        None if stale => Ok(None),
        None => chat(context, client, wanted, false).await.map(Some),
    }
}

/// Several people by name.
pub(super) async fn users(
    context: &Context,
    client: &Client,
    wanted: &[String],
) -> Result<Vec<UserId>, Failure> {
    let mut users = Vec::with_capacity(wanted.len());
    for name in wanted {
        users.push(user(context, client, name).await?);
    }
    Ok(users)
}

/// Somebody by name.
pub(super) async fn user(
    context: &Context,
    client: &Client,
    wanted: &str,
) -> Result<UserId, Failure> {
    match client.user(wanted).await {
        Ok(user) => Ok(user.id),
        Err(ClientError::Server(error)) if error.code == ErrorCode::NotFound => Err(
            Failure::NotFound(context.say(CliText::NoUser, &[("name", &name(wanted))])),
        ),
        Err(error) => Err(error.into()),
    }
}

enum Choice<'a> {
    One(ChatId),
    None,
    Many(Vec<&'a ChatRow>),
}

/// An id, else an exact name, else the beginning of an id.
fn choose<'a>(wanted: &str, chats: impl Iterator<Item = &'a ChatRow> + Clone) -> Choice<'a> {
    let simple: String = wanted
        .chars()
        .filter(|c| *c != '-')
        .collect::<String>()
        .to_ascii_lowercase();
    let key = username_key(wanted);
    let is_id = simple.len() >= PREFIX && simple.chars().all(|c| c.is_ascii_hexdigit());
    let id = |chat: &ChatRow| chat.id.0.simple().to_string();
    let named: Vec<&ChatRow> = chats.clone().filter(|chat| chat.title == wanted).collect();
    let folded: Vec<&ChatRow> = chats
        .clone()
        .filter(|chat| username_key(&chat.title) == key)
        .collect();
    let begins: Vec<&ChatRow> = chats
        .filter(|chat| is_id && id(chat).starts_with(&simple))
        .collect();
    let exact = begins.iter().find(|chat| id(chat) == simple);
    if let Some(chat) = exact {
        return Choice::One(chat.id);
    }
    let mut found = if named.is_empty() { folded } else { named };
    for chat in begins {
        if !found.iter().any(|known| known.id == chat.id) {
            found.push(chat);
        }
    }
    match found.as_slice() {
        [] => Choice::None,
        [chat] => Choice::One(chat.id),
        _ => Choice::Many(found),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn row(id: &str, title: &str) -> ChatRow {
        ChatRow::new(id.parse().unwrap(), proto::request::ChatKind::Group, title)
    }

    #[test]
    fn which_chat_is_meant() {
        let one = "0199aaaa-0000-7000-8000-000000000001";
        let two = "0199aabb-0000-7000-8000-000000000002";
        let three = "0199cccc-0000-7000-8000-000000000003";
        let chats = [row(one, "Team"), row(two, "Other"), row(three, "Team")];
        let find = |wanted: &str| match choose(wanted, chats.iter()) {
            Choice::One(id) => id.to_string(),
            Choice::None => "none".to_owned(),
            Choice::Many(found) => format!("{}", found.len()),
        };
        assert_eq!(find(one), one);
        assert_eq!(find(&one.to_uppercase()), one);
        assert_eq!(find("0199aaaa"), one);
        assert_eq!(find("0199aa"), "2");
        assert_eq!(find("0199c"), "none");
        assert_eq!(find("0199cc"), three);
        assert_eq!(find("Other"), two);
        assert_eq!(find("other"), two);
        assert_eq!(find("Team"), "2");
        assert_eq!(find("Tea"), "none");
    }
}
