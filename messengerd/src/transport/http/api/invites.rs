//! Invite links to chats.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use proto::error::ErrorCode;
use proto::id::ChatId;
use proto::request::{
    AcceptChatInvite, ChatInvite, ChatInvites, CreateChatInvite, Reply, Request, RevokeChatInvite,
};
use proto::text::Token;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::Context;
use super::accounts::DoneAnswer;
use super::body::{JsonBody, NoBody, PathOf};
use super::chats::{ChatAnswer, done, one};
use super::error::{ApiError, ApiResult, ErrorBody, Refused};
use super::ids;
use super::model::{self, Time};
use super::signed_in::SignedIn;
use super::users::ask;

/// An invite link to be made.
#[derive(Deserialize, ToSchema)]
pub(super) struct NewInvite {
    /// Until when it holds, as RFC 3339; for ever where it is absent.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// How many may join with it; any number where it is absent.
    #[schema(minimum = 1)]
    max_uses: Option<u32>,
    /// Made by the client, so that a request may be repeated.
    #[serde(default)]
    id: String,
}

/// A link.
#[derive(Serialize, ToSchema)]
pub(super) struct InviteAnswer {
    invite: model::ChatInvite,
}

/// Links.
#[derive(Serialize, ToSchema)]
pub(super) struct InvitesAnswer {
    /// Latest first.
    invites: Vec<model::ChatInvite>,
}

fn view(invite: ChatInvite) -> model::ChatInvite {
    model::ChatInvite {
        id: invite.id,
        chat_id: invite.chat.0,
        invited_by: invite.by.0,
        token: invite.token.as_str().to_owned(),
        expires_at: invite.expires_at.map(Time),
        max_uses: invite.max_uses,
        uses: invite.uses,
        created_at: Time(invite.created_at),
    }
}

/// Makes an invite link
#[utoipa::path(
    post, path = "/chats/{id}/invites", tag = "invites", security(("bearer" = [])), request_body = NewInvite,
    params(("id" = Uuid, Path)),
    responses(
        (status = 201, body = InviteAnswer),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "The id is in use"),
        Refused,
    ),
)]
pub(super) async fn create(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    PathOf(id): PathOf<String>,
    JsonBody(body): JsonBody<NewInvite>,
) -> ApiResult<Response> {
    let expires_at = body.expires_at.as_deref().filter(|text| !text.is_empty());
    let expires_at = expires_at.map(|text| {
        text.parse::<Timestamp>()
            .map(Timestamp::as_millisecond)
            .map_err(|_| {
                ApiError::bad_request("expires_at has to be a time as RFC 3339 writes it.")
            })
    });
    let request = CreateChatInvite {
        chat: ChatId(ids::id(&id)?),
        id: match body.id.trim() {
            "" => Uuid::now_v7(),
            text => ids::id(text)?,
        },
        expires_at: expires_at.transpose()?,
        max_uses: body.max_uses,
    };
    let made = ask(&context, &caller, Request::CreateChatInvite(request)).await?;
    let Reply::CreateChatInvite(invite) = made else {
        return Err(ErrorCode::Internal.into());
    };
    let answer = InviteAnswer {
        invite: view(invite),
    };
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

/// A chat's invite links that hold
///
/// Members see those that they made.
#[utoipa::path(
    get, path = "/chats/{id}/invites", tag = "invites", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, body = InvitesAnswer), (status = 404, body = ErrorBody), Refused),
)]
pub(super) async fn list(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    PathOf(id): PathOf<String>,
) -> ApiResult<Json<InvitesAnswer>> {
    let chat = ChatId(ids::id(&id)?);
    let asked = ask(
        &context,
        &caller,
        Request::ChatInvites(ChatInvites { chat }),
    )
    .await?;
    let Reply::ChatInvites(list) = asked else {
        return Err(ErrorCode::Internal.into());
    };
    let invites = list.invites.into_iter().map(view).collect();
    Ok(Json(InvitesAnswer { invites }))
}

/// Makes an invite link invalid
#[utoipa::path(
    delete, path = "/chats/{id}/invites/{invite_id}", tag = "invites", security(("bearer" = [])),
    params(("id" = Uuid, Path), ("invite_id" = Uuid, Path)),
    responses((status = 200, body = DoneAnswer), (status = 404, body = ErrorBody), Refused),
)]
pub(super) async fn revoke(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    PathOf((chat, id)): PathOf<(String, String)>,
    _: NoBody,
) -> ApiResult<Json<DoneAnswer>> {
    let request = RevokeChatInvite {
        chat: ChatId(ids::id(&chat)?),
        id: ids::id(&id)?,
    };
    ask(&context, &caller, Request::RevokeChatInvite(request)).await?;
    Ok(done("The link no longer holds."))
}

/// Joins a chat with an invite link
#[utoipa::path(
    post, path = "/invites/{token}/accept", tag = "invites", security(("bearer" = [])),
    params(("token" = String, Path)),
    responses(
        (status = 200, body = ChatAnswer),
        (status = 404, body = ErrorBody, description = "The link does not hold"),
        Refused,
    ),
)]
pub(super) async fn accept(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    PathOf(token): PathOf<String>,
    _: NoBody,
) -> ApiResult<Json<ChatAnswer>> {
    let invalid = || ApiError::from(ErrorCode::InviteInvalid).with_status(StatusCode::NOT_FOUND);
    let token = Token::try_from(token).map_err(|_| invalid())?;
    let request = Request::AcceptChatInvite(AcceptChatInvite { token });
    let accepted = ask(&context, &caller, request).await;
    let accepted = accepted.map_err(|refused| {
        if refused.is(&ErrorCode::InviteInvalid) {
            invalid()
        } else {
            refused
        }
    });
    let Reply::AcceptChatInvite(info) = accepted? else {
        return Err(ErrorCode::Internal.into());
    };
    let chat = one(&context, &caller, info.id, 100).await?;
    Ok(Json(ChatAnswer { chat }))
}
