//! What the driver has the cache's thread do, one thing at a time, and what
//! follows from it.

use proto::error::{ErrorCode, WireError};
use proto::id::EntryId;

use super::{BATCH, Driver, FOREIGN_EVERY, FOREIGN_SOON, OUTBOX, Step, Waiter, Worked};
use crate::client::cache::Waiting;
use crate::client::core::{Failure, Millis, Ticket, Write};
use crate::client::error::ClientError;
use crate::client::model::{AccountRow, ClientEvent, Refusal};

impl Driver {
    /// Gives the cache's thread the next thing to do, one at a time.
    pub(super) fn next_work(&mut self) {
        while self.work.is_none() {
            let now = self.now();
            if self.reload_states {
                self.reload_states = false;
                let cache = self.cache.clone();
                self.work = Some(Box::pin(async move {
                    Worked::States(cache.write(|db| db.chat_states()).await)
                }));
            } else if self.drain(now) {
            } else if let Some(step) = self.steps.pop_front() {
                self.step(step);
            } else if self.check_awaited {
                self.check_awaited = false;
                let ids: Vec<EntryId> = self.awaited.keys().copied().collect();
                let cache = self.cache.clone();
                self.work = Some(Box::pin(async move {
                    let found = cache
                        .write(move |db| {
                            ids.into_iter()
                                .map(|id| Ok((id, db.waiting(id)?)))
                                .collect()
                        })
                        .await;
                    Worked::Waiting(found)
                }));
            } else if now >= self.foreign_at {
                let cache = self.cache.clone();
                self.work = Some(Box::pin(async move {
                    Worked::Foreign(cache.write(|db| db.poll_foreign()).await)
                }));
            } else if self.index && self.closing.is_none() {
                // Whenever there is nothing else: in small bites.
                self.index = false;
                let cache = self.cache.clone();
                self.work = Some(Box::pin(async move {
                    Worked::Indexed(cache.write(|db| db.index_some()).await)
                }));
            } else {
                return;
            }
        }
    }

    /// Loads the outbox where it is this process's turn; true where it does.
    pub(super) fn drain(&mut self, now: Millis) -> bool {
        if !self.want_outbox || !self.core.is_online() || now < self.outbox_at {
            return false;
        }
        match self.lock.take() {
            Ok(true) => {}
            Ok(false) => {
                // Another process drains; it may stop before it sees ours.
                self.want_outbox = self.closing.is_none();
                self.outbox_at = now + FOREIGN_SOON;
                return false;
            }
            Err(error) => {
                self.outbox_at = now + FOREIGN_EVERY;
                self.tell(ClientEvent::CacheTrouble(error.to_string()));
                return false;
            }
        }
        self.want_outbox = false;
        let cache = self.cache.clone();
        self.work = Some(Box::pin(async move {
            Worked::Outgoing(cache.write(|db| db.outgoing(OUTBOX)).await)
        }));
        true
    }

    pub(super) fn step(&mut self, step: Step) {
        let cache = self.cache.clone();
        match step {
            Step::Write(first) => {
                let mut writes = vec![first];
                while writes.len() < BATCH
                    && let Some(Step::Write(_)) = self.steps.front()
                    && let Some(Step::Write(write)) = self.steps.pop_front()
                {
                    writes.push(write);
                }
                let settled = writes
                    .iter()
                    .filter_map(|write| match write {
                        Write::Sent { id, .. } | Write::Failed { id, .. } => Some(*id),
                        _ => None,
                    })
                    .collect();
                self.work = Some(Box::pin(async move {
                    let stored = cache.write(move |db| db.apply(&writes)).await;
                    Worked::Stored(stored, settled)
                }));
            }
            Step::SignedIn(account, community, token) => {
                self.shared().account = Some(AccountRow {
                    user: account.user,
                    username: account.username.clone(),
                    session: account.session,
                });
                self.work = Some(Box::pin(async move {
                    let done = cache
                        .write(move |db| db.sign_in(&account, community, &token))
                        .await;
                    Worked::SignedIn(done)
                }));
            }
            Step::SessionEnded => {
                self.shared().account = None;
                let ended = self.token.take();
                self.work = Some(Box::pin(async move {
                    let done = cache.write(move |db| db.end_session(ended.as_ref())).await;
                    Worked::SessionEnded(done)
                }));
            }
            Step::Typing(chat, user, on) => {
                self.work = Some(Box::pin(async move {
                    let name = cache.write(move |db| db.name(user)).await;
                    Worked::Typing(chat, user, on, name)
                }));
            }
            Step::Event(event) => self.tell(event),
            Step::Done(ticket, result) => self.done(ticket, result),
        }
    }

    pub(super) fn done(&mut self, ticket: Ticket, result: Result<bool, ClientError>) {
        let result = result.map_err(|error| self.worded(error));
        // Who asked may have given up, in each case.
        match self.waiters.remove(&ticket) {
            Some(Waiter::More(reply)) => {
                let _ = reply.send(result);
            }
            Some(Waiter::Unit(reply)) => {
                let _ = reply.send(result.map(|_| ()));
            }
            Some(Waiter::Learned(reply)) => {
                let _ = reply.send(());
            }
            Some(Waiter::Answer(_)) | None => {}
        }
    }

    pub(super) fn worked(&mut self, worked: Worked) {
        let now = self.now();
        match worked {
            Worked::Stored(Ok(applied), settled) => {
                for id in settled {
                    self.settling.remove(&id);
                }
                self.index |= self.options.live && !applied.ranges.is_empty();
                let out = self.core.handle_stored(now, &applied);
                for event in applied.events {
                    self.tell(event);
                }
                for (id, outcome) in &applied.outcomes {
                    self.resolve(*id, outcome);
                }
                self.carry_out(out);
                self.rest();
            }
            Worked::Stored(Err(error), settled) => {
                for id in settled {
                    self.settling.remove(&id);
                }
                // Whatever was decided on top of it is decided anew; what was
                // sent is sent again, which is harmless.
                self.reload_states = true;
                self.want_outbox = true;
                self.outbox_at = now + FOREIGN_EVERY;
                self.trouble(&error);
            }
            Worked::States(Ok(states)) => {
                let out = self.core.handle_states(now, &states, true);
                self.carry_out(out);
            }
            Worked::SignedIn(Ok(())) => {
                let account = self.shared().account.clone();
                self.tell(ClientEvent::Account(account));
            }
            Worked::SignedIn(Err(ClientError::OtherAccount { .. })) => {
                self.shared().account = None;
                let error = WireError::new(ErrorCode::Conflict);
                let out = self
                    .core
                    .handle_connect_failed(now, Failure::Refused(Refusal::Server(error)));
                self.connection = None;
                self.attempt = None;
                self.carry_out(out);
            }
            Worked::Typing(chat, user, on, Ok(username)) => self.tell(ClientEvent::Typing {
                chat,
                user,
                username,
                on,
            }),
            Worked::Outgoing(Ok(mut items)) => {
                items.retain(|item| !self.settling.contains(&item.id));
                let out = self.core.handle_outbox(now, items);
                self.carry_out(out);
                self.rest();
            }
            Worked::Foreign(Ok(found)) => {
                let soon = if self.awaited.is_empty() {
                    FOREIGN_EVERY
                } else {
                    FOREIGN_SOON
                };
                self.foreign_at = now + soon;
                if let Some(foreign) = found {
                    self.check_awaited = !self.awaited.is_empty();
                    if foreign.outgoing {
                        self.want_outbox = true;
                        self.outbox_at = now;
                    }
                    let out = self.core.handle_states(now, &foreign.states, false);
                    for event in foreign.events {
                        self.tell(event);
                    }
                    self.carry_out(out);
                }
            }
            Worked::Waiting(Ok(found)) => {
                for (id, waiting) in found {
                    if let Waiting::Done(outcome) = waiting {
                        self.resolve(id, &outcome);
                    }
                }
            }
            Worked::SessionEnded(Ok(())) => {}
            Worked::Indexed(Ok(more)) => self.index |= more,
            Worked::SignedIn(Err(error))
            | Worked::SessionEnded(Err(error))
            | Worked::Typing(_, _, _, Err(error))
            | Worked::Outgoing(Err(error))
            | Worked::Foreign(Err(error))
            | Worked::Waiting(Err(error))
            | Worked::Indexed(Err(error))
            | Worked::States(Err(error)) => {
                self.foreign_at = now + FOREIGN_EVERY;
                self.trouble(&error);
            }
        }
    }

    /// Lets others drain the outbox once nothing of it is on its way.
    pub(super) fn rest(&mut self) {
        if self.lock.is_held()
            && !self.want_outbox
            && !self.core.is_draining()
            && self.settling.is_empty()
        {
            self.lock.release();
        }
    }
}
