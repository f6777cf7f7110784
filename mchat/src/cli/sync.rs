//! `sync`: everything into the cache, and the proof that it is all there.

use proto::catalog::CliText;
use serde_json::json;

use super::args::Sync;
use super::context::Context;
use super::failure::{Failure, exit};
use super::output::name;

pub(super) async fn sync(context: &Context, args: Sync) -> Result<(), Failure> {
    let client = context.online().await?;
    client.sync(true).await?;
    if !args.verify {
        let (chats, entries) = client.counts().await?;
        client.close().await;
        let value = json!({"chats": chats, "entries": entries});
        return context.output.line(&value, || {
            context.say(
                CliText::Synced,
                &[
                    ("chats", &chats.to_string()),
                    ("entries", &entries.to_string()),
                ],
            )
        });
    }
    let verified = client.verify().await?;
    client.close().await;
    let value = json!({
        "chats": verified.chats,
        "entries": verified.entries,
        "differences": verified.differences,
    });
    context.output.line(&value, || {
        if verified.differences.is_empty() {
            return context.say(
                CliText::Verified,
                &[
                    ("chats", &verified.chats.to_string()),
                    ("entries", &verified.entries.to_string()),
                ],
            );
        }
        let lines: Vec<String> = verified
            .differences
            .iter()
            .map(|what| context.say(CliText::Differs, &[("what", &name(what))]))
            .collect();
        lines.join("\n")
    })?;
    if verified.differences.is_empty() {
        Ok(())
    } else {
        Err(Failure::Quiet(exit::FAILED))
    }
}
