//! What makes a community and its nodes themselves: certificate, keys, secrets.
//!
//! Each is what the operator gives, else made once and kept: beside the
//! embedded store as files in its data directory, with PostgreSQL in the
//! database, where the first node's holds for all. Of a node alone are only its
//! id and the lock on its data directory.

mod data_dir;
mod made;

use std::sync::Arc;

use anyhow::Context;
use proto::text::Token;
use uuid::Uuid;

pub use self::data_dir::DataDir;
pub(crate) use self::data_dir::write_private;
pub use self::made::invite_token;
use self::made::{random, self_signed};
use crate::config::{Config, StoreConfig};
use crate::service::accounts::invite_hash;
use crate::service::now;
use crate::store::{NewInvite, SharedStore, StoreError};
use crate::transport::quic::EndpointKeys;
use crate::transport::tls::Certificate;

/// Name of what signs tokens, as a file and as a setting of the store.
pub const TOKEN_SECRET: &str = "jwt.secret";
/// Name of the keys of the QUIC endpoint.
pub const ENDPOINT_KEYS: &str = "quic.keys";
/// Name of the token of the invite for the first account.
pub const FIRST_INVITE: &str = "first.invite";
/// Name of the self-signed certificate and its key in one setting, so that two
/// nodes that start at once cannot mix theirs.
pub const CERTIFICATE: &str = "tls.pem";
/// Name of the certificate's file.
pub const CERTIFICATE_FILE: &str = "tls.crt";
/// Name of the file of its key.
pub const CERTIFICATE_KEY_FILE: &str = "tls.key";

/// A node's part in its community.
pub struct Identity {
    /// This node.
    pub node: Uuid,
    /// Signs tokens.
    pub token_secret: Vec<u8>,
    /// Keys of the QUIC endpoint.
    pub endpoint_keys: EndpointKeys,
    /// What the node shows to clients.
    pub certificate: Arc<Certificate>,
    /// The invite for the first account, while there is none.
    pub first_invite: Option<Token>,
}

impl Identity {
    /// Takes what is given or kept and makes what is missing.
    ///
    /// # Errors
    ///
    /// Where something cannot be read, made or kept.
    pub async fn load(
        config: &Config,
        data: &DataDir,
        store: &SharedStore,
    ) -> anyhow::Result<Self> {
        let keeper = Keeper::new(config, data, store);
        let token_secret = keeper.token_secret(config).await?;
        let endpoint_keys = keeper.endpoint_keys().await?;
        Ok(Self {
            node: data.node()?,
            token_secret,
            endpoint_keys,
            certificate: keeper.certificate(config).await?,
            first_invite: keeper.first_invite(store).await?,
        })
    }
}

/// The certificate that the nodes with these settings show: the operator's, or
/// the self-signed one.
///
/// # Errors
///
/// Where it cannot be read, made or kept.
pub async fn certificate(
    config: &Config,
    data: &DataDir,
    store: &SharedStore,
) -> anyhow::Result<Arc<Certificate>> {
    Keeper::new(config, data, store).certificate(config).await
}

/// Where what was made once is kept.
enum Keeper<'a> {
    Files(&'a DataDir),
    Store(&'a SharedStore),
}

impl<'a> Keeper<'a> {
    fn new(config: &Config, data: &'a DataDir, store: &'a SharedStore) -> Self {
        match config.store {
            StoreConfig::Embedded => Self::Files(data),
            StoreConfig::Postgres(_) => Self::Store(store),
        }
    }

    /// The bytes kept under a name, made once: what another node kept
    /// meanwhile holds for this one too.
    async fn keep(
        &self,
        name: &'static str,
        make: impl FnOnce() -> anyhow::Result<Vec<u8>>,
    ) -> anyhow::Result<Vec<u8>> {
        match self {
            Self::Files(data) => data.keep(name, make),
            Self::Store(store) => match store.setting(name).await? {
                Some(bytes) => Ok(bytes),
                None => Ok(store.setting_or_insert(name, make()?).await?),
            },
        }
    }

    async fn token_secret(&self, config: &Config) -> anyhow::Result<Vec<u8>> {
        if let Some(secret) = &config.token_secret {
            return Ok(secret.reveal().as_bytes().to_vec());
        }
        let secret = self
            .keep(TOKEN_SECRET, || Ok(random::<32>()?.to_vec()))
            .await?;
        anyhow::ensure!(
            secret.len() >= 32,
            "the kept {TOKEN_SECRET} is shorter than 32 bytes: remove it, it is made anew"
        );
        Ok(secret)
    }

    async fn endpoint_keys(&self) -> anyhow::Result<EndpointKeys> {
        let bytes = self
            .keep(ENDPOINT_KEYS, || Ok(random::<72>()?.to_vec()))
            .await?;
        let (Some(reset), Some(ids)) = (bytes.first_chunk::<64>(), bytes.last_chunk::<8>()) else {
            anyhow::bail!("the kept {ENDPOINT_KEYS} is damaged: remove it, it is made anew");
        };
        Ok(EndpointKeys {
            reset: *reset,
            connection_ids: u64::from_be_bytes(*ids),
        })
    }

    async fn certificate(&self, config: &Config) -> anyhow::Result<Arc<Certificate>> {
        if let Some((chain, key)) = config.tls.clone() {
            return Ok(Certificate::load(chain, key)?);
        }
        match self {
            Self::Files(data) => {
                let (chain, key) = data.certificate()?;
                Ok(Certificate::load(chain, key)?)
            }
            Self::Store(_) => {
                let make = || {
                    let (certificate, key) = self_signed()?;
                    Ok((certificate + &key).into_bytes())
                };
                let pem = self.keep(CERTIFICATE, make).await?;
                Ok(Certificate::from_pem(&pem)?)
            }
        }
    }

    /// The invite that makes the first account from elsewhere. Its token is
    /// kept until somebody has used it, so that a restart and another node
    /// print the same link.
    async fn first_invite(&self, store: &SharedStore) -> anyhow::Result<Option<Token>> {
        if !store.is_empty().await? {
            if let Self::Files(data) = self {
                data.drop_first_invite()?;
            }
            return Ok(None);
        }
        let made = store.has_admin_invite().await?;
        let kept = match self {
            Self::Files(data) => data.first_invite()?,
            Self::Store(store) => token(store.setting(FIRST_INVITE).await?),
        };
        if made && kept.is_some() {
            return Ok(kept);
        }
        let token = match (self, kept) {
            (Self::Store(_), Some(token)) => token,
            (Self::Store(store), None) => {
                let fresh = invite_token()?.as_str().as_bytes().to_vec();
                token(Some(store.setting_or_insert(FIRST_INVITE, fresh).await?))
                    .context("the kept token of the first invite is damaged")?
            }
            (Self::Files(data), _) => {
                let token = invite_token()?;
                data.keep_first_invite(&token)?;
                token
            }
        };
        let invite = NewInvite {
            token_hash: invite_hash(&token),
            admin: true,
            max_uses: 1,
            expires_at: None,
            at: now(),
        };
        match store.create_invite(invite).await {
            // Another node was faster.
            Ok(()) | Err(StoreError::Conflict) => Ok(Some(token)),
            Err(error) => Err(error).context("cannot keep the first invite"),
        }
    }
}

fn token(bytes: Option<Vec<u8>>) -> Option<Token> {
    Token::try_from(String::from_utf8(bytes?).ok()?).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::config::RawConfig;
    use crate::store::sqlite::SqliteStore;
    use crate::store::{Committed, Feed};

    struct Deaf;

    impl Feed for Deaf {
        fn committed(&self, batch: Vec<Committed>) {
            drop(batch);
        }
    }

    fn store(home: &std::path::Path) -> SharedStore {
        let store = SqliteStore::open(&home.join("messenger.db"), Arc::new(Deaf)).unwrap();
        Arc::new(store)
    }

    fn config(home: &std::path::Path) -> Config {
        let raw = RawConfig {
            data_dir: Some(home.to_owned()),
            ..RawConfig::default()
        };
        raw.validate(|_| None).unwrap()
    }

    /// As with PostgreSQL, of which only the settings matter here.
    fn shared(home: &std::path::Path) -> Config {
        let mut config = config(home);
        let settings = crate::store::postgres::Settings::parse("postgres://u@h/d").unwrap();
        config.store = StoreConfig::Postgres(Box::new(settings));
        config
    }

    fn same(one: &Identity, other: &Identity) -> bool {
        one.token_secret == other.token_secret
            && one.endpoint_keys.reset == other.endpoint_keys.reset
            && one.endpoint_keys.connection_ids == other.endpoint_keys.connection_ids
            && one.certificate.fingerprint().unwrap() == other.certificate.fingerprint().unwrap()
            && one.first_invite == other.first_invite
    }

    #[tokio::test]
    async fn nodes_on_one_store_that_start_at_once_are_one_community() {
        let home = tempfile::tempdir().unwrap();
        let store = store(home.path());
        let start = |name: &str| {
            let (store, path) = (store.clone(), home.path().join(name));
            async move {
                let data = DataDir::open(&path).unwrap();
                let identity = Identity::load(&shared(&path), &data, &store).await.unwrap();
                let files: Vec<_> = std::fs::read_dir(&path).unwrap().collect();
                assert_eq!(files.len(), 2, "the lock and the id: {files:?}");
                identity
            }
        };
        let (one, two) = tokio::join!(start("one"), start("two"));
        assert!(same(&one, &two));
        assert!(one.first_invite.is_some());
        assert_ne!(one.node, two.node);
        let again = start("one").await;
        assert!(same(&again, &two));
        assert_eq!(again.node, one.node);
    }

    #[tokio::test]
    async fn an_embedded_store_has_its_secrets_beside_it() {
        let home = tempfile::tempdir().unwrap();
        let data = DataDir::open(home.path()).unwrap();
        let store = store(home.path());
        let config = config(home.path());
        let one = Identity::load(&config, &data, &store).await.unwrap();
        assert!(store.setting(TOKEN_SECRET).await.unwrap().is_none());
        let two = Identity::load(&config, &data, &store).await.unwrap();
        assert!(same(&one, &two));
        for name in [
            TOKEN_SECRET,
            ENDPOINT_KEYS,
            FIRST_INVITE,
            CERTIFICATE_KEY_FILE,
        ] {
            use std::os::unix::fs::MetadataExt;
            let mode = std::fs::metadata(data.join(name)).unwrap().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[tokio::test]
    async fn what_the_operator_gives_holds() {
        let home = tempfile::tempdir().unwrap();
        let data = DataDir::open(home.path()).unwrap();
        let store = store(home.path());
        let made = Identity::load(&config(home.path()), &data, &store)
            .await
            .unwrap();
        let mut config = shared(home.path());
        config.token_secret = Some(crate::config::Secret::new("0123456789abcdef"));
        config.tls = Some((data.join(CERTIFICATE_FILE), data.join(CERTIFICATE_KEY_FILE)));
        let given = Identity::load(&config, &data, &store).await.unwrap();
        assert_eq!(given.token_secret, b"0123456789abcdef");
        assert_eq!(
            given.certificate.fingerprint().unwrap(),
            made.certificate.fingerprint().unwrap()
        );
        assert!(store.setting(TOKEN_SECRET).await.unwrap().is_none());
        assert!(store.setting(CERTIFICATE).await.unwrap().is_none());
    }
}
