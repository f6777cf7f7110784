//! Ids in paths and bodies: any usual spelling of a UUID.

use uuid::Uuid;

use super::error::ApiError;

/// Reads an id.
///
/// # Errors
///
/// 400 where it is none.
pub(super) fn id(text: &str) -> Result<Uuid, ApiError> {
    let text = text.trim();
    Uuid::try_parse(text)
        .map_err(|_| ApiError::bad_request("An id is malformed: it has to be a UUID."))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn any_usual_spelling_is_an_id() {
        let plain = "67e55044-10b1-426f-9247-bb680e5fe0c8";
        for text in [
            plain,
            "67E55044-10B1-426F-9247-BB680E5FE0C8",
            "67e5504410b1426f9247bb680e5fe0c8",
            "{67e55044-10b1-426f-9247-bb680e5fe0c8}",
            "urn:uuid:67e55044-10b1-426f-9247-bb680e5fe0c8",
        ] {
            assert_eq!(id(text).unwrap().to_string(), plain);
        }
        for text in ["", "1", "67e55044-10b1-426f-9247-bb680e5fe0cz"] {
            assert!(id(text).is_err());
        }
    }
}
