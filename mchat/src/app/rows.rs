//! A timeline as lines of a terminal: day separators, who wrote when, wrapped
//! text, and how far one's own messages got.

use std::collections::{HashMap, HashSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use proto::catalog::{Lang, Text, fill, sentence};
use proto::entry::Body;
use proto::id::{EntryId, UserId};
use proto::text::{printable_line, printable_text};
use proto::{Seq, UnixMillis};

use super::around::About;
use super::clock;
use super::flow::{self, Reading, Span, line_width};
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

pub(super) struct Builder<'a> {
    pub(super) look: &'a Look,
    names: HashMap<UserId, &'a str>,
    pub(super) revealed: &'a HashSet<EntryId>,
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
        let subjects = entry.subjects.iter();
        names.extend(subjects.map(|(user, name)| (*user, name.as_str())));
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

    pub(super) fn name(&self, user: UserId) -> String {
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
