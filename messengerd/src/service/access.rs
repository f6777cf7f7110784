//! Who is in which chat: a cache in front of the store, so that a send costs no
//! query. The store has the last word: an append carries the revision it was
//! checked against.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use proto::Seq;
use proto::UnixMillis;
use proto::entry::{AccountEntry, account_kind, kind};
use proto::error::{ErrorCode, WireError};
use proto::id::{ChatId, EntryId, UserId};
use proto::request::{ChatKind, ChatSettings, NewMemberHistory, Role};
use tokio::time::Instant;

use super::{now, refuse, too_large};
use crate::store::groups::{Act, Door, most_members};
use crate::store::{Actor, ChatNo, ChatRecord, SharedStore, StoreError, UserNo};

/// Chats kept before the cache starts anew.
const KEPT: usize = 50_000;
/// How often something is decided anew because the chat has changed meanwhile.
pub(super) const TRIES: usize = 5;

/// Whether an entry of this kind changes who may do what in its chat; of a kind
/// that is not known it is assumed.
pub(super) fn changes_rights(kind: u16) -> bool {
    !matches!(
        kind,
        kind::MESSAGE | kind::EDITED | kind::DELETED | kind::REACTED | kind::PINNED
    )
}

/// How a present member stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The store's name.
    pub no: UserNo,
    /// What they may do.
    pub role: Role,
    /// They may not write before this time.
    pub muted_until: UnixMillis,
    /// They see nothing up to this entry.
    pub from: Seq,
}

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
    /// Who made it.
    pub created_by: UserId,
    /// What members may do.
    pub settings: ChatSettings,
    members: HashMap<UserId, Standing>,
    banned: HashSet<UserId>,
    /// Who of a private chat has blocked the other.
    blockers: Vec<UserId>,
}

impl ChatAccess {
    fn new(chat: ChatRecord) -> Self {
        let members = chat.members.iter().map(|member| {
            let standing = Standing {
                no: member.no,
                role: member.role,
                muted_until: member.muted_until,
                from: member.from_seq,
            };
            (member.user.id, standing)
        });
        Self {
            no: chat.no,
            id: chat.id,
            kind: chat.kind,
            acl_rev: chat.acl_rev,
            created_by: chat.created_by,
            settings: chat.settings,
            members: members.collect(),
            banned: chat.banned.into_iter().collect(),
            blockers: chat.blockers,
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

    /// How a present member stands.
    pub fn standing(&self, user: UserId) -> Option<Standing> {
        self.members.get(&user).copied()
    }

    /// A present member by outside name.
    pub fn member(&self, user: UserId) -> Option<(Actor, Role)> {
        let standing = self.standing(user)?;
        let actor = Actor {
            no: standing.no,
            id: user,
        };
        Some((actor, standing.role))
    }

    /// Present admins.
    pub fn admins(&self) -> usize {
        let admin = |standing: &&Standing| standing.role == Role::Admin;
        self.members.values().filter(admin).count()
    }

    /// Whether somebody may not come back.
    pub fn is_banned(&self, user: UserId) -> bool {
        self.banned.contains(&user)
    }

    /// Whether the other of a private chat has blocked this one.
    pub fn is_blocked(&self, user: UserId) -> bool {
        self.blockers.iter().any(|blocker| *blocker != user)
    }

    /// Whether either of a private chat has blocked the other: then neither
    /// sees the other type or read.
    pub fn is_severed(&self) -> bool {
        !self.blockers.is_empty()
    }

    /// Whether somebody who is no member may read, and join by writing.
    pub fn is_open_to(&self, user: UserId) -> bool {
        self.kind == ChatKind::Public && !self.is_banned(user)
    }

    /// Nobody else can come in.
    pub(super) fn full(&self) -> WireError {
        too_large("members", most_members(self.kind))
    }

    /// The two of a private chat, in order.
    fn pair(&self) -> Option<(UserId, UserId)> {
        let mut users = self.users();
        match (self.kind, users.next(), users.next()) {
            (ChatKind::Private, Some(one), Some(other)) => Some(pair(one, other)),
            _ => None,
        }
    }
}

fn pair(one: UserId, other: UserId) -> (UserId, UserId) {
    (one.min(other), one.max(other))
}

/// Somebody who may read a chat.
#[derive(Debug, Clone)]
pub struct Reader {
    /// Where.
    pub chat: Arc<ChatAccess>,
    /// They see nothing up to this entry.
    pub from: Seq,
}

/// A chat and since when it is known.
struct Cached {
    chat: Arc<ChatAccess>,
    since: Instant,
}

#[derive(Default)]
struct Chats {
    by_id: HashMap<ChatId, Cached>,
    /// Private chats of two: a block names people, not their chat.
    pairs: HashMap<(UserId, UserId), ChatId>,
}

impl Chats {
    fn remove(&mut self, id: ChatId) {
        if let Some(pair) = self.by_id.remove(&id).and_then(|known| known.chat.pair()) {
            self.pairs.remove(&pair);
        }
    }

    fn clear(&mut self) {
        self.by_id.clear();
        self.pairs.clear();
    }
}

/// The cache.
pub struct Access {
    store: SharedStore,
    chats: Mutex<Chats>,
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

    fn chats(&self) -> MutexGuard<'_, Chats> {
        self.chats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets a chat whose members or properties changed.
    pub fn invalidate(&self, chat: ChatId) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
        self.chats().remove(chat);
    }

    /// Forgets the private chat of two people, one of whom has changed how they
    /// stand to the other.
    pub fn invalidate_pair(&self, one: UserId, other: UserId) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
        let mut chats = self.chats();
        if let Some(chat) = chats.pairs.get(&pair(one, other)).copied() {
            chats.remove(chat);
        }
    }

    /// Forgets what an entry of somebody's account log makes untrue: a chat
    /// that they came to or left, which it says even of one that was deleted,
    /// or the private chat with somebody whom they block.
    pub fn follow(&self, user: UserId, entry: &AccountEntry) {
        match (entry.kind, entry.chat, entry.user) {
            (account_kind::CHAT_JOINED | account_kind::CHAT_LEFT, Some(chat), _) => {
                self.invalidate(chat);
            }
            (account_kind::CONTACT_CHANGED, _, Some(other)) => self.invalidate_pair(user, other),
            _ => {}
        }
    }

    /// Forgets a chat that is known at an earlier revision.
    pub fn outdate(&self, chat: ChatId, acl_rev: u64) {
        let known = self
            .chats()
            .by_id
            .get(&chat)
            .map(|known| known.chat.acl_rev);
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
        Some(self.chats().by_id.get(&id)?.chat.clone())
    }

    /// A chat, whoever asks; `None` where there is none.
    pub async fn chat(&self, id: ChatId) -> Result<Option<Arc<ChatAccess>>, WireError> {
        if let Some(known) = self.chats().by_id.get(&id)
            && self.trusted(known.since)
        {
            return Ok(Some(known.chat.clone()));
        }
        let since = Instant::now();
        let epoch = self.epoch.load(Ordering::SeqCst);
        let Some(record) = self.store.chat(id).await.map_err(refuse)? else {
            return Ok(None);
        };
        let loaded = Arc::new(ChatAccess::new(record));
        let mut chats = self.chats();
        if self.epoch.load(Ordering::SeqCst) == epoch {
            if chats.by_id.len() >= KEPT {
                chats.clear();
            }
            if let Some(pair) = loaded.pair() {
                chats.pairs.insert(pair, id);
            }
            let chat = loaded.clone();
            chats.by_id.insert(id, Cached { chat, since });
        }
        Ok(Some(loaded))
    }

    /// A chat as it is now, for a decision that the store does not check again.
    pub async fn fresh(&self, id: ChatId) -> Result<Arc<ChatAccess>, WireError> {
        self.invalidate(id);
        self.chat(id).await?.ok_or(ErrorCode::NotFound.into())
    }

    /// A chat for one of its members. To anybody else it is not found, whether
    /// it exists or not, unless it is public.
    pub async fn member(
        &self,
        id: ChatId,
        user: UserId,
    ) -> Result<(Arc<ChatAccess>, Standing), WireError> {
        let chat = self.chat(id).await?.ok_or(ErrorCode::NotFound)?;
        match chat.standing(user) {
            Some(standing) => Ok((chat, standing)),
            None => Err(chat.refusal()),
        }
    }

    /// A chat for somebody who wants to read it: its members, and anybody who
    /// is not banned where it is public.
    pub async fn readable(&self, id: ChatId, user: UserId) -> Result<Reader, WireError> {
        let chat = self.chat(id).await?.ok_or(ErrorCode::NotFound)?;
        let from = match chat.standing(user) {
            Some(standing) => standing.from,
            None if !chat.is_open_to(user) => return Err(chat.refusal()),
            None => self.outsiders_from(&chat).await?,
        };
        Ok(Reader { chat, from })
    }

    /// What those who read a public chat from outside do not see: no more than
    /// they would if they joined now.
    async fn outsiders_from(&self, chat: &ChatAccess) -> Result<Seq, WireError> {
        if chat.settings.history_for_new_members != NewMemberHistory::SinceJoin {
            return Ok(0);
        }
        let asked = self.store.revisions(vec![chat.id], Vec::new(), Vec::new());
        let revisions = asked.await.map_err(refuse)?;
        let revision = revisions.chats.first().ok_or(ErrorCode::NotFound)?;
        Ok(revision.seq)
    }

    /// A chat for somebody who wants to write, mark or type there, which makes
    /// them a member of one that is public.
    pub async fn writable(
        &self,
        id: ChatId,
        actor: Actor,
    ) -> Result<(Arc<ChatAccess>, Standing), WireError> {
        for _ in 0..TRIES {
            let chat = self.chat(id).await?.ok_or(ErrorCode::NotFound)?;
            if let Some(standing) = chat.standing(actor.id) {
                return Ok((chat, standing));
            }
            if !chat.is_open_to(actor.id) {
                return Err(chat.refusal());
            }
            let act = Act {
                chat: chat.no,
                chat_id: chat.id,
                acl_rev: chat.acl_rev,
                actor,
                entry: EntryId::generate(),
                at: now(),
            };
            match self.store.join(act, Door::Public).await {
                // Refused: banned, or no longer public. What is so now decides.
                Ok(()) | Err(StoreError::NoAccess | StoreError::Outdated) => self.invalidate(id),
                Err(StoreError::TooMany(_)) => return Err(chat.full()),
                Err(error) => return Err(refuse(error)),
            }
        }
        Err(refuse(StoreError::Outdated))
    }
}
