//! Entries as lines for a person.

use proto::catalog::CliText;
use proto::entry::Body;
use proto::id::UserId;

use super::context::Context;
use super::output::{local_time, name, paragraph};
use crate::client::model::{EntryRow, Link};

/// What a person without a known name is shown as.
pub(super) fn short(user: UserId) -> String {
    let text = user.0.simple().to_string();
    text[24..].to_owned()
}

/// An entry for a person.
pub(super) fn line(context: &Context, row: &EntryRow, who: &dyn Fn(UserId) -> String) -> String {
    let (seq, at, actor) = (row.seq, local_time(row.at), name(&row.actor_name));
    let say = |text: CliText, other: &str| {
        let told = context.say(text, &[("name", &actor), ("who", other)]);
        format!("{seq}  {at}  * {told}")
    };
    match &row.body {
        Body::Message(_) => format!("{seq}  {at}  {actor}: {}", message(context, row)),
        Body::Created(_) => say(CliText::Created, ""),
        Body::MembersAdded(added) => {
            let all: Vec<String> = added.users.iter().map(|user| who(*user)).collect();
            if added.users == [row.actor] {
                say(CliText::Joined, "")
            } else {
                say(CliText::Added, &all.join(", "))
            }
        }
        Body::MemberLeft(left) if left.user == row.actor => say(CliText::Left, ""),
        Body::MemberLeft(left) => say(CliText::Removed, &who(left.user)),
        Body::Edited(edited) => say(
            CliText::Edited,
            &format!("{}: {}", referred(row), paragraph(&edited.text)),
        ),
        Body::Deleted(_) => say(CliText::Deleted, &referred(row)),
        Body::Reacted(reacted) => say(
            if reacted.on {
                CliText::Reacted
            } else {
                CliText::Unreacted
            },
            &format!("{} {}", referred(row), name(&reacted.emoji)),
        ),
        Body::Pinned(pinned) => say(
            if pinned.on {
                CliText::Pinned
            } else {
                CliText::Unpinned
            },
            &referred(row),
        ),
        Body::ChatChanged(changed) => match &changed.name {
            Some(title) => say(CliText::Renamed, &name(title)),
            None => say(CliText::ChatChanged, ""),
        },
        Body::RoleChanged(changed) => say(
            CliText::RoleChanged,
            &format!("{}: {}", who(changed.user), changed.role.as_str()),
        ),
        Body::MemberMuted(muted) => say(
            if muted.until > row.at {
                CliText::Muted
            } else {
                CliText::Unmuted
            },
            &who(muted.user),
        ),
        Body::MemberBanned(banned) => say(
            if banned.on {
                CliText::Banned
            } else {
                CliText::Unbanned
            },
            &who(banned.user),
        ),
        Body::Unknown => say(CliText::Newer, ""),
    }
}

/// The message that an entry is about.
fn referred(row: &EntryRow) -> String {
    row.ref_seq.map_or_else(String::new, |seq| seq.to_string())
}

/// A message's text with what was done to it.
fn message(context: &Context, row: &EntryRow) -> String {
    let mut text = String::new();
    if row.deleted {
        return context.say(CliText::IsDeleted, &[]);
    }
    if let Some(quote) = &row.quote {
        let author = quote.author.as_deref().map(name).unwrap_or_default();
        let short: String = quote.text.chars().take(60).collect();
        let short = match quote.deleted {
            true => context.say(CliText::IsDeleted, &[]),
            false => name(&short),
        };
        text.push_str(&format!("> {author} {}: {short}\n    ", quote.seq));
    }
    if let Some(from) = &row.forwarded {
        text.push_str(&context.say(CliText::IsForwarded, &[("name", &name(from))]));
        text.push(' ');
    }
    text.push_str(&paragraph(row.text().unwrap_or_default()));
    if row.edits > 0 {
        text.push(' ');
        text.push_str(&context.say(CliText::IsEdited, &[]));
    }
    if row.pinned {
        text.push(' ');
        text.push_str(&context.say(CliText::IsPinned, &[]));
    }
    if !row.reactions.is_empty() {
        let all: Vec<String> = row
            .reactions
            .iter()
            .map(|reaction| format!("{} {}", name(&reaction.emoji), reaction.count))
            .collect();
        text.push_str(&format!("\n    [{}]", all.join(", ")));
    }
    text
}

/// How the connection stands, for a person.
pub(super) fn link_text(context: &Context, link: &Link) -> Option<String> {
    use crate::client::model::Transport;
    match link {
        Link::Online { transport, address } => {
            let text = match transport {
                Transport::Quic => CliText::Online,
                Transport::WebSocket => CliText::OnlineWebSocket,
            };
            Some(context.say(text, &[("address", &name(address))]))
        }
        Link::Offline { reason, .. } => {
            Some(context.say(CliText::Offline, &[("reason", &name(reason))]))
        }
        _ => None,
    }
}
