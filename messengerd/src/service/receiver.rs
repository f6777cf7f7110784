//! What a node does with what the bus brings: the cache of chats, the books of
//! who is online and the sessions learn of it, in this order.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use proto::entry::{Entry, kind};
use proto::event::{ChatEntry, Event};
use proto::id::{ChatId, UserId};
use proto::{Seq, limits};
use tokio::sync::Notify;
use uuid::Uuid;

use super::access::Access;
use super::hub::Hub;
use super::pace::Pace;
use super::roster::Roster;
use crate::bus::{Signal, Sink};
use crate::store::SharedStore;

/// See the module.
pub struct Receiver {
    hub: Arc<Hub>,
    access: Arc<Access>,
    roster: Arc<Roster>,
    pace: Pace,
    /// Whether other nodes' signals come, as far as is known.
    up: AtomicBool,
    /// How often something may have been missed, and how many of these times
    /// a comparison that began later was completed.
    missed: AtomicU64,
    settled: AtomicU64,
    /// A comparison is due.
    due: Notify,
    /// Who wrote lately in large chats at other nodes: receipts are counted
    /// where the readers are.
    authors: Mutex<HashMap<ChatId, Vec<(UserId, Seq)>>>,
}

/// Authors kept of one chat, and chats of which they are kept.
const AUTHORS: usize = 8;
const CHATS: usize = 10_000;

impl Receiver {
    /// A receiver of `node` with nobody listening yet.
    pub fn new(store: SharedStore, node: Uuid, pace: Pace) -> Self {
        Self {
            hub: Arc::new(Hub::new()),
            access: Arc::new(Access::new(store)),
            roster: Arc::new(Roster::new(node)),
            pace,
            up: AtomicBool::new(true),
            missed: AtomicU64::new(0),
            settled: AtomicU64::new(0),
            due: Notify::new(),
            authors: Mutex::default(),
        }
    }

    /// Who listens here.
    pub fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Who is in which chat.
    pub fn access(&self) -> &Arc<Access> {
        &self.access
    }

    /// Who is online at other nodes.
    pub fn roster(&self) -> &Arc<Roster> {
        &self.roster
    }

    /// Times of this node.
    pub fn pace(&self) -> &Pace {
        &self.pace
    }

    /// Resolves when a comparison with the store is due.
    pub(super) async fn due(&self) {
        self.due.notified().await;
    }

    /// Makes a comparison due, the last one having failed.
    pub(super) fn again(&self) {
        self.due.notify_one();
    }

    /// Begins a comparison.
    pub(super) fn begin_comparison(&self) -> Comparison {
        let missed = self.missed.load(Ordering::SeqCst);
        Comparison {
            missed,
            thorough: missed != self.settled.load(Ordering::SeqCst),
        }
    }

    /// A comparison found all that there was.
    pub(super) fn completed(&self, comparison: Comparison) {
        self.settled.fetch_max(comparison.missed, Ordering::SeqCst);
    }

    fn is_behind(&self) -> bool {
        !self.up.load(Ordering::SeqCst)
            || self.missed.load(Ordering::SeqCst) != self.settled.load(Ordering::SeqCst)
    }

    /// Who wrote lately in a chat at other nodes, once, oldest first.
    pub(super) fn take_authors(&self, chat: ChatId) -> Vec<(UserId, Seq)> {
        self.authors().remove(&chat).unwrap_or_default()
    }

    fn authors(&self) -> MutexGuard<'_, HashMap<ChatId, Vec<(UserId, Seq)>>> {
        self.authors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_author(&self, chat: ChatId, entry: &Entry) {
        // Of a chat that is not known here nobody is reading here either, but
        // may be about to.
        let members = self.access.peek(chat).map(|chat| chat.members());
        if members.is_some_and(|members| members <= limits::CURSOR_BROADCAST_MEMBERS) {
            return;
        }
        let mut chats = self.authors();
        if chats.len() >= CHATS {
            chats.clear();
        }
        let authors = chats.entry(chat).or_default();
        authors.retain(|(author, _)| *author != entry.actor);
        authors.push((entry.actor, entry.seq));
        if authors.len() > AUTHORS {
            authors.remove(0);
        }
    }

    /// While something may be missing, an entry behind a gap is not told: the
    /// gap may hide that somebody was removed, and the comparison brings both
    /// in order.
    fn withheld(&self, signal: &Signal) -> bool {
        let Signal::ToChat {
            chat,
            event: Event::Entry(ChatEntry { entry, .. }),
            ..
        } = signal
        else {
            return false;
        };
        self.hub
            .told(*chat)
            .is_some_and(|told| entry.seq > told + 1)
    }

    fn tell(&self, mut signals: Vec<Signal>) {
        if self.is_behind() {
            let before = signals.len();
            signals.retain(|signal| !self.withheld(signal));
            if signals.len() < before {
                self.missed.fetch_add(1, Ordering::SeqCst);
                self.due.notify_one();
            }
        }
        self.hub.deliver(signals);
    }
}

/// A comparison with the store that is under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Comparison {
    missed: u64,
    /// Whether it looks for what was missed in between, too.
    pub(super) thorough: bool,
}

impl Sink for Receiver {
    // This node's own commits have been told to the cache by the feed.
    fn deliver(&self, signals: Vec<Signal>) {
        self.tell(signals);
    }

    fn arrived(&self, signals: Vec<Signal>) {
        for signal in &signals {
            match signal {
                Signal::ToChat {
                    chat,
                    event: Event::Entry(ChatEntry { entry, .. }),
                    ..
                } => {
                    if entry.kind == kind::MESSAGE {
                        self.note_author(*chat, entry);
                    } else {
                        self.access.invalidate(*chat);
                    }
                }
                Signal::Presence(transition) => self.roster.apply(*transition),
                // The node that says so tells of the users.
                Signal::NodeGone(node) => {
                    self.roster.forget(*node);
                }
                _ => {}
            }
        }
        self.tell(signals);
    }

    fn connected(&self, up: bool) {
        self.up.store(up, Ordering::SeqCst);
        self.access.trust(if up {
            self.pace.trust
        } else {
            self.pace.trust_down
        });
        self.roster.note_connected(up);
        self.missed();
    }

    fn missed(&self) {
        self.missed.fetch_add(1, Ordering::SeqCst);
        self.access.clear();
        self.due.notify_one();
    }
}
