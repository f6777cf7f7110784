//! `members …`.

use proto::catalog::CliText;
use proto::id::{ChatId, UserId};
use proto::request::Role;
use serde_json::{Value, json};

use super::args::{self, MemberVerb, One, Several, Span, Target};
use super::context::Context;
use super::failure::Failure;
use super::find;
use super::json::{member_json, user_json};
use super::output::name;
use crate::client::{Client, unix_now};

pub(super) async fn members(context: &Context, verb: MemberVerb) -> Result<(), Failure> {
    match verb {
        MemberVerb::List(args) => list(context, args).await,
        MemberVerb::Banned(args) => banned(context, args).await,
        MemberVerb::Add(args) => add(context, args).await,
        MemberVerb::Remove(args) => remove(context, args).await,
        MemberVerb::Role { who, role } => {
            let (client, chat, user) = one(context, &who).await?;
            let role = match role {
                args::Role::Admin => Role::Admin,
                args::Role::Moderator => Role::Moderator,
                args::Role::Member => Role::Member,
            };
            client.set_role(chat, user, role).await?;
            done(context, client, "members role", chat, &[user]).await
        }
        MemberVerb::Mute { who, span } => mute(context, &who, Some(span)).await,
        MemberVerb::Unmute(who) => mute(context, &who, None).await,
        MemberVerb::Ban(who) => {
            let (client, chat, user) = one(context, &who).await?;
            context.confirm(CliText::AskBan, &[("who", &name(&who.user))])?;
            client.ban_member(chat, user, true).await?;
            done(context, client, "members ban", chat, &[user]).await
        }
        MemberVerb::Unban(who) => {
            let (client, chat, user) = one(context, &who).await?;
            client.ban_member(chat, user, false).await?;
            done(context, client, "members unban", chat, &[user]).await
        }
    }
}

async fn list(context: &Context, args: Target) -> Result<(), Failure> {
    let client = context.online().await?;
    let chat = find::chat(context, &client, &args.chat, false).await?;
    client.sync(false).await?;
    let head = client.chat(chat).await?.map_or(0, |row| row.head);
    // Brings everybody's cursors.
    client.receipts(chat, head).await?;
    let (rows, now) = (client.members(chat).await?, unix_now());
    client.close().await;
    for row in rows {
        context.output.line(&member_json(&row, now), || {
            let silenced = if row.silenced_until > now {
                format!("  {}", context.say(CliText::IsSilenced, &[]))
            } else {
                String::new()
            };
            let shown = if row.name == row.username {
                String::new()
            } else {
                format!("  {}", name(&row.name))
            };
            format!(
                "@{}  {}{shown}{silenced}",
                name(&row.username),
                row.role.as_str()
            )
        })?;
    }
    Ok(())
}

async fn banned(context: &Context, args: Target) -> Result<(), Failure> {
    let client = context.online().await?;
    let chat = find::chat(context, &client, &args.chat, false).await?;
    let users = client.banned(chat).await?;
    client.close().await;
    for user in users {
        context
            .output
            .line(&user_json(&user), || format!("@{}", name(&user.username)))?;
    }
    Ok(())
}

async fn add(context: &Context, args: Several) -> Result<(), Failure> {
    let client = context.online().await?;
    let chat = find::chat(context, &client, &args.chat, false).await?;
    let users = find::users(context, &client, &args.users).await?;
    client.add_members(chat, users.clone()).await?;
    done(context, client, "members add", chat, &users).await
}

async fn remove(context: &Context, args: Several) -> Result<(), Failure> {
    let client = context.online().await?;
    let chat = find::chat(context, &client, &args.chat, false).await?;
    let users = find::users(context, &client, &args.users).await?;
    context.confirm(
        CliText::AskRemove,
        &[("who", &name(&args.users.join(", ")))],
    )?;
    for user in &users {
        client.remove_member(chat, *user).await?;
    }
    done(context, client, "members remove", chat, &users).await
}

async fn mute(context: &Context, who: &One, span: Option<Span>) -> Result<(), Failure> {
    let (client, chat, user) = one(context, who).await?;
    let until = span.map_or(0, |span| span.end(unix_now()));
    client.mute_member(chat, user, until).await?;
    let verb = if span.is_some() {
        "members mute"
    } else {
        "members unmute"
    };
    done(context, client, verb, chat, &[user]).await
}

async fn one(context: &Context, who: &One) -> Result<(Client, ChatId, UserId), Failure> {
    let client = context.online().await?;
    let chat = find::chat(context, &client, &who.chat, false).await?;
    let user = find::user(context, &client, &who.user).await?;
    Ok((client, chat, user))
}

async fn done(
    context: &Context,
    client: Client,
    verb: &str,
    chat: ChatId,
    users: &[UserId],
) -> Result<(), Failure> {
    client.close().await;
    let users: Vec<Value> = users.iter().map(|user| user.to_string().into()).collect();
    context
        .output
        .done(&json!({"done": verb, "chat": chat.to_string(), "users": users}))
}
