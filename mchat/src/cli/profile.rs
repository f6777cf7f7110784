//! `profile …`, `status`.

use proto::catalog::CliText;
use proto::request::{ProfileInfo, SetProfile, Status as Word};
use proto::text::{Bio, DisplayName, Email, StatusText, TextError};
use serde_json::json;

use super::args::{self, Avatar, ProfileVerb, Status, StatusWord};
use super::context::Context;
use super::failure::Failure;
use super::json::profile_json;
use super::output::{local_time, name, paragraph};
use super::{find, groups};
use crate::client::{ClientError, unix_now};

pub(super) async fn profile(context: &Context, verb: ProfileVerb) -> Result<(), Failure> {
    match verb {
        ProfileVerb::Show { user } => show(context, user.as_deref()).await,
        ProfileVerb::Set(args) => set(context, args).await,
        ProfileVerb::Avatar(args) => avatar(context, args).await,
    }
}

async fn show(context: &Context, who: Option<&str>) -> Result<(), Failure> {
    let client = context.online().await?;
    let user = match who {
        Some(who) => Some(find::user(context, &client, who).await?),
        None => None,
    };
    let profile = client.profile(user).await?;
    client.close().await;
    print(context, &profile)
}

fn print(context: &Context, profile: &ProfileInfo) -> Result<(), Failure> {
    context.output.line(&profile_json(profile), || {
        let user = &profile.user;
        let names = format!("{} {}", name(&user.first_name), name(&user.last_name));
        let mut lines = vec![
            format!("@{}  {}", name(&user.username), names.trim())
                .trim_end()
                .to_owned(),
        ];
        let mut status = profile.status.as_str().to_owned();
        if !profile.status_text.is_empty() {
            status.push_str(&format!("  {}", name(&profile.status_text)));
        }
        if let Some(until) = profile.status_until {
            let until = local_time(until);
            status.push_str(&format!(
                "  {}",
                context.say(CliText::Until, &[("time", &until)])
            ));
        }
        lines.push(status);
        if !profile.bio.is_empty() {
            lines.push(paragraph(&profile.bio));
        }
        if let Some(own) = &profile.own {
            if let Some(email) = &own.email {
                lines.push(name(email));
            }
            let receipts = if own.receipts {
                CliText::SendsReceipts
            } else {
                CliText::SendsNoReceipts
            };
            lines.push(context.say(receipts, &[]));
        }
        lines.join("\n")
    })
}

async fn set(context: &Context, args: args::SetProfile) -> Result<(), Failure> {
    let mut change = SetProfile {
        receipts: args.receipts.map(args::Switch::on),
        ..SetProfile::default()
    };
    let clear = &mut change.clear;
    change.first_name = field::<DisplayName>(args.first_name, "first_name", clear)?;
    change.last_name = field::<DisplayName>(args.last_name, "last_name", clear)?;
    change.bio = field::<Bio>(args.bio, "bio", clear)?;
    change.email = field::<Email>(args.email, "email", clear)?;
    let client = context.online().await?;
    let profile = client.set_profile(change).await?;
    client.close().await;
    print(context, &profile)
}

/// A field's new value; an empty one clears it.
fn field<T: TryFrom<String, Error = TextError>>(
    given: Option<String>,
    word: &str,
    clear: &mut Vec<String>,
) -> Result<Option<T>, Failure> {
    match given {
        None => Ok(None),
        Some(text) if text.trim().is_empty() => {
            clear.push(word.to_owned());
            Ok(None)
        }
        Some(text) => Ok(Some(T::try_from(text).map_err(ClientError::from)?)),
    }
}

async fn avatar(context: &Context, args: Avatar) -> Result<(), Failure> {
    let image = match &args.file {
        Some(file) => groups::picture(context, file)?,
        None => None,
    };
    let client = context.online().await?;
    if let Some(who) = &args.of {
        let user = find::user(context, &client, who).await?;
        let profile = client.profile(Some(user)).await?;
        let Some(hash) = profile.user.avatar else {
            return Err(Failure::NotFound(
                context.say(CliText::NoPicture, &[("name", &name(who))]),
            ));
        };
        let picture = client.avatar(hash).await?;
        client.close().await;
        return context.output.bytes(&picture.image);
    }
    client.set_avatar(None, image).await?;
    client.close().await;
    context.output.done(&json!({"done": "profile avatar"}))
}

pub(super) async fn status(context: &Context, args: Status) -> Result<(), Failure> {
    let text = args
        .text
        .map(StatusText::try_from)
        .transpose()
        .map_err(ClientError::from)?;
    let client = context.online().await?;
    let profile = match args.status {
        None => client.profile(None).await?,
        Some(word) => {
            let word = match word {
                StatusWord::Online => Word::Online,
                StatusWord::Away => Word::Away,
                StatusWord::Busy => Word::Busy,
                StatusWord::Invisible => Word::Invisible,
            };
            let until = args
                .span
                .map(|span| span.end(unix_now()))
                .filter(|until| *until != proto::request::FOREVER);
            client.set_status(word, text, until).await?
        }
    };
    client.close().await;
    print(context, &profile)
}
