//! `register`, `login`, `logout`, `whoami`.

use std::io::Read;
use std::path::Path;

use proto::catalog::CliText;
use proto::text::{Email, Password, Token, Username};
use serde_json::json;

use super::args::{Login, Register};
use super::context::Context;
use super::failure::Failure;
use super::output::name;
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
        password: password(context, &args.password_file)?,
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
    let password = password(context, &args.password_file)?;
    let client = open(context).await?;
    let account = client.login(&args.user, password).await?;
    signed_in(context, &client, &account).await
}

pub(super) async fn logout(context: &Context) -> Result<(), Failure> {
    let client = context.online().await?;
    client.logout().await?;
    client.close().await;
    context.output.talk(&context.say(CliText::SignedOff, &[]));
    Ok(())
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

/// The first line of a file or of standard input: never of the arguments.
fn password(context: &Context, file: &Path) -> Result<Password, Failure> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().lock().read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|mut file| file.read_to_string(&mut text))
    };
    read.map_err(|error| {
        let (file, reason) = (file.display().to_string(), error.to_string());
        Failure::Other(context.say(
            CliText::NoFile,
            &[("file", &name(&file)), ("reason", &reason)],
        ))
    })?;
    let line = text.lines().next().unwrap_or_default();
    Ok(Password::try_from(line).map_err(ClientError::from)?)
}
