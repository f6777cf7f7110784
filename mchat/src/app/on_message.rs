//! What can be done with the selected message.

use proto::Seq;
use proto::catalog::{Text, fill};
use proto::entry::Body;
use proto::id::ChatId;
use proto::request::ChatKind;
use proto::text::printable_line;

use super::action::Action;
use super::clock;
use super::command::Order;
use super::deed::{Deed, Fetch};
use super::message::Effect;
use super::model::{Model, Pane};
use super::popup::Popup;
use super::rights;
use super::select::{links, one_line};
use super::sheet::{Item, Pick, Sheet, Source};
use crate::client::model::{EditRow, EntryRow, ReactionRow, ReceiptRow};

/// Emoji offered first.
const COMMON: [&str; 8] = ["👍", "❤️", "😄", "🎉", "😮", "😢", "🔥", "👀"];
/// Most emoji in the choice.
const EMOJI: usize = 60;
/// Most emoji remembered.
const RECENT: usize = 8;

/// A message whose text is being changed in the composer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Editing {
    /// Which.
    pub seq: Seq,
    /// What was being written before.
    pub before: String,
}

impl Model {
    /// The entry of the selected message, where it is stored.
    pub(super) fn chosen_entry(&mut self) -> Option<EntryRow> {
        let id = match self.selected_message() {
            Some(message) => message.id,
            None => {
                self.notify(self.text(Text::NoMessageSelected));
                return None;
            }
        };
        let open = self.open.as_ref()?;
        let entry = open.entries.iter().find(|entry| entry.id == id).cloned();
        if entry.is_none() {
            self.notify(self.text(Text::NotStoredYet));
        }
        entry
    }

    /// The selected message, else one's own last one.
    fn chosen_or_last_own(&mut self) -> Option<EntryRow> {
        if self.pane == Pane::Timeline {
            return self.chosen_entry();
        }
        let me = self.me();
        let own = self.open.as_ref().and_then(|open| {
            open.entries.iter().rev().find(|entry| {
                me == Some(entry.actor) && matches!(entry.body, Body::Message(_)) && !entry.deleted
            })
        });
        let own = own.cloned();
        if own.is_none() {
            self.notify(self.text(Text::NothingToEdit));
        }
        own
    }

    /// Loads a message into the composer, or replaces its text at once.
    pub(super) fn edit_message(&mut self, order: &Order) -> Vec<Effect> {
        let Some(entry) = self.chosen_or_last_own() else {
            return Vec::new();
        };
        if self.me() != Some(entry.actor) || entry.deleted {
            self.notify(self.text(Text::OnlyOwnEdited));
            return Vec::new();
        }
        if let Some(text) = order.text(0) {
            return vec![Effect::Do(Deed::Edit {
                chat: entry.chat,
                seq: entry.seq,
                text: text.to_owned(),
            })];
        }
        self.cancel_edit();
        let text = entry.text().unwrap_or_default().to_owned();
        let Some(draft) = self.draft_mut() else {
            return Vec::new();
        };
        let before = draft.take();
        draft.insert(&text);
        if let Some(open) = &mut self.open {
            open.reply = None;
            open.editing = Some(Editing {
                seq: entry.seq,
                before,
            });
        }
        self.go_to_pane(Pane::Composer);
        Vec::new()
    }

    /// Gives the change of a message up; what was being written comes back.
    pub(super) fn cancel_edit(&mut self) {
        let editing = self.open.as_mut().and_then(|open| open.editing.take());
        if let Some(editing) = editing
            && let Some(draft) = self.draft_mut()
        {
            draft.take();
            draft.insert(&editing.before);
        }
    }

    /// The changed text is sent where a message is being changed.
    pub(super) fn send_edit(&mut self) -> Option<Vec<Effect>> {
        let chat = self.open.as_ref()?.id;
        let seq = self.open.as_ref()?.editing.as_ref()?.seq;
        let text = self.draft()?.text().to_owned();
        self.cancel_edit();
        self.offer = None;
        self.rebuild();
        let typing = Effect::Typing { chat, on: false };
        let deed = Deed::Edit { chat, seq, text };
        Some(vec![typing, Effect::Do(deed)])
    }

    /// Asks whether to delete the selected message.
    pub(super) fn delete_message(&mut self) -> Vec<Effect> {
        let Some(entry) = self.chosen_entry() else {
            return Vec::new();
        };
        let own = self.me() == Some(entry.actor);
        let may = self
            .chat(entry.chat)
            .is_some_and(|chat| rights::may_delete(chat, own));
        if !may || entry.deleted {
            self.notify(self.text(Text::MayNotDelete));
            return Vec::new();
        }
        let text = one_line(entry.text().unwrap_or_default());
        let mut short: String = text.chars().take(60).collect();
        if short.len() < text.len() {
            short.push('…');
        }
        let question = fill(self.text(Text::SureDelete), &[("text", &short)]);
        let (chat, seq) = (entry.chat, entry.seq);
        self.ask(question, Deed::Delete { chat, seq });
        Vec::new()
    }

    /// Reacts to the selected message; without an emoji one is chosen.
    pub(super) fn react_to_selected(&mut self, order: &Order) -> Vec<Effect> {
        let Some(entry) = self.chosen_entry() else {
            return Vec::new();
        };
        match order.text(0) {
            Some(emoji) => self.react(entry.chat, entry.seq, emoji.to_owned()),
            None => {
                let source = Source::Emoji(entry.chat, entry.seq);
                self.open_sheet(Sheet::of(self.text(Text::ReactTitle), source))
            }
        }
    }

    /// Adds a reaction, or takes it away where it is there.
    pub(super) fn react(&mut self, chat: ChatId, seq: Seq, emoji: String) -> Vec<Effect> {
        self.recent_emoji.retain(|other| *other != emoji);
        self.recent_emoji.insert(0, emoji.clone());
        self.recent_emoji.truncate(RECENT);
        let entries = self.open.iter().flat_map(|open| &open.entries);
        let on = !entries
            .filter(|entry| entry.chat == chat && entry.seq == seq)
            .flat_map(|entry| &entry.reactions)
            .any(|reaction| reaction.mine && reaction.emoji == emoji);
        vec![Effect::Do(Deed::React {
            chat,
            seq,
            emoji,
            on,
        })]
    }

    /// The emoji that match what is written.
    pub(super) fn fill_emoji(&mut self) {
        let recent = self.recent_emoji.clone();
        let Some(Popup::Sheet(sheet)) = self.popups.last_mut() else {
            return;
        };
        let Source::Emoji(chat, seq) = sheet.source else {
            return;
        };
        let query = sheet.query.text().trim().trim_matches(':').to_lowercase();
        let all: Vec<&emojis::Emoji> = if query.is_empty() {
            let first = recent.iter().map(String::as_str).chain(COMMON);
            let mut first: Vec<_> = first.filter_map(emojis::get).collect();
            let mut seen = std::collections::HashSet::new();
            first.retain(|emoji| seen.insert(emoji.as_str()));
            first
        } else {
            let begins = |emoji: &&emojis::Emoji| {
                emoji.shortcodes().any(|code| code.starts_with(&query)) || emoji.as_str() == query
            };
            let contains = |emoji: &&emojis::Emoji| {
                !begins(emoji) && emoji.name().to_lowercase().contains(&query)
            };
            let exact = emojis::get_by_shortcode(&query);
            let first = emojis::iter().filter(begins);
            let first = first.filter(|emoji| Some(*emoji) != exact);
            exact
                .into_iter()
                .chain(first)
                .chain(emojis::iter().filter(contains))
                .take(EMOJI)
                .collect()
        };
        sheet.items = all
            .into_iter()
            .map(|emoji| {
                let code = emoji.shortcode().unwrap_or_else(|| emoji.name());
                let pick = Pick::React(chat, seq, emoji.as_str().to_owned());
                Item::new(format!("{}  :{code}:", emoji.as_str()), pick)
            })
            .collect();
    }

    /// Forwards the selected message; without a chat one is chosen.
    pub(super) fn forward_selected(&mut self, order: &Order) -> Vec<Effect> {
        let Some(entry) = self.chosen_entry() else {
            return Vec::new();
        };
        let (from, seq) = (entry.chat, entry.seq);
        if let Some(to) = order.chat(0) {
            return vec![Effect::Do(Deed::Forward { to, from, seq })];
        }
        let chats = self.chats.iter().filter(|chat| !chat.left);
        let items = chats
            .map(|chat| {
                let deed = Deed::Forward {
                    to: chat.id,
                    from,
                    seq,
                };
                Item::new(printable_line(&chat.title), Pick::Do(deed))
            })
            .collect();
        self.open_sheet(Sheet::given(self.text(Text::ForwardTitle), items))
    }

    /// Pins the selected message, or takes the pin away.
    pub(super) fn pin_selected(&mut self) -> Vec<Effect> {
        let Some(entry) = self.chosen_entry() else {
            return Vec::new();
        };
        if !self.chat(entry.chat).is_some_and(rights::may_pin) {
            self.notify(self.text(Text::OnlyModerators));
            return Vec::new();
        }
        vec![Effect::Do(Deed::Pin {
            chat: entry.chat,
            seq: entry.seq,
            on: !entry.pinned,
        })]
    }

    /// Lists about the selected message.
    pub(super) fn about_selected(&mut self, action: Action) -> Vec<Effect> {
        let Some(entry) = self.chosen_entry() else {
            return Vec::new();
        };
        let (chat, seq) = (entry.chat, entry.seq);
        match action {
            Action::WhoReacted => {
                self.open_asked(Text::ReactionsTitle, Fetch::Reactions(chat, seq))
            }
            Action::WhoRead => self.open_asked(Text::ReceiptsTitle, Fetch::Receipts(chat, seq)),
            _ => self.open_asked(Text::HistoryTitle, Fetch::History(chat, seq)),
        }
    }

    /// To the message that the selected one answers.
    pub(super) fn jump_to_original(&mut self) -> Vec<Effect> {
        let Some(entry) = self.chosen_entry() else {
            return Vec::new();
        };
        let Some(quote) = &entry.quote else {
            self.notify(self.text(Text::AnswersNothing));
            return Vec::new();
        };
        self.jumped.push((entry.chat, entry.seq));
        self.jump(entry.chat, quote.seq)
    }

    /// Back to where the last jump began.
    pub(super) fn jump_back(&mut self) -> Vec<Effect> {
        match self.jumped.pop() {
            Some((chat, seq)) => self.jump(chat, seq),
            None => {
                self.notify(self.text(Text::NoWayBack));
                Vec::new()
            }
        }
    }

    /// Everything that can be done with the selected message.
    pub(super) fn message_menu(&mut self) -> Vec<Effect> {
        let Some(entry) = self.chosen_entry() else {
            return Vec::new();
        };
        let own = self.me() == Some(entry.actor);
        let chat = self.chat(entry.chat).cloned();
        let group = chat
            .as_ref()
            .is_some_and(|chat| chat.kind != ChatKind::Private);
        let write = self.can_write() && !entry.deleted;
        let mut actions = Vec::new();
        let mut offer = |on: bool, action: Action| {
            if on {
                actions.push(action);
            }
        };
        offer(write, Action::Reply);
        offer(write, Action::React);
        offer(write && own, Action::EditMessage);
        offer(!entry.deleted, Action::Forward);
        offer(!entry.deleted, Action::Copy);
        let text = entry.text().unwrap_or_default();
        offer(!links(text).is_empty(), Action::OpenLink);
        offer(!entry.deleted, Action::ShowRaw);
        offer(
            write && chat.as_ref().is_some_and(rights::may_pin),
            Action::Pin,
        );
        offer(entry.quote.is_some(), Action::JumpToOriginal);
        offer(!entry.reactions.is_empty(), Action::WhoReacted);
        offer(own || group, Action::WhoRead);
        offer(entry.edits > 0, Action::EditHistory);
        offer(!entry.deleted, Action::Reveal);
        let delete = chat.is_some_and(|chat| rights::may_delete(&chat, own));
        offer(!entry.deleted && delete, Action::DeleteMessage);
        let sheet = self.action_menu(Text::MessageMenuTitle, &actions);
        self.open_sheet(sheet)
    }

    /// A list of actions with their keys.
    pub(super) fn action_menu(&self, title: Text, actions: &[Action]) -> Sheet {
        let items = actions.iter().filter_map(|action| {
            let entry = super::action::entry(*action)?;
            let item = Item::new(self.text(entry.help), Pick::Act((*action).into()));
            Some(item.detail(self.key_of(*action)))
        });
        Sheet::given(self.text(title), items.collect())
    }

    pub(super) fn text_items(&self, texts: &[EditRow]) -> Vec<Item> {
        let items = texts.iter().rev().map(|row| {
            let when = clock::short_text(row.at, self.now, &self.zone);
            let text = proto::text::printable_text(&row.text).into_owned();
            Item::new(one_line(&row.text), Pick::Read(when.clone(), text)).detail(when)
        });
        items.collect()
    }

    pub(super) fn reaction_items(&self, rows: &[ReactionRow]) -> Vec<Item> {
        let items = rows.iter().map(|row| {
            let name = printable_line(&row.name);
            let emoji = printable_line(&row.emoji);
            let mut item = Item::new(format!("{emoji}  {name}"), Pick::Nothing);
            if row.at > 0 {
                item.detail = clock::short_text(row.at, self.now, &self.zone);
            }
            item
        });
        items.collect()
    }

    pub(super) fn receipt_items(&self, rows: &[ReceiptRow]) -> Vec<Item> {
        let items = rows.iter().map(|row| {
            let (mark, text) = match (row.read, row.delivered) {
                (true, _) => ("✓✓", Text::Read),
                (false, true) => ("✓", Text::Delivered),
                (false, false) => (" ", Text::NotReceived),
            };
            let name = printable_line(&row.name);
            Item::new(format!("{mark:2}  {name}"), Pick::Nothing).detail(self.text(text))
        });
        items.collect()
    }

    pub(super) fn pin_items(&self, entries: &[EntryRow]) -> Vec<Item> {
        let items = entries.iter().map(|entry| {
            let author = printable_line(&entry.actor_name);
            let text = one_line(entry.text().unwrap_or_default());
            let mut item = Item::new(author, Pick::Jump(entry.chat, entry.seq));
            item.detail = clock::short_text(entry.at, self.now, &self.zone);
            item.under = if entry.deleted {
                self.text(Text::DeletedMessage).to_owned()
            } else {
                text
            };
            item
        });
        items.collect()
    }
}
