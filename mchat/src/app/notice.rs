//! Which of the messages that arrive are worth a notification, and when it is
//! over.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use proto::Seq;
use proto::UnixMillis;
use proto::catalog::{Text, fill};
use proto::entry::Body;
use proto::id::ChatId;
use proto::request::{ChatKind, NotifyLevel};
use proto::text::printable_line;

use super::message::{Ask, Effect};
use super::model::Model;
use super::select::one_line;
use super::wrap;
use crate::client::model::{ChatRow, EntryRow};

/// Columns of the text in a notification.
const PREVIEW: usize = 120;
/// Shortest time between two notifications of one chat, so that a busy group
/// does not ring without end.
const PAUSE_MS: UnixMillis = 1_000;
/// Most entries of one arrival that are looked at.
pub const MOST: u32 = 20;

/// A notification; safe for a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Of which chat; a later one of the same chat takes its place.
    pub chat: ChatId,
    /// Who or where.
    pub title: String,
    /// What.
    pub body: String,
}

/// What is known about notifications.
#[derive(Debug, Default)]
pub(super) struct Notices {
    /// Chats whose new entries are being read, and up to which more came
    /// meanwhile.
    reading: HashMap<ChatId, Option<Seq>>,
    /// When a chat was last told of.
    told: HashMap<ChatId, UnixMillis>,
    /// Chats whose notification may still be on the screen.
    shown: HashSet<ChatId>,
    /// The title of the window as last set.
    title: Option<String>,
}

impl Notices {
    pub(super) fn clear(&mut self) {
        let title = self.title.take();
        *self = Self {
            title,
            ..Self::default()
        };
    }
}

impl Model {
    /// Entries came as they happened: those that nobody looks at are read.
    pub(super) fn herald(&mut self, chat: ChatId, from: Seq, to: Seq) -> Vec<Effect> {
        if self.looks_at(chat) || self.is_quiet() {
            return Vec::new();
        }
        match self.notices.reading.get_mut(&chat) {
            Some(later) => {
                *later = Some(to);
                Vec::new()
            }
            None => {
                self.notices.reading.insert(chat, None);
                vec![Effect::ReadNew { chat, from, to }]
            }
        }
    }

    /// What was read: told of, where it is worth it.
    pub(super) fn heralded(
        &mut self,
        chat: ChatId,
        to: Seq,
        result: Result<Vec<EntryRow>, String>,
    ) -> Vec<Effect> {
        let later = self.notices.reading.remove(&chat).flatten();
        let mut effects = match later {
            Some(later) if later > to => self.herald(chat, to + 1, later),
            _ => Vec::new(),
        };
        // A cache that fails says so elsewhere.
        let entries = result.unwrap_or_default();
        let worthy: Vec<&EntryRow> = entries
            .iter()
            .filter(|entry| self.is_worth_it(chat, entry))
            .collect();
        let Some(last) = worthy.last() else {
            return effects;
        };
        let early = self
            .notices
            .told
            .get(&chat)
            .is_some_and(|at| self.now - at < PAUSE_MS);
        if early {
            return effects;
        }
        let notification = self.word_notification(chat, last, worthy.len());
        self.notices.told.insert(chat, self.now);
        self.notices.shown.insert(chat);
        effects.push(Effect::Ask(Ask::Notify(notification)));
        effects
    }

    /// Whether somebody looks at this chat right now.
    fn looks_at(&self, chat: ChatId) -> bool {
        self.focused && self.open.as_ref().is_some_and(|open| open.id == chat)
    }

    /// Whether no notifications are wanted at this time of the day.
    fn is_quiet(&self) -> bool {
        let Some(hours) = self.settings.quiet_hours() else {
            return false;
        };
        let time = Timestamp::from_millisecond(self.now)
            .unwrap_or(Timestamp::UNIX_EPOCH)
            .to_zoned(self.zone.clone())
            .time();
        let minute = i16::from(time.hour()) * 60 + i16::from(time.minute());
        hours.contains(minute.unsigned_abs())
    }

    fn is_worth_it(&self, chat: ChatId, entry: &EntryRow) -> bool {
        let Some(row) = self.chat(chat) else {
            return false;
        };
        let message = matches!(entry.body, Body::Message(_)) && !entry.deleted;
        let mine = self.me() == Some(entry.actor);
        let read = entry.seq <= row.read;
        let wanted = row.notify == NotifyLevel::All || entry.mention;
        message
            && !mine
            && !read
            && !row.left
            && !self.looks_at(chat)
            && !self.is_muted(row)
            && wanted
    }

    /// Whether anything of a chat may be told of at all.
    fn is_muted(&self, row: &ChatRow) -> bool {
        row.notify == NotifyLevel::None || row.muted_until > self.now
    }

    fn word_notification(&self, chat: ChatId, entry: &EntryRow, count: usize) -> Notification {
        let author = printable_line(&entry.actor_name);
        let row = self.chat(chat);
        let private = row.is_none_or(|row| row.kind == ChatKind::Private);
        let title = match row {
            Some(row) if !private => {
                format!("{author} · {}", printable_line(&row.title))
            }
            _ => author.into_owned(),
        };
        let body = match self.settings.on("notify.preview") {
            false => self.text(Text::NewMessage).to_owned(),
            true => {
                let text = one_line(entry.text().unwrap_or_default());
                wrap::fit(&text, PREVIEW).into_owned()
            }
        };
        let body = if count > 1 {
            let more = (count - 1).to_string();
            fill(
                self.text(Text::AndMore),
                &[("what", &body), ("count", &more)],
            )
        } else {
            body
        };
        Notification { chat, title, body }
    }

    /// The list was read: notifications of what is read by now, here or
    /// elsewhere, go away, and the title says how much is not.
    pub(super) fn settle_notices(&mut self) -> Vec<Effect> {
        let over: Vec<ChatId> = self
            .notices
            .shown
            .iter()
            .copied()
            .filter(|id| self.chat(*id).is_none_or(|row| row.unread == 0))
            .collect();
        let mut effects = Vec::new();
        for chat in over {
            self.notices.shown.remove(&chat);
            effects.push(Effect::Ask(Ask::Unnotify(chat)));
        }
        let unread: u64 = self
            .chats
            .iter()
            .filter(|row| !self.is_muted(row))
            .map(|row| row.unread)
            .sum();
        let title = match unread {
            0 => "mchat".to_owned(),
            unread => format!("({unread}) mchat"),
        };
        if self.notices.title.as_ref() != Some(&title) {
            self.notices.title = Some(title.clone());
            effects.push(Effect::Ask(Ask::Title(title)));
        }
        effects
    }
}
