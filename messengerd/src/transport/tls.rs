//! TLS 1.3 for both transports, with one certificate that may be replaced while
//! the daemon runs.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_util::sync::CancellationToken;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(10);

/// The one crypto provider of this program.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// A certificate from files, loaded anew when they change.
#[derive(Debug)]
pub struct Certificate {
    chain: PathBuf,
    key: PathBuf,
    current: RwLock<Arc<CertifiedKey>>,
}

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {cause}")]
pub struct CertificateError {
    path: String,
    cause: String,
}

impl Certificate {
    /// Loads the chain and its key.
    ///
    /// # Errors
    ///
    /// Where a file cannot be read or the two do not belong together.
    pub fn load(chain: PathBuf, key: PathBuf) -> Result<Arc<Self>, CertificateError> {
        let current = RwLock::new(Arc::new(read(&chain, &key)?));
        Ok(Arc::new(Self {
            chain,
            key,
            current,
        }))
    }

    fn current(&self) -> Arc<CertifiedKey> {
        self.current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// SHA-256 of the certificate's public key (SPKI, DER) in lower-case
    /// hexadecimal: what clients pin.
    ///
    /// # Errors
    ///
    /// Where the certificate cannot be parsed.
    pub fn fingerprint(&self) -> Result<String, CertificateError> {
        let current = self.current();
        let fail = |cause: String| CertificateError {
            path: self.chain.display().to_string(),
            cause,
        };
        let leaf = current
            .cert
            .first()
            .ok_or_else(|| fail("no certificate in it".into()))?;
        let (_, parsed) =
            x509_parser::parse_x509_certificate(leaf).map_err(|error| fail(error.to_string()))?;
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, parsed.public_key().raw);
        Ok(digest
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect())
    }

    fn changed_at(&self) -> Option<(SystemTime, SystemTime)> {
        let modified = |path: &PathBuf| fs::metadata(path).and_then(|data| data.modified()).ok();
        Some((modified(&self.chain)?, modified(&self.key)?))
    }

    /// Loads the files again whenever they change, until stopped. Files that
    /// cannot be used are reported and the old certificate stays.
    pub async fn watch(self: Arc<Self>, stop: CancellationToken) {
        let mut seen = self.changed_at();
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = stop.cancelled() => return,
            }
            let at = self.changed_at();
            if at.is_none() || at == seen {
                continue;
            }
            seen = at;
            match read(&self.chain, &self.key) {
                Ok(fresh) => {
                    *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
                    tracing::info!("certificate loaded anew");
                }
                Err(error) => {
                    tracing::error!(%error, "new certificate not usable, the old one stays")
                }
            }
        }
    }

    /// The configuration for one transport.
    ///
    /// # Errors
    ///
    /// Where the provider does not support TLS 1.3.
    pub fn server_config(
        self: &Arc<Self>,
        alpn: &[&[u8]],
    ) -> Result<rustls::ServerConfig, rustls::Error> {
        let mut config = rustls::ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_no_client_auth()
            .with_cert_resolver(self.clone());
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        Ok(config)
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}

fn read(chain: &PathBuf, key: &PathBuf) -> Result<CertifiedKey, CertificateError> {
    let fail = |path: &PathBuf, cause: String| CertificateError {
        path: path.display().to_string(),
        cause,
    };
    let certificates = CertificateDer::pem_file_iter(chain)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| fail(chain, error.to_string()))?;
    if certificates.is_empty() {
        return Err(fail(chain, "no certificate in it".into()));
    }
    let private =
        PrivateKeyDer::from_pem_file(key).map_err(|error| fail(key, error.to_string()))?;
    CertifiedKey::from_der(certificates, private, &provider())
        .map_err(|error| fail(key, error.to_string()))
}
