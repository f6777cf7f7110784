//! Letting people in and out.

use axum::Json;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use proto::request::{Login, Logout, Register, Request, SetProfile, SignedIn as Opened};
use proto::text::{DisplayName, Email, Password, Token, Username};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::Context;
use super::body::{JsonBody, NoBody};
use super::error::{ApiError, ApiResult, ErrorBody};
use super::model::User;
use super::signed_in::{SignedIn, set_cookie};
use super::view::People;
use super::{device, origin, users};
use crate::service::Caller;
use crate::service::accounts::Life;

/// A new account.
#[derive(Deserialize, ToSchema)]
pub(super) struct NewAccount {
    /// Unique, ignoring case.
    username: String,
    /// Unique, ignoring case.
    #[serde(default)]
    email: String,
    /// At least 8 characters.
    password: String,
    #[serde(default)]
    first_name: String,
    #[serde(default)]
    last_name: String,
    /// Where registration is by invite.
    #[serde(default)]
    invite: String,
    /// Keep the token in a cookie, where no script can read it, instead of in the answer.
    #[serde(default)]
    cookie: bool,
}

/// A name and its password.
#[derive(Deserialize, ToSchema)]
pub(super) struct Credentials {
    /// User name or e-mail address.
    username: String,
    password: String,
    /// Keep the token in a cookie, where no script can read it, instead of in the answer.
    #[serde(default)]
    cookie: bool,
}

/// Who signed in.
#[derive(Serialize, ToSchema)]
pub(super) struct SignedInAnswer {
    user: User,
    /// For `Authorization: Bearer`; null where a cookie has it.
    token: Option<String>,
}

/// What was done.
#[derive(Serialize, ToSchema)]
pub(super) struct DoneAnswer {
    /// In words.
    pub(super) message: &'static str,
}

/// Makes an account and signs in
#[utoipa::path(
    post, path = "/auth/register", tag = "auth", request_body = NewAccount,
    responses(
        (status = 201, body = SignedInAnswer),
        (status = 400, body = ErrorBody, description = "Invalid or taken, or registration is not open"),
        (status = 413, body = ErrorBody),
        (status = 429, body = ErrorBody),
        (status = 503, body = ErrorBody),
    ),
)]
pub(super) async fn register(
    State(context): State<Context>,
    parts: Parts,
    JsonBody(body): JsonBody<NewAccount>,
) -> ApiResult<Response> {
    let given = |text: &str| !text.trim().is_empty();
    let mut names = SetProfile::default();
    if given(&body.first_name) {
        names.first_name = Some(valid(DisplayName::try_from(body.first_name.trim()))?);
    }
    if given(&body.last_name) {
        names.last_name = Some(valid(DisplayName::try_from(body.last_name.trim()))?);
    }
    let request = Register {
        username: valid(Username::try_from(body.username.trim()))?,
        password: valid(Password::try_from(body.password))?,
        email: if given(&body.email) {
            Some(valid(Email::try_from(body.email.trim()))?)
        } else {
            None
        },
        invite: if given(&body.invite) {
            Some(valid(Token::try_from(body.invite.trim()))?)
        } else {
            None
        },
        device: device::name(&parts.headers)?,
    };
    let life = Life::For(context.web.token_life_ms());
    let registered = context
        .service
        .register(origin::peer(&parts), life, request);
    let (caller, opened) = registered.await.map_err(|error| {
        let refused = ApiError::from(error);
        match refused.status() {
            StatusCode::CONFLICT => refused.with_status(StatusCode::BAD_REQUEST),
            _ => refused,
        }
    })?;
    if names != SetProfile::default() {
        users::ask(&context, &caller, Request::SetProfile(names)).await?;
    }
    answer(
        &context,
        &parts,
        StatusCode::CREATED,
        &caller,
        opened,
        body.cookie,
    )
    .await
}

/// Signs in
#[utoipa::path(
    post, path = "/auth/login", tag = "auth", request_body = Credentials,
    responses(
        (status = 200, body = SignedInAnswer),
        (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody, description = "Wrong name or password"),
        (status = 413, body = ErrorBody),
        (status = 429, body = ErrorBody),
        (status = 503, body = ErrorBody),
    ),
)]
pub(super) async fn login(
    State(context): State<Context>,
    parts: Parts,
    JsonBody(body): JsonBody<Credentials>,
) -> ApiResult<Response> {
    if body.username.trim().is_empty() || body.password.is_empty() {
        return Err(ApiError::bad_request("username and password are needed."));
    }
    // What no account can have is as wrong as any other.
    let wrong = || ApiError::from(proto::error::ErrorCode::BadCredentials);
    let request = Login {
        login: body.username.trim().to_owned(),
        password: Password::try_from(body.password).map_err(|_| wrong())?,
        device: device::name(&parts.headers)?,
    };
    let life = Life::For(context.web.token_life_ms());
    let signed_in = context.service.login(origin::peer(&parts), life, request);
    let (caller, opened) = signed_in.await?;
    answer(
        &context,
        &parts,
        StatusCode::OK,
        &caller,
        opened,
        body.cookie,
    )
    .await
}

/// Ends this session
#[utoipa::path(
    post, path = "/auth/logout", tag = "auth", security(("bearer" = [])),
    responses(
        (status = 200, body = DoneAnswer),
        (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody),
        (status = 413, body = ErrorBody),
        (status = 503, body = ErrorBody),
    ),
)]
pub(super) async fn logout(
    State(context): State<Context>,
    SignedIn { caller, by_cookie }: SignedIn,
    parts: Parts,
    _: NoBody,
) -> ApiResult<Response> {
    users::ask(&context, &caller, Request::Logout(Logout {})).await?;
    let mut response = Json(DoneAnswer {
        message: "Signed out.",
    })
    .into_response();
    if by_cookie && let Some(cookie) = set_cookie("", 0, origin::is_encrypted(&parts)) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

async fn answer(
    context: &Context,
    parts: &Parts,
    status: StatusCode,
    caller: &Caller,
    opened: Opened,
    cookie: bool,
) -> ApiResult<Response> {
    let people = People::look_up(&context.service, caller, vec![caller.actor.id]).await?;
    let user = people
        .get(caller.actor.id)
        .ok_or_else(ApiError::not_found)?;
    let token = opened.token.as_str();
    let body = SignedInAnswer {
        user: user.clone(),
        token: (!cookie).then(|| token.to_owned()),
    };
    let mut response = (status, Json(body)).into_response();
    if cookie {
        let kept = set_cookie(
            token,
            context.web.token_life_ms() / 1000,
            origin::is_encrypted(parts),
        );
        let kept = kept.ok_or(proto::error::ErrorCode::Internal)?;
        response.headers_mut().insert(header::SET_COOKIE, kept);
    }
    Ok(response)
}

/// A text that keeps to its rules; which it breaks is said in words of ours.
pub(super) fn valid<T, E: std::fmt::Display>(text: Result<T, E>) -> ApiResult<T> {
    text.map_err(|error| {
        let said = error.to_string();
        let mut letters = said.chars();
        let first: String = letters
            .next()
            .map(|c| c.to_uppercase().collect())
            .unwrap_or_default();
        ApiError::bad_request(format!("{first}{}.", letters.as_str()))
    })
}
