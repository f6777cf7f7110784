//! What the bus lost is found by comparing what this node's sessions were told
//! with the store: now and then, at once after the bus was away, and all the
//! time while it is. So is what the store committed without being able to say
//! so, also where there are no other nodes.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use proto::event::{ChatEntry, Event};
use proto::id::{SessionId, UserId};
use proto::limits;
use tokio_util::sync::CancellationToken;

use super::Service;
use super::feed::{account_signals, cursor_signals, own_cursor};
use super::hub::{Watched, WatchedChat};
use super::upkeep::floor_signal;
use crate::bus::pause::between;
use crate::bus::{Signal, Sink as _};
use crate::store::{AccountRevision, ChatRevision, StoreError};

/// Chats, accounts and sessions in one question to the store.
const CHUNK: usize = 4_000;
/// Entries told of a chat that lags. Where there are more, the latest alone is
/// told: its listeners see the gap and fetch what they need.
const ENTRIES: u64 = 500;
/// Bytes of those.
const ENTRY_BYTES: usize = 4 * limits::FRAME_BYTES;
/// Between two comparisons at least.
const BREATH: Duration = Duration::from_millis(250);
/// Pause after a failure of the store.
const PAUSE: Duration = Duration::from_secs(1);

/// What comparisons found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    /// Entries of chats.
    pub entries: usize,
    /// Cursors of members.
    pub cursors: usize,
    /// Entries of accounts' logs.
    pub account_entries: usize,
    /// Floors of chats.
    pub floors: usize,
    /// Sessions that had ended.
    pub ended: usize,
}

impl Service {
    /// Compares until cancelled; where there are no other nodes, only after
    /// something may have been missed.
    pub async fn reconcile(&self, stop: CancellationToken) {
        tokio::select! {
            () = self.compare_until(&stop) => {}
            () = self.receiver.watch_gaps() => {}
        }
    }

    async fn compare_until(&self, stop: &CancellationToken) {
        let shared = self.bus.shared().is_some();
        let pace = *self.receiver.pace();
        let mut by_clock = shared;
        let mut failing = false;
        loop {
            let pause = if self.bus.is_up() {
                between(pace.compare.0, pace.compare.1)
            } else {
                pace.compare_down
            };
            tokio::select! {
                () = tokio::time::sleep(pause), if by_clock => by_clock = shared,
                // What a lost connection left behind may be committed a little
                // later: it is looked for once more.
                () = self.receiver.due() => by_clock = true,
                () = stop.cancelled() => return,
            }
            let compared = tokio::select! {
                compared = self.compare() => compared,
                () = stop.cancelled() => return,
            };
            let failed_before = std::mem::replace(&mut failing, compared.is_err());
            let breath = match compared {
                Ok(found) if found == Found::default() => BREATH,
                Ok(found) => {
                    tracing::debug!(?found, "told what the bus had lost");
                    BREATH
                }
                Err(error) => {
                    if !failed_before {
                        tracing::warn!(%error, "not compared with the store, trying again");
                    }
                    self.receiver.again();
                    PAUSE
                }
            };
            tokio::select! {
                () = tokio::time::sleep(breath) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Compares once and tells this node's sessions what they have missed.
    ///
    /// # Errors
    ///
    /// Where the store fails; the next comparison then looks for everything
    /// that this one would have.
    pub async fn compare(&self) -> Result<Found, StoreError> {
        let comparison = self.receiver.begin_comparison();
        let found = self.compare_all(comparison.thorough).await?;
        self.receiver.completed(comparison);
        Ok(found)
    }

    async fn compare_all(&self, thorough: bool) -> Result<Found, StoreError> {
        let watched = self.hub.watched();
        let mut found = Found::default();
        let length = watched
            .chats
            .len()
            .max(watched.accounts.len())
            .max(watched.sessions.len());
        let mut from = 0;
        while from < length {
            self.compare_some(&watched, from, thorough, &mut found)
                .await?;
            from += CHUNK;
        }
        Ok(found)
    }

    async fn compare_some(
        &self,
        watched: &Watched,
        from: usize,
        thorough: bool,
        found: &mut Found,
    ) -> Result<(), StoreError> {
        let (chats, accounts, sessions) = (
            some(&watched.chats, from),
            some(&watched.accounts, from),
            some(&watched.sessions, from),
        );
        let now = self
            .store
            .revisions(
                chats.iter().map(|chat| chat.chat).collect(),
                accounts.iter().map(|(user, _)| *user).collect(),
                sessions.iter().map(|(_, session)| *session).collect(),
            )
            .await?;
        found.ended += self.end(sessions, &now.ended);
        // Accounts first: who was removed from a chat is not told what was
        // written there since.
        let told: HashMap<_, _> = accounts.iter().copied().collect();
        for revision in &now.accounts {
            if let Some(told) = told.get(&revision.user_id)
                && *told < revision.seq
            {
                found.account_entries += self.catch_up_account(revision, *told).await?;
            }
        }
        let told: HashMap<_, _> = chats.iter().map(|chat| (chat.chat, chat)).collect();
        for revision in &now.chats {
            self.access.outdate(revision.chat_id, revision.acl_rev);
            let Some(told) = told.get(&revision.chat_id) else {
                continue;
            };
            if told.seq < revision.seq {
                found.entries += self.catch_up_entries(revision, told).await?;
            }
            if told.floor < revision.floor {
                found.floors += 1;
                self.hub
                    .deliver(vec![floor_signal(revision.chat_id, revision.floor)]);
            }
            let cursors = if thorough {
                told.settled
            } else {
                told.cursor_rev
            };
            // Those of large chats are told to their owners alone, so how far
            // is not known: only what may be missing is worth the reading.
            if cursors < revision.cursor_rev && (thorough || self.is_small(revision).await?) {
                found.cursors += self.catch_up_cursors(revision).await?;
            }
            self.hub.settle(revision.chat_id, revision.cursor_rev);
        }
        Ok(())
    }

    async fn is_small(&self, revision: &ChatRevision) -> Result<bool, StoreError> {
        let chat = self.access.chat(revision.chat_id).await.map_err(|error| {
            StoreError::Unavailable(format!("the members were not read: {}", error.code))
        })?;
        Ok(chat.is_some_and(|chat| chat.members() <= limits::CURSOR_BROADCAST_MEMBERS))
    }

    fn end(&self, sessions: &[(UserId, SessionId)], ended: &[SessionId]) -> usize {
        let ended: HashSet<_> = ended.iter().collect();
        let signals: Vec<Signal> = sessions
            .iter()
            .filter(|(_, session)| ended.contains(session))
            .map(|(user, session)| Signal::SessionEnded {
                user: *user,
                session: *session,
            })
            .collect();
        let count = signals.len();
        self.hub.deliver(signals);
        count
    }

    async fn catch_up_account(
        &self,
        revision: &AccountRevision,
        told: u64,
    ) -> Result<usize, StoreError> {
        let (mut after, mut count) = (told, 0);
        loop {
            let page = self
                .store
                .account_entries(revision.user, after, limits::PAGE_ENTRIES);
            let (entries, more) = page.await?;
            let Some(last) = entries.last() else {
                return Ok(count);
            };
            after = last.seq;
            count += entries.len();
            for entry in &entries {
                self.receiver.note_others_account(revision.user_id, entry);
            }
            let signals = entries
                .into_iter()
                .flat_map(|entry| account_signals(revision.user_id, entry));
            // One by one: who left and joined again in one page has to end up
            // as a member.
            for signal in signals {
                self.hub.deliver(vec![signal]);
            }
            if !more {
                return Ok(count);
            }
        }
    }

    async fn catch_up_entries(
        &self,
        revision: &ChatRevision,
        told: &WatchedChat,
    ) -> Result<usize, StoreError> {
        let missing = revision.seq - told.seq;
        let (after, limit) = if missing <= ENTRIES {
            (told.seq, missing as u32)
        } else {
            (revision.seq - 1, 1)
        };
        let page = self
            .store
            .entries_after(revision.chat, after, limit, ENTRY_BYTES);
        let mut entries = page.await?.entries;
        // What came later may have another audience.
        entries.retain(|entry| entry.seq <= revision.seq);
        let cut = entries.last().is_some_and(|last| last.seq < revision.seq);
        if cut {
            let page = self
                .store
                .entries_after(revision.chat, revision.seq - 1, 1, ENTRY_BYTES);
            let latest = page.await?.entries;
            entries.extend(latest.into_iter().filter(|entry| entry.seq == revision.seq));
        }
        let count = entries.len();
        let signals = entries.into_iter().map(|entry| Signal::ToChat {
            chat: revision.chat_id,
            event: Event::Entry(ChatEntry {
                chat: revision.chat_id,
                entry,
            }),
            except: None,
        });
        self.hub.deliver(signals.collect());
        Ok(count)
    }

    async fn catch_up_cursors(&self, revision: &ChatRevision) -> Result<usize, StoreError> {
        let (cursors, _) = self.store.cursors(revision.chat).await?;
        let small = cursors.len() <= limits::CURSOR_BROADCAST_MEMBERS;
        let signals: Vec<Signal> = cursors
            .into_iter()
            .flat_map(|mut cursor| {
                if !small {
                    return vec![own_cursor(revision.chat_id, &cursor)];
                }
                // What was shown before is not known here.
                cursor.shown_moved = true;
                cursor_signals(revision.chat_id, &cursor).collect()
            })
            .collect();
        let count = signals.len();
        self.hub.deliver(signals);
        Ok(count)
    }
}

fn some<T>(all: &[T], from: usize) -> &[T] {
    let to = (from + CHUNK).min(all.len());
    all.get(from..to).unwrap_or_default()
}
