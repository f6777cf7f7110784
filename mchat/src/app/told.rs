//! What the client tells.

use proto::UnixMillis;
use proto::catalog::{Text, fill, sentence};
use proto::limits::TYPING_LAPSE_MS;

use super::message::Effect;
use super::model::{Model, Pane};
use crate::client::model::{ClientEvent, Link};

impl Model {
    /// The client tells something.
    pub(super) fn client(&mut self, event: ClientEvent) -> Vec<Effect> {
        match event {
            ClientEvent::Link(link) => {
                self.link_changed(link);
                self.refresh_open()
            }
            ClientEvent::Account(account) => {
                let other = account.as_ref().map(|row| row.user) != self.me();
                self.account = account;
                if other {
                    self.forget();
                }
                self.settle_first();
                let mut effects = self.reload_chats();
                if other && self.account.is_some() {
                    effects.push(Effect::LoadDrafts);
                }
                effects
            }
            ClientEvent::Chats(ids) => {
                let mut effects = self.reload_chats();
                if self
                    .open
                    .as_ref()
                    .is_some_and(|open| ids.contains(&open.id))
                {
                    effects.extend(self.refresh_open());
                }
                effects
            }
            ClientEvent::Entries {
                chat,
                from,
                to,
                live,
            } => {
                let mut effects = self.entries_came(chat, from, to);
                if live {
                    effects.extend(self.herald(chat, from, to));
                }
                effects
            }
            ClientEvent::Outbox(chat) | ClientEvent::Cursors(chat) => {
                if self.open.as_ref().is_some_and(|open| open.id == chat) {
                    self.refresh_open()
                } else {
                    Vec::new()
                }
            }
            ClientEvent::Receipts(counts) => {
                if let Some(open) = &mut self.open
                    && open.id == counts.chat
                {
                    open.count(counts);
                    self.rebuild();
                }
                Vec::new()
            }
            ClientEvent::Typing {
                chat,
                user,
                username,
                on,
            } => {
                self.typing.retain(|(c, u, ..)| (*c, *u) != (chat, user));
                if on && self.me() != Some(user) {
                    let until = self.now + TYPING_LAPSE_MS as UnixMillis;
                    self.typing.push((chat, user, username, until));
                }
                Vec::new()
            }
            ClientEvent::Presence(users) => {
                for presence in users {
                    self.presence.insert(presence.user, presence);
                }
                Vec::new()
            }
            ClientEvent::Synced => {
                let mut effects = self.reload_chats();
                effects.extend(self.refresh_open());
                effects
            }
            ClientEvent::HeldBack { error, .. } => {
                self.notify(sentence(self.lang, &error));
                Vec::new()
            }
            ClientEvent::CacheTrouble(why) => {
                self.notify(why);
                Vec::new()
            }
            ClientEvent::Changed { chat, seqs } => self.messages_changed(chat, &seqs),
            ClientEvent::Contacts => self.contacts_changed(),
            ClientEvent::People(_) => {
                let mut effects = self.reload_chats();
                effects.extend(self.refresh_open());
                effects
            }
            ClientEvent::Profile => self.ask_again(),
            ClientEvent::Reaching { chat, seq, lo } => {
                if self.jump == Some((chat, seq)) {
                    let count = lo.saturating_sub(seq).to_string();
                    self.notify(fill(self.text(Text::Reaching), &[("count", &count)]));
                }
                Vec::new()
            }
        }
    }

    pub(super) fn link_changed(&mut self, link: Link) {
        self.retry_at = match &link {
            Link::Offline { retry_in_ms, .. } => {
                Some(self.now + UnixMillis::try_from(*retry_in_ms).unwrap_or(UnixMillis::MAX / 2))
            }
            _ => None,
        };
        let online = matches!(link, Link::Online { .. });
        if !online {
            // Nobody can say who is there now.
            self.presence.clear();
            self.typing.clear();
        }
        self.link = link;
        self.was_online |= online;
        if online {
            self.more_may_come();
        }
        self.settle_first();
    }

    /// Somebody else is signed in, or nobody: nothing of the former stays.
    fn forget(&mut self) {
        self.chats.clear();
        self.chats_loaded = false;
        self.selected = None;
        self.open = None;
        self.drafts.clear();
        self.draft_due = None;
        self.offer = None;
        self.filter = None;
        self.notices.clear();
        self.presence.clear();
        self.typing.clear();
        self.popups.clear();
        self.blocked.clear();
        self.jump = None;
        self.jumped.clear();
        self.hits = Default::default();
        self.members_shown = false;
        self.pane = Pane::List;
    }
}
