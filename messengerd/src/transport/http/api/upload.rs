//! Files that come as a form.

use axum::extract::multipart::{MultipartError, MultipartRejection};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::StatusCode;
use bytes::Bytes;
use proto::limits::AVATAR_BYTES;
use utoipa::ToSchema;

use super::error::ApiError;

/// A picture that came as the field `file` of a form.
#[derive(Debug)]
pub(super) struct Picture(pub(super) Bytes);

/// What such a form has.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes what is read field by field")]
pub(super) struct PictureForm {
    /// PNG, JPEG, GIF or WebP of at most 128 KiB.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    file: Vec<u8>,
}

impl<S: Send + Sync> FromRequest<S> for Picture {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let form = Multipart::from_request(request, state).await;
        let mut form = form.map_err(|_: MultipartRejection| missing())?;
        while let Some(mut field) = form.next_field().await.map_err(broken)? {
            if field.name() != Some("file") {
                continue;
            }
            let mut bytes = Vec::new();
            while let Some(chunk) = field.chunk().await.map_err(broken)? {
                if bytes.len() + chunk.len() > AVATAR_BYTES {
                    return Err(too_large());
                }
                bytes.extend_from_slice(&chunk);
            }
            return Ok(Self(bytes.into()));
        }
        Err(missing())
    }
}

fn missing() -> ApiError {
    ApiError::bad_request("Send a form (multipart/form-data) with the picture as its field file.")
}

fn too_large() -> ApiError {
    ApiError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too_large",
        "The picture is too large: at most 128 KiB.",
    )
}

fn broken(error: MultipartError) -> ApiError {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        too_large()
    } else {
        ApiError::bad_request("The form is broken.")
    }
}

/// 415, where what was sent is no picture.
pub(super) fn refused(error: ApiError) -> ApiError {
    if error.status() != StatusCode::BAD_REQUEST {
        return error;
    }
    ApiError::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        "A picture has to be a PNG, JPEG, GIF or WebP file.",
    )
}
