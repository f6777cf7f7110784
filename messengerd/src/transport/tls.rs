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

/// What messages call a certificate that is in no file.
const KEPT: &str = "the community's certificate";

/// The one crypto provider of this program.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// A certificate; one from files is loaded anew when they change.
#[derive(Debug)]
pub struct Certificate {
    files: Option<Files>,
    current: RwLock<Arc<CertifiedKey>>,
}

#[derive(Debug)]
struct Files {
    chain: PathBuf,
    key: PathBuf,
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
        let files = Files { chain, key };
        let current = RwLock::new(Arc::new(files.read()?));
        Ok(Arc::new(Self {
            files: Some(files),
            current,
        }))
    }

    /// Takes the chain and its key out of one text in PEM.
    ///
    /// # Errors
    ///
    /// Where one of them is missing or the two do not belong together.
    pub fn from_pem(pem: &[u8]) -> Result<Arc<Self>, CertificateError> {
        let fail = |cause: String| CertificateError {
            path: KEPT.to_owned(),
            cause,
        };
        let chain = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| fail(error.to_string()))?;
        if chain.is_empty() {
            return Err(fail("no certificate in it".into()));
        }
        let key = PrivateKeyDer::from_pem_slice(pem).map_err(|error| fail(error.to_string()))?;
        let current = CertifiedKey::from_der(chain, key, &provider())
            .map_err(|error| fail(error.to_string()))?;
        Ok(Arc::new(Self {
            files: None,
            current: RwLock::new(Arc::new(current)),
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
            path: self.files.as_ref().map_or_else(
                || KEPT.to_owned(),
                |files| files.chain.display().to_string(),
            ),
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

    /// Loads the files again whenever they change, until stopped. Files that
    /// cannot be used are reported and the old certificate stays.
    pub async fn watch(self: Arc<Self>, stop: CancellationToken) {
        let Some(files) = &self.files else { return };
        let mut seen = files.changed_at();
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = stop.cancelled() => return,
            }
            let at = files.changed_at();
            if at.is_none() || at == seen {
                continue;
            }
            seen = at;
            match files.read() {
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

impl Files {
    fn changed_at(&self) -> Option<(SystemTime, SystemTime)> {
        let modified = |path: &PathBuf| fs::metadata(path).and_then(|data| data.modified()).ok();
        Some((modified(&self.chain)?, modified(&self.key)?))
    }

    fn read(&self) -> Result<CertifiedKey, CertificateError> {
        let Self { chain, key } = self;
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
}
