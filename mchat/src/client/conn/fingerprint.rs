//! Fingerprints of public keys.

use std::fmt;
use std::str::FromStr;

use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};

/// SHA-256 of a server's public key (its SubjectPublicKeyInfo as DER).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

/// The text is no fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint has 64 hexadecimal digits")]
pub struct FingerprintError;

impl Fingerprint {
    /// The fingerprint of a certificate's key; `None` for what is no
    /// certificate.
    pub fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
        sha256(parsed.tbs_certificate.subject_pki.raw).map(Self)
    }
}

/// The hash function comes with the TLS provider: no second implementation.
fn sha256(bytes: &[u8]) -> Option<[u8; 32]> {
    use rustls::crypto::aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256;
    let suite = TLS13_AES_128_GCM_SHA256.tls13()?;
    suite
        .common
        .hash_provider
        .hash(bytes)
        .as_ref()
        .try_into()
        .ok()
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    /// Hexadecimal digits of either case, with or without colons.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits: Vec<u8> = text
            .trim()
            .chars()
            .filter(|c| *c != ':')
            .map(|c| c.to_digit(16).map(|digit| digit as u8))
            .collect::<Option<_>>()
            .ok_or(FingerprintError)?;
        let mut bytes = [0; 32];
        if digits.len() != 64 {
            return Err(FingerprintError);
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
            *byte = pair[0] << 4 | pair[1];
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let plain = "00ff".repeat(16);
        let fingerprint: Fingerprint = plain.parse().unwrap();
        assert_eq!(fingerprint.to_string(), plain);
        let colons = vec!["00:FF"; 16].join(":");
        assert_eq!(colons.parse::<Fingerprint>().unwrap(), fingerprint);
        for wrong in [
            "",
            "00",
            &plain[1..],
            &format!("{plain}00"),
            &"é".repeat(32),
        ] {
            assert!(wrong.parse::<Fingerprint>().is_err());
        }
    }

    #[test]
    fn sha256_is_sha256() {
        let empty = Fingerprint(sha256(b"").unwrap()).to_string();
        assert!(empty.starts_with("e3b0c44298fc1c149afbf4c8996fb924"));
    }
}
