//! Drafts that outlive the program, and one's own editor.

use proto::UnixMillis;
use proto::catalog::{Text, fill};
use proto::id::ChatId;
use proto::limits::MESSAGE_BYTES;

use super::edit::Editor;
use super::message::{Ask, Effect};
use super::model::{Model, Pane};

/// How long a draft may be changed before it is kept.
const DEBOUNCE_MS: UnixMillis = 1_000;

impl Model {
    /// The draft of a chat has changed: it is kept in a moment.
    pub(super) fn draft_changed(&mut self, chat: ChatId) -> Vec<Effect> {
        let effects = match self.draft_due {
            Some((other, _)) if other != chat => self.flush_draft(),
            _ => Vec::new(),
        };
        let due = self.now + DEBOUNCE_MS;
        self.draft_due.get_or_insert((chat, due));
        effects
    }

    /// Keeps a changed draft now.
    pub(super) fn flush_draft(&mut self) -> Vec<Effect> {
        let Some((chat, _)) = self.draft_due.take() else {
            return Vec::new();
        };
        let editing = self.open.as_ref().filter(|open| open.id == chat);
        let text = match editing.and_then(|open| open.editing.as_ref()) {
            // The text of a message is no draft.
            Some(editing) => editing.before.clone(),
            None => {
                let draft = self.drafts.get(&chat);
                draft.map_or_else(String::new, |draft| draft.text().to_owned())
            }
        };
        vec![Effect::SaveDraft { chat, text }]
    }

    /// Keeps a changed draft whose moment has come.
    pub(super) fn keep_draft(&mut self) -> Vec<Effect> {
        match self.draft_due {
            Some((_, due)) if due <= self.now => self.flush_draft(),
            _ => Vec::new(),
        }
    }

    /// What was being written when the program ended. What is being written
    /// now is not touched.
    pub(super) fn take_drafts(&mut self, result: Result<Vec<(ChatId, String)>, String>) {
        match result {
            Ok(drafts) => {
                for (chat, text) in drafts {
                    let draft = self.drafts.entry(chat).or_default();
                    if draft.is_empty() {
                        draft.insert(&text);
                    }
                }
                self.rebuild();
            }
            Err(why) => self.notify(why),
        }
    }

    /// Hands the draft of the open chat to one's own editor.
    pub(super) fn edit_in_editor(&mut self) -> Vec<Effect> {
        let Some(chat) = self.open.as_ref().map(|open| open.id) else {
            return Vec::new();
        };
        if !self.can_write() {
            return Vec::new();
        }
        self.pane = Pane::Composer;
        let text = self.draft().map_or("", Editor::text).to_owned();
        vec![Effect::Ask(Ask::Edit { chat, text })]
    }

    /// What came back from the editor.
    pub(super) fn edited(&mut self, chat: ChatId, result: Result<String, String>) -> Vec<Effect> {
        match result {
            Ok(text) if text.len() > MESSAGE_BYTES => {
                let kib = (MESSAGE_BYTES / 1024).to_string();
                self.notify(fill(self.text(Text::TooLong), &[("kib", &kib)]));
                Vec::new()
            }
            Ok(text) => {
                let draft = self.drafts.entry(chat).or_default();
                draft.take();
                draft.insert(&text);
                self.draft_changed(chat)
            }
            Err(why) => {
                self.notify(fill(self.text(Text::EditorFailed), &[("why", &why)]));
                Vec::new()
            }
        }
    }
}
