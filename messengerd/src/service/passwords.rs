//! Password hashing on a thread of its own behind a short queue: it costs 17 ms
//! of processor and 19 MiB each, which must not be the callers' to multiply.

use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use proto::error::{ErrorCode, WireError};
use proto::text::Password;
use tokio::sync::oneshot;

/// Requests that may wait; more are told to come back.
const QUEUE: usize = 100;
/// When to come back, in milliseconds: about what the queue takes.
const RETRY_MS: u64 = 2_000;

/// A password that nobody has, so that an unknown name costs what a known one
/// does. Made with the same parameters at start.
const NOBODY: &str = "correct horse battery staple";

enum Job {
    Hash {
        password: Password,
        done: oneshot::Sender<Result<String, WireError>>,
    },
    Verify {
        password: Password,
        hash: Option<String>,
        done: oneshot::Sender<Result<bool, WireError>>,
    },
}

/// The queue to the hashing thread. The thread ends with the last sender.
#[derive(Clone)]
pub struct Passwords {
    jobs: SyncSender<Job>,
}

impl Passwords {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// Where no thread can be started.
    pub fn start() -> std::io::Result<Self> {
        let (jobs, queue) = sync_channel::<Job>(QUEUE);
        std::thread::Builder::new()
            .name("passwords".into())
            .spawn(move || {
                let mut nobody = None;
                while let Ok(job) = queue.recv() {
                    // An asker that went away is no error.
                    match job {
                        Job::Hash { password, done } => drop(done.send(hash(password.as_str()))),
                        Job::Verify {
                            password,
                            hash: Some(known),
                            done,
                        } => {
                            drop(done.send(verify(password.as_str(), &known)));
                        }
                        Job::Verify {
                            password,
                            hash: None,
                            done,
                        } => {
                            let known = nobody.get_or_insert_with(|| hash(NOBODY)).clone();
                            let answer = known
                                .and_then(|known| verify(password.as_str(), &known))
                                .map(|_| false);
                            drop(done.send(answer));
                        }
                    }
                }
            })?;
        Ok(Self { jobs })
    }

    fn submit(&self, job: Job) -> Result<(), WireError> {
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => WireError::new(ErrorCode::RateLimited).retry_after(RETRY_MS),
            TrySendError::Disconnected(_) => ErrorCode::Internal.into(),
        })
    }

    /// Hashes a password to a PHC string with a fresh salt.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::RateLimited`] where the queue is full.
    pub async fn hash(&self, password: Password) -> Result<String, WireError> {
        let (done, answer) = oneshot::channel();
        self.submit(Job::Hash { password, done })?;
        answer.await.map_err(|_| ErrorCode::Internal)?
    }

    /// Whether a password is the one of the hash; without a hash it takes as
    /// long and says no.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::RateLimited`] where the queue is full.
    pub async fn verify(
        &self,
        password: Password,
        hash: Option<String>,
    ) -> Result<bool, WireError> {
        let (done, answer) = oneshot::channel();
        self.submit(Job::Verify {
            password,
            hash,
            done,
        })?;
        answer.await.map_err(|_| ErrorCode::Internal)?
    }
}

/// OWASP Password Storage Cheat Sheet: argon2id, 19 MiB, two passes, one lane.
fn hasher() -> Result<Argon2<'static>, WireError> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &str) -> Result<String, WireError> {
    Ok(hasher()?
        .hash_password(password.as_bytes())
        .map_err(internal)?
        .to_string())
}

fn verify(password: &str, hash: &str) -> Result<bool, WireError> {
    let hash = PasswordHash::new(hash).map_err(internal)?;
    Ok(hasher()?
        .verify_password(password.as_bytes(), &hash)
        .is_ok())
}

fn internal(error: impl std::fmt::Display) -> WireError {
    tracing::error!(%error, "password hashing failed");
    ErrorCode::Internal.into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::try_from(text).unwrap()
    }

    #[tokio::test]
    async fn only_the_right_password_verifies() {
        let passwords = Passwords::start().unwrap();
        let hash = passwords.hash(password("correct one")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(
            passwords
                .verify(password("correct one"), Some(hash.clone()))
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .verify(password("another one"), Some(hash))
                .await
                .unwrap()
        );
        assert!(!passwords.verify(password(NOBODY), None).await.unwrap());
        let ended = Some(crate::store::people::NO_PASSWORD.to_owned());
        assert!(
            !passwords
                .verify(password("any that is long"), ended)
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn a_full_queue_says_when_to_come_back() {
        let passwords = Passwords::start().unwrap();
        let all = (0..QUEUE + 50).map(|_| passwords.verify(password("whatever it is"), None));
        let answers = futures_util::future::join_all(all).await;
        let refused = answers
            .iter()
            .filter_map(|answer| answer.as_ref().err())
            .collect::<Vec<_>>();
        assert!(!refused.is_empty());
        assert!(
            refused
                .iter()
                .all(|error| error.code == ErrorCode::RateLimited && error.is_retryable())
        );
    }
}
