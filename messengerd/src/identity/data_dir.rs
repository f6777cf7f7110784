//! The data directory: its lock, and what is kept in it as files (0600).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use proto::text::Token;
use uuid::Uuid;

use super::made::self_signed;

/// The data directory, locked for this process.
pub struct DataDir {
    path: PathBuf,
    _lock: Option<File>,
}

impl DataDir {
    /// Makes the directory where it is missing and locks it.
    ///
    /// # Errors
    ///
    /// Where it cannot be made, or another daemon uses it.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(|| format!("cannot make the data directory {}", path.display()))?;
        let lock_path = path.join("lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&lock_path);
        let lock = lock.with_context(|| format!("cannot open {}", lock_path.display()))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _lock: Some(lock),
            }),
            Err(fs::TryLockError::WouldBlock) => anyhow::bail!(
                "another messengerd uses {}: stop it, or start this one with another --data-dir",
                path.display()
            ),
            Err(fs::TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock {}", lock_path.display()))
            }
        }
    }

    /// A directory that a running daemon may have locked: for programs that
    /// only look, or write where the store takes turns.
    pub fn beside_daemon(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            _lock: None,
        }
    }

    /// A path in the directory.
    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The bytes kept under a name, made once.
    pub(super) fn keep(
        &self,
        name: &str,
        make: impl FnOnce() -> anyhow::Result<Vec<u8>>,
    ) -> anyhow::Result<Vec<u8>> {
        let path = self.join(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let bytes = make()?;
                write_private(&path, &bytes)
                    .with_context(|| format!("cannot write {}", path.display()))?;
                Ok(bytes)
            }
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// This node's id, made once. A copy of the directory has to get its own:
    /// remove `node.id` there.
    ///
    /// # Errors
    ///
    /// Where it cannot be read or made, or is none.
    pub fn node(&self) -> anyhow::Result<Uuid> {
        let bytes = self.keep("node.id", || Ok(Uuid::new_v4().to_string().into_bytes()))?;
        let text = std::str::from_utf8(&bytes).ok();
        text.and_then(|text| Uuid::try_parse(text.trim()).ok())
            .with_context(|| {
                format!(
                    "{} is damaged: remove it, it is made anew",
                    self.join("node.id").display()
                )
            })
    }

    /// Paths of the self-signed certificate and its key.
    ///
    /// # Errors
    ///
    /// Where they cannot be made.
    pub fn certificate(&self) -> anyhow::Result<(PathBuf, PathBuf)> {
        let (chain, key) = (self.join("tls.crt"), self.join("tls.key"));
        if !chain.exists() || !key.exists() {
            let (certificate, pair) = self_signed()?;
            // The key first: a chain without its key is made anew.
            write_private(&key, pair.as_bytes())
                .with_context(|| format!("cannot write {}", key.display()))?;
            write_private(&chain, certificate.as_bytes())
                .with_context(|| format!("cannot write {}", chain.display()))?;
        }
        Ok((chain, key))
    }

    /// The token of the invite for the first account, if one is kept.
    ///
    /// # Errors
    ///
    /// Where it cannot be read.
    pub fn first_invite(&self) -> anyhow::Result<Option<Token>> {
        let path = self.join("first.invite");
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Token::try_from(text.trim()).ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Keeps the token of the invite for the first account.
    ///
    /// # Errors
    ///
    /// Where it cannot be written.
    pub fn keep_first_invite(&self, token: &Token) -> anyhow::Result<()> {
        let path = self.join("first.invite");
        write_private(&path, token.as_str().as_bytes())
            .with_context(|| format!("cannot write {}", path.display()))
    }

    /// Forgets the invite for the first account.
    ///
    /// # Errors
    ///
    /// Where it cannot be removed.
    pub fn drop_first_invite(&self) -> anyhow::Result<()> {
        match fs::remove_file(self.join("first.invite")) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error).context("cannot remove the used invite"),
        }
    }
}

/// Writes a file that only its owner reads, whole or not at all.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("new");
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::transport::tls::Certificate;

    #[test]
    fn what_is_made_once_stays() {
        let home = tempfile::tempdir().unwrap();
        let dir = DataDir::open(&home.path().join("data")).unwrap();
        let node = dir.node().unwrap();
        let (chain, key) = dir.certificate().unwrap();
        let fingerprint = Certificate::load(chain, key)
            .unwrap()
            .fingerprint()
            .unwrap();
        assert_eq!(fingerprint.len(), 64);
        assert!(
            DataDir::open(&home.path().join("data")).is_err(),
            "a second daemon on the same data"
        );
        drop(dir);
        let dir = DataDir::open(&home.path().join("data")).unwrap();
        assert_eq!(dir.node().unwrap(), node);
        let (chain, key) = dir.certificate().unwrap();
        assert_eq!(
            Certificate::load(chain, key)
                .unwrap()
                .fingerprint()
                .unwrap(),
            fingerprint
        );
    }
}
