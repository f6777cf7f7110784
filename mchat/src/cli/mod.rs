//! The command line: every action as a subcommand. One file for each family of
//! verbs.

mod account;
pub mod actions;
mod args;
mod chats;
mod contacts;
mod context;
mod export;
mod failure;
mod find;
mod follow;
mod groups;
mod hook;
mod invites;
mod json;
mod lines;
mod members;
mod messages;
mod names;
mod outbox;
mod output;
mod profile;
mod reference;
pub mod schema;
mod secret;
mod sessions;
mod sync;
mod watch;
mod write;

use std::pin::Pin;

use proto::catalog::{CliText, fill};

pub use self::args::{Cli, Global, Verb};
pub use self::failure::{Failure, exit};
pub use self::names::{SHELLS, VARIABLE, answer};

use self::context::Context;
use self::output::Output;
use crate::client::{Options, ServerAddress};
use crate::config::{self, ConfigError, Settings};

/// How the screen is to be opened for these arguments.
///
/// # Errors
///
/// [`Failure::Usage`] and [`Failure::Other`] for what cannot be used.
pub fn options(global: &Global) -> Result<Options, Failure> {
    options_with(global, &Settings::load()?)
}

/// The same with settings that were read already.
fn options_with(global: &Global, settings: &Settings) -> Result<Options, Failure> {
    let lang = settings.lang();
    let profile = config::profile_dir(&global.profile).map_err(|error| match error {
        ConfigError::Profile(_) => Failure::Usage(CliText::WrongProfile.get(lang).to_owned()),
        other => other.into(),
    })?;
    let mut options = Options::new(profile);
    options.lang = lang;
    options.trust = global.trust;
    options.fingerprint = global.fingerprint;
    let parse = |text: &str| {
        text.parse::<ServerAddress>().map_err(|_| {
            let text = proto::text::printable_line(text);
            let sentence = CliText::NoServerAddress.get(lang);
            Failure::Usage(fill(sentence, &[("what", &text)]))
        })
    };
    // Set and empty is as good as not set.
    let variable = std::env::var("MCHAT_SERVER")
        .ok()
        .filter(|text| !text.is_empty());
    options.server = match (&global.server, variable, settings.server()) {
        (Some(server), ..) => Some(server.clone()),
        (None, Some(text), _) => Some(parse(&text)?),
        // The profile's own server goes before the one for all.
        (None, None, Some(text)) if !options.profile.join("cache.db").exists() => {
            Some(parse(text)?)
        }
        _ => None,
    };
    Ok(options)
}

/// Does something with the options of these arguments and says why it failed;
/// the process's exit code.
pub fn with_options(global: &Global, act: impl FnOnce(Options) -> Result<(), Failure>) -> u8 {
    match options(global).and_then(act) {
        Ok(()) => 0,
        Err(failure) => {
            Output::new(global.json, config::locale()).fail(&failure);
            failure.code()
        }
    }
}

/// Runs a subcommand; the process's exit code.
pub fn run(global: &Global, verb: Verb) -> u8 {
    let options = Settings::load().and_then(Settings::strict);
    let options = options
        .map_err(Failure::from)
        .and_then(|settings| options_with(global, &settings));
    let options = match options {
        Ok(options) => options,
        Err(failure) => {
            Output::new(global.json, config::locale()).fail(&failure);
            return failure.code();
        }
    };
    let output = Output::new(global.json, options.lang);
    let context = Context::new(options, output, global);
    match carry_out(&context, verb) {
        Ok(()) => 0,
        Err(failure) => {
            context.output.fail(&failure);
            failure.code()
        }
    }
}

fn carry_out(context: &Context, verb: Verb) -> Result<(), Failure> {
    // These need neither the network nor a runtime.
    let verb = match verb {
        Verb::Unread => return chats::unread(context),
        Verb::Whoami => return account::whoami(context),
        other => other,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let done = runtime.block_on(act(context, verb));
    // A name lookup that hangs must not keep the process.
    runtime.shutdown_background();
    done
}

/// Boxed, as each verb's state would else be as large as the largest one's.
fn act(context: &Context, verb: Verb) -> Pin<Box<dyn Future<Output = Result<(), Failure>> + '_>> {
    match verb {
        Verb::Register(args) => Box::pin(account::register(context, args)),
        Verb::Login(args) => Box::pin(account::login(context, args)),
        Verb::Logout => Box::pin(account::logout(context)),
        Verb::Passwd(args) => Box::pin(account::passwd(context, args)),
        Verb::Sessions(args) => Box::pin(sessions::sessions(context, args.verb)),
        Verb::Send(args) => Box::pin(write::send(context, args)),
        Verb::Reply(args) => Box::pin(write::reply(context, args)),
        Verb::Forward(args) => Box::pin(write::forward(context, args)),
        Verb::Edit(args) => Box::pin(write::edit(context, args)),
        Verb::Delete(args) => Box::pin(write::delete(context, args)),
        Verb::React(args) => Box::pin(write::react(context, args, true)),
        Verb::Unreact(args) => Box::pin(write::react(context, args, false)),
        Verb::Pin(args) => Box::pin(write::pin(context, args, true)),
        Verb::Unpin(args) => Box::pin(write::pin(context, args, false)),
        Verb::Pins(args) => Box::pin(messages::pins(context, args)),
        Verb::Show(args) => Box::pin(messages::show(context, args)),
        Verb::Search(args) => Box::pin(messages::search(context, args)),
        Verb::History(args) => Box::pin(messages::history(context, args)),
        Verb::Watch(args) => Box::pin(watch::watch(context, args)),
        Verb::WaitFor(args) => Box::pin(watch::wait_for(context, args)),
        Verb::Hook(args) => Box::pin(hook::hook(context, args.verb)),
        Verb::Export(args) => Box::pin(export::export(context, args)),
        Verb::Read(args) => Box::pin(messages::read(context, args)),
        Verb::Sync(args) => Box::pin(sync::sync(context, args)),
        Verb::New(args) => Box::pin(chats::new(context, args)),
        Verb::Chats => Box::pin(chats::chats(context)),
        Verb::Chat(args) => Box::pin(groups::chat(context, args.verb)),
        Verb::Members(args) => Box::pin(members::members(context, args.verb)),
        Verb::Join(args) => Box::pin(groups::join(context, args)),
        Verb::Leave(args) => Box::pin(groups::leave(context, args)),
        Verb::Rename(args) => Box::pin(groups::rename(context, args)),
        Verb::Describe(args) => Box::pin(groups::describe(context, args)),
        Verb::DeleteChat(args) => Box::pin(groups::delete(context, args)),
        Verb::Directory(args) => Box::pin(groups::directory(context, args)),
        Verb::Invite(args) => Box::pin(invites::invite(context, args.verb)),
        Verb::Contacts(args) => Box::pin(contacts::contacts(context, args.verb)),
        Verb::Users(args) => Box::pin(contacts::users(context, args.verb)),
        Verb::Status(args) => Box::pin(profile::status(context, args)),
        Verb::Profile(args) => Box::pin(profile::profile(context, args.verb)),
        // Done without a runtime.
        Verb::Unread | Verb::Whoami => Box::pin(std::future::ready(Ok(()))),
    }
}
