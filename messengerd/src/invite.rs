//! `messengerd invite`: makes an invite beside daemons that may be running.

use std::sync::Arc;

use anyhow::Context;

use crate::config::{Config, StoreConfig};
use crate::identity::{DataDir, certificate, invite_token};
use crate::server::{Addresses, public_address};
use crate::service::accounts::invite_hash;
use crate::service::now;
use crate::store::postgres::{self, PostgresStore};
use crate::store::{Committed, Feed, NewInvite, SharedStore, sqlite};
use crate::transport::tls::Certificate;

/// An invite makes nothing that anybody has to be told of.
struct Nobody;

impl Feed for Nobody {
    fn committed(&self, batch: Vec<Committed>) {
        drop(batch);
    }
}

/// Makes an invite and returns its link.
///
/// # Errors
///
/// Where there is no store or no account yet, or the store cannot be written.
pub async fn create(config: &Config, uses: u32, days: Option<u32>) -> anyhow::Result<String> {
    let token = invite_token()?;
    let at = now();
    let invite = NewInvite {
        token_hash: invite_hash(&token),
        admin: false,
        max_uses: uses,
        expires_at: days.map(|days| at + i64::from(days) * 24 * 60 * 60 * 1000),
        at,
    };
    let data = DataDir::beside_daemon(&config.data_dir);
    let certificate = match &config.store {
        StoreConfig::Embedded => {
            let file = data.join("messenger.db");
            tokio::task::spawn_blocking(move || sqlite::create_invite(&file, &invite)).await??;
            let (chain, key) = match config.tls.clone() {
                Some(files) => files,
                None => data.certificate()?,
            };
            Certificate::load(chain, key)?
        }
        StoreConfig::Postgres(settings) => {
            postgres::create_invite(settings, &invite).await?;
            let store = PostgresStore::open(settings, Arc::new(Nobody)).await?;
            let store: SharedStore = Arc::new(store);
            let certificate = certificate(config, &data, &store).await;
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
