//! One socket: a task that reads frames and writes frames until it ends.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{FuturesUnordered, SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use proto::entry::{Body, account_kind, kind};
use proto::error::{ErrorCode, WireError};
use proto::event::{ChatEntry, Event};
use proto::id::ChatId;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use tokio_util::sync::CancellationToken;

use super::super::Context;
use super::super::posted::Posted;
use super::Sockets;
use super::act::Answer;
use super::frame::{called, frame};
use super::queue::{Batch, End, Queue};
use super::received::Received;
use super::render::status;
use super::shown::{Place, Shown};
use crate::service::hub::{Listener as _, SharedListener};
use crate::service::news::News;
use crate::service::{Caller, Service, now};
use crate::session::door::Pass;

/// Frames of one socket that may be worked on at the same time.
const OUTSTANDING: usize = 16;
/// How long a socket that ends may take to say so.
const FAREWELL_TIME: Duration = Duration::from_secs(2);

/// See the module.
pub(super) struct Socket {
    pub(super) service: Arc<Service>,
    pub(super) posted: Arc<Posted>,
    pub(super) caller: Caller,
    pub(super) queue: Arc<Queue>,
    /// Whether nobody is at the page.
    pub(super) idle: AtomicBool,
    /// Where the page said that somebody types, and when that was passed on.
    pub(super) typing: Mutex<HashMap<ChatId, Instant>>,
    sockets: Arc<Sockets>,
    expires: Instant,
    /// When something last came from the other end.
    heard: Mutex<Instant>,
}

/// How a socket ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// The connection is lost.
    Gone,
    /// The other end takes its leave.
    Left,
    /// The connection is dropped, so that the page comes back.
    Dropped,
    /// The session is over: the page is told not to come back.
    SignedOut,
    /// A frame is larger than allowed.
    TooLarge,
}

impl Socket {
    pub(super) fn new(context: &Context, caller: Caller, expires: Instant) -> Self {
        Self {
            service: context.service.clone(),
            posted: context.posted.clone(),
            queue: Arc::new(Queue::new(caller.actor.id, caller.session)),
            caller,
            idle: AtomicBool::new(false),
            typing: Mutex::default(),
            sockets: context.sockets.clone(),
            expires,
            heard: Mutex::new(Instant::now()),
        }
    }

    /// Serves the socket until it ends. `pass` is its place among those that
    /// have not signed in.
    pub(super) async fn run<S>(
        self,
        stream: WebSocketStream<S>,
        pass: Pass,
        stop: CancellationToken,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        drop(pass);
        let listener: SharedListener = self.queue.clone();
        let actor = self.caller.actor;
        let presence = self.service.presence();
        let news = presence.connected(actor);
        let mut received = Received::default();
        let first = match self.begin(&listener, &mut received).await {
            Ok(first) => first,
            Err(error) => {
                self.queue.end(error);
                Vec::new()
            }
        };
        if let Err(error) = presence.announce(actor, news).await {
            tracing::warn!(%error, "presence not told");
        }
        let (mut sink, mut source) = stream.split();
        let ended = tokio::select! {
            ended = self.read(&mut source) => ended,
            ended = self.write(&mut sink, first, received) => ended,
            why = self.queue.ended() => by(&why),
            () = self.silent() => Ended::Dropped,
            () = sleep_until(self.expires) => Ended::SignedOut,
            () = stop.cancelled() => Ended::Dropped,
        };
        self.service.hub().detach(&listener);
        presence.disconnected(actor.id, self.idle.load(Ordering::SeqCst));
        tracing::debug!(?ended, "socket ended");
        let close = match ended {
            Ended::Gone | Ended::Dropped => return,
            Ended::Left => None,
            Ended::SignedOut => Some((CloseCode::Policy, "signed out")),
            Ended::TooLarge => Some((CloseCode::Size, "frame too large")),
        };
        let Ok(mut stream) = sink.reunite(source) else {
            return;
        };
        let farewell = async {
            if let Some((code, reason)) = close {
                let close = CloseFrame {
                    code,
                    reason: Utf8Bytes::from_static(reason),
                };
                if stream.send(Message::Close(Some(close))).await.is_err() {
                    return;
                }
            }
            // The answer to a leave goes out, and what still comes is taken, or the other end might lose the close.
            if ended == Ended::TooLarge {
                let mut rest = [0; 4096];
                while matches!(stream.get_mut().read(&mut rest).await, Ok(1..)) {}
            } else {
                while let Some(Ok(_)) = stream.next().await {}
            }
        };
        // Who does not take it goes without.
        let _ = timeout(FAREWELL_TIME, farewell).await;
    }

    /// Listens; returns the first frames.
    async fn begin(
        &self,
        listener: &SharedListener,
        received: &mut Received,
    ) -> Result<Vec<Bytes>, WireError> {
        let live = self.service.listen(&self.caller, listener).await?;
        let at = Instant::now();
        for (chat, seq) in live.behind {
            received.note(chat, seq, 0, at);
        }
        let seen = live.presence.iter().flat_map(|part| &part.users);
        seen.map(|seen| Ok(status(seen)?.text)).collect()
    }

    fn hear(&self) {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Resolves when nothing came for too long.
    async fn silent(&self) {
        loop {
            let heard = *self.heard.lock().unwrap_or_else(PoisonError::into_inner);
            let until = heard + self.sockets.pace.silence;
            if until <= Instant::now() {
                return;
            }
            sleep_until(until).await;
        }
    }

    async fn read<S>(&self, source: &mut SplitStream<WebSocketStream<S>>) -> Ended
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut running: FuturesUnordered<Answer> = FuturesUnordered::new();
        loop {
            let full = self.queue.is_full();
            tokio::select! {
                Some(answer) = running.next(), if !running.is_empty() => {
                    if let Some(text) = answer {
                        self.queue.reply(text);
                    }
                }
                () = self.queue.drained(), if full => {}
                message = source.next(), if !full && running.len() < OUTSTANDING => {
                    let message = match message {
                        Some(Ok(message)) => message,
                        Some(Err(Error::Capacity(_))) => return Ended::TooLarge,
                        Some(Err(error)) => {
                            tracing::debug!(%error, "socket broke");
                            return Ended::Gone;
                        }
                        None => return Ended::Gone,
                    };
                    self.hear();
                    match message {
                        Message::Text(text) => running.extend(self.act(&text).await),
                        Message::Close(_) => return Ended::Left,
                        Message::Binary(_) | Message::Ping(_) | Message::Pong(_)
                        | Message::Frame(_) => {}
                    }
                }
            }
        }
    }

    async fn write<S>(
        &self,
        sink: &mut SplitSink<WebSocketStream<S>, Message>,
        first: Vec<Bytes>,
        mut received: Received,
    ) -> Ended
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut shown = Shown::default();
        let mut ping = Instant::now() + self.sockets.pace.ping;
        let mut texts = first;
        loop {
            for text in texts.drain(..) {
                let Ok(text) = Utf8Bytes::try_from(text) else {
                    continue;
                };
                if sink.feed(Message::Text(text)).await.is_err() {
                    return Ended::Gone;
                }
            }
            let at = Instant::now();
            if at >= ping {
                ping = at + self.sockets.pace.ping;
                if sink.feed(Message::Ping(Bytes::new())).await.is_err() {
                    return Ended::Gone;
                }
            }
            if sink.flush().await.is_err() {
                return Ended::Gone;
            }
            for (chat, seq) in received.take(at) {
                // Who is no member any more has nothing to note.
                if let Err(error) = self.service.received(&self.caller, chat, seq).await {
                    tracing::debug!(%error, "what was received was not noted");
                }
            }
            let due = [shown.next_lapse(), received.due()];
            let due = due.into_iter().flatten().fold(ping, Instant::min);
            let batch = tokio::select! {
                batch = self.queue.take() => batch,
                () = sleep_until(due) => Batch::default(),
            };
            texts.extend(batch.replies);
            for news in &batch.events {
                let told = self.show(news, &mut shown, &mut received, &mut texts);
                if let Err(error) = told.await {
                    // Nothing is passed over: the page comes back and asks.
                    tracing::debug!(%error, "an event could not be shown");
                    return Ended::Dropped;
                }
            }
            texts.extend(shown.lapsed(Instant::now()));
        }
    }

    /// Adds the frames that this socket is to be sent of an event.
    async fn show(
        &self,
        news: &Arc<News>,
        shown: &mut Shown,
        received: &mut Received,
        texts: &mut Vec<Bytes>,
    ) -> Result<(), WireError> {
        let renderer = &self.sockets.renderer;
        let own = self.caller.actor.id;
        match news.event() {
            Event::Entry(ChatEntry { chat, entry }) => {
                match shown.entry(*chat, entry.seq) {
                    Place::Again => return Ok(()),
                    Place::Gap => {
                        let data = json!({ "chat_id": chat });
                        texts.push(frame("resync", &data, own, now())?);
                    }
                    Place::Next => {}
                }
                if self.is_new(entry.kind, &entry.body) {
                    self.introduce(*chat, shown, texts).await?;
                }
                let message = entry.kind == kind::MESSAGE;
                let posted = message && self.posted.is_by(self.caller.session, entry.id);
                for told in renderer.frames(news, &self.caller).await? {
                    let hidden = told.shows < entry.seq && !self.sees(*chat, told.shows).await?;
                    let text = match (hidden, &told.bare) {
                        (false, _) => &told.text,
                        (true, Some(bare)) => bare,
                        (true, None) => continue,
                    };
                    texts.push(if posted {
                        called(text, told.kind, "message_posted")
                    } else {
                        text.clone()
                    });
                }
                if message && entry.actor != own {
                    let access = self.service.chat_known(*chat).await?;
                    let members = access.map_or(0, |chat| chat.members());
                    received.note(*chat, entry.seq, members, Instant::now());
                }
            }
            Event::Typing(typing) => {
                let frames = renderer.frames(news, &self.caller).await?;
                let [begins, ends] = frames else {
                    return Ok(());
                };
                let (chat, user) = (typing.chat, typing.user);
                let news = if typing.on {
                    shown.types(chat, user, ends.text.clone(), Instant::now())
                } else {
                    shown.rests(chat, user)
                };
                if news {
                    texts.push(if typing.on { begins } else { ends }.text.clone());
                }
            }
            Event::Cursor(moved) => {
                let further = shown.read(moved.chat, moved.user, moved.read);
                for told in renderer.frames(news, &self.caller).await? {
                    let news = match told.kind {
                        "message_read" => further,
                        _ => moved.user != own,
                    };
                    if news {
                        texts.push(told.text.clone());
                    }
                }
            }
            Event::Account(changed) => {
                match (changed.entry.kind, changed.entry.chat) {
                    (account_kind::CHAT_JOINED, Some(chat)) => {
                        self.introduce(chat, shown, texts).await?;
                    }
                    (account_kind::CHAT_LEFT, Some(chat)) => {
                        shown.leave(chat);
                        received.leave(chat);
                    }
                    _ => {}
                }
                self.tell(news, texts).await?;
            }
            _ => self.tell(news, texts).await?,
        }
        Ok(())
    }

    async fn tell(&self, news: &News, texts: &mut Vec<Bytes>) -> Result<(), WireError> {
        let frames = self.sockets.renderer.frames(news, &self.caller).await?;
        texts.extend(frames.iter().map(|told| told.text.clone()));
        Ok(())
    }

    /// Whether an entry says that the chat is new to the caller.
    fn is_new(&self, kind: u16, body: &[u8]) -> bool {
        match kind {
            kind::CREATED => true,
            kind::MEMBERS_ADDED => match Body::decode(kind, body) {
                Body::MembersAdded(added) => added.users.contains(&self.caller.actor.id),
                _ => false,
            },
            _ => false,
        }
    }

    async fn introduce(
        &self,
        chat: ChatId,
        shown: &mut Shown,
        texts: &mut Vec<Bytes>,
    ) -> Result<(), WireError> {
        if shown.introduce(chat) {
            let renderer = &self.sockets.renderer;
            texts.extend(renderer.introduction(chat, &self.caller).await?);
        }
        Ok(())
    }

    /// Whether the caller may see what an entry of one of their chats says.
    async fn sees(&self, chat: ChatId, seq: proto::Seq) -> Result<bool, WireError> {
        let access = self.service.chat_known(chat).await?;
        let standing = access.and_then(|chat| chat.standing(self.caller.actor.id));
        Ok(standing.is_some_and(|standing| seq > standing.from))
    }
}

/// How a socket ends that was told to.
fn by(why: &End) -> Ended {
    match why {
        End::Told(error) if error.code == ErrorCode::Unauthenticated => Ended::SignedOut,
        End::Told(_) | End::Overflow => Ended::Dropped,
    }
}
