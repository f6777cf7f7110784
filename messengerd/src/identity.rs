//! What makes a daemon itself: certificate, secrets, the lock on its data. Made
//! on first start, kept as files (0600) in the data directory.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use proto::text::Token;

use crate::transport::quic::EndpointKeys;

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
    fn keep(
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

    /// Signs tokens.
    ///
    /// # Errors
    ///
    /// Where it cannot be read or made.
    pub fn token_secret(&self) -> anyhow::Result<Vec<u8>> {
        let secret = self.keep("jwt.secret", || Ok(random::<32>()?.to_vec()))?;
        anyhow::ensure!(
            secret.len() >= 32,
            "{} is shorter than 32 bytes",
            self.join("jwt.secret").display()
        );
        Ok(secret)
    }

    /// Keys of the QUIC endpoint.
    ///
    /// # Errors
    ///
    /// Where they cannot be read or made.
    pub fn endpoint_keys(&self) -> anyhow::Result<EndpointKeys> {
        let bytes = self.keep("quic.keys", || Ok(random::<72>()?.to_vec()))?;
        let (Some(reset), Some(ids)) = (bytes.first_chunk::<64>(), bytes.last_chunk::<8>()) else {
            anyhow::bail!(
                "{} is damaged: remove it, it is made anew",
                self.join("quic.keys").display()
            );
        };
        Ok(EndpointKeys {
            reset: *reset,
            connection_ids: u64::from_be_bytes(*ids),
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
            let pair = rcgen::KeyPair::generate().context("cannot make a key")?;
            let mut names = vec![
                "localhost".to_owned(),
                "127.0.0.1".to_owned(),
                "::1".to_owned(),
            ];
            names.extend(host_name());
            let mut params =
                rcgen::CertificateParams::new(names).context("cannot describe a certificate")?;
            params
                .distinguished_name
                .push(rcgen::DnType::CommonName, "messengerd");
            params.not_after = rcgen::date_time_ymd(2099, 12, 31);
            let certificate = params
                .self_signed(&pair)
                .context("cannot sign a certificate")?;
            // The key first: a chain without its key is made anew.
            write_private(&key, pair.serialize_pem().as_bytes())
                .with_context(|| format!("cannot write {}", key.display()))?;
            write_private(&chain, certificate.pem().as_bytes())
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

/// A fresh token for an invite: 160 bits.
///
/// # Errors
///
/// Where the system gives no randomness.
pub fn invite_token() -> anyhow::Result<Token> {
    let hex: String = random::<20>()?
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok(Token::try_from(hex)?)
}

fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes)
        .map_err(|_| anyhow::anyhow!("the system gives no randomness"))?;
    Ok(bytes)
}

/// Writes a file that only its owner reads, whole or not at all.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
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

fn host_name() -> Option<String> {
    let name = fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()?
        .trim()
        .to_owned();
    let sound = !name.is_empty()
        && name != "localhost"
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b));
    sound.then_some(name)
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
        let secret = dir.token_secret().unwrap();
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
        assert_eq!(dir.token_secret().unwrap(), secret);
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
