//! `sessions …`.

use proto::catalog::CliText;
use proto::request::SessionInfo;
use serde_json::json;

use super::args::SessionVerb;
use super::args::value::PREFIX;
use super::context::Context;
use super::failure::Failure;
use super::json::session_json;
use super::output::{local_time, name};

pub(super) async fn sessions(context: &Context, verb: SessionVerb) -> Result<(), Failure> {
    match verb {
        SessionVerb::List => list(context).await,
        SessionVerb::Revoke { sessions } => revoke(context, &sessions).await,
    }
}

async fn list(context: &Context) -> Result<(), Failure> {
    let client = context.online().await?;
    let sessions = client.sessions().await?;
    client.close().await;
    for session in sessions {
        context.output.line(&session_json(&session), || {
            let current = if session.current {
                format!("  {}", context.say(CliText::ThisDevice, &[]))
            } else {
                String::new()
            };
            format!(
                "{}  {}  {}{current}",
                session.id,
                local_time(session.last_used),
                name(&session.device)
            )
        })?;
    }
    Ok(())
}

async fn revoke(context: &Context, wanted: &[String]) -> Result<(), Failure> {
    let client = context.online().await?;
    let all = client.sessions().await?;
    // All are known before the first one ends.
    let mut ending = Vec::new();
    for wanted in wanted {
        ending.push(one(context, &all, wanted)?.id);
    }
    for session in ending {
        client.revoke_session(session).await?;
        context
            .output
            .done(&json!({"done": "sessions revoke", "session": session.to_string()}))?;
    }
    client.close().await;
    Ok(())
}

fn one<'a>(
    context: &Context,
    all: &'a [SessionInfo],
    wanted: &str,
) -> Result<&'a SessionInfo, Failure> {
    let begin: String = wanted
        .chars()
        .filter(|c| *c != '-')
        .collect::<String>()
        .to_ascii_lowercase();
    let mut found = all.iter().filter(|session| {
        begin.len() >= PREFIX && session.id.0.simple().to_string().starts_with(&begin)
    });
    match (found.next(), found.next()) {
        (Some(session), None) => Ok(session),
        (Some(_), Some(_)) => Err(Failure::Usage(
            context.say(CliText::AmbiguousSession, &[("id", &name(wanted))]),
        )),
        _ => Err(Failure::NotFound(
            context.say(CliText::NoSession, &[("id", &name(wanted))]),
        )),
    }
}
