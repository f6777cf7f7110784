//! Who is in a chat.

use axum::Json;
use axum::extract::State;
use proto::id::{ChatId, UserId};
use proto::request::{AddMembers, BanMember, RemoveMember, Request, Role, SetRole};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::Context;
use super::accounts::DoneAnswer;
use super::body::{JsonBody, NoBody, PathOf};
use super::chats::{done, one, somebody};
use super::error::{ApiError, ApiResult, ErrorBody, Refused};
use super::ids;
use super::model::ChatMember;
use super::signed_in::SignedIn;
use super::users::ask;
use crate::service::Caller;

/// Somebody for a chat: one of the first two says who.
#[derive(Deserialize, ToSchema)]
pub(super) struct NewMember {
    #[serde(default)]
    user_id: String,
    #[serde(default)]
    username: String,
    /// `admin`, `moderator` or `member`; the latter where it is absent.
    #[serde(default)]
    role: String,
}

/// What a member may do.
#[derive(Deserialize, ToSchema)]
pub(super) struct NewRole {
    /// `admin`, `moderator` or `member`.
    role: String,
}

/// A member, and what was done.
#[derive(Serialize, ToSchema)]
pub(super) struct MemberAnswer {
    /// In words.
    message: &'static str,
    /// As they are now.
    member: ChatMember,
}

fn role(text: &str) -> ApiResult<Role> {
    match text.trim() {
        "admin" => Ok(Role::Admin),
        "moderator" => Ok(Role::Moderator),
        "member" => Ok(Role::Member),
        _ => Err(ApiError::bad_request(
            "role has to be admin, moderator or member.",
        )),
    }
}

async fn member(
    context: &Context,
    caller: &Caller,
    chat: ChatId,
    user: UserId,
) -> ApiResult<ChatMember> {
    let chat = one(context, caller, chat, 0).await?;
    let mut members = chat.members.into_iter();
    let found = members.find(|member| member.user_id == user.0);
    found.ok_or_else(ApiError::not_found)
}

/// Adds somebody to a chat
#[utoipa::path(
    post, path = "/chats/{id}/members", tag = "chats", security(("bearer" = [])), request_body = NewMember,
    params(("id" = Uuid, Path)),
    responses((status = 200, body = MemberAnswer), (status = 404, body = ErrorBody), Refused),
)]
pub(super) async fn add(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    PathOf(id): PathOf<String>,
    JsonBody(body): JsonBody<NewMember>,
) -> ApiResult<Json<MemberAnswer>> {
    let chat = ChatId(ids::id(&id)?);
    let wanted = match (body.user_id.trim(), body.username.trim()) {
        ("", "") => return Err(ApiError::bad_request("user_id or username is needed.")),
        ("", name) => name.to_owned(),
        (id, _) => ids::id(id)?.to_string(),
    };
    let role = match body.role.trim() {
        "" => None,
        text => Some(role(text)?),
    };
    // Whoever may not see the chat learns nothing of people either.
    context.service.whole_chat(&caller, chat).await?;
    let user = somebody(&context, &caller, &wanted).await?;
    let request = AddMembers {
        chat,
        users: vec![user],
    };
    ask(&context, &caller, Request::AddMembers(request)).await?;
    if let Some(role) = role.filter(|role| *role != Role::Member) {
        let request = SetRole { chat, user, role };
        ask(&context, &caller, Request::SetRole(request)).await?;
    }
    let member = member(&context, &caller, chat, user).await?;
    Ok(Json(MemberAnswer {
        message: "Added.",
        member,
    }))
}

/// Gives a member a role
///
/// For admins; the last one stays one.
#[utoipa::path(
    put, path = "/chats/{id}/members/{user_id}", tag = "chats", security(("bearer" = [])), request_body = NewRole,
    params(("id" = Uuid, Path), ("user_id" = Uuid, Path)),
    responses((status = 200, body = MemberAnswer), (status = 404, body = ErrorBody), Refused),
)]
pub(super) async fn set_role(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    PathOf((id, user)): PathOf<(String, String)>,
    JsonBody(body): JsonBody<NewRole>,
) -> ApiResult<Json<MemberAnswer>> {
    let (chat, user) = (ChatId(ids::id(&id)?), UserId(ids::id(&user)?));
    let role = role(&body.role)?;
    ask(
        &context,
        &caller,
        Request::SetRole(SetRole { chat, user, role }),
    )
    .await?;
    let member = member(&context, &caller, chat, user).await?;
    Ok(Json(MemberAnswer {
        message: "The role was changed.",
        member,
    }))
}

/// Removes a member, or leaves
#[utoipa::path(
    delete, path = "/chats/{id}/members/{user_id}", tag = "chats", security(("bearer" = [])),
    params(("id" = Uuid, Path), ("user_id" = Uuid, Path)),
    responses((status = 200, body = DoneAnswer), (status = 404, body = ErrorBody), Refused),
)]
pub(super) async fn remove(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    PathOf((id, user)): PathOf<(String, String)>,
    _: NoBody,
) -> ApiResult<Json<DoneAnswer>> {
    let (chat, user) = (ChatId(ids::id(&id)?), UserId(ids::id(&user)?));
    let request = RemoveMember { chat, user };
    ask(&context, &caller, Request::RemoveMember(request)).await?;
    Ok(done("Removed."))
}

/// Keeps somebody out of a chat
#[utoipa::path(
    put, path = "/chats/{id}/members/{user_id}/ban", tag = "chats", security(("bearer" = [])),
    params(("id" = Uuid, Path), ("user_id" = Uuid, Path)),
    responses((status = 200, body = DoneAnswer), (status = 404, body = ErrorBody), Refused),
)]
pub(super) async fn ban(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    PathOf((id, user)): PathOf<(String, String)>,
    _: NoBody,
) -> ApiResult<Json<DoneAnswer>> {
    set_ban(&context, &caller, &id, &user, true).await?;
    Ok(done("Banned."))
}

/// Lets somebody come back to a chat
#[utoipa::path(
    delete, path = "/chats/{id}/members/{user_id}/ban", tag = "chats", security(("bearer" = [])),
    params(("id" = Uuid, Path), ("user_id" = Uuid, Path)),
    responses((status = 200, body = DoneAnswer), (status = 404, body = ErrorBody), Refused),
)]
pub(super) async fn unban(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    PathOf((id, user)): PathOf<(String, String)>,
    _: NoBody,
) -> ApiResult<Json<DoneAnswer>> {
    set_ban(&context, &caller, &id, &user, false).await?;
    Ok(done("They may come back."))
}

async fn set_ban(
    context: &Context,
    caller: &Caller,
    chat: &str,
    user: &str,
    on: bool,
) -> ApiResult<()> {
    let request = BanMember {
        chat: ChatId(ids::id(chat)?),
        user: UserId(ids::id(user)?),
        on,
    };
    ask(context, caller, Request::BanMember(request)).await?;
    Ok(())
}
