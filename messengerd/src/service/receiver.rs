//! What a node does with what the bus brings: the cache of chats, the books of
//! who is online and the sessions learn of it, in this order.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use proto::entry::{AccountEntry, Entry, account_kind, kind};
use proto::event::{AccountChanged, ChatEntry, Event};
use proto::id::{ChatId, UserId};
use proto::{Seq, limits};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::access::{Access, changes_rights};
use super::choices::Choices;
use super::hub::Hub;
use super::pace::Pace;
use super::roster::Roster;
use crate::bus::{Signal, Sink};
use crate::store::SharedStore;

/// See the module.
pub struct Receiver {
    hub: Arc<Hub>,
    access: Arc<Access>,
    choices: Arc<Choices>,
    roster: Arc<Roster>,
    pace: Pace,
    /// Whether there are other nodes: alone, nothing comes out of order.
    among_others: AtomicBool,
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
    /// Entries that came before the ones in front of them.
    held: Mutex<HashMap<ChatId, Held>>,
    holding: Notify,
}

/// Entries of one chat behind a gap.
struct Held {
    since: Instant,
    entries: BTreeMap<Seq, Signal>,
}

/// A gap is given this long to be filled by what is under way; then the store
/// is asked.
const GAP: Duration = Duration::from_millis(150);
/// Entries held back of one chat.
const BEHIND_GAP: usize = 1_000;

/// Authors kept of one chat, and chats of which they are kept.
const AUTHORS: usize = 8;
const CHATS: usize = 10_000;

impl Receiver {
    /// A receiver of `node` with nobody listening yet.
    pub fn new(store: SharedStore, node: Uuid, pace: Pace) -> Self {
        Self {
            hub: Arc::new(Hub::new()),
            access: Arc::new(Access::new(store.clone())),
            choices: Arc::new(Choices::new(store)),
            roster: Arc::new(Roster::new(node)),
            pace,
            among_others: AtomicBool::new(false),
            up: AtomicBool::new(true),
            missed: AtomicU64::new(0),
            settled: AtomicU64::new(0),
            due: Notify::new(),
            authors: Mutex::default(),
            held: Mutex::default(),
            holding: Notify::new(),
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

    /// What people have chosen to be seen as.
    pub fn choices(&self) -> &Arc<Choices> {
        &self.choices
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

    /// Forgets what an entry of an account's log says has changed.
    pub(super) fn note_account(&self, user: UserId, entry: &AccountEntry) {
        self.access.follow(user, entry);
        if entry.kind == account_kind::PROFILE_CHANGED {
            self.choices.outdate(user);
        }
    }

    /// The same of an entry of another node, which told of it and may not have
    /// known of a session here. What is changed at this node is told by who
    /// changes it.
    pub(super) fn note_others_account(&self, user: UserId, entry: &AccountEntry) {
        self.note_account(user, entry);
        if entry.kind == account_kind::PROFILE_CHANGED {
            self.roster.note_choice(user);
        }
    }

    fn held(&self) -> MutexGuard<'_, HashMap<ChatId, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the sessions, but no entry behind a gap: the gap may hide that
    /// somebody was removed. It waits for what is missing to come; where that
    /// may be lost, the comparison brings both in order.
    fn tell(&self, signals: Vec<Signal>) {
        if !self.among_others.load(Ordering::SeqCst) {
            return self.hub.deliver(signals);
        }
        let mut told: HashMap<ChatId, Option<Seq>> = HashMap::new();
        let (mut early, mut now) = (Vec::new(), Vec::with_capacity(signals.len()));
        for signal in signals {
            let Some((chat, seq)) = entry_of(&signal) else {
                now.push(signal);
                continue;
            };
            let upto = told
                .entry(chat)
                // Of a chat that was joined just now it is not known.
                .or_insert_with(|| self.hub.told(chat).filter(|upto| *upto > 0));
            match upto {
                Some(upto) if seq > *upto + 1 => early.push((chat, seq, signal)),
                Some(upto) => {
                    *upto = seq.max(*upto);
                    now.push(signal);
                }
                None => now.push(signal),
            }
        }
        self.hub.deliver(now);
        if !early.is_empty() {
            if self.is_behind() {
                self.look();
            } else {
                self.hold(early);
            }
        }
        for chat in told.into_keys() {
            self.release(chat);
        }
    }

    fn hold(&self, early: Vec<(ChatId, Seq, Signal)>) {
        let mut chats = self.held();
        for (chat, seq, signal) in early {
            let held = chats.entry(chat).or_insert_with(|| Held {
                since: Instant::now(),
                entries: BTreeMap::new(),
            });
            // What does not fit is found with the gap.
            if held.entries.len() < BEHIND_GAP {
                held.entries.insert(seq, signal);
            }
        }
        drop(chats);
        self.holding.notify_one();
    }

    /// Tells the entries of a chat that are behind a gap no more.
    fn release(&self, chat: ChatId) {
        loop {
            let told = self.hub.told(chat);
            let mut chats = self.held();
            let Some(held) = chats.get_mut(&chat) else {
                return;
            };
            let mut next = told.map_or(Seq::MAX, |told| told + 1);
            let mut ready = Vec::new();
            while let Some(first) = held.entries.first_entry()
                && *first.key() <= next
            {
                let (seq, signal) = first.remove_entry();
                if seq == next {
                    next += 1;
                    ready.push(signal);
                }
            }
            if held.entries.is_empty() {
                chats.remove(&chat);
            } else if !ready.is_empty() {
                held.since = Instant::now();
            }
            drop(chats);
            if ready.is_empty() {
                return;
            }
            self.hub.deliver(ready);
        }
    }

    /// Has the store asked for what gaps hide that were not filled in time.
    /// Never resolves.
    pub(super) async fn watch_gaps(&self) {
        loop {
            let soonest = self.held().values().map(|held| held.since).min();
            let Some(since) = soonest else {
                self.holding.notified().await;
                continue;
            };
            sleep_until(since + GAP).await;
            let before = self.held().len();
            self.held().retain(|_, held| held.since.elapsed() < GAP);
            if self.held().len() < before {
                self.look();
            }
        }
    }

    /// Something is missing that the store has.
    fn look(&self) {
        self.missed.fetch_add(1, Ordering::SeqCst);
        self.due.notify_one();
    }
}

/// Which entry of which chat a signal tells.
fn entry_of(signal: &Signal) -> Option<(ChatId, Seq)> {
    match signal {
        Signal::ToChat {
            chat,
            event: Event::Entry(ChatEntry { entry, .. }),
            ..
        } => Some((*chat, entry.seq)),
        _ => None,
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
                    } else if changes_rights(entry.kind) {
                        self.access.invalidate(*chat);
                    }
                }
                Signal::ToUser {
                    user,
                    event: Event::Account(AccountChanged { entry }),
                } => self.note_others_account(*user, entry),
                Signal::ToUsers {
                    users,
                    event: Event::Presence(told),
                } if users.iter().any(|user| self.hub.is_online(*user)) => {
                    self.roster.hear(&told.users);
                }
                Signal::Presence(transition) => {
                    self.roster.apply(*transition);
                    if self.hub.is_online(transition.user) {
                        self.roster.cross(transition.user);
                    }
                }
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
        self.among_others.store(true, Ordering::SeqCst);
        self.hub.expect_repeats();
        self.up.store(up, Ordering::SeqCst);
        let trust = if up {
            self.pace.trust
        } else {
            self.pace.trust_down
        };
        self.access.trust(trust);
        self.choices.trust(trust);
        self.roster.note_connected(up);
        self.missed();
    }

    fn missed(&self) {
        self.access.clear();
        self.choices.clear();
        self.look();
    }
}
