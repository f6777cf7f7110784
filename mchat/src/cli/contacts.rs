//! `contacts …`, `users …`.

use proto::catalog::CliText;
use proto::id::UserId;
use proto::request::ContactState;
use proto::text::DisplayName;
use serde_json::json;

use super::args::{ContactVerb, Person, UserVerb};
use super::context::Context;
use super::failure::Failure;
use super::find;
use super::json::{contact_json, user_json};
use super::output::name;
use crate::client::model::ContactRow;
use crate::client::{Client, ClientError};

pub(super) async fn contacts(context: &Context, verb: ContactVerb) -> Result<(), Failure> {
    match verb {
        ContactVerb::List => list(context).await,
        ContactVerb::Add { who, name } => {
            let nickname = name
                .map(DisplayName::try_from)
                .transpose()
                .map_err(ClientError::from)?;
            let (client, user) = meant(context, &who).await?;
            client.add_contact(user, nickname).await?;
            done(context, client, "contacts add", user).await
        }
        ContactVerb::Accept(who) => {
            let (client, user) = meant(context, &who).await?;
            asking(context, &client, user, &who).await?;
            client.add_contact(user, None).await?;
            done(context, client, "contacts accept", user).await
        }
        ContactVerb::Decline(who) => {
            let (client, user) = meant(context, &who).await?;
            asking(context, &client, user, &who).await?;
            client.remove_contact(user).await?;
            done(context, client, "contacts decline", user).await
        }
        ContactVerb::Rename { who, name } => {
            let nickname = if name.is_empty() {
                None
            } else {
                Some(DisplayName::try_from(name).map_err(ClientError::from)?)
            };
            let (client, user) = meant(context, &who).await?;
            client.rename_contact(user, nickname).await?;
            done(context, client, "contacts rename", user).await
        }
        ContactVerb::Remove(who) => {
            let (client, user) = meant(context, &who).await?;
            context.confirm(CliText::AskRemoveContact, &[("who", &name(&who.user))])?;
            client.remove_contact(user).await?;
            done(context, client, "contacts remove", user).await
        }
        ContactVerb::Block(who) => {
            let (client, user) = meant(context, &who).await?;
            client.block(user, true).await?;
            done(context, client, "contacts block", user).await
        }
        ContactVerb::Unblock(who) => {
            let (client, user) = meant(context, &who).await?;
            client.block(user, false).await?;
            done(context, client, "contacts unblock", user).await
        }
    }
}

async fn list(context: &Context) -> Result<(), Failure> {
    let client = context.open().await?;
    let stale = context.reached(&client).await?;
    if stale.is_none() {
        client.fetch_contacts().await?;
    }
    for contact in client.contacts().await? {
        context
            .output
            .line(&contact_json(&contact), || line(context, &contact))?;
    }
    client.close().await;
    match stale {
        None => Ok(()),
        Some(failure) => {
            context.output.talk(&context.say(CliText::FromCache, &[]));
            Err(failure)
        }
    }
}

fn line(context: &Context, contact: &ContactRow) -> String {
    let mut text = format!("@{}", name(&contact.username));
    if contact.name != contact.username {
        text.push_str(&format!("  {}", name(&contact.name)));
    }
    let state = match contact.state {
        ContactState::Outgoing => Some(CliText::IsAsked),
        ContactState::Incoming => Some(CliText::IsAsking),
        _ => None,
    };
    let blocked = contact.blocked.then_some(CliText::IsBlocked);
    for mark in state.into_iter().chain(blocked) {
        text.push_str(&format!("  {}", context.say(mark, &[])));
    }
    text
}

/// Only who asks can be accepted or declined.
async fn asking(
    context: &Context,
    client: &Client,
    user: UserId,
    who: &Person,
) -> Result<(), Failure> {
    client.fetch_contacts().await?;
    let contacts = client.contacts().await?;
    let asks = contacts
        .iter()
        .any(|row| row.user == user && row.state == ContactState::Incoming);
    if asks {
        return Ok(());
    }
    Err(Failure::NotFound(
        context.say(CliText::DoesNotAsk, &[("name", &name(&who.user))]),
    ))
}

async fn meant(context: &Context, who: &Person) -> Result<(Client, UserId), Failure> {
    let client = context.online().await?;
    let user = find::user(context, &client, &who.user).await?;
    Ok((client, user))
}

async fn done(context: &Context, client: Client, verb: &str, user: UserId) -> Result<(), Failure> {
    client.close().await;
    context
        .output
        .done(&json!({"done": verb, "user": user.to_string()}))
}

pub(super) async fn users(context: &Context, verb: UserVerb) -> Result<(), Failure> {
    let client = context.online().await?;
    let found = match &verb {
        UserVerb::Search { text } => client.search_users(text).await?,
        UserVerb::Show(who) => {
            find::user(context, &client, &who.user).await?;
            vec![client.user(&who.user).await?]
        }
    };
    client.close().await;
    for user in found {
        context.output.line(&user_json(&user), || {
            let names = format!("{} {}", name(&user.first_name), name(&user.last_name));
            format!("@{}  {}", name(&user.username), names.trim())
                .trim_end()
                .to_owned()
        })?;
    }
    Ok(())
}
