//! What happens because time passes.

use proto::request;

use super::{ASK, Core, Doubt, LOST, Millis, Output, PATIENCE, Phase, Purpose, RACE, RACES};
use crate::client::error::ClientError;

impl Core {
    /// When [`Core::handle_timeout`] is to be called at the latest.
    pub fn poll_timeout(&self) -> Option<Millis> {
        let retry = match self.phase {
            Phase::Waiting { until } => Some(until),
            _ => None,
        };
        let quiet = self.silent_since().map(|since| match self.doubt {
            Doubt::None => since + ASK,
            Doubt::Asked => since + RACE,
            Doubt::Raced => since + LOST,
        });
        let typing = self.typing.values().copied().min();
        let online = self.phase == Phase::Online;
        let outbox = self.outbox.wake().filter(|_| online);
        let chats = self
            .attention
            .iter()
            .filter(|_| online)
            .filter_map(|id| self.chats.get(id).and_then(|chat| self.chat_wake(chat)))
            .min();
        let people = [self.want_contacts.wake(), self.want_profile.wake()]
            .into_iter()
            .flatten()
            .filter(|_| online && self.live)
            .min();
        [retry, self.connect_at, quiet, typing, outbox, chats, people]
            .into_iter()
            .flatten()
            .min()
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Millis) -> Vec<Output> {
        if let Phase::Waiting { until } = self.phase
            && now >= until
        {
            self.connect();
        }
        if self.connect_at.is_some_and(|at| now >= at) {
            self.connect_elsewhere();
        }
        self.lapse_typing(now);
        self.check_silence(now);
        self.give_up_old(now);
        self.finish(now)
    }

    pub(super) fn lapse_typing(&mut self, now: Millis) {
        let lapsed: Vec<_> = self
            .typing
            .iter()
            .filter(|(_, until)| now >= **until)
            .map(|(key, _)| *key)
            .collect();
        for (chat, user) in lapsed {
            self.typing.remove(&(chat, user));
            self.out.push(Output::Typing {
                chat,
                user,
                on: false,
            });
        }
    }

    /// Since when the server owes an answer and says nothing at all.
    fn silent_since(&self) -> Option<Millis> {
        let oldest = self.pending.values().map(|pending| pending.since).min();
        oldest.map(|since| since.max(self.last_heard))
    }

    pub(super) fn check_silence(&mut self, now: Millis) {
        let Some(since) = self.silent_since() else {
            self.doubt = Doubt::None;
            return;
        };
        if self.doubt == Doubt::None && now >= since + ASK {
            self.ask(now, &request::Ping {}, Purpose::Told);
            self.doubt = Doubt::Asked;
        }
        if self.doubt == Doubt::Asked && now >= since + RACE {
            self.doubt = Doubt::Raced;
            self.race(now);
        }
        if self.doubt == Doubt::Raced && now >= since + LOST {
            self.give_up(now);
        }
    }

    /// Tries another node beside the connection, unless that has just been in
    /// vain: servers that are all slow must not be made slower.
    fn race(&mut self, now: Millis) {
        if self.phase != Phase::Online || now < self.race_not_before {
            return;
        }
        self.races = (self.races + 1).min(RACES);
        self.race_not_before = now + (RACE << self.races);
        self.racing = true;
        self.out.push(Output::Race {
            token: self.token.clone(),
        });
    }

    /// The connection is dead.
    fn give_up(&mut self, now: Millis) {
        if self.racing {
            self.out.push(Output::Abandon);
            self.lose(now, "");
            self.connecting();
        } else {
            self.out.push(Output::Disconnect);
            self.lose(now, "");
            self.move_on(now, String::new(), None, 0);
        }
    }

    pub(super) fn give_up_old(&mut self, now: Millis) {
        let old: Vec<u32> = self
            .pending
            .iter()
            .filter(|(_, pending)| now >= pending.since + PATIENCE)
            .map(|(id, _)| *id)
            .collect();
        for id in old {
            if let Some(pending) = self.pending.remove(&id) {
                self.unanswered(now, pending.purpose, &ClientError::Timeout);
            }
        }
    }

    /// Bytes arrived that are no whole frame yet: somebody is there.
    pub fn handle_heard(&mut self, now: Millis) -> Vec<Output> {
        self.heard(now);
        self.finish(now)
    }

    pub(super) fn heard(&mut self, now: Millis) {
        self.last_heard = now;
        self.doubt = Doubt::None;
        if std::mem::take(&mut self.racing) {
            self.out.push(Output::CallOff);
        }
    }
}
