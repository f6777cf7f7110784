//! What happens because time passes.

use proto::request;

use super::{Core, Millis, Output, PATIENCE, Phase, Purpose, QUIET};
use crate::client::error::ClientError;

impl Core {
    /// When [`Core::handle_timeout`] is to be called at the latest.
    pub fn poll_timeout(&self) -> Option<Millis> {
        let retry = match self.phase {
            Phase::Waiting { until } => Some(until),
            _ => None,
        };
        let quiet = self
            .pending
            .values()
            .map(|pending| pending.since)
            .min()
            .map(|since| match self.pinged {
                Some(pinged) => pinged + QUIET,
                None => since.max(self.last_heard) + QUIET,
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
        [retry, quiet, typing, outbox, chats]
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

    pub(super) fn check_silence(&mut self, now: Millis) {
        let Some(since) = self.pending.values().map(|pending| pending.since).min() else {
            self.pinged = None;
            return;
        };
        match self.pinged {
            Some(pinged) if now >= pinged + QUIET => {
                self.out.push(Output::Disconnect);
                self.lose(now, "");
                self.wait(now, String::new(), None);
            }
            None if now >= since.max(self.last_heard) + QUIET => {
                self.ask(now, &request::Ping {}, Purpose::Told);
                self.pinged = Some(now);
            }
            _ => {}
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
    pub fn handle_heard(&mut self, now: Millis) {
        self.last_heard = now;
        self.pinged = None;
    }
}
