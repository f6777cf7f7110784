//! What goes through the outbox: it is on disk at once, and the command waits
//! for its end.

use proto::catalog::{CliText, sentence};
use proto::id::{ChatId, EntryId};
use serde_json::json;

use super::context::Context;
use super::failure::{Failure, exit};
use super::output::json_line;
use crate::client::model::Refusal;
use crate::client::{Client, ClientError, Outcome};

/// Waits until what was put into the outbox is stored and says so; the last
/// thing a command does.
pub(super) async fn settle(
    context: &Context,
    client: Client,
    chat: ChatId,
    id: EntryId,
    no_wait: bool,
) -> Result<(), Failure> {
    if no_wait {
        client.close().await;
        return queued(context, id, chat);
    }
    let ended = tokio::time::timeout(context.timeout, delivered(context, &client, id)).await;
    let outcome = match ended {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(failure)) => {
            queued_line(context, id, chat)?;
            return Err(failure);
        }
        Err(_) => {
            // Asked before closing, which tries once more.
            if let Some(why) = client.held_back(id) {
                context.output.talk(&sentence(context.output.lang(), &why));
            }
            client.close().await;
            return queued(context, id, chat);
        }
    };
    match outcome {
        Outcome::Stored(seq) => {
            client.close().await;
            let value = json!({
                "state": "stored", "id": id.to_string(), "chat": chat.to_string(), "seq": seq,
            });
            context.output.line(&value, || id.to_string())
        }
        Outcome::Failed(error) => {
            // Who asked is told now: nothing stays behind to be told later.
            client.discard(id).await?;
            client.close().await;
            Err(ClientError::Server(error).into())
        }
        Outcome::Discarded => Err(Failure::Quiet(exit::FAILED)),
    }
}

/// Waits for the message's end, or for a reason why there will be none.
async fn delivered(context: &Context, client: &Client, id: EntryId) -> Result<Outcome, Failure> {
    loop {
        let refused = async {
            match client.connected(false, false).await {
                Ok(_) => std::future::pending().await,
                Err(error) => error,
            }
        };
        tokio::select! {
            outcome = client.outcome(id) => return Ok(outcome?),
            error = refused => match error {
                ClientError::Refused(Refusal::Untrusted { shown }) => {
                    context.ask(client, &shown).await?;
                }
                error => return Err(error.into()),
            },
        }
    }
}

fn queued(context: &Context, id: EntryId, chat: ChatId) -> Result<(), Failure> {
    queued_line(context, id, chat)?;
    context.output.talk(&context.say(CliText::Queued, &[]));
    Err(Failure::Quiet(exit::QUEUED))
}

/// The same for scripts and people: the exit code says that it is not the id
/// of something stored.
fn queued_line(context: &Context, id: EntryId, chat: ChatId) -> Result<(), Failure> {
    let value = json!({"state": "queued", "id": id.to_string(), "chat": chat.to_string()});
    context.output.line(&value, || json_line(&value))
}
