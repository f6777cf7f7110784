//! Carrying out what the core decides.

use super::{Driver, Step, Waiter};
use crate::client::core::{Output, Write};
use crate::client::model::ClientEvent;

impl Driver {
    pub(super) fn carry_out(&mut self, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Connect { token, elsewhere } => {
                    self.connection = None;
                    self.attempt(token, elsewhere);
                }
                Output::Race { token } => self.attempt(token, true),
                Output::CallOff => self.attempt = None,
                Output::Abandon => self.connection = None,
                Output::Disconnect => {
                    self.attempt = None;
                    if let Some(connection) = self.connection.take() {
                        tokio::spawn(connection.close());
                    }
                }
                Output::Send(frame) => {
                    if let Some(connection) = &self.connection {
                        connection.send(frame);
                    }
                }
                Output::Write(write) => {
                    if let Write::Sent { id, .. } | Write::Failed { id, .. } = &write {
                        self.settling.insert(*id);
                    }
                    self.steps.push_back(Step::Write(write));
                }
                Output::SignedIn {
                    account,
                    community,
                    token,
                } => {
                    self.token = Some(token.clone());
                    self.steps
                        .push_back(Step::SignedIn(account, community, token));
                }
                Output::SessionEnded => self.steps.push_back(Step::SessionEnded),
                Output::Answer(ticket, answer) => {
                    if let Some(Waiter::Answer(reply)) = self.waiters.remove(&ticket) {
                        // Who asked may have given up.
                        let _ = reply.send(answer.map_err(|error| self.worded(error)));
                    }
                }
                Output::Done(ticket, result) => self.steps.push_back(Step::Done(ticket, result)),
                Output::Event(event) => self.steps.push_back(Step::Event(event)),
                Output::Typing { chat, user, on } => {
                    self.steps.push_back(Step::Typing(chat, user, on));
                }
                Output::Presence { users, snapshot } => {
                    let mut shared = self.shared();
                    if snapshot {
                        shared.presence.clear();
                    }
                    for presence in &users {
                        shared.presence.insert(presence.user, presence.clone());
                    }
                    drop(shared);
                    self.steps
                        .push_back(Step::Event(ClientEvent::Presence(users)));
                }
                Output::Sending(chat, id, on) => {
                    if on {
                        let mut shared = self.shared();
                        shared.sending.insert(id);
                        shared.held_back.remove(&id);
                    } else {
                        self.shared().sending.remove(&id);
                    }
                    self.steps.push_back(Step::Event(ClientEvent::Outbox(chat)));
                }
                Output::Ready => {
                    self.want_outbox = true;
                    self.outbox_at = self.now();
                }
            }
        }
        // Not online: others may be.
        if self.lock.is_held() && !self.core.is_online() {
            self.lock.release();
            self.want_outbox = true;
        }
    }
}
