//! The command line: every action as a subcommand. One file for each family of
//! verbs.

mod account;
mod args;
mod chats;
mod context;
mod failure;
mod find;
mod messages;
mod output;
mod sync;
mod watch;

use proto::catalog::{CliText, fill};

pub use self::args::{Cli, Global, Verb};
pub use self::failure::{Failure, exit};

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
    let context = Context::new(options, output, global.timeout);
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
    let done = runtime.block_on(async {
        match verb {
            Verb::Register(args) => account::register(context, args).await,
            Verb::Login(args) => account::login(context, args).await,
            Verb::Logout => account::logout(context).await,
            Verb::New(args) => chats::new(context, args).await,
            Verb::Chats => chats::chats(context).await,
            Verb::Send(args) => messages::send(context, args).await,
            Verb::History(args) => messages::history(context, args).await,
            Verb::Watch(args) => watch::watch(context, args).await,
            Verb::Read(args) => messages::read(context, args).await,
            Verb::Sync(args) => sync::sync(context, args).await,
            // Done above.
            Verb::Unread | Verb::Whoami => Ok(()),
        }
    });
    // A name lookup that hangs must not keep the process.
    runtime.shutdown_background();
    done
}
