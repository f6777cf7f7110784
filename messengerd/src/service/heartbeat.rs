//! A node among others: its signs of life, and what it learns from theirs.

use std::collections::HashMap;

use proto::id::UserId;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::now;
use super::presence::{LOOK_UP, Presence};
use super::telling::Due;
use crate::bus::{Beat, BusError, Present, Pulse, Shared, Signal};
use crate::store::Actor;

impl Presence {
    /// Gives signs of life until cancelled.
    pub(super) async fn beat_until(&self, shared: &dyn Shared, stop: &CancellationToken) {
        let mut taken_over = false;
        // The other nodes' copy of the books is to be written as a whole.
        let mut anew = true;
        // From when on a node without a sign of life is dead: after the bus
        // came back, all get the time to give one.
        let mut certain: Option<Instant> = None;
        loop {
            let beat = async {
                if !taken_over {
                    self.take_over_earlier(shared).await?;
                    taken_over = true;
                }
                let (beat, kept) = self.next_beat(anew);
                // A failed one leaves the copy unknown.
                anew = true;
                let pulse = shared.beat(beat).await?;
                anew = pulse.kept != kept;
                Ok::<Pulse, BusError>(pulse)
            };
            let pulse = tokio::select! {
                pulse = beat => pulse,
                () = stop.cancelled() => return,
            };
            match pulse {
                Ok(pulse) => {
                    let certain = *certain.get_or_insert_with(|| Instant::now() + self.pace.life);
                    if pulse.buried {
                        self.come_back();
                    }
                    self.follow(shared, pulse, Instant::now() >= certain).await;
                    if self.roster.arrives() {
                        self.telling.settle();
                    }
                }
                Err(error) => {
                    tracing::debug!(%error, "no sign of life given");
                    certain = None;
                }
            }
            let next = Instant::now() + self.pace.beat;
            tokio::select! {
                () = tokio::time::sleep_until(next) => {}
                // Changes that come together are written together.
                () = self.changed.notified() => {
                    tokio::select! {
                        () = tokio::time::sleep(self.pace.beat / 20) => {}
                        () = stop.cancelled() => return,
                    }
                }
                () = stop.cancelled() => return,
            }
        }
    }

    /// A node that was started again soon after its end has its users still,
    /// for the time of grace.
    async fn take_over_earlier(&self, shared: &dyn Shared) -> Result<(), BusError> {
        let Some((_, users)) = shared.users_at(self.roster.me()).await? else {
            return Ok(());
        };
        let idle: HashMap<UserId, bool> = users
            .into_iter()
            .map(|present| (present.user, present.idle))
            .collect();
        let users: Vec<UserId> = idle.keys().copied().collect();
        for chunk in users.chunks(LOOK_UP) {
            match self.store.users(chunk.to_vec(), Vec::new()).await {
                Ok(found) => self.take_over(found.into_iter().map(|user| {
                    let actor = Actor {
                        no: user.no,
                        id: user.id,
                    };
                    (actor, idle.get(&user.id).copied().unwrap_or(false))
                })),
                Err(error) => tracing::warn!(%error, "earlier users not taken over"),
            }
        }
        Ok(())
    }

    /// The next sign of life, and how many users the copy will hold.
    fn next_beat(&self, anew: bool) -> (Beat, usize) {
        let mut books = self.books();
        let changed = std::mem::take(&mut books.changed);
        let mut beat = Beat {
            version: books.version,
            life: self.pace.life,
            ..Beat::default()
        };
        if anew {
            let all = books.online.iter().map(|(user, known)| Present {
                user: *user,
                idle: known.idle,
            });
            beat.all = Some(all.collect());
        } else {
            for (user, before) in changed {
                let now = books.online.get(&user).map(|known| known.idle);
                if now != before {
                    let present = |idle| Present { user, idle };
                    beat.went.extend(before.map(present));
                    beat.came.extend(now.map(present));
                }
            }
        }
        (beat, books.online.len())
    }

    /// The others had declared this node dead: what they told is not so.
    fn come_back(&self) {
        tracing::warn!("this node was taken for dead; its users are online again");
        let users: Vec<UserId> = self.books().online.keys().copied().collect();
        let users = users.into_iter().map(|user| (user, Due::default()));
        self.telling.add(users);
    }

    async fn follow(&self, shared: &dyn Shared, pulse: Pulse, certain: bool) {
        let mut nodes: HashMap<Uuid, Option<u64>> = pulse.others.into_iter().collect();
        for known in self.roster.nodes() {
            nodes.entry(known).or_default();
        }
        for (node, version) in nodes {
            let followed = match version {
                Some(version) if self.roster.wants(node, version) => self.load(shared, node).await,
                Some(_) => Ok(()),
                None if certain => self.bury(shared, node).await,
                None => Ok(()),
            };
            if let Err(error) = followed {
                tracing::debug!(%error, "another node's users are not known");
                return;
            }
        }
    }

    async fn load(&self, shared: &dyn Shared, node: Uuid) -> Result<(), BusError> {
        if let Some((version, users)) = shared.users_at(node).await? {
            let watched = self.hub.sessions() > 0;
            self.roster.load(node, version, users, watched);
        }
        Ok(())
    }

    /// Lets go of a dead node's users; the first node to do so tells of those
    /// who are nowhere else.
    async fn bury(&self, shared: &dyn Shared, node: Uuid) -> Result<(), BusError> {
        let first = shared.bury(node).await?;
        let gone = self.roster.forget(node);
        if first {
            tracing::info!(users = gone.len(), "another node is gone");
            // All let go of the users before anybody is told.
            self.bus.publish(vec![Signal::NodeGone(node)]);
            let why = Due {
                seen: Some(now()),
                hiding: false,
            };
            self.telling.add(gone.into_iter().map(|user| {
                // Who is here may have been active there alone.
                let here = self.is_here(user);
                (user, if here { Due::default() } else { why })
            }));
        }
        Ok(())
    }
}
