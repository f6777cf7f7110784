//! Pictures of people and chats. Who has one's address may see it: nobody guesses
//! a hash.

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use proto::digest::Digest;

use super::super::Context;
use super::body::PathOf;
use super::error::{ApiError, ApiResult, ErrorBody, Refused};
use super::view;

/// Characters of an address of a picture that is elsewhere.
const URL_CHARS: usize = 2048;

/// What somebody gives as the address of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Given {
    /// One that this server has.
    Kept(Digest),
    /// Something else, which is kept as it is and never fetched.
    Elsewhere(String),
}

impl Given {
    /// Tells one from the other.
    pub(super) fn of(text: &str) -> ApiResult<Self> {
        if let Some(hash) = hash_of(text) {
            return Ok(Self::Kept(hash));
        }
        if text.chars().count() > URL_CHARS || text.contains(char::is_control) {
            return Err(ApiError::bad_request(
                "An avatar is an address of at most 2048 characters in one line.",
            ));
        }
        Ok(Self::Elsewhere(text.to_owned()))
    }
}

/// The picture of this server that an address names.
fn hash_of(url: &str) -> Option<Digest> {
    let (_, hash) = url.rsplit_once("/avatars/")?;
    let digest = digest(hash)?;
    // The path as it is, or behind the address of a server.
    let path = view::avatar(digest);
    let server = url.strip_suffix(path.as_str())?;
    let plain = server.is_empty()
        || (server.starts_with("http://") || server.starts_with("https://"))
            && server.matches('/').count() == 2;
    plain.then_some(digest)
}

fn digest(hash: &str) -> Option<Digest> {
    let hash = blake3::Hash::from_hex(hash).ok()?;
    Some(Digest(*hash.as_bytes()))
}

/// A picture
#[utoipa::path(
    get, path = "/avatars/{hash}", tag = "users",
    params(("hash" = String, Path, description = "As in the addresses of pictures")),
    responses(
        (status = 200, description = "The picture", content(
            (Vec<u8> = "image/png"), (Vec<u8> = "image/jpeg"),
            (Vec<u8> = "image/gif"), (Vec<u8> = "image/webp"),
        )),
        (status = 404, body = ErrorBody),
        Refused,
    ),
)]
pub(super) async fn picture(
    State(context): State<Context>,
    PathOf(hash): PathOf<String>,
) -> ApiResult<Response> {
    let digest = digest(&hash).ok_or_else(ApiError::not_found)?;
    let found = context.service.picture(digest).await?;
    let kind = HeaderValue::from_str(&found.mime).map_err(|_| ApiError::internal())?;
    let mut response = found.image.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, kind);
    for (name, value) in [
        // What has this hash is this for ever.
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; sandbox",
        ),
        (header::CONTENT_DISPOSITION, "inline"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn own_addresses_are_known() {
        let path = view::avatar(Digest([7; 32]));
        for url in [
            path.clone(),
            format!("https://chat.example:8443{path}"),
            format!("http://localhost{path}"),
        ] {
            assert_eq!(hash_of(&url), Some(Digest([7; 32])), "{url}");
        }
        for url in [
            "https://example.org/a.png".to_owned(),
            format!("{path}0"),
            format!("{path}?x"),
            format!("https://chat.example/elsewhere{path}"),
            format!("javascript:{path}"),
        ] {
            assert_eq!(hash_of(&url), None, "{url}");
        }
    }
}
