//! Who asks: a bearer token, or the cookie of our own pages.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use proto::text::Token;
use utoipa::Modify;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};

use super::super::Context;
use super::error::ApiError;
use super::origin;
use crate::service::Caller;

/// The cookie over TLS. The prefix has browsers take it from nobody else.
const SECURE_COOKIE: &str = "__Host-messenger_session";
/// The cookie on plain loopback HTTP, which may set no secure one.
const PLAIN_COOKIE: &str = "messenger_session";

/// A request's caller.
#[derive(Debug, Clone)]
pub(super) struct SignedIn {
    /// Who.
    pub(super) caller: Caller,
    /// Whether a cookie said so.
    pub(super) by_cookie: bool,
}

impl FromRequestParts<Context> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, ApiError> {
        let (token, by_cookie) = match bearer(&parts.headers) {
            Some(token) => (token, false),
            None => {
                let token = cookie(&parts.headers, origin::is_encrypted(parts));
                (token.ok_or_else(ApiError::unauthenticated)?, true)
            }
        };
        // A cookie goes along with what other sites' pages have sent.
        let reads = matches!(parts.method, Method::GET | Method::HEAD);
        let encrypted = origin::is_encrypted(parts);
        if by_cookie && !reads && !origin::is_same(&parts.headers, encrypted) {
            return Err(ApiError::new(
                StatusCode::FORBIDDEN,
                "forbidden",
                "This request comes from another site: sign in with a token, or use our own pages.",
            ));
        }
        let token = Token::try_from(token).map_err(|_| ApiError::unauthenticated())?;
        let (caller, _) = context.service.resume(&token).await?;
        Ok(Self { caller, by_cookie })
    }
}

/// The token of `Authorization: Bearer`, in any letter case of `bearer`.
pub(in crate::transport::http) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.trim().split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

/// The token of our pages' cookie.
pub(in crate::transport::http) fn cookie(headers: &HeaderMap, encrypted: bool) -> Option<&str> {
    let name = name(encrypted);
    let values = headers.get_all(header::COOKIE).into_iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(known, value)| (known == name && !value.is_empty()).then_some(value))
}

fn name(encrypted: bool) -> &'static str {
    if encrypted {
        SECURE_COOKIE
    } else {
        PLAIN_COOKIE
    }
}

/// The header that has a browser keep a token for so many seconds where no
/// script can read it; 0 has it forget.
pub(super) fn set_cookie(token: &str, seconds: i64, encrypted: bool) -> Option<HeaderValue> {
    let name = name(encrypted);
    let secure = if encrypted { "; Secure" } else { "" };
    let cookie =
        format!("{name}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::from_str(&cookie).ok()
}

/// Names the ways to sign in for the document.
pub(super) struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        let components = document.components.get_or_insert_with(Default::default);
        components.add_security_scheme("bearer", scheme);
    }
}
