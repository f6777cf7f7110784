//! `watch`: entries as they arrive; `wait-for`: one of them.

use proto::catalog::CliText;
use proto::entry::Body;
use proto::id::UserId;
use proto::text::search_fold;

use super::args::{WaitFor, Watch};
use super::context::Context;
use super::failure::Failure;
use super::find;
use super::follow::Follow;
use super::json::entry_json;
use super::lines::{line, short};
use super::output::json_line;
use crate::client::ClientError;
use crate::client::model::EntryRow;

pub(super) async fn watch(context: &Context, args: Watch) -> Result<(), Failure> {
    let (since, chat) = (args.since.as_deref(), args.chat.as_deref());
    let mut follow = Follow::start(context, since, chat, true).await?;
    loop {
        for row in follow.next(context).await? {
            let mut value = entry_json(&row);
            value["cursor"] = follow.cursor(&row).into();
            context.output.line(&value, || json_line(&value))?;
        }
    }
}

pub(super) async fn wait_for(context: &Context, args: WaitFor) -> Result<(), Failure> {
    let (since, chat) = (args.since.as_deref(), args.chat.as_deref());
    let mut follow = Follow::start(context, since, chat, false).await?;
    let waited = wanted(context, &mut follow, &args);
    let found = match context.given_timeout {
        None => Some(waited.await?),
        Some(limit) => tokio::time::timeout(limit, waited).await.ok().transpose()?,
    };
    let Some(row) = found else {
        let reached = follow.reached();
        follow.client.close().await;
        let seconds = context.timeout.as_secs_f64().to_string();
        let values = [("seconds", seconds.as_str())];
        return Err(if reached {
            Failure::NotFound(context.say(CliText::WaitedInVain, &values))
        } else {
            ClientError::Offline(context.say(CliText::NoAnswerIn, &values)).into()
        });
    };
    let mut value = entry_json(&row);
    value["cursor"] = follow.cursor(&row).into();
    follow.client.close().await;
    context
        .output
        .line(&value, || line(context, &row, &|user| short(user)))
}

/// The first message that is meant.
async fn wanted(
    context: &Context,
    follow: &mut Follow,
    args: &WaitFor,
) -> Result<EntryRow, Failure> {
    let own = follow.client.account().map(|own| own.user);
    let from = match &args.from {
        None => None,
        Some(name) => Some(
            match follow
                .client
                .cached_user(name.trim_start_matches('@'))
                .await?
            {
                Some(user) => user.id,
                None => {
                    context.connected(&follow.client, false).await?;
                    find::user(context, &follow.client, name).await?
                }
            },
        ),
    };
    let text = args.text.as_deref().map(search_fold);
    loop {
        for row in follow.next(context).await? {
            if meets(&row, from, own, text.as_deref()) {
                return Ok(row);
            }
        }
    }
}

/// One's own messages are waited for only by name.
fn meets(row: &EntryRow, from: Option<UserId>, own: Option<UserId>, text: Option<&str>) -> bool {
    let by = match from {
        Some(from) => row.actor == from,
        None => Some(row.actor) != own,
    };
    by && !row.deleted
        && matches!(row.body, Body::Message(_))
        && text.is_none_or(|text| {
            row.text()
                .is_some_and(|written| search_fold(written).contains(text.trim()))
        })
}
