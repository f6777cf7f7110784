//! What comes with a request: JSON whatever it is called, and query strings
//! whose bad values mean the default.

use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::error::ApiError;

/// A JSON object. An empty body is an empty object, a `null` is absent, unknown
/// keys are ignored, the content type does not matter.
#[derive(Debug)]
pub(super) struct JsonBody<T>(pub(super) T);

impl<S, T> FromRequest<S> for JsonBody<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, state).await.map_err(refuse)?;
        parse(&bytes).map(Self)
    }
}

fn refuse(rejection: BytesRejection) -> ApiError {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            "The body is too large: at most 1 MiB.",
        )
    } else {
        ApiError::bad_request("The body could not be read.")
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let fields = if bytes.trim_ascii().is_empty() {
        Map::new()
    } else {
        serde_json::from_slice(bytes)
            .map_err(|_| ApiError::bad_request("The body has to be a JSON object."))?
    };
    let present: Map<String, Value> = fields
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .collect();
    T::deserialize(Value::Object(present)).map_err(|error| {
        // Serde's words name fields and types of ours; values could be theirs.
        let said = error.to_string();
        let missing = said.strip_prefix("missing field ").map(|rest| {
            let name: String = rest.chars().take_while(|c| *c != ' ').collect();
            format!("The field {name} is missing.")
        });
        ApiError::bad_request(
            missing.unwrap_or_else(|| "A field of the body is of the wrong type.".to_owned()),
        )
    })
}

/// A route that takes no body: an empty one, or `{}`.
#[derive(Debug)]
pub(super) struct NoBody;

impl<S: Send + Sync> FromRequest<S> for NoBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        JsonBody::<Map<String, Value>>::from_request(request, state).await?;
        Ok(Self)
    }
}

/// Parts of the path, decoded.
#[derive(Debug)]
pub(super) struct PathOf<T>(pub(super) T);

impl<S, T> FromRequestParts<S> for PathOf<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Send,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        let Path(path) =
            path.map_err(|_| ApiError::bad_request("The path has to be UTF-8, percent-encoded."))?;
        Ok(Self(path))
    }
}

/// The query string.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// The first value of a name that is not empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(known, _)| known == name);
        let (_, value) = values.find(|(_, value)| !value.is_empty())?;
        Some(value)
    }

    /// A number; a bad value is none.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }

    /// How many are asked for: 1 to 100, else the default.
    pub(super) fn limit(&self, default: u32) -> u32 {
        match self.text("limit").and_then(|text| text.parse::<i64>().ok()) {
            Some(limit) if limit > 100 => 100,
            Some(limit) if limit > 0 => limit as u32,
            _ => default,
        }
    }

    /// How many are to be passed over.
    pub(super) fn offset(&self) -> u32 {
        self.number("offset")
            .and_then(|offset| offset.try_into().ok())
            .unwrap_or(0)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let text = parts.uri.query().unwrap_or_default();
        Ok(Self(pairs(text)))
    }
}

/// `application/x-www-form-urlencoded`.
fn pairs(text: &str) -> Vec<(String, String)> {
    let decode = |part: &str| {
        let spaced = part.replace('+', " ");
        percent_encoding::percent_decode_str(&spaced)
            .decode_utf8_lossy()
            .into_owned()
    };
    let parts = text.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (decode(name), decode(value))
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Sample {
        name: String,
        #[serde(default)]
        count: Option<u32>,
    }

    #[test]
    fn null_is_absent_and_unknown_keys_are_ignored() {
        let sample: Sample = parse(br#"{"name":"a","count":null,"more":[1]}"#).unwrap();
        assert_eq!((sample.name.as_str(), sample.count), ("a", None));
        for wrong in [
            "",
            "{}",
            "[]",
            "nonsense",
            r#"{"name":null}"#,
            r#"{"name":7}"#,
            "{",
        ] {
            let refused = parse::<Sample>(wrong.as_bytes()).unwrap_err();
            assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{wrong}");
        }
        assert!(parse::<Map<String, Value>>(b" \n").unwrap().is_empty());
    }

    #[test]
    fn bad_numbers_of_a_query_mean_the_default() {
        for (text, limit, offset) in [
            ("", 20, 0),
            ("limit=5&offset=7", 5, 7),
            ("limit=0&offset=-1", 20, 0),
            ("limit=1000", 100, 0),
            ("limit=x&offset=99999999999", 20, 0),
            ("limit=&limit=3", 3, 0),
        ] {
            let query = Query(pairs(text));
            assert_eq!((query.limit(20), query.offset()), (limit, offset), "{text}");
        }
        let query = Query(pairs("q=a+b%26&%71=z"));
        assert_eq!(query.text("q"), Some("a b&"));
    }
}
