//! One connected client: requests in, replies and events out.
//!
//! A session is two loops in one task. The reading one decodes frames and
//! hands requests to the [`service`](crate::service); the writing one drains
//! the [`Outbox`]. They share nothing but the outbox, so a client that does not
//! read holds up nobody, and its own requests only once replies pile up.

pub mod connection;
pub mod door;
pub mod outbox;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use proto::codec::{self, CodecError, Encoded, Frame};
use proto::error::{ErrorCode, WireError};
use proto::event::{Event, Goodbye, Resync};
use proto::hello::{HELLO, Hello, WELCOME, Welcome};
use proto::limits;
use proto::request::{REFUSAL, Reply, Request};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::service::accounts::Life;
use crate::service::hub::{Listener as _, SharedListener};
use crate::service::{Caller, Service, Work, now};
use connection::{ConnectionError, FrameReader, FrameWriter, Peer};
use door::Pass;
use outbox::{Outbox, Taken};

/// A client has to say Hello within this time …
const HELLO_TIME: Duration = Duration::from_secs(10);
/// … and to sign in within this one.
const SIGN_IN_TIME: Duration = Duration::from_secs(120);
/// How long a connection that ends may take to send what it has.
const FAREWELL_TIME: Duration = Duration::from_secs(2);

/// What a server tells every client about itself.
#[derive(Debug, Clone)]
pub struct ServerInfo {
    /// The community behind the store.
    pub community: Uuid,
    /// `host:port` of all nodes that are up.
    pub nodes: watch::Receiver<Vec<String>>,
}

/// Name and version of this program.
pub fn program() -> String {
    format!("messengerd {}", env!("CARGO_PKG_VERSION"))
}

/// Serves one connection until it ends. `pass` is its place among those that
/// have not signed in, given back once it has.
pub async fn serve<R: FrameReader, W: FrameWriter>(
    service: Arc<Service>,
    info: Arc<ServerInfo>,
    peer: Peer,
    mut reader: R,
    mut writer: W,
    pass: Pass,
    stop: CancellationToken,
) {
    match greet(&service, &info, &mut reader, &stop).await {
        Ok(Greeting {
            welcome,
            caller,
            live,
        }) => {
            let Ok(welcome) = codec::encode(WELCOME, 0, &welcome) else {
                return;
            };
            if writer.send(&[welcome]).await.is_ok() {
                Box::pin(
                    Session {
                        service,
                        peer,
                        live,
                        idle: AtomicBool::new(false),
                    }
                    .run(&mut reader, &mut writer, caller, pass, stop),
                )
                .await;
            }
        }
        Err(Some(error)) => say_goodbye(&mut writer, error).await,
        Err(None) => {}
    }
    // A peer that does not take the last frames does not keep the task.
    let _ = tokio::time::timeout(FAREWELL_TIME, writer.close()).await;
}

struct Greeting {
    welcome: Welcome,
    caller: Option<Caller>,
    live: bool,
}

/// Waits for Hello. The error is what to tell the client, if it is there.
async fn greet<R: FrameReader>(
    service: &Arc<Service>,
    info: &ServerInfo,
    reader: &mut R,
    stop: &CancellationToken,
) -> Result<Greeting, Option<WireError>> {
    let frame = tokio::select! {
        frame = tokio::time::timeout(HELLO_TIME, reader.recv()) => frame,
        () = stop.cancelled() => return Err(Some(ErrorCode::ShuttingDown.into())),
    };
    let frame = match frame {
        Ok(Ok(Some(frame))) => frame,
        Ok(Ok(None)) | Ok(Err(ConnectionError::Lost(_))) => return Err(None),
        Ok(Err(ConnectionError::Protocol(error))) => {
            return Err(Some(violation(&error.to_string())));
        }
        Err(_) => return Err(Some(violation("no hello in time"))),
    };
    if frame.kind != HELLO {
        return Err(Some(violation("the first frame is not a hello")));
    }
    let hello: Hello = frame
        .decode()
        .map_err(|error| Some(violation(&error.to_string())))?;
    if hello.capabilities.len() > limits::CAPABILITIES {
        return Err(Some(violation("too many capabilities")));
    }
    if hello.min_version > proto::VERSION || hello.version < proto::VERSION {
        return Err(Some(
            WireError::new(ErrorCode::VersionMismatch)
                .with("theirs", hello.version)
                .with("ours", proto::VERSION),
        ));
    }
    let (caller, token) = match &hello.token {
        Some(token) => {
            let (caller, fresh) = service.resume(token).await.map_err(Some)?;
            (Some(caller), fresh)
        }
        None => (None, None),
    };
    let welcome = Welcome {
        version: proto::VERSION,
        capabilities: Vec::new(),
        server: program(),
        community: info.community,
        nodes: info.nodes.borrow().clone(),
        account: caller.as_ref().map(Caller::account),
        token,
        time: now(),
    };
    Ok(Greeting {
        welcome,
        caller,
        live: hello.live,
    })
}

fn violation(what: &str) -> WireError {
    WireError::new(ErrorCode::ProtocolViolation).with("what", what)
}

async fn say_goodbye<W: FrameWriter>(writer: &mut W, error: WireError) {
    tracing::debug!(code = %error.code, "connection ended by the server");
    if let Ok(frame) = Event::Goodbye(Goodbye { error }).encode() {
        // The peer may be gone already, which is what it was to be told.
        let _ = tokio::time::timeout(FAREWELL_TIME, writer.send(&[frame])).await;
    }
}

struct Session {
    service: Arc<Service>,
    peer: Peer,
    live: bool,
    /// Whether nobody is at the device.
    idle: AtomicBool,
}

/// A request under way, which becomes the frame of its answer.
type Answer = Pin<Box<dyn Future<Output = (Load, Encoded)> + Send>>;

/// Which of the two bounds a request counts against.
#[derive(Clone, Copy, PartialEq)]
enum Load {
    Send,
    Read,
}

/// Why the reading loop ended.
enum Ended {
    /// The peer left, or the connection was lost.
    Gone,
    /// The client signed out: what is queued still goes out.
    SignedOut,
    /// The server ends it.
    Refused(WireError),
}

impl Session {
    async fn run<R: FrameReader, W: FrameWriter>(
        self,
        reader: &mut R,
        writer: &mut W,
        caller: Option<Caller>,
        pass: Pass,
        stop: CancellationToken,
    ) {
        let caller = match caller {
            Some(caller) => caller,
            None => match self.sign_in(reader, writer, &stop).await {
                Ok(Some(caller)) => caller,
                Ok(None) => return,
                Err(error) => return say_goodbye(writer, error).await,
            },
        };
        drop(pass);
        let outbox = Arc::new(Outbox::new(caller.actor.id, caller.session, self.live));
        let listener: SharedListener = outbox.clone();
        if self.live {
            let news = self.service.presence().connected(caller.actor);
            match self.go_live(&caller, &outbox, &listener).await {
                Ok(()) => {}
                Err(error) => outbox.end(error),
            }
            let told = self.service.presence().announce(caller.actor, news);
            if let Err(error) = told.await {
                tracing::warn!(%error, "presence not told");
            }
        } else if let Err(error) = self.service.attach(&caller, &listener).await {
            outbox.end(error);
        }
        let ended = tokio::select! {
            ended = self.read(reader, &caller, &outbox) => ended,
            () = self.write(writer, &caller, &outbox, &listener) => Ended::Gone,
            () = stop.cancelled() => Ended::Refused(ErrorCode::ShuttingDown.into()),
        };
        self.service.hub().detach(&listener);
        if self.live {
            let idle = self.idle.load(Ordering::SeqCst);
            self.service.presence().disconnected(caller.actor.id, idle);
        }
        match ended {
            Ended::Gone => {}
            Ended::SignedOut => {
                let _ =
                    tokio::time::timeout(FAREWELL_TIME, writer.send(&outbox.take_replies())).await;
            }
            Ended::Refused(error) => {
                let rest = outbox.take_replies();
                let _ = tokio::time::timeout(FAREWELL_TIME, writer.send(&rest)).await;
                say_goodbye(writer, error).await;
            }
        }
    }

    /// Serves a client that has no session yet, until it has one.
    async fn sign_in<R: FrameReader, W: FrameWriter>(
        &self,
        reader: &mut R,
        writer: &mut W,
        stop: &CancellationToken,
    ) -> Result<Option<Caller>, WireError> {
        let deadline = tokio::time::Instant::now() + SIGN_IN_TIME;
        loop {
            let frame = tokio::select! {
                frame = tokio::time::timeout_at(deadline, reader.recv()) => frame,
                () = stop.cancelled() => return Err(ErrorCode::ShuttingDown.into()),
            };
            let frame = match frame.map_err(|_| violation("nobody signed in in time"))? {
                Ok(Some(frame)) => frame,
                Ok(None) | Err(ConnectionError::Lost(_)) => return Ok(None),
                Err(ConnectionError::Protocol(error)) => return Err(violation(&error.to_string())),
            };
            let id = frame.request_id;
            let answer = match decode(&frame) {
                Ok(Request::Register(request)) => {
                    let registered = self
                        .service
                        .register(self.peer.address.ip(), Life::Sliding, request)
                        .await;
                    registered.map(|(caller, signed_in)| (Some(caller), Reply::Register(signed_in)))
                }
                Ok(Request::Login(request)) => {
                    let signed_in = self
                        .service
                        .login(self.peer.address.ip(), Life::Sliding, request)
                        .await;
                    signed_in.map(|(caller, signed_in)| (Some(caller), Reply::Login(signed_in)))
                }
                Ok(Request::Ping(_)) => Ok((None, Reply::Ping(proto::request::Done {}))),
                Ok(_) => Err(ErrorCode::Unauthenticated.into()),
                Err(Some(refusal)) => Err(refusal),
                Err(None) => continue,
            };
            let (caller, reply) = match answer {
                Ok((caller, reply)) => (caller, encode_answer(id, Ok(reply))),
                Err(refusal) => (None, encode_answer(id, Err(refusal))),
            };
            if writer.send(&[reply]).await.is_err() {
                return Ok(None);
            }
            if caller.is_some() {
                return Ok(caller);
            }
        }
    }

    /// Listens, and lets the outbox go with the heads in front.
    async fn go_live(
        &self,
        caller: &Caller,
        outbox: &Arc<Outbox>,
        listener: &SharedListener,
    ) -> Result<(), WireError> {
        let events = self.service.go_live(caller, listener).await?;
        outbox.release(encode_events(&events));
        Ok(())
    }

    async fn read<R: FrameReader>(
        &self,
        reader: &mut R,
        caller: &Caller,
        outbox: &Arc<Outbox>,
    ) -> Ended {
        let mut running: FuturesUnordered<Answer> = FuturesUnordered::new();
        let (mut reads, mut sends) = (0, 0);
        loop {
            let room = reads < limits::CONCURRENT_READS
                && sends < limits::OUTSTANDING_SENDS
                && !outbox.is_full();
            tokio::select! {
                Some((load, answer)) = running.next(), if !running.is_empty() => {
                    match load {
                        Load::Send => sends -= 1,
                        Load::Read => reads -= 1,
                    }
                    outbox.reply(answer);
                }
                why = outbox.ended() => return Ended::Refused(why),
                () = outbox.drained(), if outbox.is_full() => {}
                frame = reader.recv(), if room => {
                    let frame = match frame {
                        Ok(Some(frame)) => frame,
                        Ok(None) | Err(ConnectionError::Lost(_)) => return Ended::Gone,
                        Err(ConnectionError::Protocol(error)) => return Ended::Refused(violation(&error.to_string())),
                    };
                    let id = frame.request_id;
                    let request = match decode(&frame) {
                        Ok(request) => request,
                        Err(Some(refusal)) => {
                            outbox.reply(encode_answer(id, Err(refusal)));
                            continue;
                        }
                        Err(None) => continue,
                    };
                    if let Request::Logout(_) = request {
                        let answer = match self.service.submit(caller, request).await {
                            Ok(work) => work.await,
                            Err(refusal) => Err(refusal),
                        };
                        let signed_out = answer.is_ok();
                        outbox.reply(encode_answer(id, answer));
                        if signed_out {
                            return Ended::SignedOut;
                        }
                        continue;
                    }
                    let heads = matches!(request, Request::SyncHeads(_));
                    let load = if crate::service::is_queued(&request) { Load::Send } else { Load::Read };
                    let work = match request {
                        Request::Idle(idle) if self.live => {
                            self.service.turn(caller, &self.idle, idle.on)
                        }
                        request => self.service.submit(caller, request).await,
                    };
                    match work {
                        Ok(work) => {
                            match load {
                                Load::Send => sends += 1,
                                Load::Read => reads += 1,
                            }
                            running.push(if heads {
                                self.heads(id, caller, outbox, work)
                            } else {
                                Box::pin(async move { (load, encode_answer(id, work.await)) })
                            });
                        }
                        Err(refusal) => outbox.reply(encode_answer(id, Err(refusal))),
                    }
                }
            }
        }
    }

    /// Heads go out as events, the reply behind them.
    fn heads(&self, id: u32, caller: &Caller, outbox: &Arc<Outbox>, work: Work) -> Answer {
        let (service, caller, outbox) = (self.service.clone(), caller.clone(), outbox.clone());
        Box::pin(async move {
            let answer = match service.heads(&caller).await {
                Ok(events) => {
                    encode_events(&events)
                        .into_iter()
                        .for_each(|event| outbox.reply(event));
                    work.await
                }
                Err(refusal) => Err(refusal),
            };
            (Load::Read, encode_answer(id, answer))
        })
    }

    async fn write<W: FrameWriter>(
        &self,
        writer: &mut W,
        caller: &Caller,
        outbox: &Arc<Outbox>,
        listener: &SharedListener,
    ) {
        let mut frames = Vec::new();
        loop {
            match outbox.take(&mut frames).await {
                Taken::Frames => {
                    if writer.send(&frames).await.is_err() {
                        return;
                    }
                    frames.clear();
                    if frames.capacity() > 256 {
                        frames = Vec::new();
                    }
                }
                // Too slow: what was missed is named by fresh heads.
                Taken::Overflow => {
                    tracing::debug!("session too slow, live feed dropped");
                    let resync = Event::Resync(Resync {}).encode();
                    let Ok(resync) = resync else { return };
                    if writer.send(&[resync]).await.is_err() {
                        return;
                    }
                    outbox.hold();
                    if let Err(error) = self.go_live(caller, outbox, listener).await {
                        outbox.end(error);
                    }
                }
            }
        }
    }
}

/// The request in a frame; the error is the refusal, or nothing where the frame
/// asks for no answer.
fn decode(frame: &Frame) -> Result<Request, Option<WireError>> {
    match Request::decode(frame) {
        Ok(Some(request)) => Ok(request),
        Ok(None) if frame.request_id == 0 => Err(None),
        Ok(None) => Err(Some(ErrorCode::Unsupported.into())),
        Err(error) => {
            let CodecError::Payload(what) = error else {
                return Err(Some(violation(&error.to_string())));
            };
            Err(Some(
                WireError::new(ErrorCode::BadRequest).with("what", what),
            ))
        }
    }
}

fn encode_answer(request_id: u32, answer: Result<Reply, WireError>) -> Encoded {
    let refusal = match answer {
        Ok(reply) => match reply.encode(request_id) {
            Ok(encoded) => return encoded,
            Err(error) => {
                tracing::error!(%error, "reply not encoded");
                ErrorCode::Internal.into()
            }
        },
        Err(refusal) => refusal,
    };
    codec::encode(REFUSAL, request_id, &refusal).unwrap_or_else(|_| {
        // A refusal's parameters quote the request and could be as long.
        codec::encode(REFUSAL, request_id, &WireError::new(refusal.code))
            .unwrap_or_else(|_| codec::encode_empty(REFUSAL, request_id))
    })
}

fn encode_events(events: &[Event]) -> Vec<Encoded> {
    let encode = |event: &Event| match event.encode() {
        Ok(encoded) => Some(encoded),
        Err(error) => {
            tracing::error!(%error, "event not encoded");
            None
        }
    };
    events.iter().filter_map(encode).collect()
}
