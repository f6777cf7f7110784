//! What every command has at hand, and how it gets a connection.

use std::io::{BufRead, IsTerminal};
use std::time::Duration;

use proto::catalog::{CliText, fill};

use super::args::Global;
use super::failure::{Failure, exit};
use super::output::Output;
use crate::client::cache::Db;
use crate::client::model::Refusal;
use crate::client::{Client, ClientError, Events, Options};

/// What every command has at hand.
pub(super) struct Context {
    pub(super) options: Options,
    pub(super) output: Output,
    /// How long to wait for the server.
    pub(super) timeout: Duration,
    /// How long to wait, where a person said so.
    pub(super) given_timeout: Option<Duration>,
    /// Nothing is to be asked.
    pub(super) yes: bool,
}

/// How long a command waits for the server by default, in seconds.
const TIMEOUT: f64 = 5.0;

impl Context {
    pub(super) fn new(options: Options, output: Output, global: &Global) -> Self {
        Self {
            options,
            output,
            timeout: Duration::from_secs_f64(global.timeout.unwrap_or(TIMEOUT)),
            given_timeout: global.timeout.map(Duration::from_secs_f64),
            yes: global.yes,
        }
    }

    /// A sentence in the person's language.
    pub(super) fn say(&self, text: CliText, values: &[(&str, &str)]) -> String {
        fill(text.get(self.output.lang()), values)
    }

    /// The cache alone, of somebody who is signed in.
    pub(super) fn cache(&self) -> Result<Db, Failure> {
        let signed_out = || Failure::Client(ClientError::SignedOut);
        if !self.options.profile.join("cache.db").exists() {
            return Err(signed_out());
        }
        let db = Db::open(&self.options.profile)?;
        if db.stored()?.account.is_none() {
            return Err(signed_out());
        }
        Ok(db)
    }

    /// A client that only answers, being connected; for who is signed in.
    pub(super) async fn open(&self) -> Result<Client, Failure> {
        self.cache()?;
        let mut options = self.options.clone();
        options.live = false;
        Ok(Client::open(options).await?.0)
    }

    /// A client that hears what happens, being connected.
    pub(super) async fn open_live(&self) -> Result<(Client, Events), Failure> {
        self.cache()?;
        Ok(Client::open(self.options.clone()).await?)
    }

    /// Waits for the connection; asks the person about an unknown server.
    pub(super) async fn connected(
        &self,
        client: &Client,
        signed_out_will_do: bool,
    ) -> Result<(), Failure> {
        loop {
            let connected = client.connected(signed_out_will_do, true);
            match tokio::time::timeout(self.timeout, connected).await {
                Ok(Ok(_)) => return Ok(()),
                Ok(Err(ClientError::Refused(Refusal::Untrusted { shown }))) => {
                    self.ask(client, &shown).await?;
                }
                Ok(Err(error)) => return Err(error.into()),
                Err(_) => {
                    return Err(match client.link() {
                        crate::client::model::Link::Offline { reason, .. } => {
                            ClientError::Offline(reason)
                        }
                        _ => ClientError::Offline(self.say(
                            CliText::NoAnswerIn,
                            &[("seconds", &self.timeout.as_secs_f64().to_string())],
                        )),
                    }
                    .into());
                }
            }
        }
    }

    /// Connects where that is possible. `Some` says why the server is not
    /// reached, so that the cache has to answer.
    ///
    /// # Errors
    ///
    /// Every other failure.
    pub(super) async fn reached(&self, client: &Client) -> Result<Option<Failure>, Failure> {
        match self.connected(client, false).await {
            Ok(()) => Ok(None),
            Err(failure) if failure.code() == exit::UNREACHABLE => Ok(Some(failure)),
            Err(failure) => Err(failure),
        }
    }

    /// An open and connected client for a short command.
    pub(super) async fn online(&self) -> Result<Client, Failure> {
        let client = self.open().await?;
        self.connected(&client, false).await?;
        Ok(client)
    }

    /// Whether a person can be asked.
    pub(super) fn can_ask() -> bool {
        std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    /// Asks before something that cannot be undone; where nobody can be asked,
    /// or `--yes` says so, it is done.
    pub(super) fn confirm(&self, text: CliText, values: &[(&str, &str)]) -> Result<(), Failure> {
        if self.yes || !Self::can_ask() || self.agreed(&self.say(text, values))? {
            return Ok(());
        }
        Err(Failure::Quiet(exit::FAILED))
    }

    /// Whether the person answers a question with yes.
    fn agreed(&self, question: &str) -> Result<bool, Failure> {
        self.output.talk(question);
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer)?;
        Ok(matches!(
            answer.trim().chars().next(),
            Some('y' | 'Y' | 'д' | 'Д')
        ))
    }

    pub(super) async fn ask(&self, client: &Client, shown: &str) -> Result<(), Failure> {
        let refused = || {
            Failure::Client(ClientError::Refused(Refusal::Untrusted {
                shown: shown.to_owned(),
            }))
        };
        let fingerprint = shown.parse().map_err(|_| refused())?;
        if !Self::can_ask() {
            return Err(refused());
        }
        let server = self
            .options
            .server
            .as_ref()
            .map_or_else(String::new, ToString::to_string);
        let question = self.say(
            CliText::AskTrust,
            &[("server", &server), ("fingerprint", shown)],
        );
        if !self.agreed(&question)? {
            return Err(refused());
        }
        let mut link = client.watch_link();
        link.mark_unchanged();
        client.trust(fingerprint);
        // Until it is tried again; the answer is awaited by the caller.
        link.changed()
            .await
            .map_err(|_| Failure::Client(ClientError::Closed))
    }
}
