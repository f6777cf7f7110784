//! Opens connections, each with the same session options.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use deadpool_postgres::{ClientWrapper, Connect};
use tokio::task::JoinHandle;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::{self, Fault};
use super::settings::{Settings, TlsMode};
use super::tls;
use crate::store::StoreError;

/// How long any one operation may take, the wait for a connection included.
pub(super) const LIMIT: Duration = Duration::from_secs(5);
/// Oldest server this program works with.
const OLDEST: i32 = 15;

/// What a session is told at its start.
///
/// The server gives up on a statement before this side does ([`LIMIT`]), so
/// that what fails has an answer. A transaction whose node was cut off in the
/// middle of it is ended, so that it does not hold the chats it locked.
const SESSION: &str = "-c synchronous_commit=on -c statement_timeout=4s -c lock_timeout=3s \
    -c idle_in_transaction_session_timeout=5s -c timezone=UTC -c jit=off \
    -c default_transaction_isolation=read\\ committed \
    -c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3 \
    -c tcp_user_timeout=10s";

/// Knows how to reach the database.
#[derive(Clone)]
pub(super) struct Connector {
    server: Config,
    tls: MakeRustlsConnect,
}

impl Connector {
    pub(super) fn new(settings: &Settings) -> Result<Self, StoreError> {
        let mut server = settings.server.clone();
        let options = match server.get_options() {
            Some(own) => format!("{own} {SESSION}"),
            None => SESSION.to_owned(),
        };
        let hosts = server.get_hosts().len();
        if hosts > 1 && server.get_target_session_attrs() == TargetSessionAttrs::Any {
            // Standbys are named, too, in case one of them is promoted.
            server.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        server
            .options(options)
            // Per host or address of it: one that is dead must leave time for
            // the next.
            .connect_timeout(LIMIT / (hosts as u32 + 1))
            .tcp_user_timeout(LIMIT)
            .keepalives(true)
            .keepalives_idle(Duration::from_secs(5))
            .keepalives_interval(Duration::from_secs(2))
            .keepalives_retries(3)
            .ssl_mode(ssl_mode(settings)?);
        if server.get_application_name().is_none() {
            server.application_name("messengerd");
        }
        Ok(Self {
            server,
            tls: tls::connector(settings)?,
        })
    }

    /// The configuration of a connection, session options included.
    pub(super) fn server(&self) -> &Config {
        &self.server
    }

    /// A connection outside the pool.
    pub(super) async fn open(&self) -> Result<ClientWrapper, Fault> {
        let opening = tokio::time::timeout(LIMIT, self.connect(&self.server));
        let (client, task) = opening
            .await
            .map_err(|_| Fault::Silent)?
            .map_err(error::of_connecting)?;
        Ok(ClientWrapper::new(client, task))
    }
}

impl Connect for Connector {
    fn connect(
        &self,
        server: &Config,
    ) -> Pin<
        Box<
            dyn Future<Output = Result<(Client, JoinHandle<()>), tokio_postgres::Error>>
                + Send
                + '_,
        >,
    > {
        let server = server.clone();
        Box::pin(async move {
            let (client, connection) = server.connect(self.tls.clone()).await?;
            let task = tokio::spawn(async move {
                if let Err(cause) = connection.await {
                    // Who used it is told, too, and says what failed with it.
                    tracing::debug!(%cause, "a connection to the database ended");
                }
            });
            Ok((client, task))
        })
    }
}

/// Sockets in the file system have no TLS.
fn ssl_mode(settings: &Settings) -> Result<SslMode, StoreError> {
    let hosts = settings.server.get_hosts();
    let sockets = hosts
        .iter()
        .filter(|host| matches!(host, Host::Unix(_)))
        .count();
    if sockets > 0 && sockets == hosts.len() {
        return Ok(SslMode::Disable);
    }
    let mode = match settings.tls {
        TlsMode::Disable => SslMode::Disable,
        TlsMode::Prefer => SslMode::Prefer,
        TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => SslMode::Require,
    };
    if sockets > 0 && mode == SslMode::Require {
        return Err(StoreError::Unavailable(
            "TLS is required, and a socket in the file system has none: name hosts only".to_owned(),
        ));
    }
    Ok(mode)
}

/// Whether the server on the other side can hold a store.
pub(super) async fn examine(client: &ClientWrapper) -> Result<(), Fault> {
    let row = client
        .query_one(
            "SELECT current_setting('server_version_num')::int4, current_setting('server_version'),
                    current_setting('server_encoding'), current_setting('fsync'),
                    current_database()::text, current_setting('synchronous_commit') = 'on'
                      AND current_setting('statement_timeout') = '4s'",
            &[],
        )
        .await?;
    let number: i32 = row.try_get(0)?;
    let (version, encoding): (&str, &str) = (row.try_get(1)?, row.try_get(2)?);
    if number / 10_000 < OLDEST {
        return Err(Fault::Refused(StoreError::Unavailable(format!(
            "PostgreSQL {version} is too old: version {OLDEST} or newer is needed"
        ))));
    }
    if !row.try_get::<_, bool>(5)? {
        return Err(Fault::Refused(StoreError::Unavailable(
            "the settings of a session do not reach the database; a pooler in between drops them: \
             name PostgreSQL's own host and port"
                .to_owned(),
        )));
    }
    if encoding != "UTF8" {
        let database: &str = row.try_get(4)?;
        return Err(Fault::Refused(StoreError::Unavailable(format!(
            "the database {database} has the encoding {encoding}: create it with ENCODING 'UTF8' \
             TEMPLATE template0"
        ))));
    }
    if row.try_get::<_, &str>(3)? == "off" {
        tracing::warn!(
            "the database runs with fsync off: what is acknowledged is lost if its machine fails"
        );
    }
    Ok(())
}
