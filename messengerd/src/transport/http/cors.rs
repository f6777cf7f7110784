//! What browsers let pages of other sites do here: CORS. No cookie goes along
//! with that; such pages sign in with a token.

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::settings::Origins;

/// Whether a request only asks what is allowed. Such need no sign-in.
pub(super) fn is_question(method: &Method) -> bool {
    method == Method::OPTIONS
}

/// The answer to that, on any path.
pub(super) fn answer() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    for (name, value) in [
        (
            header::ACCESS_CONTROL_ALLOW_METHODS,
            "GET, HEAD, POST, PUT, DELETE, OPTIONS",
        ),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "authorization, content-type, range",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
        (header::ALLOW, "GET, HEAD, POST, PUT, DELETE, OPTIONS"),
    ] {
        let headers = response.headers_mut();
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// What is allowed to the page that a request's headers name.
pub(super) fn allowed(origins: &Origins, headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(header::ORIGIN)?;
    match origins {
        Origins::Any => Some(HeaderValue::from_static("*")),
        Origins::These(these) => {
            let said = origin.to_str().ok()?;
            let known = these.iter().any(|known| known.eq_ignore_ascii_case(said));
            known.then(|| origin.clone())
        }
    }
}

/// Says in an answer, also a refusal, that a page may read it.
pub(super) fn allow(response: &mut Response, origin: Option<HeaderValue>, origins: &Origins) {
    let headers = response.headers_mut();
    // Caches must not give one site's answer to another.
    if matches!(origins, Origins::These(these) if !these.is_empty()) {
        headers.append(header::VARY, HeaderValue::from_static("origin"));
    }
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("retry-after, content-range, accept-ranges"),
        );
    }
}
