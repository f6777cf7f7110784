//! Where each chat stands, as the writer knows it. Rows are written once per
//! chat and batch, however many entries were appended.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};

use crate::store::{ChatNo, StoreError};

/// Chats kept before the cache is emptied, about 64 bytes each.
const CHATS: usize = 200_000;

/// What the writer keeps of a chat.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChatState {
    pub(super) head: u64,
    pub(super) msg_no: u64,
    pub(super) acl_rev: u64,
    pub(super) cursor_rev: u64,
    dirty: bool,
}

#[derive(Debug, Default)]
pub(super) struct Heads {
    chats: HashMap<i64, ChatState>,
    dirty: Vec<i64>,
}

impl Heads {
    /// The state of a chat, or `None` where there is no such chat.
    pub(super) fn get(
        &mut self,
        conn: &Connection,
        chat: ChatNo,
    ) -> Result<Option<ChatState>, StoreError> {
        if let Some(state) = self.chats.get(&chat.0) {
            return Ok(Some(*state));
        }
        let loaded = conn
            .prepare_cached(
                "SELECT head, msg_no, acl_rev, cursor_rev FROM chat_heads WHERE chat_no = ?1",
            )?
            .query_row([chat.0], |row| {
                Ok(ChatState {
                    head: row.get::<_, i64>(0)? as u64,
                    msg_no: row.get::<_, i64>(1)? as u64,
                    acl_rev: row.get::<_, i64>(2)? as u64,
                    cursor_rev: row.get::<_, i64>(3)? as u64,
                    dirty: false,
                })
            })
            .optional()?;
        if let Some(state) = loaded {
            self.chats.insert(chat.0, state);
        }
        Ok(loaded)
    }

    /// Changes a chat that [`get`](Self::get) has returned.
    pub(super) fn change(&mut self, chat: ChatNo, change: impl FnOnce(&mut ChatState)) {
        if let Some(state) = self.chats.get_mut(&chat.0) {
            change(state);
            if !state.dirty {
                state.dirty = true;
                self.dirty.push(chat.0);
            }
        }
    }

    /// Writes what changed.
    pub(super) fn flush(&mut self, conn: &Connection) -> Result<(), StoreError> {
        if self.dirty.is_empty() {
            return Ok(());
        }
        // In key order, so that neighbours on a page are written together.
        self.dirty.sort_unstable();
        let mut update = conn.prepare_cached(
            "UPDATE chat_heads SET head = ?2, msg_no = ?3, acl_rev = ?4, cursor_rev = ?5
             WHERE chat_no = ?1",
        )?;
        for chat in &self.dirty {
            if let Some(state) = self.chats.get_mut(chat) {
                update.execute(params![
                    chat,
                    state.head as i64,
                    state.msg_no as i64,
                    state.acl_rev as i64,
                    state.cursor_rev as i64,
                ])?;
                state.dirty = false;
            }
        }
        self.dirty.clear();
        Ok(())
    }

    /// Forgets what changed since the last flush: it was rolled back.
    pub(super) fn drop_unflushed(&mut self) {
        for chat in self.dirty.drain(..) {
            self.chats.remove(&chat);
        }
    }

    /// Forgets everything: the whole batch was rolled back.
    pub(super) fn clear(&mut self) {
        self.chats.clear();
        self.dirty.clear();
    }

    /// Keeps the cache in bounds; to be called when nothing is unwritten.
    pub(super) fn trim(&mut self) {
        if self.dirty.is_empty() && self.chats.len() > CHATS {
            self.chats.clear();
        }
    }
}
