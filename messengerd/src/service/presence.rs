//! Who is online, and telling those who may know: peers of private chats and
//! members of groups of up to 100.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use proto::error::WireError;
use proto::event::{Event, Presence as State, PresenceChanged};
use proto::id::UserId;
use proto::{UnixMillis, limits};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::hub::Hub;
use super::{now, refuse};
use crate::bus::{Bus, Signal};
use crate::store::{Actor, SharedStore, UserNo};

/// How long a user without a session still counts as online.
const GRACE: Duration = Duration::from_secs(5);

struct Online {
    no: UserNo,
    sessions: usize,
    /// Since when there is no session: instant and wall clock.
    gone: Option<(Instant, UnixMillis)>,
}

/// See the module.
pub struct Presence {
    store: SharedStore,
    hub: Arc<Hub>,
    bus: Arc<dyn Bus>,
    online: Mutex<HashMap<UserId, Online>>,
    wake: Notify,
}

impl Presence {
    /// Nobody online.
    pub fn new(store: SharedStore, hub: Arc<Hub>, bus: Arc<dyn Bus>) -> Self {
        Self {
            store,
            hub,
            bus,
            online: Mutex::default(),
            wake: Notify::new(),
        }
    }

    fn online(&self) -> MutexGuard<'_, HashMap<UserId, Online>> {
        self.online.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a user counts as online.
    pub fn is_online(&self, user: UserId) -> bool {
        self.online().contains_key(&user)
    }

    /// A live session of this user began. Returns whether they came online.
    pub fn connected(&self, actor: Actor) -> bool {
        let mut online = self.online();
        let known = online.len();
        let user = online.entry(actor.id).or_insert(Online {
            no: actor.no,
            sessions: 0,
            gone: None,
        });
        user.sessions += 1;
        user.gone = None;
        online.len() > known
    }

    /// A live session of this user ended.
    pub fn disconnected(&self, user: UserId) {
        if let Some(online) = self.online().get_mut(&user) {
            online.sessions = online.sessions.saturating_sub(1);
            if online.sessions == 0 {
                online.gone = Some((Instant::now(), now()));
                self.wake.notify_one();
            }
        }
    }

    /// Tells those who may know.
    ///
    /// # Errors
    ///
    /// Where the store fails.
    pub async fn announce(&self, actor: Actor) -> Result<(), WireError> {
        let state = self.state(actor.id, None);
        self.tell(actor.no, state).await
    }

    async fn tell(&self, user: UserNo, state: State) -> Result<(), WireError> {
        let who = self
            .store
            .acquaintances(user, limits::PRESENCE_MEMBERS as u32)
            .await
            .map_err(refuse)?;
        let event = Event::Presence(PresenceChanged {
            users: vec![state],
            snapshot: false,
        });
        let signals = who
            .into_iter()
            .filter(|other| self.hub.is_online(other.id))
            .map(|other| Signal::ToUser {
                user: other.id,
                event: event.clone(),
            });
        self.bus.publish(signals.collect());
        Ok(())
    }

    fn state(&self, user: UserId, last_seen: Option<UnixMillis>) -> State {
        let online = self.is_online(user);
        State {
            user,
            online,
            last_seen: last_seen.filter(|_| !online),
        }
    }

    /// Everybody whose presence this user may see.
    ///
    /// # Errors
    ///
    /// Where the store fails.
    pub async fn snapshot(&self, actor: Actor) -> Result<PresenceChanged, WireError> {
        let who = self
            .store
            .acquaintances(actor.no, limits::PRESENCE_MEMBERS as u32)
            .await
            .map_err(refuse)?;
        let users = who
            .iter()
            .map(|other| self.state(other.id, other.last_seen))
            .collect();
        Ok(PresenceChanged {
            users,
            snapshot: true,
        })
    }

    /// Takes users offline when their grace is over, until cancelled; then all
    /// who are left.
    pub async fn run(&self, stop: CancellationToken) {
        loop {
            let next = self.expire(false).await;
            tokio::select! {
                () = async {
                    match next {
                        Some(at) => tokio::time::sleep_until(at).await,
                        None => self.wake.notified().await,
                    }
                } => {}
                () = stop.cancelled() => break,
            }
        }
        self.expire(true).await;
    }

    async fn expire(&self, all: bool) -> Option<Instant> {
        let at = Instant::now();
        let mut next: Option<Instant> = None;
        let mut over = Vec::new();
        self.online().retain(|id, user| {
            let gone = match user.gone {
                Some((since, seen)) if all || at >= since + GRACE => Some(seen),
                Some((since, _)) => {
                    next = Some(next.map_or(since + GRACE, |soonest| soonest.min(since + GRACE)));
                    None
                }
                None => all.then(now),
            };
            if let Some(seen) = gone {
                over.push((*id, user.no, seen));
            }
            gone.is_none()
        });
        if over.is_empty() {
            return next;
        }
        let seen = over.iter().map(|(_, no, seen)| (*no, *seen)).collect();
        if let Err(error) = self.store.set_last_seen(seen).await {
            tracing::warn!(%error, "last seen not written");
        }
        for (id, no, seen) in over {
            let state = self.state(id, Some(seen));
            if let Err(error) = self.tell(no, state).await {
                tracing::warn!(%error, "presence not told");
            }
        }
        next
    }
}
