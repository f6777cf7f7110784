//! Calls and files, which this server does not have yet: the routes are there,
//! ask who calls, and say so.

use axum::http::StatusCode;

use super::error::{ApiError, ErrorBody, Refused};
use super::signed_in::SignedIn;

fn not_implemented() -> ApiError {
    ApiError::new(
        StatusCode::NOT_IMPLEMENTED,
        "not_implemented",
        "This server does not have calls and files yet.",
    )
}

macro_rules! later {
    ($($name:ident: $method:ident $path:literal $tag:literal $summary:literal $(, $id:literal)?;)*) => {$(
        #[doc = $summary]
        #[utoipa::path(
            $method, path = $path, tag = $tag, security(("bearer" = [])),
            $(params(($id = Uuid, Path)),)?
            responses((status = 501, body = ErrorBody, description = "Not there yet"), Refused),
        )]
        pub(super) async fn $name(_: SignedIn) -> ApiError {
            not_implemented()
        }
    )*};
}

later! {
    calls: get "/calls" "calls" "The caller's calls (not there yet)";
    call: post "/calls" "calls" "Starts a call (not there yet)";
    answer: put "/calls/{id}/answer" "calls" "Answers a call (not there yet)", "id";
    reject: put "/calls/{id}/reject" "calls" "Declines a call (not there yet)", "id";
    end: put "/calls/{id}/end" "calls" "Ends a call (not there yet)", "id";
    settings: get "/calls/settings" "calls" "The caller's settings of calls (not there yet)";
    set_settings: put "/calls/settings" "calls" "Changes them (not there yet)";
    upload: post "/upload" "files" "Sends files (not there yet)";
    file: get "/files/{id}" "files" "The bytes of a file (not there yet)", "id";
}
