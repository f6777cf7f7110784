//! REST under `/api/v1`: thin adapters over the [`service`](crate::service),
//! which has the rules. Each file is one noun; [`model`] has the shapes, `view`
//! makes them for who asks. The OpenAPI document is made from the handlers.

mod accounts;
mod avatars;
mod body;
mod chats;
mod contacts;
mod device;
pub(super) mod error;
mod health;
mod ids;
mod invites;
mod later;
mod members;
mod messages;
pub mod model;
pub(super) mod origin;
mod sessions;
pub(super) mod signed_in;
mod upload;
mod users;
pub(super) mod view;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::uri::PathAndQuery;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::error::ApiError;
pub(super) use self::health::{health, ready};
pub use self::origin::Encrypted;
pub(super) use self::origin::resolve;
use self::signed_in::Schemes;
use super::Context;

/// Where all routes are.
pub const BASE: &str = "/api/v1";

/// Bytes of a request's body.
const BODY_BYTES: usize = 1024 * 1024;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Messenger",
        description = "The web endpoint of messengerd. Errors are `{\"error\": sentence, \"code\": word}`.",
    ),
    modifiers(&Schemes),
)]
struct Document;

/// Handlers and their description. A route that is not described here does not
/// exist.
fn described() -> OpenApiRouter<Context> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(accounts::register))
        .routes(routes!(accounts::login))
        .routes(routes!(accounts::logout))
        .routes(routes!(sessions::list))
        .routes(routes!(sessions::end))
        .routes(routes!(sessions::change_password))
        .routes(routes!(users::list))
        .routes(routes!(users::me, users::change, users::delete))
        .routes(routes!(users::set_status))
        .routes(routes!(users::set_avatar))
        .routes(routes!(users::somebody))
        .routes(routes!(avatars::picture))
        .routes(routes!(contacts::list, contacts::add))
        .routes(routes!(contacts::rename, contacts::remove))
        .routes(routes!(contacts::block))
        .routes(routes!(contacts::unblock))
        .routes(routes!(later::calls, later::call))
        .routes(routes!(later::settings, later::set_settings))
        .routes(routes!(later::answer))
        .routes(routes!(later::reject))
        .routes(routes!(later::end))
        .routes(routes!(later::upload))
        .routes(routes!(later::file))
        .routes(routes!(chats::list, chats::create))
        .routes(routes!(chats::directory))
        .routes(routes!(chats::get, chats::update, chats::delete))
        .routes(routes!(chats::read))
        .routes(routes!(chats::prefs))
        .routes(routes!(chats::set_avatar))
        .routes(routes!(members::add))
        .routes(routes!(members::set_role, members::remove))
        .routes(routes!(members::ban, members::unban))
        .routes(routes!(invites::create, invites::list))
        .routes(routes!(invites::revoke))
        .routes(routes!(invites::accept))
        .routes(routes!(messages::list, messages::create))
        .routes(routes!(messages::search))
        .routes(routes!(messages::get, messages::update, messages::delete))
        .routes(routes!(messages::read))
        .routes(routes!(messages::react, messages::unreact))
        .routes(routes!(messages::pin, messages::unpin))
        .routes(routes!(messages::pins))
}

/// The document that describes all routes, with paths from the root.
pub fn openapi() -> utoipa::openapi::OpenApi {
    // What is nested leaves its title and its ways to sign in behind.
    OpenApiRouter::with_openapi(Document::openapi())
        .nest(BASE, described())
        .into_openapi()
}

/// The same as it is written to a file.
pub fn document_text() -> String {
    // What it is made of can be written.
    let text = openapi().to_pretty_json().unwrap_or_default();
    text + "\n"
}

/// The routes, with their whole paths.
pub(super) fn router() -> Router<Context> {
    let (routes, _) = described().split_for_parts();
    let routes = routes
        .route("/openapi.json", get(document))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES));
    Router::new().nest(BASE, routes)
}

async fn document() -> Response {
    axum::Json(openapi()).into_response()
}

async fn unknown() -> ApiError {
    ApiError::new(
        StatusCode::NOT_FOUND,
        "not_found",
        "There is no such route; /api/v1/openapi.json lists all.",
    )
}

async fn wrong_method() -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "This route does not take this method; /api/v1/openapi.json lists all.",
    )
}

/// Takes one slash off the end of a path below `/api/v1`, so that every route
/// answers with and without it.
pub(super) fn without_slash<B>(mut request: Request<B>) -> Request<B> {
    let path = request.uri().path();
    if !path.starts_with(BASE) || !path.ends_with('/') {
        return request;
    }
    let short = path.trim_end_matches('/');
    let target = match request.uri().query() {
        Some(query) => format!("{short}?{query}"),
        None => short.to_owned(),
    };
    let mut parts = request.uri().clone().into_parts();
    // What was a path is one without its end.
    if let Ok(target) = target.parse::<PathAndQuery>() {
        parts.path_and_query = Some(target);
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
    request
}
