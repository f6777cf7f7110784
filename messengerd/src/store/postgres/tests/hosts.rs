//! Servers that can be written to, and others.

use deadpool_postgres::ClientWrapper;
use tokio::net::{TcpSocket, TcpStream};
use tokio_postgres::NoTls;

use super::server::{Options, Server, database};
use super::{settings, store_on};
use crate::store::postgres::{PostgresStore, connect};
use crate::store::{StoreError, conformance::Recorder};

async fn server(more: &[&str]) -> Server {
    let options = Options {
        tcp: true,
        settings: more.iter().map(|&setting| setting.to_owned()).collect(),
        ..Options::default()
    };
    tokio::task::spawn_blocking(move || Server::start(&options))
        .await
        .unwrap()
}

/// These ports of this machine, in this order.
fn named(ports: &[u16]) -> tokio_postgres::Config {
    let mut config = tokio_postgres::Config::new();
    config.user("postgres").dbname("postgres");
    for port in ports {
        config.host("127.0.0.1").port(*port);
    }
    config
}

/// A port that answers nobody, as that of a machine that is off, while these
/// sockets are held.
async fn dead() -> (u16, (tokio::net::TcpListener, TcpStream)) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    // Room for one connection that is not taken.
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let first = TcpStream::connect(address).await.unwrap();
    (address.port(), (listener, first))
}

#[tokio::test]
async fn the_host_that_can_be_written_to_is_found_behind_dead_ones_and_standbys() {
    let (standby, primary) =
        tokio::join!(server(&["default_transaction_read_only=on"]), server(&[]));
    let (dead, _held) = dead().await;
    let bed = store_on(&named(&[dead, standby.port(), primary.port()])).await;
    let ann = bed.user("ann").await;
    let chat = bed.group(&[&ann]).await;
    bed.say(&chat, &ann, "x").await.unwrap();
}

#[tokio::test]
async fn a_server_that_cannot_be_written_to_is_refused_with_a_sentence() {
    let standby = server(&["default_transaction_read_only=on"]).await;
    for ports in [vec![standby.port()], vec![standby.port(), standby.port()]] {
        let feed = std::sync::Arc::new(Recorder::default());
        let opened = PostgresStore::open(&settings(named(&ports)), feed).await;
        let Some(StoreError::Unavailable(why)) = opened.err() else {
            panic!("not refused");
        };
        assert!(
            why.contains("read-only") || why.contains("not allow writes"),
            "{why}"
        );
    }
}

#[tokio::test]
async fn a_pooler_that_drops_the_settings_of_sessions_is_refused() {
    let database = database().await;
    // As one does that ignores the options of its clients.
    let (client, connection) = database.config.connect(NoTls).await.unwrap();
    let client = ClientWrapper::new(client, tokio::spawn(async move { drop(connection.await) }));
    let refused = connect::examine(&client).await.unwrap_err();
    let why = StoreError::from(refused).to_string();
    assert!(why.contains("pooler"), "{why}");
}
