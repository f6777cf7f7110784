//! What stands around messages: what they answer, what was done to them, and
//! what happened between them.

use proto::catalog::{Text, fill};
use proto::entry::{Body, ChatChanged};
use proto::request::{ChatKind, Role};
use proto::text::printable_line;

use super::flow::{Span, line_width};
use super::markdown::Style;
use super::rows::Builder;
use super::wrap;
use crate::client::model::EntryRow;

/// What is said around a message.
#[derive(Default)]
pub(super) struct About {
    /// Lines above its text.
    pub(super) above: Vec<Vec<Span>>,
    /// Whether they stand in its place.
    pub(super) instead: bool,
    /// Words behind its text.
    pub(super) behind: String,
    /// Lines below its text.
    pub(super) below: Vec<Vec<Span>>,
}

impl Builder<'_> {
    /// What is said around a message: what it answers, whose it was, what was
    /// done to it.
    pub(super) fn about(&self, entry: &EntryRow, message: &proto::entry::Message) -> About {
        let lang = self.look.lang;
        let width = self.look.width;
        let mut about = About::default();
        let folded = self.look.blocked.contains(&entry.actor) && !self.revealed.contains(&entry.id);
        if entry.deleted || folded {
            let text = match entry.deleted {
                true => Text::DeletedMessage,
                false => Text::BlockedMessage,
            };
            about.instead = true;
            about.above.push(vec![Span::note(text.get(lang))]);
            return about;
        }
        if let Some(quote) = &entry.quote {
            let text = match (quote.deleted, quote.text.is_empty()) {
                (true, _) => Text::DeletedMessage.get(lang).to_owned(),
                (false, true) => Text::EarlierMessage.get(lang).to_owned(),
                (false, false) => super::select::one_line(&quote.text),
            };
            let line = match &quote.author {
                Some(author) => format!("│ {}: {text}", printable_line(author)),
                None => format!("│ {text}"),
            };
            let style = Style {
                quote: true,
                ..Style::default()
            };
            let line = wrap::fit(&line, width).into_owned();
            about.above.push(vec![Span {
                style,
                ..Span::plain(line)
            }]);
        }
        if message.forwarded.is_some() {
            let who = entry.forwarded.as_deref().unwrap_or("?");
            let line = fill(
                Text::ForwardedFrom.get(lang),
                &[("who", &printable_line(who))],
            );
            about
                .above
                .push(vec![Span::note(wrap::fit(&line, width).into_owned())]);
        }
        let mut words = Vec::new();
        if entry.edited.is_some() {
            words.push(Text::EditedMark.get(lang));
        }
        if entry.pinned {
            words.push(Text::PinnedMark.get(lang));
        }
        if entry.pending {
            words.push(Text::PendingMark.get(lang));
        }
        if !words.is_empty() {
            about.behind = format!("({})", words.join(", "));
        }
        about.below = self.reactions(entry);
        about
    }

    /// Reactions with their counts, those given by oneself standing out.
    fn reactions(&self, entry: &EntryRow) -> Vec<Vec<Span>> {
        let mut lines: Vec<Vec<Span>> = Vec::new();
        for reaction in &entry.reactions {
            let emoji = printable_line(&reaction.emoji);
            let mut span = if reaction.mine {
                let mut span = Span::plain(format!("[{emoji} {}]", reaction.count));
                span.style.bold = true;
                span
            } else {
                Span::note(format!(" {emoji} {} ", reaction.count))
            };
            let fits = lines.last().is_some_and(|line| {
                line_width(line) + 1 + wrap::width(&span.text) <= self.look.width
            });
            match lines.last_mut().filter(|_| fits) {
                Some(line) => {
                    line.push(Span::plain(" "));
                    line.push(span);
                }
                None => {
                    span.text = wrap::fit(&span.text, self.look.width).into_owned();
                    lines.push(vec![span]);
                }
            }
        }
        lines
    }

    /// Something that happened in the chat, in words.
    pub(super) fn event(&self, entry: &EntryRow, body: &Body) -> String {
        let lang = self.look.lang;
        let actor = printable_line(&entry.actor_name);
        let (template, who) = match body {
            Body::Created(created) => match (&created.name, created.kind) {
                (Some(name), ChatKind::Group) => {
                    (Text::EventGroupCreated, printable_line(name).into_owned())
                }
                _ => (Text::EventCreated, String::new()),
            },
            Body::MembersAdded(added) if added.users == [entry.actor] => {
                (Text::EventJoined, String::new())
            }
            Body::MembersAdded(added) => {
                let names: Vec<String> = added.users.iter().map(|user| self.name(*user)).collect();
                (Text::EventAdded, names.join(", "))
            }
            Body::MemberLeft(left) if left.user == entry.actor => (Text::EventLeft, String::new()),
            Body::MemberLeft(left) => (Text::EventRemoved, self.name(left.user)),
            Body::Pinned(pinned) => {
                let quote = entry.quote.as_ref();
                let text = quote.map(|quote| super::select::one_line(&quote.text));
                let text: String = text.unwrap_or_default().chars().take(40).collect();
                match pinned.on {
                    true => (Text::EventPinned, text),
                    false => (Text::EventUnpinned, text),
                }
            }
            Body::ChatChanged(changed) => self.changed(changed),
            Body::RoleChanged(changed) => {
                let text = match changed.role {
                    Role::Admin => Text::EventAdmin,
                    Role::Moderator => Text::EventModerator,
                    Role::Member | Role::Unknown => Text::EventMember,
                };
                (text, self.name(changed.user))
            }
            Body::MemberMuted(muted) if muted.until == 0 => {
                (Text::EventUnsilenced, self.name(muted.user))
            }
            Body::MemberMuted(muted) => (Text::EventSilenced, self.name(muted.user)),
            Body::MemberBanned(banned) if banned.on => (Text::EventBanned, self.name(banned.user)),
            Body::MemberBanned(banned) => (Text::EventUnbanned, self.name(banned.user)),
            _ => (Text::EventUnknown, String::new()),
        };
        fill(template.get(lang), &[("actor", &actor), ("who", &who)])
    }

    /// What of a chat was changed: the first of it that there are words for.
    fn changed(&self, changed: &ChatChanged) -> (Text, String) {
        if let Some(name) = &changed.name {
            return (Text::EventRenamed, printable_line(name).into_owned());
        }
        if let Some(text) = &changed.description {
            return (Text::EventDescribed, super::select::one_line(text));
        }
        if changed.avatar {
            return (Text::EventAvatar, String::new());
        }
        match changed.settings {
            Some(settings) if settings.message_retention > 0 => {
                (Text::EventRetention, settings.message_retention.to_string())
            }
            _ => (Text::EventSettings, String::new()),
        }
    }
}
