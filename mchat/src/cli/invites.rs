//! `invite …`: links into a chat.

use proto::catalog::CliText;
use proto::request::ChatInvite;
use proto::text::Token;
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};
use serde_json::json;

use super::args::{InviteVerb, Span, Target};
use super::context::Context;
use super::failure::Failure;
use super::find;
use super::json::invite_json;
use super::output::{local_time, name};
use crate::client::{Client, ClientError, ServerAddress, unix_now};

pub(super) async fn invite(context: &Context, verb: InviteVerb) -> Result<(), Failure> {
    match verb {
        InviteVerb::Create {
            chat,
            span,
            uses,
            qr,
        } => create(context, &chat, span, uses, qr).await,
        InviteVerb::Accept { link } => {
            let token = match token_of(context, &link)? {
                Some(token) => token,
                None => Token::try_from(link).map_err(ClientError::from)?,
            };
            accept(context, token).await
        }
        InviteVerb::List(args) => list(context, args).await,
        InviteVerb::Revoke { chat, id } => {
            let client = context.online().await?;
            let chat = find::chat(context, &client, &chat, false).await?;
            client.revoke_invite(chat, id).await?;
            client.close().await;
            context
                .output
                .done(&json!({"done": "invite revoke", "chat": chat.to_string()}))
        }
        InviteVerb::Qr { what } => qr(context, &what).await,
    }
}

async fn create(
    context: &Context,
    chat: &str,
    span: Span,
    uses: Option<u32>,
    qr: bool,
) -> Result<(), Failure> {
    let client = context.online().await?;
    let chat = find::chat(context, &client, chat, false).await?;
    let until = match span {
        Span::Millis(_) => Some(span.end(unix_now())),
        Span::Forever => None,
    };
    let invite = client.create_invite(chat, until, uses).await?;
    let link = client.invite_link(&invite).await?;
    client.close().await;
    let code = if qr { Some(code(&link)?) } else { None };
    context.output.line(&invite_json(&invite, &link), || {
        code.map_or_else(|| link.clone(), |code| format!("{link}\n{code}"))
    })
}

/// The token in a link to a chat; `None` where the text is no link.
///
/// # Errors
///
/// [`Failure::Usage`] for a link that leads to no chat.
pub(super) fn token_of(context: &Context, text: &str) -> Result<Option<Token>, Failure> {
    if !text.trim_start().starts_with("mchat://") {
        return Ok(None);
    }
    text.parse::<ServerAddress>()
        .ok()
        .and_then(|address| address.chat)
        .map(Some)
        .ok_or_else(|| {
            let sentence = context.say(CliText::NoChatLink, &[("link", &name(text))]);
            Failure::Usage(sentence)
        })
}

/// Joins a chat by an invite.
pub(super) async fn accept(context: &Context, token: Token) -> Result<(), Failure> {
    let client = context.online().await?;
    let chat = client.accept_invite(token).await?;
    client.close().await;
    context
        .output
        .line(&json!({"chat": chat.to_string()}), || chat.to_string())
}

async fn list(context: &Context, args: Target) -> Result<(), Failure> {
    let client = context.online().await?;
    let chat = find::chat(context, &client, &args.chat, false).await?;
    for invite in client.invites(chat).await? {
        let link = client.invite_link(&invite).await?;
        context.output.line(&invite_json(&invite, &link), || {
            line(context, &invite, &link)
        })?;
    }
    client.close().await;
    Ok(())
}

fn line(context: &Context, invite: &ChatInvite, link: &str) -> String {
    let until = match invite.expires_at {
        Some(at) => local_time(at),
        None => context.say(CliText::NoEnd, &[]),
    };
    let most = invite
        .max_uses
        .map_or_else(|| "∞".to_owned(), |most| most.to_string());
    format!("{}  {until}  {}/{most}  {link}", invite.id, invite.uses)
}

async fn qr(context: &Context, what: &str) -> Result<(), Failure> {
    let link = if what.starts_with("mchat://") {
        // Whatever it leads to.
        what.parse::<ServerAddress>()
            .map_err(|_| {
                let text = name(what);
                Failure::Usage(context.say(CliText::NoServerAddress, &[("what", &text)]))
            })?
            .link()
    } else {
        let client = context.online().await?;
        let link = latest(context, &client, what).await?;
        client.close().await;
        link
    };
    let code = code(&link)?;
    context
        .output
        .line(&json!({"link": link}), || format!("{code}\n{link}"))
}

async fn latest(context: &Context, client: &Client, wanted: &str) -> Result<String, Failure> {
    let chat = find::chat(context, client, wanted, false).await?;
    let invites = client.invites(chat).await?;
    let invite = invites.first().ok_or_else(|| {
        Failure::NotFound(context.say(CliText::NoInvite, &[("name", &name(wanted))]))
    })?;
    Ok(client.invite_link(invite).await?)
}

/// A QR code of half blocks, two modules a character: dark on light whatever
/// the terminal's colours are, as many readers know no other.
fn code(link: &str) -> Result<String, Failure> {
    let code = QrCode::with_error_correction_level(link, EcLevel::L)
        .map_err(|error| Failure::Other(error.to_string()))?;
    let text = code
        .render::<Dense1x2>()
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .build();
    Ok(text)
}
