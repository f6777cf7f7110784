//! The connection: made, lost, made again; who is signed in on it.

use proto::catalog::sentence;
use proto::error::{ErrorCode, WireError};
use proto::hello::Welcome;
use proto::request;

use super::want::Want;
use super::{Core, Doubt, Failure, Millis, Output, Phase, Probe, Purpose, Write};
use crate::client::error::ClientError;
use crate::client::model::{ClientEvent, Link, Refusal, Transport};

impl Core {
    /// Begins, or begins again after a person has decided something.
    pub fn start(&mut self, now: Millis) -> Vec<Output> {
        match self.phase {
            Phase::Connecting => {}
            Phase::Online | Phase::SignedOut => {
                self.lose(now, "");
                self.out.push(Output::Disconnect);
                self.connect();
            }
            Phase::Idle | Phase::Waiting { .. } | Phase::Refused(_) => self.connect(),
        }
        self.finish(now)
    }

    /// The next connection is to a server that was never asked: it is made
    /// without the token until the server has named its community.
    pub fn probe_first(&mut self) {
        if self.token.is_some() {
            self.probe = Probe::NewServer;
        }
    }

    /// Another server is asked from now on: what was being made is dropped.
    pub fn restart(&mut self, now: Millis) -> Vec<Output> {
        self.lose(now, "");
        self.out.push(Output::Disconnect);
        self.backoff.reset();
        self.connect();
        self.finish(now)
    }

    pub(super) fn connect(&mut self) {
        self.make_connection(false);
    }

    pub(super) fn connect_elsewhere(&mut self) {
        self.make_connection(true);
    }

    fn make_connection(&mut self, elsewhere: bool) {
        self.connecting();
        let token = self.token.clone().filter(|_| self.probe == Probe::No);
        self.out.push(Output::Connect { token, elsewhere });
    }

    /// A connection is being made.
    pub(super) fn connecting(&mut self) {
        self.phase = Phase::Connecting;
        self.connect_at = None;
        self.out
            .push(Output::Event(ClientEvent::Link(Link::Connecting)));
    }

    /// The connection is lost, or of no more use: where other nodes are known
    /// one of them is next, within `spread`; where that was done just now, or
    /// there is none, after a pause.
    pub(super) fn move_on(
        &mut self,
        now: Millis,
        reason: String,
        after: Option<Millis>,
        spread: Millis,
    ) {
        if self.nodes < 2 || self.hurried {
            self.wait(now, reason, after);
            return;
        }
        self.hurried = true;
        if spread == 0 {
            self.connect_elsewhere();
        } else {
            self.connecting();
            self.connect_at = Some(now + self.backoff.jitter(spread));
        }
    }

    /// A connection is up and the server has answered the Hello.
    pub fn handle_connected(
        &mut self,
        now: Millis,
        welcome: Welcome,
        transport: Transport,
        address: String,
    ) -> Vec<Output> {
        if self.is_connected() {
            // It has won over the silence of the one before.
            self.lose(now, "");
        }
        self.connected_at = now;
        self.last_heard = now;
        self.connect_at = None;
        self.server = Some(welcome.community);
        self.address = Some((transport, address));
        if self.token.is_some()
            && self
                .community
                .is_some_and(|community| community != welcome.community)
        {
            self.probe = Probe::NewServer;
            self.out.push(Output::Disconnect);
            self.refuse(Refusal::OtherCommunity);
            return self.finish(now);
        }
        match std::mem::replace(&mut self.probe, Probe::No) {
            Probe::No => {}
            Probe::NewServer => {
                self.out.push(Output::Disconnect);
                self.connect();
                return self.finish(now);
            }
            Probe::SessionEnded => {
                self.token = None;
                self.out.push(Output::SessionEnded);
                self.out.push(Output::Event(ClientEvent::Account(None)));
            }
        }
        if let Some(token) = welcome.token {
            self.token = Some(token.clone());
            self.out.push(Output::Write(Write::Token(token)));
        }
        match welcome.account {
            Some(account) => {
                self.user = Some(account.user);
                if self.community.is_none() {
                    self.community = Some(welcome.community);
                    self.out
                        .push(Output::Write(Write::Community(welcome.community)));
                }
                self.online();
            }
            None => {
                self.phase = Phase::SignedOut;
                self.say_link();
            }
        }
        self.call_again(now);
        for (ticket, kind, encode) in std::mem::take(&mut self.waiting) {
            self.call(now, ticket, kind, encode);
        }
        self.finish(now)
    }

    /// Makes the calls whose answers were lost with the connection before.
    fn call_again(&mut self, now: Millis) {
        for (id, mut pending) in std::mem::take(&mut self.again) {
            match &pending.frame {
                Some(frame) if self.phase == Phase::Online => {
                    self.out.push(Output::Send(frame.clone()));
                    pending.since = now;
                    self.pending.insert(id, pending);
                }
                _ => self.unanswered(now, pending.purpose, &ClientError::SignedOut),
            }
        }
    }

    pub(super) fn online(&mut self) {
        self.phase = Phase::Online;
        self.have_heads = false;
        self.told_synced = false;
        self.heads.clear();
        self.say_link();
        self.out.push(Output::Ready);
        if self.idle && self.live {
            // Told to the connection before; each begins with somebody there.
            self.tell_idle = true;
        }
    }

    pub(super) fn say_link(&mut self) {
        let (transport, address) = self
            .address
            .clone()
            .unwrap_or((Transport::Quic, String::new()));
        let link = match self.phase {
            Phase::SignedOut => Link::SignedOut { transport, address },
            _ => Link::Online { transport, address },
        };
        self.out.push(Output::Event(ClientEvent::Link(link)));
    }

    /// An attempt to connect failed at all addresses.
    pub fn handle_connect_failed(&mut self, now: Millis, failure: Failure) -> Vec<Output> {
        match failure {
            Failure::Unreachable(reason) => self.wait(now, reason, None),
            Failure::Refused(why) => self.refuse(why),
            Failure::Goodbye(error) => self.goodbye(now, error),
        }
        self.finish(now)
    }

    /// Nobody has answered beside the connection that is up: nothing is lost yet.
    pub fn handle_race_failed(&mut self) {
        self.racing = false;
    }

    /// The connection ended by itself; in words for a person.
    pub fn handle_disconnected(&mut self, now: Millis, reason: &str) -> Vec<Output> {
        if self.is_connected() {
            let racing = self.racing;
            self.lose(now, reason);
            if racing {
                self.connecting();
            } else {
                self.move_on(now, reason.to_owned(), None, 0);
            }
        }
        self.finish(now)
    }

    pub(super) fn goodbye(&mut self, now: Millis, error: WireError) {
        match error.code {
            ErrorCode::Unauthenticated if self.token.is_some() => self.end_session(),
            ErrorCode::VersionMismatch => self.refuse(Refusal::Server(error)),
            _ => {
                let after = error.retry_after_ms;
                self.wait(now, sentence(self.lang, &error), after);
            }
        }
    }

    /// The server does not know the session. It is ended if this is the server
    /// that it belonged to, which a connection without it tells.
    pub(super) fn end_session(&mut self) {
        self.probe = Probe::SessionEnded;
        self.connect();
    }

    pub(super) fn refuse(&mut self, why: Refusal) {
        self.phase = Phase::Refused(why.clone());
        self.connect_at = None;
        self.racing = false;
        self.fail_waiting(&ClientError::Refused(why.clone()));
        self.out
            .push(Output::Event(ClientEvent::Link(Link::Refused { why })));
    }

    pub(super) fn wait(&mut self, now: Millis, reason: String, after: Option<Millis>) {
        let pause = self.backoff.next().max(after.unwrap_or(0).min(60_000));
        self.phase = Phase::Waiting { until: now + pause };
        self.connect_at = None;
        self.fail_waiting(&ClientError::Offline(reason.clone()));
        self.out
            .push(Output::Event(ClientEvent::Link(Link::Offline {
                reason,
                retry_in_ms: pause,
            })));
    }

    /// Calls that wait for a connection are answered rather than kept: who asks
    /// knows better whether to ask again.
    pub(super) fn fail_waiting(&mut self, error: &ClientError) {
        for (ticket, _, _) in std::mem::take(&mut self.waiting) {
            self.out.push(Output::Answer(ticket, Err(error.clone())));
        }
        for (_, pending) in std::mem::take(&mut self.again) {
            if let Purpose::Call { ticket, .. } = pending.purpose {
                self.out.push(Output::Answer(ticket, Err(error.clone())));
            }
        }
        for sync in std::mem::take(&mut self.syncs) {
            self.out.push(Output::Done(sync.ticket, Err(error.clone())));
        }
    }

    /// Forgets what belonged to the connection.
    pub(super) fn lose(&mut self, now: Millis, reason: &str) {
        if now.saturating_sub(self.connected_at) > 5_000 {
            self.backoff.reset();
            self.hurried = false;
        }
        self.doubt = Doubt::None;
        self.racing = false;
        let error = ClientError::Offline(reason.to_owned());
        for (id, pending) in std::mem::take(&mut self.pending) {
            match pending.purpose {
                Purpose::Call { .. } if pending.frame.is_some() => self.again.push((id, pending)),
                Purpose::Call { ticket, .. } => {
                    self.out.push(Output::Answer(ticket, Err(error.clone())));
                }
                Purpose::Older { tickets, .. } => {
                    for ticket in tickets {
                        self.out.push(Output::Done(ticket, Err(error.clone())));
                    }
                }
                Purpose::Members { info } => {
                    if let Some(chat) = self.chats.get_mut(&info.id) {
                        chat.info_rev = -1;
                    }
                }
                _ => {}
            }
        }
        for (id, chat) in &mut self.chats {
            chat.fetching = false;
            chat.marking = false;
            chat.asking_cursors = false;
            chat.gap_until = None;
            chat.not_before = 0;
            if chat.read_due > 0 {
                self.attention.insert(*id);
            }
        }
        self.fetching = 0;
        self.asking_infos = false;
        self.asking_members = 0;
        self.asking_account = false;
        self.have_heads = false;
        self.asked_users.clear();
        self.asking_users = false;
        self.revisions.clear();
        self.want_contacts.lost();
        self.want_profile.lost();
        self.told_typing.clear();
        for (chat, id) in self.outbox.clear() {
            self.out.push(Output::Sending(chat, id, false));
        }
        for (chat, user) in std::mem::take(&mut self.typing).into_keys() {
            self.out.push(Output::Typing {
                chat,
                user,
                on: false,
            });
        }
        self.out.push(Output::Presence {
            users: Vec::new(),
            snapshot: true,
        });
    }

    /// A session was opened by an answer on this connection.
    pub(super) fn signed_in(&mut self, signed: request::SignedIn) {
        let Some(community) = self.server else { return };
        if self.user != Some(signed.account.user) || self.community != Some(community) {
            self.forget();
        }
        self.user = Some(signed.account.user);
        self.community = Some(community);
        self.token = Some(signed.token.clone());
        self.out.push(Output::SignedIn {
            account: signed.account,
            community,
            token: signed.token,
        });
        self.online();
    }

    /// The person signed out: the connection stays, without a session.
    pub fn handle_signed_out(&mut self, now: Millis) -> Vec<Output> {
        self.token = None;
        self.probe = Probe::No;
        self.out.push(Output::Event(ClientEvent::Account(None)));
        self.restart(now)
    }

    pub(super) fn forget(&mut self) {
        self.chats.clear();
        self.attention.clear();
        self.account_seq = 0;
        self.want_contacts = Want::new(true);
        self.want_profile = Want::new(true);
        self.want_users.clear();
        self.account_head = 0;
        self.open = None;
        let _ = self.outbox.clear();
    }
}
