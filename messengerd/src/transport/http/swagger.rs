//! The API page, from what is in the program: it asks no other host.

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::Context;

/// What lets exactly this page run.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

pub(super) fn router() -> Router<Context> {
    let document = format!("{}/openapi.json", super::api::BASE);
    let config = Config::from(document).validator_url("none");
    let page = SwaggerUi::new("/swagger").config(config);
    Router::from(page).layer(axum::middleware::map_response(allow))
}

async fn allow(mut response: Response) -> Response {
    let policy = HeaderValue::from_static(POLICY);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}
