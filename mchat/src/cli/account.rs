//! `register`, `login`, `logout`, `whoami`.

use proto::catalog::CliText;
use proto::text::{Email, Token, Username};
use serde_json::json;

use super::args::{Login, Passwd, Register};
use super::context::Context;
use super::failure::Failure;
use super::output::name;
use super::secret;
use crate::client::model::AccountRow;
use crate::client::{Client, ClientError, Registration};

pub(super) async fn register(context: &Context, args: Register) -> Result<(), Failure> {
    let invite = match args.invite {
        Some(invite) => Some(Token::try_from(invite).map_err(ClientError::from)?),
        None => context
            .options
            .server
            .as_ref()
            .and_then(|server| server.invite.clone()),
    };
    let new = Registration {
        username: Username::try_from(args.user).map_err(ClientError::from)?,
        password: secret::new_password(
            context,
            args.password_file.as_deref(),
            CliText::AskPassword,
        )?,
        email: args
            .email
            .map(Email::try_from)
            .transpose()
            .map_err(ClientError::from)?,
        invite,
    };
    let client = open(context).await?;
    let account = client.register(new).await?;
    signed_in(context, &client, &account).await
}

pub(super) async fn login(context: &Context, args: Login) -> Result<(), Failure> {
    let password = secret::password(context, args.password_file.as_deref(), CliText::AskPassword)?;
    let client = open(context).await?;
    let account = client.login(&args.user, password).await?;
    signed_in(context, &client, &account).await
}

pub(super) async fn logout(context: &Context) -> Result<(), Failure> {
    let client = context.online().await?;
    client.logout().await?;
    client.close().await;
    context.output.talk(&context.say(CliText::SignedOff, &[]));
    context.output.done(&json!({"done": "logout"}))
}

/// From the cache: who this profile belongs to.
pub(super) fn whoami(context: &Context) -> Result<(), Failure> {
    let db = context.cache()?;
    let Some(account) = db.stored()?.account else {
        return Err(ClientError::SignedOut.into());
    };
    let server = db.meta("server")?;
    let address = db.meta("node")?;
    let value = json!({
        "user": account.user.to_string(),
        "username": account.username,
        "session": account.session.to_string(),
        "server": server,
        "address": address,
    });
    context.output.line(&value, || name(&account.username))
}

pub(super) async fn passwd(context: &Context, args: Passwd) -> Result<(), Failure> {
    context.cache()?;
    let old = args.old_password_file.as_deref();
    let old = secret::password(context, old, CliText::AskOldPassword)?;
    let new = args.new_password_file.as_deref();
    let new = secret::new_password(context, new, CliText::AskNewPassword)?;
    let client = context.online().await?;
    client.change_password(old, new).await?;
    client.close().await;
    context
        .output
        .talk(&context.say(CliText::PasswordChanged, &[]));
    context.output.done(&json!({"done": "passwd"}))
}

/// A connected client; nobody needs to be signed in.
async fn open(context: &Context) -> Result<Client, Failure> {
    let mut options = context.options.clone();
    options.live = false;
    let (client, _) = Client::open(options).await?;
    context.connected(&client, true).await?;
    Ok(client)
}

async fn signed_in(
    context: &Context,
    client: &Client,
    account: &AccountRow,
) -> Result<(), Failure> {
    client.close().await;
    context
        .output
        .talk(&context.say(CliText::SignedIn, &[("name", &name(&account.username))]));
    let value = json!({
        "user": account.user.to_string(),
        "username": account.username,
        "session": account.session.to_string(),
    });
    if context.output.is_json() {
        context.output.line(&value, String::new)?;
    }
    Ok(())
}
