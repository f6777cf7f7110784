//! What a page asks on its socket. All of it goes the way that REST and native
//! clients go.

use std::future::Future;
use std::pin::Pin;
use std::sync::PoisonError;

use bytes::Bytes;
use proto::error::{ErrorCode, WireError};
use proto::id::{ChatId, EntryId, UserId};
use proto::request::{Mark, Media, Request, Send as Post, Typing};
use proto::text::MessageText;
use serde_json::Value;
use tokio::time::{Duration, Instant};
use uuid::Uuid;

use super::frame::{Incoming, refusal};
use super::link::Socket;
use super::render::status;
use crate::service::now;

/// The answer to a frame, on its way; nothing where none is wanted.
pub(super) type Answer = Pin<Box<dyn Future<Output = Option<Bytes>> + Send>>;

/// What a frame asks for, on its way.
type Work = Pin<Box<dyn Future<Output = Result<(), WireError>> + Send>>;

/// That somebody still types is passed on this often: native clients forget it
/// after twice the time.
const TYPING_AGAIN: Duration = Duration::from_secs(3);
/// Chats in which one page may type at the same time.
const TYPING_CHATS: usize = 32;
/// People who may be watched with one frame.
const WATCHED: usize = 200;

fn bad(what: &str) -> WireError {
    WireError::new(ErrorCode::BadRequest).with("what", what)
}

/// An id in any usual spelling.
fn id(incoming: &Incoming, name: &str) -> Result<Uuid, WireError> {
    let text = incoming.text(name).ok_or_else(|| bad(name))?;
    Uuid::try_parse(text.trim()).map_err(|_| bad(name))
}

fn switch(incoming: &Incoming, name: &str) -> Result<bool, WireError> {
    let value = incoming.data.get(name).and_then(Value::as_bool);
    value.ok_or_else(|| bad(name))
}

impl Socket {
    /// Takes a frame. What is to be stored is queued when this returns.
    pub(super) async fn act(&self, text: &str) -> Option<Answer> {
        let incoming = Incoming::read(text)?;
        let id = incoming.id();
        let user = self.caller.actor.id;
        let answer = move |error: WireError| {
            let id = id?;
            refusal(&id, &error, user, now()).ok()
        };
        match self.begin_work(&incoming).await {
            Ok(Some(work)) => Some(Box::pin(async move {
                match work.await {
                    Ok(()) => None,
                    Err(error) => answer(error),
                }
            })),
            Ok(None) => None,
            Err(error) => {
                if let Some(text) = answer(error) {
                    self.queue.reply(text);
                }
                None
            }
        }
    }

    async fn begin_work(&self, incoming: &Incoming) -> Result<Option<Work>, WireError> {
        match incoming.kind.as_str() {
            "chat" => self.say(incoming).await,
            "typing" => self.type_in(incoming),
            "message_read" => {
                let message = EntryId(id(incoming, "message_id")?);
                let (service, caller) = (self.service.clone(), self.caller.clone());
                Ok(Some(Box::pin(async move {
                    let found = service.message_seen(&caller, message).await?;
                    let mark = Request::Mark(Mark {
                        chat: found.chat,
                        read: Some(found.entry.seq),
                        delivered: None,
                    });
                    service.submit(&caller, mark).await?.await.map(drop)
                })))
            }
            "idle" => {
                let on = switch(incoming, "on")?;
                let work = self.service.turn(&self.caller, &self.idle, on)?;
                Ok(Some(Box::pin(async move { work.await.map(drop) })))
            }
            "watch" => self.watch(incoming).map(Some),
            "call_offer" | "call_answer" | "call_ice" | "call_reject" | "call_end" => {
                Err(ErrorCode::Other("not_implemented".to_owned()).into())
            }
            _ => Err(bad("type")),
        }
    }

    /// Posts a message, unless the same session has posted it by REST.
    async fn say(&self, incoming: &Incoming) -> Result<Option<Work>, WireError> {
        let chat = ChatId(id(incoming, "chat_id")?);
        let content = incoming.text("content").ok_or_else(|| bad("content"))?;
        let session = self.caller.session;
        if self.posted.repeats(session, chat, content) {
            return Ok(None);
        }
        let entry = match incoming.text("id") {
            Some(_) => EntryId(id(incoming, "id")?),
            None => EntryId::generate(),
        };
        let media = match incoming.text("message_type").unwrap_or("text") {
            "text" => None,
            "voice" => Some(Media::Audio),
            word => Some(Media::from(word.to_owned())),
        };
        let text = MessageText::try_from(content).map_err(|error| bad(&error.to_string()))?;
        self.posted.say(session, entry);
        let post = Request::Send(Post {
            chat,
            id: entry,
            reply_to: None,
            text,
            forward: None,
            media,
        });
        let work = self.service.submit(&self.caller, post).await?;
        Ok(Some(Box::pin(async move { work.await.map(drop) })))
    }

    /// Passes on that somebody types, and that they do not any more: changes,
    /// and now and then that it is still so.
    fn type_in(&self, incoming: &Incoming) -> Result<Option<Work>, WireError> {
        let chat = ChatId(id(incoming, "chat_id")?);
        let on = switch(incoming, "is_typing")?;
        let at = Instant::now();
        {
            let mut typing = self.typing.lock().unwrap_or_else(PoisonError::into_inner);
            typing.retain(|_, since| *since + 2 * TYPING_AGAIN > at);
            let told = typing.get(&chat).copied();
            match (on, told) {
                (true, Some(since)) if since + TYPING_AGAIN > at => return Ok(None),
                (true, None) if typing.len() >= TYPING_CHATS => return Ok(None),
                (true, _) => drop(typing.insert(chat, at)),
                (false, None) => return Ok(None),
                (false, Some(_)) => drop(typing.remove(&chat)),
            }
        }
        let (service, caller) = (self.service.clone(), self.caller.clone());
        Ok(Some(Box::pin(async move {
            let typing = Request::Typing(Typing { chat, on });
            service.submit(&caller, typing).await?.await.map(drop)
        })))
    }

    /// Says how people are now whom the page shows. Of those whom the caller may
    /// see, every change is told in any case.
    fn watch(&self, incoming: &Incoming) -> Result<Work, WireError> {
        let ids = incoming.data.get("user_ids").and_then(Value::as_array);
        let ids = ids.ok_or_else(|| bad("user_ids"))?;
        if ids.len() > WATCHED {
            return Err(WireError::new(ErrorCode::TooLarge)
                .with("what", "user_ids")
                .with("limit", WATCHED));
        }
        let read = |id: &Value| {
            let id = id.as_str().and_then(|text| Uuid::try_parse(text).ok());
            id.map(UserId).ok_or_else(|| bad("user_ids"))
        };
        let ids: Vec<UserId> = ids.iter().map(read).collect::<Result<_, _>>()?;
        let (service, caller, queue) = (
            self.service.clone(),
            self.caller.clone(),
            self.queue.clone(),
        );
        Ok(Box::pin(async move {
            for seen in service.look_at(&caller, ids).await? {
                queue.reply(status(&seen)?.text);
            }
            Ok(())
        }))
    }
}
