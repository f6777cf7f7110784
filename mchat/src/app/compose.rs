//! Writing: the composer, sending, what failed.

use proto::catalog::{Text, fill};
use proto::id::{ChatId, EntryId};
use proto::limits::MESSAGE_BYTES;

use super::edit::{Edit, Editor};
use super::message::Effect;
use super::model::{Model, Pane};
use super::open::Scroll;
use crate::client::model::{OutboxKind, OutboxRow, OutboxState};

/// The first visible line of a text whose cursor is on `row`, on `rows` lines.
pub fn first_line(row: usize, rows: usize) -> usize {
    (row + 1).saturating_sub(rows)
}

impl Model {
    /// Puts a text into the draft of the open chat, never sends it.
    pub(super) fn compose_text(&mut self, text: &str) -> Vec<Effect> {
        if self.pane != Pane::Composer || !self.can_write() {
            return Vec::new();
        }
        let Some(draft) = self.draft_mut() else {
            return Vec::new();
        };
        if draft.text().len() + draft.clean(text).len() > MESSAGE_BYTES {
            let kib = (MESSAGE_BYTES / 1024).to_string();
            self.notify(fill(self.text(Text::TooLong), &[("kib", &kib)]));
            return Vec::new();
        }
        draft.insert(text);
        self.look_up_offer();
        self.typed()
    }

    pub(super) fn compose_edit(&mut self, edit: Edit) -> Vec<Effect> {
        let Some(draft) = self.draft_mut() else {
            return Vec::new();
        };
        let before = draft.text().len();
        draft.apply(edit);
        let same = draft.text().len() == before;
        self.look_up_offer();
        if same {
            return Vec::new();
        }
        self.typed()
    }

    /// The draft has changed: the others see that something is written.
    pub(super) fn typed(&mut self) -> Vec<Effect> {
        let Some(chat) = self.open.as_ref().map(|open| open.id) else {
            return Vec::new();
        };
        let on = self
            .draft()
            .is_some_and(|draft| !draft.text().trim().is_empty());
        let mut effects = vec![Effect::Typing { chat, on }];
        effects.extend(self.draft_changed(chat));
        effects
    }

    /// Nothing is written in the open chat any more, or it is left.
    pub(super) fn stop_typing(&self) -> Vec<Effect> {
        match &self.open {
            Some(open) if self.draft().is_some_and(|draft| !draft.is_empty()) => {
                vec![Effect::Typing {
                    chat: open.id,
                    on: false,
                }]
            }
            _ => Vec::new(),
        }
    }

    /// Up and down in the text; past its first or last line the timeline
    /// moves.
    /// Up from an empty composer selects a message.
    pub(super) fn vertical(&mut self, up: bool) {
        let empty = self.draft().is_none_or(Editor::is_empty);
        if up && empty && self.enter_timeline() {
            return;
        }
        let columns = self.composer_columns();
        let moved = self
            .draft_mut()
            .is_some_and(|draft| draft.vertical(up, columns));
        if !moved {
            self.scroll_lines(if up { -1 } else { 1 });
        }
    }

    pub(super) fn send(&mut self) -> Vec<Effect> {
        let at = self.now;
        if !self.can_write() {
            return Vec::new();
        }
        if self
            .draft()
            .is_none_or(|draft| draft.text().trim().is_empty())
        {
            return Vec::new();
        }
        if let Some(effects) = self.send_edit() {
            return effects;
        }
        let Some(draft) = self.draft_mut() else {
            return Vec::new();
        };
        let text = draft.take();
        let id = self.fresh_id();
        let Some(open) = &mut self.open else {
            return Vec::new();
        };
        let chat = open.id;
        let reply_to = open.reply.take().map(|reply| reply.seq);
        open.pending.push(OutboxRow {
            reply_to,
            ..OutboxRow::message(id, chat, text.clone(), at)
        });
        open.new_from = None;
        open.scroll = Scroll::Follow;
        let mut effects = vec![
            Effect::Typing { chat, on: false },
            Effect::Send {
                chat,
                id,
                text,
                reply_to,
            },
        ];
        // Kept behind the message: whatever happens, one of the two has it.
        self.draft_due = Some((chat, at));
        effects.extend(self.flush_draft());
        self.offer = None;
        effects.extend(self.go_to_end());
        self.rebuild();
        effects
    }

    /// Whether a message could be kept in the outbox; where not, it is put
    /// back into the draft.
    pub(super) fn queued(
        &mut self,
        chat: ChatId,
        id: EntryId,
        text: &str,
        result: Result<(), String>,
    ) -> Vec<Effect> {
        let Err(why) = result else {
            return Vec::new();
        };
        if let Some(open) = self.open.as_mut().filter(|open| open.id == chat) {
            open.pending.retain(|row| row.id != id);
        }
        let draft = self.drafts.entry(chat).or_default();
        let later = draft.take();
        draft.insert(text);
        if !later.is_empty() {
            draft.insert("\n");
            draft.insert(&later);
        }
        self.notify(why);
        self.rebuild();
        Vec::new()
    }

    /// The failed messages of the open chat, oldest first.
    pub fn failed(&self) -> impl Iterator<Item = &OutboxRow> {
        self.open
            .iter()
            .flat_map(|open| open.outbox.iter().chain(&open.changes))
            .filter(|row| matches!(row.state, OutboxState::Failed(_)))
    }

    pub(super) fn retry(&mut self) -> Vec<Effect> {
        let effects: Vec<Effect> = self.failed().map(|row| Effect::Retry(row.id)).collect();
        if effects.is_empty() {
            self.notify(self.text(Text::NothingFailed));
        }
        effects
    }

    pub(super) fn discard(&mut self) -> Vec<Effect> {
        let Some(row) = self.failed().next() else {
            self.notify(self.text(Text::NothingFailed));
            return Vec::new();
        };
        let id = row.id;
        let text = match row.kind {
            OutboxKind::Message | OutboxKind::Edit { .. } => row.text.clone(),
            _ => String::new(),
        };
        // What was written is not lost by a slip of the finger.
        if let Some(draft) = self.draft_mut().filter(|draft| draft.is_empty()) {
            draft.insert(&text);
        }
        vec![Effect::Discard(id)]
    }
}
