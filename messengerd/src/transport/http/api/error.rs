//! Refusals as HTTP answers.

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use proto::catalog::{Lang, sentence};
use proto::error::{ErrorCode, WireError};
use serde::Serialize;
use utoipa::openapi::{Content, Ref, RefOr, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

/// What a refused request is answered with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    /// What is wrong and what to do, for people.
    pub(crate) error: String,
    /// The same as a stable word, for programs.
    pub(crate) code: String,
}

/// A refusal with its status.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: Cow<'static, str>,
    sentence: Cow<'static, str>,
    /// In seconds.
    retry_after: Option<u64>,
}

/// What handlers answer.
pub(crate) type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    /// A refusal that has no counterpart among the service's.
    pub(crate) fn new(
        status: StatusCode,
        code: &'static str,
        sentence: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            sentence: sentence.into(),
            retry_after: None,
        }
    }

    /// 400: something of the request is not as it has to be. The sentence must
    /// not repeat what was sent.
    pub(crate) fn bad_request(sentence: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", sentence)
    }

    /// 401.
    pub(crate) fn unauthenticated() -> Self {
        ErrorCode::Unauthenticated.into()
    }

    /// 404.
    pub(crate) fn not_found() -> Self {
        ErrorCode::NotFound.into()
    }

    /// 500, where what cannot be was there.
    pub(crate) fn internal() -> Self {
        ErrorCode::Internal.into()
    }

    /// 403: who has signed in gives a wrong password. With 401 they would seem to
    /// be signed in no longer.
    pub(crate) fn wrong_password() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "bad_credentials",
            "The password is wrong.",
        )
    }

    /// What a request with a password is refused with, where the caller is known.
    pub(crate) fn of_known_caller(self) -> Self {
        if self.code == "bad_credentials" {
            Self::wrong_password()
        } else {
            self
        }
    }

    /// The same with another status.
    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Whether it is this refusal of the service.
    pub(crate) fn is(&self, code: &ErrorCode) -> bool {
        self.code == code.as_str()
    }

    /// The status.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }
}

/// What any route for which one signs in may refuse with, for the document.
pub(crate) struct Refused;

impl IntoResponses for Refused {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        let of = |(status, words): (&str, &str)| {
            let content = Content::new(Some(Ref::from_schema_name("ErrorBody")));
            let response = ResponseBuilder::new()
                .description(words)
                .content("application/json", content);
            (status.to_owned(), response.build().into())
        };
        [
            ("400", "Something of the request is not as it has to be"),
            ("401", "Not signed in"),
            ("403", "Not allowed"),
            ("413", "Too large"),
            ("429", "Too often; Retry-After says when again"),
            ("503", "Not now; Retry-After says when again"),
        ]
        .map(of)
        .into_iter()
        .collect()
    }
}

/// The status of a refusal where a route does not say otherwise.
fn status_of(code: &ErrorCode) -> StatusCode {
    match code {
        ErrorCode::Unauthenticated | ErrorCode::BadCredentials => StatusCode::UNAUTHORIZED,
        ErrorCode::Forbidden | ErrorCode::Muted => StatusCode::FORBIDDEN,
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::Conflict | ErrorCode::EmailTaken => StatusCode::CONFLICT,
        ErrorCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::Busy
        | ErrorCode::StorageFull
        | ErrorCode::Unavailable
        | ErrorCode::ShuttingDown => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::BadRequest
        | ErrorCode::UsernameTaken
        | ErrorCode::RegistrationClosed
        | ErrorCode::InviteRequired
        | ErrorCode::InviteInvalid => StatusCode::BAD_REQUEST,
        ErrorCode::Internal
        | ErrorCode::Unsupported
        | ErrorCode::VersionMismatch
        | ErrorCode::ProtocolViolation
        | ErrorCode::Other(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<WireError> for ApiError {
    fn from(error: WireError) -> Self {
        Self {
            status: status_of(&error.code),
            code: error.code.as_str().to_owned().into(),
            sentence: sentence(Lang::En, &error).into(),
            retry_after: error.retry_after_ms.map(|ms| ms.div_ceil(1000).max(1)),
        }
    }
}

impl From<ErrorCode> for ApiError {
    fn from(code: ErrorCode) -> Self {
        WireError::from(code).into()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = ErrorBody {
            error: self.sentence.into_owned(),
            code: self.code.into_owned(),
        };
        let mut response = (self.status, Json(body)).into_response();
        let retry = match self.status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                Some(self.retry_after.unwrap_or(1))
            }
            _ => None,
        };
        if let Some(seconds) = retry {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
