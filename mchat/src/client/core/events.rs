//! What the server tells without being asked.

use proto::catalog::sentence;
use proto::codec::Frame;
use proto::entry::{AccountEntry, account_kind, kind};
use proto::error::{ErrorCode, WireError};
use proto::event::{
    AccountChanged, ChatEntry, CursorMoved, Event, FloorRaised, Goodbye, Heads, TypingChanged,
    UsersChanged,
};
use proto::id::UserId;
use proto::limits::TYPING_LAPSE_MS;

use super::chat::Chat;
use super::{Core, Millis, Output, Write};
use crate::client::model::Refusal;

/// A gap is left this long to fill itself: two nodes may tell in another order.
pub(super) const GAP: Millis = 50;
/// Within this time the clients of a node that is shut down go to others.
const SPREAD: Millis = 300;

impl Core {
    pub(super) fn event(&mut self, now: Millis, frame: &Frame) {
        let event = match Event::decode(frame) {
            Ok(Some(event)) => event,
            // Of a newer server.
            Ok(None) => return,
            Err(error) => {
                let why = WireError::new(ErrorCode::ProtocolViolation).with("what", error);
                self.drop_connection(now, &why);
                return;
            }
        };
        match event {
            Event::Heads(heads) => self.heads(heads),
            Event::Entry(ChatEntry { chat, entry }) => {
                if self.typing.remove(&(chat, entry.actor)).is_some() {
                    self.out.push(Output::Typing {
                        chat,
                        user: entry.actor,
                        on: false,
                    });
                }
                let about_chat = is_about_chat(entry.kind);
                let state = self.chats.entry(chat).or_insert_with(Chat::unknown);
                if about_chat {
                    state.changed();
                }
                let entries = state.live(entry);
                if state.has_gap() && state.gap_until.is_none() {
                    state.gap_until = Some(now + GAP);
                }
                self.attention.insert(chat);
                self.store(chat, entries, true);
            }
            Event::Cursor(moved) => self.cursor(moved),
            Event::Receipts(counts) => {
                self.out.push(Output::Write(Write::Counts(counts)));
            }
            Event::Typing(TypingChanged { chat, user, on }) => {
                if Some(user) == self.user {
                    return;
                }
                let was = if on {
                    self.typing.insert((chat, user), now + TYPING_LAPSE_MS)
                } else {
                    self.typing.remove(&(chat, user))
                };
                if on != was.is_some() {
                    self.out.push(Output::Typing { chat, user, on });
                }
            }
            Event::Presence(changed) => {
                let revs = changed.users.iter().map(|seen| (seen.user, seen.rev));
                self.check_revisions(revs.collect());
                self.out.push(Output::Presence {
                    users: changed.users,
                    snapshot: changed.snapshot,
                });
            }
            Event::Users(UsersChanged { users }) => {
                self.out.push(Output::Write(Write::Users(users)));
            }
            Event::Floor(FloorRaised { chat, floor }) => {
                if let Some(state) = self.chats.get_mut(&chat) {
                    state.raise_floor(floor);
                    self.attention.insert(chat);
                    self.out.push(Output::Write(Write::Entries {
                        chat,
                        entries: Vec::new(),
                        floor,
                        live: false,
                        backfill: false,
                    }));
                }
            }
            Event::Account(AccountChanged { entry }) => {
                self.account_head = self.account_head.max(entry.seq);
                if let Some(chat) = entry.chat {
                    match entry.kind {
                        account_kind::CHAT_JOINED => {
                            let state = self.chats.entry(chat).or_insert_with(Chat::unknown);
                            state.left = false;
                            state.changed();
                            self.attention.insert(chat);
                        }
                        account_kind::CHAT_LEFT => self.left(chat),
                        _ => {}
                    }
                }
                self.about_people(&entry);
                if entry.seq == self.account_seq + 1 {
                    self.account_seq = entry.seq;
                    self.out.push(Output::Write(Write::Account(vec![entry])));
                }
            }
            // Fresh heads follow.
            Event::Resync(_) => self.heads.clear(),
            Event::Goodbye(Goodbye { error }) => self.drop_connection(now, &error),
        }
    }

    /// What else an entry of the account log calls for, live or later.
    pub(super) fn about_people(&mut self, entry: &AccountEntry) {
        match (entry.kind, entry.chat) {
            (account_kind::CONTACT_CHANGED, _) => self.want_contacts.want(),
            (account_kind::PROFILE_CHANGED, _) => self.want_profile.want(),
            (account_kind::CHAT_PREFS_CHANGED, Some(chat)) => {
                if let Some(state) = self.chats.get_mut(&chat) {
                    state.changed();
                    self.attention.insert(chat);
                }
            }
            _ => {}
        }
    }

    /// Has the cache look whose names it holds are older than these revisions;
    /// for each of them once.
    fn check_revisions(&mut self, revs: Vec<(UserId, u64)>) {
        let newer: Vec<_> = revs
            .into_iter()
            .filter(|(id, rev)| {
                let known = self.revisions.entry(*id).or_default();
                let newer = *rev > *known;
                *known = (*known).max(*rev);
                newer
            })
            .collect();
        if !newer.is_empty() {
            self.out.push(Output::Write(Write::Revisions(newer)));
        }
    }

    pub(super) fn left(&mut self, chat: proto::id::ChatId) {
        if let Some(state) = self.chats.get_mut(&chat) {
            state.left = true;
        }
        self.out.push(Output::Write(Write::Left(chat)));
    }

    fn heads(&mut self, heads: Heads) {
        self.account_head = self.account_head.max(heads.account_seq);
        self.heads.extend(heads.heads);
        if heads.more {
            return;
        }
        let heads = std::mem::take(&mut self.heads);
        for chat in self.chats.values_mut() {
            chat.left = true;
        }
        for head in &heads {
            let chat = self.chats.entry(head.chat).or_insert_with(Chat::unknown);
            chat.hear(head);
            chat.visiting = false;
            self.attention.insert(head.chat);
        }
        self.have_heads = true;
        self.told_synced = false;
        self.out.push(Output::Write(Write::Heads(heads)));
    }

    fn cursor(&mut self, moved: CursorMoved) {
        let Some(chat) = self.chats.get_mut(&moved.chat) else {
            return;
        };
        let next = moved.cursor_rev <= chat.cursor_rev + 1;
        chat.cursor_head = chat.cursor_head.max(moved.cursor_rev);
        if next {
            chat.cursor_rev = chat.cursor_rev.max(moved.cursor_rev);
        }
        if Some(moved.user) == self.user {
            chat.delivered = chat.delivered.max(moved.delivered);
            if moved.read >= chat.read_due {
                chat.read_due = 0;
            }
        }
        self.attention.insert(moved.chat);
        self.out.push(Output::Write(Write::Cursor { moved, next }));
    }

    /// Ends the connection because of what the server said.
    pub(super) fn drop_connection(&mut self, now: Millis, error: &WireError) {
        self.out.push(Output::Disconnect);
        let reason = sentence(self.lang, error);
        self.lose(now, &reason);
        match error.code {
            ErrorCode::Unauthenticated if self.token.is_some() => self.end_session(),
            ErrorCode::VersionMismatch if self.nodes < 2 || self.hurried => {
                self.refuse(Refusal::Server(error.clone()));
            }
            // The clients of one node do not all come to the next one together.
            ErrorCode::ShuttingDown => self.move_on(now, reason, error.retry_after_ms, SPREAD),
            ErrorCode::VersionMismatch | ErrorCode::Busy | ErrorCode::Unavailable => {
                self.move_on(now, reason, error.retry_after_ms, 0);
            }
            _ => self.wait(now, reason, error.retry_after_ms),
        }
    }
}

/// Whether entries of this kind change members or properties of their chat.
pub(super) fn is_about_chat(kind: u16) -> bool {
    !matches!(
        kind,
        kind::MESSAGE | kind::EDITED | kind::DELETED | kind::REACTED | kind::PINNED
    )
}
