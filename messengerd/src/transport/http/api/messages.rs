//! Messages.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use proto::error::ErrorCode;
use proto::id::{ChatId, EntryId, UserId};
use proto::request::{
    ChatKind, CreateChat, DeleteMessage, EditMessage, Mark, Media, Origin, PinMessage, Pins, React,
    Reply, Request, SearchMessages, Send,
};
use proto::search::has_word;
use proto::text::{Emoji, MessageText, search_fold, search_words};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::Context;
use super::accounts::{DoneAnswer, valid};
use super::body::{JsonBody, NoBody, PathOf, Query};
use super::chats::done;
use super::error::{ApiError, ApiResult, ErrorBody, Refused};
use super::ids;
use super::model::{Message, Reaction};
use super::signed_in::SignedIn;
use super::users::ask;
use super::view::messages as view;
use crate::service::Caller;
use crate::store::timeline::{MessageRecord, Window};

/// Messages in a page where nothing else is said.
const PAGE: u32 = 50;

/// Messages.
#[derive(Serialize, ToSchema)]
pub(super) struct MessagesAnswer {
    /// Oldest first; what a search found latest first.
    messages: Vec<Message>,
    /// Whether there are more in the direction asked.
    more: bool,
}

/// One message.
#[derive(Serialize, ToSchema)]
pub(super) struct MessageAnswer {
    message: Message,
}

/// One reaction.
#[derive(Serialize, ToSchema)]
pub(super) struct ReactionAnswer {
    reaction: Reaction,
}

/// A message to be written, to `chat_id` or to `receiver_id`.
#[derive(Deserialize, ToSchema)]
pub(super) struct NewMessage {
    /// At most 64 KiB.
    #[serde(default)]
    content: String,
    /// `text`, `file`, `image`, `video`, `audio` (or `voice`); the first where it is absent.
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    chat_id: String,
    /// Their private chat is made where there is none.
    #[serde(default)]
    receiver_id: String,
    #[serde(default)]
    reply_to_id: String,
    /// A message whose present text is repeated instead of `content`.
    #[serde(default)]
    forward_id: String,
    /// Made by the client: the same one again returns the first message.
    #[serde(default)]
    id: String,
}

/// A new text.
#[derive(Deserialize, ToSchema)]
pub(super) struct NewText {
    content: String,
}

/// Messages of a chat
///
/// Without `before_seq` and `after_seq` they are counted from the newest.
#[utoipa::path(
    get, path = "/messages", tag = "messages", security(("bearer" = [])),
    params(
        ("chat_id" = Option<String>, Query, description = "Which chat …"),
        ("receiver_id" = Option<String>, Query, description = "… or whose private chat with the caller"),
        ("limit" = Option<i64>, Query, description = "50 where it is absent, 100 at most"),
        ("offset" = Option<i64>, Query, description = "How many of the newest are passed over"),
        ("before_seq" = Option<i64>, Query, description = "The newest before this entry"),
        ("after_seq" = Option<i64>, Query, description = "The first after this entry"),
    ),
    responses((status = 200, body = MessagesAnswer), (status = 404, body = ErrorBody), Refused),
)]
pub(super) async fn list(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    query: Query,
) -> ApiResult<Json<MessagesAnswer>> {
    let chat = match (query.text("chat_id"), query.text("receiver_id")) {
        (Some(chat), _) => ChatId(ids::id(chat)?),
        (None, Some(other)) => {
            let other = UserId(ids::id(other)?);
            match context.service.private_chat(&caller, other).await? {
                Some(chat) => chat,
                None => {
                    return Ok(Json(MessagesAnswer {
                        messages: Vec::new(),
                        more: false,
                    }));
                }
            }
        }
        (None, None) => {
            return Err(ApiError::bad_request("chat_id or receiver_id is needed."));
        }
    };
    let window = match (query.number("after_seq"), query.number("before_seq")) {
        (Some(after), _) => Window::After(after),
        (None, Some(before)) => Window::Before(before),
        (None, None) => Window::Latest {
            offset: query.offset(),
        },
    };
    let asked = context
        .service
        .timeline(&caller, chat, window, query.limit(PAGE));
    let found = asked.await?;
    let messages = view::messages(&context.service, &caller, &found.messages).await?;
    Ok(Json(MessagesAnswer {
        messages,
        more: found.more,
    }))
}

/// Finds messages by words in them
///
/// Latest first. In `highlight` what was found stands between `**` and `**`.
#[utoipa::path(
    get, path = "/messages/search", tag = "messages", security(("bearer" = [])),
    params(
        ("q" = Option<String>, Query, description = "The words; the beginning of a word is enough"),
        ("chat_id" = Option<String>, Query, description = "Only there"),
        ("limit" = Option<i64>, Query, description = "50 where it is absent and at most"),
        ("before_id" = Option<String>, Query, description = "Only what is older than this message"),
    ),
    responses((status = 200, body = MessagesAnswer), (status = 404, body = ErrorBody), Refused),
)]
pub(super) async fn search(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    query: Query,
) -> ApiResult<Json<MessagesAnswer>> {
    let words = query.text("q").unwrap_or_default().to_owned();
    let chat = query.text("chat_id").map(ids::id).transpose()?.map(ChatId);
    let before = match query.text("before_id") {
        None => None,
        Some(text) => {
            let id = EntryId(ids::id(text)?);
            let found = context.service.message_seen(&caller, id).await?;
            Some(proto::request::Place {
                at: found.entry.at,
                id,
            })
        }
    };
    let beginnings = search_words(&words);
    if beginnings.is_empty() {
        return Err(ApiError::bad_request("q needs a word to search for."));
    }
    let request = SearchMessages {
        query: words,
        chat,
        limit: query.limit(PAGE).min(proto::limits::SEARCH_RESULTS),
        before,
    };
    let asked = ask(&context, &caller, Request::SearchMessages(request)).await?;
    let Reply::SearchMessages(found) = asked else {
        return Err(ErrorCode::Internal.into());
    };
    let records = context
        .service
        .messages_found(&caller, &found.found)
        .await?;
    let mut messages = view::messages(&context.service, &caller, &records).await?;
    for message in &mut messages {
        message.highlight = Some(highlight(&message.content, &beginnings));
    }
    Ok(Json(MessagesAnswer {
        messages,
        more: found.more,
    }))
}

/// A text with the words that begin like one of these between `**`.
fn highlight(text: &str, beginnings: &[String]) -> String {
    let mut marked = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while !rest.is_empty() {
        let is_word = rest.starts_with(char::is_alphanumeric);
        let end = rest
            .find(|c: char| c.is_alphanumeric() != is_word)
            .unwrap_or(rest.len());
        let (piece, later) = rest.split_at(end);
        let folded = search_fold(piece);
        if is_word && beginnings.iter().any(|word| has_word(&folded, word)) {
            marked.push_str("**");
            marked.push_str(piece);
            marked.push_str("**");
        } else {
            marked.push_str(piece);
        }
        rest = later;
    }
    marked
}

/// Writes a message
#[utoipa::path(
    post, path = "/messages", tag = "messages", security(("bearer" = [])), request_body = NewMessage,
    responses(
        (status = 200, body = MessageAnswer, description = "It was there already"),
        (status = 201, body = MessageAnswer),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "The id is in use"),
        Refused,
    ),
)]
pub(super) async fn create(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    JsonBody(body): JsonBody<NewMessage>,
) -> ApiResult<Response> {
    let media = media(&body.kind)?;
    let id = match body.id.trim() {
        "" => EntryId::generate(),
        text => EntryId(ids::id(text)?),
    };
    let forwarded = match body.forward_id.trim() {
        "" => None,
        text => Some(
            context
                .service
                .message_seen(&caller, EntryId(ids::id(text)?))
                .await?,
        ),
    };
    let text = match &forwarded {
        // The service puts the present text in its place.
        Some(_) => valid(MessageText::try_from("…"))?,
        None => message_text(body.content)?,
    };
    let chat = match (body.chat_id.trim(), body.receiver_id.trim()) {
        ("", "") => {
            return Err(ApiError::bad_request("chat_id or receiver_id is needed."));
        }
        ("", receiver) => private(&context, &caller, UserId(ids::id(receiver)?)).await?,
        (chat, _) => ChatId(ids::id(chat)?),
    };
    let reply_to = match body.reply_to_id.trim() {
        "" => None,
        text => {
            let id = EntryId(ids::id(text)?);
            let replied = context.service.message_seen(&caller, id).await;
            let replied = replied.ok().filter(|replied| replied.chat == chat);
            let seq = replied.map(|replied| replied.entry.seq);
            Some(seq.ok_or_else(|| {
                ApiError::bad_request("The message replied to is not in this chat.")
            })?)
        }
    };
    let said = text.as_str().to_owned();
    context.posted.post(caller.session, chat, id, &said);
    let request = Send {
        chat,
        id,
        text,
        reply_to,
        forward: forwarded.map(|record| Origin {
            chat: record.chat,
            seq: record.entry.seq,
        }),
        media,
    };
    let asked = ask(&context, &caller, Request::Send(request)).await;
    if asked.is_err() {
        context.posted.forget(id);
    }
    let Reply::Send(sent) = asked? else {
        return Err(ErrorCode::Internal.into());
    };
    let status = if sent.dup {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    let message = one(&context, &caller, id).await?;
    Ok((status, Json(MessageAnswer { message })).into_response())
}

fn media(kind: &str) -> ApiResult<Option<Media>> {
    match kind.trim() {
        "" | "text" => Ok(None),
        "file" => Ok(Some(Media::File)),
        "image" => Ok(Some(Media::Image)),
        "video" => Ok(Some(Media::Video)),
        "audio" | "voice" => Ok(Some(Media::Audio)),
        _ => Err(ApiError::bad_request(
            "type has to be text, file, image, video or audio.",
        )),
    }
}

fn message_text(content: String) -> ApiResult<MessageText> {
    if content.len() > proto::limits::MESSAGE_BYTES {
        return Err(ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            "The content is too large: at most 64 KiB.",
        ));
    }
    valid(MessageText::try_from(content))
}

/// The private chat with somebody, made where there is none.
async fn private(context: &Context, caller: &Caller, other: UserId) -> ApiResult<ChatId> {
    if let Some(chat) = context.service.private_chat(caller, other).await? {
        return Ok(chat);
    }
    let request = CreateChat {
        id: ChatId::generate(),
        kind: ChatKind::Private,
        name: None,
        description: None,
        members: vec![other],
    };
    match ask(context, caller, Request::CreateChat(request)).await? {
        Reply::CreateChat(info) => Ok(info.id),
        _ => Err(ErrorCode::Internal.into()),
    }
}

async fn record(context: &Context, caller: &Caller, id: &str) -> ApiResult<MessageRecord> {
    let id = EntryId(ids::id(id)?);
    Ok(context.service.message_seen(caller, id).await?)
}

async fn one(context: &Context, caller: &Caller, id: EntryId) -> ApiResult<Message> {
    let record = context.service.message_seen(caller, id).await?;
    view::message(&context.service, caller, record).await
}

/// A message
#[utoipa::path(
    get, path = "/messages/{id}", tag = "messages", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, body = MessageAnswer), (status = 404, body = ErrorBody), Refused),
)]
pub(super) async fn get(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    PathOf(id): PathOf<String>,
) -> ApiResult<Json<MessageAnswer>> {
    let record = record(&context, &caller, &id).await?;
    let chat = record.chat;
    let mut message = view::message(&context.service, &caller, record).await?;
    let chat = super::chats::one(&context, &caller, chat, 0).await?;
    message.chat = Some(Box::new(super::model::Chat {
        members: Vec::new(),
        ..chat
    }));
    Ok(Json(MessageAnswer { message }))
}

/// Changes the text of one's own message
#[utoipa::path(
    put, path = "/messages/{id}", tag = "messages", security(("bearer" = [])), request_body = NewText,
    params(("id" = Uuid, Path)),
    responses((status = 200, body = MessageAnswer), (status = 404, body = ErrorBody), Refused),
)]
pub(super) async fn update(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    PathOf(id): PathOf<String>,
    JsonBody(body): JsonBody<NewText>,
) -> ApiResult<Json<MessageAnswer>> {
    let text = message_text(body.content)?;
    let record = record(&context, &caller, &id).await?;
    let request = EditMessage {
        chat: record.chat,
        id: EntryId::generate(),
        seq: record.entry.seq,
        text,
    };
    ask(&context, &caller, Request::EditMessage(request)).await?;
    let message = one(&context, &caller, record.entry.id).await?;
    Ok(Json(MessageAnswer { message }))
}

/// Deletes a message for everybody
///
/// One's own; admins and moderators of the chat any. A tombstone stays.
#[utoipa::path(
    delete, path = "/messages/{id}", tag = "messages", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, body = DoneAnswer), (status = 404, body = ErrorBody), Refused),
)]
pub(super) async fn delete(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    PathOf(id): PathOf<String>,
    _: NoBody,
) -> ApiResult<Json<DoneAnswer>> {
    let record = record(&context, &caller, &id).await?;
    let request = DeleteMessage {
        chat: record.chat,
        id: EntryId::generate(),
        seq: record.entry.seq,
    };
    ask(&context, &caller, Request::DeleteMessage(request)).await?;
    Ok(done("The message was deleted."))
}

/// Says that the caller has read up to this message
#[utoipa::path(
    post, path = "/messages/{id}/read", tag = "messages", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, body = DoneAnswer), (status = 404, body = ErrorBody), Refused),
)]
pub(super) async fn read(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    PathOf(id): PathOf<String>,
    _: NoBody,
) -> ApiResult<Json<DoneAnswer>> {
    let record = record(&context, &caller, &id).await?;
    let request = Mark {
        chat: record.chat,
        read: Some(record.entry.seq),
        delivered: None,
    };
    ask(&context, &caller, Request::Mark(request)).await?;
    Ok(done("Marked as read."))
}

/// Adds a reaction
#[utoipa::path(
    put, path = "/messages/{id}/reactions/{emoji}", tag = "messages", security(("bearer" = [])),
    params(("id" = Uuid, Path), ("emoji" = String, Path)),
    responses((status = 200, body = ReactionAnswer), (status = 404, body = ErrorBody), Refused),
)]
pub(super) async fn react(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    PathOf((id, emoji)): PathOf<(String, String)>,
    _: NoBody,
) -> ApiResult<Json<ReactionAnswer>> {
    let record = set_reaction(&context, &caller, &id, &emoji, true).await?;
    let message = one(&context, &caller, record.entry.id).await?;
    let own = caller.actor.id.0;
    let mut reactions = message.reactions.into_iter();
    let reaction = reactions.find(|it| it.user_id == own && it.emoji == emoji);
    // Taken away again in between.
    let reaction = reaction.ok_or_else(ApiError::not_found)?;
    Ok(Json(ReactionAnswer { reaction }))
}

/// Takes one's reaction away
#[utoipa::path(
    delete, path = "/messages/{id}/reactions/{emoji}", tag = "messages", security(("bearer" = [])),
    params(("id" = Uuid, Path), ("emoji" = String, Path)),
    responses((status = 200, body = DoneAnswer), (status = 404, body = ErrorBody), Refused),
)]
pub(super) async fn unreact(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    PathOf((id, emoji)): PathOf<(String, String)>,
    _: NoBody,
) -> ApiResult<Json<DoneAnswer>> {
    set_reaction(&context, &caller, &id, &emoji, false).await?;
    Ok(done("The reaction was taken away."))
}

async fn set_reaction(
    context: &Context,
    caller: &Caller,
    id: &str,
    emoji: &str,
    on: bool,
) -> ApiResult<MessageRecord> {
    let emoji = valid(Emoji::try_from(emoji))?;
    let record = record(context, caller, id).await?;
    let request = React {
        chat: record.chat,
        id: EntryId::generate(),
        seq: record.entry.seq,
        emoji,
        on,
    };
    ask(context, caller, Request::React(request)).await?;
    Ok(record)
}

/// Pins a message
#[utoipa::path(
    put, path = "/messages/{id}/pin", tag = "messages", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, body = MessageAnswer), (status = 404, body = ErrorBody), Refused),
)]
pub(super) async fn pin(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    PathOf(id): PathOf<String>,
    _: NoBody,
) -> ApiResult<Json<MessageAnswer>> {
    set_pin(&context, &caller, &id, true).await
}

/// Takes the pin of a message away
#[utoipa::path(
    delete, path = "/messages/{id}/pin", tag = "messages", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, body = MessageAnswer), (status = 404, body = ErrorBody), Refused),
)]
pub(super) async fn unpin(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    PathOf(id): PathOf<String>,
    _: NoBody,
) -> ApiResult<Json<MessageAnswer>> {
    set_pin(&context, &caller, &id, false).await
}

async fn set_pin(
    context: &Context,
    caller: &Caller,
    id: &str,
    on: bool,
) -> ApiResult<Json<MessageAnswer>> {
    let record = record(context, caller, id).await?;
    let request = PinMessage {
        chat: record.chat,
        id: EntryId::generate(),
        seq: record.entry.seq,
        on,
    };
    ask(context, caller, Request::PinMessage(request)).await?;
    let message = one(context, caller, record.entry.id).await?;
    Ok(Json(MessageAnswer { message }))
}

/// The pinned messages of a chat
///
/// Latest pin first.
#[utoipa::path(
    get, path = "/chats/{id}/pins", tag = "messages", security(("bearer" = [])),
    params(("id" = Uuid, Path), ("offset" = Option<i64>, Query)),
    responses((status = 200, body = MessagesAnswer), (status = 404, body = ErrorBody), Refused),
)]
pub(super) async fn pins(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    PathOf(id): PathOf<String>,
    query: Query,
) -> ApiResult<Json<MessagesAnswer>> {
    let request = Pins {
        chat: ChatId(ids::id(&id)?),
        offset: query.offset(),
    };
    let Reply::Pins(list) = ask(&context, &caller, Request::Pins(request)).await? else {
        return Err(ErrorCode::Internal.into());
    };
    let records = context.service.messages_found(&caller, &list.pins).await?;
    let messages = view::messages(&context.service, &caller, &records).await?;
    Ok(Json(MessagesAnswer {
        messages,
        more: list.more,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_marked() {
        let words = search_words("ÉLK brul");
        let marked = highlight("An elk, a crème-brûlée; melk.", &words);
        assert_eq!(marked, "An **elk**, a crème-**brûlée**; melk.");
    }
}
