//! Which process drains the outbox of a profile: the one that holds the lock,
//! for as long as there is something to send.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::PathBuf;

/// The lock of a profile's outbox. It ends with the process at the latest.
#[derive(Debug)]
pub(super) struct DrainLock {
    path: PathBuf,
    file: Option<File>,
}

impl DrainLock {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, file: None }
    }

    /// Takes the lock if nobody has it; true where this process has it now.
    pub(super) fn take(&mut self) -> io::Result<bool> {
        if self.file.is_some() {
            return Ok(true);
        }
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&self.path)?;
        match file.try_lock() {
            Ok(()) => {
                self.file = Some(file);
                Ok(true)
            }
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    pub(super) fn is_held(&self) -> bool {
        self.file.is_some()
    }

    /// Lets others have it.
    pub(super) fn release(&mut self) {
        self.file = None;
    }
}
