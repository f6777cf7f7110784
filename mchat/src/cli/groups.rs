//! `chat show`, `chat set`, `join`, `leave`, `rename`, `describe`,
//! `delete-chat`, `directory`.

use std::path::Path;

use bytes::Bytes;
use proto::catalog::CliText;
use proto::id::ChatId;
use proto::request::{
    ChangeChat, ChatKind, ChatSettings, NewMemberHistory, NotifyLevel, SetChatPrefs,
};
use proto::text::{ChatName, Description, username_key};
use serde_json::json;

use super::args::{
    ChatVerb, Describe, Directory, HistoryFor, Join, Notify, Rename, SetChat, Target,
};
use super::context::Context;
use super::failure::Failure;
use super::json::{chat_details, public_json};
use super::output::{local_time, name, paragraph};
use super::write::text_or_input;
use super::{find, invites};
use crate::client::model::ChatRow;
use crate::client::{Client, ClientError, unix_now};

pub(super) async fn chat(context: &Context, verb: ChatVerb) -> Result<(), Failure> {
    match verb {
        ChatVerb::Show(args) => show(context, args).await,
        ChatVerb::Set(args) => set(context, args).await,
    }
}

async fn show(context: &Context, args: Target) -> Result<(), Failure> {
    let client = context.online().await?;
    client.sync(false).await?;
    let chat = find::chat(context, &client, &args.chat, false).await?;
    let row = row(context, &client, chat, &args.chat).await?;
    client.close().await;
    let now = unix_now();
    context.output.line(&chat_details(&row, now), || {
        describe_row(context, &row, now)
    })
}

async fn row(
    context: &Context,
    client: &Client,
    chat: ChatId,
    wanted: &str,
) -> Result<ChatRow, Failure> {
    client
        .chat(chat)
        .await?
        .ok_or_else(|| Failure::NotFound(context.say(CliText::NoChat, &[("name", &name(wanted))])))
}

fn describe_row(context: &Context, row: &ChatRow, now: proto::UnixMillis) -> String {
    let mut lines = vec![name(&row.title)];
    let mut add = |text: CliText, value: &str| {
        lines.push(context.say(text, &[("value", value)]));
    };
    add(CliText::ShowId, &row.id.to_string());
    add(CliText::ShowKind, row.kind.as_str());
    if !row.description.is_empty() {
        add(CliText::ShowAbout, &paragraph(&row.description));
    }
    add(CliText::ShowMembers, &row.members.to_string());
    add(CliText::ShowRole, row.role.as_str());
    if row.kind != ChatKind::Private {
        let settings = &row.settings;
        let allowed: Vec<&str> = [
            ("invites", settings.allow_invites),
            ("adding", settings.allow_members_add),
            ("files", settings.allow_file_sharing),
            ("voice", settings.allow_voice_calls),
            ("video", settings.allow_video_calls),
        ]
        .iter()
        .filter(|(_, on)| *on)
        .map(|(word, _)| *word)
        .collect();
        add(CliText::ShowAllowed, &allowed.join(", "));
        add(
            CliText::ShowHistory,
            settings.history_for_new_members.as_str(),
        );
        if settings.message_retention > 0 {
            add(
                CliText::ShowRetention,
                &settings.message_retention.to_string(),
            );
        }
    }
    add(CliText::ShowNotify, row.notify.as_str());
    if row.muted_until > now {
        let until = if row.muted_until == proto::request::FOREVER {
            "∞".to_owned()
        } else {
            local_time(row.muted_until)
        };
        add(CliText::ShowMuted, &until);
    }
    lines.join("\n")
}

async fn set(context: &Context, args: SetChat) -> Result<(), Failure> {
    if nothing(&args) {
        return Err(Failure::Usage(context.say(CliText::NothingToSet, &[])));
    }
    let avatar = args
        .avatar
        .as_deref()
        .map(|file| picture(context, file))
        .transpose()?;
    let client = context.online().await?;
    let chat = find::chat(context, &client, &args.chat, false).await?;
    if let Some(settings) = settings(context, &client, chat, &args).await? {
        client
            .change_chat(ChangeChat {
                chat,
                name: None,
                description: None,
                settings: Some(settings),
            })
            .await?;
    }
    if let Some(image) = avatar {
        client.set_avatar(Some(chat), image).await?;
    }
    let now = unix_now();
    let muted_until = match (args.mute, args.unmute) {
        (Some(span), _) => Some(span.end(now)),
        (None, true) => Some(0),
        (None, false) => None,
    };
    let notify = args.notify.map(|level| match level {
        Notify::All => NotifyLevel::All,
        Notify::Mentions => NotifyLevel::Mentions,
        Notify::None => NotifyLevel::None,
    });
    if notify.is_some() || muted_until.is_some() {
        client
            .set_chat_prefs(SetChatPrefs {
                chat,
                notify,
                muted_until,
                hidden_upto: None,
            })
            .await?;
    }
    if args.hide || args.unhide {
        client.refresh().await?;
        client.hide_chat(chat, args.hide).await?;
    }
    done(context, client, "chat set", chat).await
}

fn nothing(args: &SetChat) -> bool {
    args.retention.is_none()
        && args.history.is_none()
        && [
            args.invites,
            args.adding,
            args.files,
            args.voice,
            args.video,
        ]
        .iter()
        .all(Option::is_none)
        && args.avatar.is_none()
        && args.notify.is_none()
        && args.mute.is_none()
        && ![args.unmute, args.hide, args.unhide].contains(&true)
}

/// The settings anew, where some are to change.
async fn settings(
    context: &Context,
    client: &Client,
    chat: ChatId,
    args: &SetChat,
) -> Result<Option<ChatSettings>, Failure> {
    client.sync(false).await?;
    let old = row(context, client, chat, &args.chat).await?.settings;
    let mut new = old;
    let set = |field: &mut bool, value: Option<super::args::Switch>| {
        if let Some(value) = value {
            *field = value.on();
        }
    };
    set(&mut new.allow_invites, args.invites);
    set(&mut new.allow_members_add, args.adding);
    set(&mut new.allow_file_sharing, args.files);
    set(&mut new.allow_voice_calls, args.voice);
    set(&mut new.allow_video_calls, args.video);
    if let Some(history) = args.history {
        new.history_for_new_members = match history {
            HistoryFor::All => NewMemberHistory::All,
            HistoryFor::SinceJoin => NewMemberHistory::SinceJoin,
        };
    }
    if let Some(days) = args.retention {
        new.message_retention = days;
        let shorter = days > 0 && (old.message_retention == 0 || days < old.message_retention);
        if shorter {
            context.confirm(CliText::AskRetention, &[("days", &days.to_string())])?;
        }
    }
    Ok((new != old).then_some(new))
}

/// A picture from a file; `none` for none.
pub(super) fn picture(context: &Context, file: &Path) -> Result<Option<Bytes>, Failure> {
    use std::io::Read;
    if file == Path::new("none") {
        return Ok(None);
    }
    let shown = name(&file.display().to_string());
    let limit = proto::limits::AVATAR_BYTES;
    let mut image = Vec::new();
    std::fs::File::open(file)
        // Not a byte more than needed to see that it is too much.
        .and_then(|file| file.take(limit as u64 + 1).read_to_end(&mut image))
        .map_err(|error| {
            let reason = error.to_string();
            Failure::Other(context.say(CliText::NoFile, &[("file", &shown), ("reason", &reason)]))
        })?;
    if image.len() > limit {
        let limit = (limit / 1024).to_string();
        return Err(Failure::Usage(context.say(
            CliText::PictureTooLarge,
            &[("file", &shown), ("limit", &limit)],
        )));
    }
    Ok(Some(image.into()))
}

pub(super) async fn join(context: &Context, args: Join) -> Result<(), Failure> {
    if let Some(token) = invites::token_of(context, &args.chat)? {
        return invites::accept(context, token).await;
    }
    let client = context.online().await?;
    let chat = match args.chat.parse::<ChatId>() {
        Ok(chat) => chat,
        Err(_) => public_chat(context, &client, &args.chat).await?,
    };
    client.join(chat).await?;
    client.close().await;
    context
        .output
        .line(&json!({"chat": chat.to_string()}), || chat.to_string())
}

/// A public chat by its exact name.
async fn public_chat(context: &Context, client: &Client, wanted: &str) -> Result<ChatId, Failure> {
    let key = username_key(wanted);
    let mut found = Vec::new();
    let mut offset = 0;
    loop {
        let page = client.directory(wanted, offset).await?;
        offset += page.chats.len() as u32;
        let some = page.chats.len();
        found.extend(
            page.chats
                .into_iter()
                .filter(|chat| username_key(&chat.name) == key),
        );
        if !page.more || some == 0 {
            break;
        }
    }
    match found.as_slice() {
        [] => Err(Failure::NotFound(
            context.say(CliText::NoPublicChat, &[("name", &name(wanted))]),
        )),
        [chat] => Ok(chat.id),
        several => {
            let mut text = context.say(CliText::Ambiguous, &[("name", &name(wanted))]);
            for chat in several {
                text.push_str(&format!("\n  {}  {}", chat.id, name(&chat.name)));
            }
            Err(Failure::Usage(text))
        }
    }
}

pub(super) async fn leave(context: &Context, args: Target) -> Result<(), Failure> {
    let (client, chat) = meant(context, &args.chat).await?;
    context.confirm(CliText::AskLeave, &[("name", &name(&args.chat))])?;
    client.leave(chat).await?;
    done(context, client, "leave", chat).await
}

pub(super) async fn delete(context: &Context, args: Target) -> Result<(), Failure> {
    let (client, chat) = meant(context, &args.chat).await?;
    context.confirm(CliText::AskDeleteChat, &[("name", &name(&args.chat))])?;
    client.delete_chat(chat).await?;
    done(context, client, "delete-chat", chat).await
}

pub(super) async fn rename(context: &Context, args: Rename) -> Result<(), Failure> {
    let new = ChatName::try_from(args.name).map_err(ClientError::from)?;
    let (client, chat) = meant(context, &args.chat).await?;
    client
        .change_chat(ChangeChat {
            chat,
            name: Some(new),
            description: None,
            settings: None,
        })
        .await?;
    done(context, client, "rename", chat).await
}

pub(super) async fn describe(context: &Context, args: Describe) -> Result<(), Failure> {
    let new = Description::try_from(text_or_input(args.text)?).map_err(ClientError::from)?;
    let (client, chat) = meant(context, &args.chat).await?;
    client
        .change_chat(ChangeChat {
            chat,
            name: None,
            description: Some(new),
            settings: None,
        })
        .await?;
    done(context, client, "describe", chat).await
}

async fn meant(context: &Context, wanted: &str) -> Result<(Client, ChatId), Failure> {
    let client = context.online().await?;
    let chat = find::chat(context, &client, wanted, false).await?;
    Ok((client, chat))
}

async fn done(context: &Context, client: Client, verb: &str, chat: ChatId) -> Result<(), Failure> {
    client.close().await;
    context
        .output
        .done(&json!({"done": verb, "chat": chat.to_string()}))
}

pub(super) async fn directory(context: &Context, args: Directory) -> Result<(), Failure> {
    let client = context.online().await?;
    let (mut left, mut offset) = (args.limit as usize, 0);
    while left > 0 {
        let page = client.directory(&args.query, offset).await?;
        offset += page.chats.len() as u32;
        for chat in page.chats.iter().take(left) {
            context.output.line(&public_json(chat), || {
                let about = chat.description.lines().next().unwrap_or_default();
                format!(
                    "{}  {}  {}  {}",
                    chat.id,
                    chat.members,
                    name(&chat.name),
                    name(about)
                )
                .trim_end()
                .to_owned()
            })?;
        }
        left = left.saturating_sub(page.chats.len());
        if !page.more || page.chats.is_empty() {
            break;
        }
    }
    client.close().await;
    Ok(())
}
