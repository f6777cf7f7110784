//! Whether a server's key is the one it should be.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use super::known::KnownServers;
use super::{Fingerprint, Target};
use crate::client::address::Node;
use crate::client::model::Refusal;

/// By what a server's key is judged.
#[derive(Debug, Clone)]
pub struct Trust {
    /// Pinned keys.
    pub known: KnownServers,
    /// Trust any unknown server.
    pub anyone: bool,
    /// The key must have this fingerprint, whatever is pinned.
    pub fingerprint: Option<Fingerprint>,
    /// The addresses that a person gave for the one server: a key pinned for one
    /// of them is the server's key, at whatever address.
    pub given: Vec<Node>,
}

impl Trust {
    /// The keys that are pinned for the server.
    fn keys(&self) -> std::io::Result<Vec<Fingerprint>> {
        let pins = self
            .given
            .iter()
            .map(|node| self.known.pinned(&node.to_string()));
        Ok(pins
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .flatten()
            .collect())
    }
}

/// How a key was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    /// Nothing to remember: pinned already, or vouched for by the system.
    Known,
    /// To be pinned once the server has answered.
    New(Fingerprint),
    Refused(Refusal),
}

/// Judges the certificates of one address and keeps the verdict.
#[derive(Debug)]
pub(super) struct Verifier {
    trust: Trust,
    node: Node,
    /// The server named the address: no person did.
    learned: bool,
    provider: Arc<CryptoProvider>,
    verdict: Mutex<Option<Verdict>>,
}

impl Verifier {
    /// A verifier and the TLS configuration that uses it.
    pub(super) fn config(
        trust: &Trust,
        target: &Target,
        alpn: &[u8],
    ) -> Result<(Arc<Self>, ClientConfig), Error> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = Arc::new(Self {
            trust: trust.clone(),
            node: target.place.node.clone(),
            learned: target.place.learned.is_some(),
            provider: provider.clone(),
            verdict: Mutex::new(None),
        });
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(verifier.clone())
            .with_no_client_auth();
        config.alpn_protocols = vec![alpn.to_vec()];
        Ok((verifier, config))
    }

    /// Why the key was refused, if that is why the handshake failed.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        match &*self.verdict() {
            Some(Verdict::Refused(why)) => Some(why.clone()),
            _ => None,
        }
    }

    /// Pins a key that was trusted on first use.
    pub(super) fn keep(&self) -> std::io::Result<()> {
        let new = match &*self.verdict() {
            Some(Verdict::New(fingerprint)) => *fingerprint,
            _ => return Ok(()),
        };
        let known = &self.trust.known;
        let own = self.node.to_string();
        // A person has replaced the server's key: at its other addresses too.
        if self.trust.fingerprint == Some(new)
            && let Some(old) = known.pinned(&own)?
        {
            for node in self.trust.given.iter().filter(|node| **node != self.node) {
                let name = node.to_string();
                if known.pinned(&name)? == Some(old) {
                    known.pin(&name, new)?;
                }
            }
        }
        known.pin(&own, new)
    }

    fn verdict(&self) -> std::sync::MutexGuard<'_, Option<Verdict>> {
        self.verdict.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn judge(
        &self,
        shown: Fingerprint,
        vouched: impl FnOnce() -> bool,
    ) -> Result<Verdict, std::io::Error> {
        let pinned = self.trust.known.pinned(&self.node.to_string())?;
        if self.learned {
            return self.judge_learned(shown, pinned, vouched);
        }
        Ok(match (self.trust.fingerprint, pinned) {
            // A person has said which key it must be.
            (Some(wanted), _) if wanted == shown && pinned == Some(shown) => Verdict::Known,
            (Some(wanted), _) if wanted == shown => Verdict::New(shown),
            (Some(wanted), _) => Verdict::Refused(changed(wanted, shown)),
            (None, Some(pinned)) if pinned == shown => Verdict::Known,
            (None, Some(pinned)) => Verdict::Refused(changed(pinned, shown)),
            (None, None) if self.node.is_loopback() || self.trust.anyone => Verdict::New(shown),
            (None, None) if self.trust.keys()?.contains(&shown) => Verdict::New(shown),
            (None, None) if vouched() => Verdict::Known,
            (None, None) => Verdict::Refused(Refusal::Untrusted {
                shown: shown.to_string(),
            }),
        })
    }

    /// Nobody is asked about an address that the server named: it has the
    /// server's key, or the system vouches for it, or it is passed over. What
    /// is pinned for it does not help it once the server's key was replaced.
    fn judge_learned(
        &self,
        shown: Fingerprint,
        pinned: Option<Fingerprint>,
        vouched: impl FnOnce() -> bool,
    ) -> Result<Verdict, std::io::Error> {
        let is_ours = match self.trust.fingerprint {
            Some(wanted) => wanted == shown,
            None => self.trust.keys()?.contains(&shown),
        };
        Ok(match pinned {
            Some(pinned) if is_ours && pinned == shown => Verdict::Known,
            _ if is_ours => Verdict::New(shown),
            None if self.trust.fingerprint.is_none() && vouched() => Verdict::Known,
            _ => Verdict::Refused(Refusal::Untrusted {
                shown: shown.to_string(),
            }),
        })
    }

    /// Whether the system's certificate authorities vouch for the chain.
    fn vouched(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        now: UnixTime,
    ) -> bool {
        let mut roots = RootCertStore::empty();
        // What cannot be loaded vouches for nothing.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), self.provider.clone())
            .build()
            .is_ok_and(|verifier| {
                verifier
                    .verify_server_cert(end_entity, intermediates, server_name, &[], now)
                    .is_ok()
            })
    }
}

fn changed(pinned: Fingerprint, shown: Fingerprint) -> Refusal {
    Refusal::CertificateChanged {
        pinned: pinned.to_string(),
        shown: shown.to_string(),
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = Fingerprint::of(end_entity).ok_or(CertificateError::BadEncoding)?;
        let verdict = self
            .judge(shown, || {
                self.vouched(end_entity, intermediates, server_name, now)
            })
            .map_err(|error| Error::General(format!("known servers: {error}")))?;
        let refused = matches!(verdict, Verdict::Refused(_));
        *self.verdict() = Some(verdict);
        if refused {
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::client::nodes::{Place, Reach};

    fn verifier(trust: &Trust, host: &str, learned: bool) -> Arc<Verifier> {
        let target = Target {
            place: Place {
                node: node(host),
                learned: learned.then_some(Reach::Public),
                community: None,
            },
            address: ([192, 0, 2, 1], 1).into(),
        };
        Verifier::config(trust, &target, b"x").unwrap().0
    }

    fn node(host: &str) -> Node {
        Node {
            host: host.into(),
            port: 1,
        }
    }

    fn judge(
        host: &str,
        anyone: bool,
        wanted: Option<&str>,
        pinned: Option<&str>,
        vouched: bool,
    ) -> Verdict {
        let dir = tempfile::tempdir().unwrap();
        let known = KnownServers::of(dir.path());
        if let Some(pinned) = pinned {
            known.pin(&node(host).to_string(), key(pinned)).unwrap();
        }
        let trust = Trust {
            known,
            anyone,
            fingerprint: wanted.map(key),
            given: vec![node(host)],
        };
        let verifier = verifier(&trust, host, false);
        verifier.judge(key("aa"), || vouched).unwrap()
    }

    fn key(pair: &str) -> Fingerprint {
        pair.repeat(32).parse().unwrap()
    }

    #[test]
    fn who_is_trusted() {
        let new = Verdict::New(key("aa"));
        let untrusted = Verdict::Refused(Refusal::Untrusted {
            shown: key("aa").to_string(),
        });
        let changed = |from| Verdict::Refused(super::changed(key(from), key("aa")));
        assert_eq!(judge("h", false, None, None, false), untrusted);
        assert_eq!(judge("h", false, None, None, true), Verdict::Known);
        assert_eq!(judge("h", true, None, None, false), new);
        assert_eq!(judge("::1", false, None, None, false), new);
        assert_eq!(judge("localhost", false, None, None, false), new);
        assert_eq!(judge("h", false, None, Some("aa"), false), Verdict::Known);
        assert_eq!(judge("h", true, None, Some("bb"), true), changed("bb"));
        assert_eq!(judge("::1", true, None, Some("bb"), true), changed("bb"));
        assert_eq!(judge("h", false, Some("aa"), None, false), new);
        assert_eq!(judge("h", false, Some("aa"), Some("bb"), false), new);
        assert_eq!(judge("::1", true, Some("cc"), None, true), changed("cc"));
        assert_eq!(
            judge("h", false, Some("cc"), Some("aa"), false),
            changed("cc")
        );
    }

    #[test]
    fn who_is_trusted_at_another_address_of_the_same_server() {
        let new = Verdict::New(key("aa"));
        let untrusted = Verdict::Refused(Refusal::Untrusted {
            shown: key("aa").to_string(),
        });
        let judge = |learned, wanted: Option<&str>, given: Option<&str>, own: Option<&str>, by| {
            let dir = tempfile::tempdir().unwrap();
            let known = KnownServers::of(dir.path());
            for (host, pin) in [("h", given), ("n", own)] {
                if let Some(pin) = pin {
                    known.pin(&node(host).to_string(), key(pin)).unwrap();
                }
            }
            let trust = Trust {
                known,
                anyone: learned,
                fingerprint: wanted.map(key),
                given: vec![node("h")],
            };
            let verifier = verifier(&trust, "n", learned);
            verifier.judge(key("aa"), || by).unwrap()
        };
        // Given by a person too: by the key of its neighbour.
        assert_eq!(judge(false, None, Some("aa"), None, false), new);
        assert_eq!(judge(false, None, Some("bb"), None, false), untrusted);
        // Named by the server: by its key, by the link, or by an authority.
        assert_eq!(judge(true, None, Some("aa"), None, false), new);
        assert_eq!(
            judge(true, None, Some("aa"), Some("aa"), false),
            Verdict::Known
        );
        assert_eq!(judge(true, None, Some("aa"), Some("bb"), false), new);
        assert_eq!(judge(true, Some("aa"), None, None, false), new);
        assert_eq!(judge(true, None, None, None, true), Verdict::Known);
        // Never "changed", and not because everybody is trusted.
        assert_eq!(judge(true, None, Some("bb"), None, false), untrusted);
        assert_eq!(judge(true, None, None, None, false), untrusted);
        assert_eq!(judge(true, None, Some("bb"), Some("aa"), false), untrusted);
        assert_eq!(judge(true, None, Some("bb"), Some("bb"), true), untrusted);
        assert_eq!(judge(true, Some("bb"), Some("aa"), None, true), untrusted);
    }

    #[test]
    fn a_loopback_address_that_was_named_needs_the_key() {
        let dir = tempfile::tempdir().unwrap();
        let trust = Trust {
            known: KnownServers::of(dir.path()),
            anyone: false,
            fingerprint: None,
            given: vec![node("127.0.0.1")],
        };
        let verdict = |learned| {
            let verifier = verifier(&trust, "localhost", learned);
            verifier.judge(key("aa"), || false).unwrap()
        };
        assert!(matches!(verdict(true), Verdict::Refused(_)));
        assert_eq!(verdict(false), Verdict::New(key("aa")));
    }

    #[test]
    fn a_replaced_key_is_replaced_at_all_addresses_that_had_it() {
        let dir = tempfile::tempdir().unwrap();
        let known = KnownServers::of(dir.path());
        for (host, pin) in [("a", "bb"), ("b", "bb"), ("c", "cc"), ("z", "bb")] {
            known.pin(&node(host).to_string(), key(pin)).unwrap();
        }
        let trust = Trust {
            known: known.clone(),
            anyone: false,
            fingerprint: Some(key("aa")),
            given: ["a", "b", "c"].map(node).to_vec(),
        };
        let verifier = verifier(&trust, "a", false);
        let verdict = verifier.judge(key("aa"), || false).unwrap();
        *verifier.verdict() = Some(verdict);
        verifier.keep().unwrap();
        let pins = ["a", "b", "c", "z"].map(|host| known.pinned(&node(host).to_string()).unwrap());
        assert_eq!(pins, ["aa", "aa", "cc", "bb"].map(|pin| Some(key(pin))));
    }
}
