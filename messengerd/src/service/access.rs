//! Who is in which chat: a cache in front of the store, so that a send costs no
//! query. The store has the last word: an append carries the revision it was
//! checked against.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use proto::error::{ErrorCode, WireError};
use proto::id::{ChatId, UserId};
use proto::request::{ChatKind, Role};
use tokio::time::Instant;

use super::refuse;
use crate::store::{Actor, ChatNo, ChatRecord, SharedStore, UserNo};

/// Chats kept before the cache starts anew.
const KEPT: usize = 50_000;

/// Who may do what in one chat.
#[derive(Debug)]
pub struct ChatAccess {
    /// The store's name.
    pub no: ChatNo,
    /// The outside's name.
    pub id: ChatId,
    /// What sort.
    pub kind: ChatKind,
    /// The revision this shows.
    pub acl_rev: u64,
    members: HashMap<UserId, (UserNo, Role)>,
}

impl ChatAccess {
    fn new(chat: &ChatRecord) -> Self {
        let members = chat
            .members
            .iter()
            .map(|member| (member.user.id, (member.no, member.role)))
            .collect();
        Self {
            no: chat.no,
            id: chat.id,
            kind: chat.kind,
            acl_rev: chat.acl_rev,
            members,
        }
    }

    /// Present members.
    pub fn members(&self) -> usize {
        self.members.len()
    }

    /// Present members' outside names.
    pub fn users(&self) -> impl Iterator<Item = UserId> {
        self.members.keys().copied()
    }

    /// A present member by outside name.
    pub fn member(&self, user: UserId) -> Option<(Actor, Role)> {
        self.members
            .get(&user)
            .map(|(no, role)| (Actor { no: *no, id: user }, *role))
    }
}

/// A chat and since when it is known.
struct Cached {
    chat: Arc<ChatAccess>,
    since: Instant,
}

/// The cache.
pub struct Access {
    store: SharedStore,
    chats: Mutex<HashMap<ChatId, Cached>>,
    /// Counts invalidations: what was loaded across one is not kept.
    epoch: AtomicU64,
    /// Milliseconds for which a chat is trusted; [`FOREVER`] where every change
    /// is told.
    trust: AtomicU64,
}

/// See [`Access::trust`].
const FOREVER: u64 = u64::MAX;

impl Access {
    /// A cache in front of `store`.
    pub fn new(store: SharedStore) -> Self {
        Self {
            store,
            chats: Mutex::default(),
            epoch: AtomicU64::new(0),
            trust: AtomicU64::new(FOREVER),
        }
    }

    fn chats(&self) -> MutexGuard<'_, HashMap<ChatId, Cached>> {
        self.chats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets a chat whose members or properties changed.
    pub fn invalidate(&self, chat: ChatId) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
        self.chats().remove(&chat);
    }

    /// Forgets a chat that is known at an earlier revision.
    pub fn outdate(&self, chat: ChatId, acl_rev: u64) {
        let known = self.chats().get(&chat).map(|known| known.chat.acl_rev);
        if known.is_some_and(|known| known < acl_rev) {
            self.invalidate(chat);
        }
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
        self.chats().clear();
    }

    /// Trusts a chat for this long from now on: other nodes may change it, and
    /// what they tell may be lost.
    pub fn trust(&self, duration: Duration) {
        self.trust
            .store(duration.as_millis() as u64, Ordering::SeqCst);
    }

    fn trusted(&self, since: Instant) -> bool {
        let trust = self.trust.load(Ordering::Relaxed);
        trust == FOREVER || since.elapsed() < Duration::from_millis(trust)
    }

    /// A chat that is known without asking the store.
    pub(super) fn peek(&self, id: ChatId) -> Option<Arc<ChatAccess>> {
        Some(self.chats().get(&id)?.chat.clone())
    }

    /// A chat, whoever asks; `None` where there is none.
    pub async fn chat(&self, id: ChatId) -> Result<Option<Arc<ChatAccess>>, WireError> {
        if let Some(known) = self.chats().get(&id)
            && self.trusted(known.since)
        {
            return Ok(Some(known.chat.clone()));
        }
        let since = Instant::now();
        let epoch = self.epoch.load(Ordering::SeqCst);
        let Some(record) = self.store.chat(id).await.map_err(refuse)? else {
            return Ok(None);
        };
        let loaded = Arc::new(ChatAccess::new(&record));
        let mut chats = self.chats();
        if self.epoch.load(Ordering::SeqCst) == epoch {
            if chats.len() >= KEPT {
                chats.clear();
            }
            let chat = loaded.clone();
            chats.insert(id, Cached { chat, since });
        }
        Ok(Some(loaded))
    }

    /// A chat for one of its members. To anybody else it is not found, whether
    /// it exists or not.
    pub async fn member(
        &self,
        id: ChatId,
        user: UserId,
    ) -> Result<(Arc<ChatAccess>, Actor, Role), WireError> {
        if let Some(chat) = self.chat(id).await?
            && let Some((actor, role)) = chat.member(user)
        {
            return Ok((chat, actor, role));
        }
        Err(ErrorCode::NotFound.into())
    }
}
