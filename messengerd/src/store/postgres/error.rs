//! What PostgreSQL's errors mean to the callers of the store.

use deadpool_postgres::PoolError;
use tokio_postgres::error::SqlState;

use crate::store::{StoreError, Unique};

/// Why an operation ended early.
#[derive(Debug)]
pub(super) enum Fault {
    /// The rules refuse it; the connection is fine.
    Refused(StoreError),
    /// The database or the way to it failed.
    Database(tokio_postgres::Error),
    /// Nothing came back in time.
    Silent,
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error)
    }
}

impl Fault {
    /// A bug, or a damaged store.
    pub(super) fn internal(text: impl Into<String>) -> Self {
        Self::Refused(StoreError::Internal(text.into()))
    }

    fn code(&self) -> Option<&SqlState> {
        match self {
            Self::Database(error) => error.code(),
            Self::Refused(_) | Self::Silent => None,
        }
    }

    /// Whether the connection is of no use any more. What was under way may or
    /// may not have been done.
    pub(super) fn lost(&self) -> bool {
        match self {
            Self::Silent => true,
            Self::Refused(_) => false,
            Self::Database(error) => match error.as_db_error() {
                Some(answer) => matches!(answer.severity(), "FATAL" | "PANIC"),
                None => error.is_closed(),
            },
        }
    }

    /// Whether the database gave up one of several that were in each other's
    /// way: the same again may succeed.
    pub(super) fn repeatable(&self) -> bool {
        self.code().is_some_and(|code| {
            *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED
        })
    }

    /// Whether something that changes nothing may simply be tried again.
    pub(super) fn harmless(&self) -> bool {
        self.repeatable() || (self.lost() && !matches!(self, Self::Silent))
    }

    /// The constraint, where something is there already.
    pub(super) fn duplicate(&self) -> Option<&str> {
        match self {
            Self::Database(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
                error.as_db_error()?.constraint()
            }
            _ => None,
        }
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Refused(error) => error,
            Fault::Silent => Self::Unavailable("the database did not answer in time".to_owned()),
            Fault::Database(error) => of_database(&error),
        }
    }
}

fn of_database(error: &tokio_postgres::Error) -> StoreError {
    let Some(answer) = error.as_db_error() else {
        let text = with_causes(error);
        // Without an answer of the server it is the connection that failed,
        // unless a value did not fit its column.
        return if conversion(error) {
            StoreError::Internal(text)
        } else {
            StoreError::Unavailable(text)
        };
    };
    let text = answer.message().to_owned();
    let code = answer.code();
    if *code == SqlState::UNIQUE_VIOLATION {
        return match answer.constraint() {
            Some("users_username_key_key") => StoreError::Taken(Unique::Username),
            Some("users_email_key") => StoreError::Taken(Unique::Email),
            Some("messages_id" | "users_id_key" | "chats_id_key" | "sessions_pkey") => {
                StoreError::Conflict
            }
            _ => StoreError::Internal(text),
        };
    }
    // Class 53 is a lack of means: of connections, of memory, of space.
    if *code == SqlState::DISK_FULL {
        return StoreError::Full;
    }
    let class = code.code().get(..2).unwrap_or_default();
    let away = matches!(class, "08" | "28" | "3D" | "40" | "53" | "57")
        || matches!(
            code.code(),
            // No right to a table, a read-only server, a lock not had in
            // time, a transaction that lay idle.
            "42501" | "25006" | "55P03" | "25P03"
        );
    if away {
        StoreError::Unavailable(text)
    } else {
        StoreError::Internal(text)
    }
}

fn conversion(error: &tokio_postgres::Error) -> bool {
    let text = error.to_string();
    // The kinds of error are told apart by their text only.
    [
        "error serializing",
        "error deserializing",
        "expected ",
        "invalid column",
    ]
    .iter()
    .any(|start| text.starts_with(start))
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

/// Why no connection could be had.
pub(super) fn of_pool(error: PoolError) -> Fault {
    match error {
        PoolError::Backend(error) => Fault::Database(error),
        PoolError::Closed => Fault::Refused(closed()),
        PoolError::Timeout(_) => Fault::Silent,
        PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
            Fault::internal(error.to_string())
        }
    }
}

/// The same failure for one more caller of a batch.
pub(super) fn again(error: &StoreError) -> StoreError {
    match error {
        StoreError::Full => StoreError::Full,
        StoreError::Internal(text) => StoreError::Internal(text.clone()),
        StoreError::Unavailable(text) => StoreError::Unavailable(text.clone()),
        other => StoreError::Unavailable(other.to_string()),
    }
}

/// What callers get once the store is closed.
pub(super) fn closed() -> StoreError {
    StoreError::Unavailable("the store is closed".to_owned())
}
