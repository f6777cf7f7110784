//! People.

use axum::Json;
use axum::extract::State;
use proto::request::{Reply, Request};

use super::super::Context;
use super::error::{ApiError, ApiResult, ErrorBody};
use super::model::UserAnswer;
use super::signed_in::SignedIn;
use super::view::People;
use crate::service::Caller;

/// Has the service do something.
pub(super) async fn ask(context: &Context, caller: &Caller, request: Request) -> ApiResult<Reply> {
    let work = context.service.submit(caller, request).await?;
    Ok(work.await?)
}

/// The caller
#[utoipa::path(
    get, path = "/users/me", tag = "users", security(("bearer" = [])),
    responses(
        (status = 200, body = UserAnswer),
        (status = 401, body = ErrorBody),
        (status = 503, body = ErrorBody),
    ),
)]
pub(super) async fn me(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
) -> ApiResult<Json<UserAnswer>> {
    let people = People::look_up(&context.service, &caller, vec![caller.actor.id]).await?;
    let user = people
        .get(caller.actor.id)
        .ok_or_else(ApiError::not_found)?;
    Ok(Json(UserAnswer { user: user.clone() }))
}
