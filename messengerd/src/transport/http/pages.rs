//! The start page: what this is and how to reach it from a terminal.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use super::Context;

const PAGE: &str = include_str!("../../../web/start.html");

pub(super) async fn start(State(context): State<Context>) -> Html<String> {
    let page = PAGE
        .replace("{version}", env!("CARGO_PKG_VERSION"))
        .replace("{port}", &context.port.to_string())
        .replace("{fingerprint}", &context.fingerprint);
    Html(page)
}

pub(super) async fn missing() -> Response {
    (
        StatusCode::NOT_FOUND,
        "There is nothing here. The start page is at /\n",
    )
        .into_response()
}
