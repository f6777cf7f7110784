//! Finding messages by words, and jumping to a message wherever it is.

use proto::Seq;
use proto::catalog::{Text, fill};
use proto::id::ChatId;
use proto::request::Place;
use proto::text::printable_line;

use super::action::Action;
use super::clock;
use super::command::Order;
use super::deed::{Fetch, Found};
use super::message::{Effect, Purpose};
use super::model::{Model, Pane};
use super::open::PAGE;
use super::popup::{Popup, Search};
use super::select::one_line;
use super::sheet::{Item, Pick, Sheet, Source};
use crate::client::model::{Anchor, HitSource, SearchPage};

/// The results that `next-hit` walks through.
#[derive(Debug, Default)]
pub(super) struct Hits {
    /// Where they are, latest first.
    list: Vec<(ChatId, Seq)>,
    /// Which one was gone to last.
    at: usize,
    /// From where the search goes on.
    next: Option<Place>,
}

impl Model {
    /// Opens the search in this chat or in all.
    pub(super) fn search_messages(&mut self, order: &Order) -> Vec<Effect> {
        let here = self.open.as_ref().map(|open| open.id);
        let chat = here.filter(|_| order.action == Action::Search);
        let title = match chat.and_then(|chat| self.chat(chat)) {
            Some(chat) => self.with_name(Text::SearchInTitle, &chat.title),
            None => self.text(Text::SearchTitle).to_owned(),
        };
        let mut sheet = Sheet::of(title, Source::Messages(chat));
        sheet.query.insert(order.text(0).unwrap_or_default());
        self.open_sheet(sheet)
    }

    pub(super) fn hit_items(&mut self, fetch: &Fetch, page: &SearchPage) -> (Vec<Item>, String) {
        let Fetch::Messages { chat, before, .. } = fetch else {
            return (Vec::new(), String::new());
        };
        if before.is_none() {
            self.hits = Hits::default();
        }
        let found = page.hits.iter().map(|hit| (hit.chat, hit.seq));
        self.hits.list.extend(found);
        self.hits.next = page.next;
        let mut items: Vec<Item> = page
            .hits
            .iter()
            .map(|hit| {
                let author = printable_line(&hit.actor_name);
                let text = match (chat, self.chat(hit.chat)) {
                    (None, Some(row)) => format!("{author} · {}", printable_line(&row.title)),
                    _ => author.into_owned(),
                };
                let mut item = Item::new(text, Pick::Jump(hit.chat, hit.seq));
                item.detail = clock::short_text(hit.at, self.now, &self.zone);
                item.under = one_line(hit.text().unwrap_or_default());
                item
            })
            .collect();
        if page.more && page.next.is_some() {
            let mut more = Item::new(self.text(Text::MoreHits), Pick::More);
            more.under = " ".to_owned();
            items.push(more);
        }
        let foot = match (page.from, page.behind) {
            (HitSource::Cache, _) => self.text(Text::SearchedCache).to_owned(),
            (HitSource::Server, 0) => String::new(),
            (HitSource::Server, behind) => fill(
                self.text(Text::SearchBehind),
                &[("count", &behind.to_string())],
            ),
        };
        (items, foot)
    }

    /// Asks for further results.
    pub(super) fn more_hits(&mut self) -> Vec<Effect> {
        let before = self.hits.next;
        let Some(Popup::Sheet(sheet)) = self.popups.last_mut() else {
            return Vec::new();
        };
        let Source::Messages(chat) = &sheet.source else {
            return Vec::new();
        };
        if sheet.asked.is_some() {
            return Vec::new();
        }
        let fetch = Fetch::Messages {
            query: sheet.query.text().trim().to_owned(),
            chat: *chat,
            before,
        };
        sheet.asked = Some(fetch.clone());
        sheet.search = Search::Running;
        vec![Effect::Fetch(fetch)]
    }

    /// A result was chosen: the next and the previous one go on from it.
    pub(super) fn keep_hits(&mut self, chat: ChatId, seq: Seq) {
        let hits = &mut self.hits;
        if let Some(at) = hits.list.iter().position(|hit| *hit == (chat, seq)) {
            hits.at = at;
        }
    }

    /// To the next result of the last search, or to the one before.
    pub(super) fn go_to_hit(&mut self, step: isize) -> Vec<Effect> {
        let count = self.hits.list.len();
        if count == 0 {
            self.notify(self.text(Text::NoHits));
            return Vec::new();
        }
        let to = self.hits.at as isize + step;
        if to < 0 || to as usize >= count {
            self.notify(self.text(Text::LastHit));
            return Vec::new();
        }
        self.hits.at = to as usize;
        let (chat, seq) = self.hits.list[self.hits.at];
        let of = [
            ("at", &*(self.hits.at + 1).to_string()),
            ("count", &*count.to_string()),
        ];
        self.notify(fill(self.text(Text::HitOf), &of));
        self.jump(chat, seq)
    }

    /// Goes to a message of a chat: at once where it is in the window, else
    /// once it is in the cache.
    pub(super) fn jump(&mut self, chat: ChatId, seq: Seq) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.open.as_ref().is_none_or(|open| open.id != chat) {
            effects.extend(self.open_chat(chat));
        }
        self.jump = Some((chat, seq));
        if self.arrive() {
            return effects;
        }
        effects.push(Effect::Fetch(Fetch::Reach(chat, seq)));
        effects
    }

    /// Whether a message is in the cache now.
    pub(super) fn reached(
        &mut self,
        chat: ChatId,
        seq: Seq,
        result: Result<Found, String>,
    ) -> Vec<Effect> {
        if self.jump != Some((chat, seq)) {
            return Vec::new();
        }
        match result {
            Ok(Found::Reached(true)) => {
                // In front of the answer to an earlier question.
                self.load(Anchor::Around(seq), PAGE, Purpose::Replace)
            }
            Ok(_) => {
                self.jump = None;
                self.notify(self.text(Text::MessageGone));
                Vec::new()
            }
            Err(why) => {
                self.jump = None;
                self.notify(why);
                Vec::new()
            }
        }
    }

    /// Selects the message that is jumped to, where it is in the window; true
    /// where it is.
    pub(super) fn arrive(&mut self) -> bool {
        let Some((chat, seq)) = self.jump else {
            return false;
        };
        let height = usize::from(self.timeline_height());
        let Some(open) = self
            .open
            .as_mut()
            .filter(|open| open.id == chat && open.loaded)
        else {
            return false;
        };
        let Some(id) = open
            .entries
            .iter()
            .find(|entry| entry.seq == seq)
            .map(|entry| entry.id)
        else {
            return false;
        };
        self.jump = None;
        open.to_new = false;
        let Some(line) = open
            .rows
            .iter()
            .position(|row| row.id == id && row.offset == 0)
        else {
            return true;
        };
        open.scroll_to(line.saturating_sub(height / 3), height);
        open.selected = Some(id);
        self.pane = Pane::Timeline;
        self.check_selection();
        true
    }
}
