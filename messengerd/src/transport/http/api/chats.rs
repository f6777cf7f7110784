//! Chats.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use proto::error::ErrorCode;
use proto::id::{ChatId, UserId};
use proto::limits;
use proto::request::{
    ChangeChat, ChatKind, ChatSettings, CreateChat, DeleteChat, Directory, Mark, NewMemberHistory,
    NotifyLevel, Reply, Request, Role, SetAvatar, SetChatPrefs,
};
use proto::text::{ChatName, Description};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::Context;
use super::accounts::{DoneAnswer, valid};
use super::avatars::Given;
use super::body::{JsonBody, NoBody, PathOf, Query};
use super::error::{ApiError, ApiResult, ErrorBody, Refused};
use super::ids;
use super::model::Chat;
use super::signed_in::SignedIn;
use super::upload::{self, Picture, PictureForm};
use super::users::ask;
use super::view::{avatar, chats as view};
use crate::service::Caller;
use crate::store::timeline::Window;

/// Messages that come with a chat.
const MESSAGES: u32 = 100;

/// Chats.
#[derive(Serialize, ToSchema)]
pub(super) struct ChatsAnswer {
    /// Last activity first.
    chats: Vec<Chat>,
}

/// One chat.
#[derive(Serialize, ToSchema)]
pub(super) struct ChatAnswer {
    /// The chat.
    pub(super) chat: Chat,
}

/// A chat to be made. Its members may be given under any of three names.
#[derive(Deserialize, ToSchema)]
pub(super) struct NewChat {
    /// Not needed for a private one.
    #[serde(default)]
    name: String,
    #[serde(default)]
    description: String,
    /// `private`, `group` or `public`; the latter where it is absent.
    #[serde(default, rename = "type")]
    kind: String,
    /// Ids, user names or e-mail addresses; a list, or a text with commas.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    member_ids: Value,
    /// The same.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    participants: Value,
    /// The same.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    members: Value,
    /// Made by the client, so that a request may be repeated.
    #[serde(default)]
    id: String,
}

/// New properties of a chat; what is absent stays.
#[derive(Deserialize, ToSchema)]
pub(super) struct ChatChange {
    /// Empty: unchanged.
    #[serde(default)]
    name: String,
    description: Option<String>,
    /// The URL of a picture that this server has, or empty for none.
    avatar: Option<String>,
    settings: Option<SettingsChange>,
}

/// New settings; what is absent stays.
#[derive(Deserialize, ToSchema)]
pub(super) struct SettingsChange {
    allow_invites: Option<bool>,
    allow_members_add: Option<bool>,
    allow_file_sharing: Option<bool>,
    allow_voice_calls: Option<bool>,
    allow_video_calls: Option<bool>,
    /// Days; 0 for ever.
    message_retention: Option<u32>,
    /// `all` or `since_join`.
    history_for_new_members: Option<String>,
}

/// How far somebody has read.
#[derive(Deserialize, ToSchema)]
pub(super) struct ReadTo {
    /// All where it is absent.
    seq: Option<u64>,
}

/// The caller's own settings of a chat; what is absent stays.
#[derive(Deserialize, ToSchema)]
pub(super) struct Prefs {
    /// `all`, `mentions` or `none`.
    notify: Option<String>,
    /// Silent until then, in milliseconds since 1970; 0 for not silent, -1 for good.
    muted_until: Option<i64>,
    /// Out of the list until something newer comes.
    hidden: Option<bool>,
}

/// A public chat, as the directory shows it.
#[derive(Serialize, ToSchema)]
pub(super) struct PublicChat {
    id: Uuid,
    name: String,
    description: String,
    /// A URL, or empty.
    avatar: String,
    member_count: u64,
    /// Whether the caller is a member.
    joined: bool,
}

/// Public chats.
#[derive(Serialize, ToSchema)]
pub(super) struct DirectoryAnswer {
    /// The largest first.
    chats: Vec<PublicChat>,
    /// Whether there are more.
    more: bool,
}

/// The caller's chats, and the active public ones
#[utoipa::path(
    get, path = "/chats", tag = "chats", security(("bearer" = [])),
    responses((status = 200, body = ChatsAnswer), Refused),
)]
pub(super) async fn list(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
) -> ApiResult<Json<ChatsAnswer>> {
    let listed = context.service.chat_list(&caller).await?;
    let chats = view::list(&context.service, &caller, &listed).await?;
    Ok(Json(ChatsAnswer { chats }))
}

/// Public chats by name
#[utoipa::path(
    get, path = "/chats/directory", tag = "chats", security(("bearer" = [])),
    params(
        ("search" = Option<String>, Query, description = "A part of the name or the description"),
        ("limit" = Option<i64>, Query, description = "20 where it is absent, 50 at most"),
        ("offset" = Option<i64>, Query),
    ),
    responses((status = 200, body = DirectoryAnswer), Refused),
)]
pub(super) async fn directory(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    query: Query,
) -> ApiResult<Json<DirectoryAnswer>> {
    let request = Directory {
        query: query.text("search").unwrap_or_default().to_owned(),
        limit: query.limit(20).min(limits::SEARCH_RESULTS),
        offset: query.offset(),
    };
    let Reply::Directory(found) = ask(&context, &caller, Request::Directory(request)).await? else {
        return Err(ErrorCode::Internal.into());
    };
    let chats = found.chats.into_iter().map(|chat| PublicChat {
        id: chat.id.0,
        name: chat.name,
        description: chat.description,
        avatar: chat.avatar.map(avatar).unwrap_or_default(),
        member_count: chat.members,
        joined: chat.joined,
    });
    Ok(Json(DirectoryAnswer {
        chats: chats.collect(),
        more: found.more,
    }))
}

/// Makes a chat
///
/// A pair that has a private chat gets that one, with 200.
#[utoipa::path(
    post, path = "/chats", tag = "chats", security(("bearer" = [])), request_body = NewChat,
    responses(
        (status = 200, body = ChatAnswer, description = "It was there already"),
        (status = 201, body = ChatAnswer),
        (status = 409, body = ErrorBody, description = "The id is in use"),
        Refused,
    ),
)]
pub(super) async fn create(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    JsonBody(body): JsonBody<NewChat>,
) -> ApiResult<Response> {
    let kind = match body.kind.trim() {
        "" | "public" => ChatKind::Public,
        "group" => ChatKind::Group,
        "private" => ChatKind::Private,
        _ => {
            return Err(ApiError::bad_request(
                "type has to be private, group or public.",
            ));
        }
    };
    let id = match body.id.trim() {
        "" => ChatId::generate(),
        text => ChatId(ids::id(text)?),
    };
    let name = body.name.trim();
    let description = body.description.trim();
    let is_private = kind == ChatKind::Private;
    let (name, description) = if is_private {
        (None, None)
    } else if name.is_empty() {
        return Err(ApiError::bad_request(
            "A group or public chat needs a name.",
        ));
    } else {
        let words = (!description.is_empty()).then(|| valid(Description::try_from(description)));
        (Some(valid(ChatName::try_from(name))?), words.transpose()?)
    };
    let mut wanted = Vec::new();
    for given in [body.member_ids, body.participants, body.members] {
        wanted.extend(names(given)?);
    }
    let found = context.service.find_people(&caller, &wanted).await;
    let members = found.map_err(unknown_member)?;
    let request = CreateChat {
        id,
        kind,
        name,
        description,
        members,
    };
    let made = ask(&context, &caller, Request::CreateChat(request)).await;
    let Reply::CreateChat(info) = made? else {
        return Err(ErrorCode::Internal.into());
    };
    let status = if info.id == id {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let chat = one(&context, &caller, info.id, MESSAGES).await?;
    Ok((status, Json(ChatAnswer { chat })).into_response())
}

/// Members as a list or as a text with commas.
fn names(given: Value) -> ApiResult<Vec<String>> {
    let wrong = || {
        ApiError::bad_request(
            "Members have to be a list, or a text with commas, of ids, user names or e-mail addresses.",
        )
    };
    let texts = match given {
        Value::Null => Vec::new(),
        Value::String(text) => text.split(',').map(str::to_owned).collect(),
        Value::Array(items) => items
            .into_iter()
            .map(|item| match item {
                Value::String(text) => Ok(text),
                _ => Err(wrong()),
            })
            .collect::<ApiResult<_>>()?,
        _ => return Err(wrong()),
    };
    let texts = texts.into_iter().map(|text| text.trim().to_owned());
    Ok(texts.filter(|text| !text.is_empty()).collect())
}

/// Nothing is made where one of the members does not exist.
fn unknown_member(error: proto::error::WireError) -> ApiError {
    match error.code {
        ErrorCode::NotFound => ApiError::new(
            StatusCode::BAD_REQUEST,
            "bad_request",
            "One of the members does not exist; nothing was made.",
        ),
        _ => error.into(),
    }
}

/// A chat as the caller sees it, with so many of its newest messages.
pub(super) async fn one(
    context: &Context,
    caller: &Caller,
    id: ChatId,
    messages: u32,
) -> ApiResult<Chat> {
    let service = &context.service;
    let whole = service.whole_chat(caller, id).await?;
    let timeline = if messages == 0 {
        None
    } else {
        let window = Window::Latest { offset: 0 };
        Some(service.timeline(caller, id, window, messages).await?)
    };
    view::whole(service, caller, whole, timeline).await
}

/// A chat with its newest 100 messages
#[utoipa::path(
    get, path = "/chats/{id}", tag = "chats", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, body = ChatAnswer), (status = 404, body = ErrorBody), Refused),
)]
pub(super) async fn get(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    PathOf(id): PathOf<String>,
) -> ApiResult<Json<ChatAnswer>> {
    let chat = one(&context, &caller, ChatId(ids::id(&id)?), MESSAGES).await?;
    Ok(Json(ChatAnswer { chat }))
}

/// Changes a chat's properties
///
/// For its admins.
#[utoipa::path(
    put, path = "/chats/{id}", tag = "chats", security(("bearer" = [])), request_body = ChatChange,
    params(("id" = Uuid, Path)),
    responses((status = 200, body = ChatAnswer), (status = 404, body = ErrorBody), Refused),
)]
pub(super) async fn update(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    PathOf(id): PathOf<String>,
    JsonBody(body): JsonBody<ChatChange>,
) -> ApiResult<Json<ChatAnswer>> {
    let chat = ChatId(ids::id(&id)?);
    let name = match body.name.trim() {
        "" => None,
        name => Some(valid(ChatName::try_from(name))?),
    };
    let description = body.description.as_deref().map(str::trim);
    let description = description.map(|text| valid(Description::try_from(text)));
    let settings = match body.settings {
        None => None,
        Some(change) => Some((history(&change)?, change)),
    };
    let request = ChangeChat {
        chat,
        name,
        description: description.transpose()?,
        settings: None,
    };
    let picture = match body.avatar.as_deref().map(str::trim) {
        None => None,
        Some("") => Some(None),
        Some(url) => Some(Some(Given::of(url)?)),
    };
    let changes = request.name.is_some() || request.description.is_some();
    if changes {
        ask(&context, &caller, Request::ChangeChat(request)).await?;
    } else if picture.is_none() && settings.is_none() {
        may_change(&context, &caller, chat).await?;
    }
    if let Some((history, change)) = settings {
        let merge = |old| merged(old, &change, history);
        let service = &context.service;
        service.change_settings(&caller, chat, merge).await?;
    }
    if let Some(picture) = picture {
        let (hash, url) = match picture {
            Some(Given::Kept(hash)) => (Some(hash), String::new()),
            Some(Given::Elsewhere(url)) => (None, url),
            None => (None, String::new()),
        };
        let service = &context.service;
        service.point_chat_avatar(&caller, chat, hash, &url).await?;
    }
    let chat = one(&context, &caller, chat, 1).await?;
    Ok(Json(ChatAnswer { chat }))
}

/// Whoever changes nothing still has to be one who could.
async fn may_change(context: &Context, caller: &Caller, chat: ChatId) -> ApiResult<()> {
    let record = context.service.whole_chat(caller, chat).await?.record;
    let mut members = record.members.iter();
    let is_admin = members.any(|it| it.user.id == caller.actor.id && it.role == Role::Admin);
    if is_admin && record.kind != ChatKind::Private {
        Ok(())
    } else {
        Err(ErrorCode::Forbidden.into())
    }
}

fn history(change: &SettingsChange) -> ApiResult<Option<NewMemberHistory>> {
    match change.history_for_new_members.as_deref() {
        None => Ok(None),
        Some("all") => Ok(Some(NewMemberHistory::All)),
        Some("since_join") => Ok(Some(NewMemberHistory::SinceJoin)),
        Some(_) => Err(ApiError::bad_request(
            "history_for_new_members has to be all or since_join.",
        )),
    }
}

fn merged(
    old: ChatSettings,
    change: &SettingsChange,
    history: Option<NewMemberHistory>,
) -> ChatSettings {
    ChatSettings {
        allow_invites: change.allow_invites.unwrap_or(old.allow_invites),
        allow_members_add: change.allow_members_add.unwrap_or(old.allow_members_add),
        allow_file_sharing: change.allow_file_sharing.unwrap_or(old.allow_file_sharing),
        allow_voice_calls: change.allow_voice_calls.unwrap_or(old.allow_voice_calls),
        allow_video_calls: change.allow_video_calls.unwrap_or(old.allow_video_calls),
        message_retention: change.message_retention.unwrap_or(old.message_retention),
        history_for_new_members: history.unwrap_or(old.history_for_new_members),
    }
}

/// Deletes a chat for everybody
///
/// For who made it.
#[utoipa::path(
    delete, path = "/chats/{id}", tag = "chats", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, body = DoneAnswer), (status = 404, body = ErrorBody), Refused),
)]
pub(super) async fn delete(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    PathOf(id): PathOf<String>,
    _: NoBody,
) -> ApiResult<Json<DoneAnswer>> {
    let chat = ChatId(ids::id(&id)?);
    ask(&context, &caller, Request::DeleteChat(DeleteChat { chat })).await?;
    Ok(done("The chat was deleted."))
}

/// Says how far the caller has read
///
/// In a public chat they become a member.
#[utoipa::path(
    put, path = "/chats/{id}/read", tag = "chats", security(("bearer" = [])), request_body = ReadTo,
    params(("id" = Uuid, Path)),
    responses((status = 200, body = DoneAnswer), (status = 404, body = ErrorBody), Refused),
)]
pub(super) async fn read(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    PathOf(id): PathOf<String>,
    JsonBody(body): JsonBody<ReadTo>,
) -> ApiResult<Json<DoneAnswer>> {
    let chat = ChatId(ids::id(&id)?);
    let seq = match body.seq {
        Some(seq) => seq,
        // The store cuts it to what there is.
        None => u64::from(u32::MAX),
    };
    let request = Mark {
        chat,
        read: Some(seq),
        delivered: None,
    };
    ask(&context, &caller, Request::Mark(request)).await?;
    Ok(done("Marked as read."))
}

/// Sets what the caller wants to hear of a chat
#[utoipa::path(
    put, path = "/chats/{id}/prefs", tag = "chats", security(("bearer" = [])), request_body = Prefs,
    params(("id" = Uuid, Path)),
    responses((status = 200, body = ChatAnswer), (status = 404, body = ErrorBody), Refused),
)]
pub(super) async fn prefs(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    PathOf(id): PathOf<String>,
    JsonBody(body): JsonBody<Prefs>,
) -> ApiResult<Json<ChatAnswer>> {
    let chat = ChatId(ids::id(&id)?);
    let notify = match body.notify.as_deref() {
        None => None,
        Some("all") => Some(NotifyLevel::All),
        Some("mentions") => Some(NotifyLevel::Mentions),
        Some("none") => Some(NotifyLevel::None),
        Some(_) => {
            return Err(ApiError::bad_request(
                "notify has to be all, mentions or none.",
            ));
        }
    };
    let hidden_upto = match body.hidden {
        None => None,
        Some(false) => Some(0),
        Some(true) => {
            let whole = context.service.whole_chat(&caller, chat).await?;
            Some(whole.head.seq)
        }
    };
    let request = SetChatPrefs {
        chat,
        notify,
        muted_until: body.muted_until.map(|until| match until {
            -1 => proto::request::FOREVER,
            until => until,
        }),
        hidden_upto,
    };
    ask(&context, &caller, Request::SetChatPrefs(request)).await?;
    let chat = one(&context, &caller, chat, 1).await?;
    Ok(Json(ChatAnswer { chat }))
}

/// Gives a chat a picture
///
/// For its admins.
#[utoipa::path(
    post, path = "/chats/{id}/avatar", tag = "chats", security(("bearer" = [])),
    request_body(content = PictureForm, content_type = "multipart/form-data"),
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, body = ChatAnswer),
        (status = 404, body = ErrorBody),
        (status = 415, body = ErrorBody, description = "Not a picture that can be shown"),
        Refused,
    ),
)]
pub(super) async fn set_avatar(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    PathOf(id): PathOf<String>,
    Picture(image): Picture,
) -> ApiResult<Json<ChatAnswer>> {
    let chat = ChatId(ids::id(&id)?);
    let request = SetAvatar {
        chat: Some(chat),
        image: Some(image),
    };
    ask(&context, &caller, Request::SetAvatar(request))
        .await
        .map_err(upload::refused)?;
    let chat = one(&context, &caller, chat, 1).await?;
    Ok(Json(ChatAnswer { chat }))
}

/// What was done, in words.
pub(super) fn done(message: &'static str) -> Json<DoneAnswer> {
    Json(DoneAnswer { message })
}

/// Somebody by id, user name or e-mail address.
pub(super) async fn somebody(context: &Context, caller: &Caller, text: &str) -> ApiResult<UserId> {
    let wanted = [text.to_owned()];
    let found = context.service.find_people(caller, &wanted).await?;
    found.first().copied().ok_or_else(ApiError::not_found)
}
