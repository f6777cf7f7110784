//! A timeline as lines of a terminal: day separators, who wrote when, wrapped
//! text, and how far one's own messages got.

use std::collections::{HashMap, HashSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use proto::catalog::{Lang, Text, fill, sentence};
use proto::entry::{Body, ChatChanged};
use proto::id::{EntryId, UserId};
use proto::request::{ChatKind, Role};
use proto::text::{printable_line, printable_text};
use proto::{Seq, UnixMillis};

use super::clock;
use super::flow::{self, Reading, Span, line_width};
use super::markdown::Style;
use super::open::OpenChat;
use super::wrap::{self, Spaces, wrap};
use crate::client::model::{EntryRow, MemberRow, OutboxRow, OutboxState};

/// Messages of one person closer than this stand under one name.
const TOGETHER_MS: UnixMillis = 5 * 60 * 1000;

/// How far one's own message got, as words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The words.
    pub text: String,
    /// Whether it needs the person: it failed.
    pub failed: bool,
}

/// What a line shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Show {
    /// An empty line.
    Gap,
    /// The day that begins.
    Day(String),
    /// There are earlier ones that are not here yet.
    Earlier,
    /// From here on nothing was read.
    New,
    /// Who wrote, and when.
    Author {
        /// Who, for the colour of the name.
        user: UserId,
        /// Name.
        name: String,
        /// Hours and minutes.
        time: String,
        /// Whether it is oneself.
        own: bool,
    },
    /// A line of a message.
    Line {
        /// The text.
        spans: Vec<Span>,
        /// How far it got, at the right edge.
        mark: Option<Mark>,
    },
    /// How far the message above got, where it did not fit beside it, or why
    /// it failed.
    Mark(Mark),
    /// Something that happened in the chat.
    Event(String),
}

/// One line, and the entry it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The entry; separators belong to the entry below them.
    pub id: EntryId,
    /// Lines below (or, where negative, above) the first line of the entry
    /// itself.
    pub offset: isize,
    /// What it shows.
    pub show: Show,
}

/// What rows depend on beside the chat.
#[derive(Debug, Clone)]
pub struct Look {
    /// Columns.
    pub width: usize,
    /// Language.
    pub lang: Lang,
    /// Where days begin.
    pub zone: TimeZone,
    /// Oneself.
    pub me: Option<UserId>,
    /// One's own name.
    pub my_name: String,
    /// Whose messages are folded.
    pub blocked: HashSet<UserId>,
    /// There are no colours: code keeps its marks.
    pub marks: bool,
}

/// How far an own message got, from least to most.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Reach {
    Queued,
    Sending,
    Failed(String),
    Sent,
    Delivered,
    Read,
    ReadBy(u64, u64),
}

/// What is said around a message.
#[derive(Default)]
struct About {
    /// Lines above its text.
    above: Vec<Vec<Span>>,
    /// Whether they stand in its place.
    instead: bool,
    /// Words behind its text.
    behind: String,
    /// Lines below its text.
    below: Vec<Vec<Span>>,
}

struct Builder<'a> {
    look: &'a Look,
    names: HashMap<UserId, &'a str>,
    revealed: &'a HashSet<EntryId>,
    rows: Vec<Row>,
    day: Option<Date>,
    /// Author and time of the line above, where another message may follow
    /// under the same name.
    group: Option<(UserId, UnixMillis)>,
}

/// The lines of a chat.
pub fn build(chat: &OpenChat, look: &Look) -> Vec<Row> {
    let mut names: HashMap<UserId, &str> = HashMap::new();
    for entry in &chat.entries {
        names.insert(entry.actor, &entry.actor_name);
    }
    for member in &chat.members {
        names.insert(member.user, &member.name);
    }
    let mut builder = Builder {
        look,
        names,
        revealed: &chat.revealed,
        rows: Vec::new(),
        day: None,
        group: None,
    };
    let waiting: Vec<&OutboxRow> = chat.waiting().collect();
    let reaches: Vec<Option<Reach>> = chat
        .entries
        .iter()
        .map(|entry| reach(chat, entry, look.me))
        .chain(waiting.iter().map(|row| Some(outbox_reach(row, look.lang))))
        .collect();
    let marks = marks(&reaches, look.lang);

    if let Some(first) = chat.entries.first()
        && (chat.older_cached || chat.older_remote)
    {
        builder.rows.push(Row {
            id: first.id,
            // Farther from the entry than any line of its own.
            offset: isize::MIN / 2,
            show: Show::Earlier,
        });
    }
    for (entry, mark) in chat.entries.iter().zip(&marks) {
        builder.entry(entry, chat.new_from == Some(entry.seq), mark.clone());
    }
    for (row, mark) in waiting.iter().zip(&marks[chat.entries.len()..]) {
        builder.waiting(row, mark.clone());
    }
    builder.rows
}

/// Words only where they change, as a message below says at least as much of
/// those above it.
fn marks(reaches: &[Option<Reach>], lang: Lang) -> Vec<Option<Mark>> {
    let mut below: Option<&Reach> = None;
    let mut marks: Vec<Option<Mark>> = reaches
        .iter()
        .rev()
        .map(|reach| {
            let reach = reach.as_ref()?;
            let failed = matches!(reach, Reach::Failed(_));
            let shown = failed || below != Some(reach);
            below = Some(reach);
            shown.then(|| Mark {
                text: reach_text(reach, lang),
                failed,
            })
        })
        .collect();
    marks.reverse();
    marks
}

fn reach_text(reach: &Reach, lang: Lang) -> String {
    let text = match reach {
        Reach::Queued => Text::Waiting,
        Reach::Sending => Text::Sending,
        Reach::Failed(why) => {
            return fill(Text::Failed.get(lang), &[("why", why)]);
        }
        Reach::Sent => Text::Sent,
        Reach::Delivered => Text::Delivered,
        Reach::Read => Text::Read,
        Reach::ReadBy(some, all) => {
            return fill(
                Text::ReadBy.get(lang),
                &[("some", &some.to_string()), ("all", &all.to_string())],
            );
        }
    };
    text.get(lang).to_owned()
}

fn outbox_reach(row: &OutboxRow, lang: Lang) -> Reach {
    match &row.state {
        OutboxState::Queued => Reach::Queued,
        OutboxState::Sending => Reach::Sending,
        OutboxState::Failed(error) => Reach::Failed(sentence(lang, error)),
    }
}

fn reach(chat: &OpenChat, entry: &EntryRow, me: Option<UserId>) -> Option<Reach> {
    if me != Some(entry.actor) || !matches!(entry.body, Body::Message(_)) {
        return None;
    }
    if let Some(counts) = chat.receipts.get(&entry.seq) {
        return Some(of_counts(counts.read, counts.delivered, counts.members));
    }
    let others = chat.members.iter().filter(|member| me != Some(member.user));
    let count = |is: fn(&MemberRow, Seq) -> bool| -> u64 {
        others
            .clone()
            .filter(|member| is(member, entry.seq))
            .count() as u64
    };
    let read = count(|member, seq| member.read >= seq);
    let delivered = count(|member, seq| member.delivered >= seq || member.read >= seq);
    let all = others.clone().count() as u64;
    if all == 0 {
        return Some(Reach::Sent);
    }
    Some(of_counts(read, delivered, all))
}

fn of_counts(read: u64, delivered: u64, all: u64) -> Reach {
    if all > 0 && read >= all {
        Reach::Read
    } else if read > 0 {
        Reach::ReadBy(read, all)
    } else if all > 0 && delivered >= all {
        Reach::Delivered
    } else {
        Reach::Sent
    }
}

impl Builder<'_> {
    fn entry(&mut self, entry: &EntryRow, first_new: bool, mark: Option<Mark>) {
        let first = self.rows.len();
        self.day(entry.id, entry.at);
        if first_new {
            self.separate(entry.id);
            self.push(entry.id, Show::New);
            self.group = None;
        }
        match &entry.body {
            Body::Message(message) => {
                let own = self.look.me == Some(entry.actor);
                let name = printable_line(&entry.actor_name).into_owned();
                let about = self.about(entry, message);
                self.message(
                    entry.id,
                    entry.actor,
                    name,
                    own,
                    entry.at,
                    entry.text().unwrap_or_default(),
                    mark,
                    first,
                    about,
                );
            }
            body => {
                if self.group.take().is_some() {
                    self.push(entry.id, Show::Gap);
                }
                let text = self.event(entry, body);
                let start = self.rows.len();
                for range in wrap(&text, self.look.width, Spaces::Drop) {
                    self.push(entry.id, Show::Event(text[range].to_owned()));
                }
                self.number(first, start);
            }
        }
    }

    fn waiting(&mut self, row: &OutboxRow, mark: Option<Mark>) {
        let Some(me) = self.look.me else {
            return;
        };
        let first = self.rows.len();
        self.day(row.id, row.at);
        let name = self.look.my_name.clone();
        let about = About::default();
        self.message(
            row.id, me, name, true, row.at, &row.text, mark, first, about,
        );
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "an entry and a waiting message are alike in these"
    )]
    fn message(
        &mut self,
        id: EntryId,
        actor: UserId,
        name: String,
        own: bool,
        at: UnixMillis,
        text: &str,
        mark: Option<Mark>,
        first: usize,
        about: About,
    ) {
        let together = self
            .group
            .is_some_and(|(author, last)| author == actor && (at - last).abs() < TOGETHER_MS);
        if !together {
            self.separate(id);
            let time = clock::time_text(at, &self.look.zone);
            self.push(
                id,
                Show::Author {
                    user: actor,
                    name,
                    time,
                    own,
                },
            );
        }
        self.group = Some((actor, at));
        let text = printable_text(text);
        let reading = Reading {
            columns: self.look.width,
            revealed: self.revealed.contains(&id),
            marks: self.look.marks,
            me: &self.look.my_name,
        };
        let start = self.rows.len();
        for spans in about.above {
            self.push(id, Show::Line { spans, mark: None });
        }
        if !about.instead {
            for spans in flow::lines(&text, reading).0 {
                self.push(id, Show::Line { spans, mark: None });
            }
        }
        self.suffix(id, &about.behind);
        for spans in about.below {
            self.push(id, Show::Line { spans, mark: None });
        }
        if let Some(mark) = mark {
            self.mark(id, mark);
        }
        self.number(first, start);
    }

    /// What is said around a message: what it answers, whose it was, what was
    /// done to it.
    fn about(&self, entry: &EntryRow, message: &proto::entry::Message) -> About {
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

    /// Words behind the last line of a message, or below it where they do not
    /// fit.
    fn suffix(&mut self, id: EntryId, words: &str) {
        if words.is_empty() {
            return;
        }
        let width = self.look.width;
        if let Some(Row {
            show: Show::Line { spans, .. },
            ..
        }) = self.rows.last_mut()
            && line_width(spans) + 1 + wrap::width(words) <= width
        {
            spans.push(Span::note(format!(" {words}")));
            return;
        }
        let line = wrap::fit(words, width).into_owned();
        let spans = vec![Span::note(line)];
        self.push(id, Show::Line { spans, mark: None });
    }

    fn mark(&mut self, id: EntryId, new: Mark) {
        let width = self.look.width;
        if let Some(Row {
            show: Show::Line { spans, mark },
            ..
        }) = self.rows.last_mut()
            && !new.failed
            && line_width(spans) + 2 + wrap::width(&new.text) <= width
        {
            *mark = Some(new);
            return;
        }
        for range in wrap(&new.text, width, Spaces::Drop) {
            let text = new.text[range].to_owned();
            let failed = new.failed;
            self.push(id, Show::Mark(Mark { text, failed }));
        }
    }

    fn day(&mut self, id: EntryId, at: UnixMillis) {
        let day = clock::day(at, &self.look.zone);
        if self.day != Some(day) {
            self.separate(id);
            self.day = Some(day);
            self.group = None;
            self.push(id, Show::Day(clock::day_text(day, self.look.lang)));
        }
    }

    fn event(&self, entry: &EntryRow, body: &Body) -> String {
        let lang = self.look.lang;
        let actor = printable_line(&entry.actor_name);
        let (template, who) = match body {
            Body::Created(created) => match (&created.name, created.kind) {
                (Some(name), ChatKind::Group) => {
                    (Text::EventGroupCreated, printable_line(name).into_owned())
                }
                _ => (Text::EventCreated, String::new()),
            },
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

    fn name(&self, user: UserId) -> String {
        match self.names.get(&user) {
            Some(name) => printable_line(name).into_owned(),
            None => user.to_string().chars().take(8).collect(),
        }
    }

    /// An empty line, where there is something above.
    fn separate(&mut self, id: EntryId) {
        let open = self.rows.last().is_some_and(|row| {
            !matches!(
                row.show,
                Show::Gap | Show::Day(_) | Show::New | Show::Earlier
            )
        });
        if open {
            self.push(id, Show::Gap);
        }
    }

    fn push(&mut self, id: EntryId, show: Show) {
        self.rows.push(Row {
            id,
            offset: 0,
            show,
        });
    }

    /// Numbers the lines of an entry that begin at `first`, its own content at
    /// `start`.
    fn number(&mut self, first: usize, start: usize) {
        for at in first..self.rows.len() {
            self.rows[at].offset = at as isize - start as isize;
        }
    }
}
