//! From commits to events: the store's feed puts batches into a queue, a task
//! takes them out in order and publishes.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use proto::entry::{AccountEntry, Body, account_kind, kind};
use proto::event::{AccountChanged, ChatEntry, CursorMoved, Event, ReceiptCounts};
use proto::id::{ChatId, UserId};
use proto::request::ChatKind;
use proto::{Seq, limits};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Service;
use super::access::changes_rights;
use super::receiver::Receiver;
use crate::bus::{Signal, Sink as _};
use crate::store::{Committed, CursorRecord, Feed, ShownCursor};

/// Committed things not yet told, above which sends are refused.
const BACKLOG: usize = 20_000;
/// Authors of a large chat whose receipts are followed.
const AUTHORS: usize = 8;
/// Receipt counts of one large chat at most this often.
const COUNT_INTERVAL: Duration = Duration::from_secs(1);

/// How much was committed and not told yet.
#[derive(Clone, Default)]
pub struct Backlog(Arc<AtomicUsize>);

impl Backlog {
    /// Whether senders have to wait.
    pub fn is_full(&self) -> bool {
        self.0.load(Ordering::Relaxed) > BACKLOG
    }
}

/// The store's side of the queue.
pub struct CommitQueue {
    receiver: std::sync::OnceLock<Arc<Receiver>>,
    queue: mpsc::UnboundedSender<Vec<Committed>>,
    backlog: Backlog,
}

/// The task's side of the queue.
pub struct Commits {
    queue: mpsc::UnboundedReceiver<Vec<Committed>>,
    backlog: Backlog,
}

/// A queue; its length is bounded by [`Backlog::is_full`] at the door.
pub fn commit_queue() -> (Arc<CommitQueue>, Commits, Backlog) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let backlog = Backlog::default();
    let queue = CommitQueue {
        receiver: std::sync::OnceLock::new(),
        queue: sender,
        backlog: backlog.clone(),
    };
    (
        Arc::new(queue),
        Commits {
            queue: receiver,
            backlog: backlog.clone(),
        },
        backlog,
    )
}

impl CommitQueue {
    /// Names whose cache is told of changed chats, and who compares with the
    /// store when something may have been missed. Before that, nobody can have
    /// asked it anything.
    pub fn invalidates(&self, receiver: Arc<Receiver>) {
        // Only the first call counts, and there is only one.
        let _ = self.receiver.set(receiver);
    }
}

impl Feed for CommitQueue {
    fn committed(&self, batch: Vec<Committed>) {
        if let Some(receiver) = self.receiver.get() {
            let access = receiver.access();
            for committed in &batch {
                match committed {
                    Committed::Entry { chat_id, entry, .. } if changes_rights(entry.kind) => {
                        access.invalidate(*chat_id);
                    }
                    Committed::Account { user, entry } => receiver.note_account(*user, entry),
                    Committed::Entry { .. } | Committed::Cursor { .. } => {}
                }
            }
        }
        let length = batch.len();
        self.backlog.0.fetch_add(length, Ordering::Relaxed);
        if self.queue.send(batch).is_err() {
            // The daemon is going down; nobody is left to be told.
            self.backlog.0.fetch_sub(length, Ordering::Relaxed);
        }
    }

    fn unsure(&self) {
        if let Some(receiver) = self.receiver.get() {
            receiver.missed();
        }
    }
}

/// Authors of one large chat and their latest entries, for receipt counts.
#[derive(Default)]
struct Authors {
    recent: VecDeque<(UserId, Seq)>,
    due: bool,
    counted: Option<Instant>,
}

impl Authors {
    fn note(&mut self, author: UserId, seq: Seq) {
        self.recent.retain(|(known, _)| *known != author);
        self.recent.push_back((author, seq));
        if self.recent.len() > AUTHORS {
            self.recent.pop_front();
        }
    }
}

/// What the owner of moved cursors is told: what is so.
pub(super) fn own_cursor(chat: ChatId, cursor: &CursorRecord) -> Signal {
    let own = ShownCursor {
        read: cursor.read,
        read_no: cursor.read_no,
        delivered: cursor.delivered,
    };
    Signal::ToUser {
        user: cursor.user_id,
        event: cursor_event(chat, cursor, own),
    }
}

/// What the members of a small chat are told of moved cursors: others what is
/// shown to them, and only where that moved.
pub(super) fn cursor_signals(
    chat: ChatId,
    cursor: &CursorRecord,
) -> impl Iterator<Item = Signal> + use<> {
    let shown = cursor.shown;
    let is_all = (shown.read, shown.read_no, shown.delivered)
        == (cursor.read, cursor.read_no, cursor.delivered);
    let to_chat = cursor.shown_moved.then(|| Signal::ToChat {
        chat,
        event: cursor_event(chat, cursor, shown),
        except: (!is_all).then_some(cursor.user_id),
    });
    let own = (!is_all || !cursor.shown_moved).then(|| own_cursor(chat, cursor));
    to_chat.into_iter().chain(own)
}

fn cursor_event(chat: ChatId, cursor: &CursorRecord, values: ShownCursor) -> Event {
    Event::Cursor(CursorMoved {
        chat,
        user: cursor.user_id,
        read: values.read,
        read_no: values.read_no,
        delivered: values.delivered,
        cursor_rev: cursor.cursor_rev,
    })
}

/// What follows from a new entry of an account's log.
pub(super) fn account_signals(user: UserId, entry: AccountEntry) -> impl Iterator<Item = Signal> {
    let effect = match (entry.kind, entry.chat, entry.session) {
        (account_kind::CHAT_JOINED, Some(chat), _) => Some(Signal::Joined { user, chat }),
        (account_kind::CHAT_LEFT, Some(chat), _) => Some(Signal::Left { user, chat }),
        (account_kind::SESSION_ENDED, _, Some(session)) => {
            Some(Signal::SessionEnded { user, session })
        }
        _ => None,
    };
    let told = Signal::ToUser {
        user,
        event: Event::Account(AccountChanged { entry }),
    };
    effect.into_iter().chain([told])
}

impl Service {
    /// Publishes commits in order until the queue's other end is gone.
    pub async fn publish(self: Arc<Self>, mut commits: Commits) {
        let mut large: HashMap<ChatId, Authors> = HashMap::new();
        let mut tick = tokio::time::interval(COUNT_INTERVAL);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let counting = large.values().any(|authors| authors.due);
            tokio::select! {
                batch = commits.queue.recv() => {
                    let Some(batch) = batch else { return };
                    let length = batch.len();
                    self.publish_batch(batch, &mut large).await;
                    commits.backlog.0.fetch_sub(length, Ordering::Relaxed);
                }
                _ = tick.tick(), if counting => self.publish_counts(&mut large).await,
            }
        }
    }

    async fn publish_batch(&self, batch: Vec<Committed>, large: &mut HashMap<ChatId, Authors>) {
        let mut signals = Vec::with_capacity(batch.len());
        let mut newcomers = Vec::new();
        for committed in batch {
            match committed {
                Committed::Entry { chat_id, entry, .. } => {
                    if matches!(entry.kind, kind::MESSAGE | kind::EDITED | kind::DELETED) {
                        self.upkeep.note_written();
                    }
                    if entry.kind == kind::CREATED {
                        newcomers.push((chat_id, None));
                    } else if entry.kind == kind::MEMBERS_ADDED {
                        let body = Body::decode(entry.kind, &entry.body);
                        if let Body::MembersAdded(added) = body {
                            newcomers.push((chat_id, Some(added.users)));
                        }
                    } else if entry.kind == kind::MESSAGE
                        && self.members(chat_id).await > limits::CURSOR_BROADCAST_MEMBERS
                    {
                        let authors = large.entry(chat_id).or_default();
                        authors.note(entry.actor, entry.seq);
                    }
                    let event = Event::Entry(ChatEntry {
                        chat: chat_id,
                        entry,
                    });
                    signals.push(Signal::ToChat {
                        chat: chat_id,
                        event,
                        except: None,
                    });
                }
                Committed::Cursor { chat_id, cursor } => {
                    if self.members(chat_id).await <= limits::CURSOR_BROADCAST_MEMBERS {
                        signals.extend(cursor_signals(chat_id, &cursor));
                    } else {
                        for (author, seq) in self.receiver.take_authors(chat_id) {
                            large.entry(chat_id).or_default().note(author, seq);
                        }
                        if cursor.shown_moved
                            && let Some(authors) = large.get_mut(&chat_id)
                        {
                            authors.due = true;
                        }
                        signals.push(own_cursor(chat_id, &cursor));
                    }
                }
                Committed::Account { user, entry } => {
                    signals.extend(account_signals(user, entry));
                }
            }
        }
        self.bus.publish(signals);
        for (chat, users) in newcomers {
            self.introduce(chat, users).await;
        }
    }

    /// Present members of a chat; 0 where it cannot be told.
    async fn members(&self, chat: ChatId) -> usize {
        match self.access.chat(chat).await {
            Ok(Some(chat)) => chat.members(),
            Ok(None) => 0,
            Err(error) => {
                tracing::warn!(%error, "members not read");
                0
            }
        }
    }

    /// Tells the members of a chat that is new to some of them who is there;
    /// to all of them where nobody is named.
    async fn introduce(&self, chat: ChatId, newcomers: Option<Vec<UserId>>) {
        let Ok(Some(chat)) = self.access.chat(chat).await else {
            return;
        };
        // Being in a public chat together shows nobody's presence.
        if chat.members() > limits::PRESENCE_MEMBERS || chat.kind == ChatKind::Public {
            return;
        }
        let members: Vec<UserId> = chat.users().collect();
        let newcomers = newcomers.unwrap_or_else(|| members.clone());
        let newcomers = newcomers.into_iter().collect();
        if let Err(error) = self.presence.introduce(members, &newcomers).await {
            tracing::warn!(%error, "presence not told");
        }
    }

    async fn publish_counts(&self, large: &mut HashMap<ChatId, Authors>) {
        let now = Instant::now();
        large.retain(|_, authors| {
            authors.due
                || authors
                    .counted
                    .is_none_or(|at| now.duration_since(at) < Duration::from_secs(3600))
        });
        for (id, authors) in large.iter_mut().filter(|(_, authors)| authors.due) {
            authors.due = false;
            authors.counted = Some(now);
            let Ok(Some(chat)) = self.access.chat(*id).await else {
                continue;
            };
            for (author, seq) in &authors.recent {
                let Some((actor, _)) = chat.member(*author) else {
                    continue;
                };
                if !self.presence.is_reached(*author) {
                    continue;
                }
                match self.store.counts(chat.no, actor.no, *seq).await {
                    Ok(counts) => {
                        let event = Event::Receipts(ReceiptCounts {
                            chat: *id,
                            seq: *seq,
                            delivered: counts.delivered,
                            read: counts.read,
                            members: counts.members,
                        });
                        self.bus.publish(vec![Signal::ToUser {
                            user: *author,
                            event,
                        }]);
                    }
                    Err(error) => tracing::warn!(%error, "receipts not counted"),
                }
            }
        }
    }
}
