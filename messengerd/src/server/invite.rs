//! Invites made beside a daemon.

use std::sync::Arc;

use anyhow::Context as _;

use super::sockets::public_address;
use super::{Addresses, open_store};
use crate::config::{Config, StoreConfig};
use crate::identity::{self, DataDir, invite_token};
use crate::service::accounts::invite_hash;
use crate::service::now;
use crate::store::postgres;
use crate::store::sqlite;
use crate::store::{Committed, Feed, NewInvite};
use crate::transport::tls::Certificate;

/// Is told of nothing that matters.
struct Deaf;

impl Feed for Deaf {
    fn committed(&self, batch: Vec<Committed>) {
        drop(batch);
    }
}

/// Makes an invite beside a daemon that may be running, and returns its link.
///
/// # Errors
///
/// Where there is no store yet, or it cannot be written.
pub async fn create_invite(
    config: &Config,
    uses: u32,
    days: Option<u32>,
) -> anyhow::Result<String> {
    let data = DataDir::beside_daemon(&config.data_dir);
    let token = invite_token()?;
    let at = now();
    let invite = NewInvite {
        token_hash: invite_hash(&token),
        admin: false,
        max_uses: uses,
        expires_at: days.map(|days| at + i64::from(days) * 24 * 60 * 60 * 1000),
        at,
    };
    let certificate = match &config.store {
        StoreConfig::Embedded => {
            sqlite::create_invite(&data.join("messenger.db"), &invite)?;
            let (chain, key) = match config.tls.clone() {
                Some(files) => files,
                None => data.certificate()?,
            };
            Certificate::load(chain, key)?
        }
        StoreConfig::Postgres(settings) => {
            postgres::create_invite(settings, &invite).await?;
            let store = open_store(config, &data, Arc::new(Deaf)).await?;
            let certificate = identity::certificate(config, &data, &store).await;
            store.close().await?;
            certificate?
        }
    };
    let addresses = Addresses {
        listen: config.listen,
        http: config.http,
        fingerprint: certificate.fingerprint()?,
        public: config
            .advertise
            .clone()
            .unwrap_or_else(|| public_address(config.listen)),
        first_invite: Some(token),
    };
    addresses.invite_link().context("no invite link")
}
