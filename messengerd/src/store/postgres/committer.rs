//! A task that commits what is written to its share of the chats. It takes what
//! waits, up to [`BATCH`], without waiting for more, commits it, tells the feed
//! and then answers.
//!
//! It has a connection of its own. Where that is lost it tries another one at
//! once and repeats what was under way, which the entries' ids make safe; where
//! there is none to be had, everything is refused until there is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use deadpool_postgres::ClientWrapper;
use futures_util::future::BoxFuture;
use proto::digest::block_of;
use proto::limits::DIGEST_BLOCK;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::answers::{Outcome, answer, apart, event};
use super::connect::{Connector, LIMIT};
use super::error::{Fault, again};
use super::index::Dirty;
use super::lanes::{self, Landed};
use super::pool::{Done, Step, TRIES};
use super::queue::{Answer, Job, Waiting};
use super::statements;
use super::upkeep::Upkeep;
use crate::store::{Append, Committed, Feed, StoreError};

/// Most jobs taken at a time.
const BATCH: usize = 512;
/// Between tries to get a connection: at first, and at most.
const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(2)];

pub(super) struct Committer {
    connector: Connector,
    link: Option<ClientWrapper>,
    /// The next connection, on its way while there is none.
    next_link: Option<BoxFuture<'static, ClientWrapper>>,
    /// Appends that may or may not have been committed when the last connection
    /// was lost.
    unknown: Vec<Append>,
    feed: Arc<dyn Feed>,
    upkeep: Upkeep,
    dirty: Dirty,
    /// Bytes of bodies in the queues.
    bytes: Arc<AtomicUsize>,
}

impl Committer {
    pub(super) fn new(
        connector: Connector,
        link: ClientWrapper,
        feed: Arc<dyn Feed>,
        upkeep: Upkeep,
        dirty: Dirty,
        bytes: Arc<AtomicUsize>,
    ) -> Self {
        Self {
            connector,
            link: Some(link),
            next_link: None,
            unknown: Vec::new(),
            feed,
            upkeep,
            dirty,
            bytes,
        }
    }

    /// Works until it is closed or every sender is gone.
    pub(super) async fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut closers: Vec<Answer<()>> = Vec::new();
        while self.take(&mut jobs, &mut batch).await > 0 {
            self.batch(&mut batch, &mut closers).await;
            if !closers.is_empty() {
                // What slipped in behind is still finished.
                jobs.close();
            }
        }
        drop(self);
        for closer in closers {
            // Nobody may be waiting any more.
            let _ = closer.send(Ok(()));
        }
    }

    /// Takes what waits, and meanwhile the next connection where there is none.
    async fn take(&mut self, jobs: &mut mpsc::Receiver<Job>, batch: &mut Vec<Job>) -> usize {
        loop {
            let Some(next) = &mut self.next_link else {
                return jobs.recv_many(batch, BATCH).await;
            };
            tokio::select! {
                taken = jobs.recv_many(batch, BATCH) => return taken,
                link = next => {
                    tracing::info!("connected to the database again");
                    self.next_link = None;
                    self.link = Some(link);
                    self.tell_unknown().await;
                    self.feed.unsure();
                }
            }
        }
    }

    /// Works on jobs in order: appends together as far as they follow each
    /// other, everything else by itself.
    async fn batch(&mut self, jobs: &mut Vec<Job>, closers: &mut Vec<Answer<()>>) {
        let mut appends = Vec::with_capacity(jobs.len());
        for job in jobs.drain(..) {
            match job {
                Job::Append(waiting) => appends.push(waiting),
                Job::Change(change) => {
                    self.appends(std::mem::take(&mut appends)).await;
                    change.run(self).await;
                }
                Job::Close(answer) => closers.push(answer),
            }
        }
        self.appends(appends).await;
    }

    async fn appends(&mut self, mut waiting: Vec<Waiting>) {
        let bytes = waiting.iter().map(|w| w.append.body.len()).sum();
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        let deadline = Instant::now() + LIMIT;
        while !waiting.is_empty() {
            let (firsts, repeats) = apart(waiting);
            let appends: Vec<&Append> = firsts.iter().map(|w| &w.append).collect();
            let outcomes = Box::pin(self.commit(&appends, deadline)).await;
            self.tell(&appends, &outcomes);
            waiting = answer(firsts, outcomes, repeats);
        }
    }

    /// Commits appends with different ids.
    async fn commit(&mut self, appends: &[&Append], deadline: Instant) -> Vec<Outcome> {
        let Some(link) = &self.link else {
            return appends.iter().map(|_| Err(away())).collect();
        };
        let attempt = timeout_at(deadline, fast(link, appends)).await;
        let mut after_loss = false;
        let fast = match attempt.unwrap_or(Err(Fault::Silent)) {
            Ok(landed) => landed,
            Err(fault) if fault.duplicate().is_some() || fault.repeatable() => {
                vec![None; appends.len()]
            }
            Err(fault) if fault.lost() => {
                let error = StoreError::from(fault);
                if !self.reconnect(&error, deadline).await {
                    return self.lose(appends, &error);
                }
                after_loss = true;
                vec![None; appends.len()]
            }
            Err(fault) => {
                let error = StoreError::from(fault);
                if matches!(error, StoreError::Internal(_)) {
                    return self.one_by_one(appends, false, deadline).await;
                }
                return appends.iter().map(|_| Err(again(&error))).collect();
            }
        };
        let left: Vec<&Append> = appends
            .iter()
            .zip(&fast)
            .filter(|(_, landed)| landed.is_none())
            .map(|(append, _)| *append)
            .collect();
        if left.is_empty() {
            return fast.into_iter().flatten().map(Ok).collect();
        }
        let mut rest = self.careful(&left, after_loss, deadline).await.into_iter();
        fast.into_iter()
            .map(|landed| match landed {
                Some(landed) => Ok(landed),
                None => rest.next().unwrap_or_else(|| Err(away())),
            })
            .collect()
    }

    /// The slow lane. `after_loss`: some of this may have been committed just
    /// before a connection was lost, without the feed having heard of it.
    async fn careful(
        &mut self,
        appends: &[&Append],
        mut after_loss: bool,
        deadline: Instant,
    ) -> Vec<Outcome> {
        let mut tries = 0;
        loop {
            tries += 1;
            let Some(link) = &self.link else {
                return self.lose(appends, &away());
            };
            let attempt = timeout_at(deadline, lanes::careful(link, appends)).await;
            let fault = match attempt.unwrap_or(Err(Fault::Silent)) {
                Ok(mut outcomes) => {
                    if after_loss {
                        for landed in outcomes.iter_mut().flatten() {
                            landed.news = true;
                        }
                    }
                    return outcomes;
                }
                Err(fault) => fault,
            };
            let in_the_way = fault.duplicate().is_some() || fault.repeatable();
            if !fault.lost() {
                self.roll_back(deadline).await;
                if in_the_way && tries < TRIES {
                    continue;
                }
            }
            let lost = fault.lost();
            let error = match fault {
                _ if in_the_way => {
                    StoreError::Unavailable("too many writes were in each other's way".to_owned())
                }
                fault => StoreError::from(fault),
            };
            if lost {
                after_loss = true;
                if tries < TRIES && self.reconnect(&error, deadline).await {
                    continue;
                }
                return self.lose(appends, &error);
            }
            if matches!(error, StoreError::Internal(_)) && appends.len() > 1 {
                return self.one_by_one(appends, after_loss, deadline).await;
            }
            return appends.iter().map(|_| Err(again(&error))).collect();
        }
    }

    /// Something is wrong with one of them, which must not fail the others.
    async fn one_by_one(
        &mut self,
        appends: &[&Append],
        after_loss: bool,
        deadline: Instant,
    ) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(appends.len());
        for append in appends {
            let alone = [*append];
            outcomes.extend(Box::pin(self.careful(&alone, after_loss, deadline)).await);
        }
        outcomes
    }

    /// Does a write with a transaction of its own and tells the feed. It is
    /// done again where it was in another's way or the connection was lost: it
    /// then finds what it has done, if it has, but not what there was to tell.
    pub(super) async fn attempt<A, T>(
        &mut self,
        args: &A,
        work: impl for<'a> Fn(&'a ClientWrapper, &'a A) -> Step<'a, Done<T>>,
    ) -> Result<T, StoreError> {
        let mut unsure = false;
        let outcome = self.tries(args, work, &mut unsure).await;
        if unsure {
            self.dirty.rescan();
            self.feed.unsure();
        }
        outcome
    }

    /// `unsure`: whether a try may have been committed without anybody knowing.
    async fn tries<A, T>(
        &mut self,
        args: &A,
        work: impl for<'a> Fn(&'a ClientWrapper, &'a A) -> Step<'a, Done<T>>,
        unsure: &mut bool,
    ) -> Result<T, StoreError> {
        let deadline = Instant::now() + LIMIT;
        let mut tries = 0;
        loop {
            tries += 1;
            let Some(link) = &self.link else {
                return Err(away());
            };
            let attempt = timeout_at(deadline, work(link, args)).await;
            let fault = match attempt.unwrap_or(Err(Fault::Silent)) {
                Ok(done) => {
                    self.note(&done.events);
                    if !done.events.is_empty() {
                        self.feed.committed(done.events);
                    }
                    return Ok(done.value);
                }
                Err(fault) => fault,
            };
            let repeatable = fault.repeatable();
            let lost = fault.lost();
            let error = StoreError::from(fault);
            if lost {
                *unsure = true;
                if tries < TRIES && self.reconnect(&error, deadline).await {
                    continue;
                }
                self.lose(&[], &error);
                return Err(error);
            }
            self.roll_back(deadline).await;
            if !repeatable || tries >= TRIES {
                return Err(error);
            }
        }
    }

    async fn roll_back(&mut self, deadline: Instant) {
        let Some(link) = &self.link else {
            return;
        };
        let rolled_back = timeout_at(deadline, statements::rollback(link)).await;
        if !matches!(rolled_back, Ok(Ok(()))) {
            self.lose(&[], &away());
        }
    }

    /// Replaces a connection that is of no use any more, if that can be done
    /// at once.
    async fn reconnect(&mut self, why: &StoreError, deadline: Instant) -> bool {
        self.link = None;
        tracing::warn!(%why, "the connection to the database is lost");
        match timeout_at(deadline, self.connector.open()).await {
            Ok(Ok(link)) => {
                self.link = Some(link);
                true
            }
            Ok(Err(_)) | Err(_) => false,
        }
    }

    /// Goes without a connection until there is another one.
    fn lose(&mut self, appends: &[&Append], why: &StoreError) -> Vec<Outcome> {
        self.link = None;
        if self.next_link.is_none() {
            self.next_link = Some(Box::pin(come_back(self.connector.clone())));
        }
        let unknown = appends.iter().map(|append| (*append).clone());
        self.unknown.extend(unknown);
        let why = match why {
            StoreError::Unavailable(text) => text.clone(),
            other => other.to_string(),
        };
        appends
            .iter()
            .map(|_| Err(StoreError::Unavailable(why.clone())))
            .collect()
    }

    /// Tells the feed of what was committed although nobody could say so.
    async fn tell_unknown(&mut self) {
        let Some(link) = &self.link else {
            return;
        };
        let deadline = Instant::now() + LIMIT;
        match timeout_at(deadline, lanes::existing(link, &self.unknown)).await {
            Ok(Ok(found)) => {
                let unknown = std::mem::take(&mut self.unknown);
                let appends: Vec<&Append> = unknown.iter().collect();
                let outcomes: Vec<Outcome> = found
                    .into_iter()
                    .map(|landed| {
                        let landed = landed.ok_or_else(away)?;
                        Ok(Landed {
                            news: true,
                            ..landed
                        })
                    })
                    .collect();
                self.tell(&appends, &outcomes);
            }
            Ok(Err(_)) | Err(_) => drop(self.lose(&[], &away())),
        }
    }

    /// Tells the feed what was committed, in the order of each chat's log.
    fn tell(&self, appends: &[&Append], outcomes: &[Outcome]) {
        let mut events = Vec::with_capacity(appends.len());
        for (append, outcome) in appends.iter().zip(outcomes) {
            let Ok(landed) = outcome else {
                continue;
            };
            if !landed.news {
                continue;
            }
            events.push(event(append, landed));
        }
        self.note(&events);
        if !events.is_empty() {
            self.feed.committed(events);
        }
    }

    /// What there is to be done behind new entries.
    fn note(&self, events: &[Committed]) {
        self.dirty.note(events);
        for event in events {
            let Committed::Entry { chat, entry, .. } = event else {
                continue;
            };
            if entry.seq % DIGEST_BLOCK == 0 {
                self.upkeep.block_full(*chat, block_of(entry.seq));
            }
        }
    }
}

/// The first two lanes.
async fn fast(conn: &ClientWrapper, appends: &[&Append]) -> Result<Vec<Option<Landed>>, Fault> {
    match appends {
        [append] => Ok(vec![lanes::single(conn, append).await?]),
        appends => lanes::many(conn, appends).await,
    }
}

/// A connection, as soon as there is one.
async fn come_back(connector: Connector) -> ClientWrapper {
    let [mut pause, longest] = PAUSES;
    loop {
        match connector.open().await {
            Ok(link) => return link,
            Err(fault) => {
                let error = StoreError::from(fault);
                tracing::debug!(%error, "the database cannot be reached");
            }
        }
        // Between half of it and the whole, so that nodes do not come at once.
        let share = u32::from(Uuid::new_v4().as_bytes()[0]) + 256;
        tokio::time::sleep(pause * share / 512).await;
        pause = (pause * 2).min(longest);
    }
}

/// What callers get while there is no connection.
fn away() -> StoreError {
    StoreError::Unavailable("the connection to the database is lost".to_owned())
}
