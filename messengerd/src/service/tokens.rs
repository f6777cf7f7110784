//! Bearer tokens: JWT (RFC 7519) signed with HS256. The session behind a token
//! is what counts; ending it ends the token.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use proto::UnixMillis;
use proto::error::{ErrorCode, WireError};
use proto::id::{SessionId, UserId};
use proto::text::Token;
use serde::{Deserialize, Serialize};

/// How long a native session lives without being used, in milliseconds.
pub const NATIVE_LIFE_MS: i64 = 90 * 24 * 60 * 60 * 1000;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The account.
    pub sub: UserIdText,
    /// The session.
    pub sid: SessionIdText,
    /// Issued, in seconds since the epoch.
    pub iat: i64,
    /// Expires, in seconds since the epoch.
    pub exp: i64,
}

/// An account's id as text, as JSON wants it.
pub type UserIdText = uuid::Uuid;
/// A session's id as text, as JSON wants it.
pub type SessionIdText = uuid::Uuid;

/// Makes and checks tokens.
pub struct Tokens {
    signing: EncodingKey,
    checking: DecodingKey,
}

impl Tokens {
    /// With this secret.
    pub fn new(secret: &[u8]) -> Self {
        Self {
            signing: EncodingKey::from_secret(secret),
            checking: DecodingKey::from_secret(secret),
        }
    }

    /// A token for a session that lives so long, in milliseconds.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Internal`] where signing fails.
    pub fn issue(
        &self,
        user: UserId,
        session: SessionId,
        now: UnixMillis,
        life_ms: i64,
    ) -> Result<Token, WireError> {
        let claims = Claims {
            sub: user.0,
            sid: session.0,
            iat: now / 1000,
            exp: (now + life_ms) / 1000,
        };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signing);
        token
            .map_err(|error| error.to_string())
            .and_then(|text| Token::try_from(text).map_err(|e| e.to_string()))
            .map_err(|error| {
                tracing::error!(error, "token not made");
                ErrorCode::Internal.into()
            })
    }

    /// What a token says, if it is ours and not expired.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Unauthenticated`] for anything else.
    pub fn check(&self, token: &Token, now: UnixMillis) -> Result<Claims, WireError> {
        let mut validation = Validation::new(Algorithm::HS256);
        // Compared below with the caller's clock.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token.as_str(), &self.checking, &validation)
            .map_err(|_| ErrorCode::Unauthenticated)?
            .claims;
        if claims.exp <= now / 1000 {
            Err(ErrorCode::Unauthenticated.into())
        } else {
            Ok(claims)
        }
    }

    /// Whether a token has used up more than half of its life.
    pub fn is_aging(claims: &Claims, now: UnixMillis) -> bool {
        now / 1000 - claims.iat > (claims.exp - claims.iat) / 2
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_maker_until_it_expires() {
        let tokens = Tokens::new(b"secret");
        let (user, session) = (UserId::generate(), SessionId::generate());
        let token = tokens
            .issue(user, session, 1_000_000, NATIVE_LIFE_MS)
            .unwrap();
        let claims = tokens.check(&token, 1_000_000).unwrap();
        assert_eq!((claims.sub, claims.sid), (user.0, session.0));
        assert!(!Tokens::is_aging(
            &claims,
            1_000_000 + NATIVE_LIFE_MS / 2 - 2_000
        ));
        assert!(Tokens::is_aging(
            &claims,
            1_000_000 + NATIVE_LIFE_MS / 2 + 2_000
        ));
        assert!(
            tokens
                .check(&token, 1_000_000 + NATIVE_LIFE_MS + 1_000)
                .is_err()
        );
        assert!(Tokens::new(b"other").check(&token, 1_000_000).is_err());
        // "alg": "none"
        let unsigned = Token::try_from(format!(
            "eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.{}.",
            token.as_str().split('.').nth(1).unwrap()
        ))
        .unwrap();
        assert!(tokens.check(&unsigned, 1_000_000).is_err());
    }
}
