//! The caller's signed-in devices, and the password they share.

use axum::Json;
use axum::extract::State;
use proto::id::SessionId;
use proto::request::{ChangePassword, Reply, Request, RevokeSession, Sessions};
use proto::text::Password;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::Context;
use super::accounts::{DoneAnswer, valid};
use super::body::{JsonBody, NoBody, PathOf};
use super::error::{ApiError, ApiResult, ErrorBody, Refused};
use super::ids;
use super::model::{Session, Time};
use super::signed_in::SignedIn;
use super::users::ask;

/// The caller's sessions.
#[derive(Serialize, ToSchema)]
pub(super) struct SessionsAnswer {
    /// Latest used first.
    sessions: Vec<Session>,
}

/// A change of the password.
#[derive(Deserialize, ToSchema)]
pub(super) struct NewPassword {
    /// The present one.
    old: String,
    /// At least 8 characters.
    new: String,
}

/// Lists the caller's sessions
#[utoipa::path(
    get, path = "/auth/sessions", tag = "auth", security(("bearer" = [])),
    responses((status = 200, body = SessionsAnswer), Refused),
)]
pub(super) async fn list(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
) -> ApiResult<Json<SessionsAnswer>> {
    let Reply::Sessions(list) = ask(&context, &caller, Request::Sessions(Sessions {})).await?
    else {
        return Err(ApiError::internal());
    };
    let sessions = list.sessions.into_iter().map(|session| Session {
        id: session.id.0,
        device: session.device,
        created_at: Time(session.created_at),
        last_used: Time(session.last_used),
        current: session.current,
    });
    Ok(Json(SessionsAnswer {
        sessions: sessions.collect(),
    }))
}

/// Ends one of the caller's sessions
#[utoipa::path(
    delete, path = "/auth/sessions/{id}", tag = "auth", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "Of the session")),
    responses(
        (status = 200, body = DoneAnswer),
        (status = 404, body = ErrorBody),
        Refused,
    ),
)]
pub(super) async fn end(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    PathOf(id): PathOf<String>,
    _: NoBody,
) -> ApiResult<Json<DoneAnswer>> {
    let session = SessionId(ids::id(&id)?);
    let request = Request::RevokeSession(RevokeSession { session });
    ask(&context, &caller, request).await?;
    Ok(Json(DoneAnswer {
        message: "The session has ended.",
    }))
}

/// Changes the password and ends the other sessions
#[utoipa::path(
    put, path = "/auth/password", tag = "auth", security(("bearer" = [])), request_body = NewPassword,
    responses(
        (status = 200, body = DoneAnswer),
        Refused,
    ),
)]
pub(super) async fn change_password(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    JsonBody(body): JsonBody<NewPassword>,
) -> ApiResult<Json<DoneAnswer>> {
    let request = ChangePassword {
        new: valid(Password::try_from(body.new))?,
        // What no account can have is as wrong as any other.
        old: Password::try_from(body.old).map_err(|_| ApiError::wrong_password())?,
    };
    ask(&context, &caller, Request::ChangePassword(request))
        .await
        .map_err(ApiError::of_known_caller)?;
    Ok(Json(DoneAnswer {
        message: "The password is changed; other sessions have ended.",
    }))
}
