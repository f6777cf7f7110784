//! People.

use axum::Json;
use axum::extract::State;
use proto::id::UserId;
use proto::request::{Reply, Request, SetProfile, SetStatus, Status};
use proto::text::{Bio, DisplayName, Email, Password, StatusText};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::Context;
use super::accounts::{DoneAnswer, valid};
use super::body::{JsonBody, PathOf, Query};
use super::error::{ApiError, ApiResult, ErrorBody, Refused};
use super::model::{Time, User, UserAnswer};
use super::signed_in::SignedIn;
use super::upload::{self, Picture, PictureForm};
use super::view::People;
use super::{avatars, ids};
use crate::service::Caller;

/// People.
#[derive(Serialize, ToSchema)]
pub(super) struct UsersAnswer {
    /// By user name.
    users: Vec<User>,
}

/// Changes of the caller's profile. What is missing or empty stays.
#[derive(Deserialize, ToSchema)]
pub(super) struct NewProfile {
    #[serde(default)]
    first_name: String,
    #[serde(default)]
    last_name: String,
    /// The address of a picture of this server, or another one, which is kept as
    /// text and never fetched.
    #[serde(default)]
    avatar: String,
    /// Unique, ignoring case.
    #[serde(default)]
    email: String,
    /// Words about oneself.
    #[serde(default)]
    bio: String,
    /// Whether others learn what one has read.
    receipts: Option<bool>,
    /// What is to be emptied: `first_name`, `last_name`, `bio`, `email`, `avatar`.
    #[serde(default)]
    clear: Vec<String>,
}

/// How the caller wants to be seen.
#[derive(Deserialize, ToSchema)]
pub(super) struct NewStatus {
    /// `online`, `away`, `busy` or `invisible`. `offline` changes nothing: one is
    /// that without a connection.
    status: String,
    /// Words beside it.
    #[serde(default)]
    text: String,
    /// When both fall back to plain online.
    until: Option<Time>,
}

/// The password, once more.
#[derive(Deserialize, ToSchema)]
pub(super) struct PasswordAgain {
    password: String,
}

/// Has the service do something.
pub(super) async fn ask(context: &Context, caller: &Caller, request: Request) -> ApiResult<Reply> {
    let work = context.service.submit(caller, request).await?;
    Ok(work.await?)
}

/// The caller, as they see themselves.
async fn oneself(context: &Context, caller: &Caller) -> ApiResult<Json<UserAnswer>> {
    one(context, caller, caller.actor.id).await
}

async fn one(context: &Context, caller: &Caller, id: UserId) -> ApiResult<Json<UserAnswer>> {
    let people = People::look_up(&context.service, caller, vec![id]).await?;
    let user = people.get(id).ok_or_else(ApiError::not_found)?;
    Ok(Json(UserAnswer { user: user.clone() }))
}

/// The caller
#[utoipa::path(
    get, path = "/users/me", tag = "users", security(("bearer" = [])),
    responses((status = 200, body = UserAnswer), Refused),
)]
pub(super) async fn me(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
) -> ApiResult<Json<UserAnswer>> {
    oneself(&context, &caller).await
}

/// Lists people
///
/// By user name, without the caller.
#[utoipa::path(
    get, path = "/users", tag = "users", security(("bearer" = [])),
    params(
        ("search" = Option<String>, Query, description = "A part of a user name or of names, ignoring case"),
        ("status" = Option<String>, Query, description = "Only those seen as `online`, `away`, `busy` or `offline`"),
        ("limit" = Option<String>, Query, description = "At most 100; else 20"),
        ("offset" = Option<String>, Query),
    ),
    responses((status = 200, body = UsersAnswer), Refused),
)]
pub(super) async fn list(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    query: Query,
) -> ApiResult<Json<UsersAnswer>> {
    let search = query.text("search").unwrap_or_default();
    let status = query.text("status").map(status).transpose()?;
    let page = (query.limit(20), query.offset());
    let records = context
        .service
        .list_people(&caller, search, status, page.0, page.1)
        .await?;
    let people = People::of(&context.service, &caller, &records).await?;
    let users = records.iter().filter_map(|record| people.get(record.id));
    Ok(Json(UsersAnswer {
        users: users.cloned().collect(),
    }))
}

fn status(word: &str) -> ApiResult<Status> {
    match Status::from(word.trim().to_lowercase()) {
        Status::Unknown => Err(ApiError::bad_request(
            "A status is online, away, busy, invisible or offline.",
        )),
        known => Ok(known),
    }
}

/// Somebody
#[utoipa::path(
    get, path = "/users/{id}", tag = "users", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, body = UserAnswer), (status = 404, body = ErrorBody), Refused),
)]
pub(super) async fn somebody(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    PathOf(id): PathOf<String>,
) -> ApiResult<Json<UserAnswer>> {
    one(&context, &caller, UserId(ids::id(&id)?)).await
}

/// Changes the caller's profile
#[utoipa::path(
    put, path = "/users/me", tag = "users", security(("bearer" = [])), request_body = NewProfile,
    responses(
        (status = 200, body = UserAnswer),
        (status = 409, body = ErrorBody, description = "The e-mail address is taken"),
        Refused,
    ),
)]
pub(super) async fn change(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    JsonBody(body): JsonBody<NewProfile>,
) -> ApiResult<Json<UserAnswer>> {
    let given = |text: &str| !text.trim().is_empty();
    let mut change = SetProfile {
        receipts: body.receipts,
        ..SetProfile::default()
    };
    if given(&body.first_name) {
        change.first_name = Some(valid(DisplayName::try_from(body.first_name.trim()))?);
    }
    if given(&body.last_name) {
        change.last_name = Some(valid(DisplayName::try_from(body.last_name.trim()))?);
    }
    if given(&body.email) {
        change.email = Some(valid(Email::try_from(body.email.trim()))?);
    }
    if given(&body.bio) {
        change.bio = Some(valid(Bio::try_from(body.bio.trim()))?);
    }
    let (pictures, clear): (Vec<_>, Vec<_>) =
        body.clear.into_iter().partition(|field| field == "avatar");
    change.clear = clear;
    let avatar = match body.avatar.trim() {
        "" if pictures.is_empty() => None,
        "" => Some(None),
        url => Some(Some(avatars::Given::of(url)?)),
    };
    if change != SetProfile::default() {
        ask(&context, &caller, Request::SetProfile(change)).await?;
    }
    match avatar {
        Some(Some(avatars::Given::Kept(hash))) => {
            context.service.take_avatar(&caller, hash).await?;
        }
        Some(Some(avatars::Given::Elsewhere(url))) => {
            context.service.point_avatar(&caller, url).await?;
        }
        Some(None) => {
            let request = proto::request::SetAvatar {
                chat: None,
                image: None,
            };
            ask(&context, &caller, Request::SetAvatar(request)).await?;
        }
        None => {}
    }
    oneself(&context, &caller).await
}

/// Chooses how the caller is seen
#[utoipa::path(
    put, path = "/users/status", tag = "users", security(("bearer" = [])), request_body = NewStatus,
    responses((status = 200, body = UserAnswer), Refused),
)]
pub(super) async fn set_status(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    JsonBody(body): JsonBody<NewStatus>,
) -> ApiResult<Json<UserAnswer>> {
    let status = status(&body.status)?;
    let text = match body.text.trim() {
        "" => None,
        text => Some(valid(StatusText::try_from(text))?),
    };
    if status != Status::Offline {
        let request = SetStatus {
            status,
            text,
            until: body.until.map(|Time(at)| at),
        };
        ask(&context, &caller, Request::SetStatus(request)).await?;
    }
    oneself(&context, &caller).await
}

/// Gives the caller a picture
#[utoipa::path(
    post, path = "/users/me/avatar", tag = "users", security(("bearer" = [])),
    request_body(content = PictureForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, body = UserAnswer),
        (status = 415, body = ErrorBody, description = "No PNG, JPEG, GIF or WebP file"),
        Refused,
    ),
)]
pub(super) async fn set_avatar(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    Picture(image): Picture,
) -> ApiResult<Json<UserAnswer>> {
    let request = proto::request::SetAvatar {
        chat: None,
        image: Some(image),
    };
    ask(&context, &caller, Request::SetAvatar(request))
        .await
        .map_err(upload::refused)?;
    oneself(&context, &caller).await
}

/// Ends the caller's account for good
///
/// What they wrote stays, without their names; they leave every group.
#[utoipa::path(
    delete, path = "/users/me", tag = "users", security(("bearer" = [])), request_body = PasswordAgain,
    responses((status = 200, body = DoneAnswer), Refused),
)]
pub(super) async fn delete(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    JsonBody(body): JsonBody<PasswordAgain>,
) -> ApiResult<Json<DoneAnswer>> {
    // What no account can have is as wrong as any other.
    let password = Password::try_from(body.password).map_err(|_| ApiError::wrong_password())?;
    let deleted = context.service.delete_account(&caller, password).await;
    deleted.map_err(|error| ApiError::from(error).of_known_caller())?;
    Ok(Json(DoneAnswer {
        message: "The account is deleted.",
    }))
}
